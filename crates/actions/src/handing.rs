//! Handing open cases on when somebody leaves a post: a case never stays with a person who may no longer open it.

use casework::CaseState;
use casework::access::{self, Permit};
use casework::notice::Occasion;
use casework::route::Recipient;
use policy::Pack;
use serde_json::json;
use store::Unit;
use store::cases::{Case, Member, Place};

use crate::audit::entry;
use crate::jobs::{chase_job, chase_key};
use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven, opening, shelf};

/// The first of these to whom the case's key is sealed.
pub(crate) fn who_can_open<'a>(order: &'a [Recipient], with_key: &[String]) -> Option<&'a Recipient> {
    order.iter().find(|one| with_key.contains(&one.person))
}

/// Takes every case from a person by whose posts it no longer comes to them. What they owned goes to the next in order
/// who can open it, shows red, and waits to be taken on again.
pub(crate) async fn leave_cases(haven: &Haven, person: &str) -> Result<(), ActionError> {
    let team = Team::read(haven).await?;
    let mut cases = store::cases::of_member(&haven.store, person).await?;
    let behind = store::keys::wrapped_for(&haven.store, person).await?;
    cases.extend(behind.into_iter().map(|(case, _)| case));
    cases.sort_unstable();
    cases.dedup();
    for case in cases {
        if leave(haven, &team, &case, person).await? {
            store::keys::withdraw(&haven.store, &case, person).await?;
        }
    }
    Ok(())
}

/// Takes one case from a person. False if another post of theirs keeps them on it.
async fn leave(haven: &Haven, team: &Team, case: &str, person: &str) -> Result<bool, ActionError> {
    let permit = access::machine("leaving", case);
    let with_key = store::keys::people_with_key(&haven.store, case).await?;
    in_unit!(haven, unit => {
        let Some(standing) = store::cases::standing(&mut unit, case).await? else { return Ok(true) };
        let Some(mut kept) = store::cases::get(&mut unit, &permit, case).await? else { return Ok(true) };
        let pack = shelf::pack_of(haven, &kept.pack_digest).await?;
        let Some(procedure) = pack.procedure(&kept.procedure) else { return Ok(false) };
        let route = team.route(&pack, procedure, &team.people_of_tokens(haven, &standing.excluded));
        let still = route.holders.iter().find(|holder| holder.person == person);
        let mut members: Vec<Member> = standing.members.clone();
        match still {
            Some(holder) => {
                for member in members.iter_mut().filter(|member| member.person == person) {
                    member.post.clone_from(&holder.post);
                }
            }
            None => members.retain(|member| member.person != person),
        }
        let live = matches!(kept.state, CaseState::Unassessed | CaseState::Open);
        if still.is_none() && live && kept.owner_person.as_deref() == Some(person) {
            let next = who_can_open(&route.holders, &with_key).or(route.holders.first()).cloned();
            let change = Change { case: &mut kept, members: &mut members, pack: &pack, why: "left" };
            pass_to(haven, &mut unit, &permit, change, next.as_ref()).await?;
        }
        if members != standing.members {
            store::cases::set_members(&mut unit, &permit, case, &members).await?;
        }
        Ok(still.is_none())
    })
}

/// A live case that changes hands, with those who stand on it.
pub(crate) struct Change<'a> {
    pub(crate) case: &'a mut Case,
    pub(crate) members: &'a mut Vec<Member>,
    pub(crate) pack: &'a Pack,
    /// For the record: `left` or `recovered`.
    pub(crate) why: &'static str,
}

/// Makes somebody the owner: it waits to be taken on again, shows red, and its clock begins anew.
pub(crate) async fn pass_to(
    haven: &Haven,
    unit: &mut Unit,
    permit: &Permit,
    change: Change<'_>,
    next: Option<&Recipient>,
) -> Result<(), ActionError> {
    let now = haven.now();
    let Change { case, members, pack, why } = change;
    let Some(procedure) = pack.procedure(&case.procedure) else {
        return Err(ActionError::Broken("a case names a procedure its policy lacks".to_owned()));
    };
    store::jobs::cancel(unit, &chase_key(&case.id, case.escalations)).await?;
    case.escalations = case.escalations.saturating_add(1);
    case.owner_person = next.map(|next| next.person.clone());
    case.acknowledged_at = None;
    case.acknowledged_by = None;
    let due = casework::case::next_chase(&pack.calendar, procedure, now);
    case.acknowledge_due_at = Some(due);
    if let Some(next) = next {
        case.owner_post.clone_from(&next.post);
        members.retain(|member| member.person != next.person);
        let (person, post) = (next.person.clone(), next.post.clone());
        members.push(Member { person, post, place: Place::Owner, since: now });
        let letter = opening::letter(haven, &next.person, Occasion::PassedOn, now);
        store::outbox::post(unit, &letter).await?;
    }
    store::cases::update(unit, permit, case).await?;
    store::jobs::enqueue(unit, &chase_job(haven, &case.id, case.escalations, due, now)).await?;
    let detail = json!({ "to_post": case.owner_post, "times": case.escalations, "why": why });
    store::audit::append(unit, entry(now, "clock", "case.passed-on", &case.id, &detail));
    Ok(())
}
