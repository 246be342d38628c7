//! A whole gateway on loopback with everything around it: identity, portal, scripted websites, and clients.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use filter::{Person, Snapshot};
use gateway::dns::ClosedNames;
use gateway::{
    Answer, Authority, Config, Contact, Counts, DnsDoor, Door, Gateway, Identified, Identity, Limits, Listener, Moment,
    Numbers, Portal, Ports, Reach, Sink, Snapshots, Trust, Wire,
};
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::pack;
use crate::website::{Website, start_portal};

#[derive(Default)]
pub(crate) struct InForce(pub(crate) Mutex<Option<Arc<Snapshot>>>);

impl Snapshots for InForce {
    fn current(&self) -> Option<Arc<Snapshot>> {
        self.0.lock().unwrap().clone()
    }
}

pub(crate) fn learner() -> Person {
    Person {
        id: "p1".to_owned(),
        group: "learner".to_owned(),
        population: "learner".to_owned(),
        site: "main".to_owned(),
        how: "signed in at the gate".to_owned(),
        session: "s1".to_owned(),
    }
}

/// Who is there, as a test says.
pub(crate) struct Reception {
    pub(crate) who: Mutex<Identified>,
    pub(crate) again: Mutex<Identified>,
    pub(crate) asked: AtomicU64,
    pub(crate) connections: Mutex<Vec<usize>>,
    pub(crate) cannot_ask: AtomicBool,
}

impl Identity for Reception {
    fn who(&self, _: &Door, _: Timestamp) -> Identified {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.who.lock().unwrap().clone()
    }

    fn still(&self, _: &Door, _: Timestamp) -> Identified {
        self.who.lock().unwrap().clone()
    }

    fn ask_again(&self, _: &Door, _: Timestamp) -> Answer<Identified> {
        let again = self.again.lock().unwrap().clone();
        Box::pin(async move { again })
    }

    fn can_ask(&self) -> bool {
        !self.cannot_ask.load(Ordering::SeqCst)
    }

    fn connections(&self, _: &Door, open: usize, _: Timestamp) {
        self.connections.lock().unwrap().push(open);
    }
}

pub(crate) struct House {
    plain: SocketAddr,
    secure: SocketAddr,
    pub(crate) named: Mutex<HashMap<(String, u16), SocketAddr>>,
}

impl Portal for House {
    fn is_portal(&self, host: &str) -> bool {
        host == "haven.test"
    }
    fn gate_address(&self) -> String {
        "http://haven.test/gate".to_owned()
    }
    fn prove_address(&self) -> String {
        "http://haven.test/prove".to_owned()
    }
    fn decision_address(&self, reference: &str) -> String {
        format!("http://haven.test/decision/{reference}")
    }
    fn connect(&self, _: &Door, secure: bool) -> Answer<std::io::Result<Box<dyn Wire>>> {
        let address = if secure { self.secure } else { self.plain };
        Box::pin(async move { Ok(Box::new(TcpStream::connect(address).await?) as Box<dyn Wire>) })
    }
    fn named_upstream(&self, host: &str, port: u16) -> Option<SocketAddr> {
        self.named.lock().unwrap().get(&(host.to_owned(), port)).copied()
    }
    fn contact(&self) -> Contact {
        Contact {
            whom_to_talk_to: "Ask your tutor or the safeguarding team.".to_owned(),
            report_address: "http://haven.test/report".to_owned(),
            ..Contact::default()
        }
    }
}

/// The real clock, because certificates are checked against it; numbers that only look random.
#[derive(Default)]
pub(crate) struct Outside(AtomicU64);

impl Moment for Outside {
    #[allow(
        clippy::disallowed_methods,
        reason = "a test stands outside: certificates are checked against the real clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let mut state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = state.to_le_bytes()[3];
        }
    }
}

pub(crate) struct World {
    /// The listener where one person sits at each address.
    pub(crate) address: SocketAddr,
    /// The listener where many share an address.
    pub(crate) shared: SocketAddr,
    /// The first DNS door, if there is one.
    pub(crate) dns: Option<SocketAddr>,
    pub(crate) in_force: Arc<InForce>,
    pub(crate) reception: Arc<Reception>,
    pub(crate) sink: Arc<Sink>,
    pub(crate) house: Arc<House>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) closed_names: Arc<ClosedNames>,
    /// Haven's authority, which clients believe.
    pub(crate) authority: Arc<Authority>,
    /// Signs the scripted websites.
    pub(crate) practice: Arc<Authority>,
    pub(crate) website: Website,
    pub(crate) stop: CancellationToken,
    pub(crate) running: Option<tokio::task::JoinHandle<()>>,
}

pub(crate) struct Plan {
    pub(crate) who: Identified,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) limits: Limits,
    pub(crate) reach: Reach,
    pub(crate) dns: Vec<DnsDoor>,
    /// Ordinary records and alerts for which there is room.
    pub(crate) room: (usize, usize),
}

impl Default for Plan {
    fn default() -> Self {
        let limits = Limits {
            head: Duration::from_millis(400),
            first_bytes: Duration::from_millis(400),
            connect: Duration::from_secs(2),
            upstream_head: Duration::from_millis(800),
            scan_wait: Duration::from_millis(800),
            question_every: Duration::from_millis(50),
            stop: Duration::from_secs(2),
            ..Limits::default()
        };
        Self {
            who: Identified::Person(learner()),
            snapshot: Some(pack::snapshot()),
            limits,
            reach: Reach::default(),
            dns: Vec::new(),
            room: (1000, 1000),
        }
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Plan::default()).await
    }

    pub(crate) async fn unknown() -> Self {
        Self::with(Plan { who: Identified::Unknown, ..Plan::default() }).await
    }

    pub(crate) async fn with(plan: Plan) -> Self {
        let moment = Arc::new(Outside::default());
        let authority = make_authority("Meadow Learning", moment.as_ref());
        let practice = make_authority("practice websites", moment.as_ref());
        let website = Website::start(&practice, moment.as_ref()).await;
        let house = Arc::new(House {
            plain: start_portal("plain").await,
            secure: start_portal("secure").await,
            named: Mutex::new(website.names()),
        });
        let reception = Arc::new(Reception {
            who: Mutex::new(plan.who),
            again: Mutex::new(Identified::Unknown),
            asked: AtomicU64::new(0),
            connections: Mutex::default(),
            cannot_ask: AtomicBool::new(false),
        });
        let in_force = Arc::new(InForce(Mutex::new(plan.snapshot.map(Arc::new))));
        let sink = Arc::new(Sink::with_limits(plan.room.0, plan.room.1));
        let listener = |name: &str, one| Listener {
            name: name.to_owned(),
            address: "127.0.0.1:0".parse().unwrap(),
            one_person_per_address: one,
        };
        let config = Config {
            listeners: vec![listener("room", true), listener("shared", false)],
            dns: plan.dns,
            reach: plan.reach,
            trust: Trust { practice_pem: Some(practice.certificate_pem().to_owned()), ..Trust::default() },
            limits: plan.limits,
        };
        let ports = Ports {
            snapshots: in_force.clone(),
            identity: reception.clone(),
            records: sink.clone(),
            portal: house.clone(),
            moment,
        };
        let gateway = Gateway::bind(config, ports, authority.clone()).await.unwrap();
        let addresses = gateway.addresses();
        let dns = gateway.dns_addresses().first().map(|(_, address)| *address);
        let counts = gateway.counts();
        let closed_names = gateway.closed_names();
        let stop = CancellationToken::new();
        let running = Some(tokio::spawn(gateway.run(stop.clone())));
        let (address, shared) = (addresses[0].1, addresses[1].1);
        Self {
            address,
            shared,
            dns,
            in_force,
            reception,
            sink,
            house,
            counts,
            closed_names,
            authority,
            practice,
            website,
            stop,
            running,
        }
    }

    pub(crate) fn numbers(&self) -> Numbers {
        self.counts.numbers()
    }

    pub(crate) fn sign_out(&self) {
        *self.reception.who.lock().unwrap() = Identified::Unknown;
    }

    /// Everything recorded so far, alerts first; waits a moment for what is on its way.
    pub(crate) async fn records(&self) -> Vec<gateway::Record> {
        tokio::time::sleep(Duration::from_millis(80)).await;
        let batch = self.sink.drain(usize::MAX);
        batch.alerts.into_iter().chain(batch.records).collect()
    }
}

pub(crate) fn make_authority(name: &str, moment: &Outside) -> Arc<Authority> {
    let pem = Authority::create(name, moment.now(), moment).unwrap();
    Arc::new(Authority::load(&pem).unwrap())
}
