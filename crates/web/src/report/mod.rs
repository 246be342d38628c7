//! "How do I tell someone, now?": the report, its receipt, and the way back to an anonymous report with a code.
//!
//! The open pages never look at a cookie, never set one and load no session (S-3). Only `/report/named` does, by choice.

mod form;
mod thread;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::api::{How, Receipt, Session};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again};
use crate::session::{Open, Posted, SignedIn};

use form::ReportInput;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/report", get(ask_open).post(send_open))
        .route("/report/named", get(ask_named).post(send_named))
        .route("/exit", get(exit))
        .merge(thread::routes())
}

/// A kind of concern that the policy lets people choose.
pub(crate) struct Kind {
    pub(crate) id: String,
    pub(crate) title: String,
}

#[derive(Template)]
#[template(path = "report/ask.html")]
struct Ask {
    chrome: Chrome,
    danger: Vec<String>,
    kinds: Vec<Kind>,
    form: ReportInput,
    faults: Faults,
    /// Where the form goes: `/report` or `/report/named`.
    action: &'static str,
}

#[derive(Template)]
#[template(path = "report/check.html")]
struct Check {
    chrome: Chrome,
    form: ReportInput,
    kind_title: String,
    action: &'static str,
    /// Whether the reporter must say if it is about a post that the words mention.
    asks: bool,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "report/receipt.html")]
pub(crate) struct ReceiptPage {
    pub(crate) chrome: Chrome,
    pub(crate) receipt: Receipt,
}

const TITLE: &str = "Report a concern";
const OPEN: &str = "/report";
const NAMED: &str = "/report/named";

/// Leaves to an ordinary page that says nothing about Haven.
async fn exit(State(app): State<App>) -> Response {
    go(&app.options.exit_address)
}

async fn ask_open(State(app): State<App>) -> Result<Response, PageError> {
    let form =
        ReportInput { idempotency: (app.options.fresh_id)(), how: "anonymous".to_owned(), ..ReportInput::default() };
    Ok(draw(&ask(&app, None, form, Faults::default()).await?))
}

async fn ask_named(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    let form = ReportInput { idempotency: (app.options.fresh_id)(), how: "named".to_owned(), ..ReportInput::default() };
    Ok(draw(&ask(&app, Some(&me.session), form, Faults::default()).await?))
}

async fn send_open(State(app): State<App>, Open(form): Open<ReportInput>) -> Result<Response, PageError> {
    send(&app, None, form).await
}

async fn send_named(State(app): State<App>, posted: Posted<ReportInput>) -> Result<Response, PageError> {
    send(&app, Some(&posted.session), posted.form).await
}

async fn ask(app: &App, session: Option<&Session>, form: ReportInput, faults: Faults) -> Result<Ask, PageError> {
    let danger = actions::report::whom_in_person(&app.haven.pack());
    let pack = app.haven.pack();
    let reportable = pack.procedures.iter().filter(|procedure| procedure.reportable);
    let kinds = reportable.map(|procedure| Kind { id: procedure.id.clone(), title: procedure.title.clone() }).collect();
    let chrome = app.chrome(TITLE, session);
    Ok(Ask { chrome, danger, kinds, form, faults, action: if session.is_some() { NAMED } else { OPEN } })
}

/// First time: check answers. Second time: the report is taken and the receipt is shown at once, because the code of an
/// anonymous report is shown only once and must never be in an address.
async fn send(app: &App, session: Option<&Session>, form: ReportInput) -> Result<Response, PageError> {
    let faults = form.faults();
    if !faults.list().is_empty() || form.stage == "change" {
        let again = ask(app, session, form, faults.clone()).await?;
        return Ok(if faults.list().is_empty() { draw(&again) } else { draw_again(&again) });
    }
    let report = form.to_report(session.is_some());
    let reporter = session.filter(|_| report.how != How::Anonymous);
    if form.stage != "send" {
        let asks = actions::report::asks_about_a_post(&app.haven, &report, reporter).await?;
        return Ok(draw(&check(app, session, form, asks, Faults::default())));
    }
    match actions::report::report_concern(&app.haven, report, reporter).await {
        Ok(receipt) => Ok(draw(&ReceiptPage { chrome: app.chrome("We have your report", session), receipt })),
        Err(error) => {
            let faults = Faults::of(error)?;
            if faults.at("about_a_post").is_some() {
                return Ok(draw_again(&check(app, session, form, true, faults)));
            }
            Ok(draw_again(&ask(app, session, form, faults).await?))
        }
    }
}

fn check(app: &App, session: Option<&Session>, form: ReportInput, asks: bool, faults: Faults) -> Check {
    let pack = app.haven.pack();
    let kind_title = pack.procedure(&form.kind).map(|procedure| procedure.title.clone()).unwrap_or_default();
    let action = if session.is_some() { NAMED } else { OPEN };
    Check { chrome: app.chrome("Check what you wrote", session), form, kind_title, action, asks, faults }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn kinds() -> Vec<Kind> {
        vec![Kind { id: "learner-concern".to_owned(), title: "A worry about a learner".to_owned() }]
    }

    fn filled() -> ReportInput {
        ReportInput {
            what: "A friend gets messages every evening from someone she has never met.".to_owned(),
            about_kind: "learner".to_owned(),
            about_name: "Amina, evening English class".to_owned(),
            safe_now: "unknown".to_owned(),
            how: "anonymous".to_owned(),
            idempotency: "sample-key".to_owned(),
            ..ReportInput::default()
        }
    }

    #[test]
    fn c14_the_report_page_has_999_before_any_form() {
        let page = Ask {
            chrome: Chrome::sample(TITLE, None),
            danger: sample::whom(),
            kinds: kinds(),
            form: ReportInput { how: "anonymous".to_owned(), ..ReportInput::default() },
            faults: Faults::default(),
            action: OPEN,
        };
        let html = shot("report", &page);
        assert!(html.contains("tel:999") && html.find("tel:999") < html.find("<form"), "999 stands before the form");
        has(&html, "Exit this page");
        has(&html, "in person: the Safeguarding Lead");
    }

    #[test]
    fn c01_a_fault_is_at_its_field_and_what_was_typed_is_kept() {
        let form = ReportInput { what: "Some words that I typed".to_owned(), ..ReportInput::default() };
        let faults = form.faults();
        let page = Ask {
            chrome: Chrome::sample(TITLE, None),
            danger: sample::whom(),
            kinds: kinds(),
            form,
            faults,
            action: OPEN,
        };
        let html = shot("report-faults", &page);
        has(&html, "Some words that I typed");
        has(&html, "href=\"#about_kind\"");
        has(&html, "href=\"#safe_now\"");
        has_not(&html, "href=\"#what\"");
    }

    #[test]
    fn c01_answers_are_checked_before_they_are_sent() {
        let page = Check {
            chrome: Chrome::sample("Check what you wrote", None),
            form: filled(),
            kind_title: String::new(),
            action: OPEN,
            asks: false,
            faults: Faults::default(),
        };
        let html = shot("report-check", &page);
        has_not(&html, "about_a_post");
        has(&html, "value=\"sample-key\"");
        has(&html, "Send my report");
    }

    #[test]
    fn c01_a_named_report_carries_the_form_token() {
        let me = Some(sample::LEARNER);
        let page = Ask {
            chrome: Chrome::sample(TITLE, me),
            danger: sample::whom(),
            kinds: vec![],
            form: ReportInput { how: "named".to_owned(), ..ReportInput::default() },
            faults: Faults::default(),
            action: NAMED,
        };
        has(&shot("report-named", &page), "name=\"csrf\"");
    }

    #[test]
    fn s3_the_receipt_of_an_anonymous_report_shows_the_code_and_names_nobody() {
        let page = ReceiptPage { chrome: Chrome::sample("We have your report", None), receipt: sample::receipt(true) };
        let html = shot("report-receipt", &page);
        has(&html, "river-copper-lantern-5821");
        has(&html, "today by 3:20pm");
        has_not(&html, "Amina");
    }

    #[test]
    fn s3_the_same_anonymous_form_sent_again_says_what_to_do_without_the_code() {
        let receipt = Receipt { code: None, ..sample::receipt(true) };
        let page = ReceiptPage { chrome: Chrome::sample("We have your report", None), receipt };
        let html = shot("report-receipt-again", &page);
        has(&html, "Its code was shown once");
        has(&html, "this belongs to");
        has_not(&html, "href=\"/my\"");
    }
}
