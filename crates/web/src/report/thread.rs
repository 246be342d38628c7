//! Coming back to an anonymous report: the code is asked for in a form, so that it never stands in an address or a log.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{ActionError, ReportThread};
use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again};
use crate::session::Open;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/report/code", get(ask).post(read)).route("/report/code/reply", post(reply))
}

#[derive(Template)]
#[template(path = "report/code.html")]
struct CodePage {
    chrome: Chrome,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "report/thread.html")]
struct ThreadPage {
    chrome: Chrome,
    thread: ReportThread,
    code: String,
    text: String,
    faults: Faults,
    done: &'static str,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CodeForm {
    code: String,
    text: String,
}

async fn ask(State(app): State<App>) -> Response {
    draw(&CodePage { chrome: app.chrome("Read your reply", None), faults: Faults::default() })
}

async fn read(State(app): State<App>, Open(form): Open<CodeForm>) -> Result<Response, PageError> {
    show(&app, form, Faults::default(), "").await
}

async fn reply(State(app): State<App>, Open(mut form): Open<CodeForm>) -> Result<Response, PageError> {
    if form.text.trim().is_empty() {
        return show(&app, form, Faults::one("text", "Write something first"), "").await;
    }
    match actions::thread::reply_by_code(&app.haven, form.code.trim(), form.text.trim()).await {
        Ok(()) => {
            form.text.clear();
            show(&app, form, Faults::default(), "We have what you wrote.").await
        }
        Err(error @ (ActionError::Fault(_) | ActionError::Conflict)) => {
            let faults = Faults::of(error)?;
            show(&app, form, faults, "").await
        }
        Err(other) => Err(other.into()),
    }
}

async fn show(app: &App, form: CodeForm, faults: Faults, done: &'static str) -> Result<Response, PageError> {
    match actions::thread::thread_by_code(&app.haven, form.code.trim()).await {
        Ok(thread) => {
            let again = !faults.list().is_empty();
            let chrome = app.chrome("Your report", None);
            let page = ThreadPage { chrome, thread, code: form.code.trim().to_owned(), text: form.text, faults, done };
            Ok(if again { draw_again(&page) } else { draw(&page) })
        }
        Err(ActionError::NotFound) => {
            let faults = Faults::one("code", "We do not know this code. Check each letter and number, then try again");
            Ok(draw_again(&CodePage { chrome: app.chrome("Read your reply", None), faults }))
        }
        Err(ActionError::Refused { sentence, .. }) => Ok(draw_again(&CodePage {
            chrome: app.chrome("Read your reply", None),
            faults: Faults::one("code", &sentence),
        })),
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    #[test]
    fn s3_the_code_is_asked_for_in_a_post() {
        let html = shot(
            "report-code",
            &CodePage { chrome: Chrome::sample("Read your reply", None), faults: Faults::default() },
        );
        has(&html, "<form method=\"post\" action=\"/report/code\"");
    }

    #[test]
    fn c01_the_reporter_reads_the_reply_and_can_answer() {
        let page = ThreadPage {
            chrome: Chrome::sample("Your report", None),
            thread: sample::thread(),
            code: "river-copper-lantern-5821".to_owned(),
            text: String::new(),
            faults: Faults::default(),
            done: "We have what you wrote.",
        };
        let html = shot("report-thread", &page);
        has(&html, "Do you know which app");
        has(&html, "action=\"/report/code/reply\"");
        has_not(&html, "code=");
    }
}
