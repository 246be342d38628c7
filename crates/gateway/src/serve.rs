//! Speaks HTTP with a client, as HTTP/1.1 or HTTP/2, with every limit in place; what is answered is somebody else's business.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::body::{Body, Told};
use crate::patient::{Patience, Patient, Progress};
use crate::server::Keeper;

/// Requests at the same time on one HTTP/2 connection.
const STREAMS_LIMIT: u32 = 100;
/// How often a silent HTTP/2 client is asked whether it is still there, in seconds.
const PING_EVERY_SECONDS: u64 = 60;

/// HTTP/1.1 until the client leaves, the patience ends, or the gateway stops. Without `keep` only one request is answered.
pub(crate) async fn h1<S, F, A>(keeper: &Arc<Keeper>, stream: S, keep: bool, answer: F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Response<Body>>,
{
    let limits = &keeper.config.limits;
    let progress = Arc::new(Progress::default());
    let patience = Patience { head: limits.head, idle: limits.idle };
    let io = TokioIo::new(Patient::new(stream, Arc::clone(&progress), patience, Arc::clone(&keeper.counts)));
    let service = service_fn(|request: Request<Incoming>| {
        progress.answering();
        let is_connect = request.method() == Method::CONNECT;
        let answering = answer(request);
        let progress = Arc::clone(&progress);
        async move {
            let response = answering.await;
            let goes_on =
                response.status() == StatusCode::SWITCHING_PROTOCOLS || (is_connect && response.status().is_success());
            let told = (!goes_on).then_some(progress);
            Ok::<_, Infallible>(response.map(|body| Told::wrap(body, told)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .keep_alive(keep)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(16 * 1024))
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = keeper.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = keeper.end.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        count(keeper, &error);
    }
}

/// HTTP/2 until the client leaves or the gateway stops.
pub(crate) async fn h2<S, F, A>(keeper: &Arc<Keeper>, stream: S, answer: F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let answering = answer(request);
        async move { Ok::<_, Infallible>(answering.await) }
    });
    let header_list_bytes = u32::try_from(keeper.config.limits.head_bytes).unwrap_or(u32::MAX);
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_LIMIT)
        .max_header_list_size(header_list_bytes)
        .keep_alive_interval(std::time::Duration::from_secs(PING_EVERY_SECONDS))
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = keeper.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = keeper.end.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        count(keeper, &error);
    }
}

/// Only the kind of the trouble is counted; what was sent is nobody's business.
fn count(keeper: &Keeper, error: &hyper::Error) {
    if error.is_parse_too_large() {
        keeper.counts.head_too_large.add();
    } else if error.is_parse() {
        keeper.counts.malformed.add();
    }
}
