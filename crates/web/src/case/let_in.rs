//! "This person was left out by mistake": asked by one holder of the case, answered by another.

use actions::let_in::{Answer, LetInView, Wish};
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::address;
use crate::api::Session;
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again};
use crate::session::{Posted, SignedIn};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/case/{reference}/let-in", get(show).post(ask))
        .route("/case/{reference}/let-in/answer", post(answer))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    person: String,
    id: String,
    agree: String,
    reasons: String,
}

#[derive(Template)]
#[template(path = "case/let_in.html")]
struct LetInPage {
    chrome: Chrome,
    view: LetInView,
    text: String,
    faults: Faults,
}

async fn page(
    app: &App,
    session: &Session,
    reference: &str,
    text: String,
    faults: Faults,
) -> Result<LetInPage, PageError> {
    let view = actions::let_in::left_out(&app.haven, session, reference).await?;
    Ok(LetInPage { chrome: app.chrome("Let somebody in", Some(session)), view, text, faults })
}

async fn show(State(app): State<App>, me: SignedIn, Path(reference): Path<String>) -> Result<Response, PageError> {
    Ok(draw(&page(&app, &me.session, &reference, String::new(), Faults::default()).await?))
}

async fn ask(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let wish = Wish { person: form.person, reasons: form.reasons.clone() };
    match actions::let_in::ask(&app.haven, &session, &reference, wish).await {
        Ok(true) => Ok(go(&address(&reference, "let-in"))),
        Ok(false) => Ok(go(&address(&reference, "let-in-asked"))),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&page(&app, &session, &reference, form.reasons, faults).await?))
        }
    }
}

async fn answer(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let agree = form.agree == "yes";
    let given = Answer { id: form.id, agree, reasons: form.reasons.clone() };
    match actions::let_in::answer(&app.haven, &session, &reference, given).await {
        Ok(()) => Ok(go(&address(&reference, if agree { "let-in" } else { "let-in-refused" }))),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&page(&app, &session, &reference, form.reasons, faults).await?))
        }
    }
}

#[cfg(test)]
mod tests {
    use actions::let_in::{Asked, LeftOut};

    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn page(mine: bool, takes_two: bool, asked: bool) -> LetInPage {
        let asked = asked.then(|| Asked {
            id: "a1".to_owned(),
            by: "Dana Lead".to_owned(),
            at_text: "today, 9:30am".to_owned(),
            reasons: "The words only say whom she told.".to_owned(),
            mine,
        });
        let left_out = vec![LeftOut {
            person: "p1".to_owned(),
            name: "Sam Deputy".to_owned(),
            posts: "Safeguarding Lead".to_owned(),
            asked,
        }];
        LetInPage {
            chrome: Chrome::sample("Let somebody in", Some(sample::LEAD)),
            view: LetInView { reference: "7KQ2-M4XD".to_owned(), left_out, takes_two },
            text: String::new(),
            faults: Faults::default(),
        }
    }

    #[test]
    fn p06_one_asks_and_another_answers() {
        let html = shot("let-in", &page(false, true, false));
        has(&html, "It takes two of you");
        has(&html, "Ask that Sam Deputy be let in");
        let html = shot("let-in-answer", &page(false, true, true));
        has(&html, "The words only say whom she told.");
        has(&html, "name=\"agree\" value=\"no\"");
        let html = shot("let-in-mine", &page(true, true, true));
        has(&html, "Another holder of this case must answer");
        has_not(&html, "value=\"yes\"");
        has(&shot("let-in-alone", &page(false, false, false)), "you decide alone");
    }
}
