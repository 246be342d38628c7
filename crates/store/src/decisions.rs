//! What was decided in a case, by whom and when; the reasons are sealed.

use casework::Permit;
use jiff::Timestamp;

use crate::cases::covers;
use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub id: String,
    pub case: String,
    pub step: String,
    pub option: String,
    pub at: Timestamp,
    pub by: String,
    /// Id of the sealed reasons; none once they were erased.
    pub sealed: Option<String>,
}

/// Keeps a decision; its sealed reasons come first.
///
/// # Errors
/// `WrongPermit`; `Refused` if there is no such case or sealed text.
pub async fn insert(unit: &mut Unit, permit: &Permit, decision: &Decision) -> Result<(), StoreError> {
    covers(permit, &decision.case)?;
    unit.execute(
        "INSERT INTO decisions (id, case_id, step, choice, at, by_person, sealed_id) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![
            &decision.id,
            &decision.case,
            &decision.step,
            &decision.option,
            decision.at,
            &decision.by,
            &decision.sealed
        ],
    )
    .await
    .map(|_| ())
}

/// The decisions of a case, oldest first.
///
/// # Errors
/// `WrongPermit` if the permit is for another case.
pub async fn of_case(from: impl Into<Reader<'_>>, permit: &Permit, case: &str) -> Result<Vec<Decision>, StoreError> {
    covers(permit, case)?;
    from.into()
        .all(
            "SELECT id, case_id, step, choice, at, by_person, sealed_id FROM decisions WHERE case_id = $1 ORDER BY at, id",
            values![case],
            |row: &Row| {
                Ok(Decision {
                    id: row.text("id")?,
                    case: row.text("case_id")?,
                    step: row.text("step")?,
                    option: row.text("choice")?,
                    at: row.time("at")?,
                    by: row.text("by_person")?,
                    sealed: row.maybe_text("sealed_id")?,
                })
            },
        )
        .await
}
