//! When something is late, in local days; and what opening and assessing a case set going.

use casework::case::{self, AssessRefusal, Assessment, CaseFacts, CaseState, Source};
use casework::deadline::{Standing, standing};
use jiff::{Timestamp, ToSpan};
use policy::About;
use proptest::prelude::*;

use crate::{morning, procedure, waes};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn c04_late_from_the_very_microsecond() {
    let calendar = &waes().calendar;
    let due = at("2023-11-21T17:00:00Z");
    assert_eq!(standing(calendar, due, due), Standing::DueToday);
    assert_eq!(standing(calendar, due.checked_add(1.microsecond()).unwrap(), due), Standing::Late);
    assert_eq!(standing(calendar, at("2023-11-21T00:00:00Z"), due), Standing::DueToday);
    assert_eq!(standing(calendar, at("2023-11-20T23:59:59Z"), due), Standing::Later);
}

#[test]
fn c04_today_is_the_local_day_also_in_summer_time() {
    // At 23:30 UTC in June it is already the next day in London.
    let calendar = &waes().calendar;
    assert_eq!(standing(calendar, at("2023-06-12T23:30:00Z"), at("2023-06-13T09:00:00Z")), Standing::DueToday);
    assert_eq!(standing(calendar, at("2023-06-12T22:30:00Z"), at("2023-06-13T09:00:00Z")), Standing::Later);
    // The night the clocks go back: the 24th hour of that day is still the same day.
    assert_eq!(standing(calendar, at("2023-10-28T23:30:00Z"), at("2023-10-29T23:30:00Z")), Standing::DueToday);
}

proptest! {
    #[test]
    fn c04_once_late_always_late(due in 0..4_000_000_000_i64, wait in 1..4_000_000_000_i64, more in 0..1_000_000_i64) {
        let moment = |second| Timestamp::from_second(second).unwrap();
        let calendar = &waes().calendar;
        prop_assert_eq!(standing(calendar, moment(due + wait), moment(due)), Standing::Late);
        prop_assert_eq!(standing(calendar, moment(due + wait + more), moment(due)), Standing::Late);
        prop_assert_ne!(standing(calendar, moment(due), moment(due + wait)), Standing::Late);
    }
}

#[test]
fn s5_every_case_begins_unassessed_with_a_clause_and_a_first_due_time() {
    for procedure in &waes().procedures {
        let opening = case::open(waes(), procedure, morning()).unwrap();
        assert_eq!(opening.state, CaseState::Unassessed);
        assert_eq!(opening.citation.clause_id(), Some(procedure.clause.as_str()));
        assert!(opening.acknowledge_due_at > morning());
        assert!(opening.steps[0].due_at.is_some_and(|due| due > morning()), "{}", procedure.id);
        assert_eq!(opening.steps.len(), procedure.steps.len());
    }
}

#[test]
fn inv12_silence_is_chased_after_the_same_time_again() {
    let prevent = procedure("prevent");
    let opening = case::open(waes(), prevent, morning()).unwrap();
    let next = case::next_chase(&waes().calendar, prevent, opening.acknowledge_due_at);
    assert_eq!(opening.acknowledge_due_at, at("2023-11-21T10:30:00Z"), "one working hour");
    assert_eq!(next, at("2023-11-21T11:30:00Z"));
}

#[test]
fn s5_a_named_person_judges_once_and_with_reasons() {
    let facts = |state| CaseFacts {
        state,
        about: About::Learner,
        opened_at: morning(),
        acknowledged_at: None,
        steps: Vec::new(),
    };
    let fresh = facts(CaseState::Unassessed);
    assert_eq!(case::assess(&fresh, Assessment::Concern, "Seen twice."), Ok(CaseState::Open));
    assert_eq!(case::assess(&fresh, Assessment::FalseAlarm, "A lesson."), Ok(CaseState::FalseAlarm));
    assert_eq!(case::assess(&fresh, Assessment::NeedsMore, "Ask the tutor."), Ok(CaseState::Unassessed));
    for choice in [Assessment::Concern, Assessment::FalseAlarm, Assessment::NeedsMore] {
        assert_eq!(case::assess(&fresh, choice, " \n"), Err(AssessRefusal::NoReasons));
        for state in [CaseState::Open, CaseState::Closed, CaseState::FalseAlarm] {
            assert_eq!(case::assess(&facts(state), choice, "Again."), Err(AssessRefusal::AlreadyAssessed));
        }
    }
}

#[test]
fn c04_states_and_sources_are_kept_as_words() {
    for state in [CaseState::Unassessed, CaseState::Open, CaseState::Closed, CaseState::FalseAlarm] {
        assert_eq!(CaseState::parse(state.as_str()), Some(state));
    }
    assert_eq!(CaseState::parse("OPEN"), None);
    let words = [Source::Alert, Source::Report, Source::Anonymous, Source::Accident].map(Source::as_str);
    assert_eq!(words, ["alert", "report", "anonymous", "accident"]);
    assert_eq!(
        [policy::Grade::Low, policy::Grade::Medium, policy::Grade::High].map(case::grade_word),
        ["low", "medium", "high"]
    );
}
