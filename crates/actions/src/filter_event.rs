//! What the Head of IT sees: filter events and technical alerts, without any case, and never about themselves.

use casework::access;
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::activity::{EventQuery as StoreQuery, Record};
use store::technical::TechnicalAlert;

use crate::audit::{EntryWith, entry};
use crate::case::viewer;
use crate::session::Session;
use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven, Page, words};

/// Longest number of a ticket, in bytes.
const TICKET_LIMIT_BYTES: usize = 40;

/// What a name in the activity record may be looked at for; what is chosen goes into the audit record.
pub const PURPOSES: [(&str, &str); 4] = [
    ("safe", "To keep somebody, or the network, safe"),
    ("fault", "To mend a fault that somebody told us of"),
    ("asked", "The safeguarding team or Human Resources asked me to"),
    ("self", "The person asked me what happened"),
];

/// Why somebody looks at who stands behind an event: asked first, and written down.
#[derive(Debug, Clone, Default)]
pub struct AskName {
    /// One of [`PURPOSES`].
    pub purpose: String,
    /// The number of a ticket or a case, if there is one: letters, digits and - / # . of 40 bytes at most. Not words: the
    /// audit record is kept for good, and words about people have no place in it.
    pub ticket: String,
}

/// Which events are looked for.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Part of a host, a device or a reference.
    pub text: String,
    /// Exactly this site.
    pub site: String,
    /// Exactly this address of a device.
    pub device: String,
    /// A code of the policy.
    pub category: String,
    /// `allow`, `block`, `warn` or `watch`.
    pub action: Option<String>,
    /// One day, `2026-11-24`; empty for the last [`WINDOW_DAYS`] days.
    pub day: String,
    /// Of that day from and until, `09:30`; empty for all of it.
    pub from: String,
    pub until: String,
    pub alerts_only: bool,
    /// Also what browsers fetched by themselves: pictures, scripts, updates.
    pub everything: bool,
    pub page: u32,
}

/// How far back events are looked for when no day is named, in days.
pub const WINDOW_DAYS: i64 = 31;

impl EventQuery {
    /// Whether anything was chosen.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        let texts = [&self.text, &self.site, &self.device, &self.category, &self.day, &self.from, &self.until];
        self.action.is_some() || texts.iter().any(|text| !text.trim().is_empty())
    }
}

/// The moments between which events are looked for, or what is to be mended.
pub(crate) fn window(haven: &Haven, query: &EventQuery) -> Result<(Timestamp, Timestamp), ActionError> {
    let now = haven.now();
    let zone = haven.pack().calendar.zone.clone();
    if query.day.trim().is_empty() {
        if !query.from.trim().is_empty() || !query.until.trim().is_empty() {
            return Err(ActionError::fault("day", "Choose the day that these times are of."));
        }
        let from = now.checked_sub(SignedDuration::from_hours(24 * WINDOW_DAYS)).unwrap_or(now);
        return Ok((from, now.checked_add(SignedDuration::from_secs(1)).unwrap_or(now)));
    }
    let day: Date =
        query.day.trim().parse().map_err(|_| ActionError::fault("day", "Write the day like this: 2026-11-24."))?;
    let time = |field: &'static str, text: &str| {
        let wrong = || ActionError::fault(field, "Write the time like this: 09:30.");
        let whole = if text.trim().len() == 5 { format!("{}:00", text.trim()) } else { text.trim().to_owned() };
        whole.parse::<Time>().map_err(|_| wrong())
    };
    let at = |day: Date, time: Time| day.to_datetime(time).to_zoned(zone.clone()).map(|at| at.timestamp());
    let from = if query.from.trim().is_empty() { Time::midnight() } else { time("from", &query.from)? };
    let start = at(day, from);
    let end = if query.until.trim().is_empty() {
        day.tomorrow().and_then(|next| at(next, Time::midnight()))
    } else {
        at(day, time("until", &query.until)?)
    };
    match (start, end) {
        (Ok(start), Ok(end)) if start < end => Ok((start, end)),
        (Ok(_), Ok(_)) => Err(ActionError::fault("until", "Choose a time that is later than the first one.")),
        _ => Err(ActionError::fault("day", "Choose another day.")),
    }
}

#[derive(Debug, Clone)]
pub struct EventRow {
    pub reference: String,
    pub at_text: String,
    pub device: String,
    /// The name under which the device is registered, where nobody was known; empty for a person.
    pub registered: String,
    pub host: String,
    pub action: String,
    pub codes: String,
    pub reason: String,
    /// "WAES 7.1"
    pub citation: String,
    pub alert: bool,
}

#[derive(Debug, Clone)]
pub struct EventView {
    pub row: EventRow,
    /// Whether somebody stands behind it, whose name can be asked for.
    pub has_person: bool,
    /// Their name, once a purpose was given.
    pub person: Option<String>,
    pub method: String,
    pub path: String,
    pub search: String,
    pub rule: String,
    pub list: String,
    pub how: String,
    pub pack_digest: String,
    pub lists_digest: String,
}

#[derive(Debug, Clone)]
pub struct TechnicalAlertRow {
    pub id: String,
    pub at_text: String,
    pub theme: String,
    pub grade: String,
    pub device: String,
    pub host: String,
    pub acknowledged: Option<String>,
    /// It came from a registered device: nobody is known, and no case was opened.
    pub nobody: bool,
    pub event_reference: String,
}

pub(crate) fn may(haven: &Haven, session: &Session, action: &'static str) -> bool {
    access::organisation(&haven.pack(), &session.asker(), action, "filter").is_ok()
}

fn permit(haven: &Haven, session: &Session, action: &'static str) -> Result<access::Permit, ActionError> {
    Ok(access::organisation(&haven.pack(), &session.asker(), action, "filter")?)
}

/// Whether this person may see how the filter stands: its events, its lists.
pub fn may_read(haven: &Haven, session: &Session) -> Result<(), ActionError> {
    permit(haven, session, "filter.read").map(|_| ())
}

/// Whether this person decides about single sites.
#[must_use]
pub fn may_decide(haven: &Haven, session: &Session) -> bool {
    may(haven, session, "filter.decide-request")
}

/// The activity record, newest first, without names and without a line about the person who looks (invariant 11). Leaves
/// an entry.
pub async fn filter_events(haven: &Haven, session: &Session, query: EventQuery) -> Result<Page<EventRow>, ActionError> {
    let permit = permit(haven, session, "filter.read")?;
    let (from, to) = window(haven, &query)?;
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let wanted = StoreQuery {
        text: query.text.clone(),
        host: some(&query.site),
        device: some(&query.device),
        code: some(&query.category),
        action: query.action.clone(),
        alerts_only: query.alerts_only,
        pages_only: !query.everything,
        not_person: session.person.id.clone(),
        from: Some(from),
        to: Some(to),
        page: query.page.max(1),
        ..StoreQuery::default()
    };
    let found = store::activity::search(&haven.store, &wanted).await?;
    let now = haven.now();
    in_unit!(haven, unit => {
        let detail = json!({ "searched": query.is_narrow(), "page": wanted.page });
        let made = entry(now, &session.person.id, "filter.search", "activity", &detail);
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(())
    })?;
    let items = found.items.into_iter().map(|record| row(haven, record)).collect();
    Ok(Page { items, page: found.page, pages: found.pages, total: found.total })
}

pub(crate) fn row(haven: &Haven, record: Record) -> EventRow {
    EventRow {
        registered: record.registered().unwrap_or_default().to_owned(),
        reference: record.reference,
        at_text: words::moment(&haven.pack().calendar, haven.now(), record.at),
        device: record.device,
        host: record.host,
        action: record.action,
        codes: record.codes.join(", "),
        reason: record.reason,
        citation: record.citation_text,
        alert: record.alert.is_some(),
    }
}

/// One event, without the name of whoever stands behind it. Somebody's own is not found, whatever their post.
pub async fn filter_event(haven: &Haven, session: &Session, reference: &str) -> Result<EventView, ActionError> {
    let permit = permit(haven, session, "filter.read")?;
    let record = others_record(haven, session, reference).await?;
    let now = haven.now();
    in_unit!(haven, unit => {
        let made = entry(now, &session.person.id, "filter.look", reference, &json!({}));
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(())
    })?;
    Ok(view(haven, record, None))
}

/// The same event with the name of the person, for a purpose that stands in the audit record before the name is shown.
pub async fn event_with_name(
    haven: &Haven,
    session: &Session,
    reference: &str,
    asked: &AskName,
) -> Result<EventView, ActionError> {
    let permit = permit(haven, session, "filter.read")?;
    let record = others_record(haven, session, reference).await?;
    let (id, ticket) = purpose(asked)?;
    let now = haven.now();
    in_unit!(haven, unit => {
        let made = entry(now, &session.person.id, "filter.name", reference, &json!({ "purpose": id, "ticket": ticket }));
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(())
    })?;
    let name = Team::read(haven).await?.name_of(&record.person);
    Ok(view(haven, record, Some(name)))
}

/// The purpose that was chosen, and the number of a ticket.
pub(crate) fn purpose(asked: &AskName) -> Result<(&'static str, &str), ActionError> {
    let purpose = PURPOSES.iter().find(|(id, _)| *id == asked.purpose);
    let Some((id, _)) = purpose else {
        return Err(ActionError::fault("purpose", "Choose what you need the name for."));
    };
    let ticket = asked.ticket.trim();
    let is_number = ticket.chars().all(|c| c.is_ascii_alphanumeric() || "-/#.".contains(c));
    if ticket.len() > TICKET_LIMIT_BYTES || !is_number {
        return Err(ActionError::fault("ticket", "Write only the number, for example INC-2041, or leave this empty."));
    }
    Ok((id, ticket))
}

async fn others_record(haven: &Haven, session: &Session, reference: &str) -> Result<Record, ActionError> {
    let record = store::activity::by_reference(&haven.store, reference).await?;
    record.filter(|record| record.person != session.person.id).ok_or(ActionError::NotFound)
}

fn view(haven: &Haven, record: Record, person: Option<String>) -> EventView {
    EventView {
        has_person: !record.person.is_empty(),
        // How somebody was identified names them too.
        how: if person.is_some() || record.registered().is_some() { record.how.clone() } else { String::new() },
        person,
        method: record.method.clone(),
        path: record.shown_path().to_owned(),
        search: record.search.clone(),
        rule: record.rule.clone(),
        list: record.list.clone(),
        pack_digest: record.pack_digest.clone(),
        lists_digest: record.lists_digest.clone(),
        row: row(haven, record),
    }
}

/// Technical alerts, newest first.
pub async fn technical_alerts(
    haven: &Haven,
    session: &Session,
    page: u32,
) -> Result<Page<TechnicalAlertRow>, ActionError> {
    permit(haven, session, "filter.read")?;
    let found = store::technical::page(&haven.store, &viewer(haven, session), page.max(1)).await?;
    let team = Team::read(haven).await?;
    let items = found.items.into_iter().map(|alert| technical_row(haven, &team, alert)).collect();
    Ok(Page { items, page: found.page, pages: found.pages, total: found.total })
}

pub(crate) async fn technical_waiting(haven: &Haven, session: &Session) -> Result<Vec<TechnicalAlertRow>, ActionError> {
    let waiting = store::technical::waiting(&haven.store, &viewer(haven, session)).await?;
    let team = Team::read(haven).await?;
    Ok(waiting.into_iter().map(|alert| technical_row(haven, &team, alert)).collect())
}

fn technical_row(haven: &Haven, team: &Team, alert: TechnicalAlert) -> TechnicalAlertRow {
    let calendar = &haven.pack().calendar;
    let now = haven.now();
    let acknowledged = alert.acknowledged_by.as_deref().zip(alert.acknowledged_at);
    TechnicalAlertRow {
        id: alert.id,
        at_text: words::moment(calendar, now, alert.at),
        theme: alert.theme,
        grade: alert.grade,
        nobody: alert.subject_token.is_none(),
        device: alert.device,
        host: alert.host,
        acknowledged: acknowledged
            .map(|(by, at)| format!("{}, {}", team.name_of(by), words::moment(calendar, now, at))),
        event_reference: alert.event_reference,
    }
}

/// The Head of IT has seen it. This never stops the safeguarding clock.
pub async fn acknowledge_technical(haven: &Haven, session: &Session, id: &str) -> Result<(), ActionError> {
    let permit = permit(haven, session, "filter.acknowledge")?;
    let now = haven.now();
    let viewer = viewer(haven, session);
    in_unit!(haven, unit => {
        store::technical::get(&mut unit, &viewer, id).await?.ok_or(ActionError::NotFound)?;
        if store::technical::acknowledge(&mut unit, &viewer, id, now).await? {
            let made = entry(now, &session.person.id, "filter.acknowledge", id, &json!({}));
            store::audit::append(&mut unit, made.because(permit.citation()));
        }
        Ok(())
    })
}
