//! What can go wrong with an action, in the few kinds that a person is shown differently.

use casework::Refusal;
use store::StoreError;
use store::vault::VaultError;

/// A fault at a field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub field: String,
    pub message: String,
}

/// Why an action did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// Absent, or not yours: the two cannot be told apart.
    #[error("not found")]
    NotFound,
    /// You may know of it, but may not do this.
    #[error("{sentence}")]
    Refused { sentence: String, citation: Option<String> },
    #[error("faults in the form")]
    Fault(Vec<Fault>),
    /// Somebody else changed it meanwhile.
    #[error("changed meanwhile")]
    Conflict,
    /// The person's case keys are not open in this session.
    #[error("keys are locked")]
    Locked,
    /// The database is away; nothing was lost, nothing was done.
    #[error("database away: {0}")]
    Away(String),
    /// A fault of ours; the cause is for the log.
    #[error("broken: {0}")]
    Broken(String),
}

impl ActionError {
    #[must_use]
    pub fn refused(sentence: &str) -> Self {
        Self::Refused { sentence: sentence.to_owned(), citation: None }
    }

    #[must_use]
    pub fn fault(field: &str, message: &str) -> Self {
        Self::Fault(vec![Fault { field: field.to_owned(), message: message.to_owned() }])
    }
}

impl From<StoreError> for ActionError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away(cause) => Self::Away(cause),
            StoreError::Busy => Self::Away("busy".to_owned()),
            StoreError::Conflict => Self::Conflict,
            StoreError::Nul => Self::fault("", "This text holds a character that cannot be kept."),
            StoreError::WrongPermit => Self::NotFound,
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<VaultError> for ActionError {
    fn from(error: VaultError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<Refusal> for ActionError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // INVARIANT 11: for the conflicted and for strangers the case does not exist.
            Refusal::Conflicted(_) | Refusal::NotTeam => Self::NotFound,
            Refusal::NoRight { sentence } => Self::Refused { sentence, citation: None },
        }
    }
}

impl From<casework::step::StepRefusal> for ActionError {
    fn from(refusal: casework::step::StepRefusal) -> Self {
        use casework::step::StepRefusal;
        let field = match refusal {
            StepRefusal::NoNote => "note",
            StepRefusal::NoOption => "option",
            StepRefusal::Before(_) => "gate_reason",
            StepRefusal::Unknown => return Self::NotFound,
            _ => "",
        };
        Self::fault(field, &refusal.to_string())
    }
}
