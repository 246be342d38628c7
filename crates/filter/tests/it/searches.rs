//! What people search for: judged in any order of words, with good context, and with safe modes switched on.

use filter::Edit;
use policy::{Action, Grade};

use crate::sample::{facts, learner, snapshot};

fn search(words: &str) -> filter::Decision {
    learner(&format!("http://search.test/?q={}", words.replace(' ', "+")))
}

#[test]
fn f06_a_search_is_judged_in_any_order_of_its_words() {
    for words in ["how to join an extremist group", "extremist groups join", "GROUP extremist how to J0IN"] {
        let decision = search(words);
        assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "content:extremism"), "{words}");
        let alert = decision.alert.unwrap();
        assert_eq!((alert.kind.as_str(), alert.theme.as_str(), alert.grade), ("search", "prevent", Grade::High));
        assert_eq!(alert.seen, words);
    }
}

#[test]
fn f06_a_search_is_judged_with_one_slip_in_a_long_word_and_however_it_is_dressed() {
    for words in [
        "join extremst group",
        "join exrtemist group",
        "j o i n extremist group",
        "join e.x.t.r.e.m.i.s.t group",
        "jo1n 3xtr3mist groupppp",
        "join \u{435}xtremist group",
        "join ex\u{200b}tremist groups",
    ] {
        assert_eq!(search(words).rule, "content:extremism", "{words}");
    }
    for words in ["join extreme sports group", "train timetable", "news of new signs", "rambling holidays"] {
        assert_eq!(search(words).action, Action::Allow, "{words}");
    }
}

#[test]
fn f06_a_search_for_help_raises_no_alert() {
    for words in [
        "how to leave an extremist group",
        "prevent radicalisation training",
        "worried about my friend joining an extremist group",
        "signs of extremist recruitment video prevent duty training",
        "news terrorist group join sentenced",
        "how to stop online betting",
        "help with online casino addiction",
        "self harm support helpline",
        "how to support someone who wants to die",
        "history of the caliphate",
        "is it a sin to gamble bible",
        "lgbt group near me",
    ] {
        let decision = search(words);
        assert_eq!(decision.alert, None, "{words}");
        assert_eq!(decision.action, Action::Allow, "{words}");
    }
}

#[test]
fn f06_safe_mode_and_youtube_restriction_follow_the_profile() {
    let safe = Edit::SetQuery { name: "safe".to_owned(), value: "active".to_owned() };
    assert_eq!(search("foxes").edits, [safe]);
    let youtube = learner("https://www.youtube.com/watch?v=1");
    assert_eq!(youtube.edits, [Edit::SetHeader { name: "YouTube-Restrict".to_owned(), value: "Moderate".to_owned() }]);
    let staff = filter::decide::request(&snapshot(), &facts("staff", "http://search.test/?q=foxes"));
    assert_eq!(staff.edits, []);
}

#[test]
fn f06_a_blocked_search_is_not_edited() {
    assert_eq!(search("join extremist group").edits, []);
}
