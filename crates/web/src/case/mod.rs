//! A case: "where are we, what next?", and each thing that its team can do.

mod assess;
mod close;
mod let_in;
mod list;
mod note;
mod referral;
mod step;
mod view;

use axum::Router;
use serde::Deserialize;

use crate::api::{CaseView, StepView};
use crate::app::App;
use crate::error::PageError;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(list::routes())
        .merge(view::routes())
        .merge(assess::routes())
        .merge(step::routes())
        .merge(referral::routes())
        .merge(close::routes())
        .merge(let_in::routes())
        .merge(note::routes())
}

/// What was just done, for the one sentence at the top of the page that a form leads to.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    done: String,
}

fn find<'a>(case: &'a CaseView, step: &str) -> Result<&'a StepView, PageError> {
    case.steps.iter().find(|candidate| candidate.id == step).ok_or_else(PageError::absent)
}

fn address(reference: &str, done: &str) -> String {
    format!("/case/{reference}?done={done}")
}

/// Where a step is taken.
fn step_address(reference: &str, step: &StepView) -> String {
    match step.kind {
        policy::StepKind::Assess => format!("/case/{reference}/assess"),
        policy::StepKind::Act | policy::StepKind::Decide => format!("/case/{reference}/step/{}", step.id),
        policy::StepKind::Refer => format!("/case/{reference}/referral/{}", step.id),
        policy::StepKind::Close => format!("/case/{reference}/close"),
    }
}
