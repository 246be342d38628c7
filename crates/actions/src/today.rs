//! What waits for a person, and what is late: the page a safeguarding lead opens at nine at night.

use casework::case::CaseState;
use jiff::Timestamp;
use policy::Pack;
use std::sync::Arc;
use store::cases::Case;
use store::sealed::SealedKind;

use crate::case::{Texts, case_secret, permit, viewer};
use crate::filter_event::TechnicalAlertRow;
use crate::session::Session;
use crate::{ActionError, Haven, Page, shelf, words};

/// One case on a list.
#[derive(Debug, Clone)]
pub struct TodayRow {
    pub reference: String,
    pub title: String,
    pub grade: Option<String>,
    pub theme: Option<String>,
    pub state: CaseState,
    pub what_waits: String,
    pub due_text: String,
    pub late: bool,
    pub due_today: bool,
    pub opened_text: String,
    pub hits: i64,
    pub acknowledged: bool,
    /// Only with the keys open.
    pub person: Option<String>,
    pub escalated: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Today {
    pub late: Vec<TodayRow>,
    pub due_today: Vec<TodayRow>,
    pub unassessed: Vec<TodayRow>,
    pub handed_over: Vec<TodayRow>,
    pub other: Vec<TodayRow>,
    /// Cases that wait too, less urgent than all that stand here: they are on the list of cases.
    pub more: u64,
    pub last_alert_text: Option<String>,
    pub technical: Vec<TechnicalAlertRow>,
    pub requests_waiting: u64,
    /// Since when letters to this person have not left.
    pub own_mail_away: Option<String>,
    /// Since when letters to anybody have not left; only for those who look after the filter and its mail.
    pub mail_away: Option<String>,
    /// What is wrong with the filter now; only for those who look after it.
    pub filter_wrong: Vec<crate::health::Part>,
    /// The person holds cases but their keys are not open.
    pub locked: bool,
}

/// Cases of each state shown on Today at most, the most urgent; the rest stands on the list of cases.
const TODAY_LIMIT_PAGES: u32 = 5;

/// What waits for this person. Nothing about themselves, and no trace of it (invariant 11).
pub async fn today(haven: &Haven, session: &Session) -> Result<Today, ActionError> {
    let viewer = viewer(haven, session);
    let pack = haven.pack();
    let now = haven.now();
    let mut today = Today { locked: session.holder && !session.unlocked, ..Today::default() };
    for state in [CaseState::Unassessed, CaseState::Open] {
        let mut more = 0;
        for page in 1..=TODAY_LIMIT_PAGES {
            let order = store::cases::CaseOrder::MostUrgent;
            let query = store::cases::CaseQuery { state: Some(state), order, page, ..Default::default() };
            let found = store::cases::list_for(&haven.store, &viewer, &query).await?;
            for case in &found.items {
                place(&mut today, row(haven, session, case).await?);
            }
            more = found.total.saturating_sub(u64::from(page) * u64::from(store::ROWS_PER_PAGE));
            if page >= found.pages {
                break;
            }
        }
        today.more += more;
    }
    let last = store::cases::last_alert_for(&haven.store, &viewer).await?;
    today.last_alert_text = last.map(|at| words::moment(&pack.calendar, now, at));
    today.own_mail_away = crate::mail::trouble(haven, Some(&session.person.id)).await?;
    if crate::filter_event::may(haven, session, "filter.read") {
        today.mail_away = crate::mail::trouble(haven, None).await?;
        today.filter_wrong = crate::health::wrong(haven).await?;
        today.technical = crate::filter_event::technical_waiting(haven, session).await?;
    }
    if crate::filter_event::may(haven, session, "filter.decide-request") {
        today.requests_waiting = store::requests::waiting(&haven.store, &session.person.id).await?;
    }
    Ok(today)
}

fn place(today: &mut Today, row: TodayRow) {
    let list = if row.late {
        &mut today.late
    } else if !row.acknowledged && row.escalated {
        &mut today.handed_over
    } else if row.state == CaseState::Unassessed {
        &mut today.unassessed
    } else if row.due_today {
        &mut today.due_today
    } else {
        &mut today.other
    };
    list.push(row);
}

/// Cases by state and words of their kind or reference.
#[derive(Debug, Clone, Default)]
pub struct CaseQuery {
    pub text: String,
    pub state: Option<CaseState>,
    pub page: u32,
}

/// The cases this person is on.
pub async fn cases(haven: &Haven, session: &Session, query: CaseQuery) -> Result<Page<TodayRow>, ActionError> {
    let order = store::cases::CaseOrder::Newest;
    let query = store::cases::CaseQuery { text: query.text, state: query.state, order, page: query.page.max(1) };
    let found = store::cases::list_for(&haven.store, &viewer(haven, session), &query).await?;
    let mut items = Vec::new();
    for case in &found.items {
        items.push(row(haven, session, case).await?);
    }
    Ok(Page { items, page: found.page, pages: found.pages, total: found.total })
}

async fn row(haven: &Haven, session: &Session, case: &Case) -> Result<TodayRow, ActionError> {
    let pack = shelf::pack_of(haven, &case.pack_digest).await?;
    let now = haven.now();
    let waiting = waiting(haven, &pack, case).await?;
    let due = waiting.as_ref().and_then(|(_, due)| *due);
    let standing = due.map(|due| casework::deadline::standing(&pack.calendar, now, due));
    Ok(TodayRow {
        reference: case.reference.clone(),
        title: pack.procedure(&case.procedure).map_or(case.procedure.clone(), |procedure| procedure.title.clone()),
        grade: case.grade.clone(),
        theme: case.theme.clone(),
        state: case.state,
        what_waits: waiting.map(|(what, _)| what).unwrap_or_default(),
        due_text: due.map(|due| words::due(&pack.calendar, now, due)).unwrap_or_default(),
        late: standing == Some(casework::deadline::Standing::Late),
        due_today: standing == Some(casework::deadline::Standing::DueToday),
        opened_text: words::moment(&pack.calendar, now, case.opened_at),
        hits: case.hits,
        acknowledged: case.acknowledged_at.is_some(),
        person: person(haven, session, case).await?,
        escalated: case.escalations > 0,
    })
}

/// What must happen next, and by when.
async fn waiting(
    haven: &Haven,
    pack: &Arc<Pack>,
    case: &Case,
) -> Result<Option<(String, Option<Timestamp>)>, ActionError> {
    if case.state == CaseState::Closed || case.state == CaseState::FalseAlarm {
        return Ok(None);
    }
    let machine = casework::access::machine("today", &case.id);
    let steps = store::cases::steps(&haven.store, &machine, &case.id).await?;
    let open = steps.iter().filter(|facts| !facts.status.is_settled() && facts.due_at.is_some());
    let next = open.min_by_key(|facts| facts.due_at);
    let title = |id: &str| {
        let procedure = pack.procedure(&case.procedure);
        procedure.and_then(|procedure| procedure.step(id)).map(|step| step.title.clone()).unwrap_or_default()
    };
    let hand_over = case.acknowledge_due_at.filter(|_| case.acknowledged_at.is_none());
    Ok(match (hand_over, next) {
        (Some(due), Some(step)) if step.due_at.is_some_and(|step_due| step_due < due) => {
            Some((title(&step.step), step.due_at))
        }
        (Some(due), _) => Some(("Say that you have it".to_owned(), Some(due))),
        (None, Some(step)) => Some((title(&step.step), step.due_at)),
        (None, None) => None,
    })
}

async fn person(haven: &Haven, session: &Session, case: &Case) -> Result<Option<String>, ActionError> {
    if !session.unlocked {
        return Ok(None);
    }
    let Some(standing) = store::cases::standing(&haven.store, &case.id).await? else { return Ok(None) };
    let Ok(permit) = permit(haven, session, &standing, "case.read") else { return Ok(None) };
    let secret = match case_secret(haven, session, &case.id).await {
        Ok(secret) => secret,
        Err(ActionError::Locked) => return Ok(None),
        Err(other) => return Err(other),
    };
    let sealed = store::sealed::of_case(&haven.store, &permit, &case.id).await?;
    let names: Vec<_> = sealed.into_iter().filter(|one| one.kind == SealedKind::Name).collect();
    Ok(Texts::open(Some(&secret), &names)?.first(SealedKind::Name))
}
