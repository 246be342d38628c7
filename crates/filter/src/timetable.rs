//! The timetable of a site: when classes run, when lunch is, and when an exam or a closed hour leaves only some sites open (F10).

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use policy::{Calendar, Pack};

use crate::network::Network;

/// What a row of the timetable is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Classes run: rules of the policy that are bound to class hours hold.
    Class,
    /// Lunch: outside class hours, also in the middle of them.
    Lunch,
    /// An exam: only its own sites open. Class hours for everything else.
    Exam,
    /// An hour in which only some sites open in a network, such as the guests' during classes.
    Closed,
}

/// On which days a row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Days {
    /// Each week, on open days of a term. Empty: every open day.
    Weekly(Vec<Weekday>),
    /// On this very day, whatever the calendar says of it.
    On(Date),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub kind: Kind,
    pub days: Days,
    pub from: Time,
    /// At this moment it holds no more.
    pub to: Time,
    /// Where it holds; empty for everywhere.
    pub networks: Vec<Network>,
    /// Groups of the policy for whom it holds; empty for everybody.
    pub groups: Vec<String>,
    /// What opens in an exam or a closed hour.
    pub sites: Vec<String>,
}

impl Row {
    /// Whether it speaks of somebody of this group at this address, at whatever hour.
    fn is_about(&self, device: Option<IpAddr>, group: &str) -> bool {
        let here = self.networks.is_empty()
            || device.is_some_and(|address| self.networks.iter().any(|network| network.contains(address)));
        here && (self.groups.is_empty() || self.groups.iter().any(|one| one == group))
    }

    /// Whether it holds at a moment.
    fn is_now(&self, calendar: &Calendar, at: Timestamp) -> bool {
        let local = at.to_zoned(calendar.zone.clone());
        let day = local.date();
        let fits = match &self.days {
            Days::On(on) => *on == day,
            Days::Weekly(days) => calendar.is_open_in_term(day) && (days.is_empty() || days.contains(&day.weekday())),
        };
        fits && self.from <= local.time() && local.time() < self.to
    }
}

/// All rows of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timetable {
    pub rows: Vec<Row>,
}

/// What hour it is for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour<'t> {
    pub class: bool,
    pub lunch: bool,
    pub exam: bool,
    /// The row that says so; none where the policy's own calendar does.
    pub row: Option<&'t str>,
}

impl Timetable {
    /// What hour it is. An exam goes before lunch, and lunch before classes. Where no row of classes speaks of a network and a
    /// group, the policy's own hours count; lunch and exams are outside and inside them all the same.
    #[must_use]
    pub fn hour(&self, calendar: &Calendar, at: Timestamp, device: Option<IpAddr>, group: &str) -> Hour<'_> {
        let of = |kind: Kind| self.rows.iter().filter(move |row| row.kind == kind && row.is_about(device, group));
        let now = |kind: Kind| of(kind).find(|row| row.is_now(calendar, at));
        if let Some(row) = now(Kind::Exam) {
            return Hour { class: true, lunch: false, exam: true, row: Some(&row.name) };
        }
        if let Some(row) = now(Kind::Lunch) {
            return Hour { class: false, lunch: true, exam: false, row: Some(&row.name) };
        }
        if of(Kind::Class).next().is_none() {
            return Hour { class: calendar.is_class_time(at), lunch: false, exam: false, row: None };
        }
        let row = now(Kind::Class);
        Hour { class: row.is_some(), lunch: false, exam: false, row: row.map(|row| row.name.as_str()) }
    }

    /// The hour in a sentence, for whoever asks what would happen.
    #[must_use]
    pub fn told(&self, pack: &Pack, at: Timestamp, device: Option<IpAddr>, group: &str) -> String {
        let calendar = &pack.calendar;
        let hour = self.hour(calendar, at, device, group);
        let what = match hour {
            Hour { exam: true, .. } => "An exam",
            Hour { lunch: true, .. } => "Lunch, outside class hours",
            Hour { class: true, .. } => "Class hours",
            _ => "Outside class hours",
        };
        let day = calendar.day_of(at);
        let closed = calendar.closed.iter().find(|closed| closed.on == day).map(|closed| closed.name.as_str());
        let by = match (hour.row, closed) {
            (Some(row), _) => format!("timetable row \u{201c}{row}\u{201d}"),
            (None, Some(closed)) => closed.to_owned(),
            (None, None) if !calendar.is_open_in_term(day) => "no day of a term".to_owned(),
            (None, None) if self.rows.iter().any(|row| row.kind == Kind::Class && row.is_about(device, group)) => {
                "no row of the timetable says otherwise".to_owned()
            }
            (None, None) => "the hours of the policy\u{2019}s calendar".to_owned(),
        };
        let mut told = format!("{what}: {by}.");
        let shut = self.rows.iter().filter(|row| row.kind == Kind::Closed && row.is_about(device, group));
        for row in shut.filter(|row| row.is_now(calendar, at)) {
            told.push_str(&format!(" A closed hour: timetable row \u{201c}{}\u{201d}.", row.name));
        }
        told
    }

    /// The exams and closed hours that hold for somebody now.
    pub(crate) fn limits<'t>(
        &'t self,
        calendar: &'t Calendar,
        at: Timestamp,
        device: Option<IpAddr>,
        group: &'t str,
    ) -> impl Iterator<Item = usize> + 't {
        let limits = self.rows.iter().enumerate().filter(|(_, row)| matches!(row.kind, Kind::Exam | Kind::Closed));
        limits.filter(move |(_, row)| row.is_about(device, group) && row.is_now(calendar, at)).map(|(place, _)| place)
    }
}
