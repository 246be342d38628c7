//! The packs that Haven ships, against the filter: their worked examples hold, with the starter lists alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use filter::decide::check_examples;
use filter::lists::Lists;

/// Every file of a pack folder, by its path inside it.
fn files(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn f01_the_examples_of_every_shipped_pack_hold() {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut tried = 0;
    for entry in std::fs::read_dir(&packs).unwrap() {
        let folder = entry.unwrap().path();
        let mut texts = BTreeMap::new();
        files(&folder, &folder, &mut texts);
        let reading = policy::read(&texts);
        let pack = reading.pack.unwrap_or_else(|| panic!("{}: {:#?}", folder.display(), reading.problems));
        assert!(!pack.examples.is_empty(), "{}", folder.display());
        let problems: Vec<String> =
            check_examples(&Arc::new(pack), &Arc::new(Lists::starter())).iter().map(ToString::to_string).collect();
        assert_eq!(problems, [] as [&str; 0], "{}", folder.display());
        tried += 1;
    }
    assert!(tried > 0);
}
