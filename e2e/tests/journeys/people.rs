//! What people of several journeys do: pass the gate, look for something, report, and wait for what comes.

use std::time::{Duration, Instant};

use e2e::{Browser, House, Visitor, Width};

/// Words that the practice pack's Prevent trigger names, in Haven's own mild list.
pub(crate) const PREVENT_SEARCH: &str = "http://search.test/search?q=join+extremist+group";
/// The same for hate.
pub(crate) const HATE_SEARCH: &str = "http://search.test/search?q=hate+group+join";

/// Reads the notice and the agreement, as everybody does once.
pub(crate) async fn read_and_agree(browser: &Browser) {
    browser.says("I have read this").await;
    browser.press_only("I have read this").await;
    browser.says("I agree").await;
    browser.press_only("I agree").await;
}

/// A browser at somebody's seat that has passed the gate.
pub(crate) async fn through_the_gate(house: &House, who: &str, name: &str) -> Browser {
    let browser = Browser::at_seat(house, who, Width::Desk).await;
    browser.go("http://library.test/").await;
    browser.press_only(&format!("Sign in as {name}")).await;
    read_and_agree(&browser).await;
    browser.says("Books, films and quiet corners").await;
    browser
}

/// Signs in with a password, as on real data.
pub(crate) async fn password_at_the_door(browser: &Browser, who: &str) {
    browser.go("http://haven.test/sign-in").await;
    browser.fill("Your sign-in name", who).await;
    browser.fill("Password", e2e::real::PASSWORD).await;
    browser.press("Sign in").await;
    browser.says("Sign out").await;
}

/// A browser at somebody's seat in which they are signed in by password.
pub(crate) async fn signed_in_by_password(house: &House, who: &str) -> Browser {
    let browser = Browser::at_seat(house, who, Width::Desk).await;
    password_at_the_door(&browser, who).await;
    browser
}

/// A browser at somebody's seat in which they are signed in to Haven.
pub(crate) async fn at_work(house: &House, who: &str, name: &str) -> Browser {
    let browser = Browser::at_seat(house, who, Width::Desk).await;
    browser.sign_in_as(name).await;
    browser
}

/// Asks again and again until there is an answer; none after so many seconds.
pub(crate) async fn soon<T, A: AsyncFnMut() -> Option<T>>(seconds: u64, mut ask: A) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if began.elapsed() > Duration::from_secs(seconds) {
            return None;
        }
        e2e::house::pause().await;
    }
}

/// The references of the cases on somebody's "today" or list of cases, in the order of the page.
pub(crate) fn references(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in page.split("href=\"/case/").skip(1) {
        let reference = part.split(['"', '/', '?']).next().unwrap_or_default().to_owned();
        if !found.contains(&reference) {
            found.push(reference);
        }
    }
    found
}

/// The first case that somebody may see, waited for.
pub(crate) async fn first_case(house: &House, who: &str) -> String {
    let visitor = Visitor::straight(house.port).signed_in(who).await;
    let found = soon(20, async || references(&visitor.clone().get("/cases").await.body).into_iter().next());
    found.await.unwrap_or_else(|| panic!("{who} sees no case"))
}

/// All cases that somebody may see.
pub(crate) async fn cases(house: &House, who: &str) -> Vec<String> {
    let mut visitor = Visitor::straight(house.port).signed_in(who).await;
    references(&visitor.get("/cases").await.body)
}

/// Every letter in the practice mailbox.
pub(crate) async fn letters(house: &House) -> String {
    Visitor::straight(house.port).get("/practice/mailbox").await.body
}

/// Moves the practice clock on, and waits until Haven goes by it.
pub(crate) async fn move_the_clock(house: &House, minutes: &str) {
    let mut visitor = Visitor::straight(house.port);
    let before = visitor.get("/help").await.between("The clock says ", "<");
    assert_eq!(visitor.post("/practice/clock", &[("minutes", minutes)]).await.status, 303);
    let moved = soon(5, async || {
        let now = visitor.clone().get("/help").await.between("The clock says ", "<");
        (now != before).then_some(())
    });
    moved.await.expect("the practice clock moves");
}

/// What somebody writes on the report page.
pub(crate) struct Told<'a> {
    pub(crate) what: &'a str,
    pub(crate) about: &'a str,
    pub(crate) name: &'a str,
    pub(crate) how: &'a str,
}

/// Sends an open report with plain requests, as the browser does: form, check, receipt. Gives the receipt's page.
pub(crate) async fn report(visitor: &mut Visitor, told: &Told<'_>) -> e2e::plain::Answer {
    report_safe_or_not(visitor, told, "unknown").await
}

/// The same, where somebody is not safe now: no letter about it waits for its round.
pub(crate) async fn report_danger(visitor: &mut Visitor, told: &Told<'_>) -> e2e::plain::Answer {
    report_safe_or_not(visitor, told, "no").await
}

async fn report_safe_or_not(visitor: &mut Visitor, told: &Told<'_>, safe_now: &str) -> e2e::plain::Answer {
    let key = visitor.get("/report").await.hidden("idempotency");
    let fields = [
        ("what", told.what),
        ("about_kind", told.about),
        ("about_name", told.name),
        ("safe_now", safe_now),
        ("how", told.how),
        ("idempotency", &key),
        ("stage", "send"),
    ];
    visitor.post("/report", &fields).await
}
