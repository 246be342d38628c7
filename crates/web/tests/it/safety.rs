//! What holds for every page: headers, cookies, form tokens, limits, and errors that give nothing away.

use actions::Mode;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ORIGIN, SET_COOKIE};
use axum::http::{Request, StatusCode};

use crate::house::{House, PASSWORD, form};

#[tokio::test]
async fn d04_every_answer_carries_the_strict_headers() {
    let house = House::practice().await;
    let browser = house.browser();
    for path in
        ["/", "/report", "/report/code", "/sign-in", "/gate", "/help", "/policy", "/nothing-here", "/today", "/healthz"]
    {
        let answer = browser.get(path).await;
        let header =
            |name: &str| answer.headers.get(name).unwrap_or_else(|| panic!("{path}: {name}")).to_str().unwrap();
        let policy = header("content-security-policy");
        for wanted in [
            "default-src 'none'",
            "script-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(wanted), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
    }
}

#[tokio::test]
async fn the_style_sheet_may_be_kept_and_the_pages_name_it() {
    let house = House::practice().await;
    let browser = house.browser();
    let page = browser.get("/report").await;
    let css =
        page.body.split("href=\"/assets/haven-").find(|part| part.contains(".css")).unwrap().split('"').next().unwrap();
    let css = page.body.split('"').find(|part| part.ends_with(".css")).unwrap_or(css);
    let sheet = browser.get(css).await;
    assert_eq!(sheet.status, StatusCode::OK);
    assert!(sheet.headers["cache-control"].to_str().unwrap().contains("immutable"));
    sheet.has("Atkinson Hyperlegible").has_not("GDS Transport").has_not("crest");
    assert_eq!(browser.get("/assets/none.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let house = House::practice().await;
    let fields = [("username", "amina"), ("password", PASSWORD), ("to", "/my")];
    let plain = house.browser().post("/sign-in", &fields).await;
    let cookie = plain.headers[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("haven=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains("Secure") && !cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
    let mut over_tls = house.browser();
    over_tls.tls = true;
    let answer = over_tls.post("/sign-in", &fields).await;
    assert!(answer.headers[SET_COOKIE].to_str().unwrap().contains("; Secure"));
}

#[tokio::test]
async fn a_post_from_another_site_changes_nothing() {
    let house = House::practice().await;
    let browser = house.signed_in("amina").await;
    let token = browser.get("/my").await.field("csrf");
    let body = || Body::from(form(&[("csrf", &token)]));
    for (name, value) in [("origin", "http://evil.test"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let request =
            Request::post("/sign-out").header(name, value).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = browser.send(request, body()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(browser.get("/my").await.status, StatusCode::OK, "still signed in");
}

#[tokio::test]
async fn a_forged_or_missing_form_token_changes_nothing() {
    let house = House::practice().await;
    let browser = house.signed_in("amina").await;
    let other = house.signed_in("joe").await.get("/my").await.field("csrf");
    for token in ["", "guess", other.as_str()] {
        let answer = browser.post("/sign-out", &[("csrf", token)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{token:?}");
        answer.has("We did not take this form");
    }
    assert_eq!(browser.get("/my").await.status, StatusCode::OK, "still signed in");
    let token = browser.get("/my").await.field("csrf");
    assert_eq!(browser.post("/sign-out", &[("csrf", &token)]).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get("/my").await.location().starts_with("/sign-in?to="));
}

#[tokio::test]
async fn a_form_over_64_kib_gets_413_in_plain_words() {
    let house = House::practice().await;
    let long = "a".repeat(70 * 1024);
    let said = house.browser().post("/report", &[("what", &long)]).await;
    assert_eq!(said.status, StatusCode::PAYLOAD_TOO_LARGE);
    said.has("That is too long");
    // Without a length said beforehand, the limit is met while reading.
    let chunks = Body::new(http_body_util::Full::new(axum::body::Bytes::from(form(&[("what", &long)]))));
    let request = Request::post("/report").header(ORIGIN, "http://haven.test");
    let unsaid = house.browser().send(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded"), chunks).await;
    assert_eq!(unsaid.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_form_that_cannot_be_read_gets_a_page_and_not_a_cause() {
    let house = House::practice().await;
    let browser = house.signed_in("lead").await;
    let token = browser.get("/my").await.field("csrf");
    let answer = browser.post("/case/NONE/assess", &[("csrf", &token), ("revision", "not a number")]).await;
    assert!(answer.status.is_client_error());
    answer.has("We could not read this form").has_not("invalid digit");
    let answer =
        house.browser().send(Request::post("/report").header(ORIGIN, "http://haven.test"), Body::from("{}")).await;
    assert!(answer.status.is_client_error());
    answer.has("We could not read this form");
}

#[tokio::test]
async fn an_unknown_address_is_404_whoever_asks_and_the_same_bytes() {
    let house = House::practice().await;
    let nobody = house.browser().get("/nothing-here").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let browser = house.signed_in("lead").await;
    let absent = browser.get("/case/AAAA-AAAA").await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    assert_eq!(absent.body, nobody.body);
    absent.has_not("Lena");
}

#[tokio::test]
async fn practice_is_absent_on_real_data() {
    let house = House::new(Mode::Real).await;
    let browser = house.browser();
    for path in ["/practice", "/practice/mailbox", "/practice/try"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (path, fields) in [("/practice/sign-in", [("person", "lead")]), ("/practice/clock", [("minutes", "60")])] {
        let answer = browser.post(path, &fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.headers.get(SET_COOKIE).is_none());
    }
    browser.get("/").await.has_not("hv-practice").has_not("Practice:");
}

#[tokio::test]
async fn practice_signs_in_with_one_click_and_explains_a_request() {
    let house = House::practice().await;
    let browser = house.browser();
    browser.get("/practice").await.has("18081").has("/ca.pem").has_not(PASSWORD);
    let answer = browser.post("/practice/sign-in", &[("person", "lead"), ("to", "/today")]).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/today"));
    browser.get("/today").await.has("Nothing waits for you");
    browser.get("/practice/try?person=amina&url=http%3A%2F%2Fcasino.test%2F").await.has("category:gambling");
    assert_eq!(browser.get("/practice/try?person=amina&url=nonsense").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.get("/ca.pem").await.headers[CONTENT_TYPE], "application/x-x509-ca-cert");
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_told_in_the_same_words() {
    let house = House::new(Mode::Real).await;
    let told = |answer: crate::house::Answer, name: &str| {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.body.replace(name, "NAME")
    };
    let wrong_password = house.browser().post("/sign-in", &[("username", "amina"), ("password", "x")]).await;
    let wrong_name = house.browser().post("/sign-in", &[("username", "nobody-here"), ("password", "x")]).await;
    assert_eq!(told(wrong_password, "value=\"amina\""), told(wrong_name, "value=\"nobody-here\""));
}

#[tokio::test]
async fn signing_in_never_leads_to_another_site() {
    let house = House::practice().await;
    for to in ["//evil.test", "http://evil.test", "/\\evil.test"] {
        let answer =
            house.browser().post("/sign-in", &[("username", "amina"), ("password", PASSWORD), ("to", to)]).await;
        assert_eq!(answer.location(), "/", "{to}");
    }
}

#[tokio::test]
async fn a_text_typed_after_the_session_ended_is_given_back() {
    let house = House::practice().await;
    let browser = house.signed_in("lead").await;
    let token = browser.get("/my").await.field("csrf");
    house.pass_minutes(20);
    let answer =
        browser.post("/case/AAAA-AAAA/note", &[("csrf", &token), ("text", "She told me about it in the break")]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    answer.has("She told me about it in the break").has("/sign-in?to=");
}

#[tokio::test]
async fn s3_what_a_browser_keeps_of_a_sign_in_goes_to_the_sign_in_page_only() {
    let house = House::practice().await;
    let fields = [("username", "lead"), ("password", PASSWORD), ("to", "/today")];
    let answer = house.browser().post("/sign-in", &fields).await;
    let cookies: Vec<&str> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let device = cookies.iter().find(|cookie| cookie.starts_with("haven-device=")).expect("it is set");
    assert!(device.contains("; Path=/sign-in;") && device.contains("HttpOnly") && device.contains("SameSite=Lax"));
    assert!(!device.contains("lead"));
}
