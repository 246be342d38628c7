//! Asks a browser for its pass, once and in its own box, where several people share an address (S-6).
//!
//! The question is put at a host of its own and nowhere else: a browser that shows no pass, or one that is good no longer,
//! meets the access gate everywhere, as anybody whom nobody knows. So help sites and Haven's pages stay open without a pass,
//! and nobody is asked for one before the page on which it stands.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;

use crate::block;
use crate::body::{self, Body};
use crate::config::KnownBy;
use crate::gate;
use crate::ports::Identified;
use crate::who::Visit;

/// Longest credentials that are looked at, in bytes as they are sent.
const CREDENTIALS_LIMIT_BYTES: usize = 512;
/// How browsers are asked: for a name and a password, in UTF-8. The name does not matter.
const QUESTION: HeaderValue = HeaderValue::from_static("Basic realm=\"Haven\", charset=\"UTF-8\"");

/// The pass that a request shows; none if it shows nothing that could be one.
pub(crate) fn shown(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::PROXY_AUTHORIZATION)?.to_str().ok()?;
    if value.len() > CREDENTIALS_LIMIT_BYTES {
        return None;
    }
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (_, password) = decoded.split_once(':')?;
    (!password.is_empty()).then(|| password.to_owned())
}

/// Whether this browser still has to show its pass, and what it is told then. None once it is known.
pub(crate) async fn question(visit: &Visit) -> Option<Response<Body>> {
    let keeper = &visit.keeper;
    let now = visit.now();
    if visit.known_by != KnownBy::Pass {
        return Some(to(&keeper.ports.portal.gate_address()));
    }
    let known = match visit.look(now, true) {
        Identified::Unknown if visit.cannot_ask() => return Some(gate::cannot_ask(true)),
        Identified::Unknown => visit.ask_again(now).await,
        known => known,
    };
    match known {
        Identified::Person(_) => None,
        Identified::Unproven => {
            let here = gate::with_to(&keeper.ports.portal.prove_address(), &keeper.ports.portal.pass_address());
            Some(to(&here))
        }
        Identified::Unknown => Some(ask(visit)),
    }
}

fn ask(visit: &Visit) -> Response<Body> {
    visit.keeper.counts.pass_asked.add();
    let gate = visit.keeper.ports.portal.gate_address();
    let sentences: &[&str] = if visit.shown.is_some() {
        &[
            "This pass is not right, or it is good no longer: it ends when you sign out, and after 15 minutes without use.",
            "Open Haven's page. Your pass stands there, or you can sign in again.",
        ]
    } else {
        &[
            "Your browser asks for a name and a password. The name is \u{201c}haven\u{201d}. The password is your pass.",
            "Your pass stands on Haven's page after you have signed in. It is never your own password.",
        ]
    };
    let mut response = block::plain(
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        "Show your pass",
        sentences,
        Some((&gate, "Open Haven")),
    );
    response.headers_mut().insert(header::PROXY_AUTHENTICATE, QUESTION);
    response
}

/// A plain request at the host of the pass.
pub(crate) async fn answer(visit: &Arc<Visit>, request: &Request<Incoming>) -> Response<Body> {
    match question(visit).await {
        Some(told) => told,
        None => onward(request.uri()),
    }
}

/// The pass was shown: on to the page that was asked for before the gate.
pub(crate) fn onward(uri: &Uri) -> Response<Body> {
    match uri.query().and_then(wanted) {
        Some(wanted) => to(&wanted),
        None => {
            let sentences =
                ["Your browser has shown your pass. Open any page.", "Sign out on Haven's page when you leave."];
            block::plain(StatusCode::OK, "You can use the internet now", &sentences, None)
        }
    }
}

/// The web address in `to=`; anything else is nothing.
fn wanted(query: &str) -> Option<String> {
    let text = query.split('&').find_map(|pair| pair.strip_prefix("to="))?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let pair = if *byte == b'%' { after.split_first_chunk::<2>() } else { None };
        rest = match pair.and_then(|(two, after)| Some((hex(two)?, after))) {
            Some((decoded, after)) => {
                bytes.push(decoded);
                after
            }
            None => {
                bytes.push(*byte);
                after
            }
        };
    }
    let address = String::from_utf8(bytes).ok()?;
    let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"))?;
    let clean = !rest.is_empty() && !rest.starts_with('/') && address.bytes().all(|byte| byte.is_ascii_graphic());
    clean.then_some(address)
}

fn hex(two: &[u8; 2]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()
}

fn to(place: &str) -> Response<Body> {
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(place) = HeaderValue::from_str(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    body::ours(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn with(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::PROXY_AUTHORIZATION, value.parse().unwrap());
        shown(&headers)
    }

    #[test]
    fn f13_the_pass_is_what_stands_after_the_colon() {
        assert_eq!(with("Basic aGF2ZW46azdtcS0wMXdwLTl0ZmQ=").as_deref(), Some("k7mq-01wp-9tfd"));
        assert_eq!(with("basic  YTpiOmM=").as_deref(), Some("b:c"));
        for bad in ["Basic", "Basic !!!", "Digest x", "Negotiate YTpi", "Basic YWJj", "Basic YTo=", "Basic /w=="] {
            assert_eq!(with(bad), None, "{bad}");
        }
        assert_eq!(with(&format!("Basic {}", "QUFB".repeat(200))), None);
    }

    #[test]
    fn only_a_web_address_is_led_on_to() {
        assert_eq!(wanted("x=1&to=http%3A%2F%2Fa.test%2F%3Fq%3D1").as_deref(), Some("http://a.test/?q=1"));
        assert_eq!(wanted("to=https://a.test/").as_deref(), Some("https://a.test/"));
        for bad in ["", "to=", "to=javascript:x", "to=http%3A%2F%2F", "to=http://a%0D%0AX:y", "to=//a.test", "to=%zz"] {
            assert_eq!(wanted(bad), None, "{bad}");
        }
    }
}
