//! A bounded place where records wait to be written. Alerts wait in a queue of their own.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::ports::{Record, Records};

/// Ordinary records that may wait.
pub const WAITING_LIMIT_RECORDS: usize = 50_000;
/// Records with an alert that may wait: as many as nobody could look at in a month.
pub const WAITING_LIMIT_ALERTS: usize = 20_000;

/// What has waited, in order, with what was lost since the last time.
#[derive(Debug, Default)]
pub struct Batch {
    /// Records with an alert: written first and each by itself.
    pub alerts: Vec<Record>,
    pub records: Vec<Record>,
    /// Ordinary records that found no room since the last batch (M01).
    pub lost_records: u64,
    /// Records with an alert that found no room. Anything but 0 is red.
    pub lost_alerts: u64,
    /// Requests that met the gate since the last batch: a number, never a name (S-4).
    pub gated: u64,
}

impl Batch {
    /// True if there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
            && self.records.is_empty()
            && self.lost_records == 0
            && self.lost_alerts == 0
            && self.gated == 0
    }
}

#[derive(Default)]
struct Waiting {
    alerts: VecDeque<Record>,
    records: VecDeque<Record>,
    lost_records: u64,
    lost_alerts: u64,
    gated: u64,
}

/// The sink: `Records` on one side, batches on the other.
pub struct Sink {
    waiting: Mutex<Waiting>,
    came: Notify,
    alert_came: Notify,
    records_limit: usize,
    alerts_limit: usize,
}

impl Default for Sink {
    fn default() -> Self {
        Self::with_limits(WAITING_LIMIT_RECORDS, WAITING_LIMIT_ALERTS)
    }
}

impl Sink {
    #[must_use]
    pub fn with_limits(records_limit: usize, alerts_limit: usize) -> Self {
        Self { waiting: Mutex::default(), came: Notify::new(), alert_came: Notify::new(), records_limit, alerts_limit }
    }

    /// Waits until something is there. One writer at a time.
    pub async fn wait(&self) {
        loop {
            let came = self.came.notified();
            if self.has_any() {
                return;
            }
            came.await;
        }
    }

    /// Waits until a record with an alert is there: a writer that gathers batches must not let an alert wait.
    pub async fn wait_for_alert(&self) {
        loop {
            let came = self.alert_came.notified();
            if !self.lock().alerts.is_empty() {
                return;
            }
            came.await;
        }
    }

    /// Takes everything that waits, at most `most` ordinary records.
    #[must_use]
    pub fn drain(&self, most: usize) -> Batch {
        let mut waiting = self.lock();
        let count = waiting.records.len().min(most);
        Batch {
            alerts: waiting.alerts.drain(..).collect(),
            records: waiting.records.drain(..count).collect(),
            lost_records: std::mem::take(&mut waiting.lost_records),
            lost_alerts: std::mem::take(&mut waiting.lost_alerts),
            gated: std::mem::take(&mut waiting.gated),
        }
    }

    /// Puts ordinary records that could not be written back to where they were, before everything that came since.
    pub fn put_back(&self, records: Vec<Record>) {
        let mut waiting = self.lock();
        for record in records.into_iter().rev() {
            waiting.records.push_front(record);
        }
    }

    /// How many records wait: (alerts, ordinary).
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        let waiting = self.lock();
        (waiting.alerts.len(), waiting.records.len())
    }

    fn has_any(&self) -> bool {
        let waiting = self.lock();
        !waiting.alerts.is_empty()
            || !waiting.records.is_empty()
            || waiting.lost_records > 0
            || waiting.lost_alerts > 0
            || waiting.gated > 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records for Sink {
    fn put(&self, record: Record) -> bool {
        let is_alert = record.alert.is_some();
        let kept = {
            let mut waiting = self.lock();
            if is_alert {
                let room = waiting.alerts.len() < self.alerts_limit;
                if room {
                    waiting.alerts.push_back(record);
                } else {
                    waiting.lost_alerts = waiting.lost_alerts.saturating_add(1);
                }
                room
            } else {
                let room = waiting.records.len() < self.records_limit;
                if room {
                    waiting.records.push_back(record);
                } else {
                    waiting.lost_records = waiting.lost_records.saturating_add(1);
                }
                room
            }
        };
        self.came.notify_one();
        if is_alert {
            self.alert_came.notify_one();
        }
        kept
    }

    fn room(&self) -> bool {
        let waiting = self.lock();
        waiting.records.len() < self.records_limit
    }

    fn count_gate(&self) {
        let mut waiting = self.lock();
        waiting.gated = waiting.gated.saturating_add(1);
    }
}
