//! The shelf of the lists: each source's last good edition and the one that waits, and the lists that were in force.
//!
//! ```text
//! lists/in-force + .json             the file by which the gateway decides, and which build it is
//! lists/builds/000012 + .json        that and the ones before it
//! lists/sources/NAME/good.*          last good edition: as fetched, compiled alone, and what is known of it
//! lists/sources/NAME/held.*          an edition that waits for a person
//! lists/sources/NAME/status.json     when it was last looked at, and what came of it
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use filter::lists::guard::Difference;
use filter::lists::{Format, Lists};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::folder;
use crate::say::Failure;

pub(super) const IN_FORCE: &str = "in-force";
const BUILDS: &str = "builds";
const SOURCES: &str = "sources";
/// Holds the number of the lists that a person took back; while it is there, new lists wait.
const TAKEN_BACK: &str = "taken-back";
const LOCK: &str = "lock";

/// What is known of an edition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Edition {
    pub(crate) from: String,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) sha256: String,
    pub(crate) fetched_at: Timestamp,
    pub(crate) entries: u64,
    pub(crate) refused: u64,
    pub(crate) formats: BTreeMap<String, Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    Good,
    Held,
    Failed,
}

/// How a source stood when it was last looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) state: State,
    pub(crate) checked_at: Timestamp,
    pub(crate) sentence: String,
    /// Why an edition waits.
    #[serde(default)]
    pub(crate) concerns: Vec<String>,
    /// The first of what would change.
    #[serde(default)]
    pub(crate) sample: Vec<String>,
}

impl Status {
    pub(super) fn good(now: Timestamp, sentence: &str) -> Self {
        Self::new(State::Good, now, sentence)
    }

    pub(super) fn failed(now: Timestamp, sentence: &str) -> Self {
        Self::new(State::Failed, now, sentence)
    }

    pub(super) fn held(now: Timestamp, concerns: &[String], difference: &Difference) -> Self {
        let sentence = format!("A new edition waits for a person: {}", super::changes(difference));
        Self {
            concerns: concerns.to_vec(),
            sample: difference.sample.clone(),
            ..Self::new(State::Held, now, &sentence)
        }
    }

    fn new(state: State, checked_at: Timestamp, sentence: &str) -> Self {
        Self { state, checked_at, sentence: sentence.to_owned(), concerns: Vec::new(), sample: Vec::new() }
    }
}

/// Lists that are or were in force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Build {
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) digest: String,
    pub(crate) names: u64,
    pub(crate) urls: u64,
    pub(crate) bytes: u64,
    pub(crate) why: String,
    /// Source -> SHA-256 of the edition that went in.
    pub(crate) editions: BTreeMap<String, String>,
}

pub(crate) struct Shelf {
    folder: PathBuf,
}

/// Held while somebody changes the shelf.
pub(crate) struct Held(#[allow(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl Shelf {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// One update at a time, whether by the clock or by hand.
    pub(crate) fn lock(&self) -> Result<Held, Failure> {
        folder::make(&self.folder)?;
        let path = self.folder.join(LOCK);
        let file = File::create(&path).map_err(|error| unwritable(&path, &error))?;
        file.try_lock()
            .map_err(|_| Failure::new("Another update of the lists is under way. Try again in a minute."))?;
        Ok(Held(file))
    }

    pub(super) fn prepare(&self, name: &str) -> Result<(), Failure> {
        folder::make(&self.folder.join(BUILDS))?;
        folder::make(&self.folder.join(SOURCES).join(name))
    }

    fn of(&self, name: &str, file: &str) -> PathBuf {
        self.folder.join(SOURCES).join(name).join(file)
    }

    pub(crate) fn edition(&self, name: &str) -> Option<Edition> {
        read_json(&self.of(name, "good.json"))
    }

    pub(crate) fn status(&self, name: &str) -> Option<Status> {
        read_json(&self.of(name, "status.json"))
    }

    pub(super) fn set_status(&self, name: &str, status: &Status) -> Result<(), Failure> {
        write_json(&self.of(name, "status.json"), status)
    }

    pub(super) fn raw(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let path = self.of(name, "good.raw");
        fs::read(&path).map_err(|error| Failure::new(format!("{} cannot be read ({error}).", path.display())))
    }

    /// The last good edition, compiled alone; none before the first, or if it is damaged.
    pub(super) fn compiled(&self, name: &str) -> Option<Lists> {
        Lists::open(fs::read(self.of(name, "good.lists")).ok()?).ok()
    }

    /// The description comes last: an edition without one does not count.
    pub(super) fn keep(&self, name: &str, edition: &Edition, raw: &[u8], compiled: &[u8]) -> Result<(), Failure> {
        self.write(name, "good", edition, raw, compiled)?;
        self.drop_held(name);
        Ok(())
    }

    pub(super) fn hold(&self, name: &str, edition: &Edition, raw: &[u8], compiled: &[u8]) -> Result<(), Failure> {
        self.write(name, "held", edition, raw, compiled)
    }

    fn write(&self, name: &str, word: &str, edition: &Edition, raw: &[u8], compiled: &[u8]) -> Result<(), Failure> {
        write_whole(&self.of(name, &format!("{word}.raw")), raw)?;
        write_whole(&self.of(name, &format!("{word}.lists")), compiled)?;
        write_json(&self.of(name, &format!("{word}.json")), edition)
    }

    /// Makes the edition that waits the good one. False if none waits.
    pub(super) fn take_held(&self, name: &str) -> Result<bool, Failure> {
        if read_json::<Edition>(&self.of(name, "held.json")).is_none() {
            return Ok(false);
        }
        for ending in ["raw", "lists", "json"] {
            let (from, to) = (self.of(name, &format!("held.{ending}")), self.of(name, &format!("good.{ending}")));
            // A power cut may have come between the three: what was moved already stays moved.
            match fs::rename(&from, &to) {
                Err(error) if error.kind() == ErrorKind::NotFound && to.exists() => {}
                moved => moved.map_err(|error| unwritable(&to, &error))?,
            }
        }
        Ok(true)
    }

    fn drop_held(&self, name: &str) {
        for ending in ["json", "raw", "lists"] {
            // There is nothing to be sorry for if none was there.
            let _ = fs::remove_file(self.of(name, &format!("held.{ending}")));
        }
    }

    /// Every build that can be taken back, newest first.
    pub(crate) fn builds(&self) -> Vec<Build> {
        let entries = fs::read_dir(self.folder.join(BUILDS)).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json"));
        let mut builds: Vec<Build> = files.filter_map(|path| read_json(&path)).collect();
        builds.sort_by_key(|build| std::cmp::Reverse(build.number));
        builds
    }

    pub(super) fn next_number(&self) -> u64 {
        self.builds().first().map_or(1, |build| build.number.saturating_add(1))
    }

    fn described(&self) -> PathBuf {
        self.folder.join(IN_FORCE).with_extension("json")
    }

    /// Digest of the lists in force, as it was written down when they were put there.
    pub(crate) fn in_force_digest(&self) -> Option<String> {
        self.folder.join(IN_FORCE).exists().then(|| read_json::<Build>(&self.described()))?.map(|build| build.digest)
    }

    /// The build that a person took back, while it stays in force.
    pub(crate) fn taken_back(&self) -> Option<u64> {
        fs::read_to_string(self.folder.join(TAKEN_BACK)).ok()?.trim().parse().ok()
    }

    pub(crate) fn build_file(&self, number: u64) -> PathBuf {
        self.folder.join(BUILDS).join(format!("{number:06}"))
    }

    pub(super) fn put_in_force(&self, build: &Build, bytes: &[u8]) -> Result<(), Failure> {
        folder::make(&self.folder.join(BUILDS))?;
        let file = self.build_file(build.number);
        write_whole(&file, bytes)?;
        write_json(&file.with_extension("json"), build)?;
        write_whole(&self.folder.join(IN_FORCE), bytes)?;
        write_json(&self.described(), build)
    }

    /// Puts whole lists in the place of lists in force that are damaged or gone, if any are kept: the same, or else the newest.
    /// Help pages and reporting do not wait for somebody who can mend a file.
    pub(crate) fn mend(&self) -> Result<Option<Build>, Failure> {
        let whole = |file: &Path| fs::read(file).ok().filter(|bytes| Lists::open(bytes.clone()).is_ok());
        let builds = self.builds();
        if builds.is_empty() || whole(&self.folder.join(IN_FORCE)).is_some() {
            return Ok(None);
        }
        let same = self.in_force_digest();
        let (same, others): (Vec<&Build>, Vec<&Build>) =
            builds.iter().partition(|build| Some(&build.digest) == same.as_ref());
        for build in same.into_iter().chain(others) {
            if let Some(bytes) = whole(&self.build_file(build.number)) {
                write_whole(&self.folder.join(IN_FORCE), &bytes)?;
                write_json(&self.described(), build)?;
                return Ok(Some(build.clone()));
            }
        }
        Ok(None)
    }

    /// Puts an earlier build in force again; new ones wait until somebody updates by hand.
    pub(crate) fn take_back(&self, to: Option<u64>) -> Result<Build, Failure> {
        let builds = self.builds();
        let now = self.in_force_digest();
        let mut earlier = builds.iter().skip_while(|build| Some(&build.digest) != now.as_ref()).skip(1);
        let build = match to {
            Some(number) => builds.iter().find(|build| build.number == number),
            None => earlier.next(),
        };
        let build = build.ok_or_else(|| {
            Failure::new("There are no such earlier lists. 'haven lists status' shows those that are kept.")
        })?;
        let file = self.build_file(build.number);
        let bytes =
            fs::read(&file).map_err(|error| Failure::new(format!("{} cannot be read ({error}).", file.display())))?;
        Lists::open(bytes.clone()).map_err(|error| Failure::new(format!("{}: {error}.", file.display())))?;
        write_whole(&self.folder.join(TAKEN_BACK), build.number.to_string().as_bytes())?;
        write_whole(&self.folder.join(IN_FORCE), &bytes)?;
        write_json(&self.described(), build)?;
        Ok(build.clone())
    }

    /// New lists come into force again.
    pub(crate) fn go_on(&self) {
        // It is there only after something was taken back.
        let _ = fs::remove_file(self.folder.join(TAKEN_BACK));
    }

    pub(super) fn forget_builds(&self, keep: usize) -> Result<(), Failure> {
        let in_force = self.in_force_digest();
        for build in self.builds().into_iter().skip(keep) {
            if Some(&build.digest) == in_force.as_ref() {
                continue;
            }
            let file = self.build_file(build.number);
            fs::remove_file(file.with_extension("json")).map_err(|error| unwritable(&file, &error))?;
            fs::remove_file(&file).map_err(|error| unwritable(&file, &error))?;
        }
        Ok(())
    }
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{} cannot be written ({error}). Free some space or mend its rights.", path.display()))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Failure> {
    let text = serde_json::to_vec_pretty(value).map_err(|error| unwritable(path, &error))?;
    write_whole(path, &text)
}

/// Beside its place first, then moved there: nobody ever reads half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let mut file = File::create(&beside).map_err(|error| unwritable(path, &error))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| unwritable(path, &error))?;
    drop(file);
    fs::rename(&beside, path).map_err(|error| unwritable(path, &error))
}
