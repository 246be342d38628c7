//! Opens the listeners, lets connections in up to a limit, and stops without cutting anybody off in the middle of a word.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounting::{self, Accounting};
use crate::certificates::Authority;
use crate::config::{Config, Listener, ListenerTls, NetworkSignIn};
use crate::counts::Counts;
use crate::denied::Denied;
use crate::dns::{self, ClosedNames};
use crate::door::{Doors, Passes};
use crate::icap;
use crate::inspect;
use crate::malware::{self, Engine};
use crate::network::plain;
use crate::patient::Lingering;
use crate::ports::{Door, Identity, Moment, Portal, Records, Snapshots};
use crate::proxy;
use crate::tls::{self, TrustError};
use crate::upstream::Upstream;
use crate::warnings::Warnings;
use crate::who::Visit;

/// Pause after the system could not take a connection, in milliseconds.
const ACCEPT_PAUSE_MS: u64 = 50;

/// The rest of Haven, as the gateway sees it.
#[derive(Clone)]
pub struct Ports {
    pub snapshots: Arc<dyn Snapshots>,
    pub identity: Arc<dyn Identity>,
    pub records: Arc<dyn Records>,
    pub portal: Arc<dyn Portal>,
    pub moment: Arc<dyn Moment>,
}

/// Why the gateway does not start. One clear sentence each.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the listener {name} cannot open {address}: {error}")]
    Listen { name: String, address: SocketAddr, error: io::Error },
    #[error("two listeners have the name {0}")]
    SameName(String),
    #[error("RADIUS accounting cannot listen at {address}: {error}")]
    Accounting { address: SocketAddr, error: io::Error },
    #[error("no listener and no other door is set")]
    NoListener,
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Everything that all connections share.
pub(crate) struct Keeper {
    pub(crate) config: Config,
    pub(crate) ports: Ports,
    pub(crate) authority: Arc<Authority>,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) upstream: Arc<Upstream>,
    /// The malware engine, if one is set.
    pub(crate) engine: Option<Arc<Engine>>,
    pub(crate) warnings: Warnings,
    pub(crate) counts: Arc<Counts>,
    pub(crate) denied: Arc<Denied>,
    pub(crate) closed_names: Arc<ClosedNames>,
    pub(crate) doors: Arc<Doors>,
    pub(crate) passes: Arc<Passes>,
    pub(crate) accounting: Accounting,
    /// Cancelled when no new request is to begin.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the time for the last answers is over.
    pub(crate) end: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// A gateway whose listeners are open; connections wait until it runs.
pub struct Gateway {
    keeper: Arc<Keeper>,
    listeners: Vec<(Listener, TcpListener)>,
    networks: Vec<(NetworkSignIn, UdpSocket)>,
    dns: Vec<dns::Open>,
    icap: Vec<icap::Open>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("addresses", &self.addresses()).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Opens every listener, or none.
    ///
    /// # Errors
    /// If a listener cannot be opened, two have one name, or no authority is believed.
    pub async fn bind(config: Config, ports: Ports, authority: Arc<Authority>) -> Result<Self, StartError> {
        let mut listeners = Vec::new();
        for listener in &config.listeners {
            if listeners.iter().any(|(other, _): &(Listener, TcpListener)| other.name == listener.name) {
                return Err(StartError::SameName(listener.name.clone()));
            }
            let failed = |error| StartError::Listen { name: listener.name.clone(), address: listener.address, error };
            let socket = TcpListener::bind(listener.address).await.map_err(failed)?;
            listeners.push((listener.clone(), socket));
        }
        let mut dns = Vec::new();
        for door in &config.dns {
            if dns.iter().any(|other: &dns::Open| other.name == door.name) {
                return Err(StartError::SameName(door.name.clone()));
            }
            let failed = |error| StartError::Listen { name: door.name.clone(), address: door.address, error };
            dns.push(dns::Open::bind(door).await.map_err(failed)?);
        }
        let mut icap = Vec::new();
        for door in &config.icap {
            let failed = |error| StartError::Listen { name: door.name.clone(), address: door.address, error };
            icap.push(icap::Open::bind(door).await.map_err(failed)?);
        }
        if listeners.is_empty() && dns.is_empty() && icap.is_empty() {
            return Err(StartError::NoListener);
        }
        let mut networks = Vec::new();
        for network in &config.accounting {
            let failed = |error| StartError::Accounting { address: network.address, error };
            networks.push((network.clone(), UdpSocket::bind(network.address).await.map_err(failed)?));
        }
        let sockets = listeners.iter().filter_map(|(_, socket)| socket.local_addr().ok());
        let own_ports: Vec<u16> = sockets
            .chain(dns.iter().filter_map(|door| door.address().ok()))
            .chain(icap.iter().filter_map(|door| door.address().ok()))
            .map(|address| address.port())
            .collect();
        let provider = Arc::new(tls::provider());
        let upstream = Upstream::new(&config, &own_ports, &provider, Arc::clone(&ports.portal))?;
        let engine = config.malware.clone().map(Engine::new);
        let keeper = Keeper {
            engine,
            doors: Doors::new(Arc::clone(&ports.identity), Arc::clone(&ports.moment)),
            accounting: Accounting::default(),
            passes: Passes::new(Arc::clone(&ports.identity), Arc::clone(&ports.moment)),
            config,
            ports,
            authority,
            provider,
            upstream: Arc::new(upstream),
            warnings: Warnings::default(),
            counts: Arc::new(Counts::default()),
            denied: Arc::new(Denied::default()),
            closed_names: Arc::new(ClosedNames::default()),
            stop: CancellationToken::new(),
            end: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Ok(Self { keeper: Arc::new(keeper), listeners, networks, dns, icap })
    }

    /// The name and real address of each listener: a port of 0 has become a real one.
    #[must_use]
    pub fn addresses(&self) -> Vec<(String, SocketAddr)> {
        self.listeners
            .iter()
            .filter_map(|(listener, socket)| Some((listener.name.clone(), socket.local_addr().ok()?)))
            .collect()
    }

    /// Where RADIUS accounting is listened to, in the order of the settings.
    #[must_use]
    pub fn accounting_addresses(&self) -> Vec<SocketAddr> {
        self.networks.iter().filter_map(|(_, socket)| socket.local_addr().ok()).collect()
    }

    /// The name and real address of each DNS door.
    #[must_use]
    pub fn dns_addresses(&self) -> Vec<(String, SocketAddr)> {
        self.dns.iter().filter_map(|door| Some((door.name.clone(), door.address().ok()?))).collect()
    }

    /// The name and real address of each ICAP door.
    #[must_use]
    pub fn icap_addresses(&self) -> Vec<(String, SocketAddr)> {
        self.icap.iter().filter_map(|open| Some((open.door.name.clone(), open.address().ok()?))).collect()
    }

    /// Names that were closed by DNS, by category.
    #[must_use]
    pub fn closed_names(&self) -> Arc<ClosedNames> {
        Arc::clone(&self.keeper.closed_names)
    }

    /// The running numbers.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.keeper.counts)
    }

    /// Devices at which nobody signed in and that met the gate.
    #[must_use]
    pub fn denied(&self) -> Arc<Denied> {
        Arc::clone(&self.keeper.denied)
    }

    /// The malware engine, for a health page and for other doors; none if none is set.
    #[must_use]
    pub fn engine(&self) -> Option<Arc<Engine>> {
        self.keeper.engine.clone()
    }

    /// Serves until `stop` is cancelled; then no new connection is taken, open answers are finished within the limit, and
    /// everything is closed.
    pub async fn run(self, stop: CancellationToken) {
        let room = Arc::new(Semaphore::new(self.keeper.config.limits.connections));
        let mut loops = Vec::new();
        for (listener, socket) in self.listeners {
            let accepting = accept(Arc::clone(&self.keeper), listener, socket, Arc::clone(&room));
            loops.push(tokio::spawn(accepting));
        }
        if let Some(engine) = self.keeper.engine.clone() {
            loops.push(tokio::spawn(look_after(Arc::clone(&self.keeper), engine)));
        }
        for (network, socket) in self.networks {
            loops.push(tokio::spawn(accounting::listen(Arc::clone(&self.keeper), network, socket)));
        }
        for door in self.dns {
            loops.push(tokio::spawn(dns::serve(Arc::clone(&self.keeper), door)));
        }
        for open in self.icap {
            loops.push(tokio::spawn(icap::serve(Arc::clone(&self.keeper), open)));
        }
        stop.cancelled().await;
        let keeper = self.keeper;
        keeper.stop.cancel();
        for accepting in loops {
            // A loop ends with the token; one that panicked has ended too.
            let _ = accepting.await;
        }
        keeper.tasks.close();
        if tokio::time::timeout(keeper.config.limits.stop, keeper.tasks.wait()).await.is_err() {
            keeper.end.cancel();
            keeper.tasks.wait().await;
        }
    }
}

/// Asks the malware engine again and again how it is.
async fn look_after(keeper: Arc<Keeper>, engine: Arc<Engine>) {
    let every = Duration::from_secs(malware::LOOK_EVERY_SECONDS);
    loop {
        tokio::select! {
            () = keeper.stop.cancelled() => return,
            () = engine.look(keeper.ports.moment.now()) => {}
        }
        tokio::select! {
            () = keeper.stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}

async fn accept(keeper: Arc<Keeper>, listener: Listener, socket: TcpListener, room: Arc<Semaphore>) {
    loop {
        // Room first: without it, connections wait in the system's own queue.
        let place = tokio::select! {
            () = keeper.stop.cancelled() => return,
            place = Arc::clone(&room).acquire_owned() => place,
        };
        let Ok(place) = place else { return };
        let came = tokio::select! {
            () = keeper.stop.cancelled() => return,
            came = socket.accept() => came,
        };
        match came {
            Ok((stream, from)) => admit(&keeper, &listener, stream, from, place),
            Err(error) => {
                tracing::warn!(kind = %error.kind(), "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

fn admit(keeper: &Arc<Keeper>, listener: &Listener, stream: TcpStream, from: SocketAddr, place: OwnedSemaphorePermit) {
    keeper.counts.connections.add();
    let door = Door { listener: listener.name.clone(), address: plain(from.ip()) };
    let Some(entered) = keeper.doors.enter(door.clone(), keeper.config.limits.connections_per_address) else {
        keeper.counts.connections_refused.add();
        return;
    };
    // Small writes should not wait; a failure to set this only makes the connection slower.
    let _ = stream.set_nodelay(true);
    let visit = Visit {
        keeper: Arc::clone(keeper),
        door,
        at_device: true,
        known_by: listener.known_by,
        shown: None,
        named: None,
        held: Arc::default(),
        lines: Arc::default(),
        _entered: Arc::new(entered),
    };
    let visit = Arc::new(visit);
    let tls = listener.tls.clone();
    keeper.tasks.spawn(async move {
        let _place = place;
        let stream = Lingering::new(stream);
        let secured = match tls {
            None => return proxy::serve(visit, stream).await,
            Some(ListenerTls::Name(name)) => inspect::accept_one_name(&visit.keeper, stream, &name).await,
            Some(ListenerTls::Own(config)) => {
                let limit = visit.keeper.config.limits.handshake;
                tokio::time::timeout(limit, TlsAcceptor::from(config).accept(stream)).await.ok().and_then(Result::ok)
            }
        };
        match secured {
            Some(stream) => proxy::serve(visit, stream).await,
            None => visit.keeper.counts.handshake_failed.add(),
        }
    });
}
