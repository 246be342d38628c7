//! What is changed in the head of a request or response on its way through, and what is left alone.

use std::net::IpAddr;

use filter::tenants::{RESERVED, Tenants};
use filter::{Address, Edit};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Encodings that Haven can read; a website is asked for no other.
const READABLE: [&str; 6] = ["gzip", "x-gzip", "deflate", "br", "zstd", "identity"];

/// How often a parameter's name may be escaped and is still known.
const ESCAPES_LIMIT: usize = 3;

/// Headers between two neighbours, which go no further.
static OF_ONE_CONNECTION: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
];

/// Takes out what concerns one connection only, and what was meant for the proxy.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in &OF_ONE_CONNECTION {
        headers.remove(name);
    }
}

/// Asks for encodings that can be read, in the words of the browser.
pub(crate) fn ask_readable(headers: &mut HeaderMap) {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        headers.remove(header::ACCEPT_ENCODING);
        return;
    };
    let kept: Vec<&str> = accepted
        .split(',')
        .map(str::trim)
        .filter(|part| {
            READABLE.contains(&part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str())
        })
        .collect();
    let kept = if kept.is_empty() { "identity".to_owned() } else { kept.join(", ") };
    if let Ok(value) = HeaderValue::from_str(&kept) {
        headers.insert(header::ACCEPT_ENCODING, value);
    }
}

/// Makes the changes that the decision asks for; gives back the path with query as it goes on.
pub(crate) fn apply(edits: &[Edit], headers: &mut HeaderMap, path_and_query: &str) -> String {
    let mut path = path_and_query.to_owned();
    for edit in edits {
        match edit {
            Edit::SetQuery { name, value } => path = set_query(&path, name, value),
            Edit::SetHeader { name, value } => {
                if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                    headers.insert(name, value);
                }
            }
        }
    }
    path
}

/// Says to a suite's sign-in whose accounts may be used; what the client said about that goes no further.
pub(crate) fn limit_accounts(tenants: &Tenants, host: &str, headers: &mut HeaderMap) {
    let Some(limits) = tenants.headers(host) else { return };
    for name in RESERVED {
        headers.remove(name);
    }
    for (name, value) in limits {
        // The settings were checked when they were read.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

fn set_query(path_and_query: &str, name: &str, value: &str) -> String {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let is_other = |pair: &&str| {
        let named = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !unescaped(named).eq_ignore_ascii_case(name.as_bytes())
    };
    let mut pairs: Vec<String> = query.split('&').filter(is_other).map(str::to_owned).collect();
    pairs.push(format!("{name}={value}"));
    format!("{path}?{}", pairs.join("&"))
}

/// A parameter's name as the website will read it: `%73afe` is `safe`, however often it was escaped.
fn unescaped(name: &str) -> Vec<u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = name.as_bytes().to_vec();
    for _ in 0..ESCAPES_LIMIT {
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            match (byte, tail) {
                (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                    out.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                    rest = after;
                }
                _ => out.push(byte),
            }
        }
        if out == bytes {
            break;
        }
        bytes = out;
    }
    bytes
}

/// `host`, or `host:port` where the port is not the scheme's own.
pub(crate) fn authority(address: &Address, secure: bool) -> String {
    let own_port = if secure { 443 } else { 80 };
    let host = match address.ip() {
        Some(IpAddr::V6(v6)) => format!("[{v6}]"),
        _ => address.host().to_owned(),
    };
    if address.port() == own_port { host } else { format!("{host}:{}", address.port()) }
}

/// Whether a request wants to go on as a WebSocket.
pub(crate) fn wants_websocket(headers: &HeaderMap) -> bool {
    let has = |name: HeaderName, word: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    has(header::UPGRADE, "websocket") && has(header::CONNECTION, "upgrade")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn f07_a_safe_search_parameter_replaces_the_one_that_was_there() {
        assert_eq!(set_query("/search?q=a&safe=off&SAFE=images", "safe", "active"), "/search?q=a&safe=active");
        assert_eq!(set_query("/search", "safe", "active"), "/search?safe=active");
        for off in ["%73afe=off", "s%61%66e=off", "%53AFE=off", "%2573afe=off", "%73%61%66%65"] {
            assert_eq!(set_query(&format!("/search?{off}&q=a"), "safe", "active"), "/search?q=a&safe=active", "{off}");
        }
        assert_eq!(set_query("/search?q=%zz&%=1", "safe", "active"), "/search?q=%zz&%=1&safe=active");
    }

    #[test]
    fn only_encodings_that_can_be_read_are_asked_for() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, "gzip, deflate;q=0.5, br, dcb, sdch".parse().unwrap());
        ask_readable(&mut headers);
        assert_eq!(headers.get(header::ACCEPT_ENCODING).unwrap(), "gzip, deflate;q=0.5, br");
    }

    #[test]
    fn what_concerns_one_connection_is_taken_out() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, "close, x-private".parse().unwrap());
        headers.insert("x-private", "1".parse().unwrap());
        headers.insert("proxy-authorization", "Basic eA==".parse().unwrap());
        headers.insert("x-kept", "1".parse().unwrap());
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.len(), 1);
        assert!(headers.contains_key("x-kept"));
    }
}
