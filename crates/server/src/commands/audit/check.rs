//! Walks the kept chain entry by entry, and holds every sealed text and every gateway's batches against it.

use std::collections::{HashMap, HashSet};

use casework::audit::{Break, Entry, GENESIS, Head, Walk, check_head};
use ed25519_dalek::{SigningKey, VerifyingKey};
use store::{Store, StoreError};

use super::Found;
use crate::say::{self, Failure};

/// Rows that are read at once.
const PAGE_ROWS: u32 = 1000;
/// Problems that are named before the rest is counted.
const PROBLEMS_SHOWN: usize = 20;

type Digest = [u8; 32];

fn failed(error: StoreError) -> Failure {
    Failure::new(format!("The record cannot be read ({error}). Check the database and try again."))
}

/// Checks the whole record of a store.
pub(super) async fn whole(store: &Store, outside: Option<&Head>, key: Option<VerifyingKey>) -> Result<Found, Failure> {
    let mut found = Found::default();
    // First where the chain says that it ends, then the sealed texts, then the entries: what is added meanwhile is not
    // mistaken for a fault.
    let kept_head = store::audit::head(store).await.map_err(failed)?;
    let sealed = Sealed::read(store, &mut found.problems).await?;
    let mut chain = Chain { outside, ..Chain::new(kept_head.seq) };
    match chain.walk(store).await? {
        Ok(()) => chain.compare(kept_head.hash, &sealed, &mut found.problems),
        Err(fault) => found.problems.push(sentence(&fault)),
    }
    if let (Some(head), true) = (outside, found.problems.is_empty()) {
        let key = match key {
            Some(key) => key,
            None => own_key(store).await?,
        };
        if let Err(fault) = check_head(head, &key, &chain.walk, chain.hash_at_outside) {
            found.problems.push(sentence(&fault));
        }
    }
    let batches = gateways(store, &mut found.problems).await?;
    let more = found.problems.len().saturating_sub(PROBLEMS_SHOWN);
    if more > 0 {
        found.problems.truncate(PROBLEMS_SHOWN);
        found.problems.push(format!("... and {more} more."));
    }
    let entries = say::count(u64::try_from(chain.walk.last_seq()).unwrap_or(0), "entry", "entries");
    let texts = say::count(sealed.count, "sealed text", "sealed texts");
    let batches = say::count(batches, "batch of activity", "batches of activity");
    found.said.push(match outside {
        Some(head) => format!("Looked at {entries}, {texts} and {batches}, against the head of entry {}.", head.seq),
        None => format!("Looked at {entries}, {texts} and {batches}. No head held outside was given, so a record written anew would not show."),
    });
    if found.problems.is_empty() {
        found.said.push("The record is whole.".to_owned());
    }
    Ok(found)
}

pub(super) fn sentence(fault: &Break) -> String {
    format!("The record is broken: {fault}.")
}

async fn own_key(store: &Store) -> Result<VerifyingKey, Failure> {
    // The fresh key is kept only where there is none; then no head was ever signed, and none fits.
    let mut fresh = [0_u8; 32];
    crate::moment::fill_random(&mut fresh);
    let secret = store::keys::audit_key(store, store::vault::Secret32::new(fresh)).await.map_err(failed)?;
    Ok(SigningKey::from_bytes(secret.bytes()).verifying_key())
}

/// The chain while it is walked.
struct Chain<'h> {
    walk: Walk,
    outside: Option<&'h Head>,
    hash_at_outside: Option<Digest>,
    /// Where the chain says that it ends.
    kept_end: i64,
    hash_at_kept_end: Option<Digest>,
    /// Digest of a sealed text -> entry and object that vouch for it.
    vouched: HashMap<Digest, (i64, String)>,
    /// Object -> the last entry that says its texts were erased.
    erased: HashMap<String, i64>,
    unreadable: Vec<i64>,
}

impl<'h> Chain<'h> {
    fn new(kept_end: i64) -> Chain<'h> {
        Chain {
            walk: Walk::default(),
            outside: None,
            hash_at_outside: None,
            kept_end,
            hash_at_kept_end: (kept_end == 0).then_some(GENESIS),
            vouched: HashMap::new(),
            erased: HashMap::new(),
            unreadable: Vec::new(),
        }
    }

    async fn walk(&mut self, store: &Store) -> Result<Result<(), Break>, Failure> {
        loop {
            let entries = store::audit::entries(store, self.walk.last_seq().saturating_add(1), PAGE_ROWS)
                .await
                .map_err(failed)?;
            if entries.is_empty() {
                return Ok(Ok(()));
            }
            for entry in &entries {
                if let Err(fault) = self.walk.step(entry) {
                    return Ok(Err(fault));
                }
                self.take(entry);
            }
        }
    }

    fn take(&mut self, entry: &Entry) {
        if entry.seq == self.kept_end {
            self.hash_at_kept_end = Some(entry.hash);
        }
        if self.outside.is_some_and(|head| head.seq == entry.seq) {
            self.hash_at_outside = Some(entry.hash);
        }
        for text in &entry.new.digests {
            match digest(text) {
                Some(digest) => {
                    self.vouched.insert(digest, (entry.seq, entry.new.object.clone()));
                }
                None => self.unreadable.push(entry.seq),
            }
        }
        if says_erased(&entry.new.detail) {
            self.erased.insert(entry.new.object.clone(), entry.seq);
        }
    }

    /// The end of the chain and the sealed texts, after a walk without a fault.
    fn compare(&self, kept_hash: Digest, sealed: &Sealed, problems: &mut Vec<String>) {
        match self.hash_at_kept_end {
            None => problems.push(format!(
                "The record is broken: it was cut short after entry {}; its own end says {}.",
                self.walk.last_seq(),
                self.kept_end
            )),
            Some(hash) if hash != kept_hash => {
                problems.push(format!(
                    "The record is broken: entry {} does not have the hash that its end says.",
                    self.kept_end
                ));
            }
            Some(_) => {}
        }
        for seq in &self.unreadable {
            problems.push(format!("Entry {seq} vouches for something that is no digest."));
        }
        for (id, found) in &sealed.texts {
            if !self.vouched.contains_key(found) {
                problems
                    .push(format!("Sealed text {id} was altered or put in: no entry of the record vouches for it."));
            }
        }
        let there: HashSet<&Digest> = sealed.texts.iter().map(|(_, digest)| digest).collect();
        let mut gone: Vec<i64> = self
            .vouched
            .iter()
            .filter(|(digest, (seq, object))| {
                *seq <= self.kept_end && !there.contains(digest) && self.erased.get(object).is_none_or(|at| at < seq)
            })
            .map(|(_, (seq, _))| *seq)
            .collect();
        gone.sort_unstable();
        for seq in gone {
            problems.push(format!(
                "A sealed text that entry {seq} vouches for is missing or altered, and no entry says that it was erased."
            ));
        }
    }
}

fn digest(text: &str) -> Option<Digest> {
    hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok())
}

/// An entry by which the sealed texts of its object went: a false alarm, or the end of keeping.
fn says_erased(detail: &str) -> bool {
    let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
    detail.get("erased").is_some_and(|value| value.as_u64().is_some_and(|count| count > 0) || value == true)
}

/// Every sealed text that is kept, by what it really holds.
struct Sealed {
    texts: Vec<(String, Digest)>,
    count: u64,
}

impl Sealed {
    async fn read(store: &Store, problems: &mut Vec<String>) -> Result<Self, Failure> {
        let mut texts = Vec::new();
        let mut after = String::new();
        loop {
            let page = store::sealed::check_page(store, &after, PAGE_ROWS).await.map_err(failed)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            for one in page {
                if one.kept_digest != one.found_digest {
                    problems
                        .push(format!("Sealed text {} was altered: its content no longer fits its digest.", one.id));
                }
                texts.extend(digest(&one.found_digest).map(|digest| (one.id, digest)));
            }
        }
        let count = u64::try_from(texts.len()).unwrap_or(u64::MAX);
        Ok(Self { texts, count })
    }
}

/// Each gateway's own chain of batches.
async fn gateways(store: &Store, problems: &mut Vec<String>) -> Result<u64, Failure> {
    let mut batches = 0_u64;
    for head in store::activity::heads(store).await.map_err(failed)? {
        match store::activity::verify(store, &head.gateway).await.map_err(failed)? {
            Ok(count) => batches += u64::try_from(count).unwrap_or(0),
            Err(fault) => problems.push(format!(
                "Activity of gateway '{}' is broken at batch {}: {}.",
                fault.gateway, fault.seq, fault.what
            )),
        }
    }
    Ok(batches)
}
