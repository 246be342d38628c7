//! The audit record: an append-only chain in which every entry vouches for the one before it, so that a change shows.
//!
//! Each hash is SHA-256 over a length-prefixed form of the entry and the hash before it. A [`Head`] signed with Ed25519
//! (RFC 8032) is kept outside the organisation: against it, truncation and wholesale recomputation show as well.

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Hash before the first entry.
pub const GENESIS: [u8; 32] = [0; 32];

/// What an action hands in to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Microseconds since 1970, UTC.
    pub at_us: i64,
    /// Person id, `clock`, `gateway`, or empty for an anonymous reporter.
    pub actor: String,
    /// Lower-case words with dots: `case.assess`.
    pub action: String,
    /// Id of what it was done to.
    pub object: String,
    /// JSON without sensitive content.
    pub detail: String,
    /// As `Citation::to_record`; empty where nothing is done to a person.
    pub citation: String,
    /// Hexadecimal SHA-256 of the sealed texts and evidence that this entry vouches for.
    pub digests: Vec<String>,
}

/// An entry in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: i64,
    pub new: NewEntry,
    pub prev: [u8; 32],
    pub hash: [u8; 32],
}

/// The hash of an entry in its place.
#[must_use]
pub fn entry_hash(seq: i64, prev: &[u8; 32], new: &NewEntry) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"haven-audit-1");
    hasher.update(seq.to_be_bytes());
    hasher.update(prev);
    hasher.update(new.at_us.to_be_bytes());
    for text in [&new.actor, &new.action, &new.object, &new.detail, &new.citation] {
        add_text(&mut hasher, text);
    }
    add_length(&mut hasher, new.digests.len());
    for digest in &new.digests {
        add_text(&mut hasher, digest);
    }
    hasher.finalize().into()
}

fn add_text(hasher: &mut Sha256, text: &str) {
    add_length(hasher, text.len());
    hasher.update(text.as_bytes());
}

fn add_length(hasher: &mut Sha256, length: usize) {
    hasher.update(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
}

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    #[error("entry {expected} is missing: after it comes entry {found}")]
    Missing { expected: i64, found: i64 },
    #[error("entry {seq} was altered: its content no longer fits its hash")]
    Altered { seq: i64 },
    #[error("entry {seq} does not follow from the entry before it")]
    Unlinked { seq: i64 },
    #[error("the record was cut short: the head held outside stands at entry {head}, the record ends at {last}")]
    Truncated { head: i64, last: i64 },
    #[error("the record was written anew: entry {seq} does not have the hash of the head held outside")]
    Recomputed { seq: i64 },
    #[error("the head held outside is not signed by this organisation's key")]
    HeadForged,
}

/// Walks a chain entry by entry, in order, holding only the last hash.
#[derive(Debug, Clone)]
pub struct Walk {
    last_seq: i64,
    last_hash: [u8; 32],
}

impl Default for Walk {
    fn default() -> Self {
        Self { last_seq: 0, last_hash: GENESIS }
    }
}

impl Walk {
    /// Checks the next entry. After an error the walk still stands where it stood.
    pub fn step(&mut self, entry: &Entry) -> Result<(), Break> {
        let expected = self.last_seq.saturating_add(1);
        if entry.seq != expected {
            return Err(Break::Missing { expected, found: entry.seq });
        }
        if entry.prev != self.last_hash {
            return Err(Break::Unlinked { seq: entry.seq });
        }
        if entry_hash(entry.seq, &entry.prev, &entry.new) != entry.hash {
            return Err(Break::Altered { seq: entry.seq });
        }
        self.last_seq = entry.seq;
        self.last_hash = entry.hash;
        Ok(())
    }

    #[must_use]
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    #[must_use]
    pub fn last_hash(&self) -> [u8; 32] {
        self.last_hash
    }
}

/// Compares a chain that has been walked with a head held outside. `hash_at_head` is the hash of the entry whose number
/// the head names, or none if the chain ends before it.
pub fn check_head(head: &Head, key: &VerifyingKey, walk: &Walk, hash_at_head: Option<[u8; 32]>) -> Result<(), Break> {
    if !head.is_signed_by(key) {
        return Err(Break::HeadForged);
    }
    match hash_at_head {
        None if head.seq == 0 => Ok(()),
        None => Err(Break::Truncated { head: head.seq, last: walk.last_seq }),
        Some(hash) if hex::encode(hash) == head.hash => Ok(()),
        Some(_) => Err(Break::Recomputed { seq: head.seq }),
    }
}

/// A signed statement of where the chain stood: a few lines of text that an outsider can keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub organisation: String,
    pub seq: i64,
    /// Hexadecimal hash of entry `seq`.
    pub hash: String,
    /// When it was signed, microseconds since 1970, UTC.
    pub at_us: i64,
    /// Hexadecimal Ed25519 signature over the lines above.
    pub signature: String,
}

impl Head {
    #[must_use]
    pub fn sign(organisation: &str, seq: i64, hash: [u8; 32], at_us: i64, key: &SigningKey) -> Self {
        // A line break in the name would make two readings of one signed text.
        let organisation = organisation.split(char::is_control).collect::<Vec<_>>().join(" ");
        let mut head = Self { organisation, seq, hash: hex::encode(hash), at_us, signature: String::new() };
        head.signature = hex::encode(key.sign(head.signed_text().as_bytes()).to_bytes());
        head
    }

    #[must_use]
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let Some(bytes) = hex::decode(&self.signature).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok()) else {
            return false;
        };
        key.verify(self.signed_text().as_bytes(), &Signature::from_bytes(&bytes)).is_ok()
    }

    fn signed_text(&self) -> String {
        format!("haven audit head\n{}\n{}\n{}\n{}\n", self.organisation, self.seq, self.hash, self.at_us)
    }

    /// The text that leaves the organisation; read back by [`Head::parse`].
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}{}\n", self.signed_text(), self.signature)
    }

    /// Reads what [`Head::to_text`] wrote; none if it is anything else. Whether it is genuine only
    /// [`Head::is_signed_by`] tells. What follows the signature is not read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != "haven audit head" {
            return None;
        }
        let organisation = lines.next()?.to_owned();
        let seq = lines.next()?.parse().ok()?;
        let hash = lines.next()?.to_owned();
        let at_us = lines.next()?.parse().ok()?;
        let signature = lines.next()?.to_owned();
        Some(Self { organisation, seq, hash, at_us, signature })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn entry(at_us: i64, detail: &str) -> NewEntry {
        NewEntry {
            at_us,
            actor: "p1".into(),
            action: "case.note".into(),
            object: "c1".into(),
            detail: detail.into(),
            citation: String::new(),
            digests: vec!["aa".into()],
        }
    }

    fn chain(count: i64) -> Vec<Entry> {
        let mut prev = GENESIS;
        (1..=count)
            .map(|seq| {
                let new = entry(seq, &format!("{{\"n\":{seq}}}"));
                let hash = entry_hash(seq, &prev, &new);
                let made = Entry { seq, new, prev, hash };
                prev = hash;
                made
            })
            .collect()
    }

    fn walk(entries: &[Entry]) -> Result<Walk, Break> {
        let mut walk = Walk::default();
        for entry in entries {
            walk.step(entry)?;
        }
        Ok(walk)
    }

    #[test]
    fn d06_an_honest_chain_verifies() {
        assert_eq!(walk(&chain(5)).unwrap().last_seq(), 5);
    }

    #[test]
    fn d06_one_altered_byte_is_named() {
        let mut entries = chain(5);
        entries[2].new.detail = "{\"n\":4}".into();
        assert_eq!(walk(&entries).unwrap_err(), Break::Altered { seq: 3 });
    }

    #[test]
    fn d06_a_deleted_entry_is_named() {
        let mut entries = chain(5);
        entries.remove(2);
        assert_eq!(walk(&entries).unwrap_err(), Break::Missing { expected: 3, found: 4 });
    }

    #[test]
    fn d06_truncation_and_recomputation_show_against_the_head_held_outside() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let entries = chain(5);
        let head = Head::sign("Practice College", 5, entries[4].hash, 99, &key);
        let head = Head::parse(&head.to_text()).unwrap();
        let short = walk(&entries[..3]).unwrap();
        assert_eq!(
            check_head(&head, &key.verifying_key(), &short, None).unwrap_err(),
            Break::Truncated { head: 5, last: 3 }
        );

        let mut prev = GENESIS;
        let forged: Vec<Entry> = (1..=5)
            .map(|seq| {
                let new = entry(seq, "{}");
                let hash = entry_hash(seq, &prev, &new);
                let made = Entry { seq, new, prev, hash };
                prev = hash;
                made
            })
            .collect();
        let whole = walk(&forged).unwrap();
        let found = check_head(&head, &key.verifying_key(), &whole, Some(forged[4].hash)).unwrap_err();
        assert_eq!(found, Break::Recomputed { seq: 5 });
        let honest = walk(&entries).unwrap();
        assert_eq!(check_head(&head, &key.verifying_key(), &honest, Some(entries[4].hash)), Ok(()));
    }

    #[test]
    fn d06_a_head_signed_by_somebody_else_is_refused() {
        let entries = chain(2);
        let head = Head::sign("Practice College", 2, entries[1].hash, 99, &SigningKey::from_bytes(&[8; 32]));
        let ours = SigningKey::from_bytes(&[7; 32]).verifying_key();
        let walked = walk(&entries).unwrap();
        assert_eq!(check_head(&head, &ours, &walked, Some(entries[1].hash)), Err(Break::HeadForged));
    }
}
