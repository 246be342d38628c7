//! A fresh store on each kind of database for every test, of this crate and of others.
//!
//! PostgreSQL is found by the environment word `HAVEN_POSTGRES` (the address of a server on which databases may be made);
//! without it one is started for this test process by `scripts/postgres.sh` and gone with it. A missing server is a
//! failure in CI, and elsewhere said out loud.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "for tests only")]
#![allow(clippy::disallowed_methods, reason = "for tests only: the environment says where PostgreSQL is")]

use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::db::Value;
use crate::db::migrate::tables;
use crate::db::open::Part;
use crate::record::{self, schema};
use crate::vault::digest_hex;
use crate::{Location, Store, StoreError, Unit};

/// A place of its own for one test; gone when dropped.
#[derive(Debug)]
pub struct TestPlace {
    /// `sqlite` or `postgres`.
    pub name: &'static str,
    pub location: Location,
    folder: Option<tempfile::TempDir>,
    database: Option<(String, String)>,
}

impl TestPlace {
    /// The data folder; on PostgreSQL an empty folder for whatever else a test keeps in files.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Opens the store.
    pub async fn open(&self) -> Store {
        Store::open(&self.location).await.unwrap()
    }

    /// Removes the database of this place, so that a long run does not fill the server.
    pub async fn remove(mut self) {
        if let Some((base, name)) = self.database.take() {
            let mut connection = PgConnection::connect(&base).await.unwrap();
            let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
    }
}

/// A fresh place on SQLite.
#[must_use]
pub fn sqlite() -> TestPlace {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("data"));
    TestPlace { name: "sqlite", location, folder: Some(folder), database: None }
}

/// A fresh database on PostgreSQL; none if there is no server and this is not CI.
pub async fn postgres() -> Option<TestPlace> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let base = server()?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    let name = format!("haven_test_{}_{stamp}_{count}", std::process::id());
    let mut connection = PgConnection::connect(base).await.unwrap();
    let sql = format!("CREATE DATABASE {name}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    Some(TestPlace {
        name: "postgres",
        location: Location::Postgres(at_database(base, &name)),
        folder: Some(tempfile::tempdir().unwrap()),
        database: Some((base.to_owned(), name)),
    })
}

/// Fresh places on every kind of database there is.
pub async fn places() -> Vec<TestPlace> {
    let mut places = vec![sqlite()];
    places.extend(postgres().await);
    places
}

/// Runs a test on a fresh store of every kind. The name of the kind is printed before each, so that a failure tells which.
pub async fn for_each_store<F, T>(test: F)
where
    F: Fn(Store) -> T,
    T: Future<Output = ()>,
{
    for place in places().await {
        eprintln!("on {}", place.name);
        let store = place.open().await;
        test(store.clone()).await;
        store.close().await;
        place.remove().await;
    }
}

/// Runs a statement on what Haven works with, as somebody with a way round Haven would.
///
/// # Errors
/// What the database says.
pub async fn run_sql(store: &Store, sql: &str) -> Result<(), StoreError> {
    store.haven().tamper(sql.to_owned()).await
}

/// The same on activity.
///
/// # Errors
/// What the database says.
pub async fn run_activity_sql(store: &Store, sql: &str) -> Result<(), StoreError> {
    store.activity().tamper(sql.to_owned()).await
}

/// Takes away what the database itself refuses, as whoever owns it can: triggers, checks and foreign keys.
pub async fn disarm(store: &Store) {
    if store.is_postgres() {
        let sql = "DO $$ DECLARE one record; BEGIN \
             FOR one IN SELECT conrelid::regclass AS place, conname FROM pg_constraint \
               WHERE contype IN ('c', 'f') AND connamespace = current_schema()::regnamespace ORDER BY contype \
             LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.place, one.conname); END LOOP; \
             FOR one IN SELECT tgrelid::regclass AS place, tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid \
               WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace \
             LOOP EXECUTE format('DROP TRIGGER %I ON %s', one.tgname, one.place); END LOOP; END $$";
        store.haven().tamper(sql.to_owned()).await.unwrap();
        store.activity().tamper(sql.to_owned()).await.unwrap();
        return;
    }
    for db in [store.haven(), store.activity()] {
        db.tamper("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON".to_owned()).await.unwrap();
        for row in db.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'", vec![]).await.unwrap() {
            db.tamper(format!("DROP TRIGGER {}", row.text("name").unwrap())).await.unwrap();
        }
    }
}

/// One column of a table that Haven works with.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: &'static str,
    /// `TEXT`, `BIGINT`, `BOOLEAN` or `BYTEA`.
    pub kind: &'static str,
    pub key: bool,
    /// A worker moves it; no entry vouches for it.
    pub loose: bool,
}

/// Every table whose rows an entry must vouch for, with its columns.
#[must_use]
pub fn covered() -> Vec<(&'static str, Vec<Column>)> {
    let covered = schema::tables().iter().filter(|(name, _)| record::is_covered(name));
    covered
        .map(|(name, table)| {
            let column = |(column, kind): &(&'static str, &'static str)| Column {
                name: column,
                kind,
                key: table.key.contains(column),
                loose: record::loose(name).contains(column),
            };
            (*name, table.columns.iter().map(column).collect())
        })
        .collect()
}

/// Tables that the database really has, `versions` among them.
pub async fn tables_there(store: &Store) -> Vec<String> {
    let sql = if store.is_postgres() {
        "SELECT CAST(tablename AS text) AS name FROM pg_tables WHERE schemaname = 'haven'"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    };
    store.haven().rows(sql, vec![]).await.unwrap().iter().map(|row| row.text("name").unwrap()).collect()
}

/// Any statement inside a unit, as a module of this crate would run it.
///
/// # Errors
/// What the database says.
pub async fn in_unit(unit: &mut Unit, sql: String) -> Result<u64, StoreError> {
    unit.execute(Box::leak(sql.into_boxed_str()), vec![]).await
}

/// Puts a row of invented values into any table, in a unit; first [`disarm`].
pub async fn fill(unit: &mut Unit, table: &str, number: u8) {
    let columns = &schema::tables().get(table).unwrap().columns;
    let value = |(name, kind): &(&str, &str)| match *kind {
        "BIGINT" => Value::Int(Some(i64::from(number))),
        "BOOLEAN" => Value::Flag(Some(true)),
        "BYTEA" => Value::Bytes(Some(vec![number; 32])),
        _ if (table, *name) == ("sealed", "digest") => Value::Text(Some(digest_hex(&[number; 32]))),
        _ => Value::Text(Some(format!("{name}-{number}"))),
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let places: Vec<String> = (1..=columns.len()).map(|at| format!("${at}")).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    unit.execute(Box::leak(sql.into_boxed_str()), columns.iter().map(value).collect()).await.unwrap();
}

/// A role for a gateway alone, on the database of a place.
#[derive(Debug)]
pub struct Role {
    /// The place's database as the role sees it.
    pub address: String,
    name: String,
    owner: String,
}

impl Role {
    /// Makes a role with the rights that [`crate::gateway::grants`] gives.
    pub async fn new(place: &TestPlace) -> Self {
        let Location::Postgres(owner) = &place.location else { panic!("a role is PostgreSQL's") };
        let (_, database) = place.database.as_ref().unwrap();
        let name = database.replace("haven_test", "gateway_test");
        let mut connection = PgConnection::connect(owner).await.unwrap();
        let sql = format!("CREATE ROLE {name} LOGIN PASSWORD 'invented';\n{}", crate::gateway::grants(&name).unwrap());
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        let (_, host) = owner.rsplit_once('@').unwrap();
        Self { address: format!("postgres://{name}:invented@{host}"), name, owner: owner.clone() }
    }

    /// Removes the role again.
    pub async fn remove(self) {
        let mut connection = PgConnection::connect(&self.owner).await.unwrap();
        let sql = format!("DROP OWNED BY {0}; DROP ROLE {0}", self.name);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
}

/// Every table of all three parts, with its schema.
#[must_use]
pub fn all_tables() -> Vec<String> {
    let mut all = Vec::new();
    for part in [Part::Haven, Part::Activity, Part::Keys] {
        all.extend(tables(part).into_iter().chain(["versions"]).map(|table| format!("{}.{table}", part.name())));
    }
    all
}

/// Runs any statement as whoever the address names.
///
/// # Errors
/// What the database says.
pub async fn read_anything(address: &str, sql: &str) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect(address).await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// One value of everything kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// `haven.cases`.
    pub table: String,
    /// Tells the rows of a table apart; nothing else.
    pub row: usize,
    pub column: String,
    /// As text; bytes in hexadecimal; empty for NULL.
    pub value: String,
}

/// Everything that is kept, value by value: for tests which search it for what must not be there (S-3, sealing).
pub async fn everything(store: &Store) -> Vec<Kept> {
    let mut out = Vec::new();
    for (db, part) in [(store.haven(), Part::Haven), (store.activity(), Part::Activity), (store.keys(), Part::Keys)] {
        for table in tables(part) {
            // One text a table and test process: the door takes only texts that live as long as the program.
            let sql: &'static str = Box::leak(format!("SELECT * FROM {table}").into_boxed_str());
            for (row, found) in db.rows(sql, vec![]).await.unwrap().iter().enumerate() {
                let table = format!("{}.{table}", part.name());
                let shown = found.shown().unwrap().into_iter();
                out.extend(shown.map(|(column, value)| Kept { table: table.clone(), row, column, value }));
            }
        }
    }
    out
}

/// Declares tests in a module of their own: each runs `async fn name(store: Store)` on every kind of database. Once a module.
#[macro_export]
macro_rules! each_store {
    ($($name:ident),+ $(,)?) => {
        mod on_each_store {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::testing::for_each_store(super::$name).await;
                }
            )+
        }
    };
}

/// The address with another database name.
fn at_database(base: &str, name: &str) -> String {
    let (address, options) = base.split_once('?').map_or((base, None), |(address, options)| (address, Some(options)));
    let server = address.rfind('/').filter(|at| !address[..*at].ends_with('/')).map_or(address, |at| &address[..at]);
    match options {
        Some(options) => format!("{server}/{name}?{options}"),
        None => format!("{server}/{name}"),
    }
}

/// The server's address: given, or started once for this process.
fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<(String, Option<Child>)>> = OnceLock::new();
    let found = SERVER.get_or_init(|| match std::env::var("HAVEN_POSTGRES") {
        Ok(url) if !url.is_empty() => Some((url, None)),
        _ => start().map(|(url, child)| (url, Some(child))),
    });
    if found.is_none() {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "there is no PostgreSQL server: tests must run on both databases in CI");
        eprintln!("SKIPPED on PostgreSQL: there is no server. Install postgresql, or set HAVEN_POSTGRES.");
    }
    found.as_ref().map(|(url, _)| url.as_str())
}

/// Starts a server that ends when this process does: the script waits for the end of its input, which we hold.
fn start() -> Option<(String, Child)> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let script = "cd \"$1\" && . scripts/prepare.sh && . scripts/postgres.sh && start_postgres >&2 && \
                  trap '' INT TERM && printf '%s\\n' \"$HAVEN_POSTGRES\" && { cat >/dev/null; stop_postgres; }";
    let mut child = Command::new("bash")
        .args(["-c", script, "postgres-for-tests", root])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut url = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut url).ok()?;
    let url = url.trim().to_owned();
    PgConnectOptions::from_str(&url).ok().filter(|_| !url.is_empty())?;
    Some((url, child))
}

#[cfg(test)]
mod tests {
    use super::at_database;

    #[test]
    fn an_address_gets_another_database() {
        assert_eq!(at_database("postgres://u:p@h:1/postgres", "t"), "postgres://u:p@h:1/t");
        assert_eq!(at_database("postgres://u@h/postgres?host=/tmp/x", "t"), "postgres://u@h/t?host=/tmp/x");
        assert_eq!(at_database("postgres://u@h:5", "t"), "postgres://u@h:5/t");
    }
}
