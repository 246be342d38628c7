//! Two keys, never one (S-10): resetting a password opens nothing.

use actions::ActionError;
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
        let case = actions::case::case(&world.haven, &reborn, &reference).await.unwrap();
        assert!(!case.keys_open && case.person.is_none() && case.narrative.is_empty() && case.alert.is_none());
        // Another holder admits her again, and everybody who holds cases is told.
        let dsl = world.sign_in("dsl").await;
        assert_eq!(actions::keys::readmit(&world.haven, &dsl, &world.id("lead")).await.unwrap(), 1);
        assert!(world.letters_to("principal").await >= 1);
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
        let fresh = "four loud metal benches";
        actions::people::reset_password(&world.haven, "lead", fresh, &world.id("it")).await.unwrap();
        let token = actions::session::sign_in(&world.haven, "lead", fresh, None).await.unwrap();
        world.raise(&world.prevent_record("amina", "r1")).await;
        let intruder = actions::session::session(&world.haven, &token.0, None).await.unwrap().unwrap();
        let reference = world.references(&intruder).await.remove(0);
        let case = actions::case::case(&world.haven, &intruder, &reference).await.unwrap();
        assert!(!case.keys_open && case.person.is_none());
        let taken = actions::decide::acknowledge(&world.haven, &intruder, &reference).await;
        assert!(matches!(taken, Err(ActionError::Locked)));
        let dsl = world.sign_in("dsl").await;
        actions::keys::readmit(&world.haven, &dsl, &world.id("lead")).await.unwrap();
        actions::decide::acknowledge(&world.haven, &intruder, &reference).await.unwrap();
    })
    .await;
}
