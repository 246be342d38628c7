//! "Are our block lists good and fresh?": each source, what waits for a person, and the lists that are or were in force.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;

use crate::app::{App, ListState, ListsShown};
use crate::error::PageError;
use crate::layout::{Chrome, draw, words};
use crate::session::SignedIn;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/lists", get(lists))
}

#[derive(Template)]
#[template(path = "lists/lists.html")]
struct ListsPage {
    chrome: Chrome,
    shown: ListsShown,
    calendar: policy::Calendar,
    now: Timestamp,
}

impl ListsPage {
    fn at(&self, at: &Timestamp) -> String {
        actions::words::moment(&self.calendar, self.now, *at)
    }
}

async fn lists(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    actions::filter_event::may_read(&app.haven, &me.session)?;
    let chrome = app.chrome("Block lists", Some(&me.session));
    let shown = (app.options.lists)();
    let calendar = app.haven.pack().calendar.clone();
    Ok(draw(&ListsPage { chrome, shown, calendar, now: app.haven.now() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{ListBuild, ListSource};
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn page(shown: ListsShown) -> ListsPage {
        let chrome = Chrome::sample("Block lists", Some(sample::HEAD_OF_IT));
        ListsPage { chrome, shown, calendar: policy::Pack::nothing().calendar, now: sample::now() }
    }

    fn source(name: &str, state: ListState, sentence: &str) -> ListSource {
        ListSource {
            name: name.to_owned(),
            from: format!("https://lists.test/{name}.txt"),
            state,
            sentence: sentence.to_owned(),
            checked_at: Some(sample::now()),
            fetched_at: Some(sample::now()),
            entries: 4_100,
            refused: 12,
            concerns: vec![],
            sample: vec![],
        }
    }

    #[test]
    fn f04_the_page_says_what_waits_and_what_is_in_force() {
        let held = ListSource {
            concerns: vec!["It shrank by 66 per cent, from 300 entries to 100.".to_owned()],
            sample: vec!["- casino-7.test gambling".to_owned()],
            ..source("casinos", ListState::Held, "A new edition waits for a person: 0 came, 200 went.")
        };
        let failed = source("phishing", ListState::Failed, "the source answered 404 Not Found");
        let build = |number: u64, in_force: bool| ListBuild {
            number,
            at: sample::now(),
            names: 434_095,
            urls: 22_746,
            why: "renewed by the clock".to_owned(),
            in_force,
        };
        let shown = ListsShown {
            sources: vec![held, failed, source("games", ListState::Good, "12 came, 3 went.")],
            builds: vec![build(8, true), build(7, false)],
            taken_back: None,
            file: String::new(),
        };
        let html = shot("lists", &page(shown.clone()));
        for wanted in [
            "Waits for a person",
            "shrank by 66 per cent",
            "- casino-7.test gambling",
            "haven lists accept casinos",
            "answered 404",
            "434,095",
            "In force",
            "haven lists rollback",
        ] {
            has(&html, wanted);
        }
        has_not(&html, "were taken back");
        has(&shot("lists-taken-back", &page(ListsShown { taken_back: Some(7), ..shown })), "were taken back");
    }

    #[test]
    fn f04_without_sources_the_page_says_what_is_used() {
        let html = shot("lists-empty", &page(ListsShown::default()));
        has(&html, "only Haven’s own small starter lists");
        let of_file = ListsShown { file: "all.lists".to_owned(), ..ListsShown::default() };
        has(&shot("lists-file", &page(of_file)), "all.lists");
    }
}
