//! Looking at activity. Whoever looks is an action with an audit entry, and never sees rows about themselves (invariant 11).

use jiff::Timestamp;

use super::Record;
use crate::db::{Row, Value, values};
use crate::ids::pattern;
use crate::unit::offset;
use crate::{Page, ROWS_PER_PAGE, Store, StoreError};

macro_rules! select {
    ($($rest:expr),+) => {
        concat!(
            "SELECT place, found, reference, at, person, population, listener, device, method, scheme, host, path, search, action, ",
            "codes, rule, citation, citation_text, reason, list, navigation, pack_digest, lists_digest, alert, how, session ",
            "FROM records ",
            $($rest),+
        )
    };
}

fn record(row: &Row) -> Result<Record, StoreError> {
    Ok(Record {
        reference: row.text("reference")?,
        at: row.time("at")?,
        person: row.text("person")?,
        population: row.text("population")?,
        listener: row.text("listener")?,
        device: row.text("device")?,
        method: row.text("method")?,
        scheme: row.text("scheme")?,
        host: row.text("host")?,
        path: row.text("path")?,
        search: row.text("search")?,
        action: row.text("action")?,
        codes: row.texts("codes")?,
        rule: row.text("rule")?,
        citation: row.text("citation")?,
        citation_text: row.text("citation_text")?,
        reason: row.text("reason")?,
        list: row.text("list")?,
        navigation: row.flag("navigation")?,
        pack_digest: row.text("pack_digest")?,
        lists_digest: row.text("lists_digest")?,
        alert: row.maybe_text("alert")?,
        how: row.text("how")?,
        session: row.text("session")?,
    })
}

async fn all(store: &Store, sql: &'static str, values: Vec<Value>) -> Result<Vec<Record>, StoreError> {
    store.activity().rows(sql, values).await?.iter().map(record).collect()
}

/// The decision behind a block page.
///
/// # Errors
/// As the database gives them; so below.
pub async fn by_reference(store: &Store, reference: &str) -> Result<Option<Record>, StoreError> {
    Ok(all(store, select!("WHERE reference = $1"), values![reference]).await?.pop())
}

/// What a person asked for between two moments (the first included), oldest first, at most `limit`: the hour around an alert.
pub async fn of_person_between(
    store: &Store,
    person: &str,
    from: Timestamp,
    to: Timestamp,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    all(
        store,
        select!("WHERE person = $1 AND at >= $2 AND at < $3 ORDER BY at, reference LIMIT $4"),
        values![person, from, to, limit],
    )
    .await
}

/// Which filter events.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Words in host, device or reference; empty for all.
    pub text: String,
    /// `allow`, `block`, `warn`, `watch`.
    pub action: Option<String>,
    pub alerts_only: bool,
    /// The person who looks: their own rows do not exist for them.
    pub not_person: String,
    /// Counted from 1.
    pub page: u32,
}

/// The rows that a query means: `$1` not this person, `$2` action, `$3` alerts only, `$4` text.
macro_rules! meant {
    () => {
        "WHERE person <> $1 AND (CAST($2 AS TEXT) IS NULL OR action = $2) AND (NOT $3 OR alert IS NOT NULL) \
         AND found LIKE $4 ESCAPE '\\' "
    };
}

/// A page of filter events about others, newest first.
pub async fn search(store: &Store, query: &EventQuery) -> Result<Page<Record>, StoreError> {
    let mut values = values![&query.not_person, &query.action, query.alerts_only, pattern(&query.text)];
    let counted = store.activity().row(concat!("SELECT count(*) AS n FROM records ", meant!()), values.clone()).await?;
    let total = counted.map_or(Ok(0), |row| row.count("n"))?;
    values.extend(values![ROWS_PER_PAGE, offset(query.page)]);
    let sql = select!(meant!(), "ORDER BY at DESC, reference LIMIT $5 OFFSET $6");
    Ok(Page::of(all(store, sql, values).await?, query.page, total))
}

/// When the last alert about anybody else came.
pub async fn last_alert(store: &Store, not_person: &str) -> Result<Option<Timestamp>, StoreError> {
    let row = store
        .activity()
        .row(
            "SELECT CAST(max(at) AS BIGINT) AS at FROM records WHERE alert IS NOT NULL AND person <> $1",
            values![not_person],
        )
        .await?;
    row.map_or(Ok(None), |row| row.maybe_time("at"))
}

/// Alerts that casework has not taken over, oldest first.
pub async fn alerts_waiting(store: &Store, limit: u32) -> Result<Vec<Record>, StoreError> {
    all(
        store,
        select!("WHERE alert IS NOT NULL AND alert_taken_at IS NULL ORDER BY at, reference LIMIT $1"),
        values![limit],
    )
    .await
}

/// What is still kept of a batch: place, words that it is found by, and record, in order.
pub async fn records_of_batch(
    store: &Store,
    gateway: &str,
    seq: i64,
) -> Result<Vec<(i64, String, Record)>, StoreError> {
    let sql = select!("WHERE gateway = $1 AND batch = $2 ORDER BY place");
    let rows = store.activity().rows(sql, values![gateway, seq]).await?;
    rows.iter().map(|row| Ok((row.int("place")?, row.text("found")?, record(row)?))).collect()
}
