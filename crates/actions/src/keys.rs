//! Who holds keys to cases, and letting somebody in: to a new post, or again after their password was reset (S-10).

mod recovery;

use casework::access;
use casework::notice::Occasion;
use jiff::Timestamp;
use policy::Pack;
use serde_json::json;
use store::cases::{Member, Place};
use store::people::Person;
use store::vault::{self, HolderSecret};
use store::{Reader, Unit};

use crate::audit::entry;
use crate::session::{Session, holder_secret, is_holder};
use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven, opening, words};

pub(crate) use recovery::refused_shares;
pub use recovery::{Recovered, StuckCases, Survey, check_reason, recover, stuck_cases, survey};

/// Set once a case holder has signed in: from then on nobody becomes one by being named alone.
const FOUNDED: &str = "keys.founded";
/// Who let in the first holders, in place of a person.
const FOUNDING: &str = "first start";

/// Fewer live holders than this shows red.
pub const LIVE_HOLDERS_MIN: usize = 3;

/// The posts by which cases come to somebody: on a route, deputy of one on a route, or of last resort.
pub(crate) fn case_posts(pack: &Pack) -> Vec<String> {
    let mut posts: Vec<String> = casework::route::last_resort(pack).into_iter().map(str::to_owned).collect();
    for post in pack.procedures.iter().flat_map(|procedure| &procedure.route) {
        posts.push(post.clone());
        posts.extend(pack.post(post).map(|post| post.deputies.clone()).unwrap_or_default());
    }
    posts.sort_unstable();
    posts.dedup();
    posts
}

/// Whether the first holders may still be named: no case holder has ever signed in.
pub(crate) async fn is_founding(from: impl Into<Reader<'_>>) -> Result<bool, ActionError> {
    Ok(store::settings::get(from, FOUNDED).await?.is_none())
}

/// A case holder has signed in: who comes now must be let in.
pub(crate) async fn end_founding(haven: &Haven, person: &Person) -> Result<(), ActionError> {
    if !is_holder(&haven.pack(), &person.posts) || !is_founding(&haven.store).await? {
        return Ok(());
    }
    let now = haven.now();
    in_unit!(haven, unit => {
        if is_founding(&mut unit).await? {
            store::settings::put(&mut unit, FOUNDED, "yes").await?;
            store::audit::append(&mut unit, entry(now, &person.id, "keys.founded", "keys", &json!({})));
        }
        Ok(())
    })
}

/// Puts a person into posts. As long as the first holders are being named they are let in at once; later they wait, and
/// everybody who holds cases is told.
pub(crate) async fn give_posts(
    haven: &Haven,
    unit: &mut Unit,
    team: &Team,
    person: &str,
    posts: &[String],
    by: &str,
    now: Timestamp,
) -> Result<(), ActionError> {
    for post in posts {
        store::admissions::give(unit, person, post, by, now).await?;
    }
    if is_founding(&mut *unit).await? {
        store::admissions::admit(unit, person, FOUNDING, now).await?;
        return Ok(());
    }
    let waits: Vec<&String> =
        posts.iter().filter(|post| is_holder(&haven.pack(), std::slice::from_ref(post))).collect();
    if !waits.is_empty() {
        store::audit::append(unit, entry(now, by, "keys.waits", person, &json!({ "posts": waits })));
        tell_holders(haven, unit, team, by, now).await?;
    }
    Ok(())
}

/// Every holder is told when it changes who can open cases; whoever did it knows.
pub(crate) async fn tell_holders(
    haven: &Haven,
    unit: &mut Unit,
    team: &Team,
    by: &str,
    now: Timestamp,
) -> Result<(), ActionError> {
    for holder in team.case_holders().into_iter().filter(|holder| *holder != by) {
        store::outbox::post(unit, &opening::letter(haven, holder, Occasion::Holders, now)).await?;
    }
    Ok(())
}

/// Whether a person still waits to be let in to a post by which cases would come to them.
pub async fn waits(haven: &Haven, person: &str) -> Result<bool, ActionError> {
    let team = Team::read(haven).await?;
    Ok(team.person(person).is_some_and(|person| !team.waits_in(person).is_empty()))
}

/// The posts of a case holder that give rights today.
pub(crate) async fn posts_that_count(haven: &Haven, person: &Person) -> Result<Vec<String>, ActionError> {
    let case_posts = case_posts(&haven.pack());
    let kept = store::admissions::of_person(&haven.store, &person.id).await?;
    let admitted = |post: &String| kept.iter().any(|one| one.post == *post && one.admitted_at.is_some());
    Ok(person.posts.iter().filter(|post| !case_posts.contains(post) || admitted(post)).cloned().collect())
}

/// People who can open cases now: let in, and with a live key.
pub async fn live_holders(haven: &Haven) -> Result<Vec<String>, ActionError> {
    let team = Team::read(haven).await?;
    let keys = store::keys::holders(&haven.store).await?;
    let has_key = |person: &Person| keys.iter().any(|key| key.person == person.id && key.revoked_at.is_none());
    let live = team.people.iter().filter(|person| team.holds_cases(person) && has_key(person));
    Ok(live.map(|person| person.id.clone()).collect())
}

/// Refuses to take away the last person who can open cases: nobody could let another in after that.
pub(crate) async fn check_not_last(haven: &Haven, person: &Person) -> Result<(), ActionError> {
    if is_founding(&haven.store).await? || live_holders(haven).await? != [person.id.as_str()] {
        return Ok(());
    }
    Err(ActionError::refused(&format!(
        "{} is the last person here who can open cases. Add somebody and let them in on the page Keys first. To end this \
         person\u{2019}s access at once, reset their password instead: nobody can then open a case until somebody is let in.",
        person.name
    )))
}

#[derive(Debug, Clone)]
pub struct HolderRow {
    pub person: String,
    pub name: String,
    pub posts: String,
    pub live: bool,
    pub since_text: String,
    /// Cases on which the person stands but whose key they do not have.
    pub cases_without_key: u64,
    /// Titles of the posts in which they wait to be let in; empty if they do not wait.
    pub waits_in: String,
    /// "Ivo Wires, today, 9:30am": who put them there or reset their password.
    pub given_text: String,
    /// They have signed in, so that there is a key to which cases can be sealed.
    pub has_key: bool,
    /// The person who looks may let them in.
    pub may_admit: bool,
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
    let admits = may_admit(&pack, session) && session.unlocked;
    let titles = |posts: &[&str]| -> String {
        let titles: Vec<&str> =
            posts.iter().filter_map(|post| pack.post(post)).map(|post| post.title.as_str()).collect();
        titles.join(", ")
    };
    let mut rows = Vec::new();
    for person in team.people.iter().filter(|person| is_holder(&pack, &person.posts)) {
        let key = keys.iter().find(|key| key.person == person.id && key.revoked_at.is_none());
        let waits = team.waits_in(person);
        let given = team.given(&person.id).filter(|_| !waits.is_empty());
        let posts: Vec<&str> = person.posts.iter().map(String::as_str).collect();
        rows.push(HolderRow {
            person: person.id.clone(),
            name: person.name.clone(),
            posts: titles(&posts),
            live: key.is_some() && team.holds_cases(person),
            since_text: key.map(|key| words::moment(&pack.calendar, now, key.created_at)).unwrap_or_default(),
            cases_without_key: missing(haven, session, &person.id).await?,
            waits_in: titles(&waits),
            given_text: given
                .map(|given| format!("{}, {}", giver(&team, given), words::moment(&pack.calendar, now, given.given_at)))
                .unwrap_or_default(),
            has_key: key.is_some(),
            may_admit: admits
                && person.id != session.person.id
                && given.is_none_or(|given| given.given_by != session.person.id),
        });
    }
    Ok(rows)
}

fn giver(team: &Team, given: &store::admissions::Admission) -> String {
    match team.person(&given.given_by) {
        Some(person) => person.name.clone(),
        None => format!("the {}", given.given_by),
    }
}

fn may_admit(pack: &Pack, session: &Session) -> bool {
    pack.rights.iter().any(|right| right.action == "case.readmit" && session.holds(&right.post))
}

/// How many cases do not open for a person who stands on them, of those that the one who looks may see: any other count would
/// tell of a case that is kept from them (invariant 11).
async fn missing(haven: &Haven, session: &Session, person: &str) -> Result<u64, ActionError> {
    let have: Vec<String> =
        store::keys::wrapped_for(&haven.store, person).await?.into_iter().map(|(case, _)| case).collect();
    let mut count = 0;
    for case in store::cases::of_member(&haven.store, person).await?.iter().filter(|case| !have.contains(case)) {
        let Some(standing) = store::cases::standing(&haven.store, case).await? else { continue };
        count += u64::from(crate::case::permit(haven, session, &standing, "case.read").is_ok());
    }
    Ok(count)
}

/// Lets a person in: to the posts in which they wait, to the cases on which they stand, and to those that began while they
/// waited and would have come to them. Done by another holder who can open cases, and who neither put them there nor reset
/// their password. All holders are told.
pub async fn readmit(haven: &Haven, session: &Session, person: &str) -> Result<u64, ActionError> {
    if person == session.person.id {
        return Err(ActionError::refused("Nobody can admit themselves. Ask another case holder."));
    }
    if !may_admit(&haven.pack(), session) {
        return Err(ActionError::NotFound);
    }
    let now = haven.now();
    let mine = holder_secret(haven, session).await?;
    let team = Team::read(haven).await?;
    let kept = team.person(person).ok_or(ActionError::NotFound)?;
    let given = team.given(person).filter(|_| !team.waits_in(kept).is_empty());
    if given.is_some_and(|given| given.given_by == session.person.id) {
        return Err(ActionError::refused(
            "You put this person there, or reset their password. Another case holder must let them in: two people, never one.",
        ));
    }
    let key = store::keys::holder(&haven.store, person).await?.ok_or_else(|| {
        ActionError::refused("This person has no key yet. They sign in once themselves, and then you can let them in.")
    })?;
    let waited_from = given.map(|given| given.given_at);
    let admitted = open_for(haven, session, &mine, person, &key.public, waited_from).await?;
    in_unit!(haven, unit => {
        let asked = store::admissions::of_person(&mut unit, person).await?;
        if asked.iter().any(|one| one.admitted_at.is_none() && one.given_by == session.person.id) {
            return Err(ActionError::Conflict);
        }
        let posts: Vec<&str> =
            asked.iter().filter(|one| one.admitted_at.is_none()).map(|one| one.post.as_str()).collect();
        store::admissions::admit(&mut unit, person, &session.person.id, now).await?;
        let detail = json!({ "posts": posts, "cases": admitted.len() });
        store::audit::append(&mut unit, entry(now, &session.person.id, "keys.admitted", person, &detail));
        for (case, member) in &admitted {
            let permit = access::machine("keys", case);
            if let Some(member) = member {
                store::cases::add_member(&mut unit, &permit, case, member).await?;
            }
            let detail = json!({ "person": person });
            store::audit::append(&mut unit, entry(now, &session.person.id, "case.readmit", case, &detail));
        }
        if !team.holds_cases(kept) {
            store::outbox::post(&mut unit, &opening::letter(haven, person, Occasion::Holders, now)).await?;
        }
        tell_holders(haven, &mut unit, &team, &session.person.id, now).await
    })?;
    Ok(u64::try_from(admitted.len()).unwrap_or(u64::MAX))
}

/// Seals the keys of a person's cases to their new key, as far as the one who lets them in can open them. The keys are put
/// away first: a key without a place in the case opens no page.
async fn open_for(
    haven: &Haven,
    session: &Session,
    mine: &HolderSecret,
    person: &str,
    public: &[u8; 32],
    waited_from: Option<Timestamp>,
) -> Result<Vec<(String, Option<Member>)>, ActionError> {
    let token = haven.token_of(person);
    let team = Team::read_as_if_admitted(haven, person).await?;
    let mut admitted = Vec::new();
    for (case, wrapped) in store::keys::wrapped_for(&haven.store, &session.person.id).await? {
        let Some(standing) = store::cases::standing(&haven.store, &case).await? else { continue };
        // Neither side may be excluded: the one who admits must see the case, the one admitted must be allowed to.
        let sees = crate::case::permit(haven, session, &standing, "case.readmit").is_ok();
        if !sees || standing.excluded.contains(&token) || standing.subject_token == Some(token) {
            continue;
        }
        let mut member = None;
        if !standing.has_member(person) {
            match missed(haven, &team, &standing, person, waited_from).await? {
                Missed::No => continue,
                Missed::Key => {}
                Missed::Place(place) => member = Some(place),
            }
        }
        if store::keys::case_key(&haven.store, &case, person).await?.is_some() {
            continue;
        }
        let secret = vault::unwrap_case_key(mine, &case, &wrapped)?;
        let again = vault::wrap_case_key(&mut haven.entropy(), &secret, &case, public)?;
        store::keys::put_case_keys(&haven.store, &case, &[(person.to_owned(), again)], haven.now()).await?;
        admitted.push((case, member));
    }
    Ok(admitted)
}

/// What a person missed of a case while they waited.
enum Missed {
    No,
    /// They only stand behind it: it opens for them when it is passed on to them.
    Key,
    Place(Member),
}

/// The place that a person would have had in an open case that began while they waited.
async fn missed(
    haven: &Haven,
    team: &Team,
    standing: &store::cases::Standing,
    person: &str,
    waited_from: Option<Timestamp>,
) -> Result<Missed, ActionError> {
    let permit = access::machine("keys", &standing.id);
    let Some(case) = store::cases::get(&haven.store, &permit, &standing.id).await? else { return Ok(Missed::No) };
    let live = matches!(case.state, casework::CaseState::Unassessed | casework::CaseState::Open);
    if !live || waited_from.is_none_or(|from| case.opened_at < from) {
        return Ok(Missed::No);
    }
    let pack = crate::shelf::pack_of(haven, &case.pack_digest).await?;
    let Some(procedure) = pack.procedure(&case.procedure) else { return Ok(Missed::No) };
    let route = team.route(&pack, procedure, &team.people_of_tokens(haven, &standing.excluded));
    let members = opening::members_of(&pack, &route, &case.about, haven.now());
    Ok(match members.into_iter().find(|member| member.person == person) {
        Some(member) => Missed::Place(Member { place: Place::Next, ..member }),
        None if route.holders.iter().any(|holder| holder.person == person) => Missed::Key,
        None => Missed::No,
    })
}

/// Whether this person may manage people.
pub fn may_manage(haven: &Haven, session: &Session) -> Result<access::Permit, ActionError> {
    Ok(access::organisation(&haven.pack(), &session.asker(), "people.manage", "people")?)
}
