//! Behind the block page: what it was, "this was an accident", and "ask for this site".

use std::time::Duration;

use casework::case::Source;
use policy::About;
use serde_json::json;
use store::activity::Record;
use store::requests::{RequestState, SiteRequest};
use store::sealed::SealedKind;

use crate::audit::entry;
use crate::opening::{Beginning, prepare};
use crate::session::Session;
use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven, words};

/// How often, and how long each time, a block that is not yet written down is waited for.
const BATCH_WAITS: u32 = 8;
const BATCH_WAIT_MS: u64 = 150;
/// Longest explanation a person may write, in bytes.
const WHY_LIMIT_BYTES: usize = 2_000;

/// A decision as the person whom it met may see it again.
#[derive(Debug, Clone)]
pub struct BlockedView {
    pub reference: String,
    pub host: String,
    /// Whether the words of a search were the reason, and not the site.
    pub by_search: bool,
    /// It is a lesson that keeps it closed.
    pub in_lesson: bool,
    pub reason: String,
    pub codes: String,
    pub citation: String,
    pub clause: String,
    pub clause_text: String,
    pub at_text: String,
}

/// Resolves the opaque reference of a block page. Only the person whom the block met can.
pub async fn blocked(haven: &Haven, session: &Session, reference: &str) -> Result<BlockedView, ActionError> {
    let record = own_record(haven, session, reference).await?;
    let pack = haven.pack();
    let clause = record.citation.split('@').next().and_then(|cite| cite.split_once(':')).map(|(_, id)| id.to_owned());
    let clause = clause.unwrap_or_default();
    Ok(BlockedView {
        reference: record.reference,
        by_search: record.rule.starts_with("content:") && !record.search.is_empty(),
        in_lesson: ["lesson:", "exam:", "closed:"].iter().any(|tier| record.rule.starts_with(tier)),
        host: record.host,
        reason: record.reason,
        codes: record
            .codes
            .iter()
            .filter_map(|id| pack.code(id))
            .map(|code| code.title.clone())
            .collect::<Vec<_>>()
            .join(", "),
        citation: record.citation_text,
        clause_text: pack.clauses.get(&clause).map(|clause| clause.text.clone()).unwrap_or_default(),
        clause,
        at_text: words::moment(&pack.calendar, haven.now(), record.at),
    })
}

async fn own_record(haven: &Haven, session: &Session, reference: &str) -> Result<Record, ActionError> {
    // Activity is written in batches: whoever is quick waits a moment, and is not told that there was no such page.
    for _ in 0..BATCH_WAITS {
        if let Some(record) = store::activity::by_reference(&haven.store, reference).await? {
            return Some(record).filter(|record| record.person == session.person.id).ok_or(ActionError::NotFound);
        }
        tokio::time::sleep(Duration::from_millis(BATCH_WAIT_MS)).await;
    }
    Err(ActionError::NotFound)
}

/// What the person is told afterwards.
#[derive(Debug, Clone)]
pub struct Told {
    pub reference: String,
    pub next: String,
}

/// "This was an accident": a self-report that protects the learner (7.6). Doing it twice does it once.
pub async fn report_accident(
    haven: &Haven,
    session: &Session,
    reference: &str,
    note: &str,
) -> Result<Told, ActionError> {
    if note.len() > WHY_LIMIT_BYTES {
        return Err(ActionError::fault("note", "This is too long. Please shorten it."));
    }
    let record = own_record(haven, session, reference).await?;
    let key = format!("accident:{reference}");
    if let Some(earlier) = store::receipts::find(&haven.store, &key).await? {
        return told(haven, earlier.trim_matches('"'));
    }
    let pack = haven.pack();
    let procedure = accident_procedure(&pack)?;
    let team = Team::read(haven).await?;
    let text = format!("Opened {} by accident and told us. {}", record.host, note.trim());
    let beginning = Beginning {
        pack: &pack,
        procedure,
        about: casework::alert::about_population(&record.population),
        source: Source::Accident,
        subject: Some(&session.person.id),
        excluded: Vec::new(),
        meant: None,
        theme: None,
        grade: None,
        texts: vec![
            (SealedKind::Narrative, text.trim().to_owned(), session.person.id.clone()),
            (SealedKind::Name, session.person.name.clone(), String::new()),
        ],
        at: haven.now(),
        tell_now: false,
        live_group: false,
        by_the_hour: false,
        in_danger: false,
    };
    let prepared = prepare(haven, &team, beginning).await?;
    let mut unit = haven.store.begin().await?;
    match store::receipts::keep(&mut unit, &key, &json!(prepared.case.reference).to_string(), haven.now()).await {
        Err(store::StoreError::Duplicate(_)) => return Err(ActionError::Conflict),
        other => other?,
    }
    prepared.keep(haven, &mut unit, &session.person.id).await?;
    unit.commit().await?;
    told(haven, &prepared.case.reference)
}

fn accident_procedure(pack: &policy::Pack) -> Result<&policy::Procedure, ActionError> {
    let by_id = pack.procedure("accidental-access");
    let other = pack.procedures.iter().find(|procedure| procedure.about != About::Staff && procedure.reportable);
    by_id.or(other).ok_or_else(|| ActionError::Broken("the pack has no procedure for accidental access".to_owned()))
}

fn told(haven: &Haven, reference: &str) -> Result<Told, ActionError> {
    let pack = haven.pack();
    let next = accident_procedure(&pack)?.what_happens_next.clone();
    Ok(Told { reference: reference.to_owned(), next })
}

/// "Ask for this site": goes to whoever decides requests (F12). Doing it twice does it once.
pub async fn ask_for_site(haven: &Haven, session: &Session, reference: &str, why: &str) -> Result<Told, ActionError> {
    if why.trim().is_empty() {
        return Err(ActionError::fault("why", "Say what you need it for. One sentence is enough."));
    }
    if why.len() > WHY_LIMIT_BYTES {
        return Err(ActionError::fault("why", "This is too long. Please shorten it."));
    }
    let record = own_record(haven, session, reference).await?;
    if record.is_sealed() {
        return Err(ActionError::fault(
            "why",
            "Nobody can open this page. It is on a list that cannot be switched off.",
        ));
    }
    let now = haven.now();
    let request = SiteRequest {
        id: haven.new_id(now),
        at: now,
        host: record.host.clone(),
        asked_by: session.person.id.clone(),
        population: record.population.clone(),
        why: why.trim().to_owned(),
        record_reference: reference.to_owned(),
        state: RequestState::Asked,
        decided_at: None,
        decided_by: None,
        decision_reason: None,
        until: None,
    };
    let key = format!("ask:{reference}");
    in_unit!(haven, unit => {
        if store::receipts::find(&mut unit, &key).await?.is_none() {
            store::receipts::keep(&mut unit, &key, "{}", now).await?;
            store::requests::insert(&mut unit, &request).await?;
            let made = entry(now, &session.person.id, "request.ask", &request.id, &json!({ "host": request.host }));
            store::audit::append(&mut unit, made);
        }
        Ok(())
    })?;
    Ok(Told {
        reference: reference.to_owned(),
        next: "The people who look after the filter will decide, and you will see their answer on \u{201c}My page\u{201d}.".to_owned(),
    })
}
