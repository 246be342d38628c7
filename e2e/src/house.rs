//! A Haven of one journey's own, in practice or on real data: the real program, on a temporary folder or a database of its own, on free ports.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::real::PASSWORD;
use crate::{OwnPostgres, Visitor};

/// The file in a house's folder with the authority of a journey's own websites, believed as the world's are.
pub const WEBSITES: &str = "websites.pem";
/// Longest wait until a new house serves its pages, in seconds.
const START_LIMIT_SECONDS: u64 = 90;
/// Longest wait for a polite end, in seconds.
const STOP_LIMIT_SECONDS: u64 = 20;
const LOOK_EVERY_MS: u64 = 50;
/// Less than one page of a database.
const ROOM_ON_A_FULL_DISK_BYTES: u64 = 2048;
/// The first person's proxy stands so many ports above the pages.
pub(crate) const PROXIES_FROM: u16 = 11;
/// Ports are looked for here: below those that systems give out by themselves.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Everybody of the practice organisation, in the order of their proxies.
pub(crate) const SEATS: [&str; 12] =
    ["lena", "yoshi", "vita", "tess", "theo", "dana", "dov", "sunil", "ines", "hugo", "petra", "bodil"];

/// Which database a house rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    Sqlite,
    Postgres,
}

impl Base {
    /// A word for folders and messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A running Haven.
pub struct House {
    pub base: Base,
    /// Where its data is.
    pub data: PathBuf,
    /// Address of the database, on PostgreSQL.
    pub database: Option<String>,
    pub port: u16,
    /// The settings file, on real data; none in practice.
    pub(crate) config: Option<PathBuf>,
    pub(crate) folder: TempDir,
    child: Option<Child>,
    trusting: OnceLock<PathBuf>,
}

/// Tells a journey in a house of its own, and clears the house away afterwards.
pub async fn tell<J: AsyncFnOnce(&mut House)>(base: Base, journey: J) {
    let Some(mut house) = House::new(base).await else { return };
    house.start().await;
    journey(&mut house).await;
    house.end().await;
}

impl House {
    /// A house that does not run yet; none where there is no PostgreSQL to rest on, except in CI, where it must be there.
    pub async fn new(base: Base) -> Option<Self> {
        let database = match base {
            Base::Sqlite => None,
            Base::Postgres => Some(new_database(server()).await?),
        };
        Some(Self::with(base, database))
    }

    /// A practice house with a database on a server of the journey's own, which it may stop.
    pub async fn on(server: &OwnPostgres) -> Self {
        let database = new_database(Some(server.address.clone())).await.unwrap();
        // Everywhere else tests do not wait for the disk. Here what was acknowledged must outlive the server.
        let mut connection = PgConnection::connect(&server.address).await.unwrap();
        let name = database.rsplit('/').next().unwrap();
        let careful = format!("ALTER DATABASE {name} SET synchronous_commit = on");
        sqlx::raw_sql(AssertSqlSafe(careful)).execute(&mut connection).await.unwrap();
        Self::with(Base::Postgres, Some(database))
    }

    fn with(base: Base, database: Option<String>) -> Self {
        let folder = tempfile::Builder::new().prefix("haven-journey.").tempdir().unwrap();
        let data = folder.path().join("data");
        let (config, child, trusting) = (None, None, OnceLock::new());
        Self { base, data, database, port: free_ports(), config, folder, child, trusting }
    }

    /// Starts the program on this folder and waits until its pages are there.
    pub async fn start(&mut self) {
        self.start_by(Command::new(program())).await;
    }

    /// The same, so that [`House::fill_the_disk`] makes writing fail as a full disk does, instead of ending the program.
    pub async fn start_where_disks_fill(&mut self) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg("trap '' XFSZ; exec \"$0\" \"$@\"").arg(program());
        self.start_by(shell).await;
    }

    /// From now on no file of the program takes more than a few bytes.
    pub async fn fill_the_disk(&self) {
        self.limit_files(&format!("{ROOM_ON_A_FULL_DISK_BYTES}:")).await;
    }

    /// There is room again.
    pub async fn make_room(&self) {
        self.limit_files("unlimited:").await;
    }

    async fn limit_files(&self, limit: &str) {
        let id = self.child.as_ref().and_then(Child::id).expect("it runs").to_string();
        let limited = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={limit}")]).status().await;
        assert!(limited.unwrap_or_else(|error| panic!("prlimit is missing ({error}): install util-linux")).success());
    }

    async fn start_by(&mut self, mut command: Command) {
        let log = self.log_file();
        if let Some(config) = &self.config {
            command.arg("serve").arg("--config").arg(config);
        } else {
            command.arg("demo").arg("--port").arg(self.port.to_string()).arg("--data").arg(&self.data);
            if let Some(database) = &self.database {
                command.arg("--store").arg(database);
            }
        }
        command.env("HOME", self.folder.path()).env_remove("XDG_DATA_HOME");
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).kill_on_drop(true);
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program().display())));
        self.wait_until_open().await;
    }

    async fn wait_until_open(&mut self) {
        let began = Instant::now();
        let visitor = Visitor::straight(self.port);
        while began.elapsed() < Duration::from_secs(START_LIMIT_SECONDS) {
            if let Some(ended) = self.child.as_mut().and_then(|child| child.try_wait().unwrap()) {
                panic!("Haven ended by itself ({ended}):\n{}", self.log());
            }
            if visitor.clone().try_get("/help").await.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            pause().await;
        }
        panic!("Haven did not open its pages in {START_LIMIT_SECONDS} seconds:\n{}", self.log());
    }

    /// Ends the program as a system does, and waits for it.
    pub async fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let id = child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(STOP_LIMIT_SECONDS), child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("Haven did not end in {STOP_LIMIT_SECONDS} s:\n{}", self.log()));
        assert!(ended.unwrap().success(), "a polite end is a success:\n{}", self.log());
    }

    /// Ends the program as a power cut does.
    pub async fn kill_nine(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.unwrap();
        }
    }

    /// Ends the program and takes its database away. The folder goes when the house is dropped.
    pub async fn end(mut self) {
        self.stop().await;
        if let Some(database) = self.database.take() {
            let (server, name) = database.rsplit_once('/').unwrap();
            let mut server = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
                .execute(&mut server)
                .await
                .unwrap();
        }
    }

    /// A word of the command line on this house's data, with `typed` on standard input: exit code, output, errors.
    pub async fn haven(&self, words: &[&str], typed: &str) -> (i32, String, String) {
        use tokio::io::AsyncWriteExt as _;
        let mut command = Command::new(program());
        command.args(words).env("HOME", self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // A program that asks nothing has closed its input already.
        let _ = input.write_all(typed.as_bytes()).await;
        drop(input);
        let out = child.wait_with_output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code().unwrap_or(-1), text(&out.stdout), text(&out.stderr))
    }

    /// Address of Haven's pages as people reach them without a proxy.
    pub fn straight(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The folder that is gone after the journey.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs on these settings from now on.
    pub fn adopt(&mut self, config: PathBuf) {
        self.config = Some(config);
    }

    /// The proxy port of somebody's seat.
    pub fn seat(&self, who: &str) -> u16 {
        let place = SEATS.iter().position(|seat| *seat == who).unwrap_or_else(|| panic!("nobody is called {who}"));
        self.port + PROXIES_FROM + u16::try_from(place).unwrap()
    }

    /// Everybody's password: in practice from the mark of the practice folder.
    pub fn password(&self) -> String {
        if self.config.is_some() {
            return PASSWORD.to_owned();
        }
        let mark = std::fs::read_to_string(self.data.join("practice.toml")).unwrap();
        let line = mark.lines().find_map(|line| line.strip_prefix("password = ")).expect("the mark holds a password");
        line.trim_matches('"').to_owned()
    }

    /// A home folder whose browsers trust Haven's authority, and that of the practice websites as they trust the world's.
    pub fn trusting_home(&self) -> &Path {
        self.trusting.get_or_init(|| {
            let home = self.folder.path().join("home");
            let store = home.join(".pki/nssdb");
            std::fs::create_dir_all(&store).unwrap();
            let place = format!("sql:{}", store.display());
            certutil(&["-d", &place, "-N", "--empty-password"]);
            let own = self.folder.path().join(WEBSITES);
            let all = [self.data.join("ca.pem"), self.data.join("practice-sites.pem"), own];
            for (number, file) in all.iter().enumerate().filter(|(_, file)| file.exists()) {
                let (name, file) = (format!("authority-{number}"), file.display().to_string());
                certutil(&["-d", &place, "-A", "-t", "C,,", "-n", &name, "-i", &file]);
            }
            home
        })
    }

    /// Everything that the program has said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    pub fn log_path(&self) -> PathBuf {
        self.folder.path().join("haven.log")
    }

    fn log_file(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            eprintln!("The last lines of Haven's log, newest first:\n{}", tail.join("\n"));
        }
    }
}

fn certutil(words: &[&str]) {
    let out = std::process::Command::new("certutil").args(words).output();
    let out = out.unwrap_or_else(|error| panic!("certutil is missing ({error}): install libnss3-tools"));
    assert!(out.status.success(), "certutil {words:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// A short rest between two looks.
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
}

/// The program under test: named by `HAVEN_BIN`, or the one built beside this test.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("HAVEN_BIN") {
        return PathBuf::from(named);
    }
    let here = std::env::current_exe().unwrap();
    here.ancestors().nth(2).unwrap().join("haven")
}

/// A port with the twelve seats above it, none of them in use.
fn free_ports() -> u16 {
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
    let span = u32::from(PORTS.end - PORTS.start);
    (0..200_u32)
        .map(|turn| PORTS.start + u16::try_from((seed / 1000 + turn * 137) % span).unwrap())
        .find(|port| {
            let seats = u16::try_from(SEATS.len()).unwrap();
            let ports = std::iter::once(*port).chain((0..seats).map(|place| port + PROXIES_FROM + place));
            let held: Result<Vec<_>, _> = ports.map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port))).collect();
            held.is_ok()
        })
        .expect("some ports are free")
}

pub(crate) fn server() -> Option<String> {
    std::env::var("HAVEN_POSTGRES").ok()
}

/// A new database on a server: the one that `HAVEN_POSTGRES` names, or the journey's own.
async fn new_database(server: Option<String>) -> Option<String> {
    let Some(server) = server else {
        assert!(std::env::var("CI").is_err(), "HAVEN_POSTGRES must name a server here");
        eprintln!("SKIPPED on PostgreSQL: HAVEN_POSTGRES names no server. ./check starts one.");
        return None;
    };
    let mut connection = PgConnection::connect(&server).await.expect("the PostgreSQL server answers");
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let name = format!("journey_{}_{}", std::process::id(), since.subsec_nanos());
    let make = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
    sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut connection).await.unwrap();
    let (before, _) = server.rsplit_once('/').unwrap();
    Some(format!("{before}/{name}"))
}
