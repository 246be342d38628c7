//! A whole gateway on loopback with everything around it: identity, portal, scripted websites, and clients.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use filter::{Person, Snapshot};
use gateway::dns::ClosedNames;
use gateway::{
    Answer, Authority, Config, Contact, Counts, DnsDoor, Door, Gateway, IcapDoor, Identified, Identity, KnownBy,
    Limits, Listener, ListenerTls, Moment, NetworkSignIn, Numbers, Portal, Ports, Reach, Sink, Snapshots, Trust,
    Vouched, Wire,
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
    /// Who shows which pass.
    pub(crate) passes: Mutex<HashMap<String, Identified>>,
    pub(crate) gone: Mutex<Vec<String>>,
    /// Who is meant by which name.
    pub(crate) names: Mutex<HashMap<String, Person>>,
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

    fn by_pass(&self, pass: &str, _: &Door, _: Timestamp, _: bool) -> Identified {
        self.passes.lock().unwrap().get(pass).cloned().unwrap_or(Identified::Unknown)
    }

    fn by_name(&self, named: &Vouched, _: &Door, _: Timestamp) -> Identified {
        let person = self.names.lock().unwrap().get(&named.name).cloned();
        person.map_or(Identified::Unknown, Identified::Person)
    }

    fn by_name_again(&self, named: &Vouched, door: &Door, now: Timestamp) -> Answer<Identified> {
        let known = match self.by_name(named, door, now) {
            Identified::Unknown => self.again.lock().unwrap().clone(),
            known => known,
        };
        Box::pin(async move { known })
    }

    fn pass_gone(&self, pass: &str, _: Timestamp) {
        self.gone.lock().unwrap().push(pass.to_owned());
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
    fn pass_address(&self) -> String {
        "http://pass.haven.test/".to_owned()
    }
    fn is_pass(&self, host: &str) -> bool {
        host == "pass.haven.test"
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

pub(crate) const RADIUS_SECRET: &[u8] = b"an invented radius secret";

/// The real clock, because certificates are checked against it, moved on where a test says so; numbers that only look random.
#[derive(Default)]
pub(crate) struct Outside(AtomicU64, AtomicU64);

impl Moment for Outside {
    #[allow(
        clippy::disallowed_methods,
        reason = "a test stands outside: certificates are checked against the real clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now() + jiff::SignedDuration::from_mins(i64::try_from(self.1.load(Ordering::SeqCst)).unwrap())
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
    /// The listeners where each browser shows its pass: plain, and over TLS as `proxy.test`.
    pub(crate) lab: SocketAddr,
    pub(crate) encrypted: SocketAddr,
    /// The listener where the network says who has which address, and where it says so.
    pub(crate) wifi: SocketAddr,
    pub(crate) accounting: SocketAddr,
    moment: Arc<Outside>,
    /// The first DNS door, if there is one.
    pub(crate) dns: Option<SocketAddr>,
    /// The first ICAP door, if there is one.
    pub(crate) icap: Option<SocketAddr>,
    pub(crate) in_force: Arc<InForce>,
    pub(crate) reception: Arc<Reception>,
    pub(crate) sink: Arc<Sink>,
    pub(crate) house: Arc<House>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) denied: Arc<gateway::Denied>,
    pub(crate) engine: Option<Arc<gateway::malware::Engine>>,
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
    pub(crate) icap: Vec<IcapDoor>,
    pub(crate) tenants: filter::tenants::Tenants,
    /// Ordinary records and alerts for which there is room.
    pub(crate) room: (usize, usize),
    pub(crate) malware: Option<gateway::malware::Plan>,
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
            icap: Vec::new(),
            tenants: filter::tenants::Tenants::default(),
            room: (1000, 1000),
            malware: None,
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
            passes: Mutex::default(),
            gone: Mutex::default(),
            names: Mutex::default(),
        });
        let in_force = Arc::new(InForce(Mutex::new(plan.snapshot.map(Arc::new))));
        let sink = Arc::new(Sink::with_limits(plan.room.0, plan.room.1));
        let listener = |name: &str, known_by| Listener {
            name: name.to_owned(),
            address: "127.0.0.1:0".parse().unwrap(),
            known_by,
            tls: None,
        };
        let tls = Some(ListenerTls::Name("proxy.test".to_owned()));
        let encrypted = Listener { tls, ..listener("lab over TLS", KnownBy::Pass) };
        let config = Config {
            listeners: vec![
                listener("room", KnownBy::Address),
                listener("shared", KnownBy::Nothing),
                listener("lab", KnownBy::Pass),
                encrypted,
                listener("wifi", KnownBy::Accounting),
            ],
            accounting: vec![NetworkSignIn {
                address: "127.0.0.1:0".parse().unwrap(),
                secret: Arc::from(RADIUS_SECRET),
                clients: vec!["127.0.0.0/8".parse().unwrap()],
                realms: vec!["college.example".to_owned()],
                silence: jiff::SignedDuration::from_mins(30),
            }],
            dns: plan.dns,
            icap: plan.icap,
            tenants: plan.tenants,
            reach: plan.reach,
            trust: Trust { practice_pem: Some(practice.certificate_pem().to_owned()), ..Trust::default() },
            limits: plan.limits,
            malware: plan.malware,
        };
        let ports = Ports {
            snapshots: in_force.clone(),
            identity: reception.clone(),
            records: sink.clone(),
            portal: house.clone(),
            moment: moment.clone(),
        };
        let gateway = Gateway::bind(config, ports, authority.clone()).await.unwrap();
        let addresses = gateway.addresses();
        let accounting = gateway.accounting_addresses()[0];
        let icap = gateway.icap_addresses().first().map(|(_, address)| *address);
        let counts = gateway.counts();
        let denied = gateway.denied();
        let engine = gateway.engine();
        let dns = gateway.dns_addresses().first().map(|(_, address)| *address);
        let closed_names = gateway.closed_names();
        let stop = CancellationToken::new();
        let running = Some(tokio::spawn(gateway.run(stop.clone())));
        let [address, shared, lab, encrypted, wifi] = [0, 1, 2, 3, 4].map(|place: usize| addresses[place].1);
        Self {
            address,
            shared,
            lab,
            encrypted,
            wifi,
            accounting,
            moment,
            dns,
            icap,
            in_force,
            reception,
            sink,
            house,
            counts,
            denied,
            engine,
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

    pub(crate) fn moment(&self) -> &Outside {
        &self.moment
    }

    /// Moves the clock on.
    pub(crate) fn pass_minutes(&self, minutes: u64) {
        self.moment.1.fetch_add(minutes, Ordering::SeqCst);
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
