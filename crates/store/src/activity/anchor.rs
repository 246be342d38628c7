//! Activity held by the audit chain: entries that vouch for the last batch of every gateway, and entries that say how far
//! retention has gone.

use casework::audit::{Entry, NewEntry};
use jiff::Timestamp;

use super::chain::{BatchHead, heads};
use crate::db::values;
use crate::{Store, StoreError, audit};

const ANCHORED: &str = "activity.anchored";
const ERASED: &str = "activity.erased";

/// A batch that an entry of the audit chain vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub head: BatchHead,
    /// Number of the entry.
    pub entry: i64,
}

fn line(head: &BatchHead) -> String {
    format!("activity {} {} {}", head.seq, hex::encode(head.digest), head.gateway)
}

fn parse(text: &str) -> Option<BatchHead> {
    let mut words = text.strip_prefix("activity ")?.splitn(3, ' ');
    let seq = words.next()?.parse().ok()?;
    let digest = hex::decode(words.next()?).ok()?.try_into().ok()?;
    Some(BatchHead { seq, digest, gateway: words.next()?.to_owned() })
}

/// Writes an entry that vouches for the last batch of every gateway; false if there is nothing new since the last one.
///
/// # Errors
/// As the databases give them.
pub async fn anchor(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let lines: Vec<String> = heads(store).await?.iter().map(line).collect();
    if lines.is_empty() {
        return Ok(false);
    }
    let sql = "SELECT digests FROM audit WHERE action = $1 ORDER BY seq DESC LIMIT 1";
    let mut unit = store.begin().await?;
    let last = crate::Reader::from(&mut unit).first(sql, values![ANCHORED], |row| row.texts("digests")).await?;
    // The first entry of all says more than its anchors.
    let last: Vec<String> = last.unwrap_or_default().into_iter().filter(|text| parse(text).is_some()).collect();
    if last == lines {
        return Ok(false);
    }
    let detail = serde_json::json!({ "gateways": lines.len() }).to_string();
    audit::append(&mut unit, NewEntry { digests: lines, ..by_clock(now, ANCHORED, detail) });
    unit.commit().await?;
    Ok(true)
}

/// The entry that says how far retention goes.
pub(super) fn erased_entry(before: Timestamp, now: Timestamp, citation: &str) -> NewEntry {
    let detail = serde_json::json!({ "before_us": before.as_microsecond() }).to_string();
    NewEntry { citation: citation.to_owned(), ..by_clock(now, ERASED, detail) }
}

fn by_clock(now: Timestamp, action: &str, detail: String) -> NewEntry {
    NewEntry {
        at_us: now.as_microsecond(),
        actor: "clock".to_owned(),
        action: action.to_owned(),
        object: "activity".to_owned(),
        detail,
        citation: String::new(),
        digests: Vec::new(),
    }
}

/// What the audit chain says of activity, gathered while it is walked.
#[derive(Debug, Default)]
pub struct Anchors {
    pub batches: Vec<Anchor>,
    /// Retention has erased records of batches that were kept before this moment.
    pub erased_before: Option<Timestamp>,
}

impl Anchors {
    /// Takes what an entry says.
    pub fn take(&mut self, entry: &Entry) {
        match entry.new.action.as_str() {
            ANCHORED => {
                let heads = entry.new.digests.iter().filter_map(|text| parse(text));
                self.batches.extend(heads.map(|head| Anchor { head, entry: entry.seq }));
            }
            ERASED => {
                let detail: serde_json::Value = serde_json::from_str(&entry.new.detail).unwrap_or_default();
                let before = detail.get("before_us").and_then(serde_json::Value::as_i64);
                let before = before.and_then(|us| Timestamp::from_microsecond(us).ok());
                self.erased_before = self.erased_before.max(before);
            }
            _ => {}
        }
    }
}
