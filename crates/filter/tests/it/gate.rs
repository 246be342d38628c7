//! While nobody has passed the gate: help, Haven's own pages, the pack's links and updates, and nothing else.

use filter::decide::{Gate, gate, request};
use policy::{Action, SafetyRule};

use crate::sample::{facts, nobody, sealed, snapshot, tunnel};

#[test]
fn s2_help_links_updates_and_own_pages_pass_the_shut_gate_unseen() {
    let snapshot = snapshot();
    let cases = [
        (tunnel("learner", "www.samaritans.org:443"), "help:samaritans.org"),
        (facts("learner", "http://gamblersanonymous.org/"), "help:gamblersanonymous.org"),
        (tunnel("learner", "portal.haven.test:443"), "portal"),
        (tunnel("learner", "our-help.test:443"), "help:our-help.test"),
        (tunnel("learner", "big-site.test:443"), "help:big-site.test/our-help"),
        (facts("learner", "http://big-site.test/our-help/now"), "help:big-site.test/our-help"),
        (facts("learner", "http://ctldl.windowsupdate.com/x.cab"), "update:ctldl.windowsupdate.com"),
    ];
    for (asked, rule) in cases {
        let Gate::Open(decision) = gate(&snapshot, &nobody(asked)) else { panic!("{rule} is shut") };
        assert_eq!((decision.action, decision.rule.as_str()), (Action::Allow, rule));
        assert!(!decision.record && !decision.inspect && decision.alert.is_none(), "{rule}");
    }
}

#[test]
fn f15_all_else_waits_for_the_gate_and_is_not_recorded() {
    let snapshot = snapshot();
    for asked in [
        facts("learner", "http://library.test/"),
        facts("learner", "http://extremist-forum.test/"),
        facts("learner", "http://museum-of-cards.test/"),
        facts("learner", "http://big-site.test/other"),
        tunnel("learner", "library.test:443"),
    ] {
        let asked = nobody(asked);
        assert!(matches!(gate(&snapshot, &asked), Gate::Shut));
        let decision = request(&snapshot, &asked);
        assert_eq!(decision.citation.safety_rule(), Some(SafetyRule::NoticeBeforeWatching));
        assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "gate"));
        assert!(!decision.record && !decision.inspect && decision.alert.is_none(), "S-4: nothing before the notice");
    }
}

#[test]
fn s9_a_sealed_address_does_not_pass_the_gate_as_help() {
    let snapshot = snapshot().with_sealed(sealed("help-line.test\n"));
    let shut = |asked| matches!(gate(&snapshot, &nobody(asked)), Gate::Shut);
    assert!(shut(facts("learner", "http://help-line.test/")));
    let in_part = snapshot_with_help_sealed_in_part();
    let asked = |url: &str| nobody(facts("learner", url));
    assert!(matches!(gate(&in_part, &nobody(tunnel("learner", "help-line.test:443"))), Gate::Shut));
    assert!(matches!(gate(&in_part, &asked("http://help-line.test/")), Gate::Open(_)));
    assert!(matches!(gate(&in_part, &asked("http://help-line.test/grim?x")), Gate::Shut));
}

fn snapshot_with_help_sealed_in_part() -> filter::Snapshot {
    snapshot().with_sealed(sealed("http://help-line.test/grim\n"))
}

#[test]
fn f11_links_for_a_risk_come_from_the_pack_first() {
    let snapshot = snapshot();
    let links = snapshot.help_links(&["gambling".to_owned()]);
    assert_eq!(links[0].site, "our-help.test");
    assert_eq!(links[0].clause, "2.1");
    let gamcare = links.iter().find(|link| link.site == "gamcare.org.uk").unwrap();
    assert_eq!(gamcare.clause, "", "S-2 speaks for it, not a clause");
    assert!(links.iter().all(|link| link.site != "samaritans.org"));
    assert!(snapshot.help_links(&[]).iter().any(|link| link.site == "citizensadvice.org.uk"));
}
