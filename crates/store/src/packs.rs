//! The shelf of policy packs by digest, and which of them was in force from when.

use jiff::Timestamp;

use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// One version of a pack, with all its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackVersion {
    pub digest: String,
    /// Pack id, e.g. `waes`.
    pub pack: String,
    pub version: String,
    /// JSON: file name to text.
    pub files: String,
    pub kept_at: Timestamp,
    pub kept_by: String,
}

/// That a pack came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    pub digest: String,
    pub since: Timestamp,
    pub by: String,
}

fn version(row: &Row) -> Result<PackVersion, StoreError> {
    Ok(PackVersion {
        digest: row.text("digest")?,
        pack: row.text("pack")?,
        version: row.text("version")?,
        files: row.text("files")?,
        kept_at: row.time("kept_at")?,
        kept_by: row.text("kept_by")?,
    })
}

fn in_force_row(row: &Row) -> Result<InForce, StoreError> {
    Ok(InForce { digest: row.text("digest")?, since: row.time("since")?, by: row.text("by_person")? })
}

/// Puts a version on the shelf; false if it stands there already.
///
/// # Errors
/// `Refused` if it is too long.
pub async fn keep(unit: &mut Unit, pack: &PackVersion) -> Result<bool, StoreError> {
    let changed = unit
        .execute(
            "INSERT INTO packs (digest, pack, version, files, kept_at, kept_by) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (digest) DO NOTHING",
            values![&pack.digest, &pack.pack, &pack.version, &pack.files, pack.kept_at, &pack.kept_by],
        )
        .await?;
    Ok(changed == 1)
}

/// A version by its digest.
///
/// # Errors
/// As the database gives them; so for all reads below.
pub async fn get(from: impl Into<Reader<'_>>, digest: &str) -> Result<Option<PackVersion>, StoreError> {
    from.into()
        .first(
            "SELECT digest, pack, version, files, kept_at, kept_by FROM packs WHERE digest = $1",
            values![digest],
            version,
        )
        .await
}

/// Digest, pack id and version of everything on the shelf, oldest first.
pub async fn shelf(from: impl Into<Reader<'_>>) -> Result<Vec<(String, String, String)>, StoreError> {
    from.into()
        .all("SELECT digest, pack, version FROM packs ORDER BY kept_at, digest", vec![], |row| {
            Ok((row.text("digest")?, row.text("pack")?, row.text("version")?))
        })
        .await
}

/// Brings a version on the shelf into force.
///
/// # Errors
/// `Refused` if it is not on the shelf; `Duplicate` if somebody else does the same at this moment.
pub async fn put_in_force(unit: &mut Unit, digest: &str, since: Timestamp, by: &str) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO packs_in_force (place, digest, since, by_person) \
         SELECT COALESCE(max(place), 0) + 1, CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT) FROM packs_in_force",
        values![digest, since, by],
    )
    .await
    .map(|_| ())
}

/// The version in force; none before the first.
pub async fn in_force(from: impl Into<Reader<'_>>) -> Result<Option<InForce>, StoreError> {
    from.into()
        .first("SELECT digest, since, by_person FROM packs_in_force ORDER BY place DESC LIMIT 1", vec![], in_force_row)
        .await
}

/// Every coming into force, oldest first.
pub async fn history(from: impl Into<Reader<'_>>) -> Result<Vec<InForce>, StoreError> {
    from.into().all("SELECT digest, since, by_person FROM packs_in_force ORDER BY place", vec![], in_force_row).await
}
