//! Moments and deadlines as people say them.

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::Calendar;

const SECONDS_IN_MINUTE: i64 = 60;
const SECONDS_IN_HOUR: i64 = 60 * SECONDS_IN_MINUTE;
const SECONDS_IN_DAY: i64 = 24 * SECONDS_IN_HOUR;

/// When something is due, as seen at `now`: `today by 5pm`, `tomorrow by 5pm`, `Tuesday 24 November, 3:15pm`, or how late
/// it is: `2 hours late`. Days are those of the organisation's zone.
#[must_use]
pub fn human_due(calendar: &Calendar, now: Timestamp, due: Timestamp) -> String {
    if due < now {
        return format!("{} late", length(now.as_second() - due.as_second()));
    }
    let today = calendar.day_of(now);
    let local = due.to_zoned(calendar.zone.clone());
    if local.date() == today {
        format!("today by {}", time_of_day(local.time()))
    } else if today.tomorrow().is_ok_and(|tomorrow| tomorrow == local.date()) {
        format!("tomorrow by {}", time_of_day(local.time()))
    } else {
        moment(today, local.date(), local.time())
    }
}

/// A moment, as seen at `now`: `Tuesday 24 November, 3:15pm`, with the year where it is another one.
#[must_use]
pub fn human_moment(calendar: &Calendar, now: Timestamp, at: Timestamp) -> String {
    let local = at.to_zoned(calendar.zone.clone());
    moment(calendar.day_of(now), local.date(), local.time())
}

fn moment(today: Date, day: Date, time: Time) -> String {
    let format = if day.year() == today.year() { "%A %-d %B" } else { "%A %-d %B %Y" };
    format!("{}, {}", day.strftime(format), time_of_day(time))
}

fn time_of_day(time: Time) -> String {
    match (time.hour(), time.minute()) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "midday".to_owned(),
        (_, 0) => time.strftime("%-I%P").to_string(),
        _ => time.strftime("%-I:%M%P").to_string(),
    }
}

/// In whole days, else whole hours, else minutes begun.
fn length(seconds: i64) -> String {
    let (count, unit) = if seconds >= SECONDS_IN_DAY {
        (seconds / SECONDS_IN_DAY, "day")
    } else if seconds >= SECONDS_IN_HOUR {
        (seconds / SECONDS_IN_HOUR, "hour")
    } else {
        ((seconds / SECONDS_IN_MINUTE).max(1), "minute")
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
