//! "What exactly do I do?": taking a step, leaving it out with a reason, and the second post's answer at a legal gate.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use policy::Gate;
use serde::Deserialize;

use super::{address, find};
use crate::api::{ActionError, CaseView, SecondStep, Session, SkipStep, StepStatus, StepView, TakeStep};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again, words};
use crate::session::{Posted, SignedIn};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/case/{reference}/step/{id}", get(ask).post(take))
        .route("/case/{reference}/step/{id}/skip", post(skip))
        .route("/case/{reference}/step/{id}/second", post(second))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    note: String,
    option: String,
    gate_reason: String,
    reason: String,
    allow: String,
    revision: i64,
}

#[derive(Template)]
#[template(path = "case/step.html")]
struct StepPage {
    chrome: Chrome,
    case: CaseView,
    step: StepView,
    form: Input,
    faults: Faults,
}

impl StepPage {
    /// Taken before the steps it comes after: the gate asks why.
    fn early(&self) -> bool {
        self.step.status == StepStatus::Waiting
    }
}

async fn page(
    app: &App,
    session: &Session,
    at: (&str, &str),
    form: Input,
    faults: Faults,
) -> Result<StepPage, PageError> {
    let case = actions::case::case(&app.haven, session, at.0).await?;
    let step = find(&case, at.1)?.clone();
    Ok(StepPage { chrome: app.chrome(&step.title, Some(session)), case, step, form, faults })
}

async fn ask(
    State(app): State<App>,
    me: SignedIn,
    Path((reference, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    Ok(draw(&page(&app, &me.session, (&reference, &id), Input::default(), Faults::default()).await?))
}

async fn take(
    State(app): State<App>,
    Path((reference, id)): Path<(String, String)>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let taken = TakeStep {
        step: id.clone(),
        note: form.note.trim().to_owned(),
        option: Some(form.option.clone()).filter(|option| !option.is_empty()),
        gate_reason: form.gate_reason.trim().to_owned(),
        revision: form.revision,
    };
    let done = actions::step::take_step(&app.haven, &session, &reference, taken).await;
    after(&app, &session, (&reference, &id), form, done, "step").await
}

async fn skip(
    State(app): State<App>,
    Path((reference, id)): Path<(String, String)>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let skipped = SkipStep { step: id.clone(), reason: form.reason.trim().to_owned(), revision: form.revision };
    let done = actions::step::skip_step(&app.haven, &session, &reference, skipped).await;
    after(&app, &session, (&reference, &id), form, done, "skip").await
}

async fn second(
    State(app): State<App>,
    Path((reference, id)): Path<(String, String)>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let allow = match form.allow.as_str() {
        "yes" => true,
        "no" => false,
        _ => {
            let faults = Faults::one("allow", "Choose yes or no");
            return Ok(draw_again(&page(&app, &session, (&reference, &id), form, faults).await?));
        }
    };
    let answer = SecondStep { step: id.clone(), reason: form.reason.trim().to_owned(), allow, revision: form.revision };
    let done = actions::step::second_step(&app.haven, &session, &reference, answer).await;
    after(&app, &session, (&reference, &id), form, done, "second").await
}

/// On to the case, or the same page with the fault and what was typed.
async fn after(
    app: &App,
    session: &Session,
    at: (&str, &str),
    form: Input,
    done: Result<(), ActionError>,
    word: &str,
) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(go(&address(at.0, word))),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&page(app, session, at, form, faults).await?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn page(index: usize) -> StepPage {
        let case = sample::case_view();
        let step = case.steps.get(index).cloned().unwrap_or_else(|| panic!("no step {index}"));
        let chrome = Chrome::sample(&step.title, Some(sample::LEAD));
        StepPage { chrome, case, step, form: Input::default(), faults: Faults::default() }
    }

    #[test]
    fn c04_an_ordinary_gate_asks_for_a_reason_to_leave_a_step_out() {
        let html = shot("step", &page(1));
        has(&html, "/step/talk/skip");
        has(&html, "Because of");
        assert!(html.find("tel:999") < html.find("<textarea"));
    }

    #[test]
    fn c04_a_decision_offers_its_options_and_asks_why_it_comes_early() {
        let html = shot("step-decide", &page(2));
        has(&html, "Not referred, because");
        has(&html, "name=\"gate_reason\"");
        has_not(&html, "/step/threshold/skip");
    }

    #[test]
    fn c04_a_legal_gate_asks_the_second_post() {
        let html = shot("step-second", &page(3));
        has(&html, "/step/refer/second");
        has_not(&html, "/step/refer/skip");
    }
}
