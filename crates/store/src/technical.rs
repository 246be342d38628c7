//! Alerts as the head of IT sees them: device, theme and grade, never the case. Nobody sees their own (invariant 11).

use jiff::Timestamp;

use crate::db::{Row, values};
use crate::unit::offset;
use crate::{Page, ROWS_PER_PAGE, Reader, StoreError, Unit, Viewer};

/// One alert without its case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TechnicalAlert {
    pub id: String,
    pub at: Timestamp,
    pub theme: String,
    pub grade: String,
    pub device: String,
    pub host: String,
    /// Of the activity record.
    pub event_reference: String,
    /// Hides the row from the person it is about.
    pub subject_token: Option<[u8; 32]>,
    pub acknowledged_at: Option<Timestamp>,
    pub acknowledged_by: Option<String>,
}

fn alert(row: &Row) -> Result<TechnicalAlert, StoreError> {
    Ok(TechnicalAlert {
        id: row.text("id")?,
        at: row.time("at")?,
        theme: row.text("theme")?,
        grade: row.text("grade")?,
        device: row.text("device")?,
        host: row.text("host")?,
        event_reference: row.text("event_reference")?,
        subject_token: row.maybe_bytes32("subject_token")?,
        acknowledged_at: row.maybe_time("acknowledged_at")?,
        acknowledged_by: row.maybe_text("acknowledged_by")?,
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, at, theme, grade, device, host, event_reference, subject_token, acknowledged_at, acknowledged_by ",
            "FROM technical_alerts WHERE (subject_token IS NULL OR subject_token <> $1) ",
            $rest
        )
    };
}

/// Keeps an alert; false if this event has one.
///
/// # Errors
/// `Refused` if a text is too long.
pub async fn insert(unit: &mut Unit, alert: &TechnicalAlert) -> Result<bool, StoreError> {
    let added = unit
        .execute(
            "INSERT INTO technical_alerts (id, at, theme, grade, device, host, event_reference, subject_token, \
             acknowledged_at, acknowledged_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (event_reference) DO NOTHING",
            values![
                &alert.id,
                alert.at,
                &alert.theme,
                &alert.grade,
                &alert.device,
                &alert.host,
                &alert.event_reference,
                alert.subject_token,
                alert.acknowledged_at,
                &alert.acknowledged_by,
            ],
        )
        .await?;
    Ok(added == 1)
}

/// A page of alerts about others, newest first.
///
/// # Errors
/// As the database gives them; so below.
pub async fn page(from: impl Into<Reader<'_>>, viewer: &Viewer, page: u32) -> Result<Page<TechnicalAlert>, StoreError> {
    let mut from = from.into();
    let total = from
        .number(
            "SELECT count(*) AS n FROM technical_alerts WHERE subject_token IS NULL OR subject_token <> $1",
            values![&viewer.token],
        )
        .await?;
    let items = from
        .all(
            select!("ORDER BY at DESC, id LIMIT $2 OFFSET $3"),
            values![&viewer.token, ROWS_PER_PAGE, offset(page)],
            alert,
        )
        .await?;
    Ok(Page::of(items, page, total))
}

/// Alerts about others that nobody acknowledged, newest first, at most one page.
pub async fn waiting(from: impl Into<Reader<'_>>, viewer: &Viewer) -> Result<Vec<TechnicalAlert>, StoreError> {
    from.into()
        .all(
            select!("AND acknowledged_at IS NULL ORDER BY at DESC, id LIMIT $2"),
            values![&viewer.token, ROWS_PER_PAGE],
            alert,
        )
        .await
}

/// One alert, unless it is about the viewer.
pub async fn get(from: impl Into<Reader<'_>>, viewer: &Viewer, id: &str) -> Result<Option<TechnicalAlert>, StoreError> {
    from.into().first(select!("AND id = $2"), values![&viewer.token, id], alert).await
}

/// Acknowledges an alert about somebody else; it never stops the safeguarding clock. False if it was done already, or
/// for this viewer there is no such alert.
pub async fn acknowledge(unit: &mut Unit, viewer: &Viewer, id: &str, at: Timestamp) -> Result<bool, StoreError> {
    let changed = unit
        .execute(
            "UPDATE technical_alerts SET acknowledged_at = $3, acknowledged_by = $4 WHERE id = $2 \
             AND (subject_token IS NULL OR subject_token <> $1) AND acknowledged_at IS NULL",
            values![&viewer.token, id, at, &viewer.person],
        )
        .await?;
    Ok(changed == 1)
}

/// Takes away the alert of an activity record that somebody judged to be a false alarm (S-5). False if there is none.
pub async fn withdraw(unit: &mut Unit, event_reference: &str) -> Result<bool, StoreError> {
    let gone =
        unit.execute("DELETE FROM technical_alerts WHERE event_reference = $1", values![event_reference]).await?;
    Ok(gone >= 1)
}
