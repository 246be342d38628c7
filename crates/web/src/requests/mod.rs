//! "May we open this site?": requests and their decisions, each with a reason and an end date.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{DecideRequest, Measures, Session, SiteRequestRow, Unsettled};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, Paging, draw, draw_again, words};
use crate::session::{Posted, SignedIn};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/requests", get(requests))
        .route("/requests/{id}", post(decide))
        .route("/close-site", get(got_through).post(report))
}

/// How long a site opens if nobody says otherwise, in days.
const OPEN_FOR_DAYS: u32 = 30;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Find {
    page: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    allow: String,
    reason: String,
    until_days: String,
    /// Not empty: the request is to close a site that got through.
    got_through: String,
}

/// Somebody tells of a page that opened and should not.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Told {
    address: String,
    why: String,
    key: String,
}

#[derive(Template)]
#[template(path = "requests/got_through.html")]
struct GotThroughPage {
    chrome: Chrome,
    form: Told,
    faults: Faults,
    /// The site that was told of.
    done: String,
}

async fn got_through(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    let form = Told { key: (app.options.fresh_id)(), ..Told::default() };
    let chrome = app.chrome("This should be closed", Some(&me.session));
    Ok(draw(&GotThroughPage { chrome, form, faults: Faults::default(), done: String::new() }))
}

async fn report(State(app): State<App>, posted: Posted<Told>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let told = actions::requests::report_got_through(&app.haven, &session, &form.address, &form.why, &form.key).await;
    let chrome = app.chrome("This should be closed", Some(&session));
    match told {
        Ok(done) => Ok(draw(&GotThroughPage { chrome, form, faults: Faults::default(), done })),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&GotThroughPage { chrome, form, faults, done: String::new() }))
        }
    }
}

#[derive(Template)]
#[template(path = "requests/list.html")]
struct RequestsPage {
    chrome: Chrome,
    rows: Vec<SiteRequestRow>,
    measures: Measures,
    /// Rules that no longer stand as they were decided.
    unsettled: Vec<Unsettled>,
    paging: Paging,
    /// The request whose form came back with faults; empty if none.
    again: String,
    form: Input,
    faults: Faults,
    nothing: Faults,
    fresh: Input,
}

async fn page(
    app: &App,
    session: &Session,
    page: u32,
    again: (String, Input, Faults),
) -> Result<RequestsPage, PageError> {
    let found = actions::requests::requests(&app.haven, session, page).await?;
    let paging = Paging::new(found.page, found.pages, found.total, "/requests?".to_owned());
    let unsettled = actions::local_rules::unsettled(&app.haven, session).await?;
    let mut made = assemble(app.chrome("Requests", Some(session)), (found.items, unsettled), paging, again);
    made.measures = actions::requests::measures(&app.haven, session).await?;
    Ok(made)
}

fn assemble(
    chrome: Chrome,
    (rows, unsettled): (Vec<SiteRequestRow>, Vec<Unsettled>),
    paging: Paging,
    (again, form, faults): (String, Input, Faults),
) -> RequestsPage {
    let fresh = Input { until_days: OPEN_FOR_DAYS.to_string(), ..Input::default() };
    let measures = Measures::default();
    RequestsPage { chrome, rows, measures, unsettled, paging, again, form, faults, nothing: Faults::default(), fresh }
}

async fn requests(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    let nothing = (String::new(), Input::default(), Faults::default());
    Ok(draw(&page(&app, &me.session, find.page.unwrap_or(1).max(1), nothing).await?))
}

async fn decide(State(app): State<App>, Path(id): Path<String>, posted: Posted<Input>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let got_through = !form.got_through.is_empty();
    let faults = match (form.allow.as_str(), form.until_days.trim().parse::<u32>()) {
        ("yes", Err(_)) if !got_through => Faults::one("until_days", "Write a number of days, such as 30"),
        (answer @ ("yes" | "no"), days) => {
            let reason = form.reason.trim().to_owned();
            let until_days = days.unwrap_or(0);
            let decided = DecideRequest { id: id.clone(), allow: answer == "yes", reason, until_days, got_through };
            match actions::requests::decide_request(&app.haven, &session, decided).await {
                Ok(()) => return Ok(go("/requests")),
                Err(error) => Faults::of(error)?,
            }
        }
        _ => Faults::one("allow", "Choose yes or no"),
    };
    Ok(draw_again(&page(&app, &session, 1, (id, form, faults)).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    fn shown(rows: Vec<SiteRequestRow>, again: (String, Input, Faults)) -> RequestsPage {
        let chrome = Chrome::sample("Requests", Some(sample::HEAD_OF_IT));
        let total = rows.len() as u64;
        assemble(chrome, (rows, Vec::new()), Paging::new(1_u32, 1_u32, total, "/requests?".to_owned()), again)
    }

    #[test]
    fn f12_a_request_is_decided_with_a_reason_and_an_end() {
        let nothing = (String::new(), Input::default(), Faults::default());
        let html = shot("requests", &shown(sample::requests(), nothing));
        for wanted in ["action=\"/requests/r1\"", "name=\"until_days\"", "Used in class"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn f12_a_fault_stays_at_its_request() {
        let again = (
            "r1".to_owned(),
            Input { allow: "yes".to_owned(), ..Input::default() },
            Faults::one("reason", "Say why, in a sentence"),
        );
        has(&shot("requests-fault", &shown(sample::requests(), again)), "href=\"#reason\"");
    }

    #[test]
    fn f12_rules_that_a_new_policy_undid_are_a_finding() {
        let nothing = (String::new(), Input::default(), Faults::default());
        let mut page = shown(vec![], nothing);
        let one = |host: &str, opened| Unsettled { host: host.to_owned(), opened, why: "the clause is gone" };
        page.unsettled = vec![one("opened.test", true), one("closed.test", false)];
        let html = shot("requests-unsettled", &page);
        for wanted in [
            "opened.test",
            "does not open any more",
            "closed.test",
            "stays closed, for everybody",
            "the clause is gone",
        ] {
            has(&html, wanted);
        }
    }

    #[test]
    fn f12_a_site_that_got_through_is_told_of_and_decided() {
        let chrome = || Chrome::sample("This should be closed", Some(sample::LEARNER));
        let page = |form, faults, done: &str| GotThroughPage { chrome: chrome(), form, faults, done: done.to_owned() };
        let html = shot("close-site", &page(Told::default(), Faults::default(), ""));
        has(&html, "name=\"address\"");
        let fault = Faults::one("address", "Copy the address of the page here.");
        has(&shot("close-site-fault", &page(Told::default(), fault, "")), "href=\"#address\"");
        has(&shot("close-site-done", &page(Told::default(), Faults::default(), "site.test")), "site.test");
        let mut rows = sample::requests();
        rows[0].got_through = true;
        rows[0].decided = None;
        let nothing = (String::new(), Input::default(), Faults::default());
        let mut shown = shown(rows, nothing);
        shown.measures = Measures {
            to_open: 4,
            opened: 2,
            half_within: Some("3 hours".to_owned()),
            needless_per_cent: Some(66),
            ..Measures::default()
        };
        let html = shot("requests-got-through", &shown);
        for wanted in ["Should it be closed?", "name=\"got_through\"", "66 in 100", "3 hours"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn f12_no_request_is_a_calm_page() {
        let nothing = (String::new(), Input::default(), Faults::default());
        has(&shot("requests-empty", &shown(vec![], nothing)), "Nobody has asked");
    }
}
