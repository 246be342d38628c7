//! Who may know whom: the arrows between the rooms, read from their manifests, and what the pure rooms must not have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::house::{cargo, refuse};

/// Each room and the rooms it may name. `policy <- filter, casework <- store <- actions <- web`, `policy, filter <-
/// gateway`, all `<- server`. The journeys stand outside and name no room.
const MAY_NAME: [(&str, &[&str]); 10] = [
    ("policy", &[]),
    ("filter", &["policy"]),
    ("casework", &["policy"]),
    ("store", &["policy", "filter", "casework"]),
    ("actions", &["policy", "filter", "casework", "store"]),
    ("web", &["policy", "filter", "casework", "store", "actions"]),
    ("gateway", &["policy", "filter"]),
    ("server", &["policy", "filter", "casework", "store", "actions", "web", "gateway"]),
    ("e2e", &[]),
    ("benches", &["policy", "filter", "casework"]),
];

/// Rooms that stand beside the crates, in folders of their own.
pub(crate) const BESIDE_CRATES: [&str; 2] = ["e2e", "benches"];

/// Rooms that decide: no I/O, no clock, no randomness, no environment.
const PURE: [&str; 3] = ["policy", "filter", "casework"];

/// Crates that would bring the outside into a pure room. A mapped file is handed to `filter` by its caller.
const OUTSIDE: [&str; 16] = [
    "tokio",
    "tokio-util",
    "hyper",
    "hyper-util",
    "axum",
    "tower",
    "rustls",
    "tokio-rustls",
    "sqlx",
    "lettre",
    "rand",
    "getrandom",
    "tracing",
    "tracing-subscriber",
    "tempfile",
    "fantoccini",
];

/// One TLS stack on one provider, one SQLite (`stack.md`): a second of any of these is a mistake in a feature list.
const SECOND_STACKS: [&str; 6] = ["ring", "openssl", "openssl-sys", "native-tls", "rusqlite", "diesel"];

#[derive(Default, Debug)]
struct Room {
    ordinary: BTreeSet<String>,
    for_tests: BTreeSet<String>,
}

/// Every package of the workspace with what its manifest names, whatever target or alias it is named under.
fn rooms() -> BTreeMap<String, Room> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"])).unwrap();
    let mut rooms: BTreeMap<String, Room> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let room = rooms.entry(package["name"].as_str().unwrap().to_owned()).or_default();
        for named in package["dependencies"].as_array().unwrap() {
            let name = named["name"].as_str().unwrap().to_owned();
            let dev = named["kind"] == "dev";
            if dev {
                room.for_tests.insert(name)
            } else {
                room.ordinary.insert(name)
            };
        }
    }
    rooms
}

pub(crate) fn names() -> Vec<String> {
    rooms().into_keys().collect()
}

fn forbidden_arrows(rooms: &BTreeMap<String, Room>, named: impl Fn(&Room) -> &BTreeSet<String>) -> Vec<String> {
    let may_name: BTreeMap<&str, &[&str]> = MAY_NAME.into_iter().collect();
    let mut found = Vec::new();
    for (name, room) in rooms {
        let Some(allowed) = may_name.get(name.as_str()) else {
            found.push(format!(
                "{name} is a new room: say in e2e/tests/tidy/rooms.rs whom it may name, in a numbered decision why"
            ));
            continue;
        };
        for other in named(room).iter().filter(|other| rooms.contains_key(*other)) {
            // A room may lend its own tests what it lends to others.
            if other != name && !allowed.contains(&other.as_str()) {
                found.push(format!("{name} -> {other}"));
            }
        }
    }
    found
}

#[test]
fn rooms_name_only_the_rooms_that_they_may_know() {
    refuse("These arrows are not in the design:", &forbidden_arrows(&rooms(), |room| &room.ordinary));
}

#[test]
fn tests_of_a_room_name_only_the_rooms_that_it_may_know() {
    refuse("These arrows, for tests only, are not in the design:", &forbidden_arrows(&rooms(), |room| &room.for_tests));
}

#[test]
fn a_wrong_arrow_would_be_found() {
    let mut house = rooms();
    house.get_mut("gateway").unwrap().ordinary.insert("store".to_owned());
    house.insert("helper".to_owned(), Room::default());
    let found = forbidden_arrows(&house, |room| &room.ordinary);
    assert!(found.contains(&"gateway -> store".to_owned()), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("helper is a new room")), "{found:?}");
}

#[test]
fn invariant_7_pure_rooms_name_no_crate_that_reaches_outside() {
    let rooms = rooms();
    let found: Vec<String> = PURE
        .iter()
        .flat_map(|pure| {
            rooms[*pure]
                .ordinary
                .iter()
                .filter(|named| OUTSIDE.contains(&named.as_str()))
                .map(move |named| format!("{pure} -> {named}"))
        })
        .collect();
    refuse("A room that decides must not reach outside:", &found);
}

#[test]
fn only_the_store_names_a_database_driver() {
    let found: Vec<String> = rooms()
        .into_iter()
        .filter(|(name, room)| name != "store" && name != "e2e" && room.ordinary.contains("sqlx"))
        .map(|(name, _)| name)
        .collect();
    refuse("SQL belongs to the store:", &found);
}

#[test]
fn one_tls_stack_and_one_sqlite_are_built() {
    let tree = cargo(&["tree", "--locked", "--offline", "--workspace", "--prefix", "none", "--format", "{p}"]);
    let found: Vec<String> = tree
        .lines()
        .filter(|line| line.split_whitespace().next().is_some_and(|name| SECOND_STACKS.contains(&name)))
        .map(str::to_owned)
        .collect();
    refuse("A second stack is being built:", &found);
}

/// `./run` builds without test crates, `./check` with them. If that changed a feature of a crate from outside that they
/// share, each script would build again what the other has built.
#[test]
fn run_and_check_build_crates_from_outside_with_the_same_features() {
    let tree = |edges: &str| -> BTreeSet<String> {
        let text = cargo(&[
            "tree",
            "--locked",
            "--offline",
            "--workspace",
            "--edges",
            edges,
            "--prefix",
            "none",
            "--format",
            "{p} {f}",
        ]);
        text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (run, check) = (tree("normal,build"), tree("normal,build,dev"));
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let run_names: BTreeSet<String> = run.iter().map(|line| name(line)).collect();
    let from_outside = |line: &&String| !line.contains(" (/");
    let found: Vec<String> =
        check.difference(&run).filter(from_outside).filter(|line| run_names.contains(&name(line))).cloned().collect();
    refuse("Name these features' crates in e2e/Cargo.toml too:", &found);
}
