//! Records that wait on this machine's disk while the database is away: bounded, sealed, and each written to it once.

mod frame;
mod segment;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::vault::{Entropy, FolderKey};
use zeroize::Zeroizing;

use self::segment::{Damage, Segment};
use crate::folder;
use crate::moment::fill_random;
use crate::say::Failure;

/// Most that waits on disk unless the settings say otherwise, in MB of a million bytes.
pub(crate) const LIMIT_MB: u64 = 256;
/// Least that the settings may say, in MB: a part of it is kept free for alerts.
pub(crate) const LIMIT_MIN_MB: u64 = 8;
const BYTES_IN_A_MB: u64 = 1_000_000;
/// The part of the whole that only alerts may fill: one in so many.
const ALERTS_SHARE: u64 = 8;
const LOCK: &str = "lock";
const KEY: &str = "key";
const OWNER_ONLY_FILE: u32 = 0o600;

/// What waits apart, so that alerts go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Alerts,
    Records,
}

impl Lane {
    fn word(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Records => "records",
        }
    }

    /// Bytes after which another file is begun.
    fn file_bytes(self) -> u64 {
        match self {
            Self::Alerts => 256 * 1024,
            Self::Records => 4 * 1024 * 1024,
        }
    }
}

/// Why something could not be put on the disk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    #[error("the spool is full")]
    Full,
    #[error("the disk refuses: {0}")]
    Disk(#[from] io::Error),
    #[error("it cannot be sealed")]
    Sealing,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    lane: Lane,
    file: u64,
    offset: u64,
    length: u64,
}

/// What was found on the disk at the start.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) alerts: usize,
    /// Batches of ordinary records.
    pub(crate) batches: usize,
    /// Files that ended in the middle of an entry, as a power cut leaves them. That entry never counted as kept.
    pub(crate) cut: usize,
    /// Entries that were altered; their file stays under another name for whoever wants to look.
    pub(crate) altered: usize,
}

/// The spool of one gateway. One at a time holds a folder.
pub(crate) struct Spool {
    folder: PathBuf,
    key: FolderKey,
    limit_bytes: u64,
    inner: Mutex<Inner>,
    _held: File,
}

#[derive(Default)]
struct Inner {
    lanes: BTreeMap<Lane, LaneFiles>,
    /// On disk in the whole folder, files for whoever wants to look included.
    used_bytes: u64,
    /// Number of the next file.
    next_file: u64,
}

#[derive(Default)]
struct LaneFiles {
    files: BTreeMap<u64, Segment>,
    /// The file that is written to.
    open: Option<u64>,
    waiting: VecDeque<Place>,
}

impl LaneFiles {
    fn leave(&mut self, place: Place) {
        if self.waiting.front() == Some(&place) {
            self.waiting.pop_front();
        } else {
            self.waiting.retain(|waiting| *waiting != place);
        }
    }
}

impl Spool {
    /// Opens a folder, made if it is not there, and looks at what was left in it.
    pub(crate) fn open(folder: &Path, limit_mb: u64) -> Result<(Self, Left), Failure> {
        folder::make(folder)?;
        let held = hold(folder)?;
        let bad = |error: &dyn std::fmt::Display| {
            Failure::new(format!(
                "The spool {} cannot be used ({error}). Check that Haven's account may read and write it, and that the disk is well.",
                folder.display()
            ))
        };
        let names = segment::names(folder).map_err(|error| bad(&error))?;
        let key = key(folder, names.is_empty())?;
        let mut spool = Self {
            folder: folder.to_path_buf(),
            key,
            limit_bytes: limit_mb.max(LIMIT_MIN_MB).saturating_mul(BYTES_IN_A_MB),
            inner: Mutex::default(),
            _held: held,
        };
        let left = spool.look(names).map_err(|error| bad(&error))?;
        Ok((spool, left))
    }

    fn look(&mut self, names: Vec<(u64, Lane)>) -> io::Result<Left> {
        let mut left = Left::default();
        let mut inner = Inner { next_file: 1, used_bytes: segment::aside_bytes(&self.folder)?, ..Inner::default() };
        for (number, lane) in names {
            inner.next_file = inner.next_file.max(number.saturating_add(1));
            let (segment, places, damage) = Segment::look(&self.folder, number, lane, &self.key)?;
            left.cut += usize::from(damage.cut);
            left.altered += damage.altered;
            match lane {
                Lane::Alerts => left.alerts += places.len(),
                Lane::Records => left.batches += places.len(),
            }
            inner.used_bytes = inner.used_bytes.saturating_add(segment.bytes());
            if places.is_empty() {
                inner.used_bytes = inner.used_bytes.saturating_sub(segment.remove(&self.folder, &damage)?);
                continue;
            }
            let files = inner.lanes.entry(lane).or_default();
            files.waiting.extend(places);
            files.files.insert(number, segment);
        }
        *self.lock_mut() = inner;
        Ok(left)
    }

    /// Keeps an entry. An alert outlives a power cut when this has returned; a batch of records too.
    pub(crate) fn keep(&self, lane: Lane, plain: &[u8]) -> Result<(), SpoolError> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let number = inner.next_file;
        let files = inner.lanes.entry(lane).or_default();
        let full_file = |files: &LaneFiles, number| {
            files.files.get(&number).is_none_or(|file: &Segment| file.bytes() >= lane.file_bytes())
        };
        if files.open.is_none_or(|open| full_file(files, open)) {
            files.open = None;
        }
        let room = match lane {
            Lane::Alerts => self.limit_bytes,
            Lane::Records => self.limit_bytes - self.limit_bytes / ALERTS_SHARE,
        };
        let needed = segment::needed(plain.len(), files.open.is_none());
        if inner.used_bytes.saturating_add(needed) > room {
            return Err(SpoolError::Full);
        }
        let open = match files.open {
            Some(open) => open,
            None => {
                let made = Segment::begin(&self.folder, number, lane)?;
                inner.next_file = number.saturating_add(1);
                inner.used_bytes = inner.used_bytes.saturating_add(made.bytes());
                files.files.insert(number, made);
                files.open = Some(number);
                number
            }
        };
        let Some(file) = files.files.get_mut(&open) else { return Err(SpoolError::Sealing) };
        let before = file.bytes();
        let kept = file.append(&self.key, plain);
        inner.used_bytes = inner.used_bytes.saturating_sub(before).saturating_add(file.bytes());
        match kept {
            Ok(place) => {
                files.waiting.push_back(place);
                Ok(())
            }
            Err(error) => {
                // Nothing is written behind something that may be half there.
                files.open = None;
                Err(error)
            }
        }
    }

    /// The oldest entry of a lane that waits, opened; an entry that no longer opens is set aside and said.
    pub(crate) fn first(&self, lane: Lane) -> Option<(Place, Zeroizing<Vec<u8>>)> {
        loop {
            let place = *self.lock().lanes.get(&lane)?.waiting.front()?;
            let read = self.lock().lanes.get(&lane)?.files.get(&place.file).map(|file| file.read(&self.key, place));
            match read {
                Some(Ok(plain)) => return Some((place, plain)),
                _ => {
                    tracing::error!(
                        lane = lane.word(),
                        file = place.file,
                        "an entry of the spool can no longer be read"
                    );
                    self.forget(place, true);
                }
            }
        }
    }

    /// The entry is in the database.
    pub(crate) fn done(&self, place: Place) {
        self.forget(place, false);
    }

    /// The database will never take the entry: it stays on the disk, and is tried again at the next start.
    pub(crate) fn set_aside(&self, place: Place) {
        let mut inner = self.lock();
        if let Some(files) = inner.lanes.get_mut(&place.lane) {
            files.leave(place);
        }
    }

    fn forget(&self, place: Place, damaged: bool) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let Some(files) = inner.lanes.get_mut(&place.lane) else { return };
        files.leave(place);
        let Some(file) = files.files.get_mut(&place.file) else { return };
        if !file.is_done_with(damaged) {
            return;
        }
        if files.open == Some(place.file) {
            files.open = None;
        }
        let Some(file) = files.files.remove(&place.file) else { return };
        match file.remove(&self.folder, &Damage::default()) {
            Ok(freed) => inner.used_bytes = inner.used_bytes.saturating_sub(freed),
            // It is written once more after the next start, which changes nothing.
            Err(error) => tracing::warn!(cause = %error, "a file of the spool cannot be removed"),
        }
    }

    /// How many entries wait: (alerts, batches).
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let inner = self.lock();
        let count = |lane| inner.lanes.get(&lane).map_or(0, |files| files.waiting.len());
        (count(Lane::Alerts), count(Lane::Records))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_mut(&mut self) -> &mut Inner {
        self.inner.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One gateway at a time writes a spool.
fn hold(folder: &Path) -> Result<File, Failure> {
    let path = folder.join(LOCK);
    let bad = |error: &dyn std::fmt::Display| {
        Failure::new(format!("{} cannot be locked ({error}). Check that Haven's account may write it.", path.display()))
    };
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(OWNER_ONLY_FILE);
    let file = options.open(&path).map_err(|error| bad(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
            "Another gateway keeps its records in {}. End that one first, or name another folder as spool_folder under [away].",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(bad(&error)),
    }
}

/// The folder's key. An empty folder gets a new one, so that what was removed cannot be opened later either.
fn key(folder: &Path, empty: bool) -> Result<FolderKey, Failure> {
    let path = folder.join(KEY);
    if empty {
        let key = FolderKey::generate(&mut Entropy(fill_random));
        folder::write_secret(&path, &key.to_text())?;
        return Ok(key);
    }
    let text = match fs::metadata(&path) {
        Ok(_) => Zeroizing::new(folder::read_secret(&path)?),
        Err(_) => Zeroizing::new(String::new()),
    };
    FolderKey::from_text(&text).ok_or_else(|| {
        Failure::new(format!(
            "Records wait in {}, and their key {} is missing or damaged. Put the key back; or move the files away, and what they hold is lost.",
            folder.display(),
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests;
