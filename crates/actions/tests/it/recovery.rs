//! Two recovery shares open what nobody else can, for one named holder, and never for whom a case leaves out (S-10).

use actions::keys::{StuckCases, recover, stuck_cases, survey};
use actions::{ActionError, Session};
use store::testing::for_each_store;

use crate::let_in::told;
use crate::world::World;

const FRESH: &str = "four loud metal benches";
const HOLDERS: [&str; 7] = ["lead", "lead2", "dsl", "deputy", "hr", "principal", "board"];

async fn reset_everybody(world: &World) {
    for username in HOLDERS {
        actions::people::reset_password(&world.haven, username, FRESH, "command line").await.unwrap();
    }
}

async fn returns(world: &World, username: &str) -> Session {
    let token = actions::session::sign_in(&world.haven, username, FRESH, None).await.unwrap();
    actions::session::session(&world.haven, &token.0, None).await.unwrap().unwrap()
}

/// Two sheets are brought.
async fn shares_for(world: &World, username: &str) -> Result<(u64, u64), ActionError> {
    let two = [world.shares[1].as_str(), world.shares[3].as_str()];
    let done = recover(&world.haven, username, &two, "Nobody is left.", "command line").await?;
    Ok((done.opened, done.stay_shut))
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_shares_never_open_a_case_to_whom_it_leaves_out() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let about_lead = told(&world, "She shouts at us.", "staff", "Lena Leadwell").await;
        assert_eq!(stuck_cases(&world.haven).await.unwrap(), StuckCases::default());
        reset_everybody(&world).await;
        assert_eq!(stuck_cases(&world.haven).await.unwrap(), StuckCases { dark: 2, alone: 0 });

        returns(&world, "lead").await;
        // Before two shares are brought nobody is told whom a case leaves out.
        let looked = survey(&world.haven, "lead").await.unwrap();
        assert_eq!(looked.stuck, StuckCases { dark: 2, alone: 0 });
        assert_eq!(shares_for(&world, "lead").await.unwrap(), (1, 1));
        let lead = returns(&world, "lead").await;
        let references = world.references(&lead).await;
        assert_eq!(references.len(), 1);
        let case = actions::case::case(&world.haven, &lead, &references[0]).await.unwrap();
        assert_eq!(case.person.as_deref(), Some("Amina Learner"));
        let seen = actions::case::case(&world.haven, &lead, &about_lead).await;
        assert!(matches!(seen, Err(ActionError::NotFound)), "not even when nobody else is left");

        // The case about her opens for somebody else, who gets nothing that opens already.
        returns(&world, "hr").await;
        assert_eq!(shares_for(&world, "hr").await.unwrap(), (1, 0));
        let hr = returns(&world, "hr").await;
        assert_eq!(world.references(&hr).await, std::slice::from_ref(&about_lead));
        actions::decide::acknowledge(&world.haven, &hr, &about_lead).await.unwrap();
        assert_eq!(stuck_cases(&world.haven).await.unwrap(), StuckCases::default());
        let again = shares_for(&world, "hr").await;
        assert!(matches!(again, Err(ActionError::Refused { ref sentence, .. }) if sentence.contains("No shares are")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv12_who_recovers_a_case_owns_it_and_its_clock_goes_on() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        let lead = world.sign_in("lead").await;
        let reference = world.references(&lead).await.remove(0);
        actions::decide::acknowledge(&world.haven, &lead, &reference).await.unwrap();
        reset_everybody(&world).await;
        // The board only stood behind the case.
        returns(&world, "board").await;
        assert_eq!(shares_for(&world, "board").await.unwrap(), (1, 0));
        let board = returns(&world, "board").await;
        let case = actions::case::case(&world.haven, &board, &reference).await.unwrap();
        assert!(case.escalated && case.acknowledged.is_none() && case.owner.contains("Bo Ardman"), "{}", case.owner);
        assert!(case.chronology.iter().any(|row| row.what.contains("Nobody could open it any more")));
        actions::decide::acknowledge(&world.haven, &board, &reference).await.unwrap();
        // What opens for her already is not opened twice.
        let again = shares_for(&world, "board").await;
        assert!(matches!(again, Err(ActionError::Refused { ref sentence, .. }) if sentence.contains("opens for this")));
        assert_eq!(stuck_cases(&world.haven).await.unwrap(), StuckCases { dark: 0, alone: 1 });
        // The board may let nobody in by this policy, so shares help the lead as well; the case stays the board's.
        let lead = returns(&world, "lead").await;
        assert!(actions::keys::readmit(&world.haven, &board, &lead.person.id).await.is_err());
        assert_eq!(shares_for(&world, "lead").await.unwrap(), (1, 0));
        let lead = returns(&world, "lead").await;
        let case = actions::case::case(&world.haven, &lead, &reference).await.unwrap();
        assert!(case.keys_open && case.owner.contains("Bo Ardman"), "{}", case.owner);
        // And she lets in whoever comes next by the ordinary way.
        let dsl = returns(&world, "dsl").await;
        assert!(shares_for(&world, "dsl").await.is_err());
        assert_eq!(actions::keys::readmit(&world.haven, &lead, &dsl.person.id).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_shares_need_a_reason_and_a_person_who_may_hold_cases() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.raise(&world.prevent_record("amina", "r1")).await;
        reset_everybody(&world).await;
        returns(&world, "dsl").await;
        let two = [world.shares[0].as_str(), world.shares[2].as_str()];
        let silent = recover(&world.haven, "dsl", &two, "  ", "command line").await;
        assert!(matches!(silent, Err(ActionError::Fault(ref faults)) if faults[0].field == "reason"));
        let one = recover(&world.haven, "dsl", &two[..1], "Nobody is left.", "command line").await;
        assert!(matches!(one, Err(ActionError::Refused { ref sentence, .. }) if sentence.contains("Two different")));
        for username in ["it", "tara"] {
            assert!(matches!(survey(&world.haven, username).await, Err(ActionError::Refused { .. })), "{username}");
        }
        actions::people::disable(&world.haven, "lead2", "command line").await.unwrap();
        assert!(survey(&world.haven, "lead2").await.is_err(), "who cannot sign in");
        assert_eq!(stuck_cases(&world.haven).await.unwrap().dark, 1, "nothing has opened");
    })
    .await;
}
