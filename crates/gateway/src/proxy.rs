//! The HTTP proxy: every request that comes in at a listener goes to the portal, to a website, into a tunnel, or gets told off.

use std::sync::Arc;

use filter::{Address, Carriage};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::block;
use crate::body::{self, Body};
use crate::dns;
use crate::exchange::{self, Asked};
use crate::gate::is_navigation;
use crate::pass;
use crate::portal;
use crate::serve;
use crate::tunnel;
use crate::who::Visit;

/// Where browsers look for the file by which they set their proxy.
const PROXY_FILES: [&str; 2] = ["/proxy.pac", "/wpad.dat"];

/// Serves one client connection to its end.
pub(crate) async fn serve<S>(visit: Arc<Visit>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let keeper = Arc::clone(&visit.keeper);
    serve::h1(&keeper, stream, true, |request| answer(Arc::clone(&visit), request)).await;
}

async fn answer(visit: Arc<Visit>, request: Request<Incoming>) -> Response<Body> {
    let visit = visit.showing(request.headers());
    if request.method() == Method::CONNECT {
        return tunnel::connect(&visit, request).await;
    }
    // Whoever is asked next might take the other one (RFC 9112, 3.2).
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return malformed(&visit, request.method(), request.headers());
    }
    let Some(authority) = request.uri().authority() else {
        return to_listener(&visit, request).await;
    };
    if !matches!(request.uri().scheme_str(), Some("http" | "ws")) {
        return malformed(&visit, request.method(), request.headers());
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(address) = Address::from_parts("http", authority.as_str(), path) else {
        return malformed(&visit, request.method(), request.headers());
    };
    if visit.keeper.ports.portal.is_portal(address.host()) {
        return portal::relay(&visit, request, address.host()).await;
    }
    if visit.keeper.ports.portal.is_pass(address.host()) {
        return pass::answer(&visit, &request).await;
    }
    exchange::run(&visit, Asked { address, carriage: Carriage::Plain, line: None }, request).await
}

/// Somebody opened the listener's own address as if it were a website.
async fn to_listener(visit: &Arc<Visit>, request: Request<Incoming>) -> Response<Body> {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let address = host.and_then(|host| Address::from_parts("http", host, "/").ok());
    if let Some(address) = &address
        && visit.keeper.ports.portal.is_portal(address.host())
    {
        return portal::relay(visit, request, address.host()).await;
    }
    if address.is_none() || request.uri().path() == "*" {
        return malformed(visit, request.method(), request.headers());
    }
    if let Some(address) = &address
        && let Some(answer) = closed_name(visit, address.host())
    {
        return answer;
    }
    let gate = visit.keeper.ports.portal.gate_address();
    // The file by which browsers set their proxy, asked for at the proxy itself: the portal knows by which listener.
    if PROXY_FILES.contains(&request.uri().path())
        && let Some(portal) = Address::parse(&gate).ok()
        && let Ok(host) = HeaderValue::from_str(portal.host())
    {
        let mut request = request;
        request.headers_mut().insert(header::HOST, host);
        return portal::relay(visit, request, portal.host()).await;
    }
    let sentences = [
        "This is the address of Haven's gateway. It is not a website.",
        "To use it, set this address and port as the proxy of your browser.",
    ];
    block::plain(StatusCode::OK, "This is Haven", &sentences, Some((&gate, "Open Haven")))
}

/// The page for a name that a DNS door closed and led here. Nothing about it is recorded: nobody is known.
fn closed_name(visit: &Visit, host: &str) -> Option<Response<Body>> {
    let decision = dns::decision_for(&visit.keeper, visit.door.address, host)?;
    let contact = visit.keeper.ports.portal.contact();
    let clause = format!("{}.", decision.citation);
    let sentences = [decision.reason.as_str(), clause.as_str(), contact.whom_to_talk_to.as_str()];
    let report = (contact.report_address.as_str(), "Report a concern");
    Some(block::plain(StatusCode::FORBIDDEN, "This site is closed here", &sentences, Some(report)))
}

/// A request that no proxy can act on.
pub(crate) fn malformed(visit: &Visit, method: &Method, headers: &HeaderMap) -> Response<Body> {
    visit.keeper.counts.malformed.add();
    let title = "We could not read this address";
    if is_navigation(method, headers) {
        block::plain(StatusCode::BAD_REQUEST, title, &["Check the address and try again."], None)
    } else {
        body::short(StatusCode::BAD_REQUEST, title)
    }
}
