//! The block page as people meet it.

use crate::client::{PAGE, get};
use crate::world::World;

async fn block_page() -> (String, http::HeaderMap, String) {
    let world = World::new().await;
    let reply = get(world.address, "http://casino-royal.test/it's&lt;that", PAGE).await;
    assert_eq!(reply.status, 403);
    let reference = world.records().await[0].reference.clone();
    (reply.text(), reply.headers, reference)
}

#[tokio::test]
async fn f02_the_block_page_says_what_why_by_which_clause_and_what_to_do() {
    let (page, _, reference) = block_page().await;
    for words in [
        "Gambling sites can take money from people who cannot spare it.",
        "gambling",
        "SMALL 2: Sites that take money are closed",
        "You have not done anything wrong",
        "Ask your tutor or the safeguarding team.",
        "This was an accident",
        "Ask for this site",
        "Report a concern",
        "Gamblers Anonymous",
        "The advice line",
        "Meadow Learning",
        "999",
    ] {
        assert!(page.contains(words), "the page lacks `{words}`: {page}");
    }
    for part in ["accident", "ask"] {
        assert!(page.contains(&format!("http://haven.test/decision/{reference}#{part}")), "{part}");
    }
    assert!(page.contains("href=\"http://haven.test/report\""), "a report is joined to no decision (S-3)");
}

#[tokio::test]
async fn f02_the_block_page_is_small_alone_and_without_script() {
    let (page, headers, _) = block_page().await;
    assert!(page.len() < gateway::BLOCK_PAGE_LIMIT_BYTES, "{} bytes", page.len());
    for forbidden in ["<script", "<img", "<link", "<iframe", "<form", "src=", "@import", "url(", "onclick"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(!page.contains("it's&lt;that"), "what was typed is never markup");
    assert_eq!(headers["cache-control"], "no-store");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
}

#[tokio::test]
async fn f02_the_style_of_the_block_page_is_the_one_its_policy_allows() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let (page, headers, _) = block_page().await;
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style.as_bytes()));
    assert!(headers["content-security-policy"].to_str().unwrap().contains(&digest), "a browser would drop the style");
}

#[tokio::test]
async fn f02_the_block_page_can_be_read_by_everybody() {
    let (page, _, _) = block_page().await;
    assert!(page.contains("<html lang=\"en\">") && page.contains("<title>This page is blocked"));
    assert!(page.contains("width=device-width") && page.contains("<main>") && page.matches("<h1>").count() == 1);
    let levels: Vec<&str> = page
        .match_indices("<h")
        .filter_map(|(at, _)| page.get(at + 2..at + 3))
        .filter(|level| "123456".contains(level))
        .collect();
    assert_eq!(levels.first(), Some(&"1"));
    assert!(levels[1..].iter().all(|level| *level == "2"), "{levels:?}");
}
