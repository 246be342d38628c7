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
mod database_away;
mod first_start;
mod gate;
mod health;
mod kill_nine;
mod lesson;
mod mail;
mod network_sign_in;
mod pages;
mod people;
mod proof;
mod real_websites;
mod reports;
mod sealed;
mod separation;
mod shared_computer;
