//! Attempts to get round the filter: counted by person and day, raised once, and never an accusation.

use actions::attempts;
use jiff::{SignedDuration, Timestamp};
use store::Store;
use store::activity::{self, Record};

use crate::world::{World, waes_files};

store::each_store!(
    m05_attempts_over_the_threshold_raise_one_low_alert_a_day,
    m05_what_a_program_tries_in_one_go_counts_once,
    m05_the_policy_says_the_threshold,
);

struct Tries<'w> {
    world: &'w World,
    number: i64,
}

impl Tries<'_> {
    /// A line that was not opened, so many minutes after nine in the morning.
    fn line(&mut self, person: &str, host: &str, code: &str, minutes: i64) -> Record {
        self.number += 1;
        let nine: Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
        Record {
            reference: format!("t{:08}", self.number),
            at: nine.checked_add(SignedDuration::from_secs(minutes * 60 / 10)).unwrap(),
            person: self.world.id(person),
            population: "learner".to_owned(),
            listener: "room 1".to_owned(),
            device: "10.0.0.7".to_owned(),
            method: "GET".to_owned(),
            scheme: "https".to_owned(),
            host: host.to_owned(),
            path: "/".to_owned(),
            search: String::new(),
            action: "block".to_owned(),
            codes: vec![code.to_owned()],
            rule: "category:around-the-filter".to_owned(),
            citation: "waes:7.1@abc".to_owned(),
            citation_text: "WAES 7.1".to_owned(),
            reason: "This site is a way round the filter.".to_owned(),
            list: String::new(),
            navigation: true,
            pack_digest: "a".repeat(64),
            lists_digest: "b".repeat(64),
            alert: None,
            how: "signed in at the gate".to_owned(),
            session: "s1".to_owned(),
        }
    }
}

async fn m05_attempts_over_the_threshold_raise_one_low_alert_a_day(store: Store) {
    let world = World::new(store).await;
    let mut tries = Tries { world: &world, number: 0 };
    // Twenty different ways round by one, nineteen by another.
    let mut rows: Vec<Record> =
        (0..20).map(|n| tries.line("amina", &format!("vpn{n}.test"), "proxy-avoidance", n)).collect();
    rows.extend((0..19).map(|n| tries.line("joe", &format!("vpn{n}.test"), "proxy-avoidance", n)));
    activity::insert_batch(&world.haven.store, "g1", world.now(), &rows).await.unwrap();
    assert_eq!(attempts::look(&world.haven).await.unwrap(), 1);
    assert_eq!(attempts::look(&world.haven).await.unwrap(), 0, "once a day");
    let more: Vec<Record> =
        (20..45).map(|n| tries.line("amina", &format!("vpn{n}.test"), "proxy-avoidance", n)).collect();
    activity::insert_batch(&world.haven.store, "g1", world.now(), &more).await.unwrap();
    assert_eq!(attempts::look(&world.haven).await.unwrap(), 0, "once a day, however many");

    // One unassessed case of low grade, that waits and mails nobody who leads cases.
    let lead = world.sign_in("lead").await;
    let references = world.references(&lead).await;
    assert_eq!(references.len(), 1);
    let view = actions::case::case(&world.haven, &lead, &references[0]).await.unwrap();
    assert_eq!(view.state, ::casework::CaseState::Unassessed);
    let alert = view.alert.unwrap();
    assert!(alert.reason.contains("Tried 20 times today"), "{}", alert.reason);
    // The Head of IT sees that it was, without the case.
    let it = world.sign_in("it").await;
    let seen = actions::filter_event::technical_alerts(&world.haven, &it, 1).await.unwrap();
    assert_eq!(seen.items.len(), 1);
    assert_eq!((seen.items[0].theme.as_str(), seen.items[0].grade.as_str()), (attempts::THEME, "low"));
}

async fn m05_what_a_program_tries_in_one_go_counts_once(store: Store) {
    let world = World::new(store).await;
    let mut tries = Tries { world: &world, number: 0 };
    let rows: Vec<Record> = (0..90).map(|n| tries.line("amina", "vpn.test", "proxy-avoidance", n)).collect();
    activity::insert_batch(&world.haven.store, "g1", world.now(), &rows).await.unwrap();
    let to = world.now();
    let from = to.checked_sub(SignedDuration::from_hours(12)).unwrap();
    let lines = activity::blocked_between(&world.haven.store, from, to, 1000).await.unwrap();
    assert_eq!(lines.len(), 90);
    let pack = world.haven.pack();
    assert_eq!(attempts::tally(&pack, &lines)[&world.id("amina")].attempts, 1, "nine minutes of one program");
    // Quick repeats of one closed site count as one attempt; a page now and then counts as none.
    let mut other = Tries { world: &world, number: 1000 };
    let quick: Vec<Record> = (0..6).map(|n| other.line("joe", "casino.test", "gambling", n)).collect();
    let slow: Vec<Record> = (0..6).map(|n| other.line("guest", "casino.test", "gambling", n * 50)).collect();
    let address = other.line("tara", "203.0.113.9", "", 1);
    let all: Vec<Record> = quick.into_iter().chain(slow).chain([address]).collect();
    activity::insert_batch(&world.haven.store, "g1", world.now(), &all).await.unwrap();
    let to = world.now();
    let lines = activity::blocked_between(&world.haven.store, from, to, 1000).await.unwrap();
    let counted = attempts::tally(&pack, &lines);
    assert_eq!(counted[&world.id("joe")].attempts, 1);
    assert_eq!(counted[&world.id("tara")].attempts, 1, "a bare address");
    assert!(!counted.contains_key(&world.id("guest")));
}

async fn m05_the_policy_says_the_threshold(store: Store) {
    let world = World::new(store).await;
    let mut files = waes_files();
    let filtering = files.get_mut("filtering.toml").unwrap();
    *filtering = filtering.replacen(
        "[inspection]",
        "[attempts]\nthreshold = 3\nprocedure = \"filter-alert\"\nstaff_procedure = \"staff-concern\"\nclause = \"7.1\"\n\n[inspection]",
        1,
    );
    let pack = policy::read::read(&files).pack.unwrap();
    actions::shelf::put_in_force(&world.haven, std::sync::Arc::new(pack), &files, "test").await.unwrap();
    let mut tries = Tries { world: &world, number: 0 };
    let rows: Vec<Record> =
        (0..3).map(|n| tries.line("amina", &format!("vpn{n}.test"), "proxy-avoidance", n)).collect();
    activity::insert_batch(&world.haven.store, "g1", world.now(), &rows).await.unwrap();
    assert_eq!(attempts::look(&world.haven).await.unwrap(), 1);
}
