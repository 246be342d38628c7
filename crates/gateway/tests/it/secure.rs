//! Encrypted connections through real sockets: HTTP/2 on both sides, WebSockets, earlier sessions, hidden names.

use std::sync::Arc;

use policy::Action;
use rustls::client::{EchConfig, EchGreaseConfig, EchMode};
use rustls::crypto::aws_lc_rs;
use rustls::crypto::hpke::Hpke;
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, EchConfigListBytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::client::{PAGE, believes, get_secure, open_h2, over, rest, secure, tunnel};
use crate::world::World;

#[tokio::test]
async fn f07_several_streams_of_one_connection_are_each_judged_and_recorded() {
    let world = World::new().await;
    let browser = open_h2(world.address, &world.authority, "site.test").await;
    let get = |path: &str| {
        let (browser, url) = (browser.clone(), format!("https://site.test{path}"));
        async move { browser.get(&url).await }
    };
    let (quiet, words, packed, old) = tokio::join!(get("/a"), get("/words"), get("/words-br"), get("/old-ways"));
    assert_eq!(
        [quiet.status, words.status, packed.status, old.status].map(|status| status.as_u16()),
        [200, 403, 403, 200]
    );
    assert!(words.text().contains("SMALL 2") && packed.text().contains("SMALL 2"), "a block page over HTTP/2");
    assert!(!old.headers.contains_key("alt-svc"), "another way past is not offered");
    assert_eq!(old.header("strict-transport-security"), "max-age=60");
    assert!(world.website.seen().iter().all(|line| line.ends_with("HTTP/2.0")), "{:?}", world.website.seen());
    assert_eq!(world.website.greeted.lock().unwrap().len(), 1, "one connection for all");
    let mut recorded: Vec<(String, Action)> =
        world.records().await.into_iter().map(|record| (record.path, record.action)).collect();
    recorded.sort_by(|one, other| one.0.cmp(&other.0));
    let expected =
        [("/a", Action::Allow), ("/old-ways", Action::Allow), ("/words", Action::Block), ("/words-br", Action::Block)];
    assert_eq!(recorded, expected.map(|(path, action)| (path.to_owned(), action)));
}

#[tokio::test]
async fn f07_a_website_without_http2_is_spoken_to_without_it() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "h1.test:443").await;
    let stream = secure(stream, "h1.test", believes(&world.authority, &["h2", "http/1.1"])).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]), "what is agreed there is agreed here");
    assert_eq!(over(stream, "GET", "/", &[("host", "h1.test")], "").await.status, 200);
    assert_eq!(world.website.seen(), ["GET h1.test / HTTP/1.1"]);
}

/// A frame of a browser, masked as browsers do it.
fn masked(kind: u8, text: &str) -> Vec<u8> {
    let mask = [1_u8, 2, 3, 4];
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    let mut frame = vec![0x80 | kind, 0x80 | length];
    frame.extend(mask);
    frame.extend(text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

async fn head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn ask_for_a_websocket<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, host: &str) -> String {
    let request = format!(
        "GET /socket HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    head(stream).await
}

#[tokio::test]
async fn f07_frames_of_a_websocket_flow_both_ways_and_it_is_one_record() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    let mut stream = secure(stream, "site.test", believes(&world.authority, &["http/1.1"])).await.unwrap();
    assert!(ask_for_a_websocket(&mut stream, "site.test").await.starts_with("HTTP/1.1 101"));
    for text in ["good morning", "what is the homework?", ""] {
        let frame = masked(1, text);
        stream.write_all(&frame).await.unwrap();
        let mut back = vec![0_u8; frame.len()];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(back, frame, "byte for byte");
    }
    drop(stream);
    let records = world.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].path.as_str(), records[0].action), ("/socket", Action::Allow));
}

#[tokio::test]
async fn f07_an_open_websocket_inside_inspection_obeys_a_new_policy() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    let mut stream = secure(stream, "site.test", believes(&world.authority, &["http/1.1"])).await.unwrap();
    assert!(ask_for_a_websocket(&mut stream, "site.test").await.starts_with("HTTP/1.1 101"));
    let stricter = crate::pack::snapshot_with(|rules| {
        rules.replace("\"casino-royal.test\",", "\"casino-royal.test\", \"site.test\",")
    });
    *world.in_force.0.lock().unwrap() = Some(Arc::new(stricter));
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(world.numbers().tunnels_closed, 1);
}

#[tokio::test]
async fn f07_a_websocket_to_a_blocked_site_is_refused_and_recorded_once() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "casino-royal.test:443").await;
    let mut stream = secure(stream, "casino-royal.test", believes(&world.authority, &["http/1.1"])).await.unwrap();
    assert!(ask_for_a_websocket(&mut stream, "casino-royal.test").await.starts_with("HTTP/1.1 403"));
    assert!(world.website.greeted.lock().unwrap().is_empty(), "the site is never asked");
    let records = world.records().await;
    assert_eq!((records.len(), records[0].action), (1, Action::Block));
}

#[tokio::test]
async fn f07_earlier_sessions_save_the_website_work_and_never_the_question_who_it_is() {
    let world = World::new().await;
    let config = believes(&world.authority, &["http/1.1"]);
    for _ in 0..3 {
        let (_, _, stream) = tunnel(world.address, "site.test:443").await;
        let stream = secure(stream, "site.test", config.clone()).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full), "towards us each begins anew");
        assert_eq!(over(stream, "GET", "/", &[("host", "site.test")], "").await.status, 200);
    }
    let resumed = world.website.resumed.lock().unwrap().clone();
    assert_eq!(resumed.len(), 3);
    assert!(!resumed[0] && resumed[1..].iter().any(|resumed| *resumed), "{resumed:?}");
}

#[tokio::test]
async fn f07_a_pinned_app_meets_the_websites_own_certificate_where_the_policy_excepts_its_site() {
    let world = World::new().await;
    let certificate = |stream: &tokio_rustls::client::TlsStream<_>| {
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    };
    // The app believes one certificate, and no authority of ours.
    let direct = tokio::net::TcpStream::connect(world.website.tls).await.unwrap();
    let direct = secure(direct, "bank.test", believes(&world.practice, &["http/1.1"])).await.unwrap();
    let own = certificate(&direct);
    let (_, _, stream) = tunnel(world.address, "bank.test:443").await;
    let stream = secure(stream, "bank.test", believes(&world.practice, &["http/1.1"])).await.unwrap();
    assert_eq!(certificate(&stream), own, "byte for byte");
    assert_eq!(over(stream, "GET", "/", &[("host", "bank.test")], "").await.status, 200);
    assert_eq!(world.numbers().pinned_or_ca_missing, 0);

    let excepted = crate::pack::snapshot_with(|rules| {
        rules.replace("except_sites = [\"bank.test\"]", "except_sites = [\"bank.test\", \"site.test\"]")
    });
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    assert!(secure(stream, "site.test", believes(&world.practice, &["http/1.1"])).await.is_err(), "opened before");
    *world.in_force.0.lock().unwrap() = Some(Arc::new(excepted));
    let reply = get_secure(world.address, &world.practice, "site.test", "/", PAGE).await;
    assert_eq!(reply.status, 200, "and left closed since");
}

#[tokio::test]
async fn f07_a_group_that_the_policy_excepts_is_carried_unopened() {
    let world = World::new().await;
    let excepting = crate::pack::snapshot_with(|rules| {
        rules.replace("except_sites = [\"bank.test\"]", "except_sites = []\nexcept_groups = [\"learner\"]")
    });
    *world.in_force.0.lock().unwrap() = Some(Arc::new(excepting));
    let reply = get_secure(world.address, &world.practice, "site.test", "/words", PAGE).await;
    assert_eq!(reply.status, 200, "the website's own certificate, and its words unread");
    let records = world.records().await;
    assert_eq!((records.len(), records[0].host.as_str(), records[0].path.as_str()), (1, "site.test", ""));
    let blocked = get_secure(world.address, &world.authority, "casino-royal.test", "/", PAGE).await;
    assert_eq!(blocked.status, 403, "the name decides all the same");
}

fn hpke() -> &'static dyn Hpke {
    aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_128
}

/// A client that hides the name it asks for, or pretends to.
fn hiding(mode: EchMode, believed: &gateway::Authority) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(believed.certificate_pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_ech(mode)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Keys by which names are hidden behind another (RFC 9849, ECHConfigList).
fn behind(public_name: &str) -> EchMode {
    let (key, _) = hpke().generate_key_pair().unwrap();
    let two = |number: usize| u16::try_from(number).unwrap().to_be_bytes();
    let mut contents = vec![7];
    contents.extend(two(0x0020));
    contents.extend(two(key.0.len()));
    contents.extend(&key.0);
    // HKDF-SHA256 with AES-128-GCM, and names of up to 64 letters.
    contents.extend([0, 4, 0, 1, 0, 1, 64]);
    contents.push(u8::try_from(public_name.len()).unwrap());
    contents.extend(public_name.bytes());
    contents.extend(two(0));
    let mut list = Vec::new();
    list.extend(two(contents.len() + 4));
    list.extend(two(0xfe0d));
    list.extend(two(contents.len()));
    list.extend(contents);
    EchMode::Enable(EchConfig::new(EchConfigListBytes::from(list), &[hpke()]).unwrap())
}

#[tokio::test]
async fn f09_a_name_that_hides_behind_another_is_refused_and_recorded() {
    let world = World::new().await;
    // One site is carried unopened, the other is looked into.
    for site in ["bank.test", "site.test"] {
        let (_, _, stream) = tunnel(world.address, &format!("{site}:443")).await;
        let config = hiding(behind("front.test"), &world.authority);
        assert!(secure(stream, "casino-royal.test", config).await.is_err());
        let records = world.records().await;
        assert_eq!(records.len(), 1, "{site}");
        let record = &records[0];
        assert_eq!((record.host.as_str(), record.action), (site, Action::Block));
        assert_eq!(record.rule, "default:unknown-protocol", "what is counted as an attempt (M05)");
        assert!(record.reason.contains("hid which one") && record.reason.contains("ECH"), "{}", record.reason);
    }
    assert_eq!(world.numbers().other_names, 2);
    assert!(world.website.seen().is_empty());
}

#[tokio::test]
async fn f09_a_browser_that_only_pretends_to_hide_a_name_is_served() {
    let world = World::new().await;
    for (site, believed) in [("bank.test", &world.practice), ("site.test", &world.authority)] {
        let (key, _) = hpke().generate_key_pair().unwrap();
        let (_, _, stream) = tunnel(world.address, &format!("{site}:443")).await;
        let config = hiding(EchMode::Grease(EchGreaseConfig::new(hpke(), key)), believed);
        let stream = secure(stream, site, config).await.unwrap();
        assert_eq!(over(stream, "GET", "/", &[("host", site)], "").await.status, 200, "{site}");
    }
    assert_eq!(world.numbers().other_names, 0);
}

#[tokio::test]
async fn f09_a_greeting_for_another_site_than_the_tunnels_is_refused_before_the_website_is_asked() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    assert!(secure(stream, "casino-royal.test", believes(&world.authority, &["http/1.1"])).await.is_err());
    let records = world.records().await;
    assert_eq!((records.len(), records[0].action), (1, Action::Block));
    assert!(records[0].reason.contains("used for another"), "{}", records[0].reason);
    assert!(world.website.greeted.lock().unwrap().is_empty());
}
