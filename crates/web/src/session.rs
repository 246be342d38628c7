//! Who is asking: the session behind the cookie, and forms that only that session may send.

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::api::{Door, Session};
use crate::app::{App, DoorExt, OverTls, PeerExt, go};
use crate::error::{PageError, Typed};

/// Name of the session's cookie.
pub(crate) const COOKIE_NAME: &str = "haven";

/// A signed-in person, or the way to the sign-in page.
pub(crate) struct SignedIn {
    pub(crate) session: Session,
    pub(crate) token: String,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let token = token_of(&parts.headers).ok_or(PageError::SignIn)?;
        let door = door_of(parts);
        let session = actions::session::session(&app.haven, &token, door.as_ref()).await?.ok_or(PageError::SignIn)?;
        Ok(Self { session, token })
    }
}

/// A signed-in person, or nobody. Never used by the anonymous report pages (S-3).
pub(crate) struct Maybe(pub(crate) Option<Session>);

impl FromRequestParts<App> for Maybe {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        match SignedIn::from_request_parts(parts, app).await {
            Ok(signed_in) => Ok(Self(Some(signed_in.session))),
            Err(PageError::SignIn) => Ok(Self(None)),
            Err(other) => Err(other),
        }
    }
}

/// The door of this connection; none if the browser came straight to Haven.
pub(crate) struct AtDoor(pub(crate) Option<Door>);

impl FromRequestParts<App> for AtDoor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(door_of(parts)))
    }
}

fn door_of(parts: &Parts) -> Option<Door> {
    parts.extensions.get::<DoorExt>().cloned().unwrap_or_default().0
}

/// A form of a signed-in person that carries the token of that very session.
pub(crate) struct Posted<T> {
    pub(crate) session: Session,
    pub(crate) token: String,
    pub(crate) form: T,
}

#[derive(Deserialize, Default)]
struct Token {
    #[serde(default)]
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<App> for Posted<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let (parts_again, bytes) = read(&mut parts, body, app).await?;
        let SignedIn { session, token } = SignedIn::from_request_parts(&mut parts, app).await?;
        let Token { csrf } = parse(&parts_again, bytes.clone(), app).await?;
        if !same(&csrf, &session.csrf) {
            return Err(PageError::Forged);
        }
        let form = parse(&parts_again, bytes, app).await?;
        Ok(Self { session, token, form })
    }
}

/// A form that anybody may send: its cookie is not even looked at (S-3).
pub(crate) struct Open<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Open<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let (parts, bytes) = read(&mut parts, body, app).await?;
        Ok(Self(parse(&parts, bytes, app).await?))
    }
}

/// Reads the body within the limit, and keeps what was typed in case something fails.
async fn read(parts: &mut Parts, body: Body, app: &App) -> Result<(Parts, Bytes), PageError> {
    let typed = parts.extensions.get::<Typed>().cloned().unwrap_or_default();
    let copy = parts.clone();
    let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), app)
        .await
        .map_err(|refused| PageError::Plain(refused.status()))?;
    if let Ok(fields) = parse::<Vec<(String, String)>>(&copy, bytes.clone(), app).await {
        typed.keep(fields);
    }
    Ok((copy, bytes))
}

async fn parse<T: DeserializeOwned>(parts: &Parts, bytes: Bytes, app: &App) -> Result<T, PageError> {
    let request = Request::from_parts(parts.clone(), Body::from(bytes));
    let Form(form) = Form::<T>::from_request(request, app)
        .await
        .map_err(|refused| PageError::Plain(refused.into_response().status()))?;
    Ok(form)
}

/// Compares two tokens in a time that does not depend on where they differ.
fn same(left: &str, right: &str) -> bool {
    !right.is_empty()
        && left.len() == right.len()
        && left.bytes().zip(right.bytes()).fold(0, |difference, (left, right)| difference | (left ^ right)) == 0
}

fn token_of(headers: &HeaderMap) -> Option<String> {
    cookie(headers, COOKIE_NAME)
}

fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| value.to_owned())
}

/// Sets the session cookie and goes on. It ends with the browser, scripts cannot read it, other sites cannot send it with a form.
pub(crate) fn enter(token: &str, tls: OverTls, to: &str) -> Response {
    let secure = if tls.0 { "; Secure" } else { "" };
    ([(SET_COOKIE, format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Lax{secure}"))], go(to)).into_response()
}

/// Name of the cookie that says that somebody has signed in at this browser before. It goes to the sign-in page only, never
/// with a report (S-3).
const DEVICE_NAME: &str = "haven-device";
/// How long a browser keeps it, in seconds: a year.
const DEVICE_SECONDS: u32 = 31_536_000;

/// Sets the session cookie and the browser's own, and goes on.
pub(crate) fn enter_from(token: &str, device: &str, tls: OverTls, to: &str) -> Response {
    let secure = if tls.0 { "; Secure" } else { "" };
    let mut response = enter(token, tls, to);
    let cookie =
        format!("{DEVICE_NAME}={device}; Path=/sign-in; Max-Age={DEVICE_SECONDS}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(value) = cookie.parse() {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

/// Where a sign-in comes from.
pub(crate) struct Whence(pub(crate) actions::throttle::Whence);

impl FromRequestParts<App> for Whence {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<PeerExt>().copied().unwrap_or_default().0;
        let address = door_of(parts).map(|door| door.address).or(peer);
        Ok(Self(actions::throttle::Whence { address, device: cookie(&parts.headers, DEVICE_NAME) }))
    }
}

/// Takes the cookie away and goes on.
pub(crate) fn leave(to: &str) -> Response {
    ([(SET_COOKIE, format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"))], go(to)).into_response()
}

/// A path on this portal, as `?to=` carries it; anything else becomes `/`.
pub(crate) fn own_path(to: &str) -> &str {
    let inside =
        to.starts_with('/') && !to.starts_with("//") && !to.contains('\\') && !to.chars().any(char::is_control);
    if inside { to } else { "/" }
}

/// An address of the web that may be gone back to after the gate: `http` or `https`, nothing else.
pub(crate) fn web_address(to: &str) -> Option<&str> {
    let rest = to.strip_prefix("http://").or_else(|| to.strip_prefix("https://"))?;
    let clean = !rest.is_empty() && !rest.starts_with('/') && to.chars().all(|c| c.is_ascii_graphic());
    clean.then_some(to)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_a_web_address_is_gone_back_to() {
        assert_eq!(web_address("https://library.test/a?b=c"), Some("https://library.test/a?b=c"));
        for bad in [
            "javascript:alert(1)",
            "//evil.test",
            "http:///x",
            "https://a b",
            "http://a\r\nX: y",
            "",
            "ftp://a",
            "http://",
        ] {
            assert_eq!(web_address(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_an_own_path_is_returned_to() {
        assert_eq!(own_path("/case/ABC?x=1"), "/case/ABC?x=1");
        for bad in ["//evil.test", "/\\evil.test", "http://evil.test", "", "/a\nb"] {
            assert_eq!(own_path(bad), "/", "{bad}");
        }
    }

    #[test]
    fn an_empty_form_token_never_fits() {
        assert!(!same("", ""));
        assert!(!same("abc", "abd"));
        assert!(!same("abc", "abcd"));
        assert!(same("abc", "abc"));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, "theme=dark; haven=tok-1; x=y".parse().unwrap());
        assert_eq!(token_of(&headers).as_deref(), Some("tok-1"));
        headers.insert(COOKIE, "haven=".parse().unwrap());
        assert_eq!(token_of(&headers), None);
    }
}
