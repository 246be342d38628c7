//! Reads `clocks.toml`: working hours, terms, closed days, and the duties that come round.

use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::log::{Kind, Log};
use super::row::Row;
use super::source::SourceFile;
use crate::clock::{Calendar, Closed, Term};
use crate::model::ClockRule;

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

pub(super) fn read(log: &Log, file: SourceFile<'_>) -> Option<(Calendar, Vec<ClockRule>)> {
    let table = file.toml(log)?;
    let mut top = Row::top(log, file, &table);
    let mut row = top.only("calendar")?;
    let mut calendar = calendar(&mut row);
    row.finish();
    calendar.terms = top.rows("term").into_iter().map(term).collect();
    calendar.closed = top.rows("closed").into_iter().map(closed).collect();
    let clocks = top.rows("clock").into_iter().map(clock).collect();
    top.finish();
    Some((calendar, clocks))
}

fn calendar(row: &mut Row<'_>) -> Calendar {
    let calendar = Calendar {
        zone: zone(row),
        day_from: row.time("day_from"),
        day_to: row.time("day_to"),
        working_days: working_days(row),
        terms: Vec::new(),
        closed: Vec::new(),
    };
    row.clause();
    if calendar.day_to <= calendar.day_from && row.has("day_from") && row.has("day_to") {
        row.error("day_to", "The working day ends before it begins.", "Make `day_to` later than `day_from`.");
    }
    calendar
}

fn zone(row: &mut Row<'_>) -> TimeZone {
    let name = row.text("zone");
    if name.is_empty() {
        return TimeZone::UTC;
    }
    TimeZoneDatabase::bundled().get(&name).unwrap_or_else(|_| {
        row.error("zone", format!("`{name}` is not a time zone."), "Write a name such as `Europe/London`.");
        TimeZone::UTC
    })
}

fn working_days(row: &mut Row<'_>) -> Vec<Weekday> {
    let names = row.words("working_days", &DAYS.map(|(name, _)| name));
    if names.is_empty() {
        row.error(
            "working_days",
            "The calendar has no working day, so no deadline could ever fall due.",
            "List the days in `working_days`.",
        );
    }
    DAYS.iter().filter(|(name, _)| names.iter().any(|day| day == name)).map(|(_, day)| *day).collect()
}

fn term(mut row: Row<'_>) -> Term {
    let term = Term { name: row.text("name"), from: row.date("from"), to: row.date("to") };
    if term.to < term.from {
        row.error("to", format!("Term `{}` ends before it begins.", term.name), "Mend `from` or `to`.");
    }
    row.finish();
    term
}

fn closed(mut row: Row<'_>) -> Closed {
    let closed = Closed { name: row.text("name"), on: row.date("on") };
    row.finish();
    closed
}

fn clock(mut row: Row<'_>) -> ClockRule {
    let clock = ClockRule {
        id: row.define(Kind::Clock, ""),
        title: row.text("title"),
        every: row.span_maybe("every"),
        clause: row.clause(),
    };
    row.finish();
    clock
}
