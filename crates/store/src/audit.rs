//! The audit chain as kept: entries are handed to a unit and written as the last statements before its commit.

use casework::Permit;
use casework::audit::{Entry, NewEntry, entry_hash};

use crate::cases::covers;
use crate::db::{Row, Tx, json, values};
use crate::{Reader, StoreError, Unit};

/// Where the chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// 0 before the first entry.
    pub seq: i64,
    pub hash: [u8; 32],
}

/// Hands an entry to the unit; [`Unit::commit`] writes it last.
pub fn append(unit: &mut Unit, entry: NewEntry) {
    unit.note(entry);
}

/// Moves the head on and writes the entry in its place. Whoever else writes waits at the head's row until this
/// transaction ends, so the chain has no gap and no fork.
pub(crate) async fn write(tx: &mut Tx, new: NewEntry) -> Result<Entry, StoreError> {
    let head = tx
        .row("UPDATE audit_head SET seq = seq + 1 WHERE one = 1 RETURNING seq, hash", vec![])
        .await?
        .ok_or_else(|| StoreError::corrupt("audit_head", "the row is missing"))?;
    let (seq, prev) = (head.int("seq")?, head.bytes32("hash")?);
    let hash = entry_hash(seq, &prev, &new);
    tx.execute(
        "INSERT INTO audit (seq, at, actor, action, object, detail, citation, digests, prev, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        values![
            seq,
            new.at_us,
            &new.actor,
            &new.action,
            &new.object,
            &new.detail,
            &new.citation,
            json(&new.digests),
            &prev,
            &hash
        ],
    )
    .await?;
    tx.execute("UPDATE audit_head SET hash = $1 WHERE one = 1 AND seq = $2", values![&hash, seq]).await?;
    Ok(Entry { seq, new, prev, hash })
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: row.int("seq")?,
        new: NewEntry {
            at_us: row.int("at")?,
            actor: row.text("actor")?,
            action: row.text("action")?,
            object: row.text("object")?,
            detail: row.text("detail")?,
            citation: row.text("citation")?,
            digests: row.texts("digests")?,
        },
        prev: row.bytes32("prev")?,
        hash: row.bytes32("hash")?,
    })
}

/// The end of the chain.
///
/// # Errors
/// As the database gives them; so below.
pub async fn head(from: impl Into<Reader<'_>>) -> Result<Head, StoreError> {
    from.into()
        .first("SELECT seq, hash FROM audit_head WHERE one = 1", vec![], |row| {
            Ok(Head { seq: row.int("seq")?, hash: row.bytes32("hash")? })
        })
        .await?
        .ok_or_else(|| StoreError::corrupt("audit_head", "the row is missing"))
}

/// Entries from a number on, in order, at most `limit`.
pub async fn entries(from: impl Into<Reader<'_>>, from_seq: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
    from.into()
        .all(
            "SELECT seq, at, actor, action, object, detail, citation, digests, prev, hash FROM audit \
             WHERE seq >= $1 ORDER BY seq LIMIT $2",
            values![from_seq, limit],
            entry,
        )
        .await
}

/// What was done to one case, in order: its chronology.
///
/// # Errors
/// `WrongPermit` if the permit is for another case.
pub async fn of_object(from: impl Into<Reader<'_>>, permit: &Permit, object: &str) -> Result<Vec<Entry>, StoreError> {
    covers(permit, object)?;
    from.into()
        .all(
            "SELECT seq, at, actor, action, object, detail, citation, digests, prev, hash FROM audit \
             WHERE object = $1 ORDER BY seq",
            values![object],
            entry,
        )
        .await
}

/// Entries kept.
pub async fn count(from: impl Into<Reader<'_>>) -> Result<u64, StoreError> {
    from.into().number("SELECT count(*) AS n FROM audit", vec![]).await
}
