//! The same decision, told in full: every tier, who spoke in it, and who won.

use serde::Serialize;

use super::walk::{Candidate, Tier};
use super::{judge, request};
use crate::address::Address;
use crate::decision::Decision;
use crate::facts::Facts;
use crate::search;
use crate::snapshot::Snapshot;

/// Why a request is decided as it is. It is derived by the deciding code itself, so the two cannot differ.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    pub url: String,
    /// The address as it was judged, query included.
    pub normal: String,
    /// Addresses found inside it, in the same form; they were judged too.
    pub inside: Vec<String>,
    /// What somebody searched for there; empty if it is no search.
    pub search: String,
    pub action: policy::Action,
    /// `WAES 7.1` or `Haven safety rule S-2`.
    pub citation: String,
    pub rule: String,
    pub reason: String,
    pub codes: Vec<String>,
    pub inspect: bool,
    pub record: bool,
    pub alert: Option<crate::decision::AlertCue>,
    /// Every tier in order, those in which nothing spoke included.
    pub tiers: Vec<TierLine>,
    pub pack_digest: String,
    pub lists_digest: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct TierLine {
    pub tier: Tier,
    pub candidates: Vec<CandidateLine>,
}

#[derive(Debug, Clone, Serialize)]
pub struct CandidateLine {
    pub rule: String,
    pub action: policy::Action,
    pub citation: String,
    pub list: String,
    pub codes: Vec<String>,
    /// It speaks about an address carried inside this one.
    pub embedded: bool,
    pub won: bool,
}

/// What an address holds, as the deciding code reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inside {
    /// The one normal form, query included.
    pub normal: String,
    /// Addresses inside it, in the same form.
    pub inside: Vec<String>,
    /// What somebody searched for there; empty if it is no search.
    pub search: String,
}

impl Inside {
    #[must_use]
    pub fn of(address: &Address) -> Self {
        Self {
            normal: address.to_normal(),
            inside: address.embedded().iter().map(Address::to_normal).collect(),
            search: search::terms(address).map(|terms| terms.raw).unwrap_or_default(),
        }
    }
}

/// Explains a decision. For an unknown person there are no tiers to walk: the gate decided.
#[must_use]
pub fn explain(snapshot: &Snapshot, facts: &Facts) -> Explanation {
    let Some(person) = facts.who.asker() else {
        return tell(facts, &request(snapshot, facts), Vec::new());
    };
    let judgement = judge(snapshot, facts, person);
    let tiers = Tier::ALL.into_iter().map(|tier| tier_line(tier, &judgement.candidates, judgement.winner)).collect();
    tell(facts, &judgement.decision, tiers)
}

fn tier_line(tier: Tier, candidates: &[Candidate], winner: usize) -> TierLine {
    let inside = candidates.iter().enumerate().filter(|(_, candidate)| candidate.tier == tier);
    let candidates = inside
        .map(|(place, candidate)| CandidateLine {
            rule: candidate.rule.clone(),
            action: candidate.action,
            citation: candidate.citation.to_string(),
            list: candidate.list.clone(),
            codes: candidate.codes.clone(),
            embedded: candidate.is_embedded,
            won: place == winner,
        })
        .collect();
    TierLine { tier, candidates }
}

fn tell(facts: &Facts, decision: &Decision, tiers: Vec<TierLine>) -> Explanation {
    let found = Inside::of(&facts.address);
    Explanation {
        url: facts.address.to_record(),
        normal: found.normal,
        inside: found.inside,
        search: found.search,
        action: decision.action,
        citation: decision.citation.to_string(),
        rule: decision.rule.clone(),
        reason: decision.reason.clone(),
        codes: decision.codes.clone(),
        inspect: decision.inspect,
        record: decision.record,
        alert: decision.alert.clone(),
        tiers,
        pack_digest: decision.pack_digest.clone(),
        lists_digest: decision.lists_digest.clone(),
    }
}
