//! Failed sign-ins per account and per address, so that the next try can be made to wait.

use jiff::Timestamp;

use crate::db::values;
use crate::{Reader, StoreError, Unit};

/// Counts one failure. A bucket is a word and a name: `account:...`, `address:...`.
///
/// # Errors
/// As the database gives them; so below.
pub async fn failed(unit: &mut Unit, bucket: &str, at: Timestamp) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO failures (bucket, at, times) VALUES ($1, $2, 1) \
         ON CONFLICT (bucket, at) DO UPDATE SET times = failures.times + 1",
        values![bucket, at],
    )
    .await
    .map(|_| ())
}

/// Failures since a moment.
pub async fn failures(from: impl Into<Reader<'_>>, bucket: &str, since: Timestamp) -> Result<u64, StoreError> {
    from.into()
        .number(
            "SELECT CAST(COALESCE(sum(times), 0) AS BIGINT) AS n FROM failures WHERE bucket = $1 AND at >= $2",
            values![bucket, since],
        )
        .await
}

/// When the last failure was.
pub async fn last_failure(from: impl Into<Reader<'_>>, bucket: &str) -> Result<Option<Timestamp>, StoreError> {
    let found = from
        .into()
        .first("SELECT CAST(max(at) AS BIGINT) AS at FROM failures WHERE bucket = $1", values![bucket], |row| {
            row.maybe_time("at")
        })
        .await?;
    Ok(found.flatten())
}

/// Forgets a bucket's failures, after a success.
pub async fn clear(unit: &mut Unit, bucket: &str) -> Result<u64, StoreError> {
    unit.execute("DELETE FROM failures WHERE bucket = $1", values![bucket]).await
}

/// Forgets old failures.
pub async fn drop_before(unit: &mut Unit, at: Timestamp) -> Result<u64, StoreError> {
    unit.execute("DELETE FROM failures WHERE at < $1", values![at]).await
}
