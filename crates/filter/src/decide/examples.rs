//! A pack's worked examples: what the policy says in prose, tried against what the filter does.

use std::sync::Arc;

use jiff::Timestamp;
use policy::{Action, Example, Group, Pack, Problem, Severity};

use super::request;
use crate::address::Address;
use crate::facts::{Carriage, Facts, Person, Who};
use crate::lists::Lists;
use crate::phrases::WordPack;
use crate::snapshot::Snapshot;

/// Decides every example of a pack, in a class hour of its first term, and names each that comes out otherwise.
#[must_use]
pub fn check_examples(pack: &Arc<Pack>, lists: &Arc<Lists>) -> Vec<Problem> {
    let words = Arc::new(WordPack::shipped());
    let snapshot = match Snapshot::new(Arc::clone(pack), Arc::clone(lists), words, Vec::new(), Vec::new()) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            let mend = "Mend the rule in filtering.toml, or add the clause to clauses/.";
            return vec![problem("filtering.toml", 0, "", format!("{error}."), mend)];
        }
    };
    let at = class_hour(pack);
    pack.examples.iter().filter_map(|example| check(&snapshot, example, at)).collect()
}

fn check(snapshot: &Snapshot, example: &Example, at: Timestamp) -> Option<Problem> {
    let report = |message: String, mend: &str| {
        Some(problem(&example.file, example.line, example.clause.as_deref().unwrap_or_default(), message, mend))
    };
    let Some(group) = snapshot.pack.groups.iter().find(|group| group.id == example.group) else {
        let message = format!("The example is for the group '{}', which pack.toml does not have.", example.group);
        return report(message, "Name one of the groups of pack.toml.");
    };
    let address = match Address::parse(&example.url) {
        Ok(address) => address,
        Err(error) => {
            return report(
                format!("The example's address cannot be read: {error}."),
                "Write a whole address: http://host/path.",
            );
        }
    };
    let decision = request(snapshot, &facts(group, address, at));
    let clause = decision.citation.clause_id().unwrap_or_default();
    if decision.action == example.action && example.clause.as_deref().is_none_or(|wanted| wanted == clause) {
        return None;
    }
    let wanted_clause = example.clause.as_ref().map(|clause| format!(" {clause}")).unwrap_or_default();
    let message = format!(
        "The example says {}{wanted_clause} for {}, and the filter says {} by {} ({}).",
        word(example.action),
        example.url,
        word(decision.action),
        decision.citation,
        decision.rule,
    );
    report(message, "Change the rule in filtering.toml or the example, so that they say the same.")
}

fn facts(group: &Group, address: Address, at: Timestamp) -> Facts {
    let person = Person {
        id: "example".to_owned(),
        group: group.id.clone(),
        population: group.population.clone(),
        site: String::new(),
        how: "a worked example of the policy".to_owned(),
        session: String::new(),
    };
    Facts {
        at,
        who: Who::Person(person),
        listener: String::new(),
        device: String::new(),
        carriage: Carriage::Inspected,
        method: "GET".to_owned(),
        address,
        navigation: true,
        framed: false,
        referrer_host: None,
    }
}

/// A moment on the first open day of the first term, at the start of its working hours.
fn class_hour(pack: &Pack) -> Timestamp {
    let calendar = &pack.calendar;
    let days = calendar
        .terms
        .first()
        .into_iter()
        .flat_map(|term| term.from.series(jiff::ToSpan::days(1)).take_while(|day| *day <= term.to));
    let open = days.into_iter().find(|day| calendar.is_working_day(*day));
    open.and_then(|day| day.to_datetime(calendar.day_from).to_zoned(calendar.zone.clone()).ok())
        .map_or(Timestamp::UNIX_EPOCH, |moment| moment.timestamp())
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Allow => "allow",
        Action::Block => "block",
        Action::Warn => "warn",
        Action::Watch => "watch",
    }
}

fn problem(file: &str, line: usize, clause: &str, message: String, mend: &str) -> Problem {
    Problem {
        severity: Severity::Error,
        file: file.to_owned(),
        line,
        clause: clause.to_owned(),
        message,
        mend: mend.to_owned(),
    }
}
