//! "Ask for this site" and "this should be closed": requests from people, and what was decided about them (F12).

use jiff::Timestamp;

use crate::db::{Row, Value, values, words};
use crate::unit::offset;
use crate::{Page, ROWS_PER_PAGE, Reader, StoreError, Unit};

words! {
    /// How far a request is.
    RequestState { Asked = "asked", Allowed = "allowed", Refused = "refused" }
}

/// Stands in place of the block page's reference where nothing was blocked: the request is to close a site that opened.
pub const GOT_THROUGH: &str = "got-through";

/// One request for one site. Allowed means that it was done as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRequest {
    pub id: String,
    pub at: Timestamp,
    pub host: String,
    pub asked_by: String,
    pub population: String,
    pub why: String,
    /// Of the block page.
    pub record_reference: String,
    pub state: RequestState,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<String>,
    pub decision_reason: Option<String>,
    pub until: Option<Timestamp>,
}

impl SiteRequest {
    /// Whether it is about a site that opened and should not.
    #[must_use]
    pub fn got_through(&self) -> bool {
        self.record_reference == GOT_THROUGH
    }
}

fn request(row: &Row) -> Result<SiteRequest, StoreError> {
    Ok(SiteRequest {
        id: row.text("id")?,
        at: row.time("at")?,
        host: row.text("host")?,
        asked_by: row.text("asked_by")?,
        population: row.text("population")?,
        why: row.text("why")?,
        record_reference: row.text("record_reference")?,
        state: row.word("state", RequestState::from_word)?,
        decided_at: row.maybe_time("decided_at")?,
        decided_by: row.maybe_text("decided_by")?,
        decision_reason: row.maybe_text("decision_reason")?,
        until: row.maybe_time("until")?,
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, at, host, asked_by, population, why, record_reference, state, decided_at, decided_by, ",
            "decision_reason, until FROM site_requests ",
            $rest
        )
    };
}

/// Keeps a request.
///
/// # Errors
/// `Refused` if a text is too long.
pub async fn insert(unit: &mut Unit, request: &SiteRequest) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO site_requests (id, at, host, asked_by, population, why, record_reference, state, decided_at, \
         decided_by, decision_reason, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        values![
            &request.id,
            request.at,
            &request.host,
            &request.asked_by,
            &request.population,
            &request.why,
            &request.record_reference,
            request.state,
            request.decided_at,
            &request.decided_by,
            &request.decision_reason,
            request.until,
        ],
    )
    .await
    .map(|_| ())
}

/// One request, unless the viewer asked for it: nobody decides about their own (invariant 11).
///
/// # Errors
/// As the database gives them; so for all reads below.
pub async fn get(from: impl Into<Reader<'_>>, id: &str, not_by: &str) -> Result<Option<SiteRequest>, StoreError> {
    from.into().first(select!("WHERE id = $1 AND asked_by <> $2"), values![id, not_by], request).await
}

/// A page of requests that others made, newest first.
pub async fn page(
    from: impl Into<Reader<'_>>,
    not_by: &str,
    state: Option<RequestState>,
    page: u32,
) -> Result<Page<SiteRequest>, StoreError> {
    let mut from = from.into();
    let mut values = values![not_by];
    values.push(Value::from(state.map(RequestState::word)));
    let total = from
        .number(
            "SELECT count(*) AS n FROM site_requests WHERE asked_by <> $1 AND (CAST($2 AS TEXT) IS NULL OR state = $2)",
            values.clone(),
        )
        .await?;
    values.extend(values![ROWS_PER_PAGE, offset(page)]);
    let items = from
        .all(
            select!(
                "WHERE asked_by <> $1 AND (CAST($2 AS TEXT) IS NULL OR state = $2) ORDER BY at DESC, id LIMIT $3 OFFSET $4"
            ),
            values,
            request,
        )
        .await?;
    Ok(Page::of(items, page, total))
}

/// Requests of others that wait for a decision.
pub async fn waiting(from: impl Into<Reader<'_>>, not_by: &str) -> Result<u64, StoreError> {
    from.into()
        .number("SELECT count(*) AS n FROM site_requests WHERE state = 'asked' AND asked_by <> $1", values![not_by])
        .await
}

/// All that was asked since a moment, oldest first: to be counted.
pub async fn since(from: impl Into<Reader<'_>>, at: Timestamp) -> Result<Vec<SiteRequest>, StoreError> {
    from.into().all(select!("WHERE at >= $1 ORDER BY at, id LIMIT 10000"), values![at], request).await
}

/// What a person asked for, newest first.
pub async fn of_person(from: impl Into<Reader<'_>>, person: &str) -> Result<Vec<SiteRequest>, StoreError> {
    from.into().all(select!("WHERE asked_by = $1 ORDER BY at DESC, id"), values![person], request).await
}

/// Writes down what was decided.
///
/// # Errors
/// `Conflict` if somebody decided it meanwhile, or the one who decides asked for it.
pub async fn decide(unit: &mut Unit, request: &SiteRequest) -> Result<(), StoreError> {
    unit.execute_one(
        "UPDATE site_requests SET state = $2, decided_at = $3, decided_by = $4, decision_reason = $5, until = $6 \
         WHERE id = $1 AND state = 'asked' AND asked_by <> $4",
        values![
            &request.id,
            request.state,
            request.decided_at,
            &request.decided_by,
            &request.decision_reason,
            request.until
        ],
    )
    .await
}
