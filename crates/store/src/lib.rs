//! Everything the organisation keeps, on SQLite or PostgreSQL, and the vault that seals what only case-holders may read.
//!
//! The only crate with SQL. [`Store`] is opened once; [`Store::begin`] gives a [`Unit`], one transaction that carries a
//! change with its audit entry and its outgoing jobs (invariant 2). One module a noun; reads take a [`Store`] or a
//! [`Unit`]. Functions on one case ask for a `casework::Permit` (invariant 3).

pub mod activity;
pub mod admissions;
pub mod agreements;
pub mod anonymous;
pub mod audit;
pub mod cases;
pub mod checks;
mod db;
pub mod decisions;
pub mod erasures;
mod error;
pub mod feed;
pub mod gateway;
pub mod ids;
pub mod jobs;
pub mod keys;
pub mod lessons;
pub mod let_ins;
pub mod limits;
pub mod local_rules;
pub mod nodes;
pub mod outbox;
pub mod packs;
pub mod people;
pub mod receipts;
pub mod record;
pub mod referrals;
pub mod reports;
pub mod requests;
pub mod sealed;
pub mod sessions;
pub mod settings;
pub mod step_answers;
pub mod technical;
#[cfg(feature = "testing")]
pub mod testing;
mod unit;
pub mod vault;

pub use db::open::{AWAY_AFTER_S, Location};
pub use error::StoreError;
pub use unit::{Page, ROWS_PER_PAGE, Reader, Store, Unit, Viewer};
