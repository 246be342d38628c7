//! What words say: those that somebody searches for, and those on a page.

use policy::Action;

use super::walk::{self, Candidate, Tier, strictness};
use super::{Asker, alert};
use crate::decision::Decision;
use crate::facts::{Facts, Person};
use crate::phrases::{Scores, visible_text};
use crate::search::SearchTerms;
use crate::snapshot::Snapshot;

/// Whether words may still change a decision: not where it is already a block, and never on Haven's own pages, help,
/// or sites that somebody opened by name.
pub(super) fn may_be_judged(request: &Decision) -> bool {
    let by_name = ["portal", "help:", "update:", "exception:", "local:"];
    request.action != Action::Block && request.record && !by_name.iter().any(|tier| request.rule.starts_with(tier))
}

/// The pack's codes for what somebody searched for.
pub(super) fn search_codes(snapshot: &Snapshot, terms: &SearchTerms) -> Vec<String> {
    codes_over(snapshot, &snapshot.words.score_search(terms))
}

fn codes_over(snapshot: &Snapshot, scores: &Scores) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for score in scores.codes.iter().filter(|score| score.is_over()) {
        for code in snapshot.pack_codes(&score.code) {
            if !codes.iter().any(|known| known == code) {
                codes.push(code.to_owned());
            }
        }
    }
    codes
}

/// Where words were seen: the sentence to the person must not call a search a site.
#[derive(Clone, Copy)]
pub(super) enum Seen {
    InSearch,
    OnPage,
    /// In what somebody sends: a form, a message, an upload.
    InSent,
    /// In a search that is sent as a form.
    InSentSearch,
}

impl Seen {
    fn is_sent(self) -> bool {
        matches!(self, Self::InSent | Self::InSentSearch)
    }
}

/// The category rules that name what words showed.
pub(super) fn candidates(snapshot: &Snapshot, asker: &Asker<'_>, codes: &[String], seen: Seen) -> Vec<Candidate> {
    let rules = snapshot.compiled.rules.iter().filter(|rule| walk::applies(rule, snapshot, asker));
    rules
        .filter_map(|rule| {
            let matching: Vec<String> = codes.iter().filter(|code| rule.codes.contains(*code)).cloned().collect();
            let id = rule.name.split_once(':').map_or(rule.name.as_str(), |(_, id)| id);
            (!matching.is_empty()).then(|| Candidate {
                rule: format!("{}:{id}", if seen.is_sent() { "sent" } else { "content" }),
                reason: reason(snapshot, &matching, seen),
                codes: matching,
                ..walk::of_rule(Tier::Content, rule)
            })
        })
        .collect()
}

/// What the person is told: the pack's own sentence for the rule speaks of sites, and here it was the words.
fn reason(snapshot: &Snapshot, codes: &[String], seen: Seen) -> String {
    let what = match seen {
        Seen::InSearch | Seen::InSentSearch => "Your search has words",
        Seen::InSent => "What you sent has words",
        Seen::OnPage => "This page has words",
    };
    match codes.first().and_then(|code| snapshot.pack.code(code)) {
        Some(code) => format!("{what} that our policy links with {}.", lower_first(&code.title)),
        None => format!("{what} that our policy keeps closed here."),
    }
}

/// A title inside a sentence: "Hate crime" becomes "hate crime", "LGBTQ+" stays.
fn lower_first(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(letters).collect(),
        _ => title.to_owned(),
    }
}

/// The decision once a page's words, or those that somebody sends, were read: stricter if a rule says so, and with an alert
/// if a trigger does.
pub(super) fn after_text(
    snapshot: &Snapshot,
    facts: &Facts,
    person: &Person,
    request: &Decision,
    text: &str,
    seen: Seen,
) -> Decision {
    amended(snapshot, facts, person, request, &snapshot.words.found(&visible_text(text)), seen)
}

/// The decision once a search that is sent as a form was read.
pub(super) fn after_search(
    snapshot: &Snapshot,
    facts: &Facts,
    person: &Person,
    request: &Decision,
    terms: &SearchTerms,
) -> Decision {
    amended(snapshot, facts, person, request, &snapshot.words.score_search(terms), Seen::InSentSearch)
}

fn amended(
    snapshot: &Snapshot,
    facts: &Facts,
    person: &Person,
    request: &Decision,
    scores: &Scores,
    seen: Seen,
) -> Decision {
    let mut decision = request.clone();
    let Some(rules) = snapshot.compiled.groups.get(&person.group) else { return decision };
    let codes = codes_over(snapshot, scores);
    if codes.is_empty() {
        return decision;
    }
    let candidates = candidates(snapshot, &Asker { facts, group: &person.group, rules }, &codes, seen);
    let strictest = candidates.iter().max_by_key(|candidate| strictness(candidate.action));
    if let Some(won) = strictest.filter(|won| strictness(won.action) > strictness(decision.action)) {
        decision.also_matched.insert(0, std::mem::take(&mut decision.rule));
        decision.action = won.action;
        decision.citation = won.citation.clone();
        decision.reason.clone_from(&won.reason);
        decision.rule.clone_from(&won.rule);
        decision.list = String::new();
        if won.action == Action::Block {
            decision.edits.clear();
        }
    }
    let losers = candidates.iter().map(|candidate| &candidate.rule).filter(|rule| **rule != decision.rule);
    decision.also_matched.extend(losers.cloned().collect::<Vec<_>>());
    let known = std::mem::take(&mut decision.codes);
    decision.codes.clone_from(&codes);
    decision.codes.extend(known.into_iter().filter(|code| !codes.contains(code)));
    // What a page's script fetched is nobody's doing; what is sent is.
    if facts.navigation || seen.is_sent() {
        let kind = if seen.is_sent() { "sent" } else { "text" };
        alert::attach_later(snapshot, person, &mut decision, &codes, kind, &phrases(scores));
    }
    decision
}

/// The phrases that counted, each once, joined by commas.
fn phrases(scores: &Scores) -> String {
    let over = scores.codes.iter().filter(|score| score.is_over());
    let mut phrases: Vec<&str> = over
        .flat_map(|score| &score.matches)
        .filter(|found| found.weight > 0)
        .map(|found| found.phrase.as_str())
        .collect();
    phrases.sort_unstable();
    phrases.dedup();
    phrases.join(", ")
}
