//! When a case's keys were erased, and the day from which no older copy of them can open it either.

use casework::Permit;
use jiff::Timestamp;

use crate::cases::covers;
use crate::db::values;
use crate::{Reader, StoreError, Unit};

/// That a case's texts became unreadable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub case: String,
    pub at: Timestamp,
    /// When the last copy of the key store that still held the keys expires.
    pub final_at: Timestamp,
}

/// Records an erasure; the first one stands.
///
/// # Errors
/// `WrongPermit` if the permit is for another case.
pub async fn record(unit: &mut Unit, permit: &Permit, erasure: &Erasure) -> Result<(), StoreError> {
    covers(permit, &erasure.case)?;
    unit.execute(
        "INSERT INTO erasures (case_id, at, final_at) VALUES ($1, $2, $3) ON CONFLICT (case_id) DO NOTHING",
        values![&erasure.case, erasure.at, erasure.final_at],
    )
    .await
    .map(|_| ())
}

/// The erasure of a case, if there was one.
///
/// # Errors
/// `WrongPermit` if the permit is for another case.
pub async fn of_case(from: impl Into<Reader<'_>>, permit: &Permit, case: &str) -> Result<Option<Erasure>, StoreError> {
    covers(permit, case)?;
    from.into()
        .first("SELECT case_id, at, final_at FROM erasures WHERE case_id = $1", values![case], |row| {
            Ok(Erasure { case: row.text("case_id")?, at: row.time("at")?, final_at: row.time("final_at")? })
        })
        .await
}
