//! Nobody known: the gate, the portal, help sites, and nothing kept about any of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use gateway::Identified;

use crate::client::{PAGE, PART, get, get_secure, over, raw, rest, tunnel};
use crate::world::{Plan, World, learner};

#[tokio::test]
async fn f11_a_page_leads_to_the_gate_and_knows_the_way_back() {
    let world = World::unknown().await;
    let reply = get(world.address, "http://site.test/a?b=c&d", PAGE).await;
    assert_eq!(reply.status, 302);
    assert_eq!(reply.header("location"), "http://haven.test/gate?to=http%3A%2F%2Fsite.test%2Fa%3Fb%3Dc%26d");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(world.website.seen().is_empty());
}

#[tokio::test]
async fn f11_a_form_that_meets_the_gate_is_not_posted_again() {
    let world = World::unknown().await;
    let stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let reply =
        over(stream, "POST", "http://site.test/form", &[("host", "site.test"), ("accept", "text/html")], "a=b").await;
    assert_eq!(reply.status, 303);
}

#[tokio::test]
async fn f11_what_is_not_a_page_gets_a_short_refusal_at_the_gate() {
    let world = World::unknown().await;
    let reply = get(world.address, "http://site.test/style.css", PART).await;
    assert_eq!(reply.status, 403);
    assert!(reply.body.len() < 200);
    assert!(world.website.seen().is_empty());
}

#[tokio::test]
async fn f11_https_meets_the_gate_without_any_contact_with_the_website() {
    let world = World::unknown().await;
    let reply = get_secure(world.address, &world.authority, "site.test", "/a?b=c", PAGE).await;
    assert_eq!(reply.status, 302);
    assert_eq!(reply.header("location"), "http://haven.test/gate?to=https%3A%2F%2Fsite.test%2Fa%3Fb%3Dc");
    let part = get_secure(world.address, &world.authority, "site.test", "/x.js", PART).await;
    assert_eq!(part.status, 403);
    assert!(world.website.seen().is_empty());
    assert!(world.website.greeted.lock().unwrap().is_empty(), "not even a greeting");
}

#[tokio::test]
async fn s6_while_nobody_new_can_be_known_the_gate_says_so() {
    let world = World::unknown().await;
    world.reception.cannot_ask.store(true, Ordering::SeqCst);
    let reply = get(world.address, "http://site.test/", PAGE).await;
    assert_eq!(reply.status, 503);
    for words in ["cannot check who you are", "nobody new can sign in", "call 999"] {
        assert!(reply.text().contains(words), "{words}: {}", reply.text());
    }
    let inside = get_secure(world.address, &world.authority, "site.test", "/", PAGE).await;
    assert_eq!(inside.status, 503);
    assert_eq!(get(world.address, "http://advice.test/", PAGE).await.status, 200, "help stays open (S-2)");
    assert!(world.website.seen().iter().all(|line| line.contains("advice.test")));
    *world.reception.who.lock().unwrap() = Identified::Person(learner());
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200, "who is known already goes on");
}

#[tokio::test]
async fn s4_nothing_is_recorded_at_the_gate() {
    let world = World::unknown().await;
    get(world.address, "http://casino-royal.test/", PAGE).await;
    get(world.address, "http://www.google.com/search?q=extremist+propaganda", PAGE).await;
    get_secure(world.address, &world.authority, "extremist-forum.test", "/", PAGE).await;
    tokio::time::sleep(Duration::from_millis(80)).await;
    let batch = world.sink.drain(100);
    assert!(batch.alerts.is_empty() && batch.records.is_empty());
    assert_eq!(batch.gated, 3, "only counted");
    assert_eq!(world.numbers().gated, 3);
}

#[tokio::test]
async fn s2_a_help_site_opens_at_the_gate_and_nothing_is_kept() {
    let world = World::unknown().await;
    let reply = get(world.address, "http://advice.test/", PAGE).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("hello from the website"));
    assert!(world.records().await.is_empty());
    assert_eq!(world.numbers().opened_at_gate, 1);
}

#[tokio::test]
async fn s2_a_help_site_over_https_is_carried_unopened_at_the_gate() {
    let world = World::unknown().await;
    let reply = get_secure(world.address, &world.practice, "advice.test", "/", PAGE).await;
    assert_eq!(reply.status, 200, "the client saw the website's own certificate");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn s2_a_help_site_on_a_gambling_list_opens_for_a_person_and_is_not_recorded() {
    let world = World::new().await;
    let plain = get(world.address, "http://gamblersanonymous.org/", PAGE).await;
    assert_eq!(plain.status, 200);
    let reply = get_secure(world.address, &world.practice, "gamblersanonymous.org", "/words", PAGE).await;
    assert_eq!(reply.status, 200, "carried unopened: the client saw the website's own certificate");
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn s2_a_help_site_opens_while_a_session_is_unproven() {
    let world = World::with(Plan { who: Identified::Unproven, ..Plan::default() }).await;
    assert_eq!(get(world.address, "http://advice.test/", PAGE).await.status, 200);
}

#[tokio::test]
async fn s6_an_unproven_session_must_show_its_cookie_again() {
    let world = World::with(Plan { who: Identified::Unproven, ..Plan::default() }).await;
    let reply = get(world.address, "http://site.test/a", PAGE).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("location")),
        (302, "http://haven.test/prove?to=http%3A%2F%2Fsite.test%2Fa")
    );
    let secure = get_secure(world.address, &world.authority, "site.test", "/a", PAGE).await;
    assert_eq!(secure.header("location"), "http://haven.test/prove?to=https%3A%2F%2Fsite.test%2Fa");
    let part = get(world.address, "http://site.test/a.css", PART).await;
    assert_eq!(part.status, 403);
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn f11_browsing_works_at_once_after_the_gate_even_before_memory_has_heard() {
    let world = World::unknown().await;
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 302);
    *world.reception.again.lock().unwrap() = Identified::Person(learner());
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200);
    assert_eq!(world.records().await.len(), 1);
}

#[tokio::test]
async fn f11_the_same_browser_goes_on_over_https_after_the_gate() {
    let world = World::unknown().await;
    assert_eq!(get_secure(world.address, &world.authority, "site.test", "/", PAGE).await.status, 302);
    *world.reception.who.lock().unwrap() = Identified::Person(learner());
    assert_eq!(get_secure(world.address, &world.authority, "site.test", "/", PAGE).await.status, 200);
}

#[tokio::test]
async fn s6_nobody_is_known_where_several_people_share_an_address() {
    let world = World::new().await;
    let reply = get(world.shared, "http://site.test/", PAGE).await;
    assert_eq!(reply.status, 302);
    assert_eq!(world.reception.asked.load(Ordering::SeqCst), 0, "not even asked");
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn s6_after_sign_out_the_next_request_on_the_same_connection_meets_the_gate() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    let config = crate::client::believes(&world.authority, &["http/1.1"]);
    let stream = crate::client::secure(stream, "site.test", config).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let ask = || {
        http::Request::get("/")
            .header("host", "site.test")
            .header("accept", "text/html")
            .body(http_body_util::Empty::<bytes::Bytes>::new())
            .unwrap()
    };
    let first = sender.send_request(ask()).await.unwrap();
    assert_eq!(first.status(), 200);
    http_body_util::BodyExt::collect(first.into_body()).await.unwrap();
    assert_eq!(world.records().await.len(), 1);
    world.sign_out();
    sender.ready().await.unwrap();
    assert_eq!(sender.send_request(ask()).await.unwrap().status(), 302);
    assert!(world.records().await.is_empty(), "nothing that the next person does carries her name");
}

#[tokio::test]
async fn s6_an_unread_tunnel_closes_when_its_person_leaves() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "bank.test:443").await;
    let config = crate::client::believes(&world.practice, &["http/1.1"]);
    let mut stream = crate::client::secure(stream, "bank.test", config).await.unwrap();
    world.sign_out();
    let said = tokio::time::timeout(Duration::from_secs(2), rest(&mut stream)).await.unwrap();
    assert_eq!(said, "");
    assert_eq!(world.numbers().tunnels_closed, 1);
}

#[tokio::test]
async fn s6_the_first_and_the_last_connection_of_a_browser_are_told() {
    let world = World::new().await;
    let one = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let two = tokio::net::TcpStream::connect(world.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(*world.reception.connections.lock().unwrap(), [1]);
    drop(one);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(*world.reception.connections.lock().unwrap(), [1], "one is still open");
    drop(two);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(*world.reception.connections.lock().unwrap(), [1, 0]);
}

#[tokio::test]
async fn s6_an_open_tunnel_counts_as_an_open_connection() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "bank.test:443").await;
    let config = crate::client::believes(&world.practice, &["http/1.1"]);
    let stream = crate::client::secure(stream, "bank.test", config).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(*world.reception.connections.lock().unwrap(), [1]);
    drop(stream);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(*world.reception.connections.lock().unwrap(), [1, 0]);
}

#[tokio::test]
async fn s3_the_portal_is_reached_by_everybody_and_never_recorded() {
    for world in [World::unknown().await, World::new().await] {
        let plain = get(world.address, "http://haven.test/report?x=1", PAGE).await;
        assert_eq!(plain.text(), "portal plain haven.test /report?x=1");
        let secure = get_secure(world.address, &world.authority, "haven.test", "/report", PAGE).await;
        assert_eq!(secure.text(), "portal secure haven.test /report");
        let batch = world.sink.drain(100);
        assert!(batch.alerts.is_empty() && batch.records.is_empty() && batch.gated == 0);
        assert_eq!(world.reception.asked.load(Ordering::SeqCst), 0, "who it is was never asked");
    }
}

#[tokio::test]
async fn the_listener_itself_says_what_it_is() {
    let world = World::unknown().await;
    let answer = raw(world.address, b"GET / HTTP/1.1\r\nhost: 192.0.2.7:8080\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("http://haven.test/gate"), "{answer}");
    let portal = raw(world.address, b"GET /help HTTP/1.1\r\nhost: haven.test\r\nconnection: close\r\n\r\n").await;
    assert!(portal.contains("portal plain haven.test /help"), "{portal}");
}
