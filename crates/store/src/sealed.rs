//! Texts, names and evidence of a case, sealed to its key before they come here.

use casework::Permit;
use jiff::Timestamp;

use crate::cases::covers;
use crate::db::{Row, values, words};
use crate::vault::digest_hex;
use crate::{Reader, StoreError, Unit};

words! {
    /// What a sealed text is. No kind can carry a picture (S-7).
    SealedKind {
        Narrative = "narrative",
        Note = "note",
        Name = "name",
        Evidence = "evidence",
        Reply = "reply",
        Referral = "referral",
        Alert = "alert",
        /// What was looked at around an alert; filled in for an hour.
        Timeline = "timeline",
        Decision = "decision",
    }
}

/// One sealed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub id: String,
    pub case: String,
    pub kind: SealedKind,
    pub at: Timestamp,
    /// Person id; empty for an anonymous reporter, the clock and the gateway.
    pub by: String,
    pub ciphertext: Vec<u8>,
    /// Hexadecimal SHA-256 of the ciphertext; an audit entry of the same unit vouches for it.
    pub digest: String,
}

/// What a sealed text is bound to: its case and its place there. A text that was moved, or given another kind, time or
/// author, does not open.
#[must_use]
pub fn place(id: &str, case: &str, kind: SealedKind, at: Timestamp, by: &str) -> Vec<u8> {
    bound("sealed", &[id, case, kind.word(), &at.as_microsecond().to_string(), by])
}

/// Associated data of a seal: each text with its length before it.
pub(crate) fn bound(table: &str, texts: &[&str]) -> Vec<u8> {
    let mut out = b"haven-place-1".to_vec();
    for text in [table].iter().chain(texts) {
        out.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        out.extend(text.as_bytes());
    }
    out
}

impl Sealed {
    /// What it is bound to ([`place`]).
    #[must_use]
    pub fn place(&self) -> Vec<u8> {
        place(&self.id, &self.case, self.kind, self.at, &self.by)
    }

    /// A sealed text with its digest.
    #[must_use]
    pub fn new(id: String, case: String, kind: SealedKind, at: Timestamp, by: String, ciphertext: Vec<u8>) -> Self {
        let digest = digest_hex(&ciphertext);
        Self { id, case, kind, at, by, ciphertext, digest }
    }
}

fn sealed(row: &Row) -> Result<Sealed, StoreError> {
    Ok(Sealed {
        id: row.text("id")?,
        case: row.text("case_id")?,
        kind: row.word("kind", SealedKind::from_word)?,
        at: row.time("at")?,
        by: row.text("by_person")?,
        ciphertext: row.bytes("ciphertext")?,
        digest: row.text("digest")?,
    })
}

/// Keeps a sealed text.
///
/// # Errors
/// `WrongPermit`; `Refused` if it is too long or there is no such case.
pub async fn insert(unit: &mut Unit, permit: &Permit, sealed: &Sealed) -> Result<(), StoreError> {
    covers(permit, &sealed.case)?;
    unit.execute(
        "INSERT INTO sealed (id, case_id, kind, at, by_person, ciphertext, digest) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![&sealed.id, &sealed.case, sealed.kind, sealed.at, &sealed.by, &sealed.ciphertext, &sealed.digest],
    )
    .await
    .map(|_| ())
}

/// Puts a fuller timeline in the place of the one that was kept; nothing else is ever replaced.
///
/// # Errors
/// `Conflict` if there is no such timeline.
pub async fn replace_timeline(unit: &mut Unit, permit: &Permit, sealed: &Sealed) -> Result<(), StoreError> {
    covers(permit, &sealed.case)?;
    unit.execute_one(
        "UPDATE sealed SET at = $3, ciphertext = $4, digest = $5 WHERE id = $1 AND case_id = $2 AND kind = 'timeline'",
        values![&sealed.id, &sealed.case, sealed.at, &sealed.ciphertext, &sealed.digest],
    )
    .await
}

/// All sealed texts of a case, oldest first.
///
/// # Errors
/// `WrongPermit` if the permit is for another case.
pub async fn of_case(from: impl Into<Reader<'_>>, permit: &Permit, case: &str) -> Result<Vec<Sealed>, StoreError> {
    covers(permit, case)?;
    from.into()
        .all(
            "SELECT id, case_id, kind, at, by_person, ciphertext, digest FROM sealed WHERE case_id = $1 ORDER BY at, id",
            values![case],
            sealed,
        )
        .await
}

/// One sealed text of the permit's case; none if it belongs to another.
///
/// # Errors
/// As the database gives them.
pub async fn get(from: impl Into<Reader<'_>>, permit: &Permit, id: &str) -> Result<Option<Sealed>, StoreError> {
    from.into()
        .first(
            "SELECT id, case_id, kind, at, by_person, ciphertext, digest FROM sealed WHERE id = $1 AND case_id = $2",
            values![id, permit.object()],
            sealed,
        )
        .await
}

/// Removes every sealed text of a case: after a false alarm, or when retention says so. The audit chain keeps their digests.
///
/// # Errors
/// `WrongPermit` if the permit is for another case.
pub async fn erase(unit: &mut Unit, permit: &Permit, case: &str) -> Result<u64, StoreError> {
    covers(permit, case)?;
    unit.execute("DELETE FROM sealed WHERE case_id = $1", values![case]).await
}
