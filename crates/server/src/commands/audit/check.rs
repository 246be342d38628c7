//! Walks the kept chain entry by entry, and holds everything that is kept against it: every covered row, every sealed text,
//! every check of the filter and every gateway's batches.

use std::collections::HashSet;

use casework::audit::{Break, Entry, GENESIS, Head, Walk, check_head};
use ed25519_dalek::{SigningKey, VerifyingKey};
use jiff::Timestamp;
use store::activity::Anchors;
use store::audit::Found as Read;
use store::record::{Checked, Fault, Kind, Ledger, Moment, Vouched};
use store::{Store, StoreError};

use super::Found;
use crate::say::{self, Failure};

/// Problems that are named before the rest is counted.
const PROBLEMS_SHOWN: usize = 20;

type Digest = [u8; 32];

fn failed(error: StoreError) -> Failure {
    Failure::new(format!("The record cannot be read ({error}). Check the database and try again."))
}

/// Checks the whole record of a store.
pub(super) async fn whole(store: &Store, outside: Option<&Head>, key: Option<VerifyingKey>) -> Result<Found, Failure> {
    let found = once(store, outside, key).await?;
    if found.problems.is_empty() {
        return Ok(found);
    }
    // Activity is a database of its own: what was written between the two looks is no fault, and a second look tells.
    once(store, outside, key).await
}

async fn once(store: &Store, outside: Option<&Head>, key: Option<VerifyingKey>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut moment = store.moment().await.map_err(failed)?;
    let kept_head = moment.head().await.map_err(failed)?;
    let mut chain = Chain::new(outside, kept_head.map_or(0, |head| head.seq));
    match chain.walk(&mut moment).await? {
        Ok(()) => chain.compare(kept_head.map(|head| head.hash), &mut found.problems),
        Err(problem) => found.problems.push(problem),
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
    let entries = chain.walk.last_seq();
    // Rows are judged by the entries: a chain that is broken vouches for nothing.
    let chain_is_whole = found.problems.is_empty();
    let mut checked = Checked::default();
    if chain_is_whole {
        checked = store::record::check(&mut moment, chain.ledger).await.map_err(failed)?;
        rows(&checked, &mut found.problems);
    }
    drop(moment);
    if chain_is_whole {
        publics(store, &chain.keys, &mut found.problems).await?;
        filter_checks(store, chain.filter_checks, &mut found.problems).await?;
    }
    let batches = gateways(store, &chain.anchors, chain_is_whole, &mut found.problems).await?;
    let more = found.problems.len().saturating_sub(PROBLEMS_SHOWN);
    if more > 0 {
        found.problems.truncate(PROBLEMS_SHOWN);
        found.problems.push(format!("... and {more} more."));
    }
    found.said.push(looked_at(entries, &checked, batches, outside));
    if found.problems.is_empty() {
        found.said.push("The record is whole.".to_owned());
    }
    Ok(found)
}

fn looked_at(entries: i64, checked: &Checked, batches: u64, outside: Option<&Head>) -> String {
    let parts = [
        say::count(u64::try_from(entries).unwrap_or(0), "entry", "entries"),
        say::count(checked.cases, "case", "cases"),
        say::count(checked.sealed, "sealed text", "sealed texts"),
        say::count(checked.rows, "row", "rows"),
    ];
    let tables = say::count(checked.tables, "table", "tables");
    let batches = say::count(batches, "batch of activity", "batches of activity");
    let all = format!("Looked at {} in {tables}, and {batches}", parts.join(", "));
    match outside {
        Some(head) => format!("{all}, against the head of entry {}.", head.seq),
        None => format!("{all}. No head held outside was given, so a record written anew would not show."),
    }
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
    ledger: Ledger,
    anchors: Anchors,
    /// Public halves of keys that entries vouch for.
    keys: HashSet<String>,
    /// Checks of the filter, each by what was asked for and the digest of what was found.
    filter_checks: HashSet<(String, String)>,
    /// Entries that vouch for something that Haven does not write.
    unreadable: Vec<i64>,
}

impl<'h> Chain<'h> {
    fn new(outside: Option<&'h Head>, kept_end: i64) -> Chain<'h> {
        Chain {
            walk: Walk::default(),
            outside,
            hash_at_outside: None,
            kept_end,
            hash_at_kept_end: (kept_end == 0).then_some(GENESIS),
            ledger: Ledger::default(),
            anchors: Anchors::default(),
            keys: HashSet::new(),
            filter_checks: HashSet::new(),
            unreadable: Vec::new(),
        }
    }

    /// Goes to the end, or to what is wrong first.
    async fn walk(&mut self, moment: &mut Moment) -> Result<Result<(), String>, Failure> {
        loop {
            let read = moment.entries(self.walk.last_seq().saturating_add(1)).await.map_err(failed)?;
            if read.is_empty() {
                return Ok(Ok(()));
            }
            for one in &read {
                let entry = match one {
                    Read::Entry(entry) => entry,
                    Read::Broken { seq, column } => {
                        return Ok(Err(format!(
                            "The record is broken: entry {seq} was altered: its {column} cannot be read."
                        )));
                    }
                };
                if let Err(fault) = self.walk.step(entry) {
                    return Ok(Err(sentence(&fault)));
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
        if !entry.new.digests.iter().all(|text| store::record::is_vouching(text)) {
            self.unreadable.push(entry.seq);
        }
        self.keys.extend(entry.new.digests.iter().filter(|text| text.starts_with("key ")).cloned());
        let checks = entry.new.digests.iter().filter(|text| text.starts_with("check "));
        self.filter_checks.extend(checks.map(|text| (entry.new.object.clone(), text.clone())));
        self.ledger.take(entry);
        self.anchors.take(entry);
    }

    /// The end of the chain, after a walk without a fault.
    fn compare(&self, kept_hash: Option<Digest>, problems: &mut Vec<String>) {
        match (self.hash_at_kept_end, kept_hash) {
            (_, None) => problems.push("The record is broken: the row that says where it ends is missing.".to_owned()),
            (None, _) => problems.push(format!(
                "The record is broken: it was cut short after entry {}; its own end says {}.",
                self.walk.last_seq(),
                self.kept_end
            )),
            (Some(hash), Some(kept)) if hash != kept => problems.push(format!(
                "The record is broken: entry {} does not have the hash that its end says.",
                self.kept_end
            )),
            _ if self.walk.last_seq() > self.kept_end => problems.push(format!(
                "The record is broken: its own end says {}, and entries go on to {}.",
                self.kept_end,
                self.walk.last_seq()
            )),
            _ => {}
        }
        for seq in &self.unreadable {
            problems.push(format!("Entry {seq} vouches for something that is no digest."));
        }
    }
}

/// The rows that no entry vouches for, told one by one.
fn rows(checked: &Checked, problems: &mut Vec<String>) {
    if checked.salt_altered {
        problems.push(
            "The random number that belongs to every digest of a row (table record_salt) was altered, so no row can be \
             judged. Put it back from a backup and run this again."
                .to_owned(),
        );
    }
    problems.extend(checked.faults.iter().map(told));
}

/// A fault in words for whoever keeps the cases, with the place in brackets for whoever keeps the database.
fn told(fault: &Fault) -> String {
    let words = store::record::words(&fault.table);
    let subject = match (&fault.reference, &fault.case) {
        (Some(reference), _) => format!("Case {reference}, {words}"),
        (None, Some(id)) => format!("The case with the id {id}, {words}"),
        (None, None) => {
            let mut letters = words.chars();
            letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect()
        }
    };
    let place = match &fault.key {
        Some(key) => format!("table {}, row {key}", fault.table),
        None => format!("table {}", fault.table),
    };
    let last = fault.vouched.as_ref().map_or_else(|| "no entry".to_owned(), entry);
    match fault.kind {
        Kind::Altered => {
            format!("{subject}: a row was altered ({place}). The last entry that speaks of it is {last}.")
        }
        Kind::PutIn if fault.vouched.is_some() => {
            format!(
                "{subject}: a row was put back that had gone ({place}). The last entry that speaks of it is {last}."
            )
        }
        Kind::PutIn => format!("{subject}: a row was put in that no entry speaks of ({place})."),
        Kind::Gone => {
            format!("{subject}: a row is missing ({place}). It was there by {last}, and no entry says that it went.")
        }
        Kind::AlteredBefore { seq } => format!(
            "{subject}: a row was altered, put in or taken out before entry {seq} wrote over it ({place}). The last \
             entry before that speaks of it is {last}."
        ),
        Kind::TextUnfit => format!(
            "{subject}: a sealed text was altered: its content no longer fits its digest ({place}). The last entry that \
             speaks of it is {last}."
        ),
    }
}

fn entry(vouched: &Vouched) -> String {
    let at = Timestamp::from_microsecond(vouched.at_us).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    format!("entry {} ({}, {})", vouched.seq, vouched.action, at.unwrap_or_default())
}

/// The keys that new cases are sealed to: one that was exchanged would open them to a stranger.
async fn publics(store: &Store, vouched: &HashSet<String>, problems: &mut Vec<String>) -> Result<(), Failure> {
    for (person, public) in store::keys::live_publics(store).await.map_err(failed)? {
        if vouched.contains(&store::keys::vouched(&person, &public)) {
            continue;
        }
        let whose = match store::people::by_id(store, &person).await.map_err(failed)? {
            Some(known) => format!("The key of the case holder {}", known.username),
            None => format!("The key of '{person}'"),
        };
        problems.push(format!(
            "{whose} was exchanged or put in: no entry speaks of it (key store). Whoever did it may read new cases."
        ));
    }
    Ok(())
}

/// What checks of the filter found, which an inspector is shown: altered, put in or taken away, it shows.
async fn filter_checks(
    store: &Store,
    vouched: HashSet<(String, String)>,
    problems: &mut Vec<String>,
) -> Result<(), Failure> {
    let mut missing = vouched.clone();
    let mut number = 0_u32;
    loop {
        number = number.saturating_add(1);
        let page = store::checks::page(store, number).await.map_err(failed)?;
        for check in &page.items {
            let key = (check.request.clone(), store::checks::vouched(&check.results));
            if !missing.remove(&key) && check.noted && !vouched.contains(&key) {
                let day = check.at.strftime("%Y-%m-%d %H:%M UTC");
                problems.push(format!(
                    "What the check of the filter at gateway '{}' found on {day} was altered or put in: no entry speaks \
                     of it (table checks, {}).",
                    check.node, check.request
                ));
            }
        }
        if number >= page.pages {
            break;
        }
    }
    problems.extend(missing.into_iter().map(|(request, _)| {
        format!("What a check of the filter found is missing or was altered (table checks, {request}). An entry speaks of it.")
    }));
    Ok(())
}

/// Each gateway's own chain of batches, those that only an entry still knows among them.
async fn gateways(
    store: &Store,
    anchors: &Anchors,
    chain_is_whole: bool,
    problems: &mut Vec<String>,
) -> Result<u64, Failure> {
    let mut names: Vec<String> =
        store::activity::heads(store).await.map_err(failed)?.into_iter().map(|head| head.gateway).collect();
    names.extend(anchors.batches.iter().map(|anchor| anchor.head.gateway.clone()));
    names.sort_unstable();
    names.dedup();
    let mut batches = 0_u64;
    // A broken chain may have lost the entry that says how far retention went.
    let erased_before = if chain_is_whole { anchors.erased_before } else { Some(Timestamp::MAX) };
    for name in names {
        match store::activity::verify(store, &name, &anchors.batches, erased_before).await.map_err(failed)? {
            Ok(walked) => batches += u64::try_from(walked.batches).unwrap_or(0),
            Err(fault) => problems.push(format!(
                "Activity of gateway '{}' is broken at batch {}: {}.",
                fault.gateway, fault.seq, fault.what
            )),
        }
    }
    Ok(batches)
}
