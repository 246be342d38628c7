//! Lessons: a tutor starts one with checked sites, or with free searching that a named person watches; learners join with the
//! code on the board; it ends by itself, the same day (F10).

mod looking;

use casework::Permit;
use casework::access;
use filter::Address;
use filter::lists::HelpList;
use filter::site::Site;
use jiff::civil::Time;
use jiff::{Timestamp, ToSpan};
use policy::{Calendar, Pack};
use serde_json::json;
use store::lessons::{Lesson, LessonSite};
use store::requests::{RequestState, SiteRequest};

use crate::audit::{EntryWith, entry};
use crate::session::Session;
use crate::unit::in_unit;
use crate::{ActionError, Haven};

pub use looking::{
    Joined, LessonQuery, LessonRow, LessonView, Mine, PersonRow, SiteRow, mine, one, past, sites_of, suggested_end,
};

/// How long a lesson lasts unless the tutor says otherwise, in minutes.
pub const LENGTH_MINUTES: i64 = 60;
/// Most sites of one lesson.
pub const SITES_LIMIT: usize = 60;
/// Most people in one lesson.
pub const PEOPLE_LIMIT: usize = 300;
/// After so many days a check of a site counts as old.
pub const CHECK_OLD_DAYS: i64 = 60;
const SITE_LIMIT_BYTES: usize = 253;
const TITLE_LIMIT_BYTES: usize = 200;
const WHY_LIMIT_BYTES: usize = 1_000;
/// Kind of the feed row by which gateways learn of a change.
pub const FEED: &str = "lesson";
/// No vowels, so that no code is a word, and nothing that looks like something else.
const CODE_LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
const CODE_LENGTH: usize = 5;
/// How often another code is drawn because a lesson that runs has this one.
const CODE_TRIES: usize = 20;

/// A lesson as a tutor wants it.
#[derive(Debug, Clone, Default)]
pub struct NewLesson {
    /// What it is about; may be empty.
    pub title: String,
    pub free_search: bool,
    /// Why learners search freely.
    pub why: String,
    /// Who watches what they find.
    pub supervisor: String,
    /// One site a line.
    pub sites: String,
    /// "I have looked at each of these sites."
    pub looked: bool,
    /// `11:30`, on the organisation's clock, today.
    pub until: String,
}

fn fault(field: &str, message: &str) -> ActionError {
    ActionError::fault(field, message)
}

/// Whether somebody may start a lesson at all.
#[must_use]
pub fn may_start(haven: &Haven, session: &Session) -> bool {
    leave_to_start(&haven.pack(), session).is_ok()
}

fn leave_to_start(pack: &Pack, session: &Session) -> Result<Permit, ActionError> {
    Ok(access::organisation(pack, &session.asker(), "lesson.start", "lesson")?)
}

/// Leave to change a lesson: whoever started it, or who decides about sites. For everybody else it does not exist.
fn leave_to_tend(pack: &Pack, session: &Session, lesson: &Lesson) -> Result<Permit, ActionError> {
    let by_post = access::organisation(pack, &session.asker(), "filter.decide-request", &lesson.id);
    match by_post {
        Ok(permit) => Ok(permit),
        Err(_) if lesson.started_by == session.person.id => leave_to_start(pack, session),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Starts a lesson. Gives its id.
///
/// # Errors
/// A fault at its field; refused for whoever may not.
pub async fn start(haven: &Haven, session: &Session, new: &NewLesson) -> Result<String, ActionError> {
    let pack = haven.pack();
    let permit = leave_to_start(&pack, session)?;
    let now = haven.now();
    let (mut lesson, sites) = checked(&pack, new, now)?;
    lesson.id = haven.new_id(now);
    lesson.citation = permit.citation().to_record();
    lesson.started_by.clone_from(&session.person.id);
    in_unit!(haven, unit => {
        let running = store::lessons::running(&mut unit, now).await?;
        let mut code = draw(haven);
        for _ in 0..CODE_TRIES {
            if running.iter().all(|other| other.code != code) {
                break;
            }
            code = draw(haven);
        }
        lesson.code.clone_from(&code);
        store::lessons::insert(&mut unit, &lesson).await?;
        for site in &sites {
            let site = LessonSite {
                lesson: lesson.id.clone(),
                site: site.clone(),
                checked: Some((now, session.person.id.clone())),
                closed: None,
            };
            store::lessons::put_site(&mut unit, &site).await?;
        }
        let detail = json!({
            "free_search": lesson.free_search,
            "sites": sites.len(),
            "until_us": lesson.until.as_microsecond(),
        });
        tell(&mut unit, session, "lesson.start", &lesson.id, &detail, Some(&permit), now);
        Ok(lesson.id.clone())
    })
}

/// The entry of the record, and the news for gateways.
fn tell(
    unit: &mut store::Unit,
    session: &Session,
    action: &str,
    id: &str,
    detail: &serde_json::Value,
    permit: Option<&Permit>,
    now: Timestamp,
) {
    store::feed::add(unit, FEED, id, now);
    let made = entry(now, &session.person.id, action, id, detail);
    store::audit::append(
        unit,
        match permit {
            Some(permit) => made.because(permit.citation()),
            None => made,
        },
    );
}

fn draw(haven: &Haven) -> String {
    let mut bytes = [0_u8; CODE_LENGTH];
    haven.moment.fill_random(&mut bytes);
    bytes
        .iter()
        .filter_map(|byte| CODE_LETTERS.get(usize::from(*byte) % CODE_LETTERS.len()))
        .map(|b| char::from(*b))
        .collect()
}

/// The lesson that this would be, without an id, a starter or a code, and its sites in normal form.
fn checked(pack: &Pack, new: &NewLesson, now: Timestamp) -> Result<(Lesson, Vec<String>), ActionError> {
    let (title, why, supervisor) = (new.title.trim(), new.why.trim(), new.supervisor.trim());
    if title.len() > TITLE_LIMIT_BYTES {
        return Err(fault("title", "This is too long. Please shorten it."));
    }
    let sites = if new.free_search { Vec::new() } else { sites(pack, &new.sites)? };
    if new.free_search {
        if why.is_empty() {
            return Err(fault("why", "Say in a sentence why learners search freely this time."));
        }
        if why.len() > WHY_LIMIT_BYTES {
            return Err(fault("why", "This is too long. Please shorten it."));
        }
        if supervisor.is_empty() || supervisor.len() > TITLE_LIMIT_BYTES {
            return Err(fault("supervisor", "Name who watches what learners find."));
        }
    } else if !new.looked {
        return Err(fault("looked", "Look at each site first, then say so here."));
    }
    let kept = |text: &str| if new.free_search { text.to_owned() } else { String::new() };
    let lesson = Lesson {
        id: String::new(),
        title: if title.is_empty() { "Lesson".to_owned() } else { title.to_owned() },
        code: String::new(),
        free_search: new.free_search,
        why: kept(why),
        supervisor: kept(supervisor),
        citation: String::new(),
        started_at: now,
        started_by: String::new(),
        until: until(&pack.calendar, &new.until, now)?,
        ended_at: None,
        ended_by: None,
    };
    Ok((lesson, sites))
}

/// A time later today; the second of two where clocks go back.
fn until(calendar: &Calendar, text: &str, now: Timestamp) -> Result<Timestamp, ActionError> {
    let wrong = || fault("until", "Choose a time later today, such as 11:30.");
    let time = Time::strptime("%H:%M", text.trim()).map_err(|_| wrong())?;
    let local = calendar.day_of(now).to_datetime(time);
    let both = calendar.zone.to_ambiguous_zoned(local);
    let first = both.clone().compatible().map_err(|_| wrong())?.timestamp();
    let at = if first > now { first } else { both.later().map_err(|_| wrong())?.timestamp() };
    if at > now { Ok(at) } else { Err(wrong()) }
}

/// Sites as they are written, one a line, each once, in normal form.
fn sites(pack: &Pack, text: &str) -> Result<Vec<String>, ActionError> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let site = site(pack, "sites", line, false)?;
        if !found.contains(&site) {
            found.push(site);
        }
    }
    if found.is_empty() {
        return Err(fault("sites", "Write at least one site, such as example.org or example.org/page."));
    }
    if found.len() > SITES_LIMIT {
        return Err(fault("sites", &format!("These are more than {SITES_LIMIT} sites. Name fewer.")));
    }
    Ok(found)
}

fn site(pack: &Pack, field: &str, text: &str, to_close: bool) -> Result<String, ActionError> {
    let shown: String = text.chars().take(60).collect();
    let without = text.trim().split(['?', '#']).next().unwrap_or_default();
    let site =
        Site::parse(without).ok().filter(|site| site.host().contains('.') && site.to_text().len() <= SITE_LIMIT_BYTES);
    let Some(site) = site else {
        return Err(fault(
            field,
            &format!("\u{201c}{shown}\u{201d} is no site. Write it as example.org or example.org/page."),
        ));
    };
    if site.is_public_suffix() {
        return Err(fault(field, &format!("Anybody can have a site under \u{201c}{shown}\u{201d}. Name one of them.")));
    }
    if to_close && is_help(pack, &site) {
        return Err(fault(field, "This is a help site. Help is always open, and nobody can close it."));
    }
    Ok(site.to_text())
}

fn is_help(pack: &Pack, site: &Site) -> bool {
    let Ok(address) = Address::parse(&format!("https://{}", site.to_text())) else { return false };
    let linked = pack.filtering.help.iter().filter_map(|link| Site::parse(&link.site).ok());
    HelpList::shipped().find(&address).is_some()
        || linked.into_iter().any(|help| !help.has_path() && help.covers_host(&address))
}

/// A lesson that runs and that this person may change.
async fn tended(
    haven: &Haven,
    session: &Session,
    unit: &mut store::Unit,
    id: &str,
    now: Timestamp,
) -> Result<(Lesson, Permit), ActionError> {
    let lesson = store::lessons::get(unit, id).await?.ok_or(ActionError::NotFound)?;
    let permit = leave_to_tend(&haven.pack(), session, &lesson)?;
    if lesson.runs_at(now) { Ok((lesson, permit)) } else { Err(fault("", "This lesson has ended.")) }
}

/// Gives a lesson another end today.
pub async fn extend(haven: &Haven, session: &Session, id: &str, end: &str) -> Result<(), ActionError> {
    let now = haven.now();
    in_unit!(haven, unit => {
        let (_, permit) = tended(haven, session, &mut unit, id, now).await?;
        let until = until(&haven.pack().calendar, end, now)?;
        store::lessons::extend(&mut unit, id, until, now).await?;
        let detail = json!({ "until_us": until.as_microsecond() });
        tell(&mut unit, session, "lesson.extend", id, &detail, Some(&permit), now);
        Ok(())
    })
}

/// Ends a lesson now; once is enough.
pub async fn end(haven: &Haven, session: &Session, id: &str) -> Result<(), ActionError> {
    let now = haven.now();
    in_unit!(haven, unit => {
        let (_, permit) = tended(haven, session, &mut unit, id, now).await?;
        store::lessons::end(&mut unit, id, &session.person.id, now).await?;
        tell(&mut unit, session, "lesson.end", id, &json!({}), Some(&permit), now);
        Ok(())
    })
}

/// Adds a site to a lesson, after somebody has looked at it.
pub async fn add_site(haven: &Haven, session: &Session, id: &str, text: &str, looked: bool) -> Result<(), ActionError> {
    let now = haven.now();
    in_unit!(haven, unit => {
        let (lesson, permit) = tended(haven, session, &mut unit, id, now).await?;
        if lesson.free_search {
            return Err(fault("site", "Learners search freely in this lesson, so it has no list of checked sites."));
        }
        let site = site(&haven.pack(), "site", text, false)?;
        if !looked {
            return Err(fault("looked", "Look at the site first, then say so here."));
        }
        let known = store::lessons::sites(&mut unit, id).await?;
        if known.len() >= SITES_LIMIT && known.iter().all(|other| other.site != site) {
            return Err(fault("site", &format!("The lesson has {SITES_LIMIT} sites already.")));
        }
        let row = LessonSite {
            lesson: id.to_owned(),
            site: site.clone(),
            checked: Some((now, session.person.id.clone())),
            closed: None,
        };
        store::lessons::put_site(&mut unit, &row).await?;
        tell(&mut unit, session, "lesson.site", id, &json!({ "site": site }), Some(&permit), now);
        Ok(())
    })
}

/// "Unsuitable": a site closes for this lesson at once, and whoever decides about sites is asked to close it for everybody.
pub async fn unsuitable(haven: &Haven, session: &Session, id: &str, text: &str, why: &str) -> Result<(), ActionError> {
    let now = haven.now();
    if why.len() > WHY_LIMIT_BYTES {
        return Err(fault("why", "This is too long. Please shorten it."));
    }
    let why = if why.trim().is_empty() { "A tutor found it unsuitable in a lesson." } else { why.trim() };
    let request_id = haven.new_id(now);
    in_unit!(haven, unit => {
        let (lesson, permit) = tended(haven, session, &mut unit, id, now).await?;
        let site = site(&haven.pack(), "unsuitable", text, true)?;
        let known = store::lessons::sites(&mut unit, id).await?.into_iter().find(|other| other.site == site);
        if known.as_ref().is_some_and(|known| known.closed.is_some()) {
            return Ok(());
        }
        let row = LessonSite {
            lesson: id.to_owned(),
            site: site.clone(),
            checked: known.and_then(|known| known.checked),
            closed: Some((now, session.person.id.clone())),
        };
        store::lessons::put_site(&mut unit, &row).await?;
        let request = SiteRequest {
            id: request_id.clone(),
            at: now,
            host: site.clone(),
            asked_by: session.person.id.clone(),
            population: session.person.population.clone(),
            why: format!("{why} (Lesson: {})", lesson.title).chars().take(WHY_LIMIT_BYTES / 4).collect(),
            record_reference: store::requests::GOT_THROUGH.to_owned(),
            state: RequestState::Asked,
            decided_at: None,
            decided_by: None,
            decision_reason: None,
            until: None,
        };
        store::requests::insert(&mut unit, &request).await?;
        let detail = json!({ "site": site, "request": request.id });
        tell(&mut unit, session, "lesson.unsuitable", id, &detail, Some(&permit), now);
        Ok(())
    })
}

/// Somebody types the code on the board and is in the lesson. Nothing opens by it, so it needs nobody's leave.
pub async fn join(haven: &Haven, session: &Session, typed: &str) -> Result<(), ActionError> {
    let now = haven.now();
    let code: String =
        typed.chars().filter(char::is_ascii_alphabetic).take(16).collect::<String>().to_ascii_uppercase();
    in_unit!(haven, unit => {
        let running = store::lessons::running(&mut unit, now).await?;
        let Some(lesson) = running.into_iter().find(|lesson| !code.is_empty() && lesson.code == code) else {
            return Err(fault("code", "No lesson with this code runs now. Look at the board again, or ask your tutor."));
        };
        let people = store::lessons::people(&mut unit, &lesson.id).await?;
        let here = people.iter().any(|one| one.person == session.person.id && one.left_at.is_none());
        if here {
            return Ok(());
        }
        if people.len() >= PEOPLE_LIMIT {
            return Err(fault("code", "This lesson is full. Tell your tutor."));
        }
        store::lessons::join(&mut unit, &lesson.id, &session.person.id, now).await?;
        tell(&mut unit, session, "lesson.join", &lesson.id, &json!({}), None, now);
        Ok(())
    })
}

/// The tutor lets somebody go who is in the lesson by mistake.
pub async fn let_go(haven: &Haven, session: &Session, id: &str, person: &str) -> Result<(), ActionError> {
    let now = haven.now();
    in_unit!(haven, unit => {
        let (_, permit) = tended(haven, session, &mut unit, id, now).await?;
        if store::lessons::leave(&mut unit, id, person, now).await? {
            tell(&mut unit, session, "lesson.let-go", id, &json!({ "person": person }), Some(&permit), now);
        }
        Ok(())
    })
}

/// The lessons that run now, as the filter wants them.
pub async fn in_force(haven: &Haven) -> Result<Vec<filter::lesson::Lesson>, ActionError> {
    let now = haven.now();
    let running = store::lessons::running(&haven.store, now).await?;
    if running.is_empty() {
        return Ok(Vec::new());
    }
    let sites = store::lessons::running_sites(&haven.store, now).await?;
    let people = store::lessons::running_people(&haven.store, now).await?;
    let lessons = running.into_iter().map(|lesson| {
        let own = || sites.iter().filter(|site| site.lesson == lesson.id);
        filter::lesson::Lesson {
            until: lesson.until,
            free_search: lesson.free_search,
            sites: own().filter(|site| site.checked.is_some()).map(|site| site.site.clone()).collect(),
            closed: own().filter(|site| site.closed.is_some()).map(|site| site.site.clone()).collect(),
            people: people.iter().filter(|one| one.lesson == lesson.id).map(|one| one.person.clone()).collect(),
            clause: clause_of(&lesson.citation).to_owned(),
            id: lesson.id,
        }
    });
    Ok(lessons.collect())
}

fn clause_of(citation: &str) -> &str {
    citation.split_once(':').and_then(|(_, rest)| rest.split('@').next()).unwrap_or_default()
}

/// Who was in a lesson is forgotten as activity is.
pub(crate) async fn forget(haven: &Haven, bound: &crate::retention::Bound) -> Result<(), ActionError> {
    if !store::lessons::any_people(&haven.store, bound.before).await? {
        return Ok(());
    }
    let now = haven.now();
    in_unit!(haven, unit => {
        let gone = store::lessons::forget_people(&mut unit, bound.before).await?;
        let detail = json!({ "before_us": bound.before.as_microsecond(), "people": gone });
        let made = entry(now, "clock", "lesson.erasure", "lessons", &detail);
        store::audit::append(&mut unit, made.because(&bound.citation));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use jiff::tz::TimeZone;

    use super::*;

    fn london() -> Calendar {
        Calendar {
            zone: TimeZone::get("Europe/London").unwrap(),
            day_from: Time::constant(9, 0, 0, 0),
            day_to: Time::constant(17, 0, 0, 0),
            working_days: Vec::new(),
            terms: Vec::new(),
            closed: Vec::new(),
        }
    }

    fn end(now: &str, text: &str) -> Option<String> {
        until(&london(), text, now.parse().unwrap()).ok().map(|at| at.to_string())
    }

    #[test]
    fn f10_a_lesson_ends_today_and_not_before_now() {
        assert_eq!(end("2026-11-24T09:30:00Z", "10:30").as_deref(), Some("2026-11-24T10:30:00Z"));
        assert_eq!(end("2026-11-24T09:30:00Z", "09:30"), None, "ending exactly now is no lesson");
        assert_eq!(end("2026-11-24T09:30:00Z", "09:31").as_deref(), Some("2026-11-24T09:31:00Z"));
        assert_eq!(end("2026-11-24T23:30:00Z", "00:10"), None, "not tomorrow");
        assert_eq!(end("2026-11-24T23:30:00Z", "23:59").as_deref(), Some("2026-11-24T23:59:00Z"));
        // In summer the clock on the wall is an hour ahead.
        assert_eq!(end("2026-07-01T09:30:00Z", "10:15"), None);
        assert_eq!(end("2026-07-01T09:30:00Z", "11:00").as_deref(), Some("2026-07-01T10:00:00Z"));
        for text in ["", "soon", "24:00", "11:61", "1130", "11:30:00x"] {
            assert_eq!(end("2026-11-24T09:30:00Z", text), None, "{text}");
        }
    }

    #[test]
    fn f10_on_days_when_clocks_change_the_end_is_the_next_one_on_the_wall() {
        // Clocks go back on 25 October 2026: 1:30 comes twice.
        assert_eq!(end("2026-10-25T00:10:00Z", "01:30").as_deref(), Some("2026-10-25T00:30:00Z"));
        assert_eq!(end("2026-10-25T00:40:00Z", "01:30").as_deref(), Some("2026-10-25T01:30:00Z"));
        // They go forward on 29 March 2026: 1:30 never comes, and 2:30 summer time is meant.
        assert_eq!(end("2026-03-29T00:10:00Z", "01:30").as_deref(), Some("2026-03-29T01:30:00Z"));
    }
}
