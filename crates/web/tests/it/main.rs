//! The pages as a browser meets them, over real actions on a fresh SQLite store: headers, cookies, forms, errors, the gate
//! and the whole of a case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cases;
mod gate;
mod house;
mod reports;
mod safety;
