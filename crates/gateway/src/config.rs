//! What an organisation sets for its gateway: where it listens, what it may reach, and how much of everything.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use filter::tenants::Tenants;

use crate::network::Network;

/// One place where browsers come in.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Lasting name, as it stands in records: `classroom-4`.
    pub name: String,
    pub address: SocketAddr,
    pub known_by: KnownBy,
    /// Browsers speak TLS with the proxy itself ("HTTPS proxy"), so that what they show of themselves is not overheard.
    pub tls: Option<ListenerTls>,
}

/// With what certificate a listener speaks TLS.
#[derive(Debug, Clone)]
pub enum ListenerTls {
    /// One of the organisation's own.
    Own(Arc<rustls::ServerConfig>),
    /// One that Haven's authority makes for this name, and makes anew in time.
    Name(String),
}

/// By what somebody is known at a listener (S-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KnownBy {
    /// Everybody is unknown.
    #[default]
    Nothing,
    /// The site declares that one person at a time sits behind each address here.
    Address,
    /// Several people share an address: each browser shows the pass of its session.
    Pass,
    /// The network asks everybody who they are, and says who has which address (RADIUS accounting).
    Accounting,
    /// Another proxy asks them, and says with each request who it is for (ICAP). Of no listener of Haven's own.
    Proxy,
}

/// A network that asks everybody who they are, and says who has which address: RADIUS accounting.
#[derive(Clone)]
pub struct NetworkSignIn {
    /// Where its packets come in, UDP.
    pub address: SocketAddr,
    /// What both sides know.
    pub secret: Arc<[u8]>,
    /// Who may speak: access points, switches, RADIUS servers.
    pub clients: Vec<Network>,
    /// What may stand beside a sign-in name, as `name@realm` or `REALM\name`. A name with another realm is somebody else's.
    pub realms: Vec<String>,
    /// For so long after the last word about somebody they are known.
    pub silence: jiff::SignedDuration,
}

impl std::fmt::Debug for NetworkSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkSignIn").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A place where names are asked for by DNS.
#[derive(Debug, Clone)]
pub struct DnsDoor {
    /// Lasting name, as it stands in messages: `guest-wifi`.
    pub name: String,
    /// For UDP and TCP.
    pub address: SocketAddr,
    /// The organisation's resolvers, in the order in which they are asked.
    pub upstream: Vec<SocketAddr>,
    /// Network -> group of the pack whose answers it gets. Elsewhere inside, the strictest of all groups.
    pub networks: Vec<(Network, String)>,
    /// Where closed names lead: addresses of a listener at port 80. Empty: closed names do not exist.
    pub block_page: Vec<IpAddr>,
    /// Names of Haven's own pages, which may stand inside.
    pub own_names: Vec<String>,
    pub questions_per_second: u32,
}

/// A place where other proxies ask about requests and responses (ICAP).
#[derive(Debug, Clone)]
pub struct IcapDoor {
    /// Lasting name, as it stands in records: `squid`.
    pub name: String,
    pub address: SocketAddr,
    /// Proxies that may ask. They also say from which address a request came.
    pub clients: Vec<Network>,
    /// Of these, the ones that are believed about who asks (S-6).
    pub username_from: Vec<Network>,
    /// What may stand beside a sign-in name, as `name@realm` or `REALM\name`. A name with another realm is somebody else's.
    pub realms: Vec<String>,
}

/// Questions that one address may ask in a second, if nothing is set.
pub const DNS_QUESTIONS_PER_SECOND: u32 = 200;

/// What may be reached, and how names become addresses.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Private networks that may be reached although they are private: the organisation's own intranet.
    pub private_networks: Vec<Network>,
    /// Names that are not asked of the resolver. The rules about private addresses hold for them as well.
    pub fixed_names: BTreeMap<String, IpAddr>,
    /// Ports of Haven itself besides its listeners: portal, health, database. Never reached through the gateway.
    pub own_ports: Vec<u16>,
}

/// Whose signatures on a website's certificate are believed.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The public authorities that browsers believe, as shipped with Haven.
    pub public_authorities: bool,
    /// The authorities that this machine believes, e.g. the organisation's own.
    pub machine_authorities: bool,
    /// Further authorities, PEM.
    pub extra_pem: Vec<String>,
    /// Signs practice sites; believed only for names that `Portal::named_upstream` answers for. PEM.
    pub practice_pem: Option<String>,
}

impl Default for Trust {
    fn default() -> Self {
        Self { public_authorities: true, machine_authorities: false, extra_pem: Vec::new(), practice_pem: None }
    }
}

pub const CONNECTIONS: usize = 4096;
pub const CONNECTIONS_PER_ADDRESS: usize = 512;
pub const HEAD_LIMIT_BYTES: usize = 64 * 1024;
pub const HEAD_LIMIT_SECONDS: u64 = 15;
pub const IDLE_LIMIT_SECONDS: u64 = 20 * 60;
pub const FIRST_BYTES_LIMIT_SECONDS: u64 = 10;
pub const HANDSHAKE_LIMIT_SECONDS: u64 = 10;
pub const CONNECT_LIMIT_SECONDS: u64 = 10;
pub const UPSTREAM_HEAD_LIMIT_SECONDS: u64 = 60;
pub const SCAN_WAIT_LIMIT_SECONDS: u64 = 30;
pub const SCRIPT_WAIT_LIMIT_SECONDS: u64 = 5;
pub const SCAN_TEXT_LIMIT_BYTES: usize = 2 * 1024 * 1024;
pub const SCAN_RAW_LIMIT_BYTES: usize = 2 * 1024 * 1024;
pub const SCAN_RATIO_LIMIT: usize = 200;
pub const QUESTION_EVERY_MS: u64 = 1000;
pub const STOP_LIMIT_SECONDS: u64 = 10;
pub const LEAF_CACHE: usize = 2000;

/// How much, and how long. Everything has a limit (invariant 9).
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections on all listeners together.
    pub connections: usize,
    /// Open connections of one address; the rest wait at the door.
    pub connections_per_address: usize,
    /// Request line and headers of one request, in bytes.
    pub head_bytes: usize,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// A kept connection on which nothing happens.
    pub idle: Duration,
    /// From our answer to CONNECT to the client's first bytes.
    pub first_bytes: Duration,
    /// A TLS handshake, on either side.
    pub handshake: Duration,
    /// Resolving a name and connecting to it.
    pub connect: Duration,
    /// From a request sent to the head of its response.
    pub upstream_head: Duration,
    /// From the head of a response to the end of what is read of its words.
    pub scan_wait: Duration,
    /// The same for what a page's script asked for, which may come in pieces for as long as it likes: it is judged by what
    /// came until then.
    pub script_wait: Duration,
    /// Decoded text that is judged, in bytes; what follows is passed on.
    pub scan_text_bytes: usize,
    /// Body as sent that is held back while it is judged, in bytes.
    pub scan_raw_bytes: usize,
    /// Decoded bytes for one byte as sent; more is taken for a bomb.
    pub scan_ratio: usize,
    /// How often an open tunnel is asked about again.
    pub question_every: Duration,
    /// How long open conversations may go on after a stop.
    pub stop: Duration,
    /// Certificates kept ready, one a name.
    pub leaf_cache: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            connections_per_address: CONNECTIONS_PER_ADDRESS,
            head_bytes: HEAD_LIMIT_BYTES,
            head: Duration::from_secs(HEAD_LIMIT_SECONDS),
            idle: Duration::from_secs(IDLE_LIMIT_SECONDS),
            first_bytes: Duration::from_secs(FIRST_BYTES_LIMIT_SECONDS),
            handshake: Duration::from_secs(HANDSHAKE_LIMIT_SECONDS),
            connect: Duration::from_secs(CONNECT_LIMIT_SECONDS),
            upstream_head: Duration::from_secs(UPSTREAM_HEAD_LIMIT_SECONDS),
            scan_wait: Duration::from_secs(SCAN_WAIT_LIMIT_SECONDS),
            script_wait: Duration::from_secs(SCRIPT_WAIT_LIMIT_SECONDS),
            scan_text_bytes: SCAN_TEXT_LIMIT_BYTES,
            scan_raw_bytes: SCAN_RAW_LIMIT_BYTES,
            scan_ratio: SCAN_RATIO_LIMIT,
            question_every: Duration::from_millis(QUESTION_EVERY_MS),
            stop: Duration::from_secs(STOP_LIMIT_SECONDS),
            leaf_cache: LEAF_CACHE,
        }
    }
}

/// Everything that is set.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub listeners: Vec<Listener>,
    pub accounting: Vec<NetworkSignIn>,
    pub dns: Vec<DnsDoor>,
    pub icap: Vec<IcapDoor>,
    /// Whose accounts may sign in to the large suites, where connections are looked into.
    pub tenants: Tenants,
    pub reach: Reach,
    pub trust: Trust,
    pub limits: Limits,
    /// The malware engine; without one no file is scanned.
    pub malware: Option<crate::malware::Plan>,
}

impl Config {
    /// Whether anything can come in.
    #[must_use]
    pub fn has_doors(&self) -> bool {
        !(self.listeners.is_empty() && self.dns.is_empty() && self.icap.is_empty())
    }
}
