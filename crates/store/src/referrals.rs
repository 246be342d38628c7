//! What left the organisation: to which agency, with whose agreement, and whether an answer came.

use casework::Permit;
use jiff::Timestamp;

use crate::cases::covers;
use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// One referral; what it said is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    pub id: String,
    pub case: String,
    pub step: String,
    pub agency: String,
    pub sent_at: Timestamp,
    pub sent_by: String,
    /// `agreed`, `override` or `not-needed`.
    pub consent: String,
    pub reply_by: Option<Timestamp>,
    pub reply_at: Option<Timestamp>,
    /// Id of the sealed content; none once it was erased.
    pub sealed: Option<String>,
}

/// Keeps a referral; its sealed content comes first.
///
/// # Errors
/// `WrongPermit`; `Refused` if there is no such case or sealed text.
pub async fn insert(unit: &mut Unit, permit: &Permit, referral: &Referral) -> Result<(), StoreError> {
    covers(permit, &referral.case)?;
    unit.execute(
        "INSERT INTO referrals (id, case_id, step, agency, sent_at, sent_by, consent, reply_by, reply_at, sealed_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        values![
            &referral.id,
            &referral.case,
            &referral.step,
            &referral.agency,
            referral.sent_at,
            &referral.sent_by,
            &referral.consent,
            referral.reply_by,
            referral.reply_at,
            &referral.sealed,
        ],
    )
    .await
    .map(|_| ())
}

/// The referrals of a case, oldest first.
///
/// # Errors
/// `WrongPermit` if the permit is for another case.
pub async fn of_case(from: impl Into<Reader<'_>>, permit: &Permit, case: &str) -> Result<Vec<Referral>, StoreError> {
    covers(permit, case)?;
    from.into()
        .all(
            "SELECT id, case_id, step, agency, sent_at, sent_by, consent, reply_by, reply_at, sealed_id FROM referrals \
             WHERE case_id = $1 ORDER BY sent_at, id",
            values![case],
            |row: &Row| {
                Ok(Referral {
                    id: row.text("id")?,
                    case: row.text("case_id")?,
                    step: row.text("step")?,
                    agency: row.text("agency")?,
                    sent_at: row.time("sent_at")?,
                    sent_by: row.text("sent_by")?,
                    consent: row.text("consent")?,
                    reply_by: row.maybe_time("reply_by")?,
                    reply_at: row.maybe_time("reply_at")?,
                    sealed: row.maybe_text("sealed_id")?,
                })
            },
        )
        .await
}

/// Records that an agency answered; false if it had already, or the referral is of another case.
///
/// # Errors
/// As the database gives them.
pub async fn replied(unit: &mut Unit, permit: &Permit, id: &str, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE referrals SET reply_at = $3 WHERE id = $1 AND case_id = $2 AND reply_at IS NULL";
    Ok(unit.execute(sql, values![id, permit.object(), at]).await? == 1)
}
