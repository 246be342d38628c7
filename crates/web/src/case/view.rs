//! The case page and the alert page: everything on one page, the next thing to do first.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use actions::decide::Taken;

use super::{Done, address, step_address};
use crate::api::{ActionError, AlertView, CaseState, CaseView, StepStatus};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, words};
use crate::session::{Posted, SignedIn};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/case/{reference}", get(case))
        .route("/case/{reference}/alert", get(alert))
        .route("/case/{reference}/acknowledge", post(acknowledge))
}

#[derive(Template)]
#[template(path = "case/case.html")]
pub(super) struct CasePage {
    pub(super) chrome: Chrome,
    pub(super) case: CaseView,
    pub(super) done: &'static str,
    /// Faults of the reply form, and what was typed there.
    pub(super) faults: Faults,
    pub(super) text: String,
}

#[derive(Template)]
#[template(path = "case/alert.html")]
struct AlertPage {
    chrome: Chrome,
    case: CaseView,
    alert: AlertView,
}

async fn case(
    State(app): State<App>,
    me: SignedIn,
    Path(reference): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, PageError> {
    let case = actions::case::case(&app.haven, &me.session, &reference).await?;
    let chrome = app.chrome("Case", Some(&me.session));
    Ok(draw(&CasePage { chrome, case, done: sentence(&done.done), faults: Faults::default(), text: String::new() }))
}

async fn alert(State(app): State<App>, me: SignedIn, Path(reference): Path<String>) -> Result<Response, PageError> {
    let mut case = actions::case::case(&app.haven, &me.session, &reference).await?;
    if !case.keys_open {
        return Err(ActionError::Locked.into());
    }
    let alert = case.alert.take().ok_or_else(PageError::absent)?;
    Ok(draw(&AlertPage { chrome: app.chrome("Alert", Some(&me.session)), case, alert }))
}

#[derive(Deserialize)]
struct Nothing {}

async fn acknowledge(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let Nothing {} = posted.form;
    let done = match actions::decide::acknowledge(&app.haven, &posted.session, &reference).await? {
        Taken::Mine => "have",
        Taken::BySomebodyElse => "theirs",
    };
    Ok(go(&address(&reference, done)))
}

/// The one sentence after a form; unknown words say nothing.
fn sentence(done: &str) -> &'static str {
    match done {
        "have" => "Written down: you have this case.",
        "theirs" => "Somebody else was quicker and has this case. Nothing has changed.",
        "concern" => "Written down: this is a concern. The next steps have begun.",
        "more" => "Written down: you need to know more. The alert stays open.",
        "step" => "Written down. The next step is ready.",
        "skip" => "Written down: this step is left out, with your reason.",
        "second" => "Written down: your answer as second person.",
        "written" => "Written down. A second person must agree to exactly this, or it must be written anew.",
        "judged" => "Someone has already judged this. What they wrote is below.",
        "emergency" => "Written down: the emergency call.",
        "note" => "Your note is in the case.",
        "reply" => "Your reply waits for the reporter.",
        "referral" => {
            "The referral is written down. Now carry exactly this text into the agency\u{2019}s own secure form: it stands under Referrals."
        }
        "let-in" => "Written down: this person can see the case now.",
        "let-in-asked" => "Written down. Another holder of this case must answer.",
        "let-in-refused" => "Written down: this person stays left out.",
        "closed" => "The case is closed.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn page(case: CaseView) -> CasePage {
        let chrome = Chrome::sample("Case", Some(sample::LEAD));
        CasePage { chrome, case, done: "", faults: Faults::default(), text: String::new() }
    }

    #[test]
    fn c04_the_case_page_shows_steps_with_owner_clock_and_clause() {
        let html = shot("case", &page(sample::case_view()));
        for wanted in [
            "7KQ2-M4XD",
            "Do not",
            "20 minutes late",
            "/case/7KQ2-M4XD/step/talk",
            "/policy/7.3",
            "A second post must agree",
        ] {
            has(&html, wanted);
        }
        assert!(
            html.contains("tel:999") && html.find("tel:999") < html.find("hv-steps"),
            "999 stands before the steps"
        );
    }

    #[test]
    fn c03_a_case_that_nobody_has_yet_asks_for_it() {
        let html = shot("case-fresh", &page(sample::case_fresh()));
        has(&html, "action=\"/case/7KQ2-M4XD/acknowledge\"");
    }

    #[test]
    fn s5_the_alert_page_offers_three_choices_and_no_label() {
        let mut case = sample::case_fresh();
        let alert = case.alert.take().unwrap_or_else(sample::alert);
        let html = shot("alert", &AlertPage { chrome: Chrome::sample("Alert", Some(sample::LEAD)), case, alert });
        for wanted in ["choice=concern", "choice=false-alarm", "choice=needs-more", "Signed in at the gate", "<mark>"] {
            has(&html, wanted);
        }
        has_not(&html, "method=\"post\" action=\"/case/7KQ2-M4XD/assess\"");
        assert!(html.contains("tel:999") && html.find("tel:999") < html.find("hv-timeline"));
    }
}
