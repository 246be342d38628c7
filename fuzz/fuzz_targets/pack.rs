//! A pack that somebody has written: it is in force or refused, and every problem names a line that the file has.
#![no_main]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

/// A sound pack, in which one file is replaced.
static SOUND: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/waes");
    let mut files = BTreeMap::new();
    gather(&root, &root, &mut files);
    files
});

fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    let entries = std::fs::read_dir(folder).expect("the pack is there");
    let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    for path in paths {
        if path.is_dir() {
            gather(root, &path, files);
        } else if let (Ok(name), Ok(text)) = (path.strip_prefix(root), std::fs::read_to_string(&path)) {
            files.insert(name.to_string_lossy().replace('\\', "/"), text);
        }
    }
}

fuzz_target!(|input: (u16, &str)| {
    let (which, text) = input;
    let mut files = SOUND.clone();
    let names: Vec<String> = files.keys().cloned().collect();
    let name = &names[usize::from(which) % names.len()];
    files.insert(name.clone(), text.to_owned());
    let reading = policy::read(&files);
    let lines = text.lines().count().max(1) + 1;
    for problem in reading.problems.iter().filter(|problem| problem.file == *name) {
        assert!(problem.line <= lines, "{problem:?}");
    }
    if let Some(pack) = &reading.pack {
        let _ = policy::lint(pack, jiff::civil::date(2026, 1, 1));
    }
});
