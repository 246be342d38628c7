//! Structured logs on standard error: one object a line, never a name, an address of the web or a text that people wrote.

use tracing_subscriber::EnvFilter;

/// What is logged unless HAVEN_LOG says otherwise.
const LEVELS: &str = "warn,server=info,haven=info,gateway=info,actions=info,store=info,web=info";

pub(crate) fn start() {
    let levels = std::env::var("HAVEN_LOG").unwrap_or_else(|_| LEVELS.to_owned());
    let filter = EnvFilter::try_new(&levels).unwrap_or_else(|_| EnvFilter::new(LEVELS));
    // A second start in one process keeps the first.
    // Without a word about lines that could not be written: on a full disk that word would end the request it is about.
    let lines = tracing_subscriber::fmt().json().log_internal_errors(false);
    let _ = lines.with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// A runtime for commands that ask the database or serve.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, crate::say::Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        crate::say::Failure::new(format!("Haven cannot start its threads ({error}). Give its account more processes."))
    })
}
