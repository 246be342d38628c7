//! Things that can be written down at any moment: an emergency call (S-1), a note, a reply to the reporter.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::address;
use super::view::CasePage;
use crate::api::{Emergency, Session};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again};
use crate::session::{Posted, SignedIn};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/case/{reference}/emergency", get(ask_emergency).post(emergency))
        .route("/case/{reference}/note", get(ask_note).post(note))
        .route("/case/{reference}/reply", post(reply))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    service: String,
    note: String,
    text: String,
    may_read: String,
    /// Number of the form.
    key: String,
}

#[derive(Template)]
#[template(path = "case/emergency.html")]
struct EmergencyPage {
    chrome: Chrome,
    reference: String,
    form: Input,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "case/note.html")]
struct NotePage {
    chrome: Chrome,
    reference: String,
    form: Input,
    faults: Faults,
    /// Who reads the case and is named in the words that were typed.
    named: String,
}

fn emergency_page(app: &App, session: &Session, reference: &str, form: Input, faults: Faults) -> EmergencyPage {
    EmergencyPage {
        chrome: app.chrome("Write down an emergency call", Some(session)),
        reference: reference.to_owned(),
        form,
        faults,
    }
}

fn note_page(app: &App, session: &Session, reference: &str, form: Input, faults: Faults) -> NotePage {
    let chrome = app.chrome("Add a note", Some(session));
    NotePage { chrome, reference: reference.to_owned(), form, faults, named: String::new() }
}

/// An empty form with a number of its own: sent twice, it is one.
fn fresh(app: &App) -> Input {
    Input { key: (app.options.fresh_id)(), ..Input::default() }
}

/// Reading the case first makes a case that is absent, or not yours, the same 404 here as everywhere.
async fn ask_emergency(
    State(app): State<App>,
    me: SignedIn,
    Path(reference): Path<String>,
) -> Result<Response, PageError> {
    actions::case::case(&app.haven, &me.session, &reference).await?;
    Ok(draw(&emergency_page(&app, &me.session, &reference, fresh(&app), Faults::default())))
}

async fn emergency(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let call = Emergency { service: form.service.clone(), note: form.note.trim().to_owned(), key: form.key.clone() };
    match actions::step::record_emergency(&app.haven, &session, &reference, call).await {
        Ok(()) => Ok(go(&address(&reference, "emergency"))),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&emergency_page(&app, &session, &reference, form, faults)))
        }
    }
}

async fn ask_note(State(app): State<App>, me: SignedIn, Path(reference): Path<String>) -> Result<Response, PageError> {
    actions::case::case(&app.haven, &me.session, &reference).await?;
    Ok(draw(&note_page(&app, &me.session, &reference, fresh(&app), Faults::default())))
}

async fn note(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    if form.text.trim().is_empty() {
        let faults = Faults::one("text", "Write your note first");
        return Ok(draw_again(&note_page(&app, &session, &reference, form, faults)));
    }
    let note = actions::step::Note { text: form.text.clone(), may_read: form.may_read.clone(), key: form.key.clone() };
    match actions::step::add_note(&app.haven, &session, &reference, note).await {
        Ok(()) => Ok(go(&address(&reference, "note"))),
        Err(error) => {
            let named = actions::step::readers_named(&app.haven, &session, &reference, &form.text).await?;
            let page = note_page(&app, &session, &reference, form, Faults::of(error)?);
            Ok(draw_again(&NotePage { named, ..page }))
        }
    }
}

async fn reply(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let faults = if form.text.trim().is_empty() {
        Faults::one("text", "Write your reply first")
    } else {
        match actions::step::reply_to_reporter(&app.haven, &session, &reference, form.text.trim()).await {
            Ok(()) => return Ok(go(&address(&reference, "reply"))),
            Err(error) => Faults::of(error)?,
        }
    };
    let case = actions::case::case(&app.haven, &session, &reference).await?;
    Ok(draw_again(&CasePage { chrome: app.chrome("Case", Some(&session)), case, done: "", faults, text: form.text }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    #[test]
    fn s1_an_emergency_call_is_written_down_with_nothing_in_its_way() {
        let page = EmergencyPage {
            chrome: Chrome::sample("Write down an emergency call", Some(sample::LEAD)),
            reference: "7KQ2-M4XD".to_owned(),
            form: Input::default(),
            faults: Faults::default(),
        };
        let html = shot("emergency", &page);
        assert!(html.contains("tel:999") && html.find("tel:999") < html.find("<form method=\"post\" action=\"/case"));
        has(&html, "name=\"service\"");
    }

    #[test]
    fn a_note_keeps_what_was_typed() {
        let page = NotePage {
            chrome: Chrome::sample("Add a note", Some(sample::LEAD)),
            reference: "7KQ2-M4XD".to_owned(),
            form: Input { text: "Spoke with the tutor".to_owned(), ..Input::default() },
            faults: Faults::one("text", "Write your note first"),
            named: String::new(),
        };
        let html = shot("note", &page);
        has(&html, "Spoke with the tutor");
        has_not(&html, "may_read");
    }

    #[test]
    fn inv11_a_note_that_names_a_reader_asks_first() {
        let page = NotePage {
            chrome: Chrome::sample("Add a note", Some(sample::LEAD)),
            reference: "7KQ2-M4XD".to_owned(),
            form: Input { text: "Omar came in late".to_owned(), ..Input::default() },
            faults: Faults::one("may_read", "Your note names Omar Example, who can read this case."),
            named: "Omar Example".to_owned(),
        };
        let html = shot("note-names-a-reader", &page);
        has(&html, "href=\"/report\"");
        has(&html, "name=\"may_read\" type=\"checkbox\" value=\"Omar Example\"");
        has(&html, "Omar came in late");
    }
}
