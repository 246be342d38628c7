//! Opens TLS: the website's own certificate is checked first, then the client gets a short-lived one for exactly that name.

use std::sync::Arc;

use filter::{Address, Carriage};
use http::{Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use policy::Action;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::{StartHandshake, TlsStream};

use crate::body::{self, Body};
use crate::exchange::{self, Asked};
use crate::headers;
use crate::line::{Line, Manner};
use crate::serve;
use crate::server::Keeper;
use crate::tls::{self, H1, H2};
use crate::tunnel::{self, Inside, Tunnel};
use crate::upstream::Target;
use crate::who::Visit;

/// Why a client's handshake came to nothing.
enum HandshakeError {
    /// The client turned our certificate down.
    Refused,
    Other,
}

/// Opens a tunnel and answers each request inside it.
pub(crate) async fn run<S>(tunnel: &Arc<Tunnel>, target: Target, client: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let visit = &tunnel.visit;
    let keeper = &visit.keeper;
    let address = &tunnel.facts.address;
    let Some(start) = begin(keeper, client).await else { return };
    let wants_h2 = start.client_hello().alpn().is_some_and(|mut protocols| protocols.any(|protocol| protocol == H2));
    let head_limit = keeper.config.limits.upstream_head;
    let line = Line::new(Arc::clone(&keeper.upstream), target.clone(), Manner::Secure { h2: wants_h2 }, head_limit);
    let opened = async {
        let stream = keeper.upstream.dial(&target).await?;
        let stream = keeper.upstream.secure(&target, stream, wants_h2).await?;
        line.opened(stream).await
    };
    let h2 = match opened.await {
        Ok(h2) => h2,
        Err(error) => {
            if let Ok(client) = finish(keeper, start, address.host(), &[H1]).await {
                let inside = Inside::Trouble(error);
                serve::h1(keeper, client, false, async |request| {
                    tunnel::answer(visit, &inside, address, true, &request)
                })
                .await;
            }
            return;
        }
    };
    let protocols: &[&[u8]] = if h2 { &[H2] } else { &[H1] };
    let client = match finish(keeper, start, address.host(), protocols).await {
        Ok(client) => client,
        Err(HandshakeError::Refused) => return pinned(tunnel),
        Err(HandshakeError::Other) => return,
    };
    tunnel.forget();
    let line = Arc::new(line);
    let answer = |request| one(Arc::clone(visit), address.clone(), Arc::clone(&line), request);
    if h2 {
        serve::h2(keeper, client, answer).await;
    } else {
        serve::h1(keeper, client, true, answer).await;
    }
}

async fn one(visit: Arc<Visit>, opened_for: Address, line: Arc<Line>, request: Request<Incoming>) -> Response<Body> {
    match same_name(&request, "https", &opened_for) {
        Some(address) => {
            exchange::run(&visit, Asked { address, carriage: Carriage::Inspected, line: Some(line) }, request).await
        }
        None => misdirected(&visit),
    }
}

/// The address of a request inside a connection, if it is for the name and port that the connection was opened for.
pub(crate) fn same_name(request: &Request<Incoming>, scheme: &str, opened_for: &Address) -> Option<Address> {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let named = request.uri().authority().map(|authority| authority.as_str());
    let authority = match (request.version(), named, host) {
        (Version::HTTP_2, Some(named), _) | (_, Some(named), None) | (_, Some(named), Some(_)) => named,
        (_, None, host) => host?,
    };
    // A host header that says something else than the authority is a trick.
    let own = headers::authority(opened_for, scheme == "https");
    let agrees = |text: &str| {
        // Nearly always it is written as it was for the tunnel.
        text == own
            || Address::from_parts(scheme, text, "/")
                .is_ok_and(|other| other.host() == opened_for.host() && other.port() == opened_for.port())
    };
    if !agrees(authority) || host.is_some_and(|host| !agrees(host)) {
        return None;
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    Address::from_parts(scheme, &own, path).ok()
}

/// A request for another name than the connection's: the browser asks again on a connection of its own.
pub(crate) fn misdirected(visit: &Visit) -> Response<Body> {
    visit.keeper.counts.misdirected.add();
    body::short(StatusCode::MISDIRECTED_REQUEST, "This connection was opened for another site.")
}

/// Answers inside a tunnel that goes nowhere.
pub(crate) async fn answer_inside<S>(visit: &Arc<Visit>, client: S, address: &Address, inside: &Inside)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let keeper = &visit.keeper;
    let Some(start) = begin(keeper, client).await else { return };
    match finish(keeper, start, address.host(), &[H1]).await {
        Ok(client) => {
            serve::h1(keeper, client, false, async |request| tunnel::answer(visit, inside, address, true, &request))
                .await
        }
        // Without our authority a browser shows its own error; that is counted, and never passed by.
        Err(HandshakeError::Refused) => keeper.counts.pinned_or_ca_missing.add(),
        Err(HandshakeError::Other) => {}
    }
}

/// Ends TLS for one of Haven's own names.
pub(crate) async fn accept_one_name<S>(keeper: &Arc<Keeper>, client: S, host: &str) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = begin(keeper, client).await?;
    finish(keeper, start, host, &[H1]).await.ok()
}

async fn begin<S: AsyncRead + AsyncWrite + Unpin>(keeper: &Keeper, client: S) -> Option<StartHandshake<S>> {
    let greeting = LazyConfigAcceptor::new(Acceptor::default(), client);
    timeout(keeper.config.limits.handshake, greeting).await.ok()?.ok()
}

async fn finish<S>(
    keeper: &Keeper,
    start: StartHandshake<S>,
    host: &str,
    protocols: &[&[u8]],
) -> Result<TlsStream<S>, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = keeper
        .authority
        .leaf(host, keeper.config.limits.leaf_cache, keeper.ports.moment.as_ref())
        .ok()
        .and_then(|leaf| tls::towards_client(&keeper.provider, leaf, protocols).ok());
    let Some(config) = config else {
        tracing::warn!("a certificate could not be made");
        return Err(HandshakeError::Other);
    };
    match timeout(keeper.config.limits.handshake, start.into_stream(config)).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) if tls::refused_by_client(&error) => Err(HandshakeError::Refused),
        _ => Err(HandshakeError::Other),
    }
}

/// The client turned our certificate down: a pinned app, or a computer without our authority. Recorded, never passed by.
fn pinned(tunnel: &Tunnel) {
    tunnel.visit.keeper.counts.pinned_or_ca_missing.add();
    let mut decision = tunnel.decision.clone();
    decision.action = Action::Block;
    "pinned-or-ca-missing".clone_into(&mut decision.rule);
    "The app or browser did not accept Haven's certificate: it is pinned, or the certificate is missing on this computer."
        .clone_into(&mut decision.reason);
    tunnel.last_word(&decision);
}
