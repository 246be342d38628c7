//! Referring a case outside: a preview of exactly what leaves, the person's agreement or a lawful override, and a reply-by date.

use casework::referral::{self, Holding, Preview};
use casework::step::Taking;
use policy::{Consent, Referral, Step, StepKind};
use serde_json::json;
use store::sealed::SealedKind;

use crate::audit::{EntryWith, entry};
use crate::case::{Held, Texts, case_secret, hold};
use crate::decide::{check_revision, check_text};
use crate::opening::seal_one;
use crate::session::Session;
use crate::team::Team;
use crate::{ActionError, Haven, words};

/// What leaves and what stays, side by side.
#[derive(Debug, Clone)]
pub struct ReferralPreview {
    pub reference: String,
    pub step: String,
    pub title: String,
    pub agency: String,
    /// How to reach the agency; empty if the organisation has not entered it yet.
    pub contact: String,
    pub citation: String,
    pub clause: String,
    pub leaves: Vec<(String, String)>,
    pub stays: Vec<String>,
    pub consent: Consent,
    pub reply_by_text: String,
    pub revision: i64,
}

/// Shows what would leave; nothing leaves by looking.
pub async fn referral_preview(
    haven: &Haven,
    session: &Session,
    reference: &str,
    step: &str,
    reason: &str,
) -> Result<ReferralPreview, ActionError> {
    let held = hold(haven, session, reference, "case.refer").await?;
    let (step, rule) = refer_step(&held, step)?;
    let preview = preview(haven, session, &held, &rule, reason).await?;
    let now = haven.now();
    let due = held.pack.calendar.due(now, rule.reply_by);
    Ok(ReferralPreview {
        reference: held.case.reference.clone(),
        step: step.id,
        title: rule.title.clone(),
        agency: held.pack.agency(&rule.agency).map_or(rule.agency.clone(), |agency| agency.title.clone()),
        contact: haven.agency_contacts.get(&rule.agency).cloned().unwrap_or_default(),
        citation: held.pack.cite(&rule.clause).map(|cite| cite.to_string()).unwrap_or_default(),
        clause: rule.clause.clone(),
        leaves: preview.leaves.into_iter().map(|line| (line.label.to_owned(), line.value)).collect(),
        stays: preview.stays.into_iter().map(str::to_owned).collect(),
        consent: rule.consent,
        reply_by_text: words::due(&held.pack.calendar, now, due),
        revision: held.case.revision,
    })
}

fn refer_step(held: &Held, step: &str) -> Result<(Step, Referral), ActionError> {
    let step = held.procedure.step(step).filter(|step| step.kind == StepKind::Refer).ok_or(ActionError::NotFound)?;
    let rule = step.referral.as_deref().and_then(|id| held.procedure.referral(id)).ok_or(ActionError::NotFound)?;
    Ok((step.clone(), rule.clone()))
}

async fn preview(
    haven: &Haven,
    session: &Session,
    held: &Held,
    rule: &Referral,
    reason: &str,
) -> Result<Preview, ActionError> {
    let secret = case_secret(haven, session, &held.case.id).await?;
    let sealed = store::sealed::of_case(&haven.store, &held.permit, &held.case.id).await?;
    let texts = Texts::open(Some(&secret), &sealed)?;
    let team = Team::read(haven).await?;
    let alert: Option<crate::alert::SealedAlert> =
        texts.first(SealedKind::Alert).and_then(|text| serde_json::from_str(&text).ok());
    let person = alert.as_ref().and_then(|alert| team.person(&alert.person));
    let concern = match (&alert, texts.first(SealedKind::Narrative)) {
        (_, Some(narrative)) => narrative,
        (Some(alert), None) => alert.cue.reason.clone(),
        (None, None) => String::new(),
    };
    let done = held.steps.iter().filter(|facts| facts.done_at.is_some());
    let titles: Vec<String> =
        done.filter_map(|facts| held.procedure.step(&facts.step)).map(|step| step.title.clone()).collect();
    let member = held.standing.members.iter().find(|member| member.person == session.person.id);
    let post = member.and_then(|member| held.pack.post(&member.post)).map(|post| post.title.clone());
    let holding = Holding {
        person_name: texts.first(SealedKind::Name).unwrap_or_default(),
        person_born: person.and_then(|person| person.born).map(|born| born.to_string()).unwrap_or_default(),
        reference: held.case.reference.clone(),
        concern,
        steps_taken: titles.join("; "),
        reason: reason.trim().to_owned(),
        sender_post: format!("{}, {}", post.unwrap_or_default(), haven.organisation),
    };
    Ok(referral::preview(rule, &holding))
}

#[derive(Debug, Clone)]
pub struct SendReferral {
    pub step: String,
    pub reason: String,
    /// `agreed`, `override` or `not-needed`.
    pub agreement: String,
    /// The lawful ground of an override, in words.
    pub ground: String,
    pub revision: i64,
}

/// Records the referral with exactly the lines of the preview. Haven does not mail it in clear (D04): the page shows the
/// lines to carry over into the agency's own secure form.
pub async fn send_referral(
    haven: &Haven,
    session: &Session,
    reference: &str,
    send: SendReferral,
) -> Result<(), ActionError> {
    let now = haven.now();
    let held = hold(haven, session, reference, "case.refer").await?;
    check_revision(&held, send.revision)?;
    check_text("reason", &send.reason)?;
    let (step, rule) = refer_step(&held, &send.step)?;
    if !referral::agreement_is_enough(rule.consent, &send.agreement, &send.ground) {
        return Err(ActionError::fault(
            "agreement",
            "Record the person\u{2019}s agreement, or the lawful ground for going ahead without it.",
        ));
    }
    let preview = preview(haven, session, &held, &rule, &send.reason).await?;
    let mut text: String = preview.leaves.iter().map(|line| format!("{}: {}\n", line.label, line.value)).collect();
    if send.agreement == "override" {
        text.push_str(&format!("Sent without the person\u{2019}s agreement, on this ground: {}\n", send.ground.trim()));
    }
    let mut steps = held.steps.clone();
    let taking = Taking { person: &session.person.id, note: &send.reason, option: None, gate_reason: "" };
    casework::step::take(&held.procedure, &held.pack.calendar, &mut steps, &step.id, &taking, now)?;
    let sealed =
        seal_one(haven, &held.case.id, &held.case.public_key, now, SealedKind::Referral, &text, &session.person.id)?;
    let row = store::referrals::Referral {
        id: haven.new_id(now),
        case: held.case.id.clone(),
        step: step.id.clone(),
        agency: rule.agency.clone(),
        sent_at: now,
        sent_by: session.person.id.clone(),
        consent: send.agreement.clone(),
        reply_by: Some(held.pack.calendar.due(now, rule.reply_by)),
        reply_at: None,
        sealed: Some(sealed.id.clone()),
    };
    let mut unit = haven.store.begin().await?;
    store::cases::update(&mut unit, &held.permit, &held.case).await?;
    store::cases::put_steps(&mut unit, &held.permit, &held.case.id, &steps).await?;
    store::sealed::insert(&mut unit, &held.permit, &sealed).await?;
    store::referrals::insert(&mut unit, &held.permit, &row).await?;
    let detail = json!({ "step": step.id, "agency": rule.agency, "agreement": send.agreement, "fields": rule.fields });
    let made = entry(now, &session.person.id, "case.refer", &held.case.id, &detail);
    let citation = held.pack.cite(&rule.clause);
    let made = made.because(citation.as_ref().unwrap_or(held.permit.citation()));
    store::audit::append(&mut unit, made.vouching(vec![sealed.digest.clone()]));
    unit.commit().await?;
    Ok(())
}
