//! While a pack is read: the problems found so far, what was defined where, and what was referred to where.

use std::cell::{Cell, RefCell};

use crate::document::Place;
use crate::problem::{Problem, Severity};

/// What an id can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Clause,
    Post,
    Population,
    Group,
    Agency,
    Area,
    Code,
    Profile,
    Rule,
    Trigger,
    Procedure,
    Step,
    StepOption,
    Referral,
    Outcome,
    Agreement,
    Clock,
    Obligation,
}

impl Kind {
    /// As problems and [`crate::Document::place`] say it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Clause => "clause",
            Self::Post => "post",
            Self::Population => "population",
            Self::Group => "group",
            Self::Agency => "agency",
            Self::Area => "area",
            Self::Code => "code",
            Self::Profile => "profile",
            Self::Rule => "rule",
            Self::Trigger => "trigger",
            Self::Procedure => "procedure",
            Self::Step => "step",
            Self::StepOption => "option",
            Self::Referral => "referral",
            Self::Outcome => "outcome",
            Self::Agreement => "agreement",
            Self::Clock => "clock",
            Self::Obligation => "obligation",
        }
    }

    /// Where a reader would add a missing one.
    pub(super) fn home(self) -> &'static str {
        match self {
            Self::Clause => "a file in clauses/",
            Self::Post | Self::Population | Self::Group | Self::Agency => "pack.toml",
            Self::Area | Self::Code => "vocabulary.toml",
            Self::Profile | Self::Rule | Self::Trigger => "filtering.toml",
            Self::Procedure => "a file in procedures/",
            Self::Step | Self::StepOption | Self::Referral | Self::Outcome => "this procedure",
            Self::Agreement => "a file in agreements/",
            Self::Clock => "clocks.toml",
            Self::Obligation => "obligations.tsv",
        }
    }
}

/// An id at its place. Steps and other parts of a procedure carry it in front: `prevent/assess`.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) place: Place,
    pub(super) clause: String,
}

impl Named {
    /// The id without the procedure in front.
    pub(super) fn short(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or(&self.id)
    }
}

#[derive(Debug, Default)]
pub(super) struct Log {
    problems: RefCell<Vec<Problem>>,
    defined: RefCell<Vec<Named>>,
    referred: RefCell<Vec<Named>>,
    places: RefCell<Vec<(&'static str, String, Place)>>,
    /// A file could not be read at all, so that what it defines is not known.
    unreadable: Cell<bool>,
}

impl Log {
    pub(super) fn error(&self, place: Place, clause: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            severity: Severity::Error,
            file: place.file,
            line: place.line,
            clause: clause.to_owned(),
            message: message.into(),
            mend: mend.into(),
        });
    }

    pub(super) fn define(&self, kind: Kind, id: &str, place: Place, clause: &str) {
        self.defined.borrow_mut().push(Named { kind, id: id.to_owned(), place, clause: clause.to_owned() });
    }

    pub(super) fn refer(&self, kind: Kind, id: &str, place: Place, clause: &str) {
        self.referred.borrow_mut().push(Named { kind, id: id.to_owned(), place, clause: clause.to_owned() });
    }

    /// Remembers the line of something that has no id of its own.
    pub(super) fn place(&self, kind: &'static str, id: &str, place: Place) {
        self.places.borrow_mut().push((kind, id.to_owned(), place));
    }

    /// What the file defines is not known. Some files define nothing that others refer to: those do not count.
    pub(super) fn mark_unreadable(&self, file: &str) {
        if !matches!(file, "rights.toml" | "clocks.toml" | "obligations.tsv") && !file.starts_with("examples/") {
            self.unreadable.set(true);
        }
    }

    pub(super) fn is_unreadable(&self) -> bool {
        self.unreadable.get()
    }

    pub(super) fn defined(&self) -> Vec<Named> {
        self.defined.borrow().clone()
    }

    pub(super) fn referred(&self) -> Vec<Named> {
        self.referred.borrow().clone()
    }

    pub(super) fn places(&self) -> Vec<(&'static str, String, Place)> {
        self.places.borrow().clone()
    }

    /// The problems in the order of file and line.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        problems
    }
}
