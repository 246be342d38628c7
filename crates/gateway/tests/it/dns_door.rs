//! The DNS door on real sockets, with a real resolver behind it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use gateway::{DnsDoor, Identified, Reach};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::rdata::svcb::SvcParamKey;
use hickory_proto::rr::rdata::{A, CNAME, HTTPS};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::dns_upstream::{PUBLIC, Resolver};
use crate::pack;
use crate::world::{Plan, World};

const PATIENCE: Duration = Duration::from_secs(20);

fn door(upstream: Vec<SocketAddr>) -> DnsDoor {
    DnsDoor {
        name: "guests".to_owned(),
        address: "127.0.0.1:0".parse().unwrap(),
        upstream,
        networks: Vec::new(),
        block_page: Vec::new(),
        own_names: vec!["haven.college.test".to_owned()],
        questions_per_second: 1000,
    }
}

async fn world_of(door: DnsDoor) -> World {
    World::with(Plan { who: Identified::Unknown, dns: vec![door], ..Plan::default() }).await
}

async fn world() -> (World, Resolver) {
    let resolver = Resolver::start().await;
    (world_of(door(vec![resolver.address])).await, resolver)
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(77, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(format!("{name}.")).unwrap(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    message.set_edns(edns);
    message
}

async fn send(at: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(bytes, at).await.unwrap();
    let mut buffer = vec![0_u8; 65_535];
    let length = timeout(PATIENCE, socket.recv(&mut buffer)).await.ok()?.unwrap();
    Some(buffer[..length].to_vec())
}

async fn ask(world: &World, name: &str, kind: RecordType) -> Message {
    let bytes = send(world.dns.unwrap(), &question(name, kind).to_vec().unwrap()).await.unwrap();
    let answer = Message::from_vec(&bytes).unwrap();
    assert_eq!((answer.metadata.id, answer.metadata.message_type), (77, MessageType::Response));
    answer
}

fn addresses(answer: &Message) -> Vec<Ipv4Addr> {
    let data = answer.answers.iter().filter_map(|record| match &record.data {
        RData::A(A(address)) => Some(*address),
        _ => None,
    });
    data.collect()
}

/// Number and text of the extended error.
fn why(answer: &Message) -> (u16, String) {
    let edns = answer.edns.as_ref().expect("an answer to EDNS has EDNS");
    let Some(EdnsOption::Unknown(_, told)) = edns.option(EdnsCode::Unknown(15)) else { return (0, String::new()) };
    (u16::from_be_bytes([told[0], told[1]]), String::from_utf8(told[2..].to_vec()).unwrap())
}

#[tokio::test]
async fn f09_names_are_answered_and_closed_names_do_not_exist() {
    let (world, resolver) = world().await;
    let open = ask(&world, "site.test", RecordType::A).await;
    assert_eq!((open.metadata.response_code, addresses(&open)), (ResponseCode::NoError, vec![PUBLIC]));
    assert!(open.additionals.is_empty() && !open.metadata.authentic_data && open.metadata.recursion_available);
    assert!(open.answers[0].ttl <= 300, "a new rule holds soon");
    for kind in [RecordType::A, RecordType::AAAA, RecordType::HTTPS, RecordType::TXT] {
        let closed = ask(&world, "www.casino-royal.test", kind).await;
        assert_eq!(closed.metadata.response_code, ResponseCode::NXDomain, "{kind}");
        let (number, text) = why(&closed);
        assert!(number == 15 && text.contains("SMALL 2") && text.contains("Gambling"), "{number} {text}");
    }
    assert!(!resolver.asked().iter().any(|asked| asked.contains("casino")), "a closed name is asked of nobody");
    assert_eq!(ask(&world, "nothing.test", RecordType::A).await.metadata.response_code, ResponseCode::NXDomain);
    let numbers = world.numbers();
    assert_eq!((numbers.dns_questions, numbers.dns_closed), (6, 4));
    assert_eq!(world.closed_names.numbers(), [("gambling".to_owned(), 4)].into());
}

#[tokio::test]
async fn s4_names_leave_numbers_and_no_record_about_anybody() {
    let (world, _) = world().await;
    for name in ["site.test", "casino-royal.test", "pokerstars.com", "advice.test"] {
        ask(&world, name, RecordType::A).await;
    }
    assert!(world.records().await.is_empty());
    assert_eq!(world.closed_names.numbers().get("gambling"), Some(&2), "by category, and nothing else");
}

#[tokio::test]
async fn f09_each_network_gets_the_answers_of_its_group() {
    let resolver = Resolver::start().await;
    let two = |rules: &str| {
        rules.replace("[[rule]]\nid = \"dating\"\n", "[[rule]]\nid = \"dating\"\nprofiles = [\"everyone\"]\n")
    };
    let mut declared = door(vec![resolver.address]);
    declared.networks = vec![("127.0.0.0/8".parse().unwrap(), "learner".to_owned())];
    let snapshot = Some(pack::snapshot_with(two));
    let world = World::with(Plan { who: Identified::Unknown, dns: vec![declared], snapshot, ..Plan::default() }).await;
    let warned = ask(&world, "dating.test", RecordType::A).await;
    assert_eq!(warned.metadata.response_code, ResponseCode::NXDomain, "a warning has no page here, so it closes");
    assert_eq!(addresses(&ask(&world, "site.test", RecordType::A).await), [PUBLIC]);
}

#[tokio::test]
async fn s2_help_resolves_whatever_it_is_an_alias_of() {
    let (world, _) = world().await;
    let help = ask(&world, "advice.test", RecordType::A).await;
    assert_eq!((help.metadata.response_code, addresses(&help)), (ResponseCode::NoError, vec![PUBLIC]));
    assert_eq!(
        addresses(&ask(&world, "gamblersanonymous.org", RecordType::A).await),
        [PUBLIC],
        "also when a rule names it"
    );
    assert_eq!(
        addresses(&ask(&world, "haven.college.test", RecordType::A).await),
        ["10.20.0.5".parse::<Ipv4Addr>().unwrap()],
        "Haven's own pages may stand inside"
    );
}

#[tokio::test]
async fn f09_a_blocked_website_does_not_hide_behind_an_alias() {
    let (world, _) = world().await;
    let cloaked = ask(&world, "cloaked.test", RecordType::A).await;
    assert_eq!((cloaked.metadata.response_code, cloaked.answers.len()), (ResponseCode::NXDomain, 0));
    assert!(why(&cloaked).1.contains("leads to another one"));
    let served = ask(&world, "served.test", RecordType::HTTPS).await;
    assert_eq!(served.metadata.response_code, ResponseCode::NXDomain, "nor behind the name of its service");
    let stuffed = ask(&world, "stuffed.test", RecordType::A).await;
    assert_eq!(stuffed.answers.len(), 1, "records about other names are left out");
    assert_eq!(world.numbers().dns_aliases, 2);
}

#[tokio::test]
async fn f09_keys_for_hiding_names_are_taken_out() {
    let (world, _) = world().await;
    let answer = ask(&world, "site.test", RecordType::HTTPS).await;
    let RData::HTTPS(HTTPS(service)) = &answer.answers[0].data else { panic!("no HTTPS record") };
    let keys: Vec<SvcParamKey> = service.svc_params.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, [SvcParamKey::Alpn, SvcParamKey::Ipv4Hint], "ech is gone, and with it the word that it is needed");
    assert_eq!(world.numbers().dns_ech, 1);
    let hinted = ask(&world, "hinted.test", RecordType::HTTPS).await;
    let RData::HTTPS(HTTPS(service)) = &hinted.answers[0].data else { panic!("no HTTPS record") };
    assert_eq!(service.svc_params.len(), 1, "an address inside is not hinted at");
}

#[tokio::test]
async fn f09_devices_that_look_for_a_way_past_are_told_that_there_is_none() {
    let (world, resolver) = world().await;
    for name in ["use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"] {
        let answer = ask(&world, name, RecordType::A).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain, "{name}");
    }
    let twin = ask(&world, "_dns.resolver.arpa", RecordType::SVCB).await;
    assert_eq!((twin.metadata.response_code, twin.answers.len()), (ResponseCode::NoError, 0));
    assert!(resolver.asked().is_empty());
    assert_eq!(world.numbers().dns_signals, 4);
}

#[tokio::test]
async fn f06_engines_answer_under_their_safe_names() {
    let (world, resolver) = world().await;
    let answer = ask(&world, "www.google.co.uk", RecordType::A).await;
    let RData::CNAME(CNAME(to)) = &answer.answers[0].data else { panic!("no alias") };
    assert_eq!(to.to_ascii(), "forcesafesearch.google.com.");
    assert_eq!(
        (answer.answers[1].name.to_ascii().as_str(), addresses(&answer)),
        ("forcesafesearch.google.com.", vec![PUBLIC])
    );
    assert_eq!(resolver.asked(), ["udp A forcesafesearch.google.com"]);
    let yandex = ask(&world, "yandex.com", RecordType::A).await;
    assert_eq!(addresses(&yandex), ["213.180.193.56".parse::<Ipv4Addr>().unwrap()]);
    assert_eq!(
        addresses(&ask(&world, "www.youtube.com", RecordType::A).await),
        [PUBLIC],
        "this profile does not ask for it"
    );
}

#[tokio::test]
async fn f09_a_public_name_never_leads_inside() {
    let (world, resolver) = world().await;
    for kind in [RecordType::A, RecordType::AAAA] {
        let inside = ask(&world, "inside.test", kind).await;
        assert_eq!((inside.metadata.response_code, inside.answers.len()), (ResponseCode::NXDomain, 0), "{kind}");
    }
    assert_eq!(addresses(&ask(&world, "half-inside.test", RecordType::A).await), [PUBLIC]);
    assert!(addresses(&ask(&world, "intranet.test", RecordType::A).await).is_empty());
    let fixed = IpAddr::V4(Ipv4Addr::new(10, 20, 0, 9));
    let reach = Reach {
        private_networks: vec!["10.20.0.0/16".parse().unwrap()],
        fixed_names: [("printer.test".to_owned(), fixed)].into(),
        ..Reach::default()
    };
    let world = World::with(Plan { reach, dns: vec![door(vec![resolver.address])], ..Plan::default() }).await;
    assert_eq!(addresses(&ask(&world, "intranet.test", RecordType::A).await), [Ipv4Addr::new(10, 20, 0, 5)]);
    assert_eq!(addresses(&ask(&world, "printer.test", RecordType::A).await), [Ipv4Addr::new(10, 20, 0, 9)]);
}

#[tokio::test]
async fn f09_long_answers_are_cut_over_udp_and_whole_over_tcp() {
    let (world, resolver) = world().await;
    let mut small = question("long.test", RecordType::TXT);
    small.edns = None;
    let cut = send(world.dns.unwrap(), &small.to_vec().unwrap()).await.unwrap();
    assert!(cut.len() <= 512);
    let cut = Message::from_vec(&cut).unwrap();
    assert!(cut.metadata.truncation && cut.answers.is_empty() && cut.edns.is_none());
    assert!(resolver.asked().contains(&"tcp TXT long.test".to_owned()), "Haven itself asked again over TCP");

    let mut stream = TcpStream::connect(world.dns.unwrap()).await.unwrap();
    for _ in 0..2 {
        let bytes = small.to_vec().unwrap();
        stream.write_u16(u16::try_from(bytes.len()).unwrap()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let mut answer = vec![0_u8; usize::from(timeout(PATIENCE, stream.read_u16()).await.unwrap().unwrap())];
        stream.read_exact(&mut answer).await.unwrap();
        let answer = Message::from_vec(&answer).unwrap();
        assert!(answer.answers.len() == 40 && !answer.metadata.truncation);
    }
}

#[tokio::test]
async fn f09_a_dead_resolver_is_passed_over_and_with_none_the_answer_says_so() {
    let resolver = Resolver::start().await;
    let dead = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let silent = dead.local_addr().unwrap();
    let world = world_of(door(vec![silent, resolver.address])).await;
    assert_eq!(addresses(&ask(&world, "site.test", RecordType::A).await), [PUBLIC]);
    let world = world_of(door(vec![silent])).await;
    let answer = ask(&world, "site.test", RecordType::A).await;
    assert_eq!((answer.metadata.response_code, why(&answer).0), (ResponseCode::ServFail, 22));
    assert_eq!(ask(&world, "casino-royal.test", RecordType::A).await.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(world.numbers().dns_upstream_failed, 1);
}

#[tokio::test]
async fn invariant_4_without_a_policy_no_name_is_answered() {
    let resolver = Resolver::start().await;
    let plan = Plan { snapshot: None, dns: vec![door(vec![resolver.address])], ..Plan::default() };
    let world = World::with(plan).await;
    let answer = ask(&world, "site.test", RecordType::A).await;
    assert_eq!((answer.metadata.response_code, why(&answer).0), (ResponseCode::ServFail, 14));
    assert!(resolver.asked().is_empty());
}

#[tokio::test]
async fn f09_what_is_no_question_is_told_off_or_left_alone() {
    let (world, resolver) = world().await;
    let at = world.dns.unwrap();
    let code = async |message: Message| {
        let answer = send(at, &message.to_vec().unwrap()).await.unwrap();
        Message::from_vec(&answer).unwrap().metadata.response_code
    };
    let mut update = question("site.test", RecordType::A);
    update.metadata.op_code = OpCode::Update;
    assert_eq!(code(update).await, ResponseCode::NotImp);
    assert_eq!(code(question("site.test", RecordType::ANY)).await, ResponseCode::NotImp);
    assert_eq!(code(question("site.test", RecordType::AXFR)).await, ResponseCode::NotImp);
    let mut chaos = question("site.test", RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(code(chaos).await, ResponseCode::NotImp);
    let mut two = question("site.test", RecordType::A);
    two.add_query(Query::query(Name::from_ascii("casino-royal.test.").unwrap(), RecordType::A));
    assert_eq!(code(two).await, ResponseCode::FormErr, "one question is judged and another answered: never");
    let mut newer = question("site.test", RecordType::A);
    newer.edns.as_mut().unwrap().set_version(1);
    assert_eq!(u16::from(code(newer).await), 16, "BADVERS, which has the number of BADSIG");
    let odd = send(at, b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04a b.\x00\x00\x01\x00\x01").await.unwrap();
    assert_eq!(odd[3] & 0x0f, 5, "a name that no host has is refused");
    let broken = send(at, b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01").await.unwrap();
    assert_eq!((&broken[..2], broken[3] & 0x0f), (&b"\x00\x07"[..], 1));
    // An answer is never answered; the question after it is.
    let mut answer = question("site.test", RecordType::A);
    answer.metadata.message_type = MessageType::Response;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&answer.to_vec().unwrap(), at).await.unwrap();
    socket.send_to(b"\x00", at).await.unwrap();
    let mut after = question("site.test", RecordType::A);
    after.metadata.id = 99;
    socket.send_to(&after.to_vec().unwrap(), at).await.unwrap();
    let mut buffer = [0_u8; 1500];
    timeout(PATIENCE, socket.recv(&mut buffer)).await.unwrap().unwrap();
    assert_eq!(buffer[1], 99);
    assert_eq!(resolver.asked(), ["udp A site.test"]);
}

#[tokio::test]
async fn f09_a_flood_from_one_address_is_dropped_and_counted() {
    let resolver = Resolver::start().await;
    let world = world_of(DnsDoor { questions_per_second: 1, ..door(vec![resolver.address]) }).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..50 {
        socket
            .send_to(&question("casino-royal.test", RecordType::A).to_vec().unwrap(), world.dns.unwrap())
            .await
            .unwrap();
    }
    let mut waits = 0;
    while world.numbers().dns_questions + world.numbers().dns_dropped < 50 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        waits += 1;
        assert!(waits < 1000, "{:?}", world.numbers());
    }
    assert!(world.numbers().dns_dropped > 30, "{:?}", world.numbers());
}

#[tokio::test]
async fn f11_a_closed_name_leads_to_a_page_that_says_why_where_one_is_set() {
    let resolver = Resolver::start().await;
    let mut paged = door(vec![resolver.address]);
    paged.block_page = vec!["10.20.0.2".parse().unwrap()];
    let world = world_of(paged).await;
    let answer = ask(&world, "casino-royal.test", RecordType::A).await;
    assert_eq!(addresses(&answer), ["10.20.0.2".parse::<Ipv4Addr>().unwrap()]);
    assert_eq!((answer.metadata.response_code, why(&answer).0), (ResponseCode::NoError, 15));
    let six = ask(&world, "casino-royal.test", RecordType::AAAA).await;
    assert_eq!((six.metadata.response_code, six.answers.len()), (ResponseCode::NoError, 0));
    // The browser now stands at the listener's address, as if that were the website.
    let page = async |host: &str| {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    };
    let closed = page("casino-royal.test").await;
    assert!(
        closed.starts_with("HTTP/1.1 403") && closed.contains("closed here") && closed.contains("SMALL 2"),
        "{closed}"
    );
    assert!(page("site.test").await.contains("not a website"));
    assert!(world.records().await.is_empty());
}
