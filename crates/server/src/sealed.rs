//! Lists of illegal content (F03): read from their licensed place, kept encrypted, in force before the first request, and
//! taken out of force by no setting.
//!
//! ```text
//! sealed/NAME          the last good edition: keyed digests of its entries, encrypted with a key of the key store
//! sealed/NAME.json     when it was last looked at, what came of it, and how many entries it has
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use actions::Haven;
use actions::audit::{SealedChange, sealed_list_changed, sealed_lists_known};
use filter::lists::SealedIndex;
use filter::lists::sealed::concerns;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::vault::{Entropy, FolderKey, Secret32};

use crate::folder;
use crate::moment::fill_random;
use crate::say::Failure;
use crate::supply::{Fetcher, Source, State, TRY_AGAIN_MINUTES, unpacked};

/// Folder of the sealed lists inside the data folder.
pub(crate) const FOLDER: &str = "sealed";
/// File of the key where there is no key store: on the machine of a gateway alone.
pub(crate) const KEY: &str = "key";
const DIGEST_BYTES: usize = 32;

/// A sealed list that the settings name.
#[derive(Debug, Clone)]
pub(crate) struct SealedSource {
    /// Where it comes from, and how often.
    pub(crate) source: Source,
    /// A file with `user:password` or a token, for the list's maker.
    pub(crate) credentials: Option<PathBuf>,
    /// What a hit is about.
    pub(crate) code: String,
}

/// How a sealed list stood when it was last looked at. It names no entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SealedStatus {
    pub(crate) state: State,
    pub(crate) checked_at: Timestamp,
    /// When the good edition came.
    pub(crate) fetched_at: Option<Timestamp>,
    pub(crate) entries: u64,
    pub(crate) sentence: String,
}

/// What became of one look.
#[derive(Debug)]
pub(crate) enum Looked {
    Unchanged,
    InForce(u64),
    Held(Vec<String>),
    Failed(String),
}

impl Looked {
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Unchanged => "nothing new.".to_owned(),
            Self::InForce(entries) => format!("{entries} entries are in force."),
            Self::Held(concerns) => format!("a new edition is not taken, the one before stays: {}", concerns.join(" ")),
            Self::Failed(why) => format!("could not be read, the last good edition stays: {why}."),
        }
    }
}

/// All sealed lists: those that the settings name, and those that were in force before and stay so.
pub(crate) struct Sealed {
    folder: PathBuf,
    pub(crate) sources: Vec<SealedSource>,
    key: FolderKey,
    fetcher: Option<Fetcher>,
    current: RwLock<Vec<Arc<SealedIndex>>>,
    seen: Mutex<BTreeMap<String, Option<SystemTime>>>,
}

/// The key of the sealed lists: from the key store, or of this machine where a gateway has no way to one.
pub(crate) async fn key(haven: &Haven, data: &Path, has_pages: bool) -> Result<FolderKey, Failure> {
    let mut fresh = [0; 32];
    fill_random(&mut fresh);
    if has_pages {
        let kept = store::keys::sealed_lists_key(&haven.store, Secret32::new(fresh)).await;
        return kept.map(FolderKey::of).map_err(|error| {
            Failure::new(format!("Haven's own keys cannot be read ({error}). Restore the key store."))
        });
    }
    let path = data.join(FOLDER).join(KEY);
    folder::make(&data.join(FOLDER))?;
    if !path.exists() {
        folder::write_secret(&path, &FolderKey::of(Secret32::new(fresh)).to_text())?;
    }
    FolderKey::from_text(&folder::read_secret(&path)?)
        .ok_or_else(|| Failure::new(format!("{} holds no key. Restore it from a copy.", path.display())))
}

impl Sealed {
    pub(crate) fn new(data: &Path, sources: Vec<SealedSource>, key: FolderKey, fetcher: Option<Fetcher>) -> Self {
        let folder = data.join(FOLDER);
        Self { folder, sources, key, fetcher, current: RwLock::default(), seen: Mutex::default() }
    }

    /// Everything that is in force, for the gateway.
    pub(crate) fn current(&self) -> Vec<Arc<SealedIndex>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Before the first request: reads what was never read, opens what was kept, and refuses to go on without a list that
    /// was once in force.
    pub(crate) async fn begin(&self, haven: &Haven, records: bool) -> Result<(), Failure> {
        for source in &self.sources {
            if self.open(&source.source.name).is_ok() {
                continue;
            }
            let looked = self.look(source, haven.now()).await?;
            if let Looked::Held(_) | Looked::Failed(_) = looked {
                return Err(Failure::new(format!(
                    "The sealed list '{}' was never read, or its file is damaged, and its source gives no good one: {} \
                     Haven does not start without it.",
                    source.source.name,
                    looked.sentence()
                )));
            }
            note(haven, records, source, &looked).await;
        }
        let known = if records { sealed_lists_known(haven).await.map_err(crate::hub::told)? } else { Vec::new() };
        for name in known {
            if self.open(&name).is_err() {
                return Err(Failure::new(format!(
                    "The sealed list '{name}' was in force here, and its file {} is gone or damaged. Restore the file, or name \
                     its source again as [[sealed_list]]. Haven does not start without it.",
                    self.folder.join(&name).display()
                )));
            }
        }
        for name in self.unnamed() {
            tracing::error!(list = name, "a sealed list is in no setting any more; it stays in force");
            if records {
                let done = sealed_list_changed(haven, "start", SealedChange::Unnamed, &name, &json!({})).await;
                done.map_err(crate::hub::told)?;
            }
        }
        self.changed();
        Ok(())
    }

    /// Opens what lies in the folder again if it changed. True if it did; a damaged file leaves everything as it was.
    pub(crate) fn changed(&self) -> bool {
        let now: BTreeMap<String, Option<SystemTime>> =
            self.kept().into_iter().map(|name| (name.clone(), changed_at(&self.folder.join(name)))).collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return false;
        }
        let mut opened = Vec::new();
        for name in now.keys() {
            match self.open(name) {
                Ok(index) => opened.push(Arc::new(index)),
                Err(why) => {
                    tracing::error!(list = name, why, "a sealed list cannot be opened; what was in force stays");
                    return false;
                }
            }
        }
        // What vanished while Haven runs stays in force in memory; the next start says that it is gone.
        if now.len() < seen.len() {
            return false;
        }
        *seen = now;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = opened;
        true
    }

    /// Names of the lists that are kept.
    fn kept(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name != KEY && !name.contains('.')).collect();
        names.sort();
        names
    }

    /// Lists that are in force and that the settings name no more.
    fn unnamed(&self) -> Vec<String> {
        let named = |name: &String| self.sources.iter().any(|source| source.source.name == *name);
        self.kept().into_iter().filter(|name| !named(name)).collect()
    }

    fn open(&self, name: &str) -> Result<SealedIndex, &'static str> {
        let bytes = fs::read(self.folder.join(name)).map_err(|_| "there is no file")?;
        let plain = self.key.open(context(name).as_bytes(), &bytes).map_err(|_| "it does not open with this key")?;
        let index = plain.get(DIGEST_BYTES..).and_then(|rest| SealedIndex::from_bytes(rest).ok());
        index.ok_or("it is of another Haven")
    }

    /// SHA-256 of the edition that is kept, so that the same one is not taken twice.
    fn kept_digest(&self, name: &str) -> Option<Vec<u8>> {
        let bytes = fs::read(self.folder.join(name)).ok()?;
        let plain = self.key.open(context(name).as_bytes(), &bytes).ok()?;
        plain.get(..DIGEST_BYTES).map(<[u8]>::to_vec)
    }

    /// Whether it is a list's turn.
    pub(crate) fn is_due(&self, source: &SealedSource, now: Timestamp) -> bool {
        let Some(status) = self.status(&source.source.name) else { return true };
        let turn = i64::from(source.source.every_hours).saturating_mul(60);
        let minutes = if status.state == State::Good { turn } else { turn.min(TRY_AGAIN_MINUTES) };
        status.checked_at.checked_add(minutes.minutes()).is_ok_and(|due| due <= now)
    }

    pub(crate) fn status(&self, name: &str) -> Option<SealedStatus> {
        serde_json::from_slice(&fs::read(self.folder.join(format!("{name}.json"))).ok()?).ok()
    }

    /// Looks whether a list has a new edition, and takes it if it is whole. The edition itself is never written anywhere.
    pub(crate) async fn look(&self, source: &SealedSource, now: Timestamp) -> Result<Looked, Failure> {
        let name = &source.source.name;
        folder::make(&self.folder)?;
        let looked = match self.read(source).await {
            Err(why) => Looked::Failed(why),
            Ok(bytes) => self.take(source, &bytes, now)?,
        };
        let before = self.status(name);
        let entries = match &looked {
            Looked::InForce(entries) => *entries,
            _ => self.open(name).map_or(0, |index| u64::try_from(index.len()).unwrap_or(u64::MAX)),
        };
        let state = match &looked {
            Looked::InForce(_) | Looked::Unchanged => State::Good,
            Looked::Held(_) => State::Held,
            Looked::Failed(_) => State::Failed,
        };
        let fetched_at = match looked {
            Looked::InForce(_) => Some(now),
            _ => before.and_then(|before| before.fetched_at),
        };
        let status = SealedStatus { state, checked_at: now, fetched_at, entries, sentence: looked.sentence() };
        let text = serde_json::to_string_pretty(&status).map_err(|error| Failure::new(error.to_string()))?;
        folder::write_secret(&self.folder.join(format!("{name}.json")), &text)?;
        Ok(looked)
    }

    async fn read(&self, source: &SealedSource) -> Result<Vec<u8>, String> {
        let fetcher = self.fetcher.as_ref().ok_or("Haven cannot fetch lists on this machine")?;
        let credentials = source.credentials.as_deref().map(folder::read_secret).transpose();
        let credentials = credentials.map_err(|failure| failure.0)?;
        let bytes = fetcher.fetch_whole(&source.source.from, credentials.as_deref().map(str::trim)).await?;
        fetcher.prove(&source.source, &bytes).await?;
        Ok(bytes)
    }

    fn take(&self, source: &SealedSource, bytes: &[u8], now: Timestamp) -> Result<Looked, Failure> {
        let name = &source.source.name;
        // Another meaning of the same entries is another edition.
        let digest = Sha256::new().chain_update(&source.code).chain_update([0]).chain_update(bytes).finalize();
        if self.kept_digest(name).as_deref() == Some(digest.as_slice()) {
            return Ok(Looked::Unchanged);
        }
        let files = match unpacked(&source.source, bytes) {
            Ok(files) => files,
            Err(why) => return Ok(Looked::Failed(why)),
        };
        let mut key = [0; 32];
        fill_random(&mut key);
        let (index, report) = SealedIndex::read(key, vec![source.code.clone()], &files);
        let before = self.open(name).ok().map(|index| u64::try_from(index.len()).unwrap_or(u64::MAX));
        let concerns = concerns(before, &report, source.source.bounds.shrink_percent);
        if !concerns.is_empty() {
            return Ok(Looked::Held(concerns));
        }
        let plain = [digest.as_slice(), &index.to_bytes()].concat();
        let sealed = self.key.seal(&mut Entropy(fill_random), context(name).as_bytes(), &plain);
        let sealed =
            sealed.map_err(|error| Failure::new(format!("The sealed list '{name}' cannot be kept ({error}).")))?;
        folder::write_secret_bytes(&self.folder.join(name), &sealed)?;
        tracing::info!(list = name, entries = report.entries, at = %now, "a sealed list is in force");
        Ok(Looked::InForce(report.entries))
    }

    /// Removes the file of a list that two share-holders retired.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = self.folder.join(name);
        fs::remove_file(&path).map_err(|error| {
            Failure::new(format!("{} cannot be removed ({error}). Remove it by hand.", path.display()))
        })?;
        let _ = fs::remove_file(self.folder.join(format!("{name}.json")));
        Ok(())
    }

    /// How they stand, for the page and the command: numbers and names of lists, never an entry.
    pub(crate) fn shown(&self) -> Vec<web::SealedListShown> {
        let mut names: Vec<String> = self.sources.iter().map(|source| source.source.name.clone()).collect();
        names.extend(self.unnamed());
        let shown = |name: String| {
            let status = self.status(&name);
            web::SealedListShown {
                in_settings: self.sources.iter().any(|source| source.source.name == name),
                in_force: self.open(&name).is_ok(),
                state: match status.as_ref().map(|status| status.state) {
                    None => web::ListState::New,
                    Some(State::Good) => web::ListState::Good,
                    Some(State::Held) => web::ListState::Held,
                    Some(State::Failed) => web::ListState::Failed,
                },
                entries: status.as_ref().map(|status| status.entries).unwrap_or_default(),
                checked_at: status.as_ref().map(|status| status.checked_at),
                fetched_at: status.as_ref().and_then(|status| status.fetched_at),
                sentence: status.map(|status| status.sentence).unwrap_or_default(),
                name,
            }
        };
        names.into_iter().map(shown).collect()
    }
}

/// Writes down what came of a look, where there is a record to write into.
pub(crate) async fn note(haven: &Haven, records: bool, source: &SealedSource, looked: &Looked) {
    let (change, detail) = match looked {
        Looked::InForce(entries) => (SealedChange::InForce, json!({ "entries": entries })),
        Looked::Held(concerns) => (SealedChange::Held, json!({ "concerns": concerns })),
        Looked::Unchanged | Looked::Failed(_) => return,
    };
    if !records {
        return;
    }
    if let Err(error) = sealed_list_changed(haven, "clock", change, &source.source.name, &detail).await {
        tracing::error!(cause = %error, list = source.source.name, "a change of a sealed list could not be written down");
    }
}

fn context(name: &str) -> String {
    format!("sealed list {name}")
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|about| about.modified()).ok()
}
