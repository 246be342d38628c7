//! Cases as kept: the unsealed part, which clocks and routes need; who has a place in them; and whom they are hidden from.

mod list;
mod members;
mod steps;

use casework::{CaseState, Permit, Source};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

pub use list::{
    CaseOrder, CaseQuery, awaiting_acknowledgement, count_for, last_alert_for, list_for, steps_due, steps_for,
};
pub use members::{
    Exclusion, Member, Place, Standing, add_member, exclude, exclusions, lift, members, of_member, set_members,
    standing, standing_by_reference,
};
pub use steps::{put_steps, steps};

use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// One case, without anything that is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub id: String,
    /// Random; what people see.
    pub reference: String,
    pub procedure: String,
    pub theme: Option<String>,
    pub grade: Option<String>,
    pub state: CaseState,
    pub source: Source,
    /// The policy version that it began under (invariant 5).
    pub pack_digest: String,
    /// [`crate::vault::person_token`] of the person it is about; none if unknown or forgotten.
    pub subject_token: Option<[u8; 32]>,
    pub about: String,
    pub owner_post: String,
    pub owner_person: Option<String>,
    pub opened_at: Timestamp,
    pub acknowledge_due_at: Option<Timestamp>,
    pub acknowledged_at: Option<Timestamp>,
    pub acknowledged_by: Option<String>,
    pub escalations: i64,
    /// Alerts that joined it, the first included; only [`join_group`] moves it.
    pub hits: i64,
    pub last_hit_at: Option<Timestamp>,
    /// Begins at 1; [`update`] asks for the one that was read.
    pub revision: i64,
    pub public_key: [u8; 32],
    pub closed_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub emergency_at: Option<Timestamp>,
    /// Set while further alerts of the same person and theme join it (S-5).
    pub group_key: Option<[u8; 32]>,
    /// Words to find it by that are not sealed; folded when kept.
    pub search: String,
}

/// The columns of a case, for every statement that reads one.
macro_rules! select_case {
    ($($rest:expr),+) => {
        concat!(
            "SELECT c.id, c.reference, c.procedure, c.theme, c.grade, c.state, c.source, c.pack_digest, c.subject_token, ",
            "c.about, c.owner_post, c.owner_person, c.opened_at, c.acknowledge_due_at, c.acknowledged_at, ",
            "c.acknowledged_by, c.escalations, c.hits, c.last_hit_at, c.revision, c.public_key, c.closed_at, c.outcome, ",
            "c.emergency_at, c.group_key, c.search FROM cases c ",
            $($rest),+
        )
    };
}
pub(crate) use select_case;

pub(crate) fn case(row: &Row) -> Result<Case, StoreError> {
    Ok(Case {
        id: row.text("id")?,
        reference: row.text("reference")?,
        procedure: row.text("procedure")?,
        theme: row.maybe_text("theme")?,
        grade: row.maybe_text("grade")?,
        state: row.word("state", CaseState::parse)?,
        source: row.word("source", source)?,
        pack_digest: row.text("pack_digest")?,
        subject_token: row.maybe_bytes32("subject_token")?,
        about: row.text("about")?,
        owner_post: row.text("owner_post")?,
        owner_person: row.maybe_text("owner_person")?,
        opened_at: row.time("opened_at")?,
        acknowledge_due_at: row.maybe_time("acknowledge_due_at")?,
        acknowledged_at: row.maybe_time("acknowledged_at")?,
        acknowledged_by: row.maybe_text("acknowledged_by")?,
        escalations: row.int("escalations")?,
        hits: row.int("hits")?,
        last_hit_at: row.maybe_time("last_hit_at")?,
        revision: row.int("revision")?,
        public_key: row.bytes32("public_key")?,
        closed_at: row.maybe_time("closed_at")?,
        outcome: row.maybe_text("outcome")?,
        emergency_at: row.maybe_time("emergency_at")?,
        group_key: row.maybe_bytes32("group_key")?,
        search: row.text("search")?,
    })
}

fn source(word: &str) -> Option<Source> {
    [Source::Alert, Source::Report, Source::Anonymous, Source::Accident].into_iter().find(|one| one.as_str() == word)
}

/// Refuses a permit that was given for something else (invariant 3).
pub(crate) fn covers(permit: &Permit, case: &str) -> Result<(), StoreError> {
    if permit.object() == case { Ok(()) } else { Err(StoreError::WrongPermit) }
}

/// What groups the alerts about one person and one theme into one case. It tells neither.
#[must_use]
pub fn group_key(subject_token: &[u8; 32], theme: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"haven-group-1").chain_update(subject_token).chain_update(theme).finalize().into()
}

/// Keeps a new case.
///
/// # Errors
/// `Duplicate` if its group has a live case: roll back, run the action again, and [`join_group`] finds that one.
pub async fn insert(unit: &mut Unit, permit: &Permit, case: &Case) -> Result<(), StoreError> {
    covers(permit, &case.id)?;
    unit.execute(
        "INSERT INTO cases (id, reference, procedure, theme, grade, state, source, pack_digest, subject_token, about, \
         owner_post, owner_person, opened_at, acknowledge_due_at, acknowledged_at, acknowledged_by, escalations, hits, \
         last_hit_at, revision, public_key, closed_at, outcome, emergency_at, group_key, search) VALUES ($1, $2, $3, $4, \
         $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)",
        values![
            &case.id,
            &case.reference,
            &case.procedure,
            &case.theme,
            &case.grade,
            case.state.as_str(),
            case.source.as_str(),
            &case.pack_digest,
            case.subject_token,
            &case.about,
            &case.owner_post,
            &case.owner_person,
            case.opened_at,
            case.acknowledge_due_at,
            case.acknowledged_at,
            &case.acknowledged_by,
            case.escalations,
            case.hits,
            case.last_hit_at,
            case.revision,
            &case.public_key,
            case.closed_at,
            &case.outcome,
            case.emergency_at,
            case.group_key,
            crate::ids::fold(&case.search),
        ],
    )
    .await
    .map(|_| ())
}

/// One more alert for the live unassessed case of a group, if there is one that was opened after `opened_after`; an
/// older one takes no more. Counting a hit leaves the revision alone: nobody's half-filled form becomes stale by it.
///
/// # Errors
/// As the database gives them.
pub async fn join_group(
    unit: &mut Unit,
    group_key: &[u8; 32],
    opened_after: Timestamp,
    now: Timestamp,
) -> Result<Option<Case>, StoreError> {
    unit.execute(
        "UPDATE cases SET group_key = NULL WHERE group_key = $1 AND opened_at <= $2",
        values![group_key, opened_after],
    )
    .await?;
    let joined = unit
        .execute("UPDATE cases SET hits = hits + 1, last_hit_at = $2 WHERE group_key = $1", values![group_key, now])
        .await?;
    if joined == 0 {
        return Ok(None);
    }
    Reader::from(unit).first(select_case!("WHERE c.group_key = $1"), values![group_key], case).await
}

/// One case.
///
/// # Errors
/// `WrongPermit` if the permit is for another.
pub async fn get(from: impl Into<Reader<'_>>, permit: &Permit, id: &str) -> Result<Option<Case>, StoreError> {
    covers(permit, id)?;
    from.into().first(select_case!("WHERE c.id = $1"), values![id], case).await
}

/// Changes a case that was read at `case.revision`; gives the new revision. Hits, reference, key, source, policy version
/// and the opening are not changed by it. A case that leaves the unassessed state takes no more alerts.
///
/// # Errors
/// `Conflict` if somebody else changed it meanwhile.
pub async fn update(unit: &mut Unit, permit: &Permit, case: &Case) -> Result<i64, StoreError> {
    covers(permit, &case.id)?;
    let group_key = case.group_key.filter(|_| case.state == CaseState::Unassessed);
    unit.execute_one(
        "UPDATE cases SET procedure = $3, theme = $4, grade = $5, state = $6, subject_token = $7, about = $8, \
         owner_post = $9, owner_person = $10, acknowledge_due_at = $11, acknowledged_at = $12, acknowledged_by = $13, \
         escalations = $14, closed_at = $15, outcome = $16, emergency_at = $17, group_key = $18, search = $19, \
         revision = revision + 1 WHERE id = $1 AND revision = $2",
        values![
            &case.id,
            case.revision,
            &case.procedure,
            &case.theme,
            &case.grade,
            case.state.as_str(),
            case.subject_token,
            &case.about,
            &case.owner_post,
            &case.owner_person,
            case.acknowledge_due_at,
            case.acknowledged_at,
            &case.acknowledged_by,
            case.escalations,
            case.closed_at,
            &case.outcome,
            case.emergency_at,
            group_key,
            crate::ids::fold(&case.search),
        ],
    )
    .await?;
    Ok(case.revision.saturating_add(1))
}

/// Cuts the tie between a case and the person: after a false alarm, or when retention says so. The person stays excluded
/// from it if they were.
///
/// # Errors
/// `Conflict` if there is no such case.
pub async fn forget_subject(unit: &mut Unit, permit: &Permit, id: &str) -> Result<(), StoreError> {
    covers(permit, id)?;
    let sql = "UPDATE cases SET subject_token = NULL, group_key = NULL, revision = revision + 1 WHERE id = $1";
    unit.execute_one(sql, values![id]).await
}

/// Forgets who was left out of a case that nobody can see any more: after a false alarm even that would be a trace.
///
/// # Errors
/// As the database gives them.
pub async fn forget_excluded(unit: &mut Unit, permit: &Permit, id: &str) -> Result<(), StoreError> {
    covers(permit, id)?;
    unit.execute("DELETE FROM case_exclusions WHERE case_id = $1", values![id]).await.map(|_| ())
}
