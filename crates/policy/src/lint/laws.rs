//! Laws that are misnamed, misdated, repealed, cannot be traced, or are relied on without being listed (G08).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::civil::Date;

use super::finding;
use super::words::{Word, find, lower_words, words_of};
use crate::document::Place;
use crate::model::{Clause, Law, Pack};
use crate::problem::Problem;

/// Most letters by which a name may differ from a known act and still be taken for it.
const NAME_SLIP_LETTERS: usize = 4;

/// Month in which yearly guidance is renewed.
const RENEWAL_MONTH: i8 = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    InForce,
    Repealed,
    Replaced,
    Untraceable,
    Guidance,
    /// Renewed each September, so that an edition must be named.
    GuidanceYearly,
}

/// A row of `data/laws.tsv`.
#[derive(Debug)]
struct Known {
    title: &'static str,
    words: Vec<String>,
    short: Vec<String>,
    year: Option<i16>,
    state: State,
    note: &'static str,
}

impl Known {
    fn shown(&self) -> String {
        self.year.map_or_else(|| self.title.to_owned(), |year| format!("{} {year}", self.title))
    }
}

fn known() -> &'static [Known] {
    static KNOWN: LazyLock<Vec<Known>> =
        LazyLock::new(|| include_str!("../../data/laws.tsv").lines().skip(1).filter_map(known_of).collect());
    &KNOWN
}

fn known_of(line: &'static str) -> Option<Known> {
    let mut cells = line.split('\t');
    let title = cells.next()?;
    let year = cells.next()?.parse().ok();
    let state = match cells.next()? {
        "in-force" => State::InForce,
        "repealed" => State::Repealed,
        "replaced" => State::Replaced,
        "untraceable" => State::Untraceable,
        "guidance" => State::Guidance,
        "guidance-yearly" => State::GuidanceYearly,
        _ => return None,
    };
    let short = lower_words(cells.next()?);
    Some(Known { title, words: lower_words(title), short, year, state, note: cells.next()? })
}

pub(super) fn check(pack: &Pack, today: Date, problems: &mut Vec<Problem>) {
    for law in &pack.laws {
        let place = pack.document.place("law", &law.title);
        if let Some((message, mend)) = fault_of(law, today) {
            problems.push(finding(place, &law.clause, message, mend));
        }
    }
    relied_on(pack, problems);
    old_principles(pack, problems);
}

/// The words of a title up to its `Act`, without section numbers and years, and the year if the title ends with one.
fn name_of(law: &Law) -> (Vec<String>, Option<i16>) {
    let mut words = lower_words(&law.title);
    let year_in_title = words.iter().filter_map(|word| word.parse().ok()).find(|year| (1200..3000).contains(year));
    if let Some(end) = words.iter().position(|word| word == "act") {
        words.truncate(end + 1);
    } else {
        words.retain(|word| word.parse::<i16>().is_err());
    }
    (words, law.year.or(year_in_title))
}

fn fault_of(law: &Law, today: Date) -> Option<(String, String)> {
    let (name, year) = name_of(law);
    let same_name: Vec<&Known> = known()
        .iter()
        .filter(|known| known.words == name || (!known.short.is_empty() && known.short == name))
        .collect();
    if same_name.is_empty() {
        return Some(unknown(law, &name, year));
    }
    let Some(match_of_year) =
        same_name.iter().find(|known| known.year == year || known.year.is_none() || year.is_none())
    else {
        let right = same_name.iter().filter(|known| known.state == State::InForce).collect::<Vec<_>>();
        let shown: Vec<String> = right.iter().map(|known| known.shown()).collect();
        let message = format!("There is no {} of {}.", law.title, year.unwrap_or_default());
        return Some((
            message,
            format!("Write {}.", if shown.is_empty() { same_name.first()?.shown() } else { shown.join(" or ") }),
        ));
    };
    match match_of_year.state {
        State::InForce | State::Guidance => None,
        // Without a year the one that stands is meant.
        State::Repealed if year.is_none() && same_name.iter().any(|known| known.state == State::InForce) => None,
        State::Repealed => Some((format!("The {} has been repealed.", match_of_year.shown()), replaced(match_of_year))),
        State::Replaced => Some((
            format!("The {} is not the law of this country any more.", match_of_year.title),
            replaced(match_of_year),
        )),
        State::Untraceable => Some((format!("No {} can be traced.", match_of_year.shown()), replaced(match_of_year))),
        State::GuidanceYearly => edition(match_of_year, year, today),
    }
}

fn replaced(known: &Known) -> String {
    format!("Cite what applies today: {}.", known.note)
}

fn edition(known: &Known, year: Option<i16>, today: Date) -> Option<(String, String)> {
    let current = if today.month() >= RENEWAL_MONTH { today.year() } else { today.year() - 1 };
    let mend = format!(
        "Name the edition that the policy was checked against; it is renewed each September, last in {current}."
    );
    match year {
        None => Some((format!("\"{}\" is cited without its edition.", known.title), mend)),
        Some(year) if year < current => Some((format!("\"{}\" is cited in its edition of {year}.", known.title), mend)),
        Some(_) => None,
    }
}

fn unknown(law: &Law, name: &[String], year: Option<i16>) -> (String, String) {
    let shown = year.map_or_else(|| law.title.clone(), |year| format!("{} {year}", law.title));
    let name = name.join(" ");
    let near = known()
        .iter()
        .filter(|known| year.is_none() || known.year == year)
        .map(|known| (letters_apart(&known.words.join(" "), &name), known))
        .min_by_key(|(apart, _)| *apart)
        .filter(|(apart, _)| *apart <= NAME_SLIP_LETTERS);
    match near {
        Some((_, known)) => (format!("The {shown} is misnamed."), format!("Write {}.", known.shown())),
        None => (
            format!("The {shown} cannot be traced in Haven's table of laws and guidance."),
            "Check name and year; correct them, or tell us to add it to the table.".to_owned(),
        ),
    }
}

/// Fewest letters to put in, take out or change to turn one text into the other.
fn letters_apart(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (index, left) in a.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        let mut next = vec![before];
        for (right, above) in b.chars().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(left != right)).min(above + 1).min(before + 1);
            diagonal = *above;
            before = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// Laws and guidance that a clause speaks of, and the document's list does not hold.
fn relied_on(pack: &Pack, problems: &mut Vec<Problem>) {
    let listed: Vec<Vec<String>> = pack.laws.iter().map(|law| name_of(law).0).collect();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    // Longest first, so that the Malicious Communications Act is not also taken for the Communications Act.
    let mut longest_first: Vec<&Known> = known().iter().collect();
    longest_first.sort_by_key(|known| std::cmp::Reverse(known.words.len()));
    for clause in pack.clauses.values() {
        let words = words_of(pack, clause);
        let mut taken = vec![false; words.len()];
        for known in &longest_first {
            let Some(place) = first_mention(&words, &mut taken, known) else { continue };
            let is_listed =
                listed.iter().any(|name| *name == known.words || (!known.short.is_empty() && *name == known.short));
            if !is_listed && told.insert(known.title) {
                problems.push(unlisted(known, clause, place));
            }
        }
    }
}

fn unlisted(known: &Known, clause: &Clause, place: Place) -> Problem {
    let message =
        format!("The clause relies on \"{}\", which is not in the document's list of laws and guidance.", known.title);
    finding(place, &clause.id, message, "Add it to the list, with its year or edition.")
}

fn first_mention(words: &[Word<'_>], taken: &mut [bool], known: &Known) -> Option<Place> {
    let mut first = None;
    for phrase in [&known.words, &known.short] {
        for index in find(words, phrase) {
            let cells = taken.get_mut(index..index + phrase.len())?;
            if cells.iter().any(|cell| *cell) {
                continue;
            }
            cells.fill(true);
            first = first.or_else(|| words.get(index).map(|word| word.place.clone()));
        }
    }
    first
}

/// The Act of 1998 had eight data-protection principles; the law since 2018 has seven.
fn old_principles(pack: &Pack, problems: &mut Vec<Problem>) {
    for clause in pack.clauses.values() {
        let words = words_of(pack, clause);
        let found = words.iter().enumerate().find(|(index, word)| {
            matches!(word.lower.as_str(), "eight" | "8")
                && words
                    .iter()
                    .skip(index + 1)
                    .take(4)
                    .any(|near| matches!(near.lower.as_str(), "principle" | "principles" | "principals"))
        });
        if let Some((_, word)) = found {
            let message =
                "Eight data-protection principles belong to the Data Protection Act 1998, which has been repealed.";
            let mend = "Cite the seven principles of the UK GDPR, transparency and accountability among them.";
            problems.push(finding(word.place.clone(), &clause.id, message, mend));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(title: &str, year: Option<i16>) -> Option<String> {
        let law = Law { title: title.to_owned(), year, clause: "8".to_owned() };
        fault_of(&law, jiff::civil::date(2026, 11, 22)).map(|(message, mend)| format!("{message} {mend}"))
    }

    #[test]
    fn g03_a_law_that_is_right_is_left_alone() {
        for (title, year) in [
            ("Sexual Offences Act", 2003),
            ("Racial & Religious Hatred Act", 2006),
            ("Computer Misuse Act (s1-3)", 1990),
            ("Obscene Publications Act 1959 & 1964", 1959),
            ("Data Protection Act 2018 (GDPR)", 2018),
            ("Keeping children safe in education", 2026),
            ("KCSIE", 2026),
        ] {
            assert_eq!(fault(title, Some(year)), None, "{title}");
        }
        assert_eq!(fault("Data Protection Act", None), None);
        assert_eq!(fault("Data Protection Act 2018", None), None);
    }

    #[test]
    fn g03_a_law_that_is_wrong_is_put_right() {
        for (title, year, expected) in [
            (
                "Malicious Communications Act",
                Some(2003),
                "There is no Malicious Communications Act of 2003. Write Malicious Communications Act 1988.",
            ),
            (
                "Malicious Communications Act 2003",
                None,
                "There is no Malicious Communications Act 2003 of 2003. Write Malicious Communications Act 1988.",
            ),
            (
                "Regulatory of Investigatory Powers Act",
                Some(2000),
                "The Regulatory of Investigatory Powers Act 2000 is misnamed. Write Regulation of Investigatory Powers Act 2000.",
            ),
            (
                "Copyright, Design & Patents Act",
                Some(1988),
                "The Copyright, Design & Patents Act 1988 is misnamed. Write Copyright, Designs and Patents Act 1988.",
            ),
            (
                "Data Protection Act",
                Some(1998),
                "The Data Protection Act 1998 has been repealed. Cite what applies today: the Data Protection Act 2018 stands in its place.",
            ),
            (
                "GDPR",
                None,
                "The General Data Protection Regulation is not the law of this country any more. Cite what applies today: in the UK the UK GDPR has stood in its place since 1 January 2021.",
            ),
            (
                "Child Protection Act",
                Some(2003),
                "No Child Protection Act 2003 can be traced. Cite what applies today: the Children Act 1989 or 2004, or the Sexual Offences Act 2003, may be meant.",
            ),
            (
                "Safe Gardens Act",
                Some(1901),
                "The Safe Gardens Act 1901 cannot be traced in Haven's table of laws and guidance. Check name and year; correct them, or tell us to add it to the table.",
            ),
            (
                "KCSIE",
                None,
                "\"Keeping children safe in education\" is cited without its edition. Name the edition that the policy was checked against; it is renewed each September, last in 2026.",
            ),
        ] {
            assert_eq!(fault(title, year).as_deref(), Some(expected));
        }
    }

    #[test]
    fn the_table_of_laws_is_whole() {
        let lines = include_str!("../../data/laws.tsv").lines().count();
        assert_eq!(known().len(), lines - 1);
        for known in known()
            .iter()
            .filter(|known| !matches!(known.state, State::InForce | State::Guidance | State::GuidanceYearly))
        {
            assert!(!known.note.is_empty(), "{}", known.title);
        }
    }
}
