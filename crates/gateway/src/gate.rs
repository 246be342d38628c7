//! What somebody whom nobody knows yet is told: the way to the gate, and nothing is kept about it (S-4).

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::block;
use crate::body::{self, Body};
use crate::ports::Portal;

/// Longest address that is carried to the gate; a longer one is forgotten and the gate leads to its own first page.
const CARRIED_LIMIT_BYTES: usize = 4096;

/// Why somebody is sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shut {
    /// Nobody has signed in.
    Unknown,
    /// Somebody has, but the browser was closed: it must show its cookie again.
    Unproven,
    /// Nobody new can be known: what is kept does not answer.
    CannotAsk,
}

/// The answer to one request: people are led to the gate, programs get one sentence.
pub(crate) fn answer(
    shut: Shut,
    portal: &dyn Portal,
    method: &Method,
    navigation: bool,
    wanted: &str,
) -> Response<Body> {
    if shut == Shut::CannotAsk {
        return cannot_ask(navigation);
    }
    if !navigation {
        let sentence = match shut {
            Shut::Unknown | Shut::CannotAsk => {
                "Nobody is signed in on this computer. Open a page in the browser to sign in."
            }
            Shut::Unproven => "Open or reload a page in the browser first.",
        };
        return body::short(StatusCode::FORBIDDEN, sentence);
    }
    let base = match shut {
        Shut::Unknown | Shut::CannotAsk => portal.gate_address(),
        Shut::Unproven => portal.prove_address(),
    };
    let place = if wanted.len() > CARRIED_LIMIT_BYTES { base } else { with_to(&base, wanted) };
    let Ok(place) = HeaderValue::from_str(&place) else {
        return body::short(StatusCode::FORBIDDEN, "Nobody is signed in on this computer.");
    };
    // A posted form is not posted again after signing in.
    let is_read = method == Method::GET || method == Method::HEAD;
    let mut response = Response::new(body::empty());
    *response.status_mut() = if is_read { StatusCode::FOUND } else { StatusCode::SEE_OTHER };
    response.headers_mut().insert(header::LOCATION, place);
    body::ours(response.headers_mut());
    response
}

/// While what is kept does not answer, the gate cannot help anybody: it says so, and what stays open.
pub(crate) fn cannot_ask(navigation: bool) -> Response<Body> {
    let title = "We cannot check who you are just now";
    if !navigation {
        return body::short(StatusCode::SERVICE_UNAVAILABLE, title);
    }
    let sentences = [
        "Haven's database does not answer, so nobody new can sign in. It is nothing that you did.",
        "Help sites stay open. Try again in a few minutes, or tell the person who looks after the computers here.",
        "If someone is in danger now, call 999.",
    ];
    block::plain(StatusCode::SERVICE_UNAVAILABLE, title, &sentences, None)
}

pub(crate) fn with_to(base: &str, wanted: &str) -> String {
    let joiner = if base.contains('?') { '&' } else { '?' };
    format!("{base}{joiner}to={}", percent_encoded(wanted))
}

/// Everything but letters, digits and `-._~` is written as `%XX`.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// Whether a request is for what is shown inside another page, as browsers say over HTTPS.
pub(crate) fn is_framed(headers: &HeaderMap) -> bool {
    let destination = headers.get("sec-fetch-dest").and_then(|value| value.to_str().ok());
    matches!(destination, Some("iframe" | "frame" | "object" | "embed" | "fencedframe"))
}

/// Whether a request is for a page that a person will look at. Browsers say so over HTTPS; over plain HTTP the kinds of
/// document that are accepted must do.
pub(crate) fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(destination) = text("sec-fetch-dest") {
        return destination == "document";
    }
    if let Some(mode) = text("sec-fetch-mode") {
        return mode == "navigate";
    }
    let reads_pages = matches!(*method, Method::GET | Method::HEAD | Method::POST);
    let is_script =
        headers.contains_key("x-requested-with") || headers.contains_key(header::ORIGIN) && *method != Method::POST;
    reads_pages && !is_script && text("accept").is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
    }

    #[test]
    fn f15_only_pages_that_people_look_at_are_navigations() {
        let get = |lines| is_navigation(&Method::GET, &headers(lines));
        assert!(get(&[("sec-fetch-dest", "document"), ("accept", "*/*")]));
        assert!(!get(&[("sec-fetch-dest", "iframe"), ("sec-fetch-mode", "navigate")]));
        assert!(!get(&[("sec-fetch-dest", "image"), ("accept", "text/html")]));
        assert!(get(&[("accept", "text/html,application/xhtml+xml")]));
        assert!(!get(&[("accept", "text/html"), ("x-requested-with", "XMLHttpRequest")]));
        assert!(!get(&[("accept", "*/*")]));
        assert!(!get(&[]));
    }

    #[test]
    fn f11_the_wanted_address_is_carried_whole_and_cannot_break_out() {
        assert_eq!(
            with_to("http://haven.test/gate", "http://a.test/?q=1&b=é#x"),
            "http://haven.test/gate?to=http%3A%2F%2Fa.test%2F%3Fq%3D1%26b%3D%C3%A9%23x"
        );
        assert_eq!(with_to("http://haven.test/gate?x=1", "a"), "http://haven.test/gate?x=1&to=a");
    }
}
