//! The one place where something that went wrong becomes a page in plain words.
//!
//! A page that is absent and a page that is not yours are the same bytes: no person, no menu, no address on it.

use std::sync::{Arc, Mutex};

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, REFERER};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::ActionError;
use crate::app::{App, go};
use crate::layout::{Chrome, draw};

#[derive(Debug, Clone)]
pub(crate) enum PageError {
    Action(Arc<ActionError>),
    /// Nobody is signed in, and this page is for people who are.
    SignIn,
    /// A form without the token of this session, or sent from another site.
    Forged,
    /// What the server itself refuses: a form that cannot be read, or is too large.
    Plain(StatusCode),
}

impl PageError {
    pub(crate) fn absent() -> Self {
        ActionError::NotFound.into()
    }
}

impl From<ActionError> for PageError {
    fn from(error: ActionError) -> Self {
        Self::Action(Arc::new(error))
    }
}

impl IntoResponse for PageError {
    /// Only a mark: [`paint`] draws the page, because only it knows the organisation and the address.
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What a person typed, kept while the form is handled, so that no failure loses it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed(Arc<Mutex<Vec<(String, String)>>>);

/// Letters of the reference that joins an error page to its line in the log.
const REFERENCE_LENGTH: usize = 8;

/// Fields that are not a person's words, or that must never be shown again.
const NOT_SHOWN: [&str; 11] =
    ["csrf", "password", "username", "revision", "idempotency", "to", "stage", "code", "digest", "step", "how"];

impl Typed {
    pub(crate) fn keep(&self, fields: Vec<(String, String)>) {
        let words =
            fields.into_iter().filter(|(name, text)| !NOT_SHOWN.contains(&name.as_str()) && text.trim().contains(' '));
        if let Ok(mut kept) = self.0.lock() {
            *kept = words.collect();
        }
    }

    fn take(&self) -> Vec<String> {
        self.0.lock().map(|kept| kept.iter().map(|(_, text)| text.clone()).collect()).unwrap_or_default()
    }
}

pub(crate) async fn not_found() -> PageError {
    PageError::absent()
}

/// Draws every failure, also those of the server itself (a form that cannot be read, an unknown address).
pub(crate) async fn paint(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let back = come_back_to(request.method(), request.uri(), request.headers());
    let typed = Typed::default();
    request.extensions_mut().insert(typed.clone());
    let response = next.run(request).await;
    if let Some(error) = response.extensions().get::<PageError>() {
        return page(&app, error, &back, &typed.take());
    }
    let status = response.status();
    let drawn = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if drawn || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    page(&app, &PageError::Plain(status), &back, &typed.take())
}

/// The page to return to after signing in: this one, or the page that held the form.
fn come_back_to(method: &Method, uri: &Uri, headers: &HeaderMap) -> String {
    if method == Method::GET {
        return uri.path_and_query().map_or_else(|| uri.path().to_owned(), |path| path.as_str().to_owned());
    }
    let referer =
        headers.get(REFERER).and_then(|value| value.to_str().ok()).and_then(|value| value.parse::<Uri>().ok());
    referer
        .and_then(|uri| uri.path_and_query().map(|path| path.as_str().to_owned()))
        .unwrap_or_else(|| "/today".to_owned())
}

#[derive(Template)]
#[template(path = "layout/error.html")]
struct ErrorPage<'a> {
    chrome: Chrome,
    status: u16,
    problem: &'a str,
    sentence: &'a str,
    citation: Option<&'a str>,
    reference: Option<&'a str>,
    door: Option<(&'a str, String)>,
    typed: &'a [String],
}

struct Told<'a> {
    status: StatusCode,
    title: &'a str,
    problem: &'a str,
    sentence: &'a str,
    citation: Option<&'a str>,
    reference: Option<&'a str>,
}

pub(crate) fn page(app: &App, error: &PageError, back: &str, typed: &[String]) -> Response {
    let to = crate::layout::query("to", back);
    let door = match error {
        PageError::SignIn if typed.is_empty() => return go(&format!("/sign-in?{to}")),
        PageError::Action(inner) if typed.is_empty() && matches!(**inner, ActionError::Locked) => {
            return go(&format!("/unlock?{to}"));
        }
        PageError::SignIn => Some(("sign-in", format!("/sign-in?{to}"))),
        PageError::Action(inner) if matches!(**inner, ActionError::Locked) => Some(("unlock", format!("/unlock?{to}"))),
        _ => None,
    };
    let reference = logged(app, error);
    let told = tell(error, reference.as_deref());
    let drawn = draw(&ErrorPage {
        chrome: app.chrome(told.title, None),
        status: told.status.as_u16(),
        problem: told.problem,
        sentence: told.sentence,
        citation: told.citation,
        reference: told.reference,
        door,
        typed,
    });
    (told.status, drawn).into_response()
}

/// Writes the cause down under a short random reference, which the page shows instead of it.
fn logged(app: &App, error: &PageError) -> Option<String> {
    let PageError::Action(inner) = error else { return None };
    let (ActionError::Away(cause) | ActionError::Broken(cause)) = &**inner else { return None };
    let reference: String =
        (app.options.fresh_id)().chars().filter(char::is_ascii_alphanumeric).take(REFERENCE_LENGTH).collect();
    tracing::error!(reference, cause, "a page could not be given");
    Some(reference)
}

/// Status, title and the name of the words in `layout/error.html`.
fn tell<'a>(error: &'a PageError, reference: Option<&'a str>) -> Told<'a> {
    let plain = |status, title, problem| Told { status, title, problem, sentence: "", citation: None, reference: None };
    match error {
        PageError::SignIn => plain(StatusCode::UNAUTHORIZED, "Sign in again", "sign-in"),
        PageError::Forged => plain(StatusCode::FORBIDDEN, "We did not take this form", "forged"),
        PageError::Plain(StatusCode::PAYLOAD_TOO_LARGE) => {
            plain(StatusCode::PAYLOAD_TOO_LARGE, "That is too long", "too-large")
        }
        PageError::Plain(status) if status.is_client_error() => {
            plain(*status, "We could not read this form", "unreadable")
        }
        PageError::Plain(status) => plain(*status, "Something went wrong", "broken"),
        PageError::Action(inner) => match &**inner {
            ActionError::NotFound => plain(StatusCode::NOT_FOUND, "Page not found", "absent"),
            ActionError::Refused { sentence, citation } => Told {
                sentence,
                citation: citation.as_deref(),
                ..plain(StatusCode::FORBIDDEN, "You cannot do this here", "refused")
            },
            ActionError::Fault(faults) => Told {
                sentence: faults.first().map_or("", |fault| &fault.message),
                ..plain(StatusCode::UNPROCESSABLE_ENTITY, "Something needs to be mended", "fault")
            },
            ActionError::Conflict => plain(StatusCode::CONFLICT, "This has changed meanwhile", "conflict"),
            ActionError::Locked => plain(StatusCode::FORBIDDEN, "Open your cases again", "locked"),
            ActionError::Away(_) => {
                Told { reference, ..plain(StatusCode::SERVICE_UNAVAILABLE, "Please try again in a minute", "away") }
            }
            ActionError::Broken(_) => {
                Told { reference, ..plain(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", "broken") }
            }
        },
    }
}
