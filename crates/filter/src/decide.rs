//! The decision: what happens to one request, by which rule, and for which clause.
//!
//! Tiers in order; the first that speaks decides, and what later ones would have said is named beside it:
//! sealed lists (S-9) -> Haven's own pages and help (S-2) -> lessons (they only close) -> the pack's exceptions -> requests decided by people ->
//! category rules -> words -> the default. Within a tier the most specific site wins, and of equals the stricter action.

mod alert;
mod content;
mod examples;
mod explain;
mod file;
mod name;
mod walk;

use std::collections::BTreeSet;

use policy::{Action, Citation, SafetyRule};

use crate::address::{Address, Carried};
use crate::body::{Sent, is_json};
use crate::decision::{Decision, ScanPlan};
use crate::facts::{Carriage, Facts, Person, Who};
use crate::search;
use crate::snapshot::{GroupRules, Snapshot};

pub use examples::check_examples;
pub use explain::{CandidateLine, Explanation, Inside, TierLine, explain};
pub use file::Found;
pub use name::{NameAnswer, NameAsker, alias, name};
use walk::Candidate;
pub use walk::Tier;

/// The rule of a hit on a sealed list.
pub const SEALED_RULE: &str = "sealed";
/// Most bytes of a response's text that are read for words.
pub const SCAN_LIMIT_BYTES: u64 = 2 * 1024 * 1024;

/// What the gate says while nobody has passed it.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "it is matched on at once and never kept")]
pub enum Gate {
    /// Help, Haven's own pages, the pack's links and updates: goes through, unopened and unrecorded.
    Open(Decision),
    Shut,
}

/// Decides on a request. Of a [`Carriage::Tunnel`] only the host is judged, and `inspect` says whether to open it; a
/// tunnel carries an alert only where nothing inside will be judged (it is blocked, or passed through unopened).
/// Of a registered device the name and address are judged, by the rules of its group. Without a person or a device the gate's
/// answer is given, and a shut gate is a block by S-4.
#[must_use]
pub fn request(snapshot: &Snapshot, facts: &Facts) -> Decision {
    let Some(person) = facts.who.asker() else {
        return match gate(snapshot, facts) {
            Gate::Open(decision) => decision,
            Gate::Shut => shut(snapshot),
        };
    };
    judge(snapshot, facts, person).decision
}

/// The question before all others for a request behind which nobody stands. For somebody who has signed in the gate is
/// open, with the ordinary decision.
#[must_use]
pub fn gate(snapshot: &Snapshot, facts: &Facts) -> Gate {
    if facts.who.asker().is_some() {
        return Gate::Open(request(snapshot, facts));
    }
    match walk::open_to_all(snapshot, &facts.address) {
        Some(candidate) => {
            let mut decision = decision_of(snapshot, &candidate, &[]);
            decision.record = false;
            decision.inspect = false;
            Gate::Open(decision)
        }
        None => Gate::Shut,
    }
}

/// What to read of a response. Nothing where the address was opened by name, or is not to be recorded.
#[must_use]
pub fn response(
    _snapshot: &Snapshot,
    facts: &Facts,
    request: &Decision,
    content_type: Option<&str>,
    length: Option<u64>,
) -> ScanPlan {
    let seen = matches!(facts.carriage, Carriage::Plain | Carriage::Inspected);
    let person = facts.who.asker().is_some();
    let shown = facts.navigation || facts.framed;
    let kind =
        content_type.unwrap_or_default().split([';', ',']).next().unwrap_or_default().trim().to_ascii_lowercase();
    let plan = match kind.as_str() {
        "text/html"
        | "text/plain"
        | "text/xml"
        | "text/markdown"
        | "text/csv"
        | "text/rtf"
        | "application/xml"
        | "application/xhtml+xml"
        | "image/svg+xml" => ScanPlan::Words,
        // Where a person looks at it, and its type means nothing, browsers look at the bytes and show what looks like a
        // page (WHATWG MIME Sniffing, 7).
        no_type if shown && means_nothing(no_type) => ScanPlan::Words,
        json if is_json(json) => ScanPlan::Json,
        _ => return ScanPlan::Pass,
    };
    let scan = seen && person && length != Some(0) && content::may_be_judged(request);
    if scan { plan } else { ScanPlan::Pass }
}

/// Whether a content type is missing, or one that browsers do not believe.
fn means_nothing(kind: &str) -> bool {
    !kind.contains('/') || matches!(kind, "unknown/unknown" | "application/unknown" | "*/*")
}

/// The last word, after the text of a response (HTML or plain) was read.
#[must_use]
pub fn text(snapshot: &Snapshot, facts: &Facts, request: &Decision, text: &str) -> Decision {
    let Some(person) = facts.who.asker() else { return request.clone() };
    if !content::may_be_judged(request) {
        return request.clone();
    }
    for_device(facts, content::after_text(snapshot, facts, person, request, text, content::Seen::OnPage))
}

/// Whether what somebody sends is to be read for words. Not at a registered device: whoever stands there was not told (S-4).
#[must_use]
pub fn reads_sent(facts: &Facts, request: &Decision) -> bool {
    let seen = matches!(facts.carriage, Carriage::Plain | Carriage::Inspected);
    seen && matches!(facts.who, Who::Person(_)) && content::may_be_judged(request)
}

/// The last word before something is sent, after it was read. Its words go no further than this (S-4).
#[must_use]
pub fn sent(snapshot: &Snapshot, facts: &Facts, request: &Decision, sent: &Sent) -> Decision {
    let Who::Person(person) = &facts.who else { return request.clone() };
    if !reads_sent(facts, request) {
        return request.clone();
    }
    let mut decision = request.clone();
    if let Some(terms) = &sent.search {
        decision = content::after_search(snapshot, facts, person, &decision, terms);
    }
    if decision.action == Action::Block {
        return decision;
    }
    content::after_text(snapshot, facts, person, &decision, &sent.text, content::Seen::InSent)
}

/// Whether files that come from there, or go there, are checked for harmful programs. Also where somebody opened the site by
/// name: any site can be broken into. Not of help sites and Haven's own pages (S-3), nor of updates, which are signed.
#[must_use]
pub fn scans_files(facts: &Facts, request: &Decision) -> bool {
    let seen = matches!(facts.carriage, Carriage::Plain | Carriage::Inspected);
    let person = facts.who.asker().is_some();
    seen && person && request.record && request.action != Action::Block && !request.rule.starts_with("update:")
}

/// The last word on a file in which the malware engine found something. It is always stopped; the pack says by which clause,
/// and whether a person is told.
#[must_use]
pub fn infected(snapshot: &Snapshot, facts: &Facts, request: &Decision, file: Found<'_>) -> Decision {
    let Some(person) = facts.who.asker() else { return request.clone() };
    file::infected(snapshot, facts, person, request, file)
}

/// What the pack says to do with bytes in a tunnel that are neither TLS nor HTTP.
#[must_use]
pub fn unknown_protocol(snapshot: &Snapshot, facts: &Facts) -> Decision {
    if let Some(decision) = lesson_unopened(snapshot, facts) {
        return decision;
    }
    failure(
        snapshot,
        facts,
        &snapshot.compiled.unknown_protocol,
        "default:unknown-protocol",
        "This connection is not a web page.",
    )
}

/// What a lesson says of a tunnel that turns out not to show what is in it: then only its name can be judged.
fn lesson_unopened(snapshot: &Snapshot, facts: &Facts) -> Option<Decision> {
    let person = facts.who.asker()?;
    let won = walk::lessons(snapshot, facts, person, &[], false).into_iter().next()?;
    let usual = request(snapshot, facts);
    if usual.action == Action::Block || !usual.record || usual.rule.starts_with("update:") {
        return None;
    }
    let mut decision = decision_of(snapshot, &won, &[]);
    decision.also_matched = std::iter::once(usual.rule).chain(usual.also_matched).collect();
    Some(decision)
}

/// What the pack says to do when the malware scanner does not answer.
#[must_use]
pub fn scanner_down(snapshot: &Snapshot, facts: &Facts) -> Decision {
    let reason = "Haven could not check this file for harmful programs.";
    failure(snapshot, facts, &snapshot.compiled.scanner_down, "default:scanner-down", reason)
}

/// What the pack says to do when no record can be kept of what is asked for. Never milder than what it says anyway; what is
/// not recorded in any case (help, Haven's own pages) stays as it is.
#[must_use]
pub fn records_down(snapshot: &Snapshot, facts: &Facts) -> Decision {
    let usual = request(snapshot, facts);
    let rule = &snapshot.compiled.records_down;
    if !usual.record || walk::strictness(usual.action) >= walk::strictness(rule.0) {
        return usual;
    }
    let reason = "Haven cannot keep the record that our policy asks for just now, so we did not open it.";
    failure(snapshot, facts, rule, "default:records-down", reason)
}

fn failure(snapshot: &Snapshot, facts: &Facts, rule: &(Action, Citation), name: &str, reason: &str) -> Decision {
    let mut decision = request(snapshot, facts);
    rule.1.clone_into(&mut decision.citation);
    decision.action = rule.0;
    decision.also_matched.insert(0, std::mem::replace(&mut decision.rule, name.to_owned()));
    reason.clone_into(&mut decision.reason);
    decision.edits.clear();
    decision
}

/// The whole of one judgement: the decision, and every candidate with the place of the one that won.
struct Judgement {
    decision: Decision,
    candidates: Vec<Candidate>,
    winner: usize,
}

fn judge(snapshot: &Snapshot, facts: &Facts, person: &Person) -> Judgement {
    let Some(rules) = snapshot.compiled.groups.get(&person.group) else {
        return unknown_group(snapshot, facts);
    };
    let asker = Asker { facts, group: &person.group, rules };
    let mut site_codes = Vec::new();
    let mut candidates = walk::candidates(snapshot, &asker, &facts.address, &mut site_codes);
    let carried = if facts.carriage.is_host_only() { Carried::default() } else { facts.address.carried() };
    let inside = carried.addresses;
    let mut embedded_codes = Vec::new();
    for address in &inside {
        candidates.extend(walk::embedded(snapshot, &asker, address, &mut embedded_codes));
    }
    candidates.extend(carried.has_more.then(|| walk::too_much_inside(snapshot)));
    let terms =
        if facts.carriage.is_host_only() || facts.who.is_device() { None } else { search::terms(&facts.address) };
    let search_codes = terms.as_ref().map(|terms| content::search_codes(snapshot, terms)).unwrap_or_default();
    candidates.extend(content::candidates(snapshot, &asker, &search_codes, content::Seen::InSearch));
    // A part of a host can only be told from the rest inside an opened tunnel.
    // Whoever stands at a registered device was not told, and it could not be given our certificate (S-4).
    let may_open = !facts.who.is_device() && walk::may_open(snapshot, &person.group, &facts.address, &site_codes);
    candidates.retain(|candidate| may_open || !candidate.is_part);
    candidates.extend(walk::lessons(snapshot, facts, person, &inside, may_open));
    candidates.sort_by_key(|candidate| candidate.tier);

    let winner = walk::winner(&candidates);
    let Some(won) = candidates.get(winner) else { return unknown_group(snapshot, facts) };
    let mut decision = decision_of(snapshot, won, &candidates);
    decision.codes = codes(won, [&search_codes, &site_codes, &embedded_codes]);
    decision.inspect = may_open && !won.tier.is_private() && won.tier != Tier::Update;
    // Help is never looked at (S-3), but a page of a sealed list is found wherever it lies.
    decision.inspect |= is_sealed_in_part(snapshot, &facts.address);
    if won.tier == Tier::Sealed {
        // Who, when, and that it was sealed: nothing that tells the address (S-9).
        decision.also_matched.clear();
        let site_codes = sealed_codes(snapshot, std::iter::once(&facts.address).chain(&inside));
        let evidence = alert::Evidence { site_codes, search_codes: Vec::new(), terms: None };
        alert::attach(snapshot, facts, person, &mut decision, &evidence);
        alert::hide_what_was_seen(&mut decision);
    } else if decision.record {
        site_codes.extend(embedded_codes);
        let opened_by_name = won.action == Action::Allow && won.is_opened_by_name();
        let site_codes = if opened_by_name { Vec::new() } else { site_codes };
        let evidence = alert::Evidence { site_codes, search_codes, terms };
        alert::attach(snapshot, facts, person, &mut decision, &evidence);
    }
    if decision.action != Action::Block && !facts.carriage.is_host_only() && !won.tier.is_private() {
        // Whoever is in a lesson searches in safe mode, whatever their profile says.
        let in_lesson = snapshot.lessons.iter().any(|lesson| lesson.holds(person, facts.at));
        let (safe, restrict) = (rules.safe_search || in_lesson, rules.youtube_restrict || in_lesson);
        decision.edits = search::edits(&facts.address, safe, restrict);
    }
    Judgement { decision: for_device(facts, decision), candidates, winner }
}

/// At a registered device nobody reads a warning: it closes.
fn for_device(facts: &Facts, mut decision: Decision) -> Decision {
    if facts.who.is_device() && decision.action == Action::Warn {
        decision.action = Action::Block;
    }
    decision
}

/// Who asks, and when: what rules are chosen by.
struct Asker<'a> {
    facts: &'a Facts,
    group: &'a str,
    rules: &'a GroupRules,
}

fn decision_of(snapshot: &Snapshot, won: &Candidate, all: &[Candidate]) -> Decision {
    let mut seen = BTreeSet::from([won.rule.clone()]);
    let others = all.iter().filter(|other| seen.insert(other.rule.clone())).map(|other| other.rule.clone());
    Decision {
        action: won.action,
        citation: won.citation.clone(),
        reason: won.reason.clone(),
        codes: won.codes.clone(),
        rule: won.rule.clone(),
        list: won.list.clone(),
        also_matched: others.collect(),
        edits: Vec::new(),
        alert: None,
        record: !won.tier.is_private(),
        inspect: !won.tier.is_private(),
        pack_digest: snapshot.pack.digest.clone(),
        lists_digest: snapshot.lists.digest.clone(),
    }
}

/// The winner's codes first, then all others that matched, each once.
fn codes(won: &Candidate, others: [&Vec<String>; 3]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for code in won.codes.iter().chain(others.into_iter().flatten()) {
        if !all.contains(code) {
            all.push(code.clone());
        }
    }
    // A sealed hit says that it was sealed, and nothing more.
    if won.tier == Tier::Sealed { Vec::new() } else { all }
}

fn shut(snapshot: &Snapshot) -> Decision {
    let candidate = Candidate {
        reason: "Nobody has signed in on this browser yet.".to_owned(),
        ..Candidate::new(Tier::Default, "gate", Action::Block, Citation::safety(SafetyRule::NoticeBeforeWatching))
    };
    let mut decision = decision_of(snapshot, &candidate, &[]);
    decision.record = false;
    decision.inspect = false;
    decision
}

/// A person whose group the pack does not have: no rule can be chosen, so nothing is opened (invariant 6).
fn unknown_group(snapshot: &Snapshot, facts: &Facts) -> Judgement {
    if let Some(sealed) = walk::sealed(snapshot, &facts.address) {
        return Judgement { decision: decision_of(snapshot, &sealed, &[]), candidates: vec![sealed], winner: 0 };
    }
    let candidate = Candidate {
        reason: "Haven does not know which rules are yours. Ask the people who look after Haven here.".to_owned(),
        ..Candidate::new(Tier::Default, "default:unknown-group", Action::Block, snapshot.compiled.unlisted.1.clone())
    };
    Judgement { decision: decision_of(snapshot, &candidate, &[]), candidates: vec![candidate], winner: 0 }
}

/// Whether the sealed lists hold an address. Says nothing about which entry it was.
fn is_sealed(snapshot: &Snapshot, address: &Address) -> bool {
    snapshot.sealed.iter().any(|list| list.holds(address))
}

/// Whether the sealed lists hold a page of this host: then no exception leaves its tunnels shut.
fn is_sealed_in_part(snapshot: &Snapshot, address: &Address) -> bool {
    snapshot.sealed.iter().any(|list| list.holds_part_of(address))
}

/// What the sealed lists that hold any of these addresses are about, in codes of the pack.
fn sealed_codes<'a>(snapshot: &Snapshot, addresses: impl Iterator<Item = &'a Address>) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for address in addresses {
        for list in snapshot.sealed.iter().filter(|list| list.holds(address)) {
            codes.extend(list.codes().iter().flat_map(|name| snapshot.pack_codes(name)).map(str::to_owned));
        }
    }
    codes
}
