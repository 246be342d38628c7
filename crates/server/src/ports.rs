//! What the gateway asks of the rest of Haven, answered from memory and kept fresh over the actions and the store.

pub(crate) mod apart;
pub(crate) mod feed;
pub(crate) mod identity;
pub(crate) mod last_good;
pub(crate) mod portal;
pub(crate) mod records;
pub(crate) mod snapshots;

use actions::Haven;
use std::sync::Arc;

/// The hub's moment, as the gateway wants it.
pub(crate) struct HubMoment(pub(crate) Arc<Haven>);

impl gateway::Moment for HubMoment {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.0.moment.fill_random(bytes);
    }
}
