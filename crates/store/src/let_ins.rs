//! Letting somebody in who was left out of a case by mistake: asked by one holder of the case, settled by another.

use casework::Permit;
use jiff::Timestamp;

use crate::cases::covers;
use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// One holder's wish to let a person in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetIn {
    pub id: String,
    pub case: String,
    /// `vault::person_token` of the one who was left out.
    pub token: [u8; 32],
    pub asked_by: String,
    pub asked_at: Timestamp,
    /// Id of the sealed reasons.
    pub sealed: Option<String>,
    pub settled_by: Option<String>,
    pub settled_at: Option<Timestamp>,
    /// None while it waits for the second holder.
    pub agreed: Option<bool>,
}

fn let_in(row: &Row) -> Result<LetIn, StoreError> {
    let settled_at = row.maybe_time("settled_at")?;
    Ok(LetIn {
        id: row.text("id")?,
        case: row.text("case_id")?,
        token: row.bytes32("token")?,
        asked_by: row.text("asked_by")?,
        asked_at: row.time("asked_at")?,
        sealed: row.maybe_text("sealed_id")?,
        settled_by: row.maybe_text("settled_by")?,
        agreed: settled_at.map(|_| row.flag("agreed")).transpose()?,
        settled_at,
    })
}

/// Keeps what was asked, settled already or not.
///
/// # Errors
/// `WrongPermit`; `Refused` if there is no such case.
pub async fn insert(unit: &mut Unit, permit: &Permit, one: &LetIn) -> Result<(), StoreError> {
    covers(permit, &one.case)?;
    unit.execute(
        "INSERT INTO let_ins (id, case_id, token, asked_by, asked_at, sealed_id, settled_by, settled_at, agreed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values![
            &one.id,
            &one.case,
            &one.token,
            &one.asked_by,
            one.asked_at,
            &one.sealed,
            &one.settled_by,
            one.settled_at,
            one.agreed.unwrap_or_default()
        ],
    )
    .await
    .map(|_| ())
}

/// Everything asked about a case, oldest first.
///
/// # Errors
/// `WrongPermit`.
pub async fn of_case(from: impl Into<Reader<'_>>, permit: &Permit, case: &str) -> Result<Vec<LetIn>, StoreError> {
    covers(permit, case)?;
    let sql = "SELECT id, case_id, token, asked_by, asked_at, sealed_id, settled_by, settled_at, agreed FROM let_ins \
               WHERE case_id = $1 ORDER BY asked_at, id";
    from.into().all(sql, values![case], let_in).await
}

/// Settles what was asked.
///
/// # Errors
/// `Conflict` if somebody has settled it already; `WrongPermit`.
pub async fn settle(
    unit: &mut Unit,
    permit: &Permit,
    one: &LetIn,
    by: &str,
    at: Timestamp,
    agreed: bool,
) -> Result<(), StoreError> {
    covers(permit, &one.case)?;
    let sql = "UPDATE let_ins SET settled_by = $2, settled_at = $3, agreed = $4 WHERE id = $1 AND settled_at IS NULL";
    unit.execute_one(sql, values![&one.id, by, at, agreed]).await
}
