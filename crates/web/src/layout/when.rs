//! Dates as people say them: "today, 3:15pm", "Tuesday 24 November, 3:15pm".

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A moment in words, with the exact time for those who hover, print or parse.
#[derive(Debug, Clone)]
pub(crate) struct When {
    machine: String,
    exact: String,
    text: String,
}

impl When {
    pub(crate) fn new(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        Self::saying(at, zone, &spoken(&at.to_zoned(zone.clone()), &now.to_zoned(zone.clone())))
    }

    pub(crate) fn saying(at: Timestamp, zone: &TimeZone, text: &str) -> Self {
        let local = at.to_zoned(zone.clone());
        Self {
            machine: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            exact: local.strftime("%A %-d %B %Y, %H:%M:%S").to_string(),
            text: text.to_owned(),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<time datetime=\"{}\" title=\"{}\">", self.machine, self.exact)?;
        write_escaped(f, &self.text)?;
        f.write_str("</time>")
    }
}

/// Everything in it is escaped or made by us.
impl HtmlSafe for When {}

/// The full date and time, for the clock of practice.
#[derive(Debug, Clone)]
pub(crate) struct Moment(String);

impl Moment {
    pub(crate) fn new(now: Timestamp, zone: &TimeZone) -> Self {
        let local = now.to_zoned(zone.clone());
        Self(format!("{}, {}", local.strftime("%A %-d %B"), clock(&local)))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn spoken(at: &Zoned, now: &Zoned) -> String {
    let day = at.date();
    let today = now.date();
    let word = if day == today {
        "today".to_owned()
    } else if today.yesterday().is_ok_and(|yesterday| yesterday == day) {
        "yesterday".to_owned()
    } else if today.tomorrow().is_ok_and(|tomorrow| tomorrow == day) {
        "tomorrow".to_owned()
    } else if day.year() == today.year() {
        at.strftime("%A %-d %B").to_string()
    } else {
        at.strftime("%A %-d %B %Y").to_string()
    };
    format!("{word}, {}", clock(at))
}

/// "3:15pm", "9am".
fn clock(at: &Zoned) -> String {
    let minute = if at.minute() == 0 { String::new() } else { format!(":{:02}", at.minute()) };
    let (hour, half) = match at.hour() {
        0 => (12, "am"),
        hour @ 1..=11 => (hour, "am"),
        12 => (12, "pm"),
        hour => (hour - 12, "pm"),
    };
    format!("{hour}{minute}{half}")
}

pub(super) fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for letter in text.chars() {
        match letter {
            '<' => f.write_str("&lt;")?,
            '>' => f.write_str("&gt;")?,
            '&' => f.write_str("&amp;")?,
            '"' => f.write_str("&quot;")?,
            '\'' => f.write_str("&#39;")?,
            other => fmt::Write::write_char(f, other)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn say(at: &str, now: &str) -> String {
        let zone = TimeZone::get("Europe/London").unwrap();
        let read = |text: &str| text.parse::<Timestamp>().unwrap().to_zoned(zone.clone());
        spoken(&read(at), &read(now))
    }

    #[test]
    fn dates_are_said_the_way_people_say_them() {
        let now = "2026-11-24T14:20:00Z";
        assert_eq!(say("2026-11-24T15:15:00Z", now), "today, 3:15pm");
        assert_eq!(say("2026-11-25T17:00:00Z", now), "tomorrow, 5pm");
        assert_eq!(say("2026-11-23T00:05:00Z", now), "yesterday, 12:05am");
        assert_eq!(say("2026-11-20T12:00:00Z", now), "Friday 20 November, 12pm");
        assert_eq!(say("2025-06-02T08:30:00Z", now), "Monday 2 June 2025, 9:30am");
    }

    #[test]
    fn words_around_a_time_are_escaped() {
        let when = When::saying(Timestamp::UNIX_EPOCH, &TimeZone::UTC, "<b>now</b>");
        assert!(when.to_string().contains("&lt;b&gt;now&lt;/b&gt;"));
    }
}
