//! Tells what is kept how this node stands and what it counted, so that a page on any machine can show it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actions::Haven;
use actions::health::about::{
    self, About, DEVICES_LIMIT, DeniedAbout, DeviceAbout, DiskAbout, EngineAbout, ListsAbout,
};
use filter::Snapshot;
use filter::device::Devices;
use filter::lists::ListsStat;
use gateway::malware::{Engine, Health};
use gateway::{Counts, Denied, Numbers, Snapshots as _};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::ports::records::Recorder;
use crate::ports::snapshots::InForce;
use crate::say;

/// How often a node tells, in seconds: so much of its numbers a power cut can cost.
const EVERY_SECONDS: u64 = 15;
/// How long the database may take, in seconds.
const ANSWER_LIMIT_SECONDS: u64 = 5;
/// Hours that are kept while the database is away.
const HOURS_LIMIT: usize = 72;
const SECONDS_IN_AN_HOUR: i64 = 3600;

/// What is looked at each time.
pub(crate) struct Seen {
    pub(crate) in_force: Arc<InForce>,
    pub(crate) recorder: Option<Arc<Recorder>>,
    /// None where there is no gateway.
    pub(crate) counted: Option<Counting>,
    /// Folders of which the room is told, with what they are for.
    pub(crate) places: Vec<(&'static str, PathBuf)>,
}

/// What the gateway of this node tells.
pub(crate) struct Counting {
    pub(crate) counts: Arc<Counts>,
    /// What files are scanned with.
    pub(crate) engine: Option<Arc<Engine>>,
    /// Devices at which nobody signed in.
    pub(crate) denied: Arc<Denied>,
    /// Where names are answered by DNS: what each place is called, and its address.
    pub(crate) names: Vec<(String, SocketAddr)>,
}

/// What is registered where nobody can sign in, as it is told.
pub(crate) fn registered(devices: &Devices) -> Vec<DeviceAbout> {
    let told = devices.all.iter().take(DEVICES_LIMIT).map(|one| DeviceAbout {
        name: one.name.clone(),
        addresses: one.networks.iter().map(ToString::to_string).collect(),
        group: one.group.clone(),
        responsible: one.responsible.clone(),
        clause: one.clause.clone(),
        until: one.until,
        reason: one.reason.clone(),
    });
    told.collect()
}

fn denied(denied: &Denied) -> Vec<DeniedAbout> {
    let told = denied.all().into_iter().take(DEVICES_LIMIT).map(|one| DeniedAbout {
        address: one.door.address.to_string(),
        listener: one.door.listener,
        times: one.times,
        first: one.first,
        last: one.last,
    });
    told.collect()
}

/// How the malware engine is.
fn malware(health: &Health) -> EngineAbout {
    let says = if health.reachable {
        let made = health.version.made.map(|made| format!(", signatures of {}", made.date())).unwrap_or_default();
        let last = match health.last_error.as_str() {
            "" => String::new(),
            error => format!(" The last file that was not checked: {error}."),
        };
        let (scanned, found, unchecked) = (health.scanned, health.found, health.unchecked);
        let since = format!("Since the start {scanned} files scanned, {found} found, {unchecked} not checked.");
        format!("{} answers{made}. {since}{last}", health.version.engine)
    } else {
        "It does not answer. For what it should scan, the policy\u{2019}s rule for that holds.".to_owned()
    };
    EngineAbout { name: "Malware scanner".to_owned(), works: health.reachable, says }
}

/// How the doors are at which names are answered. `unanswered` is how many questions found no resolver since they were last
/// told of.
fn names(doors: &[(String, SocketAddr)], numbers: &Numbers, unanswered: u64) -> Vec<EngineAbout> {
    let says = |address: &SocketAddr| {
        if unanswered > 0 {
            let questions = say::count(unanswered, "question", "questions");
            return format!(
                "Open at {address}, but {questions} found no resolver that answers a moment ago. Look at upstream in the settings."
            );
        }
        let (asked, closed) = (say::number(numbers.dns_questions), say::number(numbers.dns_closed));
        format!("Open at {address}. Since the start {asked} questions at all such doors, {closed} names closed.")
    };
    let door = |(name, address): &(String, SocketAddr)| EngineAbout {
        name: format!("Names by DNS, {name}"),
        works: unanswered == 0,
        says: says(address),
    };
    doors.iter().map(door).collect()
}

/// One node's words about itself.
pub(crate) struct Telling {
    haven: Arc<Haven>,
    node: String,
    started_at: Timestamp,
    fixed: About,
    seen: Seen,
    tally: Tally,
    /// Of the lists with this digest; counting them reads all of them.
    lists: Option<(String, ListsStat)>,
    /// Questions for names that found no resolver, as it was last told.
    unanswered: u64,
}

impl Telling {
    pub(crate) fn new(haven: Arc<Haven>, node: String, fixed: About, seen: Seen) -> Self {
        let started_at = haven.now();
        let node = if node.is_empty() { "this machine".to_owned() } else { node };
        Self { haven, node, started_at, fixed, seen, tally: Tally::default(), lists: None, unanswered: 0 }
    }

    /// Tells until `stop`, and once more then.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut trouble = false;
        loop {
            let telling = tokio::time::timeout(Duration::from_secs(ANSWER_LIMIT_SECONDS), self.tell()).await;
            let failed = match telling {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("it took too long".to_owned()),
            };
            if let Some(cause) = failed.as_ref().filter(|_| !trouble) {
                tracing::warn!(cause, "how this node stands cannot be told");
            }
            trouble = failed.is_some();
            if stop.is_cancelled() {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(Duration::from_secs(EVERY_SECONDS)) => {}
            }
        }
    }

    async fn tell(&mut self) -> Result<(), actions::ActionError> {
        self.tally.take(self.numbers(), self.haven.now());
        let about = self.about().await;
        about::tell(&self.haven, &self.node, self.started_at, &about, &self.tally.hours).await?;
        self.tally.told();
        Ok(())
    }

    /// The running numbers by name.
    fn numbers(&self) -> BTreeMap<String, u64> {
        let numbers = self.seen.counted.as_ref().map(|counted| counted.counts.numbers()).unwrap_or_default();
        let mut all: BTreeMap<String, u64> =
            serde_json::to_value(numbers).and_then(serde_json::from_value).unwrap_or_default();
        if let Some(recorder) = &self.seen.recorder {
            let (records, alerts) = recorder.lost();
            all.insert("lost_records".to_owned(), records);
            all.insert("lost_alerts".to_owned(), alerts);
        }
        all
    }

    async fn about(&mut self) -> About {
        let mut about = self.fixed.clone();
        if let Some(snapshot) = self.seen.in_force.current().filter(|_| self.seen.counted.is_some()) {
            about.policy.clone_from(&snapshot.pack.digest);
            about.words = snapshot.words.codes().into_iter().map(str::to_owned).collect();
            about.lists = self.lists(&snapshot).await;
        }
        if let Some(recorder) = &self.seen.recorder {
            let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            let (alerts, batches, records) = recorder.waiting();
            (about.spool_alerts, about.spool_batches, about.waiting_records) =
                (number(alerts), number(batches), number(records));
        }
        if let Some(counted) = &self.seen.counted {
            about.engines = counted.engine.iter().map(|engine| malware(&engine.health())).collect();
            let numbers = counted.counts.numbers();
            let fresh = numbers.dns_upstream_failed.saturating_sub(self.unanswered);
            self.unanswered = numbers.dns_upstream_failed;
            about.engines.extend(names(&counted.names, &numbers, fresh));
            about.denied = denied(&counted.denied);
        }
        let used = if about.pages { store::nodes::size_bytes(&self.haven.store).await.ok() } else { None };
        let places = self.seen.places.iter().enumerate();
        about.disks = places.filter_map(|(at, (what, path))| disk(what, path, used.filter(|_| at == 0))).collect();
        about
    }

    async fn lists(&mut self, snapshot: &Arc<Snapshot>) -> ListsAbout {
        let digest = snapshot.lists.digest.clone();
        if self.lists.as_ref().is_none_or(|(known, _)| *known != digest) {
            let lists = Arc::clone(&snapshot.lists);
            if let Ok(stat) = tokio::task::spawn_blocking(move || lists.stat()).await {
                self.lists = Some((digest.clone(), stat));
            }
        }
        let (names, urls, codes) = match &self.lists {
            Some((_, stat)) => (stat.names, stat.urls, stat.codes.iter().map(|(code, _)| code.clone()).collect()),
            None => (0, 0, Vec::new()),
        };
        let since = self.seen.in_force.lists_since().and_then(moment);
        ListsAbout { name: snapshot.lists.name.clone(), digest, names, urls, since, codes }
    }
}

fn moment(at: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(at).ok()
}

/// The room of the disk on which a folder lies; none if it cannot be told.
fn disk(what: &str, path: &Path, used_bytes: Option<u64>) -> Option<DiskAbout> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(DiskAbout {
        what: what.to_owned(),
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        whole_bytes: found.f_blocks.saturating_mul(found.f_frsize),
        used_bytes,
    })
}

/// What was counted in each hour of this run, made out of numbers that only grow.
#[derive(Debug, Default)]
struct Tally {
    last: BTreeMap<String, u64>,
    hours: BTreeMap<Timestamp, BTreeMap<String, u64>>,
}

impl Tally {
    /// What came since the last time belongs to the hour of now.
    fn take(&mut self, numbers: BTreeMap<String, u64>, now: Timestamp) {
        let second = now.as_second();
        let hour = Timestamp::from_second(second - second.rem_euclid(SECONDS_IN_AN_HOUR)).unwrap_or(now);
        let kept = self.hours.entry(hour).or_default();
        for (name, count) in &numbers {
            let came = count.saturating_sub(self.last.get(name).copied().unwrap_or_default());
            let sum = kept.entry(name.clone()).or_default();
            *sum = sum.saturating_add(came);
        }
        self.last = numbers;
        while self.hours.len() > HOURS_LIMIT {
            self.hours.pop_first();
        }
    }

    /// Everything was written; only the hour that still runs is needed again.
    fn told(&mut self) {
        while self.hours.len() > 1 {
            self.hours.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn numbers(count: u64) -> BTreeMap<String, u64> {
        BTreeMap::from([("decided".to_owned(), count)])
    }

    #[test]
    fn m01_what_was_counted_stands_in_its_hour_and_only_once() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut tally = Tally::default();
        tally.take(numbers(5), at("2026-11-24T09:50:00Z"));
        tally.take(numbers(9), at("2026-11-24T09:59:59Z"));
        tally.take(numbers(12), at("2026-11-24T10:00:01Z"));
        let hours: Vec<u64> = tally.hours.values().map(|hour| hour["decided"]).collect();
        assert_eq!(hours, [9, 3]);
        tally.told();
        tally.take(numbers(13), at("2026-11-24T10:20:00Z"));
        assert_eq!(tally.hours[&at("2026-11-24T10:00:00Z")]["decided"], 4, "the whole hour, however often it is told");
    }

    #[test]
    fn f09_a_door_for_names_without_a_resolver_is_red() {
        let doors = [("hall".to_owned(), SocketAddr::from(([192, 0, 2, 53], 53)))];
        let counted = Numbers { dns_questions: 1_200, dns_closed: 3, ..Numbers::default() };
        let [well] = names(&doors, &counted, 0).try_into().unwrap();
        assert!(well.works && well.says.contains("192.0.2.53:53") && well.says.contains("1,200 questions"), "{well:?}");
        let [ill] = names(&doors, &counted, 2).try_into().unwrap();
        assert!(!ill.works && ill.name == "Names by DNS, hall" && ill.says.contains("2 questions found no"), "{ill:?}");
    }
}
