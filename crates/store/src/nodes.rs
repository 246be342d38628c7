//! What each node says of itself: how it stands, and what it counted in each hour. Kinds and numbers, never a person.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::db::values;
use crate::ids::clip;
use crate::{Store, StoreError};

/// Longest name of a node, in letters.
pub const NAME_LIMIT_LETTERS: usize = 64;

/// How a node stood when it last said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub node: String,
    /// When its run began.
    pub started_at: Timestamp,
    pub at: Timestamp,
    /// JSON, at most 64,000 characters.
    pub about: String,
}

/// What a node counted in one hour of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hour {
    pub node: String,
    /// When the run began.
    pub run: Timestamp,
    /// When the hour began.
    pub hour: Timestamp,
    pub numbers: BTreeMap<String, u64>,
}

/// Takes the place of what the node said before.
///
/// # Errors
/// As the database gives them; so below.
pub async fn tell(store: &Store, node: &Node) -> Result<(), StoreError> {
    let sql = "INSERT INTO nodes (node, started_at, at, about) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (node) DO UPDATE SET started_at = excluded.started_at, at = excluded.at, about = excluded.about";
    let name = clip(&node.node, NAME_LIMIT_LETTERS);
    store.activity().execute(sql, values![name, node.started_at, node.at, &node.about]).await.map(|_| ())
}

/// Takes the place of what the node said of the same hour of the same run: its numbers only grow.
pub async fn count(store: &Store, hour: &Hour) -> Result<(), StoreError> {
    let sql = "INSERT INTO node_hours (node, run, hour, numbers) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (node, run, hour) DO UPDATE SET numbers = excluded.numbers";
    let numbers = serde_json::to_string(&hour.numbers).unwrap_or_default();
    let name = clip(&hour.node, NAME_LIMIT_LETTERS);
    store.activity().execute(sql, values![name, hour.run, hour.hour, numbers]).await.map(|_| ())
}

/// Every node that ever spoke, by name.
pub async fn all(store: &Store) -> Result<Vec<Node>, StoreError> {
    let rows = store.activity().rows("SELECT node, started_at, at, about FROM nodes ORDER BY node", vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Node {
                node: row.text("node")?,
                started_at: row.time("started_at")?,
                at: row.time("at")?,
                about: row.text("about")?,
            })
        })
        .collect()
}

/// What was counted in the hours that began at a moment or later, oldest first.
pub async fn hours_since(store: &Store, from: Timestamp) -> Result<Vec<Hour>, StoreError> {
    let sql = "SELECT node, run, hour, numbers FROM node_hours WHERE hour >= $1 ORDER BY hour, node, run";
    let rows = store.activity().rows(sql, values![from]).await?;
    rows.iter()
        .map(|row| {
            let numbers = serde_json::from_str(&row.text("numbers")?)
                .map_err(|why| StoreError::corrupt("node_hours.numbers", why))?;
            Ok(Hour { node: row.text("node")?, run: row.time("run")?, hour: row.time("hour")?, numbers })
        })
        .collect()
}

/// Forgets the numbers of old hours, and nodes that have been silent since.
pub async fn drop_before(store: &Store, before: Timestamp) -> Result<u64, StoreError> {
    store.activity().execute("DELETE FROM nodes WHERE at < $1", values![before]).await?;
    store.activity().execute("DELETE FROM node_hours WHERE hour < $1", values![before]).await
}

/// How many bytes the databases take.
pub async fn size_bytes(store: &Store) -> Result<u64, StoreError> {
    if store.is_postgres() {
        let row = store.activity().row("SELECT pg_database_size(current_database()) AS n", vec![]).await?;
        return row.map_or(Ok(0), |row| row.count("n"));
    }
    let sql = "SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()";
    let mut all = 0_u64;
    for db in [store.haven(), store.activity(), store.keys()] {
        all = all.saturating_add(db.row(sql, vec![]).await?.map_or(Ok(0), |row| row.count("n"))?);
    }
    Ok(all)
}
