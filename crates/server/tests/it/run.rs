//! Starts `haven` and keeps what it said.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A `haven` with nothing of this machine's surroundings that could lead it elsewhere.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haven"));
    command.args(words);
    command
}

pub(crate) fn haven(words: &[&str]) -> Ended {
    haven_reading("", words)
}

/// As [`haven`], with something on standard input.
pub(crate) fn haven_reading(input: &str, words: &[&str]) -> Ended {
    let mut child = command(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // A command that does not read its input may have ended already.
        let _ = pipe.write_all(input.as_bytes());
    });
    let ended = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ended {
        code: ended.status.code().unwrap_or(-1),
        out: String::from_utf8(ended.stdout).unwrap(),
        err: String::from_utf8(ended.stderr).unwrap(),
    }
}

impl Ended {
    /// Exit 2, nothing on standard output, one line on standard error that holds all the parts.
    #[track_caller]
    pub(crate) fn refused(&self, parts: &[&str]) {
        assert_eq!(self.code, 2, "{} {}", self.out, self.err);
        let lines: Vec<&str> = self.err.lines().filter(|line| !line.starts_with('{')).collect();
        assert_eq!(lines.len(), 1, "one sentence: {}", self.err);
        for part in parts {
            assert!(lines[0].contains(part), "{part} is not in: {}", lines[0]);
        }
    }

    /// Each line of output as an object.
    #[track_caller]
    pub(crate) fn objects(&self) -> Vec<serde_json::Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not an object: {line}")))
            .collect()
    }
}

/// A pack of the house.
pub(crate) fn pack(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name).display().to_string()
}
