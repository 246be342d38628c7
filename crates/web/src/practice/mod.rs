//! Practice only: the people to be, the mailbox, the clock, "try a request as ...", "point a browser here".
//!
//! On real data every address here is absent.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{ActionError, LetterRow};
use crate::app::{App, OverTls, Tried, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, Paging, draw, draw_again, words};
use crate::session::{AtDoor, Open, enter, own_path};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/practice", get(practice))
        .route("/practice/sign-in", post(sign_in))
        .route("/practice/clock", post(clock))
        .route("/practice/mailbox", get(mailbox))
        .route("/practice/try", get(try_page))
}

/// Furthest that the clock moves at once, in minutes: four weeks.
const CLOCK_STEP_LIMIT_MINUTES: i64 = 4 * 7 * 24 * 60;

/// One of the invented people, with the seat at which they sit.
pub(crate) struct Persona {
    pub(crate) username: String,
    pub(crate) name: String,
    /// Posts, or the group that fits.
    pub(crate) what: String,
    pub(crate) port: Option<u16>,
    pub(crate) blurb: String,
}

/// Everybody whom a visitor may be; nobody on real data.
pub(crate) async fn people(app: &App) -> Result<Vec<Persona>, ActionError> {
    let Some(practice) = app.options.practice.as_ref().filter(|_| app.practice()) else { return Ok(Vec::new()) };
    let people = actions::practice::practice_people(&app.haven).await?;
    let persona = |person: actions::practice::PracticePerson| {
        let seat = practice.seats.iter().find(|seat| seat.username == person.username);
        Persona {
            port: seat.and_then(|seat| seat.port),
            blurb: seat.map(|seat| seat.blurb.clone()).unwrap_or_default(),
            username: person.username,
            name: person.name,
            what: person.what,
        }
    };
    Ok(people.into_iter().map(persona).collect())
}

#[derive(Template)]
#[template(path = "practice/practice.html")]
struct PracticePage {
    chrome: Chrome,
    people: Vec<Persona>,
    proxy_host: String,
    has_ca: bool,
}

#[derive(Template)]
#[template(path = "practice/mailbox.html")]
struct MailboxPage {
    chrome: Chrome,
    letters: Vec<LetterRow>,
    paging: Paging,
}

#[derive(Template)]
#[template(path = "practice/try.html")]
struct TryPage {
    chrome: Chrome,
    people: Vec<Persona>,
    person: String,
    url: String,
    tried: Option<Tried>,
    faults: Faults,
}

async fn practice(State(app): State<App>) -> Result<Response, PageError> {
    app.practice_only()?;
    let people = people(&app).await?;
    let (proxy_host, has_ca) = (app.options.proxy_host.clone(), app.options.ca_pem.is_some());
    Ok(draw(&PracticePage { chrome: app.chrome("Practice", None), people, proxy_host, has_ca }))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SignInForm {
    person: String,
    to: String,
}

async fn sign_in(
    State(app): State<App>,
    AtDoor(door): AtDoor,
    tls: Option<axum::Extension<OverTls>>,
    Open(form): Open<SignInForm>,
) -> Result<Response, PageError> {
    app.practice_only()?;
    let practice = app.options.practice.as_ref().ok_or_else(PageError::absent)?;
    let token = actions::session::practice_sign_in(&app.haven, &form.person, &practice.password, door).await?;
    Ok(enter(&token.0, tls.map(|tls| tls.0).unwrap_or_default(), own_path(&form.to)))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ClockForm {
    minutes: i64,
}

async fn clock(State(app): State<App>, Open(form): Open<ClockForm>) -> Result<Response, PageError> {
    app.practice_only()?;
    let minutes = form.minutes.clamp(1, CLOCK_STEP_LIMIT_MINUTES);
    actions::practice::move_clock(&app.haven, minutes).await?;
    Ok(go("/practice"))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Find {
    page: Option<u32>,
}

async fn mailbox(State(app): State<App>, Query(find): Query<Find>) -> Result<Response, PageError> {
    app.practice_only()?;
    let found = actions::practice::mailbox(&app.haven, find.page.unwrap_or(1).max(1)).await?;
    let paging = Paging::new(found.page, found.pages, found.total, "/practice/mailbox?".to_owned());
    Ok(draw(&MailboxPage { chrome: app.chrome("Mailbox", None), letters: found.items, paging }))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Try {
    person: String,
    url: String,
}

async fn try_page(State(app): State<App>, Query(asked): Query<Try>) -> Result<Response, PageError> {
    app.practice_only()?;
    let people = people(&app).await?;
    let chrome = app.chrome("Try a request", None);
    let (person, url) = (asked.person, asked.url.trim().to_owned());
    if url.is_empty() {
        return Ok(draw(&TryPage { chrome, people, person, url, tried: None, faults: Faults::default() }));
    }
    let practice = app.options.practice.as_ref().ok_or_else(PageError::absent)?;
    match (practice.try_request)(&person, &url) {
        Some(tried) => {
            Ok(draw(&TryPage { chrome, people, person, url, tried: Some(tried), faults: Faults::default() }))
        }
        None => {
            let faults = Faults::one("url", "Write a whole address, such as http://library.test/");
            Ok(draw_again(&TryPage { chrome, people, person, url, tried: None, faults }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    #[test]
    fn practice_shows_people_ports_and_the_certificate() {
        let page = PracticePage {
            chrome: Chrome::sample("Practice", None),
            people: sample::people(),
            proxy_host: "127.0.0.1".to_owned(),
            has_ca: true,
        };
        let html = shot("practice", &page);
        for wanted in ["18081", "/ca.pem", "/practice/mailbox", "/practice/try", "/practice/clock"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn the_mailbox_shows_each_letter() {
        let paging = Paging::new(1_u32, 1_u32, 1, "/practice/mailbox?".to_owned());
        let html = shot(
            "mailbox",
            &MailboxPage { chrome: Chrome::sample("Mailbox", None), letters: sample::letters(), paging },
        );
        has(&html, "Something waits for you in Haven");
    }

    #[test]
    fn a_tried_request_is_explained() {
        let page = TryPage {
            chrome: Chrome::sample("Try a request", None),
            people: sample::people(),
            person: "learner".to_owned(),
            url: "http://casino-royal.test/".to_owned(),
            tried: Some(sample::tried()),
            faults: Faults::default(),
        };
        let html = shot("try", &page);
        has(&html, "category:gambling");
        has(&html, "/policy/7.1");
    }
}
