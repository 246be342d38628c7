//! The list file: a header with a digest, then a base segment and any number of deltas, each an exact index of its own.
//!
//! ```text
//! header   magic 8 | version u32 | segments u32 | body length u64 | SHA-256 of the body 32 | zero 8      (little endian)
//! segment  kind u32 (0 base, 1 delta) | four sections, each: length u64, bytes
//!            name    UTF-8
//!            table   lines `S<TAB>list<TAB>code,code` and `C<TAB>source,source`
//!            hosts   fst: reversed labels (`test.library`) -> number of a C line
//!            urls    fst: reversed labels, then the path -> number of a C line
//! ```
//! In a delta, a name replaces what older segments say of it; a C line without sources takes the name off the lists.

use std::ops::Range;
use std::sync::Arc;

use fst::raw::Fst;
use sha2::{Digest, Sha256};
use thiserror::Error;

pub(super) const MAGIC: &[u8; 8] = b"HAVENLST";
pub(super) const VERSION: u32 = 1;
pub(super) const HEADER_BYTES: usize = 64;
/// Most segments in one file; past this the base is to be built afresh.
pub const SEGMENTS_LIMIT: u32 = 64;
/// Bytes of the kind and of the lengths of a segment's sections.
const SECTION_HEADS_BYTES: usize = 4 + 4 * 8;
/// Longest name of a list, a code or a segment.
const NAME_LIMIT_BYTES: usize = 512;

/// Why a list file cannot be used. The snapshot in force stays.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ListsError {
    #[error("this is not a list file made by 'haven lists build'")]
    NotAListFile,
    #[error("the list file has format {0}, and this Haven reads format {VERSION}; build it again")]
    OtherVersion(u32),
    #[error("the list file ends too early or has bytes after its end; copy or build it again")]
    WrongLength,
    #[error("the list file was altered or damaged: its digest does not fit; copy or build it again")]
    WrongDigest,
    #[error("the list file is not well formed ({0}); build it again")]
    Malformed(&'static str),
}

/// Whatever holds the bytes: a mapped file or memory.
pub(super) type Held = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A range of the held bytes.
#[derive(Clone)]
pub(super) struct Slice {
    held: Held,
    range: Range<usize>,
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        (*self.held).as_ref().get(self.range.clone()).unwrap_or_default()
    }
}

/// A list that names came from, and the codes it stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    pub(super) list: String,
    pub(super) codes: Vec<String>,
}

/// The sources, and the combinations of them that names have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) sources: Vec<Source>,
    pub(super) combinations: Vec<Vec<usize>>,
}

impl Table {
    pub(super) fn write(&self) -> String {
        let mut text = String::new();
        for source in &self.sources {
            text.push_str(&format!("S\t{}\t{}\n", source.list, source.codes.join(",")));
        }
        for combination in &self.combinations {
            let numbers: Vec<String> = combination.iter().map(usize::to_string).collect();
            text.push_str(&format!("C\t{}\n", numbers.join(",")));
        }
        text
    }

    fn read(text: &str) -> Option<Self> {
        let mut table = Self::default();
        for line in text.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            match cells.as_slice() {
                ["S", list, codes] if list.len() <= NAME_LIMIT_BYTES && codes.len() <= NAME_LIMIT_BYTES => {
                    let codes = codes.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect();
                    table.sources.push(Source { list: (*list).to_owned(), codes });
                }
                ["C", numbers] => {
                    let combination: Vec<usize> = numbers
                        .split(',')
                        .filter(|number| !number.is_empty())
                        .map(|number| number.parse().ok().filter(|number| *number < table.sources.len()))
                        .collect::<Option<_>>()?;
                    table.combinations.push(combination);
                }
                _ => return None,
            }
        }
        Some(table)
    }
}

/// One segment, opened.
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) table: Table,
    pub(super) hosts: Fst<Slice>,
    pub(super) urls: Fst<Slice>,
}

/// Checks and opens a whole file. Gives its digest in hexadecimal and its segments, oldest first.
pub(super) fn open(held: &Held) -> Result<(String, Vec<Segment>), ListsError> {
    let bytes = (**held).as_ref();
    let mut header = Cursor { bytes, at: 0 };
    if header.take(MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(ListsError::NotAListFile);
    }
    let version = header.u32().ok_or(ListsError::WrongLength)?;
    if version != VERSION {
        return Err(ListsError::OtherVersion(version));
    }
    let segments = header.u32().ok_or(ListsError::WrongLength)?;
    let length = header.u64().ok_or(ListsError::WrongLength)?;
    let digest = header.take(32).ok_or(ListsError::WrongLength)?;
    let zero = header.take(8).ok_or(ListsError::WrongLength)?;
    let body = bytes.get(HEADER_BYTES..).ok_or(ListsError::WrongLength)?;
    if u64::try_from(body.len()) != Ok(length) {
        return Err(ListsError::WrongLength);
    }
    if Sha256::digest(body).as_slice() != digest || zero != [0; 8] {
        return Err(ListsError::WrongDigest);
    }
    if segments == 0 || segments > SEGMENTS_LIMIT {
        return Err(ListsError::Malformed("number of segments"));
    }
    let mut cursor = Cursor { bytes, at: HEADER_BYTES };
    let opened = (0..segments).map(|number| segment(held, &mut cursor, number)).collect::<Result<Vec<_>, _>>()?;
    if cursor.at != bytes.len() {
        return Err(ListsError::Malformed("bytes after the last segment"));
    }
    Ok((hex::encode(digest), opened))
}

fn segment(held: &Held, cursor: &mut Cursor<'_>, number: u32) -> Result<Segment, ListsError> {
    let kind = cursor.u32().ok_or(ListsError::Malformed("segment"))?;
    if kind != u32::from(number > 0) {
        return Err(ListsError::Malformed("the first segment must be a base and all others deltas"));
    }
    let mut section = || cursor.section().ok_or(ListsError::Malformed("length of a section"));
    let (name, table, hosts, urls) = (section()?, section()?, section()?, section()?);
    let slice = |range: Range<usize>| Slice { held: Arc::clone(held), range };
    let text = |range| String::from_utf8(slice(range).as_ref().to_vec());
    let index = |range| Fst::new(slice(range)).map_err(|_| ListsError::Malformed("index"));
    let name = text(name).ok().filter(|name| name.len() <= NAME_LIMIT_BYTES).ok_or(ListsError::Malformed("name"))?;
    let table = text(table).ok().and_then(|text| Table::read(&text)).ok_or(ListsError::Malformed("table"))?;
    let (hosts, urls) = (index(hosts)?, index(urls)?);
    for fst in [&hosts, &urls] {
        fst.verify().map_err(|_| ListsError::Malformed("index"))?;
    }
    Ok(Segment { name, table, hosts, urls })
}

/// A segment as bytes.
pub(super) fn write_segment(kind: u32, name: &str, table: &Table, hosts: &[u8], urls: &[u8]) -> Vec<u8> {
    let mut out = kind.to_le_bytes().to_vec();
    for section in [name.as_bytes(), table.write().as_bytes(), hosts, urls] {
        // INVARIANT: a length in memory always fits 64 bits.
        out.extend_from_slice(&u64::try_from(section.len()).unwrap_or(u64::MAX).to_le_bytes());
        out.extend_from_slice(section);
    }
    out
}

/// A whole file of one base segment. Each part is let go as soon as it is written, because it may be large.
pub(super) fn write_base(name: &str, table: &Table, hosts: Vec<u8>, urls: Vec<u8>) -> Vec<u8> {
    let table = table.write();
    let room = HEADER_BYTES + name.len() + table.len() + hosts.len() + urls.len() + SECTION_HEADS_BYTES;
    let mut out = Vec::with_capacity(room);
    out.resize(HEADER_BYTES, 0);
    out.extend_from_slice(&0_u32.to_le_bytes());
    for section in [name.as_bytes().to_vec(), table.into_bytes(), hosts, urls] {
        // INVARIANT: a length in memory always fits 64 bits.
        out.extend_from_slice(&u64::try_from(section.len()).unwrap_or(u64::MAX).to_le_bytes());
        out.extend_from_slice(&section);
    }
    let head = header(1, out.get(HEADER_BYTES..).unwrap_or_default());
    if let Some(place) = out.get_mut(..HEADER_BYTES) {
        place.copy_from_slice(&head);
    }
    out
}

/// Puts the header before a body of segments.
pub(super) fn write_file(segments: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + body.len());
    out.extend_from_slice(&header(segments, body));
    out.extend_from_slice(body);
    out
}

fn header(segments: u32, body: &[u8]) -> [u8; HEADER_BYTES] {
    let mut head = [0; HEADER_BYTES];
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX).to_le_bytes();
    let digest = Sha256::digest(body);
    let (version, count) = (VERSION.to_le_bytes(), segments.to_le_bytes());
    let parts = MAGIC.iter().chain(&version).chain(&count).chain(&length).chain(digest.iter());
    for (to, from) in head.iter_mut().zip(parts) {
        *to = *from;
    }
    head
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn section(&mut self) -> Option<Range<usize>> {
        let length = usize::try_from(self.u64()?).ok()?;
        let from = self.at;
        self.take(length)?;
        Some(from..self.at)
    }
}
