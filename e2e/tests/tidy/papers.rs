//! The papers tell the truth: the map, the invariants and their tests, the decisions, the words and the safety rules.

use std::collections::{BTreeMap, BTreeSet};

use crate::house::{files, read, refuse, root, rust_files};
use crate::rooms;

const INVARIANTS: usize = 12;
const SAFETY_RULES: usize = 10;

/// The parts that every decision has, in this order.
const DECISION_PARTS: [&str; 4] = ["## Chosen", "## Turned down", "## Why", "## How it can be changed"];

/// The text under a `## ` heading, up to the next one.
fn section(text: &str, heading: &str) -> String {
    let below =
        text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("there is no part `{heading}`")).1;
    below.split_once("\n## ").map_or(below, |(part, _)| part).to_owned()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_map_shows_every_room_and_folder_and_no_other() {
    let map = section(&read("ARCHITECTURE.md"), "The map");
    let shown: BTreeSet<String> =
        quoted(&map).into_iter().filter(|name| name.ends_with('/')).map(str::to_owned).collect();
    let mut there: BTreeSet<String> =
        rooms::names()
            .into_iter()
            .map(|name| {
                if rooms::BESIDE_CRATES.contains(&name.as_str()) {
                    format!("{name}/")
                } else {
                    format!("crates/{name}/")
                }
            })
            .collect();
    there.extend(
        files()
            .iter()
            .filter_map(|path| path.split_once('/'))
            .map(|(top, _)| format!("{top}/"))
            .filter(|top| top != "crates/" && !top.starts_with('.')),
    );
    let missing = there.difference(&shown).map(|name| format!("{name} is not on the map"));
    let gone = shown
        .iter()
        .filter(|name| !there.contains(*name) && !root().join(name).is_dir())
        .map(|name| format!("{name} is on the map and not there"));
    refuse("ARCHITECTURE.md, The map:", &missing.chain(gone).collect::<Vec<_>>());
}

#[test]
fn every_invariant_is_listed_and_the_tests_it_names_exist() {
    let part = section(&read("ARCHITECTURE.md"), "Invariants");
    for number in 1..=INVARIANTS {
        assert!(part.contains(&format!("\n{number}. ")), "invariant {number} is not listed");
    }
    let code: String = rust_files().iter().map(|path| read(path)).collect();
    let is_test = |name: &str| {
        name.contains('_')
            && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    let found: Vec<String> = quoted(&part)
        .into_iter()
        .filter(|name| is_test(name) && !code.contains(&format!("fn {name}(")))
        .map(str::to_owned)
        .collect();
    refuse("ARCHITECTURE.md names tests that do not exist:", &found);
}

#[test]
fn decisions_are_numbered_without_gaps_and_have_all_their_parts() {
    let decisions: Vec<String> = files().into_iter().filter(|path| path.starts_with("docs/decisions/")).collect();
    assert!(!decisions.is_empty(), "there are no decisions");
    for (index, path) in decisions.iter().enumerate() {
        let number = format!("{:04}", index + 1);
        assert!(path.starts_with(&format!("docs/decisions/{number}-")), "{path} should be number {number}");
        let text = read(path);
        assert!(text.starts_with(&format!("# {number}. ")), "{path} opens with its number and title");
        let places: Vec<Option<usize>> = DECISION_PARTS.iter().map(|part| text.find(&format!("\n{part}\n"))).collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{path} has the parts {DECISION_PARTS:?} in this order"
        );
    }
}

#[test]
fn every_word_has_one_meaning_and_stands_in_its_place() {
    let text = read("docs/words.md");
    let entries: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**: ")).collect();
    assert!(entries.len() > 40, "the entries of docs/words.md are lines like `- **word**: meaning`");
    let mut found = Vec::new();
    for pair in entries.windows(2) {
        let (before, after) = (pair[0].0.to_lowercase(), pair[1].0.to_lowercase());
        if before >= after {
            found.push(format!("`{after}` after `{before}`: twice, or out of order"));
        }
    }
    found.extend(
        entries
            .iter()
            .filter(|(_, meaning)| meaning.split(' ').count() < 4)
            .map(|(word, _)| format!("`{word}` has no meaning")),
    );
    refuse("docs/words.md:", &found);
}

#[test]
fn every_safety_rule_is_published_with_the_sentence_that_pages_show() {
    let published = read("docs/safety-rules.md");
    let shown: Vec<String> = read("crates/policy/src/safety.rs")
        .lines()
        .filter_map(|line| Some(line.split_once("=> \"")?.1.strip_suffix("\",")?.to_owned()))
        .collect();
    assert_eq!(shown.len(), SAFETY_RULES, "crates/policy/src/safety.rs gives one sentence a rule");
    for (index, sentence) in shown.iter().enumerate() {
        let rule = published
            .split_once(&format!("\n## S-{}. ", index + 1))
            .unwrap_or_else(|| panic!("S-{} is not published", index + 1))
            .1;
        let rule = rule.split("\n## ").next().unwrap_or(rule);
        assert!(rule.contains(sentence), "S-{}: docs/safety-rules.md does not say \"{sentence}\"", index + 1);
    }
}

#[test]
fn links_between_papers_lead_somewhere() {
    let mut found = Vec::new();
    for path in files().into_iter().filter(|path| path.ends_with(".md") && !path.starts_with("packs/")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (target, before) in links(&read(&path)) {
            let outside = target.contains("://") || target.starts_with('#') || target.starts_with("mailto:");
            let file = target.split('#').next().unwrap_or_default();
            if !outside && !before.ends_with('!') && !root().join(folder).join(file).exists() {
                found.push(format!("{path}: {target}"));
            }
        }
    }
    refuse("These links lead nowhere:", &found);
}

/// Each `[text](target)` with what stands before its bracket.
fn links(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("](") {
        let before = &text[..at];
        let start = before.rfind('[').unwrap_or(at);
        if let Some((target, _)) = text[at + 2..].split_once(')') {
            found.push((target.to_owned(), before[..start].to_owned()));
        }
    }
    found
}

/// The control that a test's name begins with (`f05_...` is F05), if it begins with one.
fn control_of(name: &str) -> Option<String> {
    let name = name.strip_prefix("long_").unwrap_or(name);
    let (number, _) = name.split_once('_')?;
    let mut letters = number.chars();
    let (letter, rest) = (letters.next()?, letters.as_str());
    let is_number = rest.len() == 2 && rest.chars().all(|digit| digit.is_ascii_digit());
    (letter.is_ascii_lowercase() && is_number && number != "s10").then(|| number.to_ascii_uppercase())
}

#[test]
fn a_test_is_named_after_a_control_that_exists_and_is_said_to_exist() {
    let table = read("crates/policy/data/controls.tsv");
    let states: BTreeMap<&str, &str> = table
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            Some((*cells.first()?, *cells.get(3)?))
        })
        .collect();
    let mut found = Vec::new();
    for path in rust_files().into_iter().filter(|path| !path.starts_with("benches/")) {
        let text = read(&path);
        let names = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        let controls: BTreeSet<String> = names.filter_map(control_of).collect();
        for control in controls {
            match states.get(control.as_str()) {
                None => found.push(format!("{path}: there is no control {control}")),
                Some(&"not-yet") => found.push(format!("{path}: tests {control}, which is said not to be built yet")),
                Some(_) => {}
            }
        }
    }
    refuse("Names of tests and the table of controls disagree:", &found);
}
