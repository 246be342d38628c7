//! Reads a pack folder from disk, and puts everything together that is wrong with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use filter::lists::Lists;
use policy::read::{FILE_LIMIT_BYTES, PACK_LIMIT_FILES};
use policy::{Pack, Problem, Severity};

use crate::say::Failure;

/// Folders inside folders that are looked into.
const DEPTH_LIMIT: usize = 4;

/// A pack folder as it was found.
pub(crate) struct Found {
    /// None if a problem is an error.
    pub(crate) pack: Option<Arc<Pack>>,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) problems: Vec<Problem>,
}

impl Found {
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error)
    }
}

/// Reads a folder and lists every problem: of its lines, of the document, and of its worked examples.
pub(crate) fn look(folder: &Path) -> Result<Found, Failure> {
    Ok(judge(files(folder)?))
}

/// As [`look`], for the files of a pack.
pub(crate) fn judge(files: BTreeMap<String, String>) -> Found {
    let reading = policy::read(&files);
    let mut problems = reading.problems;
    let mut pack = reading.pack.map(Arc::new);
    if let Some(sound) = &pack {
        problems.extend(policy::lint(sound, today(sound)));
        let examples = filter::decide::check_examples(sound, &Arc::new(Lists::starter()));
        if !examples.is_empty() {
            problems.extend(examples);
            pack = None;
        }
    }
    problems.sort_by(|a, b| (&a.file, a.line, a.severity).cmp(&(&b.file, b.line, b.severity)));
    Found { pack, files, problems }
}

/// A pack that can come into force, or one sentence about why it cannot.
pub(crate) fn sound(folder: &Path) -> Result<(Arc<Pack>, BTreeMap<String, String>), Failure> {
    let found = look(folder)?;
    let first = found.errors().next().map(ToString::to_string);
    match found.pack {
        Some(pack) => Ok((pack, found.files)),
        None => Err(Failure::new(format!(
            "The policy pack in {} cannot come into force: {} Run 'haven pack check {}' for the whole list.",
            folder.display(),
            first.unwrap_or_else(|| "it could not be read.".to_owned()),
            folder.display(),
        ))),
    }
}

fn today(pack: &Pack) -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(pack.calendar.zone.clone()).date()
}

/// The texts of a pack folder by path. What begins with a dot is left out.
pub(crate) fn files(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    if !folder.is_dir() {
        return Err(Failure::new(format!(
            "There is no folder {}. Name the folder of a policy pack.",
            folder.display()
        )));
    }
    let mut files = BTreeMap::new();
    gather(folder, "", DEPTH_LIMIT, &mut files)?;
    Ok(files)
}

fn gather(folder: &Path, prefix: &str, depth: usize, files: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    let unreadable = |path: &Path, why: &dyn std::fmt::Display| {
        Failure::new(format!("{} cannot be read ({why}). Mend its rights or take it out of the pack.", path.display()))
    };
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            return Err(unreadable(&path, &"its name is no text"));
        };
        if name.starts_with('.') {
            continue;
        }
        let inside = format!("{prefix}{name}");
        let about = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if about.is_dir() {
            if depth > 0 {
                gather(&path, &format!("{inside}/"), depth - 1, files)?;
            }
            continue;
        }
        if files.len() > PACK_LIMIT_FILES {
            return Ok(());
        }
        files.insert(inside, text_of(&path, about.len()).map_err(|why| unreadable(&path, &why))?);
    }
    Ok(())
}

fn text_of(path: &Path, length: u64) -> Result<String, String> {
    if length > u64::try_from(FILE_LIMIT_BYTES).unwrap_or(u64::MAX) {
        return Err(format!("it is larger than {FILE_LIMIT_BYTES} bytes"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
