//! Several people behind one address: each browser shows the pass of its sign-in, and nobody is taken for another (S-6).

use std::time::Duration;

use base64::Engine as _;
use filter::Person;
use gateway::Identified;
use tokio::net::TcpStream;

use crate::client::{PAGE, PART, believes, get, over, rest, secure, tunnel};
use crate::world::{World, learner};

/// What a browser sends once it was told a pass.
fn credentials(pass: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("haven:{pass}")))
}

/// A page that a person looks at, with a pass.
async fn show(world: &World, url: &str, pass: &str) -> crate::client::Reply {
    get(world.lab, url, &[PAGE[0], ("proxy-authorization", &credentials(pass))]).await
}

/// Two people who have signed in at the same address.
async fn two() -> World {
    let world = World::unknown().await;
    let person = |id: &str| Person { id: id.to_owned(), session: format!("s-{id}"), ..learner() };
    *world.reception.passes.lock().unwrap() =
        [("one", "p1"), ("two", "p2")].map(|(pass, id)| (pass.to_owned(), Identified::Person(person(id)))).into();
    world
}

#[tokio::test]
async fn f13_a_browser_is_asked_for_its_pass_at_one_place_and_nowhere_else() {
    let world = two().await;
    let gate = get(world.lab, "http://site.test/a", PAGE).await;
    assert_eq!(
        (gate.status.as_u16(), gate.header("location")),
        (302, "http://haven.test/gate?to=http%3A%2F%2Fsite.test%2Fa")
    );
    assert_eq!(get(world.lab, "http://advice.test/", PAGE).await.status, 200, "help is open without a pass (S-2)");
    assert_eq!(get(world.lab, "http://haven.test/report", PAGE).await.text(), "portal plain haven.test /report");
    assert_eq!(get(world.lab, "http://site.test/a.css", PART).await.status, 403, "a part of a page asks nobody");

    let asked = get(world.lab, "http://pass.haven.test/?to=http%3A%2F%2Fsite.test%2Fa", PAGE).await;
    assert_eq!(
        (asked.status.as_u16(), asked.header("proxy-authenticate")),
        (407, "Basic realm=\"Haven\", charset=\"UTF-8\"")
    );
    assert!(asked.text().contains("It is never your own password"), "{}", asked.text());
    let (status, head, _) = tunnel(world.lab, "pass.haven.test:443").await;
    assert_eq!(status, 407, "{head}");
    assert!(head.to_ascii_lowercase().contains("proxy-authenticate: basic"), "{head}");

    let onward = show(&world, "http://pass.haven.test/?to=http%3A%2F%2Fsite.test%2Fa", "one").await;
    assert_eq!((onward.status.as_u16(), onward.header("location")), (302, "http://site.test/a"));
    assert_eq!(show(&world, "http://pass.haven.test/", "one").await.status, 200);
    assert!(world.website.seen().iter().all(|line| line.contains("advice.test")));
    assert!(world.records().await.is_empty(), "nothing of this is recorded");
    // Where no pass is used, its host leads to the gate.
    assert_eq!(get(world.address, "http://pass.haven.test/", PAGE).await.header("location"), "http://haven.test/gate");
}

#[tokio::test]
async fn f13_two_people_at_one_address_are_told_apart_by_their_passes() {
    let world = two().await;
    for (pass, person) in [("one", "p1"), ("two", "p2")] {
        let reply = show(&world, "http://site.test/", pass).await;
        assert_eq!(reply.status, 200);
        let records = world.records().await;
        assert_eq!(records.iter().map(|record| record.person.id.as_str()).collect::<Vec<_>>(), [person]);
    }
}

#[tokio::test]
async fn s6_a_pass_never_goes_on_to_the_website() {
    let world = two().await;
    let seen = show(&world, "http://site.test/headers", "one").await.text();
    assert!(!seen.to_ascii_lowercase().contains("proxy-authorization") && !seen.contains("aGF2ZW46"), "{seen}");
    let help = show(&world, "http://advice.test/headers", "one").await.text();
    assert!(!help.to_ascii_lowercase().contains("proxy-authorization"), "{help}");
}

#[tokio::test]
async fn s6_an_ended_or_invented_pass_meets_the_gate_and_is_asked_for_again() {
    let world = two().await;
    world.reception.passes.lock().unwrap().remove("one");
    for pass in ["one", "invented"] {
        assert_eq!(
            show(&world, "http://site.test/", pass).await.header("location"),
            "http://haven.test/gate?to=http%3A%2F%2Fsite.test%2F"
        );
        let again = show(&world, "http://pass.haven.test/", pass).await;
        assert_eq!(again.status, 407, "the browser asks again, and forgets what it had");
        assert!(again.text().contains("not right"), "{}", again.text());
        assert_eq!(show(&world, "http://advice.test/", pass).await.status, 200, "help stays open (S-2)");
    }
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn s6_a_tunnel_is_its_persons_and_ends_with_the_pass() {
    let world = two().await;
    let shown = credentials("two");
    let mut stream = TcpStream::connect(world.lab).await.unwrap();
    let head = format!("CONNECT bank.test:443 HTTP/1.1\r\nhost: bank.test:443\r\nproxy-authorization: {shown}\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    let mut stream = secure(stream, "bank.test", believes(&world.practice, &["http/1.1"])).await.unwrap();
    world.reception.passes.lock().unwrap().clear();
    let said = tokio::time::timeout(Duration::from_secs(2), rest(&mut stream)).await.unwrap();
    assert_eq!((said.as_str(), world.numbers().tunnels_closed), ("", 1));
    assert_eq!(world.records().await.first().map(|record| record.person.id.clone()).as_deref(), Some("p2"));
}

#[tokio::test]
async fn s6_the_last_connection_that_showed_a_pass_is_told() {
    let world = two().await;
    let header = credentials("one");
    let open = async || {
        let stream = TcpStream::connect(world.lab).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, http_body_util::Empty<bytes::Bytes>>(
            hyper_util::rt::TokioIo::new(stream),
        )
        .await
        .unwrap();
        tokio::spawn(connection);
        let request =
            http::Request::get("http://site.test/").header("host", "site.test").header("proxy-authorization", &header);
        let reply = sender.send_request(request.body(http_body_util::Empty::new()).unwrap()).await.unwrap();
        http_body_util::BodyExt::collect(reply.into_body()).await.unwrap();
        sender
    };
    let gone = || world.reception.gone.lock().unwrap().clone();
    let (first, second) = (open().await, open().await);
    drop(first);
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert!(gone().is_empty(), "another connection is open");
    drop(second);
    for _ in 0..100 {
        if !gone().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(gone(), ["one"]);
}

#[tokio::test]
async fn f13_a_pass_travels_encrypted_to_the_proxy_itself() {
    let world = two().await;
    let dial = async || {
        let stream = TcpStream::connect(world.encrypted).await.unwrap();
        secure(stream, "proxy.test", believes(&world.authority, &["http/1.1"])).await.unwrap()
    };
    let header = credentials("two");
    let headers = [PAGE[0], ("host", "site.test"), ("proxy-authorization", header.as_str())];
    assert_eq!(over(dial().await, "GET", "http://site.test/", &headers, "").await.status, 200);
    assert_eq!(world.records().await.first().map(|record| record.person.id.clone()).as_deref(), Some("p2"));
    assert_eq!(
        over(dial().await, "GET", "http://site.test/", &headers[..2], "").await.status,
        302,
        "without it, the gate"
    );
    // Whoever speaks plainly there is not answered.
    let plain = crate::client::raw(world.encrypted, b"GET http://site.test/ HTTP/1.1\r\nhost: site.test\r\n\r\n").await;
    assert!(!plain.contains("HTTP/1.1"), "{plain}");
    assert_eq!(world.numbers().handshake_failed, 1);
}
