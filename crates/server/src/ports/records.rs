//! Writes what the gateway saw: ordinary records in batches, a record with an alert at once, and its alert raised at once.

use std::sync::Arc;
use std::time::Duration;

use actions::{ActionError, Haven};
use gateway::{Record, Sink};
use store::StoreError;
use store::activity;
use tokio_util::sync::CancellationToken;

/// How long ordinary records are gathered before they are written, in milliseconds.
const GATHER_MS: u64 = 200;
/// Most records in one batch.
const BATCH_LIMIT_RECORDS: usize = 1000;
/// Pause before a batch that could not be written is tried again, in milliseconds.
const AGAIN_AFTER_MS: u64 = 500;
/// How often alerts that were written and not yet raised are looked for, in seconds.
const SWEEP_EVERY_SECONDS: u64 = 10;
/// Most alerts that are raised in one sweep.
const SWEEP_LIMIT: u32 = 200;
/// How long the last records may take to be written after a stop, in seconds.
const LAST_WORDS_SECONDS: u64 = 5;

/// Writes until `stop`, and then what still waits.
pub(crate) async fn write(haven: Arc<Haven>, sink: Arc<Sink>, gateway: String, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = sink.wait() => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = sink.wait_for_alert() => {}
            () = tokio::time::sleep(Duration::from_millis(GATHER_MS)) => {}
        }
        drain(&haven, &sink, &gateway, &stop).await;
    }
    let last = async {
        while sink.waiting() != (0, 0) {
            drain(&haven, &sink, &gateway, &CancellationToken::new()).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(LAST_WORDS_SECONDS), last).await.is_err() {
        tracing::error!("some records could not be written before the stop");
    }
}

async fn drain(haven: &Arc<Haven>, sink: &Sink, gateway: &str, stop: &CancellationToken) {
    let batch = sink.drain(BATCH_LIMIT_RECORDS);
    if batch.lost_records > 0 || batch.lost_alerts > 0 {
        tracing::error!(records = batch.lost_records, alerts = batch.lost_alerts, "records found no room and are lost");
    }
    for record in batch.alerts {
        let record = kept(record);
        insist(haven, gateway, std::slice::from_ref(&record), stop).await;
        raise(haven, &record).await;
    }
    let records: Vec<activity::Record> = batch.records.into_iter().map(kept).collect();
    if !records.is_empty() {
        insist(haven, gateway, &records, stop).await;
    }
}

/// Writes a batch, again and again while the database is away. The same batch written twice is one batch.
async fn insist(haven: &Haven, gateway: &str, records: &[activity::Record], stop: &CancellationToken) {
    let mut told = false;
    loop {
        match activity::insert_batch(&haven.store, gateway, haven.now(), records).await {
            Ok(_) => return,
            Err(error) if error.is_temporary() => {
                if !told && !matches!(error, StoreError::Busy) {
                    tracing::warn!(cause = %error, "records wait for the database");
                    told = true;
                }
            }
            Err(error) => {
                tracing::error!(cause = %error, records = records.len(), "records cannot be written and are lost");
                return;
            }
        }
        if stop.is_cancelled() {
            tracing::error!(records = records.len(), "records could not be written before the stop");
            return;
        }
        tokio::time::sleep(Duration::from_millis(AGAIN_AFTER_MS)).await;
    }
}

/// Raises an alert. If it fails now, the sweep finds it: it stands in the record until it was taken.
async fn raise(haven: &Haven, record: &activity::Record) {
    match actions::alert::raise(haven, record).await {
        Ok(()) => {}
        // Somebody opened the case at the same moment: the second time it is joined.
        Err(ActionError::Conflict) => {
            if let Err(error) = actions::alert::raise(haven, record).await {
                tracing::warn!(cause = %error, "an alert is tried again");
            }
        }
        Err(error) => tracing::warn!(cause = %error, "an alert is tried again"),
    }
}

/// Raises what was written and not raised: after a crash, or while the database was away.
pub(crate) async fn sweep(haven: Arc<Haven>, stop: CancellationToken) {
    loop {
        match activity::alerts_waiting(&haven.store, SWEEP_LIMIT).await {
            Ok(waiting) => {
                for record in waiting {
                    raise(&haven, &record).await;
                }
            }
            Err(error) => tracing::warn!(cause = %error, "waiting alerts cannot be read"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(SWEEP_EVERY_SECONDS)) => {}
        }
    }
}

fn kept(record: Record) -> activity::Record {
    let alert = record.alert.as_ref().and_then(|cue| serde_json::to_string(cue).ok());
    activity::Record {
        reference: record.reference,
        at: record.at,
        person: record.person.id,
        population: record.person.population,
        listener: record.door.listener,
        device: record.door.address.to_string(),
        method: record.method,
        scheme: record.scheme,
        host: record.host,
        path: record.path,
        search: record.search,
        action: crate::commands::word(record.action).to_owned(),
        codes: record.codes,
        rule: record.rule,
        citation: record.citation,
        citation_text: record.citation_text,
        reason: record.reason,
        list: record.list,
        navigation: record.navigation,
        pack_digest: record.pack_digest,
        lists_digest: record.lists_digest,
        alert,
        how: record.person.how,
        session: record.person.session,
    }
}
