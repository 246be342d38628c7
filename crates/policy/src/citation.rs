//! A citation is the reason that Haven gives for everything it does to a person: a clause of the policy, or one of Haven's own safety rules.

use std::fmt;

use crate::safety::SafetyRule;

/// Why something was done. It can only be got from a [`crate::Pack`] that really has the clause, or from a [`SafetyRule`],
/// so that no page, block or step can show a clause which the organisation never wrote (invariant 1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Citation(Source);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    Clause { pack: String, digest: String, clause: String },
    Safety(SafetyRule),
}

impl Citation {
    /// INVARIANT: only `Pack::cite` calls this, after it has found the clause.
    pub(crate) fn clause(pack: &str, digest: &str, clause: &str) -> Self {
        Self(Source::Clause { pack: pack.to_owned(), digest: digest.to_owned(), clause: clause.to_owned() })
    }

    /// Haven's own rule, shown as Haven's.
    #[must_use]
    pub fn safety(rule: SafetyRule) -> Self {
        Self(Source::Safety(rule))
    }

    /// The clause id (`7.1`), or none for a safety rule.
    #[must_use]
    pub fn clause_id(&self) -> Option<&str> {
        match &self.0 {
            Source::Clause { clause, .. } => Some(clause),
            Source::Safety(_) => None,
        }
    }

    /// The safety rule, or none for a clause.
    #[must_use]
    pub fn safety_rule(&self) -> Option<SafetyRule> {
        match &self.0 {
            Source::Clause { .. } => None,
            Source::Safety(rule) => Some(*rule),
        }
    }

    /// The digest of the pack that the clause was read from, in hexadecimal; empty for a safety rule.
    #[must_use]
    pub fn pack_digest(&self) -> &str {
        match &self.0 {
            Source::Clause { digest, .. } => digest,
            Source::Safety(_) => "",
        }
    }

    /// The form kept in records: `waes:7.1@<digest>` or `haven:S-2`. It is shown again as text and never turned back
    /// into a `Citation`.
    #[must_use]
    pub fn to_record(&self) -> String {
        match &self.0 {
            Source::Clause { pack, digest, clause } => format!("{pack}:{clause}@{digest}"),
            Source::Safety(rule) => format!("haven:{rule}"),
        }
    }
}

/// As people read it: `WAES 7.1`, or `Haven safety rule S-2`.
impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Clause { pack, clause, .. } => write!(f, "{} {clause}", pack.to_uppercase()),
            Source::Safety(rule) => write!(f, "Haven safety rule {rule}"),
        }
    }
}
