//! Reading one list file line by line, whatever format it is in, and saying exactly which lines were refused and why.

mod adblock;
mod dns;
mod e2guardian;
mod names;
mod table;
mod zone;

use serde::{Deserialize, Serialize};

use names::{hosts, is_ip, plain};
use table::Table;
use zone::Zone;

/// Longest line of a list file.
pub const LINE_LIMIT_BYTES: usize = 2048;
/// Lines looked at to tell the format.
const DETECT_LIMIT_LINES: usize = 200;

/// The format of a list file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// One host or `host/path` a line; `*.host` and `.host` mean the host.
    Plain,
    /// `0.0.0.0 host`.
    Hosts,
    /// `||host^`.
    Adblock,
    /// `address=/host/` or `local=/host/`.
    Dnsmasq,
    /// `*.host` on every line.
    Wildcard,
    /// A DNS response policy zone: `host CNAME .`.
    Rpz,
    /// A table with a column of names or addresses, and perhaps one of categories.
    Csv,
    /// Regular expressions: named, and not used.
    Expressions,
    /// Phrases with weights, as e2guardian reads them: named, and not used.
    Phrases,
    /// What another filter opens, or treats in another way: named, and not used.
    Exceptions,
    /// A file that holds no entries: a licence, a description.
    NotAList,
}

impl Format {
    /// Files of this kind are refused line by line on purpose.
    #[must_use]
    pub fn is_unused(self) -> bool {
        matches!(self, Self::Expressions | Self::Phrases | Self::Exceptions | Self::NotAList)
    }
}

/// Which columns of a table are read; where nothing is said, the table's first line tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Title of the column of names or addresses, or its number from 1.
    pub name: Option<String>,
    /// The same for the column of categories.
    pub category: Option<String>,
}

/// A line that was not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// From 1.
    pub line: usize,
    /// The start of the line.
    pub text: String,
    pub why: String,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Entries in normal form: `host`, or `host/path`.
    Entries(Vec<Entry>),
    /// A comment, a blank line, or one that every file of its format has and that names nothing.
    Nothing,
    Refused(String),
}

impl Line {
    fn refused(why: &str) -> Self {
        Self::Refused(why.to_owned())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) host: String,
    /// Path and query; none for the whole host.
    pub(super) path: Option<String>,
    /// What this line says that it is about, where a table has a column for it.
    pub(super) category: Option<String>,
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// Entries that would close every site below a public suffix are refused.
    Stranger,
    /// Haven's own starter lists: `nhs.uk` and `police.uk` are public suffixes and are meant as a whole.
    Own,
}

/// Tells the format from the file's name and its first lines. The second value says what is done with the file as a
/// whole, where it is not read as a list; empty otherwise.
pub(super) fn detect(file_name: &str, text: &[u8], columns: &Columns) -> (Format, String) {
    let name = file_name.to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    if let Some(known) = by_name(stem, text) {
        return known;
    }
    if name.ends_with(".csv") || name.ends_with(".tsv") || columns.name.is_some() || table::has_titles(text) {
        return (Format::Csv, String::new());
    }
    let mut votes = [
        (Format::Plain, 0_u32),
        (Format::Wildcard, 0),
        (Format::Hosts, 0),
        (Format::Adblock, 0),
        (Format::Dnsmasq, 0),
        (Format::Rpz, 0),
        (Format::Phrases, 0),
    ];
    let lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !is_comment(line));
    for line in lines.take(DETECT_LIMIT_LINES) {
        let format = format_of(line);
        for (candidate, count) in &mut votes {
            *count += u32::from(*candidate == format);
        }
    }
    // The first of equals stays: plain before all others.
    let format = votes.iter().rev().max_by_key(|(_, count)| *count).map_or(Format::Plain, |(format, _)| *format);
    let note = if format == Format::Phrases { e2guardian::PHRASES } else { "" };
    (format, note.to_owned())
}

/// What a file is that its name tells.
fn by_name(stem: &str, text: &[u8]) -> Option<(Format, String)> {
    match stem {
        "usage" => {
            let says = String::from_utf8_lossy(text);
            let says: Vec<&str> =
                says.lines().map(str::trim).filter(|line| matches!(*line, "black" | "white")).collect();
            let says = if says.is_empty() { "nothing of the kind".to_owned() } else { says.join(" and ") };
            let note = format!(
                "what its maker means the folder for ({says}); not used: your policy says what is closed and what is open"
            );
            Some((Format::NotAList, note))
        }
        "readme" | "license" | "licence" | "copying" | "cc-by-sa-4-0" | "md5sum" | "version" => {
            Some((Format::NotAList, "not a list".to_owned()))
        }
        "expressions" | "very_restrictive_expression" => Some((Format::Expressions, EXPRESSIONS.to_owned())),
        _ => e2guardian::by_name(stem),
    }
}

const EXPRESSIONS: &str = "regular expressions over whole addresses; not used, because a slip in one closes half the web. \
                           What an address carries is judged by Haven's own search words and rules";

fn format_of(line: &[u8]) -> Format {
    let text = String::from_utf8_lossy(line);
    let words: Vec<&str> = text.split_whitespace().take(5).collect();
    if line.starts_with(b"<") && line.ends_with(b">") && !text.contains('/') && !text.contains('=') {
        Format::Phrases
    } else if text.starts_with("||") || text.starts_with("@@") || text.contains("##") {
        Format::Adblock
    } else if ["address=/", "server=/", "local=/"].iter().any(|start| text.starts_with(start)) {
        Format::Dnsmasq
    } else if words.first().copied().is_some_and(is_ip) && words.len() > 1 {
        Format::Hosts
    } else if zone::is_record(&words) {
        Format::Rpz
    } else if text.starts_with("*.") {
        Format::Wildcard
    } else {
        Format::Plain
    }
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.first(), None | Some(b'#' | b'!' | b';'))
}

/// Reads the lines of one file in their order.
pub(super) struct Reader {
    format: Format,
    guard: Guard,
    zone: Zone,
    table: Option<Table>,
}

impl Reader {
    pub(super) fn new(format: Format, guard: Guard, text: &[u8], columns: &Columns) -> Self {
        let table = (format == Format::Csv).then(|| Table::of(text, columns)).flatten();
        Self { format, guard, zone: Zone::default(), table }
    }

    pub(super) fn line(&mut self, raw: &[u8]) -> Line {
        let line = raw.trim_ascii();
        if self.format == Format::NotAList || is_comment(line) {
            return Line::Nothing;
        }
        if line.len() > LINE_LIMIT_BYTES {
            return Line::Refused(format!("the line is longer than {LINE_LIMIT_BYTES} bytes"));
        }
        match self.format {
            Format::NotAList => Line::Nothing,
            Format::Expressions => {
                Line::refused("a regular expression over whole addresses; Haven uses exact entries only")
            }
            Format::Phrases => Line::refused("a phrase with a weight; Haven weighs words by its own word packs"),
            Format::Exceptions => Line::refused(e2guardian::EXCEPTION_LINE),
            Format::Plain | Format::Wildcard => one(plain(line, self.guard)),
            Format::Hosts => hosts(line, self.guard),
            Format::Adblock => adblock::line(line, self.guard),
            Format::Dnsmasq => dns::dnsmasq(line, self.guard),
            Format::Rpz => self.zone.line(raw, self.guard),
            Format::Csv => match &mut self.table {
                Some(table) => table.line(line, self.guard),
                None => Line::refused(table::NO_COLUMN),
            },
        }
    }
}

fn one(entry: Result<Entry, String>) -> Line {
    match entry {
        Ok(entry) => Line::Entries(vec![entry]),
        Err(why) => Line::Refused(why),
    }
}

fn text_of(raw: &[u8]) -> Result<&str, Line> {
    std::str::from_utf8(raw).map_err(|_| Line::refused("the line is not UTF-8"))
}
