//! What people do about a concern: how a case begins, who may hold it, which step is next, when it is late, and what may leave.
//!
//! Pure: no storage, no clock, no randomness. Every answer is worked out from the pack, the case and the moment handed in.

pub mod access;
pub mod alert;
pub mod audit;
pub mod case;
pub mod concern;
pub mod conflict;
pub mod deadline;
pub mod notice;
pub mod referral;
pub mod route;
pub mod step;

pub use access::{Permit, Refusal};
pub use case::{Assessment, CaseFacts, CaseState, Source};
pub use step::{StepFacts, StepStatus};
