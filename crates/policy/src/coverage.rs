//! Which of Haven's controls answer which clause, and honestly how far each is built (G04).

use std::sync::LazyLock;

use crate::clause_order::natural;
use crate::model::{ClauseId, Pack};

/// One thing that Haven must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// Such as `F01`.
    pub id: &'static str,
    pub area: &'static str,
    pub name: &'static str,
    pub state: ControlState,
    /// The page, command or test that shows it; empty for one that is not built.
    pub shown_by: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlState {
    NotYet,
    Partly,
    Built,
}

impl ControlState {
    /// As people read it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotYet => "not yet",
            Self::Partly => "partly",
            Self::Built => "built",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "not-yet" => Some(Self::NotYet),
            "partly" => Some(Self::Partly),
            "built" => Some(Self::Built),
            _ => None,
        }
    }
}

/// Every control, in the order of `data/controls.tsv`.
#[must_use]
pub fn controls() -> &'static [Control] {
    static CONTROLS: LazyLock<Vec<Control>> =
        LazyLock::new(|| include_str!("../data/controls.tsv").lines().skip(1).filter_map(control_of).collect());
    &CONTROLS
}

/// A control by its id.
#[must_use]
pub fn control(id: &str) -> Option<&'static Control> {
    controls().iter().find(|control| control.id == id)
}

fn control_of(line: &'static str) -> Option<Control> {
    let mut cells = line.split('\t');
    Some(Control {
        id: cells.next()?,
        area: cells.next()?,
        name: cells.next()?,
        state: ControlState::parse(cells.next()?)?,
        shown_by: cells.next()?,
    })
}

/// What answers one clause. No rows means that the pack reads no duty out of it, which a page must say in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseCoverage {
    pub clause: ClauseId,
    pub title: String,
    pub rows: Vec<CoveredDuty>,
}

impl ClauseCoverage {
    /// The weakest state of the clause's duties; none if it has none.
    #[must_use]
    pub fn state(&self) -> Option<ControlState> {
        self.rows.iter().map(|row| row.state).min()
    }

    /// One sentence for a line or a heading: how many duties, and how far each is answered.
    #[must_use]
    pub fn summary(&self) -> String {
        if self.rows.is_empty() {
            return "No duty is read out of this clause.".to_owned();
        }
        let count = |state| self.rows.iter().filter(|row| row.state == state).count();
        let total = self.rows.len();
        format!(
            "{total} {}: {} built, {} partly, {} not yet.",
            if total == 1 { "duty" } else { "duties" },
            count(ControlState::Built),
            count(ControlState::Partly),
            count(ControlState::NotYet),
        )
    }
}

/// One duty and what Haven has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveredDuty {
    /// The row's id in `obligations.tsv`.
    pub id: String,
    pub duty: String,
    pub control: String,
    pub control_name: String,
    pub state: ControlState,
    /// What would show it, as the pack says.
    pub evidence: String,
    /// What shows it in Haven today; empty where nothing does.
    pub shown_by: String,
}

/// Every clause of the pack, 2 before 10, with the duties read out of it.
#[must_use]
pub fn coverage(pack: &Pack) -> Vec<ClauseCoverage> {
    let mut clauses: Vec<ClauseCoverage> = pack
        .clauses
        .values()
        .map(|clause| ClauseCoverage {
            clause: clause.id.clone(),
            title: clause.title.clone(),
            rows: duties_of(pack, &clause.id),
        })
        .collect();
    clauses.sort_by(|a, b| natural(&a.clause, &b.clause));
    clauses
}

fn duties_of(pack: &Pack, clause: &str) -> Vec<CoveredDuty> {
    let of_clause = pack.obligations.iter().filter(|obligation| obligation.clause == clause);
    of_clause
        .map(|obligation| {
            let control = control(&obligation.control);
            CoveredDuty {
                id: obligation.id.clone(),
                duty: obligation.duty.clone(),
                control: obligation.control.clone(),
                control_name: control.map_or("", |control| control.name).to_owned(),
                state: control.map_or(ControlState::NotYet, |control| control.state),
                evidence: obligation.evidence.clone(),
                shown_by: control.map_or("", |control| control.shown_by).to_owned(),
            }
        })
        .collect()
}
