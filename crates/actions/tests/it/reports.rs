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
        about_a_post: None,
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
        let again = report_concern(&world.haven, sent.clone(), Some(&tutor)).await.unwrap();
        assert_eq!(again.reference, receipt.reference);
        let lead = world.sign_in("lead").await;
        assert_eq!(world.references(&lead).await, std::slice::from_ref(&receipt.reference));
        let case = actions::case::case(&world.haven, &lead, &receipt.reference).await.unwrap();
        assert_eq!(case.person.as_deref(), Some("Joe Learner"));
        assert!(case.narrative.iter().any(|text| text.text.contains("messages that frighten him")));
        assert_eq!(actions::report::my_reports(&world.haven, &tutor).await.unwrap().len(), 1);
        // Gone back and said more: no word of it is lost.
        let more = actions::report::ReportForm { what: "She says she will run away tonight.".to_owned(), ..sent };
        let second = report_concern(&world.haven, more, Some(&tutor)).await.unwrap();
        assert_ne!(second.reference, receipt.reference);
        assert_eq!(world.references(&lead).await.len(), 2);
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
        // What names a reader of the case would reach the very person it is about: it is not kept, and the page says where to go.
        let name = lead.person.name.clone();
        for about_a_reader in [format!("It is {name} who does it."), "it is the safeguarding lead".to_owned()] {
            let refused = actions::thread::reply_by_code(&world.haven, &code, &about_a_reader).await;
            assert!(
                matches!(&refused, Err(ActionError::Fault(faults)) if faults[0].field == "text"),
                "{about_a_reader}"
            );
        }
        actions::thread::reply_by_code(&world.haven, &code, "Yes, I am.").await.unwrap();
        let case = actions::case::case(&world.haven, &lead, &receipt.reference).await.unwrap();
        assert!(case.thread.unwrap().iter().any(|message| !message.from_us && message.text == "Yes, I am."));
        assert!(actions::report::my_reports(&world.haven, &amina).await.unwrap().is_empty());
        assert!(actions::thread::thread_by_code(&world.haven, "WRONG-CODE").await.is_err());
        for entry in store::audit::entries(&world.haven.store, 1, 10_000).await.unwrap() {
            if entry.new.action == "case.open" || entry.new.action == "thread.reporter" {
                assert_eq!(entry.new.actor, "");
                assert_eq!(entry.new.at_us % 3_600_000_000, 0, "its time is the hour");
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
        let asked = actions::report::asks_about_a_post(&world.haven, &told, Some(&tutor)).await.unwrap();
        assert!(asked, "only the tutor knows what the post has to do with it");
        let unsaid = report_concern(&world.haven, told.clone(), Some(&tutor)).await;
        assert!(matches!(&unsaid, Err(ActionError::Fault(faults)) if faults[0].field == "about_a_post"), "{unsaid:?}");
        let told = ReportForm { about_a_post: Some(false), ..told };
        let receipt = report_concern(&world.haven, told, Some(&tutor)).await.unwrap();
        assert!(actions::case::case(&world.haven, &lead, &receipt.reference).await.is_ok());
        let words = "Joe told me the safeguarding lead touches him.";
        let told = ReportForm { about_a_post: Some(true), ..form(words, "learner", "Joe Learner", How::Named) };
        let receipt = report_concern(&world.haven, told, Some(&tutor)).await.unwrap();
        for blind in ["lead", "lead2", "dsl"] {
            let session = world.sign_in(blind).await;
            let seen = actions::case::case(&world.haven, &session, &receipt.reference).await;
            assert!(matches!(seen, Err(ActionError::NotFound)), "{blind} must not see it");
        }
        let hr = world.sign_in("hr").await;
        assert!(actions::case::case(&world.haven, &hr, &receipt.reference).await.is_ok());
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

/// Carries every letter.
struct Everywhere;

impl actions::mail::Carrier for Everywhere {
    fn carry<'a>(
        &'a self,
        _to: &'a str,
        _subject: &'a str,
        _body: &'a str,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async { Ok(()) })
    }
}

/// Every time that is kept within ten minutes of a moment and is not a whole hour: as a number of microseconds, or as the
/// first ten letters of an id, which are its milliseconds.
async fn telling_times(world: &World, moment: jiff::Timestamp) -> Vec<String> {
    const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";
    const TEN_MINUTES_US: i64 = 600_000_000;
    let of_id = |text: &str| -> Option<i64> {
        let letters = text.get(..10).filter(|_| text.len() == 26)?;
        let ms =
            letters.chars().try_fold(0_i64, |sum, one| Some(sum * 32 + i64::try_from(ALPHABET.find(one)?).ok()?))?;
        Some(ms * 1_000)
    };
    let mut telling = Vec::new();
    for kept in store::testing::everything(&world.haven.store).await {
        // Whole values, and the words inside a text such as a job's key.
        for word in kept.value.split(|one: char| !one.is_ascii_alphanumeric()) {
            let number = word.parse::<i64>().ok().filter(|_| word.len() == 16);
            let Some(time) = number.or_else(|| of_id(word)) else { continue };
            let near = (time - moment.as_microsecond()).abs() < TEN_MINUTES_US;
            if near && time % 3_600_000_000 != 0 {
                telling.push(format!("{}.{} = {}", kept.table, kept.column, kept.value));
            }
        }
    }
    telling
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_no_time_that_is_kept_betrays_the_minute_of_an_anonymous_report() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        // 10:31: nothing else has happened for an hour.
        world.pass_minutes(61);
        let moment = world.now();
        assert!(telling_times(&world, moment).await.is_empty());
        for (what, how) in [("Someone frightens me.", How::Anonymous), ("He is hit at home.", How::Confidential)] {
            let tutor = (how == How::Confidential).then_some("tara");
            let mut told = form(what, "learner", "", how);
            told.contact = "room 4".into();
            let session = match tutor {
                Some(who) => Some(world.sign_in(who).await),
                None => None,
            };
            // Her own sign-in is no part of the report.
            let mine = telling_times(&world, moment).await.len();
            let receipt = report_concern(&world.haven, told.clone(), session.as_ref()).await.unwrap();
            if let Some(code) = &receipt.code {
                actions::thread::reply_by_code(&world.haven, code, "It goes on.").await.unwrap();
                let again = report_concern(&world.haven, told, None).await.unwrap();
                assert!(again.code.is_none() && again.anonymous);
            }
            world.work().await;
            let telling = telling_times(&world, moment).await;
            assert_eq!(telling.len(), mine, "{what} {telling:#?}");
        }
        // Letters wait for the round of the post, and keep the hour when they have gone.
        let waiting = |letters: &[store::outbox::Letter]| {
            letters.iter().filter(|letter| letter.coarse && letter.state == store::outbox::LetterState::Queued).count()
        };
        let letters = store::outbox::mailbox(&world.haven.store, 1).await.unwrap().items;
        let posted = waiting(&letters);
        assert!(posted >= 3);
        while actions::mail::send_once(&world.haven, &Everywhere).await.unwrap() {}
        assert_eq!(waiting(&store::outbox::mailbox(&world.haven.store, 1).await.unwrap().items), posted, "10:31");
        world.pass_minutes(4);
        let sending = world.now();
        while actions::mail::send_once(&world.haven, &Everywhere).await.unwrap() {}
        let letters = store::outbox::mailbox(&world.haven.store, 1).await.unwrap().items;
        assert_eq!(waiting(&letters), 0, "10:35");
        // Where somebody is not safe now, no letter waits.
        world.pass_minutes(1);
        let mut danger = form("He is being hit now.", "learner", "", How::Anonymous);
        danger.safe_now = "no".into();
        report_concern(&world.haven, danger, None).await.unwrap();
        while actions::mail::send_once(&world.haven, &Everywhere).await.unwrap() {}
        let letters = store::outbox::mailbox(&world.haven.store, 1).await.unwrap().items;
        assert_eq!(waiting(&letters), 0, "10:36");
        for letter in letters.iter().filter(|letter| letter.coarse) {
            for time in [letter.created_at, letter.next_at, letter.sent_at.unwrap()] {
                assert_eq!(time.as_second() % 3_600, 0, "{sending}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_rounding_never_gives_the_team_more_time_than_the_policy() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        // 9:55, one working hour to acknowledge: by 10:00, not by 10:55 or later.
        world.pass_minutes(25);
        let told = form("Someone frightens me.", "learner", "", How::Anonymous);
        let receipt = report_concern(&world.haven, told, None).await.unwrap();
        assert_eq!(receipt.by, "2026-11-24T10:00:00Z".parse::<jiff::Timestamp>().unwrap());
        world.pass_minutes(6);
        world.work().await;
        let lead2 = world.sign_in("lead2").await;
        assert!(actions::case::case(&world.haven, &lead2, &receipt.reference).await.unwrap().escalated);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_no_table_says_who_told() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let tutor = world.sign_in("tara").await;
        for (what, how) in [("He is hit at home.", How::Named), ("She is hit at home.", How::Confidential)] {
            let receipt = report_concern(&world.haven, form(what, "learner", "", how), Some(&tutor)).await.unwrap();
            let case =
                store::cases::standing_by_reference(&world.haven.store, &receipt.reference).await.unwrap().unwrap();
            let everything = store::testing::everything(&world.haven.store).await;
            let of_case: Vec<(&str, usize)> = everything
                .iter()
                .filter(|kept| kept.value == case.id || kept.value == receipt.reference)
                .map(|kept| (kept.table.as_str(), kept.row))
                .collect();
            for kept in everything.iter().filter(|kept| kept.value.contains(&tutor.person.id)) {
                assert!(!of_case.contains(&(&kept.table, kept.row)), "{}.{} joins her", kept.table, kept.column);
            }
            // Those who hold the case read who told.
            let lead = world.sign_in("lead").await;
            let case = actions::case::case(&world.haven, &lead, &receipt.reference).await.unwrap();
            assert!(case.narrative.iter().any(|text| text.text.contains("Tara Tutor")), "{what}");
        }
        assert_eq!(actions::report::my_reports(&world.haven, &tutor).await.unwrap().len(), 2);
    })
    .await;
}
