//! Forms already dealt with: the same form posted twice is one report and gives the same receipt.

use jiff::Timestamp;

use crate::db::values;
use crate::{Reader, StoreError, Unit};

/// Keeps what a form's key led to. Never keep the code of an anonymous report here (S-3).
///
/// # Errors
/// `Duplicate` if the form is being dealt with by another request: roll back and read with [`find`].
pub async fn keep(unit: &mut Unit, key: &str, receipt: &str, at: Timestamp) -> Result<(), StoreError> {
    unit.execute("INSERT INTO receipts (key, receipt, at) VALUES ($1, $2, $3)", values![key, receipt, at])
        .await
        .map(|_| ())
}

/// What a form's key led to before.
///
/// # Errors
/// As the database gives them; so below.
pub async fn find(from: impl Into<Reader<'_>>, key: &str) -> Result<Option<String>, StoreError> {
    from.into().first("SELECT receipt FROM receipts WHERE key = $1", values![key], |row| row.text("receipt")).await
}

/// Forgets old ones.
pub async fn drop_before(unit: &mut Unit, at: Timestamp) -> Result<u64, StoreError> {
    unit.execute("DELETE FROM receipts WHERE at < $1", values![at]).await
}
