//! When something is due and when it is late, in the organisation's own working time.

use jiff::Timestamp;

/// How a deadline stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Late,
    DueToday,
    Later,
}

/// Late from the very microsecond it has passed; "today" is the organisation's local day.
#[must_use]
pub fn standing(calendar: &policy::Calendar, now: Timestamp, due: Timestamp) -> Standing {
    if now > due {
        Standing::Late
    } else if calendar.day_of(now) == calendar.day_of(due) {
        Standing::DueToday
    } else {
        Standing::Later
    }
}
