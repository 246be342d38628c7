//! What the filter promises, tried from outside: decisions, lists, addresses, words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod addresses;
mod decisions;
mod examples;
mod gate;
mod lessons;
mod list_files;
mod list_readers;
mod names;
mod overblock;
mod sample;
mod searches;
mod shipped;
mod timetable;
mod unseen;
mod words;
