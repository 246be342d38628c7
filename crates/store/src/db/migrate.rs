//! Bringing a database forward: numbered files, one text for both kinds, with three type words translated.

use super::open::Part;
use super::{Db, Tx, values};
use crate::StoreError;

/// One step forward. Files are never changed once released; a later need is a later file.
struct Migration {
    version: i64,
    part: Part,
    text: &'static str,
    /// What cannot be said in the shared subset: `(SQLite, PostgreSQL)`.
    only: Option<(&'static str, &'static str)>,
}

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../migrations/", $name))
    };
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, part: Part::Haven, text: file!("0001_people.sql"), only: None },
    Migration {
        version: 2,
        part: Part::Haven,
        text: file!("0002_audit.sql"),
        only: Some((file!("0002_audit.sqlite.sql"), file!("0002_audit.postgres.sql"))),
    },
    Migration { version: 3, part: Part::Haven, text: file!("0003_cases.sql"), only: None },
    Migration { version: 4, part: Part::Haven, text: file!("0004_work.sql"), only: None },
    Migration {
        version: 5,
        part: Part::Activity,
        text: file!("0005_activity.sql"),
        only: Some((file!("0005_activity.sqlite.sql"), file!("0005_activity.postgres.sql"))),
    },
    Migration { version: 6, part: Part::Keys, text: file!("0006_keys.sql"), only: None },
    Migration {
        version: 7,
        part: Part::Haven,
        text: file!("0007_record.sql"),
        only: Some((file!("0007_record.sqlite.sql"), file!("0007_record.postgres.sql"))),
    },
    Migration {
        version: 8,
        part: Part::Haven,
        text: file!("0008_gateway.sql"),
        only: Some((file!("0008_gateway.sqlite.sql"), file!("0008_gateway.postgres.sql"))),
    },
    Migration { version: 9, part: Part::Haven, text: file!("0009_admissions.sql"), only: None },
    Migration { version: 10, part: Part::Haven, text: file!("0010_let_ins.sql"), only: None },
    Migration { version: 11, part: Part::Haven, text: file!("0011_coarse_letters.sql"), only: None },
    Migration { version: 12, part: Part::Haven, text: file!("0012_step_answers.sql"), only: None },
    Migration {
        version: 13,
        part: Part::Haven,
        text: file!("0013_passes.sql"),
        only: Some((file!("0013_passes.sqlite.sql"), file!("0013_passes.postgres.sql"))),
    },
    Migration { version: 14, part: Part::Activity, text: file!("0014_nodes.sql"), only: None },
    Migration { version: 15, part: Part::Activity, text: file!("0015_checks.sql"), only: None },
    Migration {
        version: 16,
        part: Part::Haven,
        text: file!("0016_lessons.sql"),
        only: Some((file!("0016_lessons.sqlite.sql"), file!("0016_lessons.postgres.sql"))),
    },
];

/// The latest version of any part that this Haven knows.
pub(crate) fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// The texts of a part, in order.
pub(crate) fn texts(part: Part) -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().filter(move |one| one.part == part).map(|one| one.text)
}

/// The tables of a part, as the migrations name them.
#[cfg(feature = "testing")]
pub(crate) fn tables(part: Part) -> Vec<&'static str> {
    let lines = MIGRATIONS.iter().filter(|one| one.part == part).flat_map(|one| one.text.lines());
    lines.filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split(' ').next()).collect()
}

/// Runs what is missing, in one transaction: a database is never left half-way.
pub(crate) async fn forward(db: &Db, part: Part) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let postgres = matches!(tx, Tx::Postgres(_));
    if postgres {
        // Several nodes may start at once; the lock goes with the transaction. The number is Haven's own, by chance.
        tx.script("SELECT pg_advisory_xact_lock(748290117)".to_owned()).await?;
        tx.script(format!("CREATE SCHEMA IF NOT EXISTS {}", part.name())).await?;
    }
    tx.script(translated(
        "CREATE TABLE IF NOT EXISTS versions (\n  version BIGINT PRIMARY KEY,\n  known BIGINT NOT NULL\n);",
        postgres,
    ))
    .await?;
    let found = match tx.row("SELECT CAST(max(version) AS BIGINT) AS version FROM versions", vec![]).await? {
        Some(row) => row.maybe_int("version")?.unwrap_or_default(),
        None => 0,
    };
    if found > known() {
        return Err(StoreError::Newer { found, known: known() });
    }
    for migration in MIGRATIONS.iter().filter(|one| one.part == part && one.version > found) {
        let shared = translated(migration.text, postgres);
        if !shared.is_empty() {
            tx.script(shared).await?;
        }
        if let Some((sqlite, postgres_text)) = migration.only {
            tx.script(if postgres { postgres_text } else { sqlite }.to_owned()).await?;
        }
        tx.execute("INSERT INTO versions (version, known) VALUES ($1, $2)", values![migration.version, known()])
            .await?;
    }
    tx.commit().await
}

/// The text of a migration in one database's words. Files are written in PostgreSQL's type words; SQLite has others and
/// gets STRICT tables, PostgreSQL gets byte order for text, so that both sort alike.
fn translated(text: &str, postgres: bool) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        let code = line.split_once("--").map_or(line, |(code, _)| code).trim_end();
        if code.is_empty() {
            continue;
        }
        if !postgres && code == ");" {
            out.push_str(") STRICT;\n");
            continue;
        }
        for (index, word) in code.split(' ').enumerate() {
            if index > 0 {
                out.push(' ');
            }
            let (bare, tail) = word.strip_suffix(',').map_or((word, ""), |bare| (bare, ","));
            out.push_str(match (bare, postgres) {
                ("BIGINT" | "BOOLEAN", false) => "INTEGER",
                ("BYTEA", false) => "BLOB",
                ("TEXT", true) => "TEXT COLLATE \"C\"",
                (other, _) => other,
            });
            out.push_str(tail);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "-- a tour\nCREATE TABLE t (\n  id TEXT PRIMARY KEY,\n  n BIGINT NOT NULL, -- a BIGINT\n  b BYTEA,\n  f BOOLEAN NOT NULL\n);\n";

    #[test]
    fn type_words_are_translated_for_sqlite_and_tables_are_strict() {
        assert_eq!(
            translated(SAMPLE, false),
            "CREATE TABLE t (\n  id TEXT PRIMARY KEY,\n  n INTEGER NOT NULL,\n  b BLOB,\n  f INTEGER NOT NULL\n) STRICT;\n"
        );
    }

    #[test]
    fn text_gets_byte_order_on_postgresql() {
        assert!(translated(SAMPLE, true).contains("id TEXT COLLATE \"C\" PRIMARY KEY"));
    }

    #[test]
    fn versions_are_numbered_without_a_gap() {
        let numbers: Vec<i64> = MIGRATIONS.iter().map(|one| one.version).collect();
        assert_eq!(numbers, (1..=known()).collect::<Vec<_>>());
    }
}
