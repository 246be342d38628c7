//! What people send: forms, messages, prompts and uploads, judged in memory and never kept.

use policy::Action;

use crate::client::{PAGE, PART, get, send};
use crate::website::GAMBLING_WORDS;
use crate::world::{Plan, World};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn f05_words_that_are_sent_are_judged_in_forms_json_and_uploads() {
    let world = World::new().await;
    let json = format!("{{\"body\":{{\"text\":\"{}\"}}}}", GAMBLING_WORDS.replace('"', " ").replace('\n', "\\n"));
    let parts = format!("--b\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n{GAMBLING_WORDS}\r\n--b--\r\n");
    let sent = [
        (FORM.1, format!("a=1&text={}", encoded(GAMBLING_WORDS))),
        (JSON.1, json),
        ("multipart/form-data; boundary=b", parts),
        ("text/plain", GAMBLING_WORDS.to_owned()),
    ];
    for (kind, body) in sent {
        let headers = [PART[0], ("content-type", kind)];
        let reply = send(world.address, "POST", "http://site.test/upload", &headers, body).await;
        assert_eq!(reply.status, 403, "{kind}");
        assert!(reply.body.len() < 200, "a script gets a short answer");
        let records = world.records().await;
        assert_eq!((records.len(), records[0].rule.as_str()), (1, "sent:gambling"), "{kind}");
    }
    assert!(world.website.seen().is_empty(), "nothing of it was sent on");
    let page = [PAGE[0], FORM];
    let reply =
        send(world.address, "POST", "http://site.test/upload", &page, format!("t={}", encoded(GAMBLING_WORDS))).await;
    assert!(reply.status == 403 && reply.text().contains("We did not send this"), "{}", reply.text());
    assert_eq!(world.numbers().sent_blocked, 5);
    let quiet = "text=a+quiet+line&n=1";
    let reply = send(world.address, "POST", "http://site.test/upload", &[PART[0], FORM], quiet).await;
    assert_eq!(reply.text(), format!("got {}", quiet.len()), "and the rest arrives byte for byte");
}

#[tokio::test]
async fn f06_a_search_or_prompt_that_is_sent_is_judged_as_a_search() {
    let world = World::new().await;
    for (url, header, body) in [
        ("http://search.test/search", FORM, "q=propaganda+extremist".to_owned()),
        (
            "http://search.test/ask",
            JSON,
            r#"{"messages":[{"role":"user","content":"extremist pr\u006fpaganda"}]}"#.to_owned(),
        ),
    ] {
        let reply = send(world.address, "POST", url, &[PART[0], header], body).await;
        assert_eq!(reply.status, 403, "{url}");
        let records = world.records().await;
        let alert = records[0].alert.as_ref().expect("the policy's trigger names it");
        assert_eq!((records[0].action, alert.kind.as_str()), (Action::Block, "sent"));
        assert!(records[0].search.is_empty(), "S-4: what was sent is not kept");
        assert!(records[0].reason.contains("search"), "{}", records[0].reason);
    }
    let reply = send(world.address, "POST", "http://search.test/search", &[PART[0], FORM], "q=red+fox").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn s4_nothing_of_what_was_sent_stands_in_a_record() {
    let world = World::new().await;
    let body = "q=extremist+propaganda+marigold";
    assert_eq!(send(world.address, "POST", "http://search.test/search", &[PART[0], FORM], body).await.status, 403);
    let records = format!("{:?}", world.records().await);
    assert!(!records.contains("marigold"), "{records}");
    assert_eq!(
        send(world.address, "POST", "http://advice.test/upload", &[PART[0], FORM], body).await.status,
        200,
        "help"
    );
    assert!(world.records().await.is_empty(), "S-3");
}

#[tokio::test]
async fn f05_json_for_a_pages_script_is_judged_and_an_endless_answer_flows() {
    let limits = gateway::Limits { script_wait: std::time::Duration::from_millis(200), ..Plan::default().limits };
    let world = World::with(Plan { limits, ..Plan::default() }).await;
    let reply = get(world.address, "http://site.test/json", PART).await;
    assert!(reply.status == 403 && reply.body.len() < 200, "{}", reply.text());
    assert_eq!(world.records().await[0].rule, "content:gambling");
    let mut bytes = crate::client::raw(
        world.address,
        b"GET http://site.test/json-endless HTTP/1.1\r\nhost: site.test\r\naccept: */*\r\n\r\n",
    )
    .await;
    assert!(bytes.contains("200 OK") && bytes.split_off(bytes.len() - 40).contains("first"), "{bytes}");
}

#[tokio::test]
async fn f05_what_is_sent_and_cannot_be_read_follows_the_policys_rule() {
    let world = World::new().await;
    let headers = [PART[0], JSON, ("content-encoding", "rot13")];
    let reply = send(world.address, "POST", "http://site.test/upload", &headers, "{\"a\":\"b\"}").await;
    assert_eq!(reply.status, 403);
    assert_eq!(world.records().await[0].rule, "default:scanner-down");
}
