//! Bodies on their way through: received, made here, or partly read and put together again.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use tokio::time::Sleep;

use crate::patient::Progress;

/// Any failure while a body is on its way.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// A body of any origin.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;

pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn passed(body: Incoming) -> Body {
    body.map_err(BodyError::from).boxed_unsync()
}

/// A short answer in plain words, for programs rather than people.
pub(crate) fn short(status: StatusCode, sentence: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("{sentence}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    ours(response.headers_mut());
    response
}

/// Headers that everything made here carries: never kept, never sniffed, never told on.
pub(crate) fn ours(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// What was read of a body, followed by the rest of it.
pub(crate) struct Rejoined {
    pub(crate) read: std::collections::VecDeque<Frame<Bytes>>,
    pub(crate) rest: Option<Body>,
}

impl HttpBody for Rejoined {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(frame) = self.read.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.rest.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let read: u64 = self
            .read
            .iter()
            .filter_map(Frame::data_ref)
            .map(|data| u64::try_from(data.len()).unwrap_or(u64::MAX))
            .fold(0, u64::saturating_add);
        let rest = self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(read));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(read));
        }
        hint
    }
}

/// A body that breaks off when nothing of it has come for a while.
struct Within {
    body: Body,
    limit: Duration,
    /// Set only while something is waited for: most bodies are there as soon as their head.
    timer: Option<Pin<Box<Sleep>>>,
}

/// Passes a body on for as long as something of it comes within the limit.
pub(crate) fn within(body: Body, limit: Duration) -> Body {
    Within { body, limit, timer: None }.boxed_unsync()
}

impl HttpBody for Within {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.timer = None;
            return Poll::Ready(frame);
        }
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(BodyError::from("nothing came for too long"))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response body that says when its last byte was given.
pub(crate) struct Told {
    body: Body,
    progress: Option<Arc<Progress>>,
}

impl Told {
    /// Without a progress nobody is told: the connection goes on as something else.
    pub(crate) fn wrap(body: Body, progress: Option<Arc<Progress>>) -> Self {
        Self { body, progress }
    }
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(progress) = &self.progress {
            progress.waiting();
        }
    }
}
