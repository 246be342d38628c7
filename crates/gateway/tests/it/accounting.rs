//! RADIUS accounting with real packets: the network says who has which address, and nobody is known longer than it says so (S-6).

use std::net::SocketAddr;
use std::time::Duration;

use gateway::Identified;
use md5::{Digest, Md5};
use tokio::net::UdpSocket;

use crate::client::{PAGE, get};
use crate::world::{RADIUS_SECRET, World, learner};

const START: u32 = 1;
const STOP: u32 = 2;
const INTERIM: u32 = 3;
const ACCOUNTING_ON: u32 = 7;
const ACCOUNTING_OFF: u32 = 8;

/// A network's device.
struct Device {
    socket: UdpSocket,
    to: SocketAddr,
    secret: &'static [u8],
    name: &'static str,
    identifier: u8,
}

/// What it says about somebody.
#[derive(Clone, Copy)]
struct Said<'a> {
    status: u32,
    user: &'a str,
    connection: &'a str,
    /// Octets of the addresses: 4 or 16 of them each.
    addresses: &'a [&'a [u8]],
}

const HERE: &[u8] = &[127, 0, 0, 1];

fn says<'a>(status: u32, user: &'a str, connection: &'a str, addresses: &'a [&'a [u8]]) -> Said<'a> {
    Said { status, user, connection, addresses }
}

impl Device {
    async fn new(world: &World, name: &'static str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Self { socket, to: world.accounting, secret: RADIUS_SECRET, name, identifier: 0 }
    }

    fn packet(&mut self, said: Said<'_>) -> Vec<u8> {
        self.identifier = self.identifier.wrapping_add(1);
        let mut body = Vec::new();
        let mut add = |kind: u8, value: &[u8]| {
            body.push(kind);
            body.push(u8::try_from(value.len() + 2).unwrap());
            body.extend_from_slice(value);
        };
        add(40, &said.status.to_be_bytes());
        for (kind, text) in [(1, said.user), (44, said.connection), (32, self.name)] {
            if !text.is_empty() {
                add(kind, text.as_bytes());
            }
        }
        for octets in said.addresses {
            add(if octets.len() == 4 { 8 } else { 168 }, octets);
        }
        let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
        let head = [4, self.identifier, length[0], length[1]];
        let authenticator = Md5::new()
            .chain_update(head)
            .chain_update([0; 16])
            .chain_update(&body)
            .chain_update(self.secret)
            .finalize();
        [&head[..], &authenticator, &body].concat()
    }

    /// Sends a packet; what comes back within a moment.
    async fn send(&self, packet: &[u8]) -> Option<Vec<u8>> {
        self.socket.send_to(packet, self.to).await.unwrap();
        let mut answer = [0_u8; 4096];
        let came = tokio::time::timeout(Duration::from_millis(1500), self.socket.recv_from(&mut answer)).await.ok()?;
        let (length, from) = came.unwrap();
        assert_eq!(from, self.to);
        Some(answer[..length].to_vec())
    }

    /// Says something and checks that it was heard, with the right authenticator (RFC 2866, 3).
    async fn tell(&mut self, said: Said<'_>) {
        let packet = self.packet(said);
        let answer = self.send(&packet).await.expect("it is answered");
        assert_eq!((answer[0], answer[1], answer.len()), (5, packet[1], 20));
        let wanted =
            Md5::new().chain_update(&answer[..4]).chain_update(&packet[4..20]).chain_update(self.secret).finalize();
        assert_eq!(&answer[4..], wanted.as_slice(), "the response is made with the secret and the request");
    }
}

async fn world() -> World {
    let world = World::unknown().await;
    let lena = filter::Person { id: "lena".to_owned(), ..learner() };
    let yoshi = filter::Person { id: "yoshi".to_owned(), ..learner() };
    world.reception.names.lock().unwrap().extend([("lena".to_owned(), lena), ("yoshi".to_owned(), yoshi)]);
    world
}

/// Who is known at this computer: by the record of a page that it opens; nobody where it meets the gate.
async fn who(world: &World) -> Option<String> {
    let reply = get(world.wifi, "http://site.test/", PAGE).await;
    let record = world.records().await.pop();
    assert_eq!(reply.status.as_u16(), if record.is_some() { 200 } else { 302 });
    record.map(|record| record.person.id)
}

#[tokio::test]
async fn f13_start_and_stop_of_a_network_bind_and_end_a_person() {
    let world = world().await;
    let mut point = Device::new(&world, "ap-1").await;
    assert_eq!(who(&world).await, None, "nobody has said anything");
    point.tell(says(START, "lena", "c1", &[HERE])).await;
    assert_eq!(who(&world).await.as_deref(), Some("lena"));
    point.tell(says(INTERIM, "lena", "c1", &[HERE])).await;
    assert_eq!(who(&world).await.as_deref(), Some("lena"));
    point.tell(says(STOP, "lena", "c2", &[HERE])).await;
    assert_eq!(who(&world).await.as_deref(), Some("lena"), "another connection of hers ended");
    point.tell(says(STOP, "lena", "c1", &[HERE])).await;
    assert_eq!(who(&world).await, None);
    point.tell(says(INTERIM, "lena", "c1", &[HERE])).await;
    assert_eq!(who(&world).await, None, "what comes late begins nothing again");
    // Another listener of the same gateway does not believe the network.
    point.tell(says(START, "lena", "c3", &[HERE])).await;
    assert_eq!(get(world.shared, "http://site.test/", PAGE).await.status, 302);
    assert_eq!(get(world.lab, "http://site.test/", PAGE).await.status, 302);
    assert_eq!(world.numbers().accounting_heard, 6);
}

#[tokio::test]
async fn s6_an_address_belongs_to_whom_the_network_named_last() {
    let world = world().await;
    let mut point = Device::new(&world, "ap-1").await;
    point.tell(says(START, "lena", "c1", &[HERE])).await;
    point.tell(says(START, "yoshi", "c2", &[HERE])).await;
    assert_eq!(who(&world).await.as_deref(), Some("yoshi"));
    point.tell(says(STOP, "lena", "c1", &[HERE])).await;
    assert_eq!(who(&world).await.as_deref(), Some("yoshi"), "her stop is not his");
    // Somebody of elsewhere, or without a name, has the address now: he has it no longer, and nobody is guessed.
    for (place, user) in ["guest@elsewhere.example", "", "nobody-here"].into_iter().enumerate() {
        point.tell(says(START, "yoshi", &format!("before-{place}"), &[HERE])).await;
        assert_eq!(who(&world).await.as_deref(), Some("yoshi"));
        point.tell(says(START, user, &format!("after-{place}"), &[HERE])).await;
        assert_eq!(who(&world).await, None, "{user}");
    }
    // Her computer gets another address.
    point.tell(says(START, "lena@college.example", "c9", &[HERE])).await;
    assert_eq!(who(&world).await.as_deref(), Some("lena"), "with the realm of the organisation");
    let v6: std::net::Ipv6Addr = "2001:db8::7".parse().unwrap();
    point.tell(says(INTERIM, "lena@college.example", "c9", &[&[10, 9, 9, 9], &v6.octets()])).await;
    assert_eq!(who(&world).await, None);
}

#[tokio::test]
async fn s6_a_device_that_begins_anew_ends_what_it_said_and_nothing_else() {
    let world = world().await;
    let (mut one, mut two) = (Device::new(&world, "ap-1").await, Device::new(&world, "ap-2").await);
    one.tell(says(START, "lena", "c1", &[HERE])).await;
    two.tell(says(ACCOUNTING_ON, "", "", &[])).await;
    assert_eq!(who(&world).await.as_deref(), Some("lena"), "another device began anew");
    for status in [ACCOUNTING_ON, ACCOUNTING_OFF] {
        one.tell(says(status, "", "", &[])).await;
        assert_eq!(who(&world).await, None);
        one.tell(says(START, "lena", "c1", &[HERE])).await;
        assert_eq!(who(&world).await.as_deref(), Some("lena"), "its numbers begin anew as well");
    }
}

#[tokio::test]
async fn s6_a_network_that_falls_silent_is_not_believed_for_ever() {
    let world = world().await;
    let mut point = Device::new(&world, "ap-1").await;
    point.tell(says(START, "lena", "c1", &[HERE])).await;
    assert_eq!(who(&world).await.as_deref(), Some("lena"));
    world.pass_minutes(29);
    point.tell(says(INTERIM, "lena", "c1", &[])).await;
    world.pass_minutes(29);
    assert_eq!(who(&world).await.as_deref(), Some("lena"), "it said that she is still there");
    world.pass_minutes(2);
    assert_eq!(who(&world).await, None);
}

#[tokio::test]
async fn s6_without_the_secret_nobody_is_listened_to_and_it_is_counted() {
    let world = world().await;
    let mut thief = Device::new(&world, "ap-1").await;
    thief.secret = b"another secret altogether";
    let packet = thief.packet(says(START, "lena", "c1", &[HERE]));
    assert_eq!(thief.send(&packet).await, None, "no answer");
    for junk in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[0; 4096], &packet[..packet.len() - 1]] {
        assert_eq!(thief.send(junk).await, None);
    }
    assert_eq!(who(&world).await, None);
    let numbers = world.numbers();
    assert_eq!((numbers.accounting_wrong_secret, numbers.accounting_malformed, numbers.accounting_heard), (1, 4, 0));
}

#[tokio::test]
async fn f13_a_packet_that_comes_again_is_answered_and_taken_in_once() {
    let world = world().await;
    let mut point = Device::new(&world, "ap-1").await;
    let start = point.packet(says(START, "lena", "c1", &[HERE]));
    let first = point.send(&start).await.unwrap();
    assert_eq!(point.send(&start).await.unwrap(), first);
    let numbers = world.numbers();
    assert_eq!((numbers.accounting_heard, numbers.accounting_again), (1, 1));
    point.tell(says(STOP, "lena", "c1", &[HERE])).await;
    assert!(point.send(&start).await.is_some(), "an old start is answered");
    assert_eq!(who(&world).await, None, "and begins nothing again");
}

#[tokio::test]
async fn s4_whom_the_network_names_before_the_notice_meets_the_gate() {
    let world = world().await;
    let mut point = Device::new(&world, "ap-1").await;
    world.reception.names.lock().unwrap().remove("lena");
    point.tell(says(START, "lena", "c1", &[HERE])).await;
    assert_eq!(who(&world).await, None);
    assert_eq!(get(world.wifi, "http://advice.test/", PAGE).await.status, 200, "help is open (S-2)");
    *world.reception.again.lock().unwrap() = Identified::Person(filter::Person { id: "lena".to_owned(), ..learner() });
    assert_eq!(who(&world).await.as_deref(), Some("lena"), "once she has passed the gate, at once");
}
