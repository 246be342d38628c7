//! Taking a case on, judging it, and closing it: each by a named person, with reasons.

use casework::case::{self, CaseState};
use casework::step::Taking;
use jiff::ToSpan;
use policy::StepKind;
use serde_json::json;
use store::decisions::Decision;
use store::sealed::{Sealed, SealedKind};

use crate::audit::{EntryWith, entry};
use crate::case::{Held, hold};
use crate::opening::seal_one;
use crate::session::Session;
use crate::unit::in_unit;
use crate::{ActionError, Haven};

pub use casework::case::Assessment as AssessChoice;

/// Longest text of a note or a reason, in bytes.
pub const NOTE_LIMIT_BYTES: usize = 20_000;

/// Who has a case after somebody took it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Mine,
    /// They were quicker. Nothing has changed.
    BySomebodyElse,
}

/// "I have it": the hand-over is complete (invariant 12). Doing it twice does it once.
pub async fn acknowledge(haven: &Haven, session: &Session, reference: &str) -> Result<Taken, ActionError> {
    let now = haven.now();
    let held = hold(haven, session, reference, "case.act").await?;
    let me = &session.person.id;
    in_unit!(haven, unit => {
        let mut case = store::cases::get(&mut unit, &held.permit, &held.case.id).await?.ok_or(ActionError::NotFound)?;
        if case.acknowledged_at.is_some() {
            let mine = case.acknowledged_by.as_ref() == Some(me);
            return Ok(if mine { Taken::Mine } else { Taken::BySomebodyElse });
        }
        case.acknowledged_at = Some(now);
        case.acknowledged_by = Some(me.clone());
        case.owner_person = Some(me.clone());
        if let Some(member) = held.standing.members.iter().find(|member| member.person == *me) {
            case.owner_post.clone_from(&member.post);
        }
        store::cases::update(&mut unit, &held.permit, &case).await?;
        let made = entry(now, me, "case.acknowledge", &case.id, &json!({}));
        store::audit::append(&mut unit, made.because(held.permit.citation()));
        Ok(Taken::Mine)
    })
}

/// What a named person judged, with the three prompts of the equality impact assessment.
#[derive(Debug, Clone)]
pub struct Assessment {
    pub choice: AssessChoice,
    pub reasons: String,
    /// Revision of the case on the page: a later one means that somebody else was quicker.
    pub revision: i64,
    pub vulnerability: String,
    pub disability: String,
    pub wellbeing: String,
}

/// Judges whether it is a concern (S-5). A false alarm leaves nothing in the person's history.
pub async fn assess(
    haven: &Haven,
    session: &Session,
    reference: &str,
    assessment: Assessment,
) -> Result<(), ActionError> {
    let held = hold(haven, session, reference, "case.assess").await?;
    check_revision(&held, assessment.revision)?;
    check_text("reasons", &assessment.reasons)?;
    if assessment.choice == AssessChoice::FalseAlarm && held.case.source != casework::Source::Alert {
        // What a person told is never made to vanish; only what a machine noticed can be a false alarm.
        return Err(ActionError::fault(
            "choice",
            "Somebody told us this, so it stays. If nothing needs doing, say that it is a concern and close it with your reasons.",
        ));
    }
    let state =
        case::assess(&held.facts(), assessment.choice, &assessment.reasons).map_err(|refusal| match refusal {
            case::AssessRefusal::NoReasons => ActionError::fault("reasons", &refusal.to_string()),
            case::AssessRefusal::AlreadyAssessed => ActionError::Conflict,
        })?;
    match state {
        CaseState::FalseAlarm => false_alarm(haven, session, &held).await,
        _ => judge(haven, session, &held, &assessment, state).await,
    }
}

async fn judge(
    haven: &Haven,
    session: &Session,
    held: &Held,
    assessment: &Assessment,
    state: CaseState,
) -> Result<(), ActionError> {
    let now = haven.now();
    let mut text = assessment.reasons.trim().to_owned();
    for (title, answer) in [
        ("Vulnerability", &assessment.vulnerability),
        ("Disability", &assessment.disability),
        ("Wellbeing", &assessment.wellbeing),
    ] {
        if !answer.trim().is_empty() {
            text.push_str(&format!("\n{title}: {}", answer.trim()));
        }
    }
    let sealed =
        seal_one(haven, &held.case.id, &held.case.public_key, now, SealedKind::Decision, &text, &session.person.id)?;
    let assess_step = held.procedure.steps.iter().find(|step| step.kind == StepKind::Assess);
    let mut steps = held.steps.clone();
    if let (CaseState::Open, Some(step)) = (state, assess_step) {
        let taking = Taking { person: &session.person.id, note: &text, option: None, gate_reason: "" };
        casework::step::take(&held.procedure, &held.pack.calendar, &mut steps, &step.id, &taking, now)?;
    }
    let option = if state == CaseState::Open { "concern" } else { "needs-more" };
    let decision = Decision {
        id: haven.new_id(now),
        case: held.case.id.clone(),
        step: assess_step.map(|step| step.id.clone()).unwrap_or_default(),
        option: option.to_owned(),
        at: now,
        by: session.person.id.clone(),
        sealed: Some(sealed.id.clone()),
    };
    let mut unit = haven.store.begin().await?;
    let mut case = held.case.clone();
    case.state = state;
    if state == CaseState::Open {
        case.group_key = None;
    }
    if case.acknowledged_at.is_none() {
        case.acknowledged_at = Some(now);
        case.acknowledged_by = Some(session.person.id.clone());
    }
    store::cases::update(&mut unit, &held.permit, &case).await?;
    store::cases::put_steps(&mut unit, &held.permit, &case.id, &steps).await?;
    store::sealed::insert(&mut unit, &held.permit, &sealed).await?;
    store::decisions::insert(&mut unit, &held.permit, &decision).await?;
    let made = entry(now, &session.person.id, "case.assess", &case.id, &json!({ "judged": option }));
    store::audit::append(&mut unit, made.because(held.permit.citation()).vouching(vec![sealed.digest.clone()]));
    unit.commit().await?;
    Ok(())
}

/// The content, the keys and the tie to the person go. What stays is that on this day somebody judged an alert of this
/// theme to be nothing.
async fn false_alarm(haven: &Haven, session: &Session, held: &Held) -> Result<(), ActionError> {
    let now = haven.now();
    let records = alert_records(haven, session, held).await?;
    let mut unit = haven.store.begin().await?;
    let mut case = held.case.clone();
    case.state = CaseState::FalseAlarm;
    case.closed_at = Some(now);
    store::cases::update(&mut unit, &held.permit, &case).await?;
    let erased = store::sealed::erase(&mut unit, &held.permit, &case.id).await?;
    store::cases::forget_subject(&mut unit, &held.permit, &case.id).await?;
    store::cases::forget_excluded(&mut unit, &held.permit, &case.id).await?;
    let erasure = store::erasures::Erasure { case: case.id.clone(), at: now, final_at: final_at(now) };
    store::erasures::record(&mut unit, &held.permit, &erasure).await?;
    let detail = json!({ "judged": "false-alarm", "theme": case.theme, "erased": erased });
    let made = entry(now, &session.person.id, "case.assess", &case.id, &detail);
    store::audit::append(&mut unit, made.because(held.permit.citation()));
    for record in &records {
        store::technical::withdraw(&mut unit, record).await?;
    }
    unit.commit().await?;
    store::keys::erase_case(&haven.store, &held.case.id).await?;
    for record in &records {
        store::activity::alert_withdrawn(&haven.store, record).await?;
    }
    Ok(())
}

/// Whether this person judged the case to be a false alarm: then the same form sent again is no news. For everybody else it
/// does not exist.
pub async fn was_my_false_alarm(haven: &Haven, session: &Session, reference: &str) -> Result<bool, ActionError> {
    let Some(standing) = store::cases::standing_by_reference(&haven.store, reference).await? else { return Ok(false) };
    if standing.state != CaseState::FalseAlarm {
        return Ok(false);
    }
    let permit = crate::case::permit(haven, session, &standing, "case.assess")?;
    let entries = store::audit::of_object(&haven.store, &permit, &standing.id).await?;
    let last = entries.into_iter().rfind(|entry| entry.new.action == "case.assess");
    Ok(last.is_some_and(|entry| entry.new.actor == session.person.id))
}

/// Copies of the key store expire after so many days: then no older backup can open an erased case.
const KEY_COPIES_EXPIRE_DAYS: i64 = 30;

fn final_at(now: jiff::Timestamp) -> jiff::Timestamp {
    now.checked_add((KEY_COPIES_EXPIRE_DAYS * 24).hours()).unwrap_or(now)
}

/// Activity lines looked through for the marks of one alert.
const RECORDS_LIMIT_ROWS: u32 = 50_000;

/// The activity records whose alert this case answers, so that the mark can be taken off them.
async fn alert_records(haven: &Haven, session: &Session, held: &Held) -> Result<Vec<String>, ActionError> {
    if held.case.source != casework::Source::Alert {
        return Ok(Vec::new());
    }
    let secret = crate::case::case_secret(haven, session, &held.case.id).await?;
    let sealed = store::sealed::of_case(&haven.store, &held.permit, &held.case.id).await?;
    let texts = crate::case::Texts::open(Some(&secret), &sealed)?;
    let kept: Option<crate::alert::SealedAlert> =
        texts.first(SealedKind::Alert).and_then(|text| serde_json::from_str(&text).ok());
    let Some(kept) = kept else { return Ok(Vec::new()) };
    let from = casework::alert::group_from(held.case.opened_at);
    let marked =
        store::activity::of_person_between(&haven.store, &kept.person, from, haven.now(), RECORDS_LIMIT_ROWS).await?;
    Ok(marked.into_iter().filter(|record| has_theme(record, &kept.cue.theme)).map(|record| record.reference).collect())
}

fn has_theme(record: &store::activity::Record, theme: &str) -> bool {
    let cue = record.alert.as_deref().and_then(|text| serde_json::from_str::<crate::alert::Cue>(text).ok());
    cue.is_some_and(|cue| cue.theme == theme)
}

pub(crate) fn check_revision(held: &Held, revision: i64) -> Result<(), ActionError> {
    if held.case.revision == revision { Ok(()) } else { Err(ActionError::Conflict) }
}

pub(crate) fn check_text(field: &str, text: &str) -> Result<(), ActionError> {
    if text.trim().is_empty() {
        return Err(ActionError::fault(field, "Write down your reasons. One sentence is enough."));
    }
    if text.len() > NOTE_LIMIT_BYTES {
        return Err(ActionError::fault(field, "This is too long. Please shorten it, or add a second note."));
    }
    if text.chars().any(|letter| letter.is_control() && !letter.is_whitespace()) {
        return Err(ActionError::fault(
            field,
            "There is a character in it that cannot be shown. Please type it again.",
        ));
    }
    Ok(())
}

/// Closing: an outcome, reasons, and whether policy, filter or training must change (C15).
#[derive(Debug, Clone)]
pub struct Close {
    pub step: String,
    pub outcome: String,
    pub reasons: String,
    pub change_policy: bool,
    pub change_filter: bool,
    pub change_training: bool,
    pub change_note: String,
    pub revision: i64,
}

/// Closes a case whose other steps are settled.
pub async fn close(haven: &Haven, session: &Session, reference: &str, close: Close) -> Result<(), ActionError> {
    let now = haven.now();
    let held = hold(haven, session, reference, "case.close").await?;
    check_revision(&held, close.revision)?;
    check_text("reasons", &close.reasons)?;
    let must_change = close.change_policy || close.change_filter || close.change_training;
    if must_change && close.change_note.trim().is_empty() {
        return Err(ActionError::fault("change_note", "Say what must change. One sentence is enough."));
    }
    if !held.procedure.outcomes.iter().any(|outcome| outcome.id == close.outcome) {
        return Err(ActionError::fault("outcome", "Choose how it ended."));
    }
    let step = held.procedure.step(&close.step).filter(|step| step.kind == StepKind::Close);
    let step = step.ok_or(ActionError::NotFound)?.id.clone();
    let left = held.steps.iter().find(|facts| !facts.status.is_settled() && facts.step != step);
    if let Some(left) = left {
        let title = held.procedure.step(&left.step).map(|step| step.title.clone()).unwrap_or_default();
        let message = format!("First settle this step: {title}");
        return Err(ActionError::fault("", &message));
    }
    let mut steps = held.steps.clone();
    let taking = Taking { person: &session.person.id, note: &close.reasons, option: None, gate_reason: "" };
    casework::step::take(&held.procedure, &held.pack.calendar, &mut steps, &step, &taking, now)?;
    let text = format!("{}\n{}", close.reasons.trim(), close.change_note.trim()).trim().to_owned();
    let sealed =
        seal_one(haven, &held.case.id, &held.case.public_key, now, SealedKind::Decision, &text, &session.person.id)?;
    keep_close(haven, session, &held, &close, &steps, &sealed, &step).await
}

async fn keep_close(
    haven: &Haven,
    session: &Session,
    held: &Held,
    close: &Close,
    steps: &[casework::StepFacts],
    sealed: &Sealed,
    step: &str,
) -> Result<(), ActionError> {
    let now = haven.now();
    let mut unit = haven.store.begin().await?;
    let mut case = held.case.clone();
    case.state = CaseState::Closed;
    case.closed_at = Some(now);
    case.outcome = Some(close.outcome.clone());
    case.group_key = None;
    store::cases::update(&mut unit, &held.permit, &case).await?;
    store::cases::put_steps(&mut unit, &held.permit, &case.id, steps).await?;
    store::sealed::insert(&mut unit, &held.permit, sealed).await?;
    let decision = Decision {
        id: haven.new_id(now),
        case: case.id.clone(),
        step: step.to_owned(),
        option: close.outcome.clone(),
        at: now,
        by: session.person.id.clone(),
        sealed: Some(sealed.id.clone()),
    };
    store::decisions::insert(&mut unit, &held.permit, &decision).await?;
    let detail = json!({
        "outcome": close.outcome, "change_policy": close.change_policy,
        "change_filter": close.change_filter, "change_training": close.change_training,
    });
    let made = entry(now, &session.person.id, "case.close", &case.id, &detail);
    store::audit::append(&mut unit, made.because(held.permit.citation()).vouching(vec![sealed.digest.clone()]));
    unit.commit().await?;
    Ok(())
}
