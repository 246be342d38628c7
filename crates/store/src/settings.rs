//! Small facts about this Haven, each a text under a name.

use crate::db::values;
use crate::{Reader, StoreError, Unit};

/// One setting.
///
/// # Errors
/// As the database gives them; so below.
pub async fn get(from: impl Into<Reader<'_>>, key: &str) -> Result<Option<String>, StoreError> {
    from.into().first("SELECT value FROM settings WHERE key = $1", values![key], |row| row.text("value")).await
}

/// Sets or changes one.
pub async fn put(unit: &mut Unit, key: &str, value: &str) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        values![key, value],
    )
    .await
    .map(|_| ())
}

/// All of them, by name.
pub async fn all(from: impl Into<Reader<'_>>) -> Result<Vec<(String, String)>, StoreError> {
    from.into()
        .all("SELECT key, value FROM settings ORDER BY key", vec![], |row| Ok((row.text("key")?, row.text("value")?)))
        .await
}
