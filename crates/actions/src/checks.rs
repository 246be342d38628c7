//! Checks of the running filter (F16): asked for by the clock or a person, done by every gateway, dated, kept and shown.

use casework::access;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::checks::Check;

use crate::audit::{EntryWith, entry};
use crate::health::{Light, Part};
use crate::session::Session;
use crate::unit::in_unit;
use crate::{ActionError, Haven, Page, words};

/// Kind of the feed row by which gateways learn that a check is asked for.
pub const FEED: &str = "check";
/// Name of the setting that says when a check was last asked for, in microseconds.
const ASKED: &str = "checks.asked";
/// A person may ask for a check so many seconds after the last one.
const AGAIN_AFTER_SECONDS: i64 = 60;
/// Longest list of results of one gateway, in letters.
const RESULTS_LIMIT_LETTERS: usize = 1_000_000;

/// How one thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Failed,
    Passed,
    /// The policy asks for nothing here.
    NotAsked,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Id of the profile of the policy; empty for what holds for everybody.
    pub profile: String,
    /// Its title.
    pub whom: String,
    /// `illegal`, `adult`, `language`, `malware`, `doh`, `ech`, `quic`, `safe-search`, `vpn`, `gate`, `listener`, or `kind`
    /// for another kind of site.
    pub kind: String,
    /// In words.
    pub what: String,
    pub outcome: Outcome,
    /// What was found, and what to do where it failed.
    pub sentence: String,
    /// The clause by which it is so; empty where none speaks.
    pub clause: String,
}

/// What one gateway found at one time.
#[derive(Debug, Clone)]
pub struct Report {
    pub request: String,
    pub node: String,
    pub at_text: String,
    pub passed: usize,
    pub failed: usize,
    /// What failed first, then by whom it is about.
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone)]
pub struct Checks {
    /// The last of each gateway, with every line.
    pub last: Vec<Report>,
    /// All that were filed, newest first, without their lines.
    pub filed: Page<Report>,
    pub may_ask: bool,
}

fn may_see(haven: &Haven, session: &Session) -> Result<access::Permit, ActionError> {
    let pack = haven.pack();
    let by_post = access::organisation(&pack, &session.asker(), "filter.checks", "filter");
    Ok(by_post.or_else(|_| access::organisation(&pack, &session.asker(), "filter.read", "filter"))?)
}

/// Asks every gateway for a check. Gives its id.
pub async fn ask(haven: &Haven, by: &str) -> Result<String, ActionError> {
    asked(haven, by, None).await
}

/// A person asks for a check now.
pub async fn ask_now(haven: &Haven, session: &Session) -> Result<String, ActionError> {
    let permit = access::organisation(&haven.pack(), &session.asker(), "filter.read", "filter")?;
    let again = SignedDuration::from_secs(AGAIN_AFTER_SECONDS);
    if last_asked(haven).await?.is_some_and(|last| haven.now().duration_since(last) < again) {
        return Err(ActionError::fault(
            "",
            "A check was asked for less than a minute ago. Its results are here in a moment.",
        ));
    }
    asked(haven, &session.person.id, Some(permit.citation())).await
}

async fn asked(haven: &Haven, by: &str, because: Option<&policy::Citation>) -> Result<String, ActionError> {
    let now = haven.now();
    let request = haven.new_id(now);
    in_unit!(haven, unit => {
        store::settings::put(&mut unit, ASKED, &now.as_microsecond().to_string()).await?;
        store::feed::add(&mut unit, FEED, &request, now);
        let made = entry(now, by, "filter.check", &request, &json!({}));
        store::audit::append(&mut unit, match because {
            Some(citation) => made.because(citation),
            None => made,
        });
        Ok(())
    })?;
    Ok(request)
}

async fn last_asked(haven: &Haven) -> Result<Option<Timestamp>, ActionError> {
    let kept = store::settings::get(&haven.store, ASKED).await?;
    Ok(kept.and_then(|text| text.parse().ok()).and_then(|us| Timestamp::from_microsecond(us).ok()))
}

/// Whether it is time for the next check by the clock.
pub async fn is_due(haven: &Haven, every_hours: u32) -> Result<bool, ActionError> {
    let every = SignedDuration::from_hours(i64::from(every_hours));
    Ok(last_asked(haven).await?.is_none_or(|last| haven.now().duration_since(last) >= every))
}

/// A gateway files what it found.
pub async fn file(haven: &Haven, request: &str, node: &str, lines: &[Line]) -> Result<(), ActionError> {
    let results = serde_json::to_string(lines).map_err(|error| ActionError::Broken(error.to_string()))?;
    if results.len() > RESULTS_LIMIT_LETTERS {
        return Err(ActionError::Broken("a check found too much to be kept".to_owned()));
    }
    let check = Check { request: request.to_owned(), node: node.to_owned(), at: haven.now(), results, noted: false };
    match store::checks::keep(&haven.store, &check).await {
        Ok(()) | Err(store::StoreError::Duplicate(_)) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// Takes the digest of what was filed over into the record; a failed check has an entry of its own kind.
pub async fn note(haven: &Haven) -> Result<(), ActionError> {
    for check in store::checks::unnoted(&haven.store).await? {
        let lines = lines(&check);
        let failed: Vec<&str> =
            lines.iter().filter(|line| line.outcome == Outcome::Failed).map(|line| line.kind.as_str()).collect();
        let action = if failed.is_empty() { "filter.checked" } else { "filter.check-failed" };
        let detail = json!({ "node": check.node, "lines": lines.len(), "failed": failed });
        let digest = store::checks::vouched(&check.results);
        let now = haven.now();
        let key = format!("check:{}:{}", check.request, check.node);
        let noted: Result<(), ActionError> = in_unit!(haven, unit => {
            // Another node with pages may be at it: the entry stands once.
            match store::receipts::keep(&mut unit, &key, "{}", now).await {
                Err(store::StoreError::Duplicate(_)) => return Ok(()),
                other => other?,
            }
            let made = entry(now, "gateway", action, &check.request, &detail);
            store::audit::append(&mut unit, made.vouching(vec![digest.clone()]));
            Ok(())
        });
        noted?;
        store::checks::noted(&haven.store, &check, now).await?;
    }
    Ok(())
}

fn lines(check: &Check) -> Vec<Line> {
    serde_json::from_str(&check.results).unwrap_or_default()
}

fn report(haven: &Haven, check: &Check, whole: bool) -> Report {
    let mut lines = lines(check);
    let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
    let (passed, failed) = (count(Outcome::Passed), count(Outcome::Failed));
    lines.sort_by_key(|line| line.outcome);
    if !whole {
        lines.clear();
    }
    Report {
        request: check.request.clone(),
        node: check.node.clone(),
        at_text: words::moment(&haven.pack().calendar, haven.now(), check.at),
        passed,
        failed,
        lines,
    }
}

/// What was found, for those who look after the filter and those who answer for it.
pub async fn checks(haven: &Haven, session: &Session, page: u32) -> Result<Checks, ActionError> {
    may_see(haven, session)?;
    let last = store::checks::last(&haven.store).await?;
    let filed = store::checks::page(&haven.store, page.max(1)).await?;
    Ok(Checks {
        last: last.iter().map(|check| report(haven, check, true)).collect(),
        filed: filed.map(|check| report(haven, &check, false)),
        may_ask: access::organisation(&haven.pack(), &session.asker(), "filter.read", "filter").is_ok(),
    })
}

/// One filed check, at every gateway.
pub async fn one(haven: &Haven, session: &Session, request: &str) -> Result<Vec<Report>, ActionError> {
    may_see(haven, session)?;
    let found = of_request(haven, request).await?;
    if found.is_empty() { Err(ActionError::NotFound) } else { Ok(found) }
}

/// The same for a command.
pub async fn of_request(haven: &Haven, request: &str) -> Result<Vec<Report>, ActionError> {
    let found = store::checks::of_request(&haven.store, request).await?;
    Ok(found.iter().map(|check| report(haven, check, true)).collect())
}

/// Gateways that should answer a check now: those that have told in the last minutes that they listen.
pub async fn awaited(haven: &Haven) -> Result<Vec<String>, ActionError> {
    crate::health::listening(haven).await
}

/// The last check of each gateway, as a part of how the filter stands.
pub(crate) async fn parts(haven: &Haven) -> Result<Vec<Part>, ActionError> {
    let last = store::checks::last(&haven.store).await?;
    Ok(last
        .iter()
        .map(|check| {
            let report = report(haven, check, true);
            let what = format!("Check of the filter, {}", report.node);
            let href = Some("/filter/checks");
            if report.failed == 0 {
                let sentence = format!("All {} passed {}.", report.passed, report.at_text);
                return Part { what, light: Light::Good, sentence, href };
            }
            let mut kinds: Vec<&str> = Vec::new();
            for line in report.lines.iter().filter(|line| line.outcome == Outcome::Failed) {
                if !kinds.contains(&line.what.as_str()) {
                    kinds.push(&line.what);
                }
            }
            let all = report.passed.saturating_add(report.failed);
            let sentence = format!("{} of {all} failed {}: {}.", report.failed, report.at_text, kinds.join(", "));
            Part { what, light: Light::Wrong, sentence, href }
        })
        .collect())
}
