//! Work for later: written in the transaction that asks for it, claimed by one worker at a time, tried again when it fails.

use jiff::{SignedDuration, Timestamp};

use crate::db::{Row, values};
use crate::ids::clip;
use crate::{Reader, Store, StoreError, Unit};

/// Characters of an error that are kept; nothing sensitive may be in them.
pub(crate) const ERROR_LENGTH_LIMIT: usize = 1000;
/// How often a claim is tried again at once because another worker took the row first.
pub(crate) const CLAIM_TRIES: usize = 8;

/// Work to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    pub id: String,
    pub kind: String,
    /// JSON: ids and dates only.
    pub payload: String,
    pub run_after: Timestamp,
    /// Two jobs never have the same key, also when the first is done: what makes a repeated request one job.
    pub key: Option<String>,
}

/// Work under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: String,
    pub kind: String,
    pub payload: String,
    pub key: Option<String>,
    pub run_after: Timestamp,
    /// Claims so far, this one included.
    pub attempts: i64,
    pub lease_until: Option<Timestamp>,
    pub done_at: Option<Timestamp>,
    /// When it was given up.
    pub dead_at: Option<Timestamp>,
    pub last_error: Option<String>,
}

fn job(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.text("id")?,
        kind: row.text("kind")?,
        payload: row.text("payload")?,
        key: row.maybe_text("key")?,
        run_after: row.time("run_after")?,
        attempts: row.int("attempts")?,
        lease_until: row.maybe_time("lease_until")?,
        done_at: row.maybe_time("done_at")?,
        dead_at: row.maybe_time("dead_at")?,
        last_error: row.maybe_text("last_error")?,
    })
}

/// Asks for work in the unit that makes it needed; false if a job has the key already.
///
/// # Errors
/// As the database gives them.
pub async fn enqueue(unit: &mut Unit, new: &NewJob) -> Result<bool, StoreError> {
    let added = unit
        .execute(
            "INSERT INTO jobs (id, kind, payload, key, run_after, attempts) VALUES ($1, $2, $3, $4, $5, 0) \
             ON CONFLICT (key) DO NOTHING",
            values![&new.id, &new.kind, &new.payload, &new.key, new.run_after],
        )
        .await?;
    Ok(added == 1)
}

/// Takes the next job that is due, for the length of a lease. A worker that dies loses it when the lease is over.
///
/// # Errors
/// `Away` or `Busy`.
pub async fn claim(store: &Store, now: Timestamp, lease: SignedDuration) -> Result<Option<Job>, StoreError> {
    for _ in 0..CLAIM_TRIES {
        // Looking first keeps an idle worker from taking the writer's turn.
        let next = store
            .haven()
            .row(
                "SELECT id, attempts FROM jobs WHERE done_at IS NULL AND dead_at IS NULL AND run_after <= $1 \
                 AND (lease_until IS NULL OR lease_until <= $1) ORDER BY run_after, id LIMIT 1",
                values![now],
            )
            .await?;
        let Some(next) = next else { return Ok(None) };
        let mut tx = store.haven().begin().await?;
        let taken = tx
            .row(
                "UPDATE jobs SET lease_until = $3, attempts = attempts + 1 \
                 WHERE id = $1 AND attempts = $2 AND done_at IS NULL AND dead_at IS NULL \
                 RETURNING id, kind, payload, key, run_after, attempts, lease_until, done_at, dead_at, last_error",
                values![next.text("id")?, next.int("attempts")?, now.saturating_add(lease).unwrap_or(Timestamp::MAX)],
            )
            .await?;
        tx.commit().await?;
        if let Some(row) = taken {
            return job(&row).map(Some);
        }
    }
    Ok(None)
}

/// Marks a job as done in the unit that does it; false if the lease was lost and somebody else has it: then roll back.
///
/// # Errors
/// As the database gives them.
pub async fn done(unit: &mut Unit, job: &Job, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE jobs SET done_at = $3, lease_until = NULL WHERE id = $1 AND attempts = $2 AND done_at IS NULL";
    Ok(unit.execute(sql, values![&job.id, job.attempts, now]).await? == 1)
}

/// Gives a job back to be tried again, or gives it up if there is no next time; false if the lease was lost.
///
/// # Errors
/// `Away` or `Busy`.
pub async fn fail(
    store: &Store,
    job: &Job,
    now: Timestamp,
    error: &str,
    again_at: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let dead_at = if again_at.is_none() { Some(now) } else { None };
    let changed = store
        .haven()
        .execute(
            "UPDATE jobs SET lease_until = NULL, run_after = $3, dead_at = $4, last_error = $5 \
             WHERE id = $1 AND attempts = $2 AND done_at IS NULL",
            values![&job.id, job.attempts, again_at.unwrap_or(job.run_after), dead_at, clip(error, ERROR_LENGTH_LIMIT)],
        )
        .await?;
    Ok(changed == 1)
}

/// Takes back a job that is no longer needed, if nobody has begun it; its key may be used again.
///
/// # Errors
/// As the database gives them.
pub async fn cancel(unit: &mut Unit, key: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM jobs WHERE key = $1 AND attempts = 0 AND done_at IS NULL";
    Ok(unit.execute(sql, values![key]).await? == 1)
}

/// Jobs that are neither done nor given up.
///
/// # Errors
/// As the database gives them; so below.
pub async fn waiting(from: impl Into<Reader<'_>>) -> Result<u64, StoreError> {
    from.into().number("SELECT count(*) AS n FROM jobs WHERE done_at IS NULL AND dead_at IS NULL", vec![]).await
}

/// When the next job is due.
pub async fn next_due(from: impl Into<Reader<'_>>) -> Result<Option<Timestamp>, StoreError> {
    let found = from
        .into()
        .first(
            "SELECT CAST(min(run_after) AS BIGINT) AS at FROM jobs WHERE done_at IS NULL AND dead_at IS NULL",
            vec![],
            |row| row.maybe_time("at"),
        )
        .await?;
    Ok(found.flatten())
}

/// Jobs that were given up, newest first: somebody must look.
pub async fn dead(from: impl Into<Reader<'_>>, limit: u32) -> Result<Vec<Job>, StoreError> {
    from.into()
        .all(
            "SELECT id, kind, payload, key, run_after, attempts, lease_until, done_at, dead_at, last_error FROM jobs \
             WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id LIMIT $1",
            values![limit],
            job,
        )
        .await
}

/// Removes jobs that were done before a moment; their keys are forgotten with them.
///
/// # Errors
/// As the database gives them.
pub async fn drop_done_before(unit: &mut Unit, at: Timestamp) -> Result<u64, StoreError> {
    unit.execute("DELETE FROM jobs WHERE done_at < $1", values![at]).await
}
