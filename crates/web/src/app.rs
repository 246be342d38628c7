//! What every handler is given: the hub of actions, and the few things that only `server` knows.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use jiff::Timestamp;

use crate::api::{ActionError, Door, Haven, Mode, Session};
use crate::error::PageError;
use crate::layout::Chrome;

/// What `server` decides for the pages.
#[derive(Clone)]
pub struct WebOptions {
    /// Haven's own certificate authority (the public certificate, PEM), for people to install; none if there is no inspection.
    pub ca_pem: Option<Bytes>,
    /// Where "Exit this page" goes: an ordinary page that says nothing about Haven.
    pub exit_address: String,
    /// Host name or address that a browser is pointed at, without port.
    pub proxy_host: String,
    /// Port of the ordinary proxy listener, for the help page; none if the gateway runs elsewhere.
    pub proxy_port: Option<u16>,
    /// Where the gateway asks a browser for its pass, with a slash at the end.
    pub pass_address: String,
    /// How browsers set their proxy themselves.
    pub proxy_file: ProxyFile,
    /// A new random text, at least 128 bits, for keys of forms: a form that is sent twice is one report.
    pub fresh_id: Arc<dyn Fn() -> String + Send + Sync>,
    /// How the block lists stand.
    pub lists: ShowLists,
    /// What the filter decides by.
    pub in_force: ShowInForce,
    /// The lines by which an address is on a list.
    pub find_in_lists: FindInLists,
    /// Changes the block lists for somebody who may.
    pub change_lists: ChangeLists,
    /// Only in the practice organisation.
    pub practice: Option<Practice>,
}

/// The snapshot that the filter decides by now, to ask it what would happen; none while no policy is in force.
pub type ShowInForce = Arc<dyn Fn() -> Option<Arc<filter::Snapshot>> + Send + Sync>;
/// What stands in the file by which browsers set their proxy themselves.
#[derive(Debug, Clone, Default)]
pub struct ProxyFile {
    /// One for each listener, in the order of the settings.
    pub ways: Vec<ProxyWay>,
    /// Names that are reached straight: Haven's own pages, and what the organisation listed. Small letters, no last dot.
    pub direct: Vec<String>,
}

/// The way through one listener.
#[derive(Debug, Clone)]
pub struct ProxyWay {
    pub listener: String,
    /// As the file says it: `PROXY proxy.college.example:3128`.
    pub directive: String,
}

/// Looks how the block lists stand now.
pub type ShowLists = Arc<dyn Fn() -> ListsShown + Send + Sync>;

/// Finds the lines of the kept editions by which an address is listed; a sentence if it cannot be read.
pub type FindInLists =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Result<Vec<ListLine>, String>> + Send>> + Send + Sync>;

/// Obeys an order, and writes it down; refuses whoever has no right to it.
pub type ChangeLists =
    Arc<dyn Fn(Session, ListsOrder) -> Pin<Box<dyn Future<Output = Result<(), ActionError>> + Send>> + Send + Sync>;

/// What a person wants done with the block lists.
#[derive(Debug, Clone)]
pub enum ListsOrder {
    /// Look at every source now; what was taken back no longer holds.
    Update,
    /// Take the edition that waits.
    Accept { source: String, reason: String },
    /// Put these earlier lists in force.
    TakeBack { number: u64, reason: String },
}

impl ListsOrder {
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Update => None,
            Self::Accept { reason, .. } | Self::TakeBack { reason, .. } => Some(reason),
        }
    }
}

/// One line by which an address is on a list.
#[derive(Debug, Clone)]
pub struct ListLine {
    pub list: String,
    /// When the edition was fetched; none for Haven's own starter lists.
    pub fetched_at: Option<Timestamp>,
    /// The first letters of the edition's SHA-256.
    pub edition: String,
    pub file: String,
    pub line: u64,
    pub text: String,
    /// Everything below this is meant.
    pub entry: String,
}

/// The supply of block lists, as the page shows it.
#[derive(Debug, Clone, Default)]
pub struct ListsShown {
    /// None where the lists come from one file.
    pub sources: Vec<ListSource>,
    /// Lists that are or were in force, newest first.
    pub builds: Vec<ListBuild>,
    /// The number of the lists that a person took back, while they stay in force.
    pub taken_back: Option<u64>,
    /// Name of the one file; empty where there is none.
    pub file: String,
    /// Lists of illegal content: how they stand, and nothing of what is on them.
    pub sealed: Vec<SealedListShown>,
}

/// A list of illegal content, as the page shows it.
#[derive(Debug, Clone)]
pub struct SealedListShown {
    pub name: String,
    /// False where the settings name it no more; it stays in force all the same.
    pub in_settings: bool,
    pub in_force: bool,
    pub state: ListState,
    pub entries: u64,
    pub checked_at: Option<Timestamp>,
    pub fetched_at: Option<Timestamp>,
    pub sentence: String,
}

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListState {
    New,
    Good,
    Held,
    Failed,
}

#[derive(Debug, Clone)]
pub struct ListSource {
    pub name: String,
    pub from: String,
    pub state: ListState,
    pub sentence: String,
    pub checked_at: Option<Timestamp>,
    /// When the good edition was fetched.
    pub fetched_at: Option<Timestamp>,
    pub entries: u64,
    pub refused: u64,
    /// Why a new edition waits, and the first of what it would change.
    pub concerns: Vec<String>,
    pub sample: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct ListBuild {
    pub number: u64,
    pub at: Timestamp,
    pub names: u64,
    pub urls: u64,
    pub why: String,
    pub in_force: bool,
}

/// What only the practice organisation has.
#[derive(Clone)]
pub struct Practice {
    /// The password of every invented person, from the practice folder's own file: the one-click sign-in opens their case
    /// keys with it. Never shown.
    pub password: String,
    /// Where each person sits.
    pub seats: Vec<Seat>,
    /// What would happen to a request of a person (by sign-in name) for an address; none if the address cannot be read.
    pub try_request: TryRequest,
}

/// Asks the filter, without opening or recording anything.
pub type TryRequest = Arc<dyn Fn(&str, &str) -> Option<Tried> + Send + Sync>;

/// The seat of one invented person.
#[derive(Debug, Clone)]
pub struct Seat {
    pub username: String,
    /// Their own proxy port, if they sit at a computer.
    pub port: Option<u16>,
    /// One sentence about them.
    pub blurb: String,
}

/// A decision of the filter, for "try a request as ...".
#[derive(Debug, Clone)]
pub struct Tried {
    /// `allow`, `block`, `warn` or `watch`.
    pub action: String,
    pub reason: String,
    /// As people read it: "WAES 7.1".
    pub citation: String,
    pub rule: String,
    pub list: String,
    pub codes: Vec<String>,
    pub also_matched: Vec<String>,
    /// The trigger's sentence, if somebody would be told.
    pub alert: Option<String>,
    pub inspect: bool,
    pub record: bool,
}

impl fmt::Debug for WebOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebOptions")
            .field("exit_address", &self.exit_address)
            .field("proxy_host", &self.proxy_host)
            .finish_non_exhaustive()
    }
}

/// The door by which this connection came, if it came through the gateway. Inserted by `server` for each connection.
#[derive(Debug, Clone, Default)]
pub struct DoorExt(pub Option<Door>);

/// The address that this connection came from, where it came straight to Haven. Only the sign-in looks at it. Inserted by
/// `server` for each connection.
#[derive(Debug, Clone, Copy, Default)]
pub struct PeerExt(pub Option<std::net::IpAddr>);

/// Whether this connection is encrypted up to Haven, so that its cookie may be marked `Secure`. Inserted by `server`.
#[derive(Debug, Clone, Copy, Default)]
pub struct OverTls(pub bool);

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) haven: Arc<Haven>,
    pub(crate) options: Arc<WebOptions>,
}

impl App {
    pub(crate) fn new(haven: Arc<Haven>, options: WebOptions) -> Self {
        Self { haven, options: Arc::new(options) }
    }

    pub(crate) fn practice(&self) -> bool {
        self.haven.mode == Mode::Practice
    }

    /// Pages for practice exist only there; on real data they are absent like any other unknown address.
    pub(crate) fn practice_only(&self) -> Result<(), PageError> {
        if self.practice() { Ok(()) } else { Err(PageError::absent()) }
    }

    /// The frame of a page for anybody; with a session it holds that person's name and menu.
    pub(crate) fn chrome(&self, title: &str, session: Option<&Session>) -> Chrome {
        Chrome::new(self, title, session)
    }
}

/// After a form: go and look at the result.
pub(crate) fn go(to: &str) -> Response {
    Redirect::to(to).into_response()
}
