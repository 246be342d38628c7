//! Words that promise too much or say too little, and linked policies that are named but not listed.

use std::collections::BTreeSet;

use super::finding;
use super::words::{Word, find, lower_words, words_of};
use crate::model::Pack;
use crate::problem::Problem;

/// Nobody can keep such a promise.
const ABSOLUTE: [&str; 7] = [
    "totally safe",
    "completely safe",
    "entirely safe",
    "wholly safe",
    "absolutely safe",
    "100 safe",
    "guarantee the safety",
];

/// An interval without a number.
const VAGUE: [&str; 8] = [
    "regularly",
    "regular",
    "periodically",
    "frequently",
    "immediately",
    "promptly",
    "from time to time",
    "as soon as possible",
];

/// Words at the beginning of a sentence that are no part of a policy's title.
const NOT_IN_TITLES: [&str; 11] = ["the", "our", "this", "that", "see", "a", "an", "your", "read", "each", "every"];

pub(super) fn check(pack: &Pack, problems: &mut Vec<Problem>) {
    let mut told = BTreeSet::new();
    for clause in pack.clauses.values() {
        let words = words_of(pack, clause);
        for phrase in ABSOLUTE {
            for word in at(&words, phrase) {
                let message = format!("\"{phrase}\" is an absolute promise, which nobody can keep.");
                problems.push(finding(word.place.clone(), &clause.id, message, "Say what is done to limit the risk."));
            }
        }
        vague(pack, &clause.id, &words, problems);
        linked(pack, &clause.id, &words, &mut told, problems);
    }
}

fn at<'w, 'a>(words: &'w [Word<'a>], phrase: &str) -> Vec<&'w Word<'a>> {
    find(words, &lower_words(phrase)).into_iter().filter_map(|index| words.get(index)).collect()
}

/// One finding a clause, and none where a clock or a procedure of the clause gives the number.
fn vague(pack: &Pack, clause: &str, words: &[Word<'_>], problems: &mut Vec<Problem>) {
    let has_number = pack.clocks.iter().any(|clock| clock.clause == clause && clock.every.is_some())
        || pack
            .procedures
            .iter()
            .any(|procedure| procedure.clause == clause || procedure.steps.iter().any(|step| step.clause == clause));
    if has_number {
        return;
    }
    let mut found: Vec<(&str, &Word<'_>)> =
        VAGUE.iter().flat_map(|phrase| at(words, phrase).into_iter().map(|word| (*phrase, word))).collect();
    found.sort_by_key(|(_, word)| word.place.line);
    if let Some((phrase, word)) = found.first() {
        let message = format!("\"{phrase}\" gives no number, so nobody can tell when it is late.");
        problems.push(finding(
            word.place.clone(),
            clause,
            message,
            "State an interval, or a clock for this clause in clocks.toml.",
        ));
    }
}

fn linked(pack: &Pack, clause: &str, words: &[Word<'_>], told: &mut BTreeSet<String>, problems: &mut Vec<Problem>) {
    let listed: Vec<String> =
        pack.linked.iter().map(|linked| &linked.title).chain([&pack.title]).map(|title| key(title)).collect();
    for (index, word) in words.iter().enumerate() {
        let Some(title) = words.get(..=index).and_then(policy_title) else { continue };
        let key = key(&title);
        if !listed.iter().any(|known| known.contains(&key) || key.contains(known.as_str())) && told.insert(key) {
            let message = format!("The clause relies on the {title}, which is not among the linked policies.");
            problems.push(finding(
                word.place.clone(),
                clause,
                message,
                "Add it as `[[linked]]` in pack.toml, or take the mention out.",
            ));
        }
    }
}

fn key(title: &str) -> String {
    lower_words(title).join(" ")
}

/// The title that ends with the last word: `IT User Policy`, `Code of Conduct`.
fn policy_title(words: &[Word<'_>]) -> Option<String> {
    let (last, before) = words.split_last()?;
    if last.text == "Conduct" {
        let [.., code, of] = before else { return None };
        return (code.text == "Code" && of.text == "of").then(|| "Code of Conduct".to_owned());
    }
    if last.text != "Policy" {
        return None;
    }
    let mut title: Vec<&str> = Vec::new();
    for word in before.iter().rev() {
        let is_part = (word.is_capital() && !NOT_IN_TITLES.contains(&word.lower.as_str()))
            || matches!(word.lower.as_str(), "and" | "of");
        if word.has_stop || !is_part {
            break;
        }
        title.push(word.text);
    }
    title.reverse();
    let from = title.iter().position(|word| !matches!(*word, "and" | "of" | "&"))?;
    Some(format!("{} Policy", title.get(from..)?.join(" ")))
}
