//! Steps in order, stop gates, decisions, a referral that shows exactly what leaves, and closing.

use ::casework::{CaseState, StepStatus};
use actions::ActionError;
use actions::case::StepView;
use actions::decide::{AssessChoice, Assessment, Close};
use actions::referral::SendReferral;
use actions::session::Session;
use actions::step::{Emergency, SecondStep, SkipStep, TakeStep};
use policy::StepKind;
use store::testing::for_each_store;

use crate::world::World;

async fn opened(world: &World) -> (Session, String) {
    world.raise(&world.prevent_record("amina", "r1")).await;
    let lead = world.sign_in("lead").await;
    let reference = world.references(&lead).await.remove(0);
    (lead, reference)
}

async fn view(world: &World, session: &Session, reference: &str) -> actions::case::CaseView {
    actions::case::case(&world.haven, session, reference).await.unwrap()
}

async fn assess(world: &World, session: &Session, reference: &str) {
    let revision = view(world, session, reference).await.revision;
    let judged = Assessment {
        choice: AssessChoice::Concern,
        reasons: "Three searches in one evening.".into(),
        revision,
        vulnerability: "New in the country.".into(),
        disability: String::new(),
        wellbeing: "Seems lonely.".into(),
    };
    actions::decide::assess(&world.haven, session, reference, judged).await.unwrap();
}

fn take(step: &str, option: Option<&str>, revision: i64) -> TakeStep {
    TakeStep {
        step: step.into(),
        note: "Done and written down.".into(),
        option: option.map(str::to_owned),
        gate_reason: String::new(),
        revision,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_nothing_happens_before_somebody_has_judged_it_but_999_always_can() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (lead, reference) = opened(&world).await;
        let case = view(&world, &lead, &reference).await;
        let refer = case.steps.iter().find(|step| step.kind == StepKind::Refer).unwrap();
        let send = SendReferral {
            step: refer.id.clone(),
            reason: "Because.".into(),
            agreement: "agreed".into(),
            ground: String::new(),
            revision: case.revision,
        };
        let refused = actions::referral::send_referral(&world.haven, &lead, &reference, send).await;
        assert!(matches!(refused, Err(ActionError::Fault(_))), "nothing goes outside before it is assessed");
        let emergency = Emergency { service: "999".into(), note: "They are on their way.".into(), key: String::new() };
        actions::step::record_emergency(&world.haven, &lead, &reference, emergency).await.unwrap();
        let case = view(&world, &lead, &reference).await;
        assert!(case.emergency_text.is_some());
        assert_eq!(case.state, CaseState::Unassessed);
    })
    .await;
}

/// One writes the answer down, the other agrees to exactly that.
async fn through_the_legal_gate(world: &World, lead: &Session, dsl: &Session, reference: &str, step: &StepView) {
    let option = step.options.first().map(|option| option.0.as_str());
    let agree = |text: &str, revision: i64| SecondStep {
        step: step.id.clone(),
        text: text.to_owned(),
        reason: "Agreed: I read it the same way.".into(),
        allow: true,
        revision,
    };
    // Nobody agrees to what is not written.
    let revision = view(world, dsl, reference).await.revision;
    let early = actions::step::second_step(&world.haven, dsl, reference, agree("", revision)).await;
    assert!(
        matches!(early, Err(ActionError::Fault(ref faults)) if faults[0].message.contains("First somebody writes"))
    );
    // The first writes, and thinks again: who read the first text has not agreed to the second.
    let written = async |note: &str| {
        let revision = view(world, lead, reference).await.revision;
        let taking = TakeStep { note: note.into(), ..take(&step.id, option, revision) };
        actions::step::take_step(&world.haven, lead, reference, taking).await.unwrap();
        let case = view(world, dsl, reference).await;
        let shown = case.steps.iter().find(|one| one.id == step.id).unwrap();
        assert_eq!(shown.status, StepStatus::NeedsSecond, "one person alone settles nothing");
        let text = shown.written.clone().unwrap();
        assert_eq!((text.reasons.as_str(), text.mine), (note, false));
        (text.text, case.revision)
    };
    let (old, _) = written("No law was broken.").await;
    let (new, revision) = written("No law was broken, and nobody is in danger.").await;
    let stale = actions::step::second_step(&world.haven, dsl, reference, agree(&old, revision)).await;
    assert!(matches!(stale, Err(ActionError::Conflict)), "a changed text is another text");
    let own = actions::step::second_step(&world.haven, lead, reference, agree(&new, revision)).await;
    assert!(own.is_err(), "nobody is their own second");
    actions::step::second_step(&world.haven, dsl, reference, agree(&new, revision)).await.unwrap();
    let case = view(world, lead, reference).await;
    let done = case.steps.iter().find(|one| one.id == step.id).unwrap();
    assert_eq!(done.status, StepStatus::Done);
    assert!(done.done.as_ref().unwrap().contains("Lena Leadwell"), "{:?}", done.done);
    let said: Vec<_> = case.chronology.iter().filter_map(|row| row.detail.as_deref()).collect();
    assert!(said.contains(&"Agreed: I read it the same way."), "once: {said:?}");
    assert!(case.chronology.iter().any(|row| row.what.starts_with("Written down, waits for a second person")));
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_a_second_person_can_refuse_and_then_it_is_written_anew() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (lead, reference) = opened(&world).await;
        assess(&world, &lead, &reference).await;
        let (dsl, lead2) = (world.sign_in("dsl").await, world.sign_in("lead2").await);
        let revision = view(&world, &lead, &reference).await.revision;
        let skip = SkipStep { step: "police".into(), reason: "It does not arise.".into(), revision };
        actions::step::skip_step(&world.haven, &lead, &reference, skip).await.unwrap();
        let case = view(&world, &dsl, &reference).await;
        let written = case.steps.iter().find(|step| step.id == "police").unwrap().written.clone().unwrap();
        assert_eq!(written.answer, "Leave this step out");
        let answer = |allow: bool, text: &str, revision: i64| SecondStep {
            step: "police".into(),
            text: text.to_owned(),
            reason: "It does arise.".into(),
            allow,
            revision,
        };
        // Another lead is no second person here, and reads which post is.
        let wrong =
            actions::step::second_step(&world.haven, &lead2, &reference, answer(true, &written.text, case.revision));
        match wrong.await {
            Err(ActionError::Refused { .. }) => {}
            Err(ActionError::Fault(faults)) => {
                assert!(faults[0].message.contains("Designated Safeguarding Lead"), "{}", faults[0].message);
            }
            other => panic!("{other:?}"),
        }
        actions::step::second_step(&world.haven, &dsl, &reference, answer(false, &written.text, case.revision))
            .await
            .unwrap();
        let case = view(&world, &lead, &reference).await;
        let police = case.steps.iter().find(|step| step.id == "police").unwrap();
        assert!(police.written.is_none() && police.status == StepStatus::NeedsSecond);
        let written = TakeStep { note: "One message threatens.".into(), ..take("police", Some("told"), case.revision) };
        actions::step::take_step(&world.haven, &lead, &reference, written).await.unwrap();
        let case = view(&world, &dsl, &reference).await;
        let written = case.steps.iter().find(|step| step.id == "police").unwrap().written.clone().unwrap();
        assert_eq!(written.answer, "The police are told");
        actions::step::second_step(&world.haven, &dsl, &reference, answer(true, &written.text, case.revision))
            .await
            .unwrap();
        let decided = view(&world, &lead, &reference).await.decisions;
        let police = decided.iter().find(|row| row.question.contains("police")).unwrap();
        assert_eq!((police.by.as_str(), police.reasons.as_str()), ("Lena Leadwell", "One message threatens."));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_a_case_is_carried_from_alert_to_closing() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (lead, reference) = opened(&world).await;
        actions::decide::acknowledge(&world.haven, &lead, &reference).await.unwrap();
        assess(&world, &lead, &reference).await;
        let dsl = world.sign_in("dsl").await;
        // Walk every step in the order of the page; decide for the first option that leads to a referral.
        for _ in 0..30 {
            let case = view(&world, &lead, &reference).await;
            let Some(step) = case.steps.iter().find(|step| {
                matches!(step.status, StepStatus::Ready | StepStatus::NeedsSecond) && step.kind != StepKind::Close
            }) else {
                break;
            };
            if step.status == StepStatus::NeedsSecond {
                through_the_legal_gate(&world, &lead, &dsl, &reference, step).await;
                continue;
            }
            match step.kind {
                StepKind::Refer => {
                    let preview = actions::referral::referral_preview(
                        &world.haven,
                        &lead,
                        &reference,
                        &step.id,
                        "Threshold met.",
                    )
                    .await
                    .unwrap();
                    let send = SendReferral {
                        step: step.id.clone(),
                        reason: "Threshold met.".into(),
                        agreement: "agreed".into(),
                        ground: String::new(),
                        revision: preview.revision,
                    };
                    actions::referral::send_referral(&world.haven, &lead, &reference, send).await.unwrap();
                    let sent = view(&world, &lead, &reference).await.referrals.pop().unwrap();
                    for (label, value) in &preview.leaves {
                        assert!(sent.text.contains(&format!("{label}: {value}")), "{label} left as it was shown");
                    }
                    for label in &preview.stays {
                        assert!(!sent.text.contains(&format!("{label}:")), "{label} stayed");
                    }
                }
                _ => {
                    let option = step.options.first().map(|option| option.0.as_str());
                    actions::step::take_step(&world.haven, &lead, &reference, take(&step.id, option, case.revision))
                        .await
                        .unwrap();
                }
            }
        }
        let case = view(&world, &lead, &reference).await;
        let close = case.steps.iter().find(|step| step.kind == StepKind::Close).unwrap();
        assert_eq!(close.status, StepStatus::Ready, "{:#?}", case.steps);
        let mut closing = Close {
            step: close.id.clone(),
            outcome: case.outcomes[0].0.clone(),
            reasons: "Support is in place.".into(),
            change_policy: false,
            change_filter: true,
            change_training: false,
            change_note: String::new(),
            revision: case.revision,
        };
        let silent = actions::decide::close(&world.haven, &lead, &reference, closing.clone()).await;
        assert!(matches!(silent, Err(ActionError::Fault(_))), "a change must be named");
        closing.change_note = "Add the word to the watch list.".into();
        actions::decide::close(&world.haven, &lead, &reference, closing).await.unwrap();
        let case = view(&world, &lead, &reference).await;
        assert_eq!(case.state, CaseState::Closed);
        assert!(!case.referrals.is_empty() && case.decisions.len() >= 3);
        let told: Vec<_> = case.chronology.iter().map(|row| row.what.as_str()).collect();
        for expected in [
            "The case was opened, unassessed",
            "Accepted the hand-over",
            "Judged it",
            "Referral sent",
            "The case was closed",
        ] {
            assert!(told.contains(&expected), "{expected} in {told:#?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_not_referred_because_is_a_decision_with_reasons() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (lead, reference) = opened(&world).await;
        assess(&world, &lead, &reference).await;
        let case = view(&world, &lead, &reference).await;
        let contact = case.steps.iter().find(|step| step.id == "contact").unwrap();
        let skip = SkipStep {
            step: contact.id.clone(),
            reason: "The council's line is closed today; asked the regional coordinator.".into(),
            revision: case.revision,
        };
        actions::step::skip_step(&world.haven, &lead, &reference, skip).await.unwrap();
        let revision = view(&world, &lead, &reference).await.revision;
        let mut decision = take("threshold", Some("not-referred"), revision);
        decision.note = "A homework on propaganda; the tutor set it.".into();
        actions::step::take_step(&world.haven, &lead, &reference, decision).await.unwrap();
        let case = view(&world, &lead, &reference).await;
        let row = case.decisions.iter().find(|row| row.answer.starts_with("Not referred")).unwrap();
        assert!(row.reasons.contains("the tutor set it"));
        let refer = case.steps.iter().find(|step| step.id == "refer-channel").unwrap();
        assert_eq!(refer.status, StepStatus::NotNeeded);
        assert!(case.referrals.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_an_ordinary_stop_gate_asks_for_a_reason() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (lead, reference) = opened(&world).await;
        assess(&world, &lead, &reference).await;
        let revision = view(&world, &lead, &reference).await.revision;
        let mut early = take("speak", None, revision);
        let refused = actions::step::take_step(&world.haven, &lead, &reference, early.clone()).await;
        assert!(matches!(refused, Err(ActionError::Fault(ref faults)) if faults[0].field == "gate_reason"));
        early.gate_reason = "She came to me herself.".into();
        actions::step::take_step(&world.haven, &lead, &reference, early).await.unwrap();
        let case = view(&world, &lead, &reference).await;
        assert!(
            case.chronology
                .iter()
                .any(|row| row.detail.as_deref().is_some_and(|text| text.contains("She came to me herself.")))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv2_two_people_on_one_page_the_second_is_told() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (lead, reference) = opened(&world).await;
        let stale = view(&world, &lead, &reference).await.revision;
        assess(&world, &lead, &reference).await;
        let refused = actions::step::take_step(&world.haven, &lead, &reference, take("support", None, stale)).await;
        assert!(matches!(refused, Err(ActionError::Conflict)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s8_a_referral_of_an_adult_needs_agreement_or_a_lawful_ground() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (lead, reference) = opened(&world).await;
        assess(&world, &lead, &reference).await;
        for (step, option) in [("contact", None), ("threshold", Some("met"))] {
            let revision = view(&world, &lead, &reference).await.revision;
            if option.is_none() {
                let skip = SkipStep { step: step.into(), reason: "Spoken on the phone.".into(), revision };
                actions::step::skip_step(&world.haven, &lead, &reference, skip).await.unwrap();
            } else {
                actions::step::take_step(&world.haven, &lead, &reference, take(step, option, revision)).await.unwrap();
            }
        }
        let revision = view(&world, &lead, &reference).await.revision;
        let mut send = SendReferral {
            step: "refer-channel".into(),
            reason: "Threshold met.".into(),
            agreement: "override".into(),
            ground: String::new(),
            revision,
        };
        let refused = actions::referral::send_referral(&world.haven, &lead, &reference, send.clone()).await;
        assert!(matches!(refused, Err(ActionError::Fault(ref faults)) if faults[0].field == "agreement"));
        send.ground = "Vital interests: somebody may be harmed.".into();
        actions::referral::send_referral(&world.haven, &lead, &reference, send).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv5_a_case_keeps_the_policy_it_began_under() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let (lead, reference) = opened(&world).await;
        let before = view(&world, &lead, &reference).await;
        let mut files = crate::world::waes_files();
        let procedure = files.get_mut("procedures/prevent.toml").unwrap();
        *procedure = procedure.replace("title = \"Speak with the learner\"", "title = \"Talk it over\"");
        let changed = std::sync::Arc::new(policy::read::read(&files).pack.unwrap());
        actions::shelf::put_in_force(&world.haven, changed, &files, "test").await.unwrap();
        let after = view(&world, &lead, &reference).await;
        let titles =
            |case: &actions::case::CaseView| case.steps.iter().map(|step| step.title.clone()).collect::<Vec<_>>();
        assert_eq!(titles(&after), titles(&before));
        assert!(titles(&after).contains(&"Speak with the learner".to_owned()));
        world.raise(&world.prevent_record("joe", "r2")).await;
        let newer = world.references(&lead).await.into_iter().find(|one| *one != reference).unwrap();
        assert!(titles(&view(&world, &lead, &newer).await).contains(&"Talk it over".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_rule_whose_clause_vanishes_with_a_new_policy_is_a_finding_and_never_milder() {
    for_each_store(|store| async move {
        let world = World::new(store).await;
        let mut files = crate::world::waes_files();
        files.insert("clauses/99-extra.md".to_owned(), "# A passing clause {passing}\n\nIt will go.\n".to_owned());
        let with = std::sync::Arc::new(policy::read::read(&files).pack.unwrap());
        actions::shelf::put_in_force(&world.haven, with.clone(), &files, "test").await.unwrap();
        let now = world.haven.now();
        let mut unit = world.haven.store.begin().await.unwrap();
        for (id, host, allow) in [("r1", "opened.test", true), ("r2", "closed.test", false)] {
            let rule = store::local_rules::LocalRule {
                id: id.into(),
                host: host.into(),
                allow,
                population: "learner".into(),
                reason: "Decided once.".into(),
                citation: with.cite("passing").unwrap().to_record(),
                made_at: now,
                made_by: "somebody".into(),
                until: None,
                request: None,
                withdrawn_at: None,
            };
            store::local_rules::insert(&mut unit, &rule).await.unwrap();
        }
        unit.commit().await.unwrap();
        let it = world.sign_in("it").await;
        assert!(actions::local_rules::unsettled(&world.haven, &it).await.unwrap().is_empty());
        let letters = world.letters_to("it").await;

        let plain = crate::world::waes();
        actions::shelf::put_in_force(&world.haven, plain, &crate::world::waes_files(), "test").await.unwrap();
        let mut found = actions::local_rules::unsettled(&world.haven, &it).await.unwrap();
        found.sort_by(|a, b| a.host.cmp(&b.host));
        let told: Vec<(&str, bool)> = found.iter().map(|one| (one.host.as_str(), one.opened)).collect();
        assert_eq!(told, [("closed.test", false), ("opened.test", true)]);
        assert_eq!(world.letters_to("it").await, letters + 1, "one letter, not one for each");
        let lead = world.sign_in("lead").await;
        assert!(actions::local_rules::unsettled(&world.haven, &lead).await.is_err(), "only for those who decide");
        // The same policy again tells nobody anything.
        let (again, files) = (crate::world::waes(), crate::world::waes_files());
        actions::shelf::put_in_force(&world.haven, again, &files, "test").await.unwrap();
        assert_eq!(world.letters_to("it").await, letters + 1);
    })
    .await;
}
