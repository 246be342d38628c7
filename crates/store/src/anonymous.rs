//! The two-way thread of an anonymous report: found by the digest of a code, readable with the code or the case's key.

use casework::Permit;
use jiff::Timestamp;

use crate::cases::covers;
use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// One anonymous report. Nothing in it leads to a person (S-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    pub reference: String,
    /// `vault::code_hash` of the reporter's code.
    pub code_hash: [u8; 32],
    /// Public half of the key that the code makes.
    pub reporter_public: [u8; 32],
    pub case: String,
}

/// One message, sealed twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    /// Of the thread.
    pub reference: String,
    pub at: Timestamp,
    pub from_us: bool,
    pub for_case: Vec<u8>,
    pub for_reporter: Vec<u8>,
}

/// For whom one of the two copies of a message is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Case,
    Reporter,
}

/// What one copy of a message is bound to: its thread and its place there. A message that was moved, or put into another
/// mouth, does not open.
#[must_use]
pub fn place(id: &str, reference: &str, at: Timestamp, from_us: bool, side: Side) -> Vec<u8> {
    let side = match side {
        Side::Case => "case",
        Side::Reporter => "reporter",
    };
    let from = if from_us { "us" } else { "reporter" };
    crate::sealed::bound("anonymous_messages", &[id, reference, &at.as_microsecond().to_string(), from, side])
}

impl Message {
    /// What one of its copies is bound to ([`place`]).
    #[must_use]
    pub fn place(&self, side: Side) -> Vec<u8> {
        place(&self.id, &self.reference, self.at, self.from_us, side)
    }
}

fn thread(row: &Row) -> Result<Thread, StoreError> {
    Ok(Thread {
        reference: row.text("reference")?,
        code_hash: row.bytes32("code_hash")?,
        reporter_public: row.bytes32("reporter_public")?,
        case: row.text("case_id")?,
    })
}

/// Opens a thread.
///
/// # Errors
/// `Duplicate` if the reference, code or case has one; `Refused` if there is no such case.
pub async fn open(unit: &mut Unit, thread: &Thread) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO anonymous_threads (reference, code_hash, reporter_public, case_id) VALUES ($1, $2, $3, $4)",
        values![&thread.reference, &thread.code_hash, &thread.reporter_public, &thread.case],
    )
    .await
    .map(|_| ())
}

/// The thread of a code. Whoever has the code may read it: it needs no permit.
///
/// # Errors
/// As the database gives them; so below.
pub async fn by_code_hash(from: impl Into<Reader<'_>>, hash: &[u8; 32]) -> Result<Option<Thread>, StoreError> {
    from.into()
        .first(
            "SELECT reference, code_hash, reporter_public, case_id FROM anonymous_threads WHERE code_hash = $1",
            values![hash],
            thread,
        )
        .await
}

/// The thread of a case.
pub async fn of_case(from: impl Into<Reader<'_>>, permit: &Permit, case: &str) -> Result<Option<Thread>, StoreError> {
    covers(permit, case)?;
    from.into()
        .first(
            "SELECT reference, code_hash, reporter_public, case_id FROM anonymous_threads WHERE case_id = $1",
            values![case],
            thread,
        )
        .await
}

/// Adds a message.
///
/// # Errors
/// `Refused` if it is too long or there is no such thread.
pub async fn say(unit: &mut Unit, message: &Message) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO anonymous_messages (id, reference, at, from_us, for_case, for_reporter) VALUES ($1, $2, $3, $4, $5, $6)",
        values![
            &message.id,
            &message.reference,
            message.at,
            message.from_us,
            &message.for_case,
            &message.for_reporter
        ],
    )
    .await
    .map(|_| ())
}

/// The messages of a thread, oldest first; they open only with the code or the case's key.
pub async fn messages(from: impl Into<Reader<'_>>, reference: &str) -> Result<Vec<Message>, StoreError> {
    from.into()
        .all(
            "SELECT id, reference, at, from_us, for_case, for_reporter FROM anonymous_messages WHERE reference = $1 \
             ORDER BY at, id",
            values![reference],
            |row| {
                Ok(Message {
                    id: row.text("id")?,
                    reference: row.text("reference")?,
                    at: row.time("at")?,
                    from_us: row.flag("from_us")?,
                    for_case: row.bytes("for_case")?,
                    for_reporter: row.bytes("for_reporter")?,
                })
            },
        )
        .await
}
