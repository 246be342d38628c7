//! Files past the malware engine, both ways: which of them are scanned, and what becomes of one after its verdict.

use std::sync::{Arc, OnceLock};

use filter::decide::{self, Found};
use filter::malware::is_scanned;
use filter::{Decision, Facts, Snapshot};
use http::{HeaderMap, HeaderName, header};

use crate::body::Body;
use crate::examine::File;
use crate::exchange::{self, Errand, Going};
use crate::held::{First, Held, OnVerdict, Start};
use crate::malware::Verdict;
use crate::record;
use crate::scan;
use crate::who::Visit;

/// Where a file that was cut off on its way leaves the decision about it, with its reference.
pub(crate) type Cut = Arc<OnceLock<(Decision, String)>>;

/// Which way a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From a website to a person.
    Fetched,
    /// From a person to a website.
    Sent,
}

/// What became of a body.
pub(crate) enum Checked {
    On(Going),
    /// The errand's decision says why.
    Stopped,
    /// Its sender broke off.
    Broken,
}

impl Errand {
    /// Passes a body by the engine, where it is scanned at all. A short file waits for its verdict; a long one flows, and
    /// `cut` tells if it was cut off.
    pub(crate) async fn checked(&mut self, headers: &HeaderMap, body: Body, way: Way, cut: &Cut) -> Checked {
        let Some((start, is_sure)) = self.start(headers, way) else { return Checked::On(Going::settled(body)) };
        let wait = start.engine.plan().hold;
        let held_back = start.engine.plan().hold_bytes;
        let held_back = if self.stalls { held_back.min(scan::STALLS_AFTER_BYTES) } else { held_back };
        let mut held =
            if is_sure { Held::scanned(body, start, held_back) } else { Held::unsure(body, start, held_back) };
        match held.first(wait).await {
            First::Flows => Checked::On(Going { body: held.flowing(self.on_verdict(way, cut)), is_settled: false }),
            First::Broken => Checked::Broken,
            First::Verdict(verdict) => {
                let judged = about_file(&self.visit, &self.snapshot, &self.facts, &self.decision, &verdict, way);
                if let Some(judged) = judged {
                    self.amend(judged);
                    if self.stops(&self.decision) {
                        return Checked::Stopped;
                    }
                }
                Checked::On(Going::settled(held.open()))
            }
        }
    }

    /// What a scan of this body needs, and whether it is scanned whatever its first bytes are.
    fn start(&self, headers: &HeaderMap, way: Way) -> Option<(Start, bool)> {
        let engine = self.visit.keeper.engine.as_ref()?;
        let plan = engine.plan();
        let wanted = if way == Way::Sent { plan.uploads } else { plan.downloads };
        if !wanted || !decide::scans_files(&self.facts, &self.decision) {
            return None;
        }
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let content_type = text(header::CONTENT_TYPE);
        let is_sure = is_scanned(content_type, text(header::CONTENT_DISPOSITION), &plan.unscanned);
        // An encoding that nobody knows cannot be unpacked, and that is what the scan will say.
        let layers = scan::layers(headers).unwrap_or_else(|_| vec!["unknown".to_owned()]);
        if !is_sure && !layers.is_empty() {
            return None;
        }
        let boundary = match filter::body::written(content_type) {
            Some(filter::body::Written::Parts { boundary }) => Some(boundary),
            _ => None,
        };
        let file = File { layers, boundary, ratio: self.visit.keeper.config.limits.scan_ratio };
        Some((Start { engine: Arc::clone(engine), file }, is_sure))
    }

    /// What is done with a verdict that comes when the file flows already: there is no page to show any more.
    fn on_verdict(&self, way: Way, cut: &Cut) -> OnVerdict {
        let (visit, snapshot, cut) = (Arc::clone(&self.visit), Arc::clone(&self.snapshot), Arc::clone(cut));
        let (facts, decision) = (self.facts.clone(), self.decision.clone());
        Box::new(move |verdict| {
            let judged = about_file(&visit, &snapshot, &facts, &decision, &verdict, way);
            let Some(judged) = judged.filter(|judged| exchange::stops(&visit, &facts, judged)) else { return true };
            let keeper = &visit.keeper;
            let reference = record::reference(keeper.ports.moment.as_ref());
            if let Some(record) = record::make(&reference, &visit.door, &facts, &judged) {
                // A record that finds no place is counted as lost; the file is cut off all the same.
                let _ = keeper.ports.records.put(record);
            }
            if way == Way::Fetched {
                keeper.counts.blocked.add();
            }
            let _ = cut.set((judged, reference));
            false
        })
    }
}

/// What a verdict means; nothing if the file may go as it is.
fn about_file(
    visit: &Visit,
    snapshot: &Snapshot,
    facts: &Facts,
    decision: &Decision,
    verdict: &Verdict,
    way: Way,
) -> Option<Decision> {
    let counts = &visit.keeper.counts;
    match verdict {
        Verdict::Clean { .. } => None,
        Verdict::Infected(signature) => {
            counts.malware_found.add();
            let file = Found { signature, sent: way == Way::Sent };
            Some(decide::infected(snapshot, facts, decision, file))
        }
        Verdict::Unchecked(why) => {
            counts.malware_unchecked.add();
            let mut judged = decide::scanner_down(snapshot, facts);
            judged.alert = None;
            judged.list = format!("malware engine: {why}");
            Some(judged)
        }
    }
}
