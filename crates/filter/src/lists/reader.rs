//! Reading one list file line by line, whatever format it is in, and saying exactly which lines were refused and why.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::index::bare_host;
use crate::address::{Address, normal_host};

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
    /// `address=/host/` or `server=/host/`.
    Dnsmasq,
    /// Regular expressions: named, and not used.
    Expressions,
    /// A file that holds no entries: a licence, a description.
    NotAList,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) host: String,
    /// Path and query; none for the whole host.
    pub(super) path: Option<String>,
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// Entries that would close every site below a public suffix are refused.
    Stranger,
    /// Haven's own starter lists: `nhs.uk` and `police.uk` are public suffixes and are meant as a whole.
    Own,
}

/// Names that every hosts file carries for the computer itself.
const OWN_NAMES: &[&str] = &[
    "localhost",
    "localhost.localdomain",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-allhosts",
    "0.0.0.0",
];

/// Tells the format from the file's name and its first lines.
pub(super) fn detect(file_name: &str, text: &[u8]) -> Format {
    let name = file_name.to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    match stem {
        "usage" | "readme" | "license" | "licence" | "copying" | "cc-by-sa-4-0" | "md5sum" | "version" => {
            return Format::NotAList;
        }
        "expressions" | "very_restrictive_expression" => return Format::Expressions,
        _ => {}
    }
    let mut votes = [(Format::Plain, 0_u32), (Format::Hosts, 0), (Format::Adblock, 0), (Format::Dnsmasq, 0)];
    let lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !is_comment(line));
    for line in lines.take(DETECT_LIMIT_LINES) {
        let format = format_of(line);
        for (candidate, count) in &mut votes {
            *count += u32::from(*candidate == format);
        }
    }
    // The first of equals stays: plain before all others.
    votes.iter().rev().max_by_key(|(_, count)| *count).map_or(Format::Plain, |(format, _)| *format)
}

fn format_of(line: &[u8]) -> Format {
    let text = String::from_utf8_lossy(line);
    if text.starts_with("||") || text.starts_with("@@") || text.contains("##") {
        Format::Adblock
    } else if text.starts_with("address=/") || text.starts_with("server=/") || text.starts_with("local=/") {
        Format::Dnsmasq
    } else if text.split_whitespace().next().is_some_and(is_ip) && text.split_whitespace().count() > 1 {
        Format::Hosts
    } else {
        Format::Plain
    }
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.first(), None | Some(b'#' | b'!' | b';'))
}

fn is_ip(word: &str) -> bool {
    word.parse::<IpAddr>().is_ok()
}

/// Reads one line of a file of the given format.
pub(super) fn read_line(format: Format, guard: Guard, raw: &[u8]) -> Line {
    let raw = raw.trim_ascii();
    if format == Format::NotAList || is_comment(raw) {
        return Line::Nothing;
    }
    if raw.len() > LINE_LIMIT_BYTES {
        return Line::Refused(format!("the line is longer than {LINE_LIMIT_BYTES} bytes"));
    }
    match format {
        Format::NotAList => Line::Nothing,
        Format::Expressions => {
            Line::Refused("a regular expression over whole addresses; Haven uses exact entries only".to_owned())
        }
        Format::Plain => one(plain(raw, guard)),
        Format::Hosts => hosts(raw, guard),
        Format::Adblock => adblock(raw, guard),
        Format::Dnsmasq => dnsmasq(raw, guard),
    }
}

fn one(entry: Result<Entry, String>) -> Line {
    match entry {
        Ok(entry) => Line::Entries(vec![entry]),
        Err(why) => Line::Refused(why),
    }
}

fn plain(raw: &[u8], guard: Guard) -> Result<Entry, String> {
    let without_note = raw.split(|b| matches!(b, b' ' | b'\t')).next().unwrap_or_default();
    let rest = raw.get(without_note.len()..).unwrap_or_default().trim_ascii_start();
    if !rest.is_empty() && !rest.starts_with(b"#") {
        return Err("more than one word on the line".to_owned());
    }
    let text = strip_any(without_note, &[b"http://", b"https://"]);
    let text = strip_any(text, &[b"*.", b"."]);
    let end = text.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(text.len());
    let (authority, path) = (text.get(..end).unwrap_or_default(), text.get(end..).unwrap_or_default());
    let authority = std::str::from_utf8(authority).map_err(|_| "the host is not UTF-8".to_owned())?;
    let address = Address::from_raw_parts("http", authority, path).map_err(|error| error.to_string())?;
    entry(&address, guard)
}

fn strip_any<'a>(text: &'a [u8], prefixes: &[&[u8]]) -> &'a [u8] {
    prefixes.iter().find_map(|prefix| text.strip_prefix(*prefix)).unwrap_or(text)
}

fn entry(address: &Address, guard: Guard) -> Result<Entry, String> {
    let mut path = address.path().trim_end_matches('/').to_owned();
    if let Some(query) = address.query() {
        if path.is_empty() {
            path.push('/');
        }
        path.push('?');
        path.push_str(query);
    }
    if path.is_empty() {
        return host_entry(address.host(), guard);
    }
    // A path below a public suffix or the reader's own machine is as wrong as the whole of it.
    host_entry(address.host(), guard)?;
    Ok(Entry { host: bare_host(address.host()).to_owned(), path: Some(path) })
}

/// A whole host as an entry, unless that would close far more than one site.
fn host_entry(host: &str, guard: Guard) -> Result<Entry, String> {
    let (host, ip) = normal_host(host).map_err(|error| error.to_string())?;
    if ip.is_some_and(is_own_machine) || OWN_NAMES.contains(&host.as_str()) {
        return Err("it names the reader's own computer".to_owned());
    }
    if guard == Guard::Stranger && ip.is_none() && is_public_suffix(&host) {
        return Err("it is a public suffix: every site below it would be meant".to_owned());
    }
    Ok(Entry { host, path: None })
}

fn is_own_machine(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

/// Whether a host is a top-level name or a registry's suffix such as `co.uk`. Suffixes of companies (`github.io`) are
/// sites of theirs, and lists may name them.
fn is_public_suffix(host: &str) -> bool {
    let Some(suffix) = psl::suffix(host.as_bytes()) else { return true };
    let is_whole = suffix.as_bytes() == host.as_bytes();
    is_whole && suffix.typ() != Some(psl::Type::Private)
}

fn hosts(raw: &[u8], guard: Guard) -> Line {
    let Ok(text) = std::str::from_utf8(raw) else { return Line::Refused("the line is not UTF-8".to_owned()) };
    let text = text.split('#').next().unwrap_or_default();
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else { return Line::Nothing };
    if !is_ip(first) {
        // Hosts files often end in a run of bare names.
        return if words.next().is_none() {
            one(host_entry(first, guard))
        } else {
            Line::Refused(format!("'{first}' is not an IP address"))
        };
    }
    let mut entries = Vec::new();
    for word in words.filter(|word| !OWN_NAMES.contains(word)) {
        match host_entry(word, guard) {
            Ok(entry) => entries.push(entry),
            Err(why) => return Line::Refused(why),
        }
    }
    if entries.is_empty() { Line::Nothing } else { Line::Entries(entries) }
}

fn adblock(raw: &[u8], guard: Guard) -> Line {
    let Ok(text) = std::str::from_utf8(raw) else { return Line::Refused("the line is not UTF-8".to_owned()) };
    if text.starts_with('[') && text.ends_with(']') {
        return Line::Nothing;
    }
    let Some(rule) = text.strip_prefix("||") else {
        return Line::Refused("only rules for whole hosts (||host^) are used".to_owned());
    };
    match rule.split_once('^') {
        Some((host, "" | "|")) => one(host_entry(host.strip_prefix("*.").unwrap_or(host), guard)),
        Some((_, options)) if options.starts_with('$') => {
            Line::Refused("rules with options ($...) are not used: they hold for parts of pages only".to_owned())
        }
        _ => Line::Refused("only rules for whole hosts (||host^) are used".to_owned()),
    }
}

fn dnsmasq(raw: &[u8], guard: Guard) -> Line {
    let Ok(text) = std::str::from_utf8(raw) else { return Line::Refused("the line is not UTF-8".to_owned()) };
    let rest = ["address=/", "server=/", "local=/"].iter().find_map(|start| text.strip_prefix(start));
    let Some((names, _)) = rest.and_then(|rest| rest.rsplit_once('/')) else {
        return Line::Refused("only address=/host/ and server=/host/ are used".to_owned());
    };
    let mut entries = Vec::new();
    for name in names.split('/') {
        match host_entry(name.strip_prefix('.').unwrap_or(name), guard) {
            Ok(entry) => entries.push(entry),
            Err(why) => return Line::Refused(why),
        }
    }
    Line::Entries(entries)
}
