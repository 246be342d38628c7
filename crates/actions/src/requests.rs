//! Requests to open a site: decided by whom the policy names, with a reason and an end, and then a rule of the filter (F12).

use casework::access;
use jiff::ToSpan;
use serde_json::json;
use store::local_rules::LocalRule;
use store::requests::{RequestState, SiteRequest};

use crate::audit::{EntryWith, entry};
use crate::session::Session;
use crate::unit::in_unit;
use crate::{ActionError, Haven, Page, words};

/// Longest time for which a site may be opened by a request, in days.
pub const OPEN_LIMIT_DAYS: u32 = 365;

#[derive(Debug, Clone)]
pub struct SiteRequestRow {
    pub id: String,
    pub at_text: String,
    pub host: String,
    pub population: String,
    pub why: String,
    /// `asked`, `allowed` or `refused`.
    pub state: &'static str,
    /// Reason and end of the decision.
    pub decided: Option<String>,
}

fn row(haven: &Haven, request: SiteRequest) -> SiteRequestRow {
    let calendar = &haven.pack().calendar;
    let now = haven.now();
    let until = request.until.map(|until| format!(" Open {}.", words::due(calendar, now, until))).unwrap_or_default();
    SiteRequestRow {
        id: request.id,
        at_text: words::moment(calendar, now, request.at),
        host: request.host,
        population: request.population,
        why: request.why,
        state: match request.state {
            RequestState::Asked => "asked",
            RequestState::Allowed => "allowed",
            RequestState::Refused => "refused",
        },
        decided: request.decision_reason.map(|reason| format!("{reason}{until}")),
    }
}

/// All requests but one's own, newest first.
pub async fn requests(haven: &Haven, session: &Session, page: u32) -> Result<Page<SiteRequestRow>, ActionError> {
    access::organisation(&haven.pack(), &session.asker(), "filter.decide-request", "requests")?;
    let found = store::requests::page(&haven.store, &session.person.id, None, page.max(1)).await?;
    let items = found.items.into_iter().map(|request| row(haven, request)).collect();
    Ok(Page { items, page: found.page, pages: found.pages, total: found.total })
}

/// The requests that a person made, with the answers.
pub async fn my_requests(haven: &Haven, session: &Session) -> Result<Vec<SiteRequestRow>, ActionError> {
    let found = store::requests::of_person(&haven.store, &session.person.id).await?;
    Ok(found.into_iter().map(|request| row(haven, request)).collect())
}

#[derive(Debug, Clone)]
pub struct DecideRequest {
    pub id: String,
    pub allow: bool,
    pub reason: String,
    /// Days for which it stays open; 1 to [`OPEN_LIMIT_DAYS`].
    pub until_days: u32,
}

/// Decides a request; an opened site becomes a rule with an end. Nobody decides their own.
pub async fn decide_request(haven: &Haven, session: &Session, decide: DecideRequest) -> Result<(), ActionError> {
    let permit = access::organisation(&haven.pack(), &session.asker(), "filter.decide-request", &decide.id)?;
    crate::decide::check_text("reason", &decide.reason)?;
    if decide.allow && !(1..=OPEN_LIMIT_DAYS).contains(&decide.until_days) {
        return Err(ActionError::fault("until_days", "Choose for how many days: 1 to 365."));
    }
    let now = haven.now();
    let until = now.checked_add((i64::from(decide.until_days) * 24).hours()).ok().filter(|_| decide.allow);
    in_unit!(haven, unit => {
        let mine = session.person.id.as_str();
        let mut request = store::requests::get(&mut unit, &decide.id, mine).await?.ok_or(ActionError::NotFound)?;
        request.state = if decide.allow { RequestState::Allowed } else { RequestState::Refused };
        request.decided_at = Some(now);
        request.decided_by = Some(session.person.id.clone());
        request.decision_reason = Some(decide.reason.trim().to_owned());
        request.until = until;
        store::requests::decide(&mut unit, &request).await?;
        if decide.allow {
            let rule = LocalRule {
                id: haven.new_id(now),
                host: request.host.clone(),
                allow: true,
                population: request.population.clone(),
                reason: decide.reason.trim().to_owned(),
                citation: permit.citation().to_record(),
                made_at: now,
                made_by: session.person.id.clone(),
                until,
                request: Some(request.id.clone()),
                withdrawn_at: None,
            };
            store::local_rules::insert(&mut unit, &rule).await?;
            store::feed::add(&mut unit, "local-rules", &rule.id, now);
        }
        let detail = json!({ "host": request.host, "allow": decide.allow });
        let made = entry(now, &session.person.id, "request.decide", &request.id, &detail);
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(())
    })
}
