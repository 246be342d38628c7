//! What is in force: pack, lists and the organisation's own rules, swapped whole when one of them changes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use actions::{ActionError, Haven};
use filter::Snapshot;
use filter::lists::{Lists, LocalRule};
use filter::phrases::WordPack;
use policy::{Action, Pack};

use crate::commands::lists;
use crate::say::Failure;

/// The snapshot in force, and what it is made of.
pub(crate) struct InForce {
    haven: Arc<Haven>,
    portal_hosts: Vec<String>,
    words: Arc<WordPack>,
    lists: Mutex<Arc<Lists>>,
    file: Option<(PathBuf, Mutex<Option<SystemTime>>)>,
    current: RwLock<Option<Arc<Snapshot>>>,
}

impl InForce {
    /// Opens the lists. The snapshot itself is made by the first [`InForce::renew`].
    pub(crate) fn open(haven: Arc<Haven>, file: Option<PathBuf>, portal_hosts: Vec<String>) -> Result<Self, Failure> {
        let (lists, file) = match file {
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
        })
    }

    /// Makes the snapshot anew. If it cannot be made, the last good one stays.
    pub(crate) async fn renew(&self) -> Result<(), ActionError> {
        let pack = self.haven.pack();
        let kept = store::local_rules::in_force(&self.haven.store, self.haven.now()).await?;
        let local = kept.iter().filter_map(|rule| local(&pack, rule)).collect();
        let lists = Arc::clone(&self.lists.lock().unwrap_or_else(PoisonError::into_inner));
        let made = Snapshot::new(pack, lists, Arc::clone(&self.words), local, self.portal_hosts.clone());
        let made = made.map_err(|error| ActionError::Broken(error.to_string()))?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(made));
        Ok(())
    }

    /// Opens the list file again if another one was put in its place. True if it was.
    pub(crate) fn lists_changed(&self) -> bool {
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

/// A kept rule as the filter wants it; none if the pack in force no longer has the clause that it was made under.
fn local(pack: &Pack, rule: &store::local_rules::LocalRule) -> Option<LocalRule> {
    let clause = rule.citation.split_once(':').and_then(|(_, rest)| rest.split('@').next()).unwrap_or_default();
    if pack.clause(clause).is_none() {
        tracing::warn!(rule = %rule.id, "a local rule was made under a clause that the policy no longer has; it does nothing");
        return None;
    }
    let of_population = |group: &String| pack.group(group).is_some_and(|group| group.population == rule.population);
    let profiles: Vec<String> = pack
        .filtering
        .profiles
        .iter()
        .filter(|profile| !rule.population.is_empty() && profile.groups.iter().any(of_population))
        .map(|profile| profile.id.clone())
        .collect();
    if profiles.is_empty() && !rule.population.is_empty() {
        tracing::warn!(rule = %rule.id, "a local rule is for people whom the policy no longer names; it does nothing");
        return None;
    }
    Some(LocalRule {
        id: rule.id.clone(),
        site: rule.host.clone(),
        action: if rule.allow { Action::Allow } else { Action::Block },
        profiles,
        until: rule.until,
        clause: clause.to_owned(),
    })
}

impl gateway::Snapshots for InForce {
    fn current(&self) -> Option<Arc<Snapshot>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
