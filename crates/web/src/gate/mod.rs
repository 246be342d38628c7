//! The gate: sign in, the notice, the agreement, and on to the page that was asked for.
//!
//! The last step is a page with a link and an immediate refresh, not a redirect: browsers refuse a redirect to another
//! site in answer to a form when `form-action` is `'self'`.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use policy::{Agreement, AgreementKind, HelpLink, Pack};
use serde::Deserialize;

use crate::api::{ActionError, Stage};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, draw, query};
use crate::practice::{Persona, people};
use crate::session::{AtDoor, Maybe, Posted, web_address};

/// Most help links that the gate shows; the help page has them all.
const HELP_LINKS_SHOWN: usize = 6;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/gate", get(gate))
        .route("/gate/notice", post(notice))
        .route("/gate/agreement", post(agreement))
        .route("/gate/open", get(open))
        .route("/prove", get(prove))
}

#[derive(Deserialize, Default)]
struct To {
    #[serde(default)]
    to: String,
}

/// A text with its sections as HTML, ready to be read.
struct Read {
    id: String,
    title: String,
    digest: String,
    clause: String,
    sections: Vec<(String, String)>,
}

impl Read {
    fn new(agreement: &Agreement) -> Self {
        let sections = agreement.sections.iter().map(|section| (section.title.clone(), policy::html(&section.text)));
        Self {
            id: agreement.id.clone(),
            title: agreement.title.clone(),
            digest: agreement.digest.clone(),
            clause: agreement.clause.clone(),
            sections: sections.collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "gate/sign_in.html")]
struct GateSignIn {
    chrome: Chrome,
    /// Where the sign-in form goes on to: this gate, with the address that was asked for.
    to: String,
    username: String,
    asked_for: String,
    help: Vec<HelpLink>,
    people: Vec<Persona>,
}

#[derive(Template)]
#[template(path = "gate/notice.html")]
struct NoticePage {
    chrome: Chrome,
    to: String,
    text: Read,
}

#[derive(Template)]
#[template(path = "gate/agreement.html")]
struct AgreementPage {
    chrome: Chrome,
    to: String,
    text: Read,
    /// The same in easier words, if the policy has it; what is signed stays the text itself.
    easy: Option<Read>,
}

#[derive(Template)]
#[template(path = "gate/open.html")]
struct OpenPage {
    chrome: Chrome,
    /// A checked web address, or empty.
    to: String,
    /// The network says who is there, and not this sign-in: it may name somebody else, or nobody yet.
    by_network: bool,
}

/// What a browser shows where several people share an address, and where it is asked for it.
#[derive(Template)]
#[template(path = "gate/pass.html")]
struct PassPage {
    chrome: Chrome,
    name: &'static str,
    pass: String,
    address: String,
}

async fn gate(
    State(app): State<App>,
    Query(To { to }): Query<To>,
    Maybe(session): Maybe,
    AtDoor(door): AtDoor,
) -> Result<Response, PageError> {
    let pack = app.haven.pack();
    let Some(session) = session else {
        let people = people(&app).await?;
        let help = pack.filtering.help.iter().take(HELP_LINKS_SHOWN).cloned().collect();
        let here = if to.is_empty() { "/gate".to_owned() } else { format!("/gate?{}", query("to", &to)) };
        let chrome = app.chrome("Before you use the internet here", None);
        return Ok(draw(&GateSignIn {
            chrome,
            to: here,
            username: String::new(),
            asked_for: host_of(&to),
            help,
            people,
        }));
    };
    match &session.stage {
        Stage::Notice => {
            let notice = notice_of(&pack).ok_or_else(PageError::absent)?;
            Ok(draw(&NoticePage { chrome: quiet(&app, "What you should know", &session), to, text: Read::new(notice) }))
        }
        Stage::Agreement(id) => {
            let agreement = pack.agreement(id).ok_or_else(PageError::absent)?;
            let easy = pack.agreement(&format!("{id}-easy-read")).map(Read::new);
            Ok(draw(&AgreementPage {
                chrome: quiet(&app, &agreement.title, &session),
                to,
                text: Read::new(agreement),
                easy,
            }))
        }
        Stage::Open => {
            if let Some(pass) = arrived(&app, &session, door.as_ref(), &to).await? {
                return Ok(pass);
            }
            // Only a browser that came through the gateway is sent on: nobody else has a page waiting.
            // A page and not a redirect: whoever has just signed in comes here by a form (see above).
            let to = web_address(&to).filter(|_| door.is_some()).unwrap_or_default().to_owned();
            let by_network = by_network(&app, door.as_ref());
            Ok(draw(&OpenPage { chrome: quiet(&app, "You can use the internet now", &session), to, by_network }))
        }
    }
}

/// Nothing stands between this person and the internet: their door is theirs. Where several people share an address, the page
/// with their pass.
async fn arrived(
    app: &App,
    session: &crate::api::Session,
    door: Option<&crate::api::Door>,
    to: &str,
) -> Result<Option<Response>, PageError> {
    let Some(door) = door else { return Ok(None) };
    if let Some(pass) = actions::pass::give(&app.haven, session, door).await? {
        let mut address = app.options.pass_address.clone();
        if let Some(to) = web_address(to) {
            address = format!("{address}?{}", query("to", to));
        }
        let chrome = quiet(app, "Your pass for this browser", session);
        return Ok(Some(draw(&PassPage { chrome, name: actions::pass::NAME, pass, address })));
    }
    if actions::session::prove_door(&app.haven, session, door).await? {
        return Ok(None);
    }
    Err(shared_computer())
}

fn by_network(app: &App, door: Option<&crate::api::Door>) -> bool {
    door.is_some_and(|door| app.haven.known_by(&door.listener) == Some(actions::KnownBy::Network))
}

/// S-6: where a computer’s address may stand for several people, Haven does not guess, and says so.
fn shared_computer() -> PageError {
    PageError::from(ActionError::refused(
        "This way to the internet is shared by several people at once, so we cannot tell who you are, and it stays shut. \
         Help sites and reporting work. Please tell IT: the entrance needs 'credentials', or one person at a time.",
    ))
}

/// The gate has no menu: one question at a time.
fn quiet(app: &App, title: &str, session: &crate::api::Session) -> Chrome {
    let mut chrome = app.chrome(title, Some(session));
    chrome.nav.clear();
    chrome.gate_waits = false;
    chrome
}

fn notice_of(pack: &Pack) -> Option<&Agreement> {
    pack.agreements.iter().find(|agreement| agreement.kind == AgreementKind::Notice)
}

/// The name of the site that was asked for; the whole address could be long or private.
fn host_of(to: &str) -> String {
    let rest = web_address(to).and_then(|to| to.split_once("://")).map(|(_, rest)| rest).unwrap_or_default();
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

#[derive(Deserialize)]
struct SignForm {
    #[serde(default)]
    to: String,
    #[serde(default)]
    agreement: String,
    digest: String,
}

/// What comes after a form of the gate: the next text, or the page that opens.
fn onward(to: &str) -> Response {
    go(&format!("/gate/open?{}", query("to", to)))
}

async fn notice(State(app): State<App>, posted: Posted<SignForm>) -> Result<Response, PageError> {
    actions::session::acknowledge_notice(&app.haven, &posted.session, &posted.form.digest).await?;
    Ok(onward(&posted.form.to))
}

async fn agreement(State(app): State<App>, posted: Posted<SignForm>) -> Result<Response, PageError> {
    let SignForm { to, agreement, digest } = posted.form;
    actions::session::sign_agreement(&app.haven, &posted.session, &agreement, &digest).await?;
    Ok(onward(&to))
}

/// Shown when the last text was signed; if there is another to read, back to the gate.
async fn open(
    State(app): State<App>,
    Query(To { to }): Query<To>,
    Maybe(session): Maybe,
    AtDoor(door): AtDoor,
) -> Result<Response, PageError> {
    let back = format!("/gate?{}", query("to", &to));
    let Some(session) = session.filter(|session| session.stage == Stage::Open) else { return Ok(go(&back)) };
    if let Some(pass) = arrived(&app, &session, door.as_ref(), &to).await? {
        return Ok(pass);
    }
    let to = web_address(&to).unwrap_or_default().to_owned();
    let by_network = by_network(&app, door.as_ref());
    Ok(draw(&OpenPage { chrome: quiet(&app, "You can use the internet now", &session), to, by_network }))
}

/// A browser that was closed and opened again shows its cookie; without it, the next person meets the gate (S-6).
async fn prove(
    State(app): State<App>,
    Query(To { to }): Query<To>,
    Maybe(session): Maybe,
    AtDoor(door): AtDoor,
) -> Result<Response, PageError> {
    let proven = match (session.filter(|session| session.stage == Stage::Open), door) {
        (Some(session), Some(door)) => actions::session::prove_door(&app.haven, &session, &door).await?,
        _ => false,
    };
    match web_address(&to) {
        Some(to) if proven => Ok(go(to)),
        _ => Ok(go(&format!("/gate?{}", query("to", &to)))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    #[test]
    fn f15_the_gate_offers_sign_in_help_and_reporting() {
        let page = GateSignIn {
            chrome: Chrome::sample("Before you use the internet here", None),
            to: "/gate?to=http%3A//library.test/".to_owned(),
            username: String::new(),
            asked_for: "library.test".to_owned(),
            help: vec![HelpLink {
                site: "samaritans.org".to_owned(),
                title: "Samaritans".to_owned(),
                codes: vec![],
                clause: "7.6".to_owned(),
            }],
            people: sample::people(),
        };
        let html = shot("gate-sign-in", &page);
        for wanted in ["library.test", "/report", "https://samaritans.org", "action=\"/sign-in\"", "safety-rules#S-4"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn s4_the_notice_is_acknowledged_by_its_digest() {
        let me = Some(sample::LEARNER);
        let page = NoticePage {
            chrome: Chrome::sample("What you should know", me),
            to: "http://library.test/".to_owned(),
            text: Read::new(&sample::notice()),
        };
        let html = shot("gate-notice", &page);
        has(&html, "name=\"digest\" value=\"def456\"");
        has_not(&html, "I agree");
    }

    #[test]
    fn a01_the_agreement_is_shown_in_sections() {
        let me = Some(sample::LEARNER);
        let page = AgreementPage {
            chrome: Chrome::sample("Using the internet here", me),
            to: String::new(),
            text: Read::new(&sample::agreement()),
            easy: Some(Read::new(&sample::agreement())),
        };
        let html = shot("gate-agreement", &page);
        for section in sample::agreement().sections {
            has(&html, &section.title);
        }
        has(&html, "name=\"agreement\" value=\"learner\"");
    }

    #[test]
    fn f13_the_pass_is_shown_with_what_to_do_with_it() {
        let me = Some(sample::LEARNER);
        let page = PassPage {
            chrome: Chrome::sample("Your pass for this browser", me),
            name: actions::pass::NAME,
            pass: "k7mq-01wp-9tfd".to_owned(),
            address: "http://pass.haven.test/?to=http%3A//library.test/".to_owned(),
        };
        let html = shot("gate-pass", &page);
        for wanted in ["k7mq-01wp-9tfd", "<code>haven</code>", "http://pass.haven.test/?to=", "safety-rules#S-6"] {
            has(&html, wanted);
        }
    }

    #[test]
    fn the_last_step_opens_the_page_that_was_asked_for() {
        let me = Some(sample::LEARNER);
        let page = OpenPage {
            chrome: Chrome::sample("You can use the internet now", me),
            to: "http://library.test/?a=1&b=2".to_owned(),
            by_network: false,
        };
        let html = shot("gate-open", &page);
        has(&html, "http-equiv=\"refresh\"");
        let page = OpenPage { by_network: true, ..page };
        let html = shot("gate-open-by-network", &page);
        has(&html, "The network says who you are");
        has_not(&html, "http-equiv=\"refresh\"");
        assert_eq!(host_of("https://library.test/path?q"), "library.test");
        assert_eq!(host_of("javascript:x"), "");
    }
}
