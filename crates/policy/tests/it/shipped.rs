//! The packs that ship with Haven can be read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::small::shown;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name)
}

fn files(root: &Path, below: &str, into: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            files(root, &format!("{name}/"), into);
        } else {
            into.insert(name.clone(), std::fs::read_to_string(root.join(&name)).unwrap());
        }
    }
}

fn waes() -> policy::Reading {
    let mut texts = BTreeMap::new();
    files(&folder("waes"), "", &mut texts);
    policy::read(&texts)
}

#[test]
fn g01_waes_has_no_error() {
    let reading = waes();
    assert_eq!(shown(&reading.problems), [""; 0]);
    assert!(reading.pack.is_some());
}
