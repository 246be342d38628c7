//! The program itself, started as people start it: what it says, and with which number it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::print_stderr, reason = "a test on two databases says which one it is on")]

mod apart;
mod commands;
mod demo;
mod devices;
mod office;
mod record;
mod recovery;
mod refusals;
mod run;
mod running;
mod sealed;
mod supply;
