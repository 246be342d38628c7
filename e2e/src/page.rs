//! The check that every page passes: axe-core finds nothing serious, and nothing is cut off on a small screen.

use std::sync::LazyLock;

use fantoccini::Client;
use serde_json::Value;

/// As wide as a small phone, in pixels (WCAG 2.2, 1.4.10).
const PHONE_WIDTH_PX: u64 = 320;

/// The checker itself, as npm brought it.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}. Run ./check, which fetches it."))
});

const RUN: &str = "
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'] }).then(
  (found) => done(found.violations.map((one) => ({
    id: one.id, impact: one.impact, help: one.help, at: one.nodes.slice(0, 5).map((node) => node.html),
  }))),
  (error) => done(String(error)));";

/// Checks the page that is shown.
pub(crate) async fn check(client: &Client, phone: bool) {
    let found = findings(client).await;
    let address = client.current_url().await.map(|address| address.to_string()).unwrap_or_default();
    let bad: Vec<&Value> =
        found.iter().filter(|one| one["impact"] == "serious" || one["impact"] == "critical").collect();
    assert!(bad.is_empty(), "{address} is hard to use for some people: {bad:#?}");
    // Not the window's inner width: a phone's window grows with a page that is too wide.
    let script = "const page = document.documentElement, body = document.body || page; \
                  return [Math.max(page.scrollWidth, body.scrollWidth), page.clientWidth]";
    let widths = client.execute(script, vec![]).await.unwrap();
    let (wide, window) = (widths[0].as_u64().unwrap(), widths[1].as_u64().unwrap());
    if wide > window {
        let script = "const edge = document.documentElement.clientWidth; \
                      return [...document.querySelectorAll('body *')].filter((one) => \
                      one.getBoundingClientRect().right > edge).slice(0, 8).map((one) => one.outerHTML.slice(0, 200))";
        let out = client.execute(script, vec![]).await.unwrap();
        panic!("{address} is {wide} pixels wide in a window of {window}; over the edge stand {out:#}");
    }
    assert!(!phone || window <= PHONE_WIDTH_PX, "{address} is drawn for a window of {window} pixels, not for a phone");
}

async fn findings(client: &Client) -> Vec<Value> {
    // A page that goes on by itself may go away under the check; then the next page is checked.
    for _ in 0..5 {
        let loaded = client.execute(&format!("if (!window.axe) {{ {} }}", *AXE), vec![]).await;
        let found = match loaded {
            Ok(_) => client.execute_async(RUN, vec![]).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(Value::Array(found)) => return found,
            Ok(other) => eprintln!("axe said {other}; once more"),
            Err(error) => eprintln!("the page went away under axe ({error}); once more"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("axe could not look at {:?}", client.current_url().await);
}
