//! What comes in broken, too large, too slow, or at a bad time: each gets a clear answer.

use std::time::Duration;

use gateway::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{PAGE, get, get_secure, raw, rest, tunnel};
use crate::world::{Plan, World};

#[tokio::test]
async fn f15_what_is_not_http_gets_a_400() {
    let world = World::new().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"GET http://site.test/ HTTP/9.9\r\n\r\n",
        b"GET http://site.test/ HTTP/1.1\r\nbad header\r\n\r\n",
    ] {
        let answer = raw(world.address, bytes).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{:?} -> {answer}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(world.numbers().malformed, 4);
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn f15_addresses_that_mean_nothing_get_a_400() {
    let world = World::new().await;
    for line in [
        "GET ftp://site.test/ HTTP/1.1",
        "GET https://site.test/ HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET http://a..b/ HTTP/1.1",
    ] {
        let answer =
            raw(world.address, format!("{line}\r\nhost: site.test\r\nconnection: close\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{line} -> {answer}");
    }
}

#[tokio::test]
async fn f15_a_request_for_two_hosts_gets_a_400() {
    let world = World::new().await;
    for hosts in ["host: site.test\r\nhost: other.test", "Host: site.test\r\nHOST: site.test"] {
        let asked = format!("GET http://site.test/ HTTP/1.1\r\n{hosts}\r\nconnection: close\r\n\r\n");
        let answer = raw(world.address, asked.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts} -> {answer}");
    }
}

#[tokio::test]
async fn f15_connect_to_nonsense_gets_a_400() {
    let world = World::new().await;
    for target in [
        "site.test",
        "site.test:0",
        "site.test:99999",
        "site.test:https",
        ":443",
        "http://site.test/",
        "/",
        "a b:443",
        "..:443",
    ] {
        let answer =
            raw(world.address, format!("CONNECT {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
                .await;
        assert!(answer.starts_with("HTTP/1.1 400"), "CONNECT {target} -> {answer}");
    }
}

#[tokio::test]
async fn f15_headers_of_one_megabyte_get_a_431_that_arrives() {
    let world = World::new().await;
    let mut bytes = b"GET http://site.test/ HTTP/1.1\r\nhost: site.test\r\n".to_vec();
    for number in 0..1024 {
        bytes.extend_from_slice(format!("x-{number}: {}\r\n", "a".repeat(1000)).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    let answer = raw(world.address, &bytes).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let mut one_line = b"GET http://site.test/ HTTP/1.1\r\nx: ".to_vec();
    one_line.extend_from_slice(&vec![b'a'; 1_000_000]);
    one_line.extend_from_slice(b"\r\n\r\n");
    assert!(raw(world.address, &one_line).await.starts_with("HTTP/1.1 431"));
    assert_eq!(world.numbers().head_too_large, 2);
    assert!(world.website.seen().is_empty());
}

#[tokio::test]
async fn f15_headers_of_one_megabyte_inside_inspection_get_a_431() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    let config = crate::client::believes(&world.authority, &["http/1.1"]);
    let mut stream = crate::client::secure(stream, "site.test", config).await.unwrap();
    let mut bytes = b"GET / HTTP/1.1\r\nhost: site.test\r\nx: ".to_vec();
    bytes.extend_from_slice(&vec![b'a'; 1_000_000]);
    let _ = stream.write_all(&bytes).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn f15_a_slow_head_is_not_waited_for() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(b"GET http://site.test/ HTTP/1.1\r\nhos").await.unwrap();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let _ = stream.write_all(b"t").await;
    }
    let ended = tokio::time::timeout(Duration::from_secs(1), rest(&mut stream)).await;
    assert_eq!(ended.unwrap(), "", "drop by drop does not help");
    assert_eq!(world.numbers().too_slow, 1);
}

#[tokio::test]
async fn a_silent_connection_between_requests_is_kept() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    stream.write_all(b"GET http://site.test/ HTTP/1.1\r\nhost: site.test\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(900)).await;
    stream.write_all(b"GET http://site.test/ HTTP/1.1\r\nhost: site.test\r\nconnection: close\r\n\r\n").await.unwrap();
    let answers = rest(&mut stream).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
}

#[tokio::test]
async fn f15_an_idle_connection_ends_after_its_limit() {
    let limits = Limits { idle: Duration::from_millis(300), ..Plan::default().limits };
    let world = World::with(Plan { limits, ..Plan::default() }).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(1), rest(&mut stream)).await;
    assert_eq!(ended.unwrap(), "");
}

#[tokio::test]
async fn f15_without_a_policy_nothing_is_opened_and_the_page_says_so() {
    let world = World::with(Plan { snapshot: None, ..Plan::default() }).await;
    let reply = get(world.address, "http://site.test/", PAGE).await;
    assert_eq!(reply.status, 503);
    assert!(reply.text().contains("no policy in force"));
    assert_eq!(tunnel(world.address, "site.test:443").await.0, 503);
    assert_eq!(get(world.address, "http://haven.test/report", PAGE).await.status, 200, "reporting works all the same");
    assert!(world.website.seen().is_empty());
    assert_eq!(world.numbers().no_snapshot, 2);
}

#[tokio::test]
async fn f15_a_website_that_does_not_answer_gets_a_plain_page() {
    let world = World::new().await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    {
        let mut named = world.house.named.lock().unwrap();
        for port in [80, 443] {
            named.insert(("closed.test".to_owned(), port), closed);
            named.insert(("silent.test".to_owned(), port), silent.local_addr().unwrap());
        }
    }
    let refused = get(world.address, "http://closed.test/", PAGE).await;
    assert_eq!(refused.status, 502);
    assert!(refused.text().contains("not answering"));
    assert_eq!(get_secure(world.address, &world.authority, "closed.test", "/", PAGE).await.status, 502);
    let late = get(world.address, "http://silent.test/", PAGE).await;
    assert_eq!(late.status, 504);
    assert!(late.text().contains("took too long"));
    let slow = get_secure(world.address, &world.authority, "site.test", "/slow", PAGE).await;
    assert_eq!(slow.status, 504);
    assert_eq!(world.records().await.len(), 4, "what was asked for is recorded, whatever came of it");
}

#[tokio::test]
async fn f15_a_long_upload_is_not_cut_off() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(b"POST http://site.test/upload HTTP/1.1\r\nhost: site.test\r\ncontent-length: 30\r\nconnection: close\r\n\r\n").await.unwrap();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stream.write_all(b"abcde").await.unwrap();
    }
    let answer = rest(&mut stream).await;
    assert!(answer.contains("got 30"), "{answer}");
}

#[tokio::test]
async fn f15_one_address_cannot_take_every_connection() {
    let limits = Limits { connections_per_address: 2, ..Plan::default().limits };
    let world = World::with(Plan { limits, ..Plan::default() }).await;
    let _one = TcpStream::connect(world.address).await.unwrap();
    let _two = TcpStream::connect(world.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut three = TcpStream::connect(world.address).await.unwrap();
    assert_eq!(rest(&mut three).await, "");
    assert_eq!(world.numbers().connections_refused, 1);
}

#[tokio::test]
async fn a_listener_that_cannot_open_is_said_in_one_sentence() {
    let world = World::new().await;
    let listener = gateway::Listener {
        name: "room".to_owned(),
        address: world.address,
        known_by: gateway::KnownBy::Address,
        tls: None,
    };
    let config = gateway::Config { listeners: vec![listener], ..gateway::Config::default() };
    let ports = gateway::Ports {
        snapshots: world.in_force.clone(),
        identity: world.reception.clone(),
        records: world.sink.clone(),
        portal: world.house.clone(),
        moment: std::sync::Arc::new(crate::world::Outside::default()),
    };
    let error = gateway::Gateway::bind(config, ports, world.authority.clone()).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("the listener room cannot open {}", world.address)), "{error}");
}
