//! The whole record as a file that somebody outside can check: one object a line, its head first.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use actions::Haven;
use casework::audit::{Entry, Head, NewEntry, Walk, check_head};
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use super::check::sentence;
use super::{Found, key_of};
use crate::hub;
use crate::say::{self, Ending, Failure, Outcome};

const PAGE_ROWS: u32 = 1000;
const FORMAT: u32 = 1;
/// Longest line of an export, in bytes.
const LINE_LIMIT_BYTES: u64 = 4 * 1024 * 1024;

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    haven_audit_export: u32,
    organisation: String,
    /// Hexadecimal.
    public_key: String,
    head: Head,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: i64,
    at_us: i64,
    actor: String,
    action: String,
    object: String,
    detail: String,
    citation: String,
    digests: Vec<String>,
    prev: String,
    hash: String,
}

impl From<Entry> for Line {
    fn from(entry: Entry) -> Self {
        Self {
            seq: entry.seq,
            at_us: entry.new.at_us,
            actor: entry.new.actor,
            action: entry.new.action,
            object: entry.new.object,
            detail: entry.new.detail,
            citation: entry.new.citation,
            digests: entry.new.digests,
            prev: hex::encode(entry.prev),
            hash: hex::encode(entry.hash),
        }
    }
}

impl Line {
    fn entry(self) -> Option<Entry> {
        let hash = |text: &str| hex::decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        Some(Entry {
            seq: self.seq,
            prev: hash(&self.prev)?,
            hash: hash(&self.hash)?,
            new: NewEntry {
                at_us: self.at_us,
                actor: self.actor,
                action: self.action,
                object: self.object,
                detail: self.detail,
                citation: self.citation,
                digests: self.digests,
            },
        })
    }
}

/// Writes the record up to a head that is signed now.
pub(super) async fn write(haven: &Haven, file: &Path) -> Outcome {
    let head = actions::audit::signed_head(haven).await.map_err(hub::told)?;
    let failed = |error: std::io::Error| {
        Failure::new(format!("{} cannot be written ({error}). Choose another place.", file.display()))
    };
    let mut out = BufWriter::new(File::create_new(file).map_err(failed)?);
    let last = head.seq;
    let first = First {
        haven_audit_export: FORMAT,
        organisation: haven.organisation.clone(),
        public_key: actions::audit::public_key_hex(haven),
        head,
    };
    put(&mut out, &first, file)?;
    let mut written = 0_i64;
    while written < last {
        let page = store::audit::entries(&haven.store, written.saturating_add(1), PAGE_ROWS).await;
        let page = page
            .map_err(|error| Failure::new(format!("The record cannot be read ({error}). Run 'haven audit verify'.")))?;
        if page.is_empty() {
            return Err(Failure::new(format!(
                "The record ends at entry {written} and should go on to {last}. Run 'haven audit verify'."
            )));
        }
        for entry in page.into_iter().take_while(|entry| entry.seq <= last) {
            written = entry.seq;
            put(&mut out, &Line::from(entry), file)?;
        }
    }
    out.flush().map_err(failed)?;
    say::line(format_args!(
        "{}: {}.",
        file.display(),
        say::count(u64::try_from(written).unwrap_or(0), "entry", "entries")
    ));
    Ok(Ending::Done)
}

fn put(out: &mut impl Write, value: &impl Serialize, file: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(format!("{} cannot be written ({error}). Choose another place.", file.display()))
    };
    serde_json::to_writer(&mut *out, value).map_err(|error| failed(&error))?;
    out.write_all(b"\n").map_err(|error| failed(&error))
}

/// Checks an exported record, against its own head and against one held elsewhere.
pub(super) fn check(file: &Path, outside: Option<&Head>, key: Option<VerifyingKey>) -> Result<Found, Failure> {
    let bad = |why: &dyn std::fmt::Display| {
        Failure::new(format!("{} cannot be read ({why}). Name a file that 'haven audit export' wrote.", file.display()))
    };
    let mut lines = Lines { input: BufReader::new(File::open(file).map_err(|error| bad(&error))?) };
    let first = lines.next().map_err(|error| bad(&error))?.ok_or_else(|| bad(&"it is empty"))?;
    let first: First = serde_json::from_str(&first).map_err(|error| bad(&error))?;
    if first.haven_audit_export != FORMAT {
        return Err(bad(&"it was written by a newer Haven"));
    }
    let key = match key {
        Some(key) => key,
        None => key_of(&first.public_key)?,
    };
    let mut found = Found::default();
    let mut walk = Walk::default();
    let mut at_own = None;
    let mut at_outside = None;
    while let Some(line) = lines.next().map_err(|error| bad(&error))? {
        let entry = serde_json::from_str::<Line>(&line).ok().and_then(Line::entry);
        let next = walk.last_seq().saturating_add(1);
        let Some(entry) = entry else {
            found.problems.push(format!("The record is broken: the line of entry {next} cannot be read."));
            return Ok(found);
        };
        if let Err(fault) = walk.step(&entry) {
            found.problems.push(sentence(&fault));
            return Ok(found);
        }
        if entry.seq == first.head.seq {
            at_own = Some(entry.hash);
        }
        if outside.is_some_and(|head| head.seq == entry.seq) {
            at_outside = Some(entry.hash);
        }
    }
    let own = check_head(&first.head, &key, &walk, at_own);
    let theirs = outside.map_or(Ok(()), |head| check_head(head, &key, &walk, at_outside));
    found.problems.extend([own, theirs].into_iter().filter_map(Result::err).map(|fault| sentence(&fault)));
    found.said.push(format!(
        "Looked at {} of {}.",
        say::count(u64::try_from(walk.last_seq()).unwrap_or(0), "entry", "entries"),
        first.organisation
    ));
    if found.problems.is_empty() {
        found.said.push("The exported record is whole.".to_owned());
    }
    Ok(found)
}

struct Lines {
    input: BufReader<File>,
}

impl Lines {
    fn next(&mut self) -> Result<Option<String>, std::io::Error> {
        use std::io::Read as _;
        let mut text = String::new();
        let read = self.input.by_ref().take(LINE_LIMIT_BYTES).read_line(&mut text)?;
        Ok((read > 0).then_some(text))
    }
}
