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
    assert!(shown.contains("tel:999") && shown.find("tel:999") < shown.find("hv-steps"), "999 stands before the steps");
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
async fn inv11_a_note_that_names_a_reader_is_kept_only_when_it_is_not_about_them() {
    let house = House::practice().await;
    let reference = report(&house, "learner", "Amina Learner").await;
    let lead = house.signed_in("lead").await;
    let (case, note) = (format!("/case/{reference}"), format!("/case/{reference}/note"));
    let words = "Dora Steadman laughed at her when she told it";
    let asked = lead.fill(&note, &note, &[("text", words)]).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    asked.has("who can read this case").has(words).has("href=\"/report\"").has("name=\"may_read\"");
    lead.get(&case).await.has_not(words);
    // What is said of one person holds for that person only.
    let other = lead.fill(&note, &note, &[("text", words), ("may_read", "Priya Chiefly")]).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    let kept = lead.fill(&note, &note, &[("text", words), ("may_read", "Dora Steadman")]).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER);
    lead.get(&case).await.has(words);
    // One's own name, and that of somebody who does not see the case, ask nothing.
    let own = "Lena Leadwell rang Ivo Wires";
    assert_eq!(lead.fill(&note, &note, &[("text", own)]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn inv2_a_note_or_a_call_that_is_sent_twice_is_one() {
    let house = House::practice().await;
    let reference = report(&house, "learner", "Amina Learner").await;
    let lead = house.signed_in("lead").await;
    for (page, name, words) in [("note", "text", "Rang the tutor at noon"), ("emergency", "note", "They send a car")] {
        let address = format!("/case/{reference}/{page}");
        let form = lead.get(&address).await;
        let (csrf, key) = (form.field("csrf"), form.field("key"));
        let fields = [("csrf", csrf.as_str()), ("key", key.as_str()), ("service", "999"), (name, words)];
        for _ in 0..2 {
            assert_eq!(lead.post(&address, &fields).await.status, StatusCode::SEE_OTHER, "{page}");
        }
        let case = lead.get(&format!("/case/{reference}")).await.body;
        let chronology = case.split("What happened, in order").nth(1).unwrap();
        assert_eq!(chronology.matches(words).count(), 1, "{page}");
    }
}

#[tokio::test]
async fn inv12_two_who_take_a_case_on_are_not_both_told_that_they_have_it() {
    let house = House::practice().await;
    let reference = report(&house, "learner", "Amina Learner").await;
    let case = format!("/case/{reference}");
    let take = format!("{case}/acknowledge");
    let (lead, dsl) = (house.signed_in("lead").await, house.signed_in("dsl").await);
    let (first, second) = (lead.get(&case).await.field("csrf"), dsl.get(&case).await.field("csrf"));
    let taken = lead.post(&take, &[("csrf", first.as_str())]).await;
    lead.get(taken.location()).await.has("you have this case");
    let late = dsl.post(&take, &[("csrf", second.as_str())]).await;
    dsl.get(late.location()).await.has("Somebody else was quicker").has_not("you have this case");
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
    answer.has("This changed while you were writing").has("Typed before it changed");
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

#[tokio::test]
async fn s10_a_new_lead_is_let_in_on_the_keys_page_by_another_holder() {
    let house = House::practice().await;
    let new = actions::people::NewPerson {
        name: "Nova Newlead".to_owned(),
        username: "nova".to_owned(),
        population: "staff".to_owned(),
        posts: vec!["safeguarding-lead".to_owned()],
        password: Some(crate::house::PASSWORD.to_owned()),
        ..actions::people::NewPerson::default()
    };
    actions::people::add(&house.haven, new, "command line").await.unwrap();
    let nova = house.signed_in("nova").await;
    let reference = report(&house, "learner", "Amina Learner").await;
    assert_eq!(nova.get(&format!("/case/{reference}")).await.status, StatusCode::NOT_FOUND);
    nova.get("/keys").await.has("Waits to be let in: Safeguarding Lead").has_not("Let Nova Newlead in");
    let dsl = house.signed_in("dsl").await;
    let page = dsl.get("/keys").await;
    page.has("Let Nova Newlead in").has("the command line").has("It takes two");
    let person = page.field("person");
    let done = dsl.fill("/keys", "/keys/readmit", &[("person", &person)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    dsl.get("/keys").await.has_not("Waits to be let in");
    nova.get(&format!("/case/{reference}")).await.has("somebody sends her videos");
}

#[tokio::test]
async fn p06_somebody_left_out_by_mistake_is_let_in_on_the_page_of_the_case() {
    let house = House::practice().await;
    let fields = [
        ("what", "Joe hurts himself. I told Lena Leadwell."),
        ("about_kind", "learner"),
        ("about_name", "Joe Learner"),
        ("safe_now", "unknown"),
        ("how", "anonymous"),
        ("idempotency", "left-out"),
        ("stage", "send"),
    ];
    let receipt = house.browser().post("/report", &fields).await;
    let reference = receipt.body.split("Your reference is <strong class=\"hv-mono\">").nth(1).expect("a receipt");
    let case = format!("/case/{}", reference.split('<').next().unwrap());
    let page = format!("{case}/let-in");
    let (lead, dsl) = (house.signed_in("lead").await, house.signed_in("dsl").await);
    dsl.get(&case).await.has("Was somebody left out by mistake?");
    assert_eq!(lead.get(&page).await.status, StatusCode::NOT_FOUND);
    let shown = dsl.get(&page).await;
    shown.has("Lena Leadwell");
    let person = shown.field("person");
    let empty = dsl.fill(&page, &page, &[("person", &person), ("reasons", "")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = dsl.fill(&page, &page, &[("person", &person), ("reasons", "She only says whom she told")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let said = dsl.get(done.location()).await;
    if said.body.contains("Another holder of this case must answer") {
        assert_eq!(lead.get(&case).await.status, StatusCode::NOT_FOUND);
    } else {
        lead.get(&case).await.has("Joe hurts himself");
    }
}

#[tokio::test]
async fn s5_closing_before_somebody_judged_says_what_comes_first() {
    let house = House::practice().await;
    let reference = report(&house, "learner", "Amina Learner").await;
    let lead = house.signed_in("lead").await;
    let page = lead.get(&format!("/case/{reference}/close")).await;
    assert_eq!(page.status, StatusCode::OK);
    page.has("First a named person decides what it is").has(&format!("/case/{reference}/assess"));
    let it = house.signed_in("it").await;
    assert_eq!(it.get(&format!("/case/{reference}/close")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn c04_a_judgement_posted_twice_ends_on_the_same_page() {
    let house = House::practice().await;
    let reference = report(&house, "learner", "Amina Learner").await;
    let lead = house.signed_in("lead").await;
    let assess = format!("/case/{reference}/assess");
    let shown = lead.get(&assess).await;
    let (token, revision) = (shown.field("csrf"), shown.field("revision"));
    let fields = [
        ("csrf", token.as_str()),
        ("revision", revision.as_str()),
        ("choice", "concern"),
        ("reasons", "I spoke with the tutor"),
    ];
    let first = lead.post(&assess, &fields).await;
    let second = lead.post(&assess, &fields).await;
    assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{}", second.body);
    lead.get(second.location()).await.has("already judged").has("I spoke with the tutor");
}

#[tokio::test]
async fn c02_the_search_promises_only_what_it_finds() {
    let house = House::practice().await;
    let lead = house.signed_in("lead").await;
    lead.get("/cases").await.has("Reference or kind").has_not("Name, word");
}
