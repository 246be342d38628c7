//! Asking the compiled lists about one address.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use fst::Streamer;
use fst::raw::{Fst, Node};
use serde::Serialize;

use super::file::{self, Held, ListsError, Segment, Slice};
use crate::address::{Address, host_chain};

/// One list that names an address or something above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The entry as the list has it, in normal form: `library.test` or `library.test/games`.
    pub entry: String,
    /// Codes of the core vocabulary, or the list's own name for its category.
    pub codes: Vec<String>,
    pub list: String,
}

/// An opened and checked list file: exact, a base with its deltas.
pub struct Lists {
    /// SHA-256 of the file's body, in hexadecimal.
    pub digest: String,
    /// What the builder called it.
    pub name: String,
    bytes: usize,
    /// Oldest first.
    segments: Vec<Segment>,
}

/// What is in a list file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListsStat {
    /// Distinct host names.
    pub names: u64,
    /// Distinct `host/path` entries.
    pub urls: u64,
    /// Entries that carry each code, by code.
    pub codes: Vec<(String, u64)>,
    /// Size of the file.
    pub bytes: u64,
    pub segments: u64,
    /// Entries that came from each list, by list; an entry on two lists counts for both.
    pub built_from: Vec<(String, u64)>,
}

impl Lists {
    /// Checks a list file (digest, every length) and opens it. The bytes may be a mapped file.
    ///
    /// # Errors
    /// [`ListsError`] if it is not a whole, unaltered list file of this version.
    pub fn open(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self, ListsError> {
        let held: Held = Arc::new(bytes);
        let (digest, segments) = file::open(&held)?;
        let name = segments.first().map(|segment| segment.name.clone()).unwrap_or_default();
        Ok(Self { digest, name, bytes: (*held).as_ref().len(), segments })
    }

    /// Lists without an entry.
    #[must_use]
    pub fn empty() -> Self {
        Self { digest: String::new(), name: "no lists".to_owned(), bytes: 0, segments: Vec::new() }
    }

    /// All lists that name a host (in normal form) or a name above it, most specific first.
    #[must_use]
    pub fn lookup_host(&self, host: &str) -> Vec<Hit> {
        let mut found: Vec<(usize, &Segment, u64)> = Vec::new();
        for segment in self.segments.iter().rev() {
            walk_host(&segment.hosts, host, |bytes, value| {
                // A newer segment has the last word on a name.
                if found.iter().all(|(known, _, _)| *known != bytes) {
                    found.push((bytes, segment, value));
                }
            });
        }
        found.sort_by_key(|(bytes, _, _)| std::cmp::Reverse(*bytes));
        let mut hits = Vec::new();
        for (bytes, segment, value) in found {
            let entry = host.get(host.len().saturating_sub(bytes)..).unwrap_or(host);
            push_hits(&mut hits, segment, value, entry);
        }
        hits
    }

    /// All lists that name an address: `host/path` entries first, then its host, most specific first. For a tunnel only
    /// the host counts.
    #[must_use]
    pub fn lookup(&self, address: &Address) -> Vec<Hit> {
        let mut hits = if address.scheme() == "connect" { Vec::new() } else { self.lookup_path(address) };
        hits.extend(self.lookup_host(address.host()));
        hits
    }

    fn lookup_path(&self, address: &Address) -> Vec<Hit> {
        let host = bare_host(address.host());
        let mut found: Vec<(usize, &Segment, u64)> = Vec::new();
        for segment in self.segments.iter().rev() {
            walk_path(&segment.urls, host, address, |bytes, value| {
                if found.iter().all(|(known, _, _)| *known != bytes) {
                    found.push((bytes, segment, value));
                }
            });
        }
        found.sort_by_key(|(bytes, _, _)| std::cmp::Reverse(*bytes));
        let mut hits = Vec::new();
        for (bytes, segment, value) in found {
            let path: String = path_bytes(address).take(bytes).map(char::from).collect();
            push_hits(&mut hits, segment, value, &format!("{host}{path}"));
        }
        hits
    }

    /// A few host names of each code, in the order of the index: what a check of the running filter asks for (F16).
    #[must_use]
    pub fn some_names(&self, most: usize) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (place, segment) in self.segments.iter().enumerate() {
            let newer = self.segments.get(place + 1..).unwrap_or_default();
            let mut codes: BTreeMap<u64, Vec<String>> = BTreeMap::new();
            let mut stream = segment.hosts.stream();
            while let Some((key, value)) = stream.next() {
                let codes = codes.entry(value.value()).or_insert_with(|| {
                    sources(segment, value.value()).into_iter().flat_map(|source| source.codes.clone()).collect()
                });
                codes.retain(|code| found.get(code).is_none_or(|names| names.len() < most));
                if codes.is_empty() || newer.iter().any(|segment| segment.hosts.contains_key(key)) {
                    continue;
                }
                let Ok(host) = std::str::from_utf8(key) else { continue };
                for code in codes.iter() {
                    found.entry(code.clone()).or_default().push(reversed(host));
                }
            }
        }
        found
    }

    /// Counts everything by reading the whole index once.
    #[must_use]
    pub fn stat(&self) -> ListsStat {
        let mut codes = BTreeMap::new();
        let mut lists = BTreeMap::new();
        let names = self.count(|segment| &segment.hosts, &mut codes, &mut lists);
        let urls = self.count(|segment| &segment.urls, &mut codes, &mut lists);
        ListsStat {
            names,
            urls,
            codes: codes.into_iter().collect(),
            bytes: u64::try_from(self.bytes).unwrap_or(u64::MAX),
            segments: u64::try_from(self.segments.len()).unwrap_or(u64::MAX),
            built_from: lists.into_iter().collect(),
        }
    }

    fn count(
        &self,
        index: fn(&Segment) -> &Fst<Slice>,
        codes: &mut BTreeMap<String, u64>,
        lists: &mut BTreeMap<String, u64>,
    ) -> u64 {
        let mut names = 0;
        for (place, segment) in self.segments.iter().enumerate() {
            let newer = self.segments.get(place + 1..).unwrap_or_default();
            let per_value = per_value_counts(index(segment), |key| newer.iter().any(|s| index(s).contains_key(key)));
            for (value, count) in per_value {
                let hits = sources(segment, value);
                names += if hits.is_empty() { 0 } else { count };
                let mut seen: Vec<&String> = hits.iter().flat_map(|source| &source.codes).collect();
                seen.sort();
                seen.dedup();
                for code in seen {
                    *codes.entry(code.clone()).or_default() += count;
                }
                for source in hits {
                    *lists.entry(source.list.clone()).or_default() += count;
                }
            }
        }
        names
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Every entry with the lists and codes it has, in the order of the index. For differences and deltas.
    pub(super) fn entries(&self, index: fn(&Segment) -> &Fst<Slice>) -> BTreeMap<Vec<u8>, Vec<file::Source>> {
        let mut all = BTreeMap::new();
        for segment in &self.segments {
            let mut stream = index(segment).stream();
            while let Some((key, value)) = stream.next() {
                let sources: Vec<file::Source> = sources(segment, value.value()).into_iter().cloned().collect();
                if sources.is_empty() {
                    all.remove(key);
                } else {
                    all.insert(key.to_vec(), sources);
                }
            }
        }
        all
    }
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lists").field("name", &self.name).field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// A host without `www.`: list makers write `host/path` entries with and without it and mean the same.
pub(super) fn bare_host(host: &str) -> &str {
    match host.strip_prefix("www.") {
        Some(rest) if rest.contains('.') => rest,
        _ => host,
    }
}

fn per_value_counts(fst: &Fst<Slice>, replaced: impl Fn(&[u8]) -> bool) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    let mut stream = fst.stream();
    while let Some((key, value)) = stream.next() {
        if !replaced(key) {
            *counts.entry(value.value()).or_default() += 1;
        }
    }
    counts
}

pub(super) fn sources(segment: &Segment, value: u64) -> Vec<&file::Source> {
    let combination = usize::try_from(value).ok().and_then(|value| segment.table.combinations.get(value));
    combination.into_iter().flatten().filter_map(|number| segment.table.sources.get(*number)).collect()
}

fn push_hits(hits: &mut Vec<Hit>, segment: &Segment, value: u64, entry: &str) {
    for source in sources(segment, value) {
        hits.push(Hit { entry: entry.to_owned(), codes: source.codes.clone(), list: source.list.clone() });
    }
}

/// A position in an index, reached byte by byte.
struct Walk<'f> {
    fst: &'f Fst<Slice>,
    node: Node<'f>,
    sum: u64,
}

impl<'f> Walk<'f> {
    fn new(fst: &'f Fst<Slice>) -> Self {
        Self { fst, node: fst.root(), sum: 0 }
    }

    fn step(&mut self, byte: u8) -> bool {
        let Some(place) = self.node.find_input(byte) else { return false };
        let transition = self.node.transition(place);
        self.sum = self.sum.saturating_add(transition.out.value());
        self.node = self.fst.node(transition.addr);
        true
    }

    fn value(&self) -> Option<u64> {
        self.node.is_final().then(|| self.sum.saturating_add(self.node.final_output().value()))
    }
}

/// Calls `found` with the length in bytes of each suffix of the host that is in the index. Allocates nothing.
fn walk_host<'f>(fst: &'f Fst<Slice>, host: &str, mut found: impl FnMut(usize, u64)) -> Option<Walk<'f>> {
    let mut walk = Walk::new(fst);
    let mut bytes = 0_usize;
    for label in host.rsplit('.') {
        if bytes > 0 {
            if !walk.step(b'.') {
                return None;
            }
            bytes += 1;
        }
        for byte in label.bytes() {
            if !walk.step(byte) {
                return None;
            }
        }
        bytes += label.len();
        if let Some(value) = walk.value() {
            found(bytes, value);
        }
    }
    Some(walk)
}

/// Calls `found` with the length in bytes of each prefix of path and query that is in the index under this host.
fn walk_path(fst: &Fst<Slice>, host: &str, address: &Address, mut found: impl FnMut(usize, u64)) {
    let Some(mut walk) = walk_host(fst, host, |_, _| {}) else { return };
    let mut bytes = path_bytes(address).enumerate().peekable();
    while let Some((place, byte)) = bytes.next() {
        if !walk.step(byte) {
            return;
        }
        let at_boundary = bytes.peek().is_none_or(|(_, next)| matches!(next, b'/' | b'?' | b'&' | b';'));
        if at_boundary && let Some(value) = walk.value() {
            found(place + 1, value);
        }
    }
}

pub(super) fn path_bytes(address: &Address) -> impl Iterator<Item = u8> {
    let query = address.query();
    address.path().bytes().chain(query.map(|_| b'?')).chain(query.unwrap_or_default().bytes())
}

/// The first part of an index key: labels from the right, `test.library.www`.
pub(super) fn reversed(host: &str) -> String {
    let labels: Vec<&str> = host.rsplit('.').collect();
    labels.join(".")
}

/// The names of a chain, for callers that keep their own small maps.
pub(crate) fn chain(address: &Address) -> impl Iterator<Item = &str> {
    host_chain(address.host(), address.ip().is_some())
}
