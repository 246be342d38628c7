//! Steps of a case: taken in order, before their turn with a reason, past a legal stop gate only with a second post; and
//! the emergency call, which waits for nothing (S-1).

use casework::step::{self, StepRefusal, Taking};
use policy::StepKind;
use serde_json::json;
use store::decisions::Decision;
use store::sealed::SealedKind;

use crate::audit::{EntryWith, entry};
use crate::case::{Held, hold, hold_emergency};
use crate::decide::{check_revision, check_text};
use crate::opening::seal_one;
use crate::session::Session;
use crate::unit::in_unit;
use crate::{ActionError, Haven};

#[derive(Debug, Clone)]
pub struct TakeStep {
    pub step: String,
    pub note: String,
    pub option: Option<String>,
    /// Why before its turn, for an ordinary stop gate.
    pub gate_reason: String,
    pub revision: i64,
}

/// Takes a step of kind act or decide.
pub async fn take_step(haven: &Haven, session: &Session, reference: &str, take: TakeStep) -> Result<(), ActionError> {
    let held = hold(haven, session, reference, "case.act").await?;
    check_revision(&held, take.revision)?;
    let step = held.procedure.step(&take.step).ok_or(ActionError::NotFound)?;
    match step.kind {
        StepKind::Act => {}
        StepKind::Decide => {
            crate::case::permit(haven, session, &held.standing, "case.decide")?;
        }
        StepKind::Assess | StepKind::Refer | StepKind::Close => return Err(StepRefusal::WrongKind.into()),
    }
    check_text("note", &take.note)?;
    let mut steps = held.steps.clone();
    let taking = Taking {
        person: &session.person.id,
        note: &take.note,
        option: take.option.as_deref(),
        gate_reason: &take.gate_reason,
    };
    step::take(&held.procedure, &held.pack.calendar, &mut steps, &take.step, &taking, haven.now())?;
    let text = with_gate_reason(&take.note, &take.gate_reason);
    let option = (step.kind == StepKind::Decide).then(|| take.option.clone()).flatten();
    keep(haven, session, &held, &steps, "case.step", &take.step, &text, option).await
}

fn with_gate_reason(note: &str, gate_reason: &str) -> String {
    if gate_reason.trim().is_empty() {
        note.trim().to_owned()
    } else {
        format!("{}\nBefore its turn, because: {}", note.trim(), gate_reason.trim())
    }
}

#[allow(clippy::too_many_arguments, reason = "one call site shape for three actions")]
async fn keep(
    haven: &Haven,
    session: &Session,
    held: &Held,
    steps: &[casework::StepFacts],
    action: &str,
    step: &str,
    text: &str,
    option: Option<String>,
) -> Result<(), ActionError> {
    let now = haven.now();
    let kind = if option.is_some() { SealedKind::Decision } else { SealedKind::Note };
    let sealed = seal_one(haven, &held.case.id, &held.case.public_key, now, kind, text, &session.person.id)?;
    let mut unit = haven.store.begin().await?;
    store::cases::update(&mut unit, &held.permit, &held.case).await?;
    store::cases::put_steps(&mut unit, &held.permit, &held.case.id, steps).await?;
    store::sealed::insert(&mut unit, &held.permit, &sealed).await?;
    if let Some(option) = &option {
        let decision = Decision {
            id: haven.new_id(now),
            case: held.case.id.clone(),
            step: step.to_owned(),
            option: option.clone(),
            at: now,
            by: session.person.id.clone(),
            sealed: Some(sealed.id.clone()),
        };
        store::decisions::insert(&mut unit, &held.permit, &decision).await?;
    }
    let detail = json!({ "step": step, "option": option });
    let made = entry(now, &session.person.id, action, &held.case.id, &detail);
    let citation = held.procedure.step(step).and_then(|step| held.pack.cite(&step.clause));
    let made = made.because(citation.as_ref().unwrap_or(held.permit.citation()));
    store::audit::append(&mut unit, made.vouching(vec![sealed.digest.clone()]));
    unit.commit().await?;
    Ok(())
}

#[derive(Debug, Clone)]
pub struct SkipStep {
    pub step: String,
    pub reason: String,
    pub revision: i64,
}

/// Leaves a step out, with a recorded reason.
pub async fn skip_step(haven: &Haven, session: &Session, reference: &str, skip: SkipStep) -> Result<(), ActionError> {
    let held = hold(haven, session, reference, "case.act").await?;
    check_revision(&held, skip.revision)?;
    check_text("reason", &skip.reason)?;
    let mut steps = held.steps.clone();
    let taking = Taking { person: &session.person.id, note: "", option: None, gate_reason: &skip.reason };
    step::skip(&held.procedure, &held.pack.calendar, &mut steps, &skip.step, &taking, haven.now())?;
    keep(haven, session, &held, &steps, "case.skip", &skip.step, skip.reason.trim(), None).await
}

#[derive(Debug, Clone)]
pub struct SecondStep {
    pub step: String,
    pub reason: String,
    pub allow: bool,
    pub revision: i64,
}

/// The second post lets a legal stop gate pass, or says no; both with a reason.
pub async fn second_step(
    haven: &Haven,
    session: &Session,
    reference: &str,
    second: SecondStep,
) -> Result<(), ActionError> {
    let held = hold(haven, session, reference, "case.second").await?;
    check_revision(&held, second.revision)?;
    check_text("reason", &second.reason)?;
    let mut steps = held.steps.clone();
    if second.allow {
        let (person, posts) = (&session.person.id, &session.posts);
        step::second(&held.pack, &held.procedure, &mut steps, &second.step, person, posts, haven.now())?;
    }
    let text = format!("{}: {}", if second.allow { "Agreed" } else { "Not agreed" }, second.reason.trim());
    keep(haven, session, &held, &steps, "case.second", &second.step, &text, None).await
}

/// An emergency call that was made.
#[derive(Debug, Clone)]
pub struct Emergency {
    /// `999`, `101` or `other`.
    pub service: String,
    pub note: String,
}

/// Records an emergency call: at any moment, in any state, by anybody on the case, without any gate.
pub async fn record_emergency(
    haven: &Haven,
    session: &Session,
    reference: &str,
    emergency: Emergency,
) -> Result<(), ActionError> {
    let now = haven.now();
    if !matches!(emergency.service.as_str(), "999" | "101" | "other") {
        return Err(ActionError::fault("service", "Choose whom you called."));
    }
    if emergency.note.len() > crate::decide::NOTE_LIMIT_BYTES {
        return Err(ActionError::fault("note", "This is too long. Please shorten it."));
    }
    let held = hold_emergency(haven, session, reference).await?;
    let text = format!("Called {}. {}", emergency.service, emergency.note.trim());
    let sealed =
        seal_one(haven, &held.case.id, &held.case.public_key, now, SealedKind::Note, text.trim(), &session.person.id)?;
    in_unit!(haven, unit => {
        let mut case = store::cases::get(&mut unit, &held.permit, &held.case.id).await?.ok_or(ActionError::NotFound)?;
        case.emergency_at = Some(case.emergency_at.unwrap_or(now));
        store::cases::update(&mut unit, &held.permit, &case).await?;
        store::sealed::insert(&mut unit, &held.permit, &sealed).await?;
        let detail = json!({ "service": emergency.service });
        let made = entry(now, &session.person.id, "case.emergency", &case.id, &detail);
        store::audit::append(&mut unit, made.because(held.permit.citation()).vouching(vec![sealed.digest.clone()]));
        Ok(())
    })
}

/// Adds a note to the case.
pub async fn add_note(haven: &Haven, session: &Session, reference: &str, text: &str) -> Result<(), ActionError> {
    let now = haven.now();
    check_text("text", text)?;
    let held = hold(haven, session, reference, "case.act").await?;
    let sealed =
        seal_one(haven, &held.case.id, &held.case.public_key, now, SealedKind::Note, text.trim(), &session.person.id)?;
    in_unit!(haven, unit => {
        store::sealed::insert(&mut unit, &held.permit, &sealed).await?;
        let made = entry(now, &session.person.id, "case.note", &held.case.id, &json!({}));
        store::audit::append(&mut unit, made.because(held.permit.citation()).vouching(vec![sealed.digest.clone()]));
        Ok(())
    })
}

/// Replies to an anonymous reporter. It waits behind their code; nothing is sent to anybody.
pub async fn reply_to_reporter(
    haven: &Haven,
    session: &Session,
    reference: &str,
    text: &str,
) -> Result<(), ActionError> {
    let now = haven.now();
    let text = crate::thread::checked(text)?;
    let held = hold(haven, session, reference, "case.act").await?;
    let thread =
        store::anonymous::of_case(&haven.store, &held.permit, &held.case.id).await?.ok_or(ActionError::NotFound)?;
    let message = crate::thread::message(haven, &thread, &held.case.public_key, now, true, text)?;
    in_unit!(haven, unit => {
        store::anonymous::say(&mut unit, &message).await?;
        let made = entry(now, &session.person.id, "thread.reply", &held.case.id, &json!({}));
        store::audit::append(&mut unit, made.because(held.permit.citation()));
        Ok(())
    })
}
