//! The gate: who stands behind a door, and when that ends (S-4, S-6, F15).

use actions::session::{self, Stage};
use actions::throttle::Whence;
use actions::{ActionError, Door};
use store::testing::for_each_store;

use crate::world::{PASSWORD, World};

fn door(last: u8) -> Door {
    Door { listener: "room 1".into(), address: std::net::Ipv4Addr::new(10, 0, 0, last).into() }
}

async fn enter(world: &World, username: &str, door: &Door) -> (String, session::Session) {
    let token = session::sign_in(&world.haven, username, PASSWORD, Some(door.clone())).await.unwrap();
    for _ in 0..3 {
        let one = session::session(&world.haven, &token.0, Some(door)).await.unwrap().unwrap();
        let pack = world.haven.pack();
        match &one.stage {
            Stage::Notice => {
                let notice = pack.agreements.iter().find(|one| one.kind == policy::AgreementKind::Notice).unwrap();
                session::acknowledge_notice(&world.haven, &one, &notice.digest).await.unwrap();
            }
            Stage::Agreement(id) => {
                let digest = pack.agreement(id).unwrap().digest.clone();
                session::sign_agreement(&world.haven, &one, id, &digest).await.unwrap();
            }
            Stage::Open => break,
        }
    }
    let one = session::session(&world.haven, &token.0, Some(door)).await.unwrap().unwrap();
    (token.0, one)
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_the_gate_opens_only_after_notice_and_agreement() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let door = door(7);
        let token = session::sign_in(&world.haven, "amina", PASSWORD, Some(door.clone())).await.unwrap();
        assert!(actions::identity::at_door(&world.haven, &door).await.unwrap().is_none(), "signed in is not enough");
        let one = session::session(&world.haven, &token.0, Some(&door)).await.unwrap().unwrap();
        assert_eq!(one.stage, Stage::Notice);
        let (_, one) = enter(&world, "amina", &door).await;
        assert_eq!(one.stage, Stage::Open);
        let bound = actions::identity::at_door(&world.haven, &door).await.unwrap().unwrap();
        assert_eq!(bound.person.username, "amina");
        assert_eq!(bound.person.group, "learner");
        assert!(bound.how.contains("10.0.0.7"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s6_signed_out_idle_or_replaced_the_door_is_nobodys() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let door = door(7);
        let at_door = || actions::identity::at_door(&world.haven, &door);
        let (token, _) = enter(&world, "amina", &door).await;
        session::sign_out(&world.haven, &token).await.unwrap();
        assert!(at_door().await.unwrap().is_none(), "signed out");
        enter(&world, "amina", &door).await;
        world.pass_minutes(16);
        assert!(at_door().await.unwrap().is_none(), "idle");
        enter(&world, "amina", &door).await;
        session::sign_in(&world.haven, "joe", PASSWORD, Some(door.clone())).await.unwrap();
        assert!(
            at_door().await.unwrap().is_none(),
            "somebody else who has not passed the gate does not browse in her name"
        );
        enter(&world, "joe", &door).await;
        assert_eq!(at_door().await.unwrap().unwrap().person.username, "joe", "the next person replaces the one before");
        assert_eq!(actions::identity::bound(&world.haven).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s6_no_binding_where_the_site_does_not_declare_one_person_per_address() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let shared = Door { listener: "library hall".into(), address: std::net::Ipv4Addr::new(10, 0, 0, 9).into() };
        let (_, one) = enter(&world, "amina", &shared).await;
        assert_eq!(one.stage, Stage::Open);
        assert!(actions::identity::at_door(&world.haven, &shared).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p03_wrong_name_and_wrong_password_are_told_alike_and_an_account_is_slowed() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let sentence = |result: Result<session::Token, ActionError>| match result {
            Err(ActionError::Refused { sentence, .. }) => sentence,
            _ => panic!("not refused"),
        };
        let wrong_name = sentence(session::sign_in(&world.haven, "nobody", PASSWORD, None).await);
        let wrong_password = sentence(session::sign_in(&world.haven, "joe", "not the password", None).await);
        assert_eq!(wrong_name, wrong_password);
        for _ in 0..9 {
            session::sign_in(&world.haven, "joe", "not the password", None).await.err().unwrap();
        }
        assert_ne!(sentence(session::sign_in(&world.haven, "joe", PASSWORD, None).await), wrong_password);
        assert!(session::sign_in(&world.haven, "amina", PASSWORD, None).await.is_ok(), "others are not locked out");
        world.pass_minutes(16);
        assert!(session::sign_in(&world.haven, "joe", PASSWORD, None).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p03_nobody_elsewhere_shuts_a_person_out_of_the_computer_they_use() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let at = |last: u8, device: Option<&str>| Whence {
            address: Some(std::net::Ipv4Addr::new(10, 0, 0, last).into()),
            device: device.map(str::to_owned),
        };
        let sign_in = async |who: &str, password: &str, from: &Whence| {
            session::sign_in_from(&world.haven, who, password, None, from).await
        };
        let device = sign_in("lead", PASSWORD, &at(1, None)).await.unwrap().device;
        // Somebody types her name with wrong passwords: that place must wait, also with the right one.
        for _ in 0..10 {
            assert!(sign_in("lead", "wrong wrong wrong", &at(66, None)).await.is_err());
        }
        let waits = sign_in("lead", PASSWORD, &at(66, None)).await;
        assert!(matches!(waits, Err(ActionError::Refused { ref sentence, .. }) if sentence.contains("too many tries")));
        assert!(sign_in("lead", PASSWORD, &at(1, None)).await.is_ok(), "another place does not wait for it");
        // From many places at once: then unknown places wait for this name, and her own computer does not.
        for last in 100..110 {
            for _ in 0..9 {
                assert!(sign_in("lead", "wrong wrong wrong", &at(last, None)).await.is_err());
            }
        }
        assert!(sign_in("lead", PASSWORD, &at(2, None)).await.is_err());
        assert!(sign_in("lead", PASSWORD, &at(66, Some(&device))).await.is_ok(), "wherever it stands");
        // What the browser kept is good for her alone, and cannot be made up.
        for made_up in [device.replace('.', ".0"), "00.00".to_owned(), String::new()] {
            assert!(sign_in("lead", PASSWORD, &at(66, Some(&made_up))).await.is_err(), "{made_up}");
        }
        for _ in 0..10 {
            assert!(sign_in("dsl", "wrong wrong wrong", &at(66, Some(&device))).await.is_err());
        }
        assert!(sign_in("dsl", PASSWORD, &at(66, Some(&device))).await.is_err(), "it is not hers");
        // A thief of the computer does not try for ever either.
        for _ in 0..10 {
            assert!(sign_in("lead", "wrong wrong wrong", &at(1, Some(&device))).await.is_err());
        }
        assert!(sign_in("lead", PASSWORD, &at(1, Some(&device))).await.is_err());
        world.pass_minutes(16);
        assert!(sign_in("lead", PASSWORD, &at(66, None)).await.is_ok(), "it ends by itself");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p03_a_classroom_behind_one_address_is_never_locked_out() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let room = Whence { address: Some(std::net::Ipv4Addr::new(192, 0, 2, 7).into()), device: None };
        // Forty people mistype six times each.
        for seat in 0..40 {
            for _ in 0..6 {
                let name = format!("learner{seat}");
                assert!(session::sign_in_from(&world.haven, &name, "wrong", None, &room).await.is_err());
            }
        }
        assert!(session::sign_in_from(&world.haven, "amina", PASSWORD, None, &room).await.is_ok());
    })
    .await;
}

fn lab(last: u8) -> Door {
    Door { listener: "lab".into(), address: std::net::Ipv4Addr::new(10, 0, 1, last).into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn s6_at_a_shared_address_each_session_has_a_pass_of_its_own_and_it_ends_with_it() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let give =
            async |one: &session::Session, door: &Door| actions::pass::give(&world.haven, one, door).await.unwrap();
        let token = session::sign_in(&world.haven, "amina", PASSWORD, Some(lab(7))).await.unwrap();
        let early = session::session(&world.haven, &token.0, Some(&lab(7))).await.unwrap().unwrap();
        assert_eq!(give(&early, &lab(7)).await, None, "not before the notice and the agreement (S-4)");
        let (token, amina) = enter(&world, "amina", &lab(7)).await;
        assert!(actions::identity::bound(&world.haven).await.unwrap().is_empty(), "signing in binds nothing there");
        assert_eq!(give(&amina, &door(7)).await, None, "nor is there a pass where one person sits at each address");
        let pass = give(&amina, &lab(7)).await.unwrap();
        assert_eq!(give(&amina, &lab(7)).await.unwrap(), pass, "the page can be looked at again");
        // Somebody else at the very same address has another one, and ends nobody's.
        let (_, joe) = enter(&world, "joe", &lab(7)).await;
        let other = give(&joe, &lab(7)).await.unwrap();
        assert_ne!(other, pass);
        let who = async || {
            let all = actions::identity::bound(&world.haven).await.unwrap();
            all.into_iter()
                .map(|one| (one.pass.unwrap(), one.person.username))
                .collect::<std::collections::BTreeMap<_, _>>()
        };
        let digest = |pass: &str| actions::pass::digest(pass).unwrap();
        assert_eq!(who().await, [(digest(&pass), "amina".to_owned()), (digest(&other), "joe".to_owned())].into());
        let bound = actions::identity::bound(&world.haven).await.unwrap();
        assert!(bound.iter().all(|one| one.door == lab(7) && one.how.contains("showed the pass of that sign-in")));
        // Somewhere else it is another pass, and the one before is good no longer.
        let moved = give(&amina, &lab(8)).await.unwrap();
        assert_ne!(moved, pass);
        assert!(!who().await.contains_key(&digest(&pass)));
        session::sign_out(&world.haven, &token).await.unwrap();
        assert_eq!(who().await, [(digest(&other), "joe".to_owned())].into(), "signed out");
        world.pass_minutes(16);
        assert!(who().await.is_empty(), "idle");
        actions::identity::end_idle(&world.haven).await.unwrap();
        let again = session::session(&world.haven, &token, Some(&lab(7))).await.unwrap();
        assert!(again.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_birthday_changes_the_group_at_midnight_without_a_new_sign_in() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let born = "2008-11-25".parse().unwrap();
        let new = actions::people::NewPerson {
            name: "Bea Birthday".to_owned(),
            username: "bea".to_owned(),
            population: "learner".to_owned(),
            born: Some(born),
            password: Some(PASSWORD.to_owned()),
            ..actions::people::NewPerson::default()
        };
        actions::people::add(&world.haven, new, "test").await.unwrap();
        let (token, _) = enter(&world, "bea", &door(7)).await;
        let group = async || {
            let bound = actions::identity::bound(&world.haven).await.unwrap();
            bound.into_iter().next().map(|one| one.person.group)
        };
        assert_eq!(group().await.as_deref(), Some("learner-under-18"), "17 on the 24th");
        // She stays at it until the middle of the night: 09:30 and fourteen and a half hours, in steps without a pause.
        for _ in 0..87 {
            world.pass_minutes(10);
            actions::session::session(&world.haven, &token, None).await.unwrap().expect("she is signed in");
            if world.now() < "2026-11-25T00:00:00Z".parse().unwrap() {
                assert_eq!(group().await.as_deref(), Some("learner-under-18"), "{}", world.now());
            }
        }
        let now = actions::session::session(&world.haven, &token, None).await.unwrap().unwrap();
        assert_eq!(now.person.group, "learner", "18 on the 25th");
    })
    .await;
}
