//! Two keys, never one (S-10): resetting a password opens nothing.

use actions::ActionError;
use actions::people::NewPerson;
use store::testing::for_each_store;

use crate::world::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn s10_resetting_the_leads_password_never_opens_a_case() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let lead = world.sign_in("lead").await;
        let reference = world.references(&lead).await.remove(0);
        let fresh = "four loud metal benches";
        actions::people::reset_password(&world.haven, "lead", fresh, &world.id("it")).await.unwrap();
        let over = actions::session::sign_in(&world.haven, "lead", PASSWORD, None).await;
        assert!(matches!(over, Err(ActionError::Refused { .. })));
        let token = actions::session::sign_in(&world.haven, "lead", fresh, None).await.unwrap();
        let reborn = actions::session::session(&world.haven, &token.0, None).await.unwrap().unwrap();
        let case = actions::case::case(&world.haven, &reborn, &reference).await;
        assert!(
            matches!(case, Err(ActionError::Refused { ref sentence, .. }) if sentence.contains("let you in first"))
        );
        // Another holder admits her again, and everybody who holds cases is told.
        let dsl = world.sign_in("dsl").await;
        assert_eq!(actions::keys::readmit(&world.haven, &dsl, &world.id("lead")).await.unwrap(), 1);
        assert!(world.letters_to("principal").await >= 1);
        let reborn = actions::session::session(&world.haven, &token.0, None).await.unwrap().unwrap();
        let case = actions::case::case(&world.haven, &reborn, &reference).await.unwrap();
        assert_eq!(case.person.as_deref(), Some("Amina Learner"));
        // Nobody admits themselves.
        assert!(actions::keys::readmit(&world.haven, &dsl, &world.id("dsl")).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d04_names_and_words_of_a_case_stand_nowhere_in_clear() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        for entry in store::audit::entries(&world.haven.store, 1, 10_000).await.unwrap() {
            if entry.new.action.starts_with("case.") || entry.new.action.starts_with("alert.") {
                let whole = format!("{:?}", entry.new);
                assert!(
                    !whole.contains("Amina") && !whole.contains(&world.id("amina")) && !whole.contains("grey banner")
                );
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_whoever_reset_the_password_receives_no_new_case_and_stops_no_clock() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("joe", "r0")).await;
        let fresh = "four loud metal benches";
        actions::people::reset_password(&world.haven, "lead", fresh, &world.id("it")).await.unwrap();
        let token = actions::session::sign_in(&world.haven, "lead", fresh, None).await.unwrap();
        let intruder = actions::session::session(&world.haven, &token.0, None).await.unwrap().unwrap();
        let before = world.references(&intruder).await;
        world.pass_minutes(5);
        world.raise(&world.prevent_record("amina", "r1")).await;
        assert_eq!(world.references(&intruder).await, before, "a case that begins now goes past her");
        // The post gives no right to what she had before either.
        let taken = actions::decide::acknowledge(&world.haven, &intruder, &before[0]).await;
        assert!(matches!(taken, Err(ActionError::Refused { .. })));
        let dsl = world.sign_in("dsl").await;
        assert_eq!(actions::keys::readmit(&world.haven, &dsl, &world.id("lead")).await.unwrap(), 2);
        let lead = actions::session::session(&world.haven, &token.0, None).await.unwrap().unwrap();
        assert_eq!(world.references(&lead).await.len(), 2, "what she missed is hers as well");
        for reference in world.references(&lead).await {
            actions::decide::acknowledge(&world.haven, &lead, &reference).await.unwrap();
        }
    })
    .await;
}

/// Somebody put into a post after the house is in use, signed in with the password that they were given.
async fn newcomer(world: &World, username: &str, post: &str, by: &str) -> actions::Session {
    let new = NewPerson {
        name: format!("Nova {username}"),
        username: username.to_owned(),
        population: "staff".to_owned(),
        email: format!("{username}@college.example"),
        posts: vec![post.to_owned()],
        password: Some(PASSWORD.to_owned()),
        ..NewPerson::default()
    };
    actions::people::add(&world.haven, new, &world.id(by)).await.unwrap();
    world.sign_in(username).await
}

async fn keyholders(world: &World, reference: &str) -> Vec<String> {
    let standing = store::cases::standing_by_reference(&world.haven.store, reference).await.unwrap().unwrap();
    store::keys::people_with_key(&world.haven.store, &standing.id).await.unwrap()
}

async fn audited(world: &World, action: &str) -> usize {
    let entries = store::audit::entries(&world.haven.store, 1, 10_000).await.unwrap();
    entries.iter().filter(|entry| entry.new.action == action).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_who_is_put_into_a_post_receives_nothing_until_another_holder_lets_them_in() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        // The Head of HR manages people and holds cases: she makes a lead of a person of her own.
        let told = world.letters_to("dsl").await;
        let nova = newcomer(&world, "nova", "safeguarding-lead", "hr").await;
        assert_eq!(world.letters_to("dsl").await, told + 1, "every holder is told");
        world.raise(&world.prevent_record("amina", "r1")).await;
        assert!(world.references(&nova).await.is_empty());
        let lead = world.sign_in("lead").await;
        let reference = world.references(&lead).await.remove(0);
        assert!(!keyholders(&world, &reference).await.contains(&nova.person.id));
        let seen = actions::case::case(&world.haven, &nova, &reference).await;
        assert!(matches!(seen, Err(ActionError::NotFound)));
        let letters = store::outbox::of_person(&world.haven.store, &nova.person.id).await.unwrap();
        assert!(letters.is_empty(), "no mail");
        assert!(!nova.holds("safeguarding-lead"), "the post gives no right");
        // Not the new one, not who put them there, and nobody without cases.
        let id = nova.person.id.clone();
        let hr = world.sign_in("hr").await;
        for (who, session) in [("nova", &nova), ("hr", &hr), ("it", &world.sign_in("it").await)] {
            assert!(actions::keys::readmit(&world.haven, session, &id).await.is_err(), "{who}");
        }
        let row = |rows: Vec<actions::keys::HolderRow>| rows.into_iter().find(|row| row.person == id).unwrap();
        let as_hr = row(actions::keys::holders(&world.haven, &hr).await.unwrap());
        assert!(!as_hr.live && !as_hr.may_admit && as_hr.given_text.contains("Hana Fairley"));
        let dsl = world.sign_in("dsl").await;
        assert!(row(actions::keys::holders(&world.haven, &dsl).await.unwrap()).may_admit);
        // Another holder lets her in: she gets the case that began meanwhile, and what comes.
        assert_eq!(actions::keys::readmit(&world.haven, &dsl, &id).await.unwrap(), 1);
        let nova = world.sign_in("nova").await;
        let case = actions::case::case(&world.haven, &nova, &reference).await.unwrap();
        assert_eq!(case.person.as_deref(), Some("Amina Learner"));
        world.pass_minutes(25 * 60);
        world.raise(&world.prevent_record("joe", "r2")).await;
        let nova = world.sign_in("nova").await;
        assert_eq!(world.references(&nova).await.len(), 2);
        assert_eq!((audited(&world, "keys.waits").await, audited(&world, "keys.admitted").await), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_a_holder_who_gives_themselves_another_post_gains_nothing_by_it() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let both = ["head-of-hr".to_owned(), "safeguarding-lead".to_owned()];
        actions::people::set_posts(&world.haven, "hr", &both, &world.id("hr")).await.unwrap();
        world.raise(&world.prevent_record("amina", "r1")).await;
        let hr = world.sign_in("hr").await;
        assert!(hr.holds("head-of-hr") && !hr.holds("safeguarding-lead"));
        assert!(world.references(&hr).await.is_empty(), "she stands behind it as before, and does not see it");
        // And nobody is shut out of the post that they hold by being given another.
        let two = ["designated-safeguarding-lead".to_owned(), "principal".to_owned()];
        actions::people::set_posts(&world.haven, "dsl", &two, &world.id("it")).await.unwrap();
        assert_eq!(world.references(&world.sign_in("dsl").await).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv12_a_case_skips_a_lead_who_waits_and_shows_red() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        for lead in ["lead", "lead2"] {
            actions::people::reset_password(&world.haven, lead, "four loud metal benches", "command line")
                .await
                .unwrap();
        }
        world.raise(&world.prevent_record("amina", "r1")).await;
        let dsl = world.sign_in("dsl").await;
        let reference = world.references(&dsl).await.remove(0);
        let case = actions::case::case(&world.haven, &dsl, &reference).await.unwrap();
        assert!(case.escalated && case.owner.contains("Dora Steadman"), "{}", case.owner);
        assert!(case.chronology[0].what.contains("went to the next"), "{}", case.chronology[0].what);
        // It goes on down the order, as for any case that nobody takes on.
        world.pass_minutes(61);
        world.work().await;
        let deputy = world.sign_in("deputy").await;
        let case = actions::case::case(&world.haven, &deputy, &reference).await.unwrap();
        assert!(case.owner.contains("Dev Standin"), "{}", case.owner);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv12_the_open_cases_of_somebody_who_leaves_go_on() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let lead = world.sign_in("lead").await;
        let reference = world.references(&lead).await.remove(0);
        actions::decide::acknowledge(&world.haven, &lead, &reference).await.unwrap();
        actions::people::disable(&world.haven, "lead", &world.id("it")).await.unwrap();
        let lead2 = world.sign_in("lead2").await;
        let case = actions::case::case(&world.haven, &lead2, &reference).await.unwrap();
        assert!(case.escalated && case.acknowledged.is_none() && case.owner.contains("Omar Secondlead"));
        assert!(case.chronology.iter().any(|row| row.what.contains("has left the post")));
        actions::decide::acknowledge(&world.haven, &lead2, &reference).await.unwrap();
        // The post is taken from him: the case is the next one's, and he meets the page of a case that does not exist.
        actions::people::set_posts(&world.haven, "lead2", &["tutor".to_owned()], &world.id("it")).await.unwrap();
        let lead2 = world.sign_in("lead2").await;
        let seen = actions::case::case(&world.haven, &lead2, &reference).await;
        assert!(matches!(seen, Err(ActionError::NotFound)), "{:?}", seen.map(|case| case.owner));
        assert!(!keyholders(&world, &reference).await.contains(&lead2.person.id));
        let dsl = world.sign_in("dsl").await;
        let case = actions::case::case(&world.haven, &dsl, &reference).await.unwrap();
        assert!(case.keys_open && case.owner.contains("Dora Steadman") && case.acknowledged.is_none());
        // Nobody takes it on: the clock that was set anew passes it on.
        world.pass_minutes(61);
        world.work().await;
        let deputy = world.sign_in("deputy").await;
        let case = actions::case::case(&world.haven, &deputy, &reference).await.unwrap();
        assert!(case.owner.contains("Dev Standin"), "{}", case.owner);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_the_last_person_who_can_open_cases_is_not_removed_without_a_word() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        for one in ["lead", "lead2", "deputy", "hr", "principal", "board"] {
            actions::people::disable(&world.haven, one, "command line").await.unwrap();
        }
        let refused = actions::people::disable(&world.haven, "dsl", "command line").await;
        assert!(matches!(refused, Err(ActionError::Refused { ref sentence, .. }) if sentence.contains("last person")));
        let refused = actions::people::set_posts(&world.haven, "dsl", &[], "command line").await;
        assert!(matches!(refused, Err(ActionError::Refused { .. })));
        // With another one let in, she can go.
        newcomer(&world, "nova", "deputy-designated-safeguarding-lead", "it").await;
        assert!(actions::people::disable(&world.haven, "dsl", "command line").await.is_err(), "nova still waits");
        let dsl = world.sign_in("dsl").await;
        let nova = world.sign_in("nova").await.person.id;
        actions::keys::readmit(&world.haven, &dsl, &nova).await.unwrap();
        actions::people::disable(&world.haven, "dsl", "command line").await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_who_reset_a_password_is_not_the_one_who_lets_back_in() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let fresh = "four loud metal benches";
        actions::people::reset_password(&world.haven, "lead", fresh, &world.id("hr")).await.unwrap();
        assert!(world.letters_to("lead").await >= 1, "she is told that somebody reset her password");
        let lead = actions::session::sign_in(&world.haven, "lead", fresh, None).await.unwrap();
        drop(lead);
        let hr = world.sign_in("hr").await;
        let refused = actions::keys::readmit(&world.haven, &hr, &world.id("lead")).await;
        assert!(matches!(refused, Err(ActionError::Refused { ref sentence, .. }) if sentence.contains("two people")));
        let principal = world.sign_in("principal").await;
        actions::keys::readmit(&world.haven, &principal, &world.id("lead")).await.unwrap();
        assert!(!actions::keys::waits(&world.haven, &world.id("lead")).await.unwrap());
    })
    .await;
}
