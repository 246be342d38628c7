//! A problem is something wrong or noteworthy in a pack, with its place and a way to mend it.

use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A choice that the pack made where its source is silent or contradicts itself.
    Note,
    /// A defect of the document. The pack is in force and the breach is shown (invariant 4).
    Finding,
    /// A line that cannot be read or is unsafe. The pack does not come into force.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Finding => "finding",
            Self::Error => "error",
        })
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// Path inside the pack folder, with `/`.
    pub file: String,
    /// From 1; 0 where the whole file or a missing file is meant.
    pub line: usize,
    /// The clause concerned, or empty.
    pub clause: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it, in one sentence.
    pub mend: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}:{}", self.severity, self.file, self.line)?;
        if !self.clause.is_empty() {
            write!(f, " (clause {})", self.clause)?;
        }
        write!(f, ": {} {}", self.message, self.mend)
    }
}
