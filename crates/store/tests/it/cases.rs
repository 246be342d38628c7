//! Cases: revisions, groups, places, exclusions, sealed texts, reports and threads.

use casework::{CaseState, StepFacts, StepStatus};
use store::anonymous::{Message, Thread};
use store::cases::{self, CaseQuery, Member, Place};
use store::decisions::Decision;
use store::erasures::Erasure;
use store::referrals::Referral;
use store::reports::Report;
use store::sealed::{Sealed, SealedKind};
use store::technical::TechnicalAlert;
use store::{Store, StoreError, anonymous, decisions, erasures, referrals, reports, sealed, technical};

use crate::support::{at, case, open_case, permit, token, viewer};

store::each_store!(
    a_case_changed_meanwhile_gives_a_conflict,
    invariant3_a_permit_for_another_case_opens_nothing,
    s5_two_hundred_hits_stay_one_case,
    s5_two_alerts_at_once_open_one_case,
    s5_a_hit_after_a_day_or_an_assessment_opens_another_case,
    invariant11_exclusion_hides_a_case_from_list_and_count,
    invariant11_a_case_about_the_lead_does_not_exist_for_the_lead,
    invariant11_nobody_sees_or_acknowledges_their_own_technical_alert,
    invariant12_a_hand_over_that_nobody_accepted_is_late,
    steps_are_written_in_order_and_shown_to_those_with_a_place,
    sealed_texts_are_kept_by_case_and_only_a_timeline_is_replaced,
    a_false_alarm_leaves_nothing_sealed_and_no_tie_to_the_person,
    decisions_and_referrals_name_their_sealed_texts,
    s3_an_anonymous_report_has_a_thread_and_no_reporter,
);

async fn a_case_changed_meanwhile_gives_a_conflict(store: Store) {
    let mut mine = open_case(&store, "c1", "learner").await;
    let mut theirs = mine.clone();
    theirs.state = CaseState::Open;
    let mut unit = store.begin().await.unwrap();
    assert_eq!(cases::update(&mut unit, &permit("c1"), &theirs).await.unwrap(), 2);
    unit.commit().await.unwrap();
    mine.acknowledged_at = Some(at(10));
    let mut unit = store.begin().await.unwrap();
    let refused = cases::update(&mut unit, &permit("c1"), &mine).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict) && refused.is_temporary());
    drop(unit);
    let kept = cases::get(&store, &permit("c1"), "c1").await.unwrap().unwrap();
    assert_eq!((kept.state, kept.acknowledged_at, kept.revision), (CaseState::Open, None, 2));
}

async fn invariant3_a_permit_for_another_case_opens_nothing(store: Store) {
    let mut mine = open_case(&store, "c1", "learner").await;
    open_case(&store, "c2", "other").await;
    let wrong = permit("c2");
    let is_wrong = |error: StoreError| assert!(matches!(error, StoreError::WrongPermit), "{error:?}");
    is_wrong(cases::get(&store, &wrong, "c1").await.unwrap_err());
    is_wrong(cases::steps(&store, &wrong, "c1").await.unwrap_err());
    is_wrong(cases::members(&store, &wrong, "c1").await.unwrap_err());
    is_wrong(sealed::of_case(&store, &wrong, "c1").await.unwrap_err());
    is_wrong(decisions::of_case(&store, &wrong, "c1").await.unwrap_err());
    is_wrong(referrals::of_case(&store, &wrong, "c1").await.unwrap_err());
    is_wrong(anonymous::of_case(&store, &wrong, "c1").await.unwrap_err());
    let mut unit = store.begin().await.unwrap();
    mine.state = CaseState::Closed;
    is_wrong(cases::update(&mut unit, &wrong, &mine).await.unwrap_err());
    is_wrong(sealed::insert(&mut unit, &wrong, &text("t1", "c1", SealedKind::Note)).await.unwrap_err());
}

async fn s5_two_hundred_hits_stay_one_case(store: Store) {
    let opened = open_case(&store, "c1", "learner").await;
    let group = opened.group_key.unwrap();
    for hit in 1..200 {
        let mut unit = store.begin().await.unwrap();
        let joined = cases::join_group(&mut unit, &group, at(hit - 86_400), at(hit)).await.unwrap().unwrap();
        assert_eq!((joined.id.as_str(), joined.hits), ("c1", hit + 1));
        unit.commit().await.unwrap();
    }
    let kept = cases::get(&store, &permit("c1"), "c1").await.unwrap().unwrap();
    assert_eq!((kept.hits, kept.last_hit_at, kept.revision), (200, Some(at(199)), 1));
    assert_eq!(cases::count_for(&store, &viewer("lead"), None).await.unwrap(), 1);
    assert_eq!(cases::last_alert_for(&store, &viewer("lead")).await.unwrap(), Some(at(199)));
}

async fn s5_two_alerts_at_once_open_one_case(store: Store) {
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let id = format!("c{number}");
                loop {
                    let new = case(&id, "learner");
                    let mut unit = store.begin().await.unwrap();
                    let group = new.group_key.unwrap();
                    if cases::join_group(&mut unit, &group, at(-86_400), at(1)).await.unwrap().is_some() {
                        unit.commit().await.unwrap();
                        return false;
                    }
                    match cases::insert(&mut unit, &permit(&id), &new).await {
                        Ok(()) => {
                            unit.commit().await.unwrap();
                            return true;
                        }
                        Err(StoreError::Duplicate(_)) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    let mut opened = 0;
    for task in tasks {
        opened += i32::from(task.await.unwrap());
    }
    assert_eq!(opened, 1);
}

async fn s5_a_hit_after_a_day_or_an_assessment_opens_another_case(store: Store) {
    let first = open_case(&store, "c1", "learner").await;
    let group = first.group_key.unwrap();
    let mut unit = store.begin().await.unwrap();
    assert_eq!(cases::join_group(&mut unit, &group, at(0), at(86_400)).await.unwrap(), None);
    unit.commit().await.unwrap();
    let mut second = open_case(&store, "c2", "learner").await;
    second.state = CaseState::Open;
    let mut unit = store.begin().await.unwrap();
    cases::update(&mut unit, &permit("c2"), &second).await.unwrap();
    assert_eq!(cases::join_group(&mut unit, &group, at(-86_400), at(5)).await.unwrap(), None);
    unit.commit().await.unwrap();
    open_case(&store, "c3", "learner").await;
}

async fn invariant11_exclusion_hides_a_case_from_list_and_count(store: Store) {
    for number in 0..3 {
        open_case(&store, &format!("c{number}"), &format!("learner{number}")).await;
    }
    let mut unit = store.begin().await.unwrap();
    let why = "This person is named in the report.";
    cases::exclude(&mut unit, &permit("c1"), "c1", &token("lead"), why).await.unwrap();
    cases::put_steps(&mut unit, &permit("c1"), "c1", &[step("talk", StepStatus::Ready, Some(at(5)))]).await.unwrap();
    unit.commit().await.unwrap();
    let list = |text: &str| CaseQuery {
        text: text.to_owned(),
        state: Some(CaseState::Unassessed),
        page: 1,
        ..CaseQuery::default()
    };
    let seen = cases::list_for(&store, &viewer("lead"), &list("")).await.unwrap();
    assert_eq!((seen.total, seen.pages, seen.items.len()), (2, 1, 2));
    assert!(seen.items.iter().all(|case| case.id != "c1"));
    assert_eq!(cases::list_for(&store, &viewer("lead"), &list("ref-c1")).await.unwrap().total, 0);
    assert_eq!(cases::count_for(&store, &viewer("lead"), None).await.unwrap(), 2);
    assert_eq!(cases::steps_for(&store, &viewer("lead")).await.unwrap(), []);
    assert_eq!(cases::list_for(&store, &viewer("deputy"), &list("REF-C1")).await.unwrap().total, 1);
    assert_eq!(cases::steps_for(&store, &viewer("deputy")).await.unwrap().len(), 1);
    assert_eq!(cases::count_for(&store, &viewer("stranger"), None).await.unwrap(), 0);
    let standing = cases::standing_by_reference(&store, "ref-c1").await.unwrap().unwrap();
    assert!(standing.hides_from(&viewer("lead")) && !standing.hides_from(&viewer("deputy")));
    assert_eq!(cases::exclusions(&store, &permit("c1"), "c1").await.unwrap()[0].why, why);
}

async fn invariant11_a_case_about_the_lead_does_not_exist_for_the_lead(store: Store) {
    open_case(&store, "c1", "lead").await;
    assert_eq!(cases::count_for(&store, &viewer("lead"), None).await.unwrap(), 0);
    assert_eq!(cases::last_alert_for(&store, &viewer("lead")).await.unwrap(), None);
    assert_eq!(cases::list_for(&store, &viewer("lead"), &CaseQuery::default()).await.unwrap().total, 0);
    assert_eq!(cases::count_for(&store, &viewer("deputy"), None).await.unwrap(), 1);
    assert!(cases::standing(&store, "c1").await.unwrap().unwrap().hides_from(&viewer("lead")));
}

async fn invariant11_nobody_sees_or_acknowledges_their_own_technical_alert(store: Store) {
    let alert = |id: &str, about: Option<&str>| TechnicalAlert {
        id: id.to_owned(),
        at: at(0),
        theme: "extremism".to_owned(),
        grade: "high".to_owned(),
        device: "10.0.0.7".to_owned(),
        host: "site.test".to_owned(),
        event_reference: format!("event-{id}"),
        subject_token: about.map(token),
        acknowledged_at: None,
        acknowledged_by: None,
    };
    let mut unit = store.begin().await.unwrap();
    for new in [alert("a1", Some("it")), alert("a2", Some("learner")), alert("a3", None)] {
        assert!(technical::insert(&mut unit, &new).await.unwrap());
        assert!(!technical::insert(&mut unit, &TechnicalAlert { id: "x".to_owned(), ..new }).await.unwrap());
    }
    assert!(!technical::acknowledge(&mut unit, &viewer("it"), "a1", at(1)).await.unwrap());
    assert!(technical::acknowledge(&mut unit, &viewer("it"), "a2", at(1)).await.unwrap());
    unit.commit().await.unwrap();
    let page = technical::page(&store, &viewer("it"), 1).await.unwrap();
    assert_eq!((page.total, page.items.len()), (2, 2));
    assert_eq!(technical::waiting(&store, &viewer("it")).await.unwrap(), [alert("a3", None)]);
    assert_eq!(technical::get(&store, &viewer("it"), "a1").await.unwrap(), None);
    assert!(technical::get(&store, &viewer("other"), "a1").await.unwrap().is_some());
}

async fn invariant12_a_hand_over_that_nobody_accepted_is_late(store: Store) {
    let mut late = open_case(&store, "c1", "learner").await;
    assert_eq!(cases::awaiting_acknowledgement(&store, at(3600)).await.unwrap(), []);
    let found = cases::awaiting_acknowledgement(&store, at(3601)).await.unwrap();
    assert_eq!(found, [("c1".to_owned(), at(3600), 0)]);
    late.acknowledged_at = Some(at(3700));
    late.acknowledged_by = Some("deputy".to_owned());
    let mut unit = store.begin().await.unwrap();
    cases::update(&mut unit, &permit("c1"), &late).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(cases::awaiting_acknowledgement(&store, at(9999)).await.unwrap(), []);
}

fn step(id: &str, status: StepStatus, due_at: Option<jiff::Timestamp>) -> StepFacts {
    StepFacts { step: id.to_owned(), status, due_at, done_at: None, done_by: None, option: None, second_by: None }
}

async fn steps_are_written_in_order_and_shown_to_those_with_a_place(store: Store) {
    open_case(&store, "c1", "learner").await;
    let mut steps = vec![
        step("zeta", StepStatus::Ready, Some(at(60))),
        step("alpha", StepStatus::Waiting, None),
        step("middle", StepStatus::NeedsSecond, Some(at(30))),
    ];
    let mut unit = store.begin().await.unwrap();
    cases::put_steps(&mut unit, &permit("c1"), "c1", &steps).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(cases::steps(&store, &permit("c1"), "c1").await.unwrap(), steps);
    let open: Vec<_> =
        cases::steps_for(&store, &viewer("lead")).await.unwrap().into_iter().map(|row| row.1.step).collect();
    assert_eq!(open, ["middle", "zeta", "alpha"], "soonest first, without a date last");
    assert_eq!(cases::steps_due(&store, at(31)).await.unwrap(), [("c1".to_owned(), "middle".to_owned(), at(30))]);
    steps[0].status = StepStatus::Done;
    steps[0].done_by = Some("lead".to_owned());
    let mut unit = store.begin().await.unwrap();
    cases::put_steps(&mut unit, &permit("c1"), "c1", &steps).await.unwrap();
    cases::set_members(&mut unit, &permit("c1"), "c1", &[member("head", Place::Owner)]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(cases::steps(&store, &permit("c1"), "c1").await.unwrap(), steps);
    assert_eq!(cases::steps_for(&store, &viewer("lead")).await.unwrap(), []);
    assert_eq!(cases::steps_for(&store, &viewer("head")).await.unwrap().len(), 2);
    assert_eq!(cases::members(&store, &permit("c1"), "c1").await.unwrap(), [member("head", Place::Owner)]);
}

fn member(person: &str, place: Place) -> Member {
    Member { person: person.to_owned(), post: "head".to_owned(), place, since: at(0) }
}

fn text(id: &str, case: &str, kind: SealedKind) -> Sealed {
    Sealed::new(id.to_owned(), case.to_owned(), kind, at(1), "lead".to_owned(), id.as_bytes().to_vec())
}

async fn sealed_texts_are_kept_by_case_and_only_a_timeline_is_replaced(store: Store) {
    open_case(&store, "c1", "learner").await;
    open_case(&store, "c2", "other").await;
    let mut unit = store.begin().await.unwrap();
    for new in [text("t1", "c1", SealedKind::Narrative), text("t2", "c1", SealedKind::Timeline)] {
        sealed::insert(&mut unit, &permit("c1"), &new).await.unwrap();
    }
    let mut fuller = text("t2", "c1", SealedKind::Timeline);
    fuller.ciphertext = b"more".to_vec();
    fuller.digest = store::vault::digest_hex(b"more");
    sealed::replace_timeline(&mut unit, &permit("c1"), &fuller).await.unwrap();
    let narrative = sealed::replace_timeline(&mut unit, &permit("c1"), &text("t1", "c1", SealedKind::Narrative)).await;
    assert!(matches!(narrative, Err(StoreError::Conflict)), "only a timeline is ever replaced");
    unit.commit().await.unwrap();
    assert_eq!(
        sealed::of_case(&store, &permit("c1"), "c1").await.unwrap(),
        [text("t1", "c1", SealedKind::Narrative), fuller]
    );
    assert_eq!(sealed::get(&store, &permit("c2"), "t1").await.unwrap(), None);
}

async fn a_false_alarm_leaves_nothing_sealed_and_no_tie_to_the_person(store: Store) {
    open_case(&store, "c1", "learner").await;
    let mut unit = store.begin().await.unwrap();
    sealed::insert(&mut unit, &permit("c1"), &text("t1", "c1", SealedKind::Name)).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = store.begin().await.unwrap();
    assert_eq!(sealed::erase(&mut unit, &permit("c1"), "c1").await.unwrap(), 1);
    cases::forget_subject(&mut unit, &permit("c1"), "c1").await.unwrap();
    let erasure = Erasure { case: "c1".to_owned(), at: at(5), final_at: at(6) };
    erasures::record(&mut unit, &permit("c1"), &erasure).await.unwrap();
    unit.commit().await.unwrap();
    let kept = cases::get(&store, &permit("c1"), "c1").await.unwrap().unwrap();
    assert_eq!((kept.subject_token, kept.group_key, kept.revision), (None, None, 2));
    assert_eq!(sealed::of_case(&store, &permit("c1"), "c1").await.unwrap(), []);
    assert_eq!(erasures::of_case(&store, &permit("c1"), "c1").await.unwrap(), Some(erasure));
}

async fn decisions_and_referrals_name_their_sealed_texts(store: Store) {
    open_case(&store, "c1", "learner").await;
    let decision = Decision {
        id: "d1".to_owned(),
        case: "c1".to_owned(),
        step: "refer".to_owned(),
        option: "not-referred".to_owned(),
        at: at(1),
        by: "lead".to_owned(),
        sealed: Some("t1".to_owned()),
    };
    let referral = Referral {
        id: "r1".to_owned(),
        case: "c1".to_owned(),
        step: "refer".to_owned(),
        agency: "prevent-team".to_owned(),
        sent_at: at(2),
        sent_by: "lead".to_owned(),
        consent: "agreed".to_owned(),
        reply_by: Some(at(500)),
        reply_at: None,
        sealed: Some("t2".to_owned()),
    };
    let mut unit = store.begin().await.unwrap();
    sealed::insert(&mut unit, &permit("c1"), &text("t1", "c1", SealedKind::Decision)).await.unwrap();
    sealed::insert(&mut unit, &permit("c1"), &text("t2", "c1", SealedKind::Referral)).await.unwrap();
    decisions::insert(&mut unit, &permit("c1"), &decision).await.unwrap();
    referrals::insert(&mut unit, &permit("c1"), &referral).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(decisions::of_case(&store, &permit("c1"), "c1").await.unwrap(), [decision]);
    let mut unit = store.begin().await.unwrap();
    assert!(!referrals::replied(&mut unit, &permit("c2"), "r1", at(3)).await.unwrap());
    assert!(referrals::replied(&mut unit, &permit("c1"), "r1", at(3)).await.unwrap());
    sealed::erase(&mut unit, &permit("c1"), "c1").await.unwrap();
    unit.commit().await.unwrap();
    let kept = referrals::of_case(&store, &permit("c1"), "c1").await.unwrap().remove(0);
    assert_eq!((kept.reply_at, kept.sealed), (Some(at(3)), None), "the row outlives its erased content");
}

async fn s3_an_anonymous_report_has_a_thread_and_no_reporter(store: Store) {
    open_case(&store, "c1", "learner").await;
    open_case(&store, "c2", "other").await;
    let thread =
        Thread { reference: "ref-c1".to_owned(), code_hash: [1; 32], reporter_public: [2; 32], case: "c1".to_owned() };
    let message = |id: &str, from_us| Message {
        id: id.to_owned(),
        reference: "ref-c1".to_owned(),
        at: at(1),
        from_us,
        for_case: vec![1],
        for_reporter: vec![2],
    };
    let report = Report {
        case: "c2".to_owned(),
        reference: "ref-c2".to_owned(),
        reporter: [9; 32],
        confidential: true,
        at: at(0),
    };
    let mut unit = store.begin().await.unwrap();
    anonymous::open(&mut unit, &thread).await.unwrap();
    anonymous::say(&mut unit, &message("m1", false)).await.unwrap();
    anonymous::say(&mut unit, &message("m2", true)).await.unwrap();
    reports::insert(&mut unit, &report).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(anonymous::by_code_hash(&store, &[1; 32]).await.unwrap(), Some(thread.clone()));
    assert_eq!(anonymous::by_code_hash(&store, &[3; 32]).await.unwrap(), None);
    assert_eq!(anonymous::of_case(&store, &permit("c1"), "c1").await.unwrap(), Some(thread));
    assert_eq!(anonymous::messages(&store, "ref-c1").await.unwrap(), [message("m1", false), message("m2", true)]);
    assert_eq!(reports::of_person(&store, &[9; 32]).await.unwrap().len(), 1);
    assert!(reports::of_person(&store, &[8; 32]).await.unwrap().is_empty());
    let everything = store::testing::everything(&store).await;
    let with_tutor: Vec<_> = everything.iter().filter(|kept| kept.value.contains("tutor")).collect();
    assert!(with_tutor.is_empty(), "no table tells who told: {with_tutor:?}");
    assert!(everything.iter().any(|kept| kept.table == "haven.anonymous_threads" && kept.value == "01".repeat(32)));
    assert!(
        everything.iter().any(|kept| kept.column == "confidential" && ["1", "true"].contains(&kept.value.as_str()))
    );
    let mine = reports::of_person(&store, &[9; 32]).await.unwrap();
    assert_eq!((mine.len(), mine[0].reference.as_str(), mine[0].state), (1, "ref-c2", CaseState::Unassessed));
}
