//! One line to one website: a kept connection over which requests go, dialled again when it has ended.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, Version, header};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::client::TlsStream;

use crate::body::{Body, BodyError};
use crate::tls::H2;
use crate::upstream::{Target, Upstream, UpstreamError};

/// Longest wait for the answer before on a kept connection; then a new one is dialled.
const READY_LIMIT_SECONDS: u64 = 5;
/// Lines that one client connection keeps to different websites.
const LINES_LIMIT: usize = 8;

enum Sender {
    H1(http1::SendRequest<Body>),
    H2(http2::SendRequest<Body>),
}

/// How a website is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Plain,
    Secure { h2: bool },
}

/// One website, as one client reaches it. Never shared between clients: what was signed in on a connection stays there.
pub(crate) struct Line {
    upstream: Arc<Upstream>,
    target: Target,
    manner: Manner,
    head_limit: Duration,
    sender: Mutex<Option<Sender>>,
}

impl Line {
    pub(crate) fn new(upstream: Arc<Upstream>, target: Target, manner: Manner, head_limit: Duration) -> Self {
        Self { upstream, target, manner, head_limit, sender: Mutex::new(None) }
    }

    /// A line whose first connection stands already. Says whether the website speaks HTTP/2.
    pub(crate) async fn opened(&self, stream: TlsStream<TcpStream>) -> Result<bool, UpstreamError> {
        let h2 = stream.get_ref().1.alpn_protocol() == Some(H2);
        *self.sender.lock().await = Some(greet(stream, h2).await?);
        Ok(h2)
    }

    /// Sends a request on its way and waits for the head of its answer. The wait is counted from the last that the client
    /// sent, so that a long upload is not cut off.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, UpstreamError> {
        let pulse = Pulse::default();
        let request = request.map(|body| Counted { body, pulse: pulse.clone() }.boxed_unsync());
        let mut sending = pin!(self.send_on(request));
        loop {
            let end = pulse.last() + self.head_limit;
            if let Ok(answer) = timeout_at(end, sending.as_mut()).await {
                return answer;
            }
            if pulse.last() + self.head_limit <= end {
                return Err(UpstreamError::TimedOut);
            }
        }
    }

    async fn send_on(&self, mut request: Request<Body>) -> Result<Response<Incoming>, UpstreamError> {
        let mut kept = self.sender.lock().await;
        let mut again = self.make_ready(&mut kept).await?;
        loop {
            let answer = match kept.as_mut() {
                Some(Sender::H1(sender)) => {
                    for_h1(&mut request)?;
                    sender.try_send_request(request).await
                }
                Some(Sender::H2(sender)) => {
                    let waiting = sender.try_send_request(request);
                    // Others may use the same connection at the same time.
                    drop(kept);
                    let answer = waiting.await;
                    kept = self.sender.lock().await;
                    answer
                }
                None => return Err(UpstreamError::Broken),
            };
            let mut error = match answer {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            *kept = None;
            // A kept connection that ended just now gives the request back unsent: dial once more.
            let Some(unsent) = error.take_message().filter(|_| again) else { return Err(UpstreamError::Broken) };
            request = unsent;
            again = false;
            *kept = Some(self.dial().await?);
        }
    }

    async fn make_ready(&self, kept: &mut Option<Sender>) -> Result<bool, UpstreamError> {
        let wait = Duration::from_secs(READY_LIMIT_SECONDS);
        let ready = match kept {
            Some(Sender::H1(sender)) => timeout(wait, sender.ready()).await.is_ok_and(|ready| ready.is_ok()),
            Some(Sender::H2(sender)) => timeout(wait, sender.ready()).await.is_ok_and(|ready| ready.is_ok()),
            None => false,
        };
        if !ready {
            *kept = Some(self.dial().await?);
        }
        Ok(ready)
    }

    async fn dial(&self) -> Result<Sender, UpstreamError> {
        let stream = self.upstream.dial(&self.target).await?;
        match self.manner {
            Manner::Plain => greet(stream, false).await,
            Manner::Secure { h2 } => {
                let stream = self.upstream.secure(&self.target, stream, h2).await?;
                let h2 = stream.get_ref().1.alpn_protocol() == Some(H2);
                greet(stream, h2).await
            }
        }
    }
}

/// Begins to speak HTTP on a fresh connection.
async fn greet<S>(stream: S, h2: bool) -> Result<Sender, UpstreamError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(stream);
    if h2 {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .handshake(io)
            .await
            .map_err(|_| UpstreamError::Broken)?;
        tokio::spawn(connection);
        return Ok(Sender::H2(sender));
    }
    let (sender, connection) = http1::Builder::new().handshake(io).await.map_err(|_| UpstreamError::Broken)?;
    // Ends by itself when the sender is dropped or the website closes.
    tokio::spawn(connection.with_upgrades());
    Ok(Sender::H1(sender))
}

/// HTTP/1.1 wants the host in a header, the path alone, and one cookie header.
fn for_h1(request: &mut Request<Body>) -> Result<(), UpstreamError> {
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| UpstreamError::Broken)?;
        request.headers_mut().insert(header::HOST, host);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    *request.uri_mut() = path.parse::<Uri>().map_err(|_| UpstreamError::Broken)?;
    *request.version_mut() = Version::HTTP_11;
    let cookies: Vec<Vec<u8>> =
        request.headers().get_all(header::COOKIE).iter().map(|value| value.as_bytes().to_vec()).collect();
    if cookies.len() > 1 {
        let joined = HeaderValue::from_bytes(&cookies.join(&b"; "[..])).map_err(|_| UpstreamError::Broken)?;
        request.headers_mut().insert(header::COOKIE, joined);
    }
    Ok(())
}

/// When the client last sent something of a request.
#[derive(Clone)]
struct Pulse(Arc<std::sync::Mutex<Instant>>);

impl Default for Pulse {
    fn default() -> Self {
        Self(Arc::new(std::sync::Mutex::new(Instant::now())))
    }
}

impl Pulse {
    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request body that beats with every piece.
struct Counted {
    body: Body,
    pulse: Pulse,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.pulse.beat();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The lines of one client connection to plain HTTP websites.
#[derive(Default)]
pub(crate) struct Lines(std::sync::Mutex<VecDeque<Kept>>);

/// Host and port, and the line to them.
type Kept = ((String, u16), Arc<Line>);

impl Lines {
    /// The line to a website: kept, or new.
    pub(crate) async fn line(
        &self,
        upstream: &Arc<Upstream>,
        host: &str,
        port: u16,
        head_limit: Duration,
    ) -> Result<Arc<Line>, UpstreamError> {
        if let Some(line) = self.kept(host, port) {
            return Ok(line);
        }
        let target = upstream.locate(host, port).await?;
        let line = Arc::new(Line::new(Arc::clone(upstream), target, Manner::Plain, head_limit));
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_LIMIT {
            lines.pop_front();
        }
        lines.push_back(((host.to_owned(), port), Arc::clone(&line)));
        Ok(line)
    }

    fn kept(&self, host: &str, port: u16) -> Option<Arc<Line>> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find(|((of, at), _)| of == host && *at == port).map(|(_, line)| Arc::clone(line))
    }
}
