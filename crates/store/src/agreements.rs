//! That a person was shown the monitoring notice, and which agreement they signed, in which words.

use jiff::Timestamp;

use crate::db::{Row, values, words};
use crate::{Reader, StoreError, Unit};

words! {
    /// What was acknowledged.
    SignatureKind {
        /// The monitoring notice: an acknowledgement, not consent (S-4).
        Notice = "notice",
        AcceptableUse = "acceptable-use",
    }
}

/// One acknowledgement of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub person: String,
    /// Agreement id of the pack.
    pub agreement: String,
    pub version: String,
    /// Of the very words that were shown: other words need another signature.
    pub digest: String,
    pub kind: SignatureKind,
    pub at: Timestamp,
}

fn signature(row: &Row) -> Result<Signature, StoreError> {
    Ok(Signature {
        person: row.text("person")?,
        agreement: row.text("agreement")?,
        version: row.text("version")?,
        digest: row.text("digest")?,
        kind: row.word("kind", SignatureKind::from_word)?,
        at: row.time("at")?,
    })
}

/// Keeps a signature; false if the same words were signed before, and the first time stands.
///
/// # Errors
/// `Refused` if there is no such person.
pub async fn sign(unit: &mut Unit, signature: &Signature) -> Result<bool, StoreError> {
    let changed = unit
        .execute(
            "INSERT INTO signatures (person, agreement, digest, version, kind, at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (person, agreement, digest) DO NOTHING",
            values![
                &signature.person,
                &signature.agreement,
                &signature.digest,
                &signature.version,
                signature.kind,
                signature.at
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// What a person signed, oldest first.
///
/// # Errors
/// As the database gives them; so below.
pub async fn of_person(from: impl Into<Reader<'_>>, person: &str) -> Result<Vec<Signature>, StoreError> {
    from.into()
        .all(
            "SELECT person, agreement, digest, version, kind, at FROM signatures WHERE person = $1 ORDER BY at, agreement, digest",
            values![person],
            signature,
        )
        .await
}

/// Everybody's signatures of one kind: for the gateway's roster.
pub async fn signed(from: impl Into<Reader<'_>>, kind: SignatureKind) -> Result<Vec<Signature>, StoreError> {
    from.into()
        .all(
            "SELECT person, agreement, digest, version, kind, at FROM signatures WHERE kind = $1 ORDER BY person, at",
            values![kind],
            signature,
        )
        .await
}

/// How many people of a population there are, and how many of them acknowledged the very words of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub population: String,
    pub people: u64,
    pub told: u64,
}

/// Of each population with people in it, who acknowledged the very words of an agreement: numbers only.
pub async fn told(from: impl Into<Reader<'_>>, agreement: &str, digest: &str) -> Result<Vec<Told>, StoreError> {
    from.into()
        .all(
            "SELECT population, count(*) AS people, CAST(sum(CASE WHEN EXISTS (SELECT 1 FROM signatures s WHERE \
             s.person = people.id AND s.agreement = $1 AND s.digest = $2) THEN 1 ELSE 0 END) AS BIGINT) AS told \
             FROM people WHERE NOT disabled GROUP BY population ORDER BY population",
            values![agreement, digest],
            |row: &Row| {
                Ok(Told { population: row.text("population")?, people: row.count("people")?, told: row.count("told")? })
            },
        )
        .await
}
