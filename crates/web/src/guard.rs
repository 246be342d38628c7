//! What holds for every answer and every question: strict headers, no post from another site, no over-large form.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::BODY_LIMIT_BYTES;
use crate::app::App;
use crate::error::{self, PageError};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; script-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if changes && from_elsewhere(request.headers()) {
        error::page(&app, &PageError::Forged, "/", &[])
    } else if too_large(request.headers()) {
        error::page(&app, &PageError::Plain(StatusCode::PAYLOAD_TOO_LARGE), "/", &[])
    } else {
        next.run(request).await
    };
    harden(response.headers_mut());
    response
}

/// A browser says where a post comes from; a post from another site, or from nowhere that can be named, is refused.
fn from_elsewhere(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let from = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    from.is_none_or(|from| !from.eq_ignore_ascii_case(host))
}

fn too_large(headers: &HeaderMap) -> bool {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<u64>().ok());
    length.is_some_and(|length| length > BODY_LIMIT_BYTES as u64)
}

/// `Referrer-Policy: same-origin` and not `no-referrer`: with the latter, browsers call every form's origin `null`.
fn harden(headers: &mut HeaderMap) {
    let fixed = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (OPENER, "same-origin"),
        (RESOURCE, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn c14_a_post_from_another_site_is_refused() {
        assert!(from_elsewhere(&headers(&[("sec-fetch-site", "cross-site")])));
        assert!(from_elsewhere(&headers(&[("sec-fetch-site", "same-site")])));
        assert!(from_elsewhere(&headers(&[("host", "haven.test"), ("origin", "http://evil.test")])));
        assert!(from_elsewhere(&headers(&[("host", "haven.test"), ("origin", "null")])));
    }

    #[test]
    fn c14_a_post_from_havens_own_page_passes() {
        assert!(!from_elsewhere(&headers(&[("sec-fetch-site", "same-origin")])));
        assert!(!from_elsewhere(&headers(&[("host", "haven.test:8080"), ("origin", "http://haven.test:8080")])));
        assert!(!from_elsewhere(&headers(&[("host", "haven.test")])));
    }

    #[test]
    fn limits_a_form_over_64_kib_is_too_large() {
        assert!(too_large(&headers(&[("content-length", "65537")])));
        assert!(!too_large(&headers(&[("content-length", "65536")])));
    }
}
