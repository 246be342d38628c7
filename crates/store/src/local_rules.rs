//! The organisation's own rules for single sites, each with a reason, a citation and an end.

use jiff::Timestamp;

use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// One rule for one host and what is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalRule {
    pub id: String,
    pub host: String,
    /// Or refuse.
    pub allow: bool,
    /// A population of the pack; empty for everybody.
    pub population: String,
    pub reason: String,
    /// As `Citation::to_record`.
    pub citation: String,
    pub made_at: Timestamp,
    pub made_by: String,
    pub until: Option<Timestamp>,
    /// The request it answers.
    pub request: Option<String>,
    /// When a person took it back.
    pub withdrawn_at: Option<Timestamp>,
}

impl LocalRule {
    /// Whether it still says something at a moment.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        let after = |end: Option<Timestamp>| end.is_none_or(|end| end > now);
        after(self.until) && after(self.withdrawn_at)
    }
}

fn rule(row: &Row) -> Result<LocalRule, StoreError> {
    Ok(LocalRule {
        id: row.text("id")?,
        host: row.text("host")?,
        allow: row.flag("allow")?,
        population: row.text("population")?,
        reason: row.text("reason")?,
        citation: row.text("citation")?,
        made_at: row.time("made_at")?,
        made_by: row.text("made_by")?,
        until: row.maybe_time("until")?,
        request: row.maybe_text("request_id")?,
        withdrawn_at: row.maybe_time("withdrawn_at")?,
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, host, allow, population, reason, citation, made_at, made_by, until, request_id, withdrawn_at ",
            "FROM local_rules ",
            $rest
        )
    };
}

/// Keeps a rule. Announce it in the feed in the same unit.
///
/// # Errors
/// `Refused` if a text is too long or there is no such request.
pub async fn insert(unit: &mut Unit, rule: &LocalRule) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO local_rules (id, host, allow, population, reason, citation, made_at, made_by, until, request_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        values![
            &rule.id,
            &rule.host,
            rule.allow,
            &rule.population,
            &rule.reason,
            &rule.citation,
            rule.made_at,
            &rule.made_by,
            rule.until,
            &rule.request,
        ],
    )
    .await
    .map(|_| ())
}

/// The rules that hold at a moment, newest first.
///
/// # Errors
/// As the database gives them.
pub async fn in_force(from: impl Into<Reader<'_>>, now: Timestamp) -> Result<Vec<LocalRule>, StoreError> {
    let sql = select!(
        "WHERE (until IS NULL OR until > $1) AND (withdrawn_at IS NULL OR withdrawn_at > $1) ORDER BY made_at DESC, id"
    );
    from.into().all(sql, values![now], rule).await
}

/// One rule, also one that has ended.
///
/// # Errors
/// As the database gives them.
pub async fn get(from: impl Into<Reader<'_>>, id: &str) -> Result<Option<LocalRule>, StoreError> {
    from.into().first(select!("WHERE id = $1"), values![id], rule).await
}

/// Every rule there ever was, newest first: an organisation decides some hundreds in its life.
///
/// # Errors
/// As the database gives them.
pub async fn all(from: impl Into<Reader<'_>>) -> Result<Vec<LocalRule>, StoreError> {
    from.into().all(select!("ORDER BY made_at DESC, id"), values![], rule).await
}

/// Ends a rule; false if it had ended.
///
/// # Errors
/// As the database gives them.
pub async fn withdraw(unit: &mut Unit, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE local_rules SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL";
    Ok(unit.execute(sql, values![id, now]).await? == 1)
}
