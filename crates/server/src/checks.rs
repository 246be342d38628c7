//! Checks the running filter (F16): a browser asks for known things through a gateway of this process, with the policy, lists,
//! words, engines and authority that are in force, as somebody of each profile who is no person. Nothing leaves the machine
//! and nothing is recorded about anybody.

mod client;
mod plan;
mod site;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actions::Haven;
use actions::checks::{Line, Outcome};
use filter::Snapshot;
use gateway::{Answer, Authority, Door, Gateway, Identified, Ports, Record, Snapshots as _, Wire};
use jiff::Timestamp;
use policy::Action;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::client::{Reply, Trust, Way};
use self::plan::{Kind, Subject};
use self::site::{Reached, Site};
use crate::moment::Clock;
use crate::ports::HubMoment;
use crate::ports::portal::LOOPBACK;
use crate::ports::snapshots::InForce;
use crate::say::Failure;

/// Checks that may wait; more are one.
pub(crate) const WAITING_LIMIT: usize = 16;
/// The name under which the website of a check is asked for. It can never be a real one.
const HOST: &str = "filter-check.invalid";

/// Answers for a node whenever a check is asked for.
pub(crate) struct Checker {
    pub(crate) haven: Arc<Haven>,
    pub(crate) node: String,
    pub(crate) in_force: Arc<InForce>,
    pub(crate) gateway: gateway::Config,
    pub(crate) authority: Arc<Authority>,
    /// The real listeners: name and address.
    pub(crate) listeners: Vec<(String, SocketAddr)>,
}

impl Checker {
    /// Checks whenever it is asked to, until `stop`.
    pub(crate) async fn run(self, mut asked: mpsc::Receiver<String>, stop: CancellationToken) {
        loop {
            let request = tokio::select! {
                () = stop.cancelled() => return,
                request = asked.recv() => request,
            };
            let Some(request) = request else { return };
            let lines = tokio::select! {
                () = stop.cancelled() => return,
                found = self.check() => found.unwrap_or_else(|failure| vec![could_not(&failure)]),
            };
            let failed = lines.iter().filter(|line| line.outcome == Outcome::Failed).count();
            tracing::info!(lines = lines.len(), failed, "the filter was checked");
            if let Err(error) = actions::checks::file(&self.haven, &request, &self.node, &lines).await {
                tracing::error!(cause = %error, "what a check of the filter found could not be kept");
            }
        }
    }

    /// Everything that is checked, for every profile.
    async fn check(&self) -> Result<Vec<Line>, Failure> {
        let mut lines = Vec::new();
        for (name, address) in &self.listeners {
            lines.push(listener(name, *address).await);
        }
        let Some(snapshot) = self.in_force.current() else {
            return Err(Failure::new("No policy is in force, so nothing is opened. Put one in force."));
        };
        let lists = Arc::clone(&snapshot.lists);
        let names = tokio::task::spawn_blocking(move || plan::names(&lists)).await;
        let names = names.map_err(|error| Failure::new(error.to_string()))?;
        let stand = Stand::new(self).await?;
        lines.push(stand.gate().await);
        for subject in plan::subjects(&snapshot) {
            stand.become_one(&subject);
            let wanted = plan::plan(&snapshot, &names, &subject, self.haven.now());
            for kind in wanted {
                lines.push(stand.line(&snapshot, &subject, &kind).await);
            }
        }
        Ok(lines)
    }
}

fn could_not(failure: &Failure) -> Line {
    Line {
        profile: String::new(),
        whom: "Everybody".to_owned(),
        kind: "filter".to_owned(),
        what: "The filter could not be checked".to_owned(),
        outcome: Outcome::Failed,
        sentence: failure.to_string(),
        clause: String::new(),
    }
}

/// Whether a real listener answers: it is asked for its own page, by nobody.
async fn listener(name: &str, address: SocketAddr) -> Line {
    let address = if address.ip().is_unspecified() { SocketAddr::new(LOOPBACK.ip(), address.port()) } else { address };
    let (outcome, sentence) = match client::knock(address).await {
        Ok(reply) if reply.body.contains("Haven") => (Outcome::Passed, format!("It answers at {address}.")),
        Ok(_) => (Outcome::Failed, format!("Something else answers at {address}.")),
        Err(error) => (Outcome::Failed, format!("It does not answer at {address} ({error}).")),
    };
    Line {
        profile: String::new(),
        whom: "Everybody".to_owned(),
        kind: "listener".to_owned(),
        what: format!("Listener {name}"),
        outcome,
        sentence,
        clause: String::new(),
    }
}

/// Who asks just now: somebody of a profile, or nobody.
struct Who(Mutex<Identified>);

impl Who {
    fn now(&self) -> Identified {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl gateway::Identity for Who {
    fn who(&self, _: &Door, _: Timestamp) -> Identified {
        self.now()
    }

    fn still(&self, _: &Door, _: Timestamp) -> Identified {
        self.now()
    }

    fn ask_again(&self, _: &Door, _: Timestamp) -> Answer<Identified> {
        let now = self.now();
        Box::pin(async move { now })
    }

    fn connections(&self, _: &Door, _: usize, _: Timestamp) {}
}

/// Keeps what would have been recorded, until it is looked at: it is about nobody.
#[derive(Default)]
struct Notes(Mutex<Vec<Record>>);

impl gateway::Records for Notes {
    fn put(&self, record: Record) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        true
    }

    fn count_gate(&self) {}
}

/// Every name leads to the website of the check, so that nothing leaves the machine.
struct Everywhere {
    plain: SocketAddr,
    secure: SocketAddr,
}

impl gateway::Portal for Everywhere {
    fn is_portal(&self, _: &str) -> bool {
        false
    }

    fn gate_address(&self) -> String {
        "http://gate.filter-check.invalid/gate".to_owned()
    }

    fn prove_address(&self) -> String {
        self.gate_address()
    }

    fn decision_address(&self, reference: &str) -> String {
        format!("http://gate.filter-check.invalid/blocked/{reference}")
    }

    fn connect(&self, _: &Door, _: bool) -> Answer<std::io::Result<Box<dyn Wire>>> {
        Box::pin(async { Err(std::io::ErrorKind::Unsupported.into()) })
    }

    fn named_upstream(&self, _: &str, port: u16) -> Option<SocketAddr> {
        Some(if port == 443 { self.secure } else { self.plain })
    }
}

/// A gateway on loopback with the snapshot that is in force, and all that a check needs around it. Gone when dropped.
struct Stand {
    proxy: SocketAddr,
    site: Site,
    who: Arc<Who>,
    notes: Arc<Notes>,
    trust: Trust,
    stop: CancellationToken,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What came of one question.
struct Tried {
    reply: Result<Reply, String>,
    reached: Option<Reached>,
    /// The last decision that would stand in the record.
    record: Option<Record>,
}

impl Stand {
    async fn new(checker: &Checker) -> Result<Self, Failure> {
        let clock = Clock::real();
        let failed =
            |error: &dyn std::fmt::Display| Failure::new(format!("The check could not begin ({error}). Try again."));
        let pem = Authority::create("a check of the filter", gateway::Moment::now(&clock), &clock);
        let pem = pem.map_err(|error| failed(&error))?;
        let site = Site::start(Arc::new(Authority::load(&pem).map_err(|error| failed(&error))?)).await?;
        let (who, notes) = (Arc::new(Who(Mutex::new(Identified::Unknown))), Arc::new(Notes::default()));
        let mut config = checker.gateway.clone();
        config.listeners = vec![gateway::Listener {
            name: "filter check".to_owned(),
            address: LOOPBACK,
            known_by: gateway::KnownBy::Address,
            tls: None,
        }];
        // The real doors for names, sign-ins and other proxies stay open beside this one, at the only ports that they can have.
        config.dns.clear();
        config.icap.clear();
        config.accounting.clear();
        config.trust.practice_pem = Some(pem.certificate);
        let ports = Ports {
            snapshots: Arc::clone(&checker.in_force) as Arc<dyn gateway::Snapshots>,
            identity: Arc::clone(&who) as Arc<dyn gateway::Identity>,
            records: Arc::clone(&notes) as Arc<dyn gateway::Records>,
            portal: Arc::new(Everywhere { plain: site.plain, secure: site.secure }),
            moment: Arc::new(HubMoment(Arc::clone(&checker.haven))),
        };
        let bound =
            Gateway::bind(config, ports, Arc::clone(&checker.authority)).await.map_err(|error| failed(&error))?;
        let proxy = bound.addresses().first().map(|(_, address)| *address);
        let proxy = proxy.ok_or_else(|| failed(&"no port was given"))?;
        let trust = Trust::new(checker.authority.certificate_pem())?;
        let stop = CancellationToken::new();
        tokio::spawn(bound.run(stop.clone()));
        Ok(Self { proxy, site, who, notes, trust, stop })
    }

    fn become_one(&self, subject: &Subject) {
        *self.who.0.lock().unwrap_or_else(PoisonError::into_inner) = Identified::Person(subject.person.clone());
    }

    async fn try_it(&self, way: Way, host: &str, path: &str) -> Tried {
        self.site.reached();
        self.notes.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let reply = client::ask(self.proxy, &self.trust, way, host, path).await.map_err(|error| error.to_string());
        let reached = self.site.reached().pop();
        let record = self.notes.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Tried { reply, reached, record }
    }

    /// Somebody whom nobody knows is led to the gate, whatever they ask for.
    async fn gate(&self) -> Line {
        let tried = self.try_it(Way::Plain, HOST, "/").await;
        let led = tried.reply.as_ref().is_ok_and(|reply| reply.head.contains("location: http://gate."));
        let (outcome, sentence) = match (&tried.reached, led) {
            (None, true) => (Outcome::Passed, "Somebody who has not signed in is led to the gate.".to_owned()),
            (None, false) => (Outcome::Failed, "Somebody who has not signed in gets no gate.".to_owned()),
            (Some(_), _) => (Outcome::Failed, "A page opened for somebody who has not signed in.".to_owned()),
        };
        Line {
            profile: String::new(),
            whom: "Nobody known".to_owned(),
            kind: "gate".to_owned(),
            what: "The access gate".to_owned(),
            outcome,
            sentence,
            clause: String::new(),
        }
    }

    async fn line(&self, snapshot: &Snapshot, subject: &Subject, kind: &Kind) -> Line {
        let (outcome, sentence, clause) = self.look(snapshot, kind).await;
        Line {
            profile: subject.profile.clone(),
            whom: subject.title.clone(),
            kind: kind.word().to_owned(),
            what: kind.what(),
            outcome,
            sentence,
            clause,
        }
    }

    async fn look(&self, snapshot: &Snapshot, kind: &Kind) -> (Outcome, String, String) {
        match kind {
            Kind::NotAsked { sentence, .. } => (Outcome::NotAsked, sentence.clone(), String::new()),
            Kind::Missing { sentence, clause, .. } => (Outcome::Failed, sentence.clone(), clause.clone()),
            Kind::Open => open(&self.try_it(Way::Tls, HOST, "/").await),
            Kind::Illegal { host } => stopped(&self.try_it(Way::Plain, host, "/").await, Some("sealed")),
            Kind::Category { host, secure, .. } => {
                let way = if *secure { Way::Tls } else { Way::Plain };
                stopped(&self.try_it(way, host, "/").await, None)
            }
            Kind::Doh => stopped(&self.try_it(Way::Tls, "dns.google", "/dns-query?dns=AAAB").await, None),
            Kind::Language { code } => {
                self.site.say(&snapshot.words.text_over(code).unwrap_or_default());
                language(&self.try_it(Way::Tls, HOST, "/words").await)
            }
            Kind::Malware => malware(&self.try_it(Way::Tls, HOST, "/test-file").await),
            Kind::Ech => ech(&self.try_it(Way::Hidden, HOST, "/").await),
            Kind::Quic => quic(&self.try_it(Way::Tls, HOST, "/").await),
            Kind::SafeSearch => {
                let tried = self.try_it(Way::Tls, "www.google.com", "/search?q=weather").await;
                edited(&tried, "Safe search was asked for.", |reached| reached.path.contains("safe=active"))
            }
            Kind::YouTube => {
                let tried = self.try_it(Way::Tls, "www.youtube.com", "/").await;
                edited(&tried, "YouTube was asked to restrict itself.", |reached| {
                    reached.head.contains("youtube-restrict:")
                })
            }
        }
    }
}

type Found = (Outcome, String, String);

fn clause(record: Option<&Record>) -> String {
    record.map(|record| record.citation_text.clone()).unwrap_or_default()
}

fn trouble(tried: &Tried) -> String {
    match &tried.reply {
        Ok(reply) => format!("The answer was {}, and no decision was written down.", reply.status),
        Err(error) => format!("The connection broke off ({error})."),
    }
}

/// It never reached the website, and a decision says why.
fn stopped(tried: &Tried, tier: Option<&str>) -> Found {
    let clause = clause(tried.record.as_ref());
    let by = tried.record.as_ref().filter(|record| matches!(record.action, Action::Block | Action::Warn));
    let by = by.filter(|record| tier.is_none_or(|tier| record.rule.starts_with(tier)));
    let answered = tried.reply.as_ref().is_ok_and(|reply| reply.status != 200);
    match (&tried.reached, by) {
        (Some(_), _) => (Outcome::Failed, "It was opened.".to_owned(), clause),
        (None, Some(record)) if answered && record.action == Action::Warn => {
            (Outcome::Passed, "A warning came first.".to_owned(), clause)
        }
        (None, Some(_)) if answered => (Outcome::Passed, "It was not opened.".to_owned(), clause),
        _ => (Outcome::Failed, trouble(tried), clause),
    }
}

fn open(tried: &Tried) -> Found {
    let clause = clause(tried.record.as_ref());
    match (&tried.reply, &tried.reached) {
        (Ok(reply), Some(_)) if reply.status == 200 => {
            (Outcome::Passed, "It was opened, by a certificate that computers here believe.".to_owned(), clause)
        }
        (Ok(reply), _) => (Outcome::Failed, format!("It was not opened: the answer was {}.", reply.status), clause),
        (Err(error), _) => (Outcome::Failed, format!("The connection broke off ({error})."), clause),
    }
}

/// The page came, and was stopped for what it says.
fn language(tried: &Tried) -> Found {
    let clause = clause(tried.record.as_ref());
    let by_words = tried.record.as_ref().is_some_and(|record| {
        matches!(record.action, Action::Block | Action::Warn) && record.rule.starts_with("content:")
    });
    match (&tried.reply, &tried.reached) {
        (Ok(reply), Some(_)) if by_words && reply.status != 200 => {
            (Outcome::Passed, "A page was stopped for its words.".to_owned(), clause)
        }
        (Ok(reply), _) if reply.status == 200 => {
            (Outcome::Failed, "A page full of the words that the policy stops was opened.".to_owned(), clause)
        }
        _ => (Outcome::Failed, trouble(tried), clause),
    }
}

fn malware(tried: &Tried) -> Found {
    let clause = clause(tried.record.as_ref());
    match &tried.reply {
        Ok(reply) if reply.body.contains("EICAR-STANDARD") => (
            Outcome::Failed,
            "The harmless test file came through. Set an engine that looks into downloads.".to_owned(),
            clause,
        ),
        Ok(_) if tried.reached.is_some() => (Outcome::Passed, "The harmless test file was stopped.".to_owned(), clause),
        _ => (Outcome::Failed, trouble(tried), clause),
    }
}

/// A greeting that hides a name opens nothing that could not be seen: the gateway answered it, and asked the website anew.
fn ech(tried: &Tried) -> Found {
    let clause = clause(tried.record.as_ref());
    match (&tried.reply, &tried.reached) {
        (_, Some(reached)) if reached.hidden || reached.host != HOST => {
            (Outcome::Failed, "A greeting with a hidden name reached the website.".to_owned(), clause)
        }
        (Ok(reply), Some(_)) if reply.status == 200 => (
            Outcome::Passed,
            "A greeting with a hidden name was answered here, and the website was asked openly.".to_owned(),
            clause,
        ),
        (_, None) => (Outcome::Passed, "A connection with a hidden name was not opened.".to_owned(), clause),
        _ => (Outcome::Failed, trouble(tried), clause),
    }
}

fn quic(tried: &Tried) -> Found {
    let clause = clause(tried.record.as_ref());
    match &tried.reply {
        Ok(reply) if reply.status == 200 && reply.head.contains("alt-svc") => (
            Outcome::Failed,
            "A website\u{2019}s offer of a way round the proxy (QUIC) came through.".to_owned(),
            clause,
        ),
        Ok(reply) if reply.status == 200 => {
            (Outcome::Passed, "A website\u{2019}s offer of QUIC was taken out.".to_owned(), clause)
        }
        _ => (Outcome::Failed, trouble(tried), clause),
    }
}

fn edited(tried: &Tried, passed: &str, is_so: impl Fn(&Reached) -> bool) -> Found {
    let clause = clause(tried.record.as_ref());
    let closed = tried.record.as_ref().is_some_and(|record| matches!(record.action, Action::Block | Action::Warn));
    match &tried.reached {
        Some(reached) if is_so(reached) => (Outcome::Passed, passed.to_owned(), clause),
        Some(_) => (Outcome::Failed, "The site was asked without it.".to_owned(), clause),
        None if closed => (Outcome::NotAsked, "The policy keeps this site closed.".to_owned(), clause),
        None => (Outcome::Failed, trouble(tried), clause),
    }
}
