//! Who holds the keys to cases, and letting somebody in: to a new post, or again after a password reset (S-10).

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::api::HolderRow;
use crate::app::{App, go};
use crate::error::PageError;
use crate::layout::{Chrome, draw};
use crate::session::{Posted, SignedIn};

/// Below this many live holders the page shows red.
const LIVE_HOLDERS_LEAST: usize = 3;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/keys", get(keys)).route("/keys/readmit", post(readmit))
}

#[derive(Template)]
#[template(path = "keys/keys.html")]
struct KeysPage {
    chrome: Chrome,
    holders: Vec<HolderRow>,
}

impl KeysPage {
    fn live(&self) -> usize {
        self.holders.iter().filter(|holder| holder.live).count()
    }

    fn somebody_waits(&self) -> bool {
        self.holders.iter().any(|holder| !holder.waits_in.is_empty() || holder.cases_without_key > 0)
    }
}

async fn keys(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    let holders = actions::keys::holders(&app.haven, &me.session).await?;
    Ok(draw(&KeysPage { chrome: app.chrome("Keys", Some(&me.session)), holders }))
}

#[derive(Deserialize)]
struct Input {
    person: String,
}

async fn readmit(State(app): State<App>, posted: Posted<Input>) -> Result<Response, PageError> {
    actions::keys::readmit(&app.haven, &posted.session, &posted.form.person).await?;
    Ok(go("/keys"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::shots::{has, shot};

    #[test]
    fn s10_a_reset_holder_is_let_back_in_by_another_holder() {
        let chrome = Chrome::sample("Keys", Some(sample::LEAD));
        let html = shot("keys", &KeysPage { chrome, holders: sample::holders() });
        has(&html, "action=\"/keys/readmit\"");
        has(&html, "Waits to be let in: Safeguarding Lead");
        has(&html, "by Ivo Wires, today, 9:30am");
        has(&html, "hv-late");
        has(&html, "safety-rules#S-10");
    }
}
