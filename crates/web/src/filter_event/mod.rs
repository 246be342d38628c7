//! "What happened on the network, and why?": filter events and technical alerts, without any case content.

mod person;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::{AskName, EventQuery, EventRow, EventView, Session, TechnicalAlertRow};
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, Paging, draw, draw_again, query, words};
use crate::session::{Posted, SignedIn};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/events", get(events))
        .route("/events/person", get(person::ask).post(person::show))
        .route("/events/{reference}", get(event))
        .route("/events/{reference}/who", post(who))
        .route("/technical", get(technical))
        .route("/technical/{id}/acknowledge", post(acknowledge))
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Find {
    text: String,
    site: String,
    device: String,
    category: String,
    action: String,
    day: String,
    from: String,
    until: String,
    /// Not empty: also what browsers fetched by themselves.
    all: String,
    page: Option<u32>,
}

impl Find {
    fn asked(&self) -> EventQuery {
        EventQuery {
            text: self.text.trim().to_owned(),
            site: self.site.trim().to_lowercase(),
            device: self.device.clone(),
            category: self.category.clone(),
            action: Some(self.action.clone()).filter(|action| !action.is_empty()),
            day: self.day.clone(),
            from: self.from.clone(),
            until: self.until.clone(),
            alerts_only: false,
            everything: !self.all.is_empty(),
            page: self.page.unwrap_or(1).max(1),
        }
    }

    /// The address of the same search, without the page.
    fn base(&self) -> String {
        let parts = [
            ("text", &self.text),
            ("site", &self.site),
            ("device", &self.device),
            ("category", &self.category),
            ("action", &self.action),
            ("day", &self.day),
            ("from", &self.from),
            ("until", &self.until),
            ("all", &self.all),
        ];
        let parts = parts.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| query(name, value));
        format!("/events?{}&", parts.collect::<Vec<_>>().join("&"))
    }

    fn is_narrow(&self) -> bool {
        self.asked().is_narrow()
    }
}

#[derive(Template)]
#[template(path = "filter_event/list.html")]
struct EventsPage {
    chrome: Chrome,
    rows: Vec<EventRow>,
    find: Find,
    /// The kinds of site that the policy names: code and title.
    categories: Vec<(String, String)>,
    paging: Paging,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "filter_event/event.html")]
struct EventPage {
    chrome: Chrome,
    event: EventView,
    form: WhoInput,
    faults: Faults,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct WhoInput {
    purpose: String,
    ticket: String,
}

#[derive(Template)]
#[template(path = "filter_event/technical.html")]
struct TechnicalPage {
    chrome: Chrome,
    rows: Vec<TechnicalAlertRow>,
    paging: Paging,
}

async fn events(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    let found = actions::filter_event::filter_events(&app.haven, &me.session, find.asked()).await;
    let pack = app.haven.pack();
    let categories = pack.codes.iter().map(|code| (code.id.clone(), code.title.clone())).collect();
    let chrome = app.chrome("Filter events", Some(&me.session));
    match found {
        Ok(found) => {
            let paging = Paging::new(found.page, found.pages, found.total, find.base());
            let faults = Faults::default();
            Ok(draw(&EventsPage { chrome, rows: found.items, find, categories, paging, faults }))
        }
        Err(error) => {
            let faults = Faults::of(error)?;
            let paging = Paging::new(1_u32, 1_u32, 0, find.base());
            Ok(draw_again(&EventsPage { chrome, rows: Vec::new(), find, categories, paging, faults }))
        }
    }
}

async fn event(State(app): State<App>, me: SignedIn, Path(reference): Path<String>) -> Result<Response, PageError> {
    let event = actions::filter_event::filter_event(&app.haven, &me.session, &reference).await?;
    Ok(draw(&event_page(&app, &me.session, event, WhoInput::default(), Faults::default())))
}

fn event_page(app: &App, session: &Session, event: EventView, form: WhoInput, faults: Faults) -> EventPage {
    EventPage { chrome: app.chrome("Filter event", Some(session)), event, form, faults }
}

/// The name behind an event, after a purpose was given; the page with it has no address of its own to come back to.
async fn who(
    State(app): State<App>,
    Path(reference): Path<String>,
    posted: Posted<WhoInput>,
) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    let asked = AskName { purpose: form.purpose.clone(), ticket: form.ticket.clone() };
    match actions::filter_event::event_with_name(&app.haven, &session, &reference, &asked).await {
        Ok(event) => Ok(draw(&event_page(&app, &session, event, form, Faults::default()))),
        Err(error) => {
            let faults = Faults::of(error)?;
            let event = actions::filter_event::filter_event(&app.haven, &session, &reference).await?;
            Ok(draw_again(&event_page(&app, &session, event, form, faults)))
        }
    }
}

async fn technical(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    let found = actions::filter_event::technical_alerts(&app.haven, &me.session, find.page.unwrap_or(1).max(1)).await?;
    let paging = Paging::new(found.page, found.pages, found.total, "/technical?".to_owned());
    let chrome = app.chrome("Technical alerts", Some(&me.session));
    Ok(draw(&TechnicalPage { chrome, rows: found.items, paging }))
}

#[derive(Deserialize)]
struct Nothing {}

async fn acknowledge(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let Nothing {} = posted.form;
    actions::filter_event::acknowledge_technical(&app.haven, &posted.session, &id).await?;
    Ok(go("/technical"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn chrome(title: &str) -> Chrome {
        Chrome::sample(title, Some(sample::HEAD_OF_IT))
    }

    #[test]
    fn m01_events_are_listed_with_action_and_reason() {
        let paging = Paging::new(1_u32, 3_u32, 57, "/events?".to_owned());
        let page = EventsPage {
            chrome: chrome("Filter events"),
            rows: sample::events(),
            find: Find::default(),
            categories: vec![("gambling".to_owned(), "gambling".to_owned())],
            paging,
            faults: Faults::default(),
        };
        let html = shot("events", &page);
        has(&html, "/events/q8f2k1m9x0c4v7b3");
        has(&html, "Not opened");
    }

    #[test]
    fn m01_no_event_says_what_that_means() {
        let paging = Paging::new(1_u32, 1_u32, 0, "/events?".to_owned());
        let page = EventsPage {
            chrome: chrome("Filter events"),
            rows: vec![],
            find: Find { text: "maps".to_owned(), ..Find::default() },
            categories: vec![],
            paging,
            faults: Faults::default(),
        };
        has(&shot("events-empty", &page), "No event fits");
    }

    #[test]
    fn f01_an_event_is_explained_with_rule_list_and_clause() {
        let html = shot("event", &page_of(sample::event()));
        has_not(&html, "Amina");
        for wanted in [
            "Not shown until you say why",
            "/events/q8f2k1m9x0c4v7b3/who",
            "category:gambling",
            "gambling casino-royal.test",
            "/policy/7.1",
            "5f1c0f6be7e5",
        ] {
            has(&html, wanted);
        }
    }

    fn page_of(event: EventView) -> EventPage {
        let (form, faults) = (WhoInput::default(), Faults::default());
        EventPage { chrome: chrome("Filter event"), event, form, faults }
    }

    #[test]
    fn m01_a_name_stands_only_on_the_answer_to_a_purpose() {
        let event = EventView { person: Some("Amina Rahman".to_owned()), ..sample::event() };
        let html = shot("event-named", &page_of(event));
        has(&html, "Amina Rahman");
        has_not(&html, "Show the name");
    }

    #[test]
    fn m02_technical_alerts_lead_to_no_case() {
        let paging = Paging::new(1_u32, 1_u32, 2, "/technical?".to_owned());
        let html =
            shot("technical", &TechnicalPage { chrome: chrome("Technical alerts"), rows: sample::technical(), paging });
        has(&html, "action=\"/technical/t1/acknowledge\"");
        has_not(&html, "action=\"/technical/t2/acknowledge\"");
        has_not(&html, "href=\"/case/");
        has_not(&html, "Amina");
    }
}
