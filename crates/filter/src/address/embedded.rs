//! Addresses inside addresses: what a translator, a cache, an archive or a web proxy is asked to fetch.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::percent::decoded;
use super::{Address, host_chain};

/// Most embedded addresses that are judged for one request. What carries more is told apart: see [`Carried`].
pub const EMBEDDED_LIMIT_ADDRESSES: usize = 48;
/// How often a value is decoded in search of an address: carriers encode twice.
const DECODE_LIMIT_PASSES: usize = 3;
/// How deep addresses are looked for inside addresses.
const DEPTH_LIMIT: usize = 6;

/// Query names under which carriers take the address to fetch. Names under which sign-in pages and counters carry the
/// page to return to (`continue`, `redirect_uri`, `ref`, `dl`) are left out: nothing is fetched from there.
const NAMES: &[&str] = &[
    "u",
    "url",
    "uri",
    "q",
    "site",
    "target",
    "address",
    "goto",
    "src",
    "proxy",
    "page",
    "link",
    "web",
    "browse",
    "__cpo",
    "imgurl",
    "imgrefurl",
    "mediaurl",
    "img",
    "image",
    "thumb",
    "fetch",
    "load",
    "open",
    "view",
    "file",
    "href",
    "website",
    "domain",
    "host",
    "weburl",
    "pageurl",
    "siteurl",
    "proxyurl",
    "targeturl",
    "target_url",
    "requrl",
];

/// How `http:/` or `https:/` begins in base64, in hexadecimal and in ROT13, as web proxies and picture caches write it.
const BASE64_STARTS: [&str; 2] = ["aHR0cDov", "aHR0cHM6"];
const HEX_START: &str = "68747470";
const ROT13_START: &str = "uggc";

/// Hosts whose work is to fetch other addresses: they also take a bare `host/path`.
const CARRIERS: &[&str] = &[
    "translate.google.com",
    "translate.googleusercontent.com",
    "webcache.googleusercontent.com",
    "translate.goog",
    "translate.yandex.com",
    "translated.turbopages.org",
    "microsofttranslator.com",
    "translatetheweb.com",
    "fanyi.baidu.com",
    "papago.naver.net",
    "translate.yandex.ru",
    "translate.yandex.net",
    "yandexwebcache.net",
    "external-content.duckduckgo.com",
    "proxy.duckduckgo.com",
    "images.weserv.nl",
    "wsrv.nl",
    "i0.wp.com",
    "i1.wp.com",
    "i2.wp.com",
    "i3.wp.com",
    "s.wordpress.com",
    "image.thum.io",
    "slack-imgs.com",
    "validator.w3.org",
    "view.officeapps.live.com",
    "web.archive.org",
    "archive.org",
    "archive.today",
    "archive.ph",
    "archive.is",
    "archive.li",
    "archive.vn",
    "archive.md",
    "cc.bingj.com",
    "12ft.io",
    "r.jina.ai",
    "cdn.ampproject.org",
    "croxyproxy.com",
    "hide.me",
    "hidester.com",
    "kproxy.com",
    "proxysite.com",
    "via.hypothes.is",
    "vpn-free.test",
];

/// What an address carries inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    /// In the order in which they stand.
    pub addresses: Vec<Address>,
    /// It carries more than was looked at, or deeper: the rest may be anything.
    pub has_more: bool,
}

pub(super) fn carried(address: &Address) -> Carried {
    let mut found = Carried::default();
    collect(address, &mut found, DEPTH_LIMIT);
    found
}

fn collect(address: &Address, found: &mut Carried, depth: usize) {
    if depth == 0 {
        // One more look, only to know whether anything is left.
        let mut left = Carried::default();
        look(address, &mut left);
        found.has_more |= left != Carried::default();
        return;
    }
    let first_new = found.addresses.len();
    look(address, found);
    let new: Vec<Address> = found.addresses.get(first_new..).unwrap_or_default().to_vec();
    for inner in &new {
        collect(inner, found, depth - 1);
    }
}

fn look(address: &Address, found: &mut Carried) {
    let is_carrier = is_carrier(address);
    add(found, address, in_host(address));
    add(found, address, in_number(address.ip()));
    add(found, address, in_path(address, is_carrier));
    for segment in address.path().split('/') {
        add(found, address, encoded(segment));
    }
    for (name, value) in pairs(address.query().unwrap_or_default()) {
        let name_counts = is_carrier || NAMES.contains(&name.to_ascii_lowercase().as_str());
        if name_counts {
            add(found, address, in_value(value, is_carrier));
        }
    }
}

fn add(found: &mut Carried, outer: &Address, candidate: Option<Address>) {
    let Some(candidate) = candidate else { return };
    if candidate.host() == outer.host() || found.addresses.contains(&candidate) {
        return;
    }
    if found.addresses.len() < EMBEDDED_LIMIT_ADDRESSES {
        found.addresses.push(candidate);
    } else {
        found.has_more = true;
    }
}

fn is_carrier(address: &Address) -> bool {
    let google_translate = address.host().starts_with("translate.google.");
    google_translate || host_chain(address.host(), address.ip().is_some()).any(|name| CARRIERS.contains(&name))
}

/// `www-example--site-test.translate.goog/page` is `www.example-site.test/page`.
fn in_host(address: &Address) -> Option<Address> {
    let name = address.host().strip_suffix(".translate.goog")?;
    let dotted = name.replace("--", "\n").replace('-', ".").replace('\n', "-");
    let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
    Address::from_parts("https", &dotted, &format!("{}{query}", address.path())).ok()
}

/// The IPv4 address that an IPv6 one stands for: behind a translator (NAT64), in a tunnel (6to4), or in the old
/// compatible form.
fn in_number(ip: Option<IpAddr>) -> Option<Address> {
    let Some(IpAddr::V6(ip)) = ip else { return None };
    let bits = match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => (u32::from(high) << 16) | u32::from(low),
        [0, 0, 0, 0, 0, 0, high, low] if ip != Ipv6Addr::LOCALHOST && !ip.is_unspecified() => {
            (u32::from(high) << 16) | u32::from(low)
        }
        _ => return None,
    };
    Address::from_parts("http", &Ipv4Addr::from_bits(bits).to_string(), "/").ok()
}

/// An address that is written in base64, in hexadecimal or in ROT13, so that nobody reads it in passing.
fn encoded(text: &str) -> Option<Address> {
    let plain: Vec<u8> = if BASE64_STARTS.iter().any(|start| text.starts_with(start)) {
        base64(text)
    } else if text.starts_with(HEX_START) {
        hex::decode(text).ok()?
    } else if text.starts_with(ROT13_START) {
        text.bytes().map(rot13).collect()
    } else {
        return None;
    };
    let plain = String::from_utf8_lossy(&plain);
    Address::parse(&decoded(&plain, false)).or_else(|_| Address::parse(&plain)).ok()
}

/// Base64 in either alphabet, up to the first sign that is none of it.
fn base64(text: &str) -> Vec<u8> {
    let values = text.bytes().map_while(|b| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    });
    let (mut bits, mut held, mut out) = (0_u32, 0_u32, Vec::new());
    for value in values {
        bits = ((bits << 6) | u32::from(value)) & 0xfff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.extend(u8::try_from((bits >> held) & 0xff));
        }
    }
    out
}

fn rot13(byte: u8) -> u8 {
    match byte {
        b'a'..=b'm' | b'A'..=b'M' => byte + 13,
        b'n'..=b'z' | b'N'..=b'Z' => byte - 13,
        other => other,
    }
}

/// `/web/2020/https://example.test/page`, `/proxy/http:/example.test`, `/c/s/example.test/page`.
fn in_path(address: &Address, is_carrier: bool) -> Option<Address> {
    let mut text = address.path().to_owned();
    for _ in 0..DECODE_LIMIT_PASSES {
        if let Some(at) = scheme_at(&text) {
            let rest = text.get(at..).unwrap_or_default();
            let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
            return Address::parse(&format!("{rest}{query}")).ok();
        }
        text = decoded(&text, false);
    }
    if let Some(found) = after_scheme_word(address) {
        return Some(found);
    }
    let amp = address.host().starts_with("www.google.") && address.path().starts_with("/amp/");
    if !(is_carrier || amp) {
        return None;
    }
    // The first segment that looks like a host, with all that follows it.
    let mut rest = address.path().trim_start_matches('/');
    while !rest.is_empty() {
        if let Some(found) = bare(rest) {
            return Some(found);
        }
        rest = rest.split_once('/').map_or("", |(_, after)| after);
    }
    None
}

/// `/nph-proxy.cgi/000000A/http/www.example.com/page`: a scheme as a part of the path, and a host that can be one after it.
fn after_scheme_word(address: &Address) -> Option<Address> {
    let mut rest = address.path();
    while let Some(at) = rest.find("/http") {
        rest = rest.get(at + "/http".len()..)?;
        let after = rest.strip_prefix("s/").or_else(|| rest.strip_prefix('/'));
        if let Some(found) = after.and_then(bare)
            && psl::suffix(found.host().as_bytes()).is_some_and(|suffix| suffix.is_known())
        {
            return Some(found);
        }
    }
    None
}

/// Where `http:/` or `https:/` stands in a path, after its first character.
fn scheme_at(path: &str) -> Option<usize> {
    let lower = path.to_ascii_lowercase();
    let plain = lower.find("http:/");
    let secure = lower.find("https:/");
    plain.into_iter().chain(secure).filter(|at| *at > 0).min()
}

fn in_value(value: &str, is_carrier: bool) -> Option<Address> {
    let mut text = value.to_owned();
    for pass in 0..DECODE_LIMIT_PASSES {
        text = decoded(&text, pass == 0);
        let trimmed = text.trim();
        // Google's cache is asked for `cache:ID:host/path`.
        let target = match trimmed.strip_prefix("cache:") {
            Some(cached) => {
                cached.split_once(':').map_or(cached, |(id, rest)| if id.contains('.') { cached } else { rest })
            }
            None => trimmed,
        };
        if let Some(found) = encoded(target) {
            return Some(found);
        }
        let lower = target.to_ascii_lowercase();
        if lower.starts_with("http:") || lower.starts_with("https:") {
            return Address::parse(target).ok();
        }
        if let Some(rest) = target.strip_prefix("//") {
            return bare(rest);
        }
        if (is_carrier || target != trimmed)
            && let Some(found) = bare(target)
        {
            return Some(found);
        }
        if !text.contains('%') {
            return None;
        }
    }
    None
}

/// Reads `host/path` without a scheme, if its host has a dot in it and is no file name.
fn bare(text: &str) -> Option<Address> {
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    let (authority, rest) = text.split_at(end);
    let last = authority.rsplit('.').next().unwrap_or_default();
    let file_name =
        matches!(last, "php" | "html" | "htm" | "asp" | "aspx" | "js" | "css" | "cgi" | "png" | "jpg" | "svg");
    if !authority.contains('.') || authority.contains(char::is_whitespace) || file_name {
        return None;
    }
    Address::from_parts("http", authority, rest).ok()
}

/// Name and value of each part of a query, still encoded.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split(['&', ';']).filter(|part| !part.is_empty()).map(|part| part.split_once('=').unwrap_or((part, "")))
}
