//! The answer to a question for a name by DNS: nobody is known, only a network, the name and the time.

use std::net::IpAddr;

use jiff::Timestamp;
use policy::Action;

use super::walk::{self, Tier, strictness};
use super::{Judgement, decision_of, is_sealed, judge};
use crate::address::Address;
use crate::decision::Decision;
use crate::facts::{Carriage, Facts, Person, Who};
use crate::search::{SafeName, safe_name};
use crate::snapshot::Snapshot;

/// For whom names are asked.
#[derive(Debug, Clone)]
pub struct NameAsker<'a> {
    pub at: Timestamp,
    /// The group that a network was declared to be for. Without one, or with one that the pack does not have, the
    /// strictest answer of all groups is given.
    pub group: Option<&'a str>,
    /// The address that asks, where it is known: exams and closed hours are a matter of the place.
    pub device: Option<IpAddr>,
}

/// What is answered. Nothing about it is recorded: behind a name nobody stands who was told (S-4).
#[derive(Debug, Clone)]
pub struct NameAnswer {
    pub decision: Decision,
    /// Whether the name is not to be found here. A warning closes too: DNS has no page on which it could be read.
    pub closed: bool,
    /// Opened by name, or for everybody: what it is an alias of does not matter then, but for sealed lists.
    pub by_name: bool,
    /// Where the question goes instead, so that an engine answers in its safe mode.
    pub safe: Option<SafeName>,
}

/// Decides on a name. None for what is no host name.
#[must_use]
pub fn name(snapshot: &Snapshot, asker: &NameAsker<'_>, host: &str) -> Option<NameAnswer> {
    let address = Address::from_authority(&format!("{host}:443")).ok()?;
    // Help before all that is not sealed (S-2). A help link to a part of a host opens its name: no part can be told.
    if let Some(candidate) = walk::open_to_all(snapshot, &address) {
        return Some(answer(quiet(decision_of(snapshot, &candidate, &[])), true, None));
    }
    let groups = groups(snapshot, asker);
    let facts = facts(asker, address);
    let judged = groups.iter().map(|group| judge(snapshot, &facts, &nobody(group)));
    // Of equals the first: the order of the pack.
    let won = judged.reduce(|best, next| if strictness_of(&next) > strictness_of(&best) { next } else { best })?;
    let by_name = won.candidates.get(won.winner).is_some_and(walk::Candidate::is_opened_by_name);
    let (mut safe_search, mut youtube) = (false, false);
    for rules in groups.iter().filter_map(|group| snapshot.compiled.groups.get(*group)) {
        safe_search |= rules.safe_search;
        youtube |= rules.youtube_restrict;
    }
    let safe = safe_name(facts.address.host(), safe_search, youtube);
    Some(answer(quiet(won.decision), by_name, safe))
}

/// Whether a name that another one is an alias of closes that one: a blocked website does not open under a borrowed name.
#[must_use]
pub fn alias(snapshot: &Snapshot, asker: &NameAsker<'_>, first: &NameAnswer, host: &str) -> Option<Decision> {
    let address = Address::from_authority(&format!("{host}:443")).ok()?;
    if first.by_name && !is_sealed(snapshot, &address) {
        return None;
    }
    let mut answer = name(snapshot, asker, host)?;
    // What the policy only does not name, such as a carrier of many websites, says nothing about this one.
    if !answer.closed || answer.decision.rule == "default" {
        return None;
    }
    answer.decision.reason = format!("This address leads to another one. {}", answer.decision.reason);
    Some(answer.decision)
}

fn answer(decision: Decision, by_name: bool, safe: Option<SafeName>) -> NameAnswer {
    let closed = matches!(decision.action, Action::Block | Action::Warn);
    NameAnswer { by_name: by_name && !closed, safe: safe.filter(|_| !closed), decision, closed }
}

/// Nobody is known: no record, no alert, nothing to open.
fn quiet(mut decision: Decision) -> Decision {
    decision.record = false;
    decision.inspect = false;
    decision.alert = None;
    decision.edits.clear();
    decision
}

fn groups<'a>(snapshot: &'a Snapshot, asker: &NameAsker<'a>) -> Vec<&'a str> {
    match asker.group.filter(|group| snapshot.compiled.groups.contains_key(*group)) {
        Some(group) => vec![group],
        None => snapshot.pack.groups.iter().map(|group| group.id.as_str()).collect(),
    }
}

fn strictness_of(judged: &Judgement) -> (bool, u8) {
    (
        judged.candidates.get(judged.winner).is_some_and(|won| won.tier == Tier::Sealed),
        strictness(judged.decision.action),
    )
}

fn facts(asker: &NameAsker<'_>, address: Address) -> Facts {
    Facts {
        at: asker.at,
        who: Who::Unknown,
        listener: String::new(),
        device: asker.device.map(|address| address.to_string()).unwrap_or_default(),
        carriage: Carriage::Name,
        method: String::new(),
        address,
        navigation: false,
        framed: false,
        referrer_host: None,
    }
}

/// A group without a person: rules are chosen by it, and nothing else is.
fn nobody(group: &str) -> Person {
    Person {
        id: String::new(),
        group: group.to_owned(),
        population: String::new(),
        site: String::new(),
        how: String::new(),
        session: String::new(),
    }
}
