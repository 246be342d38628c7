//! HTTPS opened by Haven: the website checked first, its requests judged, the client given one name and no more.

use std::time::Duration;

use policy::Action;

use crate::client::{PAGE, PART, believes, get_h2, get_secure, over, secure, tunnel};
use crate::world::World;

#[tokio::test]
async fn f13_an_allowed_site_loads_through_inspection_with_the_path_recorded() {
    let world = World::new().await;
    let reply = get_secure(world.address, &world.authority, "site.test", "/a?b=c", PAGE).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("hello from the website"));
    let records = world.records().await;
    assert_eq!(records.len(), 1, "the tunnel and its request are one record");
    assert_eq!((records[0].scheme.as_str(), records[0].path.as_str()), ("https", "/a"));
}

#[tokio::test]
async fn f13_http2_is_spoken_where_the_website_speaks_it() {
    let world = World::new().await;
    let replies =
        get_h2(world.address, &world.authority, "site.test", &["https://site.test/one", "https://site.test/two"]).await;
    assert!(replies.iter().all(|reply| reply.status == 200));
    assert_eq!(world.website.seen(), ["GET site.test /one HTTP/2.0", "GET site.test /two HTTP/2.0"]);
    assert_eq!(world.website.greeted.lock().unwrap().len(), 1, "one connection for both");
    assert_eq!(world.records().await.len(), 2);
}

#[tokio::test]
async fn f13_another_name_on_the_same_connection_is_sent_away() {
    let world = World::new().await;
    let replies = get_h2(
        world.address,
        &world.authority,
        "site.test",
        &["https://bank.test/", "https://site.test:444/", "https://site.test/"],
    )
    .await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses, [421, 421, 200]);
    let reply = get_secure(world.address, &world.authority, "site.test", "/", &[("host", "bank.test")]).await;
    assert_eq!(reply.status, 421, "by the host header as well");
    assert_eq!(world.website.seen().len(), 1);
    assert_eq!(world.numbers().misdirected, 3);
}

#[tokio::test]
async fn f02_a_blocked_https_site_shows_the_block_page_without_any_contact() {
    let world = World::new().await;
    let reply = get_secure(world.address, &world.authority, "casino-royal.test", "/", PAGE).await;
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("This page is blocked") && reply.text().contains("SMALL 2"));
    assert!(world.website.greeted.lock().unwrap().is_empty());
    let records = world.records().await;
    assert_eq!(records.len(), 1);
    assert!(records[0].navigation && records[0].path.is_empty());
    assert!(reply.text().contains(&records[0].reference));
    let part = get_secure(world.address, &world.authority, "casino-royal.test", "/a.js", PART).await;
    assert!(part.status == 403 && part.body.len() < 200);
}

#[tokio::test]
async fn f09_a_blocked_tunnel_with_a_trigger_raises_its_alert_at_once() {
    let world = World::new().await;
    let (status, _, _stream) = tunnel(world.address, "extremist-forum.test:443").await;
    assert_eq!(status, 200);
    let batch = world.sink.drain(10);
    assert_eq!(batch.alerts.len(), 1, "before the client has said a word inside");
    assert_eq!(batch.alerts[0].action, Action::Block);
}

#[tokio::test]
async fn f13_a_bank_is_carried_untouched_and_recorded_by_name_only() {
    let world = World::new().await;
    let reply = get_secure(world.address, &world.practice, "bank.test", "/my-account", PAGE).await;
    assert_eq!(reply.status, 200, "the client saw the bank's own certificate");
    let records = world.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].host.as_str(), records[0].path.as_str()), ("bank.test", ""));
}

#[tokio::test]
async fn f13_a_website_whose_certificate_is_not_right_is_never_opened() {
    let world = World::new().await;
    for host in ["wrong-name.test", "self-signed.test", "expired.test"] {
        let reply = get_secure(world.address, &world.authority, host, "/", PAGE).await;
        assert_eq!(reply.status, 502, "{host}");
        assert!(reply.text().contains("certificate is not right"), "{host}: {}", reply.text());
    }
    assert!(world.website.seen().is_empty(), "no request was sent");
    assert_eq!(world.numbers().upstream_certificate, 3);
}

#[tokio::test]
async fn f13_a_client_that_refuses_our_certificate_is_recorded_and_never_passed_by() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    // Believes the practice authority, and so not ours: a pinned app does the same.
    assert!(secure(stream, "site.test", believes(&world.practice, &["http/1.1"])).await.is_err());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.numbers().pinned_or_ca_missing, 1);
    let records = world.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].rule.as_str(), records[0].action), ("pinned-or-ca-missing", Action::Block));
    assert!(world.website.seen().is_empty(), "no request was sent");
}

#[tokio::test]
async fn f15_a_websocket_passes_inside_inspection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    let mut stream = secure(stream, "site.test", believes(&world.authority, &["http/1.1"])).await.unwrap();
    stream
        .write_all(b"GET /socket HTTP/1.1\r\nhost: site.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    stream.write_all(b"ping").await.unwrap();
    let mut echo = [0_u8; 4];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"ping");
}

#[tokio::test]
async fn f05_a_warned_https_site_opens_after_its_warning_was_read() {
    let world = World::new().await;
    let warning = get_secure(world.address, &world.authority, "dating.test", "/start", PAGE).await;
    assert_eq!(warning.status, 403);
    let page = warning.text();
    let link = page.split("href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let on = get_secure(world.address, &world.authority, "dating.test", &link, PAGE).await;
    assert_eq!((on.status.as_u16(), on.header("location")), (303, "/start"));
    assert_eq!(get_secure(world.address, &world.authority, "dating.test", "/start", PAGE).await.status, 200);
}

#[tokio::test]
async fn f13_a_certificate_for_an_address_carries_the_address() {
    // The address cannot be reached; that the client accepts the answer's certificate is what counts.
    let world = World::unknown().await;
    let (_, _, stream) = tunnel(world.address, "93.184.215.14:443").await;
    let stream = secure(stream, "93.184.215.14", believes(&world.authority, &["http/1.1"])).await.unwrap();
    assert_eq!(over(stream, "GET", "/", &[("host", "93.184.215.14"), ("accept", "text/html")], "").await.status, 302);
}

#[tokio::test]
async fn f13_a_trigger_inside_an_opened_tunnel_is_one_alert() {
    let world = World::new().await;
    let stricter = crate::pack::snapshot_with(|rules| {
        rules.replace("id = \"extremism\"\naction = \"block\"", "id = \"extremism\"\naction = \"watch\"")
    });
    *world.in_force.0.lock().unwrap() = Some(std::sync::Arc::new(stricter));
    let reply = get_secure(world.address, &world.authority, "extremist-forum.test", "/", PAGE).await;
    assert_eq!(reply.status, 200);
    tokio::time::sleep(Duration::from_millis(80)).await;
    let batch = world.sink.drain(10);
    assert_eq!((batch.alerts.len(), batch.records.len()), (1, 0));
    assert_eq!(batch.alerts[0].action, Action::Watch);
}
