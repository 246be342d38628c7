//! Opening, migrating, and what the door refuses.

use std::os::unix::fs::PermissionsExt as _;

use store::testing::{places, sqlite};
use store::{Location, Store, StoreError, people, settings};

use crate::support::{at, person};

store::each_store!(
    a_unit_of_work_rolls_back_as_a_whole,
    nul_is_refused_before_it_reaches_the_database,
    texts_and_nulls_come_back_as_they_were,
    a_text_that_is_too_long_is_refused,
);

#[tokio::test]
async fn a_store_is_made_migrated_and_opened_again_without_change() {
    for place in places().await {
        let store = place.open().await;
        let mut unit = store.begin().await.unwrap();
        settings::put(&mut unit, "organisation", "Practice College").await.unwrap();
        unit.commit().await.unwrap();
        store.close().await;
        let again = place.open().await;
        again.ping().await.unwrap();
        assert_eq!(settings::get(&again, "organisation").await.unwrap().unwrap(), "Practice College");
        again.close().await;
        place.remove().await;
    }
}

#[tokio::test]
async fn two_nodes_may_open_a_fresh_store_at_the_same_moment() {
    for place in places().await {
        let (one, other) = tokio::join!(Store::open(&place.location), Store::open(&place.location));
        one.unwrap().close().await;
        other.unwrap().close().await;
        place.remove().await;
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    for place in places().await {
        let store = place.open().await;
        store::testing::run_sql(&store, "INSERT INTO versions (version, known) VALUES (900, 900)").await.unwrap();
        store.close().await;
        let refused = Store::open(&place.location).await.unwrap_err();
        assert!(matches!(refused, StoreError::Newer { found: 900, known } if known < 900), "{refused:?}");
        place.remove().await;
    }
}

#[tokio::test]
async fn sqlite_files_are_for_their_owner_only() {
    let place = sqlite();
    let store = place.open().await;
    let Location::Sqlite(folder) = &place.location else { panic!("not SQLite") };
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
        files += 1;
    }
    assert!(files >= 3);
    store.close().await;
}

#[tokio::test]
async fn a_folder_or_file_that_is_not_havens_is_refused_in_one_sentence() {
    let place = sqlite();
    let blocked = place.folder().join("file");
    std::fs::write(&blocked, "not a folder").unwrap();
    let refused = Store::open(&Location::Sqlite(blocked.join("data"))).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unreadable(_)), "{refused:?}");

    let folder = place.folder().join("other");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("haven.db"), "some other file, much longer than nothing, ".repeat(40)).unwrap();
    let refused = Store::open(&Location::Sqlite(folder)).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Unreadable(why) if why.contains("haven.db")), "{refused:?}");

    let refused = Store::open(&Location::Postgres("not an address".to_owned())).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unreadable(_)), "{refused:?}");
}

#[tokio::test]
async fn a_copy_for_a_backup_holds_the_data_and_never_the_keys() {
    let place = sqlite();
    let store = place.open().await;
    let mut unit = store.begin().await.unwrap();
    people::insert(&mut unit, &person("p1")).await.unwrap();
    unit.commit().await.unwrap();
    let folder = place.folder().join("backup");
    std::fs::create_dir(&folder).unwrap();
    store.copy_to(&folder).await.unwrap();
    assert!(!folder.join("keys.db").exists());
    assert_eq!(folder.join("haven.db").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(store.copy_to(&folder).await.is_err(), "a copy never overwrites another");
    let copy = Store::open(&Location::Sqlite(folder)).await.unwrap();
    assert!(people::by_id(&copy, "p1").await.unwrap().is_some());
    copy.close().await;
    store.close().await;
}

async fn a_unit_of_work_rolls_back_as_a_whole(store: Store) {
    let mut unit = store.begin().await.unwrap();
    people::insert(&mut unit, &person("p1")).await.unwrap();
    settings::put(&mut unit, "a", "b").await.unwrap();
    store::feed::add(&mut unit, "roster", "d1", at(0));
    assert!(people::by_id(&mut unit, "p1").await.unwrap().is_some(), "a unit sees its own changes");
    let refused = people::insert(&mut unit, &person("p1")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Duplicate(_)), "{refused:?}");
    drop(unit);
    assert!(people::by_id(&store, "p1").await.unwrap().is_none());
    assert_eq!(settings::get(&store, "a").await.unwrap(), None);
    assert_eq!(store::feed::last(&store).await.unwrap(), 0);
}

async fn nul_is_refused_before_it_reaches_the_database(store: Store) {
    let mut unit = store.begin().await.unwrap();
    let refused = settings::put(&mut unit, "name", "two\0words").await.unwrap_err();
    assert!(matches!(refused, StoreError::Nul));
    settings::put(&mut unit, "name", "two words").await.unwrap();
    unit.commit().await.unwrap();
}

async fn texts_and_nulls_come_back_as_they_were(store: Store) {
    let mut odd = person("p1");
    odd.name = "Zoë O'Brien \\ \"quoted\" % _ 🦦".to_owned();
    odd.born = None;
    odd.flags = vec![];
    odd.posts = vec!["deputy".to_owned(), "lead".to_owned()];
    let mut unit = store.begin().await.unwrap();
    people::insert(&mut unit, &odd).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(people::by_id(&store, "p1").await.unwrap().unwrap(), odd);
}

async fn a_text_that_is_too_long_is_refused(store: Store) {
    let mut unit = store.begin().await.unwrap();
    let mut long = person("p1");
    long.name = "n".repeat(201);
    let refused = people::insert(&mut unit, &long).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
}
