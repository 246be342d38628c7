//! Everything that the filter decides by at one moment, put together and swapped as a whole.

mod compile;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use policy::{Action, Citation, Grade, Pack, When};
use thiserror::Error;

use crate::device::Devices;
use crate::facts::{Device, Facts};
use crate::lesson::{self, CompiledLesson, Lesson};
use crate::lists::local;
use crate::lists::{HelpKind, HelpList, Lists, LocalRule, SealedIndex};
use crate::phrases::WordPack;
use crate::site::Site;
use crate::timetable::{Hour, Timetable};

pub use policy::HelpLink;

/// Why a snapshot cannot be made. The one in force stays.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SnapshotError {
    #[error("{rule} names clause '{clause}', which the policy does not have")]
    NoClause { rule: String, clause: String },
    #[error("{rule} names the site '{site}', which cannot be read: {why}")]
    BadSite { rule: String, site: String, why: String },
    #[error("{rule} is for the profile '{profile}', which the policy does not have")]
    NoProfile { rule: String, profile: String },
}

/// The pack in force, the lists, the words, the help list and the decided requests, compiled.
#[derive(Debug)]
pub struct Snapshot {
    pub pack: Arc<Pack>,
    pub lists: Arc<Lists>,
    pub words: Arc<WordPack>,
    pub help: Arc<HelpList>,
    pub local: Vec<LocalRule>,
    /// Hosts of Haven's own pages, in normal form.
    pub portal_hosts: Vec<String>,
    /// Illegal-content lists (S-9): no rule, exception, help entry or role goes before them.
    pub(crate) sealed: Vec<Arc<SealedIndex>>,
    pub(crate) compiled: Compiled,
    /// The lessons that run, and what each opens (F10).
    pub(crate) lessons: Vec<CompiledLesson>,
    /// When classes, lunch and exams are.
    timetable: Arc<Timetable>,
    /// What is registered where nobody can sign in.
    devices: Arc<Devices>,
    /// Its exams and closed hours, in the places of their rows.
    limits: Vec<Option<CompiledLesson>>,
}

/// The pack's rules with everything looked up that can be.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) groups: HashMap<String, GroupRules>,
    pub(crate) exceptions: Vec<CompiledRule>,
    pub(crate) local: Vec<CompiledRule>,
    pub(crate) rules: Vec<CompiledRule>,
    pub(crate) help: Vec<CompiledHelp>,
    pub(crate) triggers: Vec<CompiledTrigger>,
    pub(crate) unopened_codes: HashSet<String>,
    pub(crate) unopened_sites: Vec<Site>,
    pub(crate) unopened_groups: HashSet<String>,
    pub(crate) unlisted: (Action, Citation),
    pub(crate) unknown_protocol: (Action, Citation),
    pub(crate) scanner_down: (Action, Citation),
    pub(crate) records_down: (Action, Citation),
    /// A name that lists or word packs use -> the pack's codes for it.
    pub(crate) names: HashMap<String, Vec<String>>,
}

/// What holds for one group of the pack.
#[derive(Debug, Default)]
pub(crate) struct GroupRules {
    pub(crate) profiles: Vec<String>,
    pub(crate) safe_search: bool,
    pub(crate) youtube_restrict: bool,
}

#[derive(Debug)]
pub(crate) struct CompiledRule {
    /// `tier:id`.
    pub(crate) name: String,
    pub(crate) profiles: Vec<String>,
    pub(crate) action: Action,
    pub(crate) codes: HashSet<String>,
    pub(crate) sites: Vec<Site>,
    pub(crate) when: When,
    pub(crate) until: Option<Timestamp>,
    pub(crate) citation: Citation,
    pub(crate) reason: String,
}

#[derive(Debug)]
pub(crate) struct CompiledHelp {
    pub(crate) site: Site,
    pub(crate) name: String,
    pub(crate) citation: Citation,
}

#[derive(Debug)]
pub(crate) struct CompiledTrigger {
    pub(crate) id: String,
    pub(crate) theme: String,
    pub(crate) codes: HashSet<String>,
    pub(crate) grade: Grade,
    pub(crate) procedure: String,
    pub(crate) staff_procedure: String,
    pub(crate) clause: String,
    pub(crate) reason: String,
}

/// The address of the device, where it is known.
fn device(facts: &Facts) -> Option<IpAddr> {
    facts.device.parse().ok()
}

impl Snapshot {
    /// Compiles a pack with lists, words and decided requests.
    ///
    /// # Errors
    /// [`SnapshotError`] if a rule names a clause or profile that the pack does not have, or a site that is none.
    pub fn new(
        pack: Arc<Pack>,
        lists: Arc<Lists>,
        words: Arc<WordPack>,
        mut local: Vec<LocalRule>,
        portal_hosts: Vec<String>,
    ) -> Result<Self, SnapshotError> {
        local::sort(&mut local);
        let compiled = compile::compile(&pack, &local)?;
        let portal_hosts = portal_hosts
            .into_iter()
            .map(|host| crate::address::normal_host(&host).map_or(host, |(normal, _)| normal))
            .collect();
        let help = Arc::new(HelpList::shipped());
        Ok(Self {
            pack,
            lists,
            words,
            help,
            local,
            portal_hosts,
            sealed: Vec::new(),
            compiled,
            lessons: Vec::new(),
            timetable: Arc::default(),
            devices: Arc::default(),
            limits: Vec::new(),
        })
    }

    /// Puts the sealed lists in. There is no way to take them out of a snapshot again, or to read them through it.
    #[must_use]
    pub fn with_sealed(mut self, sealed: Vec<Arc<SealedIndex>>) -> Self {
        self.sealed = sealed;
        self
    }

    /// Puts the lessons in that run now. What of one cannot be read opens nothing.
    #[must_use]
    pub fn with_lessons(mut self, lessons: Vec<Lesson>) -> Self {
        self.lessons = lesson::compile(&self.pack, lessons, &self.compiled.unlisted.1);
        self
    }

    /// Puts the timetable in.
    #[must_use]
    pub fn with_timetable(mut self, timetable: Arc<Timetable>) -> Self {
        self.limits = lesson::limits(&self.pack, &timetable, &self.compiled.unlisted.1);
        self.timetable = timetable;
        self
    }

    /// Puts in what is registered where nobody can sign in.
    #[must_use]
    pub fn with_devices(mut self, devices: Arc<Devices>) -> Self {
        self.devices = devices;
        self
    }

    /// What is registered at an address at a moment.
    #[must_use]
    pub fn device_at(&self, address: IpAddr, at: Timestamp) -> Option<Device> {
        self.devices.device(&self.pack, address, at)
    }

    /// What hour it is for somebody of a group.
    pub(crate) fn hour(&self, facts: &Facts, group: &str) -> Hour<'_> {
        self.timetable.hour(&self.pack.calendar, facts.at, device(facts), group)
    }

    /// What hour it is for somebody of a group, in a sentence, with the row of the timetable that says so.
    #[must_use]
    pub fn hour_told(&self, facts: &Facts, group: &str) -> String {
        self.timetable.told(&self.pack, facts.at, device(facts), group)
    }

    /// The exams and closed hours that hold for somebody now.
    pub(crate) fn limits_at<'s>(
        &'s self,
        facts: &Facts,
        group: &'s str,
    ) -> impl Iterator<Item = &'s CompiledLesson> + 's {
        let found = self.timetable.limits(&self.pack.calendar, facts.at, device(facts), group);
        found.filter_map(|place| self.limits.get(place).and_then(Option::as_ref))
    }

    /// What changes when a lesson begins, ends, or changes who is in it or what it opens.
    #[must_use]
    pub fn closing(&self) -> String {
        self.lessons.iter().map(|one| format!("{one:?}\0")).collect()
    }

    /// The checked sites of the lesson by which something was not opened (`lesson:...`), in normal form.
    #[must_use]
    pub fn checked_sites(&self, rule: &str) -> Vec<String> {
        let limits = self.limits.iter().flatten();
        let found = self.lessons.iter().chain(limits).find(|lesson| lesson.name == rule && !lesson.free_search);
        found.map(|lesson| lesson.open_sites().collect()).unwrap_or_default()
    }

    /// The same policy, lists and words with other local rules and without the sealed lists: for asking what would happen.
    /// Its answers are told to people, and nothing may ever be told about a sealed list (S-9).
    ///
    /// # Errors
    /// As [`Snapshot::new`].
    pub fn for_questions(&self, local: Vec<LocalRule>) -> Result<Self, SnapshotError> {
        let (pack, lists, words) = (Arc::clone(&self.pack), Arc::clone(&self.lists), Arc::clone(&self.words));
        let asked = Self::new(pack, lists, words, local, self.portal_hosts.clone())?;
        Ok(asked.with_timetable(Arc::clone(&self.timetable)).with_devices(Arc::clone(&self.devices)))
    }

    /// Whether each sealed list names a host: only for the test entry of a check, and never for what somebody asks. None if
    /// there are no sealed lists.
    #[must_use]
    pub fn sealed_names(&self, test_entry: &str) -> Option<bool> {
        let is_test = test_entry == crate::lists::SEALED_CHECK_HOST;
        (!self.sealed.is_empty()).then(|| is_test && self.sealed.iter().all(|list| list.holds_check()))
    }

    /// Links that help with any of the codes (of the pack or of the core vocabulary): the pack's first, each with its
    /// clause; then those of Haven's help list, whose clause is empty because S-2 speaks for them. Without codes, the
    /// links that help with anything.
    #[must_use]
    pub fn help_links(&self, codes: &[String]) -> Vec<HelpLink> {
        let wanted: HashSet<&str> = codes
            .iter()
            .flat_map(|code| {
                let aliases = self.pack.code(code).map(|code| code.aliases.as_slice()).unwrap_or_default();
                std::iter::once(code.as_str()).chain(aliases.iter().map(String::as_str))
            })
            .collect();
        let fits = |of: &[String]| {
            if wanted.is_empty() { of.is_empty() } else { of.iter().any(|code| wanted.contains(code.as_str())) }
        };
        let mut links: Vec<HelpLink> = self
            .pack
            .filtering
            .help
            .iter()
            .filter(|link| link.codes.is_empty() || fits(&link.codes))
            .cloned()
            .collect();
        for site in self.help.sites.iter().filter(|site| site.kind == HelpKind::Help && fits(&site.codes)) {
            // The same helper under a second name (.org beside .org.uk) is one link.
            if links.iter().all(|link| link.site != site.host && link.title != site.title) {
                links.push(HelpLink {
                    site: site.host.clone(),
                    title: site.title.clone(),
                    codes: site.codes.clone(),
                    clause: String::new(),
                });
            }
        }
        links
    }

    /// The pack's codes for a name that a list or word pack uses; the name itself if the pack does not know it.
    pub(crate) fn pack_codes<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let known = self.compiled.names.get(name);
        let own = known.is_none().then_some(name);
        known.into_iter().flatten().map(String::as_str).chain(own)
    }
}
