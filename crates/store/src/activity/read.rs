//! Looking at activity. Whoever looks is an action with an audit entry, and never sees rows about themselves (invariant 11).

use jiff::Timestamp;

use super::Record;
use crate::db::{Row, Value, values};
use crate::ids::pattern;
use crate::unit::offset;
use crate::{Page, ROWS_PER_PAGE, Store, StoreError};

macro_rules! select {
    ($($rest:expr),*) => {
        concat!(
            "SELECT place, found, reference, at, person, population, listener, device, method, scheme, host, path, search, action, ",
            "codes, rule, citation, citation_text, reason, list, navigation, pack_digest, lists_digest, alert, how, session ",
            "FROM records ",
            $($rest),*
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
    /// Exactly this host.
    pub host: Option<String>,
    /// Address of the device.
    pub device: Option<String>,
    /// A code of the decision.
    pub code: Option<String>,
    pub listener: Option<String>,
    /// `allow`, `block`, `warn`, `watch`.
    pub action: Option<String>,
    pub alerts_only: bool,
    /// Only pages that somebody looked at: not what browsers fetch by themselves.
    pub pages_only: bool,
    /// Only of this person.
    pub person: Option<String>,
    /// The person who looks: their own rows do not exist for them.
    pub not_person: String,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// Counted from 1.
    pub page: u32,
}

/// Most events that are counted: above it there are “many”.
pub const COUNT_LIMIT_ROWS: u32 = 5_000;

/// The rows that a query means, put together from constants: what was not asked stands in no condition, so that each
/// question finds the index that is made for it.
fn meant(query: &EventQuery) -> (String, Vec<Value>) {
    let mut sql = String::from("WHERE person <> $1 ");
    let mut all = values![&query.not_person];
    let mut and = |condition: &str, value: Value| {
        all.push(value);
        sql.push_str(&condition.replace("$n", &format!("${}", all.len())));
    };
    if let Some(from) = query.from {
        and("AND at >= $n ", from.into());
    }
    if let Some(to) = query.to {
        and("AND at < $n ", to.into());
    }
    let exact: [(&str, &Option<String>); 5] = [
        ("AND person = $n ", &query.person),
        ("AND host = $n ", &query.host),
        ("AND device = $n ", &query.device),
        ("AND listener = $n ", &query.listener),
        ("AND action = $n ", &query.action),
    ];
    for (condition, value) in exact {
        if value.is_some() {
            and(condition, value.into());
        }
    }
    if let Some(code) = &query.code {
        and("AND codes LIKE $n ESCAPE '\\' ", pattern(&format!("\"{code}\"")).into());
    }
    if !query.text.trim().is_empty() {
        and("AND found LIKE $n ESCAPE '\\' ", pattern(&query.text).into());
    }
    if query.alerts_only {
        sql.push_str("AND alert IS NOT NULL ");
    }
    if query.pages_only {
        sql.push_str("AND navigation ");
    }
    (sql, all)
}

/// A page of filter events about others, newest first. Counts to [`COUNT_LIMIT_ROWS`] and no further. The rows are walked
/// once, for their references alone; a day of a busy college has half a million of them.
pub async fn search(store: &Store, query: &EventQuery) -> Result<Page<Record>, StoreError> {
    let (wheres, values) = meant(query);
    let sql =
        format!("SELECT reference FROM records {wheres}ORDER BY at DESC, reference DESC LIMIT {COUNT_LIMIT_ROWS}");
    let rows = store.activity().read(sql, values).await?;
    let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let skipped = usize::try_from(offset(query.page)).unwrap_or(usize::MAX);
    let shown = rows.iter().skip(skipped).take(usize::try_from(ROWS_PER_PAGE).unwrap_or_default());
    let wanted = shown.map(|row| row.text("reference").map(Value::from)).collect::<Result<Vec<_>, _>>()?;
    if wanted.is_empty() {
        return Ok(Page::of(Vec::new(), query.page, total));
    }
    let numbers: Vec<String> = (1..=wanted.len()).map(|number| format!("${number}")).collect();
    let sql = format!("{}WHERE reference IN ({}) ORDER BY at DESC, reference DESC", select!(), numbers.join(", "));
    let rows = store.activity().read(sql, wanted).await?;
    Ok(Page::of(rows.iter().map(record).collect::<Result<Vec<_>, _>>()?, query.page, total))
}

/// The sites of which most pages were not opened between two moments, with how many. Nothing about the person who looks.
pub async fn blocked_sites(
    store: &Store,
    not_person: &str,
    from: Timestamp,
    to: Timestamp,
    most: u32,
) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "SELECT host, count(*) AS n FROM records WHERE action = 'block' AND at >= $2 AND at < $3 AND navigation \
               AND person <> $1 GROUP BY host ORDER BY n DESC, host LIMIT $4";
    let rows = store.activity().rows(sql, values![not_person, from, to, most]).await?;
    rows.iter().map(|row| Ok((row.text("host")?, row.count("n")?))).collect()
}

/// How many pages were not opened between two moments, by the codes of the decision.
pub async fn blocked_codes(
    store: &Store,
    not_person: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(Vec<String>, u64)>, StoreError> {
    let sql = "SELECT codes, count(*) AS n FROM records WHERE action = 'block' AND at >= $2 AND at < $3 AND navigation \
               AND person <> $1 GROUP BY codes ORDER BY n DESC, codes";
    let rows = store.activity().rows(sql, values![not_person, from, to]).await?;
    rows.iter().map(|row| Ok((row.texts("codes")?, row.count("n")?))).collect()
}

/// What was not opened, as little as is needed to count attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    pub reference: String,
    pub at: Timestamp,
    pub person: String,
    pub host: String,
    pub codes: Vec<String>,
    pub rule: String,
    pub navigation: bool,
}

/// What was not opened between two moments, oldest first, at most `limit` lines.
pub async fn blocked_between(
    store: &Store,
    from: Timestamp,
    to: Timestamp,
    limit: u32,
) -> Result<Vec<Blocked>, StoreError> {
    let sql = "SELECT reference, at, person, host, codes, rule, navigation FROM records WHERE action = 'block' \
               AND at >= $1 AND at < $2 ORDER BY at LIMIT $3";
    let rows = store.activity().rows(sql, values![from, to, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Blocked {
                reference: row.text("reference")?,
                at: row.time("at")?,
                person: row.text("person")?,
                host: row.text("host")?,
                codes: row.texts("codes")?,
                rule: row.text("rule")?,
                navigation: row.flag("navigation")?,
            })
        })
        .collect()
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
