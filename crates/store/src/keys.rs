//! The key store: holders' sealed keys, wrapped case keys, session keys, and Haven's own two. In no backup, and in no
//! transaction with anything else.
//!
//! Write a case's keys before the case itself: a wrapped key without a case is only litter, a case without keys is lost.

use jiff::Timestamp;

use crate::db::{Row, values};
use crate::vault::Secret32;
use crate::{Store, StoreError};

/// Stands for the recovery key among the people a case's key is wrapped for.
pub const RECOVERY: &str = "recovery";
/// Name of the key that keyed digests of people are made with.
const INDEX: &str = "index";
/// Name of the key that signs the audit chain's head.
const AUDIT: &str = "audit";
/// Name of the key that the sealed lists on the disk are encrypted with.
const SEALED_LISTS: &str = "sealed-lists";

/// A case-holder's key pair, its private half sealed with their password.
#[derive(Clone, PartialEq, Eq)]
pub struct HolderKey {
    pub person: String,
    pub public: [u8; 32],
    /// As `vault::seal_private` gives it.
    pub sealed_private: Vec<u8>,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl std::fmt::Debug for HolderKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HolderKey").field("person", &self.person).finish_non_exhaustive()
    }
}

/// What an audit entry says of a public half that cases are sealed to, as a text among its digests: another that somebody
/// puts in its place shows. `person` is [`RECOVERY`] for the recovery key. Write the entry first, then the key.
#[must_use]
pub fn vouched(person: &str, public: &[u8; 32]) -> String {
    let mut text = b"haven-public-key-1".to_vec();
    text.extend(u64::try_from(person.len()).unwrap_or(u64::MAX).to_be_bytes());
    text.extend(person.as_bytes());
    text.extend(public);
    format!("key {}", crate::vault::digest_hex(&text))
}

/// The live public halves that cases are sealed to, with whose they are.
///
/// # Errors
/// As the database gives them.
pub async fn live_publics(store: &Store) -> Result<Vec<(String, [u8; 32])>, StoreError> {
    let holders = holders(store).await?.into_iter().filter(|key| key.revoked_at.is_none());
    let mut publics: Vec<(String, [u8; 32])> = holders.map(|key| (key.person, key.public)).collect();
    publics.extend(recovery(store).await?.map(|public| (RECOVERY.to_owned(), public)));
    Ok(publics)
}

fn holder_key(row: &Row) -> Result<HolderKey, StoreError> {
    Ok(HolderKey {
        person: row.text("person")?,
        public: row.bytes32("public")?,
        sealed_private: row.bytes("sealed_private")?,
        created_at: row.time("created_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
    })
}

/// Makes somebody a case-holder, or seals the same key with a changed password. Another public half in the place of a
/// live one is refused: revoke first, so that no wrapped key is orphaned unseen.
///
/// # Errors
/// `Conflict` if the person has another live key.
pub async fn put_holder(store: &Store, key: &HolderKey) -> Result<(), StoreError> {
    let changed = store
        .keys()
        .execute(
            "INSERT INTO holder_keys (person, public, sealed_private, created_at, revoked_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person) DO UPDATE SET public = excluded.public, \
             sealed_private = excluded.sealed_private, created_at = excluded.created_at, \
             revoked_at = excluded.revoked_at \
             WHERE holder_keys.revoked_at IS NOT NULL OR holder_keys.public = excluded.public",
            values![&key.person, &key.public, &key.sealed_private, key.created_at, key.revoked_at],
        )
        .await?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// A person's live key.
///
/// # Errors
/// As the database gives them; so below.
pub async fn holder(store: &Store, person: &str) -> Result<Option<HolderKey>, StoreError> {
    let row = store
        .keys()
        .row(
            "SELECT person, public, sealed_private, created_at, revoked_at FROM holder_keys \
             WHERE person = $1 AND revoked_at IS NULL",
            values![person],
        )
        .await?;
    row.as_ref().map(holder_key).transpose()
}

/// Everybody who has or had a key, by person.
pub async fn holders(store: &Store) -> Result<Vec<HolderKey>, StoreError> {
    let sql = "SELECT person, public, sealed_private, created_at, revoked_at FROM holder_keys ORDER BY person";
    store.keys().rows(sql, vec![]).await?.iter().map(holder_key).collect()
}

/// Ends a holder's key, as a password reset must (S-10): the sealed private half and every case key that was wrapped for
/// it go. Another holder re-admits the person later. False if there was no live key.
pub async fn revoke_holder(store: &Store, person: &str, now: Timestamp) -> Result<bool, StoreError> {
    let mut tx = store.keys().begin().await?;
    let empty: &[u8] = &[];
    let revoked = tx
        .execute(
            "UPDATE holder_keys SET revoked_at = $2, sealed_private = $3 WHERE person = $1 AND revoked_at IS NULL",
            values![person, now, empty],
        )
        .await?;
    tx.execute("DELETE FROM case_keys WHERE person = $1", values![person]).await?;
    tx.commit().await?;
    Ok(revoked == 1)
}

/// Keeps a case's key as wrapped for each of these people; replaces what they had.
pub async fn put_case_keys(
    store: &Store,
    case: &str,
    wrapped: &[(String, Vec<u8>)],
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = store.keys().begin().await?;
    for (person, bytes) in wrapped {
        tx.execute(
            "INSERT INTO case_keys (case_id, person, wrapped, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (case_id, person) DO UPDATE SET wrapped = excluded.wrapped, at = excluded.at",
            values![case, person, bytes, at],
        )
        .await?;
    }
    tx.commit().await
}

/// A case's key as wrapped for one person.
pub async fn case_key(store: &Store, case: &str, person: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT wrapped FROM case_keys WHERE case_id = $1 AND person = $2";
    store.keys().row(sql, values![case, person]).await?.map(|row| row.bytes("wrapped")).transpose()
}

/// For whom a case's key is wrapped, [`RECOVERY`] among them.
pub async fn people_with_key(store: &Store, case: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT person FROM case_keys WHERE case_id = $1 ORDER BY person";
    store.keys().rows(sql, values![case]).await?.iter().map(|row| row.text("person")).collect()
}

/// Every case key that is wrapped for one person: what a re-admission goes through.
pub async fn wrapped_for(store: &Store, person: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let sql = "SELECT case_id, wrapped FROM case_keys WHERE person = $1 ORDER BY case_id";
    let rows = store.keys().rows(sql, values![person]).await?;
    rows.iter().map(|row| Ok((row.text("case_id")?, row.bytes("wrapped")?))).collect()
}

/// Every case whose key is wrapped for anybody.
pub async fn cases(store: &Store) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT case_id FROM case_keys ORDER BY case_id";
    store.keys().rows(sql, vec![]).await?.iter().map(|row| row.text("case_id")).collect()
}

/// Takes a case's key away from one person.
pub async fn withdraw(store: &Store, case: &str, person: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM case_keys WHERE case_id = $1 AND person = $2";
    Ok(store.keys().execute(sql, values![case, person]).await? == 1)
}

/// Removes a case's key for everybody, recovery included: its sealed texts, also those in older backups, open no more.
pub async fn erase_case(store: &Store, case: &str) -> Result<u64, StoreError> {
    store.keys().execute("DELETE FROM case_keys WHERE case_id = $1", values![case]).await
}

/// Keeps the public half of the recovery key. A new one replaces the old: cases must be wrapped again.
pub async fn put_recovery(store: &Store, public: &[u8; 32], at: Timestamp) -> Result<(), StoreError> {
    store
        .keys()
        .execute(
            "INSERT INTO recovery_key (one, public, created_at) VALUES (1, $1, $2) \
             ON CONFLICT (one) DO UPDATE SET public = excluded.public, created_at = excluded.created_at",
            values![public, at],
        )
        .await
        .map(|_| ())
}

/// The public half of the recovery key.
pub async fn recovery(store: &Store) -> Result<Option<[u8; 32]>, StoreError> {
    let sql = "SELECT public FROM recovery_key WHERE one = 1";
    store.keys().row(sql, vec![]).await?.map(|row| row.bytes32("public")).transpose()
}

/// Keeps a holder's key for a session, as `vault::session_wrap` gives it.
pub async fn put_session_key(store: &Store, session: &str, wrapped: &[u8], at: Timestamp) -> Result<(), StoreError> {
    store
        .keys()
        .execute(
            "INSERT INTO session_keys (session, wrapped, at) VALUES ($1, $2, $3) \
             ON CONFLICT (session) DO UPDATE SET wrapped = excluded.wrapped, at = excluded.at",
            values![session, wrapped, at],
        )
        .await
        .map(|_| ())
}

/// A session's holder key.
pub async fn session_key(store: &Store, session: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT wrapped FROM session_keys WHERE session = $1";
    store.keys().row(sql, values![session]).await?.map(|row| row.bytes("wrapped")).transpose()
}

/// Locks a session again: when it ends, and when its person's key is revoked.
pub async fn drop_session_key(store: &Store, session: &str) -> Result<bool, StoreError> {
    Ok(store.keys().execute("DELETE FROM session_keys WHERE session = $1", values![session]).await? == 1)
}

/// Locks every session that was unlocked before a moment.
pub async fn drop_session_keys_before(store: &Store, at: Timestamp) -> Result<u64, StoreError> {
    store.keys().execute("DELETE FROM session_keys WHERE at < $1", values![at]).await
}

/// The key that keyed digests of people are made with: the kept one, or `fresh` the first time.
pub async fn index_key(store: &Store, fresh: Secret32) -> Result<Secret32, StoreError> {
    own_key(store, INDEX, fresh).await
}

/// The seed of the Ed25519 key that signs the audit chain's head: the kept one, or `fresh` the first time.
pub async fn audit_key(store: &Store, fresh: Secret32) -> Result<Secret32, StoreError> {
    own_key(store, AUDIT, fresh).await
}

/// The key that the sealed lists on the disk are encrypted with: the kept one, or `fresh` the first time.
pub async fn sealed_lists_key(store: &Store, fresh: Secret32) -> Result<Secret32, StoreError> {
    own_key(store, SEALED_LISTS, fresh).await
}

async fn own_key(store: &Store, name: &'static str, fresh: Secret32) -> Result<Secret32, StoreError> {
    let find = "SELECT secret FROM own_keys WHERE name = $1";
    if let Some(row) = store.keys().row(find, values![name]).await? {
        return row.bytes32("secret").map(Secret32::new);
    }
    let mut tx = store.keys().begin().await?;
    tx.execute(
        "INSERT INTO own_keys (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        values![name, fresh.bytes()],
    )
    .await?;
    let row = tx.row(find, values![name]).await?.ok_or_else(|| StoreError::corrupt("own_keys", "nothing was kept"))?;
    tx.commit().await?;
    row.bytes32("secret").map(Secret32::new)
}
