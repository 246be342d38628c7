//! Every page of Haven at two widths, empty, full, with very long names and with faults: pictured, and easy to use for everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use e2e::{Base, Browser, House, Visitor, Width};

use crate::people::{self, Told};

/// Sixty letters and no space: it must not push a small screen apart.
const LONG: &str = "Wilhelmina-Theodora-Cholmondeley-Featherstonehaugh-McGillicu";
/// Holds every post that looks at something.
const EVERYTHING: &str = "wilhelmina-of-the-very-long-sign-in-name";
const PASSWORD: &str = "three plain words of hers";
const POSTS: [&str; 5] = ["safeguarding-lead", "head-of-it", "designated-safeguarding-lead", "principal", "tutor"];

/// Addresses that are no page: files, redirects, and answers for programs.
const NO_PAGE: [&str; 9] = [
    "/proxy.pac",
    "/wpad.dat",
    "/assets/{name}",
    "/favicon.ico",
    "/healthz",
    "/ca.pem",
    "/exit",
    "/prove",
    "/gate/open",
];

/// Every address at which people get a page, as the rooms of `web` declare them.
pub(crate) fn routes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let rooms = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/web/src");
    for file in e2e::kept::files(&rooms).into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for part in text.split(".route(\"").skip(1) {
            let (path, rest) = part.split_once('"').unwrap();
            let handlers: String = rest.split_whitespace().collect::<Vec<_>>().join("");
            if handlers.starts_with(",get(") || handlers.split(')').next().is_some_and(|one| one.contains(").get(")) {
                found.insert(path.to_owned());
            }
        }
    }
    assert!(found.len() > 20, "the routes are written in another way: {found:?}");
    found.into_iter().filter(|path| !NO_PAGE.contains(&path.as_str())).collect()
}

/// The pages that were pictured.
struct Tour {
    browser: Browser,
    pictured: BTreeSet<String>,
}

impl Tour {
    async fn at_seat(house: &House, who: &str) -> Self {
        Self { browser: Browser::at_seat(house, who, Width::Desk).await, pictured: BTreeSet::new() }
    }

    /// One page at both widths; `route` is the address as the room declares it.
    async fn page(&mut self, route: &str, address: &str, picture: &str) {
        self.browser.go(&format!("http://haven.test{address}")).await;
        let path = address.split('?').next().unwrap();
        assert!(
            self.browser.address().await.contains(path),
            "{address} leads to {}: {}",
            self.browser.address().await,
            self.browser.text().await
        );
        self.here(route, picture).await;
    }

    /// The page that is shown just now.
    async fn here(&mut self, route: &str, picture: &str) {
        self.browser.says_not("There is no page at this address").await;
        self.browser.also_on_a_phone(&format!("page-{picture}")).await;
        self.pictured.insert(route.to_owned());
    }
}

#[tokio::test]
async fn every_page_at_both_widths() {
    let mut house = House::new(Base::Sqlite).await.unwrap();
    house.start().await;
    house.stop().await;
    long_names(&house).await;
    house.start().await;
    let mut pictured = BTreeSet::new();
    pictured.extend(open_pages(&house).await);
    let staff = staff_pages(&mut house).await;
    pictured.extend(staff);
    let all = routes();
    let missing: Vec<_> = all.difference(&pictured).collect();
    assert!(missing.is_empty(), "these pages have no picture yet: {missing:?}");
    let gone: Vec<_> = pictured.difference(&all).collect();
    assert!(gone.is_empty(), "these are no pages: {gone:?}");
    house.end().await;
}

/// Two people whose names are as long as names come.
async fn long_names(house: &House) {
    let data = house.data.display().to_string();
    let mut words = vec!["user", "add", EVERYTHING, "--data", &data, "--name", LONG, "--population", "staff"];
    words.extend(POSTS.iter().flat_map(|post| ["--post", post]));
    let (code, out, errors) = house.haven(&words, &format!("{PASSWORD}\n")).await;
    assert_eq!(code, 0, "{out}{errors}");
}

/// What anybody sees, and the gate.
async fn open_pages(house: &House) -> BTreeSet<String> {
    let mut tour = Tour::at_seat(house, "vita").await;
    for (route, picture) in [
        ("/", "front"),
        ("/help", "help"),
        ("/certificate", "certificate"),
        ("/sign-in", "sign-in"),
        ("/policy", "policy"),
        ("/policy/safety-rules", "safety-rules"),
        ("/coverage", "coverage"),
        ("/gate", "gate"),
        ("/report", "report"),
        ("/report/code", "report-code"),
        ("/practice", "practice"),
        ("/practice/mailbox", "mailbox-empty"),
        ("/practice/try", "try"),
    ] {
        tour.page(route, route, picture).await;
    }
    tour.page("/policy/{clause}", "/policy/7.1", "clause").await;
    faults(&mut tour).await;
    tour.browser.close().await;
    tour.pictured
}

/// Pages with something to mend, and pages that are not there.
async fn faults(tour: &mut Tour) {
    tour.browser.go("http://haven.test/sign-in").await;
    tour.browser.fill("Your sign-in name", LONG).await;
    tour.browser.fill("Password", "not this one, surely").await;
    tour.browser.press("Sign in").await;
    tour.here("/sign-in", "sign-in-fault").await;
    tour.browser.go("http://haven.test/report/code").await;
    tour.browser.fill("Your code", LONG).await;
    tour.browser.press("Read").await;
    tour.here("/report/code", "report-code-fault").await;
    tour.browser.go("http://haven.test/report").await;
    tour.browser.fill("What happened, or what worries you?", &format!("{LONG}{LONG}")).await;
    tour.browser.fill("Their name, if you know it", LONG).await;
    tour.browser.press("Continue").await;
    tour.browser.says("There is something to mend").await;
    tour.here("/report", "report-fault").await;
    tour.browser.choose("Who is it about?", "A learner (this can be you)").await;
    tour.browser.choose("Are they safe now?", "I do not know").await;
    tour.browser.press("Continue").await;
    tour.here("/report", "report-check-long").await;
    tour.browser.press("Send my report").await;
    tour.browser.says("Your reference is").await;
    tour.here("/report", "report-receipt-long").await;
    let source = tour.browser.source().await;
    let code = source.split("class=\"hv-code\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    tour.browser.go("http://haven.test/report/code").await;
    tour.browser.fill("Your code", &code).await;
    tour.browser.press("Read").await;
    tour.here("/report/code", "report-thread-long").await;
    let long = format!("http://haven.test/{LONG}{LONG}");
    tour.browser.go(&long).await;
    tour.browser.says("There is no page at this address").await;
    tour.browser.also_on_a_phone("page-absent").await;
}

/// What a learner and everybody with a post sees, first empty, then full.
async fn staff_pages(house: &mut House) -> BTreeSet<String> {
    let mut tour = Tour::at_seat(house, "sunil").await;
    tour.browser.go("http://haven.test/sign-in").await;
    tour.browser.fill("Your sign-in name", EVERYTHING).await;
    tour.browser.fill("Password", PASSWORD).await;
    tour.browser.press("Sign in").await;
    for (route, picture) in [
        ("/events", "events-empty"),
        ("/technical", "technical-empty"),
        ("/requests", "requests-empty"),
        ("/rules", "rules-empty"),
        ("/rules/new", "rules-new"),
        ("/what-if", "what-if-empty"),
        ("/lesson", "lessons-empty"),
        ("/lesson/new", "lesson-new"),
        ("/lesson/past", "lessons-past-empty"),
        ("/my", "my-empty"),
        ("/cases?text=zzzz", "cases-nothing-found"),
    ] {
        tour.page(route.split('?').next().unwrap(), route, picture).await;
    }
    let learner = learner_pages(house).await;
    let reported = reported(house).await;
    let alert = people::soon(20, async || {
        let page = signed_in(house).await.get("/today").await.body;
        page.split("href=\"/case/")
            .find_map(|part| part.split_once("/alert\"").map(|(case, _)| case.to_owned()))
            .filter(|case| case.len() < 20)
    });
    let alert = alert.await.expect("the alert stands on the page");
    let event = event_of(house).await;
    let with_case = |path: &str, case: &str| path.replace("{reference}", case);
    for (route, address, picture) in [
        ("/today", "/today".to_owned(), "today"),
        ("/cases", "/cases".to_owned(), "cases"),
        ("/events", "/events".to_owned(), "events"),
        ("/events/{reference}", format!("/events/{event}"), "event"),
        ("/technical", "/technical".to_owned(), "technical"),
        ("/requests", "/requests".to_owned(), "requests"),
        ("/events/person", "/events/person".to_owned(), "person-events"),
        ("/lists", "/lists".to_owned(), "lists"),
        ("/what-if", format!("/what-if?url=casino-royal.test/{LONG}&group=staff"), "what-if"),
        ("/filter", "/filter".to_owned(), "filter"),
        ("/keys", "/keys".to_owned(), "keys"),
        ("/my", "/my".to_owned(), "my"),
        ("/close-site", "/close-site".to_owned(), "close-site"),
        ("/unlock", "/unlock".to_owned(), "unlock"),
        ("/report/named", "/report/named".to_owned(), "report-named"),
        ("/practice/mailbox", "/practice/mailbox".to_owned(), "mailbox"),
        ("/case/{reference}/alert", with_case("/case/{reference}/alert", &alert), "alert"),
        ("/case/{reference}", with_case("/case/{reference}", &reported), "case-unassessed"),
        ("/case/{reference}/assess", with_case("/case/{reference}/assess", &reported), "assess"),
        ("/case/{reference}/emergency", with_case("/case/{reference}/emergency", &reported), "emergency"),
        ("/case/{reference}/note", with_case("/case/{reference}/note", &reported), "note"),
    ] {
        tour.page(route, &address, picture).await;
    }
    filter_checks(house, &mut tour).await;
    lesson_pages(&mut tour).await;
    case_pages(&mut tour, &reported).await;
    tour.browser.close().await;
    let mut pictured = tour.pictured;
    pictured.extend(learner);
    pictured
}

/// The checks of the filter, before the first one and after it.
async fn filter_checks(house: &House, tour: &mut Tour) {
    tour.page("/filter/checks", "/filter/checks", "filter-checks-empty").await;
    let data = house.data.display().to_string();
    let ran = people::soon(60, async || {
        let (code, ..) = house.haven(&["check-filter", "--data", &data], "").await;
        (code == 1).then_some(())
    });
    ran.await.expect("the filter was checked");
    tour.page("/filter/checks", "/filter/checks", "filter-checks").await;
    let page = signed_in(house).await.get("/filter/checks").await.body;
    let request = page.split("href=\"/filter/checks/").nth(1).and_then(|part| part.split('"').next()).unwrap();
    tour.page("/filter/checks/{request}", &format!("/filter/checks/{request}"), "filter-check").await;
}

/// A lesson with long names, first refused and then running.
async fn lesson_pages(tour: &mut Tour) {
    tour.browser.go("http://haven.test/lesson/new").await;
    tour.browser.press("Start the lesson").await;
    tour.here("/lesson/new", "lesson-new-fault").await;
    tour.browser.fill("Sites that you have checked", &format!("library.test/{LONG}{LONG}\ncasino-royal.test")).await;
    tour.browser.fill("What is it about? (you can leave this empty)", LONG).await;
    tour.browser.tick("I have looked at each of these sites, and they suit this lesson").await;
    tour.browser.press("Start the lesson").await;
    tour.here("/lesson/{id}", "lesson-long").await;
    tour.browser.press("Add the site").await;
    tour.here("/lesson/{id}", "lesson-fault").await;
    tour.page("/lesson", "/lesson", "lessons").await;
    tour.page("/lesson/past", "/lesson/past", "lessons-past").await;
}

/// A case that is worked on: a note of one long word, the decision, a step, the referral, the close.
async fn case_pages(tour: &mut Tour, case: &str) {
    let at = |page: &str| format!("/case/{case}{page}");
    let browser = &tour.browser;
    browser.go(&format!("http://haven.test{}", at("/note"))).await;
    browser.fill("Your note", &format!("{LONG}{LONG}{LONG}")).await;
    browser.press("Add the note").await;
    browser.go(&format!("http://haven.test{}", at("/assess?choice=concern"))).await;
    browser.press("Write this down").await;
    tour.here("/case/{reference}/assess", "assess-fault").await;
    let browser = &tour.browser;
    browser.fill("Why?", LONG).await;
    browser.fill("Is the person at risk from others, or easy to put under pressure?", LONG).await;
    browser.fill("Does a disability or a learning need change what this means?", LONG).await;
    browser.fill("How is the person now?", LONG).await;
    browser.press("Write this down").await;
    tour.page("/case/{reference}", &at(""), "case-open-long").await;
    tour.page("/case/{reference}/let-in", &at("/let-in"), "let-in").await;
    tour.page("/case/{reference}/step/{id}", &at("/step/protection"), "step").await;
    tour.browser.press("This step is done").await;
    tour.here("/case/{reference}/step/{id}", "step-fault").await;
    tour.page("/case/{reference}/referral/{step}", &at("/referral/refer-other"), "referral").await;
    tour.page("/case/{reference}/close", &at("/close"), "close").await;
    tour.browser.press("Close the case").await;
    tour.here("/case/{reference}/close", "close-fault").await;
}

/// A closed site, seen by a learner: the page behind it, an answer, and her own page.
async fn learner_pages(house: &House) -> BTreeSet<String> {
    let mut tour = Tour::at_seat(house, "lena").await;
    let browser = &mut tour.browser;
    browser.go("http://library.test/").await;
    browser.press_only("Sign in as Lena Learner").await;
    people::read_and_agree(browser).await;
    browser.says("Books, films").await;
    browser.go(&format!("http://casino-royal.test/{LONG}{LONG}")).await;
    browser.says("WAES 7.1").await;
    browser.also_on_a_phone("page-block").await;
    browser.press("Ask for this site").await;
    browser.press("Ask for this site").await;
    tour.here("/blocked/{reference}", "blocked-fault").await;
    tour.browser.fill("What do you need it for?", &format!("{LONG}{LONG}")).await;
    tour.browser.press("Ask for this site").await;
    tour.browser.says("Your reference is").await;
    tour.here("/blocked/{reference}", "blocked-told").await;
    tour.page("/my", "/my", "my-learner").await;
    // For whom there is nothing there.
    tour.browser.go("http://haven.test/today").await;
    tour.browser.also_on_a_phone("page-today-of-a-learner").await;
    tour.browser.go_anywhere(people::PREVENT_SEARCH).await;
    tour.browser.close().await;
    tour.pictured
}

async fn signed_in(house: &House) -> Visitor {
    Visitor::straight(house.port).with_password(EVERYTHING, PASSWORD).await
}

/// A case about somebody with a long name.
async fn reported(house: &House) -> String {
    let before: BTreeSet<String> = cases(house).await;
    let mut anyone = Visitor::straight(house.port);
    // A name that is also a person's own leaves that person out: this is somebody else with a name of that length.
    let name = LONG.to_lowercase().chars().rev().collect::<String>();
    let told = Told { what: &name, about: "learner", name: &name, how: "anonymous" };
    let receipt = people::report(&mut anyone, &told).await;
    assert_eq!(receipt.status, 200, "{}", receipt.body);
    let new: Vec<String> = cases(house).await.difference(&before).cloned().collect();
    assert_eq!(new.len(), 1, "{new:?}");
    new[0].clone()
}

async fn cases(house: &House) -> BTreeSet<String> {
    people::references(&signed_in(house).await.get("/cases").await.body).into_iter().collect()
}

async fn event_of(house: &House) -> String {
    let page = people::soon(10, async || {
        let page = signed_in(house).await.get("/events").await.body;
        page.contains("/events/").then_some(page)
    });
    let page = page.await.expect("an event is there");
    let links: BTreeMap<usize, &str> =
        page.split("href=\"/events/").skip(1).map(|part| part.split('"').next().unwrap()).enumerate().collect();
    (*links.values().next().unwrap()).to_owned()
}
