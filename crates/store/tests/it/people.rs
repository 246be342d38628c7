//! People, posts, sessions, doors, agreements, packs and failed sign-ins.

use std::net::IpAddr;

use store::agreements::{Signature, SignatureKind};
use store::packs::PackVersion;
use store::people::Person;
use store::sessions::Door;
use store::{Store, StoreError, Unit, agreements, limits, packs, people, sessions, settings};

use crate::support::{at, person, session};

store::each_store!(
    people_are_found_by_any_part_of_their_name_without_accents,
    a_post_is_held_only_by_people_who_may_sign_in,
    a_user_name_is_given_once,
    a_session_ends_once_and_its_idle_clock_only_moves_on,
    s6_a_door_has_one_live_session_and_a_new_one_ends_the_older_binding,
    s6_an_idle_session_ends_and_leaves_the_door,
    s4_a_notice_is_acknowledged_once_in_the_words_that_were_shown,
    invariant4_the_last_pack_in_force_stays_until_the_next,
    failed_sign_ins_are_counted_in_a_window,
    a_setting_is_changed_in_place,
);

async fn keep(store: &Store, people: &[Person]) {
    let mut unit = store.begin().await.unwrap();
    for person in people {
        people::insert(&mut unit, person).await.unwrap();
    }
    unit.commit().await.unwrap();
}

async fn unit(store: &Store) -> Unit {
    store.begin().await.unwrap()
}

async fn people_are_found_by_any_part_of_their_name_without_accents(store: Store) {
    let mut some: Vec<Person> = (0..30).map(|number| person(&format!("p{number:02}"))).collect();
    some[3].name = "Zoë Éclair".to_owned();
    some[4].name = "50% off".to_owned();
    keep(&store, &some).await;
    let found = people::all(&store, "zoe ecl", 1).await.unwrap();
    assert_eq!((found.items.len(), found.items[0].id.as_str()), (1, "p03"));
    assert_eq!(people::all(&store, "%", 1).await.unwrap().total, 1, "a percent sign is only itself");
    let second = people::all(&store, "", 2).await.unwrap();
    assert_eq!((second.items.len(), second.page, second.pages, second.total), (5, 2, 2, 30));
    assert_eq!(people::everyone(&store).await.unwrap().len(), 30);
}

async fn a_post_is_held_only_by_people_who_may_sign_in(store: Store) {
    let mut lead = person("lead");
    lead.posts = vec!["lead".to_owned()];
    let mut other = person("other");
    other.posts = vec!["lead".to_owned(), "tutor".to_owned()];
    keep(&store, &[lead.clone(), other.clone()]).await;
    assert_eq!(people::holders_of_post(&store, "lead").await.unwrap(), [lead, other.clone()]);
    let mut unit = unit(&store).await;
    assert!(people::set_disabled(&mut unit, "lead", true).await.unwrap());
    assert!(!people::set_disabled(&mut unit, "nobody", true).await.unwrap());
    people::set_posts(&mut unit, "other", &["tutor".to_owned()]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(people::holders_of_post(&store, "lead").await.unwrap(), []);
    assert_eq!(people::by_username(&store, &other.username).await.unwrap().unwrap().posts, ["tutor"]);
}

async fn a_user_name_is_given_once(store: Store) {
    let mut second = person("p2");
    second.username = person("p1").username;
    keep(&store, &[person("p1")]).await;
    let mut unit = unit(&store).await;
    let refused = people::insert(&mut unit, &second).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Duplicate(name) if name.contains("username")), "{refused:?}");
}

async fn a_session_ends_once_and_its_idle_clock_only_moves_on(store: Store) {
    keep(&store, &[person("p1")]).await;
    let mut unit = unit(&store).await;
    sessions::insert(&mut unit, &session("s1", "p1")).await.unwrap();
    unit.commit().await.unwrap();
    sessions::touch(&store, "s1", at(100)).await.unwrap();
    sessions::touch(&store, "s1", at(50)).await.unwrap();
    let found = sessions::by_token_hash(&store, &session("s1", "p1").token_hash).await.unwrap().unwrap();
    assert_eq!((found.seen_at, found.ended_at), (at(100), None));
    let mut unit = store.begin().await.unwrap();
    assert!(sessions::end(&mut unit, "s1", at(200)).await.unwrap());
    assert!(!sessions::end(&mut unit, "s1", at(300)).await.unwrap());
    unit.commit().await.unwrap();
    sessions::touch(&store, "s1", at(400)).await.unwrap();
    let found = sessions::by_id(&store, "s1").await.unwrap().unwrap();
    assert_eq!((found.seen_at, found.ended_at), (at(100), Some(at(200))));
}

fn door(address: &str) -> Door {
    Door { listener: "classroom".to_owned(), address: address.parse::<IpAddr>().unwrap() }
}

async fn two_sessions(store: &Store) {
    keep(store, &[person("p1"), person("p2")]).await;
    let mut unit = unit(store).await;
    sessions::insert(&mut unit, &session("s1", "p1")).await.unwrap();
    sessions::insert(&mut unit, &session("s2", "p2")).await.unwrap();
    assert!(sessions::bind_door(&mut unit, "s1", &door("10.0.0.7")).await.unwrap().is_empty());
    unit.commit().await.unwrap();
}

async fn s6_a_door_has_one_live_session_and_a_new_one_ends_the_older_binding(store: Store) {
    two_sessions(&store).await;
    let mut unit = unit(&store).await;
    assert_eq!(sessions::bind_door(&mut unit, "s2", &door("10.0.0.7")).await.unwrap(), ["s1"]);
    unit.commit().await.unwrap();
    assert_eq!(sessions::by_door(&store, &door("10.0.0.7")).await.unwrap().unwrap().person, "p2");
    assert_eq!(sessions::live_bound(&store).await.unwrap().len(), 1);
    assert_eq!(sessions::by_door(&store, &door("10.0.0.8")).await.unwrap(), None);
    let mut unit = store.begin().await.unwrap();
    assert!(sessions::release_door(&mut unit, "s2").await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(sessions::by_door(&store, &door("10.0.0.7")).await.unwrap(), None);
}

async fn s6_an_idle_session_ends_and_leaves_the_door(store: Store) {
    two_sessions(&store).await;
    sessions::touch(&store, "s2", at(800)).await.unwrap();
    let mut unit = unit(&store).await;
    assert_eq!(sessions::end_idle(&mut unit, at(1), at(901)).await.unwrap(), ["s1"]);
    let ended = sessions::bind_door(&mut unit, "s1", &door("10.0.0.9")).await.unwrap_err();
    assert!(matches!(ended, StoreError::Conflict), "an ended session gets no door: {ended:?}");
    unit.commit().await.unwrap();
    assert_eq!(sessions::by_door(&store, &door("10.0.0.7")).await.unwrap(), None);
    let mut unit = store.begin().await.unwrap();
    assert_eq!(sessions::end_all_of(&mut unit, "p2", at(902)).await.unwrap(), 1);
    unit.commit().await.unwrap();
}

async fn s4_a_notice_is_acknowledged_once_in_the_words_that_were_shown(store: Store) {
    keep(&store, &[person("p1")]).await;
    let notice = |digest: &str, seconds| Signature {
        person: "p1".to_owned(),
        agreement: "monitoring".to_owned(),
        version: "1".to_owned(),
        digest: digest.repeat(64),
        kind: SignatureKind::Notice,
        at: at(seconds),
    };
    let mut unit = unit(&store).await;
    assert!(agreements::sign(&mut unit, &notice("a", 1)).await.unwrap());
    assert!(!agreements::sign(&mut unit, &notice("a", 2)).await.unwrap());
    assert!(agreements::sign(&mut unit, &notice("b", 3)).await.unwrap(), "other words need another signature");
    unit.commit().await.unwrap();
    assert_eq!(agreements::of_person(&store, "p1").await.unwrap(), [notice("a", 1), notice("b", 3)]);
    assert_eq!(agreements::signed(&store, SignatureKind::AcceptableUse).await.unwrap(), []);
}

async fn invariant4_the_last_pack_in_force_stays_until_the_next(store: Store) {
    let pack = |digest: &str| PackVersion {
        digest: digest.repeat(64),
        pack: "waes".to_owned(),
        version: digest.to_owned(),
        files: "{\"pack.toml\":\"\"}".to_owned(),
        kept_at: at(0),
        kept_by: "principal".to_owned(),
    };
    assert_eq!(packs::in_force(&store).await.unwrap(), None);
    let mut first = unit(&store).await;
    assert!(packs::keep(&mut first, &pack("a")).await.unwrap());
    assert!(!packs::keep(&mut first, &pack("a")).await.unwrap());
    packs::keep(&mut first, &pack("b")).await.unwrap();
    packs::put_in_force(&mut first, &"a".repeat(64), at(1), "principal").await.unwrap();
    first.commit().await.unwrap();
    let mut second = unit(&store).await;
    let refused = packs::put_in_force(&mut second, &"c".repeat(64), at(2), "principal").await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "a pack that is not on the shelf: {refused:?}");
    drop(second);
    assert_eq!(packs::in_force(&store).await.unwrap().unwrap().digest, "a".repeat(64));
    let mut third = unit(&store).await;
    packs::put_in_force(&mut third, &"b".repeat(64), at(3), "principal").await.unwrap();
    third.commit().await.unwrap();
    assert_eq!(packs::in_force(&store).await.unwrap().unwrap().since, at(3));
    assert_eq!(packs::history(&store).await.unwrap().len(), 2);
    assert_eq!(packs::get(&store, &"a".repeat(64)).await.unwrap().unwrap(), pack("a"));
    assert_eq!(packs::shelf(&store).await.unwrap().len(), 2);
}

async fn failed_sign_ins_are_counted_in_a_window(store: Store) {
    let mut unit = unit(&store).await;
    for seconds in [0, 10, 10, 20] {
        limits::failed(&mut unit, "account:p1", at(seconds)).await.unwrap();
    }
    limits::failed(&mut unit, "address:10.0.0.7", at(20)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(limits::failures(&store, "account:p1", at(10)).await.unwrap(), 3);
    assert_eq!(limits::last_failure(&store, "account:p1").await.unwrap(), Some(at(20)));
    let mut unit = store.begin().await.unwrap();
    limits::clear(&mut unit, "account:p1").await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(limits::failures(&store, "account:p1", at(0)).await.unwrap(), 0);
    assert_eq!(limits::failures(&store, "address:10.0.0.7", at(0)).await.unwrap(), 1);
}

async fn a_setting_is_changed_in_place(store: Store) {
    let mut unit = unit(&store).await;
    settings::put(&mut unit, "clock", "0").await.unwrap();
    settings::put(&mut unit, "clock", "60").await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(settings::all(&store).await.unwrap(), [("clock".to_owned(), "60".to_owned())]);
}
