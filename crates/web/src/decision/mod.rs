//! Behind the block page: "why can't I see this, and what can I do?" (accident, ask for it, report).
//!
//! Only the person whom the block met can open its reference; for anybody else it does not exist.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{BlockedView, Session, Told};
use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again, words};
use crate::session::{Posted, SignedIn};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/blocked/{reference}", get(blocked))
        .route("/blocked/{reference}/accident", post(accident))
        .route("/blocked/{reference}/ask", post(ask))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    note: String,
    why: String,
}

#[derive(Template)]
#[template(path = "decision/blocked.html")]
struct BlockedPage {
    chrome: Chrome,
    blocked: BlockedView,
    clause_html: String,
    form: Input,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "decision/told.html")]
struct ToldPage {
    chrome: Chrome,
    told: Told,
}

async fn page(
    app: &App,
    session: &Session,
    reference: &str,
    form: Input,
    faults: Faults,
) -> Result<BlockedPage, PageError> {
    let blocked = actions::blocked::blocked(&app.haven, session, reference).await?;
    let clause_html = policy::html(&blocked.clause_text);
    Ok(BlockedPage { chrome: app.chrome("Not opened here", Some(session)), blocked, clause_html, form, faults })
}

async fn blocked(State(app): State<App>, me: SignedIn, Path(reference): Path<String>) -> Result<Response, PageError> {
    Ok(draw(&page(&app, &me.session, &reference, Input::default(), Faults::default()).await?))
}

async fn accident(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    match actions::blocked::report_accident(&app.haven, &session, &reference, form.note.trim()).await {
        Ok(told) => Ok(draw(&ToldPage { chrome: app.chrome("We have written it down", Some(&session)), told })),
        Err(error) => again(&app, &session, &reference, form, Faults::of(error)?).await,
    }
}

async fn ask(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    match actions::blocked::ask_for_site(&app.haven, &session, &reference, form.why.trim()).await {
        Ok(told) => Ok(draw(&ToldPage { chrome: app.chrome("We have your request", Some(&session)), told })),
        Err(error) => again(&app, &session, &reference, form, Faults::of(error)?).await,
    }
}

async fn again(
    app: &App,
    session: &Session,
    reference: &str,
    form: Input,
    faults: Faults,
) -> Result<Response, PageError> {
    Ok(draw_again(&page(app, session, reference, form, faults).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    #[test]
    fn f11_the_page_says_why_whose_fault_it_is_not_and_what_to_do() {
        let blocked = sample::blocked();
        let clause_html = policy::html(&blocked.clause_text);
        let chrome = Chrome::sample("Not opened here", Some(sample::LEARNER));
        let page = BlockedPage { chrome, blocked, clause_html, form: Input::default(), faults: Faults::default() };
        let html = shot("blocked", &page);
        for wanted in ["/policy/7.1", "not your fault", "/accident", "/ask", "/report"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn f10_what_a_lesson_keeps_closed_is_asked_of_the_tutor() {
        let blocked = BlockedView { in_lesson: true, ..sample::blocked() };
        let chrome = Chrome::sample("Not opened here", Some(sample::LEARNER));
        let clause_html = String::new();
        let page = BlockedPage { chrome, blocked, clause_html, form: Input::default(), faults: Faults::default() };
        let html = shot("blocked-lesson", &page);
        has(&html, "ask your tutor");
        assert!(!html.contains("/accident") && !html.contains("/ask\""), "nobody else is asked");
    }

    #[test]
    fn f12_whoever_asked_is_told_what_happens_next() {
        let chrome = Chrome::sample("We have your request", Some(sample::LEARNER));
        has(&shot("told", &ToldPage { chrome, told: sample::told() }), "7KQ2-M4XD");
    }
}
