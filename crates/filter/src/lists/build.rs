//! Compiling list files into one index. The same files give the same bytes, in whatever order they were added.

use std::collections::BTreeMap;
use std::sync::Arc;

use fst::MapBuilder;
use serde::Serialize;

use super::codes::CoreCodes;
use super::file::{self, HEADER_BYTES, Held, ListsError, SEGMENTS_LIMIT, Source, Table};
use super::index::{Lists, reversed};
use super::reader::{self, Format, Guard, Line, Refusal};

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The path as it was given.
    pub file: String,
    /// Name under which its entries are shown: `ut1/gambling`.
    pub list: String,
    pub format: Format,
    /// The category as the list names it.
    pub category: String,
    /// The codes that it stands for.
    pub codes: Vec<String>,
    /// Lines used.
    pub accepted: u64,
    /// Comments, blank lines and lines for the computer itself.
    pub skipped: u64,
    pub refused: Vec<Refusal>,
}

/// Collects entries, then writes the list file.
#[derive(Debug)]
pub struct Builder {
    name: String,
    codes: CoreCodes,
    /// List name -> codes, and the number under which entries refer to it.
    sources: BTreeMap<String, (usize, Vec<String>)>,
    hosts: Vec<(Box<str>, usize)>,
    urls: Vec<(Box<str>, usize)>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: "lists".to_owned(),
            codes: CoreCodes::shipped(),
            sources: BTreeMap::new(),
            hosts: Vec::new(),
            urls: Vec::new(),
        }
    }

    /// A builder that already holds Haven's own starter lists, so that bought or free lists come on top of them.
    #[must_use]
    pub fn with_starter() -> Self {
        let mut builder = Self::new();
        for (path, text) in super::starter::FILES {
            builder.add(path, text.as_bytes(), Guard::Own);
        }
        builder
    }

    /// Names the lists as a whole, for people.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Reads one file. `path` is its path with `/`: the last folder of a UT1 file (`ut1/gambling/domains`), or the name
    /// of any other file, tells the category.
    pub fn add_file(&mut self, path: &str, text: &[u8]) -> FileReport {
        self.add(path, text, Guard::Stranger)
    }

    pub(super) fn add(&mut self, path: &str, text: &[u8], guard: Guard) -> FileReport {
        let place = Place::of(path);
        let codes = if place.is_folder {
            self.codes.for_category(&place.category)
        } else {
            self.codes.for_file(&place.category)
        };
        let format = reader::detect(&place.file, text);
        let mut report = FileReport {
            file: path.to_owned(),
            list: place.list.clone(),
            format,
            category: place.category,
            codes: codes.clone(),
            accepted: 0,
            skipped: 0,
            refused: Vec::new(),
        };
        if format == Format::NotAList {
            return report;
        }
        let source = self.source(&place.list, &codes);
        for (number, raw) in text.strip_suffix(b"\n").unwrap_or(text).split(|b| *b == b'\n').enumerate() {
            match reader::read_line(format, guard, raw) {
                Line::Nothing => report.skipped += 1,
                Line::Refused(why) => {
                    let text = String::from_utf8_lossy(raw).trim().chars().take(80).collect();
                    report.refused.push(Refusal { line: number + 1, text, why });
                }
                Line::Entries(entries) => {
                    report.accepted += 1;
                    for entry in entries {
                        self.push(source, &entry);
                    }
                }
            }
        }
        report
    }

    fn source(&mut self, list: &str, codes: &[String]) -> usize {
        let next = self.sources.len();
        self.sources.entry(list.to_owned()).or_insert_with(|| (next, codes.to_vec())).0
    }

    fn push(&mut self, source: usize, entry: &reader::Entry) {
        let key = reversed(&entry.host);
        match &entry.path {
            None => self.hosts.push((key.into_boxed_str(), source)),
            Some(path) => self.urls.push((format!("{key}{path}").into_boxed_str(), source)),
        }
    }

    /// The list file: one base segment.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let name = self.name.clone();
        let (hosts, urls) = self.sorted();
        file::write_file(1, &segment(0, &name, &hosts, &urls))
    }

    /// A list file that holds all of `base` and one more delta segment, after which it answers as if it had been built
    /// from this builder's files alone. Far smaller to pass on than a new base when little changed.
    ///
    /// # Errors
    /// [`ListsError`] if `base` is not a good list file, or has as many segments as a file may have.
    pub fn finish_delta(self, base: &[u8]) -> Result<Vec<u8>, ListsError> {
        let held: Held = Arc::new(base.to_vec());
        let (_, segments) = file::open(&held)?;
        let count = u32::try_from(segments.len()).unwrap_or(u32::MAX);
        if count >= SEGMENTS_LIMIT {
            return Err(ListsError::Malformed("no room for another delta"));
        }
        let old = Lists::open(base.to_vec())?;
        let name = self.name.clone();
        let (hosts, urls) = self.sorted();
        let hosts = changed(old.entries(|segment| &segment.hosts), hosts);
        let urls = changed(old.entries(|segment| &segment.urls), urls);
        let mut body = base.get(HEADER_BYTES..).unwrap_or_default().to_vec();
        body.extend_from_slice(&segment(1, &name, &hosts, &urls));
        Ok(file::write_file(count + 1, &body))
    }

    fn sorted(self) -> (Entries, Entries) {
        let mut by_number: Vec<Source> = vec![Source { list: String::new(), codes: Vec::new() }; self.sources.len()];
        for (list, (number, codes)) in self.sources {
            if let Some(slot) = by_number.get_mut(number) {
                *slot = Source { list, codes };
            }
        }
        (entries(self.hosts, &by_number), entries(self.urls, &by_number))
    }
}

/// The lists that name one entry, in order; shared, because few combinations cover all entries.
type Combination = Arc<Vec<Source>>;
/// Keys in order, each with its combination.
type Entries = Vec<(Box<str>, Combination)>;

fn entries(mut raw: Vec<(Box<str>, usize)>, sources: &[Source]) -> Entries {
    raw.sort_unstable();
    raw.dedup();
    let mut known: BTreeMap<Vec<usize>, Combination> = BTreeMap::new();
    let mut out: Entries = Vec::new();
    let mut rest = raw.into_iter().peekable();
    while let Some((key, first)) = rest.next() {
        let mut numbers = vec![first];
        while let Some((_, number)) = rest.next_if(|(next, _)| *next == key) {
            numbers.push(number);
        }
        let combination = known.entry(numbers).or_insert_with_key(|numbers| {
            let mut named: Vec<Source> = numbers.iter().filter_map(|number| sources.get(*number)).cloned().collect();
            named.sort();
            Arc::new(named)
        });
        out.push((key, Arc::clone(combination)));
    }
    out
}

/// What a delta must hold: entries that are new or different, and entries that are gone (without sources).
fn changed(mut old: BTreeMap<Vec<u8>, Vec<Source>>, new: Entries) -> Entries {
    let mut out: Entries = Vec::new();
    for (key, combination) in new {
        if old.remove(key.as_bytes()).as_ref() != Some(combination.as_ref()) {
            out.push((key, combination));
        }
    }
    for gone in old.into_keys() {
        if let Ok(key) = String::from_utf8(gone) {
            out.push((key.into_boxed_str(), Combination::default()));
        }
    }
    out.sort();
    out
}

fn segment(kind: u32, name: &str, hosts: &Entries, urls: &Entries) -> Vec<u8> {
    let table = table(hosts.iter().chain(urls));
    file::write_segment(kind, name, &table, &index(hosts, &table), &index(urls, &table))
}

/// Sources by name; combinations by how often they occur, so that the commonest take the fewest bytes.
fn table<'a>(all: impl Iterator<Item = &'a (Box<str>, Combination)>) -> Table {
    let mut counts: BTreeMap<&Vec<Source>, u64> = BTreeMap::new();
    for (_, combination) in all {
        *counts.entry(combination.as_ref()).or_default() += 1;
    }
    let mut sources: Vec<Source> = counts.keys().flat_map(|combination| combination.iter().cloned()).collect();
    sources.sort();
    sources.dedup();
    let mut by_count: Vec<(&Vec<Source>, u64)> = counts.into_iter().collect();
    by_count.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let numbers = |combination: &Vec<Source>| {
        combination.iter().filter_map(|source| sources.binary_search(source).ok()).collect::<Vec<usize>>()
    };
    let combinations = by_count.iter().map(|(combination, _)| numbers(combination)).collect();
    Table { sources, combinations }
}

fn index(entries: &Entries, table: &Table) -> Vec<u8> {
    let numbers: BTreeMap<Vec<Source>, u64> = table
        .combinations
        .iter()
        .zip(0_u64..)
        .map(|(places, number)| {
            (places.iter().filter_map(|place| table.sources.get(*place)).cloned().collect(), number)
        })
        .collect();
    let mut map = MapBuilder::memory();
    for (key, combination) in entries {
        if let Some(number) = numbers.get(combination.as_ref()) {
            // INVARIANT: keys are sorted and distinct and the memory cannot refuse a write, so this never fails.
            let _ = map.insert(key.as_bytes(), *number);
        }
    }
    map.into_inner().unwrap_or_default()
}

/// What a path says about a list.
struct Place {
    file: String,
    list: String,
    category: String,
    is_folder: bool,
}

impl Place {
    fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | "..")).collect();
        let (file, folders) = parts.split_last().map_or((path, &[][..]), |(file, folders)| (*file, folders));
        let is_folder = matches!(file, "domains" | "urls" | "expressions" | "usage" | "very_restrictive_expression")
            && !folders.is_empty();
        let (category, above) = if is_folder {
            folders.split_last().map_or((file, &[][..]), |(category, above)| (*category, above))
        } else {
            (file.split_once('.').map_or(file, |(stem, _)| stem), folders)
        };
        let list = above.last().map_or_else(|| category.to_owned(), |folder| format!("{folder}/{category}"));
        // The table of a list file is kept in lines and cells.
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
        Self { file: file.to_owned(), list: clean(&list), category: clean(category), is_folder }
    }
}
