//! A case from the report to its closing, by its pages; and how little of it anybody else can see.

use axum::http::StatusCode;

use crate::house::{Browser, House};

async fn report(house: &House, about_kind: &str, about_name: &str) -> String {
    let tutor = house.signed_in("tara").await;
    let fields = [
        ("what", "She said that somebody sends her videos and she does not know how to stop it."),
        ("about_kind", about_kind),
        ("about_name", about_name),
        ("safe_now", "unknown"),
        ("how", "named"),
        ("idempotency", "the-only-one"),
        ("stage", "send"),
    ];
    let answer = tutor.fill("/report/named", "/report/named", &fields).await;
    let reference = answer.body.split("Your reference is <strong class=\"hv-mono\">").nth(1).expect("a receipt");
    reference.split('<').next().unwrap().to_owned()
}

/// The pages of one case.
fn pages(reference: &str) -> Vec<String> {
    let case = format!("/case/{reference}");
    ["", "/alert", "/assess", "/note", "/emergency", "/close", "/step/assess", "/referral/refer"]
        .iter()
        .map(|page| format!("{case}{page}"))
        .collect()
}

async fn opens(browser: &Browser<'_>, page: &str) -> String {
    let answer = browser.get(page).await;
    assert_eq!(answer.status, StatusCode::OK, "{page}");
    answer.body
}

#[tokio::test]
async fn c04_a_lead_takes_a_case_on_judges_it_and_adds_to_it() {
    let house = House::practice().await;
    let reference = report(&house, "learner", "Amina Learner").await;
    let lead = house.signed_in("lead").await;
    let case = format!("/case/{reference}");
    assert!(opens(&lead, "/today").await.contains(&reference));
    assert!(opens(&lead, "/cases").await.contains(&reference));
    let shown = opens(&lead, &case).await;
    assert!(shown.find("tel:999") < shown.find("hv-steps"), "999 stands before the steps");
    assert!(shown.contains("somebody sends her videos") && shown.contains("/policy/"));
    let done = lead.fill(&case, &format!("{case}/acknowledge"), &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    lead.get(done.location()).await.has("you have this case");

    let assess = format!("{case}/assess");
    let empty = lead.fill(&assess, &assess, &[("choice", "concern"), ("wellbeing", "She seems tired")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    empty.has("She seems tired").has("href=\"#reasons\"");
    let fields = [("choice", "concern"), ("reasons", "I spoke with the tutor"), ("wellbeing", "She seems tired")];
    let judged = lead.fill(&assess, &assess, &fields).await;
    assert_eq!(judged.status, StatusCode::SEE_OTHER, "{}", judged.body);
    lead.get(judged.location()).await.has("this is a concern").has("I spoke with the tutor");

    let emergency = format!("{case}/emergency");
    let called = lead.fill(&emergency, &emergency, &[("service", "999")]).await;
    lead.get(called.location()).await.has("A call is recorded");
    let note = format!("{case}/note");
    lead.fill(&note, &note, &[("text", "Rang the tutor at noon")]).await;
    lead.get(&case).await.has("Rang the tutor at noon");
}

#[tokio::test]
async fn c04_a_page_that_is_out_of_date_says_so_and_keeps_what_was_typed() {
    let house = House::practice().await;
    let reference = report(&house, "learner", "Amina Learner").await;
    let lead = house.signed_in("lead").await;
    let assess = format!("/case/{reference}/assess");
    let token = lead.get(&assess).await.field("csrf");
    let fields =
        [("csrf", token.as_str()), ("revision", "-5"), ("choice", "concern"), ("reasons", "Typed before it changed")];
    let answer = lead.post(&assess, &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.has("Someone else changed this").has("Typed before it changed");
}

#[tokio::test]
async fn c03_a_case_that_is_not_yours_is_the_same_bytes_as_none() {
    let house = House::practice().await;
    let reference = report(&house, "learner", "Amina Learner").await;
    for stranger in ["it", "amina", "tara"] {
        let browser = house.signed_in(stranger).await;
        for (real, none) in pages(&reference).iter().zip(pages("AAAA-AAAA")) {
            let (real, none) = (browser.get(real).await, browser.get(&none).await);
            assert_eq!(real.status, StatusCode::NOT_FOUND, "{stranger}");
            assert_eq!((real.status, &real.body), (none.status, &none.body), "{stranger}");
            assert_eq!(real.headers, none.headers, "{stranger}");
        }
        let lists = [browser.get("/cases").await, browser.get("/today").await];
        for list in &lists {
            list.has_not(&reference);
        }
    }
}

#[tokio::test]
async fn c03_a_concern_about_the_lead_never_reaches_the_lead_by_any_page() {
    let house = House::practice().await;
    let reference = report(&house, "staff", "Lena Leadwell").await;
    let lead = house.signed_in("lead").await;
    for page in pages(&reference) {
        assert_eq!(lead.get(&page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    for list in ["/today", "/cases", "/cases?text=Leadwell", "/cases?state=open", "/my", "/keys"] {
        lead.get(list).await.has_not(&reference);
    }
    let mut told = false;
    for person in ["hr", "principal"] {
        told |= house.signed_in(person).await.get("/cases").await.body.contains(&reference);
    }
    assert!(told, "the Head of HR or the Principal has it");
}

#[tokio::test]
async fn m02_the_head_of_it_reaches_the_filter_pages_and_no_case_page() {
    let house = House::practice().await;
    let it = house.signed_in("it").await;
    for page in
        ["/today", "/events", "/technical", "/requests", "/policy", "/coverage", "/policy/7.1", "/policy/safety-rules"]
    {
        opens(&it, page).await;
    }
    assert!(!opens(&it, "/today").await.contains("href=\"/cases\""));
    let learner = house.signed_in("amina").await;
    for page in ["/events", "/technical", "/requests", "/keys"] {
        let answer = learner.get(page).await;
        assert!(answer.status.is_client_error(), "{page}: {}", answer.status);
        answer.has_not("Amina");
    }
}
