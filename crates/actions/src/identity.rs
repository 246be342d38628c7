//! Which person stands behind which door, for the gateway: only people whose notice and agreement are in order (S-4, S-6).

use jiff::Timestamp;
use policy::Pack;
use store::people::Person;
use store::sessions::Door;

use crate::session::{Stage, card, is_idle, stage_of};
use crate::{ActionError, Haven, words};

/// A door and the person bound to it.
#[derive(Debug, Clone)]
pub struct Bound {
    pub door: Door,
    pub session: String,
    pub person: crate::PersonCard,
    pub how: String,
    pub seen_at: Timestamp,
}

/// Everybody who is bound to a door now.
pub async fn bound(haven: &Haven) -> Result<Vec<Bound>, ActionError> {
    let now = haven.now();
    let pack = haven.pack();
    let mut all = Vec::new();
    for session in store::sessions::live_bound(&haven.store).await? {
        if let Some(bound) = one(haven, &pack, session, now).await? {
            all.push(bound);
        }
    }
    Ok(all)
}

/// Whoever is bound to this door now, asked afresh.
pub async fn at_door(haven: &Haven, door: &Door) -> Result<Option<Bound>, ActionError> {
    match store::sessions::by_door(&haven.store, door).await? {
        Some(session) => one(haven, &haven.pack(), session, haven.now()).await,
        None => Ok(None),
    }
}

async fn one(
    haven: &Haven,
    pack: &Pack,
    session: store::sessions::Session,
    now: Timestamp,
) -> Result<Option<Bound>, ActionError> {
    let Some(door) = session.door.clone() else { return Ok(None) };
    if session.ended_at.is_some() || is_idle(now, session.seen_at) {
        return Ok(None);
    }
    let Some(person) = store::people::by_id(&haven.store, &session.person).await? else { return Ok(None) };
    let signed = store::agreements::of_person(&haven.store, &person.id).await?;
    if person.disabled || stage_of(pack, &person, &signed, now) != Stage::Open {
        return Ok(None);
    }
    Ok(Some(Bound {
        how: how(pack, &person, &session, now),
        door,
        session: session.id.clone(),
        person: card(pack, &person, now),
        seen_at: session.seen_at,
    }))
}

fn how(pack: &Pack, person: &Person, session: &store::sessions::Session, now: Timestamp) -> String {
    let at = words::moment(&pack.calendar, now, session.created_at);
    let (address, listener) =
        session.door.as_ref().map(|door| (door.address.to_string(), door.listener.clone())).unwrap_or_default();
    format!(
        "Signed in as {} {at}, on the computer with address {address} (entrance \u{201c}{listener}\u{201d}, which the site declares as one person at a time).",
        person.username
    )
}

/// Browsing counts as use of the session.
pub async fn touch(haven: &Haven, session: &str) -> Result<(), ActionError> {
    store::sessions::touch(&haven.store, session, haven.now()).await?;
    Ok(())
}

/// Ends sessions that have been idle too long; the clock calls it.
pub async fn end_idle(haven: &Haven) -> Result<(), ActionError> {
    let now = haven.now();
    for session in store::sessions::live_bound(&haven.store).await? {
        if is_idle(now, session.seen_at) {
            crate::session::end(haven, &session.id, &session.person, "session.idle").await?;
        }
    }
    Ok(())
}
