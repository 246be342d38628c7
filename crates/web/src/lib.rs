//! Haven's pages: one folder for each thing that people come to do, with its handler, forms and templates side by side.
//!
//! A handler reads a form, calls one action and draws one page. Who may do what is decided in `actions`, never here.

mod api;
mod app;
mod case;
mod certificate;
mod checks;
mod decision;
mod error;
mod filter_event;
mod gate;
mod guard;
mod health;
mod keys;
mod layout;
mod lesson;
mod lists;
mod my;
mod policy_page;
mod practice;
mod report;
mod requests;
mod rules;
mod session;
mod sign_in;
mod static_files;
mod today;
mod what_if;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod shots;

use std::sync::Arc;

use actions::Haven;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;

use app::App;
pub use app::ShowInForce;
pub use app::{ChangeLists, FindInLists, ListBuild, ListLine, ListSource, ListState};
pub use app::{DoorExt, OverTls, PeerExt, Practice, ProxyFile, ProxyWay, Seat, Tried, TryRequest, WebOptions};
pub use app::{ListsOrder, ListsShown, SealedListShown, ShowLists};

/// Largest form that Haven reads, in bytes; a larger one gets 413.
pub const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// Every page of Haven. `server` inserts [`DoorExt`] and [`OverTls`] into each request's extensions.
pub fn router(haven: Arc<Haven>, options: WebOptions) -> Router {
    let app = App::new(haven, options);
    Router::new()
        .merge(sign_in::routes())
        .merge(gate::routes())
        .merge(report::routes())
        .merge(today::routes())
        .merge(case::routes())
        .merge(filter_event::routes())
        .merge(decision::routes())
        .merge(requests::routes())
        .merge(my::routes())
        .merge(policy_page::routes())
        .merge(practice::routes())
        .merge(keys::routes())
        .merge(certificate::routes())
        .merge(lists::routes())
        .merge(rules::routes())
        .merge(what_if::routes())
        .merge(health::routes())
        .merge(checks::routes())
        .merge(lesson::routes())
        .merge(static_files::routes())
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::not_found)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(from_fn_with_state(app.clone(), error::paint))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}
