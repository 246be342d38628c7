//! The body of an encapsulated message on its way to whoever judges it: the preview first, and the rest when it is asked for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame};
use tokio::io::AsyncBufRead;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

use super::message::{Chunks, Malformed, Piece};
use crate::body::{self, Body, BodyError};

/// Bytes of a body that are sent before Haven says whether it wants the rest.
pub(super) const PREVIEW_BYTES: usize = 1024;
/// Most that is taken as a preview, in bytes: some clients send a little more than they were told.
const PREVIEW_LIMIT_BYTES: usize = 64 * 1024;
/// Most that is read and thrown away after an answer, in bytes; then the connection is closed.
const DRAIN_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// What has come of a body before it is judged.
pub(super) struct Begun {
    data: Bytes,
    chunks: Chunks,
    /// The client has more, and sends it by itself or when it is asked.
    pub(super) more: bool,
}

impl Begun {
    /// A message without a body.
    pub(super) fn none() -> Self {
        Self { data: Bytes::new(), chunks: Chunks::default(), more: false }
    }

    /// A body of which no preview is sent: all of it is on its way.
    pub(super) fn on_its_way() -> Self {
        Self { more: true, ..Self::none() }
    }

    /// Everything that is sent before Haven asks for more.
    pub(super) async fn preview<R: AsyncBufRead + Unpin>(reader: &mut R, limit: Duration) -> io::Result<Self> {
        let (mut chunks, mut data) = (Chunks::default(), Vec::new());
        loop {
            match timeout(limit, chunks.next(reader)).await?? {
                Piece::Data(piece) if data.len() + piece.len() > PREVIEW_LIMIT_BYTES => {
                    return Err(Malformed::TooLong.into());
                }
                Piece::Data(piece) => data.extend_from_slice(&piece),
                Piece::End { whole } => return Ok(Self { data: data.into(), chunks, more: !whole }),
            }
        }
    }

    /// The body for whoever judges it, what tells that more of it is wanted, and what reads the rest.
    pub(super) fn open(self, limit: Duration) -> (Body, Arc<Notify>, Rest) {
        let wanted = Arc::new(Notify::new());
        let (give, take) = mpsc::channel(1);
        let coming = Coming { data: self.data, rest: self.more.then(|| (take, Arc::clone(&wanted))) };
        let body = if coming.is_end_stream() { body::empty() } else { coming.boxed_unsync() };
        (body, wanted, Rest { chunks: self.chunks, give, limit, is_over: !self.more })
    }
}

struct Coming {
    data: Bytes,
    rest: Option<(mpsc::Receiver<Bytes>, Arc<Notify>)>,
}

impl HttpBody for Coming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.data.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.data)))));
        }
        let Some((rest, wanted)) = &mut self.rest else { return Poll::Ready(None) };
        match rest.poll_recv(cx) {
            Poll::Ready(Some(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Poll::Ready(None) => {
                self.rest = None;
                Poll::Ready(None)
            }
            Poll::Pending => {
                wanted.notify_one();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.rest.is_none()
    }
}

/// Reads what comes after the preview, or the whole body where there is none.
pub(super) struct Rest {
    chunks: Chunks,
    give: mpsc::Sender<Bytes>,
    limit: Duration,
    is_over: bool,
}

impl Rest {
    /// Reads to the end once `go` says so, and throws away what nobody takes; at once over if it never says so. False if
    /// nothing can come on this connection any more. A body that breaks off is an error, and whoever judges it is not told
    /// that it ended.
    pub(super) async fn read<R: AsyncBufRead + Unpin>(
        mut self,
        reader: &mut R,
        go: oneshot::Receiver<()>,
    ) -> io::Result<bool> {
        if self.is_over || go.await.is_err() {
            return Ok(true);
        }
        let mut thrown_bytes = 0_usize;
        loop {
            let Piece::Data(data) = timeout(self.limit, self.chunks.next(reader)).await?? else { return Ok(true) };
            let length = data.len();
            if self.give.send(data).await.is_err() {
                thrown_bytes = thrown_bytes.saturating_add(length);
                if thrown_bytes > DRAIN_LIMIT_BYTES {
                    return Ok(false);
                }
            }
        }
    }
}
