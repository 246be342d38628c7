//! One file of the spool: only ever added to, read again after a crash, and removed when everything in it is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use store::vault::{Entropy, FolderKey};
use zeroize::Zeroizing;

use super::frame::{self, FRAME_HEAD_BYTES, Found, HEAD, NAME_BYTES};
use super::{Lane, OWNER_ONLY_FILE, Place, SpoolError};
use crate::moment::fill_random;

const ENDING: &str = "spool";
/// Ending of a file in which something was altered, when the rest of it is written.
const ASIDE: &str = "altered";
/// What sealing adds to an entry, in bytes: form, nonce, tag.
const SEALING_BYTES: usize = 1 + 24 + 16;

/// One file.
pub(super) struct Segment {
    lane: Lane,
    number: u64,
    file: File,
    name: [u8; NAME_BYTES],
    bytes: u64,
    /// Entries that are not written yet.
    pending: usize,
    altered: bool,
}

/// What was wrong with a file.
#[derive(Debug, Default)]
pub(super) struct Damage {
    pub(super) cut: bool,
    pub(super) altered: usize,
}

/// What an entry takes on the disk, in bytes.
pub(super) fn needed(plain: usize, new_file: bool) -> u64 {
    let head = if new_file { HEAD.len() + NAME_BYTES } else { 0 };
    u64::try_from(plain + FRAME_HEAD_BYTES + SEALING_BYTES + head).unwrap_or(u64::MAX)
}

fn path(folder: &Path, lane: Lane, number: u64, ending: &str) -> PathBuf {
    folder.join(format!("{}-{number:012}.{ending}", lane.word()))
}

/// The files of a folder in the order in which they were begun.
pub(super) fn names(folder: &Path) -> io::Result<Vec<(u64, Lane)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some((stem, number)) = name.to_str().and_then(|name| name.strip_suffix(".spool")?.split_once('-')) else {
            continue;
        };
        let lane = [Lane::Alerts, Lane::Records].into_iter().find(|lane| lane.word() == stem);
        if let (Some(lane), Ok(number)) = (lane, number.parse()) {
            names.push((number, lane));
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// What the files that were set aside take, in bytes.
pub(super) fn aside_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes: u64 = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|ending| ending == ASIDE) {
            bytes = bytes.saturating_add(entry.metadata()?.len());
        }
    }
    Ok(bytes)
}

impl Segment {
    /// Begins a file. It stands in its folder, also after a power cut, when this has returned.
    pub(super) fn begin(folder: &Path, number: u64, lane: Lane) -> io::Result<Self> {
        let mut name = [0; NAME_BYTES];
        fill_random(&mut name);
        let path = path(folder, lane, number, ENDING);
        let mut options = OpenOptions::new();
        let mut file = options.create_new(true).read(true).write(true).mode(OWNER_ONLY_FILE).open(&path)?;
        let written = file.write_all(HEAD).and_then(|()| file.write_all(&name)).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| File::open(folder)?.sync_all()) {
            // A file without its head would be taken for an altered one.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self { lane, number, file, name, bytes: head_bytes(), pending: 0, altered: false })
    }

    /// Reads a file that was left, and finds every entry in it that is whole.
    pub(super) fn look(
        folder: &Path,
        number: u64,
        lane: Lane,
        key: &FolderKey,
    ) -> io::Result<(Self, Vec<Place>, Damage)> {
        let path = path(folder, lane, number, ENDING);
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut damage = Damage::default();
        let name: Option<[u8; NAME_BYTES]> =
            bytes.strip_prefix(HEAD.as_slice()).and_then(|rest| rest.first_chunk::<NAME_BYTES>()).copied();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut segment =
            Self { lane, number, file, name: name.unwrap_or_default(), bytes: length, pending: 0, altered: false };
        let mut places = Vec::new();
        let mut at = HEAD.len() + NAME_BYTES;
        if name.is_none() {
            // Cut while it was begun, or altered: without its name nothing in it opens.
            (damage.cut, damage.altered) = (bytes.len() < at, usize::from(bytes.len() >= at));
            segment.altered = damage.altered > 0;
            return Ok((segment, places, damage));
        }
        while at < bytes.len() {
            match bytes.get(at..).map(frame::read) {
                Some(Found::Whole(body, length)) => {
                    let place = segment.place(at, length);
                    if key.open(&segment.context(place.offset), body).is_ok() {
                        places.push(place);
                    } else {
                        damage.altered += 1;
                    }
                    at += length;
                }
                Some(Found::Cut) if frame::next_whole(&bytes, at + 1).is_none() => {
                    damage.cut = true;
                    break;
                }
                _ => {
                    damage.altered += 1;
                    let Some(next) = frame::next_whole(&bytes, at + 1) else { break };
                    at = next;
                }
            }
        }
        segment.pending = places.len();
        segment.altered = damage.altered > 0;
        Ok((segment, places, damage))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn place(&self, offset: usize, length: usize) -> Place {
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Place { lane: self.lane, file: self.number, offset: number(offset), length: number(length) }
    }

    /// An entry opens in this place of this file only.
    fn context(&self, offset: u64) -> Vec<u8> {
        let mut context = self.name.to_vec();
        context.extend_from_slice(self.lane.word().as_bytes());
        context.extend_from_slice(&offset.to_be_bytes());
        context
    }

    /// Adds an entry at the end, and waits until the disk has it.
    pub(super) fn append(&mut self, key: &FolderKey, plain: &[u8]) -> Result<Place, SpoolError> {
        let sealed =
            key.seal(&mut Entropy(fill_random), &self.context(self.bytes), plain).map_err(|_| SpoolError::Sealing)?;
        let whole = frame::write(&sealed).ok_or(SpoolError::Full)?;
        let written = self
            .file
            .seek(SeekFrom::Start(self.bytes))
            .and_then(|_| self.file.write_all(&whole))
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What may be half there is taken away again; if that fails too, it is found as cut at the next start.
            let _ = self.file.set_len(self.bytes);
            return Err(error.into());
        }
        let place = Place {
            lane: self.lane,
            file: self.number,
            offset: self.bytes,
            length: u64::try_from(whole.len()).unwrap_or(u64::MAX),
        };
        self.bytes = self.bytes.saturating_add(place.length);
        self.pending += 1;
        Ok(place)
    }

    /// Reads an entry again.
    pub(super) fn read(&self, key: &FolderKey, place: Place) -> io::Result<Zeroizing<Vec<u8>>> {
        let altered = || io::Error::new(io::ErrorKind::InvalidData, "altered");
        let mut bytes = vec![0; usize::try_from(place.length).map_err(|_| altered())?];
        self.file.read_exact_at(&mut bytes, place.offset)?;
        let Found::Whole(body, _) = frame::read(&bytes) else { return Err(altered()) };
        key.open(&self.context(place.offset), body).map_err(|_| altered())
    }

    /// One entry less to write. True if it was the last.
    pub(super) fn is_done_with(&mut self, damaged: bool) -> bool {
        self.altered |= damaged;
        self.pending = self.pending.saturating_sub(1);
        self.pending == 0
    }

    /// Removes the file, or sets it aside if something in it was altered. Gives the bytes that became free.
    pub(super) fn remove(self, folder: &Path, damage: &Damage) -> io::Result<u64> {
        let here = path(folder, self.lane, self.number, ENDING);
        if self.altered || damage.altered > 0 {
            fs::rename(here, path(folder, self.lane, self.number, ASIDE))?;
            return Ok(0);
        }
        fs::remove_file(here)?;
        Ok(self.bytes)
    }
}

fn head_bytes() -> u64 {
    u64::try_from(HEAD.len() + NAME_BYTES).unwrap_or(u64::MAX)
}
