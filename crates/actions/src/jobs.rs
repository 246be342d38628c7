//! What the clock does: chasing hand-overs, sealing the hour after an alert. A job is claimed, done once, or tried again.

use casework::access;
use casework::notice::Occasion;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};
use store::cases::{Member, Place};
use store::jobs::{Job, NewJob};

use crate::audit::entry;
use crate::team::Team;
use crate::{ActionError, Haven, shelf};

/// Job: the hand-over must have been acknowledged by now.
pub const CHASE: &str = "chase";
/// Job: the hour after an alert has passed.
pub const TIMELINE: &str = "timeline";

/// How long a worker may hold a job before another may take it, in seconds.
const LEASE_SECONDS: i64 = 60;
/// Tries before a job is laid aside and shown.
const TRIES: i64 = 20;
/// Longest wait between two tries, in minutes.
const RETRY_LIMIT_MINUTES: i64 = 30;

/// Does one job that is due. False when none is.
pub async fn work_once(haven: &Haven) -> Result<bool, ActionError> {
    let now = haven.now();
    let Some(job) = store::jobs::claim(&haven.store, now, SignedDuration::from_secs(LEASE_SECONDS)).await? else {
        return Ok(false);
    };
    let done = run(haven, &job).await;
    match done {
        Ok(()) => {
            let mut unit = haven.store.begin().await?;
            store::jobs::done(&mut unit, &job, haven.now()).await?;
            unit.commit().await?;
        }
        Err(error) => {
            tracing::warn!(job = %job.kind, attempts = job.attempts, cause = %error, "a job failed");
            let again = (job.attempts < TRIES).then(|| retry_at(now, job.attempts));
            store::jobs::fail(&haven.store, &job, now, &error.to_string(), again).await?;
        }
    }
    Ok(true)
}

fn retry_at(now: Timestamp, attempts: i64) -> Timestamp {
    let minutes = attempts.saturating_mul(attempts).clamp(1, RETRY_LIMIT_MINUTES);
    now.checked_add(minutes.minutes()).unwrap_or(now)
}

async fn run(haven: &Haven, job: &Job) -> Result<(), ActionError> {
    let payload: Value = serde_json::from_str(&job.payload).map_err(|error| ActionError::Broken(error.to_string()))?;
    let text = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match job.kind.as_str() {
        CHASE => chase(haven, &text("case")).await,
        TIMELINE => crate::alert::seal_timeline(haven, &text("case"), &text("record")).await,
        other => Err(ActionError::Broken(format!("no such job: {other}"))),
    }
}

/// The look whether a hand-over was acknowledged: one for each time that the case was passed on.
pub(crate) fn chase_job(haven: &Haven, case: &str, times: i64, due: Timestamp, now: Timestamp) -> NewJob {
    NewJob {
        id: haven.new_id(now),
        kind: CHASE.to_owned(),
        payload: json!({ "case": case }).to_string(),
        run_after: due,
        key: Some(chase_key(case, times)),
    }
}

pub(crate) fn chase_key(case: &str, times: i64) -> String {
    format!("chase:{case}:{times}")
}

/// A case that nobody acknowledged in time goes to the next in order and shows red (invariant 12).
async fn chase(haven: &Haven, case: &str) -> Result<(), ActionError> {
    let now = haven.now();
    let permit = access::machine("chase", case);
    let Some(mut kept) = store::cases::get(&haven.store, &permit, case).await? else { return Ok(()) };
    let live = matches!(kept.state, casework::CaseState::Unassessed | casework::CaseState::Open);
    if !live || kept.acknowledged_at.is_some() {
        return Ok(());
    }
    let pack = shelf::pack_of(haven, &kept.pack_digest).await?;
    let Some(procedure) = pack.procedure(&kept.procedure) else { return Ok(()) };
    let team = Team::read(haven).await?;
    let Some(standing) = store::cases::standing(&haven.store, case).await? else { return Ok(()) };
    let excluded = team.people_of_tokens(haven, &standing.excluded);
    let route = team.route(&pack, procedure, &excluded);
    let current = kept.owner_person.as_deref();
    let place = route.holders.iter().position(|holder| Some(holder.person.as_str()) == current);
    let with_key = store::keys::people_with_key(&haven.store, case).await?;
    let after = route.holders.get(place.map_or(0, |place| place.saturating_add(1))..).unwrap_or_default();
    let next = crate::handing::who_can_open(after, &with_key);
    let due = casework::case::next_chase(&pack.calendar, procedure, now);

    let mut unit = haven.store.begin().await?;
    kept.escalations = kept.escalations.saturating_add(1);
    kept.acknowledge_due_at = Some(kept.acknowledge_due_at.unwrap_or(now));
    // Whoever can open it comes before who cannot: they may have come to their post after it began.
    // At the end of the route the last holder is told again: a case never falls silent.
    let to = next.or_else(|| after.first()).or(route.holders.last());
    if let Some(to) = to {
        kept.owner_person = Some(to.person.clone());
        kept.owner_post.clone_from(&to.post);
        let mut members: Vec<Member> = standing
            .members
            .iter()
            .map(|member| Member {
                place: if member.person == to.person { Place::Owner } else { Place::Next },
                ..member.clone()
            })
            .collect();
        if !standing.has_member(&to.person) {
            members.push(Member { person: to.person.clone(), post: to.post.clone(), place: Place::Owner, since: now });
        }
        store::cases::set_members(&mut unit, &permit, case, &members).await?;
        let letter = crate::opening::letter(haven, &to.person, Occasion::PassedOn, now);
        store::outbox::post(&mut unit, &letter).await?;
    }
    store::cases::update(&mut unit, &permit, &kept).await?;
    store::jobs::enqueue(&mut unit, &chase_job(haven, case, kept.escalations, due, now)).await?;
    let detail = json!({ "to_post": kept.owner_post, "times": kept.escalations });
    store::audit::append(&mut unit, entry(now, "clock", "case.passed-on", case, &detail));
    unit.commit().await?;
    Ok(())
}
