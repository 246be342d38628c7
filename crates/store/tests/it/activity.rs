//! Activity: chained batches, what they are searched for, and what retention leaves.

use store::activity::{self, EventQuery, Record};
use store::{Store, StoreError};

use crate::support::at;

store::each_store!(
    a_batch_is_chained_and_the_same_batch_is_kept_once,
    an_altered_record_shows_and_retention_leaves_the_chain_whole,
    d06_every_alteration_of_activity_is_named,
    invariant10_batches_cannot_be_changed_or_deleted,
    an_alert_waits_until_casework_has_taken_it,
    invariant11_nobody_finds_their_own_events,
    the_hour_around_an_alert_is_in_order,
    a_hostile_record_is_shortened_and_never_loses_its_batch,
    two_batches_of_one_gateway_at_once_leave_no_fork,
    m01_events_are_found_by_site_device_category_and_time,
    m06_what_was_not_opened_is_counted_without_the_person_who_looks,
    m06_what_nodes_counted_outlives_a_restart,
);

fn record(number: i64, person: &str) -> Record {
    Record {
        reference: format!("ref{number:06}"),
        at: at(number),
        person: person.to_owned(),
        population: "learner".to_owned(),
        listener: "classroom".to_owned(),
        device: "10.0.0.7".to_owned(),
        method: "GET".to_owned(),
        scheme: "https".to_owned(),
        host: format!("site{number}.test"),
        path: "/page".to_owned(),
        search: String::new(),
        action: if number % 2 == 0 { "allow" } else { "block" }.to_owned(),
        codes: vec!["games".to_owned()],
        rule: "category:games".to_owned(),
        citation: "waes:7.1@abc".to_owned(),
        citation_text: "WAES 7.1".to_owned(),
        reason: "Games are blocked in lessons.".to_owned(),
        list: "games site.test".to_owned(),
        navigation: true,
        pack_digest: "a".repeat(64),
        lists_digest: "b".repeat(64),
        alert: None,
        how: "signed in at the gate".to_owned(),
        session: "s1".to_owned(),
    }
}

fn records(numbers: std::ops::Range<i64>, person: &str) -> Vec<Record> {
    numbers.map(|number| record(number, person)).collect()
}

fn alert(number: i64, person: &str) -> Record {
    Record { alert: Some("{\"theme\":\"extremism\"}".to_owned()), ..record(number, person) }
}

async fn a_batch_is_chained_and_the_same_batch_is_kept_once(store: Store) {
    let first = activity::insert_batch(&store, "g1", at(0), &records(0..45, "p1")).await.unwrap();
    let second = activity::insert_batch(&store, "g1", at(1), &records(45..46, "p1")).await.unwrap();
    let other = activity::insert_batch(&store, "g2", at(1), &records(50..52, "p1")).await.unwrap();
    assert_eq!((first.seq, second.seq, other.seq), (1, 2, 1));
    let again = activity::insert_batch(&store, "g1", at(9), &records(0..45, "p1")).await.unwrap();
    assert_eq!(again, first, "an answer that got lost");
    let batches = activity::batches(&store, "g1", 1, 10).await.unwrap();
    assert_eq!((batches.len(), batches[1].prev, batches[0].record_digests.len()), (2, first.digest, 45));
    assert_eq!(activity::heads(&store).await.unwrap(), [second, other]);
    assert_eq!(walked(&store).await, Ok(2));
    assert_eq!(activity::by_reference(&store, "ref000044").await.unwrap(), Some(record(44, "p1")));
    assert!(matches!(activity::insert_batch(&store, "g1", at(0), &[]).await, Err(StoreError::Refused(_))));
}

async fn run(store: &Store, sql: &str) -> Result<(), StoreError> {
    store::testing::run_activity_sql(store, sql).await
}

/// Batches of the gateway, or what is wrong first, with what the audit chain says of them.
async fn walked(store: &Store) -> Result<i64, (i64, String)> {
    let mut anchors = activity::Anchors::default();
    for entry in store::audit::entries(store, 1, 1000).await.unwrap() {
        anchors.take(&entry);
    }
    let found = activity::verify(store, "g1", &anchors.batches, anchors.erased_before).await.unwrap();
    found.map(|walked| walked.batches).map_err(|fault| (fault.seq, fault.what))
}

async fn an_altered_record_shows_and_retention_leaves_the_chain_whole(store: Store) {
    activity::insert_batch(&store, "g1", at(3), &records(0..3, "p1")).await.unwrap();
    activity::insert_batch(&store, "g1", at(6), &records(3..6, "p1")).await.unwrap();
    assert!(activity::any_before(&store, at(5)).await.unwrap());
    activity::say_erased(&store, at(5), at(9), "").await.unwrap();
    assert_eq!(activity::erase_some(&store, at(5), 2).await.unwrap(), 2);
    assert_eq!(walked(&store).await, Ok(2), "whole in the middle of it");
    assert_eq!(activity::erase_some(&store, at(5), 2).await.unwrap(), 1);
    assert!(!activity::any_before(&store, at(5)).await.unwrap());
    assert_eq!(walked(&store).await, Ok(2));
    run(&store, "UPDATE records SET host = 'other.test' WHERE reference = 'ref000004'").await.unwrap();
    assert_eq!(walked(&store).await, Err((2, "one of its records was altered or added".to_owned())));
}

async fn d06_every_alteration_of_activity_is_named(store: Store) {
    activity::insert_batch(&store, "g1", at(3), &records(0..3, "p1")).await.unwrap();
    activity::insert_batch(&store, "g1", at(6), &records(3..6, "p1")).await.unwrap();
    assert!(activity::anchor(&store, at(7)).await.unwrap());
    assert!(!activity::anchor(&store, at(8)).await.unwrap(), "nothing is new");
    assert_eq!(walked(&store).await, Ok(2));
    store::testing::disarm(&store).await;
    for table in ["batches", "records"] {
        run(&store, &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await.unwrap();
    }
    let text =
        ["reference", "person", "population", "listener", "device", "method", "scheme", "host", "path", "search"];
    let more =
        ["action", "codes", "rule", "citation", "citation_text", "reason", "list", "pack_digest", "how", "found"];
    let rest = ["lists_digest", "session"];
    let of_records = text.iter().chain(&more).chain(&rest).map(|column| format!("{column} = {column} || 'x'"));
    let of_records = of_records
        .chain(["at = at + 1", "place = place + 9", "batch = batch + 1", "gateway = 'g9'"].map(str::to_owned));
    let of_records = of_records.chain(["navigation = CASE WHEN navigation THEN false ELSE true END".to_owned()]);
    let records = of_records.map(|set| format!("UPDATE records SET {set} WHERE reference = 'ref000005'"));
    let bytes = |hex: &str| if store.is_postgres() { format!("decode('{hex}', 'hex')") } else { format!("x'{hex}'") };
    let other = bytes(&"ab".repeat(32));
    let of_batches = ["at = at + 1", "records = records + 1", "first_reference = 'other'", "gateway = 'g9'", "seq = 7"];
    let of_batches = of_batches.map(str::to_owned).into_iter();
    let of_batches = of_batches.chain(["prev", "digest", "record_digests"].map(|column| format!("{column} = {other}")));
    let of_batches = of_batches.chain([format!("record_digests = {}", bytes("abcd"))]);
    let batches = of_batches.map(|set| format!("UPDATE batches SET {set} WHERE seq = 2"));
    let gone = [
        "DELETE FROM records WHERE reference = 'ref000005'",
        "DELETE FROM records WHERE reference = 'ref000000'",
        "DELETE FROM records",
        "DELETE FROM batches WHERE seq = 2",
        "DELETE FROM records WHERE batch = 2; DELETE FROM batches WHERE seq = 2",
        "DELETE FROM records; DELETE FROM batches",
    ];
    for sql in records.chain(batches).chain(gone.map(str::to_owned)) {
        run(&store, &sql).await.unwrap();
        assert!(walked(&store).await.is_err(), "not found: {sql}");
        for table in ["batches", "records"] {
            run(&store, &format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}")).await.unwrap();
        }
        assert_eq!(walked(&store).await, Ok(2), "mended after: {sql}");
    }
}

async fn invariant10_batches_cannot_be_changed_or_deleted(store: Store) {
    activity::insert_batch(&store, "g1", at(0), &records(0..1, "p1")).await.unwrap();
    for sql in ["UPDATE batches SET records = 9", "DELETE FROM batches"] {
        let refused = run(&store, sql).await.unwrap_err();
        assert!(matches!(refused, StoreError::AppendOnly(_)), "{sql}: {refused:?}");
    }
}

async fn an_alert_waits_until_casework_has_taken_it(store: Store) {
    let some = [alert(1, "p1"), record(2, "p1"), alert(3, "p2")];
    activity::insert_batch(&store, "g1", at(0), &some).await.unwrap();
    assert_eq!(activity::alerts_waiting(&store, 10).await.unwrap(), [alert(1, "p1"), alert(3, "p2")]);
    assert!(activity::alert_taken(&store, "ref000001", at(5)).await.unwrap());
    assert!(!activity::alert_taken(&store, "ref000001", at(6)).await.unwrap());
    assert!(!activity::alert_taken(&store, "ref000002", at(6)).await.unwrap());
    assert_eq!(activity::alerts_waiting(&store, 10).await.unwrap(), [alert(3, "p2")]);
    // A false alarm: the record is an ordinary one again, and the chain still holds.
    assert!(activity::alert_withdrawn(&store, "ref000001").await.unwrap());
    assert_eq!(activity::by_reference(&store, "ref000001").await.unwrap(), Some(record(1, "p1")));
    assert_eq!(walked(&store).await, Ok(1));
}

async fn invariant11_nobody_finds_their_own_events(store: Store) {
    let mut some = records(0..30, "p1");
    some.push(alert(30, "it"));
    activity::insert_batch(&store, "g1", at(0), &some).await.unwrap();
    let query = |text: &str, viewer: &str| EventQuery {
        text: text.to_owned(),
        not_person: viewer.to_owned(),
        page: 1,
        ..EventQuery::default()
    };
    let all = activity::search(&store, &query("", "it")).await.unwrap();
    assert_eq!((all.total, all.pages, all.items.len()), (30, 2, 25));
    assert_eq!(all.items[0].reference, "ref000029", "newest first");
    assert_eq!(activity::search(&store, &query("SITE30", "it")).await.unwrap().total, 0);
    assert_eq!(activity::search(&store, &query("site30", "other")).await.unwrap().total, 1);
    let blocked = EventQuery { action: Some("block".to_owned()), ..query("", "it") };
    assert_eq!(activity::search(&store, &blocked).await.unwrap().total, 15);
    let alerts = EventQuery { alerts_only: true, ..query("", "it") };
    assert_eq!(activity::search(&store, &alerts).await.unwrap().total, 0);
    assert_eq!(activity::last_alert(&store, "it").await.unwrap(), None);
    assert_eq!(activity::last_alert(&store, "p1").await.unwrap(), Some(at(30)));
}

async fn the_hour_around_an_alert_is_in_order(store: Store) {
    activity::insert_batch(&store, "g1", at(0), &records(0..10, "p1")).await.unwrap();
    activity::insert_batch(&store, "g2", at(0), &records(10..20, "p2")).await.unwrap();
    let found = activity::of_person_between(&store, "p1", at(3), at(6), 100).await.unwrap();
    assert_eq!(found, records(3..6, "p1"));
    assert_eq!(activity::of_person_between(&store, "p1", at(0), at(10), 4).await.unwrap().len(), 4);
}

async fn a_hostile_record_is_shortened_and_never_loses_its_batch(store: Store) {
    let mut hostile = record(1, "p1");
    hostile.path = format!("/\0{}", "ä".repeat(50_000));
    hostile.search = "x".repeat(5_000);
    hostile.codes = vec!["c".repeat(500); 50];
    activity::insert_batch(&store, "g1", at(0), &[record(0, "p1"), hostile]).await.unwrap();
    let kept = activity::by_reference(&store, "ref000001").await.unwrap().unwrap();
    assert_eq!((kept.path.chars().count(), kept.search.len()), (2000, 500));
    assert!(kept.path.starts_with("/\u{fffd}ä"));
    assert_eq!(walked(&store).await, Ok(1));
}

async fn two_batches_of_one_gateway_at_once_leave_no_fork(store: Store) {
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let some = records(number * 10..number * 10 + 10, "p1");
                loop {
                    match activity::insert_batch(&store, "g1", at(0), &some).await {
                        Ok(_) => return,
                        Err(error) => assert!(matches!(error, StoreError::Busy), "{error:?}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(walked(&store).await, Ok(10));
}

async fn m01_events_are_found_by_site_device_category_and_time(store: Store) {
    let mut all = records(0..6, "p1");
    all[1].device = "10.0.0.8".to_owned();
    all[2].codes = vec!["chat".to_owned(), "dating".to_owned()];
    all[3].navigation = false;
    all[4].host = "site1.test".to_owned();
    all.push(record(6, "p2"));
    activity::insert_batch(&store, "g1", at(9), &all).await.unwrap();
    let found = async |query: EventQuery| {
        let query = EventQuery { not_person: "it".to_owned(), page: 1, ..query };
        let found = activity::search(&store, &query).await.unwrap();
        assert_eq!(usize::try_from(found.total).unwrap(), found.items.len());
        found.items.into_iter().map(|record| record.reference).collect::<Vec<_>>()
    };
    let of = |text: &str| Some(text.to_owned());
    let any = EventQuery::default;
    assert_eq!(found(EventQuery { host: of("site1.test"), ..any() }).await, ["ref000004", "ref000001"]);
    assert_eq!(found(EventQuery { device: of("10.0.0.8"), ..any() }).await, ["ref000001"]);
    assert_eq!(found(EventQuery { code: of("dating"), ..any() }).await, ["ref000002"]);
    assert!(found(EventQuery { code: of("dat"), ..any() }).await.is_empty(), "a code is a whole word");
    assert_eq!(found(EventQuery { person: of("p2"), ..any() }).await, ["ref000006"]);
    let between = EventQuery { from: Some(at(1)), to: Some(at(4)), ..any() };
    assert_eq!(found(between.clone()).await, ["ref000003", "ref000002", "ref000001"]);
    assert_eq!(found(EventQuery { pages_only: true, ..between }).await, ["ref000002", "ref000001"]);
    let own = EventQuery { person: of("p2"), not_person: "p2".to_owned(), page: 1, ..any() };
    assert_eq!(activity::search(&store, &own).await.unwrap().total, 0, "nobody searches for themselves");
}

async fn m06_what_was_not_opened_is_counted_without_the_person_who_looks(store: Store) {
    let mut all = records(0..8, "p1");
    for record in &mut all {
        record.host = "casino.test".to_owned();
    }
    all[7].person = "it".to_owned();
    all[5].host = "other.test".to_owned();
    all[5].codes = vec!["games".to_owned(), "chat".to_owned()];
    all[3].navigation = false;
    activity::insert_batch(&store, "g1", at(9), &all).await.unwrap();
    // 1, 3, 5 and 7 were not opened; 3 is no page, and 7 is of the person who looks.
    let sites = activity::blocked_sites(&store, "it", at(0), at(20), 10).await.unwrap();
    assert_eq!(sites, [("casino.test".to_owned(), 1), ("other.test".to_owned(), 1)]);
    let codes = activity::blocked_codes(&store, "nobody", at(0), at(20)).await.unwrap();
    assert_eq!(codes[0], (vec!["games".to_owned()], 2));
    assert_eq!(codes.len(), 2);
    assert!(activity::blocked_sites(&store, "it", at(8), at(20), 10).await.unwrap().is_empty());
}

async fn m06_what_nodes_counted_outlives_a_restart(store: Store) {
    use store::nodes::{self, Hour, Node};
    let hour = |run: i64, count: u64| Hour {
        node: "g1".to_owned(),
        run: at(run),
        hour: at(0),
        numbers: [("decided".to_owned(), count)].into(),
    };
    let node = |started: i64, now: i64| Node {
        node: "g1".to_owned(),
        started_at: at(started),
        at: at(now),
        about: "{}".to_owned(),
    };
    nodes::tell(&store, &node(0, 1)).await.unwrap();
    nodes::count(&store, &hour(0, 4)).await.unwrap();
    nodes::count(&store, &hour(0, 7)).await.unwrap();
    nodes::tell(&store, &node(5, 6)).await.unwrap();
    nodes::count(&store, &hour(5, 2)).await.unwrap();
    let counted: Vec<u64> =
        nodes::hours_since(&store, at(0)).await.unwrap().iter().map(|hour| hour.numbers["decided"]).collect();
    assert_eq!(counted, [7, 2], "a new run takes nothing from the one before");
    assert_eq!(nodes::all(&store).await.unwrap(), [node(5, 6)]);
    assert!(nodes::size_bytes(&store).await.unwrap() > 0);
    nodes::drop_before(&store, at(6)).await.unwrap();
    assert!(nodes::hours_since(&store, at(0)).await.unwrap().is_empty());
    assert_eq!(nodes::all(&store).await.unwrap().len(), 1);
}
