//! Devices at which nobody signed in, and that met the gate: where they stand, how often, and never what they asked for (S-4).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::ports::Door;

/// Most devices that are remembered; then the one that was silent longest goes.
pub const DENIED_LIMIT_DEVICES: usize = 500;
/// A device that was silent for so long is forgotten, in days.
const FORGOTTEN_AFTER_DAYS: i64 = 14;

/// One device that met the gate and at which nobody has signed in since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeniedDevice {
    pub door: Door,
    /// Requests and tunnels that met the gate.
    pub times: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// Those of this run. Whoever signs in takes the line of their device away with them.
#[derive(Debug, Default)]
pub struct Denied(Mutex<HashMap<Door, (u64, Timestamp, Timestamp)>>);

impl Denied {
    fn lock(&self) -> MutexGuard<'_, HashMap<Door, (u64, Timestamp, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device met the gate.
    pub(crate) fn add(&self, door: &Door, now: Timestamp) {
        let mut all = self.lock();
        if let Some((times, _, last)) = all.get_mut(door) {
            *times = times.saturating_add(1);
            *last = now.max(*last);
            return;
        }
        if all.len() >= DENIED_LIMIT_DEVICES {
            let oldest = now.checked_sub(SignedDuration::from_hours(24 * FORGOTTEN_AFTER_DAYS)).unwrap_or(now);
            all.retain(|_, (_, _, last)| *last >= oldest);
        }
        if all.len() >= DENIED_LIMIT_DEVICES {
            let silent = all.iter().min_by_key(|(_, (_, _, last))| *last).map(|(door, _)| door.clone());
            silent.map(|door| all.remove(&door));
        }
        all.insert(door.clone(), (1, now, now));
    }

    /// Somebody is known there, or the device was registered.
    pub(crate) fn remove(&self, door: &Door) {
        self.lock().remove(door);
    }

    /// All of them, the last first.
    #[must_use]
    pub fn all(&self) -> Vec<DeniedDevice> {
        let lines = self.lock();
        let line = |(door, (times, first, last)): (&Door, &(u64, Timestamp, Timestamp))| DeniedDevice {
            door: door.clone(),
            times: *times,
            first: *first,
            last: *last,
        };
        let mut all: Vec<DeniedDevice> = lines.iter().map(line).collect();
        drop(lines);
        all.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.door.address.cmp(&b.door.address)));
        all
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn f13_of_too_many_devices_the_one_that_was_silent_longest_goes() {
        let denied = Denied::default();
        let door = |number: u16| Door {
            listener: "room".to_owned(),
            address: std::net::Ipv4Addr::from(0x0a14_0000 + u32::from(number)).into(),
        };
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        for number in 0..500 {
            denied.add(&door(number), at(i64::from(number)));
        }
        denied.add(&door(0), at(600));
        denied.add(&door(999), at(601));
        let all = denied.all();
        assert_eq!(all.len(), DENIED_LIMIT_DEVICES);
        assert_eq!((&all[0].door, all[0].times), (&door(999), 1));
        assert_eq!((&all[1].door, all[1].times, all[1].first, all[1].last), (&door(0), 2, at(0), at(600)));
        assert!(all.iter().all(|line| line.door != door(1)));
        denied.remove(&door(0));
        assert_eq!(denied.all().len(), 499);
    }
}
