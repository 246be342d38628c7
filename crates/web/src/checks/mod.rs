//! "Does the filter do what the policy says?": the dated checks of every gateway, for those who look after it and those who
//! answer for it.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{Checks, Found, Report};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, Paging, draw, draw_again};
use crate::session::{Posted, SignedIn};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/filter/checks", get(all))
        .route("/filter/checks/now", post(now))
        .route("/filter/checks/{request}", get(one))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Find {
    page: Option<u32>,
    asked: String,
}

#[derive(Template)]
#[template(path = "checks/checks.html")]
struct ChecksPage {
    chrome: Chrome,
    checks: Checks,
    asked: bool,
    paging: Paging,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "checks/one.html")]
struct OnePage {
    chrome: Chrome,
    reports: Vec<Report>,
}

async fn all(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    let checks = actions::checks::checks(&app.haven, &me.session, find.page.unwrap_or(1)).await?;
    let chrome = app.chrome("Checks of the filter", Some(&me.session));
    Ok(draw(&page(chrome, checks, !find.asked.is_empty(), Faults::default())))
}

fn page(chrome: Chrome, checks: Checks, asked: bool, faults: Faults) -> ChecksPage {
    let filed = &checks.filed;
    let paging = Paging::new(filed.page, filed.pages, filed.total, "/filter/checks?".to_owned());
    ChecksPage { chrome, checks, asked, paging, faults }
}

async fn one(State(app): State<App>, me: SignedIn, Path(request): Path<String>) -> Result<Response, PageError> {
    let reports = actions::checks::one(&app.haven, &me.session, &request).await?;
    Ok(draw(&OnePage { chrome: app.chrome("A check of the filter", Some(&me.session)), reports }))
}

#[derive(Deserialize)]
struct Nothing {}

async fn now(State(app): State<App>, posted: Posted<Nothing>) -> Result<Response, PageError> {
    let Nothing {} = posted.form;
    match actions::checks::ask_now(&app.haven, &posted.session).await {
        Ok(_) => Ok(go("/filter/checks?asked=yes")),
        Err(error) => {
            let faults = Faults::of(error)?;
            let checks = actions::checks::checks(&app.haven, &posted.session, 1).await?;
            let chrome = app.chrome("Checks of the filter", Some(&posted.session));
            Ok(draw_again(&page(chrome, checks, false, faults)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};
    use actions::checks::Line;

    fn line(what: &str, outcome: Found, sentence: &str) -> Line {
        Line {
            profile: "learner".to_owned(),
            whom: "Adult learners".to_owned(),
            kind: "kind".to_owned(),
            what: what.to_owned(),
            outcome,
            sentence: sentence.to_owned(),
            clause: "WAES 7.1".to_owned(),
        }
    }

    fn report() -> Report {
        Report {
            request: "r1".to_owned(),
            node: "proxy-1 classroom-4".to_owned(),
            at_text: "today, 6:00am".to_owned(),
            passed: 1,
            failed: 1,
            lines: vec![
                line("A harmless test file for virus scanners", Found::Failed, "The harmless test file came through."),
                line("A site of the lists: gambling", Found::Passed, "It was not opened."),
                line("YouTube, restricted", Found::NotAsked, "The policy does not ask for it here."),
            ],
        }
    }

    fn checks(last: Vec<Report>, may_ask: bool) -> Checks {
        let total = u64::try_from(last.len()).unwrap_or_default();
        let filed = actions::Page { items: last.clone(), page: 1, pages: 1, total };
        Checks { last, filed, may_ask }
    }

    fn shown(name: &str, checks: Checks) -> String {
        let chrome = Chrome::sample("Checks of the filter", Some(sample::HEAD_OF_IT));
        shot(name, &page(chrome, checks, false, Faults::default()))
    }

    #[test]
    fn f16_what_failed_stands_first_with_its_clause() {
        let html = shown("filter-checks", checks(vec![report()], true));
        assert!(html.find("test file came through") < html.find("It was not opened"));
        for wanted in ["Failed", "Passed", "Not asked", "/policy/7.1", "Check now", "today, 6:00am"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn f16_a_governor_sees_the_results_and_no_button() {
        let html = shown("filter-checks-governor", checks(vec![report()], false));
        has(&html, "It was not opened");
        has_not(&html, "Check now");
    }

    #[test]
    fn f16_before_the_first_check_the_page_says_so() {
        has(&shown("filter-checks-empty", checks(vec![], true)), "The filter has not been checked yet");
    }

    #[test]
    fn f16_a_filed_check_is_shown_with_every_line() {
        let chrome = Chrome::sample("A check of the filter", Some(sample::HEAD_OF_IT));
        has(&shot("filter-check", &OnePage { chrome, reports: vec![report()] }), "The harmless test file came through");
    }
}
