//! An alert is something seen that a person must look at: grouped, graded, and never an accusation (S-5).

use jiff::{Timestamp, ToSpan};
use policy::{About, Grade, Pack, Procedure, Trigger};

/// One unassessed case takes all alerts on one person and theme for so long, in hours (S-5).
pub const GROUP_HOURS: i64 = 24;

/// Activity shown before and after an alert, in minutes (M02: an hour each side).
pub const CONTEXT_MINUTES: i64 = 60;

/// The procedure that a trigger begins for someone of this population.
#[must_use]
pub fn procedure_for<'p>(pack: &'p Pack, trigger: &Trigger, population: &str) -> Option<&'p Procedure> {
    let id = if population == "staff" { &trigger.staff_procedure } else { &trigger.procedure };
    pack.procedure(id)
}

/// What a case about someone of this population counts as.
#[must_use]
pub fn about_population(population: &str) -> About {
    match population {
        "staff" => About::Staff,
        "visitor" => About::Visitor,
        "learner" => About::Learner,
        _ => About::Anyone,
    }
}

/// The moments between which activity is shown with an alert.
#[must_use]
pub fn context(at: Timestamp) -> (Timestamp, Timestamp) {
    let from = at.checked_sub(CONTEXT_MINUTES.minutes()).unwrap_or(at);
    let to = at.checked_add(CONTEXT_MINUTES.minutes()).unwrap_or(at);
    (from, to)
}

/// From when an open, unassessed case still takes a new alert of the same person and theme.
#[must_use]
pub fn group_from(at: Timestamp) -> Timestamp {
    at.checked_sub(GROUP_HOURS.hours()).unwrap_or(at)
}

/// Low grades wait in a batch: nobody is mailed for them one by one.
#[must_use]
pub fn is_told_at_once(grade: Grade) -> bool {
    grade != Grade::Low
}
