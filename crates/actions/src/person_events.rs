//! What one person asked for on the web (M01): a purpose first, which stands in the audit record before anything is shown, and
//! never about whoever looks (invariant 11).

use casework::access;
use serde_json::json;
use store::activity::EventQuery as StoreQuery;

use crate::audit::{EntryWith, entry};
use crate::filter_event::{AskName, EventQuery, EventRow, purpose, row, window};
use crate::session::Session;
use crate::unit::in_unit;
use crate::{ActionError, Haven, Page};

/// Whose activity is looked at, why, and which part of it.
#[derive(Debug, Clone, Default)]
pub struct AskPerson {
    /// Sign-in name, or the whole name.
    pub who: String,
    pub why: AskName,
    pub which: EventQuery,
}

#[derive(Debug, Clone)]
pub struct PersonEvents {
    pub name: String,
    pub username: String,
    pub found: Page<EventRow>,
}

/// Whether this person may look at somebody's activity at all.
pub fn may_ask(haven: &Haven, session: &Session) -> Result<(), ActionError> {
    access::organisation(&haven.pack(), &session.asker(), "activity.read", "activity")?;
    Ok(())
}

/// A page of one person's activity, newest first.
pub async fn events_of(haven: &Haven, session: &Session, asked: &AskPerson) -> Result<PersonEvents, ActionError> {
    let permit = access::organisation(&haven.pack(), &session.asker(), "activity.read", "activity")?;
    let (purpose, ticket) = purpose(&asked.why)?;
    let (from, to) = window(haven, &asked.which)?;
    let person = whom(haven, session, &asked.who).await?;
    let now = haven.now();
    in_unit!(haven, unit => {
        let detail = json!({ "purpose": purpose, "ticket": ticket, "day": asked.which.day, "page": asked.which.page });
        let made = entry(now, &session.person.id, "activity.person", &person.id, &detail);
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(())
    })?;
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let query = StoreQuery {
        text: asked.which.text.clone(),
        code: some(&asked.which.category),
        action: asked.which.action.clone(),
        pages_only: !asked.which.everything,
        person: Some(person.id.clone()),
        not_person: session.person.id.clone(),
        from: Some(from),
        to: Some(to),
        page: asked.which.page.max(1),
        ..StoreQuery::default()
    };
    let found = store::activity::search(&haven.store, &query).await?;
    Ok(PersonEvents { name: person.name, username: person.username, found: found.map(|record| row(haven, record)) })
}

/// The one person who is meant. Whoever looks, somebody whom nobody knows and two of one name get the same answers as anybody.
async fn whom(haven: &Haven, session: &Session, who: &str) -> Result<store::people::Person, ActionError> {
    let who = store::ids::fold(who.trim());
    if who.is_empty() {
        return Err(ActionError::fault("who", "Write the sign-in name or the whole name of the person."));
    }
    // Also who has left: what they did is kept as long as anybody's.
    let all = store::people::everyone(&haven.store).await?;
    let others = all.into_iter().filter(|person| person.id != session.person.id);
    let mut found =
        others.filter(|person| store::ids::fold(&person.username) == who || store::ids::fold(&person.name) == who);
    match (found.next(), found.next()) {
        (Some(person), None) => Ok(person),
        (Some(_), Some(_)) => Err(ActionError::fault("who", "Several people have this name. Write the sign-in name.")),
        _ => Err(ActionError::fault("who", "There is nobody of this name whose activity you may see.")),
    }
}
