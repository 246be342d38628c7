//! The timetable of a site: class hours, lunch, exams and closed hours, at the minute (F10).

use std::sync::Arc;

use filter::decide::{NameAsker, name, request};
use filter::timetable::{Days, Kind, Row, Timetable};
use filter::{Facts, Snapshot};
use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use policy::{Action, When};

use crate::sample::{facts, pack, snapshot_of};

const ROOM: &str = "10.20.4.17";
const ELSEWHERE: &str = "10.20.9.1";

fn time(text: &str) -> Time {
    Time::strptime("%H:%M", text).unwrap()
}

fn row(name: &str, kind: Kind, from: &str, to: &str) -> Row {
    Row {
        name: name.to_owned(),
        kind,
        days: Days::Weekly(Vec::new()),
        from: time(from),
        to: time(to),
        networks: Vec::new(),
        groups: Vec::new(),
        sites: Vec::new(),
    }
}

fn by(rows: Vec<Row>) -> Snapshot {
    snapshot_of(pack(), Vec::new()).with_timetable(Arc::new(Timetable { rows }))
}

/// What a learner meets on a site of games, which the policy closes in class hours.
fn games(snapshot: &Snapshot, at: &str, device: &str) -> Action {
    ask(snapshot, "http://gamers.test/", at, device).0
}

fn ask(snapshot: &Snapshot, url: &str, at: &str, device: &str) -> (Action, String) {
    let at: Timestamp = at.parse().unwrap();
    let decision = request(snapshot, &Facts { at, device: device.to_owned(), ..facts("learner", url) });
    (decision.action, decision.rule)
}

fn told(snapshot: &Snapshot, at: &str, device: &str) -> String {
    let at: Timestamp = at.parse().unwrap();
    let facts = Facts { at, device: device.to_owned(), ..facts("learner", "http://gamers.test/") };
    snapshot.hour_told(&facts, "learner")
}

#[test]
fn f10_class_hours_are_those_of_the_timetable_to_the_minute_and_lunch_is_none_of_them() {
    let monday = Row { days: Days::Weekly(vec![Weekday::Monday]), ..row("Mondays", Kind::Class, "18:00", "20:00") };
    let rows =
        vec![row("Mornings", Kind::Class, "09:00", "12:30"), row("Lunch", Kind::Lunch, "11:00", "11:30"), monday];
    let snapshot = by(rows);
    // Wednesday 7 October 2026; London is an hour ahead.
    for (at, action) in [
        ("2026-10-07T07:59:59Z", Action::Allow),
        ("2026-10-07T08:00:00Z", Action::Block),
        ("2026-10-07T09:59:59Z", Action::Block),
        ("2026-10-07T10:00:00Z", Action::Allow),
        ("2026-10-07T10:30:00Z", Action::Block),
        ("2026-10-07T11:29:59Z", Action::Block),
        ("2026-10-07T11:30:00Z", Action::Allow),
        ("2026-10-07T17:30:00Z", Action::Allow),
        // A Monday evening, a Saturday, a day after the term.
        ("2026-10-05T17:30:00Z", Action::Block),
        ("2026-10-10T08:30:00Z", Action::Allow),
        ("2026-12-21T09:30:00Z", Action::Allow),
    ] {
        assert_eq!(games(&snapshot, at, ELSEWHERE), action, "{at}");
    }
    // Clocks go back on Sunday 25 October: on Monday nine o'clock is another moment.
    assert_eq!(games(&snapshot, "2026-10-26T08:30:00Z", ELSEWHERE), Action::Allow);
    assert_eq!(games(&snapshot, "2026-10-26T09:00:00Z", ELSEWHERE), Action::Block);
    assert!(
        told(&snapshot, "2026-10-07T08:30:00Z", "").contains("Class hours: timetable row \u{201c}Mornings\u{201d}")
    );
    assert!(told(&snapshot, "2026-10-07T10:15:00Z", "").contains("Lunch, outside class hours: timetable row"));
    assert!(told(&snapshot, "2026-10-07T15:00:00Z", "").contains("no row of the timetable says otherwise"));
    assert!(told(&snapshot, "2026-12-21T09:30:00Z", "").contains("no day of a term"));
}

#[test]
fn f10_bank_holidays_are_outside_class_hours_and_are_named() {
    let mut with = pack();
    with.calendar
        .closed
        .push(policy::clock::Closed { name: "Founders' Day".to_owned(), on: "2026-10-07".parse().unwrap() });
    let rows = vec![row("Mornings", Kind::Class, "09:00", "12:30")];
    let snapshot = snapshot_of(with, Vec::new()).with_timetable(Arc::new(Timetable { rows }));
    assert_eq!(games(&snapshot, "2026-10-07T09:00:00Z", ""), Action::Allow);
    assert!(told(&snapshot, "2026-10-07T09:00:00Z", "").contains("Founders' Day"));
}

#[test]
fn f10_without_rows_of_classes_the_hours_of_the_policy_count() {
    let snapshot = by(vec![row("Lunch", Kind::Lunch, "12:00", "13:00")]);
    assert_eq!(games(&snapshot, "2026-10-07T10:59:00Z", ""), Action::Block);
    assert_eq!(games(&snapshot, "2026-10-07T11:30:00Z", ""), Action::Allow);
    assert!(told(&snapshot, "2026-10-07T10:00:00Z", "").contains("the policy\u{2019}s calendar"));
    // Rows of one place say nothing about another.
    let here = vec!["10.20.4.0/24".parse().unwrap()];
    let snapshot = by(vec![Row { networks: here, ..row("Room 4", Kind::Class, "09:00", "10:00") }]);
    assert_eq!(games(&snapshot, "2026-10-07T10:00:00Z", ROOM), Action::Allow);
    assert_eq!(games(&snapshot, "2026-10-07T10:00:00Z", ELSEWHERE), Action::Block);
}

fn exam() -> Row {
    Row {
        days: Days::On("2026-10-10".parse().unwrap()),
        networks: vec!["10.20.4.0/24".parse().unwrap(), "fd00:4::/64".parse().unwrap()],
        sites: vec!["board.test/paper".to_owned()],
        ..row("Maths, room 4", Kind::Exam, "09:30", "11:30")
    }
}

#[test]
fn f10_in_an_exam_only_its_own_sites_open_in_its_room_and_its_time() {
    let mut cites = pack();
    cites.filtering.exam_clause = "2.2".to_owned();
    let snapshot = snapshot_of(cites, Vec::new()).with_timetable(Arc::new(Timetable { rows: vec![exam()] }));
    let during = "2026-10-10T09:00:00Z";
    for device in [ROOM, "fd00:4::7"] {
        assert_eq!(
            ask(&snapshot, "http://elsewhere.test/", during, device),
            (Action::Block, "exam:Maths, room 4".to_owned())
        );
        assert_eq!(ask(&snapshot, "http://board.test/paper/1", during, device).0, Action::Allow);
        assert_eq!(ask(&snapshot, "http://board.test/", during, device).0, Action::Block);
        assert_eq!(ask(&snapshot, "https://www.samaritans.org/", during, device).0, Action::Allow, "help (S-2)");
    }
    assert_eq!(ask(&snapshot, "http://elsewhere.test/", during, ELSEWHERE).0, Action::Allow);
    assert_eq!(ask(&snapshot, "http://elsewhere.test/", "2026-10-10T08:29:59Z", ROOM).0, Action::Allow);
    assert_eq!(ask(&snapshot, "http://elsewhere.test/", "2026-10-10T10:30:00Z", ROOM).0, Action::Allow, "it has ended");
    assert_eq!(ask(&snapshot, "http://elsewhere.test/", "2026-10-11T09:00:00Z", ROOM).0, Action::Allow);
    let decision = request(
        &snapshot,
        &Facts { at: during.parse().unwrap(), device: ROOM.to_owned(), ..facts("learner", "http://elsewhere.test/") },
    );
    assert_eq!(decision.citation.clause_id(), Some("2.2"));
    assert!(decision.reason.contains("Until 11:30am only its own sites open"), "{}", decision.reason);
    assert_eq!(snapshot.checked_sites(&decision.rule), ["board.test/paper"]);
    assert!(told(&snapshot, during, ROOM).starts_with("An exam: timetable row \u{201c}Maths, room 4\u{201d}"));
    // An exam on a Saturday is class time for rules that are bound to it.
    assert_eq!(games(&snapshot, during, ROOM), Action::Block);
    // Names that are asked for by DNS obey as well, where the room asks by it.
    let asker = |device: &str| NameAsker {
        at: during.parse().unwrap(),
        group: Some("learner"),
        device: Some(device.parse().unwrap()),
    };
    assert!(name(&snapshot, &asker(ROOM), "elsewhere.test").unwrap().closed);
    assert!(!name(&snapshot, &asker(ELSEWHERE), "elsewhere.test").unwrap().closed);
    assert!(!name(&snapshot, &asker(ROOM), "samaritans.org").unwrap().closed);
}

#[test]
fn f10_a_closed_hour_cuts_a_network_for_some_groups_only() {
    let guests = Row {
        networks: vec!["10.20.8.0/22".parse().unwrap()],
        groups: vec!["learner".to_owned()],
        ..row("Guest network in class", Kind::Closed, "09:00", "12:30")
    };
    let snapshot = by(vec![guests]);
    let at = "2026-10-07T09:00:00Z";
    assert_eq!(ask(&snapshot, "http://elsewhere.test/", at, "10.20.9.1").1, "closed:Guest network in class");
    assert_eq!(ask(&snapshot, "http://elsewhere.test/", at, ROOM).0, Action::Allow);
    let mut staff = facts("staff", "http://elsewhere.test/");
    staff.at = at.parse().unwrap();
    staff.device = "10.20.9.1".to_owned();
    assert_eq!(request(&snapshot, &staff).action, Action::Allow);
}

#[test]
fn f10_rules_can_be_bound_to_lunch_and_to_exams() {
    for (when, kind) in [(When::Lunch, Kind::Lunch), (When::Exam, Kind::Exam)] {
        let mut bound = pack();
        for rule in bound.filtering.rules.iter_mut().filter(|rule| rule.id == "games") {
            rule.when = when;
        }
        let rows = vec![Row {
            groups: vec!["learner".to_owned()],
            sites: vec!["gamers.test".to_owned()],
            ..row("Then", kind, "12:00", "13:00")
        }];
        let snapshot = snapshot_of(bound, Vec::new()).with_timetable(Arc::new(Timetable { rows }));
        assert_eq!(
            ask(&snapshot, "http://gamers.test/", "2026-10-07T11:30:00Z", ""),
            (Action::Block, "category:games".to_owned())
        );
        assert_eq!(ask(&snapshot, "http://gamers.test/", "2026-10-07T12:00:00Z", "").0, Action::Allow);
    }
}
