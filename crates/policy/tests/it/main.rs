//! Tests of the policy crate against a small pack, each fault with its exact line, and against the packs that ship with Haven.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod linting;
mod proving;
mod reading;
mod shipped;
mod small;
mod time;
