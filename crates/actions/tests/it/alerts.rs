//! An alert is a question for a person to answer (S-5).

use ::casework::CaseState;
use actions::ActionError;
use actions::decide::{AssessChoice, Assessment};
use store::testing::for_each_store;

use crate::world::World;

fn assessment(choice: AssessChoice, revision: i64) -> Assessment {
    Assessment {
        choice,
        reasons: "Read the hour around it and spoke with the tutor.".into(),
        revision,
        vulnerability: String::new(),
        disability: String::new(),
        wellbeing: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn m02_an_alert_opens_an_unassessed_case_with_its_procedure_begun() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let lead = world.sign_in("lead").await;
        let today = actions::today::today(&world.haven, &lead).await.unwrap();
        assert_eq!(today.unassessed.len(), 1);
        let row = &today.unassessed[0];
        assert_eq!(row.state, CaseState::Unassessed);
        assert_eq!(row.grade.as_deref(), Some("high"));
        assert_eq!(row.person.as_deref(), Some("Amina Learner"));
        let case = actions::case::case(&world.haven, &lead, &row.reference).await.unwrap();
        assert!(!case.steps.is_empty() && !case.cards.is_empty());
        assert!(case.alert.unwrap().how_identified.contains("Signed in as amina"));
        assert_eq!(world.letters_to("lead").await + world.letters_to("lead2").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_the_same_trigger_two_hundred_times_stays_one_case() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        for count in 0..200 {
            world.raise(&world.prevent_record("amina", &format!("r{count}"))).await;
        }
        // The same record twice is one hit.
        let again = world.prevent_record("amina", "r0");
        actions::alert::raise(&world.haven, &again).await.unwrap();
        let lead = world.sign_in("lead").await;
        let today = actions::today::today(&world.haven, &lead).await.unwrap();
        assert_eq!(today.unassessed.len(), 1);
        assert_eq!(today.unassessed[0].hits, 200);
        assert_eq!(world.letters_to("lead").await + world.letters_to("lead2").await, 1);
    })
    .await;
}

/// Hits of a morning: forty people, of whom four looked for what is graded high, and all of them for something low.
async fn a_morning(world: &World, hits: usize) {
    let records: Vec<_> = (0..hits)
        .map(|count| {
            let reference = format!("morning{count}");
            let record = if count % 50 == 7 {
                world.prevent_record("amina", &reference)
            } else {
                world.low_record("amina", &reference)
            };
            let person = if record.search.is_empty() { count % 40 } else { count / 50 % 4 };
            store::activity::Record { person: format!("learner-{person}"), ..record }
        })
        .collect();
    for batch in records.chunks(500) {
        world.raise_all(batch).await;
    }
}

async fn reads_in_ten_minutes(world: &World, hits: usize) {
    a_morning(world, hits).await;
    let lead = world.sign_in("lead").await;
    let today = actions::today::today(&world.haven, &lead).await.unwrap();
    let grades: Vec<&str> = today.unassessed.iter().filter_map(|row| row.grade.as_deref()).collect();
    assert_eq!(grades.len(), 44, "one for each person and theme");
    assert!(grades[..4].iter().all(|grade| *grade == "high"), "the worst first: {grades:?}");
    assert!(grades[4..].iter().all(|grade| *grade == "low"));
    let seen: i64 = today.unassessed.iter().map(|row| row.hits).sum();
    assert_eq!(usize::try_from(seen).unwrap(), hits, "no hit is lost");
    assert_eq!(today.more, 0);
    world.pass_minutes(24 * 60);
    world.work().await;
    let letters = world.letters_to("lead").await + world.letters_to("lead2").await;
    assert!((4..=10).contains(&letters), "{letters} letters: the low ones come together");
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_a_morning_of_hundreds_of_hits_is_read_in_ten_minutes() {
    for_each_store(|store| async move { reads_in_ten_minutes(&World::new(store).await, 400).await }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_s5_a_morning_of_five_thousand_hits_is_read_in_ten_minutes() {
    for_each_store(|store| async move { reads_in_ten_minutes(&World::new(store).await, 5_000).await }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_what_does_not_fit_on_today_is_counted_and_the_urgent_never_left_out() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let mut records: Vec<_> = (0..140)
            .map(|count| store::activity::Record {
                person: format!("learner-{count}"),
                ..world.low_record("amina", &format!("many{count}"))
            })
            .collect();
        records.insert(0, world.prevent_record("joe", "first"));
        world.raise_all(&records).await;
        let lead = world.sign_in("lead").await;
        let today = actions::today::today(&world.haven, &lead).await.unwrap();
        assert_eq!(today.unassessed[0].grade.as_deref(), Some("high"), "the oldest of all, and the first to be read");
        assert_eq!(today.unassessed.len() as u64 + today.more, 141);
        assert!(today.more > 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_a_false_alarm_leaves_nothing_in_the_history() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let lead = world.sign_in("lead").await;
        let reference = world.references(&lead).await.remove(0);
        let case = actions::case::case(&world.haven, &lead, &reference).await.unwrap();
        let judged = assessment(AssessChoice::FalseAlarm, case.revision);
        actions::decide::assess(&world.haven, &lead, &reference, judged).await.unwrap();
        let gone = actions::case::case(&world.haven, &lead, &reference).await;
        assert!(matches!(gone, Err(ActionError::NotFound)));
        assert!(world.references(&lead).await.is_empty());
        // The same form sent again ends on the same page for whoever judged, and for nobody else.
        assert!(actions::decide::was_my_false_alarm(&world.haven, &lead, &reference).await.unwrap());
        for other in ["lead2", "it", "amina"] {
            let other = world.sign_in(other).await;
            let mine = actions::decide::was_my_false_alarm(&world.haven, &other, &reference).await;
            assert!(!matches!(mine, Ok(true)));
        }
        let record = store::activity::by_reference(&world.haven.store, "r1").await.unwrap().unwrap();
        assert!(record.alert.is_none(), "the mark is taken off the activity record");
        let it = world.sign_in("it").await;
        let technical = actions::filter_event::technical_alerts(&world.haven, &it, 1).await.unwrap();
        assert_eq!(technical.total, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv12_an_alert_that_nobody_acknowledges_goes_to_the_next_and_shows_red() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let before = world.letters_to("lead").await + world.letters_to("lead2").await + world.letters_to("dsl").await;
        assert_eq!(before, 1);
        world.pass_minutes(61);
        world.work().await;
        let after = world.letters_to("lead").await + world.letters_to("lead2").await + world.letters_to("dsl").await;
        assert_eq!(after, 2, "the next in order is told");
        let dsl = world.sign_in("dsl").await;
        let today = actions::today::today(&world.haven, &dsl).await.unwrap();
        assert_eq!(today.late.len(), 1);
        assert!(today.late[0].escalated);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv12_an_acknowledged_alert_is_not_passed_on() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let lead = world.sign_in("lead").await;
        let reference = world.references(&lead).await.remove(0);
        actions::decide::acknowledge(&world.haven, &lead, &reference).await.unwrap();
        world.pass_minutes(61);
        world.work().await;
        assert_eq!(world.letters_to("dsl").await, 0);
        let lead = world.sign_in("lead").await;
        let case = actions::case::case(&world.haven, &lead, &reference).await.unwrap();
        assert!(!case.escalated && case.acknowledged.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m02_the_hour_before_and_after_is_shown_and_then_sealed() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let mut early = world.record("amina", "learner", "early");
        early.host = "library.test".into();
        store::activity::insert_batch(&world.haven.store, "test", world.now(), &[early]).await.unwrap();
        world.pass_minutes(30);
        world.raise(&world.prevent_record("amina", "r1")).await;
        world.pass_minutes(20);
        let mut after = world.record("amina", "learner", "after");
        after.host = "news.test".into();
        store::activity::insert_batch(&world.haven.store, "test", world.now(), &[after]).await.unwrap();
        let lead = world.sign_in("lead").await;
        let reference = world.references(&lead).await.remove(0);
        let hosts = |view: actions::case::AlertView| view.timeline.into_iter().map(|row| row.host).collect::<Vec<_>>();
        let alert = actions::case::case(&world.haven, &lead, &reference).await.unwrap().alert.unwrap();
        assert!(!alert.complete);
        assert_eq!(hosts(alert), ["library.test", "search.test", "news.test"]);
        world.pass_minutes(45);
        world.work().await;
        store::activity::say_erased(&world.haven.store, world.now(), world.now(), "").await.unwrap();
        store::activity::erase_some(&world.haven.store, world.now(), 10_000).await.unwrap();
        let lead = world.sign_in("lead").await;
        let alert = actions::case::case(&world.haven, &lead, &reference).await.unwrap().alert.unwrap();
        assert!(alert.complete);
        assert_eq!(hosts(alert), ["library.test", "search.test", "news.test"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv11_the_leads_own_alert_never_reaches_the_lead() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let lead = world.sign_in("lead").await;
        let cases_before = world.references(&lead).await.len();
        world.raise(&world.prevent_record("lead", "r1")).await;
        assert_eq!(world.references(&lead).await.len(), cases_before);
        let today = actions::today::today(&world.haven, &lead).await.unwrap();
        assert!(today.unassessed.is_empty() && today.late.is_empty() && today.last_alert_text.is_none());
        assert_eq!(world.letters_to("lead").await, 0);
        let hr = world.sign_in("hr").await;
        let reference = world.references(&hr).await.remove(0);
        for blind in ["lead", "lead2", "dsl", "deputy", "it", "tara"] {
            let session = world.sign_in(blind).await;
            let seen = actions::case::case(&world.haven, &session, &reference).await;
            assert!(matches!(seen, Err(ActionError::NotFound)), "{blind} must not see it");
        }
        assert!(actions::case::case(&world.haven, &hr, &reference).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p06_the_head_of_it_acknowledges_the_technical_alert_and_the_safeguarding_clock_runs_on() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let it = world.sign_in("it").await;
        let technical = actions::filter_event::technical_alerts(&world.haven, &it, 1).await.unwrap();
        assert_eq!(technical.total, 1);
        actions::filter_event::acknowledge_technical(&world.haven, &it, &technical.items[0].id).await.unwrap();
        assert!(actions::filter_event::filter_event(&world.haven, &it, "r1").await.is_ok());
        assert!(world.references(&it).await.is_empty());
        world.pass_minutes(61);
        world.work().await;
        let dsl = world.sign_in("dsl").await;
        assert_eq!(actions::today::today(&world.haven, &dsl).await.unwrap().late.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m01_a_name_is_shown_only_after_a_purpose_that_stands_in_the_audit_record() {
    use actions::filter_event::{AskName, event_with_name, filter_event};
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let it = world.sign_in("it").await;
        let plain = filter_event(&world.haven, &it, "r1").await.unwrap();
        assert!(plain.has_person && plain.person.is_none() && plain.how.is_empty(), "how she signed in names her");
        for (purpose, ticket, field) in
            [("", "INC-1", "purpose"), ("curious", "", "purpose"), ("fault", "Amina did it", "ticket")]
        {
            let asked = AskName { purpose: purpose.to_owned(), ticket: ticket.to_owned() };
            let refused = event_with_name(&world.haven, &it, "r1", &asked).await;
            assert!(matches!(&refused, Err(ActionError::Fault(faults)) if faults[0].field == field), "{refused:?}");
        }
        let asked = AskName { purpose: "fault".to_owned(), ticket: "INC-2041".to_owned() };
        let named = event_with_name(&world.haven, &it, "r1", &asked).await.unwrap();
        assert!(named.person.unwrap().starts_with("Amina") && !named.how.is_empty());
        let entries = store::audit::entries(&world.haven.store, 1, 1_000).await.unwrap();
        let looks: Vec<_> = entries.iter().filter(|entry| entry.new.action == "filter.name").collect();
        assert_eq!(looks.len(), 1, "a refused question shows nothing and is no look");
        assert!(looks[0].new.detail.contains("INC-2041") && looks[0].new.actor == it.person.id);
        let tutor = world.sign_in("tara").await;
        assert!(matches!(event_with_name(&world.haven, &tutor, "r1", &asked).await, Err(ActionError::NotFound)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv11_nobody_sees_a_filter_event_about_themselves() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("it", "r1")).await;
        let it = world.sign_in("it").await;
        let query = actions::filter_event::EventQuery { page: 1, ..Default::default() };
        assert_eq!(actions::filter_event::filter_events(&world.haven, &it, query).await.unwrap().total, 0);
        assert!(matches!(
            actions::filter_event::filter_event(&world.haven, &it, "r1").await,
            Err(ActionError::NotFound)
        ));
        assert_eq!(actions::filter_event::technical_alerts(&world.haven, &it, 1).await.unwrap().total, 0);
        assert_eq!(world.letters_to("it").await, 0);
    })
    .await;
}
