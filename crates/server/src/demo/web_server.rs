//! Serves the practice websites on two ports of this machine, one of them over TLS with an authority of their own.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway::Authority;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::sites;
use crate::moment::Clock;
use crate::pages;
use crate::ports::portal::{LOOPBACK, Practice};
use crate::say::Failure;

const HEAD_LIMIT_SECONDS: u64 = 15;
const HANDSHAKE_LIMIT_SECONDS: u64 = 10;
/// Certificates kept ready.
const LEAVES: usize = 100;

/// Opens both ports and serves until `stop`.
pub(super) async fn start(authority: Arc<Authority>, stop: CancellationToken) -> Result<Practice, Failure> {
    let plain = pages::bind("The practice websites", LOOPBACK).await?;
    let secure = pages::bind("The practice websites", LOOPBACK).await?;
    let at = |listener: &TcpListener| listener.local_addr().map_err(Failure::from);
    let practice = Practice { plain: at(&plain)?, secure: at(&secure)? };
    let tls = tls(authority)?;
    tokio::spawn(serve(plain, None, stop.clone()));
    tokio::spawn(serve(secure, Some(tls), stop));
    Ok(practice)
}

/// Gives each practice name a certificate, by the machine's real clock: browsers and gateway check by that one.
struct Names {
    authority: Arc<Authority>,
    clock: Clock,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().filter(|name| name.ends_with(".test"))?;
        self.authority.leaf(name, LEAVES, &self.clock).ok()
    }
}

fn tls(authority: Arc<Authority>) -> Result<TlsAcceptor, Failure> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(format!("The practice websites cannot speak TLS ({error}). Build Haven again.")))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Names { authority, clock: Clock::real() }));
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, stop: CancellationToken) {
    loop {
        let came = tokio::select! {
            () = stop.cancelled() => return,
            came = listener.accept() => came,
        };
        let Ok((stream, _)) = came else { continue };
        let tls = tls.clone();
        tokio::spawn(async move {
            let Some(tls) = tls else { return converse(stream).await };
            let limit = Duration::from_secs(HANDSHAKE_LIMIT_SECONDS);
            if let Ok(Ok(stream)) = tokio::time::timeout(limit, tls.accept(stream)).await {
                converse(stream).await;
            }
        });
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(HEAD_LIMIT_SECONDS));
    // A visitor who goes away in the middle is no trouble.
    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let named = request.uri().host().or_else(|| request.headers().get(HOST).and_then(|value| value.to_str().ok()));
    let host = named.unwrap_or_default().split(':').next().unwrap_or_default().to_ascii_lowercase();
    let (status, text) = sites::answer(&host, request.uri().path(), request.uri().query().unwrap_or_default());
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
