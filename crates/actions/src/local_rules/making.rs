//! Rules that people make by hand: one website closed or opened for some, with a reason, an end, and never for oneself alone.

use std::collections::{BTreeMap, BTreeSet};

use casework::access;
use filter::Address;
use filter::lists::HelpList;
use filter::site::Site;
use jiff::{Timestamp, ToSpan};
use policy::Pack;
use serde_json::json;
use store::local_rules::LocalRule;
use store::requests::{RequestState, SiteRequest};

use super::{Standing, standing};
use crate::audit::{EntryWith, entry};
use crate::requests::OPEN_LIMIT_DAYS;
use crate::session::Session;
use crate::unit::in_unit;
use crate::{ActionError, Haven, Page, words};

/// Longest time for which a site may be closed with an end, in days; without an end it stays closed.
pub const CLOSE_LIMIT_DAYS: u32 = 3_650;
/// Longest site, in bytes, as a rule keeps it.
const SITE_LIMIT_BYTES: usize = 253;
/// Longest reason, in bytes.
const REASON_LIMIT_BYTES: usize = 1_000;

/// A rule as somebody wants it.
#[derive(Debug, Clone, Default)]
pub struct NewRule {
    /// `example.org`, with everything below it, or the beginning of a path on it: `example.org/page`.
    pub site: String,
    pub allow: bool,
    /// A population of the policy; empty for everybody.
    pub population: String,
    pub reason: String,
    /// 1 to [`OPEN_LIMIT_DAYS`] for what opens; none or up to [`CLOSE_LIMIT_DAYS`] for what closes.
    pub until_days: Option<u32>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It is in force.
    Rule,
    /// It would open the site for its maker too, so it waits among the requests for somebody else.
    Asked,
}

/// Makes a rule. What opens a site for the one who makes it is not theirs to decide: it becomes a request.
pub async fn make(haven: &Haven, session: &Session, new: &NewRule) -> Result<Made, ActionError> {
    let pack = haven.pack();
    let permit = access::organisation(&pack, &session.asker(), "filter.decide-request", "rules")?;
    let now = haven.now();
    let rule = LocalRule {
        id: haven.new_id(now),
        made_by: session.person.id.clone(),
        citation: permit.citation().to_record(),
        ..checked(&pack, new, now)?
    };
    let for_me_too = rule.allow && covers(&rule, session);
    in_unit!(haven, unit => {
        let kept = store::local_rules::in_force(&mut unit, now).await?;
        let same = |other: &LocalRule| {
            other.host == rule.host && other.allow == rule.allow && other.population == rule.population
        };
        if kept.iter().any(same) {
            return Err(ActionError::fault("site", "There is a rule like this already. Take that one back first."));
        }
        let detail = json!({ "host": rule.host, "allow": rule.allow });
        if for_me_too {
            let waits = |other: &SiteRequest| {
                other.state == RequestState::Asked && other.host == rule.host && other.population == rule.population
            };
            if store::requests::of_person(&mut unit, &session.person.id).await?.iter().any(waits) {
                return Ok(Made::Asked);
            }
            let request = asked(&rule);
            store::requests::insert(&mut unit, &request).await?;
            let made = entry(now, &session.person.id, "request.ask", &request.id, &detail);
            store::audit::append(&mut unit, made.because(permit.citation()));
            return Ok(Made::Asked);
        }
        store::local_rules::insert(&mut unit, &rule).await?;
        store::feed::add(&mut unit, "local-rules", &rule.id, now);
        let made = entry(now, &session.person.id, "local-rule.make", &rule.id, &detail);
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(Made::Rule)
    })
}

fn asked(rule: &LocalRule) -> SiteRequest {
    SiteRequest {
        id: rule.id.clone(),
        at: rule.made_at,
        host: rule.host.clone(),
        asked_by: rule.made_by.clone(),
        population: rule.population.clone(),
        why: rule.reason.clone(),
        record_reference: String::new(),
        state: RequestState::Asked,
        decided_at: None,
        decided_by: None,
        decision_reason: None,
        until: None,
    }
}

fn covers(rule: &LocalRule, session: &Session) -> bool {
    rule.population.is_empty() || rule.population == session.person.population
}

/// The rule that this would be, without a maker, an id or a citation.
///
/// # Errors
/// A fault at its field for what cannot be a rule.
pub(crate) fn checked(pack: &Pack, new: &NewRule, now: Timestamp) -> Result<LocalRule, ActionError> {
    let site = Site::parse(&new.site).ok().filter(|site| site.host().contains('.'));
    let site = site.ok_or_else(|| fault("site", "Write a site, such as example.org or example.org/page."))?;
    let host = site.to_text();
    if host.len() > SITE_LIMIT_BYTES {
        return Err(fault("site", "This is too long. Name the site, or a shorter part of it."));
    }
    if site.is_public_suffix() {
        return Err(fault("site", "Anybody can have a site under this name. Name one of them."));
    }
    if !new.allow && is_help(pack, &site) {
        return Err(fault("site", "This is a help site. Help is always open, and nobody can close it."));
    }
    if !new.population.is_empty() && pack.populations.iter().all(|known| known.id != new.population) {
        return Err(fault("population", "Choose for whom."));
    }
    let reason = new.reason.trim();
    if reason.is_empty() {
        return Err(fault("reason", "Say why, in a sentence."));
    }
    if reason.len() > REASON_LIMIT_BYTES {
        return Err(fault("reason", "This is too long. Please shorten it."));
    }
    Ok(LocalRule {
        id: String::new(),
        host,
        allow: new.allow,
        population: new.population.clone(),
        reason: reason.to_owned(),
        citation: String::new(),
        made_at: now,
        made_by: String::new(),
        until: until(new, now)?,
        request: None,
        withdrawn_at: None,
    })
}

fn until(new: &NewRule, now: Timestamp) -> Result<Option<Timestamp>, ActionError> {
    let (limit, message) = if new.allow {
        (OPEN_LIMIT_DAYS, "Choose for how many days: 1 to 365.")
    } else {
        (CLOSE_LIMIT_DAYS, "Choose for how many days: 1 to 3650, or leave it empty.")
    };
    match new.until_days {
        None if !new.allow => Ok(None),
        Some(days) if (1..=limit).contains(&days) => {
            now.checked_add((i64::from(days) * 24).hours()).map(Some).map_err(|_| fault("until_days", message))
        }
        _ => Err(fault("until_days", message)),
    }
}

/// Whether closing this site would close help (S-2).
fn is_help(pack: &Pack, site: &Site) -> bool {
    let Ok(address) = Address::parse(&format!("https://{}", site.to_text())) else { return false };
    let linked = pack.filtering.help.iter().filter_map(|link| Site::parse(&link.site).ok());
    HelpList::shipped().find(&address).is_some()
        || linked.into_iter().any(|help| !help.has_path() && help.covers_host(&address))
}

fn fault(field: &str, message: &str) -> ActionError {
    ActionError::fault(field, message)
}

/// Takes a rule back before its end, with a reason. What closes a site for oneself, somebody else takes back.
pub async fn take_back(haven: &Haven, session: &Session, id: &str, reason: &str) -> Result<(), ActionError> {
    let permit = access::organisation(&haven.pack(), &session.asker(), "filter.decide-request", id)?;
    let reason = reason.trim();
    if reason.is_empty() || reason.len() > REASON_LIMIT_BYTES {
        return Err(fault("reason", "Say why, in a sentence."));
    }
    let now = haven.now();
    in_unit!(haven, unit => {
        let rule = store::local_rules::get(&mut unit, id).await?.ok_or(ActionError::NotFound)?;
        if !rule.allow && covers(&rule, session) {
            return Err(ActionError::refused(
                "This rule closes the site for you too, so somebody else has to take it back.",
            ));
        }
        if !rule.holds_at(now) || !store::local_rules::withdraw(&mut unit, id, now).await? {
            return Err(fault("reason", "This rule has ended already."));
        }
        store::feed::add(&mut unit, "local-rules", id, now);
        let detail = json!({ "host": rule.host, "allow": rule.allow, "why": reason });
        let made = entry(now, &session.person.id, "local-rule.take-back", id, &detail);
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(())
    })
}

/// What is looked for among the rules.
#[derive(Debug, Clone, Default)]
pub struct RuleQuery {
    /// In the site or the reason, without regard to case or accents.
    pub text: String,
    /// Those that no longer hold as well.
    pub ended: bool,
    pub page: u32,
}

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleState {
    InForce,
    /// A new policy undid what it rested on.
    Unsettled(&'static str),
    Ended,
    TakenBack,
}

#[derive(Debug, Clone)]
pub struct RuleRow {
    pub id: String,
    pub site: String,
    pub allow: bool,
    /// "everybody", or the population as the policy calls it.
    pub for_whom: String,
    pub reason: String,
    pub made_text: String,
    pub by: String,
    /// When it ends or ended; none if it never does.
    pub until_text: Option<String>,
    pub state: RuleState,
    /// Whether this person may take it back now.
    pub mine_to_end: bool,
}

/// The organisation's own rules, newest first.
pub async fn rules(haven: &Haven, session: &Session, query: &RuleQuery) -> Result<Page<RuleRow>, ActionError> {
    let pack = haven.pack();
    access::organisation(&pack, &session.asker(), "filter.decide-request", "rules")?;
    let now = haven.now();
    let text = store::ids::fold(query.text.trim());
    let fits = |rule: &LocalRule| {
        (query.ended || rule.holds_at(now))
            && (text.is_empty() || rule.host.contains(&text) || store::ids::fold(&rule.reason).contains(&text))
    };
    let mut kept = store::local_rules::all(&haven.store).await?;
    kept.retain(fits);
    let found = Page::part_of(kept, query.page.max(1));
    let mut names = BTreeMap::new();
    for id in found.items.iter().map(|rule| &rule.made_by).collect::<BTreeSet<_>>() {
        let person = store::people::by_id(&haven.store, id).await?;
        names.insert(id.clone(), person.map_or_else(|| "somebody who has left".to_owned(), |person| person.name));
    }
    Ok(found.map(|rule| row(&pack, session, rule, &names, now)))
}

fn row(pack: &Pack, session: &Session, rule: LocalRule, names: &BTreeMap<String, String>, now: Timestamp) -> RuleRow {
    let population = pack.populations.iter().find(|population| population.id == rule.population);
    let state = match standing(pack, &rule) {
        _ if rule.withdrawn_at.is_some_and(|at| at <= now) => RuleState::TakenBack,
        _ if !rule.holds_at(now) => RuleState::Ended,
        Standing::Holds(_) => RuleState::InForce,
        Standing::Ended(why) | Standing::Tightened(_, why) => RuleState::Unsettled(why),
    };
    let ends = rule.withdrawn_at.or(rule.until);
    RuleRow {
        mine_to_end: rule.holds_at(now) && (rule.allow || !covers(&rule, session)),
        for_whom: match population {
            Some(population) => population.title.clone(),
            None if rule.population.is_empty() => "everybody".to_owned(),
            None => rule.population.clone(),
        },
        made_text: words::moment(&pack.calendar, now, rule.made_at),
        by: names.get(&rule.made_by).cloned().unwrap_or_default(),
        until_text: ends.map(|end| words::moment(&pack.calendar, now, end)),
        id: rule.id,
        site: rule.host,
        allow: rule.allow,
        reason: rule.reason,
        state,
    }
}
