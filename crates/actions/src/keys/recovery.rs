//! The last way back: two recovery shares open, for one named holder, the cases that nobody else can open (S-10).

use casework::CaseState;
use casework::access;
use casework::notice::Occasion;
use casework::route::Recipient;
use policy::{Citation, Pack, SafetyRule};
use serde_json::json;
use store::cases::{Case, Member, Place, Standing};
use store::keys::{HolderKey, RECOVERY};
use store::people::Person;
use store::vault::{self, VaultError};

use crate::audit::{EntryWith, entry};
use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven, handing, opening, shelf};

/// What stands in the record in place of whoever let the person in.
const SHARES: &str = "recovery shares";
/// Longest reason, in bytes.
const REASON_LIMIT_BYTES: usize = 1_000;

/// What is told before anybody fetches a share from a safe. It says nothing about single cases: whom one leaves out is told
/// to nobody who has not brought two shares.
#[derive(Debug, Clone)]
pub struct Survey {
    pub name: String,
    pub stuck: StuckCases,
}

/// Cases into which nobody can let anybody today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StuckCases {
    /// Nobody can open them.
    pub dark: u64,
    /// Somebody can open them, and may let nobody in.
    pub alone: u64,
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Recovered {
    pub name: String,
    pub opened: u64,
    pub stay_shut: u64,
    /// By their post the person may let others in.
    pub lets_in: bool,
}

/// A case, and its key as sealed to the recovery key.
struct ToOpen {
    id: String,
    sealed: Vec<u8>,
    /// Nobody at all can open it, so whoever recovers it owns it.
    is_dark: bool,
}

/// A case into which nobody can let anybody: nobody who can open it may let others in.
struct Stuck {
    standing: Standing,
    /// Who can open it all the same.
    readers: Vec<String>,
}

/// Somebody for whom shares may be used.
struct Named {
    person: Person,
    key: HolderKey,
    team: Team,
    stuck: Vec<Stuck>,
}

/// Looks whether shares may be used for somebody, and refuses where they are not needed.
pub async fn survey(haven: &Haven, username: &str) -> Result<Survey, ActionError> {
    let named = named(haven, username).await?;
    Ok(Survey { name: named.person.name, stuck: counts(&named.stuck) })
}

/// Cases into which nobody can let anybody: only two shares help.
pub async fn stuck_cases(haven: &Haven) -> Result<StuckCases, ActionError> {
    Ok(counts(&stuck(haven, &Team::read(haven).await?).await?))
}

fn counts(stuck: &[Stuck]) -> StuckCases {
    let dark = count(stuck.iter().filter(|one| one.readers.is_empty()).count());
    StuckCases { dark, alone: count(stuck.len()) - dark }
}

/// Whether this will do as a reason.
pub fn check_reason(reason: &str) -> Result<&str, ActionError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.len() > REASON_LIMIT_BYTES {
        return Err(ActionError::fault("reason", "Say in a sentence or two why the shares are used."));
    }
    Ok(reason)
}

/// Lets a person in by two recovery shares and seals to them the keys of the cases into which nobody else can let them. Whom
/// a case leaves out, or is about, never gets it. Every holder is told, and whoever manages people.
pub async fn recover(
    haven: &Haven,
    username: &str,
    shares: &[&str],
    reason: &str,
    by: &str,
) -> Result<Recovered, ActionError> {
    let reason = check_reason(reason)?;
    let named = named(haven, username).await?;
    let public = store::keys::recovery(&haven.store).await?.ok_or_else(no_recovery_key)?;
    let secret = vault::recover(shares, &public).map_err(|error| refused_shares(&error))?;
    let (cases, stay_shut) = to_open(haven, &named).await?;
    if cases.is_empty() && stay_shut > 0 {
        return Err(ActionError::refused(
            "None of the cases that only shares can open may be opened for this person. Name somebody else.",
        ));
    }
    let now = haven.now();
    // The keys are put away first: as long as the person is not let in they open no page, and a second run finishes.
    for case in &cases {
        let key = vault::recover_case_key(&secret, &case.id, &case.sealed)?;
        let wrapped = vault::wrap_case_key(&mut haven.entropy(), &key, &case.id, &named.key.public)?;
        store::keys::put_case_keys(&haven.store, &case.id, &[(named.person.id.clone(), wrapped)], now).await?;
    }
    drop(secret);
    let numbers: Vec<u8> = shares.iter().filter_map(|share| vault::share_number(share).ok()).collect();
    let team = Team::read_as_if_admitted(haven, &named.person.id).await?;
    let person = named.person.id.as_str();
    let because = Citation::safety(SafetyRule::TwoKeys);
    in_unit!(haven, unit => {
        store::admissions::admit(&mut unit, person, SHARES, now).await?;
        let detail = json!({ "shares": numbers, "cases": cases.len(), "why": reason });
        store::audit::append(&mut unit, entry(now, by, "keys.recovered", person, &detail).because(&because));
        for case in &cases {
            place(haven, &mut unit, &team, case, &named.person).await?;
            let made = entry(now, by, "case.recovered", &case.id, &json!({ "person": person }));
            store::audit::append(&mut unit, made.because(&because));
        }
        for told in to_tell(&haven.pack(), &named.team, person) {
            store::outbox::post(&mut unit, &opening::letter(haven, told, Occasion::Holders, now)).await?;
        }
        Ok(())
    })?;
    Ok(Recovered {
        name: named.person.name.clone(),
        opened: count(cases.len()),
        stay_shut,
        lets_in: lets_in(haven, &named.person.posts),
    })
}

/// The person for whom shares are to be used, if they may hold cases and somebody needs shares for them.
async fn named(haven: &Haven, username: &str) -> Result<Named, ActionError> {
    store::keys::recovery(&haven.store).await?.ok_or_else(no_recovery_key)?;
    let team = Team::read(haven).await?;
    let known = store::people::by_username(&haven.store, username.trim()).await?.ok_or(ActionError::NotFound)?;
    let person = team
        .person(&known.id)
        .cloned()
        .ok_or_else(|| ActionError::refused("This person cannot sign in. Name somebody who can."))?;
    if !crate::session::is_holder(&haven.pack(), &person.posts) {
        return Err(ActionError::refused(
            "No case would come to this person. Give them a post by which cases come first, with 'haven user posts'.",
        ));
    }
    let key = store::keys::holder(&haven.store, &person.id).await?.ok_or_else(|| {
        ActionError::refused("This person has no key yet. They sign in once themselves, and then shares can be used.")
    })?;
    let mut stuck = stuck(haven, &team).await?;
    // What opens for the person already needs no share.
    stuck.retain(|one| !one.readers.contains(&person.id));
    let live = super::live_holders(haven).await?;
    let admits = |id: &&String| team.person(id).is_some_and(|one| lets_in(haven, &team.posts_that_count(one)));
    let who_admits: Vec<String> = live.iter().filter(admits).map(|id| team.name_of(id)).collect();
    let is_in = team.holds_cases(&person) && team.waits_in(&person).is_empty();
    if stuck.is_empty() && (is_in || !who_admits.is_empty()) {
        return Err(ActionError::refused(&not_needed(&who_admits.join(", "))));
    }
    Ok(Named { person, key, team, stuck })
}

/// The cases that open for the person, and how many stay shut: they leave the person out, are about them, or began before
/// there was a recovery key.
async fn to_open(haven: &Haven, named: &Named) -> Result<(Vec<ToOpen>, u64), ActionError> {
    let (mut cases, mut stay_shut) = (Vec::new(), 0);
    for Stuck { standing, readers } in &named.stuck {
        // Whom a case leaves out never gets it, not even when nobody else is left: name somebody else.
        let barred = is_barred(haven, standing, &named.person.id);
        match store::keys::case_key(&haven.store, &standing.id, RECOVERY).await?.filter(|_| !barred) {
            Some(sealed) => cases.push(ToOpen { id: standing.id.clone(), sealed, is_dark: readers.is_empty() }),
            None => stay_shut += 1,
        }
    }
    Ok((cases, stay_shut))
}

fn lets_in(haven: &Haven, posts: &[String]) -> bool {
    haven.pack().rights.iter().any(|right| right.action == "case.readmit" && posts.contains(&right.post))
}

fn not_needed(names: &str) -> String {
    if names.is_empty() {
        return "No shares are needed: every case opens for this person.".to_owned();
    }
    format!(
        "No shares are needed: somebody can let this person in to every case, on the page Keys: {names}. If none of them \
         can be reached, end their access first, or reset their password."
    )
}

/// Every case into which nobody can let anybody today.
async fn stuck(haven: &Haven, team: &Team) -> Result<Vec<Stuck>, ActionError> {
    let keys = store::keys::holders(&haven.store).await?;
    let is_live = |id: &str| keys.iter().any(|key| key.person == id && key.revoked_at.is_none());
    let mut found = Vec::new();
    for case in store::keys::cases(&haven.store).await? {
        // A key without a case is litter of a write that was cut off.
        let Some(standing) = store::cases::standing(&haven.store, &case).await? else { continue };
        let with_key = store::keys::people_with_key(&haven.store, &case).await?;
        let readers: Vec<&Person> = with_key
            .iter()
            .filter(|id| is_live(id))
            .filter_map(|id| team.person(id))
            .filter(|person| team.holds_cases(person) && !is_barred(haven, &standing, &person.id))
            .collect();
        if !readers.iter().any(|person| lets_in(haven, &team.posts_that_count(person))) {
            let readers = readers.into_iter().map(|person| person.id.clone()).collect();
            found.push(Stuck { standing, readers });
        }
    }
    Ok(found)
}

/// Whom a case leaves out or is about.
fn is_barred(haven: &Haven, standing: &Standing, person: &str) -> bool {
    let token = haven.token_of(person);
    standing.excluded.contains(&token) || standing.subject_token == Some(token)
}

/// Gives the person their place in a case that they can open now: they own it if it is live and nobody else can open it.
async fn place(
    haven: &Haven,
    unit: &mut store::Unit,
    team: &Team,
    opened: &ToOpen,
    person: &Person,
) -> Result<(), ActionError> {
    let case = opened.id.as_str();
    let permit = access::machine("recovery", case);
    let Some(standing) = store::cases::standing(&mut *unit, case).await? else { return Ok(()) };
    let Some(mut kept) = store::cases::get(&mut *unit, &permit, case).await? else { return Ok(()) };
    let pack = shelf::pack_of(haven, &kept.pack_digest).await?;
    let mut members = standing.members.clone();
    let live = matches!(kept.state, CaseState::Unassessed | CaseState::Open);
    let post = post_in(haven, team, &pack, &standing, &kept, person);
    let next = Recipient { post, person: person.id.clone() };
    if live && opened.is_dark && kept.owner_person.as_deref() != Some(&person.id) {
        let change = handing::Change { case: &mut kept, members: &mut members, pack: &pack, why: "recovered" };
        handing::pass_to(haven, unit, &permit, change, Some(&next)).await?;
    } else if !standing.has_member(&person.id) {
        members.push(Member { person: next.person, post: next.post, place: Place::Next, since: haven.now() });
    }
    if members != standing.members {
        store::cases::set_members(unit, &permit, case, &members).await?;
    }
    Ok(())
}

/// The post by which the case would come to a person, or else their first by which any does.
fn post_in(haven: &Haven, team: &Team, pack: &Pack, standing: &Standing, case: &Case, person: &Person) -> String {
    let on_route = pack.procedure(&case.procedure).and_then(|procedure| {
        let route = team.route(pack, procedure, &team.people_of_tokens(haven, &standing.excluded));
        route.holders.into_iter().find(|holder| holder.person == person.id).map(|holder| holder.post)
    });
    let guarded = super::case_posts(&haven.pack());
    let own = || person.posts.iter().find(|post| guarded.contains(post)).cloned();
    on_route.or_else(own).unwrap_or_default()
}

/// Every holder, the person themselves, and whoever manages people: nobody uses shares unseen.
fn to_tell<'a>(pack: &Pack, team: &'a Team, person: &'a str) -> Vec<&'a str> {
    let manages = |one: &&Person| {
        let posts = team.posts_that_count(one);
        pack.rights.iter().any(|right| right.action == "people.manage" && posts.contains(&right.post))
    };
    let mut told = team.case_holders();
    told.extend(team.people.iter().filter(manages).map(|one| one.id.as_str()));
    told.push(person);
    told.sort_unstable();
    told.dedup();
    told
}

fn no_recovery_key() -> ActionError {
    ActionError::refused("No recovery key was ever made here, so there are no shares that could open anything.")
}

pub(crate) fn refused_shares(error: &VaultError) -> ActionError {
    ActionError::refused(match error {
        VaultError::Mistyped => "A share has a typing mistake in it. Compare each letter with the sheet.",
        VaultError::TooFewShares => "Two different shares are needed, from two sheets.",
        _ => {
            "These two shares do not open the recovery key that is kept here. They may be of another Haven; if they are \
             not, run 'haven audit verify': it says whether the key was exchanged."
        }
    })
}

fn count(number: usize) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}
