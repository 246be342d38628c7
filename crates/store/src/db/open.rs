//! Opening the three databases: a folder of SQLite files, or three schemas of one PostgreSQL database.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Db, migrate};
use crate::StoreError;

/// How long a caller waits for a connection before the database counts as away, in seconds.
pub const AWAY_AFTER_S: u64 = 5;
/// How long SQLite waits for another process that holds the file, in seconds.
const BUSY_TIMEOUT_S: u64 = 5;
/// Read-only connections to each SQLite file.
const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL for each of the three parts.
const POSTGRES_CONNECTIONS: u32 = 8;
/// Connections besides that tell what was committed before a transaction; opened when first needed.
const POSTGRES_WITNESSES: u32 = 2;

/// Connections of a gateway alone, for each of the two parts that it has a way to.
const GATEWAY_CONNECTIONS: u32 = 4;

/// Where things are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A data folder; made if it is not there.
    Sqlite(PathBuf),
    /// The address of a PostgreSQL database, e.g. `postgres://haven@localhost/haven`.
    Postgres(String),
}

/// The three parts, each a file or a schema of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Haven,
    Activity,
    Keys,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Haven => "haven",
            Self::Activity => "activity",
            Self::Keys => "keys",
        }
    }
}

/// Opens one part and brings it forward to the version that this Haven knows.
pub(crate) async fn open(location: &Location, part: Part) -> Result<Db, StoreError> {
    match location {
        Location::Sqlite(folder) => open_sqlite(folder, part).await,
        Location::Postgres(url) => open_postgres(url, part).await,
    }
}

async fn open_sqlite(folder: &Path, part: Part) -> Result<Db, StoreError> {
    let file = folder.join(format!("{}.db", part.name()));
    make_private(folder, &file).map_err(|why| StoreError::Unreadable(format!("{}: {why}", file.display())))?;
    let synchronous = match part {
        // Activity is written in batches many times a minute; a power cut may cost the last batch, never the file.
        Part::Activity => SqliteSynchronous::Normal,
        Part::Haven | Part::Keys => SqliteSynchronous::Full,
    };
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(BUSY_TIMEOUT_S))
        // Erased rows are overwritten: what retention removes must not linger in free pages.
        .pragma("secure_delete", "ON");
    let pool = |most| {
        SqlitePoolOptions::new()
            .max_connections(most)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(AWAY_AFTER_S))
    };
    let writer = pool(1).connect_with(options.clone()).await.map_err(|why| at(&file, why))?;
    let readers = pool(SQLITE_READERS).connect_lazy_with(options.read_only(true));
    let file = OpenFile::look(&file).map_err(|why| StoreError::Unreadable(format!("{}: {why}", file.display())))?;
    let db = Db::Sqlite { writer, readers, file };
    migrate::forward(&db, part).await?;
    Ok(db)
}

/// The file that was opened. SQLite would go on writing to one that was moved away or removed, and what it acknowledged then
/// would be gone with the program.
#[derive(Debug, Clone)]
pub(crate) struct OpenFile {
    path: PathBuf,
    device: u64,
    number: u64,
}

impl OpenFile {
    fn look(path: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let about = std::fs::metadata(path)?;
        Ok(Self { path: path.to_path_buf(), device: about.dev(), number: about.ino() })
    }

    /// `Away` if another file, or none, stands where this one was opened.
    pub(crate) fn is_in_its_place(&self) -> Result<(), StoreError> {
        match Self::look(&self.path) {
            Ok(now) if (now.device, now.number) == (self.device, self.number) => Ok(()),
            Ok(_) => Err(StoreError::Away("another file has taken the place of the database".to_owned())),
            Err(why) => Err(StoreError::Away(format!("the database file is not in its place: {why}"))),
        }
    }
}

/// Makes the folder (0700) and the file (0600) if they are not there; SQLite gives its side files the same rights.
fn make_private(folder: &Path, file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if !folder.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    make_file(file, false)
}

/// Makes an empty file for its owner only; `fresh` refuses one that is there.
pub(super) fn make_file(file: &Path, fresh: bool) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).create_new(fresh).truncate(false).mode(0o600);
    options.open(file).map(|_| ())
}

fn at(file: &Path, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Unreadable(why) | StoreError::Fault(why) => {
            StoreError::Unreadable(format!("{}: {why}", file.display()))
        }
        other => other,
    }
}

async fn open_postgres(url: &str, part: Part) -> Result<Db, StoreError> {
    let options = postgres_options(url, part.name())?;
    let witness = postgres_pool(POSTGRES_WITNESSES).connect_lazy_with(options.clone());
    let db = Db::Postgres { pool: postgres_pool(POSTGRES_CONNECTIONS).connect_with(options).await?, witness };
    migrate::forward(&db, part).await?;
    Ok(db)
}

/// A gateway's way to a schema: no connection is made yet, because the gateway must start while the database is away, and
/// nothing is brought forward, because it may not.
pub(crate) fn open_as_gateway(url: &str, schema: &str) -> Result<Db, StoreError> {
    let options = postgres_options(url, schema)?;
    let witness = postgres_pool(POSTGRES_WITNESSES).connect_lazy_with(options.clone());
    Ok(Db::Postgres { pool: postgres_pool(GATEWAY_CONNECTIONS).connect_lazy_with(options), witness })
}

fn postgres_pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(AWAY_AFTER_S))
}

fn postgres_options(url: &str, schema: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|why| StoreError::Unreadable(format!("the database address: {why}")))?;
    Ok(options.application_name("haven").options([("search_path", schema), ("client_min_messages", "warning")]))
}
