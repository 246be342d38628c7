//! Letting somebody in who was left out of a case by mistake: with written reasons, by two who hold it where there are two,
//! and never the person whom it is about (decision 0020).

use casework::access;
use casework::notice::Occasion;
use serde_json::json;
use store::cases::{Member, Place};
use store::let_ins::LetIn;
use store::sealed::{Sealed, SealedKind};
use store::vault;

use crate::audit::{EntryWith, entry};
use crate::case::{Held, case_secret, hold};
use crate::decide::check_text;
use crate::opening::{about_of, letter, seal_one};
use crate::session::Session;
use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven, words};

/// Why an exclusion stands that may be lifted: the person was named in the words, and may not be whom they are about.
pub(crate) const NAMED: &str = "named";
/// Why an exclusion stands that is never lifted.
pub(crate) const SUBJECT: &str = "subject";

/// Somebody who was left out because the words named them.
#[derive(Debug, Clone)]
pub struct LeftOut {
    pub person: String,
    pub name: String,
    pub posts: String,
    /// What a holder asked, as long as nobody has answered.
    pub asked: Option<Asked>,
}

#[derive(Debug, Clone)]
pub struct Asked {
    pub id: String,
    pub by: String,
    pub at_text: String,
    pub reasons: String,
    /// The person who looks asked it, so somebody else must answer.
    pub mine: bool,
}

#[derive(Debug, Clone)]
pub struct LetInView {
    pub reference: String,
    pub left_out: Vec<LeftOut>,
    /// Two of those who hold the case must agree.
    pub takes_two: bool,
}

/// Who was left out of a case by its words, for those who hold it.
pub async fn left_out(haven: &Haven, session: &Session, reference: &str) -> Result<LetInView, ActionError> {
    let held = hold(haven, session, reference, "case.readmit").await?;
    let team = Team::read(haven).await?;
    let secret = case_secret(haven, session, &held.case.id).await?;
    let asked = store::let_ins::of_case(&haven.store, &held.permit, &held.case.id).await?;
    let sealed = store::sealed::of_case(&haven.store, &held.permit, &held.case.id).await?;
    let pack = haven.pack();
    let mut rows = Vec::new();
    for token in liftable(haven, &held).await? {
        let Some(person) = team.people.iter().find(|person| haven.token_of(&person.id) == token) else { continue };
        let waiting = asked.iter().find(|one| one.token == token && one.settled_at.is_none());
        let asked = match waiting {
            Some(one) => {
                let text = sealed.iter().find(|text| Some(&text.id) == one.sealed.as_ref());
                Some(Asked {
                    id: one.id.clone(),
                    by: team.name_of(&one.asked_by),
                    at_text: words::moment(&pack.calendar, haven.now(), one.asked_at),
                    reasons: text.map(|text| crate::case::open_text(&secret, text)).transpose()?.unwrap_or_default(),
                    mine: one.asked_by == session.person.id,
                })
            }
            None => None,
        };
        let posts: Vec<&str> =
            person.posts.iter().filter_map(|post| pack.post(post)).map(|post| post.title.as_str()).collect();
        rows.push(LeftOut { person: person.id.clone(), name: person.name.clone(), posts: posts.join(", "), asked });
    }
    let takes_two = !others(haven, &team, &held, &session.person.id).await?.is_empty();
    Ok(LetInView { reference: held.case.reference.clone(), left_out: rows, takes_two })
}

/// Tokens of those who were left out because the words named them, and for no graver reason.
pub(crate) async fn liftable(haven: &Haven, held: &Held) -> Result<Vec<[u8; 32]>, ActionError> {
    let all = store::cases::exclusions(&haven.store, &held.permit, &held.case.id).await?;
    let may = all.into_iter().filter(|one| one.why == NAMED && held.case.subject_token != Some(one.token));
    Ok(may.map(|one| one.token).collect())
}

/// Everybody else who sees the case, can open it and may let people in: if there is one, two must agree.
async fn others(haven: &Haven, team: &Team, held: &Held, me: &str) -> Result<Vec<String>, ActionError> {
    let with_key = store::keys::people_with_key(&haven.store, &held.case.id).await?;
    let pack = haven.pack();
    let may = |person: &&store::people::Person| {
        let posts = team.posts_that_count(person);
        let standing = access::CaseStanding {
            case: &held.case.id,
            about: about_of(&held.case.about),
            member: held.standing.has_member(&person.id),
            excluded: held.standing.excluded.contains(&haven.token_of(&person.id)),
        };
        let asker = access::Asker { person: &person.id, posts: &posts };
        person.id != me
            && with_key.contains(&person.id)
            && access::case(&pack, &asker, "case.readmit", &standing).is_ok()
    };
    Ok(team.people.iter().filter(may).map(|person| person.id.clone()).collect())
}

/// A holder of the case wishes to let somebody in.
#[derive(Debug, Clone)]
pub struct Wish {
    pub person: String,
    pub reasons: String,
}

/// Asks that somebody be let in; where nobody else holds the case, it is done at once. True if it is done.
pub async fn ask(haven: &Haven, session: &Session, reference: &str, wish: Wish) -> Result<bool, ActionError> {
    let held = hold(haven, session, reference, "case.readmit").await?;
    check_text("reasons", &wish.reasons)?;
    let token = haven.token_of(&wish.person);
    if !liftable(haven, &held).await?.contains(&token) {
        return Err(ActionError::NotFound);
    }
    let team = Team::read(haven).await?;
    let others = others(haven, &team, &held, &session.person.id).await?;
    let now = haven.now();
    let text = format!("{}: {}", team.name_of(&wish.person), wish.reasons.trim());
    let sealed =
        seal_one(haven, &held.case.id, &held.case.public_key, now, SealedKind::Note, &text, &session.person.id)?;
    let one = LetIn {
        id: haven.new_id(now),
        case: held.case.id.clone(),
        token,
        asked_by: session.person.id.clone(),
        asked_at: now,
        sealed: Some(sealed.id.clone()),
        settled_by: None,
        settled_at: None,
        agreed: None,
    };
    if others.is_empty() {
        let alone =
            LetIn { settled_by: Some(session.person.id.clone()), settled_at: Some(now), agreed: Some(true), ..one };
        open_to(haven, session, &held, &team, &alone, &sealed, Settling::Alone).await?;
        return Ok(true);
    }
    in_unit!(haven, unit => {
        let asked = store::let_ins::of_case(&mut unit, &held.permit, &held.case.id).await?;
        if asked.iter().any(|earlier| earlier.token == token && earlier.settled_at.is_none()) {
            return Err(ActionError::fault("", "Somebody has asked this already. It waits for an answer."));
        }
        store::sealed::insert(&mut unit, &held.permit, &sealed).await?;
        store::let_ins::insert(&mut unit, &held.permit, &one).await?;
        for other in &others {
            store::outbox::post(&mut unit, &letter(haven, other, Occasion::Waiting, now)).await?;
        }
        let made = entry(now, &session.person.id, "case.let-in-asked", &held.case.id, &json!({}));
        store::audit::append(&mut unit, made.because(held.permit.citation()).vouching(vec![sealed.digest.clone()]));
        Ok(())
    })?;
    Ok(false)
}

/// The second holder's answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub id: String,
    pub agree: bool,
    pub reasons: String,
}

/// Agrees that somebody be let in, or refuses; never the one who asked.
pub async fn answer(haven: &Haven, session: &Session, reference: &str, answer: Answer) -> Result<(), ActionError> {
    let held = hold(haven, session, reference, "case.readmit").await?;
    check_text("reasons", &answer.reasons)?;
    let asked = store::let_ins::of_case(&haven.store, &held.permit, &held.case.id).await?;
    let one = asked.into_iter().find(|one| one.id == answer.id).ok_or(ActionError::NotFound)?;
    if one.settled_at.is_some() {
        return Err(ActionError::Conflict);
    }
    if one.asked_by == session.person.id {
        return Err(ActionError::refused("You asked for this yourself. Somebody else who holds the case must answer."));
    }
    let now = haven.now();
    let text = crate::step::verdict(answer.agree, &answer.reasons);
    let sealed =
        seal_one(haven, &held.case.id, &held.case.public_key, now, SealedKind::Note, &text, &session.person.id)?;
    if answer.agree {
        if !liftable(haven, &held).await?.contains(&one.token) {
            return Err(ActionError::NotFound);
        }
        let team = Team::read(haven).await?;
        return open_to(haven, session, &held, &team, &one, &sealed, Settling::Second).await;
    }
    in_unit!(haven, unit => {
        store::let_ins::settle(&mut unit, &held.permit, &one, &session.person.id, now, false).await?;
        store::sealed::insert(&mut unit, &held.permit, &sealed).await?;
        let made = entry(now, &session.person.id, "case.let-in-refused", &held.case.id, &json!({}));
        store::audit::append(&mut unit, made.because(held.permit.citation()).vouching(vec![sealed.digest.clone()]));
        Ok(())
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Settling {
    /// Nobody else holds the case.
    Alone,
    Second,
}

/// The exclusion goes, the case's key is sealed to them, and only now do they hear that something waits.
async fn open_to(
    haven: &Haven,
    session: &Session,
    held: &Held,
    team: &Team,
    one: &LetIn,
    sealed: &Sealed,
    settling: Settling,
) -> Result<(), ActionError> {
    let now = haven.now();
    let person = team.people.iter().find(|person| haven.token_of(&person.id) == one.token);
    let person = person.ok_or(ActionError::NotFound)?;
    let key = store::keys::holder(&haven.store, &person.id).await?.filter(|_| team.holds_cases(person));
    let key = key.ok_or_else(|| {
        ActionError::fault(
            "person",
            "This person cannot open cases today. See the page Keys, and let them in there first.",
        )
    })?;
    let excluded: Vec<[u8; 32]> = held.standing.excluded.iter().copied().filter(|token| *token != one.token).collect();
    let route = team.route(&held.pack, &held.procedure, &team.people_of_tokens(haven, &excluded));
    let on_route = route.holders.iter().find(|holder| holder.person == person.id);
    let post = on_route.map(|holder| holder.post.clone()).or_else(|| team.posts_that_count(person).into_iter().next());
    let member = Member { person: person.id.clone(), post: post.unwrap_or_default(), place: Place::Next, since: now };
    // The key is put away first: as long as the exclusion stands it opens no page.
    let secret = case_secret(haven, session, &held.case.id).await?;
    let wrapped = vault::wrap_case_key(&mut haven.entropy(), &secret, &held.case.id, &key.public)?;
    store::keys::put_case_keys(&haven.store, &held.case.id, &[(person.id.clone(), wrapped)], now).await?;
    in_unit!(haven, unit => {
        store::sealed::insert(&mut unit, &held.permit, sealed).await?;
        match settling {
            Settling::Alone => store::let_ins::insert(&mut unit, &held.permit, one).await?,
            Settling::Second => {
                store::let_ins::settle(&mut unit, &held.permit, one, &session.person.id, now, true).await?;
            }
        }
        store::cases::lift(&mut unit, &held.permit, &held.case.id, &one.token, NAMED).await?;
        store::cases::add_member(&mut unit, &held.permit, &held.case.id, &member).await?;
        store::outbox::post(&mut unit, &letter(haven, &person.id, Occasion::Waiting, now)).await?;
        let detail = json!({ "post": member.post, "two": settling == Settling::Second });
        let made = entry(now, &session.person.id, "case.let-in", &held.case.id, &detail);
        store::audit::append(&mut unit, made.because(held.permit.citation()).vouching(vec![sealed.digest.clone()]));
        Ok(())
    })
}
