//! What browsers asked for and what was decided: written in chained batches, in a database of its own.
//!
//! Only of people who acknowledged the notice, and of registered devices (S-4); never of help sites or Haven's own pages (S-3). The caller leaves
//! those out; this module keeps what it is given, shortened to what the tables hold.

mod anchor;
mod chain;
mod erase;
mod read;
mod write;

use jiff::Timestamp;

pub use anchor::{Anchor, Anchors, anchor};
pub use chain::{Batch, BatchHead, Fault, Walked, batch_digest, batches, heads, record_digest, verify};
pub use erase::{any_before, erase_some, say_erased};
pub use read::{
    Blocked, COUNT_LIMIT_ROWS, EventQuery, alerts_waiting, blocked_between, blocked_codes, blocked_sites, by_reference,
    last_alert, of_person_between, records_of_batch, search,
};
pub use write::{alert_taken, alert_withdrawn, insert_batch};

/// The rule of a hit on a sealed list. Its address stands in no column as it is (S-9).
pub const SEALED_RULE: &str = "sealed";
/// What stands in the place of the host of such a hit.
pub const SEALED_HOST: &str = "a sealed address";

/// One decision about one request, as `gateway::Record` with everything in text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// Opaque and random; stands on the block page.
    pub reference: String,
    pub at: Timestamp,
    /// Empty of a registered device: nobody is known there.
    pub person: String,
    pub population: String,
    pub listener: String,
    /// Address of the device.
    pub device: String,
    pub method: String,
    pub scheme: String,
    pub host: String,
    /// Empty for a tunnel that was not opened.
    pub path: String,
    /// Words searched for.
    pub search: String,
    pub action: String,
    pub codes: Vec<String>,
    pub rule: String,
    /// As `Citation::to_record`.
    pub citation: String,
    /// As people read it.
    pub citation_text: String,
    pub reason: String,
    pub list: String,
    pub navigation: bool,
    pub pack_digest: String,
    pub lists_digest: String,
    /// JSON of what the trigger saw; none for nearly all. The batch's digest does not cover it, so that a false alarm can
    /// leave nothing: the case vouches for what it took over.
    pub alert: Option<String>,
    /// How and when the person was identified (S-5), or what is registered.
    pub how: String,
    /// Of the person; or `device:` and the name under which a device is registered.
    pub session: String,
}

impl Record {
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.rule == SEALED_RULE
    }

    /// The name under which a device is registered where nobody was known.
    #[must_use]
    pub fn registered(&self) -> Option<&str> {
        self.session.strip_prefix("device:").filter(|_| self.person.is_empty())
    }

    /// The path as people may see it: what is kept of a sealed address opens for two share-holders only.
    #[must_use]
    pub fn shown_path(&self) -> &str {
        if self.is_sealed() { "" } else { &self.path }
    }
}
