//! What people see of lessons: their tutor everything, those in one its sites, and those who answer for the filter the list.

use std::collections::BTreeMap;

use casework::access;
use filter::{Carriage, Facts, Person, Snapshot, Who, decide};
use jiff::SignedDuration;
use policy::{Action, Pack};
use store::lessons::Lesson;

use super::{CHECK_OLD_DAYS, LENGTH_MINUTES, Timestamp, ToSpan, clause_of, leave_to_tend, may_start};
use crate::session::Session;
use crate::{ActionError, Haven, Page, words};

/// A line of a list.
#[derive(Debug, Clone)]
pub struct LessonRow {
    pub id: String,
    pub title: String,
    pub code: String,
    pub free_search: bool,
    pub why: String,
    pub supervisor: String,
    pub started_text: String,
    pub by: String,
    /// "11:30am", when it ends or ended.
    pub until_text: String,
    pub runs: bool,
    /// How many are or were in it; none once that is forgotten.
    pub people: Option<usize>,
    pub sites: usize,
    pub unsuitable: usize,
}

/// A site of a lesson.
#[derive(Debug, Clone)]
pub struct SiteRow {
    pub site: String,
    pub href: String,
    /// "today, 9:10am, by Tess Tutor"; none for what was only found unsuitable.
    pub checked_text: Option<String>,
    /// The check is older than [`CHECK_OLD_DAYS`] days.
    pub old: bool,
    /// When it was found unsuitable.
    pub closed_text: Option<String>,
    /// For whom the policy keeps it closed all the same: a lesson opens nothing.
    pub closed_for: Vec<String>,
}

/// Somebody in a lesson.
#[derive(Debug, Clone)]
pub struct PersonRow {
    pub id: String,
    pub name: String,
    pub joined_text: String,
}

#[derive(Debug, Clone)]
pub struct LessonView {
    pub row: LessonRow,
    /// The clause by which it was started.
    pub clause: String,
    pub sites: Vec<SiteRow>,
    /// Who is in it now; empty for whoever only looks.
    pub people: Vec<PersonRow>,
    /// Whether this person may change it now.
    pub mine: bool,
    /// A time for the form: half an hour later than now is set.
    pub later: String,
}

/// A lesson that somebody is in.
#[derive(Debug, Clone)]
pub struct Joined {
    pub title: String,
    pub by: String,
    pub until_text: String,
    pub free_search: bool,
    pub supervisor: String,
    pub sites: Vec<(String, String)>,
}

/// What somebody meets on the page of lessons.
#[derive(Debug, Clone)]
pub struct Mine {
    pub joined: Vec<Joined>,
    /// Lessons that this person looks after now.
    pub running: Vec<LessonRow>,
    pub may_start: bool,
    pub may_look_back: bool,
}

#[derive(Debug, Clone, Default)]
pub struct LessonQuery {
    /// In the title, the reason or the tutor's name, without regard to case or accents.
    pub text: String,
    pub page: u32,
}

fn clock(pack: &Pack, at: Timestamp) -> String {
    at.to_zoned(pack.calendar.zone.clone()).strftime("%-I:%M%P").to_string()
}

/// `11:30` for a form: an hour from now, or the last minute of the day.
#[must_use]
pub fn suggested_end(haven: &Haven) -> String {
    form_time(&haven.pack(), haven.now(), haven.now(), LENGTH_MINUTES)
}

fn form_time(pack: &Pack, now: Timestamp, from: Timestamp, minutes: i64) -> String {
    let at = from.checked_add(minutes.minutes()).unwrap_or(from).to_zoned(pack.calendar.zone.clone());
    if at.date() == pack.calendar.day_of(now) { at.strftime("%H:%M").to_string() } else { "23:59".to_owned() }
}

/// Names of people by id, each asked for once.
struct Names<'a> {
    haven: &'a Haven,
    known: BTreeMap<String, String>,
}

impl<'a> Names<'a> {
    fn new(haven: &'a Haven) -> Self {
        Self { haven, known: BTreeMap::new() }
    }

    async fn of(&mut self, id: &str) -> Result<String, ActionError> {
        if let Some(known) = self.known.get(id) {
            return Ok(known.clone());
        }
        let person = store::people::by_id(&self.haven.store, id).await?;
        let name = person.map_or_else(|| "somebody who has left".to_owned(), |person| person.name);
        self.known.insert(id.to_owned(), name.clone());
        Ok(name)
    }
}

async fn row(haven: &Haven, names: &mut Names<'_>, lesson: &Lesson) -> Result<LessonRow, ActionError> {
    let (pack, now) = (haven.pack(), haven.now());
    let sites = store::lessons::sites(&haven.store, &lesson.id).await?;
    let people = store::lessons::people(&haven.store, &lesson.id).await?;
    let runs = lesson.runs_at(now);
    let here = people.iter().filter(|one| !runs || one.left_at.is_none()).count();
    let forgotten =
        people.is_empty() && crate::retention::bound(&pack, now).is_some_and(|bound| lesson.until < bound.before);
    Ok(LessonRow {
        id: lesson.id.clone(),
        title: lesson.title.clone(),
        code: lesson.code.clone(),
        free_search: lesson.free_search,
        why: lesson.why.clone(),
        supervisor: lesson.supervisor.clone(),
        started_text: words::moment(&pack.calendar, now, lesson.started_at),
        by: names.of(&lesson.started_by).await?,
        until_text: clock(&pack, lesson.ended_at.unwrap_or(lesson.until)),
        runs,
        people: (!forgotten).then_some(here),
        sites: sites.iter().filter(|site| site.checked.is_some()).count(),
        unsuitable: sites.iter().filter(|site| site.closed.is_some()).count(),
    })
}

fn may_look_back(pack: &Pack, session: &Session) -> bool {
    ["filter.checks", "filter.read", "filter.decide-request"]
        .into_iter()
        .any(|action| access::organisation(pack, &session.asker(), action, "lessons").is_ok())
}

/// The lessons that somebody is in, and those that they look after.
pub async fn mine(haven: &Haven, session: &Session) -> Result<Mine, ActionError> {
    let (pack, now) = (haven.pack(), haven.now());
    let mut names = Names::new(haven);
    let (mut joined, mut running) = (Vec::new(), Vec::new());
    let people = store::lessons::running_people(&haven.store, now).await?;
    for lesson in store::lessons::running(&haven.store, now).await? {
        if leave_to_tend(&pack, session, &lesson).is_ok() {
            running.push(row(haven, &mut names, &lesson).await?);
        }
        if people.iter().any(|one| one.lesson == lesson.id && one.person == session.person.id) {
            let sites = store::lessons::sites(&haven.store, &lesson.id).await?;
            let open = sites.into_iter().filter(|site| site.checked.is_some() && site.closed.is_none());
            joined.push(Joined {
                by: names.of(&lesson.started_by).await?,
                until_text: clock(&pack, lesson.until),
                sites: open.map(|site| (format!("https://{}", site.site), site.site)).collect(),
                title: lesson.title,
                free_search: lesson.free_search,
                supervisor: lesson.supervisor,
            });
        }
    }
    let may_start = may_start(haven, session);
    Ok(Mine { joined, running, may_start, may_look_back: may_start || may_look_back(&pack, session) })
}

/// One lesson, for its tutor, for who decides about sites, and for those who answer for the filter. `snapshot` is what is in
/// force: it tells which checked sites stay closed all the same.
pub async fn one(
    haven: &Haven,
    session: &Session,
    snapshot: Option<&Snapshot>,
    id: &str,
) -> Result<LessonView, ActionError> {
    let (pack, now) = (haven.pack(), haven.now());
    let lesson = store::lessons::get(&haven.store, id).await?.ok_or(ActionError::NotFound)?;
    let tends = leave_to_tend(&pack, session, &lesson).is_ok();
    if !tends && !may_look_back(&pack, session) {
        return Err(ActionError::NotFound);
    }
    let runs = lesson.runs_at(now);
    let mut names = Names::new(haven);
    let asked = snapshot.filter(|_| tends && runs).and_then(|now| now.for_questions(now.local.clone()).ok());
    let mut sites = Vec::new();
    for site in store::lessons::sites(&haven.store, id).await? {
        let (mut checked_text, mut closed_text, mut old) = (None, None, false);
        if let Some((at, by)) = &site.checked {
            checked_text = Some(format!("{}, by {}", words::moment(&pack.calendar, now, *at), names.of(by).await?));
            old = now.duration_since(*at) > SignedDuration::from_hours(24 * CHECK_OLD_DAYS);
        }
        if let Some((at, by)) = &site.closed {
            closed_text = Some(format!("{}, by {}", words::moment(&pack.calendar, now, *at), names.of(by).await?));
        }
        let open = closed_text.is_none();
        let asked = asked.as_ref().filter(|_| open);
        sites.push(SiteRow {
            closed_for: asked.map(|asked| closed_for(asked, session, &site.site, now)).unwrap_or_default(),
            href: format!("https://{}", site.site),
            site: site.site,
            checked_text,
            old,
            closed_text,
        });
    }
    let mut people = Vec::new();
    if tends {
        let all = store::lessons::people(&haven.store, id).await?;
        for one in all.into_iter().filter(|one| one.left_at.is_none()) {
            people.push(PersonRow {
                name: names.of(&one.person).await?,
                joined_text: clock(&pack, one.joined_at),
                id: one.person,
            });
        }
    }
    Ok(LessonView {
        row: row(haven, &mut names, &lesson).await?,
        clause: clause_of(&lesson.citation).to_owned(),
        sites,
        people,
        mine: tends && runs,
        later: form_time(&pack, now, lesson.until, LENGTH_MINUTES / 2),
    })
}

/// The groups for whom the policy or a rule of our own keeps a site closed, of those whom the tutor does not belong to.
fn closed_for(asked: &Snapshot, session: &Session, site: &str, now: Timestamp) -> Vec<String> {
    let Ok(address) = filter::Address::parse(&format!("https://{site}")) else { return Vec::new() };
    let closed =
        asked.pack.groups.iter().filter(|group| group.population != session.person.population).filter(|group| {
            let facts = Facts {
                at: now,
                who: Who::Person(Person {
                    id: "nobody".to_owned(),
                    group: group.id.clone(),
                    population: group.population.clone(),
                    site: String::new(),
                    how: String::new(),
                    session: String::new(),
                }),
                listener: String::new(),
                device: String::new(),
                carriage: Carriage::Inspected,
                method: "GET".to_owned(),
                address: address.clone(),
                navigation: true,
                framed: false,
                referrer_host: None,
            };
            decide::request(asked, &facts).action == Action::Block
        });
    closed.map(|group| group.title.clone()).collect()
}

/// The sites of an earlier lesson of this person, one a line, and when the oldest of them was checked, for doing it again.
pub async fn sites_of(haven: &Haven, session: &Session, id: &str) -> Result<(String, Option<String>), ActionError> {
    let lesson = store::lessons::get(&haven.store, id).await?.filter(|one| one.started_by == session.person.id);
    let lesson = lesson.ok_or(ActionError::NotFound)?;
    let sites = store::lessons::sites(&haven.store, &lesson.id).await?;
    let good: Vec<_> = sites.iter().filter(|site| site.closed.is_none() && site.checked.is_some()).collect();
    let oldest = good.iter().filter_map(|site| site.checked.as_ref().map(|(at, _)| *at)).min();
    let text = oldest.map(|at| words::moment(&haven.pack().calendar, haven.now(), at));
    Ok((good.iter().map(|site| site.site.as_str()).collect::<Vec<_>>().join("\n"), text))
}

/// Every lesson there was, newest first: one's own, or all for those who answer for the filter.
pub async fn past(haven: &Haven, session: &Session, query: &LessonQuery) -> Result<Page<LessonRow>, ActionError> {
    let pack = haven.pack();
    let all = may_look_back(&pack, session);
    if !all && !may_start(haven, session) {
        return Err(ActionError::NotFound);
    }
    let kept = store::lessons::all(&haven.store, (!all).then_some(session.person.id.as_str())).await?;
    let text = store::ids::fold(query.text.trim());
    let mut names = Names::new(haven);
    let mut fits = Vec::new();
    for lesson in kept {
        let by = names.of(&lesson.started_by).await?;
        let told = format!("{} {} {} {by}", lesson.title, lesson.why, lesson.supervisor);
        if text.is_empty() || store::ids::fold(&told).contains(&text) {
            fits.push(lesson);
        }
    }
    let found = Page::part_of(fits, query.page.max(1));
    let mut items = Vec::with_capacity(found.items.len());
    for lesson in &found.items {
        items.push(row(haven, &mut names, lesson).await?);
    }
    Ok(Page { items, page: found.page, pages: found.pages, total: found.total })
}
