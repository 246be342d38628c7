//! The list of cases that a person may see: found by words or state, page by page.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::api::{CaseQuery, CaseState, TodayRow};
use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, Paging, draw, query, words};
use crate::session::SignedIn;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/cases", get(cases))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Find {
    text: String,
    state: String,
    page: Option<u32>,
}

#[derive(Template)]
#[template(path = "case/list.html")]
struct ListPage {
    chrome: Chrome,
    rows: Vec<TodayRow>,
    text: String,
    state: String,
    paging: Paging,
}

async fn cases(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    let asked = CaseQuery {
        text: find.text.trim().to_owned(),
        state: CaseState::parse(&find.state),
        page: find.page.unwrap_or(1).max(1),
    };
    let found = actions::today::cases(&app.haven, &me.session, asked).await?;
    let base = format!("/cases?{}&{}&", query("text", &find.text), query("state", &find.state));
    let paging = Paging::new(found.page, found.pages, found.total, base);
    let chrome = app.chrome("Cases", Some(&me.session));
    Ok(draw(&ListPage { chrome, rows: found.items, text: find.text, state: find.state, paging }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    fn page(rows: Vec<TodayRow>, text: &str, total: u64) -> ListPage {
        let chrome = Chrome::sample("Cases", Some(sample::LEAD));
        let paging = Paging::new(1_u32, if total > 20 { 3_u32 } else { 1_u32 }, total, "/cases?".to_owned());
        ListPage { chrome, rows, text: text.to_owned(), state: String::new(), paging }
    }

    #[test]
    fn c02_the_list_can_be_searched_and_paged() {
        let html = shot("cases", &page(sample::rows(), "", 41));
        has(&html, "rel=\"next\"");
        has(&html, "name=\"text\"");
    }

    #[test]
    fn c02_an_empty_list_says_what_to_do() {
        has(&shot("cases-empty", &page(vec![], "", 0)), "There is no case for you to see");
        has(&shot("cases-none-found", &page(vec![], "winter", 0)), "No case fits");
    }
}
