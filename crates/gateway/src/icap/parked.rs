//! Requests that another proxy went on with, until their responses are asked about: one visit to a page is one record.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::exchange::Errand;

/// Requests that may wait for their responses at one door. What finds no room is recorded at once.
const PARKED_LIMIT: usize = 10_000;

/// For whom, from where and for what was asked: by these a response finds its request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) browser: String,
    pub(super) method: String,
    /// As it went on, with everything that Haven changed about it.
    pub(super) address: String,
}

/// The requests of one door that wait. Whichever is dropped is recorded as it stands.
#[derive(Default)]
pub(super) struct Parked(Mutex<Table>);

#[derive(Default)]
struct Table {
    waiting: HashMap<Key, VecDeque<(Instant, Errand)>>,
    count: usize,
}

impl Parked {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn park(&self, key: Key, mut errand: Errand) {
        let mut table = self.lock();
        if table.count >= PARKED_LIMIT {
            drop(table);
            errand.put();
            return;
        }
        table.count += 1;
        table.waiting.entry(key).or_default().push_back((Instant::now(), errand));
    }

    /// The request that a response belongs to, if it still waits.
    pub(super) fn take(&self, key: &Key) -> Option<Errand> {
        let mut table = self.lock();
        let waiting = table.waiting.get_mut(key)?;
        let (_, errand) = waiting.pop_front()?;
        if waiting.is_empty() {
            table.waiting.remove(key);
        }
        table.count = table.count.saturating_sub(1);
        Some(errand)
    }

    /// Lets go of everything that has waited for longer than this.
    pub(super) fn sweep(&self, limit: Duration) {
        let mut gone = Vec::new();
        let mut table = self.lock();
        for waiting in table.waiting.values_mut() {
            while waiting.front().is_some_and(|(since, _)| since.elapsed() >= limit) {
                gone.extend(waiting.pop_front());
            }
        }
        table.waiting.retain(|_, waiting| !waiting.is_empty());
        table.count = table.count.saturating_sub(gone.len());
        drop(table);
        // Recorded outside the lock, as they are dropped.
        drop(gone);
    }
}
