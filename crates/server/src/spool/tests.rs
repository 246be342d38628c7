//! Tests of the spool: what waits comes back once, in order, sealed; what was cut or altered is said; nothing grows for ever.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn open(folder: &Path) -> (Spool, Left) {
    Spool::open(folder, LIMIT_MIN_MB).unwrap()
}

fn all(spool: &Spool, lane: Lane) -> Vec<String> {
    let mut all = Vec::new();
    while let Some((place, plain)) = spool.first(lane) {
        all.push(String::from_utf8(plain.to_vec()).unwrap());
        spool.done(place);
    }
    all
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    all.sort();
    all
}

#[test]
fn m01_what_waits_comes_back_in_order_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, left) = open(folder.path());
    assert_eq!(left, Left::default());
    for number in 0..5 {
        spool.keep(Lane::Records, format!("r{number}").as_bytes()).unwrap();
        spool.keep(Lane::Alerts, format!("a{number}").as_bytes()).unwrap();
    }
    assert_eq!(spool.waiting(), (5, 5));
    let (place, _) = spool.first(Lane::Alerts).unwrap();
    spool.done(place);
    drop(spool);
    let (spool, left) = open(folder.path());
    // What was written before the end is written once more: the database knows it by its reference.
    assert_eq!((left.alerts, left.batches, left.cut, left.altered), (5, 5, 0, 0));
    assert_eq!(all(&spool, Lane::Alerts), ["a0", "a1", "a2", "a3", "a4"]);
    assert_eq!(all(&spool, Lane::Records), ["r0", "r1", "r2", "r3", "r4"]);
    assert!(files(folder.path(), "spool").is_empty());
    assert_eq!(spool.lock().used_bytes, 0);
}

#[test]
fn s4_what_waits_is_sealed_and_readable_by_havens_account_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    spool.keep(Lane::Alerts, b"a very telling search").unwrap();
    let found = files(folder.path(), "spool");
    let bytes = fs::read(&found[0]).unwrap();
    assert!(!bytes.windows(7).any(|seven| seven == b"telling"), "nobody reads it without the key");
    for file in found.iter().chain(&[folder.path().join(KEY), folder.path().join(LOCK)]) {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    let key = fs::read(folder.path().join(KEY)).unwrap();
    assert_eq!(all(&spool, Lane::Alerts), ["a very telling search"]);
    drop(spool);
    let _again = open(folder.path());
    assert_ne!(fs::read(folder.path().join(KEY)).unwrap(), key, "an empty folder gets a new key");
}

#[test]
fn two_gateways_cannot_share_a_spool() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let refused = Spool::open(folder.path(), LIMIT_MIN_MB).err().unwrap().0;
    assert!(refused.contains("Another gateway keeps its records in") && refused.contains("spool_folder"), "{refused}");
    drop(first);
    assert!(Spool::open(folder.path(), LIMIT_MIN_MB).is_ok());
}

#[test]
fn a_spool_without_its_key_is_refused_and_not_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    spool.keep(Lane::Alerts, b"a").unwrap();
    drop(spool);
    let key = fs::read_to_string(folder.path().join(KEY)).unwrap();
    fs::remove_file(folder.path().join(KEY)).unwrap();
    assert!(Spool::open(folder.path(), LIMIT_MIN_MB).err().unwrap().0.contains("is missing or damaged"));
    folder::write_secret(&folder.path().join(KEY), &key).unwrap();
    assert_eq!(all(&open(folder.path()).0, Lane::Alerts), ["a"]);
}

#[test]
fn m01_the_cap_holds_and_alerts_keep_their_part_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let batch = vec![7_u8; 100_000];
    let mut kept = 0;
    let full = loop {
        match spool.keep(Lane::Records, &batch) {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, SpoolError::Full));
    assert_eq!(kept, 69, "seven eighths of 8 MB");
    for _ in 0..9 {
        spool.keep(Lane::Alerts, &batch).unwrap();
    }
    let on_disk: u64 = files(folder.path(), "spool").iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(on_disk <= LIMIT_MIN_MB * BYTES_IN_A_MB, "{on_disk}");
    assert_eq!(on_disk, spool.lock().used_bytes);
    assert!(matches!(spool.keep(Lane::Alerts, &vec![7; 1_000_000]), Err(SpoolError::Full)), "alerts have an end too");
    // What was written makes room again, file by file.
    for _ in 0..42 {
        let (place, _) = spool.first(Lane::Records).unwrap();
        spool.done(place);
    }
    spool.keep(Lane::Records, &batch).unwrap();
}

#[test]
fn a_record_that_a_power_cut_left_half_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    for name in ["one", "two", "six"] {
        spool.keep(Lane::Alerts, name.as_bytes()).unwrap();
    }
    drop(spool);
    let file = files(folder.path(), "spool").remove(0);
    let whole = fs::read(&file).unwrap();
    let third = whole.len() - (whole.len() - 32) / 3;
    for length in [0, 5, 31, 32, third, third + 1, third + 20, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        let (spool, left) = open(folder.path());
        let entries = if length < third { 0 } else { 2 };
        let between = length != 32 && length != third;
        assert_eq!((left.alerts, left.cut, left.altered), (entries, usize::from(between), 0), "cut at {length}");
        drop(spool);
        fs::write(&file, &whole).unwrap();
    }
    // What is added after a cut stands in a file of its own and is found again.
    fs::write(&file, &whole[..whole.len() - 3]).unwrap();
    let (spool, _) = open(folder.path());
    spool.keep(Lane::Alerts, b"four").unwrap();
    drop(spool);
    assert_eq!(all(&open(folder.path()).0, Lane::Alerts), ["one", "two", "four"]);
}

#[test]
fn an_altered_record_is_said_and_the_others_are_still_written() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    for name in ["one", "two", "three"] {
        spool.keep(Lane::Records, name.as_bytes()).unwrap();
    }
    drop(spool);
    let file = files(folder.path(), "spool").remove(0);
    let whole = fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 0x10;
        fs::write(&file, &altered).unwrap();
        let (spool, left) = open(folder.path());
        assert!(left.altered + left.cut >= 1, "byte {at} was altered and nobody noticed");
        let read = all(&spool, Lane::Records);
        let all_true = read.iter().all(|text| ["one", "two", "three"].contains(&text.as_str()));
        assert!(all_true && read.len() < 3, "byte {at}: {read:?}");
        if at >= 32 {
            assert_eq!(read.len(), 2, "only the altered one is lost, byte {at}: {read:?}");
        }
        drop(spool);
        for aside in files(folder.path(), "altered") {
            fs::remove_file(aside).unwrap();
        }
        let key = fs::read(folder.path().join(KEY)).unwrap();
        fs::write(&file, &whole).unwrap();
        fs::write(folder.path().join(KEY), key).unwrap();
    }
}

#[test]
fn an_entry_cannot_be_moved_to_another_place_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    for name in ["aaa", "bbb"] {
        spool.keep(Lane::Records, name.as_bytes()).unwrap();
    }
    drop(spool);
    let file = files(folder.path(), "spool").remove(0);
    let whole = fs::read(&file).unwrap();
    let (head, entries) = whole.split_at(32);
    let (first, second) = entries.split_at(entries.len() / 2);
    fs::write(&file, [head, second, first].concat()).unwrap();
    let (_spool, left) = open(folder.path());
    assert_eq!((left.batches, left.altered), (0, 2));
}
