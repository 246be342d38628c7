//! A file on its way past the malware engine: it flows while it is scanned, and its end is held back until the verdict.
//!
//! A file no longer than what is held back waits whole. A longer one arrives but for its end, and is cut off if something is
//! found: an infected file never arrives whole. Memory holds what is held back, however long the file is.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use filter::malware::begins_like_a_program;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncWrite, DuplexStream};
use tokio_util::task::AbortOnDropHandle;

use crate::body::{Body, BodyError};
use crate::examine::{self, File};
use crate::malware::{Engine, Unchecked, Verdict};

/// Bytes on their way between a body and the scan.
const PIPE_BYTES: usize = 64 * 1024;

/// What is done with a verdict that comes while the file flows: true lets it go on, false cuts it off.
pub(crate) type OnVerdict = Box<dyn FnOnce(Verdict) -> bool + Send>;

/// What is needed to begin a scan.
pub(crate) struct Start {
    pub(crate) engine: Arc<Engine>,
    pub(crate) file: File,
}

impl Start {
    fn begin(self) -> Scanning {
        let (feed, other) = tokio::io::duplex(PIPE_BYTES);
        let task = AbortOnDropHandle::new(tokio::spawn(examine::run(self.engine, other, self.file)));
        Scanning { feed: Some(feed), feeding: Bytes::new(), ended: false, task }
    }
}

enum State {
    /// Its kind is not scanned, but its first bytes may say that it is something else.
    Unsure(Option<Start>),
    Scanning(Scanning),
    Open,
    Cut,
}

struct Scanning {
    feed: Option<DuplexStream>,
    /// What the scan has not taken yet.
    feeding: Bytes,
    ended: bool,
    task: AbortOnDropHandle<Verdict>,
}

/// A body of which the end is held back.
pub(crate) struct Held {
    body: Body,
    kept: VecDeque<Frame<Bytes>>,
    kept_bytes: usize,
    hold_bytes: usize,
    state: State,
    on_verdict: Option<OnVerdict>,
}

/// What came of the first wait.
#[derive(Debug)]
pub(crate) enum First {
    /// The whole file was scanned, or it is known already what it is.
    Verdict(Verdict),
    /// It is long or slow: it flows from now on.
    Flows,
    /// The sender broke off.
    Broken,
}

enum Work {
    /// More is kept than needs to be held back.
    Full,
    Settled(Verdict),
    Broken(BodyError),
}

impl Held {
    /// A file that is scanned from its first byte.
    pub(crate) fn scanned(body: Body, start: Start, hold_bytes: usize) -> Self {
        Self::new(body, hold_bytes, State::Scanning(start.begin()))
    }

    /// A file that is scanned only if it begins like a program or an archive.
    pub(crate) fn unsure(body: Body, start: Start, hold_bytes: usize) -> Self {
        Self::new(body, hold_bytes, State::Unsure(Some(start)))
    }

    fn new(body: Body, hold_bytes: usize, state: State) -> Self {
        Self { body, kept: VecDeque::new(), kept_bytes: 0, hold_bytes, state, on_verdict: None }
    }

    /// Waits for the verdict for as long as the file is short and comes quickly. Once all of a short file is here only the
    /// engine is waited for, which has a limit of its own: whoever asked gets a page, and not half an answer.
    pub(crate) async fn first(&mut self, limit: Duration) -> First {
        let work = match tokio::time::timeout(limit, poll_fn(|cx| self.poll_beginning(cx))).await {
            Ok(work) => work,
            Err(_) if self.is_whole() => poll_fn(|cx| self.poll_work(cx)).await,
            Err(_) => return First::Flows,
        };
        match work {
            Work::Settled(verdict) => First::Verdict(verdict),
            Work::Full => First::Flows,
            Work::Broken(_) => First::Broken,
        }
    }

    fn is_whole(&self) -> bool {
        matches!(&self.state, State::Scanning(scanning) if scanning.ended)
    }

    /// A file of a known length is looked at before anything of it goes. What has none may be a conversation without end,
    /// whose head is not held back for its first word.
    fn poll_beginning(&mut self, cx: &mut Context<'_>) -> Poll<Work> {
        if matches!(self.state, State::Unsure(_)) && self.body.size_hint().exact().is_some_and(|bytes| bytes > 0) {
            match ready!(self.poll_look(cx)) {
                Some(Ok(())) => {}
                None => return Poll::Ready(Work::Full),
                Some(Err(error)) => return Poll::Ready(Work::Broken(error)),
            }
        }
        self.poll_work(cx)
    }

    /// The file may go, all of it.
    pub(crate) fn open(mut self) -> Body {
        self.state = State::Open;
        self.boxed_unsync()
    }

    /// The file flows, and the verdict is told when it comes.
    pub(crate) fn flowing(mut self, on_verdict: OnVerdict) -> Body {
        self.on_verdict = Some(on_verdict);
        self.boxed_unsync()
    }

    /// Takes from the sender and gives to the scan until something is to be said.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Work> {
        loop {
            let State::Scanning(scanning) = &mut self.state else { return Poll::Ready(Work::Full) };
            if let Poll::Ready(ended) = Pin::new(&mut scanning.task).poll(cx) {
                let verdict = ended.unwrap_or(Verdict::Unchecked(Unchecked::BrokeOff));
                return Poll::Ready(Work::Settled(verdict));
            }
            if !scanning.feeding.is_empty() {
                ready!(scanning.poll_feed(cx));
                continue;
            }
            let first = self.kept.front().map(bytes_of);
            if first.is_some_and(|bytes| self.kept_bytes - bytes >= self.hold_bytes) {
                return Poll::Ready(Work::Full);
            }
            if scanning.ended {
                // The verdict wakes us.
                return Poll::Pending;
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => {
                    scanning.ended = true;
                    scanning.feed = None;
                }
                Some(Err(error)) => return Poll::Ready(Work::Broken(error)),
                Some(Ok(frame)) => {
                    scanning.feeding = frame.data_ref().cloned().unwrap_or_default();
                    self.kept_bytes += bytes_of(&frame);
                    self.kept.push_back(frame);
                }
            }
        }
    }

    /// Takes the first bytes and settles whether this is scanned.
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), BodyError>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            other => {
                self.state = State::Open;
                return Poll::Ready(other.map(|ended| ended.map(drop)));
            }
        };
        let data = frame.data_ref().cloned().unwrap_or_default();
        let start = match &mut self.state {
            State::Unsure(start) if begins_like_a_program(&data) => start.take(),
            _ => None,
        };
        self.state = match start {
            None => State::Open,
            Some(start) => {
                let mut scanning = start.begin();
                scanning.feeding = data;
                State::Scanning(scanning)
            }
        };
        self.kept_bytes = bytes_of(&frame);
        self.kept.push_back(frame);
        Poll::Ready(Some(Ok(())))
    }

    fn poll_frame_inner(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &self.state {
            State::Open => match self.kept.pop_front() {
                Some(frame) => Poll::Ready(Some(Ok(frame))),
                None => Pin::new(&mut self.body).poll_frame(cx),
            },
            State::Cut => Poll::Ready(None),
            State::Unsure(_) => match ready!(self.poll_look(cx)) {
                Some(Ok(())) => self.poll_frame_inner(cx),
                Some(Err(error)) => Poll::Ready(Some(Err(error))),
                None => Poll::Ready(None),
            },
            State::Scanning(_) => match ready!(self.poll_work(cx)) {
                Work::Full => {
                    let frame = self.kept.pop_front();
                    self.kept_bytes -= frame.as_ref().map_or(0, bytes_of);
                    Poll::Ready(frame.map(Ok))
                }
                Work::Settled(verdict) => {
                    if self.on_verdict.take().is_some_and(|decide| decide(verdict)) {
                        self.state = State::Open;
                        return self.poll_frame_inner(cx);
                    }
                    self.cut();
                    Poll::Ready(Some(Err(BodyError::from("the file was stopped"))))
                }
                Work::Broken(error) => {
                    self.cut();
                    Poll::Ready(Some(Err(error)))
                }
            },
        }
    }

    fn cut(&mut self) {
        self.state = State::Cut;
        self.kept.clear();
        self.kept_bytes = 0;
    }
}

impl Scanning {
    fn poll_feed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let written = match &mut self.feed {
            Some(feed) => ready!(Pin::new(feed).poll_write(cx, &self.feeding)).unwrap_or(0),
            None => 0,
        };
        if written == 0 {
            // The scan has seen enough; its verdict is on the way.
            self.feed = None;
            self.feeding.clear();
        } else {
            self.feeding.advance(written);
        }
        Poll::Ready(())
    }
}

fn bytes_of(frame: &Frame<Bytes>) -> usize {
    frame.data_ref().map_or(0, Bytes::len)
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.poll_frame_inner(cx)
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Open | State::Unsure(_)) && self.kept.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let kept: u64 = self.kept.iter().map(bytes_of).map(|bytes| u64::try_from(bytes).unwrap_or(u64::MAX)).sum();
        let rest = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(kept));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(kept));
        }
        hint
    }
}
