//! The two-way thread of an anonymous report: a code opens it, and nothing in it says who wrote.

use casework::access;
use casework::case::CaseState;
use jiff::{Timestamp, ToSpan};
use serde_json::json;
use store::anonymous::{Message, Side, place};
use store::sealed::SealedKind;
use store::vault::{self, ReporterSecret};

use crate::audit::{EntryWith, entry};
use crate::opening::seal_one;
use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven, words};

/// Longest reply, in bytes.
pub const REPLY_LIMIT_BYTES: usize = 10_000;

/// What a reporter reads when they come back.
#[derive(Debug, Clone)]
pub struct ReportThread {
    pub reference: String,
    pub status: String,
    pub messages: Vec<ThreadMessage>,
}

#[derive(Debug, Clone)]
pub struct ThreadMessage {
    pub from_us: bool,
    pub text: String,
    pub at_text: String,
}

/// A status that tells a reporter that they were heard, and nothing about the case.
#[must_use]
pub fn safe_status(state: CaseState) -> &'static str {
    match state {
        CaseState::Unassessed => "We have your report. A named person will read it.",
        CaseState::Open => "A named person has read your report and is dealing with it.",
        CaseState::Closed | CaseState::FalseAlarm => "We have dealt with your report. You can still add to it.",
    }
}

/// Opens the thread with the code. A wrong code and an absent report are the same.
pub async fn thread_by_code(haven: &Haven, code: &str) -> Result<ReportThread, ActionError> {
    let (thread, secret) = find(haven, code).await?;
    let facts = store::cases::standing(&haven.store, &thread.case).await?.ok_or(ActionError::NotFound)?;
    let pack = haven.pack();
    let now = haven.now();
    let mut messages = Vec::new();
    for message in store::anonymous::messages(&haven.store, &thread.reference).await? {
        let plain = vault::open_as_reporter(&secret, &message.place(Side::Reporter), &message.for_reporter)?;
        messages.push(ThreadMessage {
            from_us: message.from_us,
            text: String::from_utf8_lossy(&plain).into_owned(),
            at_text: words::moment(&pack.calendar, now, message.at),
        });
    }
    Ok(ReportThread { reference: thread.reference, status: safe_status(facts.state).to_owned(), messages })
}

/// Adds something to an anonymous report.
pub async fn reply_by_code(haven: &Haven, code: &str, text: &str) -> Result<(), ActionError> {
    let text = checked(text)?;
    let (thread, _) = find(haven, code).await?;
    let permit = access::machine("thread", &thread.case);
    let case = store::cases::get(&haven.store, &permit, &thread.case).await?.ok_or(ActionError::NotFound)?;
    names_no_reader(haven, &permit, &case.id, text).await?;
    let at = store::outbox::whole_hour(haven.now());
    let sealed = seal_one(haven, &case.id, &case.public_key, at, SealedKind::Reply, text, "")?;
    let message = message(haven, &thread, &case.public_key, said_at(haven, &thread.reference).await?, false, text)?;
    in_unit!(haven, unit => {
        store::sealed::insert(&mut unit, &permit, &sealed).await?;
        store::anonymous::say(&mut unit, &message).await?;
        if let Some(owner) = &case.owner_person {
            let letter = crate::opening::letter(haven, owner, casework::notice::Occasion::Waiting, at);
            store::outbox::post(&mut unit, &letter.by_the_hour(false)).await?;
        }
        let made = entry(at, "", "thread.reporter", &case.id, &json!({})).vouching(vec![sealed.digest.clone()]);
        store::audit::append(&mut unit, made);
        Ok(())
    })
}

/// Words that name a reader would reach the very person they are about, so they are not taken here: as a report of their
/// own they go round whoever they name (invariant 11).
async fn names_no_reader(haven: &Haven, permit: &access::Permit, case: &str, text: &str) -> Result<(), ActionError> {
    if readers_named(haven, permit, case, text, "").await?.is_empty() {
        return Ok(());
    }
    Err(ActionError::fault(
        "text",
        "You name someone who reads this. We have not kept it. If it is about them, report it as a new concern: then \
         it goes to somebody else and they cannot see it. If you only mention them, leave the name out here.",
    ))
}

/// A case that has begun has its readers. The names of those whom a text names; `author` is not counted.
pub(crate) async fn readers_named(
    haven: &Haven,
    permit: &access::Permit,
    case: &str,
    text: &str,
    author: &str,
) -> Result<Vec<String>, ActionError> {
    let pack = haven.pack();
    let team = Team::read(haven).await?;
    let members = store::cases::members(&haven.store, permit, case).await?;
    let mut readers = team.candidates(&pack);
    readers.retain(|reader| reader.person != author && members.iter().any(|member| member.person == reader.person));
    let named = casework::conflict::named_in(text, &readers);
    Ok(named.into_iter().map(|person| team.name_of(person)).collect())
}

pub(crate) fn checked(text: &str) -> Result<&str, ActionError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ActionError::fault("text", "Write something first."));
    }
    if text.len() > REPLY_LIMIT_BYTES {
        return Err(ActionError::fault("text", "This is too long. Please send it in two parts."));
    }
    Ok(text)
}

/// One message, sealed once to the case and once to the reporter's code.
pub(crate) fn message(
    haven: &Haven,
    thread: &store::anonymous::Thread,
    case_public: &[u8; 32],
    at: Timestamp,
    from_us: bool,
    text: &str,
) -> Result<Message, ActionError> {
    let id = haven.new_id(at);
    let seal = |public: &[u8; 32], side: Side| {
        let place = place(&id, &thread.reference, at, from_us, side);
        vault::seal(&mut haven.entropy(), public, &place, text.as_bytes())
    };
    let for_case = seal(case_public, Side::Case)?;
    let for_reporter = seal(&thread.reporter_public, Side::Reporter)?;
    Ok(Message { id, reference: thread.reference.clone(), at, from_us, for_case, for_reporter })
}

async fn find(haven: &Haven, code: &str) -> Result<(store::anonymous::Thread, ReporterSecret), ActionError> {
    let hash = vault::code_hash(code).map_err(|_| ActionError::NotFound)?;
    let secret = ReporterSecret::from_code(code).map_err(|_| ActionError::NotFound)?;
    let thread = store::anonymous::by_code_hash(&haven.store, &hash).await?.ok_or(ActionError::NotFound)?;
    Ok((thread, secret))
}

/// The hour in which something anonymous came (S-3), or just after what was said last, so that the talk keeps its order.
pub(crate) async fn said_at(haven: &Haven, reference: &str) -> Result<Timestamp, ActionError> {
    let hour = store::outbox::whole_hour(haven.now());
    let said = store::anonymous::messages(&haven.store, reference).await?;
    let after = said.iter().filter_map(|message| message.at.checked_add(1.microseconds()).ok()).max();
    Ok(after.map_or(hour, |after| after.max(hour)))
}
