//! Lessons: what they close, for whom, until when, and what they never touch (F10).

use filter::decide::{self, Gate, explain, gate, request, unknown_protocol};
use filter::lesson::Lesson;
use filter::{Edit, Facts, Snapshot};
use jiff::{Timestamp, ToSpan};
use policy::Action;

use crate::sample::{IN_CLASS, facts, nobody, pack, snapshot_of, tunnel};

fn end() -> Timestamp {
    IN_CLASS.parse::<Timestamp>().unwrap() + 30.minutes()
}

fn lesson(sites: &[&str]) -> Lesson {
    Lesson {
        id: "l1".to_owned(),
        until: end(),
        free_search: false,
        sites: sites.iter().map(|site| (*site).to_owned()).collect(),
        closed: Vec::new(),
        people: ["p1".to_owned()].into(),
        clause: "2.2".to_owned(),
    }
}

fn with(lessons: Vec<Lesson>) -> Snapshot {
    snapshot_of(pack(), Vec::new()).with_lessons(lessons)
}

fn action(snapshot: &Snapshot, url: &str) -> (Action, String) {
    let decision = request(snapshot, &facts("learner", url));
    (decision.action, decision.rule)
}

#[test]
fn f10_in_a_lesson_only_checked_sites_open() {
    let snapshot = with(vec![lesson(&["ledger.test", "museum.test/money"])]);
    for url in ["https://ledger.test/", "https://www.ledger.test/a?b", "http://museum.test/money/coins"] {
        assert_eq!(action(&snapshot, url).0, Action::Allow, "{url}");
    }
    for url in ["https://elsewhere.test/", "https://museum.test/", "https://museum.test/moneybags", "http://192.0.2.9/"]
    {
        assert_eq!(action(&snapshot, url), (Action::Block, "lesson:l1".to_owned()), "{url}");
    }
    let decision = request(&snapshot, &facts("learner", "https://elsewhere.test/"));
    assert_eq!(decision.reason, "Your lesson is limited to checked sites until 10:30am.");
    assert_eq!(decision.citation.clause_id(), Some("2.2"));
    assert!(decision.record && decision.also_matched.contains(&"default".to_owned()));
    assert_eq!(snapshot.checked_sites("lesson:l1"), ["ledger.test", "museum.test/money"]);
    // Whoever is not in it notices nothing.
    let mut other = facts("learner", "https://elsewhere.test/");
    if let filter::Who::Person(person) = &mut other.who {
        person.id = "p2".to_owned();
    }
    assert_eq!(request(&snapshot, &other).action, Action::Allow);
}

#[test]
fn f10_a_lesson_ends_by_the_clock_at_exactly_its_end() {
    let snapshot = with(vec![lesson(&["ledger.test"])]);
    let at = |at: Timestamp| request(&snapshot, &Facts { at, ..facts("learner", "https://elsewhere.test/") }).action;
    assert_eq!(at(end() - 1.microseconds()), Action::Block);
    assert_eq!(at(end()), Action::Allow);
    assert_eq!(at(end() + 24.hours()), Action::Allow);
}

#[test]
fn f10_a_lesson_opens_nothing_that_is_closed_and_the_reason_is_the_graver_one() {
    let snapshot = with(vec![lesson(&["casino-royal.test"])]);
    let decision = request(&snapshot, &facts("learner", "http://casino-royal.test/"));
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "category:gambling"));
    // Not checked, and closed anyway: what is told is why it is closed.
    let decision = request(&with(vec![lesson(&["ledger.test"])]), &facts("learner", "http://casino-royal.test/"));
    assert_eq!(decision.rule, "category:gambling");
    assert!(decision.also_matched.contains(&"lesson:l1".to_owned()));
}

#[test]
fn s2_help_updates_and_our_own_pages_stay_open_in_every_lesson() {
    let snapshot = with(vec![lesson(&[])]);
    for url in ["https://www.samaritans.org/", "http://portal.haven.test/report", "https://windowsupdate.com/"] {
        let found = action(&snapshot, url);
        assert_eq!(found.0, Action::Allow, "{url}: {found:?}");
    }
    let help = request(&snapshot, &facts("learner", "https://www.samaritans.org/"));
    assert!(!help.record, "and are kept nowhere (S-3)");
    // The gate is not opened by a lesson.
    assert!(matches!(gate(&snapshot, &nobody(facts("learner", "https://ledger.test/"))), Gate::Shut));
}

#[test]
fn f10_what_was_found_unsuitable_closes_for_that_lesson() {
    let one = Lesson { closed: vec!["ledger.test/forum".to_owned()], ..lesson(&["ledger.test"]) };
    let snapshot = with(vec![one]);
    assert_eq!(action(&snapshot, "https://ledger.test/").0, Action::Allow);
    assert_eq!(action(&snapshot, "https://ledger.test/forum/1"), (Action::Block, "lesson:l1".to_owned()));
    let whole = Lesson { closed: vec!["ledger.test".to_owned()], ..lesson(&["ledger.test", "museum.test"]) };
    let snapshot = with(vec![whole]);
    assert_eq!(snapshot.checked_sites("lesson:l1"), ["museum.test"]);
    assert_eq!(request(&snapshot, &tunnel("learner", "ledger.test:443")).action, Action::Block);
}

#[test]
fn f10_pictures_of_a_checked_page_come_along_and_pages_do_not() {
    let snapshot = with(vec![lesson(&["ledger.test/book"])]);
    let part = |navigation, framed, from: Option<&str>| {
        let referrer_host = from.map(str::to_owned);
        let facts = Facts { navigation, framed, referrer_host, ..facts("learner", "https://pictures.test/a.png") };
        request(&snapshot, &facts).action
    };
    assert_eq!(part(false, false, Some("ledger.test")), Action::Allow);
    assert_eq!(part(true, false, Some("ledger.test")), Action::Block, "a link that was followed");
    assert_eq!(part(false, true, Some("ledger.test")), Action::Block, "a page inside the page");
    assert_eq!(part(false, false, Some("elsewhere.test")), Action::Block);
    assert_eq!(part(false, false, None), Action::Block);
    // A tunnel is opened so that this can be told; where none may be opened, or what is in it is neither, it stays shut.
    let decision = request(&snapshot, &tunnel("learner", "pictures.test:443"));
    assert!(decision.action == Action::Allow && decision.inspect);
    let decision = unknown_protocol(&snapshot, &tunnel("learner", "pictures.test:443"));
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "lesson:l1"));
    let mut unopened = pack();
    unopened.filtering.inspection.except_sites = vec!["savings.test".to_owned()];
    let snapshot = snapshot_of(unopened, Vec::new()).with_lessons(vec![lesson(&["ledger.test"])]);
    let decision = request(&snapshot, &tunnel("learner", "savings.test:443"));
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "lesson:l1"));
}

#[test]
fn f10_free_search_is_in_safe_mode_for_everybody_in_it() {
    let free = Lesson { free_search: true, closed: vec!["quarrel.test".to_owned()], ..lesson(&[]) };
    let snapshot = with(vec![free]);
    let search = facts("staff", "https://www.google.com/search?q=ledger");
    let safe = |edits: &[Edit]| edits.iter().any(|edit| matches!(edit, Edit::SetQuery { name, .. } if name == "safe"));
    let mut free_pack = pack();
    for profile in &mut free_pack.filtering.profiles {
        profile.safe_search = false;
    }
    assert!(!safe(&request(&snapshot_of(free_pack, Vec::new()), &search).edits), "or this shows nothing");
    let decision = request(&snapshot, &search);
    assert!(decision.action == Action::Allow && safe(&decision.edits), "{:?}", decision.edits);
    assert_eq!(action(&snapshot, "https://elsewhere.test/").0, Action::Allow);
    assert_eq!(action(&snapshot, "https://quarrel.test/").1, "lesson:l1");
    assert!(snapshot.checked_sites("lesson:l1").is_empty());
}

#[test]
fn f10_whoever_is_in_two_lessons_has_the_stricter_of_both() {
    let free = Lesson { id: "l2".to_owned(), free_search: true, ..lesson(&[]) };
    let snapshot = with(vec![lesson(&["ledger.test"]), free]);
    assert_eq!(action(&snapshot, "https://elsewhere.test/").1, "lesson:l1", "joining another opens nothing");
    let other = Lesson { id: "l2".to_owned(), ..lesson(&["museum.test"]) };
    let snapshot = with(vec![lesson(&["ledger.test"]), other]);
    assert_eq!(action(&snapshot, "https://ledger.test/").1, "lesson:l2");
}

#[test]
fn f10_a_lesson_whose_clause_is_gone_goes_on() {
    let snapshot = with(vec![Lesson { clause: "99.9".to_owned(), ..lesson(&["ledger.test", "..", ""]) }]);
    let decision = request(&snapshot, &facts("learner", "https://elsewhere.test/"));
    assert_eq!((decision.action, decision.citation.clause_id()), (Action::Block, Some("2.3")));
    assert_eq!(snapshot.checked_sites("lesson:l1"), ["ledger.test"]);
}

#[test]
fn f10_the_explanation_names_the_lesson_in_its_tier() {
    let snapshot = with(vec![lesson(&["ledger.test"])]);
    let told = explain(&snapshot, &facts("learner", "https://elsewhere.test/"));
    let tier = told.tiers.iter().find(|tier| tier.tier == decide::Tier::Lesson).unwrap();
    assert!(tier.candidates.iter().any(|candidate| candidate.rule == "lesson:l1" && candidate.won));
    // Names by DNS know nobody, so no lesson either.
    let asker = decide::NameAsker { at: IN_CLASS.parse().unwrap(), group: Some("learner"), device: None };
    assert!(!decide::name(&snapshot, &asker, "elsewhere.test").unwrap().closed);
}
