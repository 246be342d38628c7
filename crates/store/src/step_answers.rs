//! Answers at a legal stop gate that wait for the second person.

use casework::Permit;
use jiff::Timestamp;

use crate::cases::covers;
use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// What the first person wrote down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepAnswer {
    pub case: String,
    pub step: String,
    /// The option chosen, where the step is a decision.
    pub option: Option<String>,
    /// The answer is to leave the step out.
    pub leave_out: bool,
    pub by: String,
    pub at: Timestamp,
    /// Id of the sealed reasons: what the second person agrees to.
    pub sealed: String,
}

/// Keeps an answer in the place of an earlier one. Move the case's revision in the same unit.
///
/// # Errors
/// `WrongPermit`; `Refused` if there is no such case or sealed text.
pub async fn put(unit: &mut Unit, permit: &Permit, answer: &StepAnswer) -> Result<(), StoreError> {
    covers(permit, &answer.case)?;
    unit.execute(
        "INSERT INTO step_answers (case_id, step, choice, leave_out, by_person, at, sealed_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (case_id, step) DO UPDATE SET choice = excluded.choice, \
         leave_out = excluded.leave_out, by_person = excluded.by_person, at = excluded.at, sealed_id = excluded.sealed_id",
        values![
            &answer.case,
            &answer.step,
            &answer.option,
            answer.leave_out,
            &answer.by,
            answer.at,
            &answer.sealed
        ],
    )
    .await
    .map(|_| ())
}

/// The answers of a case that wait for a second person.
///
/// # Errors
/// `WrongPermit`.
pub async fn of_case(from: impl Into<Reader<'_>>, permit: &Permit, case: &str) -> Result<Vec<StepAnswer>, StoreError> {
    covers(permit, case)?;
    let sql = "SELECT case_id, step, choice, leave_out, by_person, at, sealed_id FROM step_answers WHERE case_id = $1 \
               ORDER BY step";
    from.into()
        .all(sql, values![case], |row: &Row| {
            Ok(StepAnswer {
                case: row.text("case_id")?,
                step: row.text("step")?,
                option: row.maybe_text("choice")?,
                leave_out: row.flag("leave_out")?,
                by: row.text("by_person")?,
                at: row.time("at")?,
                sealed: row.text("sealed_id")?,
            })
        })
        .await
}

/// Takes exactly this answer away, because it was agreed to or refused.
///
/// # Errors
/// `Conflict` if it was changed meanwhile; `WrongPermit`.
pub async fn take_away(unit: &mut Unit, permit: &Permit, answer: &StepAnswer) -> Result<(), StoreError> {
    covers(permit, &answer.case)?;
    let sql = "DELETE FROM step_answers WHERE case_id = $1 AND step = $2 AND sealed_id = $3";
    unit.execute_one(sql, values![&answer.case, &answer.step, &answer.sealed]).await
}
