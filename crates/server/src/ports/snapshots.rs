//! What is in force: pack, lists and the organisation's own rules, swapped whole when one of them changes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use actions::local_rules::{Standing, standing};
use actions::{ActionError, Haven};
use filter::Snapshot;
use filter::device::Devices;
use filter::lists::{Lists, LocalRule};
use filter::phrases::WordPack;
use filter::snapshot::SnapshotError;
use filter::timetable::Timetable;
use policy::Pack;

use super::last_good::{self, Keeper};
use super::records::blocking;
use crate::commands::lists;
use crate::say::Failure;
use crate::sealed::Sealed;

/// The snapshot in force, and what it is made of.
pub(crate) struct InForce {
    haven: Arc<Haven>,
    portal_hosts: Vec<String>,
    words: Arc<WordPack>,
    lists: Mutex<Arc<Lists>>,
    file: Option<(PathBuf, Mutex<Option<SystemTime>>)>,
    current: RwLock<Option<Arc<Snapshot>>>,
    last_good: Mutex<Keeper>,
    timetable: Arc<Timetable>,
    devices: Arc<Devices>,
    sealed: Option<Arc<Sealed>>,
}

impl InForce {
    /// Opens the lists. The snapshot itself is made by the first [`InForce::renew`].
    pub(crate) fn open(
        haven: Arc<Haven>,
        file: Option<PathBuf>,
        supplied: bool,
        portal_hosts: Vec<String>,
        data: &Path,
    ) -> Result<Self, Failure> {
        let (lists, file) = match file {
            // The supply has not fetched anything yet: its file comes in a moment.
            Some(path) if supplied && !path.exists() => (Lists::starter(), Some((path, Mutex::new(None)))),
            Some(path) => {
                let seen = changed_at(&path);
                (lists::open(&path)?, Some((path, Mutex::new(seen))))
            }
            None => (Lists::starter(), None),
        };
        Ok(Self {
            haven,
            portal_hosts,
            words: Arc::new(WordPack::shipped()),
            lists: Mutex::new(Arc::new(lists)),
            file,
            current: RwLock::new(None),
            last_good: Mutex::new(Keeper::new(data)),
            timetable: Arc::default(),
            devices: Arc::default(),
            sealed: None,
        })
    }

    /// When classes, lunch and exams are, as the settings say.
    pub(crate) fn by_timetable(self, timetable: Arc<Timetable>) -> Self {
        Self { timetable, ..self }
    }

    /// What is registered where nobody can sign in, as the settings say.
    pub(crate) fn by_devices(self, devices: Arc<Devices>) -> Self {
        Self { devices, ..self }
    }

    /// Puts the lists of illegal content before everything else, from the first snapshot on.
    pub(crate) fn with_sealed(mut self, sealed: Option<Arc<Sealed>>) -> Self {
        self.sealed = sealed;
        self
    }

    /// Makes the snapshot anew, by the policy that the database says is in force, and keeps it on the disk. If it cannot be
    /// made, the last good one stays.
    pub(crate) async fn renew(&self) -> Result<(), ActionError> {
        let followed = actions::shelf::follow(&self.haven).await?;
        let (pack, files) = followed.ok_or_else(|| ActionError::Broken("no policy is in force".to_owned()))?;
        let kept = store::local_rules::in_force(&self.haven.store, self.haven.now()).await?;
        let local: Vec<LocalRule> = kept.iter().filter_map(|rule| local(&pack, rule)).collect();
        let lessons = actions::lesson::in_force(&self.haven).await?;
        let made = self.make(Arc::clone(&pack), local).map_err(|error| ActionError::Broken(error.to_string()))?;
        let made = made.with_lessons(lessons);
        let lists = made.lists.digest.clone();
        let rules = made.local.clone();
        self.put(made);
        blocking(|| {
            let mut keeper = self.last_good.lock().unwrap_or_else(PoisonError::into_inner);
            keeper.keep(&files, &pack.digest, &lists, &rules, self.haven.now());
        });
        Ok(())
    }

    /// Takes what was in force when the database last answered, from the disk.
    pub(crate) fn recall(&self, limit_days: u32) -> Result<(), Failure> {
        let path = self.last_good.lock().unwrap_or_else(PoisonError::into_inner).path().to_path_buf();
        let found = last_good::read(&path, self.haven.now(), limit_days)?;
        let made = self.make(Arc::clone(&found.pack), found.local).map_err(|error| {
            Failure::new(format!("The last good policy {} cannot be used: {error}.", path.display()))
        })?;
        if made.lists.digest != found.lists_digest {
            tracing::info!("the lists are others than when the last good policy was kept; those of today are used");
        }
        actions::shelf::take(&self.haven, found.pack);
        self.put(made);
        tracing::warn!(since = %found.at, "the database is away; the last good policy is in force");
        Ok(())
    }

    /// A rule of the organisation's own that cannot be used never keeps a policy from the gateway.
    fn make(&self, pack: Arc<Pack>, mut local: Vec<LocalRule>) -> Result<Snapshot, SnapshotError> {
        let lists = Arc::clone(&self.lists.lock().unwrap_or_else(PoisonError::into_inner));
        loop {
            let (pack, lists, words) = (Arc::clone(&pack), Arc::clone(&lists), Arc::clone(&self.words));
            let made = Snapshot::new(pack, lists, words, local.clone(), self.portal_hosts.clone());
            let (SnapshotError::NoClause { rule, .. }
            | SnapshotError::BadSite { rule, .. }
            | SnapshotError::NoProfile { rule, .. }) = match made {
                Ok(made) => {
                    let sealed = self.sealed.as_ref().map(|sealed| sealed.current()).unwrap_or_default();
                    return Ok(made.with_sealed(sealed));
                }
                Err(ref error) => error,
            };
            let before = local.len();
            if let Some(id) = rule.strip_prefix("local:") {
                tracing::error!(rule = id, "a local rule cannot be used and does nothing");
                local.retain(|rule| rule.id != id);
            }
            if local.len() == before {
                return made;
            }
        }
    }

    fn put(&self, made: Snapshot) {
        let made = made.with_timetable(Arc::clone(&self.timetable)).with_devices(Arc::clone(&self.devices));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(made));
    }

    /// When the list file was put in its place; none for the starter lists.
    pub(crate) fn lists_since(&self) -> Option<SystemTime> {
        let (_, seen) = self.file.as_ref()?;
        *seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens lists again of which others were put in their place. True if some were.
    pub(crate) fn lists_changed(&self) -> bool {
        let sealed = self.sealed.as_ref().is_some_and(|sealed| sealed.changed());
        self.file_changed() || sealed
    }

    fn file_changed(&self) -> bool {
        let Some((path, seen)) = &self.file else { return false };
        let now = changed_at(path);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.is_none() || *seen == now {
            return false;
        }
        *seen = now;
        match lists::open(path) {
            Ok(lists) => {
                *self.lists.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
                true
            }
            Err(failure) => {
                tracing::error!(cause = %failure, "the new list file cannot be used; the last good one stays");
                false
            }
        }
    }
}

fn changed_at(path: &PathBuf) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|about| about.modified()).ok()
}

/// A kept rule as the filter wants it; none if what it opened is open no longer.
fn local(pack: &Pack, rule: &store::local_rules::LocalRule) -> Option<LocalRule> {
    match standing(pack, rule) {
        Standing::Holds(rule) => Some(rule),
        Standing::Ended(why) => {
            tracing::warn!(rule = %rule.id, why, "a local rule opens nothing any more");
            None
        }
        Standing::Tightened(held, why) => {
            tracing::warn!(rule = %rule.id, why, "a local rule closes its website for everybody");
            Some(held)
        }
    }
}

impl gateway::Snapshots for InForce {
    fn current(&self) -> Option<Arc<Snapshot>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
