//! CONNECT: decided on the name, then on the first bytes. A tunnel carries TLS or HTTP, or the pack's rule for anything else.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use filter::decide;
use filter::{Address, Carriage, Decision, Facts, Snapshot, Who};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use policy::Action;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::body::{self, Body};
use crate::carry;
use crate::exchange::{self, Asked};
use crate::gate::{self, Shut, is_navigation};
use crate::greeting::{self, Speech};
use crate::inspect;
use crate::pass;
use crate::patient::Prefixed;
use crate::portal;
use crate::proxy::malformed;
use crate::record::{self, Pending};
use crate::serve;
use crate::upstream::{Target, UpstreamError};
use crate::who::{Standing, Visit};

/// Most that is read of a client before it has shown what it speaks.
const FIRST_BYTES_LIMIT_BYTES: usize = 32 * 1024;

/// A decided tunnel.
pub(crate) struct Tunnel {
    pub(crate) visit: Arc<Visit>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) facts: Facts,
    pub(crate) decision: Decision,
    pub(crate) pending: Mutex<Pending>,
}

/// What is said inside a tunnel that goes nowhere.
pub(crate) enum Inside {
    Shut(Shut),
    Blocked {
        tunnel: Arc<Tunnel>,
        reference: String,
    },
    Trouble(UpstreamError),
    /// The browser has shown its pass.
    Passed,
}

/// Where a tunnel goes.
enum Course {
    /// Nowhere: it is answered inside.
    Answer(Inside),
    /// Opened and looked into.
    Inspect(Arc<Tunnel>, Target),
    /// Carried unread over a connection that stands already.
    Carry(Arc<Tunnel>, TcpStream),
}

/// Answers CONNECT. Whatever the answer inside the tunnel will be, nothing upstream is touched before it is allowed.
pub(crate) async fn connect(visit: &Arc<Visit>, mut request: Request<Incoming>) -> Response<Body> {
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let address = authority.as_deref().and_then(|authority| Address::from_authority(authority).ok());
    let Some(address) = address.filter(|address| address.port() != 0) else {
        return malformed(visit, request.method(), request.headers());
    };
    let course = if visit.keeper.ports.portal.is_portal(address.host()) {
        visit.keeper.counts.portal.add();
        None
    } else if visit.keeper.ports.portal.is_pass(address.host()) {
        // Browsers that make every address an encrypted one ask for the tunnel, and are asked for the pass with it.
        if let Some(told) = pass::question(visit).await {
            return told;
        }
        Some(Course::Answer(Inside::Passed))
    } else {
        match course(visit, &address, &request).await {
            Ok(course) => Some(course),
            Err(refused) => return refused,
        }
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let visit = Arc::clone(visit);
    let keeper = Arc::clone(&visit.keeper);
    keeper.tasks.spawn(async move {
        let Ok(client) = upgrade.await else { return };
        let client = TokioIo::new(client);
        match course {
            None => portal::carry(&visit, client, &address).await,
            Some(course) => follow(&visit, &address, course, client).await,
        }
    });
    Response::new(body::empty())
}

async fn course(visit: &Arc<Visit>, address: &Address, request: &Request<Incoming>) -> Result<Course, Response<Body>> {
    let keeper = &visit.keeper;
    let Some(snapshot) = keeper.ports.snapshots.current() else {
        return Err(exchange::no_policy(visit, false));
    };
    let mut facts = visit.facts(Carriage::Tunnel, request.method(), address.clone(), request.headers());
    let mut decision = match visit.stand(&snapshot, &mut facts).await {
        Standing::Known(decision) | Standing::Open(decision) => decision,
        Standing::Shut(shut) => return Ok(Course::Answer(Inside::Shut(shut))),
    };
    let reference = record::reference(keeper.ports.moment.as_ref());
    let record = record::make(&reference, &visit.door, &facts, &decision);
    let mut stops = match (decision.action, &facts.who) {
        (Action::Block, _) => true,
        (Action::Warn, Who::Person(person)) => !keeper.warnings.has_passed(&person.session, address.host(), facts.at),
        // Nobody reads a warning there.
        (Action::Warn, Who::Device(_)) => true,
        _ => false,
    };
    let inspect = decision.inspect && decision.record && !stops;
    if !inspect && decision.record && facts.who.asker().is_some() {
        keeper.counts.decided.add();
        if !stops {
            keeper.counts.unopened.add();
        }
    }
    // An opened tunnel shows its requests one by one, each with a record and alert of its own; till then this one waits.
    let records = Arc::clone(&keeper.ports.records);
    let pending = if inspect { Pending::held(record, records) } else { Pending::new(record, records) };
    if pending.was_lost() {
        decision = visit.unrecorded(&snapshot, &facts);
        stops |= decision.action == Action::Block;
    }
    let pending = Mutex::new(pending);
    let tunnel = Arc::new(Tunnel { visit: Arc::clone(visit), snapshot, facts, decision, pending });
    if stops {
        return Ok(Course::Answer(Inside::Blocked { tunnel, reference }));
    }
    let target = match keeper.upstream.locate(address.host(), address.port()).await {
        Ok(target) => target,
        Err(UpstreamError::Private) => return Err(private(visit, &tunnel)),
        Err(error) if inspect => return Ok(Course::Answer(Inside::Trouble(error))),
        Err(error) => return Err(exchange::trouble(visit, error, false)),
    };
    if inspect {
        return Ok(Course::Inspect(tunnel, target));
    }
    match keeper.upstream.dial(&target).await {
        Ok(stream) => Ok(Course::Carry(tunnel, stream)),
        Err(UpstreamError::Private) => Err(private(visit, &tunnel)),
        Err(error) => Err(exchange::trouble(visit, error, false)),
    }
}

fn private(visit: &Visit, tunnel: &Tunnel) -> Response<Body> {
    let error = UpstreamError::Private;
    tunnel.pending.lock().unwrap_or_else(PoisonError::into_inner).put_refused(error.sentence());
    exchange::trouble(visit, error, true)
}

async fn follow<S>(visit: &Arc<Visit>, address: &Address, course: Course, mut client: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let keeper = &visit.keeper;
    let listening = first_bytes(&mut client);
    let (speech, first) = tokio::select! {
        heard = timeout(keeper.config.limits.first_bytes, listening) => match heard {
            Ok(heard) => heard,
            Err(_) => {
                keeper.counts.too_slow.add();
                (Speech::Other, Bytes::new())
            }
        },
        () = keeper.stop.cancelled() => return,
    };
    let client = Prefixed::new(first.clone(), client);
    match (course, speech) {
        (Course::Answer(inside), Speech::Tls) => inspect::answer_inside(visit, client, address, &inside).await,
        (Course::Answer(inside), Speech::Http) => {
            serve::h1(keeper, client, false, async |request| answer(visit, &inside, address, false, &request)).await;
        }
        (Course::Answer(_), Speech::Other) => {}
        (Course::Inspect(tunnel, target), Speech::Tls) => match greeting::asks(&first, address.host()).fault() {
            None => inspect::run(&tunnel, target, client).await,
            Some(fault) => tunnel.another_site(fault),
        },
        (Course::Inspect(tunnel, _) | Course::Carry(tunnel, _), Speech::Http) => {
            tunnel.forget();
            serve::h1(keeper, client, true, |request| http_inside(Arc::clone(visit), address.clone(), request)).await;
        }
        (Course::Carry(tunnel, website), Speech::Tls) => match greeting::asks(&first, address.host()).fault() {
            None => carry::carry(visit, &tunnel.facts, client, website).await,
            Some(fault) => tunnel.another_site(fault),
        },
        (Course::Carry(tunnel, website), Speech::Other) => {
            if tunnel.unknown_protocol("What was sent was neither a web page nor a secure connection.") {
                carry::carry(visit, &tunnel.facts, client, website).await;
            }
        }
        (Course::Inspect(tunnel, target), Speech::Other) => {
            if tunnel.unknown_protocol("What was sent was neither a web page nor a secure connection.")
                && let Ok(website) = keeper.upstream.dial(&target).await
            {
                carry::carry(visit, &tunnel.facts, client, website).await;
            }
        }
    }
}

impl Tunnel {
    /// The record of the tunnel itself is not needed: its requests have their own.
    pub(crate) fn forget(&self) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).forget();
    }

    /// Another last word about this tunnel takes the place of the first.
    pub(crate) fn last_word(&self, decision: &Decision) {
        let reference = record::reference(self.visit.keeper.ports.moment.as_ref());
        let record = record::make(&reference, &self.visit.door, &self.facts, decision);
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).replace(record);
    }

    /// A tunnel that is used for another site than it was opened for is closed, whatever the pack says of unknown protocols.
    fn another_site(&self, fault: &str) {
        self.visit.keeper.counts.other_names.add();
        let mut decision = decide::unknown_protocol(&self.snapshot, &self.facts);
        decision.alert = None;
        decision.action = Action::Block;
        fault.clone_into(&mut decision.reason);
        self.last_word(&decision);
    }

    /// Applies the pack's rule for what is neither TLS nor HTTP; true if the tunnel may go on.
    fn unknown_protocol(&self, reason: &str) -> bool {
        self.visit.keeper.counts.unknown_protocol.add();
        let mut decision = decide::unknown_protocol(&self.snapshot, &self.facts);
        decision.alert = None;
        reason.clone_into(&mut decision.reason);
        self.last_word(&decision);
        // A warning cannot be shown to a program that does not speak HTTP.
        matches!(decision.action, Action::Allow | Action::Watch)
    }
}

/// Plain HTTP inside a tunnel: each request is judged as any other, and only for the name of the tunnel.
async fn http_inside(visit: Arc<Visit>, opened_for: Address, request: Request<Incoming>) -> Response<Body> {
    match inspect::same_name(&request, "http", &opened_for) {
        Some(address) => exchange::run(&visit, Asked { address, carriage: Carriage::Plain, line: None }, request).await,
        None => inspect::misdirected(&visit),
    }
}

/// One answer inside a tunnel that goes nowhere.
pub(crate) fn answer(
    visit: &Visit,
    inside: &Inside,
    address: &Address,
    secure: bool,
    request: &Request<Incoming>,
) -> Response<Body> {
    let navigation = is_navigation(request.method(), request.headers());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match inside {
        Inside::Shut(shut) => {
            let scheme = if secure { "https" } else { "http" };
            let wanted = format!("{scheme}://{}{path}", crate::headers::authority(address, secure));
            gate::answer(*shut, visit.keeper.ports.portal.as_ref(), request.method(), navigation, &wanted)
        }
        Inside::Blocked { tunnel, reference } => {
            let mut facts = tunnel.facts.clone();
            facts.navigation = navigation;
            if let Some(answer) = exchange::went_on(visit, &facts, request.uri()) {
                return answer;
            }
            tunnel.pending.lock().unwrap_or_else(PoisonError::into_inner).put_as(navigation);
            exchange::refusal(visit, &tunnel.snapshot, &facts, &tunnel.decision, reference, path)
        }
        Inside::Trouble(error) => exchange::trouble(visit, *error, navigation),
        Inside::Passed => pass::onward(request.uri()),
    }
}

/// Reads until it is clear what the client speaks.
async fn first_bytes<S: AsyncRead + Unpin>(client: &mut S) -> (Speech, Bytes) {
    let mut first = BytesMut::new();
    loop {
        if let Some(speech) = greeting::speech(&first) {
            return (speech, first.freeze());
        }
        match client.read_buf(&mut first).await {
            Ok(read) if read > 0 && first.len() < FIRST_BYTES_LIMIT_BYTES => {}
            _ => return (Speech::Other, first.freeze()),
        }
    }
}
