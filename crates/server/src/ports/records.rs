//! Writes what the gateway saw: an alert from the disk at once, and raised at once; ordinary records in batches, by way of the
//! disk while the database is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actions::{ActionError, Haven};
use gateway::{Record, Records, Sink};
use serde::{Deserialize, Serialize};
use store::activity;
use store::vault::Entropy;
use store::{Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::moment::fill_random;
use crate::spool::{Lane, Spool, SpoolError};

/// How long ordinary records are gathered before they are written, in milliseconds.
const GATHER_MS: u64 = 200;
/// Most records in one batch.
const BATCH_LIMIT_RECORDS: usize = 1000;
/// Pause before what could not be written is tried again, in milliseconds.
const AGAIN_AFTER_MS: u64 = 500;
/// How long one write may take before the database counts as away, in seconds.
const WRITE_LIMIT_SECONDS: u64 = 10;
/// How often a write is tried that somebody else's stood in the way of.
const BUSY_TRIES: u32 = 20;
/// Pause between those, in milliseconds.
const BUSY_PAUSE_MS: u64 = 50;
/// Batches that are written before it is looked for alerts again.
const BATCHES_BETWEEN_ALERTS: usize = 10;
/// How often alerts that were written and not yet raised are looked for, in seconds. A gateway on a machine of its own
/// raises none itself.
const SWEEP_EVERY_SECONDS: u64 = 2;
/// Most alerts that are raised in one sweep.
const SWEEP_LIMIT: u32 = 200;
/// How long the last records may take to be written after a stop, in seconds.
const LAST_WORDS_SECONDS: u64 = 5;

/// Who writes records where, and raises their alerts.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) haven: Arc<Haven>,
    /// Whether this node may open cases. A gateway alone may not: a node with pages finds its alerts.
    pub(crate) raises: bool,
}

/// Takes records from the gateway, and hands them on.
pub(crate) struct Recorder {
    sink: Sink,
    spool: Spool,
    /// Each gateway chains its own batches, under its name.
    gateway: String,
    /// The database did not take the last thing that was written.
    away: AtomicBool,
    /// Neither database nor disk takes records: what must be recorded is not opened.
    full: AtomicBool,
    /// Alerts whose place on the disk was refused.
    unspooled: AtomicU64,
    /// Records and alerts that found no room since the start.
    lost_records: AtomicU64,
    lost_alerts: AtomicU64,
    spooled: Notify,
    /// To this key the addresses of hits on sealed lists are sealed (S-9).
    recovery: Option<[u8; 32]>,
}

/// What waits on the disk as one entry, and is written as one batch.
#[derive(Serialize, Deserialize)]
struct Waiting {
    gateway: String,
    records: Vec<activity::Record>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Kept,
    Away,
    /// The database will never take it.
    Never,
}

impl Records for Recorder {
    fn put(&self, record: Record) -> bool {
        if record.alert.is_none() {
            return self.sink.put(record);
        }
        let alert = Waiting { gateway: self.gateway.clone(), records: vec![self.kept(&record)] };
        match self.keep(Lane::Alerts, &alert) {
            Ok(()) => true,
            Err(error) => {
                if self.unspooled.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::error!(cause = %error, "an alert found no place on the disk; what it is about is refused");
                }
                // It waits in memory all the same: the database may be there.
                self.sink.put(record);
                false
            }
        }
    }

    fn room(&self) -> bool {
        !self.full.load(Ordering::Relaxed) && self.sink.room()
    }

    fn count_gate(&self) {
        self.sink.count_gate();
    }
}

impl Recorder {
    pub(crate) fn new(sink: Sink, spool: Spool, gateway: String, recovery: Option<[u8; 32]>) -> Self {
        Self {
            sink,
            spool,
            gateway,
            away: AtomicBool::new(false),
            full: AtomicBool::new(false),
            unspooled: AtomicU64::new(0),
            lost_records: AtomicU64::new(0),
            lost_alerts: AtomicU64::new(0),
            spooled: Notify::new(),
            recovery,
        }
    }

    /// Records and alerts that found no room since the start.
    pub(crate) fn lost(&self) -> (u64, u64) {
        (self.lost_records.load(Ordering::Relaxed), self.lost_alerts.load(Ordering::Relaxed))
    }

    /// What waits: alerts and batches on the disk, records in memory.
    pub(crate) fn waiting(&self) -> (usize, usize, usize) {
        let (alerts, batches) = self.spool.waiting();
        let (urgent, records) = self.sink.waiting();
        (alerts.saturating_add(urgent), batches, records)
    }

    /// A record as it is written anywhere. Of a hit on a sealed list it has everything but the address.
    fn kept(&self, record: &Record) -> activity::Record {
        let mut kept = kept(record);
        if kept.is_sealed() {
            let address = format!("{}://{}{}", record.scheme, record.host, record.path);
            let mut random = Entropy(fill_random);
            kept.path = actions::sealed_hit::seal(&mut random, self.recovery.as_ref(), &record.reference, &address);
            activity::SEALED_HOST.clone_into(&mut kept.host);
            kept.search.clear();
        }
        kept
    }

    fn keep(&self, lane: Lane, waiting: &Waiting) -> Result<(), SpoolError> {
        let plain = serde_json::to_vec(waiting).map_err(|_| SpoolError::Sealing)?;
        blocking(|| self.spool.keep(lane, &plain))?;
        self.spooled.notify_one();
        Ok(())
    }

    /// Writes until `stop`, and then what still waits: into the database, or at least onto the disk.
    pub(crate) async fn write(self: Arc<Self>, desk: Desk, stop: CancellationToken) {
        tokio::join!(self.empty_memory(&desk, &stop), self.empty_disk(&desk, &stop));
    }

    /// Memory to database, or to disk while the database is away.
    async fn empty_memory(&self, desk: &Desk, stop: &CancellationToken) {
        let mut told = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.sink.wait() => {}
            }
            // A batch that is full already waits for nothing: else no more than some thousands a second would be written.
            if self.sink.waiting().1 < BATCH_LIMIT_RECORDS {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.sink.wait_for_alert() => {}
                    () = tokio::time::sleep(Duration::from_millis(GATHER_MS)) => {}
                }
            }
            let placed = self.drain(desk).await;
            self.full.store(!placed, Ordering::Relaxed);
            if !placed {
                if !told {
                    tracing::error!(
                        "neither the database nor the disk takes records; what must be recorded is refused"
                    );
                }
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(Duration::from_millis(AGAIN_AFTER_MS)) => {}
                }
            }
            told = !placed;
        }
        let last = async {
            while self.sink.waiting() != (0, 0) && self.drain(desk).await {}
            self.sink.waiting() == (0, 0)
        };
        if tokio::time::timeout(Duration::from_secs(LAST_WORDS_SECONDS), last).await != Ok(true) {
            let (alerts, records) = self.sink.waiting();
            tracing::error!(alerts, records, "records found no place before the stop and are lost");
        }
    }

    /// Finds a place for everything in memory. False if there is none; then it stays.
    async fn drain(&self, desk: &Desk) -> bool {
        let batch = self.sink.drain(BATCH_LIMIT_RECORDS);
        self.lost_records.fetch_add(batch.lost_records, Ordering::Relaxed);
        self.lost_alerts.fetch_add(batch.lost_alerts, Ordering::Relaxed);
        if batch.lost_records > 0 || batch.lost_alerts > 0 {
            tracing::error!(
                records = batch.lost_records,
                alerts = batch.lost_alerts,
                "records found no room and are lost"
            );
        }
        let mut placed = true;
        for alert in batch.alerts {
            if !self.place(desk, Lane::Alerts, vec![self.kept(&alert)]).await {
                self.sink.put(alert);
                placed = false;
            }
        }
        if !batch.records.is_empty() {
            let records = batch.records.iter().map(|record| self.kept(record)).collect();
            if !self.place(desk, Lane::Records, records).await {
                self.sink.put_back(batch.records);
                placed = false;
            }
        }
        placed
    }

    async fn place(&self, desk: &Desk, lane: Lane, records: Vec<activity::Record>) -> bool {
        let waiting = Waiting { gateway: self.gateway.clone(), records };
        if !self.away.load(Ordering::Relaxed) && self.settle(desk, lane, &waiting).await {
            return true;
        }
        // Away, or refused for good: the disk keeps it. Without the disk, the database is asked once more.
        match self.keep(lane, &waiting) {
            Ok(()) => true,
            Err(_) => self.settle(desk, lane, &waiting).await,
        }
    }

    async fn settle(&self, desk: &Desk, lane: Lane, waiting: &Waiting) -> bool {
        let kept = self.enter(desk, waiting).await == Written::Kept;
        if kept && lane == Lane::Alerts {
            self.raise(desk, waiting).await;
        }
        kept
    }

    /// Disk to database, oldest first and alerts before everything else.
    async fn empty_disk(&self, desk: &Desk, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let more = self.replay(desk).await;
            if more && !self.away.load(Ordering::Relaxed) {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.spooled.notified(), if !more => {}
                () = tokio::time::sleep(Duration::from_millis(AGAIN_AFTER_MS)), if more => {}
            }
        }
        let last = async {
            let mut more = true;
            while more && !self.away.load(Ordering::Relaxed) {
                more = self.replay(desk).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(LAST_WORDS_SECONDS), last).await;
        let (alerts, batches) = self.spool.waiting();
        if alerts > 0 || batches > 0 {
            tracing::warn!(alerts, batches, "records wait on the disk for the next start");
        }
    }

    /// Writes what waits on the disk, up to a few batches. True if something still waits.
    async fn replay(&self, desk: &Desk) -> bool {
        while self.next(desk, Lane::Alerts).await {}
        let mut batches = 0;
        while batches < BATCHES_BETWEEN_ALERTS && self.next(desk, Lane::Records).await {
            batches += 1;
        }
        self.spool.waiting() != (0, 0)
    }

    /// Writes the oldest entry of a lane. False if there is none or the database is away.
    async fn next(&self, desk: &Desk, lane: Lane) -> bool {
        let Some((place, plain)) = blocking(|| self.spool.first(lane)) else { return false };
        let Ok(waiting) = serde_json::from_slice::<Waiting>(&plain) else {
            tracing::error!("an entry of the spool is of another Haven; it stays on the disk");
            self.spool.set_aside(place);
            return true;
        };
        match self.enter(desk, &waiting).await {
            Written::Away => return false,
            Written::Never => {
                tracing::error!(records = waiting.records.len(), "the database refuses records; they stay on the disk");
                self.spool.set_aside(place);
            }
            Written::Kept => {
                blocking(|| self.spool.done(place));
                if lane == Lane::Alerts {
                    self.raise(desk, &waiting).await;
                }
            }
        }
        true
    }

    async fn enter(&self, desk: &Desk, waiting: &Waiting) -> Written {
        let written = enter(desk, waiting).await;
        let away = written == Written::Away;
        if self.away.swap(away, Ordering::Relaxed) != away {
            if away {
                tracing::warn!("the database is away; records wait on the disk");
            } else {
                tracing::info!("the database is there again");
            }
        }
        written
    }

    async fn raise(&self, desk: &Desk, waiting: &Waiting) {
        for record in waiting.records.iter().filter(|_| desk.raises) {
            raise(&desk.haven, record).await;
        }
    }
}

/// Writes one batch. The same batch written twice is one batch; a record that is there already is not written again.
async fn enter(desk: &Desk, waiting: &Waiting) -> Written {
    match insert(desk, &waiting.gateway, &waiting.records).await {
        Written::Never if waiting.records.len() > 1 => {}
        other => return other,
    }
    // Something in it is there already, or cannot be written: the others must not wait for it.
    let mut whole = Written::Kept;
    for record in &waiting.records {
        match insert(desk, &waiting.gateway, std::slice::from_ref(record)).await {
            Written::Away => return Written::Away,
            Written::Never => whole = Written::Never,
            Written::Kept => {}
        }
    }
    whole
}

async fn insert(desk: &Desk, gateway: &str, records: &[activity::Record]) -> Written {
    for _ in 0..BUSY_TRIES {
        match insert_once(&desk.haven.store, gateway, desk.haven.now(), records).await {
            Ok(()) => return Written::Kept,
            Err(StoreError::Busy | StoreError::Conflict) => {
                tokio::time::sleep(Duration::from_millis(BUSY_PAUSE_MS)).await;
            }
            // One record by itself that is there already: by whatever way it came, it is kept.
            Err(StoreError::Duplicate(_)) if records.len() == 1 => return Written::Kept,
            Err(error @ (StoreError::Away(_) | StoreError::Unreadable(_) | StoreError::Newer { .. })) => {
                tracing::debug!(cause = %error, "records wait");
                return Written::Away;
            }
            Err(error) => {
                tracing::warn!(cause = %error, records = records.len(), "a batch could not be written as it is");
                return Written::Never;
            }
        }
    }
    Written::Away
}

async fn insert_once(
    store: &Store,
    gateway: &str,
    at: jiff::Timestamp,
    records: &[activity::Record],
) -> Result<(), StoreError> {
    let writing = activity::insert_batch(store, gateway, at, records);
    match tokio::time::timeout(Duration::from_secs(WRITE_LIMIT_SECONDS), writing).await {
        Ok(written) => written.map(|_| ()),
        Err(_) => Err(StoreError::Away("it took too long".to_owned())),
    }
}

/// Work that waits for the disk, without keeping other connections of the same thread waiting.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
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

fn kept(record: &Record) -> activity::Record {
    let alert = record.alert.as_ref().and_then(|cue| serde_json::to_string(cue).ok());
    activity::Record {
        reference: record.reference.clone(),
        at: record.at,
        person: record.person.id.clone(),
        population: record.person.population.clone(),
        listener: record.door.listener.clone(),
        device: record.door.address.to_string(),
        method: record.method.clone(),
        scheme: record.scheme.clone(),
        host: record.host.clone(),
        path: record.path.clone(),
        search: record.search.clone(),
        action: crate::commands::word(record.action).to_owned(),
        codes: record.codes.clone(),
        rule: record.rule.clone(),
        citation: record.citation.clone(),
        citation_text: record.citation_text.clone(),
        reason: record.reason.clone(),
        list: record.list.clone(),
        navigation: record.navigation,
        pack_digest: record.pack_digest.clone(),
        lists_digest: record.lists_digest.clone(),
        alert,
        how: record.person.how.clone(),
        session: record.person.session.clone(),
    }
}
