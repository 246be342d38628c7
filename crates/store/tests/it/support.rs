//! Invented people, cases and moments for the tests.

use casework::access::machine;
use casework::audit::NewEntry;
use casework::{CaseState, Permit, Source};
use jiff::{SignedDuration, Timestamp};
use store::cases::{Case, Member, Place};
use store::people::Person;
use store::sessions::Session;
use store::{Store, Unit, Viewer};

/// Monday 5 January 2026, nine o'clock, and so many seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-01-05T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) fn person(id: &str) -> Person {
    Person {
        id: id.to_owned(),
        name: format!("Person {id}"),
        username: format!("{id}@college.test"),
        population: "staff".to_owned(),
        born: Some("1990-02-03".parse().unwrap()),
        flags: vec!["at-risk".to_owned()],
        site: "main".to_owned(),
        email: format!("{id}@college.test"),
        posts: vec![],
        disabled: false,
        password_hash: None,
        created_at: at(0),
    }
}

pub(crate) fn session(id: &str, person: &str) -> Session {
    Session {
        id: id.to_owned(),
        token_hash: store::vault::token_hash(id),
        person: person.to_owned(),
        csrf: "csrf".to_owned(),
        created_at: at(0),
        seen_at: at(0),
        ended_at: None,
        door: None,
        pass: None,
    }
}

pub(crate) fn token(person: &str) -> [u8; 32] {
    store::vault::token_hash(person)
}

pub(crate) fn viewer(person: &str) -> Viewer {
    Viewer { person: person.to_owned(), token: token(person) }
}

pub(crate) fn permit(case: &str) -> Permit {
    machine("clock", case)
}

/// An unassessed case about one person.
pub(crate) fn case(id: &str, about: &str) -> Case {
    Case {
        id: id.to_owned(),
        reference: format!("ref-{id}"),
        procedure: "prevent".to_owned(),
        theme: Some("extremism".to_owned()),
        grade: Some("high".to_owned()),
        state: CaseState::Unassessed,
        source: Source::Alert,
        pack_digest: "a".repeat(64),
        subject_token: Some(token(about)),
        about: "learner".to_owned(),
        owner_post: "lead".to_owned(),
        owner_person: Some("lead".to_owned()),
        opened_at: at(0),
        acknowledge_due_at: Some(at(3600)),
        acknowledged_at: None,
        acknowledged_by: None,
        escalations: 0,
        hits: 1,
        last_hit_at: Some(at(0)),
        revision: 1,
        public_key: [7; 32],
        closed_at: None,
        outcome: None,
        emergency_at: None,
        group_key: Some(store::cases::group_key(&token(about), "extremism")),
        search: format!("ref-{id} Prevent"),
    }
}

/// Keeps a case that the lead and the deputy have a place in.
pub(crate) async fn open_case(store: &Store, id: &str, about: &str) -> Case {
    let case = case(id, about);
    let mut unit = store.begin().await.unwrap();
    store::cases::insert(&mut unit, &permit(id), &case).await.unwrap();
    for (person, place) in [("lead", Place::Owner), ("deputy", Place::Next)] {
        let member = Member { person: person.to_owned(), post: "safeguarding".to_owned(), place, since: at(0) };
        store::cases::add_member(&mut unit, &permit(id), id, &member).await.unwrap();
    }
    unit.commit().await.unwrap();
    case
}

pub(crate) fn entry(action: &str, object: &str) -> NewEntry {
    NewEntry {
        at_us: at(0).as_microsecond(),
        actor: "lead".to_owned(),
        action: action.to_owned(),
        object: object.to_owned(),
        detail: "{\"step\":\"talk\"}".to_owned(),
        citation: "waes:7.1@abc".to_owned(),
        digests: vec!["ff".repeat(32)],
    }
}

/// Appends one entry in a unit of its own.
pub(crate) async fn append(store: &Store, new: NewEntry) -> casework::audit::Entry {
    let mut unit: Unit = store.begin().await.unwrap();
    store::audit::append(&mut unit, new);
    unit.commit().await.unwrap().remove(0)
}
