//! The feed: what the gateways must fetch afresh, numbered in the order of commits.

use jiff::Timestamp;

use crate::db::{Row, Tx, values};
use crate::{Reader, StoreError, Unit};

/// That something changed, and the digest of what it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    pub seq: i64,
    pub kind: String,
    pub digest: String,
    pub at: Timestamp,
}

/// Announces a change in the unit that makes it; [`Unit::commit`] gives it its number.
pub fn add(unit: &mut Unit, kind: &str, digest: &str, at: Timestamp) {
    unit.announce(kind, digest, at);
}

pub(crate) async fn write(tx: &mut Tx, kind: &str, digest: &str, at: Timestamp) -> Result<i64, StoreError> {
    let row = tx
        .row("UPDATE feed_head SET seq = seq + 1 WHERE one = 1 RETURNING seq", vec![])
        .await?
        .ok_or_else(|| StoreError::corrupt("feed_head", "the row is missing"))?;
    let seq = row.int("seq")?;
    tx.execute("INSERT INTO feed (seq, kind, digest, at) VALUES ($1, $2, $3, $4)", values![seq, kind, digest, at])
        .await?;
    Ok(seq)
}

/// Rows after a number, in order, at most `limit`.
///
/// # Errors
/// As the database gives them; so below.
pub async fn since(from: impl Into<Reader<'_>>, seq: i64, limit: u32) -> Result<Vec<FeedRow>, StoreError> {
    from.into()
        .all(
            "SELECT seq, kind, digest, at FROM feed WHERE seq > $1 ORDER BY seq LIMIT $2",
            values![seq, limit],
            |row: &Row| {
                Ok(FeedRow {
                    seq: row.int("seq")?,
                    kind: row.text("kind")?,
                    digest: row.text("digest")?,
                    at: row.time("at")?,
                })
            },
        )
        .await
}

/// The last number; 0 before the first.
pub async fn last(from: impl Into<Reader<'_>>) -> Result<i64, StoreError> {
    from.into()
        .first("SELECT seq FROM feed_head WHERE one = 1", vec![], |row| row.int("seq"))
        .await?
        .ok_or_else(|| StoreError::corrupt("feed_head", "the row is missing"))
}
