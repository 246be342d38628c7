//! What makes the record cover everything: each audit entry vouches for every row that its change wrote, by a digest.
//!
//! A row of any table is covered unless the table stands in [`NOT_COVERED`] with a reason. [`crate::Unit`] notices which
//! rows its statements wrote, and at the commit adds a line for each to its first entry: the table, a digest of the row's
//! key, a digest of the row as it was before, and one of the row as it is now. Whoever then changes, adds, removes or
//! brings back a row with a way round Haven leaves a row that no entry vouches for, and `haven audit verify` names it. A
//! row that is changed so and then changed again by Haven shows as well: what it was before is not what was vouched for.
//!
//! Digests are salted with a random number that stays in the database, so that an exported record tells nothing about
//! names or dates to whoever guesses them. Content can be deleted by Haven itself at any time: the entry says that the
//! row is gone.

pub(crate) mod change;
mod ledger;
pub(crate) mod schema;

use sha2::{Digest as _, Sha256};

use crate::StoreError;
use crate::db::{Row, Value};

pub use ledger::{Checked, Fault, Kind, Ledger, Moment, Vouched, check};

/// Tables that no entry vouches for, each with the reason.
pub const NOT_COVERED: &[(&str, &str)] = &[
    ("audit", "the chain itself: every entry is checked against the one before it"),
    ("audit_head", "where the chain ends: compared with the last entry and with the head held outside"),
    ("record_salt", "its digest stands in the first entry"),
    (
        "sessions",
        "signed-in browsers: they move each minute and end by themselves; the entries of the chain tell who came and went",
    ),
    ("receipts", "forms already dealt with: forgotten after a time; a change costs a second receipt, never content"),
    ("failures", "failed sign-ins of the last day: they only slow down the next try"),
    ("feed", "which snapshot to fetch afresh: derived, and fetched whole at each start"),
    ("feed_head", "where the feed ends: derived"),
];

/// Columns that workers move without an action, each with the reason; all other columns of these tables are covered.
const LOOSE: &[(&str, &[&str], &str)] = &[
    (
        "jobs",
        &["run_after", "attempts", "lease_until", "done_at", "dead_at", "last_error"],
        "how far the work is: a worker takes and lays down jobs many times a minute",
    ),
    (
        "letters",
        &["state", "attempts", "next_at", "sent_at", "last_error"],
        "how far the post is: the carrier of letters moves it",
    ),
];

/// What the rows of a table are, in the organisation's words: `(table, words)`. Where the row belongs to a case, the
/// sentence begins with the case.
const WORDS: &[(&str, &str)] = &[
    ("cases", "where the case stands: kind, state, owner, dates and outcome"),
    ("case_members", "who has a place in the case"),
    ("case_exclusions", "whom the case is hidden from"),
    ("case_steps", "the steps of the case"),
    ("step_answers", "what waits for a second person in the case"),
    ("let_ins", "who was to be let in to the case"),
    ("sealed", "the sealed texts of the case"),
    ("decisions", "what was decided in the case"),
    ("referrals", "what was referred outside"),
    ("reports", "who reported the case"),
    ("anonymous_threads", "the thread of an anonymous report"),
    ("anonymous_messages", "the messages of an anonymous report"),
    ("erasures", "when the keys of a case were erased"),
    ("people", "the people of the organisation"),
    ("person_posts", "who holds which post"),
    ("admissions", "who was let in to a post by which cases come"),
    ("signatures", "who acknowledged the notice or signed an agreement"),
    ("packs", "the policies on the shelf"),
    ("packs_in_force", "which policy was in force from when"),
    ("settings", "the settings"),
    ("jobs", "the work that waits"),
    ("letters", "the letters"),
    ("site_requests", "the requests to open a site"),
    ("local_rules", "the organisation\u{2019}s own rules for sites"),
    ("lessons", "the lessons"),
    ("lesson_sites", "the sites that were checked for lessons"),
    ("lesson_people", "who was in which lesson"),
    ("technical_alerts", "the technical alerts"),
];

/// What the rows of a table are, in words; the table's own name if nobody has said.
#[must_use]
pub fn words(table: &str) -> &str {
    WORDS.iter().find(|(name, _)| *name == table).map_or(table, |(_, words)| words)
}

/// Whether an entry vouches for the rows of a table that Haven works with.
pub(crate) fn is_covered(table: &str) -> bool {
    schema::tables().contains_key(table) && !NOT_COVERED.iter().any(|(name, _)| *name == table)
}

/// The columns of a table that no entry vouches for.
pub(crate) fn loose(table: &str) -> &'static [&'static str] {
    LOOSE.iter().find(|(name, ..)| *name == table).map_or(&[], |(_, columns, _)| columns)
}

/// Refuses a statement that would change a covered row without an entry. Such a statement belongs into a unit.
pub(crate) fn refuse_outside_a_unit(sql: &str) -> Result<(), StoreError> {
    match schema::written(sql) {
        Some(written) if is_covered(written.table) && !written.sets_only(loose(written.table)) => {
            Err(StoreError::Fault(format!(
                "{} is covered by the record: change it in a unit, with Unit::execute",
                written.table
            )))
        }
        _ => Ok(()),
    }
}

/// The database's own random number that goes into every digest of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub(crate) [u8; 32]);

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt")
    }
}

pub(crate) const READ_SALT: &str = "SELECT salt FROM record_salt WHERE one = 1";

/// Digest of the key of a row: tells rows apart, and nothing about them.
pub(crate) type KeyDigest = [u8; 16];
/// Digest of a whole row.
pub(crate) type RowDigest = [u8; 32];

impl Salt {
    /// What the first entry of a chain says of the salt.
    pub(crate) fn line(self) -> String {
        let digest: [u8; 32] = Sha256::new().chain_update(b"haven-salt-1").chain_update(self.0).finalize().into();
        format!("salt {}", hex::encode(digest))
    }

    pub(crate) fn key(self, table: &str, key: &[Value]) -> KeyDigest {
        let mut hasher = Sha256::new();
        hasher.update(b"haven-row-key-1");
        hasher.update(self.0);
        add(&mut hasher, table.as_bytes());
        for value in key {
            add_value(&mut hasher, value);
        }
        let whole: [u8; 32] = hasher.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(whole.split_at(16).0);
        half
    }

    /// The digest of a row: every column that holds something, by name, with its kind and length. A column that is added
    /// later and holds nothing leaves it as it was.
    pub(crate) fn row(self, table: &str, row: &Row) -> Result<RowDigest, StoreError> {
        let mut columns = row.columns()?;
        columns.sort_by(|(one, _), (other, _)| one.cmp(other));
        let loose = loose(table);
        let mut hasher = Sha256::new();
        hasher.update(b"haven-row-1");
        hasher.update(self.0);
        add(&mut hasher, table.as_bytes());
        for (name, value) in &columns {
            if value.is_null() || loose.contains(&name.as_str()) {
                continue;
            }
            add(&mut hasher, name.as_bytes());
            add_value(&mut hasher, value);
        }
        Ok(hasher.finalize().into())
    }
}

fn add(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(bytes);
}

/// Yes and no are numbers here: the one database keeps them so, and both must give the same digest.
fn add_value(hasher: &mut Sha256, value: &Value) {
    match value {
        Value::Int(Some(number)) => {
            hasher.update([1]);
            hasher.update(number.to_be_bytes());
        }
        Value::Flag(Some(flag)) => {
            hasher.update([1]);
            hasher.update(i64::from(*flag).to_be_bytes());
        }
        Value::Text(Some(text)) => {
            hasher.update([2]);
            add(hasher, text.as_bytes());
        }
        Value::Bytes(Some(bytes)) => {
            hasher.update([3]);
            add(hasher, bytes);
        }
        Value::Int(None) | Value::Flag(None) | Value::Text(None) | Value::Bytes(None) => hasher.update([0]),
    }
}

/// What an entry says of one row, as a text among its digests: `row TABLE KEY BEFORE NOW`, with `-` for a row that is not
/// there. Before is the first half of a digest: enough to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) table: String,
    pub(crate) key: KeyDigest,
    pub(crate) before: Option<[u8; 16]>,
    pub(crate) now: Option<RowDigest>,
}

/// The half of a row's digest that is kept as "before".
pub(crate) fn half(digest: &RowDigest) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(digest.split_at(16).0);
    half
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let before = self.before.map_or_else(|| "-".to_owned(), hex::encode);
        let now = self.now.map_or_else(|| "-".to_owned(), hex::encode);
        write!(f, "row {} {} {before} {now}", self.table, hex::encode(self.key))
    }
}

impl Line {
    /// Reads what was written; none if it is anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        fn bytes<const N: usize>(word: &str) -> Option<[u8; N]> {
            hex::decode(word).ok()?.try_into().ok()
        }
        fn maybe<const N: usize>(word: &str) -> Option<Option<[u8; N]>> {
            if word == "-" { Some(None) } else { bytes(word).map(Some) }
        }
        let mut words = text.strip_prefix("row ")?.split(' ');
        let line = Self {
            table: words.next()?.to_owned(),
            key: bytes(words.next()?)?,
            before: maybe(words.next()?)?,
            now: maybe(words.next()?)?,
        };
        words.next().is_none().then_some(line)
    }
}

/// Whether a text among an entry's digests is one that Haven writes: the digest of a sealed text, or what it says of a row,
/// of a batch of activity, of the salt, of a key, or of what a check of the filter found.
#[must_use]
pub fn is_vouching(text: &str) -> bool {
    let digest = |text: &str| text.len() == 64 && hex::decode(text).is_ok();
    match text.split_once(' ') {
        None => digest(text),
        Some(("row", _)) => Line::parse(text).is_some(),
        Some(("salt" | "key" | "check", rest)) => digest(rest),
        Some(("activity", rest)) => rest.split(' ').nth(1).is_some_and(digest),
        Some(_) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn d06_every_table_has_words_or_a_reason_and_no_name_is_stale() {
        for table in schema::tables().keys() {
            let said = WORDS.iter().any(|(name, _)| name == table);
            let left_out = NOT_COVERED.iter().any(|(name, _)| name == table);
            assert!(
                said != left_out,
                "{table}: say in WORDS what its rows are, or in NOT_COVERED why nothing covers it"
            );
        }
        let names = WORDS.iter().map(|(name, _)| name).chain(NOT_COVERED.iter().map(|(name, _)| name));
        for name in names {
            assert!(schema::tables().contains_key(name), "{name} is no table");
        }
        for (name, columns, _) in LOOSE {
            let table = schema::tables().get(name).unwrap();
            assert!(columns.iter().all(|column| table.has(column)), "{name} has other columns");
        }
    }

    #[test]
    fn a_line_about_a_row_is_read_back() {
        let line = Line { table: "cases".to_owned(), key: [7; 16], before: None, now: Some([9; 32]) };
        assert_eq!(Line::parse(&line.to_string()), Some(line.clone()));
        assert_eq!(Line::parse(&format!("{line} x")), None);
        assert_eq!(Line::parse(&"ff".repeat(32)), None);
    }

    #[test]
    fn d06_what_haven_writes_among_digests_is_known_by_its_first_word() {
        let digest = "ab".repeat(32);
        for text in
            [digest.clone(), format!("check {digest}"), format!("key {digest}"), format!("activity 7 {digest} a gate")]
        {
            assert!(is_vouching(&text), "{text}");
        }
        for text in ["check", "check ff", "word of mouth"] {
            assert!(!is_vouching(text), "{text}");
        }
    }

    #[test]
    fn invariant10_a_covered_row_is_changed_in_a_unit_only() {
        assert!(refuse_outside_a_unit("UPDATE cases SET state = 'closed' WHERE id = $1").is_err());
        assert!(refuse_outside_a_unit("DELETE FROM sealed WHERE case_id = $1").is_err());
        assert!(refuse_outside_a_unit("INSERT INTO settings (key, value) VALUES ($1, $2)").is_err());
        assert!(refuse_outside_a_unit("UPDATE letters SET state = 'sent', sent_at = $2 WHERE id = $1").is_ok());
        assert!(refuse_outside_a_unit("UPDATE letters SET body = '' WHERE id = $1").is_err());
        assert!(refuse_outside_a_unit("SELECT * FROM cases").is_ok());
    }
}
