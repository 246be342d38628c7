//! The chain of one gateway's batches: a changed, missing or added record or batch shows. Digests outlive the records, so
//! that retention leaves the chain whole.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::write::found_by;
use super::{Anchor, Record, records_of_batch};
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
    /// Records that it came with.
    pub records: i64,
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
    pub what: String,
}

/// A gateway's chain, walked to its end without a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walked {
    pub batches: i64,
    /// Records that are still kept.
    pub records: u64,
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
pub fn batch_digest(
    gateway: &str,
    seq: i64,
    prev: &[u8; 32],
    at: Timestamp,
    first_reference: &str,
    records: &[[u8; 32]],
) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"haven-batch-2");
    for text in [gateway, first_reference] {
        hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(text.as_bytes());
    }
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
        records: row.int("records")?,
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
            "SELECT gateway, seq, at, records, first_reference, prev, record_digests, digest FROM batches \
             WHERE gateway = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
            values![gateway, from_seq, limit],
        )
        .await?;
    rows.iter().map(batch).collect()
}

/// Walks a gateway's whole chain, compares every record that is still kept, and looks for each batch that an entry of the
/// audit chain has anchored. Records may be missing only from batches that were kept before `erased_before`. Gives what was
/// walked, or what is wrong first.
pub async fn verify(
    store: &Store,
    gateway: &str,
    anchors: &[Anchor],
    erased_before: Option<Timestamp>,
) -> Result<Result<Walked, Fault>, StoreError> {
    let (mut last, mut prev, mut records) = (0i64, [0u8; 32], 0u64);
    let fault = |seq, what: String| Ok(Err(Fault { gateway: gateway.to_owned(), seq, what }));
    let mut anchors: Vec<&Anchor> = anchors.iter().filter(|one| one.head.gateway == gateway).collect();
    anchors.sort_by_key(|anchor| anchor.head.seq);
    let mut anchors = anchors.into_iter().peekable();
    loop {
        let some = match batches(store, gateway, last.saturating_add(1), BATCHES_AT_ONCE).await {
            Ok(some) => some,
            Err(StoreError::Corrupt { column, .. }) => {
                return fault(
                    last.saturating_add(1),
                    format!("it, or one of the next, was altered: its {column} cannot be read"),
                );
            }
            Err(other) => return Err(other),
        };
        if some.is_empty() {
            break;
        }
        for batch in some {
            let kept = match records_of_batch(store, gateway, batch.seq).await {
                Ok(kept) => kept,
                Err(StoreError::Corrupt { .. }) => {
                    return fault(batch.seq, "one of its records was altered or added".to_owned());
                }
                Err(other) => return Err(other),
            };
            let may_miss = erased_before.is_some_and(|before| batch.at < before);
            if let Some(what) = wrong(&batch, last, &prev, &kept, may_miss) {
                return fault(batch.seq, what.to_owned());
            }
            while let Some(anchor) = anchors.next_if(|anchor| anchor.head.seq <= batch.seq) {
                if anchor.head.seq != batch.seq || anchor.head.digest != batch.digest {
                    return fault(
                        batch.seq,
                        format!("it is not the batch that entry {} of the record vouches for", anchor.entry),
                    );
                }
            }
            records = records.saturating_add(u64::try_from(kept.len()).unwrap_or(u64::MAX));
            (last, prev) = (batch.seq, batch.digest);
        }
    }
    match anchors.next() {
        Some(anchor) => fault(
            last.saturating_add(1),
            format!(
                "it is missing: entry {} of the record vouches for batches up to {}",
                anchor.entry, anchor.head.seq
            ),
        ),
        None => Ok(Ok(Walked { batches: last, records })),
    }
}

fn wrong(
    batch: &Batch,
    last: i64,
    prev: &[u8; 32],
    records: &[(i64, String, Record)],
    may_miss: bool,
) -> Option<&'static str> {
    if batch.seq != last.saturating_add(1) {
        return Some("a batch before it is missing");
    }
    if batch.prev != *prev {
        return Some("it does not follow from the batch before it");
    }
    let digest =
        batch_digest(&batch.gateway, batch.seq, &batch.prev, batch.at, &batch.first_reference, &batch.record_digests);
    if batch.digest != digest || usize::try_from(batch.records) != Ok(batch.record_digests.len()) {
        return Some("it was altered");
    }
    let altered = records.iter().any(|(place, found, record)| {
        let kept = usize::try_from(*place).ok().and_then(|place| batch.record_digests.get(place));
        kept != Some(&record_digest(record)) || *found != found_by(record)
    });
    if altered {
        return Some("one of its records was altered or added");
    }
    (!may_miss && records.len() < batch.record_digests.len())
        .then_some("one of its records is missing, and no entry says that so old records were erased")
}
