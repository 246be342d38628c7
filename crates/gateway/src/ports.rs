//! What the gateway needs from the rest of Haven, and nothing more: what is in force, who is there, where records go.
//!
//! `server` implements these over `actions` and `store`; tests implement them in memory. A slow or absent database can
//! make an answer late or missing, but never stops traffic that the last good snapshot allows.

use std::net::IpAddr;
use std::sync::Arc;

use filter::{AlertCue, Person, Snapshot};
use jiff::Timestamp;
use policy::Action;

/// Where a browser stands: the listener it came in by and the address of its computer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Door {
    /// Name of the listener, from the configuration.
    pub listener: String,
    pub address: IpAddr,
}

/// What is in force. Asked at every decision, so it must be cheap: one atomic load.
pub trait Snapshots: Send + Sync + 'static {
    /// The last good snapshot; none when there has never been one: then the gateway refuses and says so (invariant 4).
    fn current(&self) -> Option<Arc<Snapshot>>;
}

/// Who is behind a door (S-6).
#[derive(Debug, Clone)]
pub enum Identified {
    /// Signed in, notice shown and acknowledged, agreement signed; the session has not been idle for 15 minutes.
    Person(Person),
    /// A session is bound here but every connection of that browser has gone away: the next page must show its cookie again.
    Unproven,
    /// Nobody, or the gate is not yet passed.
    Unknown,
}

/// Somebody whom another program that is trusted names: the network by its accounting. The name is theirs to be right about;
/// who it is here, and whether they were told (S-4), is Haven's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The name by which they sign in here.
    pub name: String,
    /// Stands for their time there; ends when that ends. At most 64 characters.
    pub session: String,
    pub since: Timestamp,
    /// Who says so: "RADIUS accounting of 10.0.0.2".
    pub by: String,
}

/// A future that a port gives back.
pub type Answer<T> = std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send>>;

/// Longest that the gateway waits for `Identity::ask_again`, in milliseconds.
pub const IDENTITY_LIMIT_MS: u64 = 200;

pub trait Identity: Send + Sync + 'static {
    /// From memory; called for every request. Counts as use: it moves the 15 idle minutes on.
    fn who(&self, door: &Door, now: Timestamp) -> Identified;
    /// As `who`, but does not count as use: an open tunnel asks it every second, and must not keep a session awake that
    /// nobody uses.
    fn still(&self, door: &Door, now: Timestamp) -> Identified;
    /// Asked afresh at a gate refusal, within [`IDENTITY_LIMIT_MS`].
    fn ask_again(&self, door: &Door, now: Timestamp) -> Answer<Identified>;
    /// Who shows this pass at this door, from memory. `counts` as use of the session, or not.
    fn by_pass(&self, _pass: &str, _door: &Door, _now: Timestamp, _counts: bool) -> Identified {
        Identified::Unknown
    }
    /// As `by_pass`, asked afresh at a gate refusal, within [`IDENTITY_LIMIT_MS`].
    fn by_pass_again(&self, pass: &str, door: &Door, now: Timestamp) -> Answer<Identified> {
        let known = self.by_pass(pass, door, now, true);
        Box::pin(async move { known })
    }
    /// Who is meant by a name, if they have passed the gate; from memory.
    fn by_name(&self, _named: &Vouched, _door: &Door, _now: Timestamp) -> Identified {
        Identified::Unknown
    }
    /// As `by_name`, asked afresh at a gate refusal, within [`IDENTITY_LIMIT_MS`].
    fn by_name_again(&self, named: &Vouched, door: &Door, now: Timestamp) -> Answer<Identified> {
        let known = self.by_name(named, door, now);
        Box::pin(async move { known })
    }
    /// The last connection that showed this pass has closed. As `connections`: quick, and without calling the gateway.
    fn pass_gone(&self, _pass: &str, _now: Timestamp) {}
    /// Whether somebody new can be known at all just now. While what is kept does not answer, nobody can be, and the gate
    /// says so instead of leading to a page that cannot help.
    fn can_ask(&self) -> bool {
        true
    }
    /// The first connection of a door was opened (1), or its last one closed (0): a closed browser must prove itself again.
    /// Called under a lock: it must be quick, and must not call the gateway.
    fn connections(&self, door: &Door, open: usize, now: Timestamp);
}

/// One line of the activity record (M01). Made only for people who have acknowledged the notice, and for registered devices
/// (S-4); never for help sites or Haven's own pages (S-3).
#[derive(Debug, Clone)]
pub struct Record {
    /// Opaque reference, shown on the block page; 16 characters, random.
    pub reference: String,
    pub at: Timestamp,
    /// Of a registered device: without an id, with what is registered in the place of session and how (`filter::Device::nobody`).
    pub person: Person,
    pub door: Door,
    pub method: String,
    pub scheme: String,
    pub host: String,
    /// Empty for a tunnel that was not opened.
    pub path: String,
    /// Words searched for, if it was a search; empty otherwise. Form posts are never recorded.
    pub search: String,
    pub action: Action,
    pub codes: Vec<String>,
    pub rule: String,
    /// As `Citation::to_record`.
    pub citation: String,
    /// As people read it: "WAES 7.1".
    pub citation_text: String,
    pub reason: String,
    pub list: String,
    pub navigation: bool,
    pub pack_digest: String,
    pub lists_digest: String,
    pub alert: Option<AlertCue>,
}

/// The bounded sink for records. It never waits for the database: a full sink drops the record and counts it (`M01`), but
/// a record with an alert waits in a queue of its own and is never dropped for lack of room in the ordinary one.
pub trait Records: Send + Sync + 'static {
    /// Takes a record. False if it found no place: then it is counted as lost, and what it was about is not answered as if
    /// it stood in the record. A record with an alert has its place only when it would outlive a power cut.
    fn put(&self, record: Record) -> bool;
    /// Whether the next record would find a place. Asked before anything that must be recorded is opened (invariant 6).
    fn room(&self) -> bool {
        true
    }
    /// Requests that were refused before anybody was known: only counted, never written (S-4).
    fn count_gate(&self);
}

/// Both ways of a conversation.
pub trait Wire: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Wire for T {}

/// Brings a request for Haven's own pages to the portal, with the door it came from.
pub trait Portal: Send + Sync + 'static {
    /// True for the portal's own host names.
    fn is_portal(&self, host: &str) -> bool;
    /// Absolute address of the gate page for a door, e.g. `http://haven.test/gate`; the gateway adds `?to=` and the
    /// address that was asked for.
    fn gate_address(&self) -> String;
    /// Absolute address of the page that lets a browser prove its session again; `?to=` is added.
    fn prove_address(&self) -> String;
    /// Where a browser is asked for its pass: a host of its own, that the gateway itself answers for.
    fn pass_address(&self) -> String {
        String::new()
    }
    /// True for the host of `pass_address`.
    fn is_pass(&self, _host: &str) -> bool {
        false
    }
    /// Absolute address of the page for a decision reference.
    fn decision_address(&self, reference: &str) -> String;
    /// A connection to the portal, already told the door: bytes written to it are HTTP/1.1 to the portal.
    fn connect(&self, door: &Door, secure: bool) -> Answer<std::io::Result<Box<dyn Wire>>>;
    /// Practice sites and other names that Haven itself answers for: the socket address to connect to instead of
    /// resolving the name, with whether TLS upstream certificates are signed by the practice authority.
    fn named_upstream(&self, host: &str, port: u16) -> Option<std::net::SocketAddr>;
    /// What the block page says in the organisation's own words.
    fn contact(&self) -> Contact {
        Contact::default()
    }
}

/// What the block page says besides the decision: people's words that belong to the organisation.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    /// "Ask your tutor or the safeguarding team (Student Services, ground floor)".
    pub whom_to_talk_to: String,
    /// Whose Haven this is; empty for the organisation that the policy names.
    pub organisation: String,
    /// The form that is joined to no decision (S-3).
    pub report_address: String,
    /// Whether everything here is invented; every page of a practice organisation says so.
    pub practice: bool,
}

pub trait Moment: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
    /// The time by which browsers judge a certificate: the machine's own, also where practice has moved its clock on.
    fn machine_time(&self) -> Timestamp {
        self.now()
    }
    /// Random bytes for references and certificate serial numbers.
    fn fill_random(&self, bytes: &mut [u8]);
}
