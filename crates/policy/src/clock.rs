//! The organisation's time: terms, closed days, working hours, and how long a span lasts in them.

mod human;

use std::fmt;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Unit};

pub use human::{human_due, human_moment};

/// Terms, bank holidays and working hours of the organisation.
#[derive(Debug, Clone)]
pub struct Calendar {
    pub zone: TimeZone,
    pub day_from: Time,
    pub day_to: Time,
    pub working_days: Vec<Weekday>,
    pub terms: Vec<Term>,
    pub closed: Vec<Closed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub name: String,
    pub from: Date,
    pub to: Date,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub name: String,
    pub on: Date,
}

/// A length of time as policies write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Minutes(u32),
    Hours(u32),
    Days(u32),
    Months(u32),
    WorkingHours(u32),
    WorkingDays(u32),
}

/// Largest number a span may carry, so that no arithmetic on it can overflow.
pub const SPAN_LIMIT: u32 = 10_000;

/// Longest run of days that may pass without a working day before a deadline gives up and falls on the last of them.
const CLOSED_RUN_LIMIT_DAYS: u32 = 400;

impl Span {
    /// Reads `"2 working hours"`; none if it is not a span or its number is 0 or over [`SPAN_LIMIT`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let number: u32 = words.next()?.parse().ok()?;
        let rest: Vec<&str> = words.collect();
        if number == 0 || number > SPAN_LIMIT {
            return None;
        }
        match rest.as_slice() {
            ["minute" | "minutes"] => Some(Self::Minutes(number)),
            ["hour" | "hours"] => Some(Self::Hours(number)),
            ["day" | "days"] => Some(Self::Days(number)),
            ["month" | "months"] => Some(Self::Months(number)),
            ["working", "hour" | "hours"] => Some(Self::WorkingHours(number)),
            ["working", "day" | "days"] => Some(Self::WorkingDays(number)),
            _ => None,
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self {
            Self::Minutes(n) => (n, "minute"),
            Self::Hours(n) => (n, "hour"),
            Self::Days(n) => (n, "day"),
            Self::Months(n) => (n, "month"),
            Self::WorkingHours(n) => (n, "working hour"),
            Self::WorkingDays(n) => (n, "working day"),
        };
        write!(f, "{number} {unit}{}", if *number == 1 { "" } else { "s" })
    }
}

impl Calendar {
    /// Whether the organisation is open on a day.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        self.working_days.contains(&day.weekday()) && !self.closed.iter().any(|closed| closed.on == day)
    }

    /// Whether a moment falls in a term's working hours: when classes run.
    #[must_use]
    pub fn is_class_time(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.zone.clone());
        let (day, time) = (local.date(), local.time());
        self.is_open_in_term(day) && self.day_from <= time && time < self.day_to
    }

    /// Whether a day is an open one of a term.
    #[must_use]
    pub fn is_open_in_term(&self, day: Date) -> bool {
        self.is_working_day(day) && self.terms.iter().any(|term| term.from <= day && day <= term.to)
    }

    /// The local day of a moment.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// When a span that begins at `from` has passed.
    #[must_use]
    pub fn due(&self, from: Timestamp, span: Span) -> Timestamp {
        self.try_due(from, span).unwrap_or(from)
    }

    fn try_due(&self, from: Timestamp, span: Span) -> Option<Timestamp> {
        let zoned = from.to_zoned(self.zone.clone());
        match span {
            Span::Minutes(n) => from.checked_add(i64::from(n).minutes()).ok(),
            Span::Hours(n) => from.checked_add(i64::from(n).hours()).ok(),
            Span::Days(n) => zoned.checked_add(i64::from(n).days()).ok().map(|z| z.timestamp()),
            Span::Months(n) => zoned.checked_add(i64::from(n).months()).ok().map(|z| z.timestamp()),
            Span::WorkingHours(n) => self.add_working_seconds(from, i64::from(n).checked_mul(3600)?),
            Span::WorkingDays(n) => self.add_working_days(from, n),
        }
    }

    /// End of the nth working day after the one in which `from` falls: "1 working day" gives people until the close of the
    /// next. Before opening the day has not begun, so that it counts as the first, as it would from the evening before.
    fn add_working_days(&self, from: Timestamp, days: u32) -> Option<Timestamp> {
        let mut day = self.day_of(from);
        if self.is_working_day(day) && from < self.moment(day, self.day_from)? {
            day = day.yesterday().ok()?;
        }
        let mut left = days;
        let mut idle_run_days = 0;
        while left > 0 {
            day = day.tomorrow().ok()?;
            if self.is_working_day(day) {
                left -= 1;
                idle_run_days = 0;
            } else {
                idle_run_days += 1;
                if idle_run_days > CLOSED_RUN_LIMIT_DAYS {
                    break;
                }
            }
        }
        self.moment(day, self.day_to)
    }

    fn add_working_seconds(&self, from: Timestamp, seconds: i64) -> Option<Timestamp> {
        let mut left_seconds = seconds;
        let mut day = self.day_of(from);
        let mut idle_run_days = 0;
        loop {
            if self.is_working_day(day) {
                idle_run_days = 0;
                let opens = self.moment(day, self.day_from)?.max(from);
                let closes = self.moment(day, self.day_to)?;
                let open_seconds = opens.until((Unit::Second, closes)).ok()?.get_seconds().max(0);
                if left_seconds <= open_seconds {
                    return opens.checked_add(left_seconds.seconds()).ok();
                }
                left_seconds -= open_seconds;
            } else {
                idle_run_days += 1;
                if idle_run_days > CLOSED_RUN_LIMIT_DAYS {
                    return self.moment(day, self.day_to);
                }
            }
            day = day.tomorrow().ok()?;
        }
    }

    fn moment(&self, day: Date, time: Time) -> Option<Timestamp> {
        day.to_datetime(time).to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp())
    }
}
