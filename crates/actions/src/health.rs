//! How the filter stands: what the Head of IT looks at every day. Numbers of the whole organisation, with the day since when.

pub mod about;
mod devices;
pub mod gaps;

use std::collections::BTreeMap;

use casework::access;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::json;
use store::nodes::Hour;

use crate::audit::{EntryWith, entry};
use crate::session::Session;
use crate::unit::in_unit;
use crate::{ActionError, Haven, words};

pub use about::{
    About, AccountsAbout, DEVICES_LIMIT, DeniedAbout, DeviceAbout, DiskAbout, EngineAbout, ListenerAbout, ListsAbout,
};
pub use devices::{DeniedRow, DeviceRow};
pub use gaps::Gap;

/// A node that has not spoken for so long counts as silent, in seconds.
pub const SILENT_AFTER_SECONDS: i64 = 120;
/// A node that has been silent for so long is no longer shown, in days.
const FORGOTTEN_AFTER_DAYS: i64 = 14;
/// Sites and kinds shown among those that were not opened most.
const TOP_LIMIT: u32 = 10;
/// From when on the end of the authority is said, and from when on it is red, in days.
const AUTHORITY_SOON_DAYS: i64 = 90;
const AUTHORITY_LATE_DAYS: i64 = 30;
/// From when on lists count as old, in days.
const LISTS_OLD_DAYS: i64 = 14;
/// Below this share of the disk, in per cent, somebody should look; below this number of bytes something is wrong.
const ROOM_LEAST_PER_CENT: u64 = 5;
const ROOM_LEAST_BYTES: u64 = 2_000_000_000;

/// How a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Light {
    Good,
    /// Somebody should look at it soon.
    Soon,
    /// Something is wrong now.
    Wrong,
}

/// One part of the filter, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub what: String,
    pub light: Light,
    pub sentence: String,
    /// Where to go on.
    pub href: Option<&'static str>,
}

/// A number of today and what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    pub count: u64,
    pub what: &'static str,
    /// Something is wrong when it is not 0.
    pub bad: bool,
}

/// A site or kind of site that was not opened, how often, and the events behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Top {
    pub what: String,
    pub count: u64,
}

#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Wrong first.
    pub parts: Vec<Part>,
    pub numbers: Vec<Number>,
    /// "today, 12:00am", or since when there are numbers.
    pub since: String,
    /// Whether there are numbers at all.
    pub counted: bool,
    /// When gateways were started today: what they counted before stands in the numbers all the same.
    pub restarts: Vec<String>,
    pub shares: Shares,
    pub top_sites: Vec<Top>,
    pub top_codes: Vec<Top>,
    /// The day of the numbers, `2026-11-24`.
    pub day: String,
    pub gaps: Vec<Gap>,
    /// What is registered where nobody can sign in.
    pub devices: Vec<DeviceRow>,
    /// Devices that met the gate, and at which nobody has signed in since.
    pub denied: Vec<DeniedRow>,
}

/// How what was asked for today came by: what was read, and what passed unread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shares {
    pub plain: u64,
    pub inspected: u64,
    pub unopened: u64,
}

impl Shares {
    /// Of a hundred, how many could be read.
    #[must_use]
    pub fn seen_per_cent(&self) -> Option<u64> {
        let seen = self.plain.saturating_add(self.inspected);
        seen.saturating_mul(100).checked_div(seen.saturating_add(self.unopened))
    }
}

/// How the filter stands now. Leaves an entry, because it tells what was not opened today.
pub async fn health(haven: &Haven, session: &Session) -> Result<Health, ActionError> {
    let pack = haven.pack();
    let permit = access::organisation(&pack, &session.asker(), "filter.read", "filter")?;
    let now = haven.now();
    let day = pack.calendar.day_of(now);
    let midnight = day.to_zoned(pack.calendar.zone.clone()).map_or(now, |start| start.timestamp());
    let nodes = nodes(haven, now).await?;
    let hours = store::nodes::hours_since(&haven.store, midnight).await?;
    let me = session.person.id.as_str();
    let sites = store::activity::blocked_sites(&haven.store, me, midnight, now, TOP_LIMIT).await?;
    let codes = store::activity::blocked_codes(&haven.store, me, midnight, now).await?;
    let told = match pack.monitoring_notice() {
        Some(notice) => store::agreements::told(&haven.store, &notice.id, &notice.digest).await?,
        None => Vec::new(),
    };
    in_unit!(haven, unit => {
        let made = entry(now, me, "filter.health", "filter", &json!({}));
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(())
    })?;
    let sum = sum(&hours);
    let mut parts = mail(haven).await?;
    parts.extend(nodes.iter().flat_map(|node| node.parts(haven, now)));
    parts.extend(same_policy(&nodes));
    parts.push(crate::retention::part(haven));
    parts.extend(crate::checks::parts(haven).await?);
    parts.sort_by_key(|part| std::cmp::Reverse(part.light));
    let abouts: Vec<&About> = nodes.iter().map(|node| &node.about).collect();
    Ok(Health {
        parts,
        numbers: numbers(&sum),
        since: since(haven, now, midnight, &hours),
        counted: !hours.is_empty(),
        restarts: restarts(haven, now, midnight, &hours),
        shares: Shares {
            plain: get(&sum, "plain"),
            inspected: get(&sum, "inspected"),
            unopened: get(&sum, "unopened"),
        },
        top_sites: sites.into_iter().map(|(what, count)| Top { what, count }).collect(),
        top_codes: by_code(codes),
        day: day.to_string(),
        gaps: gaps::gaps(&pack, &abouts, &told),
        devices: devices::registered(haven, &abouts),
        denied: devices::denied(haven, &abouts, now),
    })
}

/// Whether something about the filter is wrong now: for the page Today.
pub(crate) async fn wrong(haven: &Haven) -> Result<Vec<Part>, ActionError> {
    let now = haven.now();
    let nodes = nodes(haven, now).await?;
    let mut parts: Vec<Part> = nodes.iter().flat_map(|node| node.parts(haven, now)).collect();
    parts.extend(crate::checks::parts(haven).await?);
    parts.retain(|part| part.light == Light::Wrong);
    Ok(parts)
}

/// Nodes that have listeners and are not silent.
pub(crate) async fn listening(haven: &Haven) -> Result<Vec<String>, ActionError> {
    let now = haven.now();
    let nodes = nodes(haven, now).await?.into_iter();
    Ok(nodes.filter(|node| !node.is_silent(now) && !node.about.listeners.is_empty()).map(|node| node.name).collect())
}

struct Known {
    name: String,
    at: Timestamp,
    about: About,
}

async fn nodes(haven: &Haven, now: Timestamp) -> Result<Vec<Known>, ActionError> {
    let oldest = now.checked_sub(SignedDuration::from_hours(24 * FORGOTTEN_AFTER_DAYS)).unwrap_or(now);
    let found = store::nodes::all(&haven.store).await?.into_iter().filter(|node| node.at >= oldest);
    Ok(found
        .map(|node| Known {
            name: node.node,
            at: node.at,
            about: serde_json::from_str(&node.about).unwrap_or_default(),
        })
        .collect())
}

impl Known {
    fn is_silent(&self, now: Timestamp) -> bool {
        now.as_second().saturating_sub(self.at.as_second()) > SILENT_AFTER_SECONDS
    }

    fn parts(&self, haven: &Haven, now: Timestamp) -> Vec<Part> {
        let calendar = &haven.pack().calendar;
        let at = |at: Timestamp| words::moment(calendar, now, at);
        let part = |what: String, light, sentence: String| Part { what, light, sentence, href: None };
        if self.is_silent(now) {
            let sentence = format!("It has said nothing since {}. Look whether it runs.", at(self.at));
            return vec![part(self.name.clone(), Light::Wrong, sentence)];
        }
        let about = &self.about;
        let mut all = Vec::new();
        for listener in &about.listeners {
            let (light, how) = match listener.known_by.as_str() {
                "" => (Light::Soon, "Nobody can be known here, so nothing but help opens.".to_owned()),
                how => (Light::Good, format!("People are known by {how}.")),
            };
            all.push(part(
                format!("Listener {}", listener.name),
                light,
                format!("Open at {}. {how}", listener.address),
            ));
        }
        if !about.listeners.is_empty() {
            all.push(lists_part(haven, about, now, &at));
            all.extend(authority_part(about, now, &at));
            all.push(waiting_part(about));
            all.extend(accounts_parts(about));
            all.extend(devices::parts(&haven.pack(), about, now));
        }
        all.extend(about.engines.iter().map(|engine| {
            let light = if engine.works { Light::Good } else { Light::Wrong };
            part(engine.name.clone(), light, engine.says.clone())
        }));
        all.extend(about.disks.iter().map(|disk| disk_part(&self.name, disk)));
        all
    }
}

fn lists_part(haven: &Haven, about: &About, now: Timestamp, at: &dyn Fn(Timestamp) -> String) -> Part {
    let lists = &about.lists;
    let held = format!("{} names and {} addresses", words::number(lists.names), words::number(lists.urls));
    let (light, sentence) = match lists.since {
        None => {
            let light = if haven.mode == crate::Mode::Practice { Light::Soon } else { Light::Wrong };
            (light, format!("Only Haven\u{2019}s own starter lists are in force: {held}. They are not enough."))
        }
        Some(since) if now.duration_since(since) > SignedDuration::from_hours(24 * LISTS_OLD_DAYS) => {
            (Light::Soon, format!("{held}. They are of {}, and so older than two weeks.", at(since)))
        }
        Some(since) => (Light::Good, format!("{held}, of {}.", at(since))),
    };
    Part { what: "Block lists".to_owned(), light, sentence, href: Some("/lists") }
}

fn authority_part(about: &About, now: Timestamp, at: &dyn Fn(Timestamp) -> String) -> Option<Part> {
    let until = about.authority_until?;
    let days = until.duration_since(now).as_hours() / 24;
    let (light, sentence) = match days {
        _ if until <= now => (Light::Wrong, format!("It ended {}: no encrypted site can be opened.", at(until))),
        _ if days <= AUTHORITY_LATE_DAYS => {
            (Light::Wrong, format!("It ends in {days} days. Give computers a new one now."))
        }
        _ if days <= AUTHORITY_SOON_DAYS => (Light::Soon, format!("It ends in {days} days. Plan a new one.")),
        _ => (Light::Good, format!("Good for {days} days more.")),
    };
    Some(Part { what: "Certificate of inspection".to_owned(), light, sentence, href: Some("/certificate") })
}

/// Whether accounts of other organisations can be used.
fn accounts_parts(about: &About) -> Vec<Part> {
    let part = |suite: &str, sentence: String| Part {
        what: format!("{suite} accounts"),
        light: Light::Good,
        sentence,
        href: None,
    };
    if about.accounts.is_empty() {
        return vec![part("Microsoft and Google", "Accounts of any organisation can sign in.".to_owned())];
    }
    let where_seen = "This is so where connections are looked into.";
    about.accounts.iter().map(|one| part(&one.suite, format!("{} {where_seen}", one.says))).collect()
}

/// Who may sign in at a website, as the gateways say it; none if it is no sign-in of a suite that can be limited.
///
/// # Errors
/// As the database gives them.
pub async fn accounts_at(haven: &Haven, host: &str) -> Result<Option<String>, ActionError> {
    let Some(suite) = filter::tenants::Suite::of(host) else { return Ok(None) };
    let nodes = nodes(haven, haven.now()).await?;
    let mut says: Vec<String> = nodes
        .into_iter()
        .filter(|node| !node.about.listeners.is_empty())
        .map(|node| {
            let found = node.about.accounts.into_iter().find(|one| one.suite == suite.name());
            found.map_or_else(|| "Accounts of any organisation can sign in.".to_owned(), |one| one.says)
        })
        .collect();
    says.sort();
    says.dedup();
    Ok((!says.is_empty()).then(|| says.join(" On another gateway: ")))
}

fn waiting_part(about: &About) -> Part {
    let waits = about.spool_alerts.saturating_add(about.spool_batches);
    let (light, sentence) = if waits == 0 {
        (Light::Good, "Written as they come. Nothing waits on the disk.".to_owned())
    } else {
        let (alerts, batches) = (words::number(about.spool_alerts), words::number(about.spool_batches));
        (Light::Soon, format!("{alerts} alerts and {batches} batches wait on the disk until the database takes them."))
    };
    Part { what: "Records".to_owned(), light, sentence, href: None }
}

fn disk_part(node: &str, disk: &DiskAbout) -> Part {
    let little = disk.free_bytes.saturating_mul(100) < disk.whole_bytes.saturating_mul(ROOM_LEAST_PER_CENT);
    let used = disk.used_bytes.map(|used| format!(" Haven\u{2019}s data takes {}.", bytes(used))).unwrap_or_default();
    let sentence = format!("{} of {} free.{used}", bytes(disk.free_bytes), bytes(disk.whole_bytes));
    let (light, sentence) = match disk.free_bytes {
        0..ROOM_LEAST_BYTES => (Light::Wrong, format!("{sentence} Make room, or records find no place.")),
        _ if little => (Light::Soon, sentence),
        _ => (Light::Good, sentence),
    };
    Part { what: format!("Disk for {}, {node}", disk.what), light, sentence, href: None }
}

/// Gateways that decide by different policies at the same moment.
fn same_policy(nodes: &[Known]) -> Option<Part> {
    let mut digests: Vec<&str> =
        nodes.iter().map(|node| node.about.policy.as_str()).filter(|digest| !digest.is_empty()).collect();
    digests.sort_unstable();
    digests.dedup();
    (digests.len() > 1).then(|| Part {
        what: "Policy".to_owned(),
        light: Light::Soon,
        sentence:
            "Not every gateway has the same policy yet. A change takes a second; if this stays, look at their logs."
                .to_owned(),
        href: None,
    })
}

async fn mail(haven: &Haven) -> Result<Vec<Part>, ActionError> {
    let trouble = crate::mail::trouble(haven, None).await?;
    let (light, sentence) = match trouble {
        Some(since) => (Light::Wrong, format!("Mail has not left since {since}. We go on trying.")),
        None => (Light::Good, "No mail waits in vain.".to_owned()),
    };
    Ok(vec![Part { what: "Mail".to_owned(), light, sentence, href: None }])
}

fn sum(hours: &[Hour]) -> BTreeMap<String, u64> {
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    for (name, count) in hours.iter().flat_map(|hour| &hour.numbers) {
        let kept = all.entry(name.clone()).or_default();
        *kept = kept.saturating_add(*count);
    }
    all
}

fn get(sum: &BTreeMap<String, u64>, name: &str) -> u64 {
    sum.get(name).copied().unwrap_or_default()
}

fn numbers(sum: &BTreeMap<String, u64>) -> Vec<Number> {
    let number = |name: &str, what, bad| Number { count: get(sum, name), what, bad };
    vec![
        number("decided", "requests and tunnels decided", false),
        number("blocked", "not opened, pages and parts of pages", false),
        number("for_device", "of those decided, at registered devices where nobody is known", false),
        number("gated", "met the access gate", false),
        number("lost_records", "records lost for lack of room", true),
        number("lost_alerts", "alerts lost", true),
        number("unrecorded", "requests that could not be recorded", true),
        number("scan_failed", "answers whose words could not be read", true),
        number("unknown_protocol", "tunnels that spoke neither web nor TLS", false),
        number("other_names", "tunnels used for another site than they were opened for", false),
        number("pinned_or_ca_missing", "connections that refused our certificate", false),
        number("upstream_certificate", "websites with a wrong certificate", false),
        number("upstream_failed", "websites that did not answer", false),
        number("connections_refused", "connections over the limit of one address", true),
        number("no_snapshot", "refused because no policy was in force", true),
    ]
}

/// Since when the numbers are whole: midnight, or the first hour that was counted at all.
fn since(haven: &Haven, now: Timestamp, midnight: Timestamp, hours: &[Hour]) -> String {
    let first = hours.iter().map(|hour| hour.hour.max(hour.run)).min().unwrap_or(now).max(midnight);
    let hour_later = midnight.checked_add(1.hours()).unwrap_or(midnight);
    let shown = if first < hour_later { midnight } else { first };
    words::moment(&haven.pack().calendar, now, shown)
}

fn restarts(haven: &Haven, now: Timestamp, midnight: Timestamp, hours: &[Hour]) -> Vec<String> {
    let mut runs: Vec<(Timestamp, &str)> =
        hours.iter().filter(|hour| hour.run >= midnight).map(|hour| (hour.run, hour.node.as_str())).collect();
    runs.sort_unstable();
    runs.dedup();
    let calendar = &haven.pack().calendar;
    runs.into_iter().map(|(run, node)| format!("{node} was started {}", words::moment(calendar, now, run))).collect()
}

/// Each code with how often it was the reason, most first.
fn by_code(found: Vec<(Vec<String>, u64)>) -> Vec<Top> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (codes, count) in found {
        for code in codes {
            let kept = counts.entry(code).or_default();
            *kept = kept.saturating_add(count);
        }
    }
    let mut all: Vec<Top> = counts.into_iter().map(|(what, count)| Top { what, count }).collect();
    all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.what.cmp(&b.what)));
    all.truncate(usize::try_from(TOP_LIMIT).unwrap_or(usize::MAX));
    all
}

/// "12.4 GB", "310 MB".
fn bytes(count: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", count / unit, count % unit * 10 / unit);
    match count {
        0..1_000_000 => format!("{} kB", count / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", count / 1_000_000),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}
