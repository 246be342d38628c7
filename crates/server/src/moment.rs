//! The real clock and real randomness, which no other part of Haven reads for itself (invariant 7).

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The machine's clock; in practice it can be moved on, and never on real data.
pub(crate) struct Clock {
    ahead_us: AtomicI64,
    practice: bool,
}

impl Clock {
    /// A clock that always tells the machine's time.
    pub(crate) fn real() -> Self {
        Self { ahead_us: AtomicI64::new(0), practice: false }
    }

    /// A clock that can be set ahead.
    pub(crate) fn practice() -> Self {
        Self { ahead_us: AtomicI64::new(0), practice: true }
    }

    /// Sets a practice clock so many microseconds ahead of the machine's. A real clock stays as it is.
    pub(crate) fn set_ahead_us(&self, ahead_us: i64) {
        if self.practice {
            self.ahead_us.store(ahead_us, Ordering::Relaxed);
        }
    }

    fn tell(&self) -> Timestamp {
        let real = Timestamp::now();
        let ahead = SignedDuration::from_micros(self.ahead_us.load(Ordering::Relaxed));
        // A practice clock that was moved past the end of time stays at the real one.
        real.checked_add(ahead).unwrap_or(real)
    }
}

/// Fills with the operating system's randomness. Without it nothing may be sealed, so the program ends.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    if let Err(error) = getrandom::getrandom(bytes) {
        crate::say::trouble(format_args!(
            "This machine gives no random numbers ({error}). Haven ends, because it could not keep a secret."
        ));
        std::process::abort();
    }
}

impl gateway::Moment for Clock {
    fn now(&self) -> Timestamp {
        self.tell()
    }

    fn machine_time(&self) -> Timestamp {
        Timestamp::now()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        fill_random(bytes);
    }
}

impl actions::Moment for Clock {
    fn now(&self) -> Timestamp {
        self.tell()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        fill_random(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_clock_cannot_be_moved() {
        let clock = Clock::real();
        clock.set_ahead_us(3_600_000_000);
        assert!(clock.tell().duration_since(Timestamp::now()) < SignedDuration::from_mins(1));
    }

    #[test]
    fn a_practice_clock_can_be_moved() {
        let clock = Clock::practice();
        clock.set_ahead_us(3_600_000_000);
        assert!(clock.tell().duration_since(Timestamp::now()) > SignedDuration::from_mins(59));
        clock.set_ahead_us(i64::MAX);
        assert!(clock.tell().duration_since(Timestamp::now()) < SignedDuration::from_mins(1));
    }

    #[test]
    fn randomness_fills_everything() {
        let mut bytes = [0_u8; 64];
        fill_random(&mut bytes);
        assert!(bytes.iter().any(|byte| *byte != 0));
    }
}
