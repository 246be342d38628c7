//! Lists and counts of cases for one person, and the clock's own view. No list ever tells a person of a case about
//! themselves, not even by a number (invariant 11): every statement here leaves such rows out by itself.

use casework::{CaseState, StepFacts};
use jiff::Timestamp;

use super::{Case, case, select_case};
use crate::db::{Value, values};
use crate::ids::pattern;
use crate::unit::offset;
use crate::{Page, ROWS_PER_PAGE, Reader, StoreError, Viewer};

/// The rows that exist for a viewer: `$1` is the person, `$2` their token.
macro_rules! visible {
    () => {
        "JOIN case_members m ON m.case_id = c.id AND m.person = $1 \
         WHERE c.state <> 'false-alarm' AND (c.subject_token IS NULL OR c.subject_token <> $2) \
         AND NOT EXISTS (SELECT 1 FROM case_exclusions e WHERE e.case_id = c.id AND e.token = $2) "
    };
}

/// Which of a person's cases.
#[derive(Debug, Clone, Default)]
pub struct CaseQuery {
    /// Words in the reference or kind; empty for all.
    pub text: String,
    pub state: Option<CaseState>,
    pub order: CaseOrder,
    /// Counted from 1.
    pub page: u32,
}

/// Which cases stand first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CaseOrder {
    #[default]
    Newest,
    /// Those that something is due for soonest, or late; alerts of low grade after all others.
    MostUrgent,
}

fn viewer_values(viewer: &Viewer) -> Vec<Value> {
    values![&viewer.person, &viewer.token]
}

/// The words of `$4` stand in the kind or in the reference.
macro_rules! text_fits {
    () => {
        "AND (c.search LIKE $4 ESCAPE '\\' OR lower(c.reference) LIKE $4 ESCAPE '\\')"
    };
}

/// The page `$5`, `$6` of the cases of `$3` and `$4` in an order.
macro_rules! listed {
    ($order:literal) => {
        select_case!(
            visible!(),
            "AND (CAST($3 AS TEXT) IS NULL OR c.state = $3) ",
            text_fits!(),
            " ORDER BY ",
            $order,
            ", c.id LIMIT $5 OFFSET $6"
        )
    };
}

/// A page of the cases that a person has a place in.
///
/// # Errors
/// As the database gives them; so below.
pub async fn list_for(
    from: impl Into<Reader<'_>>,
    viewer: &Viewer,
    query: &CaseQuery,
) -> Result<Page<Case>, StoreError> {
    let mut from = from.into();
    let mut values = viewer_values(viewer);
    values.push(Value::from(query.state.map(CaseState::as_str)));
    values.push(Value::from(pattern(&query.text)));
    let total = from
        .number(
            concat!(
                "SELECT count(*) AS n FROM cases c ",
                visible!(),
                "AND (CAST($3 AS TEXT) IS NULL OR c.state = $3) ",
                text_fits!()
            ),
            values.clone(),
        )
        .await?;
    values.extend(values![ROWS_PER_PAGE, offset(query.page)]);
    let sql = match query.order {
        CaseOrder::Newest => listed!("c.opened_at DESC"),
        CaseOrder::MostUrgent => listed!(
            "CASE WHEN c.grade = 'low' THEN 1 ELSE 0 END, (SELECT min(due_at) FROM (\
             SELECT s.due_at AS due_at FROM case_steps s WHERE s.case_id = c.id AND s.status IN ('waiting', 'ready', 'needs-second') \
             UNION ALL SELECT CASE WHEN c.acknowledged_at IS NULL THEN c.acknowledge_due_at END) AS dues) NULLS LAST, c.opened_at"
        ),
    };
    let items = from.all(sql, values, case).await?;
    Ok(Page::of(items, query.page, total))
}

/// How many cases a person has a place in.
pub async fn count_for(
    from: impl Into<Reader<'_>>,
    viewer: &Viewer,
    state: Option<CaseState>,
) -> Result<u64, StoreError> {
    let mut values = viewer_values(viewer);
    values.push(Value::from(state.map(CaseState::as_str)));
    from.into()
        .number(
            concat!("SELECT count(*) AS n FROM cases c ", visible!(), "AND (CAST($3 AS TEXT) IS NULL OR c.state = $3)"),
            values,
        )
        .await
}

/// When the last alert came in of those that a person may know of.
pub async fn last_alert_for(from: impl Into<Reader<'_>>, viewer: &Viewer) -> Result<Option<Timestamp>, StoreError> {
    let found = from
        .into()
        .first(
            concat!(
                "SELECT CAST(max(COALESCE(c.last_hit_at, c.opened_at)) AS BIGINT) AS at FROM cases c ",
                visible!(),
                "AND c.source = 'alert'"
            ),
            viewer_values(viewer),
            |row| row.maybe_time("at"),
        )
        .await?;
    Ok(found.flatten())
}

/// All steps that are not settled, of the cases that a person has a place in: what "today" is made of.
pub async fn steps_for(from: impl Into<Reader<'_>>, viewer: &Viewer) -> Result<Vec<(String, StepFacts)>, StoreError> {
    from.into()
        .all(
            concat!(
                "SELECT c.id AS case_id, s.step, s.status, s.due_at, s.done_at, s.done_by, s.choice, s.second_by FROM cases c ",
                "JOIN case_steps s ON s.case_id = c.id AND s.status IN ('waiting', 'ready', 'needs-second') ",
                visible!(),
                "AND c.closed_at IS NULL ORDER BY s.due_at NULLS LAST, c.id, s.place"
            ),
            viewer_values(viewer),
            |row| Ok((row.text("case_id")?, super::steps::step(row)?)),
        )
        .await
}

/// For the clock: id, due time and escalations of cases whose hand-over nobody accepted in time (invariant 12).
pub async fn awaiting_acknowledgement(
    from: impl Into<Reader<'_>>,
    due_before: Timestamp,
) -> Result<Vec<(String, Timestamp, i64)>, StoreError> {
    from.into()
        .all(
            "SELECT id, acknowledge_due_at, escalations FROM cases WHERE acknowledged_at IS NULL AND closed_at IS NULL \
             AND acknowledge_due_at < $1 ORDER BY acknowledge_due_at, id",
            values![due_before],
            |row| Ok((row.text("id")?, row.time("acknowledge_due_at")?, row.int("escalations")?)),
        )
        .await
}

/// For the clock: case, step and due time of steps that are not done in time.
pub async fn steps_due(
    from: impl Into<Reader<'_>>,
    before: Timestamp,
) -> Result<Vec<(String, String, Timestamp)>, StoreError> {
    from.into()
        .all(
            "SELECT s.case_id, s.step, s.due_at FROM case_steps s JOIN cases c ON c.id = s.case_id \
             WHERE c.closed_at IS NULL AND s.status IN ('ready', 'needs-second') AND s.due_at < $1 ORDER BY s.due_at, s.case_id",
            values![before],
            |row| Ok((row.text("case_id")?, row.text("step")?, row.time("due_at")?)),
        )
        .await
}
