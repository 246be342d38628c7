//! Clause numbers that are used twice or left out, and headings that stand twice.

use std::collections::BTreeMap;

use super::finding;
use crate::clause_order::natural;
use crate::model::{Clause, Pack};
use crate::problem::Problem;

pub(super) fn check(pack: &Pack, problems: &mut Vec<Problem>) {
    let mut clauses: Vec<&Clause> = pack.clauses.values().collect();
    clauses.sort_by(|a, b| natural(&a.id, &b.id));
    doubled_numbers(pack, &clauses, problems);
    gaps(pack, &clauses, problems);
    doubled_titles(pack, &clauses, problems);
}

/// The number that the source prints: that of the heading, or else the id where that is a number.
fn number<'a>(pack: &'a Pack, clause: &'a Clause) -> Option<&'a str> {
    let of_heading = pack.document.clause_numbers.get(&clause.id).map(String::as_str);
    of_heading.or_else(|| clause.id.split('.').all(|piece| piece.parse::<u32>().is_ok()).then_some(clause.id.as_str()))
}

fn doubled_numbers(pack: &Pack, clauses: &[&Clause], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<&str, &Clause> = BTreeMap::new();
    for clause in clauses {
        let Some(number) = number(pack, clause) else { continue };
        if let Some(first) = seen.get(number) {
            let message = format!("Two sections are numbered {number}: \"{}\" and \"{}\".", first.title, clause.title);
            let mend = "Give the second the next number, and check every reference to the sections after it.";
            problems.push(finding(pack.document.place("clause", &clause.id), &clause.id, message, mend));
        } else {
            seen.insert(number, clause);
        }
    }
}

/// 7.1 and 7.3 without 7.2.
fn gaps(pack: &Pack, clauses: &[&Clause], problems: &mut Vec<Problem>) {
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    for clause in clauses {
        let Some(number) = number(pack, clause) else { continue };
        let (parent, own) = number.rsplit_once('.').unwrap_or(("", number));
        let Ok(own) = own.parse::<u32>() else { continue };
        let before = last.insert(parent, own).unwrap_or(0);
        if own > before + 1 {
            let dot = if parent.is_empty() { "" } else { "." };
            let message = if own == before + 2 {
                format!("There is no section {parent}{dot}{}.", before + 1)
            } else {
                format!("There are no sections {parent}{dot}{} to {parent}{dot}{}.", before + 1, own - 1)
            };
            let mend = "Renumber the sections, or say what became of the missing one.";
            problems.push(finding(pack.document.place("clause", &clause.id), &clause.id, message, mend));
        }
    }
}

fn doubled_titles(pack: &Pack, clauses: &[&Clause], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<String, &Clause> = BTreeMap::new();
    for clause in clauses {
        if let Some(first) = seen.get(&clause.title.to_lowercase()) {
            let message =
                format!("\"{}\" stands under clause {} and under clause {}.", clause.title, first.id, clause.id);
            let mend = "Define it once and refer to it from the other place.";
            problems.push(finding(pack.document.place("clause", &clause.id), &clause.id, message, mend));
        } else {
            seen.insert(clause.title.to_lowercase(), clause);
        }
    }
}
