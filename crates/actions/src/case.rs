//! A case as its team sees it: who holds it, what comes next, what has happened, and, with the keys open, what was told.

use casework::access::{self, CaseStanding, Permit};
use casework::case::CaseState;
use casework::step::{self, StepStatus};
use jiff::Timestamp;
use policy::{Gate, Pack, Procedure, StepKind};
use serde_json::json;
use store::Viewer;
use store::cases::{Case, Standing};
use store::sealed::{Sealed, SealedKind};
use store::vault::{self, CaseSecret};

use crate::alert::{SealedAlert, TimelineLine};
use crate::audit::{EntryWith, entry};
use crate::session::{Session, holder_secret};
use crate::team::Team;
use crate::thread::ThreadMessage;
use crate::unit::in_unit;
use crate::{ActionError, Haven, opening, shelf, words};

/// A case that the person may do `action` to, with everything that deciding needs.
pub(crate) struct Held {
    pub(crate) case: Case,
    pub(crate) permit: Permit,
    pub(crate) standing: Standing,
    pub(crate) pack: std::sync::Arc<Pack>,
    pub(crate) procedure: Procedure,
    pub(crate) steps: Vec<casework::StepFacts>,
}

impl Held {
    pub(crate) fn facts(&self) -> casework::CaseFacts {
        casework::CaseFacts {
            state: self.case.state,
            about: opening::about_of(&self.case.about),
            opened_at: self.case.opened_at,
            acknowledged_at: self.case.acknowledged_at,
            steps: self.steps.clone(),
        }
    }
}

/// What somebody reads on their own cases after their password was reset.
const LET_IN_FIRST: &str = "Another case holder must let you in first, because your password was reset or your post is \
    new. Ask one of them: they do it on the page Keys.";

/// The author of a text that Haven itself sealed into a case.
pub(crate) const HAVEN: &str = "haven";

pub(crate) fn viewer(haven: &Haven, session: &Session) -> Viewer {
    Viewer { person: session.person.id.clone(), token: haven.token_of(&session.person.id) }
}

/// Finds the case and leave to do `action` to it. Absent, excluded and not on the team are one answer: not found.
pub(crate) async fn hold(
    haven: &Haven,
    session: &Session,
    reference: &str,
    action: &'static str,
) -> Result<Held, ActionError> {
    let standing = store::cases::standing_by_reference(&haven.store, reference).await?.ok_or(ActionError::NotFound)?;
    let permit = permit(haven, session, &standing, action)?;
    if action != "case.read" {
        // Nobody takes on, judges or closes what they cannot read: a password that was reset stops no clock (S-10).
        case_secret(haven, session, &standing.id).await?;
    }
    hold_with(haven, standing, permit).await
}

/// S-1: recording an emergency needs no post's right.
pub(crate) async fn hold_emergency(haven: &Haven, session: &Session, reference: &str) -> Result<Held, ActionError> {
    let standing = store::cases::standing_by_reference(&haven.store, reference).await?.ok_or(ActionError::NotFound)?;
    let permit = access::emergency(&session.asker(), &case_standing(haven, session, &standing))?;
    hold_with(haven, standing, permit).await
}

async fn hold_with(haven: &Haven, standing: Standing, permit: Permit) -> Result<Held, ActionError> {
    let case = store::cases::get(&haven.store, &permit, &standing.id).await?.ok_or(ActionError::NotFound)?;
    if case.state == CaseState::FalseAlarm {
        return Err(ActionError::NotFound);
    }
    let pack = shelf::pack_of(haven, &case.pack_digest).await?;
    let procedure = pack.procedure(&case.procedure).cloned();
    let procedure =
        procedure.ok_or_else(|| ActionError::Broken("a case names a procedure its policy lacks".to_owned()))?;
    let steps = store::cases::steps(&haven.store, &permit, &case.id).await?;
    Ok(Held { case, permit, standing, pack, procedure, steps })
}

fn case_standing<'a>(haven: &Haven, session: &Session, standing: &'a Standing) -> CaseStanding<'a> {
    CaseStanding {
        case: &standing.id,
        about: opening::about_of(&standing.about),
        member: standing.has_member(&session.person.id),
        excluded: standing.hides_from(&viewer(haven, session)),
    }
}

pub(crate) fn permit(
    haven: &Haven,
    session: &Session,
    standing: &Standing,
    action: &'static str,
) -> Result<Permit, ActionError> {
    match access::case(&haven.pack(), &session.asker(), action, &case_standing(haven, session, standing)) {
        Err(access::Refusal::NoRight { .. }) if session.waits => Err(ActionError::refused(LET_IN_FIRST)),
        other => Ok(other?),
    }
}

/// The key of a case, as far as this session can open it.
pub(crate) async fn case_secret(haven: &Haven, session: &Session, case: &str) -> Result<CaseSecret, ActionError> {
    let holder = holder_secret(haven, session).await?;
    let wrapped = store::keys::case_key(&haven.store, case, &session.person.id).await?.ok_or(ActionError::Locked)?;
    vault::unwrap_case_key(&holder, case, &wrapped).map_err(|_| ActionError::Locked)
}

pub(crate) fn open_text(secret: &CaseSecret, sealed: &Sealed) -> Result<String, ActionError> {
    let plain = vault::open(secret, &sealed.place(), &sealed.ciphertext)?;
    Ok(String::from_utf8_lossy(&plain).into_owned())
}

/// What a person may do to this case, for the buttons of its page.
#[derive(Debug, Clone, Copy, Default)]
pub struct May {
    pub acknowledge: bool,
    pub assess: bool,
    pub act: bool,
    pub second: bool,
    pub close: bool,
    pub reply: bool,
    /// Somebody was left out who may be let in.
    pub let_in: bool,
}

#[derive(Debug, Clone)]
pub struct SealedText {
    pub title: String,
    pub text: String,
    pub at_text: String,
    pub by: String,
}

#[derive(Debug, Clone)]
pub struct CardView {
    pub title: String,
    pub text: String,
    pub clause: String,
}

#[derive(Debug, Clone)]
pub struct StepView {
    pub id: String,
    pub title: String,
    pub text: String,
    pub kind: StepKind,
    pub owner: String,
    pub due_text: String,
    pub late: bool,
    pub status: StepStatus,
    pub gate: Gate,
    /// Title of the second post, for a legal stop gate.
    pub second_post: String,
    /// What one person wrote down at a legal stop gate, and a second has not answered yet.
    pub written: Option<Written>,
    pub options: Vec<(String, String)>,
    pub clause: String,
    /// "By Sam Example, today, 3:15pm."
    pub done: Option<String>,
    pub waits_for: Vec<String>,
}

/// An answer at a legal stop gate that waits for the second person.
#[derive(Debug, Clone)]
pub struct Written {
    /// Which text it is; the second person's answer names it.
    pub text: String,
    /// The answer's title; "Leave this step out"; or empty where the step asks no question.
    pub answer: String,
    /// Empty if the keys are not open.
    pub reasons: String,
    pub by: String,
    pub at_text: String,
    /// Written by the person who looks, who therefore cannot be the second.
    pub mine: bool,
}

#[derive(Debug, Clone)]
pub struct ChronologyRow {
    pub at_text: String,
    pub who: String,
    pub what: String,
    pub clause: String,
    pub detail: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ReferralRow {
    pub agency: String,
    pub sent_text: String,
    pub by: String,
    pub agreement: String,
    pub reply_by_text: String,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct DecisionRow {
    pub at_text: String,
    pub question: String,
    pub answer: String,
    pub reasons: String,
    pub by: String,
}

#[derive(Debug, Clone)]
pub struct TimelineRow {
    pub at_text: String,
    pub host: String,
    pub path: String,
    pub search: String,
    pub action: String,
    pub marked: bool,
    /// How often the same thing was done in a row.
    pub times: u32,
}

#[derive(Debug, Clone)]
pub struct AlertView {
    pub seen: String,
    /// `search`, `site` or `text`.
    pub kind: String,
    pub host: String,
    pub reason: String,
    pub how_identified: String,
    pub at_text: String,
    pub hits: i64,
    pub citation: String,
    pub timeline: Vec<TimelineRow>,
    /// The hour after the alert has passed.
    pub complete: bool,
}

/// Everything on the page of a case.
#[derive(Debug, Clone)]
pub struct CaseView {
    pub reference: String,
    pub title: String,
    pub state: CaseState,
    pub grade: Option<String>,
    pub theme: Option<String>,
    pub opened_text: String,
    pub owner: String,
    pub due_text: String,
    pub late: bool,
    pub pack_version: String,
    /// "WAES 7.3"
    pub citation: String,
    pub clause: String,
    pub revision: i64,
    /// False: the keys are not open in this session, so nothing sealed is shown.
    pub keys_open: bool,
    pub person: Option<String>,
    pub narrative: Vec<SealedText>,
    pub cards: Vec<CardView>,
    pub steps: Vec<StepView>,
    pub chronology: Vec<ChronologyRow>,
    pub people_who_can_see: Vec<String>,
    pub left_out: u32,
    pub referrals: Vec<ReferralRow>,
    pub decisions: Vec<DecisionRow>,
    pub alert: Option<AlertView>,
    pub may: May,
    pub thread: Option<Vec<ThreadMessage>>,
    pub emergency_text: Option<String>,
    pub acknowledged: Option<String>,
    pub escalated: bool,
    pub outcome: Option<String>,
    pub outcomes: Vec<(String, String)>,
}

/// Shows a case, and leaves an entry that it was looked at.
pub async fn case(haven: &Haven, session: &Session, reference: &str) -> Result<CaseView, ActionError> {
    let held = hold(haven, session, reference, "case.read").await?;
    let secret = match case_secret(haven, session, &held.case.id).await {
        Ok(secret) => Some(secret),
        Err(ActionError::Locked) => None,
        Err(other) => return Err(other),
    };
    record_look(haven, session, &held).await?;
    let team = Team::read(haven).await?;
    let sealed = store::sealed::of_case(&haven.store, &held.permit, &held.case.id).await?;
    let texts = Texts::open(secret.as_ref(), &sealed)?;
    let mut view = head(haven, session, &held, &team);
    view.keys_open = secret.is_some();
    view.may.let_in = view.keys_open
        && permit(haven, session, &held.standing, "case.readmit").is_ok()
        && !crate::let_in::liftable(haven, &held).await?.is_empty();
    view.person = texts.first(SealedKind::Name);
    write_in(haven, session, &held, &team, &texts, &mut view.steps).await?;
    view.narrative = narrative(haven, &held, &team, &texts);
    view.chronology = chronology(haven, &held, &team, &texts).await?;
    view.referrals = referrals(haven, &held, &team, &texts).await?;
    view.decisions = decisions(haven, &held, &team, &texts).await?;
    view.alert = alert(haven, &held, &texts).await?;
    view.thread = thread(haven, &held, secret.as_ref()).await?;
    Ok(view)
}

/// Puts what was written at legal stop gates beside its step.
async fn write_in(
    haven: &Haven,
    session: &Session,
    held: &Held,
    team: &Team,
    texts: &Texts,
    steps: &mut [StepView],
) -> Result<(), ActionError> {
    for answer in store::step_answers::of_case(&haven.store, &held.permit, &held.case.id).await? {
        let Some(view) = steps.iter_mut().find(|view| view.id == answer.step) else { continue };
        let chosen = view.options.iter().find(|(id, _)| Some(id) == answer.option.as_ref());
        let title = chosen.map(|(_, title)| whole_answer(title)).unwrap_or_default();
        view.written = Some(Written {
            answer: if answer.leave_out { "Leave this step out".to_owned() } else { title },
            reasons: texts.by_id(&answer.sealed).unwrap_or_default(),
            by: team.name_of(&answer.by),
            at_text: words::moment(&held.pack.calendar, haven.now(), answer.at),
            mine: answer.by == session.person.id,
            text: answer.sealed,
        });
    }
    Ok(())
}

/// An answer without what it leaves open: "The police are not told, because ..." is followed by its reasons.
fn whole_answer(title: &str) -> String {
    let bare = title.trim_end_matches(['.', '\u{2026}', ' ']);
    bare.strip_suffix("because").unwrap_or(bare).trim_end_matches([',', ' ']).to_owned()
}

async fn record_look(haven: &Haven, session: &Session, held: &Held) -> Result<(), ActionError> {
    let now = haven.now();
    in_unit!(haven, unit => {
        let made = entry(now, &session.person.id, "case.read", &held.case.id, &json!({}));
        store::audit::append(&mut unit, made.because(held.permit.citation()));
        Ok(())
    })
}

/// The sealed texts of a case, opened as far as the keys allow.
pub(crate) struct Texts {
    opened: Vec<(Sealed, String)>,
}

impl Texts {
    pub(crate) fn open(secret: Option<&CaseSecret>, sealed: &[Sealed]) -> Result<Self, ActionError> {
        let Some(secret) = secret else { return Ok(Self { opened: Vec::new() }) };
        let opened: Result<Vec<_>, ActionError> =
            sealed.iter().map(|one| Ok((one.clone(), open_text(secret, one)?))).collect();
        Ok(Self { opened: opened? })
    }

    pub(crate) fn first(&self, kind: SealedKind) -> Option<String> {
        self.opened.iter().find(|(sealed, _)| sealed.kind == kind).map(|(_, text)| text.clone())
    }

    pub(crate) fn last(&self, kind: SealedKind) -> Option<String> {
        self.opened.iter().rev().find(|(sealed, _)| sealed.kind == kind).map(|(_, text)| text.clone())
    }

    fn by_id(&self, id: &str) -> Option<String> {
        self.opened.iter().find(|(sealed, _)| sealed.id == id).map(|(_, text)| text.clone())
    }

    fn by_digest(&self, digest: &str) -> Option<&(Sealed, String)> {
        self.opened.iter().find(|(sealed, _)| sealed.digest == digest)
    }
}

fn head(haven: &Haven, session: &Session, held: &Held, team: &Team) -> CaseView {
    let Held { case, pack, procedure, .. } = held;
    let now = haven.now();
    let owner = case.owner_person.as_deref().map(|person| team.post_and_name(pack, &case.owner_post, person));
    let due = next_due(held);
    let see = held.standing.members.iter().map(|member| team.post_and_name(pack, &member.post, &member.person));
    CaseView {
        reference: case.reference.clone(),
        title: procedure.title.clone(),
        state: case.state,
        grade: case.grade.clone(),
        theme: case.theme.clone(),
        opened_text: words::moment(&pack.calendar, now, case.opened_at),
        owner: owner.unwrap_or_else(|| "nobody yet".to_owned()),
        due_text: due.map(|due| words::due(&pack.calendar, now, due)).unwrap_or_default(),
        late: due.is_some_and(|due| now > due),
        pack_version: format!("{} version {}", pack.title, pack.version),
        citation: pack.cite(&procedure.clause).map(|cite| cite.to_string()).unwrap_or_default(),
        clause: procedure.clause.clone(),
        revision: case.revision,
        keys_open: false,
        person: None,
        narrative: Vec::new(),
        cards: procedure.cards.iter().map(card).collect(),
        steps: procedure.steps.iter().filter_map(|step| step_view(haven, held, team, step)).collect(),
        chronology: Vec::new(),
        people_who_can_see: see.collect(),
        left_out: u32::try_from(held.standing.excluded.len()).unwrap_or(u32::MAX),
        referrals: Vec::new(),
        decisions: Vec::new(),
        alert: None,
        may: may(haven, session, held),
        thread: None,
        emergency_text: case.emergency_at.map(|at| words::moment(&pack.calendar, now, at)),
        acknowledged: acknowledged(haven, held, team),
        escalated: case.escalations > 0,
        outcome: case.outcome.as_deref().map(|id| outcome_title(procedure, id)),
        outcomes: procedure.outcomes.iter().map(|outcome| (outcome.id.clone(), outcome.title.clone())).collect(),
    }
}

fn outcome_title(procedure: &Procedure, id: &str) -> String {
    let found = procedure.outcomes.iter().find(|outcome| outcome.id == id);
    found.map_or_else(|| id.to_owned(), |outcome| outcome.title.clone())
}

fn acknowledged(haven: &Haven, held: &Held, team: &Team) -> Option<String> {
    let by = held.case.acknowledged_by.as_deref()?;
    let at = words::moment(&held.pack.calendar, haven.now(), held.case.acknowledged_at?);
    Some(format!("{}, {at}", team.name_of(by)))
}

/// The earliest that something is due: the hand-over while it is not acknowledged, then the open steps.
fn next_due(held: &Held) -> Option<Timestamp> {
    if matches!(held.case.state, CaseState::Closed | CaseState::FalseAlarm) {
        return None;
    }
    let hand_over = held.case.acknowledge_due_at.filter(|_| held.case.acknowledged_at.is_none());
    let steps = held.steps.iter().filter(|facts| !facts.status.is_settled()).filter_map(|facts| facts.due_at);
    steps.chain(hand_over).min()
}

fn card(card: &policy::Card) -> CardView {
    CardView { title: card.title.clone(), text: card.text.clone(), clause: card.clause.clone() }
}

fn may(haven: &Haven, session: &Session, held: &Held) -> May {
    let has = |action: &'static str| permit(haven, session, &held.standing, action).is_ok();
    let live = held.case.state != CaseState::Closed;
    May {
        acknowledge: live && held.case.acknowledged_at.is_none() && has("case.act"),
        assess: held.case.state == CaseState::Unassessed && has("case.assess"),
        act: held.case.state == CaseState::Open && has("case.act"),
        second: held.case.state == CaseState::Open && has("case.second"),
        close: held.case.state == CaseState::Open && has("case.close"),
        reply: live && has("case.act"),
        let_in: false,
    }
}

fn step_view(haven: &Haven, held: &Held, team: &Team, step: &policy::Step) -> Option<StepView> {
    let facts = held.steps.iter().find(|facts| facts.step == step.id)?;
    let now = haven.now();
    let calendar = &held.pack.calendar;
    let title_of = |post: &str| held.pack.post(post).map_or_else(|| post.to_owned(), |post| post.title.clone());
    let done = facts.done_by.as_deref().zip(facts.done_at).map(|(by, at)| {
        let option = facts.option.as_deref().and_then(|id| step.options.iter().find(|option| option.id == id));
        let chosen = option.map(|option| format!("{}. ", whole_answer(&option.title))).unwrap_or_default();
        format!("{chosen}{}, {}", team.name_of(by), words::moment(calendar, now, at))
    });
    let live = !facts.status.is_settled();
    Some(StepView {
        id: step.id.clone(),
        title: step.title.clone(),
        text: step.text.clone(),
        kind: step.kind,
        owner: title_of(&step.owner),
        due_text: facts.due_at.filter(|_| live).map(|due| words::due(calendar, now, due)).unwrap_or_default(),
        late: live && facts.due_at.is_some_and(|due| now > due),
        status: facts.status,
        gate: step.gate,
        second_post: step.second_post.as_deref().map(title_of).unwrap_or_default(),
        written: None,
        options: step.options.iter().map(|option| (option.id.clone(), option.title.clone())).collect(),
        clause: step.clause.clone(),
        done,
        waits_for: step::waits_for(&held.procedure, &held.steps, step),
    })
}

fn narrative(haven: &Haven, held: &Held, team: &Team, texts: &Texts) -> Vec<SealedText> {
    let shown = texts.opened.iter().filter(|(sealed, _)| {
        matches!(sealed.kind, SealedKind::Narrative | SealedKind::Note | SealedKind::Reply | SealedKind::Evidence)
    });
    shown
        .map(|(sealed, text)| SealedText {
            title: match sealed.kind {
                SealedKind::Narrative => "What we were told",
                SealedKind::Reply => "From the reporter",
                SealedKind::Evidence => "Evidence",
                _ => "Note",
            }
            .to_owned(),
            text: text.clone(),
            at_text: words::moment(&held.pack.calendar, haven.now(), sealed.at),
            by: actor(team, &sealed.by),
        })
        .collect()
}

fn actor(team: &Team, id: &str) -> String {
    match id {
        "" => "anonymous".to_owned(),
        crate::report::REPORTER => "the reporter".to_owned(),
        HAVEN => "Haven".to_owned(),
        "clock" => "Haven\u{2019}s clock".to_owned(),
        "gateway" => "Haven\u{2019}s filter".to_owned(),
        person => team.name_of(person),
    }
}

/// The chronology builds itself out of the audit entries of the case (C11).
async fn chronology(haven: &Haven, held: &Held, team: &Team, texts: &Texts) -> Result<Vec<ChronologyRow>, ActionError> {
    let now = haven.now();
    let entries = store::audit::of_object(&haven.store, &held.permit, &held.case.id).await?;
    let row = |entry: casework::audit::Entry| ChronologyRow {
        at_text: Timestamp::from_microsecond(entry.new.at_us)
            .map(|at| words::moment(&held.pack.calendar, now, at))
            .unwrap_or_default(),
        who: actor(team, &entry.new.actor),
        what: what_happened(held, &entry.new),
        clause: entry.new.citation.split('@').next().unwrap_or_default().replace(':', " "),
        detail: entry.new.digests.iter().filter_map(|digest| detail_of(texts, digest)).next(),
    };
    // Looks stand in the audit record; on the page they would bury what was done.
    Ok(entries.into_iter().filter(|entry| entry.new.action != "case.read").map(row).collect())
}

/// Notes and reasons are shown beside their event; structured texts have places of their own on the page.
fn detail_of(texts: &Texts, digest: &str) -> Option<String> {
    let (sealed, text) = texts.by_digest(digest)?;
    matches!(sealed.kind, SealedKind::Note | SealedKind::Decision | SealedKind::Reply | SealedKind::Narrative)
        .then(|| text.clone())
}

fn what_happened(held: &Held, entry: &casework::audit::NewEntry) -> String {
    let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap_or_default();
    let step = detail.get("step").and_then(|step| step.as_str()).and_then(|id| held.procedure.step(id));
    let title = step.map(|step| step.title.clone()).unwrap_or_default();
    match entry.action.as_str() {
        "case.open" if detail.get("first_waits").and_then(serde_json::Value::as_bool) == Some(true) => {
            "The case was opened, unassessed. Nobody has been let in to the first post yet: it went to the next"
                .to_owned()
        }
        "case.open" => "The case was opened, unassessed".to_owned(),
        "case.read" => "Looked at the case".to_owned(),
        "case.acknowledge" => "Accepted the hand-over".to_owned(),
        "case.passed-on" => match detail.get("why").and_then(serde_json::Value::as_str) {
            Some("left") => "Who held it has left the post: passed to the next in order".to_owned(),
            Some(_) => "Nobody could open it any more: passed to who was let in".to_owned(),
            None => "Not acknowledged in time: passed to the next in order".to_owned(),
        },
        "case.assess" => "Judged it".to_owned(),
        "case.step" => format!("Step taken: {title}"),
        "case.skip" => format!("Step left out: {title}"),
        "case.written" => format!("Written down, waits for a second person: {title}"),
        "case.second" => format!("Second person: {title}"),
        "case.emergency" => "Emergency call recorded".to_owned(),
        "case.note" => "Added a note".to_owned(),
        "case.refer" => "Referral sent".to_owned(),
        "case.close" => "The case was closed".to_owned(),
        "case.let-in-asked" => "Asked that somebody be let in who was left out".to_owned(),
        "case.let-in" => "Somebody who was left out was let in".to_owned(),
        "case.let-in-refused" => "Somebody who was left out stays left out".to_owned(),
        "case.readmit" => "Somebody was admitted to the case again".to_owned(),
        "case.recovered" => "Two recovery shares opened the case, because nobody else could".to_owned(),
        "alert.again" => "Seen again".to_owned(),
        "alert.timeline" => "The hour before and after was sealed into the case".to_owned(),
        "thread.reporter" => "The reporter added something".to_owned(),
        "thread.reply" => "Replied to the reporter".to_owned(),
        other => other.to_owned(),
    }
}

async fn referrals(haven: &Haven, held: &Held, team: &Team, texts: &Texts) -> Result<Vec<ReferralRow>, ActionError> {
    let now = haven.now();
    let calendar = &held.pack.calendar;
    let rows = store::referrals::of_case(&haven.store, &held.permit, &held.case.id).await?;
    let row = |row: store::referrals::Referral| ReferralRow {
        agency: held.pack.agency(&row.agency).map_or(row.agency.clone(), |agency| agency.title.clone()),
        sent_text: words::moment(calendar, now, row.sent_at),
        by: team.name_of(&row.sent_by),
        agreement: row.consent,
        reply_by_text: row.reply_by.map(|by| words::due(calendar, now, by)).unwrap_or_default(),
        text: row.sealed.as_deref().and_then(|id| texts.by_id(id)).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn decisions(haven: &Haven, held: &Held, team: &Team, texts: &Texts) -> Result<Vec<DecisionRow>, ActionError> {
    let now = haven.now();
    let rows = store::decisions::of_case(&haven.store, &held.permit, &held.case.id).await?;
    let row = |row: store::decisions::Decision| {
        let step = held.procedure.step(&row.step);
        let option = step.and_then(|step| step.options.iter().find(|option| option.id == row.option));
        DecisionRow {
            at_text: words::moment(&held.pack.calendar, now, row.at),
            question: step.map(|step| step.title.clone()).unwrap_or_default(),
            answer: option.map_or_else(|| row.option.replace('-', " "), |option| whole_answer(&option.title)),
            reasons: row.sealed.as_deref().and_then(|id| texts.by_id(id)).unwrap_or_default(),
            by: team.name_of(&row.by),
        }
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn alert(haven: &Haven, held: &Held, texts: &Texts) -> Result<Option<AlertView>, ActionError> {
    let Some(kept) = texts.first(SealedKind::Alert).and_then(|text| serde_json::from_str::<SealedAlert>(&text).ok())
    else {
        return Ok(None);
    };
    let at = Timestamp::from_microsecond(kept.at_us).unwrap_or(held.case.opened_at);
    let now = haven.now();
    let sealed: Option<Vec<TimelineLine>> =
        texts.last(SealedKind::Timeline).and_then(|text| serde_json::from_str(&text).ok());
    let complete = sealed.is_some();
    let lines = match sealed {
        Some(lines) => lines,
        None => crate::alert::timeline(haven, &kept.person, at).await?,
    };
    let calendar = &held.pack.calendar;
    let row = |line: TimelineLine| TimelineRow {
        at_text: Timestamp::from_microsecond(line.at_us).map(|at| words::moment(calendar, now, at)).unwrap_or_default(),
        host: line.host,
        path: line.path,
        search: line.search,
        action: line.action,
        marked: line.marked,
        times: 1,
    };
    Ok(Some(AlertView {
        seen: kept.cue.seen,
        kind: kept.cue.kind,
        host: kept.host,
        reason: kept.cue.reason,
        how_identified: kept.how,
        at_text: words::moment(calendar, now, at),
        hits: held.case.hits,
        citation: kept.citation_text,
        timeline: fold(lines.into_iter().map(row)),
        complete,
    }))
}

/// The same search two hundred times is one line, so that it does not bury the hour around it.
fn fold(rows: impl Iterator<Item = TimelineRow>) -> Vec<TimelineRow> {
    let mut folded: Vec<TimelineRow> = Vec::new();
    for row in rows {
        let same = |last: &&mut TimelineRow| {
            (&last.host, &last.path, &last.search, &last.action) == (&row.host, &row.path, &row.search, &row.action)
        };
        match folded.last_mut().filter(same) {
            Some(last) => {
                last.times = last.times.saturating_add(1);
                last.marked |= row.marked;
            }
            None => folded.push(row),
        }
    }
    folded
}

async fn thread(
    haven: &Haven,
    held: &Held,
    secret: Option<&CaseSecret>,
) -> Result<Option<Vec<ThreadMessage>>, ActionError> {
    let Some(thread) = store::anonymous::of_case(&haven.store, &held.permit, &held.case.id).await? else {
        return Ok(None);
    };
    let Some(secret) = secret else { return Ok(Some(Vec::new())) };
    let mut messages = Vec::new();
    for message in store::anonymous::messages(&haven.store, &thread.reference).await? {
        let plain = vault::open(secret, &message.place(store::anonymous::Side::Case), &message.for_case)?;
        messages.push(ThreadMessage {
            from_us: message.from_us,
            text: String::from_utf8_lossy(&plain).into_owned(),
            at_text: words::moment(&held.pack.calendar, haven.now(), message.at),
        });
    }
    Ok(Some(messages))
}
