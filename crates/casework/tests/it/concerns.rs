//! Reading the report form: three answers, every fault at its field, limits to the byte; and references.

use casework::concern::{ANSWER_LIMIT_BYTES, NAME_LIMIT_BYTES, RawConcern, SafeNow, parse, reference};
use policy::About;
use proptest::prelude::*;

fn whole() -> RawConcern {
    RawConcern {
        what: "  Someone is being left out.  ".into(),
        about_kind: "learner".into(),
        about_name: " Joe ".into(),
        safe_now: "yes".into(),
        contact: " room four ".into(),
    }
}

#[track_caller]
fn faults(raw: &RawConcern, expected: &[&str]) {
    let found: Vec<&str> = parse(raw).unwrap_err().iter().map(|fault| fault.field).collect();
    assert_eq!(found, expected);
}

#[test]
fn c01_a_whole_form_is_read_and_trimmed() {
    let concern = parse(&whole()).unwrap();
    assert_eq!((concern.what.as_str(), concern.about_name.as_str()), ("Someone is being left out.", "Joe"));
    assert_eq!(
        (concern.contact.as_str(), concern.about, concern.safe_now),
        ("room four", About::Learner, SafeNow::Yes)
    );
}

#[test]
fn c01_every_missing_answer_is_named_at_once() {
    faults(&RawConcern::default(), &["what", "about_kind", "safe_now"]);
    faults(&RawConcern { what: " \n ".into(), ..whole() }, &["what"]);
    faults(&RawConcern { about_kind: "Learner".into(), ..whole() }, &["about_kind"]);
    faults(&RawConcern { safe_now: "maybe".into(), ..whole() }, &["safe_now"]);
}

#[test]
fn c01_each_answer_of_the_form_is_understood() {
    let kinds =
        [("learner", About::Learner), ("staff", About::Staff), ("visitor", About::Visitor), ("unknown", About::Anyone)];
    for (word, about) in kinds {
        assert_eq!(parse(&RawConcern { about_kind: word.into(), ..whole() }).unwrap().about, about);
    }
    for (word, safe) in [("yes", SafeNow::Yes), ("no", SafeNow::No), ("unknown", SafeNow::Unknown)] {
        assert_eq!(parse(&RawConcern { safe_now: word.into(), ..whole() }).unwrap().safe_now, safe);
    }
}

#[test]
fn c01_nothing_too_long_is_cut_off() {
    let fits = RawConcern {
        what: "a".repeat(ANSWER_LIMIT_BYTES),
        about_name: "b".repeat(NAME_LIMIT_BYTES),
        contact: "c".repeat(NAME_LIMIT_BYTES),
        ..whole()
    };
    assert_eq!(parse(&fits).unwrap().what.len(), ANSWER_LIMIT_BYTES);
    let over = RawConcern {
        what: "a".repeat(ANSWER_LIMIT_BYTES + 1),
        about_name: "é".repeat(NAME_LIMIT_BYTES / 2 + 1),
        contact: "c".repeat(NAME_LIMIT_BYTES + 1),
        ..whole()
    };
    faults(&over, &["what", "about_name", "contact"]);
    // Spaces alone are one fault, however many.
    faults(&RawConcern { what: " ".repeat(ANSWER_LIMIT_BYTES + 1), ..whole() }, &["what"]);
}

#[test]
fn c01_a_sign_that_cannot_be_kept_is_named_at_its_field() {
    let odd = RawConcern { what: "a\0".into(), about_name: "\0".into(), contact: "b\0c".into(), ..whole() };
    faults(&odd, &["what", "about_name", "contact"]);
}

proptest! {
    #[test]
    fn c01_a_reference_can_be_read_aloud_and_never_fails(random in any::<[u8; 8]>()) {
        let text = reference(&random);
        prop_assert_eq!(text.len(), 9);
        prop_assert_eq!(text.find('-'), Some(4));
        let letters = text.chars().filter(|letter| *letter != '-');
        for letter in letters {
            prop_assert!(letter.is_ascii_uppercase() || letter.is_ascii_digit());
            prop_assert!(!"0O1IZ".contains(letter), "{} is easily misread", letter);
        }
    }

    #[test]
    fn c01_no_form_makes_it_fail_without_a_fault(what in ".*", about in ".{0,9}", name in ".*", safe in ".{0,9}") {
        let raw = RawConcern { what, about_kind: about, about_name: name, safe_now: safe, contact: String::new() };
        if let Err(faults) = parse(&raw) {
            let mut fields: Vec<&str> = faults.iter().map(|fault| fault.field).collect();
            prop_assert!(!fields.is_empty());
            fields.dedup();
            prop_assert_eq!(fields.len(), faults.len(), "two faults at one field");
        }
    }
}
