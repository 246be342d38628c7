//! The front door: what anybody may do, signing in and out, and opening one's cases with the password.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{ActionError, Session};
use crate::app::{App, OverTls, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again, words};
use crate::practice::{Persona, people};
use crate::session::{AtDoor, Maybe, Open, Posted, SignedIn, Whence, enter_from, leave, own_path};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(front))
        .route("/help", get(help))
        .route("/sign-in", get(ask).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/unlock", get(ask_unlock).post(unlock))
}

#[derive(Template)]
#[template(path = "sign_in/front.html")]
struct Front {
    chrome: Chrome,
    danger: Vec<String>,
    people: Vec<Persona>,
}

async fn front(State(app): State<App>, Maybe(session): Maybe) -> Result<Response, PageError> {
    let chrome = app.chrome("Start", session.as_ref());
    if let Some(first) = chrome.nav.first() {
        return Ok(go(first.href));
    }
    let danger = actions::report::whom_in_person(&app.haven.pack());
    let people = people(&app).await?;
    Ok(draw(&Front { chrome, danger, people }))
}

#[derive(Template)]
#[template(path = "sign_in/help.html")]
struct Help {
    chrome: Chrome,
    danger: Vec<String>,
    links: Vec<policy::HelpLink>,
}

/// Help is always reachable (S-2): no session is looked at, so nothing joins this page to a person (S-3).
async fn help(State(app): State<App>) -> Result<Response, PageError> {
    let danger = actions::report::whom_in_person(&app.haven.pack());
    let links = app.haven.pack().filtering.help.clone();
    Ok(draw(&Help { chrome: app.chrome("Find help", None), danger, links }))
}

#[derive(Deserialize, Default)]
struct To {
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "sign_in/sign_in.html")]
struct SignInPage {
    chrome: Chrome,
    to: String,
    username: String,
    refused: String,
    people: Vec<Persona>,
}

async fn ask(State(app): State<App>, Query(To { to }): Query<To>) -> Result<Response, PageError> {
    let people = people(&app).await?;
    let chrome = app.chrome("Sign in", None);
    Ok(draw(&SignInPage { chrome, to, username: String::new(), refused: String::new(), people }))
}

#[derive(Deserialize, Default)]
struct SignInForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    to: String,
}

async fn sign_in(
    State(app): State<App>,
    AtDoor(door): AtDoor,
    Whence(from): Whence,
    tls: Option<axum::Extension<OverTls>>,
    Open(form): Open<SignInForm>,
) -> Result<Response, PageError> {
    let tls = tls.map(|tls| tls.0).unwrap_or_default();
    let name = form.username.trim();
    match actions::session::sign_in_from(&app.haven, name, &form.password, door, &from).await {
        Ok(entered) => Ok(enter_from(&entered.token.0, &entered.device, tls, own_path(&form.to))),
        Err(ActionError::Refused { sentence, .. }) => {
            let people = people(&app).await?;
            let chrome = app.chrome("Sign in", None);
            Ok(draw_again(&SignInPage { chrome, to: form.to, username: form.username, refused: sentence, people }))
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Deserialize)]
struct Nothing {}

async fn sign_out(State(app): State<App>, posted: Posted<Nothing>) -> Result<Response, PageError> {
    let Nothing {} = posted.form;
    actions::session::sign_out(&app.haven, &posted.token).await?;
    Ok(leave("/"))
}

#[derive(Template)]
#[template(path = "sign_in/unlock.html")]
struct UnlockPage {
    chrome: Chrome,
    to: String,
    faults: Faults,
}

impl UnlockPage {
    fn new(app: &App, session: &Session, to: String, faults: Faults) -> Self {
        Self { chrome: app.chrome("Open your cases", Some(session)), to, faults }
    }
}

async fn ask_unlock(State(app): State<App>, me: SignedIn, Query(To { to }): Query<To>) -> Response {
    draw(&UnlockPage::new(&app, &me.session, to, Faults::default()))
}

async fn unlock(State(app): State<App>, posted: Posted<SignInForm>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    match actions::session::unlock(&app.haven, &session, &form.password).await {
        Ok(()) => Ok(go(own_path(&form.to))),
        Err(ActionError::Refused { sentence, .. }) => {
            Ok(draw_again(&UnlockPage::new(&app, &session, form.to, Faults::one("password", &sentence))))
        }
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&UnlockPage::new(&app, &session, form.to, faults)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    #[test]
    fn the_front_page_puts_danger_first_and_reporting_before_signing_in() {
        let page = Front { chrome: Chrome::sample("Start", None), danger: sample::whom(), people: sample::people() };
        let html = shot("front", &page);
        let (danger, report, sign_in) =
            (html.find("tel:999"), html.find("href=\"/report\""), html.find("href=\"/sign-in\""));
        assert!(danger < report && report < sign_in && danger.is_some());
        has(&html, "Practice.");
    }

    #[test]
    fn the_sign_in_page_keeps_the_name_and_says_one_sentence() {
        let page = SignInPage {
            chrome: Chrome::sample("Sign in", None),
            to: "/today".to_owned(),
            username: "dana".to_owned(),
            refused: "That name and password do not match.".to_owned(),
            people: sample::people(),
        };
        let html = shot("sign-in", &page);
        has(&html, "value=\"dana\"");
        has(&html, "do not match");
    }

    #[test]
    fn c14_the_help_page_has_999_and_the_packs_links() {
        let links = vec![policy::HelpLink {
            site: "gamblersanonymous.org.uk".to_owned(),
            title: "Gamblers Anonymous".to_owned(),
            codes: vec!["gambling".to_owned()],
            clause: "7.6".to_owned(),
        }];
        let html = shot("help", &Help { chrome: Chrome::sample("Find help", None), danger: sample::whom(), links });
        has(&html, "tel:999");
        has(&html, "https://gamblersanonymous.org.uk");
    }

    #[test]
    fn the_unlock_page_asks_for_the_password_only() {
        let me = Some(sample::LEAD);
        let page = UnlockPage {
            chrome: Chrome::sample("Open your cases", me),
            to: "/today".to_owned(),
            faults: Faults::default(),
        };
        has(&shot("unlock", &page), "type=\"password\"");
    }
}
