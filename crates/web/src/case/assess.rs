//! "Is this real?": the three choices, never without reasons, never with one click.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::address;
use crate::api::{ActionError, AssessChoice, Assessment, CaseState, CaseView, Session};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again, words};
use crate::session::{Posted, SignedIn};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/case/{reference}/assess", get(ask).post(assess))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    choice: String,
    reasons: String,
    vulnerability: String,
    disability: String,
    wellbeing: String,
    revision: i64,
}

impl Input {
    fn choice(&self) -> Option<AssessChoice> {
        match self.choice.as_str() {
            "concern" => Some(AssessChoice::Concern),
            "false-alarm" => Some(AssessChoice::FalseAlarm),
            "needs-more" => Some(AssessChoice::NeedsMore),
            _ => None,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Chosen {
    choice: String,
}

#[derive(Template)]
#[template(path = "case/assess.html")]
struct AssessPage {
    chrome: Chrome,
    case: CaseView,
    clause: String,
    form: Input,
    faults: Faults,
}

async fn page(
    app: &App,
    session: &Session,
    reference: &str,
    form: Input,
    faults: Faults,
) -> Result<AssessPage, PageError> {
    let case = actions::case::case(&app.haven, session, reference).await?;
    if !case.may.assess {
        return Err(PageError::absent());
    }
    let assess = case.steps.iter().find(|step| step.kind == policy::StepKind::Assess);
    let clause = assess.map_or_else(|| case.clause.clone(), |step| step.clause.clone());
    Ok(AssessPage { chrome: app.chrome("Decide what this is", Some(session)), case, clause, form, faults })
}

async fn ask(
    State(app): State<App>,
    me: SignedIn,
    Path(reference): Path<String>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, PageError> {
    let form = Input { choice: chosen.choice, ..Input::default() };
    Ok(draw(&page(&app, &me.session, &reference, form, Faults::default()).await?))
}

async fn assess(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let Some(choice) = form.choice() else {
        let faults = Faults::one("choice", "Choose one of the three");
        return Ok(draw_again(&page(&app, &session, &reference, form, faults).await?));
    };
    let assessment = Assessment {
        choice,
        reasons: form.reasons.trim().to_owned(),
        revision: form.revision,
        vulnerability: form.vulnerability.trim().to_owned(),
        disability: form.disability.trim().to_owned(),
        wellbeing: form.wellbeing.trim().to_owned(),
    };
    match actions::decide::assess(&app.haven, &session, &reference, assessment).await {
        Ok(()) => Ok(go(&match choice {
            AssessChoice::Concern => address(&reference, "concern"),
            // The case is gone by now, also for the person who judged it.
            AssessChoice::FalseAlarm => "/today?done=false-alarm".to_owned(),
            AssessChoice::NeedsMore => address(&reference, "more"),
        })),
        // The same form sent twice: what was written the first time stands, and both posts end on the same page.
        Err(ActionError::NotFound)
            if choice == AssessChoice::FalseAlarm
                && actions::decide::was_my_false_alarm(&app.haven, &session, &reference).await? =>
        {
            Ok(go("/today?done=false-alarm"))
        }
        Err(ActionError::Conflict) if is_judged(&app, &session, &reference).await? => {
            Ok(go(&address(&reference, "judged")))
        }
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&page(&app, &session, &reference, form, faults).await?))
        }
    }
}

async fn is_judged(app: &App, session: &Session, reference: &str) -> Result<bool, PageError> {
    let case = actions::case::case(&app.haven, session, reference).await?;
    Ok(case.state != CaseState::Unassessed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    #[test]
    fn s5_each_choice_asks_for_reasons_and_the_three_prompts() {
        let page = AssessPage {
            chrome: Chrome::sample("Decide what this is", Some(sample::LEAD)),
            case: sample::case_fresh(),
            clause: "7.3".to_owned(),
            form: Input { choice: "false-alarm".to_owned(), ..Input::default() },
            faults: Faults::one("reasons", "Write down why, in a sentence or two"),
        };
        let html = shot("assess", &page);
        for wanted in [
            "name=\"reasons\"",
            "name=\"vulnerability\"",
            "name=\"disability\"",
            "name=\"wellbeing\"",
            "value=\"false-alarm\" checked",
        ] {
            has(&html, wanted);
        }
    }
}
