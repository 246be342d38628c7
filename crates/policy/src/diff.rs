//! What a new version of a policy changes, in plain words, for whom (G01, G05).

mod filtering;
mod people;
mod procedures;
mod texts;

use crate::model::{ClauseId, Pack};

/// The part of the policy that a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeArea {
    Document,
    Filtering,
    Procedures,
    Agreements,
    Rights,
    Clocks,
    People,
    Clauses,
}

impl ChangeArea {
    /// As a heading.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Document => "The document",
            Self::Filtering => "Filtering",
            Self::Procedures => "Procedures",
            Self::Agreements => "Agreements",
            Self::Rights => "Who may do what",
            Self::Clocks => "Times and intervals",
            Self::People => "People and groups",
            Self::Clauses => "Clauses",
        }
    }
}

/// One thing that will be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub area: ChangeArea,
    /// Whom it touches, as people say it: `Learners under 18`, `Head of IT`, `everybody`.
    pub who: String,
    /// What will be otherwise, in one sentence.
    pub what: String,
    /// The clause of the new version, or of the old one where the thing is gone.
    pub clause: ClauseId,
}

/// Everything that `new` changes, by area. Nothing if the packs say the same.
#[must_use]
pub fn diff(old: &Pack, new: &Pack) -> Vec<Change> {
    let mut changes = Vec::new();
    texts::document(old, new, &mut changes);
    filtering::diff(old, new, &mut changes);
    procedures::diff(old, new, &mut changes);
    texts::agreements(old, new, &mut changes);
    people::rights(old, new, &mut changes);
    texts::clocks(old, new, &mut changes);
    people::diff(old, new, &mut changes);
    texts::clauses(old, new, &mut changes);
    changes
}

const EVERYBODY: &str = "everybody";

fn change(area: ChangeArea, who: impl Into<String>, what: impl Into<String>, clause: &str) -> Change {
    Change { area, who: who.into(), what: what.into(), clause: clause.to_owned() }
}

/// Each thing of either version once: (old, new), in the order of the new one, then what is gone.
fn pairs<'a, T>(old: &'a [T], new: &'a [T], id: impl Fn(&T) -> &str) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let mut pairs: Vec<(Option<&T>, Option<&T>)> =
        new.iter().map(|after| (old.iter().find(|before| id(before) == id(after)), Some(after))).collect();
    let gone = old.iter().filter(|before| !new.iter().any(|after| id(after) == id(before)));
    pairs.extend(gone.map(|before| (Some(before), None)));
    pairs
}

/// `X (was Y)`, or nothing if both are the same.
fn was(before: &str, after: &str) -> Option<String> {
    (before != after).then(|| format!("{after} (was {before})"))
}

/// `a, b and c`, or `none`.
fn listed(words: &[String]) -> String {
    match words {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
