//! The audit chain as kept: entries are handed to a unit and written as the last statements before its commit.

use casework::Permit;
use casework::audit::{Entry, NewEntry, entry_hash};

use crate::cases::covers;
use crate::db::{Row, Tx, json, values};
use crate::record::Salt;
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

/// Longest text that the lines about rows make in one entry, in bytes; the rest goes into entries that follow it.
const LINES_LIMIT_BYTES: usize = 150_000;
/// Action of an entry that only says which rows were written, for a unit that brought none of its own.
pub const ROWS_WRITTEN: &str = "record.rows";

/// The entries of a unit with the lines about the rows that it wrote: they go to the first entry, and what is too much for
/// one entry goes to further ones.
pub(crate) async fn vouching(
    tx: &mut Tx,
    mut entries: Vec<NewEntry>,
    lines: Vec<String>,
) -> Result<Vec<NewEntry>, StoreError> {
    let mut portions: Vec<Vec<String>> = Vec::new();
    let mut length = LINES_LIMIT_BYTES;
    for line in lines {
        let more = line.len().saturating_add(3);
        if length.saturating_add(more) > LINES_LIMIT_BYTES {
            portions.push(Vec::new());
            length = 0;
        }
        length = length.saturating_add(more);
        if let Some(last) = portions.last_mut() {
            last.push(line);
        }
    }
    let mut portions = portions.into_iter();
    let Some(first) = portions.next() else { return Ok(entries) };
    let like = match entries.first_mut() {
        Some(entry) => {
            entry.digests.extend(first);
            entry.clone()
        }
        None => {
            // The store has no clock: the entry is as late as the one before it.
            let last = tx.row("SELECT at FROM audit ORDER BY seq DESC LIMIT 1", vec![]).await?;
            let at_us = last.map_or(Ok(0), |row| row.int("at"))?;
            let made = rows_written(at_us, "haven", "", first);
            entries.push(made.clone());
            made
        }
    };
    entries.extend(portions.map(|lines| rows_written(like.at_us, &like.actor, &like.object, lines)));
    Ok(entries)
}

fn rows_written(at_us: i64, actor: &str, object: &str, digests: Vec<String>) -> NewEntry {
    NewEntry {
        at_us,
        actor: actor.to_owned(),
        action: ROWS_WRITTEN.to_owned(),
        object: object.to_owned(),
        detail: "{}".to_owned(),
        citation: String::new(),
        digests,
    }
}

/// Moves the head on and writes the entry in its place. Whoever else writes waits at the head's row until this
/// transaction ends, so the chain has no gap and no fork.
pub(crate) async fn write(tx: &mut Tx, salt: Salt, mut new: NewEntry) -> Result<Entry, StoreError> {
    let head = tx
        .row("UPDATE audit_head SET seq = seq + 1 WHERE one = 1 RETURNING seq, hash", vec![])
        .await?
        .ok_or_else(|| StoreError::corrupt("audit_head", "the row is missing"))?;
    let (seq, prev) = (head.int("seq")?, head.bytes32("hash")?);
    if seq == 1 {
        new.digests.push(salt.line());
    }
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

/// One row of the audit table: an entry, or what is left of one that somebody altered beyond reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Entry(Entry),
    /// The column that cannot be read.
    Broken {
        seq: i64,
        column: String,
    },
}

/// Entries from a number on, in order, at most `limit`, as somebody who doubts them reads them.
pub(crate) async fn found(tx: &mut Tx, from_seq: i64, limit: u32) -> Result<Vec<Found>, StoreError> {
    let rows = tx
        .rows(
            "SELECT seq, at, actor, action, object, detail, citation, digests, prev, hash FROM audit \
             WHERE seq >= $1 ORDER BY seq LIMIT $2",
            values![from_seq, limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let seq = row.int("seq")?;
            Ok(match entry(row) {
                // What reads the same and is written otherwise was not written by Haven.
                Ok(entry) if json(&entry.new.digests) != row.text("digests")? => {
                    Found::Broken { seq, column: "digests".to_owned() }
                }
                Ok(entry) => Found::Entry(entry),
                Err(StoreError::Corrupt { column, .. }) => Found::Broken { seq, column },
                Err(_) => Found::Broken { seq, column: "content".to_owned() },
            })
        })
        .collect()
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
