//! The tiers, who wins in them, and what a decision carries.

use std::sync::Arc;

use filter::decide::{self, request};
use filter::lists::LocalRule;
use filter::phrases::WordPack;
use filter::snapshot::SnapshotError;
use filter::{Carriage, ScanPlan, Snapshot};
use policy::{Action, SafetyRule};

use crate::sample::{AFTER_CLASS, facts, learner, lists, pack, sealed, snapshot, snapshot_of, tunnel};

fn local(id: &str, site: &str, action: Action) -> LocalRule {
    LocalRule {
        id: id.to_owned(),
        site: site.to_owned(),
        action,
        profiles: Vec::new(),
        until: None,
        clause: "2.2".to_owned(),
    }
}

#[test]
fn f01_a_block_names_action_clause_rule_list_and_reason() {
    let decision = learner("http://www.casino-royal.test/play?x=1");
    assert_eq!(decision.action, Action::Block);
    assert_eq!(decision.citation.clause_id(), Some("2"));
    assert_eq!(decision.rule, "category:gambling");
    assert_eq!(decision.list, "starter/gambling casino-royal.test");
    assert_eq!(decision.codes, ["gambling"]);
    assert_eq!(decision.reason, "Gambling sites can take money from people who cannot spare it.");
    assert_eq!(decision.also_matched, ["default"]);
    assert_eq!(decision.pack_digest, pack().digest);
    assert_eq!(decision.lists_digest, lists().digest);
    assert!(decision.record && decision.inspect);
}

#[test]
fn f01_what_nothing_speaks_against_follows_the_default() {
    let decision = learner("http://unheard-of.test/");
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Allow, "default"));
    assert_eq!(decision.citation.clause_id(), Some("2.3"));
    let mut closed = pack();
    closed.filtering.defaults.unlisted = Action::Block;
    let decision = request(&snapshot_of(closed, Vec::new()), &facts("learner", "http://192.0.2.44/"));
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "default"));
}

#[test]
fn f01_the_same_place_written_otherwise_is_judged_the_same() {
    for url in [
        "http://CASINO-ROYAL.test./",
        "http://casino%2Droyal.test/",
        "http://user:pass@casino-royal.test:80/",
        "http:\\\\casino-royal.test/",
        "http://deep.below.casino-royal.test/x",
    ] {
        assert_eq!(learner(url).rule, "category:gambling", "{url}");
    }
}

#[test]
fn f01_of_equally_specific_rules_the_stricter_wins_and_the_other_is_named() {
    let decision = learner("http://two-things.test/");
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Warn, "category:chat"));
    let decision = learner("http://www.two-things.test/");
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "category:games"));
    assert!(decision.also_matched.contains(&"category:chat".to_owned()));
}

#[test]
fn f01_a_more_specific_entry_wins() {
    assert_eq!(learner("http://social.test/friends").action, Action::Watch);
    let decision = learner("http://social.test/poker/table");
    assert_eq!((decision.action, decision.list.as_str()), (Action::Block, "bought/gambling social.test/poker"));
    assert_eq!(learner("http://social.test/pokerface").action, Action::Watch);
}

#[test]
fn f02_rules_hold_for_their_profiles_only() {
    let snapshot = snapshot();
    assert_eq!(request(&snapshot, &facts("learner-under-18", "http://gamers.test/")).action, Action::Block);
    assert_eq!(request(&snapshot, &facts("staff", "http://gamers.test/")).action, Action::Allow);
}

#[test]
fn f02_a_group_that_the_pack_does_not_have_opens_nothing() {
    let decision = request(&snapshot(), &facts("strangers", "http://library.test/"));
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "default:unknown-group"));
}

#[test]
fn f10_a_rule_for_class_hours_rests_after_class() {
    let mut evening = facts("learner", "http://gamers.test/");
    assert_eq!(request(&snapshot(), &evening).action, Action::Block);
    evening.at = AFTER_CLASS.parse().unwrap();
    assert_eq!(request(&snapshot(), &evening).action, Action::Allow);
}

#[test]
fn f12_a_decided_request_goes_before_categories_until_it_ends() {
    let mut open = local("r1", "casino-royal.test", Action::Allow);
    open.until = Some("2026-10-08T00:00:00Z".parse().unwrap());
    let snapshot = snapshot_of(pack(), vec![open, local("r2", "news.test", Action::Block)]);
    let mut asked = facts("learner", "http://casino-royal.test/");
    let decision = request(&snapshot, &asked);
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Allow, "local:r1"));
    assert_eq!(decision.citation.clause_id(), Some("2.2"));
    assert_eq!(decision.alert, None, "a site that was opened on request is no news");
    asked.at = "2026-10-08T00:00:00Z".parse().unwrap();
    assert_eq!(request(&snapshot, &asked).action, Action::Block);
    assert_eq!(request(&snapshot, &facts("staff", "http://news.test/a")).rule, "local:r2");
}

#[test]
fn f01_a_path_that_is_open_inside_a_closed_site_opens_nothing_beside_it() {
    let rules = vec![local("r1", "network.test", Action::Block), local("r2", "network.test/safety", Action::Allow)];
    let snapshot = snapshot_of(pack(), rules);
    let decided = |url: &str| request(&snapshot, &facts("learner", url)).rule;
    for url in [
        "http://www.network.test/safety",
        "http://network.test/safety/advice?x=1",
        "http://NETWORK.test.:80//safety/./a",
        "http://network.test/groups/../%73afety/",
    ] {
        assert_eq!(decided(url), "local:r2", "{url}");
    }
    for url in [
        "http://network.test/",
        "http://network.test/safetynet",
        "http://network.test/safety/../groups",
        "http://network.test/safety/%2e%2e/groups",
        "http://network.test/safety%2f..%2fgroups",
        "http://network.test\\groups\\safety",
        "http://network.test/groups?next=/safety#/safety",
        "http://somebody:network.test@network.test/groups",
    ] {
        assert_eq!(decided(url), "local:r1", "{url}");
    }
}

#[test]
fn f01_the_packs_exceptions_go_before_decided_requests_and_categories() {
    let snapshot = snapshot_of(pack(), vec![local("r1", "museum-of-cards.test", Action::Block)]);
    let decision = request(&snapshot, &facts("learner", "http://museum-of-cards.test/"));
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Allow, "exception:museum-of-cards.test"));
    assert_eq!(decision.also_matched, ["local:r1", "category:gambling", "default"]);
}

#[test]
fn s2_help_site_on_a_gambling_list_opens() {
    assert_eq!(lists().lookup_host("gamblersanonymous.org")[0].codes, ["gambling"]);
    for url in ["https://gamblersanonymous.org/meetings", "https://www.gamblersanonymous.org/"] {
        let decision = learner(url);
        assert_eq!((decision.action, decision.rule.as_str()), (Action::Allow, "help:gamblersanonymous.org"));
        assert_eq!(decision.citation.safety_rule(), Some(SafetyRule::HelpIsReachable));
        assert_eq!(decision.alert, None);
        assert!(!decision.record && !decision.inspect);
    }
}

#[test]
fn s2_no_rule_exception_or_request_closes_help() {
    let mut pack = pack();
    pack.filtering.exceptions[0].site = "samaritans.org".to_owned();
    pack.filtering.exceptions[0].action = Action::Block;
    pack.filtering.rules[6].sites = vec!["samaritans.org".to_owned()];
    pack.filtering.defaults.unlisted = Action::Block;
    let snapshot = snapshot_of(pack, vec![local("r1", "samaritans.org", Action::Block)]);
    let decision = request(&snapshot, &facts("learner", "https://www.samaritans.org/how-we-can-help/"));
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Allow, "help:samaritans.org"));
}

#[test]
fn s3_havens_own_pages_are_never_recorded_or_inspected() {
    for decision in [
        request(&snapshot(), &tunnel("learner", "portal.haven.test:443")),
        learner("https://portal.haven.test/report?next=http://casino-royal.test/"),
    ] {
        assert_eq!((decision.action, decision.rule.as_str()), (Action::Allow, "portal"));
        assert!(!decision.record && !decision.inspect && decision.alert.is_none());
    }
}

#[test]
fn f03_no_role_can_switch_off_a_sealed_list() {
    let mut pack = pack();
    pack.filtering.exceptions[0].site = "sealed-away.test".to_owned();
    let help = "help-line.test\nsealed-away.test\n";
    let snapshot = snapshot_of(pack, vec![local("r1", "sealed-away.test", Action::Allow)]).with_sealed(sealed(help));
    for (group, url) in [
        ("learner", "http://sealed-away.test/x"),
        ("staff", "http://www.sealed-away.test/"),
        ("staff", "http://help-line.test/"),
    ] {
        let decision = request(&snapshot, &facts(group, url));
        assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "sealed"));
        assert_eq!(decision.citation.safety_rule(), Some(SafetyRule::SealedLists));
        assert_eq!(decision.codes, [] as [&str; 0]);
        assert_eq!(decision.list, "", "a sealed list is not shown, not even by its name");
        assert!(decision.record);
    }
}

#[test]
fn f03_a_sealed_address_inside_another_is_blocked_too() {
    let snapshot = snapshot().with_sealed(sealed("sealed-away.test\n"));
    let decision =
        request(&snapshot, &facts("staff", "https://translate.google.com/translate?u=http://sealed-away.test/"));
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "sealed"));
}

#[test]
fn f03_no_exception_keeps_a_sealed_page_shut_in_its_tunnel() {
    // A bank, an intranet, a help site: none of them is opened by inspection, unless a page of it is sealed.
    let text = "bank.test/grim\npayroll.test/grim\nsamaritans.org/grim\n";
    let snapshot = snapshot().with_sealed(sealed(text));
    for host in ["www.bank.test:443", "payroll.test:443", "www.samaritans.org:443"] {
        let decision = request(&snapshot, &tunnel("learner", host));
        assert_eq!(decision.action, Action::Allow, "{host}");
        // Names below one that is listed are hosts of their own.
        assert!(decision.inspect, "{host}");
    }
    assert!(!request(&snapshot, &tunnel("learner", "www.nhs.uk:443")).inspect);
    let help = request(&snapshot, &facts("learner", "https://www.samaritans.org/help"));
    assert!(help.action == Action::Allow && !help.record, "S-3: opened or not, help is not recorded");
    assert_eq!(learner_at(&snapshot, "https://samaritans.org/grim/x"), "sealed");
    assert_eq!(learner_at(&snapshot, "https://translate.google.com/translate?u=http://bank.test/grim"), "sealed");
}

fn learner_at(snapshot: &Snapshot, url: &str) -> String {
    request(snapshot, &facts("learner", url)).rule
}

#[test]
fn s9_a_sealed_hit_says_who_and_when_and_nothing_of_the_address() {
    let text = "casino-royal.test\ngrim.test\n";
    let snapshot = snapshot().with_sealed(sealed(text));
    let decision = request(&snapshot, &facts("learner", "http://casino-royal.test/search?q=how+to+make+a+bomb"));
    assert_eq!((decision.rule.as_str(), decision.list.as_str()), ("sealed", ""));
    assert!(decision.record && decision.codes.is_empty() && decision.also_matched.is_empty());
    let alert = decision.alert.expect("the list's own code brings a case, whatever else the site is");
    assert_eq!(alert.seen, "an address on a sealed list");
    // A person whose group the policy does not have gets no milder answer.
    let asked = facts("nobody-knows", "http://grim.test/");
    assert_eq!(request(&snapshot, &asked).rule, "sealed");
}

#[test]
fn f07_banks_named_sites_and_help_are_never_opened_by_inspection() {
    let snapshot = snapshot();
    let inspect = |authority: &str| {
        let decision = request(&snapshot, &tunnel("learner", authority));
        assert_eq!(decision.action, Action::Allow, "{authority}");
        decision.inspect
    };
    assert!(!inspect("bank.test:443"));
    assert!(!inspect("online.bank.test:443"));
    assert!(!inspect("www.hsbc.co.uk:443"));
    assert!(!inspect("payroll.test:443"));
    assert!(!inspect("www.nhs.uk:443"));
    assert!(!inspect("ocsp.digicert.com:443"));
    assert!(inspect("library.test:443"));
}

#[test]
fn f07_a_group_that_the_policy_excepts_is_never_opened_and_still_judged_by_name() {
    let mut excepting = pack();
    excepting.filtering.inspection.except_groups = vec!["learner".to_owned()];
    let snapshot = snapshot_of(excepting, Vec::new());
    let asked = |group: &str, authority: &str| request(&snapshot, &tunnel(group, authority));
    assert!(!asked("learner", "library.test:443").inspect);
    assert!(asked("staff", "library.test:443").inspect);
    assert_eq!(asked("learner", "closed.test:443").action, Action::Block);
    // A part of a host cannot be told from the rest.
    assert_eq!(asked("learner", "half-open.test:443").action, Action::Block);
}

#[test]
fn f07_a_tunnel_opens_where_a_part_of_the_host_is_open() {
    let snapshot = snapshot();
    let decision = request(&snapshot, &tunnel("learner", "half-open.test:443"));
    assert_eq!((decision.action, decision.inspect), (Action::Allow, true));
    assert_eq!(request(&snapshot, &facts("learner", "https://half-open.test/library/book")).action, Action::Allow);
    assert_eq!(request(&snapshot, &facts("learner", "https://half-open.test/other")).action, Action::Block);
    assert_eq!(request(&snapshot, &tunnel("learner", "closed.test:443")).action, Action::Block);
    let casino = request(&snapshot, &tunnel("learner", "casino-royal.test:443"));
    assert_eq!(
        (casino.action, casino.inspect),
        (Action::Allow, true),
        "the exception for /history needs a look inside"
    );
    assert_eq!(request(&snapshot, &tunnel("staff", "casino-royal.test:443")).action, Action::Block);
}

#[test]
fn f09_an_address_inside_another_is_judged_too() {
    for url in [
        "https://translate.google.com/translate?sl=auto&u=casino-royal.test%2Fplay",
        "https://casino--royal-test.translate.goog/play",
        "https://web.archive.org/web/2024/http://casino-royal.test/",
        "https://my-page.test/browse.php?u=http%3A%2F%2Fcasino-royal.test%2F",
        "https://my-page.test/p/https://casino-royal.test/play",
        "https://webcache.googleusercontent.com/search?q=cache:abc123:casino-royal.test/",
    ] {
        let decision = learner(url);
        assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "category:gambling"), "{url}");
    }
    assert_eq!(learner("https://accounts.my-page.test/?continue=http://casino-royal.test/").action, Action::Allow);
    assert_eq!(
        learner("https://translate.google.com/translate?u=https://gamblersanonymous.org/").action,
        Action::Allow
    );
}

#[test]
fn f09_nobody_hides_an_address_behind_many_others() {
    let behind = |decoys: usize| {
        let decoys: String = (0..decoys).map(|number| format!("a=a{number}.test&")).collect();
        learner(&format!("https://translate.google.com/translate?{decoys}u=https://casino-royal.test/"))
    };
    assert_eq!(behind(8).rule, "category:gambling");
    assert_eq!(behind(40).rule, "category:gambling");
    let too_many = behind(80);
    assert_eq!((too_many.action, too_many.rule.as_str()), (Action::Block, "address:too-much-inside"));
    assert_eq!(too_many.codes.first().map(String::as_str), Some("circumvention"));
}

#[test]
fn f09_ways_round_the_filter_are_known_by_the_packs_own_name_for_them() {
    let decision = learner("http://vpn-free.test/");
    assert_eq!((decision.action, decision.codes), (Action::Block, vec!["circumvention".to_owned()]));
}

#[test]
fn m02_opening_a_site_raises_the_packs_trigger_for_the_population() {
    let snapshot = snapshot();
    let alert = |group: &str| request(&snapshot, &facts(group, "http://extremist-forum.test/")).alert.unwrap();
    let learner = alert("learner");
    assert_eq!((learner.theme.as_str(), learner.grade), ("prevent", policy::Grade::High));
    assert_eq!((learner.kind.as_str(), learner.seen.as_str()), ("site", "extremist-forum.test"));
    assert_eq!((learner.procedure.as_str(), learner.clause.as_str()), ("learner-concern", "2.1"));
    assert_eq!(alert("staff").procedure, "staff-concern");
}

#[test]
fn m02_parts_of_a_page_raise_nothing_and_blocked_tunnels_do() {
    let snapshot = snapshot();
    let mut picture = facts("learner", "http://extremist-forum.test/pixel.gif");
    picture.navigation = false;
    assert_eq!(request(&snapshot, &picture).alert, None);
    let blocked = request(&snapshot, &tunnel("learner", "extremist-forum.test:443"));
    assert_eq!(blocked.alert.unwrap().kind, "site");
}

#[test]
fn m02_the_gravest_trigger_stands_and_the_others_are_named() {
    let decision = learner("http://search.test/?q=join+extremist+group+online+casino");
    assert_eq!(decision.alert.unwrap().trigger, "prevent");
    assert!(decision.also_matched.contains(&"trigger:gambling".to_owned()));
}

#[test]
fn f05_words_on_a_page_can_close_it_and_raise_an_alert() {
    let snapshot = snapshot();
    let asked = facts("learner", "http://unheard-of.test/");
    let before = request(&snapshot, &asked);
    let page = "<html><p>Rise up brothers! Join our movement, the race war is near. Join us. Our enemies must pay.</p>";
    let after = decide::text(&snapshot, &asked, &before, page);
    assert_eq!((after.action, after.rule.as_str()), (Action::Block, "content:extremism"));
    assert_eq!(after.citation.clause_id(), Some("2"));
    assert_eq!(after.also_matched[0], "default");
    let alert = after.alert.unwrap();
    assert_eq!((alert.kind.as_str(), alert.theme.as_str()), ("text", "prevent"));
    assert!(alert.seen.contains("race war + join us"), "{}", alert.seen);
}

#[test]
fn f05_a_mild_page_stays_as_it_was() {
    let snapshot = snapshot();
    let asked = facts("learner", "http://unheard-of.test/");
    let before = request(&snapshot, &asked);
    let after = decide::text(&snapshot, &asked, &before, "A lesson about caterpillars.");
    assert_eq!((after.action, after.rule, after.alert), (Action::Allow, "default".to_owned(), None));
}

#[test]
fn f05_only_texts_of_ordinary_sites_are_read() {
    let snapshot = snapshot();
    let plan = |url: &str, kind: Option<&str>| {
        let asked = facts("learner", url);
        decide::response(&snapshot, &asked, &request(&snapshot, &asked), kind, None)
    };
    assert_eq!(plan("http://unheard-of.test/", Some("text/html; charset=utf-8")), ScanPlan::Words);
    assert_eq!(plan("http://unheard-of.test/", Some("image/png")), ScanPlan::Pass);
    for shown_as_a_page in
        ["", "*/*", "unknown/unknown", "html", "text", "text/xml", "text/html, image/png", "image/svg+xml"]
    {
        assert_eq!(plan("http://unheard-of.test/", Some(shown_as_a_page)), ScanPlan::Words, "{shown_as_a_page}");
    }
    assert_eq!(plan("http://unheard-of.test/", None), ScanPlan::Words, "a browser looks at the bytes");
    let fetched = filter::Facts { navigation: false, ..facts("learner", "http://unheard-of.test/") };
    assert_eq!(decide::response(&snapshot, &fetched, &request(&snapshot, &fetched), None, None), ScanPlan::Pass);
    for not_shown in ["application/octet-stream", "video/mp4", "text/css", "text/javascript", "font/woff2"] {
        assert_eq!(plan("http://unheard-of.test/", Some(not_shown)), ScanPlan::Pass, "{not_shown}");
    }
    assert_eq!(plan("http://museum-of-cards.test/", Some("text/html")), ScanPlan::Pass);
    assert_eq!(plan("http://samaritans.org/", Some("text/html")), ScanPlan::Pass);
    let mut tunnelled = tunnel("learner", "unheard-of.test:443");
    assert_eq!(
        decide::response(&snapshot, &tunnelled, &request(&snapshot, &tunnelled), Some("text/html"), None),
        ScanPlan::Pass
    );
    tunnelled.carriage = Carriage::Plain;
    assert_eq!(
        decide::response(&snapshot, &tunnelled, &request(&snapshot, &tunnelled), Some("text/html"), None),
        ScanPlan::Words
    );
}

#[test]
fn invariant_1_a_rule_without_a_clause_of_the_pack_does_not_compile() {
    let compile =
        |pack, local| Snapshot::new(Arc::new(pack), lists(), Arc::new(WordPack::shipped()), local, Vec::new());
    let mut forged = pack();
    forged.filtering.rules[0].clause = "9.9".to_owned();
    let error = compile(forged, Vec::new()).unwrap_err();
    assert_eq!(error, SnapshotError::NoClause { rule: "category:gambling".to_owned(), clause: "9.9".to_owned() });
    let mut rule = local("r1", "news.test", Action::Allow);
    rule.clause = String::new();
    assert!(matches!(compile(pack(), vec![rule]), Err(SnapshotError::NoClause { .. })));
    let mut nowhere = pack();
    nowhere.filtering.rules[0].sites = vec!["not a host".to_owned()];
    assert!(matches!(compile(nowhere, Vec::new()), Err(SnapshotError::BadSite { .. })));
}

#[test]
fn invariant_6_failures_do_what_the_clause_says() {
    let snapshot = snapshot();
    let asked = tunnel("learner", "unheard-of.test:443");
    let decision = decide::unknown_protocol(&snapshot, &asked);
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "default:unknown-protocol"));
    let mut silent = pack();
    silent.filtering.defaults.scanner_down = Action::Allow;
    silent.filtering.defaults.scanner_down_clause = String::new();
    let decision = decide::scanner_down(&snapshot_of(silent, Vec::new()), &asked);
    assert_eq!(decision.action, Action::Block, "unsaid means refuse");
    let decision = decide::records_down(&snapshot, &asked);
    assert_eq!((decision.action, decision.rule.as_str()), (Action::Block, "default:records-down"), "so here");
    assert_eq!(decision.citation.clause_id(), Some(pack().filtering.defaults.unlisted_clause.as_str()));
}

#[test]
fn f01_an_explanation_tells_every_tier_and_the_winner() {
    let snapshot = snapshot();
    let asked = facts("learner", "http://casino-royal.test/history/of/cards");
    let told = decide::explain(&snapshot, &asked);
    assert_eq!(told.rule, request(&snapshot, &asked).rule);
    assert_eq!(told.tiers.len(), 10);
    let won: Vec<&str> = told
        .tiers
        .iter()
        .flat_map(|tier| &tier.candidates)
        .filter(|line| line.won)
        .map(|line| line.rule.as_str())
        .collect();
    assert_eq!(won, ["exception:casino-royal.test/history"]);
    let lost: Vec<&str> = told
        .tiers
        .iter()
        .flat_map(|tier| &tier.candidates)
        .filter(|line| !line.won)
        .map(|line| line.rule.as_str())
        .collect();
    assert_eq!(lost, ["category:gambling", "default"]);
    assert!(serde_json::to_string(&told).unwrap().contains("\"citation\":\"SMALL 2.2\""));
}
