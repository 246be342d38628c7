//! C04: due times follow the organisation's working hours, closed days and zone.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday, date, time};
use jiff::tz::TimeZoneDatabase;
use policy::clock::{Closed, SPAN_LIMIT, Term};
use policy::{Calendar, Span, human_due, human_moment};
use proptest::prelude::*;

fn calendar() -> Calendar {
    Calendar {
        zone: TimeZoneDatabase::bundled().get("Europe/London").unwrap(),
        day_from: time(8, 30, 0, 0),
        day_to: time(17, 30, 0, 0),
        working_days: vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday],
        terms: vec![Term { name: "Autumn".to_owned(), from: date(2026, 9, 7), to: date(2026, 12, 18) }],
        closed: vec![
            Closed { name: "Christmas Day".to_owned(), on: date(2026, 12, 25) },
            Closed { name: "Boxing Day (in lieu)".to_owned(), on: date(2026, 12, 28) },
        ],
    }
}

/// A local moment of London, `2026-11-20 16:30`.
fn at(text: &str) -> Timestamp {
    let local: jiff::civil::DateTime = text.parse().unwrap();
    local.to_zoned(calendar().zone).unwrap().timestamp()
}

fn due(from: &str, span: &str) -> String {
    let due = calendar().due(at(from), Span::parse(span).unwrap());
    due.to_zoned(calendar().zone).strftime("%a %Y-%m-%d %H:%M").to_string()
}

#[test]
fn spans_are_read_and_written_as_policies_write_them() {
    for text in ["1 minute", "20 minutes", "1 hour", "2 working hours", "1 working day", "3 days", "12 months"] {
        assert_eq!(Span::parse(text).unwrap().to_string(), text);
    }
    for text in [
        "",
        "soon",
        "0 days",
        "-1 days",
        "1.5 hours",
        "2 working",
        "working day",
        "2 working months",
        "3 weeks",
        "3 days ago",
    ] {
        assert_eq!(Span::parse(text), None, "{text}");
    }
    assert_eq!(Span::parse(&format!("{SPAN_LIMIT} days")), Some(Span::Days(SPAN_LIMIT)));
    assert_eq!(Span::parse(&format!("{} days", SPAN_LIMIT + 1)), None);
}

#[test]
fn c04_working_hours_pass_only_while_the_organisation_is_open() {
    assert_eq!(due("2026-11-20 10:00", "2 working hours"), "Fri 2026-11-20 12:00");
    assert_eq!(due("2026-11-20 16:30", "2 working hours"), "Mon 2026-11-23 09:30");
    assert_eq!(due("2026-11-20 15:30", "2 working hours"), "Fri 2026-11-20 17:30");
    assert_eq!(due("2026-11-20 07:00", "1 working hour"), "Fri 2026-11-20 09:30");
    assert_eq!(due("2026-11-20 23:59", "1 working hour"), "Mon 2026-11-23 09:30");
    assert_eq!(due("2026-11-20 10:00", "20 working hours"), "Tue 2026-11-24 12:00");
}

#[test]
fn c04_a_span_that_starts_on_saturday_starts_at_the_next_opening() {
    assert_eq!(due("2026-11-21 12:00", "1 working hour"), "Mon 2026-11-23 09:30");
    assert_eq!(due("2026-11-21 12:00", "1 working day"), "Mon 2026-11-23 17:30");
    assert_eq!(due("2026-11-22 23:59", "1 working day"), "Mon 2026-11-23 17:30");
    assert_eq!(due("2026-11-23 00:01", "1 working day"), "Mon 2026-11-23 17:30");
    assert_eq!(due("2026-11-23 09:00", "1 working day"), "Tue 2026-11-24 17:30");
    assert_eq!(due("2026-11-23 20:00", "1 working day"), "Tue 2026-11-24 17:30");
}

#[test]
fn c04_bank_holidays_do_not_count() {
    assert_eq!(due("2026-12-24 16:30", "2 working hours"), "Tue 2026-12-29 09:30");
    assert_eq!(due("2026-12-24 10:00", "1 working day"), "Tue 2026-12-29 17:30");
    assert_eq!(due("2026-12-25 10:00", "2 working days"), "Wed 2026-12-30 17:30");
    assert_eq!(due("2026-12-24 10:00", "2 days"), "Sat 2026-12-26 10:00");
}

#[test]
fn c04_a_day_keeps_its_hour_when_the_clocks_change() {
    // London springs forward in the night to 28 March 2027 and falls back in the night to 25 October 2026.
    assert_eq!(due("2027-03-27 12:00", "1 day"), "Sun 2027-03-28 12:00");
    assert_eq!(due("2027-03-27 12:00", "24 hours"), "Sun 2027-03-28 13:00");
    assert_eq!(due("2026-10-24 12:00", "24 hours"), "Sun 2026-10-25 11:00");
    assert_eq!(due("2027-03-26 17:00", "1 working hour"), "Mon 2027-03-29 09:00");
    assert_eq!(due("2027-01-31 12:00", "1 month"), "Sun 2027-02-28 12:00");
}

#[test]
fn a_calendar_that_never_opens_still_gives_an_end() {
    let mut shut = calendar();
    shut.working_days.clear();
    let from = at("2026-11-20 10:00");
    for span in [Span::WorkingDays(3), Span::WorkingHours(3)] {
        assert!(shut.due(from, span) > from, "{span}");
    }
}

#[test]
fn f10_classes_run_in_term_on_working_days_in_working_hours() {
    let calendar = calendar();
    for (moment, expected) in [
        ("2026-11-20 08:30", true),
        ("2026-11-20 08:29", false),
        ("2026-11-20 17:29", true),
        ("2026-11-20 17:30", false),
        ("2026-11-21 10:00", false),
        ("2026-12-18 10:00", true),
        ("2026-12-21 10:00", false),
        ("2026-09-04 10:00", false),
    ] {
        assert_eq!(calendar.is_class_time(at(moment)), expected, "{moment}");
    }
}

#[test]
fn deadlines_are_said_as_people_say_them() {
    let calendar = calendar();
    let said = |now: &str, due: &str| human_due(&calendar, at(now), at(due));
    assert_eq!(said("2026-11-20 10:00", "2026-11-20 17:00"), "today by 5pm");
    assert_eq!(said("2026-11-20 10:00", "2026-11-20 17:30"), "today by 5:30pm");
    assert_eq!(said("2026-11-20 10:00", "2026-11-20 12:00"), "today by midday");
    assert_eq!(said("2026-11-20 23:59", "2026-11-21 09:05"), "tomorrow by 9:05am");
    assert_eq!(said("2026-11-20 10:00", "2026-11-22 00:00"), "Sunday 22 November, midnight");
    assert_eq!(said("2026-11-20 10:00", "2026-11-24 15:15"), "Tuesday 24 November, 3:15pm");
    assert_eq!(said("2026-12-30 10:00", "2027-01-05 00:30"), "Tuesday 5 January 2027, 12:30am");
    assert_eq!(said("2026-11-20 10:00", "2026-11-20 10:00"), "today by 10am");
    assert_eq!(said("2026-11-20 12:30", "2026-11-20 10:00"), "2 hours late");
    assert_eq!(said("2026-11-20 11:00", "2026-11-20 10:00"), "1 hour late");
    assert_eq!(said("2026-11-20 10:59", "2026-11-20 10:00"), "59 minutes late");
    assert_eq!(human_due(&calendar, at("2026-11-20 10:00:20"), at("2026-11-20 10:00")), "1 minute late");
    assert_eq!(said("2026-11-22 09:59", "2026-11-20 10:00"), "1 day late");
    assert_eq!(said("2026-11-30 10:00", "2026-11-20 10:00"), "10 days late");
    assert_eq!(human_moment(&calendar, at("2026-11-20 10:00"), at("2026-11-20 09:07")), "Friday 20 November, 9:07am");
}

fn spans() -> impl Strategy<Value = (fn(u32) -> Span, u32)> {
    let kinds: [fn(u32) -> Span; 6] =
        [Span::Minutes, Span::Hours, Span::Days, Span::Months, Span::WorkingHours, Span::WorkingDays];
    (prop::sample::select(kinds.to_vec()), 1..400_u32)
}

/// Seconds from 2026-01-01 to 2028-01-01.
fn moments() -> impl Strategy<Value = Timestamp> {
    (1_767_225_600..1_830_297_600_i64).prop_map(|second| Timestamp::from_second(second).unwrap())
}

proptest! {
    #[test]
    fn c04_nothing_is_due_before_it_begins((kind, number) in spans(), from in moments()) {
        prop_assert!(calendar().due(from, kind(number)) > from);
    }

    #[test]
    fn c04_a_longer_span_is_never_due_sooner((kind, number) in spans(), from in moments()) {
        let calendar = calendar();
        prop_assert!(calendar.due(from, kind(number)) <= calendar.due(from, kind(number + 1)));
    }

    #[test]
    fn c04_what_begins_later_is_never_due_sooner((kind, number) in spans(), from in moments(), wait_seconds in 0..900_000_i64) {
        let calendar = calendar();
        let span = kind(number);
        let later = Timestamp::from_second(from.as_second() + wait_seconds).unwrap();
        // A month from 30 and from 31 January is the same day, at the hour of each; an hour that the clocks leave out is
        // read as the next one.
        let slack_seconds = match span {
            Span::Months(_) => 25 * 3600,
            Span::Days(_) => 3600,
            _ => 0,
        };
        prop_assert!(calendar.due(from, span).as_second() <= calendar.due(later, span).as_second() + slack_seconds);
    }

    #[test]
    fn c04_working_time_ends_within_working_hours(number in 1..400_u32, from in moments()) {
        let calendar = calendar();
        for span in [Span::WorkingHours(number), Span::WorkingDays(number)] {
            let due = calendar.due(from, span).to_zoned(calendar.zone.clone());
            prop_assert!(calendar.is_working_day(due.date()), "{due}");
            let time: Time = due.time();
            prop_assert!(calendar.day_from < time && time <= calendar.day_to, "{due}");
        }
    }

    #[test]
    fn reading_a_span_never_fails_badly(text in "[ 0-9a-z]{0,24}") {
        if let Some(span) = Span::parse(&text) {
            prop_assert_eq!(Span::parse(&span.to_string()), Some(span));
        }
    }
}
