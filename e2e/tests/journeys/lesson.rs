//! A lesson: the tutor names the sites and writes the code on the board, a learner joins, and nothing else opens until the end.

use e2e::{Browser, House, on_both};

use crate::people;

on_both!(f10_lesson, f10_lesson_sqlite, f10_lesson_postgres);

async fn f10_lesson(house: &mut House) {
    let mut lena = people::through_the_gate(house, "lena", "Lena Learner").await;
    let yoshi = people::through_the_gate(house, "yoshi", "Yoshi Younger").await;
    let mut tess = people::at_work(house, "tess", "Tess Tutor").await;

    // The tutor starts it: a list, one tick, one button.
    tess.press("Lessons").await;
    tess.says("No lesson of yours runs now").await;
    tess.press("Start a lesson").await;
    tess.press("Start the lesson").await;
    tess.says("Write at least one site").await;
    tess.fill("Sites that you have checked", "news.test\nlibrary.test/books\ncasino-royal.test").await;
    tess.press("Start the lesson").await;
    tess.says("Look at each site first").await;
    tess.tick("I have looked at each of these sites, and they suit this lesson").await;
    tess.also_on_a_phone("lesson-start").await;
    tess.press("Start the lesson").await;
    tess.says("Write the code on the board").await;
    tess.says("The policy keeps it closed for").await;
    tess.also_on_a_phone("lesson-runs").await;
    let code = tess.script("return document.querySelector('.hv-code').innerText").await;
    let code = code.as_str().unwrap().trim().to_owned();

    // Before she types it nothing is different; then only the checked sites open.
    lena.go("http://news.test/").await;
    lena.go("https://library.test/").await;
    lena.says("Books, films").await;
    lena.go("http://haven.test/lesson").await;
    lena.fill("Code on the board", "qqqqq").await;
    lena.press("Join").await;
    lena.says("No lesson with this code runs now").await;
    lena.fill("Code on the board", &code.to_lowercase()).await;
    lena.press("Join").await;
    lena.says("You are in the lesson").await;
    lena.says("library.test/books").await;
    lena.also_on_a_phone("lesson-joined").await;
    lena.press_only("library.test/books").await;
    lena.says("A shelf of stories").await;
    for closed in ["https://library.test/", "http://jobs.test/", "https://shop.test/"] {
        lena.go(closed).await;
        lena.says("This is not part of your lesson").await;
        lena.says("Your lesson is limited to checked sites until").await;
    }
    lena.also_on_a_phone("lesson-block-page").await;
    lena.press_only("library.test/books").await;
    lena.says("A shelf of stories").await;
    // A lesson opens nothing, and never closes help or reporting.
    lena.go("http://casino-royal.test/").await;
    lena.says("Gambling sites can take money").await;
    lena.go("https://help-line.test/").await;
    lena.says("The practice help line").await;
    lena.go("http://haven.test/report").await;
    lena.says("Is someone in danger now?").await;
    // Whoever is not in it browses as ever.
    yoshi.go("http://jobs.test/").await;
    yoshi.says_not("not part of your lesson").await;

    later_sites(&mut tess, &lena).await;
    // A start of the whole program, and even a power cut, ends no lesson.
    house.kill_nine().await;
    house.start().await;
    soon_says(&lena, "http://jobs.test/", "This is not part of your lesson").await;

    ended(house, &mut tess, &mut lena).await;
    lena.close().await;
    yoshi.close().await;
    tess.close().await;
}

/// A site in the middle of the lesson, and one that turns out unsuitable.
async fn later_sites(tess: &mut Browser, lena: &Browser) {
    tess.go("http://haven.test/lesson").await;
    let address = tess.script("return document.querySelector('.hv-rows a').href").await;
    tess.go(address.as_str().unwrap()).await;
    tess.says("Lena Learner").await;
    tess.fill("Site", "jobs.test").await;
    tess.tick("I have looked at this site, and it suits the lesson").await;
    tess.press("Add the site").await;
    tess.says("The site is open in this lesson").await;
    soon_says(lena, "http://jobs.test/", "The bakery").await;
    tess.press("Unsuitable: jobs.test").await;
    tess.says("is closed in this lesson").await;
    soon_says(lena, "http://jobs.test/", "This site was closed for your lesson").await;
    tess.also_on_a_phone("lesson-later").await;
}

/// The tutor ends it; the list of lessons keeps what it was, and who decides about sites is asked about what was unsuitable.
async fn ended(house: &House, tess: &mut Browser, lena: &mut Browser) {
    tess.sign_in_as("Tess Tutor").await;
    tess.go("http://haven.test/lesson").await;
    let address = tess.script("return document.querySelector('.hv-rows a').href").await;
    tess.go(address.as_str().unwrap()).await;
    tess.fill("Until", "09:00").await;
    tess.press("Change the end").await;
    tess.press("End it now").await;
    tess.says("The lesson has ended").await;
    soon_says(lena, "http://shop.test/", "one red bicycle").await;
    tess.go("http://haven.test/lesson/past").await;
    tess.says("Checked sites: 4 sites").await;
    tess.says("1 found unsuitable").await;
    tess.also_on_a_phone("lesson-past").await;
    let ines = people::at_work(house, "ines", "Ines Network").await;
    ines.go("http://haven.test/requests").await;
    ines.says("jobs.test").await;
    ines.says("A tutor found it unsuitable in a lesson").await;
    ines.close().await;
}

async fn soon_says(browser: &Browser, address: &str, wanted: &str) {
    let said = people::soon(20, async || {
        browser.go_anywhere(address).await;
        browser.text().await.contains(wanted).then_some(())
    });
    said.await.unwrap_or_else(|| panic!("{address} never says {wanted}"));
}
