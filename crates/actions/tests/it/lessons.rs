//! Lessons: started by whoever teaches, joined with the code, ended by the clock, and kept as evidence (F10).

use actions::ActionError;
use actions::lesson::{self, LessonQuery, LessonView, NewLesson};
use actions::session::Session;
use store::testing::for_each_store;

use crate::world::World;

fn new(sites: &str) -> NewLesson {
    NewLesson {
        title: "Bookkeeping".into(),
        sites: sites.into(),
        looked: true,
        until: "10:30".into(),
        ..NewLesson::default()
    }
}

fn field(result: Result<impl std::fmt::Debug, ActionError>) -> String {
    match result {
        Err(ActionError::Fault(faults)) => faults[0].field.clone(),
        other => panic!("a fault was expected: {other:?}"),
    }
}

async fn look(world: &World, who: &Session, id: &str) -> LessonView {
    lesson::one(&world.haven, who, None, id).await.unwrap()
}

async fn past(world: &World, who: &Session, text: &str) -> Vec<String> {
    let query = LessonQuery { text: text.into(), page: 1 };
    let found = lesson::past(&world.haven, who, &query).await.unwrap();
    found.items.into_iter().map(|row| row.title).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_lesson_is_started_joined_and_ends_by_itself() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (tara, amina) = (world.sign_in("tara").await, world.sign_in("amina").await);
        let id = lesson::start(
            &world.haven,
            &tara,
            &new("https://WWW.Ledger.example./\nmuseum.example/money\nwww.ledger.example"),
        )
        .await
        .unwrap();
        let view = look(&world, &tara, &id).await;
        assert_eq!(view.row.code.len(), 5);
        let sites: Vec<_> = view.sites.iter().map(|site| site.site.as_str()).collect();
        assert_eq!(sites, ["museum.example/money", "www.ledger.example"], "each once, in one form");
        assert!(view.sites[0].checked_text.as_ref().unwrap().contains("by Tara Tutor"));
        assert_eq!((view.row.until_text.as_str(), view.clause.as_str(), view.mine), ("10:30am", "6.8", true));

        assert_eq!(field(lesson::join(&world.haven, &amina, "ZZZZZZ").await), "code");
        assert_eq!(field(lesson::join(&world.haven, &amina, "").await), "code");
        let typed = format!(" {}-{} ", &view.row.code[..2].to_lowercase(), &view.row.code[2..]);
        for _ in 0..2 {
            lesson::join(&world.haven, &amina, &typed).await.unwrap();
        }
        let in_force = lesson::in_force(&world.haven).await.unwrap();
        assert_eq!(in_force.len(), 1);
        assert_eq!(in_force[0].people, [world.id("amina")].into());
        assert_eq!((in_force[0].clause.as_str(), in_force[0].sites.len()), ("6.8", 2));
        let mine = lesson::mine(&world.haven, &amina).await.unwrap();
        assert_eq!((mine.joined.len(), mine.joined[0].sites.len(), mine.may_start), (1, 2, false));
        assert_eq!(look(&world, &tara, &id).await.people[0].name, "Amina Learner");

        // Another site, one that is unsuitable, another end.
        assert_eq!(field(lesson::add_site(&world.haven, &tara, &id, "news.example", false).await), "looked");
        lesson::add_site(&world.haven, &tara, &id, "news.example", true).await.unwrap();
        lesson::unsuitable(&world.haven, &tara, &id, "news.example", "").await.unwrap();
        lesson::unsuitable(&world.haven, &tara, &id, "news.example", "").await.unwrap();
        let it = world.sign_in("it").await;
        let requests = actions::requests::requests(&world.haven, &it, 1).await.unwrap().items;
        assert_eq!(requests.len(), 1, "asked once of those who decide about sites");
        assert!(
            requests[0].got_through && requests[0].host == "news.example" && requests[0].why.contains("Bookkeeping")
        );
        assert_eq!(lesson::in_force(&world.haven).await.unwrap()[0].closed, ["news.example"]);
        lesson::extend(&world.haven, &tara, &id, "11:00").await.unwrap();
        world.pass_minutes(75);
        assert_eq!(lesson::in_force(&world.haven).await.unwrap().len(), 1);
        world.pass_minutes(20);
        assert!(lesson::in_force(&world.haven).await.unwrap().is_empty(), "nobody had to end it");
        assert!(lesson::mine(&world.haven, &amina).await.unwrap().joined.is_empty());
        for late in [
            lesson::extend(&world.haven, &tara, &id, "23:00").await,
            lesson::end(&world.haven, &tara, &id).await,
            lesson::add_site(&world.haven, &tara, &id, "late.example", true).await,
        ] {
            assert_eq!(field(late), "", "it has ended");
        }
        assert_eq!(field(lesson::join(&world.haven, &amina, &typed).await), "code");
        let (again, before) = lesson::sites_of(&world.haven, &tara, &id).await.unwrap();
        assert_eq!(again, "museum.example/money\nwww.ledger.example", "without what was unsuitable");
        assert!(before.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_only_who_teaches_starts_and_only_who_started_or_decides_ends() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        for who in ["amina", "guest", "lead", "it", "principal"] {
            let session = world.sign_in(who).await;
            assert!(lesson::start(&world.haven, &session, &new("a.example")).await.is_err(), "{who}");
            assert!(!lesson::may_start(&world.haven, &session));
        }
        let tara = world.sign_in("tara").await;
        let id = lesson::start(&world.haven, &tara, &new("a.example")).await.unwrap();
        for who in ["amina", "lead"] {
            let session = world.sign_in(who).await;
            assert!(lesson::end(&world.haven, &session, &id).await.is_err(), "{who}");
            assert!(lesson::one(&world.haven, &session, None, &id).await.is_err(), "{who} is told of no such lesson");
            assert!(lesson::past(&world.haven, &session, &LessonQuery::default()).await.is_err(), "{who}");
        }
        // A governor sees that there was one, and no learner's name.
        let amina = world.sign_in("amina").await;
        let code = look(&world, &tara, &id).await.row.code;
        lesson::join(&world.haven, &amina, &code).await.unwrap();
        let board = world.sign_in("board").await;
        assert_eq!(past(&world, &board, "TARA").await, ["Bookkeeping"]);
        assert!(past(&world, &board, "zebra").await.is_empty());
        let view = look(&world, &board, &id).await;
        assert!(!view.mine && view.people.is_empty() && view.row.people == Some(1));
        // Let go by the tutor, and back with the code.
        lesson::let_go(&world.haven, &tara, &id, &world.id("amina")).await.unwrap();
        assert!(lesson::in_force(&world.haven).await.unwrap()[0].people.is_empty());
        lesson::join(&world.haven, &amina, &code).await.unwrap();
        assert_eq!(lesson::in_force(&world.haven).await.unwrap()[0].people.len(), 1);
        // Whoever decides about sites can end it, if the tutor has gone home.
        let it = world.sign_in("it").await;
        lesson::end(&world.haven, &it, &id).await.unwrap();
        assert!(lesson::in_force(&world.haven).await.unwrap().is_empty());
        assert!(!look(&world, &tara, &id).await.row.runs);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_what_cannot_be_a_lesson_is_said_at_its_field() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let tara = world.sign_in("tara").await;
        let ask = async |lesson: NewLesson| field(lesson::start(&world.haven, &tara, &lesson).await);
        let many = (0..61).map(|n| format!("s{n}.example")).collect::<Vec<_>>().join("\n");
        for sites in ["", " \n ", "not a site", "co.uk", "localhost", "good.example\nhttps://", &many] {
            assert_eq!(ask(new(sites)).await, "sites", "{sites}");
        }
        for until in ["", "09:00", "25:00", "soon"] {
            assert_eq!(ask(NewLesson { until: until.into(), ..new("a.example") }).await, "until", "{until}");
        }
        assert_eq!(ask(NewLesson { looked: false, ..new("a.example") }).await, "looked");
        assert_eq!(ask(NewLesson { title: "a".repeat(201), ..new("a.example") }).await, "title");
        let free = NewLesson { free_search: true, looked: false, supervisor: "Tara Tutor".into(), ..new("") };
        assert_eq!(ask(free.clone()).await, "why");
        let named = NewLesson { why: "They compare museums".into(), ..free };
        assert_eq!(ask(NewLesson { supervisor: " ".into(), ..named.clone() }).await, "supervisor");
        let id = lesson::start(&world.haven, &tara, &named).await.unwrap();
        let view = look(&world, &tara, &id).await;
        assert!(view.row.free_search && view.sites.is_empty() && view.row.supervisor == "Tara Tutor");
        assert_eq!(field(lesson::add_site(&world.haven, &tara, &id, "a.example", true).await), "site");
        assert_eq!(field(lesson::unsuitable(&world.haven, &tara, &id, "samaritans.org", "").await), "unsuitable");
        assert_eq!(field(lesson::unsuitable(&world.haven, &tara, &id, "nothing at all", "").await), "unsuitable");
        assert_eq!(past(&world, &tara, "museums").await, ["Bookkeeping"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_who_was_in_a_lesson_is_forgotten_as_activity_is() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (tara, amina) = (world.sign_in("tara").await, world.sign_in("amina").await);
        let id = lesson::start(&world.haven, &tara, &new("a.example")).await.unwrap();
        let code = look(&world, &tara, &id).await.row.code;
        lesson::join(&world.haven, &amina, &code).await.unwrap();
        let run = async || actions::retention::erase(&world.haven, async || true).await.unwrap();
        run().await;
        assert_eq!(store::lessons::people(&world.haven.store, &id).await.unwrap().len(), 1);
        world.pass_minutes(32 * 24 * 60);
        run().await;
        assert_eq!(store::lessons::people(&world.haven.store, &id).await.unwrap().len(), 1, "no length, no deletion");
        crate::activity::with_length(&world, "30 days").await;
        run().await;
        assert!(store::lessons::people(&world.haven.store, &id).await.unwrap().is_empty());
        assert_eq!(
            store::lessons::all(&world.haven.store, None).await.unwrap().len(),
            1,
            "the lesson itself is evidence"
        );
    })
    .await;
}
