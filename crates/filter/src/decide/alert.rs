//! When a person must look: the pack's triggers against what a request or a page showed. An alert is a question, not an
//! accusation (S-5), and stands whatever the action was.

use policy::Action;

use crate::decision::{AlertCue, Decision};
use crate::facts::{Carriage, Facts, Person};
use crate::search::SearchTerms;
use crate::snapshot::{CompiledTrigger, Snapshot};

/// What a request showed, in codes of the pack.
pub(super) struct Evidence {
    pub(super) site_codes: Vec<String>,
    pub(super) search_codes: Vec<String>,
    pub(super) terms: Option<SearchTerms>,
}

/// Attaches the gravest trigger that fits; all others are named beside it.
pub(super) fn attach(
    snapshot: &Snapshot,
    facts: &Facts,
    person: &Person,
    decision: &mut Decision,
    evidence: &Evidence,
) {
    for trigger in &snapshot.compiled.triggers {
        let by_search = evidence.terms.as_ref().filter(|_| names_one(trigger, &evidence.search_codes));
        let by_site = names_one(trigger, &evidence.site_codes) && site_counts(facts, decision);
        let (kind, seen) = match by_search {
            Some(terms) => ("search", terms.raw.clone()),
            None if by_site => ("site", facts.address.host().to_owned()),
            None => continue,
        };
        add(decision, trigger, person, kind, seen);
    }
}

/// After a page, a form or a file was read: the gravest trigger for what is in it, if it is graver than what the request
/// already raised.
pub(super) fn attach_later(
    snapshot: &Snapshot,
    person: &Person,
    decision: &mut Decision,
    codes: &[String],
    kind: &str,
    seen: &str,
) {
    for trigger in snapshot.compiled.triggers.iter().filter(|trigger| names_one(trigger, codes)) {
        let graver = decision.alert.as_ref().is_none_or(|alert| trigger.grade > alert.grade);
        if let Some(lesser) = decision.alert.take_if(|_| graver) {
            decision.also_matched.push(format!("trigger:{}", lesser.trigger));
        }
        add(decision, trigger, person, kind, seen.to_owned());
    }
}

/// A sealed address is told to nobody, not even in the words of an alert.
pub(super) fn hide_what_was_seen(decision: &mut Decision) {
    if let Some(alert) = &mut decision.alert {
        "an address on a sealed list".clone_into(&mut alert.seen);
    }
}

fn names_one(trigger: &CompiledTrigger, codes: &[String]) -> bool {
    codes.iter().any(|code| trigger.codes.contains(code))
}

/// Parts of pages (pictures, counters, advertisements) that name a site are not somebody opening it. A tunnel counts
/// where nothing inside it will be judged.
fn site_counts(facts: &Facts, decision: &Decision) -> bool {
    match facts.carriage {
        Carriage::Plain | Carriage::Inspected => facts.navigation,
        Carriage::Tunnel => decision.action == Action::Block || !decision.inspect,
        Carriage::Name => false,
    }
}

fn add(decision: &mut Decision, trigger: &CompiledTrigger, person: &Person, kind: &str, seen: String) {
    if let Some(first) = &decision.alert {
        let name = format!("trigger:{}", trigger.id);
        if first.trigger != trigger.id && !decision.also_matched.contains(&name) {
            decision.also_matched.push(name);
        }
        return;
    }
    let procedure = if person.population == "staff" { &trigger.staff_procedure } else { &trigger.procedure };
    decision.alert = Some(AlertCue {
        trigger: trigger.id.clone(),
        theme: trigger.theme.clone(),
        grade: trigger.grade,
        procedure: procedure.clone(),
        clause: trigger.clause.clone(),
        reason: trigger.reason.clone(),
        seen,
        kind: kind.to_owned(),
    });
}
