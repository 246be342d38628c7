//! The document as a document: the dates, owners, approvals and versions that its source states, and where each line stands.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::model::{ClauseId, CodeId, PostId};

/// A line of a file in the pack folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path inside the pack folder, with `/`.
    pub file: String,
    /// From 1; 0 where the whole file or a missing file is meant.
    pub line: usize,
}

/// What [`crate::lint()`] judges. Nothing here has an effect on a person.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The clause that states owner, dates and version.
    pub clause: ClauseId,
    pub revised_on: Option<Date>,
    pub approved_on: Option<Date>,
    /// As the source writes it: a day (`2024-07-31`) or only a month (`2024-07`).
    pub next_review: Option<NextReview>,
    /// Every place in the source that names an owner.
    pub owners_named: Vec<OwnerNamed>,
    /// Every body that the source says approved it.
    pub approvers: Vec<Approver>,
    /// The source's own version table.
    pub versions: Vec<Version>,
    /// Where the source is silent or contradicts itself, and what the pack does.
    pub choices: Vec<Choice>,
    /// Defects that only a reader can tell.
    pub defects: Vec<Defect>,
    /// Codes that the pack's writer marks as too broad, with the reason.
    pub broad: BTreeMap<CodeId, String>,
    /// The number that a clause carries in its source, where its heading shows one.
    pub clause_numbers: BTreeMap<ClauseId, String>,
    /// Line of the first line of a clause's text.
    pub clause_text_from: BTreeMap<ClauseId, usize>,
    pub(crate) places: BTreeMap<(String, String), Place>,
}

impl Document {
    /// Where a thing was defined: `place("post", "head-of-it")`, `place("step", "prevent/assess")`,
    /// `place("pack", "next_review")`. Line 0 of `pack.toml` if it is nowhere.
    #[must_use]
    pub fn place(&self, kind: &str, id: &str) -> Place {
        self.places
            .get(&(kind.to_owned(), id.to_owned()))
            .cloned()
            .unwrap_or_else(|| Place { file: "pack.toml".to_owned(), line: 0 })
    }

    pub(crate) fn set_place(&mut self, kind: &str, id: &str, place: Place) {
        self.places.entry((kind.to_owned(), id.to_owned())).or_insert(place);
    }
}

/// When the source says that the policy is next reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextReview {
    Day(Date),
    /// First and last day of the month.
    Month {
        first: Date,
        last: Date,
    },
}

impl NextReview {
    /// Reads `2024-07-31` or `2024-07`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(day) = crate::read::parse_date(text) {
            return Some(Self::Day(day));
        }
        let first = crate::read::parse_date(&format!("{text}-01"))?;
        Some(Self::Month { first, last: first.last_of_month() })
    }

    /// The last day on which the review would still be in time.
    #[must_use]
    pub fn latest(self) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Month { last, .. } => last,
        }
    }
}

#[derive(Debug, Clone)]
pub struct OwnerNamed {
    pub post: PostId,
    pub clause: ClauseId,
    pub place: Place,
}

#[derive(Debug, Clone)]
pub struct Approver {
    pub post: PostId,
    pub clause: ClauseId,
    /// A signature stands on the document.
    pub recorded: bool,
    pub place: Place,
}

#[derive(Debug, Clone)]
pub struct Version {
    pub version: String,
    pub on: Date,
    pub summary: String,
    pub place: Place,
}

#[derive(Debug, Clone)]
pub struct Choice {
    pub about: String,
    pub choice: String,
    pub clause: ClauseId,
    pub place: Place,
}

#[derive(Debug, Clone)]
pub struct Defect {
    pub about: String,
    pub clause: ClauseId,
    pub mend: String,
    pub place: Place,
}
