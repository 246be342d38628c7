//! The journeys: real people's ways through the real program, in a real browser, on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "tests"
)]

mod alert;
mod bad_input;
mod browsing;
mod casework;
mod gate;
mod kill_nine;
mod people;
mod proof;
mod reports;
mod separation;
