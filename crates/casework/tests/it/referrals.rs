//! What leaves with a referral: the fields the procedure names and nothing else, also inside the texts.

use casework::referral::{Holding, Preview, agreement_is_enough, preview};
use policy::{Consent, Referral};
use proptest::prelude::*;

use crate::{procedure, waes};

const FIELDS: [&str; 7] =
    ["person-name", "person-born", "reference", "concern", "steps-taken", "reason", "sender-post"];

fn referral(fields: &[&str]) -> Referral {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    Referral { fields, ..procedure("prevent").referrals[0].clone() }
}

fn values(preview: &Preview) -> Vec<&str> {
    preview.leaves.iter().map(|line| line.value.as_str()).collect()
}

#[test]
fn c07_a_question_without_a_name_is_without_it_in_every_line() {
    let advice = procedure("prevent").referral("advice").unwrap();
    let holding = Holding {
        person_name: "Amina Learner".into(),
        person_born: "2006-05-04".into(),
        reference: "7KQ4-M2XD".into(),
        concern: "Amina Learner (born 2006-05-04) searched for weapons. Amina\u{2019}s tutor asked. AMINA said no. A \
            learner saw it."
            .into(),
        steps_taken: "Spoke".into(),
        reason: "For advice".into(),
        sender_post: "Safeguarding Lead".into(),
    };
    let shown = preview(advice, &holding);
    assert_eq!(
        values(&shown),
        [
            "7KQ4-M2XD",
            "[name withheld] (born [date withheld]) searched for weapons. [name withheld] tutor asked. [name withheld] \
             said no. A learner saw it.",
            "Safeguarding Lead",
        ]
    );
    let channel = procedure("prevent").referral("channel").unwrap();
    assert!(
        values(&preview(channel, &holding)).contains(&holding.concern.as_str()),
        "with the name, nothing is changed"
    );
}

#[test]
fn c07_a_description_in_place_of_a_name_does_not_empty_the_text() {
    let concern = "The boy with the red bag showed it to the class.";
    let holding = Holding {
        person_name: "the boy with the red bag".into(),
        concern: concern.into(),
        reason: "the boy with the red bag is at risk".into(),
        ..Holding::default()
    };
    let shown = preview(&referral(&["concern", "reason"]), &holding);
    assert_eq!(values(&shown), [concern, "[name withheld] is at risk"]);
}

#[test]
fn s8_an_adult_is_referred_only_with_agreement_or_a_ground() {
    let asked = Consent::AgreedOrOverride;
    assert!(agreement_is_enough(asked, "agreed", ""));
    assert!(agreement_is_enough(asked, "override", "Risk to life."));
    for (agreement, ground) in [("override", ""), ("override", " \n"), ("not-needed", "Why"), ("", ""), ("Agreed", "x")]
    {
        assert!(!agreement_is_enough(asked, agreement, ground), "{agreement} {ground}");
    }
    assert!(agreement_is_enough(Consent::NotNeeded, "", ""));
}

#[test]
fn s8_every_referral_of_an_adult_in_the_pack_asks() {
    for procedure in &waes().procedures {
        for referral in procedure.referrals.iter().filter(|referral| referral.fields.iter().any(|f| f == "person-name"))
        {
            let may_go_unasked = ["children-social-care", "lado", "police"].contains(&referral.agency.as_str());
            assert!(may_go_unasked || referral.consent == Consent::AgreedOrOverride, "{}", referral.id);
        }
    }
}

proptest! {
    #[test]
    fn c07_nothing_outside_the_named_fields_ever_leaves(
        named in prop::collection::vec(prop::sample::select(FIELDS.to_vec()), 0..9),
        unknown in "[a-z-]{0,12}",
        first in "[A-Z][a-z]{3,9}q",
        last in "[A-Z][a-z]{3,9}x",
        words in prop::collection::vec(0..5_usize, 0..12),
    ) {
        let mut fields: Vec<&str> = named.clone();
        if !FIELDS.contains(&unknown.as_str()) {
            fields.push(&unknown);
        }
        let name = format!("{first} {last}");
        let lower = last.to_lowercase();
        // A narrative in which the name and the date of birth turn up anywhere.
        let bits = [first.as_str(), lower.as_str(), name.as_str(), "2001-02-03", "was upset"];
        let told: Vec<&str> = words.iter().map(|word| bits[*word]).collect();
        let holding = Holding {
            person_name: name.clone(),
            person_born: "2001-02-03".into(),
            reference: "mark-reference".into(),
            concern: format!("mark-concern {}", told.join(" ")),
            steps_taken: format!("mark-steps {}", told.join(", ")),
            reason: format!("mark-reason {}", told.join("; ")),
            sender_post: "mark-sender".into(),
        };
        let shown = preview(&referral(&fields), &holding);
        let all = values(&shown).join("\n").to_lowercase();
        let marks = [
            ("person-name", first.to_lowercase()), ("person-name", lower.clone()), ("person-born", "2001-02-03".to_owned()),
            ("reference", "mark-reference".to_owned()), ("concern", "mark-concern".to_owned()),
            ("steps-taken", "mark-steps".to_owned()), ("reason", "mark-reason".to_owned()),
            ("sender-post", "mark-sender".to_owned()),
        ];
        for (field, mark) in marks {
            prop_assert_eq!(all.contains(&mark), named.contains(&field), "{} in {}", mark, all);
        }
        let labels = shown.leaves.len() + shown.stays.len();
        prop_assert_eq!(labels, FIELDS.len() + 1, "each field leaves or stays, and everything else stays");
    }
}
