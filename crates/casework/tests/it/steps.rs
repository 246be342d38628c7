//! Taking, leaving out and seconding steps of the Prevent procedure: every refusal, in the order in which it is given.

use casework::step::{self, StepFacts, StepRefusal, StepStatus, Taking};
use jiff::ToSpan;
use policy::StepKind;

use crate::{morning, procedure, waes};

const LEAD: &str = "p-lead";
const DSL: &str = "p-dsl";

fn taking<'a>(person: &'a str, option: Option<&'a str>) -> Taking<'a> {
    Taking { person, note: "Done as written.", option, gate_reason: "" }
}

fn begun() -> Vec<StepFacts> {
    step::begin(procedure("prevent"), &waes().calendar, morning())
}

fn take(steps: &mut [StepFacts], id: &str, taking: &Taking<'_>) -> Result<(), StepRefusal> {
    step::take(procedure("prevent"), &waes().calendar, steps, id, taking, morning())
}

fn skip(steps: &mut [StepFacts], id: &str, person: &str, reason: &str) -> Result<(), StepRefusal> {
    let taking = Taking { person, note: "", option: Some("met"), gate_reason: reason };
    step::skip(procedure("prevent"), &waes().calendar, steps, id, &taking, morning())
}

fn second(steps: &mut [StepFacts], id: &str, person: &str, post: &str) -> Result<(), StepRefusal> {
    step::second(waes(), procedure("prevent"), steps, id, person, &[post.to_owned()], morning())
}

fn assessed() -> Vec<StepFacts> {
    let mut steps = begun();
    take(&mut steps, "assess", &taking(LEAD, None)).unwrap();
    steps
}

fn status(steps: &[StepFacts], id: &str) -> StepStatus {
    steps.iter().find(|facts| facts.step == id).unwrap().status
}

/// A refusal is the expected one and leaves everything as it was.
#[track_caller]
fn refused(steps: &[StepFacts], expected: &StepRefusal, act: impl FnOnce(&mut [StepFacts]) -> Result<(), StepRefusal>) {
    let mut after = steps.to_vec();
    assert_eq!(act(&mut after).unwrap_err(), *expected);
    assert_eq!(after, steps, "a refusal changes nothing");
}

#[test]
fn s5_before_it_is_assessed_nothing_else_can_be_done() {
    let steps = begun();
    for id in procedure("prevent").steps.iter().filter(|step| step.kind != StepKind::Assess).map(|step| &step.id) {
        refused(&steps, &StepRefusal::Unassessed, |steps| take(steps, id, &taking(LEAD, None)));
    }
    refused(&steps, &StepRefusal::Unassessed, |steps| skip(steps, "contact", LEAD, "Not now."));
    refused(&steps, &StepRefusal::Unassessed, |steps| second(steps, "police", DSL, "designated-safeguarding-lead"));
}

#[test]
fn c04_a_step_that_is_not_there_cannot_be_taken() {
    let steps = assessed();
    refused(&steps, &StepRefusal::Unknown, |steps| take(steps, "nowhere", &taking(LEAD, None)));
    refused(&steps, &StepRefusal::Unknown, |steps| skip(steps, "nowhere", LEAD, "Why not."));
    refused(&steps, &StepRefusal::Unknown, |steps| second(steps, "nowhere", DSL, "principal"));
    let mut none: Vec<StepFacts> = Vec::new();
    assert_eq!(take(&mut none, "assess", &taking(LEAD, None)), Err(StepRefusal::Unknown));
}

#[test]
fn c04_a_settled_step_stays_as_it_is() {
    let steps = assessed();
    refused(&steps, &StepRefusal::Settled, |steps| take(steps, "assess", &taking(DSL, None)));
    refused(&steps, &StepRefusal::Settled, |steps| skip(steps, "assess", LEAD, "No."));
    let mut steps = steps;
    second(&mut steps, "police", DSL, "designated-safeguarding-lead").unwrap();
    take(&mut steps, "police", &taking(LEAD, Some("not-told"))).unwrap();
    refused(&steps, &StepRefusal::Settled, |steps| second(steps, "police", DSL, "designated-safeguarding-lead"));
}

#[test]
fn c04_steps_come_in_their_order_or_with_a_reason() {
    let steps = assessed();
    let before = StepRefusal::Before("Speak with the council's Prevent representative".into());
    refused(&steps, &before, |steps| take(steps, "threshold", &taking(LEAD, Some("met"))));
    // "register" has an ordinary stop gate: a reason lets it pass, spaces do not.
    let early = |gate_reason| Taking { person: LEAD, note: "Checked.", option: Some("no-entry"), gate_reason };
    let threshold = StepRefusal::Before("Decide whether the threshold is met".into());
    refused(&steps, &threshold, |steps| take(steps, "register", &early("  ")));
    let mut steps = steps;
    take(&mut steps, "register", &early("The learner leaves tomorrow.")).unwrap();
    assert_eq!(status(&steps, "register"), StepStatus::Done);
    // A reason does not open a step that has no such gate.
    let early = Taking { option: Some("met"), ..early("In a hurry.") };
    refused(&steps, &before, |steps| take(steps, "threshold", &early));
}

#[test]
fn c04_a_legal_gate_needs_two_people() {
    let steps = assessed();
    assert_eq!(status(&steps, "police"), StepStatus::NeedsSecond);
    let needs = StepRefusal::Second("designated-safeguarding-lead".into());
    assert_eq!(needs.clone().with_titles(waes()), StepRefusal::Second("Designated Safeguarding Lead".into()));
    refused(&steps, &needs, |steps| take(steps, "police", &taking(LEAD, Some("told"))));
    refused(&steps, &needs, |steps| skip(steps, "police", LEAD, "No crime."));
    let wrong = StepRefusal::Second("Designated Safeguarding Lead".into());
    for post in ["tutor", "head-of-it", "smt", ""] {
        refused(&steps, &wrong, |steps| second(steps, "police", "p-other", post));
    }
    let mut steps = steps;
    second(&mut steps, "police", LEAD, "safeguarding-lead").unwrap_err();
    second(&mut steps, "police", LEAD, "deputy-designated-safeguarding-lead").unwrap();
    assert_eq!(status(&steps, "police"), StepStatus::Ready);
    refused(&steps, &StepRefusal::SamePerson, |steps| take(steps, "police", &taking(LEAD, Some("told"))));
    refused(&steps, &StepRefusal::SamePerson, |steps| skip(steps, "police", LEAD, "No crime."));
    take(&mut steps, "police", &taking(DSL, Some("told"))).unwrap();
    assert_eq!(steps.iter().find(|facts| facts.step == "police").unwrap().option.as_deref(), Some("told"));
}

#[test]
fn c04_at_a_legal_gate_the_first_person_writes_what_the_second_reads() {
    let write = |steps: &[StepFacts], id: &str, option: Option<&str>, note: &str, leave_out: bool| {
        let taking = Taking { person: LEAD, note, option, gate_reason: note };
        step::may_write(procedure("prevent"), steps, id, &taking, leave_out)
    };
    assert_eq!(write(&begun(), "police", Some("told"), "Because.", false), Err(StepRefusal::Unassessed));
    let steps = assessed();
    assert_eq!(write(&steps, "police", Some("told"), "Because.", false), Ok(()));
    assert_eq!(write(&steps, "police", None, "It does not arise.", true), Ok(()));
    assert_eq!(write(&steps, "police", None, "Because.", false), Err(StepRefusal::NoOption));
    assert_eq!(write(&steps, "police", Some("perhaps"), "Because.", false), Err(StepRefusal::NoOption));
    assert_eq!(write(&steps, "police", Some("told"), " ", false), Err(StepRefusal::NoNote));
    assert_eq!(write(&steps, "speak", None, "Because.", false), Err(StepRefusal::WrongKind), "no legal gate");
    assert_eq!(write(&steps, "nowhere", None, "Because.", false), Err(StepRefusal::Unknown));
    let mut settled = steps;
    second(&mut settled, "police", DSL, "designated-safeguarding-lead").unwrap();
    take(&mut settled, "police", &taking(LEAD, Some("told"))).unwrap();
    assert_eq!(write(&settled, "police", Some("told"), "Because.", false), Err(StepRefusal::Settled));
}

#[test]
fn c04_the_named_post_its_deputies_and_the_last_resort_may_be_second() {
    for post in [
        "designated-safeguarding-lead",
        "deputy-designated-safeguarding-lead",
        "head-of-hr",
        "principal",
        "executive-board",
    ] {
        second(&mut assessed(), "police", DSL, post).unwrap();
    }
}

#[test]
fn c04_a_step_without_a_legal_gate_has_no_second() {
    let steps = assessed();
    refused(&steps, &StepRefusal::WrongKind, |steps| second(steps, "speak", DSL, "designated-safeguarding-lead"));
    let mut loose = procedure("prevent").clone();
    loose.steps.iter_mut().find(|step| step.id == "speak").unwrap().second_post = Some("principal".into());
    let mut steps = assessed();
    let posts = ["principal".to_owned()];
    let asked = step::second(waes(), &loose, &mut steps, "speak", DSL, &posts, morning());
    assert_eq!(asked, Err(StepRefusal::WrongKind));
}

#[test]
fn c04_a_decision_needs_one_of_its_answers_and_a_note() {
    let mut steps = assessed();
    second(&mut steps, "police", DSL, "designated-safeguarding-lead").unwrap();
    for option in [None, Some(""), Some("maybe"), Some("met")] {
        refused(&steps, &StepRefusal::NoOption, |steps| take(steps, "police", &taking(LEAD, option)));
    }
    let silent = Taking { note: " \n\t", ..taking(LEAD, Some("told")) };
    refused(&steps, &StepRefusal::NoNote, |steps| take(steps, "police", &silent));
    refused(&begun(), &StepRefusal::NoNote, |steps| take(steps, "assess", &Taking { note: "", ..taking(LEAD, None) }));
}

#[test]
fn c04_leaving_a_step_out_needs_a_reason_and_a_step_that_can_be_left_out() {
    let steps = assessed();
    refused(&steps, &StepRefusal::NoNote, |steps| skip(steps, "speak", LEAD, " "));
    refused(&steps, &StepRefusal::WrongKind, |steps| skip(steps, "close", LEAD, "Enough."));
    refused(&begun(), &StepRefusal::WrongKind, |steps| skip(steps, "assess", LEAD, "Enough."));
}

#[test]
fn c04_only_a_decision_keeps_an_option() {
    let mut steps = assessed();
    take(&mut steps, "contact", &taking(LEAD, Some("met"))).unwrap();
    skip(&mut steps, "threshold", LEAD, "The police have asked us to wait.").unwrap();
    assert!(steps.iter().all(|facts| facts.option.is_none()), "{steps:#?}");
    assert_eq!(status(&steps, "refer-channel"), StepStatus::NotNeeded, "nobody chose to refer");
}

#[test]
fn c04_a_branch_not_chosen_does_not_arise() {
    for (option, expected) in [("met", StepStatus::Ready), ("not-referred", StepStatus::NotNeeded)] {
        let mut steps = assessed();
        take(&mut steps, "contact", &taking(LEAD, None)).unwrap();
        assert_eq!(status(&steps, "refer-channel"), StepStatus::Waiting);
        take(&mut steps, "threshold", &taking(LEAD, Some(option))).unwrap();
        assert_eq!(status(&steps, "refer-channel"), expected);
    }
}

#[test]
fn c04_a_step_taken_early_does_not_let_the_case_close_over_the_others() {
    // In the learner procedure closing comes after "support", which may be taken at once with a reason.
    let learner = procedure("learner-concern");
    let calendar = &waes().calendar;
    let mut steps = step::begin(learner, calendar, morning());
    let mut take = |id: &str, option: Option<&str>| {
        let taking = Taking { person: LEAD, note: "Done.", option, gate_reason: "It cannot wait." };
        step::take(learner, calendar, &mut steps, id, &taking, morning())
    };
    take("assess", None).unwrap();
    take("protection", Some("no")).unwrap();
    take("outside", Some("not-referred")).unwrap();
    take("support", None).unwrap();
    assert!(matches!(take("close", None), Err(StepRefusal::Before(_))), "the police question is still open");
    assert_eq!(status(&steps, "close"), StepStatus::Waiting);
    let waits = step::waits_for(learner, &steps, learner.step("close").unwrap());
    assert!(waits.contains(&"Decide whether the police are told".to_owned()), "{waits:?}");
    assert!(!waits.contains(&"Support the learner and keep an eye on how they are".to_owned()), "{waits:?}");
}

#[test]
fn c04_time_begins_when_the_step_can_be_taken() {
    let mut steps = begun();
    let due = |steps: &[StepFacts], id: &str| steps.iter().find(|facts| facts.step == id).unwrap().due_at;
    assert_eq!(due(&steps, "assess"), Some("2023-11-21T13:30:00Z".parse().unwrap()), "4 working hours");
    assert_eq!(due(&steps, "contact"), None);
    let later = morning().checked_add(2.hours()).unwrap();
    step::take(procedure("prevent"), &waes().calendar, &mut steps, "assess", &taking(LEAD, None), later).unwrap();
    let contact = due(&steps, "contact").unwrap();
    assert_eq!(waes().calendar.due(later, procedure("prevent").step("contact").unwrap().due), contact);
}

#[test]
fn c04_a_status_is_kept_as_one_word_and_read_back() {
    use StepStatus::{Done, NeedsSecond, NotNeeded, Ready, Skipped, Waiting};
    for status in [Waiting, Ready, NeedsSecond, Done, Skipped, NotNeeded] {
        assert_eq!(StepStatus::parse(status.as_str()), Some(status));
        assert_eq!(status.is_settled(), matches!(status, Done | Skipped | NotNeeded));
    }
    assert_eq!(StepStatus::parse("Ready"), None);
}
