//! What goes on by itself while Haven runs: jobs, letters, the use of sessions, and the practice clock.

use std::sync::Arc;
use std::time::Duration;

use actions::audit::ListsChange;
use actions::mail::Carrier;
use actions::practice::CLOCK_OFFSET_SETTING;
use actions::{ActionError, Haven};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::moment::Clock;
use crate::ports::identity::People;
use crate::say::Failure;
use crate::sealed::{self, Looked, Sealed};
use crate::supply::{Supply, Update};

/// Pause when no job is due, in milliseconds.
const JOBS_PAUSE_MS: u64 = 250;
/// Pause when no letter is due, in milliseconds.
const MAIL_PAUSE_MS: u64 = 500;
/// How often the store is told which sessions were used, in seconds.
const USE_EVERY_SECONDS: u64 = 20;
/// How often the practice clock's setting is read, in milliseconds.
const CLOCK_EVERY_MS: u64 = 250;
/// How often new activity is anchored in the audit chain, in seconds: so much could be cut off unseen.
const ANCHOR_EVERY_SECONDS: u64 = 180;
/// How often it is looked whose turn it is among the sources of lists, in seconds.
const LISTS_EVERY_SECONDS: u64 = 60;
/// How often it is looked whether a check of the filter is due or was filed, in seconds.
const CHECKS_EVERY_SECONDS: u64 = 5;
/// How often it is looked for activity that is to be deleted, in seconds.
const ERASE_EVERY_SECONDS: u64 = 3600;
/// Pause between two transactions of it, in milliseconds: what is recorded now goes first.
const ERASE_PAUSE_MS: u64 = 50;
/// How often attempts to get round the filter are counted, in seconds.
const ATTEMPTS_EVERY_SECONDS: u64 = 60;
const MICROSECONDS_IN_A_MINUTE: i64 = 60_000_000;

/// Rests, unless the stop comes first. True if it came.
async fn stopped(stop: &CancellationToken, rest: Duration) -> bool {
    tokio::select! {
        () = stop.cancelled() => true,
        () = tokio::time::sleep(rest) => false,
    }
}

/// Says what went wrong once, and again only after it had gone well.
#[derive(Default)]
struct Trouble(bool);

impl Trouble {
    fn note(&mut self, what: &str, result: Result<(), ActionError>) {
        match result {
            Ok(()) => self.0 = false,
            Err(error) => {
                if !self.0 {
                    tracing::warn!(cause = %error, "{what}");
                }
                self.0 = true;
            }
        }
    }
}

/// Does jobs as they fall due.
pub(crate) async fn jobs(haven: Arc<Haven>, stop: CancellationToken) {
    let mut trouble = Trouble::default();
    while !stop.is_cancelled() {
        match actions::jobs::work_once(&haven).await {
            Ok(true) => continue,
            Ok(false) => trouble.note("", Ok(())),
            Err(error) => trouble.note("jobs wait", Err(error)),
        }
        if stopped(&stop, Duration::from_millis(JOBS_PAUSE_MS)).await {
            return;
        }
    }
}

/// Sends letters as they fall due.
pub(crate) async fn letters(haven: Arc<Haven>, carrier: Arc<dyn Carrier>, stop: CancellationToken) {
    let mut trouble = Trouble::default();
    trouble.note("letters wait", actions::mail::begin(&haven).await);
    while !stop.is_cancelled() {
        match actions::mail::send_once(&haven, carrier.as_ref()).await {
            Ok(true) => continue,
            Ok(false) => trouble.note("", Ok(())),
            Err(error) => trouble.note("letters wait", Err(error)),
        }
        if stopped(&stop, Duration::from_millis(MAIL_PAUSE_MS)).await {
            return;
        }
    }
}

/// Anchors the newest activity of every gateway in the audit chain.
pub(crate) async fn anchors(haven: Arc<Haven>, stop: CancellationToken) {
    let mut trouble = Trouble::default();
    while !stopped(&stop, Duration::from_secs(ANCHOR_EVERY_SECONDS)).await {
        let done = actions::audit::anchor_activity(&haven).await.map(|_| ());
        trouble.note("the newest activity cannot be anchored in the record", done);
    }
}

/// Asks for a check of the filter when one is due, and takes what was filed over into the record.
pub(crate) async fn checks(haven: Arc<Haven>, every_hours: u32, stop: CancellationToken) {
    let mut trouble = Trouble::default();
    while !stopped(&stop, Duration::from_secs(CHECKS_EVERY_SECONDS)).await {
        let done = async {
            if every_hours > 0 && actions::checks::is_due(&haven, every_hours).await? {
                actions::checks::ask(&haven, "clock").await?;
            }
            actions::checks::note(&haven).await
        };
        trouble.note("checks of the filter cannot be asked for or written down", done.await);
    }
}

/// Raises attempts to get round the filter that are over the threshold, once for each person and day.
pub(crate) async fn attempts(haven: Arc<Haven>, stop: CancellationToken) {
    let mut trouble = Trouble::default();
    while !stopped(&stop, Duration::from_secs(ATTEMPTS_EVERY_SECONDS)).await {
        let done = actions::attempts::look(&haven).await.map(|_| ());
        trouble.note("attempts to get round the filter cannot be counted", done);
    }
}

/// Deletes activity that is older than the policy says, a few records at a time.
pub(crate) async fn retention(haven: Arc<Haven>, stop: CancellationToken) {
    let mut trouble = Trouble::default();
    loop {
        let pause = || async { !stopped(&stop, Duration::from_millis(ERASE_PAUSE_MS)).await };
        let gone = actions::retention::erase(&haven, pause).await;
        if let Ok(records) = gone.as_ref()
            && *records > 0
        {
            tracing::info!(records, "activity older than the policy says was deleted");
        }
        trouble.note("old activity cannot be deleted", gone.map(|_| ()));
        if stopped(&stop, Duration::from_secs(ERASE_EVERY_SECONDS)).await {
            return;
        }
    }
}

/// Looks at each source of lists when its turn has come, and puts in force what is good. A gateway alone leaves the record to
/// a node with pages: its database role reaches no audit entry.
pub(crate) async fn lists(haven: Arc<Haven>, supply: Arc<Supply>, records: bool, stop: CancellationToken) {
    let mut first = true;
    loop {
        if !first {
            let rest = Duration::from_secs(LISTS_EVERY_SECONDS);
            tokio::select! {
                () = supply.woken() => {}
                over = stopped(&stop, rest) => if over { return },
            }
        }
        first = false;
        let done = tokio::select! {
            () = stop.cancelled() => return,
            done = renew_lists(&haven, &supply, records) => done,
        };
        if let Err(failure) = done {
            tracing::error!(cause = %failure, "the lists could not be renewed; those in force stay");
        }
    }
}

/// Looks at each list of illegal content when its turn has come.
pub(crate) async fn sealed_lists(haven: Arc<Haven>, sealed: Arc<Sealed>, records: bool, stop: CancellationToken) {
    while !stopped(&stop, Duration::from_secs(LISTS_EVERY_SECONDS)).await {
        let now = haven.now();
        for source in sealed.sources.iter().filter(|source| sealed.is_due(source, now)) {
            let before = sealed.status(&source.source.name).map(|status| status.sentence);
            match sealed.look(source, now).await {
                // The same trouble as the last time stands in the record already.
                Ok(looked) if before == Some(looked.sentence()) => {}
                Ok(looked @ (Looked::Held(_) | Looked::Failed(_))) => {
                    tracing::error!(list = source.source.name, why = looked.sentence(), "a sealed list is not renewed");
                    sealed::note(&haven, records, source, &looked).await;
                }
                Ok(looked) => sealed::note(&haven, records, source, &looked).await,
                Err(failure) => tracing::error!(cause = %failure, "a sealed list could not be renewed; it stays"),
            }
        }
    }
}

async fn renew_lists(haven: &Haven, supply: &Arc<Supply>, records: bool) -> Result<(), Failure> {
    let now = haven.now();
    let due = supply.due(now);
    if due.is_empty() && !supply.is_behind() {
        return Ok(());
    }
    // A person is at it: the next round is soon enough.
    let Ok(_held) = supply.shelf.lock() else { return Ok(()) };
    for source in due {
        let outcome = supply.update(source, now).await?;
        match &outcome {
            Update::Failed(why) => tracing::warn!(list = source.name, why, "a source of lists could not be read"),
            Update::Held(concerns) => {
                tracing::error!(list = source.name, ?concerns, "a new edition waits for a person");
                note_lists(haven, records, ListsChange::Held, &source.name, &json!({ "concerns": concerns })).await;
            }
            Update::Good(_) => tracing::info!(list = source.name, what = outcome.sentence(), "a new edition"),
            Update::Unchanged => {}
        }
    }
    // What a person took back stays until a person goes on.
    if supply.shelf.taken_back().is_some() || !supply.is_behind() {
        return Ok(());
    }
    let builder = Arc::clone(supply);
    let built = tokio::task::spawn_blocking(move || builder.put_in_force("renewed by the clock", now)).await;
    let built = built.map_err(|error| Failure::new(error.to_string()))??;
    if let Some(build) = built {
        let detail = json!({ "digest": build.digest, "names": build.names, "urls": build.urls, "why": build.why });
        note_lists(haven, records, ListsChange::InForce, &build.number.to_string(), &detail).await;
    }
    Ok(())
}

async fn note_lists(haven: &Haven, records: bool, change: ListsChange, object: &str, detail: &serde_json::Value) {
    if !records {
        return;
    }
    if let Err(error) = actions::audit::lists_changed(haven, "clock", change, object, detail).await {
        tracing::error!(cause = %error, object, "a change of the lists could not be written down");
    }
}

/// Tells the store which sessions were used, and ends idle ones; a gateway alone leaves the ending to a node with pages.
pub(crate) async fn sessions(haven: Arc<Haven>, people: Arc<People>, ends: bool, stop: CancellationToken) {
    let mut trouble = Trouble::default();
    while !stopped(&stop, Duration::from_secs(USE_EVERY_SECONDS)).await {
        let mut told = people.tell_use().await;
        if ends && told.is_ok() {
            told = actions::identity::end_idle(&haven).await;
        }
        trouble.note("the use of sessions cannot be kept", told);
    }
}

/// Follows the setting by which people move the practice clock.
pub(crate) async fn practice_clock(haven: Arc<Haven>, clock: Arc<Clock>, stop: CancellationToken) {
    let mut trouble = Trouble::default();
    while !stopped(&stop, Duration::from_millis(CLOCK_EVERY_MS)).await {
        trouble.note("the practice clock cannot be read", set_clock(&haven, &clock).await);
    }
}

/// Sets the practice clock as it was last moved.
pub(crate) async fn set_clock(haven: &Haven, clock: &Clock) -> Result<(), ActionError> {
    let kept = store::settings::get(&haven.store, CLOCK_OFFSET_SETTING).await?;
    let minutes = kept.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    clock.set_ahead_us(minutes.saturating_mul(MICROSECONDS_IN_A_MINUTE));
    Ok(())
}
