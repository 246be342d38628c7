//! Somebody who was left out of a case by mistake is let in by two who hold it; whom it is about never is.

use actions::ActionError;
use actions::let_in::{Answer, Wish};
use actions::report::{How, ReportForm, report_concern};
use store::testing::for_each_store;

use crate::world::World;

pub(crate) async fn told(world: &World, what: &str, about_kind: &str, about_name: &str) -> String {
    let form = ReportForm {
        what: what.into(),
        about_kind: about_kind.into(),
        about_name: about_name.into(),
        safe_now: "unknown".into(),
        kind: None,
        how: How::Anonymous,
        contact: String::new(),
        about_a_post: None,
        idempotency: format!("{what}{about_name}"),
    };
    report_concern(&world.haven, form, None).await.unwrap().reference
}

fn wish(world: &World, who: &str) -> Wish {
    Wish { person: world.id(who), reasons: "The words only say whom she told.".into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn p06_a_person_left_out_by_mistake_is_let_in_by_two_who_hold_the_case() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let reference = told(&world, "Joe hurts himself. I told Lena Leadwell.", "learner", "Joe Learner").await;
        let (dsl, deputy, lead) =
            (world.sign_in("dsl").await, world.sign_in("deputy").await, world.sign_in("lead").await);
        assert!(actions::case::case(&world.haven, &dsl, &reference).await.unwrap().may.let_in);
        let view = actions::let_in::left_out(&world.haven, &dsl, &reference).await.unwrap();
        assert!(view.takes_two && view.left_out.len() == 1 && view.left_out[0].name == "Lena Leadwell");
        // Reasons are asked for; a stranger, and the one left out, meet a case that does not exist.
        let bare = Wish { reasons: " ".into(), ..wish(&world, "lead") };
        assert!(matches!(actions::let_in::ask(&world.haven, &dsl, &reference, bare).await, Err(ActionError::Fault(_))));
        for who in ["lead", "it", "hr"] {
            let session = world.sign_in(who).await;
            let asked = actions::let_in::ask(&world.haven, &session, &reference, wish(&world, "lead")).await;
            assert!(matches!(asked, Err(ActionError::NotFound)), "{who}");
        }
        assert!(!actions::let_in::ask(&world.haven, &dsl, &reference, wish(&world, "lead")).await.unwrap());
        assert_eq!(world.letters_to("lead").await, 0, "she does not hear of it before");
        assert!(actions::case::case(&world.haven, &lead, &reference).await.is_err());
        // Whoever asked does not answer.
        let view = actions::let_in::left_out(&world.haven, &deputy, &reference).await.unwrap();
        let asked = view.left_out[0].asked.clone().unwrap();
        assert!(asked.reasons.contains("whom she told") && !asked.mine);
        let yes = Answer { id: asked.id, agree: true, reasons: "I read it the same way.".into() };
        let own = actions::let_in::answer(&world.haven, &dsl, &reference, yes.clone()).await;
        assert!(matches!(own, Err(ActionError::Refused { .. })));
        actions::let_in::answer(&world.haven, &deputy, &reference, yes.clone()).await.unwrap();
        let case = actions::case::case(&world.haven, &lead, &reference).await.unwrap();
        assert_eq!(case.person.as_deref(), Some("Joe Learner"), "the key was sealed to her");
        assert_eq!(world.letters_to("lead").await, 1);
        let happened: Vec<_> = case.chronology.iter().map(|row| (row.what.as_str(), row.detail.as_deref())).collect();
        assert!(
            happened.iter().any(|(what, why)| what.starts_with("Asked that") && why.unwrap().contains("whom she told"))
        );
        assert!(
            happened.iter().any(|(what, why)| what.contains("was let in") && why.unwrap().contains("the same way"))
        );
        assert!(matches!(
            actions::let_in::answer(&world.haven, &deputy, &reference, yes).await,
            Err(ActionError::Conflict)
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv11_whom_a_case_is_about_is_never_let_in() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        // By the whole name, and by a part of it that fits nobody else.
        for name in ["Lena Leadwell", "Mrs Leadwell"] {
            let reference = told(&world, "She keeps writing to me at night.", "staff", name).await;
            let hr = world.sign_in("hr").await;
            assert!(!actions::case::case(&world.haven, &hr, &reference).await.unwrap().may.let_in, "{name}");
            let asked = actions::let_in::ask(&world.haven, &hr, &reference, wish(&world, "lead")).await;
            assert!(matches!(asked, Err(ActionError::NotFound)), "{name}");
        }
        // Nor is somebody who was not left out.
        let reference = told(&world, "Joe hurts himself. I told Lena Leadwell.", "learner", "Joe Learner").await;
        let dsl = world.sign_in("dsl").await;
        for who in ["it", "joe"] {
            let asked = actions::let_in::ask(&world.haven, &dsl, &reference, wish(&world, who)).await;
            assert!(matches!(asked, Err(ActionError::NotFound)), "{who}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p06_a_refusal_keeps_them_out_and_where_one_holds_it_alone_one_decides() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let reference = told(&world, "Joe hurts himself. I told Lena Leadwell.", "learner", "Joe Learner").await;
        let (dsl, deputy) = (world.sign_in("dsl").await, world.sign_in("deputy").await);
        actions::let_in::ask(&world.haven, &dsl, &reference, wish(&world, "lead")).await.unwrap();
        let view = actions::let_in::left_out(&world.haven, &deputy, &reference).await.unwrap();
        let id = view.left_out[0].asked.clone().unwrap().id;
        let no = Answer { id, agree: false, reasons: "It may be about her.".into() };
        actions::let_in::answer(&world.haven, &deputy, &reference, no).await.unwrap();
        let lead = world.sign_in("lead").await;
        assert!(actions::case::case(&world.haven, &lead, &reference).await.is_err());
        for gone in ["lead2", "deputy", "principal"] {
            actions::people::disable(&world.haven, gone, "command line").await.unwrap();
        }
        assert!(!actions::let_in::left_out(&world.haven, &dsl, &reference).await.unwrap().takes_two);
        assert!(actions::let_in::ask(&world.haven, &dsl, &reference, wish(&world, "lead")).await.unwrap());
        assert!(actions::case::case(&world.haven, &lead, &reference).await.is_ok());
    })
    .await;
}
