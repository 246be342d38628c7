//! What a request sends: its words are judged and its files scanned before any of it goes on. None of it is kept (S-4).

use std::sync::Arc;

use filter::body::{Written, sent, written};
use filter::{Decision, decide};
use http::{HeaderMap, Response, header};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::body::Body;
use crate::exchange::{Errand, Going};
use crate::files::{Checked, Cut, Way};
use crate::scan::{self, Wait};
use crate::upstream::UpstreamError;

impl Errand {
    /// The body as it goes on, or the answer if it does not.
    pub(crate) async fn outgoing(
        &mut self,
        headers: &HeaderMap,
        body: Body,
        path: &str,
        cut: &Cut,
    ) -> Result<Going, Response<Body>> {
        if body.is_end_stream() {
            return Ok(Going::settled(body));
        }
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let reads = decide::reads_sent(&self.facts, &self.decision);
        let body = match written(content_type).filter(|_| reads) {
            None => body,
            Some(written) => self.judged_sent(headers, body, written, path).await?,
        };
        match self.checked(headers, body, Way::Sent, cut).await {
            Checked::On(going) => Ok(going),
            Checked::Stopped => Err(self.refuse(path)),
            Checked::Broken => Err(self.give_up(UpstreamError::Broken)),
        }
    }

    async fn judged_sent(
        &mut self,
        headers: &HeaderMap,
        body: Body,
        written: Written,
        path: &str,
    ) -> Result<Body, Response<Body>> {
        let limits = &self.visit.keeper.config.limits;
        // An upload may take as long as it likes; a form does not.
        let enough = matches!(written, Written::Parts { .. });
        let wait = Wait { limit: limits.scan_wait, enough, stalls: self.stalls };
        let scanned = scan::read_bytes(body, headers, limits, wait).await;
        let judged = match scanned.found {
            Ok(bytes) => self.judge_sent(written, bytes).await,
            Err(_) => self.unread_sent(),
        };
        self.amend(judged);
        if self.stops(&self.decision) {
            self.visit.keeper.counts.sent_blocked.add();
            return Err(self.refuse(path));
        }
        Ok(scanned.body.boxed_unsync())
    }

    /// What the words say that are sent. Away from the sockets' threads, because a long text takes its time.
    async fn judge_sent(&self, written: Written, bytes: Vec<u8>) -> Decision {
        let (snapshot, facts, decision) = (Arc::clone(&self.snapshot), self.facts.clone(), self.decision.clone());
        let judging = tokio::task::spawn_blocking(move || {
            let sent = sent(&facts.address, &written, &bytes);
            decide::sent(&snapshot, &facts, &decision, &sent)
        });
        judging.await.unwrap_or_else(|_| self.unread_sent())
    }

    /// What the pack says for words that could not be read (invariant 6).
    fn unread_sent(&self) -> Decision {
        self.visit.keeper.counts.scan_failed.add();
        let mut decision = decide::scanner_down(&self.snapshot, &self.facts);
        decision.alert = None;
        "We could not check what you sent, so we did not send it.".clone_into(&mut decision.reason);
        decision
    }
}
