//! Requests to open a site, or to close one that got through: decided by whom the policy names, with a reason and an end, and then a rule of the filter (F12).

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
    /// It is about a site that opened and should not.
    pub got_through: bool,
}

/// How requests were answered in the last [`MEASURED_DAYS`] days: numbers only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measures {
    pub to_open: u64,
    pub opened: u64,
    pub to_close: u64,
    pub closed: u64,
    pub waiting: u64,
    /// Half of the answers came within so long, and the slowest; none without an answer.
    pub half_within: Option<String>,
    pub slowest: Option<String>,
    /// Of a hundred requests to open that were answered, how many were granted: those sites had been closed without need.
    pub needless_per_cent: Option<u64>,
}

/// Over so many days requests are measured.
pub const MEASURED_DAYS: i64 = 90;

/// How requests were answered. Nobody's own request is left out: a number says nothing about anybody.
pub async fn measures(haven: &Haven, session: &Session) -> Result<Measures, ActionError> {
    access::organisation(&haven.pack(), &session.asker(), "filter.decide-request", "requests")?;
    let now = haven.now();
    let from = now.checked_sub((MEASURED_DAYS * 24).hours()).unwrap_or(now);
    Ok(measured(&store::requests::since(&haven.store, from).await?))
}

fn measured(all: &[SiteRequest]) -> Measures {
    let count =
        |is: &dyn Fn(&SiteRequest) -> bool| u64::try_from(all.iter().filter(|one| is(one)).count()).unwrap_or(u64::MAX);
    let done = |one: &SiteRequest| one.state == RequestState::Allowed;
    let answered = count(&|one| !one.got_through() && one.state != RequestState::Asked);
    let mut minutes: Vec<i64> =
        all.iter().filter_map(|one| Some(one.decided_at?.duration_since(one.at).as_mins())).collect();
    minutes.sort_unstable();
    let opened = count(&|one| !one.got_through() && done(one));
    Measures {
        to_open: count(&|one| !one.got_through()),
        opened,
        to_close: count(&SiteRequest::got_through),
        closed: count(&|one| one.got_through() && done(one)),
        waiting: count(&|one| one.state == RequestState::Asked),
        half_within: minutes.get(minutes.len().saturating_sub(1) / 2).map(|minutes| length(*minutes)),
        slowest: minutes.last().map(|minutes| length(*minutes)),
        needless_per_cent: opened.saturating_mul(100).checked_div(answered),
    }
}

/// "40 minutes", "3 hours", "2 days".
fn length(minutes: i64) -> String {
    let (number, unit) = match minutes {
        ..=90 => (minutes.max(1), "minute"),
        91..=2880 => ((minutes + 30) / 60, "hour"),
        _ => ((minutes + 720) / 1440, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// Longest address that somebody reports, and longest reason, in bytes.
const ADDRESS_LIMIT_BYTES: usize = 2000;
const WHY_LIMIT_BYTES: usize = 1000;

/// "This should be closed": somebody tells of a site that opened and should not. Only its name is kept, and what they write.
/// The same form sent twice is one request.
pub async fn report_got_through(
    haven: &Haven,
    session: &Session,
    address: &str,
    why: &str,
    key: &str,
) -> Result<String, ActionError> {
    let typed = address.trim();
    let whole = if typed.contains("://") { typed.to_owned() } else { format!("http://{typed}") };
    let read = Some(whole).filter(|whole| whole.len() <= ADDRESS_LIMIT_BYTES && !typed.is_empty());
    let Some(read) = read.and_then(|whole| filter::Address::parse(&whole).ok()) else {
        return Err(ActionError::fault("address", "Copy the address of the page here, for example www.example.com."));
    };
    if why.trim().is_empty() {
        return Err(ActionError::fault("why", "Say what is wrong with it. One sentence is enough."));
    }
    if why.len() > WHY_LIMIT_BYTES {
        return Err(ActionError::fault("why", "This is too long. Please shorten it."));
    }
    let now = haven.now();
    let request = SiteRequest {
        id: haven.new_id(now),
        at: now,
        host: read.host().to_owned(),
        asked_by: session.person.id.clone(),
        population: session.person.population.clone(),
        why: why.trim().to_owned(),
        record_reference: store::requests::GOT_THROUGH.to_owned(),
        state: RequestState::Asked,
        decided_at: None,
        decided_by: None,
        decision_reason: None,
        until: None,
    };
    let key = format!("close:{}:{}", session.person.id, key).chars().take(100).collect::<String>();
    in_unit!(haven, unit => {
        if store::receipts::find(&mut unit, &key).await?.is_none() {
            store::receipts::keep(&mut unit, &key, "{}", now).await?;
            store::requests::insert(&mut unit, &request).await?;
            let detail = json!({ "host": request.host });
            let made = entry(now, &session.person.id, "request.close", &request.id, &detail);
            store::audit::append(&mut unit, made);
        }
        Ok(())
    })?;
    Ok(request.host)
}

fn row(haven: &Haven, request: SiteRequest) -> SiteRequestRow {
    let calendar = &haven.pack().calendar;
    let now = haven.now();
    let until = request.until.map(|until| format!(" Open {}.", words::due(calendar, now, until))).unwrap_or_default();
    SiteRequestRow {
        got_through: request.got_through(),
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
    /// Days for which it stays open; 1 to [`OPEN_LIMIT_DAYS`]. What is closed stays closed.
    pub until_days: u32,
    /// It is about a site that got through: to allow it is to close the site for everybody.
    pub got_through: bool,
}

/// Decides a request; an opened site becomes a rule with an end. Nobody decides their own.
pub async fn decide_request(haven: &Haven, session: &Session, decide: DecideRequest) -> Result<(), ActionError> {
    let permit = access::organisation(&haven.pack(), &session.asker(), "filter.decide-request", &decide.id)?;
    crate::decide::check_text("reason", &decide.reason)?;
    let opens = decide.allow && !decide.got_through;
    if opens && !(1..=OPEN_LIMIT_DAYS).contains(&decide.until_days) {
        return Err(ActionError::fault("until_days", "Choose for how many days: 1 to 365."));
    }
    let now = haven.now();
    let until = now.checked_add((i64::from(decide.until_days) * 24).hours()).ok().filter(|_| opens);
    in_unit!(haven, unit => {
        let mine = session.person.id.as_str();
        let mut request = store::requests::get(&mut unit, &decide.id, mine).await?.ok_or(ActionError::NotFound)?;
        if request.got_through() != decide.got_through {
            return Err(ActionError::NotFound);
        }
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
                allow: opens,
                population: if opens { request.population.clone() } else { String::new() },
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
        let detail = json!({ "host": request.host, "allow": decide.allow, "got_through": decide.got_through });
        let made = entry(now, &session.person.id, "request.decide", &request.id, &detail);
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use jiff::Timestamp;

    use super::*;

    fn request(state: RequestState, minutes: Option<i64>, reference: &str) -> SiteRequest {
        let at: Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
        SiteRequest {
            id: "r".to_owned(),
            at,
            host: "site.test".to_owned(),
            asked_by: "p".to_owned(),
            population: "learner".to_owned(),
            why: "For class".to_owned(),
            record_reference: reference.to_owned(),
            state,
            decided_at: minutes.map(|minutes| at.checked_add(minutes.minutes()).unwrap()),
            decided_by: minutes.map(|_| "it".to_owned()),
            decision_reason: None,
            until: None,
        }
    }

    #[test]
    fn f12_response_time_and_needless_blocks_are_measured() {
        assert_eq!(measured(&[]).needless_per_cent, None);
        let through = store::requests::GOT_THROUGH;
        let all = [
            request(RequestState::Allowed, Some(30), "x"),
            request(RequestState::Refused, Some(200), "x"),
            request(RequestState::Allowed, Some(4000), "x"),
            request(RequestState::Asked, None, "x"),
            request(RequestState::Allowed, Some(60), through),
        ];
        let measures = measured(&all);
        assert_eq!((measures.to_open, measures.opened, measures.to_close, measures.closed), (4, 2, 1, 1));
        assert_eq!((measures.waiting, measures.needless_per_cent), (1, Some(66)));
        assert_eq!(measures.half_within.as_deref(), Some("60 minutes"));
        assert_eq!(measures.slowest.as_deref(), Some("3 days"));
    }
}
