//! The steps of a procedure: which is next, what holds it back, and what taking it sets going.

use jiff::Timestamp;
use policy::{Calendar, Gate, Pack, Procedure, Step, StepKind};

use crate::route::last_resort;

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// Others come first.
    Waiting,
    Ready,
    /// A legal stop gate: a second post must let it pass.
    NeedsSecond,
    Done,
    Skipped,
    /// Another choice was made earlier, so this step does not arise.
    NotNeeded,
}

impl StepStatus {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::NeedsSecond => "needs-second",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::NotNeeded => "not-needed",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Ready, Self::NeedsSecond, Self::Done, Self::Skipped, Self::NotNeeded]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Skipped | Self::NotNeeded)
    }
}

/// One step of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFacts {
    pub step: String,
    pub status: StepStatus,
    /// None while it waits for others: its time begins when they are settled.
    pub due_at: Option<Timestamp>,
    pub done_at: Option<Timestamp>,
    /// Person id.
    pub done_by: Option<String>,
    /// For a `decide` step: the option chosen.
    pub option: Option<String>,
    /// A second post has let the legal stop gate pass.
    pub second_by: Option<String>,
}

/// Why a step cannot be taken now, in words for the person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepRefusal {
    #[error("This case has no such step.")]
    Unknown,
    #[error("This step is already settled.")]
    Settled,
    #[error("Judge first whether this is a concern. Nothing else can happen before that, except calling 999.")]
    Unassessed,
    #[error("First: {0}. If you must do this step now, write down why.")]
    Before(String),
    #[error("A second person must agree first: {0}.")]
    Second(String),
    #[error(
        "First somebody writes down an answer and the reasons. Then a second person agrees to exactly that, or does not."
    )]
    NotWritten,
    #[error("You cannot be the second person for your own step.")]
    SamePerson,
    #[error("Choose one of the answers.")]
    NoOption,
    #[error("Write down what you did or why.")]
    NoNote,
    #[error("This step has its own page.")]
    WrongKind,
}

impl StepRefusal {
    /// The refusal with the title of a post where it names one by its id.
    #[must_use]
    pub fn with_titles(self, pack: &Pack) -> Self {
        match self {
            Self::Second(post) => Self::Second(pack.post(&post).map_or(post, |post| post.title.clone())),
            other => other,
        }
    }
}

/// All steps as a case begins.
#[must_use]
pub fn begin(procedure: &Procedure, calendar: &Calendar, now: Timestamp) -> Vec<StepFacts> {
    let mut steps: Vec<StepFacts> = procedure
        .steps
        .iter()
        .map(|step| StepFacts {
            step: step.id.clone(),
            status: StepStatus::Waiting,
            due_at: None,
            done_at: None,
            done_by: None,
            option: None,
            second_by: None,
        })
        .collect();
    refresh(procedure, calendar, &mut steps, now);
    steps
}

/// Works out anew what waits, what is ready and what no longer arises. A step keeps the due time it was first given.
pub fn refresh(procedure: &Procedure, calendar: &Calendar, steps: &mut [StepFacts], now: Timestamp) {
    // Settling one step can make the next one not needed, which in turn frees others: at most one round for each step.
    for _ in 0..procedure.steps.len() {
        let before: Vec<StepFacts> = steps.to_vec();
        for facts in steps.iter_mut().filter(|facts| !facts.status.is_settled()) {
            let Some(step) = procedure.step(&facts.step) else { continue };
            facts.status = status_now(procedure, step, facts, &before);
            if facts.status != StepStatus::Waiting && facts.status != StepStatus::NotNeeded && facts.due_at.is_none() {
                facts.due_at = Some(calendar.due(now, step.due));
            }
        }
        if before == steps {
            break;
        }
    }
}

fn status_now(procedure: &Procedure, step: &Step, facts: &StepFacts, all: &[StepFacts]) -> StepStatus {
    if let Some((decider, option)) = &step.only_if
        && let Some(decided) = find(all, decider)
    {
        match (decided.status, decided.option.as_ref()) {
            (StepStatus::Done, Some(chosen)) if chosen != option => return StepStatus::NotNeeded,
            (StepStatus::Skipped | StepStatus::NotNeeded, _) => return StepStatus::NotNeeded,
            (StepStatus::Done, _) => {}
            _ => return StepStatus::Waiting,
        }
    }
    let is_open = |id: &&str| find(all, id).is_some_and(|before| !before.status.is_settled());
    if comes_after(procedure, step).iter().any(is_open) {
        StepStatus::Waiting
    } else if step.gate == Gate::Legal && facts.second_by.is_none() {
        StepStatus::NeedsSecond
    } else {
        StepStatus::Ready
    }
}

/// Ids of the steps that must be settled before this one: those that it names, and for closing every other step as well,
/// because a step taken early must not let the case close over the ones before it.
fn comes_after<'p>(procedure: &'p Procedure, step: &'p Step) -> Vec<&'p str> {
    let mut ids: Vec<&str> = step.after.iter().map(String::as_str).collect();
    if step.kind == StepKind::Close {
        let follows_closing = steps_following(procedure, &step.id);
        let others = procedure.steps.iter().filter(|other| other.kind != StepKind::Close);
        for other in others.filter(|other| !follows_closing.contains(&other.id.as_str())) {
            if !ids.contains(&other.id.as_str()) {
                ids.push(&other.id);
            }
        }
    }
    ids
}

/// Ids of the steps that wait for this one, directly or through others: closing must not wait for them in turn.
fn steps_following<'p>(procedure: &'p Procedure, id: &'p str) -> Vec<&'p str> {
    let mut following = vec![id];
    for _ in 0..procedure.steps.len() {
        for step in &procedure.steps {
            let waits = step.after.iter().chain(step.only_if.iter().map(|(decider, _)| decider));
            let is_new = !following.contains(&step.id.as_str());
            if is_new && waits.into_iter().any(|before| following.contains(&before.as_str())) {
                following.push(&step.id);
            }
        }
    }
    following
}

fn find<'a>(steps: &'a [StepFacts], id: &str) -> Option<&'a StepFacts> {
    steps.iter().find(|facts| facts.step == id)
}

/// Titles of the steps that hold this one back, each once.
#[must_use]
pub fn waits_for(procedure: &Procedure, steps: &[StepFacts], step: &Step) -> Vec<String> {
    let mut ids = comes_after(procedure, step);
    if let Some((decider, _)) = &step.only_if
        && !ids.contains(&decider.as_str())
    {
        ids.push(decider);
    }
    ids.into_iter()
        .filter(|id| find(steps, id).is_some_and(|facts| !facts.status.is_settled()))
        .filter_map(|id| procedure.step(id).map(|step| step.title.clone()))
        .collect()
}

/// What a person hands in with a step.
#[derive(Debug, Clone, Copy)]
pub struct Taking<'a> {
    pub person: &'a str,
    pub note: &'a str,
    pub option: Option<&'a str>,
    /// Reason for taking it before its turn; an ordinary stop gate needs one (`Gate::Reason`).
    pub gate_reason: &'a str,
}

/// Takes a step. Changes nothing if it is refused.
pub fn take(
    procedure: &Procedure,
    calendar: &Calendar,
    steps: &mut [StepFacts],
    id: &str,
    taking: &Taking<'_>,
    now: Timestamp,
) -> Result<(), StepRefusal> {
    let step = procedure.step(id).ok_or(StepRefusal::Unknown)?;
    let facts = find(steps, id).ok_or(StepRefusal::Unknown)?;
    check_may_take(procedure, steps, step, facts, taking)?;
    if step.kind == StepKind::Decide {
        let chosen = taking.option.ok_or(StepRefusal::NoOption)?;
        if !step.options.iter().any(|option| option.id == chosen) {
            return Err(StepRefusal::NoOption);
        }
    }
    if taking.note.trim().is_empty() {
        return Err(StepRefusal::NoNote);
    }
    let option = taking.option.filter(|_| step.kind == StepKind::Decide);
    settle(steps, id, StepStatus::Done, taking.person, option, now);
    refresh(procedure, calendar, steps, now);
    Ok(())
}

/// Whether the first person may write down an answer at a legal stop gate: everything that taking or leaving out the step
/// asks for, but the second person, who agrees to what is written here (decision 0022).
pub fn may_write(
    procedure: &Procedure,
    steps: &[StepFacts],
    id: &str,
    taking: &Taking<'_>,
    leave_out: bool,
) -> Result<(), StepRefusal> {
    let step = procedure.step(id).ok_or(StepRefusal::Unknown)?;
    let facts = find(steps, id).ok_or(StepRefusal::Unknown)?;
    if step.gate != Gate::Legal || !matches!(step.kind, StepKind::Act | StepKind::Decide) {
        return Err(StepRefusal::WrongKind);
    }
    if facts.status.is_settled() {
        return Err(StepRefusal::Settled);
    }
    assessed_first(procedure, steps)?;
    if let Some(first) = waits_for(procedure, steps, step).first().filter(|_| !leave_out) {
        return Err(StepRefusal::Before(first.clone()));
    }
    let answers = |chosen: &str| step.options.iter().any(|option| option.id == chosen);
    if step.kind == StepKind::Decide && !leave_out && !taking.option.is_some_and(answers) {
        return Err(StepRefusal::NoOption);
    }
    let reasons = if leave_out { taking.gate_reason } else { taking.note };
    if reasons.trim().is_empty() { Err(StepRefusal::NoNote) } else { Ok(()) }
}

/// Leaves a step out, with a recorded reason (`gate_reason`). Changes nothing if it is refused. Assessing and closing
/// cannot be left out; a legal stop gate only after a second person agreed.
pub fn skip(
    procedure: &Procedure,
    calendar: &Calendar,
    steps: &mut [StepFacts],
    id: &str,
    taking: &Taking<'_>,
    now: Timestamp,
) -> Result<(), StepRefusal> {
    let step = procedure.step(id).ok_or(StepRefusal::Unknown)?;
    let facts = find(steps, id).ok_or(StepRefusal::Unknown)?;
    if facts.status.is_settled() {
        return Err(StepRefusal::Settled);
    }
    if matches!(step.kind, StepKind::Assess | StepKind::Close) {
        return Err(StepRefusal::WrongKind);
    }
    check_second(step, facts, taking.person)?;
    if taking.gate_reason.trim().is_empty() {
        return Err(StepRefusal::NoNote);
    }
    assessed_first(procedure, steps)?;
    settle(steps, id, StepStatus::Skipped, taking.person, None, now);
    refresh(procedure, calendar, steps, now);
    Ok(())
}

/// A second post lets a legal stop gate pass: the post that the step names, one of its deputies, or, where those are in
/// conflict or hold the case themselves, a post of last resort. Never the person who takes the step, and not before the
/// concern was assessed (S-5). The last agreement counts. Changes nothing if it is refused.
pub fn second(
    pack: &Pack,
    procedure: &Procedure,
    steps: &mut [StepFacts],
    id: &str,
    person: &str,
    posts: &[String],
    now: Timestamp,
) -> Result<(), StepRefusal> {
    let step = procedure.step(id).ok_or(StepRefusal::Unknown)?;
    let needed = step.second_post.as_deref().filter(|_| step.gate == Gate::Legal).ok_or(StepRefusal::WrongKind)?;
    if !is_second(pack, procedure, id, posts) {
        let title = pack.post(needed).map_or(needed, |post| post.title.as_str());
        return Err(StepRefusal::Second(title.to_owned()));
    }
    assessed_first(procedure, steps)?;
    let facts = steps.iter_mut().find(|facts| facts.step == id).ok_or(StepRefusal::Unknown)?;
    if facts.status.is_settled() {
        return Err(StepRefusal::Settled);
    }
    facts.second_by = Some(person.to_owned());
    refresh(procedure, &pack.calendar, steps, now);
    Ok(())
}

/// Whether somebody with these posts may be the second person at a legal stop gate.
#[must_use]
pub fn is_second(pack: &Pack, procedure: &Procedure, id: &str, posts: &[String]) -> bool {
    let gate = procedure.step(id).filter(|step| step.gate == Gate::Legal);
    let Some(needed) = gate.and_then(|step| step.second_post.as_deref()) else { return false };
    let deputies = pack.post(needed).map(|post| post.deputies.as_slice()).unwrap_or_default();
    let last_resort = last_resort(pack);
    posts.iter().any(|post| post == needed || deputies.contains(post) || last_resort.contains(&post.as_str()))
}

fn check_may_take(
    procedure: &Procedure,
    steps: &[StepFacts],
    step: &Step,
    facts: &StepFacts,
    taking: &Taking<'_>,
) -> Result<(), StepRefusal> {
    if facts.status.is_settled() {
        return Err(StepRefusal::Settled);
    }
    if step.kind != StepKind::Assess {
        assessed_first(procedure, steps)?;
    }
    check_second(step, facts, taking.person)?;
    let waits = waits_for(procedure, steps, step);
    if let Some(first) = waits.first()
        && (step.gate != Gate::Reason || taking.gate_reason.trim().is_empty())
    {
        return Err(StepRefusal::Before(first.clone()));
    }
    Ok(())
}

/// Two people at a legal stop gate: never the same one twice.
fn check_second(step: &Step, facts: &StepFacts, person: &str) -> Result<(), StepRefusal> {
    if step.gate != Gate::Legal {
        return Ok(());
    }
    match &facts.second_by {
        // Only the post's id is known here; who shows the refusal knows its title ([`StepRefusal::with_titles`]).
        None => Err(StepRefusal::Second(step.second_post.clone().unwrap_or_default())),
        Some(second) if second == person => Err(StepRefusal::SamePerson),
        Some(_) => Ok(()),
    }
}

/// S-5: until a named person has assessed it, nothing else may be done.
fn assessed_first(procedure: &Procedure, steps: &[StepFacts]) -> Result<(), StepRefusal> {
    let assess = procedure.steps.iter().find(|step| step.kind == StepKind::Assess);
    match assess.and_then(|step| find(steps, &step.id)) {
        Some(facts) if facts.status != StepStatus::Done => Err(StepRefusal::Unassessed),
        _ => Ok(()),
    }
}

fn settle(steps: &mut [StepFacts], id: &str, status: StepStatus, person: &str, option: Option<&str>, now: Timestamp) {
    if let Some(facts) = steps.iter_mut().find(|facts| facts.step == id) {
        facts.status = status;
        facts.done_at = Some(now);
        facts.done_by = Some(person.to_owned());
        facts.option = option.map(str::to_owned);
    }
}
