//! Attempts to get round the filter (M05): counted for each person and day, and raised once over a threshold as one low alert.
//! A question, not an accusation (S-5): programs try such things by themselves, so what comes in one go counts once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;
use policy::{Attempts, Grade, Pack, Trigger};
use serde_json::json;
use store::activity::Blocked;

use crate::alert::Cue;
use crate::audit::entry;
use crate::unit::in_unit;
use crate::{ActionError, Haven};

/// From how many attempts in a day a person looks, where the policy does not say.
pub const THRESHOLD: u32 = 20;
/// The theme of these alerts.
pub const THEME: &str = "going-round-the-filter";
/// What is tried at one site within so long is one attempt, in minutes: programs try again and again.
const ONE_GO_MINUTES: i64 = 10;
/// So many pages of one site that did not open, in one go, count as an attempt.
const REPEATS: usize = 5;
/// Most lines of a day that are looked at.
const LINES_LIMIT: u32 = 200_000;
/// The ways round a filter, in the core vocabulary.
const WAYS: [&str; 3] = ["proxy-avoidance", "encrypted-dns", "remote-access"];
/// The rule by which what is neither a web page nor TLS was refused.
const UNKNOWN_PROTOCOL: &str = "default:unknown-protocol";

/// What counts for one person today.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub attempts: u32,
    /// The last line that counted.
    pub last: String,
}

/// Codes of the policy that stand for a way round the filter.
fn ways(pack: &Pack) -> BTreeSet<&str> {
    let is_way =
        |code: &&policy::Code| std::iter::once(&code.id).chain(&code.aliases).any(|name| WAYS.contains(&name.as_str()));
    pack.codes.iter().filter(is_way).map(|code| code.id.as_str()).collect()
}

/// What the policy says of attempts. Where it says nothing: our threshold, the clause of its own rule against ways round, and
/// the procedure of its mildest alert; none if it has no such rule or no alert at all.
#[must_use]
pub fn rule(pack: &Pack) -> Option<Attempts> {
    if let Some(attempts) = &pack.filtering.attempts {
        return Some(attempts.clone());
    }
    let ways = ways(pack);
    let rule = pack.filtering.rules.iter().find(|rule| rule.codes.iter().any(|code| ways.contains(code.as_str())))?;
    let mildest = pack.filtering.triggers.iter().min_by_key(|trigger| trigger.grade)?;
    Some(Attempts {
        threshold: THRESHOLD,
        procedure: mildest.procedure.clone(),
        staff_procedure: mildest.staff_procedure.clone(),
        clause: rule.clause.clone(),
    })
}

/// Counts attempts by person, out of what was not opened, oldest first.
#[must_use]
pub fn tally(pack: &Pack, lines: &[Blocked]) -> BTreeMap<String, Tally> {
    let ways = ways(pack);
    let mut counts: BTreeMap<String, Tally> = BTreeMap::new();
    let mut gone: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    let mut repeats: BTreeMap<(&str, &str), Vec<Timestamp>> = BTreeMap::new();
    for line in lines {
        let place = (line.person.as_str(), line.host.as_str());
        let same_go = |before: &Timestamp| line.at.duration_since(*before).as_mins() < ONE_GO_MINUTES;
        let is_way = line.codes.iter().any(|code| ways.contains(code.as_str()))
            || line.rule == UNKNOWN_PROTOCOL
            || line.host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let counts_now = if is_way {
            !gone.get(&place).is_some_and(same_go)
        } else if line.navigation {
            let times = repeats.entry(place).or_default();
            times.retain(same_go);
            times.push(line.at);
            times.len() == REPEATS
        } else {
            false
        };
        if is_way && counts_now {
            gone.insert(place, line.at);
        }
        if counts_now {
            let tally = counts.entry(line.person.clone()).or_default();
            tally.attempts = tally.attempts.saturating_add(1);
            tally.last.clone_from(&line.reference);
        }
    }
    counts
}

/// Looks at today's lines and raises what is over the threshold, once for each person and day. Gives how many were raised.
pub async fn look(haven: &Haven) -> Result<u32, ActionError> {
    let pack = haven.pack();
    let Some(rule) = rule(&pack) else { return Ok(0) };
    let now = haven.now();
    let day = pack.calendar.day_of(now);
    let midnight = day.to_zoned(pack.calendar.zone.clone()).map_or(now, |start| start.timestamp());
    let lines = store::activity::blocked_between(&haven.store, midnight, now, LINES_LIMIT).await?;
    let mut raised = 0_u32;
    for (person, tally) in tally(&pack, &lines) {
        if tally.attempts < rule.threshold || person.is_empty() {
            continue;
        }
        if raise(haven, &pack, &rule, &tally, &format!("{}:{day}", hex::encode(haven.token_of(&person)))).await? {
            raised = raised.saturating_add(1);
        }
    }
    Ok(raised)
}

async fn raise(haven: &Haven, pack: &Pack, rule: &Attempts, tally: &Tally, key: &str) -> Result<bool, ActionError> {
    let key = format!("attempts:{key}");
    if store::receipts::find(&haven.store, &key).await?.is_some() {
        return Ok(false);
    }
    let Some(mut record) = store::activity::by_reference(&haven.store, &tally.last).await? else { return Ok(false) };
    if record.alert.is_some() {
        // It carries an alert of its own, which has gone its own way.
        record.reference = format!("a{}", record.reference).chars().take(32).collect();
    }
    let trigger = Trigger {
        id: "attempts".to_owned(),
        theme: THEME.to_owned(),
        codes: Vec::new(),
        grade: Grade::Low,
        procedure: rule.procedure.clone(),
        staff_procedure: rule.staff_procedure.clone(),
        clause: rule.clause.clone(),
        reason: format!(
            "Tried {} times today to get round the filter, or something on the computer did. Programs do this by themselves.",
            tally.attempts
        ),
    };
    let cue = Cue {
        trigger: trigger.id.clone(),
        theme: trigger.theme.clone(),
        grade: trigger.grade,
        procedure: trigger.procedure.clone(),
        clause: trigger.clause.clone(),
        reason: trigger.reason.clone(),
        seen: record.host.clone(),
        kind: "attempts".to_owned(),
    };
    let done = crate::alert::raise_by(haven, pack, &trigger, &record, &cue).await?;
    if done {
        let now = haven.now();
        in_unit!(haven, unit => {
            match store::receipts::keep(&mut unit, &key, "{}", now).await {
                Err(store::StoreError::Duplicate(_)) => return Ok(()),
                other => other?,
            }
            let made = entry(now, "clock", "attempts.raised", "activity", &json!({ "attempts": tally.attempts }));
            store::audit::append(&mut unit, made);
            Ok(())
        })?;
    }
    Ok(done)
}
