//! Serves Haven's pages: to people who come straight to them, and to browsers that the gateway brings from their door.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use web::{DoorExt, OverTls, PeerExt};

use crate::ports::portal::{Secret, introduced};
use crate::say::Failure;

/// Connections to the pages at the same time.
const CONNECTIONS_LIMIT: usize = 2048;
/// From the first byte of a request to the end of its head, in seconds.
const HEAD_LIMIT_SECONDS: u64 = 15;
const HANDSHAKE_LIMIT_SECONDS: u64 = 10;
/// Line and headers of one request, in bytes.
const HEAD_LIMIT_BYTES: usize = 64 * 1024;
/// Pause after the system could not take a connection, in milliseconds.
const ACCEPT_PAUSE_MS: u64 = 50;
/// How long answers may still take after a stop, in seconds.
pub(crate) const STOP_LIMIT_SECONDS: u64 = 5;

/// Opens a port, or says in one sentence why not.
pub(crate) async fn bind(what: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| cannot_open(what, address, &error))
}

/// Why a port cannot be opened, and what to do.
pub(crate) fn cannot_open(what: &str, address: SocketAddr, error: &io::Error) -> Failure {
    let sentence = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "{what} cannot open port {}: another program uses it. End that program or choose another port.",
                address.port()
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "{what} may not open port {}. Choose a port above 1023 or give Haven the right to it.",
                address.port()
            )
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{what} cannot open {address}: this machine does not have that address. Write one that it has.")
        }
        _ => format!("{what} cannot open {address} ({error}). Choose another address."),
    };
    Failure::new(sentence)
}

/// The certificate and key of the pages.
pub(crate) fn tls(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Failure> {
    let bad = |path: &Path, why: &dyn std::fmt::Display| {
        Failure::new(format!("{} cannot be used for TLS ({why}). Name a PEM file.", path.display()))
    };
    let text = fs::read(certificate).map_err(|error| bad(certificate, &error))?;
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|error| bad(certificate, &error))?;
    let text = fs::read(key).map_err(|error| bad(key, &error))?;
    let private = PrivateKeyDer::from_pem_slice(&text).map_err(|error| bad(key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| bad(certificate, &error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Where connections come from.
enum Way {
    /// Straight from people.
    Straight(Option<TlsAcceptor>),
    /// From the gateway, which says by which door.
    Inner(Secret),
    /// From gateways on machines of their own.
    Apart(TlsAcceptor, Secret),
}

/// One port at which pages are served.
pub(crate) struct Pages {
    router: Router,
    listener: TcpListener,
    way: Way,
}

impl Pages {
    pub(crate) fn straight(router: Router, listener: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        Self { router, listener, way: Way::Straight(tls) }
    }

    pub(crate) fn inner(router: Router, listener: TcpListener, secret: Secret) -> Self {
        Self { router, listener, way: Way::Inner(secret) }
    }

    pub(crate) fn apart(router: Router, listener: TcpListener, tls: TlsAcceptor, secret: Secret) -> Self {
        Self { router, listener, way: Way::Apart(tls, secret) }
    }

    /// Serves until `stop`, then lets answers end within the limit.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        let room = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
        let tasks = TaskTracker::new();
        let (way, router) = (Arc::new(self.way), self.router);
        loop {
            let place = tokio::select! {
                () = stop.cancelled() => break,
                place = Arc::clone(&room).acquire_owned() => place,
            };
            let came = tokio::select! {
                () = stop.cancelled() => break,
                came = self.listener.accept() => came,
            };
            match (came, place) {
                (Ok((stream, peer)), Ok(place)) => {
                    let (way, router, stop) = (Arc::clone(&way), router.clone(), stop.clone());
                    tasks.spawn(async move {
                        let _place = place;
                        admit(&way, router, stream, peer.ip(), stop).await;
                    });
                }
                (Err(error), _) => {
                    tracing::warn!(kind = %error.kind(), "a connection to the pages could not be taken");
                    tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                }
                (_, Err(_)) => break,
            }
        }
        tasks.close();
        // Whoever takes longer is cut off when the program ends.
        let _ = tokio::time::timeout(Duration::from_secs(STOP_LIMIT_SECONDS), tasks.wait()).await;
    }
}

async fn admit(way: &Way, router: Router, mut stream: TcpStream, peer: IpAddr, stop: CancellationToken) {
    let straight = (DoorExt(None), PeerExt(Some(peer)));
    // Small writes should not wait; a failure to set this only makes the connection slower.
    let _ = stream.set_nodelay(true);
    match way {
        Way::Straight(None) => converse(router, stream, straight, OverTls(false), stop).await,
        Way::Straight(Some(tls)) => {
            let limit = Duration::from_secs(HANDSHAKE_LIMIT_SECONDS);
            if let Ok(Ok(stream)) = tokio::time::timeout(limit, tls.accept(stream)).await {
                converse(router, stream, straight, OverTls(true), stop).await;
            }
        }
        Way::Inner(secret) => {
            if let Some((door, secure)) = introduced(&mut stream, secret).await {
                converse(router, stream, at(door), OverTls(secure), stop).await;
            }
        }
        Way::Apart(tls, secret) => {
            let limit = Duration::from_secs(HANDSHAKE_LIMIT_SECONDS);
            let Ok(Ok(mut stream)) = tokio::time::timeout(limit, tls.accept(stream)).await else { return };
            if let Some((door, secure)) = introduced(&mut stream, secret).await {
                converse(router, stream, at(door), OverTls(secure), stop).await;
            }
        }
    }
}

fn at(door: gateway::Door) -> (DoorExt, PeerExt) {
    (DoorExt(Some(actions::Door { listener: door.listener, address: door.address })), PeerExt(None))
}

async fn converse<S>(router: Router, stream: S, (door, peer): (DoorExt, PeerExt), tls: OverTls, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let pages = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(door.clone());
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(tls);
        let answered = pages.call(request);
        async move { answered.await.map_err(|never: Infallible| never) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_LIMIT_SECONDS))
        .max_buf_size(HEAD_LIMIT_BYTES);
    let mut conversation = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // A client that goes away in the middle is no trouble of ours.
        _ = conversation.as_mut() => return,
        () = stop.cancelled() => conversation.as_mut().graceful_shutdown(),
    }
    let _ = conversation.await;
}
