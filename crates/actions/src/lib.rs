//! Everything that a person or a clock can do in Haven: leave to do it, a pure decision, then one transaction that holds
//! the change, its audit entry and its outgoing jobs (invariant 2).

pub mod alert;
pub mod attempts;
pub mod audit;
pub mod blocked;
pub mod case;
pub mod checks;
pub mod decide;
pub mod device;
pub mod error;
pub mod filter_event;
mod handing;
pub mod health;
pub mod identity;
pub mod jobs;
pub mod keys;
pub mod lesson;
pub mod let_in;
pub mod local_rules;
pub mod mail;
pub mod moment;
pub mod opening;
pub mod pass;
pub mod people;
pub mod person_events;
pub mod practice;
pub mod referral;
pub mod report;
pub mod requests;
pub mod retention;
pub mod sealed_hit;
pub mod session;
pub mod shelf;
pub mod step;
pub mod team;
pub mod thread;
pub mod throttle;
pub mod today;
pub mod unit;
pub mod what_if;
pub mod words;

use std::sync::Arc;

use jiff::Timestamp;
use policy::Pack;
use store::Store;

pub use error::{ActionError, Fault};
pub use moment::Moment;
pub use session::{PersonCard, Session, Stage, Token};
pub use shelf::PackShelf;
pub use store::{Page, sessions::Door};

/// Whether real people rest on this data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Made by `haven demo`: invented people, one-click sign-in, a clock that can be moved, nothing leaves the machine.
    Practice,
    Real,
}

/// By what somebody is known at a listener (S-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownBy {
    /// The site declares that one person at a time sits behind each address: a session is bound to a door.
    Address,
    /// Several people share an address: each browser shows the pass of its session.
    Pass,
    /// The network asks everybody who they are, and says who has which address.
    Network,
}

/// The hub that every action is handed.
pub struct Haven {
    pub store: Store,
    pub moment: Arc<dyn Moment>,
    pub packs: PackShelf,
    pub mode: Mode,
    pub organisation: String,
    /// Where people reach the portal, without a slash at the end.
    pub portal_address: String,
    /// By what somebody is known at each listener (S-6); at one that is not named here nobody is.
    pub known_by: std::collections::BTreeMap<String, KnownBy>,
    /// How to reach an agency, by the pack's id; filled by the organisation, never by a pack.
    pub agency_contacts: std::collections::BTreeMap<String, String>,
    /// Keyed hash instead of person ids in cases.
    pub index_key: store::vault::Secret32,
    /// Signs the head of the audit record.
    pub audit_key: store::vault::Secret32,
}

impl Haven {
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.moment.now()
    }

    /// The policy in force.
    #[must_use]
    pub fn pack(&self) -> Arc<Pack> {
        self.packs.in_force()
    }

    /// By what somebody is known at a listener; none where nobody is.
    #[must_use]
    pub fn known_by(&self, listener: &str) -> Option<KnownBy> {
        self.known_by.get(listener).copied()
    }

    pub(crate) fn new_id(&self, now: Timestamp) -> String {
        store::ids::new_id(now, &mut self.entropy())
    }

    pub(crate) fn entropy(&self) -> impl store::vault::SecureRandom + '_ {
        store::vault::Entropy(|bytes: &mut [u8]| self.moment.fill_random(bytes))
    }

    /// The keyed hash that stands for a person in cases, technical alerts and exclusions.
    #[must_use]
    pub fn token_of(&self, person: &str) -> [u8; 32] {
        store::vault::person_token(&self.index_key, person)
    }
}
