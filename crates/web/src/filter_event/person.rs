//! "What did this person ask for?": asked with a purpose, which is written down before anything is shown.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::api::{AskName, AskPerson, EventQuery, PersonEvents, Session};
use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again, words};
use crate::session::{Posted, SignedIn};

#[derive(Template)]
#[template(path = "filter_event/person.html")]
struct PersonPage {
    chrome: Chrome,
    form: Asked,
    found: Option<PersonEvents>,
    faults: Faults,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct Asked {
    who: String,
    purpose: String,
    ticket: String,
    action: String,
    day: String,
    from: String,
    until: String,
    all: String,
    page: String,
}

impl Asked {
    fn asked(&self) -> AskPerson {
        AskPerson {
            who: self.who.clone(),
            why: AskName { purpose: self.purpose.clone(), ticket: self.ticket.clone() },
            which: EventQuery {
                action: Some(self.action.clone()).filter(|action| !action.is_empty()),
                day: self.day.clone(),
                from: self.from.clone(),
                until: self.until.clone(),
                everything: !self.all.is_empty(),
                page: self.page.parse().unwrap_or(1),
                ..EventQuery::default()
            },
        }
    }
}

impl PersonPage {
    /// The page after this one, as the same question.
    fn next(&self) -> Option<u32> {
        let found = &self.found.as_ref()?.found;
        (found.page < found.pages).then(|| found.page.saturating_add(1))
    }
}

fn page(app: &App, session: &Session, form: Asked, found: Option<PersonEvents>, faults: Faults) -> PersonPage {
    PersonPage { chrome: app.chrome("Activity of a person", Some(session)), form, found, faults }
}

pub(super) async fn ask(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    actions::person_events::may_ask(&app.haven, &me.session)?;
    Ok(draw(&page(&app, &me.session, Asked::default(), None, Faults::default())))
}

/// The answer has no address of its own: whoever wants to see it again says again what for.
pub(super) async fn show(State(app): State<App>, posted: Posted<Asked>) -> Result<Response, PageError> {
    let Posted { session, form, .. } = posted;
    match actions::person_events::events_of(&app.haven, &session, &form.asked()).await {
        Ok(found) => Ok(draw(&page(&app, &session, form, Some(found), Faults::default()))),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&page(&app, &session, form, None, faults)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn shown(name: &str, found: Option<PersonEvents>, faults: Faults) -> String {
        let chrome = Chrome::sample("Activity of a person", Some(sample::HEAD_OF_IT));
        shot(name, &PersonPage { chrome, form: Asked { who: "amina".to_owned(), ..Asked::default() }, found, faults })
    }

    #[test]
    fn m01_a_person_is_searched_for_with_a_purpose_only() {
        let html = shown("person-events-ask", None, Faults::one("purpose", "Choose what you need the name for."));
        has(&html, "What do you need it for?");
        has(&html, "Choose what you need the name for.");
        has_not(&html, "<table");
    }

    #[test]
    fn m01_what_a_person_asked_for_is_shown_once_with_the_way_to_more() {
        let items = sample::events();
        let found = actions::Page { items, page: 1, pages: 2, total: 30 };
        let found = PersonEvents { name: "Amina Learner".to_owned(), username: "amina".to_owned(), found };
        let html = shown("person-events", Some(found), Faults::default());
        for wanted in [
            "Amina Learner",
            "It is written down that you looked",
            "name=\"page\" value=\"2\"",
            "/events/q8f2k1m9x0c4v7b3",
        ] {
            has(&html, wanted);
        }
        let none = actions::Page { items: vec![], page: 1, pages: 1, total: 0 };
        let none = PersonEvents { name: "Amina Learner".to_owned(), username: "amina".to_owned(), found: none };
        has(&shown("person-events-none", Some(none), Faults::default()), "Nothing fits");
    }
}
