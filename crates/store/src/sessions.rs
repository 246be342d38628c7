//! Signed-in browsers, and the door (listener and computer) that a session is bound to.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::db::{Row, Value, values};
use crate::{Reader, Store, StoreError, Unit};

/// A session's last use is written down at most this often, in seconds; memory knows it to the second.
const TOUCH_AT_MOST_EVERY_S: i64 = 20;

/// Where a browser stands: the gateway's listener it came in by, and the address of its computer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Door {
    pub listener: String,
    pub address: IpAddr,
}

/// A signed-in browser. Its token is never kept, only the token's digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    pub token_hash: [u8; 32],
    pub person: String,
    /// Stands in every form of this session.
    pub csrf: String,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub door: Option<Door>,
    pub pass: Option<Pass>,
}

/// What a browser shows with each request where several people share an address: the digest alone is kept, and the door at
/// which it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    pub hash: [u8; 32],
    pub door: Door,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).field("ended_at", &self.ended_at).finish_non_exhaustive()
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, token_hash, person, csrf, created_at, seen_at, ended_at, door_listener, door_address, pass_hash, ",
            "pass_listener, pass_address FROM sessions ",
            $rest
        )
    };
}

fn session(row: &Row) -> Result<Session, StoreError> {
    let door = door(row, "door_listener", "door_address")?;
    let hash = row.maybe_bytes32("pass_hash")?;
    let pass = hash.zip(self::door(row, "pass_listener", "pass_address")?).map(|(hash, door)| Pass { hash, door });
    Ok(Session {
        id: row.text("id")?,
        token_hash: row.bytes32("token_hash")?,
        person: row.text("person")?,
        csrf: row.text("csrf")?,
        created_at: row.time("created_at")?,
        seen_at: row.time("seen_at")?,
        ended_at: row.maybe_time("ended_at")?,
        door,
        pass,
    })
}

fn door(row: &Row, listener: &str, address: &'static str) -> Result<Option<Door>, StoreError> {
    match (row.maybe_text(listener)?, row.maybe_text(address)?) {
        (Some(listener), Some(found)) => {
            Ok(Some(Door { listener, address: found.parse().map_err(|why| StoreError::corrupt(address, why))? }))
        }
        _ => Ok(None),
    }
}

fn door_values(door: Option<&Door>) -> [Value; 2] {
    [Value::from(door.map(|door| door.listener.clone())), Value::from(door.map(|door| door.address.to_string()))]
}

/// Keeps a new session, without a pass. If its door has a live session, bind it with [`bind_door`] instead of giving the door
/// here.
///
/// # Errors
/// `Duplicate` if id, token or live door is taken; `Refused` if there is no such person.
pub async fn insert(unit: &mut Unit, session: &Session) -> Result<(), StoreError> {
    let mut values = values![
        &session.id,
        &session.token_hash,
        &session.person,
        &session.csrf,
        session.created_at,
        session.seen_at,
        session.ended_at,
    ];
    values.extend(door_values(session.door.as_ref()));
    unit.execute(
        "INSERT INTO sessions (id, token_hash, person, csrf, created_at, seen_at, ended_at, door_listener, door_address) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values,
    )
    .await
    .map(|_| ())
}

/// The session of a token, also when it has ended.
///
/// # Errors
/// As the database gives them; so for all reads below.
pub async fn by_token_hash(from: impl Into<Reader<'_>>, hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
    from.into().first(select!("WHERE token_hash = $1"), values![hash], session).await
}

/// The session of an id, also when it has ended.
pub async fn by_id(from: impl Into<Reader<'_>>, id: &str) -> Result<Option<Session>, StoreError> {
    from.into().first(select!("WHERE id = $1"), values![id], session).await
}

/// The live session that is bound to a door.
pub async fn by_door(from: impl Into<Reader<'_>>, door: &Door) -> Result<Option<Session>, StoreError> {
    let values = door_values(Some(door)).to_vec();
    from.into()
        .first(select!("WHERE door_listener = $1 AND door_address = $2 AND ended_at IS NULL"), values, session)
        .await
}

/// All live sessions with a door or a pass: for the gateway's roster.
pub async fn live_bound(from: impl Into<Reader<'_>>) -> Result<Vec<Session>, StoreError> {
    let live = select!("WHERE ended_at IS NULL AND (door_listener IS NOT NULL OR pass_hash IS NOT NULL) ORDER BY id");
    from.into().all(live, vec![], session).await
}

/// Moves a live session's idle clock on, in a transaction of its own; never back.
///
/// # Errors
/// `Away` or `Busy`.
pub async fn touch(store: &Store, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let older = now - SignedDuration::from_secs(TOUCH_AT_MOST_EVERY_S);
    let current = "SELECT seen_at FROM sessions WHERE id = $1 AND ended_at IS NULL AND seen_at <= $2";
    if store.haven().row(current, values![id, older]).await?.is_none() {
        return Ok(());
    }
    let sql = "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL AND seen_at < $2";
    store.haven().execute(sql, values![id, now]).await.map(|_| ())
}

/// Ends a session; false if it had ended already.
///
/// # Errors
/// As the database gives them; so for all changes below.
pub async fn end(unit: &mut Unit, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    Ok(unit.execute(sql, values![id, now]).await? == 1)
}

/// Ends every session of a person: after a password reset, or when the account is switched off.
pub async fn end_all_of(unit: &mut Unit, person: &str, now: Timestamp) -> Result<u64, StoreError> {
    unit.execute("UPDATE sessions SET ended_at = $2 WHERE person = $1 AND ended_at IS NULL", values![person, now]).await
}

/// Ends sessions that nobody has used since a moment; gives their ids. The idle minutes are the caller's (S-6).
pub async fn end_idle(unit: &mut Unit, seen_before: Timestamp, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let mut from = Reader::from(unit);
    from.all(
        "UPDATE sessions SET ended_at = $2 WHERE ended_at IS NULL AND seen_at < $1 RETURNING id",
        values![seen_before, now],
        |row| row.text("id"),
    )
    .await
}

/// Binds a live session to a door. An older binding of that door ends; the ids of those sessions are given, so that
/// whoever remembers them forgets them too (S-6).
///
/// # Errors
/// `Conflict` if the session has ended; `Busy` if two sessions take the door at once.
pub async fn bind_door(unit: &mut Unit, id: &str, door: &Door) -> Result<Vec<String>, StoreError> {
    let [listener, address] = door_values(Some(door));
    let released = Reader::from(&mut *unit)
        .all(
            "UPDATE sessions SET door_listener = NULL, door_address = NULL \
             WHERE door_listener = $1 AND door_address = $2 AND ended_at IS NULL AND id <> $3 RETURNING id",
            vec![listener.clone(), address.clone(), Value::from(id)],
            |row| row.text("id"),
        )
        .await?;
    let sql = "UPDATE sessions SET door_listener = $2, door_address = $3 WHERE id = $1 AND ended_at IS NULL";
    match unit.execute_one(sql, vec![Value::from(id), listener, address]).await {
        Err(StoreError::Duplicate(_)) => Err(StoreError::Busy),
        other => other.map(|()| released),
    }
}

/// Takes a session away from its door; it stays signed in at the portal.
pub async fn release_door(unit: &mut Unit, id: &str) -> Result<bool, StoreError> {
    let sql =
        "UPDATE sessions SET door_listener = NULL, door_address = NULL WHERE id = $1 AND door_listener IS NOT NULL";
    Ok(unit.execute(sql, values![id]).await? == 1)
}

/// Gives a live session its pass; one that it had before is good no longer.
///
/// # Errors
/// `Conflict` if the session has ended; `Duplicate` if another session has this very pass.
pub async fn give_pass(unit: &mut Unit, id: &str, pass: &Pass) -> Result<(), StoreError> {
    let [listener, address] = door_values(Some(&pass.door));
    let sql =
        "UPDATE sessions SET pass_hash = $2, pass_listener = $3, pass_address = $4 WHERE id = $1 AND ended_at IS NULL";
    let mut values = values![id, &pass.hash];
    values.extend([listener, address]);
    unit.execute_one(sql, values).await
}
