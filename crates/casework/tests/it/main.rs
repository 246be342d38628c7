//! Tests of the casework crate: each named after the control or rule it proves, mostly on the pack of `packs/waes`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod chain;
mod concerns;
mod conflicts;
mod deadlines;
mod letters;
mod referrals;
mod rights;
mod routes;
mod steps;
mod walks;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use jiff::Timestamp;
use policy::{Pack, Procedure};

/// The shipped pack, read once.
fn waes() -> &'static Pack {
    static PACK: OnceLock<Pack> = OnceLock::new();
    PACK.get_or_init(|| policy::read(&files()).pack.expect("packs/waes comes into force"))
}

fn files() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/waes");
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                folders.push(format!("{name}/"));
            } else {
                files.insert(name.clone(), std::fs::read_to_string(root.join(&name)).unwrap());
            }
        }
    }
    files
}

fn procedure(id: &str) -> &'static Procedure {
    waes().procedure(id).unwrap()
}

/// A Tuesday morning in term.
fn morning() -> Timestamp {
    "2023-11-21T09:30:00Z".parse().unwrap()
}
