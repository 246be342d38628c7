//! Which person stands behind which door, for the gateway: only people whose notice and agreement are in order (S-4, S-6).

use jiff::Timestamp;
use policy::Pack;
use store::people::Person;
use store::sessions::Door;

use crate::session::{Stage, card, is_idle, stage_of};
use crate::{ActionError, Haven, KnownBy, PersonCard, words};

/// A person who is known at a door: by the door itself, or by the pass that is shown there.
#[derive(Debug, Clone)]
pub struct Bound {
    pub door: Door,
    /// Digest of the pass; none for whoever is known by the door alone.
    pub pass: Option<[u8; 32]>,
    pub session: String,
    pub person: crate::PersonCard,
    pub how: String,
    pub seen_at: Timestamp,
}

/// Everybody who is known at a door now.
pub async fn bound(haven: &Haven) -> Result<Vec<Bound>, ActionError> {
    let now = haven.now();
    let pack = haven.pack();
    let mut all = Vec::new();
    for session in store::sessions::live_bound(&haven.store).await? {
        all.extend(one(haven, &pack, session, now).await?);
    }
    Ok(all)
}

/// Whoever is bound to this door now, asked afresh.
pub async fn at_door(haven: &Haven, door: &Door) -> Result<Option<Bound>, ActionError> {
    match store::sessions::by_door(&haven.store, door).await? {
        Some(session) => {
            let all = one(haven, &haven.pack(), session, haven.now()).await?;
            Ok(all.into_iter().find(|bound| bound.pass.is_none()))
        }
        None => Ok(None),
    }
}

async fn one(
    haven: &Haven,
    pack: &Pack,
    session: store::sessions::Session,
    now: Timestamp,
) -> Result<Vec<Bound>, ActionError> {
    let by_door = session.door.clone().filter(|door| haven.known_by(&door.listener) == Some(KnownBy::Address));
    let by_pass = session.pass.clone().filter(|pass| haven.known_by(&pass.door.listener) == Some(KnownBy::Pass));
    let gone = session.ended_at.is_some() || is_idle(now, session.seen_at);
    if gone || (by_door.is_none() && by_pass.is_none()) {
        return Ok(Vec::new());
    }
    let Some(person) = store::people::by_id(&haven.store, &session.person).await? else { return Ok(Vec::new()) };
    let signed = store::agreements::of_person(&haven.store, &person.id).await?;
    if person.disabled || stage_of(pack, &person, &signed, now) != Stage::Open {
        return Ok(Vec::new());
    }
    let bound = |door: Door, pass: Option<[u8; 32]>| Bound {
        how: how(pack, &person, session.created_at, &door, pass.is_some(), now),
        door,
        pass,
        session: session.id.clone(),
        person: card(pack, &person, now),
        seen_at: session.seen_at,
    };
    let by_door = by_door.map(|door| bound(door, None));
    Ok(by_door.into_iter().chain(by_pass.map(|pass| bound(pass.door, Some(pass.hash)))).collect())
}

fn how(pack: &Pack, person: &Person, since: Timestamp, door: &Door, by_pass: bool, now: Timestamp) -> String {
    let at = words::moment(&pack.calendar, now, since);
    let Door { listener, address } = door;
    let entrance = if by_pass {
        "which several people share; this browser showed the pass of that sign-in"
    } else {
        "which the site declares as one person at a time"
    };
    format!(
        "Signed in as {} {at}, on the computer with address {address} (entrance \u{201c}{listener}\u{201d}, {entrance}).",
        person.username
    )
}

/// The person with a sign-in name who has passed the gate; none for anybody else (S-4). For names that another program vouches
/// for: large letters do not matter where nobody has the name exactly as it was said.
pub async fn by_name(haven: &Haven, username: &str) -> Result<Option<PersonCard>, ActionError> {
    let found = match store::people::by_username(&haven.store, username).await? {
        Some(person) => Some(person),
        None => store::people::by_username(&haven.store, &username.to_lowercase()).await?,
    };
    let Some(person) = found.filter(|person| !person.disabled) else { return Ok(None) };
    let (now, pack) = (haven.now(), haven.pack());
    let signed = store::agreements::of_person(&haven.store, &person.id).await?;
    Ok((stage_of(&pack, &person, &signed, now) == Stage::Open).then(|| card(&pack, &person, now)))
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
