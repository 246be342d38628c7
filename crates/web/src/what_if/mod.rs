//! "What would happen if somebody opened this?": the filter asked about one address, for one group, now or at another time.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::api::{Question, ToldWhatIf};
use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, Faults, draw, query, words};
use crate::session::SignedIn;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/what-if", get(what_if))
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Find {
    url: String,
    group: String,
    at: String,
    place: String,
}

#[derive(Template)]
#[template(path = "what_if/what_if.html")]
struct WhatIfPage {
    chrome: Chrome,
    /// Id and title.
    groups: Vec<(String, String)>,
    find: Find,
    faults: Faults,
    told: Option<ToldWhatIf>,
    /// Whose accounts may sign in there, where that can be limited.
    accounts: String,
    /// Whether this person may make rules.
    decides: bool,
}

impl WhatIfPage {
    fn new_rule(&self, told: &ToldWhatIf) -> String {
        let allow = if told.action == "block" { "yes" } else { "no" };
        format!("/rules/new?{}&allow={allow}", query("site", &told.host))
    }
}

async fn what_if(State(app): State<App>, me: SignedIn, Query(find): Query<Find>) -> Result<Response, PageError> {
    actions::filter_event::may_read(&app.haven, &me.session)?;
    let asked = !(find.url.is_empty() && find.group.is_empty());
    let mut page = WhatIfPage {
        chrome: app.chrome("What would happen?", Some(&me.session)),
        groups: actions::what_if::groups(&app.haven),
        find,
        faults: Faults::default(),
        told: None,
        accounts: String::new(),
        decides: actions::filter_event::may_decide(&app.haven, &me.session),
    };
    if !asked {
        return Ok(draw(&page));
    }
    let Some(snapshot) = (app.options.in_force)() else {
        page.faults = Faults::one("", "No policy is in force here just now, so there is nothing to ask.");
        return Ok((StatusCode::SERVICE_UNAVAILABLE, draw(&page)).into_response());
    };
    let Find { url, group, at, place } = page.find.clone();
    let question = Question { url, group, at, place };
    match actions::what_if::ask(&app.haven, &me.session, &snapshot, &question) {
        Ok(told) => {
            page.accounts = actions::health::accounts_at(&app.haven, &told.host).await?.unwrap_or_default();
            page.told = Some(told);
        }
        Err(error) => {
            page.faults = Faults::of(error)?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, draw(&page)).into_response());
        }
    }
    Ok(draw(&page))
}

#[cfg(test)]
mod tests {
    use actions::what_if::Other;

    use super::*;
    use crate::sample;
    use crate::shots::{has, has_not, shot};

    fn page(told: Option<ToldWhatIf>, faults: Faults) -> WhatIfPage {
        let group = |id: &str, title: &str| (id.to_owned(), title.to_owned());
        WhatIfPage {
            chrome: Chrome::sample("What would happen?", Some(sample::HEAD_OF_IT)),
            groups: vec![group("learner-adult", "Adult learners"), group("staff", "Staff")],
            find: Find {
                url: "casino.test".to_owned(),
                group: "staff".to_owned(),
                at: String::new(),
                place: String::new(),
            },
            faults,
            told,
            accounts: String::new(),
            decides: true,
        }
    }

    fn told() -> ToldWhatIf {
        ToldWhatIf {
            action: "block",
            reason: "Gambling sites can take money.".to_owned(),
            citation: "WAES 7.1".to_owned(),
            rule: "category:gambling".to_owned(),
            list: "casinos casino.test".to_owned(),
            kinds: vec!["gambling".to_owned()],
            read_as: String::new(),
            inside: vec![],
            search: String::new(),
            alert: None,
            inspect: true,
            record: true,
            others: vec![Other {
                rule: "default".to_owned(),
                action: "allow",
                citation: "WAES 7.1".to_owned(),
                list: String::new(),
            }],
            at_text: "today at 2:20pm".to_owned(),
            hour: "Class hours: timetable row \u{201c}Afternoons\u{201d}.".to_owned(),
            registered: "Registered as \u{201c}Games consoles\u{201d}.".to_owned(),
            host: "casino.test".to_owned(),
        }
    }

    #[test]
    fn f01_the_answer_names_clause_rule_list_and_what_else_fits() {
        let html = shot("what-if", &page(Some(told()), Faults::default()));
        for wanted in [
            "Not opened",
            "Gambling sites can take money.",
            "WAES 7.1",
            "casinos casino.test",
            "What no other rule names",
            "/rules/new?site=casino.test&#38;allow=yes",
            "Sealed lists are not asked",
            "Afternoons",
            "Games consoles",
            "Nobody has signed in",
        ] {
            has(&html, wanted);
        }
        has(&shot("what-if-fault", &page(None, Faults::one("url", "Write an address"))), "href=\"#url\"");
    }

    #[test]
    fn f06_whose_accounts_may_sign_in_stands_there_where_the_page_is_looked_into() {
        let accounts = "Only accounts of college.example can sign in.".to_owned();
        let limited = WhatIfPage { accounts, ..page(Some(told()), Faults::default()) };
        has(&shot("what-if-accounts", &limited), "Only accounts of college.example can sign in.");
        let unopened = ToldWhatIf { inspect: false, ..told() };
        let html = shot("what-if-accounts-unopened", &WhatIfPage { told: Some(unopened), ..limited });
        has(&html, "so no limit holds");
        has_not(&html, "Only accounts of");
    }

    #[test]
    fn f12_who_may_not_decide_is_offered_no_rule() {
        let without = WhatIfPage { decides: false, ..page(Some(told()), Faults::default()) };
        has_not(&shot("what-if-reader", &without), "/rules/new");
    }
}
