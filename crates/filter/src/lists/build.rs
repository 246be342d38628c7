//! Compiling list files into one index. The same files give the same bytes, in whatever order they were added.

mod names;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fst::MapBuilder;
use serde::Serialize;

use self::names::Names;
use super::codes::CoreCodes;
use super::file::{self, HEADER_BYTES, Held, ListsError, SEGMENTS_LIMIT, Source, Table};
use super::index::{Lists, reversed};
use super::reader::{self, Columns, Format, Guard, Line, Reader, Refusal};

/// Longest name of a list or category, in letters.
const NAME_LIMIT_LETTERS: usize = 200;

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
    /// What is done with the file as a whole, where it is not read as a list; empty otherwise.
    pub note: String,
}

/// Collects entries, then writes the list file.
#[derive(Debug)]
pub struct Builder {
    name: String,
    codes: CoreCodes,
    columns: Columns,
    /// List name -> codes, and the number under which entries refer to it.
    sources: BTreeMap<String, (u32, Vec<String>)>,
    hosts: Names,
    urls: Names,
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
            columns: Columns::default(),
            sources: BTreeMap::new(),
            hosts: Names::default(),
            urls: Names::default(),
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

    /// Says which columns of a table are read, for the files that are added from now on.
    pub fn set_columns(&mut self, columns: &Columns) {
        self.columns = columns.clone();
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
        let columns = self.columns.clone();
        let (format, note) = reader::detect(&place.file, text, &columns);
        let mut report = FileReport {
            file: path.to_owned(),
            list: place.list.clone(),
            format,
            category: place.category,
            codes: codes.clone(),
            accepted: 0,
            skipped: 0,
            refused: Vec::new(),
            note,
        };
        if format == Format::NotAList {
            return report;
        }
        let source = self.source(&place.list, &codes);
        // A folder's name, or the settings, say what everything in it is about, unless the settings name a column.
        let by_line = !place.is_folder || columns.category.is_some();
        let mut reader = Reader::new(format, guard, text, &columns);
        for (number, raw) in text.strip_suffix(b"\n").unwrap_or(text).split(|b| *b == b'\n').enumerate() {
            match reader.line(raw) {
                Line::Nothing => report.skipped += 1,
                Line::Refused(why) => {
                    let text = String::from_utf8_lossy(raw).trim().chars().take(80).collect();
                    report.refused.push(Refusal { line: number + 1, text, why });
                }
                Line::Entries(entries) => {
                    report.accepted += 1;
                    for entry in entries {
                        let source = match entry.category.as_deref().filter(|_| by_line) {
                            Some(category) => self.source_of_line(&place.list, category, &mut report.codes),
                            None => source,
                        };
                        self.push(source, &entry);
                    }
                }
            }
        }
        report
    }

    /// The source of a line that says itself what it is about.
    fn source_of_line(&mut self, list: &str, category: &str, seen: &mut Vec<String>) -> u32 {
        let codes = self.codes.for_category(category);
        for code in &codes {
            if !seen.contains(code) {
                seen.push(code.clone());
            }
        }
        let name: String = category.chars().filter(|c| !c.is_control()).take(NAME_LIMIT_LETTERS).collect();
        self.source(&format!("{list}/{name}"), &codes)
    }

    fn source(&mut self, list: &str, codes: &[String]) -> u32 {
        let next = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.entry(list.to_owned()).or_insert_with(|| (next, codes.to_vec())).0
    }

    fn push(&mut self, source: u32, entry: &reader::Entry) {
        let key = reversed(&entry.host);
        match &entry.path {
            None => self.hosts.push([&key, ""], source),
            Some(path) => self.urls.push([&key, path], source),
        }
    }

    /// The list file: one base segment.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let sources = self.by_number();
        for names in [&mut self.hosts, &mut self.urls] {
            names.close_run();
        }
        let combined = Combined::of(&sources, [&self.hosts, &self.urls]);
        let index = |names: Names| combined.index(&names);
        // What was merged is let go before the next is, so that nothing stands in memory three times.
        let hosts = index(std::mem::take(&mut self.hosts));
        let urls = index(std::mem::take(&mut self.urls));
        file::write_base(&self.name, &combined.table, hosts, urls)
    }

    /// A list file that holds all of `base` and one more delta segment, after which it answers as if it had been built
    /// from this builder's files alone. Far smaller to pass on than a new base when little changed.
    ///
    /// # Errors
    /// [`ListsError`] if `base` is not a good list file, or has as many segments as a file may have.
    pub fn finish_delta(mut self, base: &[u8]) -> Result<Vec<u8>, ListsError> {
        let held: Held = Arc::new(base.to_vec());
        let (_, segments) = file::open(&held)?;
        let count = u32::try_from(segments.len()).unwrap_or(u32::MAX);
        if count >= SEGMENTS_LIMIT {
            return Err(ListsError::Malformed("no room for another delta"));
        }
        let old = Lists::open(base.to_vec())?;
        let sources = self.by_number();
        for names in [&mut self.hosts, &mut self.urls] {
            names.close_run();
        }
        let hosts = changed(old.entries(|segment| &segment.hosts), &self.hosts, &sources);
        let urls = changed(old.entries(|segment| &segment.urls), &self.urls, &sources);
        let mut body = base.get(HEADER_BYTES..).unwrap_or_default().to_vec();
        body.extend_from_slice(&segment(1, &self.name, &hosts, &urls));
        Ok(file::write_file(count + 1, &body))
    }

    fn by_number(&self) -> Vec<Source> {
        let mut by_number: Vec<Source> = vec![Source { list: String::new(), codes: Vec::new() }; self.sources.len()];
        for (list, (number, codes)) in &self.sources {
            if let Some(slot) = usize::try_from(*number).ok().and_then(|number| by_number.get_mut(number)) {
                *slot = Source { list: list.clone(), codes: codes.clone() };
            }
        }
        by_number
    }
}

/// The sources behind some numbers, in the order of their names.
fn named(numbers: &[u32], sources: &[Source]) -> Vec<Source> {
    let known = numbers.iter().filter_map(|number| sources.get(usize::try_from(*number).ok()?));
    let mut named: Vec<Source> = known.cloned().collect();
    named.sort();
    named
}

/// The table of a base, and under which number of it each combination of sources stands.
struct Combined {
    table: Table,
    numbers: HashMap<Vec<u32>, u64>,
}

impl Combined {
    fn of(sources: &[Source], all: [&Names; 2]) -> Self {
        let mut counts: HashMap<Vec<u32>, u64> = HashMap::new();
        for names in all {
            names.each(|_, numbers| match counts.get_mut(numbers) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(numbers.to_vec(), 1);
                }
            });
        }
        // Numbers depend on the order in which files were added; names do not.
        let mut by_name: BTreeMap<Vec<Source>, u64> = BTreeMap::new();
        for (numbers, count) in &counts {
            *by_name.entry(named(numbers, sources)).or_default() += count;
        }
        let table = table(by_name.iter().map(|(combination, count)| (combination, *count)).collect());
        let places = places(&table);
        let place = |numbers: &Vec<u32>| places.get(&named(numbers, sources)).copied();
        let numbers = counts.keys().filter_map(|numbers| Some((numbers.clone(), place(numbers)?))).collect();
        Self { table, numbers }
    }

    fn index(&self, names: &Names) -> Vec<u8> {
        let Ok(mut map) = MapBuilder::new(Vec::with_capacity(names.bytes())) else { return Vec::new() };
        names.each(|key, numbers| {
            if let Some(number) = self.numbers.get(numbers) {
                // INVARIANT: keys are sorted and distinct and the memory cannot refuse a write, so this never fails.
                let _ = map.insert(key, *number);
            }
        });
        map.into_inner().unwrap_or_default()
    }
}

/// The lists that name one entry, in order; shared, because few combinations cover all entries.
type Combination = Arc<Vec<Source>>;
/// Keys in order, each with its combination.
type Entries = Vec<(Vec<u8>, Combination)>;

/// What a delta must hold: entries that are new or different, and entries that are gone (without sources).
fn changed(mut old: BTreeMap<Vec<u8>, Vec<Source>>, new: &Names, sources: &[Source]) -> Entries {
    let mut out: Entries = Vec::new();
    let mut known: HashMap<Vec<u32>, Combination> = HashMap::new();
    new.each(|key, numbers| {
        let combination = known.entry(numbers.to_vec()).or_insert_with_key(|numbers| Arc::new(named(numbers, sources)));
        if old.remove(key).as_ref() != Some(combination.as_ref()) {
            out.push((key.to_vec(), Arc::clone(combination)));
        }
    });
    out.extend(old.into_keys().map(|gone| (gone, Combination::default())));
    out.sort();
    out
}

fn segment(kind: u32, name: &str, hosts: &Entries, urls: &Entries) -> Vec<u8> {
    let mut counts: BTreeMap<&Vec<Source>, u64> = BTreeMap::new();
    for (_, combination) in hosts.iter().chain(urls) {
        *counts.entry(combination.as_ref()).or_default() += 1;
    }
    let table = table(counts.into_iter().collect());
    file::write_segment(kind, name, &table, &index(hosts, &table), &index(urls, &table))
}

/// Sources by name; combinations by how often they occur, so that the commonest take the fewest bytes.
fn table(mut counts: Vec<(&Vec<Source>, u64)>) -> Table {
    let mut sources: Vec<Source> = counts.iter().flat_map(|(combination, _)| combination.iter().cloned()).collect();
    sources.sort();
    sources.dedup();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let numbers = |combination: &Vec<Source>| {
        combination.iter().filter_map(|source| sources.binary_search(source).ok()).collect::<Vec<usize>>()
    };
    let combinations = counts.iter().map(|(combination, _)| numbers(combination)).collect();
    Table { sources, combinations }
}

/// Under which number of a table each combination stands.
fn places(table: &Table) -> BTreeMap<Vec<Source>, u64> {
    let combination =
        |places: &Vec<usize>| places.iter().filter_map(|place| table.sources.get(*place)).cloned().collect();
    table.combinations.iter().map(combination).zip(0_u64..).collect()
}

fn index(entries: &Entries, table: &Table) -> Vec<u8> {
    let numbers = places(table);
    let mut map = MapBuilder::memory();
    for (key, combination) in entries {
        if let Some(number) = numbers.get(combination.as_ref()) {
            // INVARIANT: keys are sorted and distinct and the memory cannot refuse a write, so this never fails.
            let _ = map.insert(key, *number);
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
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(NAME_LIMIT_LETTERS).collect::<String>();
        Self { file: file.to_owned(), list: clean(&list), category: clean(category), is_folder }
    }
}
