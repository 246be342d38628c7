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
    text: String,
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
    /// At a legal stop gate somebody writes first, and may write anew until the second person has answered.
    fn can_write(&self) -> bool {
        let open = matches!(self.step.status, StepStatus::NeedsSecond | StepStatus::Ready);
        let first = self.step.written.as_ref().is_none_or(|written| written.mine || !self.case.may.second);
        self.step.gate == Gate::Legal && open && first && self.case.may.act && self.own_form()
    }

    /// What is decided or done on this page; a referral has its own.
    fn own_form(&self) -> bool {
        matches!(self.step.kind, policy::StepKind::Act | policy::StepKind::Decide)
    }

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
    let word = if legal(&app, &session, &reference, &id).await? { "written" } else { "step" };
    let taken = TakeStep {
        step: id.clone(),
        note: form.note.trim().to_owned(),
        option: Some(form.option.clone()).filter(|option| !option.is_empty()),
        gate_reason: form.gate_reason.trim().to_owned(),
        revision: form.revision,
    };
    let done = actions::step::take_step(&app.haven, &session, &reference, taken).await;
    after(&app, &session, (&reference, &id), form, done, word).await
}

async fn skip(
    State(app): State<App>,
    Path((reference, id)): Path<(String, String)>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let skipped = SkipStep { step: id.clone(), reason: form.reason.trim().to_owned(), revision: form.revision };
    let word = if legal(&app, &session, &reference, &id).await? { "written" } else { "skip" };
    let done = actions::step::skip_step(&app.haven, &session, &reference, skipped).await;
    after(&app, &session, (&reference, &id), form, done, word).await
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
    let reason = form.reason.trim().to_owned();
    let answer = SecondStep { step: id.clone(), text: form.text.clone(), reason, allow, revision: form.revision };
    let done = actions::step::second_step(&app.haven, &session, &reference, answer).await;
    after(&app, &session, (&reference, &id), form, done, "second").await
}

/// Whether what is written here waits for a second person.
async fn legal(app: &App, session: &Session, reference: &str, id: &str) -> Result<bool, PageError> {
    let case = actions::case::case(&app.haven, session, reference).await?;
    Ok(find(&case, id)?.gate == Gate::Legal)
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
        assert!(html.contains("tel:999") && html.find("tel:999") < html.find("<textarea"));
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

    fn at_legal_gate(written: Option<bool>) -> StepPage {
        let mut page = page(2);
        page.step.gate = Gate::Legal;
        page.step.status = StepStatus::NeedsSecond;
        page.step.second_post = "Designated Safeguarding Lead".to_owned();
        page.step.written = written.map(|mine| actions::case::Written {
            text: "text-1".to_owned(),
            answer: "The police are not told".to_owned(),
            reasons: "Nothing here is against the law.".to_owned(),
            by: "Dana Lead".to_owned(),
            at_text: "today, 9:30am".to_owned(),
            mine,
        });
        page
    }

    #[test]
    fn c04_at_a_legal_gate_one_writes_and_another_answers_to_that_text() {
        let html = shot("step-legal-first", &at_legal_gate(None));
        has(&html, "action=\"/case/7KQ2-M4XD/step/threshold\"");
        has_not(&html, "/step/threshold/second");
        let html = shot("step-legal-second", &at_legal_gate(Some(false)));
        has(&html, "Nothing here is against the law.");
        has(&html, "name=\"text\" value=\"text-1\"");
        let html = shot("step-legal-mine", &at_legal_gate(Some(true)));
        has(&html, "Somebody else must answer");
        has_not(&html, "/step/threshold/second");
    }
}
