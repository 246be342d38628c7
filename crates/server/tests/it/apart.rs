//! Pages on one machine, a gateway alone on another, one PostgreSQL between them, and a cable that somebody pulls.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actions::{Door, Haven};
use store::testing::{Role, postgres};
use store::{Location, Store};

use crate::office::{Office, PASSWORD, free_port, office};
use crate::run::haven;
use crate::running::{Running, ask};

const SEARCH: &str = "http://search.test/search?q=join+extremist+group";
const ROOM: &str = "room-5";

/// The way to the database, which can be cut.
struct Cable {
    address: SocketAddr,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cable {
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (cut, open) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let cable = Self { address, cut: Arc::clone(&cut), open: Arc::clone(&open) };
        std::thread::spawn(move || {
            for here in listener.incoming() {
                let here = here.unwrap();
                if cut.load(Ordering::SeqCst) {
                    continue;
                }
                let there = TcpStream::connect(&server).unwrap();
                open.lock().unwrap().extend([here.try_clone().unwrap(), there.try_clone().unwrap()]);
                let pairs = [(here.try_clone().unwrap(), there.try_clone().unwrap()), (there, here)];
                for (mut from, mut to) in pairs {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        cable
    }

    fn pull(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }

    /// An address of the database, by way of the cable.
    fn by(&self, address: &str) -> String {
        let (before, rest) = address.rsplit_once('@').unwrap();
        let (_, database) = rest.split_once('/').unwrap();
        format!("{before}@{}/{database}", self.address)
    }
}

/// A website that says hello, on a port of its own.
fn website() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            );
        }
    });
    address
}

struct Campus {
    office: Office,
    cable: Cable,
    role: Role,
    /// Settings of the gateway alone.
    gateway: String,
    /// Where its browsers come in.
    proxy: SocketAddr,
    spool: PathBuf,
    website: SocketAddr,
}

async fn campus() -> Option<Campus> {
    let mut place = postgres().await?;
    let Location::Postgres(owner) = place.location.clone() else { panic!("no PostgreSQL") };
    let server = owner.rsplit_once('@').unwrap().1.split('/').next().unwrap().to_owned();
    let cable = Cable::to(server);
    place.location = Location::Postgres(cable.by(&owner));
    let office = office(place);
    let mut role = Role::new(&office.place).await;
    role.address = cable.by(&role.address);
    let root = office.place.folder().to_path_buf();
    let secret = root.join("secret");
    fs::write(&secret, "an invented secret of more than 32 letters\n".replace(' ', "-")).unwrap();
    private(&secret);
    let (pages, proxy, website) = (free_port(), free_port(), website());
    let mut web = fs::read_to_string(&office.config).unwrap();
    web.push_str(&format!(
        "\n[gateways]\nlisten = \"{pages}\"\nsecret_file = \"{}\"\none_person_listeners = [\"{ROOM}\"]\n",
        secret.display()
    ));
    fs::write(&office.config, web).unwrap();
    let data = root.join("gateway");
    fs::create_dir(&data).unwrap();
    for file in ["ca.pem", "ca.key"] {
        fs::copy(office.data.join(file), data.join(file)).unwrap();
    }
    let gateway = root.join("gateway.toml");
    let text = format!(
        "[organisation]\nname = \"Invented College\"\n\n[data]\nfolder = \"{}\"\npostgres = \"{}\"\n\n[portal]\nlisten = \"{}\"\naddress = \"http://{}\"\n\n[[listener]]\nname = \"{ROOM}\"\nlisten = \"{proxy}\"\none_person_per_address = true\n\n[gateways]\npages = \"{pages}\"\nsecret_file = \"{}\"\n\n[network]\nprivate_allowed = [\"127.0.0.0/8\"]\nfixed_names = {{ \"library.test\" = \"127.0.0.1\" }}\n",
        data.display(),
        role.address,
        office.portal,
        office.portal,
        secret.display()
    );
    fs::write(&gateway, text).unwrap();
    let spool = data.join("spool");
    Some(Campus { office, cable, role, gateway: gateway.display().to_string(), proxy, spool, website })
}

fn private(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

impl Campus {
    fn web(&self) -> Running {
        Running::start(&["serve", "--config", &self.office.config, "--only", "web"], self.office.portal)
    }

    fn gateway(&self) -> Running {
        Running::start(&["serve", "--config", &self.gateway, "--only", "gateway"], self.proxy)
    }

    async fn hub(&self, store: &Store) -> Haven {
        let mut hub = self.office.hub(store).await;
        hub.known_by.insert(ROOM.to_owned(), actions::KnownBy::Address);
        hub
    }

    /// Somebody signs in at the computer with this address, reads the notice and signs.
    async fn sits_down(&self, hub: &Haven, username: &str) {
        let door = Door { listener: ROOM.to_owned(), address: "127.0.0.1".parse().unwrap() };
        let token = actions::session::sign_in(hub, username, PASSWORD, Some(door.clone())).await.unwrap();
        let pack = hub.pack();
        for _ in 0..3 {
            let session = actions::session::session(hub, &token.0, Some(&door)).await.unwrap().unwrap();
            match &session.stage {
                actions::Stage::Open => return,
                actions::Stage::Notice => {
                    let notice = pack.agreements.iter().find(|one| one.kind == policy::AgreementKind::Notice).unwrap();
                    actions::session::acknowledge_notice(hub, &session, &notice.digest).await.unwrap();
                }
                actions::Stage::Agreement(id) => {
                    let digest = pack.agreement(id).unwrap().digest.clone();
                    actions::session::sign_agreement(hub, &session, id, &digest).await.unwrap();
                }
            }
        }
        panic!("the gate did not open");
    }

    fn page(&self, address: &str) -> String {
        let host = address.split('/').nth(2).unwrap();
        ask(self.proxy, &format!("GET {address} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html"))
    }

    fn library(&self, path: &str) -> String {
        self.page(&format!("http://library.test:{}{path}", self.website.port()))
    }

    /// How many records there are of paths that begin so.
    async fn records(&self, store: &Store, host: &str) -> usize {
        let query = store::activity::EventQuery { text: host.to_owned(), page: 1, ..Default::default() };
        usize::try_from(store::activity::search(store, &query).await.unwrap().total).unwrap()
    }

    async fn remove(self) {
        self.role.remove().await;
        self.office.place.remove().await;
    }
}

/// Asks until it is so, at most so many seconds.
async fn soon(seconds: u64, mut so: impl AsyncFnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(seconds) {
        if so().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn m01_a_gateway_alone_filters_on_while_the_database_is_away_and_nothing_is_lost() {
    let Some(campus) = campus().await else { return };
    let store = campus.office.store().await;
    let hub = campus.hub(&store).await;
    let (web, gateway) = (campus.web(), campus.gateway());
    assert!(TcpStream::connect(campus.office.proxy).is_err(), "pages alone are no gateway");

    // Behind the gateway, Haven's pages are those of the other machine; a stranger meets the gate.
    let own = campus.page("http://haven.test/");
    assert!(own.starts_with("HTTP/1.1 200"), "{own}");
    assert!(campus.library("/").contains("http://haven.test/gate"), "nobody is known yet");
    campus.sits_down(&hub, "petra").await;
    // One connection stays open, as a browser's does: with the last one, the person must prove themselves again.
    let browser = TcpStream::connect(campus.proxy).unwrap();
    assert!(soon(10, async || campus.library("/first").contains("hello")).await, "{}", campus.library("/first"));

    // An alert of the gateway's reaches Today by way of the pages' machine.
    assert!(campus.page(SEARCH).starts_with("HTTP/1.1 403"));
    assert!(soon(20, async || cases(&hub).await == 1).await, "the alert reaches the lead");
    assert!(soon(10, async || files(&campus.spool) == 0).await, "and leaves the gateway's disk");

    // The cable is pulled: what is known goes on, what is blocked stays blocked, nobody new comes in.
    let before = campus.records(&store, "library.test").await;
    campus.cable.pull();
    for number in 0..20 {
        assert!(campus.library(&format!("/away/{number}")).contains("hello"), "it filters on");
    }
    assert!(campus.page(SEARCH).starts_with("HTTP/1.1 403"));
    assert!(files(&campus.spool) > 0, "the alert is on the disk as soon as it is answered");
    assert!(soon(30, async || !stranger(campus.proxy).await.contains("/gate?to=")).await);
    let stranger = stranger(campus.proxy).await;
    assert!(stranger.starts_with("HTTP/1.1 503") && stranger.contains("cannot check who you are"), "{stranger}");
    assert!(soon(10, async || spooled(&campus.spool, "records") > 0).await);
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(browser);

    // The gateway dies, and comes again while the cable is still out: by the last good policy, and knowing nobody.
    gateway.kill();
    let gateway = campus.gateway();
    let known = campus.library("/after");
    assert!(known.starts_with("HTTP/1.1 503") && known.contains("nobody new can sign in"), "{known}");
    gateway.kill();
    let gateway = campus.gateway();

    campus.cable.mend();
    assert!(soon(60, async || files(&campus.spool) == 0).await, "everything was written");
    store.close().await;
    let store = campus.office.store().await;
    assert_eq!(campus.records(&store, "library.test").await, before + 20, "each once");
    assert_eq!(campus.records(&store, "search.test").await, 2, "each alert once");
    let hub = campus.hub(&store).await;
    assert!(soon(20, async || store::activity::alerts_waiting(&store, 10).await.unwrap().is_empty()).await);
    assert_eq!(cases(&hub).await, 1, "the same theme, the same person: one case");
    for gateway_name in store::activity::heads(&store).await.unwrap() {
        assert!(store::activity::verify(&store, &gateway_name.gateway, &[], None).await.unwrap().is_ok());
    }
    assert_eq!((web.end(), gateway.end()), (0, 0));
    store.close().await;
    campus.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_4_a_gateway_alone_with_a_damaged_last_good_policy_refuses_and_says_so() {
    let Some(campus) = campus().await else { return };
    let (web, gateway) = (campus.web(), campus.gateway());
    let kept = campus.spool.with_file_name("last-good-policy");
    assert!(soon(20, async || kept.exists()).await);
    gateway.kill();
    campus.cable.pull();
    let mut bytes = fs::read(&kept).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&kept, bytes).unwrap();
    let gateway = campus.gateway();
    let page = campus.page("http://library.test/");
    assert!(page.starts_with("HTTP/1.1 503") && page.contains("no policy in force"), "{page}");
    // When the database is back, so is the policy.
    campus.cable.mend();
    assert!(soon(30, async || campus.page("http://library.test/").contains("/gate?to=")).await);
    assert_eq!(gateway.end(), 0);
    drop(web);
    campus.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_alone_refuses_an_address_that_opens_cases() {
    let Some(campus) = campus().await else { return };
    let text = fs::read_to_string(&campus.gateway).unwrap();
    let Location::Postgres(owner) = &campus.office.place.location else { panic!("no PostgreSQL") };
    fs::write(&campus.gateway, text.replace(&campus.role.address, owner)).unwrap();
    haven(&["serve", "--config", &campus.gateway, "--only", "gateway"])
        .refused(&["opens cases and keys", "haven gateway role"]);
    let sqlite = text.lines().filter(|line| !line.starts_with("postgres =")).collect::<Vec<_>>().join("\n");
    fs::write(&campus.gateway, sqlite).unwrap();
    haven(&["serve", "--config", &campus.gateway, "--only", "gateway"]).refused(&["SQLite serves one machine only"]);
    let printed = haven(&["gateway", "role", "haven_gateway"]);
    assert!(printed.code == 0 && printed.out.contains("GRANT SELECT ON gateway.feed TO haven_gateway;"));
    haven(&["gateway", "role", "Robert'); DROP"]).refused(&["no plain name"]);
    campus.remove().await;
}

async fn cases(hub: &Haven) -> usize {
    store::cases::awaiting_acknowledgement(&hub.store, jiff::Timestamp::MAX).await.unwrap().len()
}

/// Files in the spool that hold records.
fn files(spool: &std::path::Path) -> usize {
    spooled(spool, "")
}

fn spooled(spool: &std::path::Path, lane: &str) -> usize {
    let Ok(entries) = fs::read_dir(spool) else { return 0 };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".spool") && name.starts_with(lane)).count()
}

/// A page asked for from another computer: another address of this machine.
async fn stranger(proxy: SocketAddr) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.9:0".parse().unwrap()).unwrap();
    let mut stream = socket.connect(proxy).await.unwrap();
    let head =
        "GET http://library.test/ HTTP/1.1\r\nHost: library.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
