//! Carries the bytes of an open tunnel both ways, unread, and asks again and again whether it may stay open.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use filter::Facts;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::who::Visit;

/// Carries until one side ends, nothing moves for the idle limit, the answer changes, or the gateway stops.
pub(crate) async fn carry<A, B>(visit: &Visit, facts: &Facts, client: A, website: B)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let keeper = &visit.keeper;
    let limits = &keeper.config.limits;
    let moved = Arc::new(AtomicU64::new(0));
    let mut client = Moving { stream: client, moved: Arc::clone(&moved) };
    let mut website = Moving { stream: website, moved: Arc::clone(&moved) };
    let mut copying = pin!(copy_bidirectional(&mut client, &mut website));
    let mut question = interval_at(Instant::now() + limits.question_every, limits.question_every);
    question.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut seen, mut since) = (0, Instant::now());
    loop {
        tokio::select! {
            _ = &mut copying => return,
            () = keeper.stop.cancelled() => return,
            _ = question.tick() => {
                if !visit.may_stay(facts) {
                    keeper.counts.tunnels_closed.add();
                    return;
                }
                let now_moved = moved.load(Ordering::Relaxed);
                if now_moved != seen {
                    (seen, since) = (now_moved, Instant::now());
                } else if since.elapsed() > limits.idle {
                    return;
                }
            }
        }
    }
}

/// A stream that counts what is read from it.
struct Moving<S> {
    stream: S,
    moved: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Moving<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        if result.is_ready() {
            self.moved.fetch_add(1, Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Moving<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
