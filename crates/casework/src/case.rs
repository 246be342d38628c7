//! A case: one concern about one person, from its unassessed beginning to its closing, under the policy it began with.

use jiff::Timestamp;
use policy::{About, Calendar, Citation, Grade, Pack, Procedure};
use serde::{Deserialize, Serialize};

use crate::step::{self, StepFacts};

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// Nobody has judged it yet: no label, no register, nothing outside (S-5).
    Unassessed,
    Open,
    Closed,
    /// Judged to be nothing: its content and its tie to the person are gone.
    FalseAlarm,
}

impl CaseState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unassessed => "unassessed",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::FalseAlarm => "false-alarm",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "unassessed" => Some(Self::Unassessed),
            "open" => Some(Self::Open),
            "closed" => Some(Self::Closed),
            "false-alarm" => Some(Self::FalseAlarm),
            _ => None,
        }
    }
}

/// How a case came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    Alert,
    Report,
    Anonymous,
    Accident,
}

impl Source {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Report => "report",
            Self::Anonymous => "anonymous",
            Self::Accident => "accident",
        }
    }
}

/// The unsealed part of a case that deciding needs.
#[derive(Debug, Clone)]
pub struct CaseFacts {
    pub state: CaseState,
    pub about: About,
    pub opened_at: Timestamp,
    pub acknowledged_at: Option<Timestamp>,
    pub steps: Vec<StepFacts>,
}

/// A case as it begins: purely worked out, then kept in one transaction.
#[derive(Debug, Clone)]
pub struct Opening {
    pub procedure: String,
    pub state: CaseState,
    pub acknowledge_due_at: Timestamp,
    pub steps: Vec<StepFacts>,
    pub citation: Citation,
}

/// Begins a procedure. None only if the pack lacks the procedure's clause, which `policy::read` refuses.
#[must_use]
pub fn open(pack: &Pack, procedure: &Procedure, now: Timestamp) -> Option<Opening> {
    Some(Opening {
        procedure: procedure.id.clone(),
        state: CaseState::Unassessed,
        acknowledge_due_at: pack.calendar.due(now, procedure.acknowledge_within),
        steps: step::begin(procedure, &pack.calendar, now),
        citation: pack.cite(&procedure.clause)?,
    })
}

/// When the next in order is told, if the one before stays silent: again the procedure's time from now.
#[must_use]
pub fn next_chase(calendar: &Calendar, procedure: &Procedure, now: Timestamp) -> Timestamp {
    calendar.due(now, procedure.acknowledge_within)
}

/// What a named person judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assessment {
    Concern,
    FalseAlarm,
    /// More must be known first; the case stays unassessed and its clock runs on.
    NeedsMore,
}

/// Why an assessment is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssessRefusal {
    #[error("Someone has already judged this.")]
    AlreadyAssessed,
    #[error("Write down your reasons. One sentence is enough.")]
    NoReasons,
}

/// The state after an assessment.
pub fn assess(facts: &CaseFacts, assessment: Assessment, reasons: &str) -> Result<CaseState, AssessRefusal> {
    if facts.state != CaseState::Unassessed {
        return Err(AssessRefusal::AlreadyAssessed);
    }
    if reasons.trim().is_empty() {
        return Err(AssessRefusal::NoReasons);
    }
    Ok(match assessment {
        Assessment::Concern => CaseState::Open,
        Assessment::FalseAlarm => CaseState::FalseAlarm,
        Assessment::NeedsMore => CaseState::Unassessed,
    })
}

/// A grade in one plain word.
#[must_use]
pub fn grade_word(grade: Grade) -> &'static str {
    match grade {
        Grade::Low => "low",
        Grade::Medium => "medium",
        Grade::High => "high",
    }
}
