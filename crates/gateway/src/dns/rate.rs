//! How many questions one address may ask in a second, so that one computer cannot crowd out a room.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// Most addresses that are remembered at a time.
const ADDRESSES_LIMIT: usize = 16 * 1024;
/// Questions that may come at once, in seconds of the ordinary rate: a page asks for many names at a time.
const BURST_SECONDS: f64 = 4.0;

/// Counts questions by address; an IPv6 network of one household or room (/64) is one address.
pub(super) struct Rate {
    per_second: f64,
    askers: Mutex<HashMap<IpAddr, Asker>>,
}

struct Asker {
    left: f64,
    at: Instant,
}

impl Rate {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second: f64::from(per_second.max(1)), askers: Mutex::default() }
    }

    /// Whether one more question is answered now.
    pub(super) fn admits(&self, address: IpAddr, now: Instant) -> bool {
        let full = self.per_second * BURST_SECONDS;
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if askers.len() >= ADDRESSES_LIMIT {
            // Whoever has been quiet long enough to be full again is no different from a new one.
            askers.retain(|_, asker| asker.after(now, self.per_second) < full);
        }
        if askers.len() >= ADDRESSES_LIMIT && !askers.contains_key(&one(address)) {
            return false;
        }
        let asker = askers.entry(one(address)).or_insert(Asker { left: full, at: now });
        asker.left = asker.after(now, self.per_second).min(full);
        asker.at = now;
        let admits = asker.left >= 1.0;
        if admits {
            asker.left -= 1.0;
        }
        admits
    }
}

impl Asker {
    fn after(&self, now: Instant, per_second: f64) -> f64 {
        self.left + now.saturating_duration_since(self.at).as_secs_f64() * per_second
    }
}

fn one(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;

    #[test]
    fn f09_a_flood_from_one_address_is_cut_and_others_are_still_answered() {
        let rate = Rate::new(10);
        let now = Instant::now();
        let (one, other) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        assert_eq!((0..100).filter(|_| rate.admits(one, now)).count(), 40);
        assert!(rate.admits(other, now));
        assert!(!rate.admits(one, now));
        assert_eq!((0..100).filter(|_| rate.admits(one, now + Duration::from_secs(1))).count(), 10);
    }
}
