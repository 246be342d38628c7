//! Handing open cases on when somebody leaves a post: a case never stays with a person who may no longer open it.

use casework::CaseState;
use casework::access;
use casework::notice::Occasion;
use casework::route::Recipient;
use serde_json::json;
use store::cases::{Member, Place};

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
    let now = haven.now();
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
            store::jobs::cancel(&mut unit, &chase_key(case, kept.escalations)).await?;
            kept.escalations = kept.escalations.saturating_add(1);
            let next = who_can_open(&route.holders, &with_key).or(route.holders.first());
            kept.owner_person = next.map(|next| next.person.clone());
            kept.acknowledged_at = None;
            kept.acknowledged_by = None;
            let due = casework::case::next_chase(&pack.calendar, procedure, now);
            kept.acknowledge_due_at = Some(due);
            if let Some(next) = next {
                kept.owner_post.clone_from(&next.post);
                members.retain(|member| member.person != next.person);
                let (person, post) = (next.person.clone(), next.post.clone());
                members.push(Member { person, post, place: Place::Owner, since: now });
                let letter = opening::letter(haven, &next.person, Occasion::PassedOn, now);
                store::outbox::post(&mut unit, &letter).await?;
            }
            store::cases::update(&mut unit, &permit, &kept).await?;
            store::jobs::enqueue(&mut unit, &chase_job(haven, case, kept.escalations, due, now)).await?;
            let detail = json!({ "to_post": kept.owner_post, "times": kept.escalations, "why": "left" });
            store::audit::append(&mut unit, entry(now, "clock", "case.passed-on", case, &detail));
        }
        if members != standing.members {
            store::cases::set_members(&mut unit, &permit, case, &members).await?;
        }
        Ok(still.is_none())
    })
}
