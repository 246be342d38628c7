//! After every file is read: each id is defined once, and everything that is named exists.

use std::collections::BTreeMap;

use super::log::{Kind, Log, Named};

pub(super) fn check(log: &Log) {
    let defined = log.defined();
    let mut known: BTreeMap<(Kind, &str), &Named> = BTreeMap::new();
    for named in &defined {
        if let Some(first) = known.get(&(named.kind, named.id.as_str())) {
            let word = named.kind.word();
            log.error(
                named.place.clone(),
                &named.clause,
                format!(
                    "The {word} `{}` is already defined in {}:{}.",
                    named.short(),
                    first.place.file,
                    first.place.line
                ),
                "Give one of the two another id, or take it out.",
            );
        } else {
            known.insert((named.kind, &named.id), named);
        }
    }
    // What an unreadable file defines is not known, so "there is no such thing" would be said of things that do exist.
    if log.is_unreadable() {
        return;
    }
    for named in log.referred() {
        if !named.id.is_empty() && !known.contains_key(&(named.kind, named.id.as_str())) {
            missing(log, &named);
        }
    }
}

fn missing(log: &Log, named: &Named) {
    let word = named.kind.word();
    // An option is only known together with its step: both words are in the id.
    let shown = if named.kind == Kind::StepOption {
        named.id.split('/').skip(1).collect::<Vec<_>>().join("=")
    } else {
        named.short().to_owned()
    };
    log.error(
        named.place.clone(),
        &named.clause,
        format!("There is no {word} `{shown}`."),
        format!("Define it in {}, or mend the spelling.", named.kind.home()),
    );
}
