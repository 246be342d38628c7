//! Haven's own ten safety rules: published with numbers, shown wherever they act, and weakened by no policy.

use std::fmt;

/// One of the rules of `docs/safety-rules.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SafetyRule {
    DangerFirst,
    HelpIsReachable,
    ReportersAreNotUnmasked,
    NoticeBeforeWatching,
    TriggerIsNotAccusation,
    NeverGuessWho,
    NoSexualImages,
    AdultsDecide,
    SealedLists,
    TwoKeys,
}

impl SafetyRule {
    /// Every rule, in the order of its number.
    pub const ALL: [Self; 10] = [
        Self::DangerFirst,
        Self::HelpIsReachable,
        Self::ReportersAreNotUnmasked,
        Self::NoticeBeforeWatching,
        Self::TriggerIsNotAccusation,
        Self::NeverGuessWho,
        Self::NoSexualImages,
        Self::AdultsDecide,
        Self::SealedLists,
        Self::TwoKeys,
    ];

    /// 1 to 10.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// One plain sentence, for the page on which the rule acts.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::DangerFirst => "If someone is in danger, 999 comes before anything that Haven asks.",
            Self::HelpIsReachable => "Help sites and Haven's own report pages are always open.",
            Self::ReportersAreNotUnmasked => "Nobody is told, or can work out, who made an anonymous report.",
            Self::NoticeBeforeWatching => "Nothing is looked at or written down about you before you have been told.",
            Self::TriggerIsNotAccusation => "An alert is a question for a person to answer, not an accusation.",
            Self::NeverGuessWho => "Haven never guesses who is using a computer.",
            Self::NoSexualImages => "Sexual images of anyone are never stored in Haven.",
            Self::AdultsDecide => "Adults decide who is told about them, unless the law says otherwise.",
            Self::SealedLists => "Lists of illegal content cannot be switched off, seen or copied by anyone.",
            Self::TwoKeys => "Resetting a password never opens a case.",
        }
    }
}

impl fmt::Display for SafetyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-{}", self.number())
    }
}
