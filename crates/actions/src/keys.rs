//! Who holds keys to cases, and admitting somebody again after their password was reset (S-10).

use casework::access;
use casework::notice::Occasion;
use serde_json::json;
use store::vault;

use crate::audit::entry;
use crate::session::{Session, holder_secret, is_holder};
use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven, words};

/// Setting that marks a holder whose password was reset: their new key opens nothing until another holder has admitted them.
pub(crate) fn waiting_setting(person: &str) -> String {
    format!("keys.waits.{person}")
}

/// Whether a holder still waits to be admitted again after a reset.
pub(crate) async fn waits(haven: &Haven, person: &str) -> Result<bool, ActionError> {
    let kept = store::settings::get(&haven.store, &waiting_setting(person)).await?;
    Ok(kept.is_some_and(|kept| !kept.is_empty()))
}

/// Fewer live holders than this shows red.
pub const LIVE_HOLDERS_MIN: usize = 3;

#[derive(Debug, Clone)]
pub struct HolderRow {
    pub person: String,
    pub name: String,
    pub posts: String,
    pub live: bool,
    pub since_text: String,
    /// Cases on which the person stands but whose key they do not have.
    pub cases_without_key: u64,
}

/// Everybody who may hold cases, with the state of their keys.
pub async fn holders(haven: &Haven, session: &Session) -> Result<Vec<HolderRow>, ActionError> {
    if !session.holder && !crate::filter_event::may(haven, session, "people.manage") {
        return Err(ActionError::NotFound);
    }
    let pack = haven.pack();
    let now = haven.now();
    let team = Team::read(haven).await?;
    let keys = store::keys::holders(&haven.store).await?;
    let mut rows = Vec::new();
    for person in team.people.iter().filter(|person| is_holder(&pack, &person.posts)) {
        let key = keys.iter().find(|key| key.person == person.id && key.revoked_at.is_none());
        let titles: Vec<String> =
            person.posts.iter().filter_map(|post| pack.post(post)).map(|post| post.title.clone()).collect();
        rows.push(HolderRow {
            person: person.id.clone(),
            name: person.name.clone(),
            posts: titles.join(", "),
            live: key.is_some() && !waits(haven, &person.id).await?,
            since_text: key.map(|key| words::moment(&pack.calendar, now, key.created_at)).unwrap_or_default(),
            cases_without_key: missing(haven, &person.id).await?.len().try_into().unwrap_or(u64::MAX),
        });
    }
    Ok(rows)
}

/// Ids of cases on which the person stands without having the key.
async fn missing(haven: &Haven, person: &str) -> Result<Vec<String>, ActionError> {
    let have: Vec<String> =
        store::keys::wrapped_for(&haven.store, person).await?.into_iter().map(|(case, _)| case).collect();
    let of = store::cases::of_member(&haven.store, person).await?;
    Ok(of.into_iter().filter(|case| !have.contains(case)).collect())
}

/// Gives a holder with new keys the case keys that this holder can open. All other holders are told.
pub async fn readmit(haven: &Haven, session: &Session, person: &str) -> Result<u64, ActionError> {
    if person == session.person.id {
        return Err(ActionError::refused("Nobody can admit themselves. Ask another case holder."));
    }
    let pack = haven.pack();
    let may = pack.rights.iter().any(|right| right.action == "case.readmit" && session.holds(&right.post));
    if !may {
        return Err(ActionError::NotFound);
    }
    let now = haven.now();
    let mine = holder_secret(haven, session).await?;
    let key = store::keys::holder(&haven.store, person).await?.ok_or(ActionError::NotFound)?;
    let token = haven.token_of(person);
    let mut admitted = Vec::new();
    for case in missing(haven, person).await? {
        let Some(standing) = store::cases::standing(&haven.store, &case).await? else { continue };
        // Neither side may be excluded: the one who admits must see the case, the one admitted must be allowed to.
        if standing.excluded.contains(&token) || crate::case::permit(haven, session, &standing, "case.readmit").is_err()
        {
            continue;
        }
        let Some(wrapped) = store::keys::case_key(&haven.store, &case, &session.person.id).await? else { continue };
        let secret = vault::unwrap_case_key(&mine, &case, &wrapped)?;
        let again = vault::wrap_case_key(&mut haven.entropy(), &secret, &case, &key.public)?;
        store::keys::put_case_keys(&haven.store, &case, &[(person.to_owned(), again)], now).await?;
        admitted.push(case);
    }
    let team = Team::read(haven).await?;
    let holders: Vec<&str> =
        team.people.iter().filter(|one| is_holder(&pack, &one.posts)).map(|one| one.id.as_str()).collect();
    in_unit!(haven, unit => {
        store::settings::put(&mut unit, &waiting_setting(person), "").await?;
        store::audit::append(&mut unit, entry(now, &session.person.id, "keys.admitted", person, &json!({})));
        for case in &admitted {
            let detail = json!({ "person": person });
            store::audit::append(&mut unit, entry(now, &session.person.id, "case.readmit", case, &detail));
        }
        for holder in holders.iter().filter(|holder| **holder != session.person.id) {
            store::outbox::post(&mut unit, &crate::opening::letter(haven, holder, Occasion::Waiting, now)).await?;
        }
        Ok(())
    })?;
    Ok(u64::try_from(admitted.len()).unwrap_or(u64::MAX))
}

/// Whether this person may manage people.
pub fn may_manage(haven: &Haven, session: &Session) -> Result<access::Permit, ActionError> {
    Ok(access::organisation(&haven.pack(), &session.asker(), "people.manage", "people")?)
}
