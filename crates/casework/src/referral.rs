//! What leaves the organisation when a case is referred: the fields that the procedure names, and nothing else.

use policy::{Consent, Referral};

use crate::conflict;

/// What the case holds that a referral could carry.
#[derive(Debug, Clone, Default)]
pub struct Holding {
    pub person_name: String,
    pub person_born: String,
    pub reference: String,
    pub concern: String,
    pub steps_taken: String,
    pub reason: String,
    pub sender_post: String,
}

/// One line of a referral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub label: &'static str,
    pub value: String,
}

/// Exactly what leaves, and the labels of what stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    pub leaves: Vec<Line>,
    pub stays: Vec<&'static str>,
}

/// Fields a procedure may name, in the order in which they are shown.
const FIELDS: [(&str, &str); 7] = [
    ("person-name", "Name of the person"),
    ("person-born", "Date of birth"),
    ("reference", "Our reference"),
    ("concern", "The concern"),
    ("steps-taken", "What we have done"),
    ("reason", "Why we refer"),
    ("sender-post", "From"),
];

/// Splits what the case holds into what leaves and what stays. Where the name or the date of birth stays, it is also
/// taken out of the texts that leave.
#[must_use]
pub fn preview(referral: &Referral, holding: &Holding) -> Preview {
    let holding = &withheld(referral, holding);
    let mut preview = Preview { leaves: Vec::new(), stays: Vec::new() };
    for (field, label) in FIELDS {
        if referral.fields.iter().any(|named| named == field) {
            preview.leaves.push(Line { label, value: value_of(field, holding) });
        } else {
            preview.stays.push(label);
        }
    }
    preview.stays.push("Everything else in the case: the chronology, notes, browsing and other people");
    preview
}

/// The holding with what must stay taken out of its free texts: a question "without a name" is without it in every line.
fn withheld(referral: &Referral, holding: &Holding) -> Holding {
    let names = |wanted: &str| referral.fields.iter().any(|field| field == wanted);
    let mut kept = holding.clone();
    for text in [&mut kept.concern, &mut kept.steps_taken, &mut kept.reason] {
        let born = holding.person_born.trim();
        if !names("person-born") && !born.is_empty() {
            *text = text.replace(born, "[date withheld]");
        }
        if !names("person-name") {
            *text = conflict::withhold(text, &holding.person_name);
        }
    }
    kept
}

fn value_of(field: &str, holding: &Holding) -> String {
    let value = match field {
        "person-name" => &holding.person_name,
        "person-born" => &holding.person_born,
        "reference" => &holding.reference,
        "concern" => &holding.concern,
        "steps-taken" => &holding.steps_taken,
        "reason" => &holding.reason,
        _ => &holding.sender_post,
    };
    value.clone()
}

/// Whether what was recorded about the person's agreement is enough (S-8). `agreement` is `agreed`, `override` or
/// `not-needed`; an override needs its lawful ground in words.
#[must_use]
pub fn agreement_is_enough(consent: Consent, agreement: &str, ground: &str) -> bool {
    match (consent, agreement) {
        (Consent::NotNeeded, _) | (Consent::AgreedOrOverride, "agreed") => true,
        (Consent::AgreedOrOverride, "override") => !ground.trim().is_empty(),
        _ => false,
    }
}
