//! Tests of what is kept, each on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod activity;
mod audit;
mod away;
mod cases;
mod door;
mod keys;
mod people;
mod record;
mod support;
mod work;
