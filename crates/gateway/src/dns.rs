//! The DNS door: names are asked for, and answered by the policy of the network that asks. Nobody is known here, so nothing
//! is recorded (S-4): only numbers are kept.

mod message;
mod rate;
mod upstream;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use filter::decide::{self, NameAsker};
use filter::search::SafeName;
use filter::{Device, Snapshot};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::config::{DnsDoor, Reach};
use crate::network::{is_public, plain};
use crate::server::Keeper;
pub use message::try_bytes;
use message::{Question, Read, Why};
use rate::Rate;

/// Questions over UDP that are answered at the same time at one door.
const AT_ONCE_LIMIT: usize = 1024;
/// Connections over TCP at one door.
const CONNECTIONS_LIMIT: usize = 256;
/// How long a TCP connection may be silent, in seconds.
const SILENT_LIMIT_SECONDS: u64 = 10;
/// How often a free port is looked for that is free for UDP and TCP alike.
const PORT_TRIES: usize = 16;
/// How often the numbers are written to the log, in seconds.
const TELL_EVERY_SECONDS: u64 = 3600;
/// Pause after the system could not take a question, in milliseconds.
const PAUSE_MS: u64 = 50;

/// Asked for by a browser that wants to know whether it may use DNS of its own: "not here".
const CANARY: &str = "use-application-dns.net";
/// Where devices ask for the encrypted twin of their resolver (RFC 9462): the upstream's would lead past Haven.
const DESIGNATED: &str = "resolver.arpa";
/// iCloud Private Relay, by the names that its maker publishes for networks that must see where people go.
const RELAYS: [&str; 2] = ["mask.icloud.com", "mask-h2.icloud.com"];

/// Closed names by category since the start.
#[derive(Debug, Default)]
pub struct ClosedNames(Mutex<BTreeMap<String, u64>>);

impl ClosedNames {
    fn add(&self, codes: &[String]) {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Codes are those of the policy: there are never many.
        for code in codes {
            let number = numbers.entry(code.clone()).or_default();
            *number = number.saturating_add(1);
        }
    }

    /// Category of the policy -> how many answers were closed because of it.
    #[must_use]
    pub fn numbers(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An open door, whose questions wait until it is served.
pub(crate) struct Open {
    pub(crate) name: String,
    udp: UdpSocket,
    tcp: TcpListener,
    door: DnsDoor,
}

impl Open {
    /// Opens a door for UDP and TCP at the same port.
    pub(crate) async fn bind(door: &DnsDoor) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..PORT_TRIES {
            let udp = UdpSocket::bind(door.address).await?;
            match TcpListener::bind(udp.local_addr()?).await {
                Ok(tcp) => return Ok(Self { name: door.name.clone(), udp, tcp, door: door.clone() }),
                // A port that was given by chance may be taken for TCP: another is tried.
                Err(error) if door.address.port() == 0 => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }
}

/// Answers until the gateway stops.
pub(crate) async fn serve(keeper: Arc<Keeper>, open: Open) {
    let Open { udp, tcp, door, .. } = open;
    let desk = Arc::new(Desk { rate: Rate::new(door.questions_per_second), keeper, door });
    tokio::join!(over_udp(&desk, Arc::new(udp)), over_tcp(&desk, tcp), tell(&desk));
}

async fn over_udp(desk: &Arc<Desk>, socket: Arc<UdpSocket>) {
    let room = Arc::new(Semaphore::new(AT_ONCE_LIMIT));
    let mut buffer = vec![0_u8; message::QUESTION_LIMIT_BYTES + 1];
    loop {
        let came = tokio::select! {
            () = desk.keeper.stop.cancelled() => return,
            came = socket.recv_from(&mut buffer) => came,
        };
        let Ok((length, from)) = came else {
            tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            desk.keeper.counts.dns_dropped.add();
            continue;
        };
        if !desk.admits(from.ip()) {
            continue;
        }
        let question = buffer.get(..length).unwrap_or_default().to_vec();
        let (desk, socket) = (Arc::clone(desk), Arc::clone(&socket));
        desk.clone().keeper.tasks.spawn(async move {
            let _place = place;
            if let Some(answer) = desk.answer(&question, from.ip(), true).await {
                // Whoever asked has gone: nobody waits for it.
                let _ = socket.send_to(&answer, from).await;
            }
        });
    }
}

async fn over_tcp(desk: &Arc<Desk>, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
    loop {
        let came = tokio::select! {
            () = desk.keeper.stop.cancelled() => return,
            came = listener.accept() => came,
        };
        let Ok((stream, from)) = came else {
            tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            desk.keeper.counts.dns_dropped.add();
            continue;
        };
        let desk = Arc::clone(desk);
        desk.clone().keeper.tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                _ = desk.converse(stream, from.ip()) => {}
                () = desk.keeper.stop.cancelled() => {}
            }
        });
    }
}

/// Numbers for whoever looks after the filter, in the log: never a name, never an address.
async fn tell(desk: &Desk) {
    loop {
        tokio::select! {
            () = desk.keeper.stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(TELL_EVERY_SECONDS)) => {}
        }
        let numbers = desk.keeper.counts.numbers();
        tracing::info!(
            questions = numbers.dns_questions,
            closed = numbers.dns_closed,
            by_category = ?desk.keeper.closed_names.numbers(),
            unanswered = numbers.dns_upstream_failed,
            "names that were asked for by DNS since the start"
        );
    }
}

/// Everything by which one door answers.
struct Desk {
    keeper: Arc<Keeper>,
    door: DnsDoor,
    rate: Rate,
}

/// For whom an address may ask.
enum Asker<'a> {
    Group(&'a str),
    /// Nothing was declared for its network.
    Strictest,
    /// Not from here: a resolver that is open to everybody is a weapon.
    Nobody,
}

impl Desk {
    fn admits(&self, address: IpAddr) -> bool {
        let admits = self.rate.admits(plain(address), Instant::now());
        if !admits {
            self.keeper.counts.dns_dropped.add();
        }
        admits
    }

    async fn converse(&self, mut stream: TcpStream, from: IpAddr) -> io::Result<()> {
        let silent = Duration::from_secs(SILENT_LIMIT_SECONDS);
        loop {
            let length = usize::from(timeout(silent, stream.read_u16()).await??);
            if length > message::QUESTION_LIMIT_BYTES {
                return Ok(());
            }
            let mut question = vec![0_u8; length];
            timeout(silent, stream.read_exact(&mut question)).await??;
            if !self.admits(from) {
                return Ok(());
            }
            let Some(answer) = self.answer(&question, from, false).await else { return Ok(()) };
            let Ok(length) = u16::try_from(answer.len()) else { return Ok(()) };
            let whole = [length.to_be_bytes().as_slice(), &answer].concat();
            timeout(silent, stream.write_all(&whole)).await??;
        }
    }

    async fn answer(&self, bytes: &[u8], from: IpAddr, udp: bool) -> Option<Vec<u8>> {
        self.keeper.counts.dns_questions.add();
        let question = match message::read(bytes) {
            Read::Question(question) => question,
            Read::Answer(answer) => {
                self.keeper.counts.dns_malformed.add();
                return Some(answer);
            }
            Read::Nothing => {
                self.keeper.counts.dns_malformed.add();
                return None;
            }
        };
        let registered = registered(&self.keeper, plain(from));
        let asker = asker(&self.door, registered.as_ref(), plain(from));
        let answer = match (&asker, &question.host) {
            (Asker::Nobody, _) => {
                self.keeper.counts.dns_refused.add();
                question.answer(ResponseCode::Refused, Vec::new(), Some((Why::Prohibited, "Not from this network.")))
            }
            (_, None) => question.answer(ResponseCode::Refused, Vec::new(), None),
            (Asker::Group(group), Some(host)) => self.decide(&question, host, Some(group), from).await,
            (Asker::Strictest, Some(host)) => self.decide(&question, host, None, from).await,
        };
        question.encode(&answer, udp)
    }

    async fn decide(&self, question: &Question, host: &str, group: Option<&str>, from: IpAddr) -> Message {
        let keeper = &self.keeper;
        let Some(snapshot) = keeper.ports.snapshots.current() else {
            keeper.counts.no_snapshot.add();
            let why = Some((Why::NotReady, "Haven has no policy in force."));
            return question.answer(ResponseCode::ServFail, Vec::new(), why);
        };
        // The root is no website; whoever asks for it looks after the names themselves.
        if host.is_empty() {
            return self.pass(question, |_| None).await;
        }
        let asker = NameAsker { at: keeper.ports.moment.now(), group, device: Some(plain(from)) };
        let Some(first) = decide::name(&snapshot, &asker, host) else {
            return question.answer(ResponseCode::Refused, Vec::new(), None);
        };
        if first.closed {
            return self.closed(question, &first.decision);
        }
        if !first.by_name
            && let Some(answer) = self.signal(question, host)
        {
            return answer;
        }
        if let Some(address) = keeper.config.reach.fixed_names.get(host) {
            let records = question.addresses(question.query.name(), &[*address]);
            return question.answer(ResponseCode::NoError, records, None);
        }
        match first.safe {
            Some(SafeName::Address(v4)) => {
                keeper.counts.dns_safe.add();
                let records = question.addresses(question.query.name(), &[IpAddr::V4(v4)]);
                question.answer(ResponseCode::NoError, records, None)
            }
            Some(SafeName::Alias(to)) => self.safe(question, to).await,
            None => {
                let own = self.is_own(&snapshot, host);
                self.pass_own(question, own, |alias| decide::alias(&snapshot, &asker, &first, alias)).await
            }
        }
    }

    /// What devices ask for to learn whether they may go their own way.
    fn signal(&self, question: &Question, host: &str) -> Option<Message> {
        let is_at = |name: &str| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        let code = if host == CANARY || RELAYS.contains(&host) {
            ResponseCode::NXDomain
        } else if is_at(DESIGNATED) {
            ResponseCode::NoError
        } else {
            return None;
        };
        self.keeper.counts.dns_signals.add();
        Some(question.answer(code, Vec::new(), Some((Why::Blocked, "Names are asked for at this resolver only."))))
    }

    /// The answer for a closed name: the address of the block page where one is set, otherwise "there is no such name";
    /// with the clause for whoever can read it.
    fn closed(&self, question: &Question, decision: &filter::Decision) -> Message {
        self.keeper.counts.dns_closed.add();
        self.keeper.closed_names.add(&decision.codes);
        let told = format!("Closed by {}. {}", decision.citation, decision.reason);
        let why = Some((Why::Blocked, told.as_str()));
        if self.door.block_page.is_empty() {
            return question.answer(ResponseCode::NXDomain, Vec::new(), why);
        }
        let records = question.addresses(question.query.name(), &self.door.block_page);
        question.answer(ResponseCode::NoError, records, why)
    }

    async fn safe(&self, question: &Question, to: &str) -> Message {
        self.keeper.counts.dns_safe.add();
        let Ok(mut to) = Name::from_ascii(to) else { return self.unanswered(question) };
        to.set_fqdn(true);
        let Some(found) = self.ask(&to, question.query.query_type()).await else { return self.unanswered(question) };
        let cleaned = message::clean(found, &to, is_public);
        let mut records = vec![question.alias(&to)];
        records.extend(cleaned.answers);
        question.answer(cleaned.code, records, None)
    }

    async fn pass(&self, question: &Question, judge: impl Fn(&str) -> Option<filter::Decision>) -> Message {
        self.pass_own(question, false, judge).await
    }

    /// Passes a question on, and what comes back without what leads round the filter. The names behind the name are
    /// judged too.
    async fn pass_own(
        &self,
        question: &Question,
        own: bool,
        judge: impl Fn(&str) -> Option<filter::Decision>,
    ) -> Message {
        let counts = &self.keeper.counts;
        let name = question.query.name();
        let Some(found) = self.ask(name, question.query.query_type()).await else { return self.unanswered(question) };
        let reach = &self.keeper.config.reach;
        let cleaned = message::clean(found, name, |address| own || may_be_told(reach, address));
        // A name with letters that no host has cannot be judged; nothing opens by it.
        let behind = cleaned.aliases.iter().filter_map(message::host_of);
        if let Some(decision) = behind.into_iter().find_map(|alias| judge(&alias)) {
            counts.dns_aliases.add();
            return self.closed(question, &decision);
        }
        if cleaned.had_ech {
            counts.dns_ech.add();
        }
        if cleaned.had_private {
            counts.dns_private.add();
            let has_addresses =
                cleaned.answers.iter().any(|record| record.record_type() == question.query.query_type());
            if !has_addresses {
                let why = Some((Why::Blocked, "This name leads to an address inside a private network."));
                return question.answer(ResponseCode::NXDomain, Vec::new(), why);
            }
        }
        let mut answer = question.answer(cleaned.code, cleaned.answers, None);
        answer.authorities.extend(cleaned.authority.filter(|_| answer.answers.is_empty()));
        answer
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Option<Message> {
        upstream::ask(&self.door.upstream, self.keeper.ports.moment.as_ref(), name, kind).await
    }

    fn unanswered(&self, question: &Question) -> Message {
        self.keeper.counts.dns_upstream_failed.add();
        let why = Some((Why::NoneReached, "No resolver that Haven asks has answered."));
        question.answer(ResponseCode::ServFail, Vec::new(), why)
    }

    /// Haven's own pages may stand inside.
    fn is_own(&self, snapshot: &Snapshot, host: &str) -> bool {
        snapshot.portal_hosts.iter().chain(&self.door.own_names).any(|own| own == host)
    }
}

/// For whom an address asks: the closest network that was declared; otherwise the strictest, for addresses from inside.
/// What is registered at an address.
fn registered(keeper: &Keeper, address: IpAddr) -> Option<Device> {
    keeper.ports.snapshots.current()?.device_at(address, keeper.ports.moment.now())
}

/// A registered device has the rules of its own group, before those of the network that it is in.
fn asker<'a>(door: &'a DnsDoor, registered: Option<&'a Device>, address: IpAddr) -> Asker<'a> {
    if let Some(device) = registered {
        return Asker::Group(&device.nobody.group);
    }
    let declared = door.networks.iter().filter(|(network, _)| network.contains(address));
    match declared.max_by_key(|(network, _)| network.prefix_bits()) {
        Some((_, group)) => Asker::Group(group),
        None if is_public(address) => Asker::Nobody,
        None => Asker::Strictest,
    }
}

/// Whether an address may be told: one of the open internet, or of a private network that was allowed. A name that leads
/// anywhere else inside would make a browser there reach what it must not (rebinding).
fn may_be_told(reach: &Reach, address: IpAddr) -> bool {
    is_public(address)
        || reach.private_networks.iter().any(|network| network.contains(plain(address)) || network.contains(address))
}

/// The decision about a name for whoever stands at an address: what the block page says.
pub(crate) fn decision_for(keeper: &Keeper, address: IpAddr, host: &str) -> Option<filter::Decision> {
    let snapshot = keeper.ports.snapshots.current()?;
    let door = keeper.config.dns.iter().find(|door| !door.block_page.is_empty())?;
    let registered = registered(keeper, address);
    let group = match asker(door, registered.as_ref(), address) {
        Asker::Group(group) => Some(group),
        Asker::Strictest | Asker::Nobody => None,
    };
    let answer =
        decide::name(&snapshot, &NameAsker { at: keeper.ports.moment.now(), group, device: Some(address) }, host)?;
    answer.closed.then_some(answer.decision)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn f13_a_registered_device_has_the_rules_of_its_group_before_those_of_its_network() {
        let door = DnsDoor {
            name: "guests".to_owned(),
            address: "127.0.0.1:53".parse().unwrap(),
            upstream: Vec::new(),
            networks: vec![("10.20.0.0/16".parse().unwrap(), "guest".to_owned())],
            block_page: Vec::new(),
            own_names: Vec::new(),
            questions_per_second: 1,
        };
        let nobody = filter::Person {
            id: String::new(),
            group: "learner".to_owned(),
            population: String::new(),
            site: String::new(),
            how: String::new(),
            session: "device:console".to_owned(),
        };
        let device = Device { name: "console".to_owned(), responsible: "head-of-it".to_owned(), nobody };
        let here: IpAddr = "10.20.9.7".parse().unwrap();
        assert!(matches!(asker(&door, Some(&device), here), Asker::Group("learner")));
        assert!(matches!(asker(&door, None, here), Asker::Group("guest")));
        assert!(matches!(asker(&door, None, "10.30.0.1".parse().unwrap()), Asker::Strictest));
    }
}
