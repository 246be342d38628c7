//! A lesson: for those who are in it and until it ends, only what their tutor has checked opens, and nothing opens that is
//! closed otherwise (F10).

use std::collections::BTreeSet;

use jiff::Timestamp;
use policy::{Citation, Pack};

use crate::address::Address;
use crate::facts::{Carriage, Facts, Person};
use crate::site::Site;
use crate::timetable::{Kind, Row, Timetable};

/// A lesson as it was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    pub id: String,
    /// From this moment on it says nothing, whether anybody has ended it or not.
    pub until: Timestamp,
    /// Learners search freely while a named person watches: nothing is closed for it but what was found unsuitable.
    pub free_search: bool,
    /// A host with everything below it, or the beginning of a path on it: what somebody has checked.
    pub sites: Vec<String>,
    /// What was found unsuitable while it ran.
    pub closed: Vec<String>,
    /// Ids of the people who are in it.
    pub people: BTreeSet<String>,
    /// The clause by which it was started.
    pub clause: String,
}

/// A lesson with everything looked up that can be.
#[derive(Debug)]
pub(crate) struct CompiledLesson {
    pub(crate) name: String,
    until: Timestamp,
    pub(crate) free_search: bool,
    people: BTreeSet<String>,
    pub(crate) citation: Citation,
    sites: Vec<Site>,
    closed: Vec<Site>,
    only_checked: String,
}

/// What a lesson says about one request.
pub(crate) enum Word {
    /// It is none of the checked sites.
    NotChecked,
    /// It was found unsuitable.
    Unsuitable,
}

const UNSUITABLE: &str = "This site was closed for your lesson. Ask your tutor if you need it.";

/// A lesson never becomes milder: a checked site that cannot be read stays closed, and without its clause it goes on by the
/// one for what is on no list.
pub(crate) fn compile(pack: &Pack, lessons: Vec<Lesson>, otherwise: &Citation) -> Vec<CompiledLesson> {
    let read = |sites: &[String]| sites.iter().filter_map(|site| Site::parse(site).ok()).collect();
    lessons
        .into_iter()
        .map(|lesson| CompiledLesson {
            name: format!("lesson:{}", lesson.id),
            citation: pack.cite(&lesson.clause).unwrap_or_else(|| otherwise.clone()),
            sites: read(&lesson.sites),
            closed: read(&lesson.closed),
            only_checked: format!("Your lesson is limited to checked sites until {}.", clock(pack, lesson.until)),
            until: lesson.until,
            free_search: lesson.free_search,
            people: lesson.people,
        })
        .collect()
}

/// Exams and closed hours of a timetable, each in the place of its row; none for rows of other kinds.
pub(crate) fn limits(pack: &Pack, timetable: &Timetable, otherwise: &Citation) -> Vec<Option<CompiledLesson>> {
    let exam = pack.cite(&pack.filtering.exam_clause).unwrap_or_else(|| otherwise.clone());
    let row = |row: &Row| {
        let end = row.to.strftime("%-I:%M%P");
        let name = &row.name;
        let (tier, citation, only_checked) = match row.kind {
            Kind::Exam => {
                let only = format!("An exam is on here (\u{201c}{name}\u{201d}). Until {end} only its own sites open.");
                ("exam", &exam, only)
            }
            Kind::Closed => {
                let only = format!("The internet is closed here just now (\u{201c}{name}\u{201d}), until {end}.");
                ("closed", otherwise, only)
            }
            Kind::Class | Kind::Lunch => return None,
        };
        Some(CompiledLesson {
            name: format!("{tier}:{name}"),
            until: Timestamp::MAX,
            free_search: false,
            people: BTreeSet::new(),
            citation: citation.clone(),
            sites: row.sites.iter().filter_map(|site| Site::parse(site).ok()).collect(),
            closed: Vec::new(),
            only_checked,
        })
    };
    timetable.rows.iter().map(row).collect()
}

/// "11:30am", on the organisation's clock.
fn clock(pack: &Pack, at: Timestamp) -> String {
    at.to_zoned(pack.calendar.zone.clone()).strftime("%-I:%M%P").to_string()
}

impl CompiledLesson {
    /// Whether somebody is in it at a moment.
    pub(crate) fn holds(&self, person: &Person, at: Timestamp) -> bool {
        at < self.until && self.people.contains(&person.id)
    }

    /// What it says; none if nothing. `may_open` is whether a tunnel will be opened, so that what is in it can be judged.
    pub(crate) fn word(&self, facts: &Facts, inside: &[Address], may_open: bool) -> Option<Word> {
        let address = &facts.address;
        let named = |site: &Site| inside.iter().chain([address]).any(|one| site.matches(one).is_some());
        if self.closed.iter().any(named) {
            return Some(Word::Unsuitable);
        }
        let checked = |site: &Site| site.matches(address).is_some();
        if self.free_search || self.sites.iter().any(checked) || self.is_part(facts) {
            return None;
        }
        // What a tunnel will carry is not known yet: a part of a site, or pictures and styles of a checked page.
        if facts.carriage == Carriage::Tunnel && may_open {
            return None;
        }
        Some(Word::NotChecked)
    }

    /// Pictures, styles and scripts that a checked page brings along. A page inside the page is no part of it.
    fn is_part(&self, facts: &Facts) -> bool {
        let from = facts.referrer_host.as_deref().and_then(|host| Address::from_authority(&format!("{host}:443")).ok());
        let seen = matches!(facts.carriage, Carriage::Plain | Carriage::Inspected);
        seen && !facts.navigation
            && !facts.framed
            && from.is_some_and(|from| self.sites.iter().any(|site| site.covers_host(&from)))
    }

    pub(crate) fn reason(&self, word: &Word) -> &str {
        match word {
            Word::NotChecked => &self.only_checked,
            Word::Unsuitable => UNSUITABLE,
        }
    }

    /// The checked sites, in normal form, without those that were found unsuitable since.
    pub(crate) fn open_sites(&self) -> impl Iterator<Item = String> {
        self.sites.iter().filter(|site| !self.closed.contains(site)).map(Site::to_text)
    }
}
