//! What happens to a file in which the malware engine found something: it is stopped, by the pack's own clause.

use policy::{Action, Citation};

use super::{alert, walk};
use crate::decision::Decision;
use crate::facts::{Facts, Person};
use crate::snapshot::Snapshot;

/// The core vocabulary's word for programs that harm computers; packs have codes of their own for it.
const CORE_CODE: &str = "malware";

/// A file with something in it.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Name of the signature that fits.
    pub signature: &'a str,
    /// Whether somebody sent it, and not fetched it.
    pub sent: bool,
}

/// The rule of the pack that blocks harmful programs; without one the clause of its code for them; without that the clause
/// that says what the scanner is for. Never milder than a block: no rule means "let it in".
pub(super) fn infected(
    snapshot: &Snapshot,
    facts: &Facts,
    person: &Person,
    request: &Decision,
    file: Found<'_>,
) -> Decision {
    let codes: Vec<String> = snapshot.pack_codes(CORE_CODE).map(str::to_owned).collect();
    let asker =
        snapshot.compiled.groups.get(&person.group).map(|rules| super::Asker { facts, group: &person.group, rules });
    let rule = snapshot.compiled.rules.iter().find(|rule| {
        let names_it = rule.action == Action::Block && codes.iter().any(|code| rule.codes.contains(code));
        names_it && asker.as_ref().is_some_and(|asker| walk::applies(rule, snapshot, asker))
    });
    let (name, citation) = match rule {
        Some(rule) => (rule.name.split_once(':').map_or(rule.name.as_str(), |(_, id)| id), rule.citation.clone()),
        None => (CORE_CODE, clause_of(snapshot, &codes)),
    };
    let mut decision = request.clone();
    decision.action = Action::Block;
    decision.citation = citation;
    decision.also_matched.insert(0, std::mem::replace(&mut decision.rule, format!("file:{name}")));
    let which = if file.sent { "The file that you sent" } else { "This file" };
    decision.reason = format!("{which} holds a program that harms computers ({}), so we stopped it.", file.signature);
    decision.list = format!("malware {}", file.signature);
    decision.edits.clear();
    let known = std::mem::take(&mut decision.codes);
    decision.codes.clone_from(&codes);
    decision.codes.extend(known.into_iter().filter(|code| !codes.contains(code)));
    let seen = format!("{}, {}", file.signature, facts.address.host());
    alert::attach_later(snapshot, person, &mut decision, &codes, "file", &seen);
    decision
}

fn clause_of(snapshot: &Snapshot, codes: &[String]) -> Citation {
    let clause = codes.iter().find_map(|code| snapshot.pack.code(code)).map(|code| code.clause.clone());
    clause.and_then(|clause| snapshot.pack.cite(&clause)).unwrap_or_else(|| snapshot.compiled.scanner_down.1.clone())
}
