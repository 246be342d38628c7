//! Devices at which nobody signs in: those that were registered, and those that met the gate (S-6).

use std::collections::BTreeMap;

use jiff::Timestamp;
use policy::Pack;

use super::about::{About, DeviceAbout};
use super::{Light, Part};
use crate::{Haven, words};

/// A registration, as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    pub name: String,
    pub addresses: String,
    /// Title of the group whose rules hold.
    pub group: String,
    /// Title of the post that answers for it.
    pub responsible: String,
    /// Empty for none.
    pub clause: String,
    /// "until 31 December 2026", or empty.
    pub until: String,
    pub ended: bool,
    pub reason: String,
}

/// A device that met the gate and at which nobody has signed in since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeniedRow {
    pub device: String,
    pub listener: String,
    pub times: u64,
    pub first_text: String,
    pub last_text: String,
}

/// Every registration of the gateways that tell, each once.
pub(super) fn registered(haven: &Haven, abouts: &[&About]) -> Vec<DeviceRow> {
    let pack = haven.pack();
    let today = pack.calendar.day_of(haven.now());
    let mut all: Vec<DeviceRow> = Vec::new();
    for device in abouts.iter().flat_map(|about| &about.devices) {
        let row = DeviceRow {
            name: device.name.clone(),
            addresses: device.addresses.join(", "),
            group: pack.group(&device.group).map_or_else(|| device.group.clone(), |group| group.title.clone()),
            responsible: pack.post_title(&device.responsible).to_owned(),
            clause: device.clause.clone(),
            until: device.until.map(|day| format!("until {}", day.strftime("%-d %B %Y"))).unwrap_or_default(),
            ended: device.has_ended(today),
            reason: device.reason.clone(),
        };
        if !all.contains(&row) {
            all.push(row);
        }
    }
    all
}

/// Every device that met the gate, the last first.
pub(super) fn denied(haven: &Haven, abouts: &[&About], now: Timestamp) -> Vec<DeniedRow> {
    let mut sums: BTreeMap<(&str, &str), (u64, Timestamp, Timestamp)> = BTreeMap::new();
    for one in abouts.iter().flat_map(|about| &about.denied) {
        let sum = sums.entry((&one.listener, &one.address)).or_insert((0, one.first, one.last));
        *sum = (sum.0.saturating_add(one.times), sum.1.min(one.first), sum.2.max(one.last));
    }
    let mut all: Vec<_> = sums.into_iter().collect();
    all.sort_by_key(|(_, (_, _, last))| std::cmp::Reverse(*last));
    let calendar = &haven.pack().calendar;
    let row = |((listener, device), (times, first, last)): ((&str, &str), (u64, Timestamp, Timestamp))| DeniedRow {
        device: device.to_owned(),
        listener: listener.to_owned(),
        times,
        first_text: words::moment(calendar, now, first),
        last_text: words::moment(calendar, now, last),
    };
    all.into_iter().map(row).collect()
}

/// Registrations that do not do what they say: ended, or of a group, post or clause that the policy has no more.
pub(super) fn parts(pack: &Pack, about: &About, now: Timestamp) -> Vec<Part> {
    let today = pack.calendar.day_of(now);
    about.devices.iter().filter_map(|device| part(pack, device, device.has_ended(today))).collect()
}

fn part(pack: &Pack, device: &DeviceAbout, ended: bool) -> Option<Part> {
    let (light, sentence) = if ended {
        (
            Light::Soon,
            "Its registration has ended: it meets the gate. Renew it, or take it out of the settings.".to_owned(),
        )
    } else if pack.group(&device.group).is_none() {
        (Light::Wrong, format!("The policy has no group \u{201c}{}\u{201d}, so nothing opens there.", device.group))
    } else if pack.post(&device.responsible).is_none() {
        (
            Light::Wrong,
            format!("The policy has no post \u{201c}{}\u{201d}, so nobody answers for it.", device.responsible),
        )
    } else {
        return None;
    };
    Some(Part { what: format!("Registered device {}", device.name), light, sentence, href: None })
}
