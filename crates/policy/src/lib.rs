//! What the organisation has written: a policy pack, read, checked and turned into values that the rest of Haven can act on.
//!
//! Pure: no file, no clock, no randomness. A caller hands in the texts of a pack's files and gets back either a [`Pack`]
//! or the list of problems, each with file, line and a way to mend it.

pub mod citation;
pub mod clause_order;
pub mod clock;
pub mod coverage;
pub mod diff;
pub mod document;
pub mod example;
pub mod html;
pub mod lint;
pub mod model;
mod nothing;
pub mod problem;
pub mod read;
pub mod safety;

pub use citation::Citation;
pub use clock::{Calendar, Span, human_due, human_moment};
pub use coverage::{ClauseCoverage, Control, ControlState, CoveredDuty, controls, coverage};
pub use diff::{Change, ChangeArea, diff};
pub use document::{Document, Place};
pub use html::html;
pub use lint::lint;
pub use model::*;
pub use problem::{Problem, Severity};
pub use read::{Reading, read};
pub use safety::SafetyRule;
