//! Brings requests for Haven's own pages to the portal. Nothing about them is decided, looked at, kept or logged (S-3).

use std::sync::Arc;

use filter::Address;
use http::{HeaderValue, Request, Response, StatusCode, Uri, Version, header};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::time::timeout;

use crate::block;
use crate::body::{self, Body};
use crate::headers;
use crate::inspect;
use crate::who::Visit;

/// Passes one plain request on.
pub(crate) async fn relay(visit: &Arc<Visit>, request: Request<Incoming>, host: &str) -> Response<Body> {
    visit.keeper.counts.portal.add();
    match send(visit, request, host).await {
        Some(response) => response,
        None => away(),
    }
}

async fn send(visit: &Visit, request: Request<Incoming>, host: &str) -> Option<Response<Body>> {
    let keeper = &visit.keeper;
    let stream = keeper.ports.portal.connect(&visit.door, false).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    headers::strip_hop_by_hop(&mut parts.headers);
    if let Some(authority) = parts.uri.authority() {
        parts.headers.insert(header::HOST, HeaderValue::from_str(authority.as_str()).ok()?);
    } else if !parts.headers.contains_key(header::HOST) {
        parts.headers.insert(header::HOST, HeaderValue::from_str(host).ok()?);
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    parts.uri = path.parse::<Uri>().ok()?;
    parts.version = Version::HTTP_11;
    let sending = sender.send_request(Request::from_parts(parts, body::passed(body)));
    let response = timeout(keeper.config.limits.upstream_head, sending).await.ok()?.ok()?;
    let (mut parts, body) = response.into_parts();
    headers::strip_hop_by_hop(&mut parts.headers);
    Some(Response::from_parts(parts, body::passed(body)))
}

/// Carries a tunnel to the portal: with TLS ended here, under a certificate of Haven's authority, for every port but 80.
pub(crate) async fn carry<S>(visit: &Visit, client: S, address: &Address)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let keeper = &visit.keeper;
    let secure = address.port() != 80;
    let work = async {
        if secure {
            let client = inspect::accept_one_name(keeper, client, address.host()).await?;
            both_ways(visit, client, true).await
        } else {
            both_ways(visit, client, false).await
        }
    };
    tokio::select! {
        _ = work => {}
        () = keeper.end.cancelled() => {}
    }
}

async fn both_ways<S: AsyncRead + AsyncWrite + Unpin>(visit: &Visit, mut client: S, secure: bool) -> Option<()> {
    let mut portal = visit.keeper.ports.portal.connect(&visit.door, secure).await.ok()?;
    copy_bidirectional(&mut client, &mut portal).await.ok().map(|_| ())
}

fn away() -> Response<Body> {
    let sentences = [
        "Haven's own pages cannot be shown just now. Try again in a minute.",
        "If someone is in danger now, call 999.",
    ];
    block::plain(StatusCode::BAD_GATEWAY, "Haven is not answering", &sentences, None)
}
