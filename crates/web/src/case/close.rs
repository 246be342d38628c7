//! Closing a case: the outcome, the reasons, and whether policy, filter or training must change.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use policy::StepKind;
use serde::Deserialize;

use super::address;
use crate::api::{CaseState, CaseView, Close, Session, StepView};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again, words};
use crate::session::{Posted, SignedIn};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/case/{reference}/close", get(ask).post(close))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    outcome: String,
    reasons: String,
    change: String,
    change_policy: String,
    change_filter: String,
    change_training: String,
    change_note: String,
    revision: i64,
}

#[derive(Template)]
#[template(path = "case/close.html")]
struct ClosePage {
    chrome: Chrome,
    case: CaseView,
    step: StepView,
    form: Input,
    faults: Faults,
}

async fn page(
    app: &App,
    session: &Session,
    reference: &str,
    form: Input,
    faults: Faults,
) -> Result<ClosePage, PageError> {
    let case = actions::case::case(&app.haven, session, reference).await?;
    let step = case.steps.iter().find(|step| step.kind == StepKind::Close).cloned();
    let Some(step) = step.filter(|_| case.may.close) else { return Err(PageError::absent()) };
    Ok(ClosePage { chrome: app.chrome("Close the case", Some(session)), case, step, form, faults })
}

#[derive(Template)]
#[template(path = "case/first.html")]
struct FirstPage {
    chrome: Chrome,
    reference: String,
    may_assess: bool,
}

async fn ask(State(app): State<App>, me: SignedIn, Path(reference): Path<String>) -> Result<Response, PageError> {
    let case = actions::case::case(&app.haven, &me.session, &reference).await?;
    if case.state == CaseState::Unassessed {
        let chrome = app.chrome("Close the case", Some(&me.session));
        return Ok(draw(&FirstPage { chrome, reference: case.reference, may_assess: case.may.assess }));
    }
    if case.state == CaseState::Closed {
        return Ok(go(&format!("/case/{reference}")));
    }
    Ok(draw(&page(&app, &me.session, &reference, Input::default(), Faults::default()).await?))
}

async fn close(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let nothing_ticked =
        form.change_policy.is_empty() && form.change_filter.is_empty() && form.change_training.is_empty();
    let fault = match form.change.as_str() {
        "no" => None,
        "yes" if nothing_ticked => Some(Faults::one("change_policy", "Tick what must change, or choose no")),
        "yes" => None,
        _ => Some(Faults::one("change", "Choose yes or no")),
    };
    let shown = page(&app, &session, &reference, form, fault.clone().unwrap_or_default()).await?;
    if fault.is_some() {
        return Ok(draw_again(&shown));
    }
    let change = shown.form.change == "yes";
    let closing = Close {
        step: shown.step.id.clone(),
        outcome: shown.form.outcome.clone(),
        reasons: shown.form.reasons.trim().to_owned(),
        change_policy: change && !shown.form.change_policy.is_empty(),
        change_filter: change && !shown.form.change_filter.is_empty(),
        change_training: change && !shown.form.change_training.is_empty(),
        change_note: shown.form.change_note.trim().to_owned(),
        revision: shown.form.revision,
    };
    match actions::decide::close(&app.haven, &session, &reference, closing).await {
        Ok(()) => Ok(go(&address(&reference, "closed"))),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&page(&app, &session, &reference, shown.form, faults).await?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    #[test]
    fn c15_closing_asks_whether_policy_filter_or_training_must_change() {
        let case = sample::case_view();
        let step = StepView {
            options: vec![
                ("education".to_owned(), "Education and support".to_owned()),
                ("no-action".to_owned(), "No further action".to_owned()),
            ],
            ..sample::step("close", "Close the case", StepKind::Close, crate::api::StepStatus::Ready)
        };
        let chrome = Chrome::sample("Close the case", Some(sample::LEAD));
        let html = shot("close", &ClosePage { chrome, case, step, form: Input::default(), faults: Faults::default() });
        for wanted in
            ["name=\"change_policy\"", "name=\"change_filter\"", "name=\"change_training\"", "value=\"education\""]
        {
            has(&html, wanted);
        }
    }
}
