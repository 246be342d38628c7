//! Counts the open connections of each door and each pass, so that a closed browser is noticed and must prove itself again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ports::{Door, Identity, Moment};

/// The doors that are open now.
pub(crate) struct Doors {
    open: Mutex<HashMap<Door, usize>>,
    identity: Arc<dyn Identity>,
    moment: Arc<dyn Moment>,
}

impl Doors {
    pub(crate) fn new(identity: Arc<dyn Identity>, moment: Arc<dyn Moment>) -> Arc<Self> {
        Arc::new(Self { open: Mutex::new(HashMap::new()), identity, moment })
    }

    /// Counts one more connection at a door for as long as the result lives; none if the door has too many.
    pub(crate) fn enter(self: &Arc<Self>, door: Door, limit: usize) -> Option<Entered> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(door.clone()).or_insert(0);
        if *count >= limit {
            return None;
        }
        *count += 1;
        // Told under the lock, so that an opening and a closing cannot be told in the wrong order.
        if *count == 1 {
            self.identity.connections(&door, 1, self.moment.now());
        }
        Some(Entered { doors: Arc::clone(self), door })
    }
}

/// One open connection.
pub(crate) struct Entered {
    doors: Arc<Doors>,
    door: Door,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.doors.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = open.get_mut(&self.door) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            open.remove(&self.door);
            self.doors.identity.connections(&self.door, 0, self.doors.moment.now());
        }
    }
}

/// The passes that are present: each for as long as a connection is open that showed it.
pub(crate) struct Passes {
    open: Mutex<HashMap<Arc<str>, usize>>,
    identity: Arc<dyn Identity>,
    moment: Arc<dyn Moment>,
}

impl Passes {
    pub(crate) fn new(identity: Arc<dyn Identity>, moment: Arc<dyn Moment>) -> Arc<Self> {
        Arc::new(Self { open: Mutex::new(HashMap::new()), identity, moment })
    }

    /// A pass was shown on a connection; it is present for as long as the result lives.
    pub(crate) fn hold(self: &Arc<Self>, pass: &Arc<str>) -> Held {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open.entry(Arc::clone(pass)).or_insert(0) += 1;
        Held { passes: Arc::clone(self), pass: Arc::clone(pass) }
    }
}

/// A pass on one open connection.
pub(crate) struct Held {
    passes: Arc<Passes>,
    pass: Arc<str>,
}

impl Held {
    pub(crate) fn is(&self, pass: &str) -> bool {
        *self.pass == *pass
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut open = self.passes.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = open.get_mut(&self.pass) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            open.remove(&self.pass);
            // Under the lock, as for doors.
            self.passes.identity.pass_gone(&self.pass, self.passes.moment.now());
        }
    }
}
