//! Point 6 of the story: whoever runs the computers sees that the filter acted, and never the case.

use e2e::{House, Visitor, on_both};

use crate::people;

on_both!(s10_separation, s10_separation_sqlite, s10_separation_postgres);

async fn s10_separation(house: &mut House) {
    let lena = people::through_the_gate(house, "lena", "Lena Learner").await;
    lena.go(people::PREVENT_SEARCH).await;
    lena.close().await;
    let reference = people::first_case(house, "sunil").await;
    let mut ines = people::at_work(house, "ines", "Ines Network").await;

    // The event, and why the filter decided so.
    ines.go("http://haven.test/events").await;
    ines.says("search.test").await;
    ines.also_on_a_phone("events").await;
    ines.press("search.test").await;
    ines.says("Why it was decided so").await;
    ines.says_not("Lena Learner").await;
    ines.says_not("Signed in as lena").await;
    ines.press("Show the name").await;
    ines.says("Choose what you need the name for").await;
    ines.says_not("Lena Learner").await;
    ines.also_on_a_phone("event").await;
    ines.says_not(&reference).await;

    // The technical alert: she has seen it, and the safeguarding clock goes on.
    let before = due(house, &reference).await;
    ines.go("http://haven.test/technical").await;
    ines.says("Prevent, high").await;
    ines.picture("technical").await;
    ines.press("I have seen this alert").await;
    ines.says("Seen").await;
    ines.says_not(&reference).await;
    assert_eq!(due(house, &reference).await, before, "the safeguarding clock goes on");
    ines.close().await;

    // The case's address is the same to her as one that was never given out.
    let mut her = Visitor::straight(house.port).signed_in("ines").await;
    let pages = ["", "/alert", "/assess", "/step/police", "/referral/contact", "/close", "/note", "/emergency"];
    for page in pages {
        let real = her.get(&format!("/case/{reference}{page}")).await;
        let absent = her.get(&format!("/case/QQQQ-QQQQ{page}")).await;
        assert_eq!((real.status, absent.status), (404, 404), "{page}");
        assert_eq!(real.body, absent.body, "{page} tells a case from none");
        let strip = |headers: &[(String, String)]| {
            headers.iter().filter(|(name, _)| name != "date").cloned().collect::<Vec<_>>()
        };
        assert_eq!(strip(&real.headers), strip(&absent.headers), "{page}");
    }
    for page in ["/today", "/cases", "/cases?text=Lena", "/keys", "/my"] {
        assert!(!her.get(page).await.body.contains(&reference), "{page}");
    }
    a_reset_opens_nothing(house, &reference).await;
}

/// The clock of a case as its lead sees it.
async fn due(house: &House, reference: &str) -> String {
    let mut sunil = Visitor::straight(house.port).signed_in("sunil").await;
    let page = sunil.get(&format!("/case/{reference}")).await;
    assert!(page.body.contains("I have this case"), "nobody has taken it on:\n{}", page.body);
    page.between("<dt>Clock</dt>", "</div>")
}

/// She resets the lead's password and signs in with it: the case stays sealed.
async fn a_reset_opens_nothing(house: &mut House, reference: &str) {
    house.stop().await;
    let data = house.data.display().to_string();
    let word = "a-new-password-of-hers-42";
    let typed = format!("{word}\n{word}\n");
    let (code, out, errors) = house.haven(&["user", "reset", "--data", &data, "sunil"], &typed).await;
    assert_eq!(code, 0, "{out}{errors}");
    house.start().await;
    let mut as_him = Visitor::straight(house.port);
    let answer = as_him.post("/sign-in", &[("username", "sunil"), ("password", word), ("to", "/today")]).await;
    assert_eq!(answer.status, 303, "the new password signs in: {}", answer.body);
    let case = as_him.get(&format!("/case/{reference}")).await;
    for secret in ["Lena", "join extremist"] {
        assert!(!case.body.contains(secret), "a reset password opens the case: {}", case.body);
    }
    let alert = as_him.get(&format!("/case/{reference}/alert")).await;
    assert!(!alert.body.contains("Lena") && !alert.body.contains("join extremist"), "{}", alert.body);
    let unlock = as_him.get("/unlock?to=/today").await.hidden("csrf");
    as_him.post("/unlock", &[("csrf", &unlock), ("password", word), ("to", "/today")]).await;
    let case = as_him.get(&format!("/case/{reference}")).await;
    assert!(!case.body.contains("Lena"), "nor does opening with it: {}", case.body);
}
