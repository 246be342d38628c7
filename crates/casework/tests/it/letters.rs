//! Letters: only that something waits, never what, about whom, or which; and how alerts are grouped and told.

use casework::alert;
use casework::notice::{Occasion, letter};
use jiff::ToSpan;
use policy::{About, Grade};

use crate::{morning, waes};

const OCCASIONS: [Occasion; 4] = [Occasion::Waiting, Occasion::PassedOn, Occasion::Technical, Occasion::Holders];

#[test]
fn c13_no_letter_carries_a_number_or_a_telling_word() {
    for occasion in OCCASIONS {
        let notice = letter(occasion, "https://haven.practice.test");
        let whole = format!("{}\n{}", notice.subject, notice.body).to_lowercase();
        assert!(!whole.chars().any(char::is_numeric), "{whole}");
        for word in [
            "case",
            "concern",
            "alert",
            "reference",
            "learner",
            "student",
            "safeguarding",
            "prevent",
            "police",
            "urgent",
            "high",
            "grade",
            "report",
            "about",
            "name",
            "referral",
        ] {
            assert!(!whole.contains(word), "`{word}` in {whole}");
        }
    }
}

#[test]
fn c13_a_letter_depends_on_its_occasion_alone_and_leads_to_one_page() {
    for occasion in OCCASIONS {
        let notice = letter(occasion, "https://haven.practice.test/");
        assert_eq!(notice, letter(occasion, "https://haven.practice.test"));
        let page = if occasion == Occasion::Holders { "keys" } else { "today" };
        assert!(notice.body.contains(&format!("https://haven.practice.test/{page}\n")), "{}", notice.body);
        assert!(!notice.subject.contains('\n'));
    }
}

#[test]
fn s5_low_grades_wait_and_the_others_are_told_at_once() {
    assert!(!alert::is_told_at_once(Grade::Low));
    assert!(alert::is_told_at_once(Grade::Medium) && alert::is_told_at_once(Grade::High));
}

#[test]
fn s5_an_alert_groups_for_a_day_and_shows_an_hour_on_each_side() {
    let at = morning();
    assert_eq!(alert::group_from(at), at.checked_sub(24.hours()).unwrap());
    assert_eq!(alert::context(at), (at.checked_sub(1.hour()).unwrap(), at.checked_add(1.hour()).unwrap()));
    let end = jiff::Timestamp::MAX;
    assert_eq!(alert::context(end).1, end, "the end of time is no reason to fail");
}

#[test]
fn m02_every_trigger_begins_a_procedure_for_everybody() {
    for trigger in &waes().filtering.triggers {
        for population in ["learner", "visitor", "staff", "unheard-of"] {
            let procedure = alert::procedure_for(waes(), trigger, population).unwrap();
            let is_staff = alert::about_population(population) == About::Staff;
            assert_eq!(is_staff, population == "staff");
            assert!(!is_staff || procedure.about != About::Learner, "{} for staff", procedure.id);
        }
    }
}
