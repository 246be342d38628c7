//! What a person wrote on the report page, and what is still missing from it.

use serde::Deserialize;

use crate::api::{Fault, How, ReportForm};
use crate::layout::Faults;

/// As the form sends it; every field may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReportInput {
    pub(crate) what: String,
    pub(crate) about_kind: String,
    pub(crate) about_name: String,
    pub(crate) safe_now: String,
    pub(crate) kind: String,
    pub(crate) how: String,
    pub(crate) contact: String,
    /// `yes` or `no`, on the page that shows what was written; empty where nobody was asked.
    pub(crate) about_a_post: String,
    pub(crate) idempotency: String,
    /// Empty: show what was written. `send`: take it. `change`: back to the form.
    pub(crate) stage: String,
}

impl ReportInput {
    /// Three answers are required, and a way to be reached if the person gives a name.
    pub(crate) fn faults(&self) -> Faults {
        let mut found = Vec::new();
        let mut miss = |missing: bool, field: &str, message: &str| {
            if missing {
                found.push(Fault { field: field.to_owned(), message: message.to_owned() });
            }
        };
        miss(self.what.trim().is_empty(), "what", "Tell us what happened, or what worries you. A few words are enough");
        miss(
            !["learner", "staff", "visitor", "unknown"].contains(&self.about_kind.as_str()),
            "about_kind",
            "Choose who it is about. You can choose \u{201c}I do not know\u{201d}",
        );
        miss(
            !["yes", "no", "unknown"].contains(&self.safe_now.as_str()),
            "safe_now",
            "Choose whether they are safe now. You can choose \u{201c}I do not know\u{201d}",
        );
        miss(
            !["named", "confidential", "anonymous"].contains(&self.how.as_str()),
            "how",
            "Choose whether we may know who you are",
        );
        Faults::all(found)
    }

    /// The report; without a session it is never joined to an account, whatever the form says.
    pub(crate) fn to_report(&self, signed_in: bool) -> ReportForm {
        let how = match self.how.as_str() {
            "named" => How::Named,
            "confidential" => How::Confidential,
            _ => How::Anonymous,
        };
        let contact = if how == How::Anonymous && !signed_in { String::new() } else { self.contact.trim().to_owned() };
        ReportForm {
            what: self.what.trim().to_owned(),
            about_kind: self.about_kind.clone(),
            about_name: self.about_name.trim().to_owned(),
            safe_now: self.safe_now.clone(),
            kind: Some(self.kind.clone()).filter(|kind| !kind.is_empty()),
            how,
            contact,
            about_a_post: match self.about_a_post.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            idempotency: self.idempotency.clone(),
        }
    }

    pub(crate) fn about_words(&self) -> &'static str {
        match self.about_kind.as_str() {
            "learner" => "A learner",
            "staff" => "A member of staff",
            "visitor" => "A visitor, or someone from outside",
            _ => "I do not know",
        }
    }

    pub(crate) fn safe_words(&self) -> &'static str {
        match self.safe_now.as_str() {
            "yes" => "Yes",
            "no" => "No",
            _ => "I do not know",
        }
    }

    pub(crate) fn how_words(&self) -> &'static str {
        match self.how.as_str() {
            "named" => "With my name",
            "confidential" => "With my name, kept to as few people as possible",
            _ => "Without my name",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_an_anonymous_report_drops_a_contact_that_was_typed_before() {
        let form = ReportInput {
            how: "anonymous".to_owned(),
            contact: "me@example.test".to_owned(),
            ..ReportInput::default()
        };
        let report = form.to_report(false);
        assert_eq!(report.how, How::Anonymous);
        assert!(report.contact.is_empty());
    }

    #[test]
    fn c01_three_answers_and_a_choice_are_required() {
        let empty = ReportInput::default().faults();
        let fields: Vec<&str> = empty.list().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["what", "about_kind", "safe_now", "how"]);
    }
}
