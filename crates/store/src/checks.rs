//! What checks of the running filter found (F16): dated, one row for each gateway and check, and never changed.

use jiff::Timestamp;

use crate::db::{Row, values};
use crate::ids::clip;
use crate::nodes::NAME_LIMIT_LETTERS;
use crate::{Page, Store, StoreError, unit};

/// What one gateway found in one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// One check, at every gateway.
    pub request: String,
    pub node: String,
    pub at: Timestamp,
    /// JSON.
    pub results: String,
    /// An entry of the record speaks of it.
    pub noted: bool,
}

/// What an audit entry says of a check, as a text among its digests: results that are altered afterwards show.
#[must_use]
pub fn vouched(results: &str) -> String {
    format!("check {}", crate::vault::digest_hex(results.as_bytes()))
}

fn check(row: &Row) -> Result<Check, StoreError> {
    Ok(Check {
        request: row.text("request")?,
        node: row.text("node")?,
        at: row.time("at")?,
        results: row.text("results")?,
        noted: row.maybe_time("noted_at")?.is_some(),
    })
}

/// Keeps what was found.
///
/// # Errors
/// `Duplicate` if this gateway has answered this check; as the database gives them, so below.
pub async fn keep(store: &Store, check: &Check) -> Result<(), StoreError> {
    let sql = "INSERT INTO checks (request, node, at, results) VALUES ($1, $2, $3, $4)";
    let node = clip(&check.node, NAME_LIMIT_LETTERS);
    store.activity().execute(sql, values![&check.request, node, check.at, &check.results]).await.map(|_| ())
}

/// A page of checks, newest first.
pub async fn page(store: &Store, page: u32) -> Result<Page<Check>, StoreError> {
    let total = store.activity().row("SELECT count(*) AS n FROM checks", vec![]).await?;
    let total = total.map_or(Ok(0), |row| row.count("n"))?;
    let sql = "SELECT request, node, at, results, noted_at FROM checks ORDER BY at DESC, node LIMIT $1 OFFSET $2";
    let rows = store.activity().rows(sql, values![unit::ROWS_PER_PAGE, unit::offset(page)]).await?;
    Ok(Page::of(rows.iter().map(check).collect::<Result<_, _>>()?, page, total))
}

/// What every gateway found in one check.
pub async fn of_request(store: &Store, request: &str) -> Result<Vec<Check>, StoreError> {
    let sql = "SELECT request, node, at, results, noted_at FROM checks WHERE request = $1 ORDER BY node";
    store.activity().rows(sql, values![request]).await?.iter().map(check).collect()
}

/// The last check of each gateway.
pub async fn last(store: &Store) -> Result<Vec<Check>, StoreError> {
    let sql = "SELECT request, node, at, results, noted_at FROM checks c WHERE at = (SELECT max(at) FROM checks l WHERE \
               l.node = c.node) ORDER BY node";
    store.activity().rows(sql, vec![]).await?.iter().map(check).collect()
}

/// Checks of which no entry of the record speaks yet.
pub async fn unnoted(store: &Store) -> Result<Vec<Check>, StoreError> {
    let sql =
        "SELECT request, node, at, results, noted_at FROM checks WHERE noted_at IS NULL ORDER BY at, node LIMIT 100";
    store.activity().rows(sql, vec![]).await?.iter().map(check).collect()
}

/// An entry of the record has taken the digest over.
pub async fn noted(store: &Store, check: &Check, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE checks SET noted_at = $3 WHERE request = $1 AND node = $2 AND noted_at IS NULL";
    Ok(store.activity().execute(sql, values![&check.request, &check.node, at]).await? == 1)
}
