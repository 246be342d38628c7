//! The story of the first issue, told to the actions themselves: each test runs on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod activity;
mod alerts;
mod attempts;
mod casework;
mod keys;
mod lessons;
mod let_in;
mod local_rules;
mod recovery;
mod reports;
mod sessions;
mod world;
