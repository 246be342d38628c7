//! Registered devices: what nobody can sign in at has a name, a group and an owner, and whatever is not registered stays shut (S-6).

use std::sync::Arc;
use std::time::Duration;

use filter::Snapshot;
use filter::device::{Devices, Registered};
use filter::lists::SealedIndex;
use gateway::{Identified, Record};
use jiff::civil::Date;

use crate::client::{PAGE, get, raw, rest, secure, send, tunnel};
use crate::pack;
use crate::world::{Plan, World, learner};

const NAME: &str = "Games consoles, common room";

fn registered(name: &str, range: &str, until: Option<Date>) -> Registered {
    Registered {
        name: name.to_owned(),
        networks: vec![range.parse().unwrap()],
        group: "learner".to_owned(),
        responsible: "head-of-it".to_owned(),
        clause: "2".to_owned(),
        until,
        reason: String::new(),
    }
}

fn snapshot(all: Vec<Registered>) -> Snapshot {
    pack::snapshot().with_devices(Arc::new(Devices { all }))
}

async fn world_of(all: Vec<Registered>) -> World {
    World::with(Plan { who: Identified::Unknown, snapshot: Some(snapshot(all)), ..Plan::default() }).await
}

async fn world() -> World {
    world_of(vec![registered(NAME, "127.0.0.1", None)]).await
}

/// It is about the device and about nobody.
fn is_of_nobody(record: &Record) {
    let person = &record.person;
    assert_eq!((person.id.as_str(), person.population.as_str()), ("", ""));
    assert_eq!(person.session, format!("device:{NAME}"));
    assert_eq!(
        person.how,
        "Registered as \u{201c}Games consoles, common room\u{201d}, with the rules of: Learners. Nobody has signed in there. \
         Head of IT answers for it (SMALL 2)."
    );
    assert_eq!((record.path.as_str(), record.search.as_str()), ("", ""), "what was looked at is not kept");
}

#[tokio::test]
async fn f13_a_registered_device_has_the_rules_of_its_group_and_is_recorded_by_its_name() {
    let world = world().await;
    for listener in [world.address, world.shared, world.lab, world.wifi] {
        assert_eq!(get(listener, "http://site.test/news?q=kittens", PAGE).await.status, 200);
        let records = world.records().await;
        assert_eq!(records.len(), 1);
        is_of_nobody(&records[0]);
        assert_eq!(records[0].host, "site.test");
    }
    let reply = get(world.shared, "http://casino-royal.test/", PAGE).await;
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("Gambling sites can take money"));
    let record = world.records().await.pop().unwrap();
    is_of_nobody(&record);
    assert_eq!((record.action, record.rule.as_str()), (policy::Action::Block, "category:gambling"));
    let numbers = world.numbers();
    assert_eq!((numbers.for_device, numbers.decided, numbers.gated), (5, 5, 0));
    assert!(world.denied.all().is_empty());
}

#[tokio::test]
async fn f13_a_tunnel_of_a_registered_device_is_decided_by_name_and_never_opened() {
    let world = world().await;
    let (status, _, stream) = tunnel(world.shared, "site.test:443").await;
    assert_eq!(status, 200);
    // The website's own certificate comes through: nothing was opened.
    let config = crate::client::believes(&world.practice, &["http/1.1"]);
    secure(stream, "site.test", config).await.unwrap();
    let record = world.records().await.pop().unwrap();
    is_of_nobody(&record);
    // Blocked by its name, before any contact.
    let (_, _, stream) = tunnel(world.shared, "casino-royal.test:443").await;
    let config = crate::client::believes(&world.authority, &["http/1.1"]);
    let stream = secure(stream, "casino-royal.test", config).await.unwrap();
    let reply = crate::client::over(stream, "GET", "/", &[PAGE[0], ("host", "casino-royal.test")], "").await;
    assert_eq!(reply.status, 403);
    assert_eq!(world.records().await.pop().unwrap().action, policy::Action::Block);
}

#[tokio::test]
async fn f13_a_person_who_signed_in_goes_before_what_is_registered() {
    let world = world().await;
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    let config = crate::client::believes(&world.practice, &["http/1.1"]);
    let mut stream = secure(stream, "site.test", config).await.unwrap();
    world.records().await;
    *world.reception.who.lock().unwrap() = Identified::Person(learner());
    assert_eq!(get(world.address, "http://site.test/news", PAGE).await.status, 200);
    // A tunnel is recorded when it ends, as what it was: the device's.
    let records = world.records().await;
    assert!(records.iter().all(|record| (record.path == "/news") == (record.person.id == "p1")), "{records:?}");
    assert!(records.iter().any(|record| record.person.id == "p1"));
    // What was opened while nobody was known does not go on under her hands.
    let closed = tokio::time::timeout(Duration::from_secs(10), rest(&mut stream)).await.unwrap();
    assert_eq!(closed, "");
    assert_eq!(world.numbers().tunnels_closed, 1);
    world.records().await;
    // Somebody who has closed the browser must prove their session: they are not the device.
    *world.reception.who.lock().unwrap() = Identified::Unproven;
    let reply = get(world.address, "http://site.test/", PAGE).await;
    assert_eq!(reply.status, 302);
    assert!(reply.header("location").starts_with("http://haven.test/prove"));
    assert!(world.records().await.is_empty());
    // When the session is over, it is the device again.
    world.sign_out();
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200);
    is_of_nobody(&world.records().await[0]);
}

#[tokio::test]
async fn f13_after_its_last_day_a_registered_device_is_unknown_again_also_in_an_open_tunnel() {
    let today = pack::snapshot().pack.calendar.day_of(gateway::Moment::now(&crate::world::Outside::default()));
    let world =
        world_of(vec![registered("The whole room", "127.0.0.0/16", None), registered(NAME, "127.0.0.1", Some(today))])
            .await;
    assert_eq!(get(world.shared, "http://site.test/", PAGE).await.status, 200);
    is_of_nobody(&world.records().await[0]);
    let (_, _, stream) = tunnel(world.shared, "bank.test:443").await;
    let config = crate::client::believes(&world.practice, &["http/1.1"]);
    let mut stream = secure(stream, "bank.test", config).await.unwrap();
    world.records().await;
    world.pass_minutes(25 * 60);
    let closed = tokio::time::timeout(Duration::from_secs(10), rest(&mut stream)).await.unwrap();
    assert_eq!(closed, "");
    world.records().await;
    assert_eq!(get(world.shared, "http://site.test/", PAGE).await.status, 302, "nor has it the rules of the room");
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn f13_the_closest_range_speaks() {
    let world =
        world_of(vec![registered(NAME, "127.0.0.0/28", None), registered("The whole room", "127.0.0.0/16", None)])
            .await;
    assert_eq!(get(world.shared, "http://site.test/", PAGE).await.status, 200);
    is_of_nobody(&world.records().await[0]);
}

#[tokio::test]
async fn f13_an_unregistered_device_meets_the_gate_and_is_seen_until_somebody_signs_in() {
    let world = world_of(vec![registered(NAME, "10.20.9.0/24", None)]).await;
    for _ in 0..3 {
        assert_eq!(get(world.address, "http://site.test/secret-page", PAGE).await.status, 302);
    }
    // Help opens and leaves no line, here as anywhere (S-3).
    assert_eq!(get(world.shared, "http://advice.test/", PAGE).await.status, 200);
    assert!(world.records().await.is_empty(), "what it asked for is not kept (S-4)");
    let denied = world.denied.all();
    assert_eq!(denied.len(), 1);
    assert_eq!((denied[0].door.listener.as_str(), denied[0].times), ("room", 3));
    assert_eq!(denied[0].door.address.to_string(), "127.0.0.1");
    *world.reception.who.lock().unwrap() = Identified::Person(learner());
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200);
    assert!(world.denied.all().is_empty(), "whoever signs in takes the line away");
}

#[tokio::test]
async fn f13_a_warning_closes_where_nobody_reads_it() {
    let world = world().await;
    let reply = get(world.shared, "http://dating.test/", PAGE).await;
    assert_eq!(reply.status, 403);
    assert!(!reply.text().contains("haven-go"), "nobody can say that they go on");
    assert_eq!(world.records().await[0].action, policy::Action::Block);
}

#[tokio::test]
async fn s4_what_is_sent_from_a_registered_device_is_not_read() {
    let world = world().await;
    let form = [PAGE[0], ("content-type", "application/x-www-form-urlencoded")];
    let words = "text=join+an+extremist+group+and+how+to+join+an+extremist+group";
    let at_device = send(world.shared, "POST", "http://site.test/post", &form, words).await;
    assert!(world.records().await.iter().all(|record| record.alert.is_none() && !record.rule.starts_with("sent")));
    // The same page opens with those words in its address: they are no search of anybody's there.
    let asked = get(world.shared, "http://search.test/search?q=join+extremist+group", PAGE).await;
    assert!(world.records().await.iter().all(|record| record.alert.is_none() && record.search.is_empty()));
    assert_eq!((at_device.status == 403, asked.status == 403), (false, false));
}

#[tokio::test]
async fn s9_a_sealed_address_is_closed_for_a_registered_device_and_told_of_nobody() {
    let files = vec![("licensed.txt".to_owned(), b"grimwald.test\n".to_vec())];
    let (sealed, _) = SealedIndex::read([7; 32], vec!["extremism".to_owned()], &files);
    let snapshot = snapshot(vec![registered(NAME, "127.0.0.1", None)]).with_sealed(vec![Arc::new(sealed)]);
    let world = World::with(Plan { who: Identified::Unknown, snapshot: Some(snapshot), ..Plan::default() }).await;
    assert_eq!(get(world.shared, "http://grimwald.test/deep?x=1", PAGE).await.status, 403);
    let record = world.records().await.pop().unwrap();
    assert_eq!((record.rule.as_str(), record.path.as_str()), ("sealed", "/deep?x=1"), "whole, to be sealed");
    assert_eq!((record.person.id.as_str(), record.person.session), ("", format!("device:{NAME}")));
    assert_eq!(record.alert.unwrap().seen, "an address on a sealed list");
}

#[tokio::test]
async fn f13_what_is_no_request_is_none_at_a_registered_device_either() {
    let world = world().await;
    assert!(raw(world.shared, b"HELLO\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    assert!(world.records().await.is_empty());
}
