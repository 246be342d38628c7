//! The gate: sign in, the notice, the agreement, and on to the page that was asked for.

use axum::http::StatusCode;

use crate::house::{Browser, House, PASSWORD};

const TO: &str = "/gate?to=http%3A%2F%2Flibrary.test%2Fa%3Fb%3Dc";

async fn sign(browser: &Browser<'_>, action: &str) -> crate::house::Answer {
    let page = browser.get(TO).await;
    let mut fields = vec![("csrf", page.field("csrf")), ("to", page.field("to")), ("digest", page.field("digest"))];
    if action.ends_with("agreement") {
        fields.push(("agreement", page.field("agreement")));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(action, &fields).await
}

#[tokio::test]
async fn f15_the_gate_leads_through_notice_and_agreement_to_the_page_asked_for() {
    let house = House::practice().await;
    let browser = house.browser().at_door("10.0.0.7");
    browser.get(TO).await.has("library.test").has("action=\"/sign-in\"").has("/report").has("safety-rules#S-4");
    let to = browser.get(TO).await.field("to");
    let back = browser.post("/sign-in", &[("username", "amina"), ("password", PASSWORD), ("to", &to)]).await;
    assert!(back.location().starts_with("/gate?to="), "{}", back.location());
    browser.get(TO).await.has("I have read this");
    let onward = sign(&browser, "/gate/notice").await;
    assert!(onward.location().starts_with("/gate/open?to="));
    assert!(browser.get(onward.location()).await.location().starts_with("/gate?to="), "the agreement is still to come");
    browser.get(TO).await.has("I agree");
    let onward = sign(&browser, "/gate/agreement").await;
    let opened = browser.get(onward.location()).await;
    opened.has("http-equiv=\"refresh\"").has("http://library.test/a?b=c");
    // Who signs in again comes here by a form, and browsers refuse a redirect to another site then: it is a page as well.
    let again = browser.get(TO).await;
    assert_eq!(again.status, StatusCode::OK);
    again.has("http-equiv=\"refresh\"").has("http://library.test/a?b=c");
    let door = browser.door.clone().unwrap();
    assert!(actions::identity::at_door(&house.haven, &door).await.unwrap().is_some(), "the door is hers now");
}

#[tokio::test]
async fn s6_a_browser_proves_itself_with_its_cookie_and_nobody_else_does() {
    let house = House::practice().await;
    let stranger = house.browser().at_door("10.0.0.8").get("/prove?to=http%3A%2F%2Flibrary.test%2F").await;
    assert!(stranger.location().starts_with("/gate?to="));
    let browser = house.browser().at_door("10.0.0.8");
    browser.post("/sign-in", &[("username", "joe"), ("password", PASSWORD)]).await;
    assert!(browser.get("/prove?to=http%3A%2F%2Flibrary.test%2F").await.location().starts_with("/gate?to="));
    sign(&browser, "/gate/notice").await;
    sign(&browser, "/gate/agreement").await;
    assert_eq!(browser.get("/prove?to=http%3A%2F%2Flibrary.test%2F").await.location(), "http://library.test/");
}

#[tokio::test]
async fn the_gate_goes_nowhere_but_to_a_web_address() {
    let house = House::practice().await;
    let browser = house.signed_in("joe").await;
    sign(&browser, "/gate/notice").await;
    sign(&browser, "/gate/agreement").await;
    for to in ["javascript%3Aalert(1)", "%2F%2Fevil.test", "data%3Atext%2Fhtml%2Cx"] {
        let answer = browser.get(&format!("/gate?to={to}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{to}");
        answer.has("You can use the internet now").has_not("http-equiv");
    }
}

#[tokio::test]
async fn s4_an_old_text_cannot_be_signed() {
    let house = House::practice().await;
    let browser = house.signed_in("amina").await;
    let page = browser.get("/gate").await;
    let answer = browser.post("/gate/notice", &[("csrf", &page.field("csrf")), ("digest", "old")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    browser.get("/gate").await.has("I have read this");
}

#[tokio::test]
async fn s6_where_addresses_are_shared_the_last_page_of_the_gate_shows_the_pass() {
    let house = House::practice().await;
    let browser = house.browser().in_the_lab("10.0.0.4");
    browser.post("/sign-in", &[("username", "amina"), ("password", PASSWORD), ("to", "/gate")]).await;
    browser.get(TO).await.has_not("Your pass");
    sign(&browser, "/gate/notice").await;
    browser.get(TO).await.has_not("Your pass");
    let signed = sign(&browser, "/gate/agreement").await;
    let page = browser.get(signed.location()).await;
    page.has("Your pass for this browser").has("http://pass.haven.test/?to=http%3A//library.test/a%3Fb%3Dc");
    page.has("<code>haven</code>");
    let pass = page.body.split("<code>").nth(2).unwrap().split('<').next().unwrap().to_owned();
    browser.get("/gate").await.has(&pass);
    let bound = actions::identity::bound(&house.haven).await.unwrap();
    assert_eq!(bound.iter().map(|one| one.pass).collect::<Vec<_>>(), [actions::pass::digest(&pass)]);
    // Another browser at the same computer is not shown it.
    house.browser().in_the_lab("10.0.0.4").get("/gate").await.has_not(&pass);
}
