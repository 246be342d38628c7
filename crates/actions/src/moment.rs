//! The real clock and real randomness, handed in by `server`, so that tests can move the one and seed the other.

use jiff::Timestamp;

/// Where time and chance come from (invariant 7).
pub trait Moment: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
    fn fill_random(&self, bytes: &mut [u8]);
}
