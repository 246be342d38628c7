//! The audit chain: only added to, without gaps, and last in every unit.

use casework::audit::Walk;
use store::{Store, StoreError, audit};

use crate::support::{append, at, entry, permit, person};

store::each_store!(
    invariant10_audit_rows_cannot_be_changed_or_deleted,
    invariant10_fifty_concurrent_appenders_give_a_gapless_chain,
    invariant10_an_entry_is_kept_only_with_the_change_it_records,
    a_chronology_is_read_with_a_permit_for_its_case,
);

async fn invariant10_audit_rows_cannot_be_changed_or_deleted(store: Store) {
    append(&store, entry("case.note", "c1")).await;
    for sql in [
        "UPDATE audit SET detail = '{}' WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 0",
    ] {
        let refused = store::testing::run_sql(&store, sql).await.unwrap_err();
        assert!(matches!(refused, StoreError::AppendOnly(_)), "{sql}: {refused:?}");
    }
    if store.is_postgres() {
        let refused = store::testing::run_sql(&store, "TRUNCATE audit").await.unwrap_err();
        assert!(matches!(refused, StoreError::AppendOnly(_)), "{refused:?}");
    }
    let mut kept = audit::entries(&store, 1, 10).await.unwrap().remove(0).new;
    assert!(kept.digests.pop().unwrap().starts_with("salt "), "the first entry vouches for the salt");
    assert_eq!(kept, entry("case.note", "c1"));
}

async fn invariant10_fifty_concurrent_appenders_give_a_gapless_chain(store: Store) {
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { append(&store, entry("case.note", &format!("c{number}"))).await.seq })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.push(task.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=50).collect::<Vec<i64>>());
    let mut walk = Walk::default();
    for entry in audit::entries(&store, 1, 100).await.unwrap() {
        walk.step(&entry).unwrap();
    }
    let head = audit::head(&store).await.unwrap();
    assert_eq!((head.seq, head.hash), (walk.last_seq(), walk.last_hash()));
    assert_eq!(audit::count(&store).await.unwrap(), 50);
}

async fn invariant10_an_entry_is_kept_only_with_the_change_it_records(store: Store) {
    let mut unit = store.begin().await.unwrap();
    audit::append(&mut unit, entry("person.add", "p1"));
    store::people::insert(&mut unit, &person("p1")).await.unwrap();
    drop(unit);
    assert_eq!(audit::head(&store).await.unwrap().seq, 0);
    assert_eq!(append(&store, entry("person.add", "p2")).await.seq, 1, "a dropped unit leaves no gap");
}

async fn a_chronology_is_read_with_a_permit_for_its_case(store: Store) {
    append(&store, entry("case.open", "c1")).await;
    append(&store, entry("case.open", "c2")).await;
    append(&store, entry("case.note", "c1")).await;
    let found = audit::of_object(&store, &permit("c1"), "c1").await.unwrap();
    assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(found[1].new.at_us, at(0).as_microsecond());
    assert!(matches!(audit::of_object(&store, &permit("c2"), "c1").await, Err(StoreError::WrongPermit)));
}
