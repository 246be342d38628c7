//! Haven running: pages, gateway and workers together, from the opening of the ports to the last record written.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actions::mail::Carrier;
use actions::{Haven, Mode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use gateway::{Authority, Gateway, Ports, Sink, StartError};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use web::{Seat, WebOptions};

use crate::moment::{Clock, fill_random};
use crate::pages::{self, Pages};
use crate::ports::HubMoment;
use crate::ports::feed::Feed;
use crate::ports::identity::{AtTheDoor, People};
use crate::ports::portal::{Inner, LOOPBACK, Practice, Secret};
use crate::ports::records;
use crate::ports::snapshots::InForce;
use crate::say::{Ending, Failure, Outcome};
use crate::{heads, hub, workers};

/// Random bytes in the key of a form.
const FORM_KEY_BYTES: usize = 18;
/// How long workers may take to end after a stop, in seconds.
const STOP_LIMIT_SECONDS: u64 = 8;
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
    pub(crate) portal: Portal,
    pub(crate) carrier: Option<Arc<dyn Carrier>>,
    pub(crate) heads: heads::Plan,
    pub(crate) records_waiting: usize,
    pub(crate) practice: Option<Practising>,
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
}

/// Runs until a signal ends it. `ready` is called when every port is open.
pub(crate) async fn run(house: House, ready: impl FnOnce(&[(String, SocketAddr)])) -> Outcome {
    let stop = CancellationToken::new();
    let mut end = EndSignals::listen()?;
    let tasks = TaskTracker::new();
    let opened = Opened::open(&house).await?;
    let addresses = opened.gateway.as_ref().map(Gateway::addresses).unwrap_or_default();

    let doors = TaskTracker::new();
    let router = web::router(Arc::clone(&house.haven), options(&house, &addresses, &opened.in_force));
    if let Some(listener) = opened.public {
        doors.spawn(Pages::straight(router.clone(), listener, house.portal.tls.clone()).serve(stop.clone()));
    }
    doors.spawn(Pages::inner(router, opened.inner, opened.secret).serve(stop.clone()));
    if let Some(gateway) = opened.gateway {
        doors.spawn(gateway.run(stop.clone()));
    }
    // The writer outlives the doors: what they still saw is written.
    let last = CancellationToken::new();
    let name = gateway_name(&house);
    tasks.spawn(records::write(Arc::clone(&house.haven), opened.sink, name, last.clone()));
    start_workers(&house, &tasks, &opened.feed, &opened.people, &stop);
    let heads_folder = house.heads.folder.clone();
    tasks.spawn(heads::keep(Arc::clone(&house.haven), house.heads, stop.clone()));

    ready(&addresses);
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
    heads::write(&house.haven, &heads_folder).await;
    house.haven.store.close().await;
    tracing::info!("stopped");
    Ok(Ending::Done)
}

/// What is open before anything runs.
struct Opened {
    public: Option<tokio::net::TcpListener>,
    inner: tokio::net::TcpListener,
    secret: Secret,
    gateway: Option<Gateway>,
    sink: Arc<Sink>,
    people: Arc<People>,
    in_force: Arc<InForce>,
    feed: Arc<Feed>,
}

impl Opened {
    async fn open(house: &House) -> Result<Self, Failure> {
        let public = match house.only {
            Some(Only::Gateway) => None,
            _ => Some(pages::bind("The portal", house.portal.listen).await?),
        };
        let inner = pages::bind("The inner portal", LOOPBACK).await?;
        let secret = Secret::new();
        let hosts = vec![house.portal.host.clone()];
        let in_force = Arc::new(InForce::open(Arc::clone(&house.haven), house.lists.clone(), hosts)?);
        let people = Arc::new(People::new(Arc::clone(&house.haven)));
        let feed = Feed::begin(Arc::clone(&house.haven), Arc::clone(&people), Arc::clone(&in_force));
        let feed = Arc::new(feed.await.map_err(hub::told)?);
        let sink = Arc::new(Sink::with_limits(house.records_waiting, ALERTS_LIMIT));
        let own = |listener: &tokio::net::TcpListener| listener.local_addr().map_err(Failure::from);
        let mut config = house.gateway.clone();
        config.reach.own_ports.push(house.portal.listen.port());
        config.reach.own_ports.push(own(&inner)?.port());
        let portal = Inner {
            host: house.portal.host.clone(),
            address: own(&inner)?,
            secret: secret.clone(),
            practice: house.practice.as_ref().map(|practice| practice.sites),
            whom_to_talk_to: house.portal.whom_to_talk_to.clone(),
            organisation: house.haven.organisation.clone(),
        };
        let ports = Ports {
            snapshots: Arc::clone(&in_force) as Arc<dyn gateway::Snapshots>,
            identity: Arc::new(AtTheDoor { people: Arc::clone(&people), feed: Arc::clone(&feed) }),
            records: Arc::clone(&sink) as Arc<dyn gateway::Records>,
            portal: Arc::new(portal),
            moment: Arc::new(HubMoment(Arc::clone(&house.haven))),
        };
        let gateway = if house.only == Some(Only::Web) || config.listeners.is_empty() {
            None
        } else {
            Some(Gateway::bind(config, ports, Arc::clone(&house.authority)).await.map_err(start_failure)?)
        };
        Ok(Self { public, inner, secret, gateway, sink, people, in_force, feed })
    }
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
    tasks.spawn(Arc::clone(feed).follow(stop.clone()));
    tasks.spawn(workers::sessions(Arc::clone(people), stop.clone()));
    tasks.spawn(workers::jobs(Arc::clone(&house.haven), stop.clone()));
    tasks.spawn(workers::anchors(Arc::clone(&house.haven), stop.clone()));
    tasks.spawn(records::sweep(Arc::clone(&house.haven), stop.clone()));
    if let Some(carrier) = &house.carrier {
        tasks.spawn(workers::letters(Arc::clone(&house.haven), Arc::clone(carrier), stop.clone()));
    }
    if house.haven.mode == Mode::Practice {
        tasks.spawn(workers::practice_clock(Arc::clone(&house.haven), Arc::clone(&house.clock), stop.clone()));
    }
}

/// Each gateway chains its own batches: the name is that of the machine.
fn gateway_name(house: &House) -> String {
    let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let listener = house.gateway.listeners.first().map(|listener| listener.name.clone()).unwrap_or_default();
    format!("{} {listener}", machine.trim()).trim().chars().take(100).collect()
}

fn options(house: &House, addresses: &[(String, SocketAddr)], in_force: &Arc<InForce>) -> WebOptions {
    WebOptions {
        ca_pem: Some(Bytes::copy_from_slice(house.authority.certificate_pem().as_bytes())),
        exit_address: house.portal.exit_address.clone(),
        proxy_host: house.portal.proxy_host.clone(),
        proxy_port: addresses.first().map(|(_, address)| address.port()),
        fresh_id: Arc::new(|| {
            let mut bytes = [0_u8; FORM_KEY_BYTES];
            fill_random(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        }),
        practice: house.practice.as_ref().map(|practice| web::Practice {
            password: practice.password.clone(),
            seats: practice.seats.clone(),
            try_request: tries(house, practice.person, in_force),
        }),
    }
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
        let address = filter::Address::parse(address).ok()?;
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
