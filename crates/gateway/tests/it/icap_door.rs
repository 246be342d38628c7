//! The ICAP door on real sockets: what a client is told, and a real Squid that asks about everything it carries.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gateway::{IcapDoor, Identified};
use policy::Action;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{PAGE, get, send};
use crate::pack;
use crate::website::GAMBLING_WORDS;
use crate::world::{Plan, World, learner};

const PATIENCE: Duration = Duration::from_secs(30);

fn door(username_from: &str) -> IcapDoor {
    IcapDoor {
        name: "squid".to_owned(),
        address: "127.0.0.1:0".parse().unwrap(),
        clients: vec!["127.0.0.0/8".parse().unwrap()],
        username_from: vec![username_from.parse().unwrap()],
        realms: vec!["COLLEGE".to_owned()],
    }
}

/// Nobody is known at a door of this world; `amina` is a learner who has passed the gate.
async fn world() -> World {
    world_of(door("127.0.0.0/8")).await
}

async fn world_of(icap: IcapDoor) -> World {
    planned(Plan { icap: vec![icap], ..Plan::default() }).await
}

/// The same, and nothing is too slow, whatever else the machine does.
async fn patient() -> World {
    let mut plan = Plan { icap: vec![door("127.0.0.0/8")], ..Plan::default() };
    plan.limits.upstream_head = PATIENCE;
    plan.limits.scan_wait = PATIENCE;
    planned(plan).await
}

async fn planned(plan: Plan) -> World {
    let world = World::with(Plan { who: Identified::Unknown, ..plan }).await;
    world.reception.names.lock().unwrap().insert("amina".to_owned(), learner());
    world
}

/// Everything recorded, once there is so much of it: what nothing more is asked about is recorded a little later.
async fn records(world: &World, count: usize) -> Vec<gateway::Record> {
    let mut records = Vec::new();
    for _ in 0..300 {
        records.extend(world.records().await);
        if records.len() >= count {
            break;
        }
    }
    assert_eq!(records.len(), count, "{records:?}");
    records
}

/// One connection of a client.
struct Client(TcpStream);

impl Client {
    async fn to(world: &World) -> Self {
        Self(TcpStream::connect(world.icap.unwrap()).await.unwrap())
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// What comes up to and with these words.
    async fn until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            let byte = timeout(PATIENCE, self.0.read_u8()).await.unwrap();
            let Ok(byte) = byte else { panic!("closed after: {}", String::from_utf8_lossy(&text)) };
            text.push(byte);
        }
        String::from_utf8(text).unwrap()
    }

    async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    async fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.unwrap().is_ok_and(|read| read == 0)
    }
}

fn get_head(host: &str, path: &str) -> String {
    format!("GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n")
}

fn reqmod(who: &str, more: &str, inside: &str) -> String {
    format!(
        "REQMOD icap://haven/reqmod ICAP/1.0\r\nHost: haven\r\nX-Client-IP: 10.9.8.7\r\n{who}{more}Encapsulated: \
         req-hdr=0, null-body={}\r\n\r\n{inside}",
        inside.len()
    )
}

const AMINA: &str = "X-Client-Username: amina\r\n";

fn respmod(more: &str, request: &str, body: &str) -> String {
    let response = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
    format!(
        "RESPMOD icap://haven/respmod ICAP/1.0\r\nHost: haven\r\nX-Client-IP: 10.9.8.7\r\n{AMINA}{more}Encapsulated: \
         req-hdr=0, res-hdr={}, res-body={}\r\n\r\n{request}{response}{body}",
        request.len(),
        request.len() + response.len()
    )
}

fn chunked(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

#[tokio::test]
async fn f01_a_proxy_that_says_goodbye_is_answered_and_left() {
    let world = world().await;
    let mut client = Client::to(&world).await;
    client.send("OPTIONS icap://haven/reqmod ICAP/1.0\r\nHost: haven\r\nConnection: Close\r\n\r\n").await;
    assert!(client.head().await.starts_with("ICAP/1.0 200 "));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn f01_a_client_is_told_what_it_may_ask_and_each_answer_has_its_tag() {
    let world = world().await;
    let mut client = Client::to(&world).await;
    let mut tags = Vec::new();
    for (service, method) in [("reqmod", "REQMOD"), ("respmod", "RESPMOD")] {
        client.send(&format!("OPTIONS icap://haven/{service} ICAP/1.0\r\nHost: haven\r\n\r\n")).await;
        let told = client.head().await;
        assert!(told.starts_with("ICAP/1.0 200 OK\r\n") && told.contains(&format!("Methods: {method}\r\n")), "{told}");
        assert!(
            told.contains("Preview: 1024\r\n") && told.contains("Allow: 204\r\n") && !told.contains("206"),
            "{told}"
        );
        tags.push(told.lines().find(|line| line.starts_with("ISTag: \"")).unwrap().to_owned());
    }
    assert_eq!(tags[0], tags[1]);
    *world.in_force.0.lock().unwrap() =
        Some(std::sync::Arc::new(pack::snapshot_with(|rules| rules.replace("dating.test", "meeting.test"))));
    client.send("OPTIONS icap://haven/reqmod ICAP/1.0\r\nHost: haven\r\n\r\n").await;
    assert!(!client.head().await.contains(&tags[0]), "what a client kept under other rules is not right any more");
}

#[tokio::test]
async fn f13_a_request_is_decided_for_whom_a_named_proxy_says_it_is() {
    let world = world().await;
    let mut client = Client::to(&world).await;
    client.send(&reqmod(AMINA, "Allow: 204, 206\r\n", &get_head("site.test", "/"))).await;
    assert!(client.head().await.starts_with("ICAP/1.0 204 "), "no changes, and never 206");
    client.send(&reqmod(AMINA, "", &get_head("site.test", "/"))).await;
    let same = client.head().await;
    assert!(same.starts_with("ICAP/1.0 200 OK") && same.contains("Encapsulated: req-hdr=0, null-body="), "{same}");
    assert!(client.head().await.starts_with("GET http://site.test/ HTTP/1.1\r\n"), "who takes no 204 gets it back");
    client.send(&reqmod(AMINA, "Allow: 204\r\n", &get_head("casino-royal.test", "/"))).await;
    let blocked = client.head().await;
    assert!(blocked.contains("Encapsulated: res-hdr=0, res-body="), "{blocked}");
    let page = client.until("\r\n0\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 403 Forbidden\r\n") && page.contains("SMALL 2"), "{page}");
    let records = records(&world, 3).await;
    let blocked = records.iter().find(|record| record.action == Action::Block).unwrap();
    assert!(page.contains(&blocked.reference));
    assert_eq!(
        (blocked.door.listener.as_str(), blocked.door.address),
        ("squid", "10.9.8.7".parse::<IpAddr>().unwrap())
    );
    assert_eq!(records.iter().filter(|record| record.action == Action::Allow).count(), 2);
}

#[tokio::test]
async fn s6_whoever_is_not_named_by_a_named_proxy_meets_the_gate_and_leaves_no_record() {
    let believed = world().await;
    let other = world_of(door("10.0.0.0/8")).await;
    let elsewhere = "X-Client-Username: amina@elsewhere.example\r\n";
    let two = "X-Client-Username: amina\r\nX-Client-Username: stranger\r\n";
    let stranger = "X-Client-Username: stranger\r\n";
    for (world, who) in
        [(&believed, ""), (&believed, stranger), (&believed, elsewhere), (&believed, two), (&other, AMINA)]
    {
        let mut client = Client::to(world).await;
        client.send(&reqmod(who, "Allow: 204\r\n", &get_head("site.test", "/?q=x"))).await;
        client.head().await;
        let gate = client.head().await;
        let place = "location: http://haven.test/gate?to=http%3A%2F%2Fsite.test%2F%3Fq%3Dx\r\n";
        assert!(gate.starts_with("HTTP/1.1 302 Found") && gate.contains(place), "{who}: {gate}");
        client.send(&reqmod(who, "Allow: 204\r\n", &get_head("advice.test", "/"))).await;
        assert!(client.head().await.starts_with("ICAP/1.0 204 "), "help is open (S-2)");
        client.send(&reqmod(who, "Allow: 204\r\n", &get_head("haven.test", "/report"))).await;
        assert!(client.head().await.starts_with("ICAP/1.0 204 "), "and so are Haven's own pages (S-3)");
        // Nothing of a response is read for somebody who was not told (S-4).
        let page = respmod("Allow: 204\r\n", &get_head("advice.test", "/"), &(chunked(GAMBLING_WORDS) + "0\r\n\r\n"));
        client.send(&page.replace(AMINA, who)).await;
        assert!(client.head().await.starts_with("ICAP/1.0 204 "));
        assert!(world.records().await.is_empty());
    }
}

#[tokio::test]
async fn f13_a_registered_device_is_known_by_the_address_that_the_proxy_tells_and_never_by_the_proxys_own() {
    let registered = |range: &str| filter::device::Registered {
        name: "Consoles".to_owned(),
        networks: vec![range.parse().unwrap()],
        group: "learner".to_owned(),
        responsible: "head-of-it".to_owned(),
        clause: String::new(),
        until: None,
        reason: String::new(),
    };
    let devices = filter::device::Devices { all: vec![registered("10.9.8.0/24"), registered("127.0.0.0/16")] };
    let snapshot = crate::pack::snapshot().with_devices(std::sync::Arc::new(devices));
    let world = planned(Plan { icap: vec![door("10.0.0.0/8")], snapshot: Some(snapshot), ..Plan::default() }).await;
    let mut client = Client::to(&world).await;
    let asked = reqmod("", "Allow: 204\r\n", &get_head("site.test", "/"));
    client.send(&asked).await;
    assert!(client.head().await.starts_with("ICAP/1.0 204 "));
    let record = records(&world, 1).await.remove(0);
    assert_eq!((record.person.id.as_str(), record.person.session.as_str()), ("", "device:Consoles"));
    client.send(&asked.replace("X-Client-IP: 10.9.8.7\r\n", "")).await;
    client.head().await;
    assert!(client.head().await.starts_with("HTTP/1.1 302 Found"), "the proxy is no console");
    assert!(world.records().await.is_empty() && world.denied.all().is_empty());
}

#[tokio::test]
async fn f05_the_words_of_a_response_are_read_past_its_preview() {
    let world = patient().await;
    let mut client = Client::to(&world).await;
    let request = get_head("site.test", "/");
    // The preview was the whole page, and nothing speaks against it.
    client.send(&respmod("Preview: 1024\r\n", &request, &(chunked("A quiet page.") + "0; ieof\r\n\r\n"))).await;
    assert!(client.head().await.starts_with("ICAP/1.0 204 "));
    // Pictures are not asked for beyond it.
    let picture = respmod("Preview: 1024\r\n", &request, &(chunked("GIF89a") + "0\r\n\r\n"));
    client
        .send(
            &picture
                .replace("text/html\r\n\r\nGIF", "image/gif\r\n\r\nGIF")
                .replace("Content-Type: text/html", "Content-Type: image/gif"),
        )
        .await;
    assert!(client.head().await.starts_with("ICAP/1.0 204 "));
    // A page's words come after it.
    client.send(&respmod("Preview: 1024\r\n", &request, &(chunked("<html>") + "0\r\n\r\n"))).await;
    assert_eq!(client.head().await, "ICAP/1.0 100 Continue\r\n\r\n");
    client.send(&(chunked(GAMBLING_WORDS) + "0\r\n\r\n")).await;
    client.head().await;
    let page = client.until("\r\n0\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 403 Forbidden") && page.contains("SMALL 2"), "{page}");
    let records = records(&world, 1).await;
    assert_eq!(records[0].action, Action::Block);
    assert!(records[0].rule.starts_with("content:"), "{}", records[0].rule);
    // A quiet page after a preview comes back byte for byte.
    client.send(&respmod("Preview: 1024\r\n", &request, &(chunked("<p>A ") + "0\r\n\r\n"))).await;
    assert_eq!(client.head().await, "ICAP/1.0 100 Continue\r\n\r\n");
    client.send(&(chunked("quiet page.</p>") + "0\r\n\r\n")).await;
    assert!(client.head().await.starts_with("ICAP/1.0 200 OK"));
    client.head().await;
    let back = client.until("\r\n0\r\n\r\n").await;
    assert_eq!(back, chunked("<p>A ") + &chunked("quiet page.</p>") + "0\r\n\r\n");
}

#[tokio::test]
async fn only_named_proxies_may_ask_and_what_is_no_icap_is_told_off() {
    let world = world_of(IcapDoor { clients: vec!["10.0.0.0/8".parse().unwrap()], ..door("127.0.0.0/8") }).await;
    assert!(Client::to(&world).await.is_closed().await);
    assert_eq!(world.numbers().connections_refused, 1);
    let world = self::world().await;
    for (said, told) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "ICAP/1.0 400 "),
        ("REQMOD icap://h/reqmod ICAP/1.0\r\n\r\n".to_owned(), "ICAP/1.0 400 "),
        ("FROB icap://h/reqmod ICAP/1.0\r\n\r\n".to_owned(), "ICAP/1.0 501 "),
        ("OPTIONS icap://h/other ICAP/1.0\r\n\r\n".to_owned(), "ICAP/1.0 404 "),
        (reqmod(AMINA, "", "no head\r\n\r\n"), "ICAP/1.0 400 "),
        (respmod("", &get_head("site.test", "/"), "zz\r\nbroken"), "ICAP/1.0 400 "),
    ] {
        let mut client = Client::to(&world).await;
        client.send(&said).await;
        let answer = client.head().await;
        assert!(answer.starts_with(told), "{said:?}: {answer}");
        let _ = client.is_closed().await;
    }
}

#[tokio::test]
async fn m01_a_page_that_its_words_stop_is_one_record() {
    let mut world = patient().await;
    let mut client = Client::to(&world).await;
    let request = get_head("site.test", "/");
    for (words, action) in [("A quiet page.", Action::Allow), (GAMBLING_WORDS, Action::Block)] {
        client.send(&reqmod(AMINA, "Allow: 204\r\n", &request)).await;
        assert!(client.head().await.starts_with("ICAP/1.0 204 "));
        // Another connection of the same proxy asks about the response.
        let mut other = Client::to(&world).await;
        other.send(&respmod("Allow: 204\r\n", &request, &(chunked(words) + "0\r\n\r\n"))).await;
        let told = other.head().await;
        assert_eq!(told.starts_with("ICAP/1.0 204 "), action == Action::Allow, "{told}");
        let recorded = records(&world, 1).await;
        assert_eq!(recorded[0].action, action);
        if action == Action::Block {
            assert!(other.until("\r\n0\r\n\r\n").await.contains(&recorded[0].reference), "the page names its record");
        }
    }
    assert_eq!(world.numbers().decided, 2);
    drop(client);
    world.stop.cancel();
    world.running.take().unwrap().await.unwrap();
    assert!(world.records().await.is_empty(), "and nothing was left waiting");
}

fn post(path: &str, kind: &str, body: &str) -> String {
    let head = format!(
        "POST http://site.test{path} HTTP/1.1\r\nHost: site.test\r\nAccept: text/html\r\nContent-Type: {kind}\r\n\r\n"
    );
    format!(
        "REQMOD icap://haven/reqmod ICAP/1.0\r\nHost: haven\r\nAllow: 204\r\nPreview: 4\r\n{AMINA}Encapsulated: \
         req-hdr=0, req-body={}\r\n\r\n{head}{}0\r\n\r\n",
        head.len(),
        chunked(&body[..4])
    )
}

#[tokio::test]
async fn f05_what_is_sent_and_json_are_judged_as_at_the_proxy() {
    let world = patient().await;
    let mut client = Client::to(&world).await;
    let form = format!("text={}", GAMBLING_WORDS.replace([' ', '\n'], "+"));
    client.send(&post("/talk", "application/x-www-form-urlencoded", &form)).await;
    assert_eq!(client.head().await, "ICAP/1.0 100 Continue\r\n\r\n");
    client.send(&(chunked(&form[4..]) + "0\r\n\r\n")).await;
    client.head().await;
    let page = client.until("\r\n0\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 403 Forbidden") && page.contains("SMALL 2"), "{page}");
    assert_eq!((records(&world, 1).await[0].action, world.numbers().sent_blocked), (Action::Block, 1));
    // What nobody reads is not asked for, whatever it is.
    client.send(&post("/upload", "application/octet-stream", "four and more")).await;
    assert!(client.head().await.starts_with("ICAP/1.0 204 "));

    let words = GAMBLING_WORDS.replace('"', " ").replace('\n', "\\n");
    let json = format!("{{\"items\":[{{\"text\":\"{words}\"}}]}}");
    let asked = respmod("Allow: 204\r\n", &get_head("site.test", "/api"), &(chunked(&json) + "0\r\n\r\n"));
    // As long as before: the lengths of what is encapsulated stay right.
    client.send(&asked.replace("text/html\r\n\r\n", "text/json\r\n\r\n")).await;
    let told = client.head().await;
    assert!(told.contains("res-hdr=0, res-body="), "{told}");
    assert!(client.until("\r\n0\r\n\r\n").await.starts_with("HTTP/1.1 403 Forbidden"));
}

#[tokio::test]
async fn f07_what_the_policy_leaves_closed_is_not_read_although_the_proxy_opened_it() {
    let world = world().await;
    let mut client = Client::to(&world).await;
    let head = |host: &str| get_head(host, "/account/12").replace("http://", "https://");
    for (host, path, is_read) in [("bank.test", "", false), ("site.test", "/account/12", true)] {
        client.send(&reqmod(AMINA, "Allow: 204\r\n", &head(host))).await;
        assert!(client.head().await.starts_with("ICAP/1.0 204 "));
        client.send(&respmod("Allow: 204\r\n", &head(host), &(chunked(GAMBLING_WORDS) + "0\r\n\r\n"))).await;
        assert_eq!(client.head().await.starts_with("ICAP/1.0 204 "), !is_read, "{host}");
        if is_read {
            client.until("\r\n0\r\n\r\n").await;
        }
        let recorded = records(&world, 1).await;
        assert_eq!((recorded[0].host.as_str(), recorded[0].path.as_str()), (host, path));
    }
}

#[tokio::test]
async fn f08_a_file_is_scanned_by_a_real_engine_before_it_is_given_back() {
    let Some(clamd) = crate::clamd::Clamd::start("").await else { return };
    let world = planned(Plan { icap: vec![door("127.0.0.0/8")], malware: Some(clamd.plan()), ..Plan::default() }).await;
    let mut client = Client::to(&world).await;
    let request = get_head("site.test", "/file");
    let infected = String::from_utf8(crate::clamd::eicar()).unwrap();
    client.send(&reqmod(AMINA, "Allow: 204\r\n", &request)).await;
    assert!(client.head().await.starts_with("ICAP/1.0 204 "));
    let file = |body: &str| respmod("Allow: 204\r\n", &request, body).replace("text/html\r\n\r\n", "a/program\r\n\r\n");
    client.send(&file(&(chunked(&infected) + "0\r\n\r\n"))).await;
    client.head().await;
    let page = client.until("\r\n0\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 403 Forbidden") && page.contains(crate::clamd::SIGNATURE), "{page}");
    let recorded = records(&world, 1).await;
    assert_eq!((recorded[0].action, recorded[0].rule.as_str()), (Action::Block, "file:malware"));
    client.send(&file(&(chunked("nothing to be found") + "0\r\n\r\n"))).await;
    assert!(client.head().await.starts_with("ICAP/1.0 204 "), "a clean file goes on as it is");
}

#[tokio::test]
async fn f01_without_a_policy_nothing_is_opened() {
    let plan = Plan { snapshot: None, icap: vec![door("127.0.0.0/8")], ..Plan::default() };
    let world = World::with(plan).await;
    let mut client = Client::to(&world).await;
    client.send(&reqmod(AMINA, "Allow: 204\r\n", &get_head("site.test", "/"))).await;
    assert!(client.head().await.contains("ISTag: \"no-policy\""));
    assert!(client.until("\r\n0\r\n\r\n").await.contains("Haven has no policy in force"));
    client.send(&respmod("", &get_head("site.test", "/"), &(chunked("A quiet page.") + "0\r\n\r\n"))).await;
    client.head().await;
    assert!(client.head().await.starts_with("HTTP/1.1 503 "));
}

/// A Squid of Debian, ended with the test.
struct Squid {
    process: Child,
    address: SocketAddr,
}

impl Drop for Squid {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[allow(clippy::disallowed_methods, reason = "a test stands outside: on the build machine nothing is skipped")]
fn squid(folder: &Path, icap: SocketAddr) -> Option<Squid> {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let hosts = "127.0.0.1 site.test casino-royal.test advice.test www.google.com\n";
    std::fs::write(folder.join("hosts"), hosts).unwrap();
    let config = format!(
        "http_port 127.0.0.1:{port}\npid_filename none\ncache_log /dev/null\naccess_log none\ncache deny all\npinger_enable off\n\
         hosts_file {hosts}\nvisible_hostname squid.test\nshutdown_lifetime 0 seconds\n\
         auth_param basic program /usr/lib/squid/basic_fake_auth\nauth_param basic children 1\n\
         acl signed proxy_auth REQUIRED\nhttp_access allow signed\nhttp_access deny all\n\
         icap_enable on\nicap_preview_enable on\nicap_send_client_ip on\nicap_send_client_username on\n\
         icap_client_username_header X-Client-Username\nicap_persistent_connections on\n\
         icap_service haven_req reqmod_precache bypass=0 icap://{icap}/reqmod\n\
         icap_service haven_resp respmod_precache bypass=0 icap://{icap}/respmod\n\
         adaptation_access haven_req allow all\nadaptation_access haven_resp allow all\n",
        hosts = folder.join("hosts").display()
    );
    let file = folder.join("squid.conf");
    std::fs::write(&file, config).unwrap();
    let started = Command::new("/usr/sbin/squid")
        .args(["-N", "-f"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(process) => Some(Squid { process, address: SocketAddr::from(([127, 0, 0, 1], port)) }),
        Err(_) if std::env::var_os("CI").is_none() => None,
        Err(error) => panic!("Squid is needed for this test: {error}"),
    }
}

#[tokio::test]
async fn f01_a_real_squid_asks_and_does_what_it_is_told() {
    let mut world = patient().await;
    let folder = tempfile::tempdir().unwrap();
    // Squid drops its rights before it reads its hosts.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let Some(squid) = squid(folder.path(), world.icap.unwrap()) else { return };
    for tries in 0.. {
        if TcpStream::connect(squid.address).await.is_ok() {
            break;
        }
        assert!(tries < 600, "Squid does not listen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let port = world.website.plain.port();
    let amina = [PAGE[0], ("proxy-authorization", "Basic YW1pbmE6eA==")];
    let stranger = [PAGE[0], ("proxy-authorization", "Basic c3RyYW5nZXI6eA==")];
    let url = |host: &str, path: &str| format!("http://{host}:{port}{path}");

    let open = get(squid.address, &url("site.test", "/"), &amina).await;
    assert_eq!(open.status, 200, "{}", open.text());
    let blocked = get(squid.address, &url("casino-royal.test", "/"), &amina).await;
    assert!(blocked.status == 403 && blocked.text().contains("SMALL 2"), "{}", blocked.text());
    let recorded = records(&world, 2).await;
    assert_eq!(recorded.iter().map(|record| record.action).collect::<Vec<_>>(), [Action::Allow, Action::Block]);
    assert!(recorded.iter().all(|record| record.person.id == learner().id && record.door.listener == "squid"));
    assert!(recorded.iter().all(|record| record.door.address == IpAddr::from([127, 0, 0, 1])));

    let words = get(squid.address, &url("site.test", "/words-gzip"), &amina).await;
    assert!(words.status == 403 && words.text().contains("SMALL 2"), "{}", words.text());
    let recorded = records(&world, 1).await;
    assert!(
        recorded[0].action == Action::Block && words.text().contains(&recorded[0].reference),
        "one visit, one record"
    );
    let long = get(squid.address, &url("site.test", "/long"), &amina).await;
    assert_eq!((long.status.as_u16(), long.body.len() > 5_000_000), (200, true), "{}", long.body.len());
    assert!(long.text().ends_with("</html>"));
    let search = get(squid.address, &url("www.google.com", "/search?q=museums"), &amina).await;
    assert_eq!(search.status, 200);
    assert!(
        world.website.seen().iter().any(|seen| seen.contains("/search?q=museums&safe=active")),
        "{:?}",
        world.website.seen()
    );
    assert!(!world.website.seen().iter().any(|seen| seen.contains("casino")), "a blocked site is never asked");
    let form = format!("text={}", GAMBLING_WORDS.replace([' ', '\n'], "+"));
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let sent = send(squid.address, "POST", &url("site.test", "/upload"), &[amina[0], amina[1], kind], form).await;
    assert!(sent.status == 403 && sent.text().contains("SMALL 2"), "{}", sent.text());
    let upload = vec![b'x'; 300_000];
    let kind = ("content-type", "application/octet-stream");
    let sent = send(squid.address, "POST", &url("site.test", "/upload"), &[amina[0], amina[1], kind], upload).await;
    assert_eq!(sent.text(), "got 300000");
    records(&world, 4).await;

    let gate = get(squid.address, &url("site.test", "/"), &stranger).await;
    assert!(gate.status == 302 && gate.header("location").starts_with("http://haven.test/gate?to="));
    assert_eq!(get(squid.address, &url("advice.test", "/"), &stranger).await.status, 200, "help is open");
    assert!(world.records().await.is_empty(), "and nothing is kept about somebody who was not told");

    world.stop.cancel();
    world.running.take().unwrap().await.unwrap();
    let away = get(squid.address, &url("site.test", "/"), &amina).await;
    assert_eq!(away.status, 500, "without Haven nothing is opened (bypass=0)");
}
