//! "What leaves, to whom?": the referral before it is sent, side by side with what stays.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use policy::Consent;
use serde::Deserialize;

use super::address;
use crate::api::{ReferralPreview, SendReferral, Session};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again};
use crate::session::{Posted, SignedIn};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/case/{reference}/referral/{step}", get(ask).post(send))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    reason: String,
    agreement: String,
    ground: String,
    revision: i64,
    /// `look`: show again with the reason; nothing leaves.
    stage: String,
}

#[derive(Template)]
#[template(path = "case/referral.html")]
struct ReferralPage {
    chrome: Chrome,
    reference: String,
    step: String,
    preview: ReferralPreview,
    form: Input,
    faults: Faults,
}

async fn page(
    app: &App,
    session: &Session,
    at: (&str, &str),
    form: Input,
    faults: Faults,
) -> Result<ReferralPage, PageError> {
    let preview = actions::referral::referral_preview(&app.haven, session, at.0, at.1, form.reason.trim()).await?;
    let chrome = app.chrome("Check what leaves", Some(session));
    Ok(ReferralPage { chrome, reference: at.0.to_owned(), step: at.1.to_owned(), preview, form, faults })
}

async fn ask(
    State(app): State<App>,
    me: SignedIn,
    Path((reference, step)): Path<(String, String)>,
) -> Result<Response, PageError> {
    Ok(draw(&page(&app, &me.session, (&reference, &step), Input::default(), Faults::default()).await?))
}

async fn send(
    State(app): State<App>,
    Path((reference, step)): Path<(String, String)>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    if form.stage == "look" {
        return Ok(draw(&page(&app, &session, (&reference, &step), form, Faults::default()).await?));
    }
    let referral = SendReferral {
        step: step.clone(),
        reason: form.reason.trim().to_owned(),
        agreement: form.agreement.clone(),
        ground: form.ground.trim().to_owned(),
        revision: form.revision,
    };
    match actions::referral::send_referral(&app.haven, &session, &reference, referral).await {
        Ok(()) => Ok(go(&address(&reference, "referral"))),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&page(&app, &session, (&reference, &step), form, faults).await?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    #[test]
    fn c07_the_preview_shows_exactly_what_leaves_and_what_stays() {
        let page = ReferralPage {
            chrome: Chrome::sample("Check what leaves", Some(sample::LEAD)),
            reference: "7KQ2-M4XD".to_owned(),
            step: "refer".to_owned(),
            preview: sample::referral_preview(),
            form: Input::default(),
            faults: Faults::default(),
        };
        let html = shot("referral", &page);
        for wanted in
            ["What leaves", "What stays", "Amina Learner", "Date of birth", "name=\"ground\"", "safety-rules#S-8"]
        {
            has(&html, wanted);
        }
    }
}
