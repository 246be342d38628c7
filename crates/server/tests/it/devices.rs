//! F13: devices at which nobody can sign in, through the program itself on both databases: registered, recorded by name, alerts
//! about nobody, and whatever is not registered at the gate.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use actions::{Door, Haven};
use store::Store;
use store::activity::{EventQuery, Record};
use store::testing::{TestPlace, places, sqlite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::office::{Office, PASSWORD, office};
use crate::run::{haven, pack};
use crate::running::{Running, serve};

const CONSOLE: &str = "127.0.9.7";
const ENDED: &str = "127.0.8.7";
const STRANGER: &str = "127.0.7.7";
const NAME: &str = "Games consoles, common room";

/// The first listener of `haven init`.
const ROOM: &str = "first";

fn device(name: &str, range: &str, more: &str) -> String {
    format!(
        "\n[[device]]\nname = \"{name}\"\naddresses = [\"{range}\"]\ngroup = \"learner-under-18\"\nresponsible = \"head-of-it\"\n{more}\n"
    )
}

fn add(office: &Office, text: &str) {
    let kept = fs::read_to_string(&office.config).unwrap();
    fs::write(&office.config, format!("{kept}\n{text}")).unwrap();
}

async fn website() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let answer =
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

/// A college with consoles in one network, screens whose registration has ended in another, and a sealed list.
async fn college(place: TestPlace) -> (Office, SocketAddr) {
    let office = tokio::task::spawn_blocking(|| office(place)).await.unwrap();
    let website = website().await;
    fs::write(office.place.folder().join("entries.txt"), "grimwald.test\n").unwrap();
    let network =
        "[network]\nprivate_allowed = [\"127.0.0.0/8\"]\nfixed_names = { \"library.test\" = \"127.0.0.1\" }\n";
    let sealed = "[[sealed_list]]\nname = \"licensed\"\nfrom = \"entries.txt\"\ncategory = \"extremism\"\n";
    let consoles = device(NAME, "127.0.9.0/24", "clause = \"2.systems\"");
    let screens = device("Screens", "127.0.8.0/24", "until = \"2020-01-31\"");
    add(&office, &format!("{network}\n{sealed}{consoles}{screens}"));
    (office, website)
}

/// A connection from one address of this machine.
async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let began = Instant::now();
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
        // The proxy opens a moment after the pages.
        match socket.connect(to).await {
            Ok(stream) => return stream,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(60), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn page(office: &Office, from: &str, url: &str) -> String {
    let host = url.split('/').nth(2).unwrap();
    let mut stream = connect(from, office.proxy).await;
    let head = format!("GET {url} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(30), reading).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks until it is so, at most a minute.
async fn soon(mut so: impl AsyncFnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        if so().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

async fn records(store: &Store, text: &str) -> Vec<Record> {
    let query =
        EventQuery { text: text.to_owned(), not_person: "somebody".to_owned(), page: 1, ..EventQuery::default() };
    store::activity::search(store, &query).await.unwrap().items
}

async fn running(office: &Office) -> Running {
    tokio::task::block_in_place(|| serve(office))
}

/// Somebody signs in at an address, reads the notice and signs.
async fn sits_down(hub: &Haven, username: &str, address: &str) {
    let door = Door { listener: ROOM.to_owned(), address: address.parse::<IpAddr>().unwrap() };
    let token = actions::session::sign_in(hub, username, PASSWORD, Some(door.clone())).await.unwrap();
    let pack = hub.pack();
    for _ in 0..3 {
        let session = actions::session::session(hub, &token.0, Some(&door)).await.unwrap().unwrap();
        match &session.stage {
            actions::Stage::Open => return,
            actions::Stage::Notice => {
                let digest = pack.monitoring_notice().unwrap().digest.clone();
                actions::session::acknowledge_notice(hub, &session, &digest).await.unwrap();
            }
            actions::Stage::Agreement(id) => {
                let digest = pack.agreement(id).unwrap().digest.clone();
                actions::session::sign_agreement(hub, &session, id, &digest).await.unwrap();
            }
        }
    }
    panic!("the gate did not open");
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_registered_console_is_recorded_by_name_and_its_alert_is_about_nobody() {
    for place in places().await {
        eprintln!("on {}", place.name);
        let (office, website) = college(place).await;
        let program = running(&office).await;
        let store = office.store().await;
        let mut hub = office.hub(&store).await;
        hub.known_by.insert(ROOM.to_owned(), actions::KnownBy::Address);
        let library = format!("http://library.test:{}/quiet?q=kittens", website.port());

        // Who is registered comes through; who is not, or no longer, meets the gate.
        assert!(page(&office, CONSOLE, &library).await.ends_with("hello"));
        for shut in [STRANGER, ENDED] {
            let gate = page(&office, shut, &library).await;
            assert!(gate.contains("http://haven.test/gate?to="), "{shut}: {gate}");
        }
        // The record is found by the registered name, and names nobody.
        assert!(soon(async || !records(&store, "games CONSOLES").await.is_empty()).await);
        let record = records(&store, "games consoles").await.remove(0);
        assert_eq!((record.person.as_str(), record.registered()), ("", Some(NAME)));
        assert_eq!((record.host.as_str(), record.path.as_str(), record.device.as_str()), ("library.test", "", CONSOLE));
        assert!(record.how.contains("with the rules of: Learners under 18"), "{}", record.how);
        assert!(record.how.contains("Head of IT answers for it (WAES 2.systems)"), "{}", record.how);
        assert_eq!(records(&store, "library.test").await.len(), 1, "nothing is kept of who met the gate");

        // A sealed address, twice: closed both times, told once, and no case is opened about anybody.
        for _ in 0..2 {
            assert!(page(&office, CONSOLE, "http://grimwald.test/deep").await.starts_with("HTTP/1.1 403"));
        }
        assert!(soon(async || records(&store, "a sealed address").await.len() == 2).await);
        assert!(soon(async || store::activity::alerts_waiting(&store, 10).await.unwrap().is_empty()).await);
        let cases = store::cases::awaiting_acknowledgement(&store, jiff::Timestamp::MAX).await.unwrap();
        assert!(cases.is_empty(), "{cases:?}");
        assert!(records(&store, "a sealed address").await.iter().all(|record| !record.path.contains("deep")));

        let token = actions::session::sign_in(&hub, "ines", PASSWORD, None).await.unwrap();
        let session = actions::session::session(&hub, &token.0, None).await.unwrap().unwrap();
        let alerts = actions::filter_event::technical_alerts(&hub, &session, 1).await.unwrap().items;
        assert_eq!(alerts.len(), 1, "once for each device, theme and day");
        assert!(alerts[0].nobody);
        assert_eq!((alerts[0].device.as_str(), alerts[0].theme.as_str()), (&*format!("{NAME}, {CONSOLE}"), "prevent"));
        let event = actions::filter_event::filter_event(&hub, &session, &alerts[0].event_reference).await.unwrap();
        assert!(!event.has_person && event.row.registered == NAME && event.how.contains("Nobody has signed in there"));
        let entries = store::audit::entries(&store, 1, 10_000).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.new.action == "alert.device").count(), 1);

        // Whoever signs in at the same address goes before what is registered.
        sits_down(&hub, "petra", CONSOLE).await;
        let browser = connect(CONSOLE, office.proxy).await;
        let person = store::people::by_username(&store, "petra").await.unwrap().unwrap().id;
        let hers = async || {
            assert!(!page(&office, CONSOLE, &library).await.is_empty());
            records(&store, "library.test").await.iter().any(|record| record.person == person)
        };
        assert!(soon(hers).await, "the person and not the device");
        drop(browser);

        // The Head of IT sees what is registered, and what was not let in.
        let seen = async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let health = actions::health::health(&hub, &session).await.unwrap();
            health.denied.iter().any(|row| row.device == STRANGER && row.listener == ROOM && row.times == 1)
        };
        assert!(soon(seen).await);
        let health = actions::health::health(&hub, &session).await.unwrap();
        let rows: Vec<(&str, &str, &str, bool)> = health
            .devices
            .iter()
            .map(|row| (row.name.as_str(), row.group.as_str(), row.responsible.as_str(), row.ended))
            .collect();
        let group = "Learners under 18";
        assert_eq!(rows, [(NAME, group, "Head of IT", false), ("Screens", group, "Head of IT", true)]);
        assert!(health.parts.iter().any(|part| part.what == "Registered device Screens"), "an end is said");
        assert!(
            health.denied.iter().any(|row| row.device == ENDED)
                && health.denied.iter().all(|row| row.device != CONSOLE)
        );

        assert_eq!(program.end(), 0);
        let verified = haven(&["audit", "verify", "--config", &office.config]);
        assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
        store.close().await;
        office.place.remove().await;
    }
}

#[test]
fn f13_a_registration_that_does_not_fit_the_policy_stops_the_start_with_a_sentence() {
    let office = office(sqlite());
    let whole = fs::read_to_string(&office.config).unwrap();
    let row = device(NAME, "127.0.9.0/24", "");
    for (text, part) in [
        (row.replace("learner-under-18", "gamers"), "the group 'gamers', which the policy does not have"),
        (row.replace("head-of-it", "caretaker"), "the post 'caretaker', which the policy does not have"),
        (format!("{row}clause = \"99.9\"\n"), "the clause '99.9', which the policy does not have"),
        (row.replace("learner-under-18", "staff"), "anybody may sit there. Give it 'learner-under-18', or say why"),
        (row.replace("127.0.9.0/24", "127.0.0.0/8"), "too wide a range"),
    ] {
        fs::write(&office.config, format!("{whole}{text}")).unwrap();
        haven(&["serve", "--config", &office.config]).refused(&[part]);
    }
    let reason =
        format!("{}reason = \"The screen stands in the staff room.\"\n", row.replace("learner-under-18", "staff"));
    fs::write(&office.config, format!("{whole}{reason}")).unwrap();
    assert_eq!(serve(&office).end(), 0);
}

#[test]
fn f13_decide_says_what_is_registered_at_an_address() {
    let office = office(sqlite());
    add(&office, &device(NAME, "127.0.9.0/24", "until = \"2026-12-31\""));
    let decide = |device: &str, at: &str, format: &str| {
        let pack = pack("waes");
        let words = ["decide", "--pack", &pack, "--config", &office.config, "--device", device, "--at", at];
        haven(&[&words[..], &["--format", format, "https://example.org/page"]].concat())
    };
    let said = decide(CONSOLE, "2026-11-24T10:15:00Z", "json");
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.objects()[0]["device"], NAME);
    assert_ne!(said.objects()[0]["rule"], "gate");
    assert!(decide(CONSOLE, "2026-11-24T10:15:00Z", "text").out.trim_end().ends_with(&format!("as {NAME}")));
    for (device, at) in [(STRANGER, "2026-11-24T10:15:00Z"), (CONSOLE, "2027-01-01T10:15:00Z")] {
        let said = decide(device, at, "json");
        assert_eq!(said.objects()[0]["device"], serde_json::Value::Null);
        assert_eq!((&said.objects()[0]["action"], &said.objects()[0]["rule"]), (&"block".into(), &"gate".into()));
        assert!(decide(device, at, "text").out.contains("unknown device"));
    }
    let neither = haven(&["decide", "--pack", &pack("waes"), "http://example.org/"]);
    assert_eq!(neither.code, 2);
}
