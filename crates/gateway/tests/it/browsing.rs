//! Plain HTTP through the proxy: allowed, blocked, warned, recorded.

use policy::Action;

use crate::client::{PAGE, PART, get, over};
use crate::world::World;

#[tokio::test]
async fn f01_an_allowed_site_loads_and_is_recorded() {
    let world = World::new().await;
    let reply = get(world.address, "http://site.test/a/b?c=d", PAGE).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("hello from the website"));
    assert_eq!(world.website.seen(), ["GET site.test /a/b?c=d HTTP/1.1"]);
    let records = world.records().await;
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!((record.host.as_str(), record.path.as_str(), record.action), ("site.test", "/a/b", Action::Allow));
    assert_eq!((record.person.id.as_str(), record.door.listener.as_str()), ("p1", "room"));
    assert!(record.navigation && record.alert.is_none());
    assert_eq!(record.reference.len(), 16);
}

#[tokio::test]
async fn f02_a_blocked_site_shows_the_block_page_and_is_never_contacted() {
    let world = World::new().await;
    let reply = get(world.address, "http://casino-royal.test/", PAGE).await;
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("This page is blocked"));
    assert!(reply.text().contains("SMALL 2"));
    assert!(world.website.seen().is_empty());
    let records = world.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].action, Action::Block);
    assert_eq!(records[0].citation_text, "SMALL 2");
    assert!(reply.text().contains(&records[0].reference), "the page shows the reference of its record");
}

#[tokio::test]
async fn f02_what_is_not_a_page_gets_a_short_answer() {
    let world = World::new().await;
    let reply = get(world.address, "http://casino-royal.test/picture.png", PART).await;
    assert_eq!(reply.status, 403);
    assert!(reply.body.len() < 200, "{}", reply.text());
    assert!(reply.header("content-type").starts_with("text/plain"));
    assert!(!world.records().await[0].navigation);
}

#[tokio::test]
async fn f09_a_search_with_a_trigger_raises_an_alert_before_the_website_is_asked() {
    let world = World::new().await;
    let reply = get(world.address, "http://www.google.com/search?q=extremist+propaganda", PAGE).await;
    assert_eq!(reply.status, 403);
    let batch = world.sink.drain(10);
    assert_eq!(batch.alerts.len(), 1, "the alert stands as soon as the answer does");
    let alert = batch.alerts[0].alert.as_ref().unwrap();
    assert_eq!((alert.trigger.as_str(), alert.theme.as_str()), ("prevent", "prevent"));
    assert_eq!(batch.alerts[0].search, "extremist propaganda");
    assert_eq!(batch.records.len(), 0, "one request is one record");
    let page = reply.text();
    assert!(
        page.contains("This search is blocked") && page.contains("Your search has words that our policy links with")
    );
    assert!(
        !page.contains("This site") && !page.contains("Ask for this site"),
        "google.com itself is not blamed: {page}"
    );
    assert!(page.contains("href=\"http://haven.test/report\""), "a report is not joined to the decision (S-3)");
}

#[tokio::test]
async fn f15_quic_is_not_advertised_and_hsts_is_kept() {
    let world = World::new().await;
    let reply = get(world.address, "http://site.test/old-ways", PAGE).await;
    assert_eq!(reply.header("alt-svc"), "");
    assert_eq!(reply.header("strict-transport-security"), "max-age=60");
}

#[tokio::test]
async fn f15_headers_for_the_proxy_do_not_reach_the_website() {
    let world = World::new().await;
    let headers = [
        ("proxy-authorization", "Basic eDp5"),
        ("proxy-connection", "keep-alive"),
        ("connection", "x-secret"),
        ("x-secret", "1"),
        ("accept-encoding", "gzip, dcb"),
        ("x-kept", "yes"),
    ];
    let text = get(world.address, "http://site.test/headers", &headers).await.text();
    assert!(!text.contains("proxy-") && !text.contains("x-secret"), "{text}");
    assert!(text.contains("x-kept: yes") && text.contains("accept-encoding: gzip") && !text.contains("dcb"), "{text}");
    assert!(text.contains("host: site.test"), "{text}");
}

#[tokio::test]
async fn a_form_is_passed_on_whole_and_nothing_of_it_is_recorded() {
    let world = World::new().await;
    let stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let reply = over(
        stream,
        "POST",
        "http://site.test/upload",
        &[("host", "site.test"), ("accept", "text/html")],
        "word=secret-in-a-form",
    )
    .await;
    assert_eq!(reply.text(), "got 21");
    let records = world.records().await;
    assert_eq!(records.len(), 1);
    assert!(!format!("{records:?}").contains("secret-in-a-form"));
}

#[tokio::test]
async fn f05_a_warned_site_opens_after_its_warning_was_read_for_this_person_only() {
    let world = World::new().await;
    let warning = get(world.address, "http://dating.test/start?a=1", PAGE).await;
    assert_eq!(warning.status, 403);
    assert!(warning.text().contains("Stop and think"), "{}", warning.text());
    assert!(world.website.seen().is_empty());
    let page = warning.text();
    let link =
        page.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let on = get(world.address, &format!("http://dating.test{link}"), PAGE).await;
    assert_eq!((on.status.as_u16(), on.header("location")), (303, "/start?a=1"));
    assert_eq!(get(world.address, "http://dating.test/start?a=1", PAGE).await.status, 200);

    let mut other = crate::world::learner();
    other.session = "s2".to_owned();
    *world.reception.who.lock().unwrap() = gateway::Identified::Person(other);
    assert_eq!(
        get(world.address, "http://dating.test/start", PAGE).await.status,
        403,
        "the next person is warned again"
    );
    let stolen = get(world.address, &format!("http://dating.test{link}"), PAGE).await;
    assert_eq!(stolen.status, 403, "a link that was used, or is somebody else's, opens nothing");
}

#[tokio::test]
async fn a_new_policy_holds_from_the_next_request_on_a_kept_connection() {
    let world = World::new().await;
    let stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let ask = || {
        http::Request::get("http://site.test/")
            .header("host", "site.test")
            .header("accept", "text/html")
            .body(http_body_util::Empty::<bytes::Bytes>::new())
            .unwrap()
    };
    let first = sender.send_request(ask()).await.unwrap();
    assert_eq!(first.status(), 200);
    http_body_util::BodyExt::collect(first.into_body()).await.unwrap();
    let stricter = crate::pack::snapshot_with(|rules| {
        rules.replace("\"casino-royal.test\",", "\"casino-royal.test\", \"site.test\",")
    });
    *world.in_force.0.lock().unwrap() = Some(std::sync::Arc::new(stricter));
    sender.ready().await.unwrap();
    assert_eq!(sender.send_request(ask()).await.unwrap().status(), 403);
}

#[tokio::test]
async fn f15_a_websocket_passes_and_closes_when_its_person_leaves() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::new().await;
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let head =
        "GET http://site.test/socket HTTP/1.1\r\nhost: site.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream.write_all(b"ping").await.unwrap();
    let mut echo = [0_u8; 4];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"ping");
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    stream.write_all(b"pong").await.unwrap();
    stream.read_exact(&mut echo).await.unwrap();
    world.sign_out();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(2), stream.read(&mut echo)).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "the socket closes when nobody is signed in any more");
    assert_eq!(world.numbers().tunnels_closed, 1);
}

#[tokio::test]
async fn the_gateway_stops_when_told_to() {
    let mut world = World::new().await;
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200);
    let idle = tokio::net::TcpStream::connect(world.address).await.unwrap();
    world.stop.cancel();
    let running = world.running.take().unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(4), running).await.unwrap().unwrap();
    drop(idle);
    assert!(tokio::net::TcpStream::connect(world.address).await.is_err(), "no new connection is taken");
}
