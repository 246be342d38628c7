//! Activity is kept as long as the policy says and then deleted, a few records at a time; the record says how far (D01).

use jiff::Timestamp;
use policy::{Citation, Pack, Span};
use serde_json::json;

use crate::audit::{EntryWith, entry};
use crate::health::{Light, Part};
use crate::unit::in_unit;
use crate::{ActionError, Haven};

/// The clock of a policy that says how long activity is kept.
pub const CLOCK: &str = "retention-activity";
/// Records deleted in one transaction: others write in between.
const RECORDS_AT_ONCE: u32 = 500;
/// Activity younger than this is never deleted, whatever a policy says, in days: alerts are made of it.
const LEAST_DAYS: i64 = 7;
/// How long the numbers of nodes are kept, in months.
const NUMBERS_MONTHS: u32 = 13;

/// How long activity is kept: the moment before which it is deleted, and the clause that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub before: Timestamp,
    pub citation: Citation,
}

/// What the policy says today; none if it names no length, or one that cannot be counted back: then nothing is deleted.
#[must_use]
pub fn bound(pack: &Pack, now: Timestamp) -> Option<Bound> {
    let clock = pack.clocks.iter().find(|clock| clock.id == CLOCK)?;
    let citation = pack.cite(&clock.clause)?;
    // From midnight to midnight: a run a day, and every entry says a day.
    let midnight = pack.calendar.day_of(now).to_zoned(pack.calendar.zone.clone()).ok()?;
    let back = |span| midnight.checked_sub(span).ok();
    let before = match clock.every? {
        Span::Days(days) => back(jiff::Span::new().try_days(i64::from(days)).ok()?)?,
        Span::Months(months) => back(jiff::Span::new().try_months(i64::from(months)).ok()?)?,
        Span::Minutes(_) | Span::Hours(_) | Span::WorkingHours(_) | Span::WorkingDays(_) => return None,
    };
    let least = back(jiff::Span::new().try_days(LEAST_DAYS).ok()?)?;
    Some(Bound { before: before.timestamp().min(least.timestamp()), citation })
}

/// Deletes what is older than the policy says. An entry stands before the first record goes, and another tells how many
/// went. Gives how many. `pause` is waited for between two transactions; false from it ends the run early.
pub async fn erase<P: Future<Output = bool>>(haven: &Haven, pause: impl Fn() -> P) -> Result<u64, ActionError> {
    let now = haven.now();
    let numbers = now.to_zoned(jiff::tz::TimeZone::UTC);
    if let Some(old) =
        jiff::Span::new().try_months(i64::from(NUMBERS_MONTHS)).ok().and_then(|span| numbers.checked_sub(span).ok())
    {
        store::nodes::drop_before(&haven.store, old.timestamp()).await?;
    }
    let Some(bound) = bound(&haven.pack(), now) else { return Ok(0) };
    crate::lesson::forget(haven, &bound).await?;
    let Bound { before, citation } = bound;
    if !store::activity::any_before(&haven.store, before).await? {
        return Ok(0);
    }
    store::activity::say_erased(&haven.store, before, now, &citation.to_record()).await?;
    let mut gone = 0_u64;
    loop {
        let some = store::activity::erase_some(&haven.store, before, RECORDS_AT_ONCE).await?;
        gone = gone.saturating_add(some);
        if some < u64::from(RECORDS_AT_ONCE) || !pause().await {
            break;
        }
    }
    let detail = json!({ "before_us": before.as_microsecond(), "records": gone });
    in_unit!(haven, unit => {
        let made = entry(haven.now(), "clock", "activity.erasure", "activity", &detail);
        store::audit::append(&mut unit, made.because(&citation));
        Ok(())
    })?;
    Ok(gone)
}

/// How long activity is kept, as a part of how the filter stands.
pub(crate) fn part(haven: &Haven) -> Part {
    let pack = haven.pack();
    let (light, sentence) = match bound(&pack, haven.now()) {
        Some(bound) => {
            let day = pack.calendar.day_of(bound.before).strftime("%-d %B %Y").to_string();
            (Light::Good, format!("What was recorded before {day} is deleted, as {} says.", bound.citation))
        }
        None => (
            Light::Soon,
            format!(
                "The policy does not say how long activity is kept, so nothing is deleted. Write a length in days or months at the clock {CLOCK}."
            ),
        ),
    };
    Part { what: "How long activity is kept".to_owned(), light, sentence, href: None }
}
