//! What tunnels may carry, and where they may lead.

use policy::Action;
use tokio::io::AsyncWriteExt;

use crate::client::{PAGE, believes, get, over, rest, secure, tunnel};
use crate::world::{Plan, World};

#[tokio::test]
async fn f15_bytes_that_are_neither_tls_nor_http_close_the_tunnel_and_are_recorded() {
    let world = World::new().await;
    let (status, _, mut stream) = tunnel(world.address, "site.test:443").await;
    assert_eq!(status, 200);
    stream.write_all(b"SSH-2.0-client\r\n").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    let records = world.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].rule.as_str(), records[0].action), ("default:unknown-protocol", Action::Block));
    assert_eq!(world.numbers().unknown_protocol, 1);
}

#[tokio::test]
async fn f15_the_rule_for_other_bytes_holds_for_unread_tunnels_too() {
    let world = World::new().await;
    let (_, _, mut stream) = tunnel(world.address, "bank.test:443").await;
    stream.write_all(b"\x16\x03\x01 not a greeting").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(world.numbers().unknown_protocol, 1);
}

#[tokio::test]
async fn s4_other_bytes_from_nobody_known_leave_no_record() {
    let world = World::unknown().await;
    let (_, _, mut stream) = tunnel(world.address, "site.test:443").await;
    stream.write_all(b"SSH-2.0-client\r\n").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn f15_a_client_that_says_nothing_in_a_tunnel_is_not_waited_for() {
    let world = World::new().await;
    let (_, _, mut stream) = tunnel(world.address, "site.test:443").await;
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(world.numbers().too_slow, 1);
}

#[tokio::test]
async fn f15_an_unread_tunnel_cannot_be_used_for_another_name() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "bank.test:443").await;
    assert!(secure(stream, "site.test", believes(&world.practice, &["http/1.1"])).await.is_err());
    assert_eq!(world.numbers().other_names, 1);
}

#[tokio::test]
async fn f15_plain_http_in_a_tunnel_is_judged_like_any_other() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "site.test:80").await;
    assert_eq!(over(stream, "GET", "/a", &[("host", "site.test")], "").await.status, 200);
    let (_, _, stream) = tunnel(world.address, "site.test:80").await;
    assert_eq!(over(stream, "GET", "/a", &[("host", "casino-royal.test")], "").await.status, 421);
    let (_, _, stream) = tunnel(world.address, "casino-royal.test:80").await;
    assert_eq!(
        over(stream, "GET", "/a", &[("host", "casino-royal.test"), ("accept", "text/html")], "").await.status,
        403
    );
    let unknown = World::unknown().await;
    let (_, _, stream) = tunnel(unknown.address, "site.test:80").await;
    let reply = over(stream, "GET", "/a", &[("host", "site.test"), ("accept", "text/html")], "").await;
    assert_eq!(reply.header("location"), "http://haven.test/gate?to=http%3A%2F%2Fsite.test%2Fa");
}

#[tokio::test]
async fn f15_private_addresses_are_refused_in_every_spelling() {
    let world = World::new().await;
    let port = world.website.plain.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
    ] {
        let reply = get(world.address, &format!("http://{host}:{port}/"), PAGE).await;
        assert_eq!(reply.status, 403, "{host}: {}", reply.text());
        assert!(reply.text().contains("cannot be opened from here"), "{host}");
        let (status, _, _) = tunnel(world.address, &format!("{host}:{port}")).await;
        assert_eq!(status, 403, "CONNECT {host}");
    }
    assert!(world.website.seen().is_empty());
    assert_eq!(world.numbers().private_refused, 22);
}

#[tokio::test]
async fn f15_a_public_name_that_leads_inside_is_refused_after_resolving() {
    let mut plan = Plan::default();
    plan.reach.fixed_names.insert("rebind.test".to_owned(), "127.0.0.1".parse().unwrap());
    let world = World::with(plan).await;
    let port = world.website.plain.port();
    assert_eq!(get(world.address, &format!("http://rebind.test:{port}/"), PAGE).await.status, 403);
    assert_eq!(tunnel(world.address, &format!("rebind.test:{port}")).await.0, 403);
    assert!(world.website.seen().is_empty());
}

#[tokio::test]
async fn f15_a_private_network_opens_only_where_it_was_named_and_never_to_havens_own_ports() {
    let mut plan = Plan::default();
    plan.reach.private_networks = vec!["127.0.0.0/8".parse().unwrap()];
    let world = World::with(plan).await;
    let port = world.website.plain.port();
    assert_eq!(get(world.address, &format!("http://127.0.0.1:{port}/"), PAGE).await.status, 200);
    let own = world.shared.port();
    assert_eq!(
        get(world.address, &format!("http://127.0.0.1:{own}/"), PAGE).await.status,
        403,
        "the gateway does not call itself"
    );
}

#[tokio::test]
async fn f15_an_unread_tunnel_obeys_a_new_policy() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "bank.test:443").await;
    let mut stream = secure(stream, "bank.test", believes(&world.practice, &["http/1.1"])).await.unwrap();
    let stricter = crate::pack::snapshot_with(|rules| {
        rules.replace("\"casino-royal.test\",", "\"casino-royal.test\", \"bank.test\",")
    });
    *world.in_force.0.lock().unwrap() = Some(std::sync::Arc::new(stricter));
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(world.numbers().tunnels_closed, 1);
}

#[tokio::test]
async fn f15_no_tunnel_opens_inside_a_tunnel() {
    let world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "site.test:443").await;
    let mut stream = secure(stream, "site.test", believes(&world.authority, &["http/1.1"])).await.unwrap();
    stream.write_all(b"CONNECT site.test:443 HTTP/1.1\r\nhost: site.test:443\r\n\r\n").await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 405"));
    assert!(world.website.seen().is_empty());
}

#[tokio::test]
async fn f15_open_tunnels_end_when_the_gateway_stops() {
    let mut world = World::new().await;
    let (_, _, stream) = tunnel(world.address, "bank.test:443").await;
    let mut stream = secure(stream, "bank.test", believes(&world.practice, &["http/1.1"])).await.unwrap();
    world.stop.cancel();
    let running = world.running.take().unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(4), running).await.unwrap().unwrap();
    assert_eq!(rest(&mut stream).await, "");
}
