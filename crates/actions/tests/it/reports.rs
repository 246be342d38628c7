//! Telling Haven about a concern: by name, in confidence, anonymously, and about the people who would read it.

use actions::ActionError;
use actions::report::{How, ReportForm, report_concern};
use store::testing::for_each_store;

use crate::world::World;

fn form(what: &str, about_kind: &str, about_name: &str, how: How) -> ReportForm {
    ReportForm {
        what: what.into(),
        about_kind: about_kind.into(),
        about_name: about_name.into(),
        safe_now: "unknown".into(),
        kind: None,
        how,
        contact: String::new(),
        idempotency: format!("{what}{about_name}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_a_tutor_reports_and_gets_a_reference_and_what_happens_next() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let tutor = world.sign_in("tara").await;
        let sent = form("He showed me messages that frighten him.", "learner", "Joe Learner", How::Named);
        let receipt = report_concern(&world.haven, sent.clone(), Some(&tutor)).await.unwrap();
        assert!(!receipt.reference.is_empty() && !receipt.next.is_empty() && receipt.code.is_none());
        // The same form twice is one report.
        let again = report_concern(&world.haven, sent, Some(&tutor)).await.unwrap();
        assert_eq!(again.reference, receipt.reference);
        let lead = world.sign_in("lead").await;
        assert_eq!(world.references(&lead).await, std::slice::from_ref(&receipt.reference));
        let case = actions::case::case(&world.haven, &lead, &receipt.reference).await.unwrap();
        assert_eq!(case.person.as_deref(), Some("Joe Learner"));
        assert!(case.narrative.iter().any(|text| text.text.contains("messages that frighten him")));
        assert_eq!(actions::report::my_reports(&world.haven, &tutor).await.unwrap().len(), 1);
        // The tutor is no member of the case.
        assert!(matches!(
            actions::case::case(&world.haven, &tutor, &receipt.reference).await,
            Err(ActionError::NotFound)
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_missing_answers_are_named_at_their_fields() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let mut empty = form("", "", "", How::Anonymous);
        empty.safe_now = String::new();
        let Err(ActionError::Fault(faults)) = report_concern(&world.haven, empty, None).await else {
            panic!("no faults")
        };
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["what", "about_kind", "safe_now"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_an_anonymous_report_joins_to_nobody_and_the_code_leads_to_the_replies() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let amina = world.sign_in("amina").await;
        let told = form("Someone is sending nasty messages in our group.", "learner", "", How::Anonymous);
        // Even if a session is handed in by mistake, it is ignored.
        let receipt = report_concern(&world.haven, told, Some(&amina)).await.unwrap();
        let code = receipt.code.clone().unwrap();
        let lead = world.sign_in("lead").await;
        let case = actions::case::case(&world.haven, &lead, &receipt.reference).await.unwrap();
        assert!(!format!("{case:?}").contains("Amina") && !format!("{case:?}").contains(&world.id("amina")));
        actions::step::reply_to_reporter(&world.haven, &lead, &receipt.reference, "Thank you. Are you safe?")
            .await
            .unwrap();
        let thread = actions::thread::thread_by_code(&world.haven, &code).await.unwrap();
        assert_eq!(thread.messages.len(), 1);
        assert!(thread.messages[0].from_us && thread.messages[0].text.contains("Are you safe?"));
        actions::thread::reply_by_code(&world.haven, &code, "Yes, I am.").await.unwrap();
        let case = actions::case::case(&world.haven, &lead, &receipt.reference).await.unwrap();
        assert!(case.thread.unwrap().iter().any(|message| !message.from_us && message.text == "Yes, I am."));
        assert!(actions::report::my_reports(&world.haven, &amina).await.unwrap().is_empty());
        assert!(actions::thread::thread_by_code(&world.haven, "WRONG-CODE").await.is_err());
        for entry in store::audit::entries(&world.haven.store, 1, 10_000).await.unwrap() {
            if entry.new.action == "case.open" || entry.new.action == "thread.reporter" {
                assert_eq!(entry.new.actor, "");
                assert_eq!(entry.new.at_us % 900_000_000, 0, "its time is the quarter hour");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv11_a_concern_about_the_lead_goes_round_the_lead() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let tellings = [
            form("She keeps writing to me at night.", "staff", "Lena Leadwell", How::Anonymous),
            form("Mrs Leadwell keeps writing to me at night.", "unknown", "", How::Anonymous),
            form("The safeguarding lead keeps writing to me at night.", "learner", "", How::Anonymous),
            form("The safeguarding officer touched me.", "learner", "", How::Anonymous),
            form("The man who leads safeguarding touched me.", "unknown", "", How::Anonymous),
            form("Lenna Ledwell touched me.", "unknown", "", How::Anonymous),
        ];
        for telling in tellings {
            let what = telling.what.clone();
            let receipt = report_concern(&world.haven, telling, None).await.unwrap();
            let lead = world.sign_in("lead").await;
            assert!(world.references(&lead).await.is_empty(), "{what}");
            let seen = actions::case::case(&world.haven, &lead, &receipt.reference).await;
            assert!(matches!(seen, Err(ActionError::NotFound)), "{what}");
            assert_eq!(world.letters_to("lead").await, 0, "{what}");
            let hr = world.sign_in("hr").await;
            assert!(actions::case::case(&world.haven, &hr, &receipt.reference).await.is_ok(), "{what}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c03_a_named_learners_concern_that_mentions_a_lead_stays_a_learners_concern() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let told = form("Joe hurts himself. I already told Lena Leadwell.", "learner", "Joe Learner", How::Anonymous);
        let receipt = report_concern(&world.haven, told, None).await.unwrap();
        let dsl = world.sign_in("dsl").await;
        let case = actions::case::case(&world.haven, &dsl, &receipt.reference).await.unwrap();
        assert!(
            case.title.to_lowercase().contains("learner") || !case.title.to_lowercase().contains("staff"),
            "{}",
            case.title
        );
        let lead = world.sign_in("lead").await;
        assert!(matches!(
            actions::case::case(&world.haven, &lead, &receipt.reference).await,
            Err(ActionError::NotFound)
        ));
        // A tutor who says that they told safeguarding does not keep safeguarding out.
        let tutor = world.sign_in("tara").await;
        let told = form("He hurts himself. I told the safeguarding lead too.", "learner", "Joe Learner", How::Named);
        let receipt = report_concern(&world.haven, told, Some(&tutor)).await.unwrap();
        assert!(actions::case::case(&world.haven, &lead, &receipt.reference).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv12_a_report_that_mentions_everybody_still_reaches_somebody() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let everybody = "Leadwell, Secondlead, Steadman, Standin, Fairley, Chiefly and Ardman all know and do nothing.";
        let told = form(everybody, "unknown", "", How::Anonymous);
        let receipt = report_concern(&world.haven, told, None).await.unwrap();
        let board = world.sign_in("board").await;
        assert!(actions::case::case(&world.haven, &board, &receipt.reference).await.is_ok());
        assert_eq!(world.letters_to("board").await, 1);
        let all = "Leadwell, Secondlead, Steadman, Standin, Fairley, Chiefly, Ardman";
        let told = form("They all do it.", "staff", all, How::Anonymous);
        let refused = report_concern(&world.haven, told, None).await;
        assert!(matches!(refused, Err(ActionError::Refused { ref sentence, .. }) if sentence.contains("999")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p06_who_only_stands_behind_a_case_sees_it_when_it_reaches_them() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let told = form("He showed me messages that frighten him.", "learner", "Joe Learner", How::Anonymous);
        let receipt = report_concern(&world.haven, told, None).await.unwrap();
        for behind in ["principal", "hr", "board"] {
            let session = world.sign_in(behind).await;
            assert!(world.references(&session).await.is_empty(), "{behind}");
            let seen = actions::case::case(&world.haven, &session, &receipt.reference).await;
            assert!(matches!(seen, Err(ActionError::NotFound)), "{behind}");
        }
        // Nobody takes it on: it goes down the order until it reaches the principal, whose key was there from the start.
        for _ in 0..5 {
            world.pass_minutes(61);
            world.work().await;
        }
        let principal = world.sign_in("principal").await;
        let case = actions::case::case(&world.haven, &principal, &receipt.reference).await.unwrap();
        assert!(case.keys_open && case.escalated);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv11_a_concern_about_the_head_of_hr_goes_to_the_principal() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let told = form("He shouted at a learner online.", "staff", "Hana Fairley", How::Anonymous);
        let receipt = report_concern(&world.haven, told, None).await.unwrap();
        let hr = world.sign_in("hr").await;
        assert!(matches!(actions::case::case(&world.haven, &hr, &receipt.reference).await, Err(ActionError::NotFound)));
        let principal = world.sign_in("principal").await;
        assert!(actions::case::case(&world.haven, &principal, &receipt.reference).await.is_ok());
        assert_eq!((world.letters_to("hr").await, world.letters_to("principal").await), (0, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_letters_reveal_nothing() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let told = form("Joe is being bullied about his faith.", "learner", "Joe Learner", How::Anonymous);
        let receipt = report_concern(&world.haven, told, None).await.unwrap();
        let letters = actions::practice::mailbox(&world.haven, 1).await.unwrap();
        assert_eq!(letters.total, 1);
        let whole = format!("{} {}", letters.items[0].subject, letters.items[0].body);
        for word in ["Joe", "bull", "faith", "concern", "alert", "case", receipt.reference.as_str()] {
            assert!(!whole.contains(word), "{word} in {whole}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_no_time_that_is_kept_betrays_the_minute_of_an_anonymous_report() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        world.pass_minutes(7);
        let key = |kept: &store::testing::Kept| (kept.table.clone(), kept.column.clone(), kept.value.clone());
        let before: Vec<_> = store::testing::everything(&world.haven.store).await.iter().map(key).collect();
        let minute = world.now().as_microsecond() / 60_000_000;
        let told = form("Someone frightens me.", "learner", "", How::Anonymous);
        report_concern(&world.haven, told, None).await.unwrap();
        let mut times = 0;
        for kept in
            store::testing::everything(&world.haven.store).await.iter().filter(|kept| !before.contains(&key(kept)))
        {
            // A time is kept in microseconds since 1970: a number of 16 digits.
            let Some(micros) = kept.value.parse::<i64>().ok().filter(|_| kept.value.len() == 16) else { continue };
            times += 1;
            assert_ne!(
                micros % 900_000_000 / 60_000_000,
                minute % 15,
                "{}.{} = {}",
                kept.table,
                kept.column,
                kept.value
            );
        }
        assert!(times >= 5, "the times of case, steps, letter, job and entry were looked at");
    })
    .await;
}
