//! Reports that a signed-in person made, so that they can see what became of them. The person is a keyed digest: whoever
//! reads the table does not learn who told. An anonymous report never has a row here (S-3).

use casework::CaseState;
use jiff::Timestamp;

use crate::db::values;
use crate::{Reader, StoreError, Unit};

/// Who reported a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub case: String,
    pub reference: String,
    /// `vault::person_token` of the reporter; the name itself is sealed in the case.
    pub reporter: [u8; 32],
    /// The name is for the case's holders only.
    pub confidential: bool,
    pub at: Timestamp,
}

/// What a reporter may know: that it exists and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportStatus {
    pub reference: String,
    pub at: Timestamp,
    pub state: CaseState,
    pub acknowledged: bool,
}

/// Keeps a report's reporter.
///
/// # Errors
/// `Duplicate` if the case has one; `Refused` if there is no such case.
pub async fn insert(unit: &mut Unit, report: &Report) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO reports (case_id, reference, reporter, confidential, at) VALUES ($1, $2, $3, $4, $5)",
        values![&report.case, &report.reference, hex::encode(report.reporter), report.confidential, report.at],
    )
    .await
    .map(|_| ())
}

/// A person's own reports, newest first.
///
/// # Errors
/// As the database gives them.
pub async fn of_person(from: impl Into<Reader<'_>>, reporter: &[u8; 32]) -> Result<Vec<ReportStatus>, StoreError> {
    from.into()
        .all(
            "SELECT r.reference, r.at, c.state, c.acknowledged_at FROM reports r JOIN cases c ON c.id = r.case_id \
             WHERE r.reporter = $1 ORDER BY r.at DESC, r.reference",
            values![hex::encode(reporter)],
            |row| {
                Ok(ReportStatus {
                    reference: row.text("reference")?,
                    at: row.time("at")?,
                    state: row.word("state", CaseState::parse)?,
                    acknowledged: row.maybe_time("acknowledged_at")?.is_some(),
                })
            },
        )
        .await
}
