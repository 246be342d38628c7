//! A PostgreSQL server of one journey's own, which it may stop: made and unmade by the scripts that `check` uses.

use std::process::{Command, Output, Stdio};

/// The server, gone with this value.
pub struct OwnPostgres {
    /// Address of its own database, from which others are made.
    pub address: String,
    folder: String,
}

fn script(words: &str) -> Output {
    let house = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    Command::new("bash")
        .args(["-c", &format!(". scripts/prepare.sh; . scripts/postgres.sh; {words}")])
        .current_dir(house)
        .stdin(Stdio::null())
        .output()
        .expect("bash is there")
}

fn well(out: &Output) -> String {
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
    said
}

impl OwnPostgres {
    /// A new server; none where tests are not given one either.
    pub fn start() -> Option<Self> {
        crate::house::server()?;
        let said = well(&script("start_postgres >&2 && printf '%s\\n%s\\n' \"$HAVEN_POSTGRES\" \"$POSTGRES_DIR\""));
        let mut lines = said.lines().map(str::to_owned);
        let (address, folder) = (lines.next().expect("its address"), lines.next().expect("its folder"));
        Some(Self { address, folder })
    }

    /// Stops it as a failing machine does: at once, and without a word to anybody.
    pub fn stop(&self) {
        self.control("--mode=immediate --wait --silent stop");
    }

    /// Starts it again as it was, on the same port.
    pub fn start_again(&self) {
        self.control(&format!("--wait --silent --log='{}/server.log' restart", self.folder));
    }

    fn control(&self, words: &str) {
        let folder = &self.folder;
        let command = format!(
            "cd '{folder}' && as_postgres \"$(postgres_bin)/pg_ctl\" --pgdata='{folder}/data' {words} >/dev/null"
        );
        well(&script(&command));
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        // A journey that broke off has said why already.
        let _ = script(&format!("POSTGRES_DIR='{}'; stop_postgres", self.folder));
    }
}
