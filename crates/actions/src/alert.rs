//! An alert from the filter becomes an unassessed case with its procedure begun, once for each person, theme and day (S-5).

use casework::access;
use casework::case::Source;
use casework::notice::Occasion;
use jiff::{Timestamp, ToSpan};
use policy::{Grade, Pack, Trigger};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::StoreError;
use store::activity::Record;
use store::jobs::NewJob;
use store::sealed::SealedKind;
use store::technical::TechnicalAlert;

use crate::audit::entry;
use crate::opening::{Beginning, prepare};
use crate::team::Team;
use crate::{ActionError, Haven};

/// The gateway's cue as it stands in the activity record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cue {
    pub trigger: String,
    pub theme: String,
    pub grade: Grade,
    pub procedure: String,
    pub clause: String,
    pub reason: String,
    pub seen: String,
    pub kind: String,
}

/// What the case keeps, sealed, of the alert that opened it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SealedAlert {
    pub(crate) person: String,
    pub(crate) record: String,
    pub(crate) at_us: i64,
    pub(crate) host: String,
    pub(crate) how: String,
    pub(crate) device: String,
    pub(crate) citation_text: String,
    pub(crate) cue: Cue,
}

/// Raises the alert of a record. Doing it twice for one record does it once.
pub async fn raise(haven: &Haven, record: &Record) -> Result<(), ActionError> {
    let Some(cue) = record.alert.as_deref().and_then(|text| serde_json::from_str::<Cue>(text).ok()) else {
        store::activity::alert_taken(&haven.store, &record.reference, haven.now()).await?;
        return Ok(());
    };
    let pack = haven.pack();
    if record.registered().is_some() {
        return crate::device::tell(haven, &pack, record, &cue).await;
    }
    let Some(trigger) = pack.filtering.triggers.iter().find(|trigger| trigger.id == cue.trigger) else {
        return Err(ActionError::Broken("an alert names a trigger that the policy does not have".to_owned()));
    };
    if raise_by(haven, &pack, trigger, record, &cue).await? {
        store::activity::alert_taken(&haven.store, &record.reference, haven.now()).await?;
    }
    Ok(())
}

/// Joins the unassessed case of this person and theme, or opens one. False if it must be tried again.
pub(crate) async fn raise_by(
    haven: &Haven,
    pack: &Pack,
    trigger: &Trigger,
    record: &Record,
    cue: &Cue,
) -> Result<bool, ActionError> {
    match join(haven, record, cue).await? {
        Joined::Already | Joined::Hit => Ok(true),
        Joined::No => open(haven, pack, trigger, record, cue).await,
    }
}

enum Joined {
    Already,
    Hit,
    No,
}

/// One more hit on the unassessed case of this person and theme, if there is one.
async fn join(haven: &Haven, record: &Record, cue: &Cue) -> Result<Joined, ActionError> {
    let token = haven.token_of(&record.person);
    let group = store::cases::group_key(&token, &cue.theme);
    let from = casework::alert::group_from(record.at);
    let mut unit = haven.store.begin().await?;
    match store::receipts::keep(&mut unit, &receipt_key(record), "{}", record.at).await {
        Err(StoreError::Duplicate(_)) => return Ok(Joined::Already),
        other => other?,
    }
    let Some(case) = store::cases::join_group(&mut unit, &group, from, record.at).await? else {
        // Dropping the unit rolls the receipt back: opening keeps its own.
        return Ok(Joined::No);
    };
    let made = entry(record.at, "gateway", "alert.again", &case.id, &json!({ "hits": case.hits, "theme": cue.theme }));
    store::audit::append(&mut unit, made);
    unit.commit().await?;
    Ok(Joined::Hit)
}

fn receipt_key(record: &Record) -> String {
    format!("alert:{}", record.reference)
}

/// Opens the case. False if somebody else opened it at the same moment: the caller's job tries again and joins.
async fn open(haven: &Haven, pack: &Pack, trigger: &Trigger, record: &Record, cue: &Cue) -> Result<bool, ActionError> {
    let procedure = casework::alert::procedure_for(pack, trigger, &record.population)
        .ok_or_else(|| ActionError::Broken("a trigger names a procedure that the policy does not have".to_owned()))?;
    let team = Team::read(haven).await?;
    let name = team.name_of(&record.person);
    let kept = SealedAlert {
        person: record.person.clone(),
        record: record.reference.clone(),
        at_us: record.at.as_microsecond(),
        host: record.host.clone(),
        how: record.how.clone(),
        device: record.device.clone(),
        citation_text: record.citation_text.clone(),
        cue: cue.clone(),
    };
    let beginning = Beginning {
        pack,
        procedure,
        about: casework::alert::about_population(&record.population),
        source: Source::Alert,
        subject: Some(&record.person),
        excluded: Vec::new(),
        meant: None,
        theme: Some(&cue.theme),
        grade: Some(cue.grade),
        texts: vec![
            (SealedKind::Alert, json!(kept).to_string(), "gateway".to_owned()),
            (SealedKind::Name, name, String::new()),
        ],
        at: record.at,
        tell_now: casework::alert::is_told_at_once(cue.grade),
        live_group: true,
        by_the_hour: false,
        in_danger: false,
    };
    let prepared = prepare(haven, &team, beginning).await?;
    let token = haven.token_of(&record.person);
    let mut unit = haven.store.begin().await?;
    match store::receipts::keep(&mut unit, &receipt_key(record), "{}", record.at).await {
        Err(StoreError::Duplicate(_)) => return Ok(true),
        other => other?,
    }
    match prepared.keep(haven, &mut unit, "gateway").await {
        Err(ActionError::Broken(cause)) if cause.contains("group_key") => return Err(ActionError::Conflict),
        other => other?,
    }
    store::technical::insert(&mut unit, &technical(haven, record, cue, &token)).await?;
    tell_technical(haven, pack, &team, &mut unit, record).await?;
    keep_timeline_job(haven, &mut unit, &prepared.case.id, record).await?;
    unit.commit().await?;
    Ok(true)
}

fn technical(haven: &Haven, record: &Record, cue: &Cue, token: &[u8; 32]) -> TechnicalAlert {
    TechnicalAlert {
        id: haven.new_id(record.at),
        at: record.at,
        theme: cue.theme.clone(),
        grade: casework::case::grade_word(cue.grade).to_owned(),
        device: record.device.clone(),
        host: record.host.clone(),
        event_reference: record.reference.clone(),
        subject_token: Some(*token),
        acknowledged_at: None,
        acknowledged_by: None,
    }
}

/// Those who may acknowledge technical alerts are told that one waits; never the person it is about.
pub(crate) async fn tell_technical(
    haven: &Haven,
    pack: &Pack,
    team: &Team,
    unit: &mut store::Unit,
    record: &Record,
) -> Result<(), ActionError> {
    let rights = pack.rights.iter().filter(|right| right.action == "filter.acknowledge");
    let mut people: Vec<&str> = rights.flat_map(|right| team.holders_of(&right.post)).collect();
    people.sort_unstable();
    people.dedup();
    for person in people.into_iter().filter(|person| *person != record.person) {
        store::outbox::post(unit, &crate::opening::letter(haven, person, Occasion::Technical, record.at)).await?;
    }
    Ok(())
}

/// What follows fills in for an hour; then the two hours are sealed into the case.
async fn keep_timeline_job(
    haven: &Haven,
    unit: &mut store::Unit,
    case: &str,
    record: &Record,
) -> Result<(), ActionError> {
    let job = NewJob {
        id: haven.new_id(record.at),
        kind: crate::jobs::TIMELINE.to_owned(),
        payload: json!({ "case": case, "record": record.reference }).to_string(),
        run_after: record.at.checked_add(casework::alert::CONTEXT_MINUTES.minutes()).unwrap_or(record.at),
        key: Some(format!("timeline:{case}")),
    };
    store::jobs::enqueue(unit, &job).await?;
    Ok(())
}

/// One line of the two hours around an alert.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TimelineLine {
    pub(crate) at_us: i64,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) search: String,
    pub(crate) action: String,
    pub(crate) marked: bool,
}

/// Lines shown at most for the two hours around an alert; page views come first.
const TIMELINE_LIMIT_ROWS: u32 = 2_000;

/// What the person did in the hour before and after.
pub(crate) async fn timeline(haven: &Haven, person: &str, at: Timestamp) -> Result<Vec<TimelineLine>, ActionError> {
    let (from, to) = casework::alert::context(at);
    let rows = store::activity::of_person_between(&haven.store, person, from, to, TIMELINE_LIMIT_ROWS).await?;
    let line = |row: Record| TimelineLine {
        at_us: row.at.as_microsecond(),
        path: row.shown_path().to_owned(),
        host: row.host,
        search: row.search,
        action: row.action,
        marked: row.alert.is_some(),
    };
    // Pages that somebody looked at, and what raised an alert. What a browser fetches by itself is not the person's doing,
    // and tunnels are left shut for good reasons: they are banks and clinics.
    Ok(rows.into_iter().filter(|row| row.navigation || row.alert.is_some()).map(line).collect())
}

/// Seals the two hours into the case, so that they stay after the activity record itself is deleted.
pub(crate) async fn seal_timeline(haven: &Haven, case: &str, record: &str) -> Result<(), ActionError> {
    let permit = access::machine("timeline", case);
    let Some(kept) = store::cases::get(&haven.store, &permit, case).await? else { return Ok(()) };
    if kept.state == casework::CaseState::FalseAlarm {
        return Ok(());
    }
    let Some(record) = store::activity::by_reference(&haven.store, record).await? else { return Ok(()) };
    let lines = timeline(haven, &record.person, record.at).await?;
    let now = haven.now();
    let text = json!(lines).to_string();
    let sealed = crate::opening::seal_one(haven, case, &kept.public_key, now, SealedKind::Timeline, &text, "clock")?;
    crate::unit::in_unit!(haven, unit => {
        store::sealed::insert(&mut unit, &permit, &sealed).await?;
        let mut made = entry(now, "clock", "alert.timeline", case, &json!({ "lines": lines.len() }));
        made.digests = vec![sealed.digest.clone()];
        store::audit::append(&mut unit, made);
        Ok(())
    })
}
