//! Jobs, mail, the feed, requests, rules and receipts.

use jiff::SignedDuration;
use store::jobs::NewJob;
use store::local_rules::LocalRule;
use store::outbox::{Letter, LetterState};
use store::requests::{RequestState, SiteRequest};
use store::{Store, StoreError, feed, jobs, local_rules, outbox, receipts, requests, settings};

use crate::support::at;

store::each_store!(
    a_job_is_claimed_once_by_many_workers,
    a_job_is_claimed_again_when_its_lease_is_over,
    a_job_with_the_same_key_is_one_job,
    invariant2_a_job_goes_with_the_unit_that_asked_for_it,
    a_letter_is_sent_once_tried_again_and_given_up,
    a_feed_row_is_written_in_the_transaction_that_changes_something,
    feed_numbers_follow_the_order_of_commits,
    invariant11_nobody_decides_about_their_own_request,
    a_local_rule_ends_by_itself_or_by_hand,
    a_form_posted_twice_is_one_report,
);

fn job(id: &str, key: Option<&str>) -> NewJob {
    NewJob {
        id: id.to_owned(),
        kind: "alert".to_owned(),
        payload: "{\"reference\":\"r\"}".to_owned(),
        run_after: at(0),
        key: key.map(str::to_owned),
    }
}

async fn enqueue(store: &Store, new: &NewJob) -> bool {
    let mut unit = store.begin().await.unwrap();
    let added = jobs::enqueue(&mut unit, new).await.unwrap();
    unit.commit().await.unwrap();
    added
}

const LEASE: SignedDuration = SignedDuration::from_secs(30);

async fn a_job_is_claimed_once_by_many_workers(store: Store) {
    for number in 0..10 {
        enqueue(&store, &job(&format!("j{number}"), None)).await;
    }
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(job) = jobs::claim(&store, at(1), LEASE).await.unwrap() {
                    mine.push(job.id);
                }
                mine
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for worker in workers {
        claimed.extend(worker.await.unwrap());
    }
    claimed.sort();
    assert_eq!(claimed, (0..10).map(|number| format!("j{number}")).collect::<Vec<_>>());
}

async fn a_job_is_claimed_again_when_its_lease_is_over(store: Store) {
    enqueue(&store, &job("j1", None)).await;
    let first = jobs::claim(&store, at(0), LEASE).await.unwrap().unwrap();
    assert_eq!(jobs::claim(&store, at(29), LEASE).await.unwrap(), None);
    let second = jobs::claim(&store, at(30), LEASE).await.unwrap().unwrap();
    assert_eq!((first.attempts, second.attempts), (1, 2));
    let mut unit = store.begin().await.unwrap();
    assert!(!jobs::done(&mut unit, &first, at(31)).await.unwrap(), "the first worker lost it");
    assert!(jobs::done(&mut unit, &second, at(31)).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(jobs::claim(&store, at(999), LEASE).await.unwrap(), None);
    assert_eq!(jobs::waiting(&store).await.unwrap(), 0);
}

async fn a_job_with_the_same_key_is_one_job(store: Store) {
    assert!(enqueue(&store, &job("j1", Some("alert:r1"))).await);
    assert!(!enqueue(&store, &job("j2", Some("alert:r1"))).await);
    assert!(enqueue(&store, &job("j3", None)).await && enqueue(&store, &job("j4", None)).await);
    assert_eq!(jobs::waiting(&store).await.unwrap(), 3);
    let mut unit = store.begin().await.unwrap();
    assert!(jobs::cancel(&mut unit, "alert:r1").await.unwrap());
    unit.commit().await.unwrap();
    assert!(enqueue(&store, &job("j5", Some("alert:r1"))).await);
}

async fn invariant2_a_job_goes_with_the_unit_that_asked_for_it(store: Store) {
    let mut unit = store.begin().await.unwrap();
    jobs::enqueue(&mut unit, &job("j1", None)).await.unwrap();
    drop(unit);
    assert_eq!(jobs::waiting(&store).await.unwrap(), 0);
    enqueue(&store, &job("j2", None)).await;
    let claimed = jobs::claim(&store, at(0), LEASE).await.unwrap().unwrap();
    assert!(jobs::fail(&store, &claimed, at(1), "no route", Some(at(60))).await.unwrap());
    assert_eq!(jobs::next_due(&store).await.unwrap(), Some(at(60)));
    let claimed = jobs::claim(&store, at(60), LEASE).await.unwrap().unwrap();
    assert_eq!(claimed.last_error.as_deref(), Some("no route"));
    assert!(jobs::fail(&store, &claimed, at(61), "no route", None).await.unwrap());
    assert_eq!(jobs::claim(&store, at(999), LEASE).await.unwrap(), None);
    assert_eq!(jobs::dead(&store, 10).await.unwrap()[0].dead_at, Some(at(61)));
}

async fn a_letter_is_sent_once_tried_again_and_given_up(store: Store) {
    let letter = |id: &str| Letter::new(id.into(), "lead".into(), "Something waits".into(), "Sign in.".into(), at(0));
    let mut unit = store.begin().await.unwrap();
    outbox::post(&mut unit, &letter("l1")).await.unwrap();
    outbox::post(&mut unit, &letter("l2")).await.unwrap();
    unit.commit().await.unwrap();
    let first = outbox::claim(&store, at(0), LEASE).await.unwrap().unwrap();
    let second = outbox::claim(&store, at(0), LEASE).await.unwrap().unwrap();
    assert_eq!((first.id.as_str(), second.id.as_str()), ("l1", "l2"));
    assert_eq!(outbox::claim(&store, at(1), LEASE).await.unwrap(), None);
    assert!(outbox::sent(&store, "l1", at(2)).await.unwrap());
    assert!(!outbox::sent(&store, "l1", at(3)).await.unwrap());
    assert!(outbox::failed(&store, "l2", "the server is full", Some(at(90))).await.unwrap());
    assert_eq!(outbox::claim(&store, at(89), LEASE).await.unwrap(), None);
    assert_eq!(outbox::claim(&store, at(90), LEASE).await.unwrap().unwrap().attempts, 2);
    assert_eq!(outbox::oldest_in_trouble(&store, None, at(0)).await.unwrap(), Some(letter("l2").created_at));
    assert_eq!(outbox::oldest_in_trouble(&store, Some("somebody else"), at(0)).await.unwrap(), None);
    assert!(outbox::failed(&store, "l2", "the server is full", Some(at(900))).await.unwrap());
    outbox::wake(&store, at(91)).await.unwrap();
    assert_eq!(outbox::claim(&store, at(91), LEASE).await.unwrap().unwrap().id, "l2", "a start tries again at once");
    assert!(outbox::failed(&store, "l2", "no such person", None).await.unwrap());
    assert_eq!(
        outbox::oldest_in_trouble(&store, None, at(0)).await.unwrap(),
        Some(letter("l2").created_at),
        "a letter that was given up still shows"
    );
    assert_eq!(outbox::oldest_in_trouble(&store, None, at(10_000)).await.unwrap(), None, "but not for ever");
    let mailbox = outbox::mailbox(&store, 1).await.unwrap();
    let states: Vec<_> = mailbox.items.iter().map(|letter| letter.state).collect();
    assert_eq!((mailbox.total, states), (2, vec![LetterState::Dead, LetterState::Sent]));
    assert_eq!(outbox::of_person(&store, "lead").await.unwrap().len(), 2);
}

async fn a_feed_row_is_written_in_the_transaction_that_changes_something(store: Store) {
    let mut unit = store.begin().await.unwrap();
    settings::put(&mut unit, "a", "1").await.unwrap();
    feed::add(&mut unit, "rules", "d0", at(0));
    drop(unit);
    assert_eq!(feed::since(&store, 0, 10).await.unwrap(), []);
    let mut unit = store.begin().await.unwrap();
    feed::add(&mut unit, "rules", "d1", at(1));
    feed::add(&mut unit, "pack", "d2", at(1));
    unit.commit().await.unwrap();
    let rows = feed::since(&store, 0, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.seq, row.kind.as_str())).collect::<Vec<_>>(), [(1, "rules"), (2, "pack")]);
    assert_eq!(feed::since(&store, 1, 10).await.unwrap().len(), 1);
    assert_eq!(feed::last(&store).await.unwrap(), 2);
}

async fn feed_numbers_follow_the_order_of_commits(store: Store) {
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut unit = store.begin().await.unwrap();
                settings::put(&mut unit, &format!("k{number}"), "v").await.unwrap();
                feed::add(&mut unit, "settings", &format!("{number}"), at(0));
                unit.commit().await.unwrap();
            })
        })
        .collect();
    // A reader that follows while others write never sees a number appear behind one that it has seen.
    let mut seen = Vec::new();
    while seen.len() < 20 {
        let last = seen.last().copied().unwrap_or(0);
        seen.extend(feed::since(&store, last, 100).await.unwrap().iter().map(|row| row.seq));
        tokio::task::yield_now().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(seen, (1..=20).collect::<Vec<i64>>());
}

fn request(id: &str, by: &str) -> SiteRequest {
    SiteRequest {
        id: id.to_owned(),
        at: at(0),
        host: "site.test".to_owned(),
        asked_by: by.to_owned(),
        population: "learner".to_owned(),
        why: "For my course.".to_owned(),
        record_reference: "rec1".to_owned(),
        state: RequestState::Asked,
        decided_at: None,
        decided_by: None,
        decision_reason: None,
        until: None,
    }
}

async fn invariant11_nobody_decides_about_their_own_request(store: Store) {
    let mut unit = store.begin().await.unwrap();
    requests::insert(&mut unit, &request("q1", "learner")).await.unwrap();
    requests::insert(&mut unit, &request("q2", "it")).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(requests::waiting(&store, "it").await.unwrap(), 1);
    assert_eq!(requests::page(&store, "it", Some(RequestState::Asked), 1).await.unwrap().total, 1);
    assert_eq!(requests::get(&store, "q2", "it").await.unwrap(), None);
    assert_eq!(requests::of_person(&store, "it").await.unwrap().len(), 1);
    let decided = |id: &str| SiteRequest {
        state: RequestState::Allowed,
        decided_at: Some(at(9)),
        decided_by: Some("it".to_owned()),
        decision_reason: Some("It is a museum.".to_owned()),
        until: Some(at(99)),
        ..request(id, "learner")
    };
    let mut unit = store.begin().await.unwrap();
    requests::decide(&mut unit, &decided("q1")).await.unwrap();
    assert!(matches!(requests::decide(&mut unit, &decided("q1")).await, Err(StoreError::Conflict)));
    assert!(matches!(requests::decide(&mut unit, &decided("q2")).await, Err(StoreError::Conflict)));
    unit.commit().await.unwrap();
    assert_eq!(requests::get(&store, "q1", "it").await.unwrap(), Some(decided("q1")));
}

async fn a_local_rule_ends_by_itself_or_by_hand(store: Store) {
    let rule = |id: &str, until| LocalRule {
        id: id.to_owned(),
        host: "site.test".to_owned(),
        allow: true,
        population: String::new(),
        reason: "It is a museum.".to_owned(),
        citation: "waes:7.1@abc".to_owned(),
        made_at: at(0),
        made_by: "it".to_owned(),
        until,
        request: None,
        withdrawn_at: None,
    };
    let mut unit = store.begin().await.unwrap();
    local_rules::insert(&mut unit, &rule("u1", Some(at(10)))).await.unwrap();
    local_rules::insert(&mut unit, &rule("u2", None)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(local_rules::in_force(&store, at(9)).await.unwrap(), [rule("u1", Some(at(10))), rule("u2", None)]);
    assert_eq!(local_rules::in_force(&store, at(10)).await.unwrap(), [rule("u2", None)]);
    let mut unit = store.begin().await.unwrap();
    assert!(local_rules::withdraw(&mut unit, "u2", at(11)).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(local_rules::in_force(&store, at(11)).await.unwrap(), []);
}

async fn a_form_posted_twice_is_one_report(store: Store) {
    let mut unit = store.begin().await.unwrap();
    receipts::keep(&mut unit, "form-1", "{\"reference\":\"r\"}", at(0)).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = store.begin().await.unwrap();
    let twice = receipts::keep(&mut unit, "form-1", "{}", at(1)).await.unwrap_err();
    assert!(matches!(twice, StoreError::Duplicate(_)), "{twice:?}");
    drop(unit);
    assert_eq!(receipts::find(&store, "form-1").await.unwrap().as_deref(), Some("{\"reference\":\"r\"}"));
    let mut unit = store.begin().await.unwrap();
    assert_eq!(receipts::drop_before(&mut unit, at(1)).await.unwrap(), 1);
    unit.commit().await.unwrap();
}
