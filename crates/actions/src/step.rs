//! Steps of a case: taken in order, before their turn with a reason, past a legal stop gate only as one person wrote it down
//! and a second agreed; and the emergency call, which waits for nothing (S-1).

use casework::notice::Occasion;
use casework::step::{self, StepRefusal, Taking};
use jiff::Timestamp;
use policy::{Gate, StepKind};
use serde_json::json;
use store::decisions::Decision;
use store::sealed::SealedKind;
use store::step_answers::StepAnswer;

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
    if step.gate == Gate::Legal {
        return write(haven, session, &held, &take.step, &taking, false).await;
    }
    step::take(&held.procedure, &held.pack.calendar, &mut steps, &take.step, &taking, haven.now())
        .map_err(|refusal| refusal.with_titles(&held.pack))?;
    let text = with_gate_reason(&take.note, &take.gate_reason);
    let option = (step.kind == StepKind::Decide).then(|| take.option.clone()).flatten();
    keep(haven, session, &held, &steps, "case.step", &take.step, &text, option).await
}

/// Writes an answer down at a legal stop gate; it waits for the second person. Writing it again takes the place of what
/// stood there, so nobody has agreed to what they did not read.
async fn write(
    haven: &Haven,
    session: &Session,
    held: &Held,
    step: &str,
    taking: &Taking<'_>,
    leave_out: bool,
) -> Result<(), ActionError> {
    step::may_write(&held.procedure, &held.steps, step, taking, leave_out)
        .map_err(|refusal| refusal.with_titles(&held.pack))?;
    let now = haven.now();
    let me = &session.person.id;
    let text = if leave_out { taking.gate_reason.trim() } else { taking.note.trim() };
    let kind = if taking.option.is_some() { SealedKind::Decision } else { SealedKind::Note };
    let sealed = seal_one(haven, &held.case.id, &held.case.public_key, now, kind, text, me)?;
    let answer = StepAnswer {
        case: held.case.id.clone(),
        step: step.to_owned(),
        option: taking.option.filter(|_| !leave_out).map(str::to_owned),
        leave_out,
        by: me.clone(),
        at: now,
        sealed: sealed.id.clone(),
    };
    let mut unit = haven.store.begin().await?;
    store::cases::update(&mut unit, &held.permit, &held.case).await?;
    store::sealed::insert(&mut unit, &held.permit, &sealed).await?;
    store::step_answers::put(&mut unit, &held.permit, &answer).await?;
    for member in held.standing.members.iter().filter(|member| member.person != *me) {
        let posts = std::slice::from_ref(&member.post);
        if step::is_second(&held.pack, &held.procedure, step, posts) {
            let letter = crate::opening::letter(haven, &member.person, Occasion::Waiting, now);
            store::outbox::post(&mut unit, &letter).await?;
        }
    }
    let detail = json!({ "step": step, "option": answer.option, "leave_out": leave_out });
    let made = entry(now, me, "case.written", &held.case.id, &detail);
    let citation = held.procedure.step(step).and_then(|step| held.pack.cite(&step.clause));
    let made = made.because(citation.as_ref().unwrap_or(held.permit.citation()));
    store::audit::append(&mut unit, made.vouching(vec![sealed.digest.clone()]));
    unit.commit().await?;
    Ok(())
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
    let gate = held.procedure.step(&skip.step).map(|step| (step.gate, step.kind));
    if matches!(gate, Some((Gate::Legal, StepKind::Act | StepKind::Decide))) {
        return write(haven, session, &held, &skip.step, &taking, true).await;
    }
    step::skip(&held.procedure, &held.pack.calendar, &mut steps, &skip.step, &taking, haven.now())
        .map_err(|refusal| refusal.with_titles(&held.pack))?;
    keep(haven, session, &held, &steps, "case.skip", &skip.step, skip.reason.trim(), None).await
}

#[derive(Debug, Clone)]
pub struct SecondStep {
    pub step: String,
    /// Id of the text that was shown: agreement is to that, and to nothing else.
    pub text: String,
    pub reason: String,
    pub allow: bool,
    pub revision: i64,
}

/// The second person agrees to what the first wrote down at a legal stop gate, or refuses it; both with a reason. Agreement
/// settles the step as it was written; a refusal takes the answer away, and the first writes another.
pub async fn second_step(
    haven: &Haven,
    session: &Session,
    reference: &str,
    second: SecondStep,
) -> Result<(), ActionError> {
    let held = hold(haven, session, reference, "case.second").await?;
    check_revision(&held, second.revision)?;
    check_text("reason", &second.reason)?;
    let step = held.procedure.step(&second.step).ok_or(ActionError::NotFound)?;
    if !matches!(step.kind, StepKind::Act | StepKind::Decide) {
        return second_before(haven, session, &held, &second).await;
    }
    let answers = store::step_answers::of_case(&haven.store, &held.permit, &held.case.id).await?;
    let answer = answers.into_iter().find(|answer| answer.step == second.step).ok_or(StepRefusal::NotWritten)?;
    if answer.sealed != second.text {
        return Err(ActionError::Conflict);
    }
    if answer.by == session.person.id {
        return Err(StepRefusal::SamePerson.into());
    }
    let steps = agreed(haven, session, &held, &second, &answer)?;
    let now = haven.now();
    let me = &session.person.id;
    let text = verdict(second.allow, &second.reason);
    let sealed = seal_one(haven, &held.case.id, &held.case.public_key, now, SealedKind::Note, &text, me)?;
    let mut unit = haven.store.begin().await?;
    store::cases::update(&mut unit, &held.permit, &held.case).await?;
    store::step_answers::take_away(&mut unit, &held.permit, &answer).await?;
    store::sealed::insert(&mut unit, &held.permit, &sealed).await?;
    if second.allow {
        store::cases::put_steps(&mut unit, &held.permit, &held.case.id, &steps).await?;
    }
    if let Some(option) = answer.option.clone().filter(|_| second.allow) {
        let decision = Decision {
            id: haven.new_id(now),
            case: held.case.id.clone(),
            step: second.step.clone(),
            option,
            at: now,
            by: answer.by.clone(),
            sealed: Some(answer.sealed.clone()),
        };
        store::decisions::insert(&mut unit, &held.permit, &decision).await?;
    }
    let letter = crate::opening::letter(haven, &answer.by, Occasion::Waiting, now);
    store::outbox::post(&mut unit, &letter).await?;
    let detail = json!({ "step": second.step, "agreed": second.allow, "option": answer.option });
    let made = entry(now, me, "case.second", &held.case.id, &detail);
    let citation = held.pack.cite(&step.clause);
    let made = made.because(citation.as_ref().unwrap_or(held.permit.citation()));
    store::audit::append(&mut unit, made.vouching(vec![sealed.digest.clone()]));
    unit.commit().await?;
    Ok(())
}

/// The steps as they stand once the second person has agreed; for a refusal only whether this person may be the second.
fn agreed(
    haven: &Haven,
    session: &Session,
    held: &Held,
    second: &SecondStep,
    answer: &StepAnswer,
) -> Result<Vec<casework::StepFacts>, ActionError> {
    let titled = |refusal: StepRefusal| refusal.with_titles(&held.pack);
    let (person, posts, now) = (&session.person.id, &session.posts, haven.now());
    let mut steps = held.steps.clone();
    if !second.allow {
        let needed = held.procedure.step(&second.step).and_then(|step| step.second_post.clone()).unwrap_or_default();
        let fits = step::is_second(&held.pack, &held.procedure, &second.step, posts);
        return if fits { Ok(steps) } else { Err(titled(StepRefusal::Second(needed)).into()) };
    }
    step::second(&held.pack, &held.procedure, &mut steps, &second.step, person, posts, now).map_err(titled)?;
    let taking = Taking {
        person: &answer.by,
        note: "As written down.",
        option: answer.option.as_deref(),
        gate_reason: "As written down.",
    };
    let calendar = &held.pack.calendar;
    if answer.leave_out {
        step::skip(&held.procedure, calendar, &mut steps, &second.step, &taking, now).map_err(titled)?;
    } else {
        step::take(&held.procedure, calendar, &mut steps, &second.step, &taking, now).map_err(titled)?;
    }
    Ok(steps)
}

/// A step with a page of its own, such as a referral, is let pass before it is taken: its preview is the text.
async fn second_before(haven: &Haven, session: &Session, held: &Held, second: &SecondStep) -> Result<(), ActionError> {
    let mut steps = held.steps.clone();
    if second.allow {
        let (person, posts) = (&session.person.id, &session.posts);
        step::second(&held.pack, &held.procedure, &mut steps, &second.step, person, posts, haven.now())
            .map_err(|refusal| refusal.with_titles(&held.pack))?;
    }
    let text = verdict(second.allow, &second.reason);
    keep(haven, session, held, &steps, "case.second", &second.step, &text, None).await
}

/// "Agreed: ..." once, also where somebody began their reason with the word.
pub(crate) fn verdict(agreed: bool, reason: &str) -> String {
    let word = if agreed { "Agreed" } else { "Not agreed" };
    let reason = reason.trim();
    let said = reason.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let rest = if said { reason.get(word.len()..).unwrap_or_default() } else { reason };
    let rest = rest.trim_start_matches([':', '.', ',', ';', ' ']);
    if rest.is_empty() { format!("{word}.") } else { format!("{word}: {rest}") }
}

/// An emergency call that was made.
#[derive(Debug, Clone)]
pub struct Emergency {
    /// `999`, `101` or `other`.
    pub service: String,
    pub note: String,
    /// Number of the form: the same form sent twice is one call. Empty for none.
    pub key: String,
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
        if is_again(&mut unit, "emergency", &held.case.id, &emergency.key, now).await? {
            return Ok(());
        }
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

/// Something to write into a case.
#[derive(Debug, Clone, Default)]
pub struct Note {
    pub text: String,
    /// The names, as [`readers_named`] gives them, of those of whom the author has said that it is not about them.
    pub may_read: String,
    /// Number of the form: the same form sent twice is one note. Empty for none.
    pub key: String,
}

/// Names of those who see the case and whom a text names, for the page that asks about them.
pub async fn readers_named(
    haven: &Haven,
    session: &Session,
    reference: &str,
    text: &str,
) -> Result<String, ActionError> {
    let held = hold(haven, session, reference, "case.act").await?;
    let named = crate::thread::readers_named(haven, &held.permit, &held.case.id, text, &session.person.id).await?;
    Ok(named.join(", "))
}

/// Whether a form was dealt with already; keeps that it is now.
async fn is_again(
    unit: &mut store::Unit,
    what: &str,
    case: &str,
    key: &str,
    now: Timestamp,
) -> Result<bool, ActionError> {
    if key.is_empty() {
        return Ok(false);
    }
    let key = format!("{what}:{case}:{key}");
    if store::receipts::find(&mut *unit, &key).await?.is_some() {
        return Ok(true);
    }
    store::receipts::keep(unit, &key, "{}", now).await?;
    Ok(false)
}

/// Adds a note to the case. Words that name somebody who sees it are not kept before the author has said that it is not
/// about them (invariant 11).
pub async fn add_note(haven: &Haven, session: &Session, reference: &str, note: Note) -> Result<(), ActionError> {
    let now = haven.now();
    let text = note.text.trim();
    check_text("text", text)?;
    let held = hold(haven, session, reference, "case.act").await?;
    let named =
        crate::thread::readers_named(haven, &held.permit, &held.case.id, text, &session.person.id).await?.join(", ");
    if !named.is_empty() && note.may_read != named {
        let sentence = format!(
            "Your note names {named}, who can read this case. If it is about them, do not write it here: report it as a \
             new concern, and it goes to somebody else. If you only mention them, say so and add the note."
        );
        return Err(ActionError::fault("may_read", &sentence));
    }
    let sealed =
        seal_one(haven, &held.case.id, &held.case.public_key, now, SealedKind::Note, text, &session.person.id)?;
    in_unit!(haven, unit => {
        if is_again(&mut unit, "note", &held.case.id, &note.key, now).await? {
            return Ok(());
        }
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
    // A time of ours between two of theirs would narrow theirs down.
    let at = crate::thread::said_at(haven, &thread.reference).await?;
    let message = crate::thread::message(haven, &thread, &held.case.public_key, at, true, text)?;
    in_unit!(haven, unit => {
        store::anonymous::say(&mut unit, &message).await?;
        let made = entry(now, &session.person.id, "thread.reply", &held.case.id, &json!({}));
        store::audit::append(&mut unit, made.because(held.permit.citation()));
        Ok(())
    })
}
