//! Activity: whose it is asked for and why, and how long it is kept.

use actions::filter_event::{AskName, EventQuery};
use actions::person_events::{AskPerson, events_of};
use actions::{ActionError, retention};
use jiff::{SignedDuration, Timestamp};
use store::Store;
use store::activity::{self, Record};

use crate::world::{World, waes_files};

store::each_store!(
    m01_a_persons_activity_is_shown_for_a_purpose_and_never_their_own,
    d01_activity_is_deleted_after_the_time_that_the_policy_says_and_the_record_stays_whole,
    d01_without_a_length_in_the_policy_nothing_is_deleted,
);

fn record(number: i64, person: &str, at: Timestamp) -> Record {
    Record {
        reference: format!("ref{number:06}"),
        at,
        person: person.to_owned(),
        population: "learner".to_owned(),
        listener: "room 1".to_owned(),
        device: "10.0.0.7".to_owned(),
        method: "GET".to_owned(),
        scheme: "https".to_owned(),
        host: format!("site{number}.test"),
        path: "/page".to_owned(),
        search: String::new(),
        action: "allow".to_owned(),
        codes: vec![],
        rule: "default".to_owned(),
        citation: "waes:7.1@abc".to_owned(),
        citation_text: "WAES 7.1".to_owned(),
        reason: String::new(),
        list: String::new(),
        navigation: true,
        pack_digest: "a".repeat(64),
        lists_digest: "b".repeat(64),
        alert: None,
        how: "signed in at the gate".to_owned(),
        session: "s1".to_owned(),
    }
}

async fn m01_a_persons_activity_is_shown_for_a_purpose_and_never_their_own(store: Store) {
    let world = World::new(store).await;
    let now = world.haven.now();
    let (amina, it) = (world.id("amina"), world.id("it"));
    let rows = [record(1, &amina, now), record(2, &it, now), record(3, &world.id("joe"), now)];
    activity::insert_batch(&world.haven.store, "g1", now, &rows).await.unwrap();
    let session = world.sign_in("it").await;
    let asked = |who: &str, purpose: &str| AskPerson {
        who: who.to_owned(),
        why: AskName { purpose: purpose.to_owned(), ticket: "INC-1".to_owned() },
        which: EventQuery { page: 1, ..EventQuery::default() },
    };
    let found = events_of(&world.haven, &session, &asked("Amina LEARNER", "safe")).await.unwrap();
    assert_eq!((found.username.as_str(), found.found.items.len()), ("amina", 1));
    assert_eq!(found.found.items[0].host, "site1.test");
    // Each look is an entry, with its purpose, about that person.
    let entries = store::audit::entries(&world.haven.store, 1, 10_000).await.unwrap();
    let looks: Vec<_> = entries.iter().filter(|entry| entry.new.action == "activity.person").collect();
    assert_eq!(looks.len(), 1);
    assert!(looks[0].new.object == amina && looks[0].new.detail.contains("safe") && looks[0].new.actor == it);
    // Without a purpose nothing is shown, and nothing was looked at.
    for (who, purpose) in [("amina", ""), ("amina", "curious"), ("it", "safe"), ("nobody-here", "safe"), ("", "safe")] {
        let refused = events_of(&world.haven, &session, &asked(who, purpose)).await.unwrap_err();
        assert!(matches!(refused, ActionError::Fault(_)), "{who} {purpose}: {refused}");
    }
    let own = events_of(&world.haven, &session, &asked("it", "safe")).await.unwrap_err();
    let nobody = events_of(&world.haven, &session, &asked("nobody-here", "safe")).await.unwrap_err();
    assert_eq!(format!("{own:?}"), format!("{nobody:?}"), "oneself is answered as nobody (invariant 11)");
    for post in ["tara", "principal", "hr"] {
        let session = world.sign_in(post).await;
        assert!(events_of(&world.haven, &session, &asked("amina", "safe")).await.is_err(), "{post}");
    }
}

/// The college's policy with a length at the clock of activity.
pub(crate) async fn with_length(world: &World, every: &str) {
    let mut files = waes_files();
    let clocks = files.get_mut("clocks.toml").unwrap();
    let line = "id = \"retention-activity\"\n";
    assert!(clocks.contains(line));
    *clocks = clocks.replace(line, &format!("{line}every = \"{every}\"\n"));
    let pack = policy::read::read(&files).pack.unwrap();
    actions::shelf::put_in_force(&world.haven, std::sync::Arc::new(pack), &files, "test").await.unwrap();
}

/// Records kept, or what is wrong first.
async fn verified(world: &World) -> Result<u64, String> {
    let mut anchors = activity::Anchors::default();
    for entry in store::audit::entries(&world.haven.store, 1, 10_000).await.unwrap() {
        anchors.take(&entry);
    }
    let found = activity::verify(&world.haven.store, "g1", &anchors.batches, anchors.erased_before).await.unwrap();
    found.map(|walked| walked.records).map_err(|fault| fault.what)
}

async fn go_on() -> bool {
    true
}

async fn d01_activity_is_deleted_after_the_time_that_the_policy_says_and_the_record_stays_whole(store: Store) {
    let world = World::new(store).await;
    let store = &world.haven.store;
    let now = world.haven.now();
    let days_ago = |days: i64| now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap();
    let amina = world.id("amina");
    let old: Vec<Record> = (0..1200).map(|number| record(number, &amina, days_ago(40))).collect();
    for batch in old.chunks(400) {
        activity::insert_batch(store, "g1", days_ago(40), batch).await.unwrap();
    }
    let mut waits = record(5000, &amina, days_ago(39));
    waits.alert = Some("{}".to_owned());
    activity::insert_batch(store, "g1", days_ago(39), &[waits]).await.unwrap();
    let young: Vec<Record> = (6000..6003).map(|number| record(number, &amina, days_ago(3))).collect();
    activity::insert_batch(store, "g1", days_ago(3), &young).await.unwrap();
    assert!(activity::anchor(store, now).await.unwrap());
    with_length(&world, "30 days").await;

    // One transaction at a time: somebody can end the run in between, and it goes on another time.
    assert_eq!(retention::erase(&world.haven, || async { false }).await.unwrap(), 500);
    assert_eq!(verified(&world).await, Ok(704), "green in the middle of a run");
    assert_eq!(retention::erase(&world.haven, go_on).await.unwrap(), 700);
    assert_eq!(verified(&world).await, Ok(4), "the young ones, and the alert that nobody took over yet");
    assert!(activity::by_reference(store, "ref000007").await.unwrap().is_none());
    assert!(activity::by_reference(store, "ref005000").await.unwrap().is_some());
    assert_eq!(retention::erase(&world.haven, go_on).await.unwrap(), 0, "a run without work writes no entry");
    let entries = store::audit::entries(store, 1, 10_000).await.unwrap();
    let of = |action: &str| entries.iter().filter(|entry| entry.new.action == action).cloned().collect::<Vec<_>>();
    let (said, done) = (of("activity.erased"), of("activity.erasure"));
    assert_eq!((said.len(), done.len()), (2, 2));
    assert!(said.iter().chain(&done).all(|entry| entry.new.citation.contains(":7.5.1.p5@")), "{said:?}");
    assert!(done[1].new.detail.contains("700"));

    // What retention may not take is missed at once.
    store::testing::run_activity_sql(store, "DELETE FROM records WHERE reference = 'ref006001'").await.unwrap();
    assert!(verified(&world).await.unwrap_err().contains("one of its records is missing"));
}

async fn d01_without_a_length_in_the_policy_nothing_is_deleted(store: Store) {
    let world = World::new(store).await;
    let now = world.haven.now();
    let long_ago = now.checked_sub(SignedDuration::from_hours(24 * 4000)).unwrap();
    let rows = [record(1, &world.id("amina"), long_ago)];
    activity::insert_batch(&world.haven.store, "g1", long_ago, &rows).await.unwrap();
    assert_eq!(retention::erase(&world.haven, go_on).await.unwrap(), 0);
    assert!(activity::by_reference(&world.haven.store, "ref000001").await.unwrap().is_some());
    // A length that would leave no time to look at an alert is not obeyed to the letter.
    with_length(&world, "1 day").await;
    let pack = world.haven.pack();
    let bound = retention::bound(&pack, now).unwrap();
    assert!(now.duration_since(bound.before) >= SignedDuration::from_hours(24 * 7), "{bound:?}");
}
