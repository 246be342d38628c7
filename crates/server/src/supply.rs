//! The supply of block lists: fetched from their makers by the clock, looked at before they come into force, and taken back
//! in one step.

mod fetch;
mod hands;
mod proof;
mod shelf;
mod unpack;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use filter::Address;
use filter::lists::guard::{self, Bounds, Difference};
use filter::lists::{self, Builder, Columns, FileReport, FoundLine, Lists};
use jiff::{Timestamp, ToSpan};
use minisign_verify::PublicKey;
use tokio::sync::Notify;

pub(crate) use fetch::{Fetcher, Origin};
pub(crate) use proof::key as maker_key;
pub(crate) use shelf::{Build, Edition, Shelf, State, Status};

use crate::say::Failure;

/// Folder of the supply inside the data folder.
const FOLDER: &str = "lists";
/// Letters of an edition's SHA-256 that people see.
pub(crate) const DIGEST_SHOWN_LETTERS: usize = 12;
/// Lists that were in force before and can be taken back.
const BUILDS_KEPT: usize = 5;
/// A source that could not be read is tried again after so many minutes, if that is sooner than its turn.
pub(crate) const TRY_AGAIN_MINUTES: i64 = 30;

/// One source of the settings.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) from: Origin,
    pub(crate) every_hours: u32,
    /// What every entry stands for, where the source is one file that does not say it.
    pub(crate) category: Option<String>,
    pub(crate) columns: Columns,
    /// Where the source says its digest.
    pub(crate) checksum: Option<Origin>,
    /// Where its maker's signature is, and the key that made it.
    pub(crate) signature: Option<(Origin, PublicKey)>,
    pub(crate) bounds: Bounds,
}

/// What became of one source.
#[derive(Debug)]
pub(crate) enum Update {
    /// The source has nothing new.
    Unchanged,
    /// A new edition is good and in force, or waits only for a list that was taken back by hand.
    Good(Difference),
    /// A new edition waits for a person; the last good one stays in force.
    Held(Vec<String>),
    /// The source could not be read; the last good edition stays in force.
    Failed(String),
}

impl Update {
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Unchanged => "nothing new.".to_owned(),
            Self::Good(difference) => changes(difference),
            Self::Held(_) => "a new edition waits for a person; the last good one stays in force.".to_owned(),
            Self::Failed(why) => format!("could not be read, the last good edition stays in force: {why}."),
        }
    }
}

/// Bytes that two hold at the same time.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A line by which an address is on a list.
#[derive(Debug)]
pub(crate) struct FoundIn {
    /// Name of the source.
    pub(crate) list: String,
    /// When the edition was fetched, and its SHA-256; none for Haven's own starter lists.
    pub(crate) edition: Option<(Timestamp, String)>,
    pub(crate) line: FoundLine,
}

impl FoundIn {
    /// As the page shows it.
    pub(crate) fn shown(self) -> web::ListLine {
        let (fetched_at, digest) = self.edition.unzip();
        web::ListLine {
            list: self.list,
            fetched_at,
            edition: digest.unwrap_or_default().chars().take(DIGEST_SHOWN_LETTERS).collect(),
            file: self.line.file,
            line: u64::try_from(self.line.line).unwrap_or(u64::MAX),
            text: self.line.text,
            entry: self.line.entry,
        }
    }
}

/// The lines of Haven's own starter lists by which an address is listed.
pub(crate) fn find_in_starter(address: &Address) -> Vec<FoundIn> {
    let own = lists::find_in_starter(address).into_iter();
    own.map(|line| FoundIn { list: "starter".to_owned(), edition: None, line }).collect()
}

/// A new edition, read and compared.
struct Read {
    edition: Edition,
    /// The source alone, compiled, to compare the next edition with.
    compiled: Vec<u8>,
    concerns: Vec<String>,
    difference: Difference,
}

/// All sources and the shelf on which their editions stand.
pub(crate) struct Supply {
    pub(crate) sources: Vec<Source>,
    pub(crate) shelf: Shelf,
    fetcher: Fetcher,
    /// A person wants every source looked at now.
    asked: AtomicBool,
    wake: Notify,
}

impl Supply {
    pub(crate) fn new(data: &Path, sources: Vec<Source>, fetcher: Fetcher) -> Self {
        let shelf = Shelf::new(data.join(FOLDER));
        Self { sources, shelf, fetcher, asked: AtomicBool::new(false), wake: Notify::new() }
    }

    /// The file by which the gateway decides.
    pub(crate) fn in_force(data: &Path) -> PathBuf {
        data.join(FOLDER).join(shelf::IN_FORCE)
    }

    /// Lists in force that were damaged are replaced by whole ones that are kept, and the log says so.
    pub(crate) fn mend(data: &Path) -> Result<(), Failure> {
        if let Some(build) = Shelf::new(data.join(FOLDER)).mend()? {
            tracing::error!(
                lists = build.number,
                "the lists in force were damaged; whole ones were put in their place"
            );
        }
        Ok(())
    }

    /// Whether it is a source's turn.
    fn is_its_turn(&self, source: &Source, now: Timestamp) -> bool {
        let Some(status) = self.shelf.status(&source.name) else { return true };
        let turn = i64::from(source.every_hours).saturating_mul(60);
        let minutes = if status.state == State::Failed { turn.min(TRY_AGAIN_MINUTES) } else { turn };
        status.checked_at.checked_add(minutes.minutes()).is_ok_and(|due| due <= now)
    }

    /// The sources to be looked at now: those whose turn it is, or all of them if a person asked.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<&Source> {
        let all = self.asked.swap(false, Ordering::Relaxed);
        self.sources.iter().filter(|source| all || self.is_its_turn(source, now)).collect()
    }

    /// Waits until a person wants something done at once.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Looks whether a source has a new edition, and takes it if it is good.
    pub(crate) async fn update(&self, source: &Source, now: Timestamp) -> Result<Update, Failure> {
        self.shelf.prepare(&source.name)?;
        let kept = self.shelf.edition(&source.name);
        let fetched = match self.fetcher.fetch(source, kept.as_ref()).await {
            Ok(Some(fetched)) => fetched,
            Ok(None) => {
                // What was held back stays held back until the source or a person says otherwise.
                if self.shelf.status(&source.name).is_none_or(|status| status.state != State::Held) {
                    self.shelf.set_status(&source.name, &Status::good(now, "Nothing new."))?;
                }
                return Ok(Update::Unchanged);
            }
            Err(sentence) => {
                self.shelf.set_status(&source.name, &Status::failed(now, &sentence))?;
                return Ok(Update::Failed(sentence));
            }
        };
        let old = self.shelf.compiled(&source.name);
        let read = match read_edition(source, &fetched, old.as_ref(), kept.as_ref(), now) {
            Ok(read) => read,
            Err(sentence) => {
                self.shelf.set_status(&source.name, &Status::failed(now, &sentence))?;
                return Ok(Update::Failed(sentence));
            }
        };
        if read.concerns.is_empty() {
            self.shelf.keep(&source.name, &read.edition, &fetched.bytes, &read.compiled)?;
            self.shelf.set_status(&source.name, &Status::good(now, &changes(&read.difference)))?;
            return Ok(Update::Good(read.difference));
        }
        self.shelf.hold(&source.name, &read.edition, &fetched.bytes, &read.compiled)?;
        self.shelf.set_status(&source.name, &Status::held(now, &read.concerns, &read.difference))?;
        Ok(Update::Held(read.concerns))
    }

    /// Takes an edition that was held back.
    pub(crate) fn accept(&self, source: &Source, now: Timestamp) -> Result<(), Failure> {
        if !self.shelf.take_held(&source.name)? {
            return Err(Failure::new(format!("No edition of {} waits to be accepted.", source.name)));
        }
        self.shelf.set_status(&source.name, &Status::good(now, "Accepted by a person."))
    }

    /// The lists in force are not made of the good editions that stand here now.
    pub(crate) fn is_behind(&self) -> bool {
        let good: BTreeMap<String, String> = self
            .sources
            .iter()
            .filter_map(|source| Some((source.name.clone(), self.shelf.edition(&source.name)?.sha256)))
            .collect();
        let in_force = self.shelf.in_force_digest();
        let builds = self.shelf.builds();
        let of = builds.iter().find(|build| Some(&build.digest) == in_force.as_ref());
        !good.is_empty() && of.is_none_or(|build| build.editions != good)
    }

    /// How everything stands, for the page.
    pub(crate) fn shown(&self) -> web::ListsShown {
        let in_force = self.shelf.in_force_digest();
        let build = |build: Build| web::ListBuild {
            in_force: Some(&build.digest) == in_force.as_ref(),
            number: build.number,
            at: build.at,
            names: build.names,
            urls: build.urls,
            why: build.why,
        };
        web::ListsShown {
            sources: self.sources.iter().map(|source| self.shown_source(source)).collect(),
            builds: self.shelf.builds().into_iter().map(build).collect(),
            taken_back: self.shelf.taken_back(),
            file: String::new(),
            sealed: Vec::new(),
        }
    }

    fn shown_source(&self, source: &Source) -> web::ListSource {
        let (status, edition) = (self.shelf.status(&source.name), self.shelf.edition(&source.name));
        let state = match status.as_ref().map(|status| status.state) {
            None => web::ListState::New,
            Some(State::Good) => web::ListState::Good,
            Some(State::Held) => web::ListState::Held,
            Some(State::Failed) => web::ListState::Failed,
        };
        let checked_at = status.as_ref().map(|status| status.checked_at);
        let status = status.unwrap_or_else(|| Status::good(Timestamp::default(), ""));
        web::ListSource {
            name: source.name.clone(),
            from: source.from.to_string(),
            state,
            sentence: status.sentence,
            checked_at,
            fetched_at: edition.as_ref().map(|edition| edition.fetched_at),
            entries: edition.as_ref().map(|edition| edition.entries).unwrap_or_default(),
            refused: edition.as_ref().map(|edition| edition.refused).unwrap_or_default(),
            concerns: status.concerns,
            sample: status.sample,
        }
    }

    /// The lines of the kept good editions, and of Haven's own starter lists, by which an address is on a list.
    pub(crate) fn find(&self, address: &Address) -> Result<Vec<FoundIn>, Failure> {
        let mut found = Vec::new();
        for source in &self.sources {
            let Some(edition) = self.shelf.edition(&source.name) else { continue };
            let bytes = self.shelf.raw(&source.name)?;
            let files = unpack::files(source, &bytes).map_err(|why| damaged(&source.name, &why))?;
            for (path, text) in &files {
                let lines = lists::find(path, text, &source.columns, address).into_iter();
                found.extend(lines.map(|line| FoundIn {
                    list: source.name.clone(),
                    edition: Some((edition.fetched_at, edition.sha256.clone())),
                    line,
                }));
            }
        }
        found.extend(find_in_starter(address));
        Ok(found)
    }

    /// Compiles every source's good edition into new lists and puts them in force. None if they are the same as before.
    /// Lists that were taken back stay in force until somebody updates by hand.
    pub(crate) fn put_in_force(&self, why: &str, now: Timestamp) -> Result<Option<Build>, Failure> {
        self.shelf.mend()?;
        let mut builder = Builder::with_starter().named("lists");
        let mut editions = BTreeMap::new();
        for source in &self.sources {
            let Some(edition) = self.shelf.edition(&source.name) else { continue };
            let bytes = self.shelf.raw(&source.name)?;
            let files = unpack::files(source, &bytes).map_err(|why| damaged(&source.name, &why))?;
            builder.set_columns(&source.columns);
            for (path, text) in &files {
                builder.add_file(path, text);
            }
            editions.insert(source.name.clone(), edition.sha256);
        }
        if editions.is_empty() {
            return Ok(None);
        }
        let bytes = builder.finish();
        // Opened where it lies: a copy would take as much memory again.
        let bytes = Arc::new(bytes);
        let lists = Lists::open(Shared(Arc::clone(&bytes)));
        let lists = lists.map_err(|error| Failure::new(format!("The lists: {error}.")))?;
        if self.shelf.in_force_digest().as_deref() == Some(lists.digest.as_str()) {
            return Ok(None);
        }
        let stat = lists.stat();
        let build = Build {
            number: self.shelf.next_number(),
            at: now,
            digest: lists.digest.clone(),
            names: stat.names,
            urls: stat.urls,
            bytes: stat.bytes,
            why: why.to_owned(),
            editions,
        };
        self.shelf.put_in_force(&build, &bytes)?;
        self.shelf.forget_builds(BUILDS_KEPT)?;
        Ok(Some(build))
    }
}

/// The files of an edition of any source.
pub(crate) fn unpacked(source: &Source, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    unpack::files(source, bytes)
}

fn damaged(name: &str, why: &str) -> Failure {
    Failure::new(format!(
        "The kept edition of {name} is damaged ({why}). Fetch it anew with 'haven lists update {name}'."
    ))
}

/// Compiles the source alone and compares it with its last good edition.
fn read_edition(
    source: &Source,
    fetched: &fetch::Fetched,
    old: Option<&Lists>,
    kept: Option<&Edition>,
    now: Timestamp,
) -> Result<Read, String> {
    let files = unpack::files(source, &fetched.bytes)?;
    let mut builder = Builder::new().named(&source.name);
    builder.set_columns(&source.columns);
    let reports: Vec<FileReport> = files.iter().map(|(path, text)| builder.add_file(path, text)).collect();
    let compiled = builder.finish();
    let lists = Lists::open(compiled.clone()).map_err(|error| error.to_string())?;
    let formats = kept.map(|kept| kept.formats.clone()).unwrap_or_default();
    let review = guard::review(old, &lists, &reports, &formats, source.bounds);
    let edition = Edition {
        from: source.from.to_string(),
        etag: fetched.etag.clone(),
        last_modified: fetched.last_modified.clone(),
        sha256: fetched.sha256.clone(),
        fetched_at: now,
        entries: reports.iter().map(|report| report.accepted).sum(),
        refused: reports.iter().map(|report| u64::try_from(report.refused.len()).unwrap_or(u64::MAX)).sum(),
        formats: reports.iter().map(|report| (report.file.clone(), report.format)).collect(),
    };
    let concerns = review.concerns.iter().map(ToString::to_string).collect();
    Ok(Read { edition, compiled, concerns, difference: review.difference })
}

/// "12 came, 3 went."
pub(crate) fn changes(difference: &Difference) -> String {
    let Difference { added, removed, changed, .. } = difference;
    let mut parts = vec![format!("{added} came"), format!("{removed} went")];
    if *changed > 0 {
        parts.push(format!("{changed} stand for something else"));
    }
    format!("{}.", parts.join(", "))
}
