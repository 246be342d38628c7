//! Names that are asked for by DNS: for a network's group, or for the strictest of all.

use filter::Snapshot;
use filter::decide::{NameAnswer, NameAsker, alias, name};
use filter::search::SafeName;
use policy::{Action, SafetyRule};

use crate::sample::{AFTER_CLASS, IN_CLASS, sealed, snapshot};

fn ask<'a>(group: Option<&'a str>, at: &str) -> NameAsker<'a> {
    NameAsker { at: at.parse().unwrap(), group, device: None }
}

fn answer(snapshot: &Snapshot, group: Option<&str>, host: &str) -> NameAnswer {
    name(snapshot, &ask(group, IN_CLASS), host).unwrap()
}

#[test]
fn f09_a_network_gets_the_answers_of_its_group_and_all_others_the_strictest() {
    let snapshot = snapshot();
    let games = |group| answer(&snapshot, group, "gamers.test").closed;
    assert!(games(Some("learner")) && !games(Some("staff")));
    assert!(games(None), "nobody knows who asks: the strictest answer");
    assert!(games(Some("a-group-that-is-not")), "never milder for a name that the policy does not have");
    let evening = name(&snapshot, &ask(None, AFTER_CLASS), "gamers.test").unwrap();
    assert!(!evening.closed, "the timetable holds for names too");
    let closed = answer(&snapshot, Some("staff"), "casino-royal.test");
    assert_eq!((closed.closed, closed.decision.rule.as_str()), (true, "category:gambling"));
    assert_eq!(closed.decision.codes, ["gambling"]);
}

#[test]
fn f09_what_only_a_page_can_say_is_closed_in_an_answer_that_has_none() {
    let snapshot = snapshot();
    let chat = answer(&snapshot, Some("learner"), "two-things.test");
    assert_eq!((chat.decision.action, chat.closed), (Action::Warn, true), "a warning needs a page");
    assert!(answer(&snapshot, None, "half-open.test").closed, "the open part cannot be told from the rest");
    assert!(answer(&snapshot, None, "casino-royal.test").closed);
}

#[test]
fn s4_an_answer_to_a_name_leaves_no_record_and_no_alert() {
    let snapshot = snapshot();
    for host in ["extremist-forum.test", "casino-royal.test", "library.test", "www.samaritans.org"] {
        let decision = answer(&snapshot, None, host).decision;
        assert!(!decision.record && !decision.inspect && decision.alert.is_none(), "{host}");
    }
}

#[test]
fn s2_help_sites_resolve_whatever_the_lists_say_and_whatever_they_are_an_alias_of() {
    let snapshot = snapshot();
    for host in ["gamblersanonymous.org", "our-help.test", "big-site.test", "portal.haven.test", "www.samaritans.org"] {
        let help = answer(&snapshot, None, host);
        assert!(!help.closed, "{host}");
        assert!(alias(&snapshot, &ask(None, IN_CLASS), &help, "casino-royal.test").is_none(), "{host}");
    }
}

#[test]
fn f09_a_blocked_website_does_not_open_under_a_borrowed_name() {
    let snapshot = snapshot();
    let asker = ask(None, IN_CLASS);
    let plain = answer(&snapshot, None, "library.test");
    let cloaked = alias(&snapshot, &asker, &plain, "cdn.casino-royal.test").unwrap();
    assert_eq!(cloaked.rule, "category:gambling");
    assert!(cloaked.reason.starts_with("This address leads to another one."));
    assert!(alias(&snapshot, &asker, &plain, "carrier.test").is_none());
    let by_name = answer(&snapshot, None, "museum-of-cards.test");
    assert!(by_name.by_name && alias(&snapshot, &asker, &by_name, "cdn.casino-royal.test").is_none());
}

#[test]
fn s9_a_sealed_name_goes_before_help_and_before_everything_opened_by_name() {
    let snapshot = snapshot().with_sealed(sealed("our-help.test\nhidden.test\n"));
    let sealed = answer(&snapshot, Some("staff"), "our-help.test");
    assert!(sealed.closed && sealed.decision.codes.is_empty() && sealed.decision.list.is_empty());
    assert_eq!(sealed.decision.citation.safety_rule(), Some(SafetyRule::SealedLists));
    let by_name = answer(&snapshot, None, "museum-of-cards.test");
    assert!(alias(&snapshot, &ask(None, IN_CLASS), &by_name, "hidden.test").is_some());
}

#[test]
fn f06_engines_are_led_to_their_safe_names_where_a_profile_asks_for_it() {
    let snapshot = snapshot();
    let safe = |group, host| answer(&snapshot, group, host).safe;
    let google = Some(SafeName::Alias("forcesafesearch.google.com"));
    assert_eq!(safe(Some("learner"), "www.google.co.uk"), google);
    assert_eq!(safe(None, "www.google.co.uk"), google, "the strictest of all groups");
    assert_eq!(safe(Some("staff"), "www.google.co.uk"), None);
    assert_eq!(safe(Some("learner"), "www.youtube.com"), Some(SafeName::Alias("restrictmoderate.youtube.com")));
}

#[test]
fn f09_what_is_no_host_name_has_no_answer() {
    let snapshot = snapshot();
    for host in ["", "a b.test", "999.999.999.999", "x..test"] {
        assert!(name(&snapshot, &ask(None, IN_CLASS), host).is_none(), "{host:?}");
    }
}
