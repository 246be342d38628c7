//! A network that asks everybody who they are: its accounting names a person, who passes Haven's gate once, and is known for as
//! long as the network says so.

use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use e2e::{Base, House, Visitor, Websites, kept};
use md5::{Digest, Md5};

use crate::people;

const LIBRARY: &str = "museum.test";
const SECRET: &str = "an invented secret of a network";

#[tokio::test]
async fn f13_a_network_names_its_people_sqlite() {
    journey(Base::Sqlite).await;
}

#[tokio::test]
async fn f13_a_network_names_its_people_postgres() {
    journey(Base::Postgres).await;
}

async fn journey(base: Base) {
    let websites = Websites::open(&[LIBRARY]).await;
    let free = || TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let (wifi, accounting) = (free(), UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port());
    let settings = |folder: &std::path::Path| {
        let secret = folder.join("radius-secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        format!(
            "[[listener]]\nname = \"wifi\"\nlisten = \"127.0.0.1:{wifi}\"\nradius = true\n\n\
             [[radius]]\nlisten = \"127.0.0.1:{accounting}\"\nsecret_file = \"radius-secret\"\n\
             clients = [\"127.0.0.1\"]\nrealms = [\"college.example\"]\n\n\
             [network]\nprivate_allowed = [\"127.0.0.0/8\"]\nfixed_names = {{ \"{LIBRARY}\" = \"127.0.0.1\" }}\n"
        )
    };
    let Some(mut house) = House::real(base, settings).await else { return };
    house.start().await;
    let site = format!("http://{LIBRARY}:{}/", websites.plain);
    let mut point = Point::new(accounting);
    let mut lena = Visitor::at_seat(wifi).await.unwrap();
    let opens = async |visitor: &mut Visitor, path: &str| visitor.get(&format!("{site}{path}")).await.status == 200;

    // The network names her; she has not been told yet, so nothing opens and nothing is recorded (S-4).
    point.tells(1, "lena@college.example", "c1");
    assert!(!opens(&mut lena, "before").await);
    lena = lena.with_password("lena", e2e::real::PASSWORD).await.agreed().await;
    assert!(opens(&mut lena, "lena").await, "once she has agreed, at once");

    // Her computer leaves, and somebody else has its address: he is himself, and has not agreed.
    point.tells(2, "lena@college.example", "c1");
    assert!(!opens(&mut lena, "after").await);
    point.tells(1, "yoshi", "c2");
    assert!(!opens(&mut lena, "yoshi-before").await, "her cookie makes nobody of him");
    let mut yoshi =
        Visitor::at_seat(wifi).await.unwrap().with_password("yoshi", e2e::real::PASSWORD).await.agreed().await;
    assert!(opens(&mut yoshi, "yoshi").await);
    // Somebody of another organisation with the same name is not her.
    point.tells(1, "lena@elsewhere.example", "c3");
    assert!(!opens(&mut yoshi, "elsewhere").await);
    // A stranger without the secret says nothing.
    Point { secret: "a guess of somebody else", ..Point::new(accounting) }.says(1, "lena", "c4");
    assert!(!opens(&mut yoshi, "guessed").await);

    let rows = people::soon(10, async || {
        let rows = kept::rows(&house).await;
        rows.iter().any(|row| row.table.ends_with("records") && row.holds("/yoshi")).then_some(rows)
    });
    let rows = rows.await.expect("his page is recorded");
    let (lena, yoshi) = (kept::person_id(&rows, "lena"), kept::person_id(&rows, "yoshi"));
    let records: Vec<_> = rows.iter().filter(|row| row.table.ends_with("records")).collect();
    assert_eq!(records.len(), 2, "{records:#?}");
    for (path, person) in [("/lena", &lena), ("/yoshi", &yoshi)] {
        let found: Vec<_> = records.iter().filter(|row| row.column("path") == path).collect();
        assert!(found.len() == 1 && found[0].holds(person), "{path}: {found:#?}");
        assert!(found[0].holds("RADIUS accounting of 127.0.0.1"), "{found:#?}");
    }
    house.end().await;
}

/// An access point of the network.
struct Point {
    socket: UdpSocket,
    secret: &'static str,
    identifier: u8,
}

impl Point {
    fn new(to: u16) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        socket.connect(("127.0.0.1", to)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        Self { socket, secret: SECRET, identifier: 0 }
    }

    /// Says who has this computer's address.
    fn says(&mut self, status: u32, user: &str, connection: &str) {
        self.identifier += 1;
        let mut body = Vec::new();
        let status = status.to_be_bytes();
        let values: [(u8, &[u8]); 4] =
            [(1, user.as_bytes()), (8, &[127, 0, 0, 1]), (40, &status), (44, connection.as_bytes())];
        for (kind, value) in values {
            body.extend_from_slice(&[kind, u8::try_from(value.len() + 2).unwrap()]);
            body.extend_from_slice(value);
        }
        let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
        let head = [4, self.identifier, length[0], length[1]];
        let made = Md5::new().chain_update(head).chain_update([0; 16]).chain_update(&body).chain_update(self.secret);
        self.socket.send(&[&head[..], &made.finalize(), &body].concat()).unwrap();
    }

    /// The same, and waits for the answer.
    fn tells(&mut self, status: u32, user: &str, connection: &str) {
        self.says(status, user, connection);
        let mut answer = [0; 64];
        let length = self.socket.recv(&mut answer).expect("Haven answers the network");
        assert_eq!((length, answer[0], answer[1]), (20, 5, self.identifier));
    }
}
