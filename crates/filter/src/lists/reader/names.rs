//! Names and addresses one a line, hosts files, and what no list may close, whatever format it is in.

use std::net::IpAddr;

use super::super::guard::is_shared_part;
use super::super::index::bare_host;
use super::{Entry, Guard, Line, e2guardian, one, text_of};
use crate::address::{Address, normal_host};

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

pub(super) fn is_ip(word: &str) -> bool {
    word.parse::<IpAddr>().is_ok()
}

/// Whether an answer of a name service or hosts file closes a name: it leads nowhere, or to the asker's own computer.
pub(super) fn leads_nowhere(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

/// A host, `host/path` or whole address; `*.host` and `.host` mean the host.
pub(super) fn plain(raw: &[u8], guard: Guard) -> Result<Entry, String> {
    let without_note = raw.split(|b| matches!(b, b' ' | b'\t')).next().unwrap_or_default();
    let rest = raw.get(without_note.len()..).unwrap_or_default().trim_ascii_start();
    if let Some(why) = e2guardian::directive(raw) {
        return Err(why.to_owned());
    }
    if !rest.is_empty() && !rest.starts_with(b"#") {
        return Err("more than one word on the line".to_owned());
    }
    let text = strip_any(without_note, &[b"http://", b"https://"]);
    let text = strip_any(text, &[b"*.", b"."]);
    let end = text.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(text.len());
    let (authority, path) = (text.get(..end).unwrap_or_default(), text.get(end..).unwrap_or_default());
    let authority = std::str::from_utf8(authority).map_err(|_| "the host is not UTF-8".to_owned())?;
    no_star(authority)?;
    let address = Address::from_raw_parts("http", authority, path).map_err(|error| error.to_string())?;
    entry(&address, guard)
}

fn strip_any<'a>(text: &'a [u8], prefixes: &[&[u8]]) -> &'a [u8] {
    prefixes.iter().find_map(|prefix| text.strip_prefix(*prefix)).unwrap_or(text)
}

fn no_star(host: &str) -> Result<(), String> {
    if host.contains('*') {
        return Err("a star may stand only in front, as *.host: Haven uses exact names and all below them".to_owned());
    }
    Ok(())
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
    if guard == Guard::Stranger && is_shared_part(address.host(), &path) {
        return Err(
            "everybody goes through this part of the site: all its links, searches or files would be meant".to_owned()
        );
    }
    Ok(Entry { host: bare_host(address.host()).to_owned(), path: Some(path), category: None })
}

/// A whole host as an entry, unless that would close far more than one site.
pub(super) fn host_entry(host: &str, guard: Guard) -> Result<Entry, String> {
    no_star(host)?;
    let (host, ip) = normal_host(host).map_err(|error| error.to_string())?;
    if ip.is_some_and(leads_nowhere) || OWN_NAMES.contains(&host.as_str()) {
        return Err("it names the reader's own computer".to_owned());
    }
    if guard == Guard::Stranger && ip.is_none() && is_public_suffix(&host) {
        return Err("it is a public suffix: every site below it would be meant".to_owned());
    }
    Ok(Entry { host, path: None, category: None })
}

/// Whether a host is a top-level name or a registry's suffix such as `co.uk`. Suffixes of companies (`github.io`) are
/// sites of theirs, and lists may name them.
fn is_public_suffix(host: &str) -> bool {
    let Some(suffix) = psl::suffix(host.as_bytes()) else { return true };
    let is_whole = suffix.as_bytes() == host.as_bytes();
    is_whole && suffix.typ() != Some(psl::Type::Private)
}

/// `0.0.0.0 host host`. A line that leads a name to a real computer elsewhere does not close it.
pub(super) fn hosts(raw: &[u8], guard: Guard) -> Line {
    let text = match text_of(raw) {
        Ok(text) => text.split('#').next().unwrap_or_default(),
        Err(refused) => return refused,
    };
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else { return Line::Nothing };
    let Ok(to) = first.parse::<IpAddr>() else {
        // Hosts files often end in a run of bare names.
        return if words.next().is_none() {
            one(host_entry(first, guard))
        } else {
            Line::Refused(format!("'{first}' is not an IP address"))
        };
    };
    let mut entries = Vec::new();
    for word in words.filter(|word| !OWN_NAMES.contains(word)) {
        if !leads_nowhere(to) {
            return Line::Refused(leads_elsewhere(first));
        }
        match host_entry(word, guard) {
            Ok(entry) => entries.push(entry),
            Err(why) => return Line::Refused(why),
        }
    }
    if entries.is_empty() { Line::Nothing } else { Line::Entries(entries) }
}

/// Why a line is not used that leads a name to another place: SafeSearch lists look like this.
pub(super) fn leads_elsewhere(to: &str) -> String {
    format!("it leads the name to {to} and does not close it; safe searching is set in the policy's profiles")
}
