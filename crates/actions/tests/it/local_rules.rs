//! The organisation's own rules, made and taken back by hand, and what the filter would do.

use std::sync::Arc;

use actions::ActionError;
use actions::local_rules::{Made, NewRule, RuleQuery, RuleState, make, rules, take_back};
use actions::session::Session;
use actions::what_if::{self, Question};
use filter::Snapshot;
use filter::lists::{Builder, Lists, SealedIndex};
use filter::phrases::WordPack;
use store::testing::for_each_store;

use crate::world::World;

fn new(site: &str, allow: bool, population: &str) -> NewRule {
    NewRule {
        site: site.into(),
        allow,
        population: population.into(),
        reason: "Used in the bookkeeping course".into(),
        until_days: allow.then_some(30),
    }
}

fn field(result: Result<impl std::fmt::Debug, ActionError>) -> String {
    match result {
        Err(ActionError::Fault(faults)) => faults[0].field.clone(),
        other => panic!("a fault was expected: {other:?}"),
    }
}

async fn in_force(world: &World) -> Vec<store::local_rules::LocalRule> {
    store::local_rules::in_force(&world.haven.store, world.now()).await.unwrap()
}

async fn listed(world: &World, who: &Session, text: &str, ended: bool) -> Vec<actions::local_rules::RuleRow> {
    let query = RuleQuery { text: text.into(), ended, page: 1 };
    rules(&world.haven, who, &query).await.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_site_is_closed_by_hand_found_again_and_taken_back_with_a_reason() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let it = world.sign_in("it").await;
        let made =
            make(&world.haven, &it, &new("https://WWW.Quarrel.example./rooms/", false, "learner")).await.unwrap();
        assert_eq!(made, Made::Rule);
        let kept = in_force(&world).await;
        assert_eq!((kept[0].host.as_str(), kept[0].until), ("www.quarrel.example/rooms", None), "in one normal form");
        let again = make(&world.haven, &it, &new("www.quarrel.example/rooms", false, "learner")).await;
        assert_eq!(field(again), "site", "sent twice it is one rule");

        let rows = listed(&world, &it, "BOOKKÉEPING", false).await;
        assert_eq!(rows.len(), 1, "found by its reason, whatever the case and the accents");
        assert!(rows[0].mine_to_end && rows[0].state == RuleState::InForce, "{rows:?}");
        assert!(listed(&world, &it, "zebra", false).await.is_empty());

        assert_eq!(field(take_back(&world.haven, &it, &rows[0].id, "  ").await), "reason");
        take_back(&world.haven, &it, &rows[0].id, "They have moderators now").await.unwrap();
        assert!(in_force(&world).await.is_empty());
        assert_eq!(field(take_back(&world.haven, &it, &rows[0].id, "Again").await), "reason");
        assert!(listed(&world, &it, "", false).await.is_empty());
        let ended = listed(&world, &it, "", true).await;
        assert!(ended[0].state == RuleState::TakenBack && !ended[0].mine_to_end, "{ended:?}");
        let record = store::audit::entries(&world.haven.store, 1, 1_000).await.unwrap();
        for action in ["local-rule.make", "local-rule.take-back"] {
            assert_eq!(record.iter().filter(|entry| entry.new.action == action).count(), 1, "{action}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_nobody_opens_a_site_for_themselves() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let it = world.sign_in("it").await;
        for population in ["staff", ""] {
            let site = format!("shop{}.example", population.len());
            let made = make(&world.haven, &it, &new(&site, true, population)).await.unwrap();
            assert_eq!(made, Made::Asked, "for '{population}'");
            make(&world.haven, &it, &new(&site, true, population)).await.unwrap();
        }
        assert!(in_force(&world).await.is_empty(), "nothing opens before somebody else agrees");
        assert!(actions::requests::requests(&world.haven, &it, 1).await.unwrap().items.is_empty(), "not by oneself");
        assert_eq!(store::requests::waiting(&world.haven.store, "somebody else").await.unwrap(), 2);
        // For others it is theirs to decide.
        assert_eq!(make(&world.haven, &it, &new("museum.example", true, "learner")).await.unwrap(), Made::Rule);
        // What closes a site for oneself is not taken back by oneself either.
        make(&world.haven, &it, &new("auction.example", false, "staff")).await.unwrap();
        let auction = listed(&world, &it, "auction", false).await.remove(0);
        assert!(!auction.mine_to_end);
        let refused = take_back(&world.haven, &it, &auction.id, "I would like to look").await;
        assert!(matches!(refused, Err(ActionError::Refused { .. })), "{refused:?}");
        assert_eq!(in_force(&world).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_what_cannot_be_a_rule_is_said_at_its_field() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let it = world.sign_in("it").await;
        let ask = async |rule: NewRule| field(make(&world.haven, &it, &rule).await);
        for site in ["", "not a site", "co.uk", "localhost", "https://", "samaritans.org", &"a.".repeat(200)] {
            assert_eq!(ask(new(site, false, "learner")).await, "site", "{site}");
        }
        assert_eq!(ask(new("a.example", false, "wizards")).await, "population");
        assert_eq!(ask(NewRule { reason: " ".into(), ..new("a.example", false, "learner") }).await, "reason");
        assert_eq!(ask(NewRule { reason: "a".repeat(1_001), ..new("a.example", false, "learner") }).await, "reason");
        for days in [None, Some(0), Some(366)] {
            let rule = NewRule { until_days: days, ..new("a.example", true, "learner") };
            assert_eq!(ask(rule).await, "until_days", "{days:?}");
        }
        assert!(in_force(&world).await.is_empty());
        for who in ["lead", "tara", "amina"] {
            let session = world.sign_in(who).await;
            let refused = make(&world.haven, &session, &new("a.example", false, "learner")).await;
            assert!(refused.is_err(), "{who} decides about no site");
            assert!(rules(&world.haven, &session, &RuleQuery::default()).await.is_err(), "{who}");
        }
    })
    .await;
}

fn lists(name: &str, entries: &[&str]) -> Arc<Lists> {
    let mut builder = Builder::new();
    builder.add_file(&format!("{name}/domains"), entries.join("\n").as_bytes());
    Arc::new(Lists::open(builder.finish()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_what_would_happen_is_told_with_its_reasons_and_says_nothing_about_sealed_lists() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let it = world.sign_in("it").await;
        let pack = world.haven.pack();
        let words = Arc::new(WordPack::shipped());
        let bought = lists("gambling", &["wheel.example"]);
        let snapshot = Snapshot::new(pack.clone(), bought, words, vec![], vec![]).unwrap();
        let licensed = [("licensed.txt".to_owned(), b"never-named.example\n".to_vec())];
        let (sealed, _) = SealedIndex::read([1; 32], Vec::new(), &licensed);
        let snapshot = snapshot.with_sealed(vec![Arc::new(sealed)]);
        let group = pack.groups.iter().find(|group| group.population == "learner").unwrap().id.clone();
        let ask = |url: &str, group: &str, at: &str| {
            let question = Question { url: url.into(), group: group.into(), at: at.into(), place: String::new() };
            what_if::ask(&world.haven, &it, &snapshot, &question)
        };
        let told = ask("Wheel.example/spin", &group, "").unwrap();
        assert_eq!((told.action, told.host.as_str()), ("block", "wheel.example"));
        assert!(told.list.contains("wheel.example"), "{told:?}");
        assert!(told.others.iter().any(|other| other.rule.starts_with("default")), "{told:?}");
        assert!(told.citation.starts_with("WAES "), "{told:?}");

        // A sealed list answers no question, in no way.
        let sealed = ask("never-named.example", &group, "").unwrap();
        let unknown = ask("nobody-knows.example", &group, "").unwrap();
        assert_eq!((sealed.action, &sealed.rule, &sealed.reason), (unknown.action, &unknown.rule, &unknown.reason));
        assert!(sealed.others.iter().all(|other| !other.rule.contains("sealed")));
        let rule = new("never-named.example", false, "learner");
        let effects = what_if::effects(&world.haven, &it, &snapshot, &rule).unwrap();
        assert!(effects.iter().any(|effect| effect.before != effect.after), "as for any site: {effects:?}");

        // What a rule would change, and for whom.
        let effects = what_if::effects(&world.haven, &it, &snapshot, &new("wheel.example", true, "learner")).unwrap();
        for (effect, group) in effects.iter().zip(&pack.groups) {
            let changes = group.population == "learner";
            assert_eq!((effect.before, effect.after), ("block", if changes { "allow" } else { "block" }), "{effect:?}");
        }

        assert_eq!(field(ask("", &group, "")), "url");
        assert_eq!(field(ask("http://", &group, "")), "url");
        assert_eq!(field(ask("a.example", "wizards", "")), "group");
        assert_eq!(field(ask("a.example", &group, "soon")), "at");
        assert!(ask("a.example", &group, "2026-11-24T10:15").unwrap().at_text.contains("10:15"));
        let from = |place: &str| {
            let question =
                Question { url: "a.example".into(), group: group.clone(), at: String::new(), place: place.into() };
            what_if::ask(&world.haven, &it, &snapshot, &question)
        };
        assert_eq!(field(from("room 4")), "place");
        assert!(from(" fd00:4::7 ").unwrap().hour.contains("Class hours"), "and the answer names the hour");
        let learner = world.sign_in("amina").await;
        let question = Question { url: "a.example".into(), group, ..Question::default() };
        assert!(what_if::ask(&world.haven, &learner, &snapshot, &question).is_err());
    })
    .await;
}
