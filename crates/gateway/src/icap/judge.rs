//! What becomes of a request or response that another proxy asks about: the same decisions, pages and records as at Haven's own.

use std::net::IpAddr;
use std::sync::Arc;

use filter::{Address, Carriage};
use http::{HeaderMap, Method, Response, Uri, header};
use sha2::{Digest, Sha256};

use super::message::{Head, HttpRequest, HttpResponse};
use super::parked::{Key, Parked};
use crate::body::Body;
use crate::config::{IcapDoor, KnownBy};
use crate::exchange::{self, Asked, Errand, Judged};
use crate::files::Cut;
use crate::network::plain;
use crate::ports::{Door, Vouched};
use crate::proxy;
use crate::who::{Visit, own_name};

/// Bytes of a digest that stand for somebody's time at a proxy.
const SESSION_BYTES: usize = 12;

/// What the other proxy is told.
pub(super) enum Verdict {
    /// It goes on: with this head and this body.
    On {
        head: Vec<u8>,
        body: Body,
        /// Head and body are as they came, and nothing more is judged: there is no need to send them back.
        same: bool,
    },
    /// Instead of it, this.
    Answer(Response<Body>),
}

/// Who asks, and how.
pub(super) struct Asking<'a> {
    pub(super) visit: &'a Arc<Visit>,
    pub(super) icap: &'a IcapDoor,
    pub(super) parked: &'a Parked,
    pub(super) head: &'a Head,
}

/// What is asked for.
struct Target {
    address: Address,
    carriage: Carriage,
    uri: Uri,
}

/// A request, before it leaves.
pub(super) async fn request(asking: &Asking<'_>, mut request: HttpRequest, came: Vec<u8>, body: Body) -> Verdict {
    let (target, visit) = match asking.about(&request) {
        Ok(Some(about)) => about,
        Ok(None) => return Verdict::On { head: came, body, same: true },
        Err(answer) => return Verdict::Answer(*answer),
    };
    let path = target.path();
    let mut errand = match begin(&visit, &target, &request).await {
        Ok(errand) => errand,
        Err(answer) => return Verdict::Answer(*answer),
    };
    errand.enter();
    if errand.stops(&errand.decision) {
        return Verdict::Answer(errand.refuse(&path));
    }
    if !errand.decision.record || errand.facts.carriage == Carriage::Tunnel {
        return Verdict::On { head: came, body, same: true };
    }
    let going = match errand.outgoing(&request.headers, body, &path, &Cut::default()).await {
        Ok(going) => going,
        Err(answer) => return Verdict::Answer(answer),
    };
    let before = request.headers.clone();
    let edited = errand.edit(&mut request.headers, &path);
    let mut changed = before != request.headers;
    if edited != path {
        changed = true;
        request.target = match (target.uri.scheme_str(), target.uri.authority()) {
            (Some(scheme), Some(authority)) => format!("{scheme}://{authority}{edited}"),
            _ => edited,
        };
    }
    let key = self::key(&visit, &request);
    asking.parked.park(key, errand);
    let head = if changed { request.write() } else { came };
    Verdict::On { head, body: going.body, same: going.is_settled && !changed }
}

/// A response, before it reaches its person.
pub(super) async fn response(
    asking: &Asking<'_>,
    request: HttpRequest,
    mut response: HttpResponse,
    came: Vec<u8>,
    body: Body,
) -> Verdict {
    let (target, visit) = match asking.about(&request) {
        Ok(Some(about)) => about,
        Ok(None) => return Verdict::On { head: came, body, same: true },
        Err(answer) => return Verdict::Answer(*answer),
    };
    let path = target.path();
    let mut errand = match asking.parked.take(&key(&visit, &request)) {
        Some(errand) => errand,
        // Its request was recorded already, or was never asked about.
        None => match begin(&visit, &target, &request).await {
            Ok(mut errand) if errand.stops(&errand.decision) => {
                errand.enter();
                return Verdict::Answer(errand.refuse(&path));
            }
            Ok(errand) => errand,
            Err(answer) => return Verdict::Answer(*answer),
        },
    };
    if !errand.decision.record {
        return Verdict::On { head: came, body, same: true };
    }
    // Other ways to the same site, past the proxy, are not offered.
    let changed = response.headers.remove(header::ALT_SVC).is_some();
    let (status, headers) = (response.status, response.headers.clone());
    match errand.judge_answer(status, &headers, body, &request.method, &path).await {
        Judged::Instead(answer) => Verdict::Answer(answer),
        Judged::On(going) => {
            errand.put();
            let head = if changed { response.write() } else { came };
            Verdict::On { head, body: going.body, same: going.is_settled && !changed }
        }
    }
}

async fn begin(visit: &Arc<Visit>, target: &Target, request: &HttpRequest) -> Result<Errand, Box<Response<Body>>> {
    let asked = Asked { address: target.address.clone(), carriage: target.carriage, line: None };
    let mut errand = exchange::begin(visit, asked, &request.method, &request.headers, &target.uri).await?;
    errand.stalls = true;
    if target.carriage == Carriage::Inspected && errand.decision.record && !errand.decision.inspect {
        // The other proxy has opened what the policy leaves closed: no more is judged or kept than of a tunnel.
        errand.facts.carriage = Carriage::Tunnel;
    }
    Ok(errand)
}

/// By what a response finds its request.
fn key(visit: &Visit, request: &HttpRequest) -> Key {
    let name = visit.named.as_ref().map_or("", |named| named.name.as_str());
    let host = request.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let has_scheme = request.target.contains("://");
    Key {
        browser: format!("{} {name}", visit.door.address),
        method: request.method.to_string(),
        address: if has_scheme { request.target.clone() } else { format!("{host}{}", request.target) },
    }
}

impl Asking<'_> {
    /// What is asked for, and the visit of whoever asks for it; none for Haven's own pages.
    #[allow(clippy::type_complexity, reason = "an answer, or what is needed for one")]
    fn about(&self, request: &HttpRequest) -> Result<Option<(Target, Arc<Visit>)>, Box<Response<Body>>> {
        let visit = self.visit_of();
        let Some(target) = target(request) else {
            return Err(Box::new(proxy::malformed(&visit, &request.method, &request.headers)));
        };
        let keeper = &visit.keeper;
        if keeper.ports.portal.is_portal(target.address.host()) {
            keeper.counts.portal.add();
            return Ok(None);
        }
        Ok(Some((target, visit)))
    }

    /// Where the browser stands and who it is, as far as the proxy may say so (S-6).
    fn visit_of(&self) -> Arc<Visit> {
        let proxy = self.visit.door.address;
        let told = one(&self.head.headers, "x-client-ip").and_then(|text| text.parse::<IpAddr>().ok());
        let door = Door { listener: self.icap.name.clone(), address: told.map_or(proxy, plain) };
        if !self.icap.username_from.iter().any(|network| network.contains(proxy)) {
            return self.visit.on_behalf(door, told.is_some(), KnownBy::Nothing, None);
        }
        let name = one(&self.head.headers, "x-client-username").and_then(|told| own_name(told, &self.icap.realms));
        let named = name.map(|name| Vouched {
            session: session(&door, &name),
            name,
            since: self.visit.now(),
            by: format!("by their sign-in at the proxy {proxy}, which asks over ICAP"),
        });
        self.visit.on_behalf(door, told.is_some(), KnownBy::Proxy, named)
    }
}

/// A name for somebody at a computer behind another proxy, which tells nothing by itself.
fn session(door: &Door, name: &str) -> String {
    let digest = Sha256::digest(format!("{}\0{}\0{name}", door.listener, door.address));
    let hex: String = digest.iter().take(SESSION_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("icap-{hex}")
}

/// What a header says, if it says one thing.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (first, None) = (values.next()?, values.next()) else { return None };
    first.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

fn target(request: &HttpRequest) -> Option<Target> {
    let uri: Uri = request.target.parse().ok()?;
    if request.method == Method::CONNECT {
        let address = Address::from_authority(&request.target).ok().filter(|address| address.port() != 0)?;
        return Some(Target { address, carriage: Carriage::Tunnel, uri });
    }
    let host = request.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let authority = uri.authority().map(http::uri::Authority::as_str).or(host)?;
    let (scheme, carriage) = match uri.scheme_str() {
        None | Some("http" | "ws") => ("http", Carriage::Plain),
        Some("https" | "wss") => ("https", Carriage::Inspected),
        Some(_) => return None,
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let address = Address::from_parts(scheme, authority, path).ok()?;
    Some(Target { address, carriage, uri })
}

impl Target {
    fn path(&self) -> String {
        self.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned()
    }
}
