//! What code must look like: a first line that says what a file is for, a size one can know by heart, and each thing in its room.

use crate::house::{Line, files, product_files, product_lines, read, refuse, root, rust_files};

const LINES_AT_MOST: usize = 700;

/// The real clock, randomness and environment, as they are called.
const OUTSIDE_CALLS: [&str; 14] = [
    "Timestamp::now",
    "Zoned::now",
    "SystemTime::now",
    "TimeZone::system",
    "std::env::",
    "env::var",
    "env::args",
    "use std::env",
    "thread_rng",
    "OsRng",
    "rand::random",
    "from_entropy",
    "getrandom::",
    "process::exit",
];

/// Words that only stand in a database's language. Code elsewhere has no business with them.
const SQL_WORDS: [&str; 6] = ["SELECT ", "INSERT INTO", "DELETE FROM", "CREATE TABLE", "ALTER TABLE", "sqlx::"];

/// Packs are data: code that knows one of them by name would treat one organisation differently.
const PACK_NAMES: [&str; 4] = ["waes", "caretrade", "\"lss\"", "\"atn\""];

/// The practice organisation stands on one of the packs, so the practice rooms of `server` may say which.
const PRACTICE: [&str; 2] = ["crates/server/src/demo", "crates/server/src/practice"];

/// Lines of the program, outside the rooms with these beginnings, for which `is_wrong` holds.
fn wrong_lines(except: &[&str], is_wrong: impl Fn(&str, &str, &Line<'_>) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in product_files().iter().filter(|(path, _)| !except.iter().any(|room| path.starts_with(room))) {
        for line in product_lines(text).iter().filter(|line| is_wrong(path, text, line)) {
            found.push(format!("{path}:{}: {}", line.number, line.text.trim()));
        }
    }
    found
}

#[test]
fn every_file_opens_with_a_line_that_says_what_it_is_for() {
    let opens = |text: &str| {
        text.strip_prefix("//! ").and_then(|rest| rest.lines().next()).is_some_and(|line| line.split(' ').count() >= 4)
    };
    let found: Vec<String> = rust_files().into_iter().filter(|path| !opens(&read(path))).collect();
    refuse("Begin these files with one `//!` sentence in the organisation's words:", &found);
}

#[test]
fn no_file_is_too_long_to_know_by_heart() {
    let long = |path: String| {
        let lines = read(&path).lines().count();
        (lines > LINES_AT_MOST).then(|| format!("{path}: {lines} lines"))
    };
    let found: Vec<String> = rust_files().into_iter().filter_map(long).collect();
    refuse("Split these where the domain splits:", &found);
}

#[test]
fn invariant_7_only_the_server_reads_clock_randomness_and_environment() {
    let found =
        wrong_lines(&["crates/server/"], |_, _, line| OUTSIDE_CALLS.iter().any(|call| line.text.contains(call)));
    refuse("Take it as a parameter, or ask `Moment`:", &found);
}

/// The gateway times its sockets by the runtime's own instant, which tests can hold still.
#[test]
fn invariant_7_only_sockets_are_timed_and_by_the_runtime() {
    let found = wrong_lines(&["crates/server/"], |path, text, line| {
        let by_runtime =
            path.starts_with("crates/gateway/") && text.contains("tokio::time") && !text.contains("std::time::Instant");
        line.text.contains("Instant::now") && !by_runtime
    });
    refuse("Take `now` as a parameter; a socket's limit is a `tokio::time::timeout`:", &found);
}

#[test]
fn sql_stands_only_in_the_store() {
    let found = wrong_lines(&["crates/store/"], |_, _, line| SQL_WORDS.iter().any(|word| line.text.contains(word)));
    refuse("Ask the store for what you need by a name:", &found);
}

#[test]
fn no_code_knows_a_pack_by_name() {
    let found = wrong_lines(&PRACTICE, |_, _, line| {
        let folded = line.text.to_lowercase();
        PACK_NAMES.iter().any(|name| folded.contains(name))
    });
    refuse("A pack is data, known to no code by name:", &found);
}

/// An allowance without a reason is a lint of its own; this one keeps whole rooms from being let off.
#[test]
fn no_room_lets_itself_off_a_lint_as_a_whole() {
    let found = wrong_lines(&[], |path, _, line| {
        (path.ends_with("src/lib.rs") || path.ends_with("src/main.rs"))
            && line.text.trim_start().starts_with("#![allow(")
    });
    refuse("Allow a lint where it must be, not for a whole room:", &found);
}

#[test]
fn no_path_of_a_machine_and_no_registry_host_is_written_down() {
    let here = root().to_string_lossy().into_owned();
    let paths = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let hosts = [
        concat!("registry.", "npmjs"),
        concat!("static.crates", ".io"),
        concat!("index.crates", ".io"),
        concat!("pypi", ".org"),
        concat!("deb.", "debian.org"),
        concat!("\"resolved\": \"", "http"),
    ];
    let mut found = Vec::new();
    for path in files().into_iter().filter(|path| !path.ends_with("Cargo.lock") && path != "LICENSE") {
        for (index, line) in read(&path).lines().enumerate() {
            let names_a_path = line.contains(&here) || paths.iter().any(|start| begins_a_path(line, start));
            if names_a_path || hosts.iter().any(|host| line.contains(host)) {
                found.push(format!("{path}:{}", index + 1));
            }
        }
    }
    refuse("A path of one machine, or a registry's host, stands here:", &found);
}

/// True where a path of the file system begins; false inside an address of the web or a longer path.
fn begins_a_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        !line[..at].ends_with(|before: char| {
            before.is_alphanumeric() || matches!(before, '.' | '-' | '_' | '}' | '*' | '~' | '/')
        })
    })
}

#[test]
fn a_path_is_told_from_an_address() {
    let home = concat!("/ho", "me/");
    assert!(begins_a_path(&format!("data = \"{home}haven\""), home));
    assert!(!begins_a_path(&format!("http://college.test{home}page"), home));
}
