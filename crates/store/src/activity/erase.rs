//! What retention removes: records, a few at a time, after an entry of the audit chain has said how far. Batches stay.

use jiff::Timestamp;

use crate::db::values;
use crate::{Store, StoreError};

/// Whether anything was recorded before a moment that retention may take.
///
/// # Errors
/// As the database gives them; so below.
pub async fn any_before(store: &Store, before: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT r.reference FROM records r JOIN batches b ON b.gateway = r.gateway AND b.seq = r.batch \
               WHERE r.at < $1 AND b.at < $1 AND (r.alert IS NULL OR r.alert_taken_at IS NOT NULL) LIMIT 1";
    Ok(store.activity().row(sql, values![before]).await?.is_some())
}

/// An entry of the audit chain says that records of batches from before a moment go. Without one, a missing record is a fault.
pub async fn say_erased(store: &Store, before: Timestamp, now: Timestamp, citation: &str) -> Result<(), StoreError> {
    let mut unit = store.begin().await?;
    crate::audit::append(&mut unit, super::anchor::erased_entry(before, now, citation));
    unit.commit().await.map(|_| ())
}

/// Removes at most so many records of batches from before a moment, oldest first; one whose alert nobody has taken over yet
/// stays. The batches and their digests stay, and so the chain. [`say_erased`] comes first.
pub async fn erase_some(store: &Store, before: Timestamp, most: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM records WHERE reference IN (SELECT r.reference FROM records r JOIN batches b \
               ON b.gateway = r.gateway AND b.seq = r.batch WHERE r.at < $1 AND b.at < $1 \
               AND (r.alert IS NULL OR r.alert_taken_at IS NOT NULL) ORDER BY r.at LIMIT $2)";
    store.activity().execute(sql, values![before, most]).await
}
