//! The steps of a case, in the order of its procedure.

use casework::{Permit, StepFacts, StepStatus};

use super::covers;
use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

pub(super) fn step(row: &Row) -> Result<StepFacts, StoreError> {
    Ok(StepFacts {
        step: row.text("step")?,
        status: row.word("status", StepStatus::parse)?,
        due_at: row.maybe_time("due_at")?,
        done_at: row.maybe_time("done_at")?,
        done_by: row.maybe_text("done_by")?,
        option: row.maybe_text("choice")?,
        second_by: row.maybe_text("second_by")?,
    })
}

/// Writes the steps as they now stand, in this order. Steps that are not named stay as they are. Move the case's
/// revision in the same unit ([`super::update`]), so that two people cannot take one step.
///
/// # Errors
/// `Refused` if there is no such case.
pub async fn put_steps(unit: &mut Unit, permit: &Permit, case: &str, steps: &[StepFacts]) -> Result<(), StoreError> {
    covers(permit, case)?;
    for (place, step) in (0i64..).zip(steps) {
        unit.execute(
            "INSERT INTO case_steps (case_id, step, place, status, due_at, done_at, done_by, choice, second_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (case_id, step) DO UPDATE SET \
             place = excluded.place, status = excluded.status, due_at = excluded.due_at, done_at = excluded.done_at, \
             done_by = excluded.done_by, choice = excluded.choice, second_by = excluded.second_by",
            values![
                case,
                &step.step,
                place,
                step.status.as_str(),
                step.due_at,
                step.done_at,
                &step.done_by,
                &step.option,
                &step.second_by
            ],
        )
        .await?;
    }
    Ok(())
}

/// All steps of a case.
///
/// # Errors
/// `WrongPermit` if the permit is for another case.
pub async fn steps(from: impl Into<Reader<'_>>, permit: &Permit, case: &str) -> Result<Vec<StepFacts>, StoreError> {
    covers(permit, case)?;
    from.into()
        .all(
            "SELECT step, status, due_at, done_at, done_by, choice, second_by FROM case_steps WHERE case_id = $1 \
             ORDER BY place, step",
            values![case],
            step,
        )
        .await
}
