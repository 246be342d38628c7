//! Telling someone: named, in confidence and anonymously; the anonymous pages look at no cookie (S-3).

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;

use crate::house::{Browser, House};

fn answers<'a>(stage: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("what", "A friend gets messages every evening from someone she has never met."),
        ("about_kind", "learner"),
        ("about_name", "Joe Learner"),
        ("safe_now", "unknown"),
        ("how", "anonymous"),
        ("idempotency", key),
        ("stage", stage),
    ]
}

async fn seen_at(house: &House, browser: &Browser<'_>) -> jiff::Timestamp {
    let cookie = browser.cookie.lock().unwrap().clone().unwrap();
    let hash = store::vault::token_hash(cookie.strip_prefix("haven=").unwrap());
    store::sessions::by_token_hash(&house.haven.store, &hash).await.unwrap().unwrap().seen_at
}

#[tokio::test]
async fn s3_anonymous_report_never_reads_the_session() {
    let house = House::practice().await;
    let browser = house.signed_in("amina").await;
    let before = seen_at(&house, &browser).await;
    house.pass_minutes(3);
    let pages = [
        browser.get("/report").await,
        browser.get("/report/code").await,
        browser.get("/help").await,
        browser.get("/exit").await,
    ];
    let check = browser.post("/report", &answers("", "key-1")).await;
    let receipt = browser.post("/report", &answers("send", "key-1")).await;
    assert_eq!(receipt.status, StatusCode::OK, "{}", receipt.body);
    let code = receipt.body.split("hv-code\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let thread = browser.post("/report/code", &[("code", &code)]).await;
    assert_eq!(thread.status, StatusCode::OK);
    let reply = browser.post("/report/code/reply", &[("code", &code), ("text", "It happened again today")]).await;
    reply.has("It happened again today");
    for answer in pages.iter().chain([&check, &receipt, &thread, &reply]) {
        assert!(answer.headers.get(SET_COOKIE).is_none());
        answer.has_not("Amina");
    }
    assert_eq!(seen_at(&house, &browser).await, before, "the idle clock of the signed-in person was not touched");
}

#[tokio::test]
async fn s3_the_open_page_joins_no_report_to_an_account_even_by_name() {
    let house = House::practice().await;
    let browser = house.signed_in("amina").await;
    let mut named = answers("send", "key-2");
    named[4] = ("how", "named");
    named.push(("contact", "Ring the college office"));
    assert_eq!(browser.post("/report", &named).await.status, StatusCode::OK);
    browser.get("/my").await.has("You have not reported anything");
}

#[tokio::test]
async fn c01_answers_are_checked_then_taken_once() {
    let house = House::practice().await;
    let browser = house.browser();
    let form = browser.get("/report").await;
    assert!(
        form.body.contains("tel:999")
            && form.body.find("tel:999") < form.body.find("<form method=\"post\" action=\"/report\"")
    );
    let key = form.field("idempotency");
    let check = browser.post("/report", &answers("", &key)).await;
    check.has("Check what you wrote").has("Joe Learner");
    let changed = browser.post("/report", &answers("change", &key)).await;
    changed.has("A friend gets messages every evening");
    let first = browser.post("/report", &answers("send", &key)).await;
    let again = browser.post("/report", &answers("send", &key)).await;
    let reference = |body: &str| {
        body.split("Your reference is <strong class=\"hv-mono\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
    };
    assert_eq!(reference(&first.body), reference(&again.body), "one report, however often the form is sent");
}

#[tokio::test]
async fn c01_a_missing_answer_is_named_at_its_field_and_nothing_typed_is_lost() {
    let house = House::practice().await;
    let answer =
        house.browser().post("/report", &[("what", "Something worries me about a class"), ("how", "anonymous")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.has("Something worries me about a class").has("href=\"#about_kind\"").has("href=\"#safe_now\"");
}

#[tokio::test]
async fn c01_a_named_report_is_on_the_reporters_own_page() {
    let house = House::practice().await;
    let browser = house.signed_in("tara").await;
    let mut fields = answers("send", "key-3");
    fields[4] = ("how", "named");
    let answer = browser.fill("/report/named", "/report/named", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.has("What happens next").has("Your reference is");
    browser.get("/my").await.has_not("You have not reported anything");
    let nobody = house.browser().get("/report/named").await;
    assert!(nobody.location().starts_with("/sign-in?to="));
}

#[tokio::test]
async fn s3_a_wrong_code_says_nothing_but_that_it_is_unknown() {
    let house = House::practice().await;
    let answer = house.browser().post("/report/code", &[("code", "river-copper-lantern-5821")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.has("We do not know this code").has_not("river-copper");
}

#[tokio::test]
async fn exit_this_page_leads_to_an_ordinary_page() {
    let house = House::practice().await;
    assert_eq!(house.browser().get("/exit").await.location(), "https://weather.test/");
}
