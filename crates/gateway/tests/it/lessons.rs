//! Lessons at the proxy's own socket: what opens, what the page says, and that open connections obey (F10).

use std::sync::Arc;

use filter::lesson::Lesson;
use jiff::{Timestamp, ToSpan};
use policy::Action;

use crate::client::{PAGE, PART, get, get_secure};
use crate::pack;
use crate::world::World;

fn begin(world: &World, sites: &[&str], until: Timestamp) {
    let lesson = Lesson {
        id: "l1".to_owned(),
        until,
        free_search: false,
        sites: sites.iter().map(|site| (*site).to_owned()).collect(),
        closed: Vec::new(),
        people: ["p1".to_owned()].into(),
        clause: "2".to_owned(),
    };
    *world.in_force.0.lock().unwrap() = Some(Arc::new(pack::snapshot().with_lessons(vec![lesson])));
}

fn soon(world: &World) -> Timestamp {
    use gateway::Moment as _;
    world.moment().now() + 30.minutes()
}

#[tokio::test]
async fn f10_in_a_lesson_the_proxy_opens_checked_sites_and_names_them_on_the_page() {
    let world = World::new().await;
    begin(&world, &["advice.test", "h1.test/notes"], soon(&world));
    assert_eq!(get(world.address, "http://advice.test/", PAGE).await.status, 200);
    let page = get(world.address, "http://site.test/", PAGE).await;
    assert_eq!(page.status, 403);
    let text = page.text();
    for wanted in
        ["not part of your lesson", "limited to checked sites until", "https://advice.test", "https://h1.test/notes"]
    {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("#ask") && !text.contains("#accident"), "only the tutor is asked: {text}");
    assert!(text.contains("http://haven.test/report"), "reporting is never away (S-2)");
    // Encrypted as well, once inside; help is open; what is closed anyway says why.
    let page = get_secure(world.address, &world.authority, "site.test", "/", PAGE).await;
    assert!(page.status == 403 && page.text().contains("not part of your lesson"));
    assert_eq!(get(world.address, "http://gamblersanonymous.org/", PAGE).await.status, 200);
    let closed = get(world.address, "http://casino-royal.test/", PAGE).await;
    assert!(closed.status == 403 && closed.text().contains("This page is blocked"));
    let records = world.records().await;
    let by_lesson: Vec<_> = records.iter().filter(|record| record.rule == "lesson:l1").collect();
    assert!(by_lesson.len() >= 2 && by_lesson.iter().all(|record| record.action == Action::Block));
    assert!(records.iter().all(|record| record.host != "gamblersanonymous.org"), "help stands in no record (S-3)");
}

#[tokio::test]
async fn f10_pictures_of_a_checked_page_come_along_over_tls() {
    let world = World::new().await;
    begin(&world, &["advice.test"], soon(&world));
    let part = |extra: &'static [(&'static str, &'static str)]| PART.iter().chain(extra).copied().collect::<Vec<_>>();
    let ask = async |headers: Vec<(&str, &str)>| {
        get_secure(world.address, &world.authority, "site.test", "/a.png", &headers).await.status
    };
    assert_eq!(ask(part(&[("referer", "https://advice.test/"), ("sec-fetch-dest", "image")])).await, 200);
    assert_eq!(ask(part(&[("referer", "https://advice.test/"), ("sec-fetch-dest", "iframe")])).await, 403);
    assert_eq!(ask(part(&[("referer", "https://advice.test/"), ("sec-fetch-dest", "document")])).await, 403);
    assert_eq!(ask(part(&[("referer", "https://other.test/"), ("sec-fetch-dest", "image")])).await, 403);
    assert_eq!(ask(part(&[])).await, 403);
    // A bank is never looked into, so nothing can be told of it, and it stays shut.
    let bank = get_secure(world.address, &world.authority, "bank.test", "/", PAGE).await;
    assert_eq!(bank.status, 403);
}

#[tokio::test]
async fn f10_a_lesson_ends_by_the_clock_without_any_news() {
    let world = World::new().await;
    begin(&world, &["advice.test"], soon(&world));
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 403);
    world.pass_minutes(31);
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200, "nobody told the gateway");
}

#[tokio::test]
async fn f10_an_open_connection_obeys_a_lesson_at_the_next_question() {
    let world = World::new().await;
    let (status, _, mut stream) = crate::client::tunnel(world.address, "bank.test:443").await;
    assert_eq!(status, 200);
    // A bank's tunnel is carried unread: it is asked about again and again while it is open.
    let hello = crate::client::believes(&world.practice, &[]);
    let name = rustls_pki_types::ServerName::try_from("bank.test").unwrap();
    let mut bank = tokio_rustls::TlsConnector::from(hello).connect(name, &mut stream).await.unwrap();
    begin(&world, &["advice.test"], soon(&world));
    let rest = crate::client::rest(&mut bank).await;
    assert!(rest.is_empty(), "it was closed: {rest}");
}
