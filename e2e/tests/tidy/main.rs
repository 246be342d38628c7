//! The rules of the house that no compiler knows: who may know whom, what stands where, and that the papers tell the truth.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a rule that cannot be looked up must fail as loudly as one that is broken"
)]

mod code;
mod house;
mod papers;
mod rooms;
