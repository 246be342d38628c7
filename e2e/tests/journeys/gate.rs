//! Point 1 of the story: every request leads to the gate, and the next learner on the same computer meets it again.

use e2e::{Browser, House, Visitor, Width, kept, on_both};

use crate::people;

on_both!(f15_the_gate, f15_the_gate_sqlite, f15_the_gate_postgres);

async fn f15_the_gate(house: &mut House) {
    let mut lena = Browser::at_seat(house, "lena", Width::Desk).await;

    // Whatever she asks for, the gate comes first, and nothing is written down.
    lena.go("http://library.test/books").await;
    lena.says("Before you use the internet here").await;
    lena.says("Then we take you to library.test").await;
    lena.also_on_a_phone("gate-sign-in").await;
    lena.go("https://news.test/").await;
    lena.says("Before you use the internet here").await;

    // Help and reporting are open already.
    lena.go("http://help-line.test/").await;
    lena.says("The practice help line").await;
    lena.go("http://haven.test/report").await;
    lena.says("Report a concern").await;
    lena.go("http://haven.test/help").await;
    lena.says("These places always open here").await;
    // A help site of the pack: practice reaches no internet, so what comes is trouble on the way, and never the gate.
    lena.go_anywhere("https://samaritans.org/").await;
    lena.says_not("Before you use the internet here").await;
    lena.says_not("does not open here").await;
    lena.picture("help-site-while-shut").await;

    // Sign in, the notice, the agreement, and on to the page that was asked for.
    lena.go("http://library.test/books").await;
    lena.fill("Your sign-in name", "lena").await;
    lena.fill("Password", &house.password()).await;
    lena.press("Sign in").await;
    lena.says("What you should know").await;
    lena.also_on_a_phone("gate-notice").await;
    assert!(activity(house).await.is_empty(), "nothing is recorded before the notice: {:?}", activity(house).await);
    lena.press("I have read this").await;
    lena.also_on_a_phone("gate-agreement").await;
    lena.press_only("I agree").await;
    lena.says("A shelf of stories, a shelf of maps").await;
    assert!(lena.address().await.contains("library.test/books"));
    lena.go("https://news.test/weather").await;
    lena.says("Sunny in the morning").await;

    // Signed out: the gate again, in the same browser.
    lena.go("http://haven.test/my").await;
    lena.says("Lena Learner").await;
    lena.press("Sign out").await;
    lena.go("http://library.test/opening-hours").await;
    lena.says("Before you use the internet here").await;

    // She comes back, and closes the browser without signing out. A new browser on the same seat is not hers.
    lena.press_only("Sign in as Lena Learner").await;
    lena.says("Monday to Saturday").await;
    lena.close().await;
    let next = Browser::at_seat(house, "lena", Width::Desk).await;
    next.go("http://library.test/books").await;
    next.says("Before you use the internet here").await;
    next.says_not("Lena Learner Sign out").await;

    // The next learner signs in on the same computer. What he opens carries his name, not hers.
    next.press("Sign in as Yoshi Younger").await;
    people::read_and_agree(&next).await;
    next.go("http://jobs.test/").await;
    next.says("The bakery looks for somebody").await;
    names_are_right(house).await;
    idle(house, next).await;
    signed_out_at_once(house).await;
}

/// Not a moment later: the very next request after the answer meets the gate.
async fn signed_out_at_once(house: &House) {
    for round in 0..10 {
        let mut seat = Visitor::at_seat(house.seat("yoshi")).await.unwrap().signed_in("yoshi").await;
        let open = seat.get("http://library.test/books").await;
        assert_eq!(open.status, 200, "round {round}: he is known: {}", open.body);
        let token = seat.get("/my").await.hidden("csrf");
        seat.post("/sign-out", &[("csrf", &token)]).await;
        let shut = seat.get("http://library.test/books").await;
        assert!(shut.body.contains("Nobody is signed in on this computer"), "round {round}: {}", shut.body);
    }
}

/// He is away for a quarter of an hour, with the browser and an encrypted website open. Whoever sits down next, in the very
/// same browser, meets the gate, and nothing that they do carries his name.
async fn idle(house: &House, browser: Browser) {
    browser.go("https://news.test/local").await;
    browser.says("The town garden").await;
    people::move_the_clock(house, "14").await;
    browser.go("https://news.test/weather").await;
    browser.says("Sunny in the morning").await;
    people::move_the_clock(house, "16").await;
    for address in ["https://news.test/local", "http://library.test/books", "https://gov.test/benefits"] {
        browser.go(address).await;
        browser.says("Before you use the internet here").await;
        browser.says_not("Yoshi Younger Sign out").await;
    }
    browser.picture("gate-after-a-quarter-of-an-hour").await;
    for page in ["my", "today", "unlock"] {
        browser.go(&format!("http://haven.test/{page}")).await;
        browser.says_not("Yoshi Younger Sign out").await;
        assert!(browser.address().await.contains("/sign-in?"), "{page} is his no longer: {}", browser.address().await);
    }
    browser.go("https://gov.test/benefits").await;
    browser.press("Sign in as Vita Visitor").await;
    people::read_and_agree(&browser).await;
    browser.says("Find out what you can get").await;
    browser.go("http://haven.test/my").await;
    browser.says_not("Yoshi").await;
    browser.close().await;
    let rows = people::soon(5, async || {
        let rows = kept::rows(house).await;
        let there = rows.iter().any(|row| row.table.ends_with("records") && row.holds("gov.test"));
        there.then_some(rows)
    });
    let rows = rows.await.expect("the visitor's page is recorded");
    let (yoshi, vita) = (kept::person_id(&rows, "yoshi"), kept::person_id(&rows, "vita"));
    let hers: Vec<_> = rows.iter().filter(|row| row.table.ends_with("records") && row.holds("gov.test")).collect();
    assert!(hers.iter().all(|row| row.holds(&vita) && !row.holds(&yoshi)), "{hers:#?}");
}

/// Rows of the activity record.
async fn activity(house: &House) -> Vec<kept::Kept> {
    kept::rows(house).await.into_iter().filter(|row| row.table.ends_with("records")).collect()
}

/// The Head of IT's events, and the record itself: what was opened last is his, and never hers.
async fn names_are_right(house: &House) {
    let mut ines = Visitor::straight(house.port).signed_in("ines").await;
    let page = people::soon(5, async || {
        let page = ines.clone().get("/events").await;
        page.body.contains("jobs.test").then_some(page)
    });
    let page = page.await.expect("his page stands in the events");
    for row in page.body.split("<tr").filter(|row| row.contains("jobs.test")) {
        assert!(!row.contains("Lena"), "{row}");
    }
    let event = page.body.split("/events/").find(|part| part.contains(">jobs.test<")).unwrap();
    let event = ines.get(&format!("/events/{}", event.split('"').next().unwrap())).await;
    assert!(event.status == 200 && !event.body.contains("Lena"), "{}", event.body);
    for word in ["help-line.test", "samaritans.org", "haven.test"] {
        assert!(!page.body.contains(&format!(">{word}<")), "{word} is never recorded (S-3)");
    }
    let rows = kept::rows(house).await;
    let (lena, yoshi) = (kept::person_id(&rows, "lena"), kept::person_id(&rows, "yoshi"));
    let his: Vec<_> = rows.iter().filter(|row| row.holds("jobs.test") && row.holds(&yoshi)).collect();
    assert!(!his.is_empty(), "the record of his page carries his name");
    let wrong: Vec<_> = rows.iter().filter(|row| row.holds("jobs.test") && row.holds(&lena)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
