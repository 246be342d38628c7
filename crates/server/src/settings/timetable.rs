//! The timetable of a site: when classes, lunch and exams are, and where.

use filter::timetable::{Days, Kind, Row, Timetable};
use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};

use super::{Fault, Settings, line_with};

/// One row, as it stands in the settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimetableRow {
    pub(crate) name: String,
    pub(crate) kind: RowKind,
    /// Days of the week; empty for every open day.
    #[serde(default)]
    pub(crate) days: Vec<String>,
    /// One day, instead of days of the week.
    pub(crate) on: Option<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) networks: Vec<String>,
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    #[serde(default)]
    pub(crate) sites: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RowKind {
    Class,
    Lunch,
    Exam,
    Closed,
}

impl Settings {
    /// The first group that a row of the timetable names and the policy does not have, with the row's name.
    pub(crate) fn unknown_timetable_group(&self, pack: &policy::Pack) -> Option<(String, String)> {
        let is_known = |group: &String| pack.groups.iter().any(|known| known.id == *group);
        self.timetable.iter().find_map(|row| {
            let group = row.groups.iter().find(|group| !is_known(group))?;
            Some((row.name.clone(), group.clone()))
        })
    }
}

impl RowKind {
    fn kind(self) -> Kind {
        match self {
            Self::Class => Kind::Class,
            Self::Lunch => Kind::Lunch,
            Self::Exam => Kind::Exam,
            Self::Closed => Kind::Closed,
        }
    }

    /// Whether it leaves only some sites open.
    fn limits(self) -> bool {
        matches!(self, Self::Exam | Self::Closed)
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.to_ascii_lowercase().as_str() {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

/// `09:30`.
fn time(text: &str) -> Option<Time> {
    Time::strptime("%H:%M", text).ok()
}

impl TimetableRow {
    /// The row as the filter wants it, or the word by which its line is found, and the sentence.
    fn row(&self) -> Result<Row, (String, String)> {
        let name = &self.name;
        let quoted = |text: &str| format!("\"{text}\"");
        let fault = |word: &str, sentence: String| Err((quoted(word), sentence));
        if name.trim().is_empty() || name.len() > 100 {
            return fault(name, "a row of the timetable has a name of up to 100 letters.".to_owned());
        }
        let mut days = Vec::new();
        for text in &self.days {
            match weekday(text) {
                Some(day) => days.push(day),
                None => return fault(text, format!("'{text}' is no day. Write monday, tuesday and so on.")),
            }
        }
        let days = match &self.on {
            None => Days::Weekly(days),
            Some(_) if !days.is_empty() => {
                return fault(name, format!("the row '{name}' has days and on. Leave one of them out."));
            }
            Some(text) => match text.parse::<Date>() {
                Ok(day) => Days::On(day),
                Err(_) => return fault(text, format!("'{text}' is no date. Write it as 2026-11-24.")),
            },
        };
        let mut hours = [Time::midnight(); 2];
        for (place, text) in hours.iter_mut().zip([&self.from, &self.to]) {
            match time(text) {
                Some(read) => *place = read,
                None => return fault(text, format!("'{text}' is no time. Write it as 09:30.")),
            }
        }
        let [from, to] = hours;
        if from >= to {
            return fault(
                name,
                format!("the row '{name}' ends before it begins. A row ends on the day on which it begins."),
            );
        }
        let mut networks = Vec::new();
        for text in &self.networks {
            match text.parse::<filter::network::Network>() {
                Ok(network) => networks.push(network),
                Err(error) => return fault(text, format!("'{text}' is {error}.")),
            }
        }
        if self.kind.limits() && networks.is_empty() && self.groups.is_empty() {
            return fault(
                name,
                format!(
                    "the row '{name}' would close the internet for everybody everywhere. Name its networks or groups."
                ),
            );
        }
        if !self.kind.limits() && !self.sites.is_empty() {
            return fault(name, format!("the row '{name}' names sites, and only exams and closed hours have some."));
        }
        for text in &self.sites {
            let site = filter::site::Site::parse(text).ok();
            if site.is_none_or(|site| !site.host().contains('.') || site.is_public_suffix()) {
                return fault(text, format!("'{text}' is no site. Write it as example.org or example.org/page."));
            }
        }
        let (groups, sites, kind) = (self.groups.clone(), self.sites.clone(), self.kind.kind());
        Ok(Row { name: name.clone(), kind, days, from, to, networks, groups, sites })
    }
}

impl Settings {
    pub(super) fn check_timetable(&self, text: &str) -> Result<(), Fault> {
        for (place, row) in self.timetable.iter().enumerate() {
            if let Err((word, message)) = row.row() {
                return Err(Fault { line: line_with(text, &word), message });
            }
            if self.timetable.iter().take(place).any(|other| other.name == row.name) {
                let message = format!("two rows of the timetable are called '{}'. Give each its own name.", row.name);
                return Err(Fault { line: line_with(text, &format!("\"{}\"", row.name)), message });
            }
        }
        Ok(())
    }

    /// The timetable as the filter wants it. The settings were checked when they were read: no row is left out here.
    pub(crate) fn timetable(&self) -> Timetable {
        Timetable { rows: self.timetable.iter().filter_map(|row| row.row().ok()).collect() }
    }
}
