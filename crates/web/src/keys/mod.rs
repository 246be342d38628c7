//! Who holds the keys to cases, and letting a holder back in after a password reset (S-10).

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
    /// This person holds keys and has them open, and so can let others back in.
    may_readmit: bool,
}

impl KeysPage {
    fn live(&self) -> usize {
        self.holders.iter().filter(|holder| holder.live).count()
    }
}

async fn keys(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    let holders = actions::keys::holders(&app.haven, &me.session).await?;
    let may_readmit = me.session.holder && me.session.unlocked;
    Ok(draw(&KeysPage { chrome: app.chrome("Keys", Some(&me.session)), holders, may_readmit }))
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
        let html = shot("keys", &KeysPage { chrome, holders: sample::holders(), may_readmit: true });
        has(&html, "action=\"/keys/readmit\"");
        has(&html, "hv-late");
        has(&html, "safety-rules#S-10");
    }
}
