//! What tables there are, by which columns a row is told from the others, and which rows a deletion takes along: read from
//! the migrations themselves, so that a later table is known here without anybody thinking of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::db::migrate::texts;
use crate::db::open::Part;

/// One table, as its migration declares it.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Columns of the primary key, in order.
    pub(crate) key: Vec<&'static str>,
    /// With the type word of the migration.
    pub(crate) columns: Vec<(&'static str, &'static str)>,
    /// Columns that name a row of another table and change or go with it.
    pub(crate) follows: Vec<Follows>,
}

/// A column that follows a row of another table.
#[derive(Debug)]
pub(crate) struct Follows {
    pub(crate) column: &'static str,
    pub(crate) of: &'static str,
    /// The row goes with the other; otherwise only the column becomes empty.
    pub(crate) goes: bool,
}

impl Table {
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| *name == column)
    }
}

static HAVEN: LazyLock<BTreeMap<&'static str, Table>> = LazyLock::new(|| read(texts(Part::Haven)));

/// The tables that Haven works with.
pub(crate) fn tables() -> &'static BTreeMap<&'static str, Table> {
    &HAVEN
}

fn read(texts: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, Table> {
    let mut tables: BTreeMap<&'static str, Table> = BTreeMap::new();
    for text in texts {
        let mut inside: Option<&'static str> = None;
        for line in text.lines() {
            let line = line.split_once("--").map_or(line, |(code, _)| code).trim_end();
            let words: Vec<&'static str> = line.split_whitespace().collect();
            match (inside, words.as_slice()) {
                (None, ["CREATE", "TABLE", name, ..]) => {
                    inside = Some(name);
                    tables.insert(name, Table::default());
                }
                (None, ["ALTER", "TABLE", name, "ADD", "COLUMN", column @ ..]) => {
                    if let Some(table) = tables.get_mut(name) {
                        add_column(table, column);
                    }
                }
                (None, ["DROP", "TABLE", name]) => {
                    tables.remove(name.trim_end_matches(';'));
                }
                (Some(_), [end]) if end.starts_with(");") => inside = None,
                (Some(name), ["PRIMARY", "KEY", ..]) => {
                    let listed = line.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
                    if let (Some(table), Some((listed, _))) = (tables.get_mut(name), listed) {
                        table.key = listed.split(',').map(str::trim).collect();
                    }
                }
                (Some(name), column) => {
                    if let Some(table) = tables.get_mut(name) {
                        add_column(table, column);
                    }
                }
                (None, _) => {}
            }
        }
    }
    tables
}

fn add_column(table: &mut Table, words: &[&'static str]) {
    let [name, kind, rest @ ..] = words else { return };
    let kind = kind.trim_end_matches([',', ';']);
    if !matches!(kind, "TEXT" | "BIGINT" | "BOOLEAN" | "BYTEA") {
        return;
    }
    table.columns.push((name, kind));
    if rest.windows(2).any(|pair| matches!(pair, ["PRIMARY", key] if key.starts_with("KEY"))) {
        table.key = vec![name];
    }
    if let Some(at) = rest.iter().position(|word| *word == "REFERENCES") {
        let goes = rest.windows(2).any(|pair| matches!(pair, ["DELETE", what] if what.starts_with("CASCADE")));
        let empties = rest.windows(3).any(|three| matches!(three, ["DELETE", "SET", null] if null.starts_with("NULL")));
        if let (Some(of), true) = (rest.get(at.saturating_add(1)), goes || empties) {
            table.follows.push(Follows { column: name, of, goes });
        }
    }
}

/// What a statement of Haven's own writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written<'s> {
    pub(crate) table: &'s str,
    pub(crate) deletes: bool,
    /// The assignments of an update; nothing for any other.
    sets: &'s str,
}

impl Written<'_> {
    /// Whether it is an update of these columns and of no other.
    pub(crate) fn sets_only(&self, columns: &[&str]) -> bool {
        let words: Vec<&str> = self.sets.split_whitespace().collect();
        let mut set = words.windows(2).filter(|pair| pair.get(1) == Some(&"=")).filter_map(|pair| pair.first());
        !self.sets.is_empty() && set.all(|column| columns.contains(column))
    }
}

/// The table that a statement writes; none for one that reads.
pub(crate) fn written(sql: &str) -> Option<Written<'_>> {
    let sql = sql.trim_start();
    let first = |rest: &str, skip: usize| {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        sql.get(skip..skip.saturating_add(end))
    };
    let at = |word: &str| sql.strip_prefix(word).and_then(|rest| first(rest, word.len()));
    if let Some(table) = at("INSERT INTO ") {
        return Some(Written { table, deletes: false, sets: "" });
    }
    if let Some(table) = at("DELETE FROM ") {
        return Some(Written { table, deletes: true, sets: "" });
    }
    let table = at("UPDATE ")?;
    let sets = sql.split_once(" SET ").map_or("", |(_, rest)| rest.split(" WHERE ").next().unwrap_or(rest));
    Some(Written { table, deletes: false, sets })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_migrations_tell_keys_and_what_goes_with_what() {
        let tables = tables();
        assert_eq!(tables["case_members"].key, ["case_id", "person"]);
        assert_eq!(tables["cases"].key, ["id"]);
        assert!(tables["cases"].has("emergency_at"));
        let sealed = tables["decisions"].follows.iter().find(|one| one.column == "sealed_id").unwrap();
        assert_eq!((sealed.of, sealed.goes), ("sealed", false));
        assert!(tables["case_steps"].follows[0].goes);
        for (name, table) in tables {
            assert!(!table.key.is_empty(), "{name} has no key that this house can read out of its migration");
        }
    }

    #[test]
    fn a_statement_tells_what_it_writes() {
        assert_eq!(written("SELECT 1 FROM cases"), None);
        assert_eq!(
            written("DELETE FROM sealed WHERE case_id = $1").map(|one| (one.table, one.deletes)),
            Some(("sealed", true))
        );
        assert_eq!(written("INSERT INTO cases (id) VALUES ($1)").map(|one| one.table), Some("cases"));
        let update =
            written("UPDATE letters SET next_at = COALESCE($3, next_at), attempts = attempts + 1 WHERE id = $1")
                .unwrap();
        assert!(update.sets_only(&["next_at", "attempts"]));
        assert!(!update.sets_only(&["next_at"]));
        assert!(!written("DELETE FROM letters").unwrap().sets_only(&["next_at"]));
    }
}
