//! Behind the block page: "why can't I see this, and what can I do?" (accident, ask for it, report).

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{BlockedView, Session};
use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again};
use crate::report::ReceiptPage;
use crate::session::{Maybe, Posted};

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
    signed_in: bool,
    form: Input,
    faults: Faults,
}

async fn page(
    app: &App,
    session: Option<&Session>,
    reference: &str,
    form: Input,
    faults: Faults,
) -> Result<BlockedPage, PageError> {
    let blocked = actions::decision::blocked(&app.haven, reference, session).await?;
    let clause_html = policy::html(&blocked.clause_text);
    let chrome = app.chrome("Not opened here", session);
    Ok(BlockedPage { chrome, blocked, clause_html, signed_in: session.is_some(), form, faults })
}

async fn blocked(
    State(app): State<App>,
    Maybe(session): Maybe,
    Path(reference): Path<String>,
) -> Result<Response, PageError> {
    Ok(draw(&page(&app, session.as_ref(), &reference, Input::default(), Faults::default()).await?))
}

async fn accident(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let receipt = actions::decision::report_accident(&app.haven, &reference, &session, form.note.trim()).await?;
    Ok(draw(&ReceiptPage { chrome: app.chrome("Thank you for telling us", Some(&session)), receipt }))
}

async fn ask(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    match actions::decision::ask_for_site(&app.haven, &reference, &session, form.why.trim()).await {
        Ok(receipt) => Ok(draw(&ReceiptPage { chrome: app.chrome("We have your request", Some(&session)), receipt })),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&page(&app, Some(&session), &reference, form, faults).await?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn page(session: Option<&Session>) -> BlockedPage {
        let blocked = sample::blocked();
        let clause_html = policy::html(&blocked.clause_text);
        let chrome = Chrome::sample("Not opened here", session);
        BlockedPage {
            chrome,
            blocked,
            clause_html,
            signed_in: session.is_some(),
            form: Input::default(),
            faults: Faults::default(),
        }
    }

    #[test]
    fn f11_the_page_says_why_whose_fault_it_is_not_and_what_to_do() {
        let html = shot("blocked", &page(sample::session_of("learner").as_ref()));
        for wanted in ["/policy/7.1", "not your fault", "/accident", "/ask", "/report"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn f11_signed_out_it_still_explains_and_offers_a_report() {
        let html = shot("blocked-signed-out", &page(None));
        has(&html, "/report");
        has_not(&html, "/accident");
    }
}
