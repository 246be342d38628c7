//! Which covered rows a unit has written, and what its entry says of each.

use std::collections::{BTreeMap, HashMap};

use super::{KeyDigest, Line, RowDigest, Salt, half, is_covered, loose, schema};
use crate::db::{Row, Tx, Value};
use crate::{Store, StoreError};

/// Rows asked for with one statement. A shorter list is filled up by repeating its last key, so that few texts are
/// prepared.
const KEYS_AT_ONCE: [usize; 3] = [1, 8, 64];

/// The rows that a unit has written so far.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    keys: BTreeMap<(&'static str, KeyDigest), Vec<Value>>,
}

impl Changed {
    /// Runs a statement of the unit and notes the rows that it wrote. Gives their number.
    pub(crate) async fn execute(
        &mut self,
        store: &Store,
        tx: &mut Tx,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let covered = schema::written(sql).filter(|one| is_covered(one.table) && !one.sets_only(loose(one.table)));
        let Some(written) = covered else { return tx.execute(sql, values).await };
        let Some((name, table)) = schema::tables().get_key_value(written.table) else {
            return tx.execute(sql, values).await;
        };
        if sql.contains(" RETURNING ") {
            return Err(StoreError::Fault(format!("the unit itself asks what {name} gives back")));
        }
        let rows = tx.write(format!("{sql} RETURNING {}", table.key.join(", ")), values).await?;
        let keys = rows.iter().map(|row| key_of(row, &table.key)).collect::<Result<Vec<_>, _>>()?;
        if written.deletes {
            self.note_followers(store, name, &keys).await?;
        }
        for key in keys {
            self.note(store.salt(), name, key);
        }
        u64::try_from(rows.len()).map_err(|why| StoreError::Fault(why.to_string()))
    }

    fn note(&mut self, salt: Salt, table: &'static str, key: Vec<Value>) {
        self.keys.insert((table, salt.key(table, &key)), key);
    }

    /// What the database itself changes when rows go: rows that go with them, columns that become empty.
    async fn note_followers(&mut self, store: &Store, gone: &str, keys: &[Vec<Value>]) -> Result<(), StoreError> {
        let mut waiting: Vec<(&str, Vec<Value>)> = keys.iter().map(|key| (gone, key.clone())).collect();
        while let Some((gone, key)) = waiting.pop() {
            let [one] = key.as_slice() else { continue };
            for (name, table) in schema::tables() {
                for follows in table.follows.iter().filter(|follows| follows.of == gone) {
                    let sql = format!("SELECT {} FROM {name} WHERE {} = $1", table.key.join(", "), follows.column);
                    for row in store.haven().committed(sql, vec![one.clone()]).await? {
                        let key = key_of(&row, &table.key)?;
                        if follows.goes {
                            waiting.push((name, key.clone()));
                        }
                        if is_covered(name) {
                            self.note(store.salt(), name, key);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The lines for the unit's entry: every row that is not as it was before the unit. What was before is read beside
    /// the transaction, so a change that went round Haven is not taken for our own.
    pub(crate) async fn lines(&self, store: &Store, tx: &mut Tx) -> Result<Vec<String>, StoreError> {
        let salt = store.salt();
        let mut by_table: BTreeMap<&'static str, Vec<(KeyDigest, &Vec<Value>)>> = BTreeMap::new();
        for ((table, digest), key) in &self.keys {
            by_table.entry(table).or_default().push((*digest, key));
        }
        let mut lines = Vec::new();
        for (name, keys) in by_table {
            let Some(table) = schema::tables().get(name) else { continue };
            let most = KEYS_AT_ONCE.last().copied().unwrap_or(1);
            for some in keys.chunks(most) {
                let (sql, values) = select(name, &table.key, some);
                let before =
                    digests(salt, name, &table.key, &store.haven().committed(sql.clone(), values.clone()).await?)?;
                let now = digests(salt, name, &table.key, &tx.read(sql, values).await?)?;
                for (key, _) in some {
                    let (before, now) = (before.get(key), now.get(key).copied());
                    if before != now.as_ref() {
                        let before = before.map(half);
                        lines.push(Line { table: name.to_owned(), key: *key, before, now }.to_string());
                    }
                }
            }
        }
        Ok(lines)
    }
}

/// The key of a row as values.
pub(super) fn key_of(row: &Row, columns: &[&'static str]) -> Result<Vec<Value>, StoreError> {
    columns.iter().map(|column| row.value(column)).collect()
}

fn digests(
    salt: Salt,
    table: &str,
    key: &[&'static str],
    rows: &[Row],
) -> Result<HashMap<KeyDigest, RowDigest>, StoreError> {
    rows.iter().map(|row| Ok((salt.key(table, &key_of(row, key)?), salt.row(table, row)?))).collect()
}

/// The statement for these rows, and its values.
fn select(table: &str, columns: &[&'static str], keys: &[(KeyDigest, &Vec<Value>)]) -> (String, Vec<Value>) {
    let wanted = KEYS_AT_ONCE.into_iter().find(|size| *size >= keys.len()).unwrap_or(keys.len());
    let filled = keys.iter().chain(std::iter::repeat_n(keys.last(), wanted).flatten()).take(wanted);
    let values: Vec<Value> = filled.flat_map(|(_, key)| key.iter().cloned()).collect();
    let one = |place: usize| {
        let numbers: Vec<String> = (1..=columns.len()).map(|at| format!("${}", place * columns.len() + at)).collect();
        format!("({})", numbers.join(", "))
    };
    let places: Vec<String> = (0..wanted).map(one).collect();
    let sql = match columns {
        [single] => format!("SELECT * FROM {table} WHERE {single} IN ({})", places.join(", ")),
        several => format!("SELECT * FROM {table} WHERE ({}) IN (VALUES {})", several.join(", "), places.join(", ")),
    };
    (sql, values)
}
