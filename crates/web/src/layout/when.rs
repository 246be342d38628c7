//! A moment in the words that an action gave, with the exact time on hover and in print; and the clock of practice.

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

    #[test]
    fn the_time_is_said_the_way_people_say_it() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let say = |text: &str| Moment::new(text.parse().unwrap(), &zone).to_string();
        assert_eq!(say("2026-11-24T15:15:00Z"), "Tuesday 24 November, 3:15pm");
        assert_eq!(say("2026-06-02T08:00:00Z"), "Tuesday 2 June, 9am");
        assert_eq!(say("2026-11-24T00:05:00Z"), "Tuesday 24 November, 12:05am");
        assert_eq!(say("2026-11-24T12:00:00Z"), "Tuesday 24 November, 12pm");
    }

    #[test]
    fn words_around_a_time_are_escaped() {
        let when = When::saying(Timestamp::UNIX_EPOCH, &TimeZone::UTC, "<b>now</b>");
        assert!(when.to_string().contains("&lt;b&gt;now&lt;/b&gt;"));
    }
}
