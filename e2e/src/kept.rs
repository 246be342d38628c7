//! Everything that a house keeps, to be searched: every table row by row, every file byte by byte, and the log.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

use crate::House;

/// One row of one table, every column as text; bytes in hexadecimal.
#[derive(Debug, Clone)]
pub struct Kept {
    pub table: String,
    pub row: String,
}

impl Kept {
    /// Whether the row holds a word, plain or in hexadecimal.
    pub fn holds(&self, word: &str) -> bool {
        self.row.contains(word) || self.row.to_ascii_lowercase().contains(&hex(word))
    }

    /// The text of one column; empty if the row has none of that name.
    pub fn column(&self, name: &str) -> String {
        let json = serde_json::from_str::<serde_json::Value>(&self.row).ok();
        if let Some(value) = json.as_ref().and_then(|row| row.get(name)) {
            return value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        }
        let start = format!("{name}=");
        let parts = self.row.split(", ").find_map(|part| part.strip_prefix(&start));
        parts.unwrap_or_default().trim_matches('\'').to_owned()
    }
}

/// The id by which a person of the practice organisation is kept.
pub fn person_id(rows: &[Kept], username: &str) -> String {
    let person = rows.iter().find(|row| row.column("username") == username);
    person.unwrap_or_else(|| panic!("{username} is not kept")).column("id")
}

fn hex(word: &str) -> String {
    word.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Every row of every table of the house.
pub async fn rows(house: &House) -> Vec<Kept> {
    match &house.database {
        Some(database) => rows_on_postgres(database).await,
        None => {
            let mut all = Vec::new();
            for file in files(&house.data).into_iter().filter(|file| file.extension().is_some_and(|end| end == "db")) {
                all.append(&mut rows_in_file(&file).await);
            }
            all
        }
    }
}

async fn rows_on_postgres(database: &str) -> Vec<Kept> {
    let mut connection = PgConnection::connect(database).await.unwrap();
    let ask = "SELECT table_schema || '.' || table_name FROM information_schema.tables \
               WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'";
    let tables = sqlx::query(ask).fetch_all(&mut connection).await.unwrap();
    let mut all = Vec::new();
    for table in tables.iter().map(|row| row.get::<String, _>(0)) {
        let ask = format!("SELECT row_to_json(t)::text FROM {table} t");
        let rows = sqlx::query(AssertSqlSafe(ask)).fetch_all(&mut connection).await.unwrap();
        all.extend(rows.iter().map(|row| Kept { table: table.clone(), row: row.get(0) }));
    }
    all
}

async fn rows_in_file(file: &Path) -> Vec<Kept> {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}?mode=ro", file.display())).await.unwrap();
    let ask = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables = sqlx::query(ask).fetch_all(&mut connection).await.unwrap();
    let mut all = Vec::new();
    for table in tables.iter().map(|row| row.get::<String, _>(0)) {
        let ask = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns = sqlx::query(AssertSqlSafe(ask)).fetch_all(&mut connection).await.unwrap();
        let quoted: Vec<String> =
            columns.iter().map(|row| format!("'{0}=' || quote(\"{0}\")", row.get::<String, _>(0))).collect();
        let ask = format!("SELECT {} FROM \"{table}\"", quoted.join(" || ', ' || "));
        let rows = sqlx::query(AssertSqlSafe(ask)).fetch_all(&mut connection).await.unwrap();
        all.extend(rows.iter().map(|row| Kept { table: table.clone(), row: row.get(0) }));
    }
    all
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found
}

/// The files of a house, its log among them, in which a word stands.
pub fn files_that_hold(house: &House, word: &str) -> Vec<PathBuf> {
    let mut all = files(&house.data);
    all.push(house.log_path());
    all.retain(|file| {
        let bytes = std::fs::read(file).unwrap_or_default();
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    });
    all
}
