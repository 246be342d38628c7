//! Whatever people do in whatever order: what must hold of the steps of a case after each of their acts.

use casework::step::{self, StepFacts, StepStatus, Taking};
use jiff::{Timestamp, ToSpan};
use policy::{ChoiceOption, Gate, Procedure, Step, StepKind};
use proptest::prelude::*;

use crate::{morning, procedure, waes};

/// One thing that somebody tries.
#[derive(Debug, Clone)]
enum Act {
    Take { step: usize, person: usize, option: usize, with_reason: bool },
    Skip { step: usize, person: usize },
    Second { step: usize, person: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..20_usize, 0..3_usize, 0..4_usize, any::<bool>())
            .prop_map(|(step, person, option, with_reason)| Act::Take { step, person, option, with_reason }),
        1 => (0..20_usize, 0..3_usize).prop_map(|(step, person)| Act::Skip { step, person }),
        1 => (0..20_usize, 0..3_usize).prop_map(|(step, person)| Act::Second { step, person }),
    ];
    // The first act is most often the assessment, as in life.
    (any::<u8>(), prop::collection::vec(act, 0..60)).prop_map(|(first, mut acts)| {
        if first > 20 {
            acts.insert(0, Act::Take { step: 0, person: 0, option: 0, with_reason: false });
        }
        acts
    })
}

const PEOPLE: [&str; 3] = ["p0", "p1", "p2"];

fn does(procedure: &Procedure, steps: &mut [StepFacts], act: &Act, now: Timestamp) -> bool {
    let calendar = &waes().calendar;
    let step = |place: &usize| &procedure.steps[place % procedure.steps.len()];
    match act {
        Act::Take { step: place, person, option, with_reason } => {
            let step = step(place);
            let chosen = step.options.get(option % step.options.len().max(1)).map(|option| option.id.as_str());
            let gate_reason = if *with_reason { "It cannot wait." } else { "" };
            let taking = Taking { person: PEOPLE[*person], note: "Done.", option: chosen, gate_reason };
            step::take(procedure, calendar, steps, &step.id, &taking, now).is_ok()
        }
        Act::Skip { step: place, person } => {
            let taking = Taking { person: PEOPLE[*person], note: "", option: None, gate_reason: "Not now." };
            step::skip(procedure, calendar, steps, &step(place).id, &taking, now).is_ok()
        }
        Act::Second { step: place, person } => {
            let posts = ["principal".to_owned()];
            step::second(waes(), procedure, steps, &step(place).id, PEOPLE[*person], &posts, now).is_ok()
        }
    }
}

/// A procedure of up to eight steps with any order, conditions and gates that a pack may have.
fn any_procedure() -> impl Strategy<Value = Procedure> {
    let middle = (any::<u8>(), any::<u8>(), any::<u8>(), 0..3_usize);
    (prop::collection::vec(middle, 0..7), any::<u8>()).prop_map(|(middle, last)| {
        let mut steps = vec![made(0, StepKind::Assess, &[])];
        for (place, (after, shape, condition, gate)) in middle.into_iter().enumerate() {
            let place = place + 1;
            let kind = if shape % 2 == 0 { StepKind::Decide } else { StepKind::Act };
            let before: Vec<usize> = (0..place).filter(|bit| after >> (bit % 8) & 1 == 1).collect();
            let mut step = made(place, kind, &before);
            step.gate = [Gate::Open, Gate::Reason, Gate::Legal][gate];
            step.second_post = (step.gate == Gate::Legal).then(|| "principal".to_owned());
            let decider = steps.get(usize::from(condition) % (place * 2)).filter(|step| step.kind == StepKind::Decide);
            step.only_if = decider.map(|decider| (decider.id.clone(), format!("o{}", condition % 2)));
            steps.push(step);
        }
        let before: Vec<usize> = (0..steps.len()).filter(|bit| last >> (bit % 8) & 1 == 1).collect();
        steps.push(made(steps.len(), StepKind::Close, &before));
        Procedure { steps, ..procedure("filter-alert").clone() }
    })
}

fn made(place: usize, kind: StepKind, after: &[usize]) -> Step {
    let options = if kind == StepKind::Decide { 2 } else { 0 };
    Step {
        id: format!("s{place}"),
        title: format!("Step {place}"),
        kind,
        after: after.iter().map(|before| format!("s{before}")).collect(),
        only_if: None,
        gate: Gate::Open,
        second_post: None,
        options: (0..options).map(|id| ChoiceOption { id: format!("o{id}"), title: String::new() }).collect(),
        referral: None,
        ..procedure("filter-alert").steps[0].clone()
    }
}

fn check(procedure: &Procedure, acts: &[Act]) {
    let calendar = &waes().calendar;
    let mut now = morning();
    let mut steps = step::begin(procedure, calendar, now);
    for act in acts {
        let before = steps.clone();
        now = now.checked_add(47.minutes()).unwrap();
        let done = does(procedure, &mut steps, act, now);
        assert!(done || before == steps, "a refusal changes nothing: {act:?}");
        for (was, is) in before.iter().zip(&steps) {
            assert!(!was.status.is_settled() || was == is, "a settled step changed: {was:?} {is:?}");
            assert!(was.due_at.is_none() || was.due_at == is.due_at, "a due time moved: {was:?} {is:?}");
            let waits = matches!(is.status, StepStatus::Waiting | StepStatus::NotNeeded);
            assert!(waits || is.due_at.is_some() || is.status.is_settled(), "a step without a due time: {is:?}");
        }
        let again = {
            let mut again = steps.clone();
            step::refresh(procedure, calendar, &mut again, now.checked_add(9.hours()).unwrap());
            again
        };
        assert_eq!(again, steps, "to work it out again changes nothing");
        holds(procedure, &steps);
    }
}

fn holds(procedure: &Procedure, steps: &[StepFacts]) {
    let is_assessed = steps
        .iter()
        .any(|facts| procedure.step(&facts.step).unwrap().kind == StepKind::Assess && facts.status == StepStatus::Done);
    for facts in steps {
        let step = procedure.step(&facts.step).unwrap();
        let others = steps.iter().filter(|other| other.step != facts.step);
        let can_be_taken = matches!(facts.status, StepStatus::Ready | StepStatus::Done);
        if step.kind == StepKind::Close && can_be_taken {
            assert!(others.clone().all(|other| other.status.is_settled()), "closing before the others: {steps:#?}");
        }
        let acted = matches!(facts.status, StepStatus::Done | StepStatus::Skipped);
        assert!(is_assessed || !acted, "done before it was assessed: {facts:?}");
        if step.gate == Gate::Legal && acted {
            assert!(facts.second_by.is_some() && facts.second_by != facts.done_by, "one person alone: {facts:?}");
        }
        assert_eq!(facts.done_by.is_some(), acted, "{facts:?}");
        let is_decided = step.kind == StepKind::Decide && facts.status == StepStatus::Done;
        assert_eq!(facts.option.is_some(), is_decided, "{facts:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn c04_whatever_people_try_the_steps_of_every_procedure_hold(place in 0..20_usize, acts in acts()) {
        let procedures = &waes().procedures;
        check(&procedures[place % procedures.len()], &acts);
    }

    #[test]
    fn c04_whatever_a_pack_says_its_steps_hold(procedure in any_procedure(), acts in acts()) {
        check(&procedure, &acts);
    }

    #[test]
    fn c04_every_procedure_can_be_carried_to_its_closing(procedure in any_procedure(), options in any::<u64>()) {
        carry(&procedure, options);
    }
}

#[test]
fn c04_every_shipped_procedure_can_be_carried_to_its_closing() {
    for procedure in &waes().procedures {
        for options in [0, 0x5555_5555_5555_5555, 0x3333_3333_3333_3333, u64::MAX, 0x1248_1248_1248_1248] {
            carry(procedure, options);
        }
    }
}

/// Takes what can be taken until nothing is left; the bits say which answer each decision gets.
fn carry(procedure: &Procedure, options: u64) {
    let mut steps = step::begin(procedure, &waes().calendar, morning());
    for _ in 0..procedure.steps.len() {
        for place in 0..procedure.steps.len() {
            let option = usize::try_from(options >> (place * 2) & 3).unwrap();
            does(procedure, &mut steps, &Act::Second { step: place, person: 1 }, morning());
            does(procedure, &mut steps, &Act::Take { step: place, person: 0, option, with_reason: false }, morning());
        }
    }
    assert!(steps.iter().all(|facts| facts.status.is_settled()), "stuck: {steps:#?}");
}
