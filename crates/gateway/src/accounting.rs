//! Who uses which address, as the network's own sign-in says (RADIUS accounting): held in memory, and no longer than the
//! network goes on saying it (S-6).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tokio::net::UdpSocket;

use crate::config::NetworkSignIn;
use crate::network::plain;
use crate::ports::Vouched;
use crate::radius::{self, PACKET_LIMIT_BYTES, RadiusError, Request, Status};
use crate::server::Keeper;
use crate::who::own_name;

/// Addresses that can be known by accounting at the same time.
const BINDINGS_LIMIT: usize = 100_000;
/// For so long a connection that ended is not begun again by a packet that comes late, in minutes.
const ENDED_MINUTES: i64 = 60;
/// Answered packets that are remembered, so that one which comes again is answered and not counted again.
const ANSWERED_LIMIT: usize = 4096;
/// Bytes of a digest that stand for a connection.
const NAME_BYTES: usize = 12;

/// One connection to the network: of which client of ours, by which device, under which number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Connection {
    client: IpAddr,
    device: String,
    number: String,
}

#[derive(Debug, Clone)]
struct Binding {
    connection: Connection,
    name: String,
    since: Timestamp,
    heard: Timestamp,
    silence: SignedDuration,
}

#[derive(Debug, Default)]
struct Table {
    by_address: HashMap<IpAddr, Binding>,
    ended: HashMap<Connection, Timestamp>,
    answered: HashMap<(SocketAddr, u8), [u8; 16]>,
}

/// Everything that the network says now.
#[derive(Debug, Default)]
pub(crate) struct Accounting(Mutex<Table>);

impl Accounting {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom the network names at an address; nobody once it has been silent about it for too long.
    pub(crate) fn at(&self, address: IpAddr, now: Timestamp) -> Option<Vouched> {
        let table = self.lock();
        let binding = table.by_address.get(&address).filter(|binding| !binding.is_silent(now))?;
        Some(Vouched {
            name: binding.name.clone(),
            session: binding.session(),
            since: binding.since,
            by: format!("RADIUS accounting of {}", binding.connection.client),
        })
    }

    /// True if this very packet was answered before.
    fn is_again(&self, from: SocketAddr, request: &Request) -> bool {
        let mut table = self.lock();
        if table.answered.len() >= ANSWERED_LIMIT {
            table.answered.clear();
        }
        table.answered.insert((from, request.identifier), request.authenticator) == Some(request.authenticator)
    }

    /// Takes in what the network says.
    fn hear(&self, client: IpAddr, request: &Request, source: &NetworkSignIn, now: Timestamp) {
        let mut table = self.lock();
        let connection = Connection { client, device: request.device.clone(), number: request.session.clone() };
        match request.status {
            Status::Reset => table.reset(&connection),
            Status::Stop => table.end(connection, now),
            Status::Start | Status::Interim => table.go_on(connection, request, source, now),
            Status::Other => {}
        }
    }
}

impl Binding {
    fn is_silent(&self, now: Timestamp) -> bool {
        self.heard.checked_add(self.silence).is_ok_and(|limit| now > limit)
    }

    /// A name for this person's time at this connection, which tells nothing by itself.
    fn session(&self) -> String {
        let Connection { client, device, number } = &self.connection;
        let digest = Sha256::digest(format!("{client}\0{device}\0{number}\0{}\0{}", self.name, self.since));
        let hex: String = digest.iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect();
        format!("radius-{hex}")
    }
}

impl Table {
    /// The device began anew: nothing holds that it said before. One that does not name itself speaks for its whole address.
    fn reset(&mut self, by: &Connection) {
        let of = |other: &Connection| other.client == by.client && (by.device.is_empty() || other.device == by.device);
        self.by_address.retain(|_, binding| !of(&binding.connection));
        self.ended.retain(|connection, _| !of(connection));
    }

    fn end(&mut self, connection: Connection, now: Timestamp) {
        self.by_address.retain(|_, binding| binding.connection != connection);
        let oldest = now.checked_sub(SignedDuration::from_mins(ENDED_MINUTES)).unwrap_or(now);
        self.ended.retain(|_, at| *at >= oldest);
        if self.ended.len() < BINDINGS_LIMIT {
            self.ended.insert(connection, now);
        }
    }

    fn go_on(&mut self, connection: Connection, request: &Request, source: &NetworkSignIn, now: Timestamp) {
        if self.ended.contains_key(&connection) || is_old(request, source, now) {
            return;
        }
        if request.addresses.is_empty() {
            // It goes on; by which addresses was said before.
            for binding in self.by_address.values_mut().filter(|binding| binding.connection == connection) {
                binding.heard = now;
            }
            return;
        }
        let name = own_name(&request.user, &source.realms);
        let since = self
            .by_address
            .values()
            .find(|binding| binding.connection == connection && Some(&binding.name) == name.as_ref())
            .map_or(now, |binding| binding.since);
        // Whoever had these addresses has them no longer, whoever comes; and this connection has these and no other.
        self.by_address
            .retain(|address, binding| binding.connection != connection && !request.addresses.contains(address));
        let Some(name) = name else { return };
        if self.by_address.len() + request.addresses.len() > BINDINGS_LIMIT {
            self.by_address.retain(|_, binding| !binding.is_silent(now));
        }
        for address in &request.addresses {
            if self.by_address.len() < BINDINGS_LIMIT {
                let (connection, name) = (connection.clone(), name.clone());
                self.by_address
                    .insert(*address, Binding { connection, name, since, heard: now, silence: source.silence });
            }
        }
    }
}

/// Whether a packet tells of something so long ago that it counts no longer: one that was kept and sent again.
fn is_old(request: &Request, source: &NetworkSignIn, now: Timestamp) -> bool {
    let happened = request.happened_at.and_then(|second| Timestamp::from_second(i64::from(second)).ok());
    happened.and_then(|at| at.checked_add(source.silence).ok()).is_some_and(|limit| now > limit)
}

/// Listens to the network until the gateway stops.
pub(crate) async fn listen(keeper: Arc<Keeper>, source: NetworkSignIn, socket: UdpSocket) {
    let mut packet = [0_u8; PACKET_LIMIT_BYTES + 1];
    loop {
        let came = tokio::select! {
            () = keeper.stop.cancelled() => return,
            came = socket.recv_from(&mut packet) => came,
        };
        let Ok((length, from)) = came else { continue };
        let Some(bytes) = packet.get(..length) else { continue };
        if let Some(response) = answer(&keeper, &source, from, bytes) {
            // A response that is lost is asked for again.
            let _ = socket.send_to(&response, from).await;
        }
    }
}

fn answer(keeper: &Keeper, source: &NetworkSignIn, from: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let counts = &keeper.counts;
    let client = plain(from.ip());
    if !source.clients.iter().any(|network| network.contains(client)) {
        counts.accounting_strangers.add();
        return None;
    }
    let request = match radius::read(bytes, &source.secret) {
        Ok(request) => request,
        Err(RadiusError::Secret) => {
            counts.accounting_wrong_secret.add();
            return None;
        }
        Err(RadiusError::Malformed | RadiusError::NotAccounting) => {
            counts.accounting_malformed.add();
            return None;
        }
    };
    if keeper.accounting.is_again(from, &request) {
        counts.accounting_again.add();
    } else {
        counts.accounting_heard.add();
        keeper.accounting.hear(client, &request, source, keeper.ports.moment.now());
    }
    Some(request.response(&source.secret))
}
