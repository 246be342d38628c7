//! The chain of one gateway's batches: a changed, missing or added record or batch shows. Digests outlive the records, so
//! that retention leaves the chain whole.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Record, records_of_batch};
use crate::db::{Row, json, values};
use crate::{Store, StoreError};

/// Batches read at once while a chain is walked.
const BATCHES_AT_ONCE: u32 = 100;

/// The last batch of one gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchHead {
    pub gateway: String,
    pub seq: i64,
    pub digest: [u8; 32],
}

/// One batch, without its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub gateway: String,
    /// From 1, without gaps.
    pub seq: i64,
    pub at: Timestamp,
    pub first_reference: String,
    pub prev: [u8; 32],
    /// Of each record, in order.
    pub record_digests: Vec<[u8; 32]>,
    pub digest: [u8; 32],
}

/// The first thing that is wrong with a gateway's chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("batch {seq} of gateway {gateway}: {what}")]
pub struct Fault {
    pub gateway: String,
    pub seq: i64,
    pub what: &'static str,
}

/// The digest of one record: everything but its alert, each text with its length before it.
#[must_use]
pub fn record_digest(record: &Record) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"haven-record-1");
    hasher.update(record.at.as_microsecond().to_be_bytes());
    hasher.update([u8::from(record.navigation)]);
    let codes = json(&record.codes);
    for text in [
        &record.reference,
        &record.person,
        &record.population,
        &record.listener,
        &record.device,
        &record.method,
        &record.scheme,
        &record.host,
        &record.path,
        &record.search,
        &record.action,
        &codes,
        &record.rule,
        &record.citation,
        &record.citation_text,
        &record.reason,
        &record.list,
        &record.pack_digest,
        &record.lists_digest,
        &record.how,
        &record.session,
    ] {
        hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().into()
}

/// The digest of a batch in its place.
#[must_use]
pub fn batch_digest(gateway: &str, seq: i64, prev: &[u8; 32], at: Timestamp, records: &[[u8; 32]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"haven-batch-1");
    hasher.update(u64::try_from(gateway.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(gateway.as_bytes());
    hasher.update(seq.to_be_bytes());
    hasher.update(prev);
    hasher.update(at.as_microsecond().to_be_bytes());
    for record in records {
        hasher.update(record);
    }
    hasher.finalize().into()
}

fn batch(row: &Row) -> Result<Batch, StoreError> {
    let digests = row.bytes("record_digests")?;
    let (whole, rest) = digests.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(StoreError::corrupt("batches.record_digests", "not a multiple of 32 bytes"));
    }
    Ok(Batch {
        gateway: row.text("gateway")?,
        seq: row.int("seq")?,
        at: row.time("at")?,
        first_reference: row.text("first_reference")?,
        prev: row.bytes32("prev")?,
        record_digests: whole.to_vec(),
        digest: row.bytes32("digest")?,
    })
}

/// The last batch of every gateway: what is anchored in the audit chain.
///
/// # Errors
/// As the database gives them; so below.
pub async fn heads(store: &Store) -> Result<Vec<BatchHead>, StoreError> {
    let rows = store
        .activity()
        .rows(
            "SELECT gateway, seq, digest FROM batches b WHERE seq = (SELECT max(seq) FROM batches l WHERE l.gateway = b.gateway) \
             ORDER BY gateway",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(BatchHead { gateway: row.text("gateway")?, seq: row.int("seq")?, digest: row.bytes32("digest")? })
        })
        .collect()
}

/// A gateway's batches from a number on, in order.
pub async fn batches(store: &Store, gateway: &str, from_seq: i64, limit: u32) -> Result<Vec<Batch>, StoreError> {
    let rows = store
        .activity()
        .rows(
            "SELECT gateway, seq, at, first_reference, prev, record_digests, digest FROM batches \
             WHERE gateway = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
            values![gateway, from_seq, limit],
        )
        .await?;
    rows.iter().map(batch).collect()
}

/// Walks a gateway's whole chain and compares every record that is still kept. Gives the number of batches, or what is
/// wrong first.
pub async fn verify(store: &Store, gateway: &str) -> Result<Result<i64, Fault>, StoreError> {
    let (mut last, mut prev) = (0i64, [0u8; 32]);
    loop {
        let some = batches(store, gateway, last.saturating_add(1), BATCHES_AT_ONCE).await?;
        if some.is_empty() {
            return Ok(Ok(last));
        }
        for batch in some {
            let records = records_of_batch(store, gateway, batch.seq).await?;
            if let Some(what) = wrong(&batch, last, &prev, &records) {
                return Ok(Err(Fault { gateway: gateway.to_owned(), seq: batch.seq, what }));
            }
            (last, prev) = (batch.seq, batch.digest);
        }
    }
}

fn wrong(batch: &Batch, last: i64, prev: &[u8; 32], records: &[(i64, Record)]) -> Option<&'static str> {
    if batch.seq != last.saturating_add(1) {
        return Some("a batch before it is missing");
    }
    if batch.prev != *prev {
        return Some("it does not follow from the batch before it");
    }
    let digest = batch_digest(&batch.gateway, batch.seq, &batch.prev, batch.at, &batch.record_digests);
    if batch.digest != digest {
        return Some("it was altered");
    }
    let altered = records.iter().any(|(place, record)| {
        let kept = usize::try_from(*place).ok().and_then(|place| batch.record_digests.get(place));
        kept != Some(&record_digest(record))
    });
    altered.then_some("one of its records was altered or added")
}
