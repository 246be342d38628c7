//! Haven running: pages, gateway and workers together, from the opening of the ports to the last record written.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actions::health::{About, AccountsAbout, ListenerAbout};
use actions::mail::Carrier;
use actions::{ActionError, Haven, Mode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use filter::tenants::{Suite, Tenants};
use gateway::{Authority, Gateway, Ports, Sink, StartError};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use web::{Seat, WebOptions};

use crate::checks::{self, Checker};
use crate::moment::{Clock, fill_random};
use crate::pages::{self, Pages};
use crate::ports::HubMoment;
use crate::ports::apart::{self, There};
use crate::ports::feed::Feed;
use crate::ports::identity::{AtTheDoor, People};
use crate::ports::portal::{Inner, LOOPBACK, Practice, Secret, Way};
use crate::ports::records::{self, Desk, Recorder};
use crate::ports::snapshots::InForce;
use crate::say::{self, Ending, Failure, Outcome};
use crate::sealed::Sealed;
use crate::spool::Spool;
use crate::supply::Supply;
use crate::telling::{Counting, Seen, Telling};
use crate::{heads, hub, workers};

/// Random bytes in the key of a form.
const FORM_KEY_BYTES: usize = 18;
/// How long workers may take to end after a stop, in seconds.
const STOP_LIMIT_SECONDS: u64 = 8;
/// How long connections to the database may take to end, in seconds.
const CLOSE_LIMIT_SECONDS: u64 = 2;
/// Records that carry an alert and may wait.
const ALERTS_LIMIT: usize = gateway::sink::WAITING_LIMIT_ALERTS;

/// A part that runs alone; the other part runs elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Only {
    /// Haven's pages, without the gateway.
    Web,
    /// The gateway, without the public pages.
    Gateway,
}

/// Everything that is needed to run.
pub(crate) struct House {
    pub(crate) haven: Arc<Haven>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) only: Option<Only>,
    pub(crate) gateway: gateway::Config,
    pub(crate) authority: Arc<Authority>,
    pub(crate) lists: Option<PathBuf>,
    /// Where lists are fetched from; then `lists` is what the supply puts in force.
    pub(crate) supply: Option<Arc<Supply>>,
    /// When classes, lunch and exams are.
    pub(crate) timetable: Arc<filter::timetable::Timetable>,
    /// What is registered where nobody can sign in.
    pub(crate) devices: Arc<filter::device::Devices>,
    /// Lists of illegal content; none in the practice organisation.
    pub(crate) sealed: Option<Arc<Sealed>>,
    pub(crate) portal: Portal,
    pub(crate) carrier: Option<Arc<dyn Carrier>>,
    pub(crate) heads: heads::Plan,
    pub(crate) records_waiting: usize,
    pub(crate) practice: Option<Practising>,
    /// Folder of the data, keys and last good policy.
    pub(crate) data: PathBuf,
    pub(crate) away: Away,
    pub(crate) apart: Apart,
    /// How often the filter is checked by the clock, in hours; 0 for never.
    pub(crate) check_every_hours: u32,
}

/// What only the practice organisation has.
pub(crate) struct Practising {
    /// Where its websites are served.
    pub(crate) sites: Practice,
    pub(crate) password: String,
    pub(crate) seats: Vec<Seat>,
    /// The person behind a user name as the filter sees them today; none for a name that nobody has.
    pub(crate) person: fn(&Haven, &str) -> Option<filter::Person>,
}

/// The pages of a house.
pub(crate) struct Portal {
    pub(crate) listen: SocketAddr,
    pub(crate) host: String,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) exit_address: String,
    pub(crate) whom_to_talk_to: String,
    pub(crate) proxy_host: String,
    /// How browsers set their proxy themselves.
    pub(crate) proxy_file: web::ProxyFile,
}

/// What a gateway goes on with while the database is away.
pub(crate) struct Away {
    /// Folder in which records wait.
    pub(crate) spool: PathBuf,
    pub(crate) limit_mb: u64,
    /// How old the last good policy may be.
    pub(crate) policy_days: u32,
}

/// Gateways and pages on different machines.
#[derive(Default)]
pub(crate) struct Apart {
    /// Where the pages wait for gateways.
    pub(crate) listen: Option<(SocketAddr, Secret)>,
    /// Where a gateway alone finds the pages.
    pub(crate) pages: Option<(SocketAddr, Secret)>,
}

/// Names and addresses of what is open.
pub(crate) type Doors = [(String, SocketAddr)];

/// Runs until a signal ends it. `ready` is called when every port is open.
pub(crate) async fn run(house: House, ready: impl FnOnce(&Doors, &[(&str, Vec<(String, SocketAddr)>)])) -> Outcome {
    let stop = CancellationToken::new();
    let mut end = EndSignals::listen()?;
    let tasks = TaskTracker::new();
    let mut opened = Opened::open(&house).await?;
    let counts = opened.gateway.as_ref().map(|gateway| Counting {
        counts: gateway.counts(),
        engine: gateway.engine(),
        denied: gateway.denied(),
        names: gateway.dns_addresses(),
    });
    let addresses = opened.gateway.as_ref().map(Gateway::addresses).unwrap_or_default();
    let others =
        opened.gateway.as_ref().map(|gateway| [("names", gateway.dns_addresses()), ("ICAP", gateway.icap_addresses())]);
    let others: Vec<(&str, Vec<(String, SocketAddr)>)> = others.into_iter().flatten().collect();

    let doors = TaskTracker::new();
    if let Some(pages) = opened.pages.take() {
        let router = web::router(Arc::clone(&house.haven), options(&house, &addresses, &opened.in_force));
        let at_once = axum::middleware::from_fn_with_state(Arc::clone(&opened.feed), Feed::before_the_answer);
        pages.serve(&house, router.layer(at_once), &doors, &stop);
    }
    if let Some(gateway) = opened.gateway.take() {
        doors.spawn(gateway.run(stop.clone()));
    }
    // The writer outlives the doors: what they still saw is written.
    let last = CancellationToken::new();
    let has_pages = house.has_pages();
    if let Some(checker) = checker(&house, &opened, &addresses) {
        let (sender, asked) = mpsc::channel(checks::WAITING_LIMIT);
        opened.feed.tell_checks(sender);
        tasks.spawn(checker.run(asked, stop.clone()));
    }
    tasks.spawn(telling(&house, &opened, counts, &addresses).run(last.clone()));
    if let Some(recorder) = opened.recorder {
        let desk = Desk { haven: Arc::clone(&house.haven), raises: has_pages };
        tasks.spawn(recorder.write(desk, last.clone()));
    }
    start_workers(&house, &tasks, &opened.feed, &opened.people, &stop);
    let heads_folder = house.heads.folder.clone();
    if has_pages {
        tasks.spawn(heads::keep(Arc::clone(&house.haven), house.heads, stop.clone()));
    }

    ready(&addresses, &others);
    end.come().await;
    tracing::info!("stopping");
    stop.cancel();
    doors.close();
    doors.wait().await;
    last.cancel();
    tasks.close();
    if tokio::time::timeout(Duration::from_secs(STOP_LIMIT_SECONDS), tasks.wait()).await.is_err() {
        tracing::warn!("something took too long to end and was left");
    }
    if has_pages {
        heads::write(&house.haven, &heads_folder).await;
    }
    // A database that is away must not keep a gateway from ending.
    let _ = tokio::time::timeout(Duration::from_secs(CLOSE_LIMIT_SECONDS), house.haven.store.close()).await;
    tracing::info!("stopped");
    Ok(Ending::Done)
}

impl House {
    fn has_pages(&self) -> bool {
        self.only != Some(Only::Gateway)
    }

    fn has_gateway(&self) -> bool {
        self.only != Some(Only::Web) && self.gateway.has_doors()
    }
}

/// The ports at which pages are served.
struct OpenPages {
    public: TcpListener,
    inner: TcpListener,
    secret: Secret,
    apart: Option<(TcpListener, TlsAcceptor, Secret)>,
}

impl OpenPages {
    async fn open(house: &House) -> Result<Self, Failure> {
        let apart = match &house.apart.listen {
            Some((address, secret)) => {
                let listener = pages::bind("The way for gateways", *address).await?;
                Some((listener, apart::acceptor(&house.authority)?, secret.clone()))
            }
            None => None,
        };
        Ok(Self {
            public: pages::bind("The portal", house.portal.listen).await?,
            inner: pages::bind("The inner portal", LOOPBACK).await?,
            secret: Secret::new(),
            apart,
        })
    }

    fn serve(self, house: &House, router: axum::Router, doors: &TaskTracker, stop: &CancellationToken) {
        let tls = house.portal.tls.clone();
        doors.spawn(Pages::straight(router.clone(), self.public, tls).serve(stop.clone()));
        if let Some((listener, tls, secret)) = self.apart {
            doors.spawn(Pages::apart(router.clone(), listener, tls, secret).serve(stop.clone()));
        }
        doors.spawn(Pages::inner(router, self.inner, self.secret).serve(stop.clone()));
    }
}

/// What is open before anything runs.
struct Opened {
    pages: Option<OpenPages>,
    gateway: Option<Gateway>,
    recorder: Option<Arc<Recorder>>,
    people: Arc<People>,
    in_force: Arc<InForce>,
    feed: Arc<Feed>,
}

impl Opened {
    async fn open(house: &House) -> Result<Self, Failure> {
        let pages = if house.has_pages() { Some(OpenPages::open(house).await?) } else { None };
        let hosts = vec![house.portal.host.clone()];
        // Before the first request, and before anything is opened at all.
        if let Some(sealed) = &house.sealed {
            sealed.begin(&house.haven, house.has_pages()).await?;
        }
        let in_force =
            InForce::open(Arc::clone(&house.haven), house.lists.clone(), house.supply.is_some(), hosts, &house.data)?;
        let in_force = in_force.by_timetable(Arc::clone(&house.timetable)).by_devices(Arc::clone(&house.devices));
        let in_force = Arc::new(in_force.with_sealed(house.sealed.clone()));
        let people = Arc::new(People::new(Arc::clone(&house.haven)));
        let feed = Feed::new(Arc::clone(&house.haven), Arc::clone(&people), Arc::clone(&in_force), !house.has_pages());
        let feed = Arc::new(feed);
        begin(house, &feed, &in_force).await?;
        let (mut gateway, mut recorder) = (None, None);
        if house.has_gateway() {
            let records = Arc::new(recorder_of(house).await?);
            let ports = Ports {
                snapshots: Arc::clone(&in_force) as Arc<dyn gateway::Snapshots>,
                identity: Arc::new(AtTheDoor { people: Arc::clone(&people), feed: Arc::clone(&feed) }),
                records: Arc::clone(&records) as Arc<dyn gateway::Records>,
                portal: Arc::new(inner(house, pages.as_ref())?),
                moment: Arc::new(HubMoment(Arc::clone(&house.haven))),
            };
            let config = gateway_config(house, pages.as_ref())?;
            let bound = Gateway::bind(config, ports, Arc::clone(&house.authority)).await;
            gateway = Some(bound.map_err(start_failure)?);
            recorder = Some(records);
        }
        Ok(Self { pages, gateway, recorder, people, in_force, feed })
    }
}

/// Asks the database for everything. A gateway alone goes on without it, by the last good policy.
async fn begin(house: &House, feed: &Feed, in_force: &InForce) -> Result<(), Failure> {
    match feed.pull().await {
        Ok(()) => Ok(()),
        Err(error) if house.has_pages() => Err(hub::told(error)),
        Err(ActionError::Away(cause)) => {
            tracing::warn!(%cause, "the database is away at the start");
            if let Err(failure) = in_force.recall(house.away.policy_days) {
                tracing::error!(cause = %failure, "nothing is opened");
                say::trouble(failure);
            }
            Ok(())
        }
        Err(ActionError::Broken(cause)) => Err(Failure::new(format!("The gateway cannot start: {cause}."))),
        Err(error) => Err(hub::told(error)),
    }
}

async fn recorder_of(house: &House) -> Result<Recorder, Failure> {
    let (spool, left) = Spool::open(&house.away.spool, house.away.limit_mb)?;
    if left.alerts > 0 || left.batches > 0 {
        tracing::info!(alerts = left.alerts, batches = left.batches, "records of an earlier run wait on the disk");
    }
    if left.cut > 0 {
        tracing::warn!(
            files = left.cut,
            "the last record of the spool was cut short, as a power cut does, and is left out"
        );
    }
    if left.altered > 0 {
        tracing::error!(
            entries = left.altered,
            folder = %house.away.spool.display(),
            "records on the disk were altered and cannot be read; their files stay there with the ending 'altered'"
        );
    }
    let sink = Sink::with_limits(house.records_waiting, ALERTS_LIMIT);
    // A gateway alone has no way to the keys: what it sees of a sealed address it does not keep.
    let recovery =
        if house.has_pages() { store::keys::recovery(&house.haven.store).await.ok().flatten() } else { None };
    Ok(Recorder::new(sink, spool, gateway_name(house), recovery))
}

fn gateway_config(house: &House, pages: Option<&OpenPages>) -> Result<gateway::Config, Failure> {
    let mut config = house.gateway.clone();
    let own = &mut config.reach.own_ports;
    own.push(house.portal.listen.port());
    if let Some(pages) = pages {
        own.push(pages.inner.local_addr()?.port());
    }
    own.extend(house.apart.listen.iter().chain(&house.apart.pages).map(|(address, _)| address.port()));
    Ok(config)
}

fn inner(house: &House, pages: Option<&OpenPages>) -> Result<Inner, Failure> {
    let (way, secret) = match (pages, &house.apart.pages) {
        (Some(pages), _) => (Way::Here(pages.inner.local_addr()?), pages.secret.clone()),
        (None, Some((address, secret))) => (Way::There(There::new(*address, &house.authority)?), secret.clone()),
        (None, None) => return Err(Failure::new("A gateway alone must know where Haven's pages are. Set [gateways].")),
    };
    Ok(Inner {
        host: house.portal.host.clone(),
        way,
        secret,
        practice: house.practice.as_ref().map(|practice| practice.sites),
        whom_to_talk_to: house.portal.whom_to_talk_to.clone(),
        organisation: house.haven.organisation.clone(),
    })
}

fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::Listen { name, address, error } => {
            pages::cannot_open(&format!("The listener '{name}'"), address, &error)
        }
        other => Failure::new(format!("The gateway cannot start: {other}. Mend it in the settings.")),
    }
}

fn start_workers(house: &House, tasks: &TaskTracker, feed: &Arc<Feed>, people: &Arc<People>, stop: &CancellationToken) {
    let haven = || Arc::clone(&house.haven);
    tasks.spawn(Arc::clone(feed).follow(stop.clone()));
    tasks.spawn(workers::sessions(haven(), Arc::clone(people), house.has_pages(), stop.clone()));
    if let Some(supply) = &house.supply {
        tasks.spawn(workers::lists(haven(), Arc::clone(supply), house.has_pages(), stop.clone()));
    }
    if let Some(sealed) = &house.sealed {
        tasks.spawn(workers::sealed_lists(haven(), Arc::clone(sealed), house.has_pages(), stop.clone()));
    }
    if !house.has_pages() {
        return;
    }
    tasks.spawn(workers::jobs(haven(), stop.clone()));
    tasks.spawn(workers::anchors(haven(), stop.clone()));
    tasks.spawn(workers::attempts(haven(), stop.clone()));
    tasks.spawn(workers::retention(haven(), stop.clone()));
    tasks.spawn(workers::checks(haven(), house.check_every_hours, stop.clone()));
    tasks.spawn(records::sweep(haven(), stop.clone()));
    if let Some(carrier) = &house.carrier {
        tasks.spawn(workers::letters(haven(), Arc::clone(carrier), stop.clone()));
    }
    if house.haven.mode == Mode::Practice {
        tasks.spawn(workers::practice_clock(haven(), Arc::clone(&house.clock), stop.clone()));
    }
}

/// Who checks the filter of this node; nobody where there is no gateway.
fn checker(house: &House, opened: &Opened, addresses: &[(String, SocketAddr)]) -> Option<Checker> {
    opened.recorder.as_ref()?;
    Some(Checker {
        haven: Arc::clone(&house.haven),
        node: gateway_name(house),
        in_force: Arc::clone(&opened.in_force),
        gateway: house.gateway.clone(),
        authority: Arc::clone(&house.authority),
        listeners: addresses.to_vec(),
    })
}

/// Which suites' accounts are limited, in words.
fn accounts(tenants: &Tenants) -> Vec<AccountsAbout> {
    let suites = [Suite::Microsoft, Suite::Google].into_iter();
    suites
        .filter_map(|suite| Some(AccountsAbout { suite: suite.name().to_owned(), says: tenants.sentence(suite)? }))
        .collect()
}

/// How people are known whom another proxy names.
const BY_PROXY: &str = "the sign-in at the proxy that asks (ICAP)";

/// What this node tells of itself.
fn telling(house: &House, opened: &Opened, counted: Option<Counting>, addresses: &[(String, SocketAddr)]) -> Telling {
    let known_by = |name: &str| {
        let found = house.gateway.listeners.iter().find(|listener| listener.name == name);
        match found.map(|listener| listener.known_by).unwrap_or_default() {
            gateway::KnownBy::Nothing => "",
            gateway::KnownBy::Address => "the computer that they sit at",
            gateway::KnownBy::Pass => "the pass of their sign-in",
            gateway::KnownBy::Accounting => "what the network says (RADIUS)",
            gateway::KnownBy::Proxy => BY_PROXY,
        }
    };
    let listeners = addresses.iter().map(|(name, address)| ListenerAbout {
        name: name.clone(),
        address: address.to_string(),
        known_by: known_by(name).to_owned(),
    });
    let asked = house.gateway.icap.iter().map(|door| ListenerAbout {
        name: door.name.clone(),
        address: door.address.to_string(),
        known_by: if door.username_from.is_empty() { String::new() } else { BY_PROXY.to_owned() },
    });
    let mut places = vec![("the data", house.data.clone())];
    if opened.recorder.is_some() && !house.away.spool.starts_with(&house.data) {
        places.push(("records that wait", house.away.spool.clone()));
    }
    let fixed = About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pages: house.has_pages(),
        listeners: listeners.chain(asked).collect(),
        authority_until: house.authority.valid_until(),
        accounts: accounts(&house.gateway.tenants),
        devices: crate::telling::registered(&house.devices),
        ..About::default()
    };
    let (haven, in_force, recorder) = (Arc::clone(&house.haven), Arc::clone(&opened.in_force), opened.recorder.clone());
    Telling::new(haven, gateway_name(house), fixed, Seen { in_force, recorder, counted, places })
}

/// Each gateway chains its own batches: the name is that of the machine.
fn gateway_name(house: &House) -> String {
    let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let listener = house.gateway.listeners.first().map(|listener| listener.name.clone()).unwrap_or_default();
    format!("{} {listener}", machine.trim()).trim().chars().take(store::nodes::NAME_LIMIT_LETTERS).collect()
}

fn options(house: &House, addresses: &[(String, SocketAddr)], in_force: &Arc<InForce>) -> WebOptions {
    WebOptions {
        ca_pem: Some(Bytes::copy_from_slice(house.authority.certificate_pem().as_bytes())),
        exit_address: house.portal.exit_address.clone(),
        proxy_host: house.portal.proxy_host.clone(),
        proxy_file: house.portal.proxy_file.clone(),
        proxy_port: addresses.first().map(|(_, address)| address.port()),
        pass_address: format!("http://{}/", crate::ports::portal::pass_host(&house.portal.host)),
        fresh_id: Arc::new(|| {
            let mut bytes = [0_u8; FORM_KEY_BYTES];
            fill_random(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        }),
        lists: shows_lists(house),
        in_force: {
            let in_force = Arc::clone(in_force);
            Arc::new(move || gateway::Snapshots::current(in_force.as_ref()))
        },
        find_in_lists: finds_in_lists(house),
        change_lists: changes_lists(house),
        practice: house.practice.as_ref().map(|practice| web::Practice {
            password: practice.password.clone(),
            seats: practice.seats.clone(),
            try_request: tries(house, practice.person, in_force),
        }),
    }
}

/// How the lists stand, for the page; what is asked is on the disk, and small.
fn shows_lists(house: &House) -> web::ShowLists {
    let sealed = house.sealed.clone();
    let sealed = move || sealed.as_ref().map(|sealed| sealed.shown()).unwrap_or_default();
    if let Some(supply) = &house.supply {
        let supply = Arc::clone(supply);
        return Arc::new(move || web::ListsShown { sealed: sealed(), ..supply.shown() });
    }
    let file = house.lists.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    let shown = web::ListsShown { file: file.unwrap_or_default(), ..web::ListsShown::default() };
    Arc::new(move || web::ListsShown { sealed: sealed(), ..shown.clone() })
}

/// Searches the kept editions; without sources, Haven's own starter lists.
fn finds_in_lists(house: &House) -> web::FindInLists {
    let supply = house.supply.clone();
    Arc::new(move |name| {
        let supply = supply.clone();
        // Every kept edition is read: where that takes long, no other page waits.
        let find = move || {
            let address = crate::commands::lists::address_of(name.trim());
            let address = address.map_err(|error| format!("That is no address: {error}."))?;
            let found = match &supply {
                Some(supply) => supply.find(&address).map_err(|failure| failure.0)?,
                None => crate::supply::find_in_starter(&address),
            };
            Ok(found.into_iter().map(crate::supply::FoundIn::shown).collect())
        };
        Box::pin(async move { tokio::task::spawn_blocking(find).await.unwrap_or_else(|error| Err(error.to_string())) })
    })
}

fn changes_lists(house: &House) -> web::ChangeLists {
    let (haven, supply) = (Arc::clone(&house.haven), house.supply.clone());
    Arc::new(move |session, order| {
        let (haven, supply) = (Arc::clone(&haven), supply.clone());
        Box::pin(async move {
            let none = || ActionError::refused("The lists come from one file, which somebody makes by hand.");
            supply.ok_or_else(none)?.obey(haven, session, order).await
        })
    })
}

/// Asks the filter what it would do, without opening or recording anything.
fn tries(
    house: &House,
    person: fn(&Haven, &str) -> Option<filter::Person>,
    in_force: &Arc<InForce>,
) -> web::TryRequest {
    let (haven, in_force) = (Arc::clone(&house.haven), Arc::clone(in_force));
    Arc::new(move |username, address| {
        let snapshot = gateway::Snapshots::current(in_force.as_ref())?;
        // People write a site's name as they say it.
        let whole = if address.contains("://") { address.to_owned() } else { format!("http://{}", address.trim()) };
        let address = filter::Address::parse(&whole).ok()?;
        let facts = crate::commands::facts_of(person(&haven, username)?, address, haven.now());
        let decision = filter::decide::request(&snapshot, &facts);
        Some(web::Tried {
            action: crate::commands::word(decision.action).to_owned(),
            reason: decision.reason,
            citation: decision.citation.to_string(),
            rule: decision.rule,
            list: decision.list,
            codes: decision.codes,
            also_matched: decision.also_matched,
            alert: decision.alert.map(|cue| cue.reason),
            inspect: decision.inspect,
            record: decision.record,
        })
    })
}

/// The two signals that end a program politely.
struct EndSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl EndSignals {
    fn listen() -> Result<Self, Failure> {
        let failed = |error| {
            Failure::new(format!("Haven cannot listen for signals ({error}). Start it in an ordinary process."))
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
