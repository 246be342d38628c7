//! The style sheet, typeface, script and icon, embedded at build; their names change with their content.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use crate::app::App;
use crate::error::PageError;

#[derive(RustEmbed)]
#[folder = "dist/"]
struct Dist;

/// A year, in seconds: a file never changes under its name.
const KEEP_FOR_S: u32 = 31_536_000;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/assets/{name}", get(file)).route("/favicon.ico", get(icon)).route("/healthz", get(healthy))
}

async fn file(Path(name): Path<String>) -> Result<Response, PageError> {
    give(&name)
}

async fn icon() -> Result<Response, PageError> {
    give(env!("HAVEN_ICON"))
}

/// For a supervisor: the pages answer. Says nothing about anybody.
async fn healthy() -> &'static str {
    "ok\n"
}

fn give(name: &str) -> Result<Response, PageError> {
    let file = Dist::get(name).ok_or_else(PageError::absent)?;
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "text/plain; charset=utf-8",
    };
    let keep = format!("public, max-age={KEEP_FOR_S}, immutable");
    Ok(([(CONTENT_TYPE, kind.to_owned()), (CACHE_CONTROL, keep)], file.data.into_owned()).into_response())
}
