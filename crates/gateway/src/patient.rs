//! A client's connection with patience that ends: a slow head, a silent client, and a last answer that must still arrive.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use crate::counts::Counts;

/// Longest that a connection is kept after our last word, so that a client which is still sending can read it.
const LINGER_LIMIT_SECONDS: u64 = 2;
/// Most that is read and thrown away in that time.
const LINGER_LIMIT_BYTES: usize = 4 * 1024 * 1024;

const WAITING: u8 = 0;
const READING_HEAD: u8 = 1;
const ANSWERING: u8 = 2;

/// Where a conversation stands: between requests, in the middle of a head, or at work on an answer.
#[derive(Debug, Default)]
pub(crate) struct Progress(AtomicU8);

impl Progress {
    /// A head is complete.
    pub(crate) fn answering(self: &Arc<Self>) {
        self.0.store(ANSWERING, Ordering::Release);
    }

    /// The answer has been given to its last byte; the next head may take its time to begin.
    pub(crate) fn waiting(&self) {
        self.0.store(WAITING, Ordering::Release);
    }

    fn bytes_came(&self) {
        let _ = self.0.compare_exchange(WAITING, READING_HEAD, Ordering::AcqRel, Ordering::Acquire);
    }

    fn state(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

/// How long each state may last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) head: Duration,
    pub(crate) idle: Duration,
}

/// A connection that ends by itself when its client is too slow.
pub(crate) struct Patient<S> {
    stream: S,
    progress: Arc<Progress>,
    patience: Patience,
    counts: Arc<Counts>,
    timer: Option<(u8, Pin<Box<Sleep>>)>,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S, progress: Arc<Progress>, patience: Patience, counts: Arc<Counts>) -> Self {
        Self { stream, progress, patience, counts, timer: None }
    }

    /// Ready when the state that the conversation is in has lasted too long.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<u8> {
        let state = self.progress.state();
        if self.timer.as_ref().is_none_or(|(of, _)| *of != state) {
            let limit = match state {
                WAITING => self.patience.idle,
                READING_HEAD => self.patience.head,
                _ => {
                    self.timer = None;
                    return Poll::Pending;
                }
            };
            self.timer = Some((state, Box::pin(tokio::time::sleep(limit))));
        }
        match &mut self.timer {
            Some((_, sleep)) => sleep.as_mut().poll(cx).map(|()| state),
            None => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(result) => {
                if result.is_ok() && buf.filled().len() > before {
                    self.progress.bytes_came();
                    // Rest of an idle period must not be counted against the next one.
                    if self.timer.as_ref().is_some_and(|(of, _)| *of == WAITING) {
                        self.timer = None;
                    }
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                let state = ready!(self.poll_patience(cx));
                if state == READING_HEAD {
                    self.counts.too_slow.add();
                }
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A client's socket that reads on for a moment after our last word: closing with unread bytes would make the
/// system throw our answer away.
pub(crate) struct Lingering {
    stream: Option<TcpStream>,
    client_done: bool,
    we_closed: bool,
}

impl Lingering {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream: Some(stream), client_done: false, we_closed: false }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncRead for Lingering {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let room = buf.remaining() > 0;
        let result = ready!(self.stream()?.poll_read(cx, buf));
        if result.is_err() || (room && buf.filled().len() == before) {
            self.client_done = true;
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.we_closed = true;
        self.stream()?.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(stream) = self.stream.take() else { return };
        if self.we_closed
            && !self.client_done
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(linger(stream));
        }
    }
}

async fn linger(mut stream: TcpStream) {
    let end = Instant::now() + Duration::from_secs(LINGER_LIMIT_SECONDS);
    let mut left_bytes = LINGER_LIMIT_BYTES;
    let mut waste = vec![0_u8; 16 * 1024];
    while left_bytes > 0 {
        match tokio::time::timeout_at(end, stream.read(&mut waste)).await {
            Ok(Ok(read)) if read > 0 => left_bytes = left_bytes.saturating_sub(read),
            _ => break,
        }
    }
}

/// A stream of which the first bytes have been read already, and come first again.
pub(crate) struct Prefixed<S> {
    first: bytes::Bytes,
    stream: S,
}

impl<S> Prefixed<S> {
    pub(crate) fn new(first: bytes::Bytes, stream: S) -> Self {
        Self { first, stream }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let count = self.first.len().min(buf.remaining());
        buf.put_slice(&self.first.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
