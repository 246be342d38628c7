//! The words of a page, read under a cap in every encoding, and the page passed on byte for byte.

use gateway::Limits;
use policy::Action;

use crate::client::{PAGE, PART, get, get_secure};
use crate::world::{Plan, World};

#[tokio::test]
async fn f05_words_that_the_policy_blocks_are_found_in_every_encoding() {
    let world = World::new().await;
    for path in ["words", "words-gzip", "words-br", "words-zstd", "words-deflate", "words-utf16"] {
        let reply = get(world.address, &format!("http://site.test/{path}"), PAGE).await;
        assert_eq!(reply.status, 403, "{path}: {}", reply.text());
        let records = world.records().await;
        assert_eq!(records.len(), 1, "{path}");
        assert_eq!(records[0].action, Action::Block);
        assert!(records[0].rule.starts_with("content:"), "{}", records[0].rule);
        assert!(reply.text().contains(&records[0].reference));
    }
}

#[tokio::test]
async fn f05_words_are_found_inside_inspection() {
    let world = World::new().await;
    assert_eq!(get_secure(world.address, &world.authority, "site.test", "/words-gzip", PAGE).await.status, 403);
    let part = get_secure(world.address, &world.authority, "site.test", "/words", PART).await;
    assert!(part.status == 403 && part.body.len() < 200, "what is not a page gets a short answer");
}

#[tokio::test]
async fn f05_a_quiet_page_comes_through_byte_for_byte() {
    let world = World::new().await;
    let packed = get(world.address, "http://site.test/gzip", PAGE).await;
    assert_eq!((packed.status.as_u16(), packed.header("content-encoding")), (200, "gzip"));
    assert_eq!(packed.header("content-length"), packed.body.len().to_string());
    assert_eq!(&packed.body[..2], b"\x1f\x8b");
    let long = get(world.address, "http://site.test/long", PAGE).await;
    assert_eq!(long.header("content-length"), long.body.len().to_string(), "longer than what is read, and still whole");
    assert!(long.body.len() > 5_000_000 && long.text().ends_with("</html>"));
}

#[tokio::test]
async fn f05_what_cannot_be_read_follows_the_policys_rule_for_failures() {
    let limits = Limits { scan_text_bytes: 8_000_000, ..Plan::default().limits };
    let world = World::with(Plan { limits: limits.clone(), ..Plan::default() }).await;
    for path in ["bomb", "broken-gzip", "unknown-encoding", "trickle"] {
        let reply = get(world.address, &format!("http://site.test/{path}"), PAGE).await;
        assert_eq!(reply.status, 403, "{path}");
        assert!(reply.text().contains("could not check"), "{path}: {}", reply.text());
        assert_eq!(world.records().await[0].rule, "default:scanner-down", "{path}");
    }
    assert_eq!(world.numbers().scan_failed, 4);

    let lenient =
        crate::pack::snapshot_with(|rules| rules.replace("scanner_down = \"block\"", "scanner_down = \"allow\""));
    let world = World::with(Plan { snapshot: Some(lenient), limits, ..Plan::default() }).await;
    assert_eq!(
        get(world.address, "http://site.test/broken-gzip", PAGE).await.status,
        200,
        "where the policy says so, it passes"
    );
}

#[tokio::test]
async fn invariant_6_what_cannot_be_recorded_is_not_opened() {
    let world = World::with(Plan { room: (0, 10), ..Plan::default() }).await;
    let reply = get(world.address, "http://site.test/", PAGE).await;
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("cannot keep the record"), "{}", reply.text());
    let tunnel = get_secure(world.address, &world.authority, "site.test", "/", PAGE).await;
    assert_eq!(tunnel.status, 403);
    assert!(world.website.seen().is_empty(), "nothing was asked of the website");
    assert_eq!(get(world.address, "http://advice.test/", PAGE).await.status, 200, "help is open all the same (S-2)");
    assert_eq!(world.numbers().unrecorded, 2);
    assert_eq!(world.sink.drain(1).lost_records, 2, "and what was lost is counted");

    let lenient = crate::pack::snapshot_with(|rules| {
        let said = "records_down = \"allow\"\nrecords_down_clause = \"2\"\nscanner_down = ";
        rules.replace("scanner_down = ", said)
    });
    let world = World::with(Plan { snapshot: Some(lenient), room: (0, 10), ..Plan::default() }).await;
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200, "where the policy says so, it opens");
    let blocked = get(world.address, "http://casino-royal.test/", PAGE).await;
    assert_eq!(blocked.status, 403, "it is never milder than the policy is anyway");
}

#[tokio::test]
async fn invariant_6_an_alert_that_found_no_place_refuses_what_it_is_about() {
    let watching = || {
        let rules = |rules: &str| {
            rules.replace("id = \"extremism\"\naction = \"block\"", "id = \"extremism\"\naction = \"watch\"")
        };
        Some(crate::pack::snapshot_with(|text| rules(text)))
    };
    let search = "http://www.google.com/search?q=extremist+propaganda";
    let world = World::with(Plan { snapshot: watching(), ..Plan::default() }).await;
    assert_ne!(get(world.address, search, PAGE).await.status, 403, "it is watched, not blocked");
    assert_eq!(world.sink.drain(10).alerts.len(), 1);
    let world = World::with(Plan { snapshot: watching(), room: (10, 0), ..Plan::default() }).await;
    assert_eq!(get(world.address, search, PAGE).await.status, 403, "not as if it stood in the record");
    let batch = world.sink.drain(10);
    assert_eq!((batch.alerts.len(), batch.lost_alerts), (0, 1));
}

#[tokio::test]
async fn s2_words_on_a_help_site_are_not_read() {
    let world = World::new().await;
    assert_eq!(get(world.address, "http://advice.test/words", PAGE).await.status, 200);
    assert!(world.records().await.is_empty());
}
