//! "Are our block lists good and fresh?": each source, what waits for a person, and the lists that are or were in force.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::Deserialize;

use crate::api::Session;
use crate::app::{App, ListLine, ListState, ListsOrder, ListsShown, go};
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, draw_again, words};
use crate::session::{Posted, SignedIn};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/lists", get(lists))
        .route("/lists/update", post(update))
        .route("/lists/source/{name}/accept", post(accept))
        .route("/lists/build/{number}/restore", post(restore))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Find {
    /// A name or address that somebody wants to find on the lists.
    name: String,
    /// Something was asked for, and is under way.
    asked: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    reason: String,
}

/// A name that was looked for, and where it stands.
#[derive(Default)]
struct Search {
    name: String,
    lines: Vec<ListLine>,
    faults: Faults,
}

/// The form that came back with faults: a source's name, or a build's number.
#[derive(Default)]
struct Again {
    whose: String,
    reason: String,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "lists/lists.html")]
struct ListsPage {
    chrome: Chrome,
    shown: ListsShown,
    search: Search,
    asked: bool,
    /// Whether this person may change the lists.
    may_change: bool,
    again: Again,
    calendar: policy::Calendar,
    now: Timestamp,
}

impl ListsPage {
    fn at(&self, at: &Timestamp) -> String {
        actions::words::moment(&self.calendar, self.now, *at)
    }

    fn is_again(&self, whose: &str) -> bool {
        self.again.whose == whose
    }
}

fn page(app: &App, session: &Session, search: Search, again: Again) -> Result<ListsPage, PageError> {
    actions::filter_event::may_read(&app.haven, session)?;
    let shown = (app.options.lists)();
    Ok(ListsPage {
        chrome: app.chrome("Block lists", Some(session)),
        shown,
        search,
        asked: false,
        may_change: actions::audit::may_change_lists(&app.haven, session).is_ok(),
        again,
        calendar: app.haven.pack().calendar.clone(),
        now: app.haven.now(),
    })
}

async fn lists(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    actions::filter_event::may_read(&app.haven, &me.session)?;
    let name = find.name.trim().to_owned();
    let search = if name.is_empty() { Search::default() } else { search(&app, name).await };
    let drawn = page(&app, &me.session, search, Again::default())?;
    Ok(draw(&ListsPage { asked: !find.asked.is_empty(), ..drawn }))
}

async fn search(app: &App, name: String) -> Search {
    match (app.options.find_in_lists)(name.clone()).await {
        Ok(lines) => Search { name, lines, faults: Faults::default() },
        Err(sentence) => Search { name, lines: Vec::new(), faults: Faults::one("name", &sentence) },
    }
}

async fn obey(app: &App, session: Session, order: ListsOrder, whose: String) -> Result<Response, PageError> {
    let reason = order.reason().unwrap_or_default().to_owned();
    match (app.options.change_lists)(session.clone(), order).await {
        Ok(()) => Ok(go("/lists?asked=yes")),
        Err(error) => {
            let faults = Faults::of(error)?;
            Ok(draw_again(&page(app, &session, Search::default(), Again { whose, reason, faults })?))
        }
    }
}

#[derive(Deserialize)]
struct Nothing {}

async fn update(State(app): State<App>, posted: Posted<Nothing>) -> Result<Response, PageError> {
    let Nothing {} = posted.form;
    obey(&app, posted.session, ListsOrder::Update, String::new()).await
}

async fn accept(
    State(app): State<App>,
    Path(name): Path<String>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let order = ListsOrder::Accept { source: name.clone(), reason: posted.form.reason };
    obey(&app, posted.session, order, name).await
}

async fn restore(
    State(app): State<App>,
    Path(number): Path<u64>,
    posted: Posted<Input>,
) -> Result<Response, PageError> {
    let order = ListsOrder::TakeBack { number, reason: posted.form.reason };
    obey(&app, posted.session, order, number.to_string()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{ListBuild, ListSource, SealedListShown};
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn page(shown: ListsShown) -> ListsPage {
        let chrome = Chrome::sample("Block lists", Some(sample::HEAD_OF_IT));
        ListsPage {
            chrome,
            shown,
            search: Search::default(),
            asked: false,
            may_change: true,
            again: Again::default(),
            calendar: policy::Pack::nothing().calendar,
            now: sample::now(),
        }
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
            sealed: vec![],
        };
        let html = shot("lists", &page(shown.clone()));
        for wanted in [
            "Waits for a person",
            "shrank by 66 per cent",
            "- casino-7.test gambling",
            "action=\"/lists/source/casinos/accept\"",
            "action=\"/lists/build/7/restore\"",
            "action=\"/lists/update\"",
            "answered 404",
            "434,095",
            "In force",
        ] {
            has(&html, wanted);
        }
        has_not(&html, "were taken back");
        has_not(&html, "action=\"/lists/build/8/restore\"");
        let reader = shot("lists-reader", &ListsPage { may_change: false, ..page(shown.clone()) });
        has_not(&reader, "method=\"post\" action=\"/lists");
        let again = Again {
            whose: "casinos".to_owned(),
            reason: String::new(),
            faults: Faults::one("reason", "Say in a sentence why. It stays in the record."),
        };
        let html = shot("lists-again", &ListsPage { again, ..page(shown.clone()) });
        has(&html, "There is something to mend");
        assert_eq!(html.matches("id=\"reason\"").count(), 1, "one form is open");
        has(&shot("lists-taken-back", &page(ListsShown { taken_back: Some(7), ..shown })), "were taken back");
    }

    #[test]
    fn f04_a_website_leads_to_its_list_edition_and_line() {
        let line = ListLine {
            list: "casinos".to_owned(),
            fetched_at: Some(sample::now()),
            edition: "99aa10de40c5".to_owned(),
            file: "casinos/gambling/domains".to_owned(),
            line: 4_107,
            text: "casino-royal.test".to_owned(),
            entry: "casino-royal.test".to_owned(),
        };
        let search = Search { name: "www.casino-royal.test".to_owned(), lines: vec![line], faults: Faults::default() };
        let html = shot("lists-found", &ListsPage { search, ..page(ListsShown::default()) });
        for wanted in ["casinos/gambling/domains", "line 4,107", "99aa10de40c5", "value=\"www.casino-royal.test\""] {
            has(&html, wanted);
        }
        let search = Search { name: "library.test".to_owned(), ..Search::default() };
        has(&shot("lists-not-found", &ListsPage { search, ..page(ListsShown::default()) }), "on none of our lists");
    }

    #[test]
    fn f03_the_page_counts_sealed_lists_and_shows_in_red_one_that_the_settings_name_no_more() {
        let list = |name: &str, in_settings: bool, state: ListState, sentence: &str| SealedListShown {
            name: name.to_owned(),
            in_settings,
            in_force: true,
            state,
            entries: 6_012,
            checked_at: Some(sample::now()),
            fetched_at: Some(sample::now()),
            sentence: sentence.to_owned(),
        };
        let shown = ListsShown {
            sealed: vec![
                list("licensed", true, ListState::Good, "nothing new."),
                list("police", true, ListState::Held, "a new edition is not taken: It holds no entry at all."),
                list("old", false, ListState::Good, "nothing new."),
            ],
            ..ListsShown::default()
        };
        let html = shot("lists-sealed", &page(shown));
        for wanted in ["6,012 entries", "New edition not taken", "In no setting", "haven lists retire old", "S-9"] {
            has(&html, wanted);
        }
        assert_eq!(html.matches("needs-you").count(), 2);
    }

    #[test]
    fn f04_without_sources_the_page_says_what_is_used() {
        let html = shot("lists-empty", &page(ListsShown::default()));
        has(&html, "only Haven’s own small starter lists");
        let of_file = ListsShown { file: "all.lists".to_owned(), ..ListsShown::default() };
        has(&shot("lists-file", &page(of_file)), "all.lists");
    }
}
