//! Times as people say them.

use jiff::Timestamp;
use policy::Calendar;

/// "today, 3:15pm", "yesterday, 3:15pm" or "Tuesday 24 November, 3:15pm".
#[must_use]
pub fn moment(calendar: &Calendar, now: Timestamp, at: Timestamp) -> String {
    let local = at.to_zoned(calendar.zone.clone());
    let today = calendar.day_of(now);
    let day = local.date();
    let clock = clock(&local);
    if day == today {
        format!("today, {clock}")
    } else if Some(day) == today.yesterday().ok() {
        format!("yesterday, {clock}")
    } else {
        format!("{}, {clock}", local.strftime("%A %-d %B"))
    }
}

fn clock(local: &jiff::Zoned) -> String {
    let hour = match local.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let half = if local.hour() < 12 { "am" } else { "pm" };
    format!("{hour}:{:02}{half}", local.minute())
}

/// "today by 5:30pm", "tomorrow by 5:30pm", "by Tuesday 24 November, 5:30pm", or how late it is.
#[must_use]
pub fn due(calendar: &Calendar, now: Timestamp, at: Timestamp) -> String {
    if now > at {
        return late(now, at);
    }
    let local = at.to_zoned(calendar.zone.clone());
    let today = calendar.day_of(now);
    let clock = clock(&local);
    if local.date() == today {
        format!("today by {clock}")
    } else if Some(local.date()) == today.tomorrow().ok() {
        format!("tomorrow by {clock}")
    } else {
        format!("by {}, {clock}", local.strftime("%A %-d %B"))
    }
}

fn late(now: Timestamp, at: Timestamp) -> String {
    let minutes = now.as_second().saturating_sub(at.as_second()) / 60;
    let (number, unit) = match minutes {
        0..=1 => return "just late".to_owned(),
        2..=119 => (minutes, "minute"),
        120..=2879 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{number} {unit}{} late", if number == 1 { "" } else { "s" })
}

/// A number as people read it: 4,512,003.
#[must_use]
pub fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}
