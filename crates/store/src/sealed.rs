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

impl Sealed {
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

/// What `haven audit verify` compares: the digest that was kept, and the digest of what is kept now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCheck {
    pub id: String,
    pub case: String,
    pub kept_digest: String,
    pub found_digest: String,
}

/// The next `limit` sealed texts by id, checked. It gives digests only, so it needs no permit.
///
/// # Errors
/// As the database gives them.
pub async fn check_page(
    from: impl Into<Reader<'_>>,
    after_id: &str,
    limit: u32,
) -> Result<Vec<SealedCheck>, StoreError> {
    from.into()
        .all(
            "SELECT id, case_id, digest, ciphertext FROM sealed WHERE id > $1 ORDER BY id LIMIT $2",
            values![after_id, limit],
            |row| {
                Ok(SealedCheck {
                    id: row.text("id")?,
                    case: row.text("case_id")?,
                    kept_digest: row.text("digest")?,
                    found_digest: digest_hex(&row.bytes("ciphertext")?),
                })
            },
        )
        .await
}
