//! Point 5 of the story: a second way in, which nobody can follow back, and which never reaches the one it is about.

use std::time::Instant;

use e2e::{Base, Browser, House, Visitor, Width, kept, on_both};

use crate::people::{self, Told};

/// From the first look to the receipt, in seconds.
const REPORT_LIMIT_SECONDS: u64 = 60;

on_both!(c01_a_tutor_reports_from_a_phone, c01_phone_sqlite, c01_phone_postgres);
on_both!(s3_an_anonymous_report, s3_anonymous_sqlite, s3_anonymous_postgres);
on_both!(invariant_11_nobody_meets_their_own_case, invariant_11_sqlite, invariant_11_postgres);

async fn c01_a_tutor_reports_from_a_phone(house: &mut House) {
    let tess = Browser::at_seat(house, "tess", Width::Phone).await;
    tess.sign_in_as("Tess Tutor").await;
    let began = Instant::now();
    tess.go("http://haven.test/report/named").await;
    tess.picture("report-named").await;
    let page = tess.source().await;
    assert!(
        page.contains("tel:999") && page.find("tel:999") < page.find("<form method=\"post\" action=\"/report"),
        "999 stands before the form"
    );
    // Nothing chosen: each fault is at its field, and what was typed is kept.
    tess.fill("What happened, or what worries you?", "She was in tears and will not say why.").await;
    tess.press("Continue").await;
    tess.says("Choose who it is about").await;
    tess.picture("report-faults").await;
    tess.choose("Who is it about?", "A learner (this can be you)").await;
    tess.fill("Their name, if you know it", "Lena Learner").await;
    tess.choose("Are they safe now?", "I do not know").await;
    tess.press("Continue").await;
    tess.says("She was in tears and will not say why.").await;
    tess.picture("report-check").await;
    tess.press("Send my report").await;
    tess.says("We have your report").await;
    tess.says("Your reference is").await;
    tess.says("What happens next").await;
    tess.picture("report-receipt").await;
    assert!(began.elapsed().as_secs() < REPORT_LIMIT_SECONDS, "a report takes less than a minute");
    tess.go("http://haven.test/my").await;
    tess.says("What I reported").await;
    tess.close().await;
    let mut sunil = Visitor::straight(house.port).signed_in("sunil").await;
    let reference = people::first_case(house, "sunil").await;
    let case = sunil.get(&format!("/case/{reference}")).await;
    assert!(case.body.contains("She was in tears") && case.body.contains("Lena Learner"), "{}", case.body);
}

async fn s3_an_anonymous_report(house: &mut House) {
    let secret = "The blue lighthouse man waits for people after the evening class.";
    let lena = people::through_the_gate(house, "lena", "Lena Learner").await;
    lena.go("http://haven.test/report").await;
    lena.says_not("Lena Learner").await;
    lena.picture("report").await;
    lena.fill("What happened, or what worries you?", secret).await;
    lena.choose("Who is it about?", "I do not know").await;
    lena.choose("Are they safe now?", "I do not know").await;
    lena.press("Continue").await;
    lena.press("Send my report").await;
    let page = lena.source().await;
    let code = page.split("class=\"hv-code\">").nth(1).expect("a code is shown").split('<').next().unwrap().to_owned();
    lena.picture("report-receipt-anonymous").await;

    // The lead reads it and answers; she comes back with the code.
    let reference = people::first_case(house, "sunil").await;
    let sunil = people::at_work(house, "sunil", "Sunil Guardwell").await;
    sunil.go(&format!("http://haven.test/case/{reference}")).await;
    sunil.says(secret).await;
    sunil.says_not("Lena").await;
    sunil.fill("Reply to the reporter", "Thank you. Which evening was it?").await;
    sunil.press("Send reply").await;
    sunil.says("Your reply waits for the reporter").await;
    sunil.close().await;
    lena.go("http://haven.test/report/code").await;
    lena.fill("Your code", &code).await;
    lena.press("Read").await;
    lena.says("Which evening was it?").await;
    lena.fill("Add something", "It was on a Tuesday.").await;
    lena.press("Send").await;
    lena.says("We have what you wrote").await;
    lena.picture("report-thread").await;
    lena.close().await;
    nothing_joins_them(house, &reference, &code, secret).await;
}

/// Looks through every table, file and log for anything that joins the report to her.
async fn nothing_joins_them(house: &mut House, reference: &str, code: &str, secret: &str) {
    let rows = kept::rows(house).await;
    let id = kept::person_id(&rows, "lena");
    let sessions: Vec<String> = rows
        .iter()
        .filter(|row| row.table.contains("session") && row.holds(&id))
        .map(|row| row.column("id"))
        .filter(|session| session.len() > 5)
        .collect();
    let case = rows.iter().find(|row| row.table.ends_with("cases") && row.holds(reference)).expect("the case is kept");
    let marks = [reference.to_owned(), case.column("id")];
    let hers: Vec<String> =
        ["Lena", "practice-lena", "127.0.0.1", &id].into_iter().map(str::to_owned).chain(sessions).collect();
    // No row of the case, whatever its table, names her, her seat or her session.
    let mut seen = 0;
    for row in rows.iter().filter(|row| marks.iter().any(|mark| !mark.is_empty() && row.holds(mark))) {
        seen += 1;
        for word in &hers {
            assert!(!row.holds(word), "{} joins the report to her by '{word}': {}", row.table, row.row);
        }
    }
    assert!(seen >= 3, "the case stands in several tables: {seen}");
    // Her words and her code are nowhere in the clear, and Haven's own pages are in no record.
    for word in [secret, "blue lighthouse", code, "It was on a Tuesday", "Which evening was it"] {
        assert!(!rows.iter().any(|row| row.holds(word)), "'{word}' is kept in the clear");
        let files = kept::files_that_hold(house, word);
        assert!(files.is_empty(), "'{word}' stands in {files:?}");
    }
    let pages: Vec<_> =
        rows.iter().filter(|row| row.row.contains("/report") && row.table.ends_with("records")).collect();
    assert!(pages.is_empty(), "{pages:?}");
    assert!(!house.log().contains(reference) && !house.log().contains(&id), "the log names neither");
    // The same after the end, when the files are whole.
    house.stop().await;
    if house.base == Base::Sqlite {
        assert!(kept::files_that_hold(house, "blue lighthouse").is_empty());
    }
    house.start().await;
}

async fn invariant_11_nobody_meets_their_own_case(house: &mut House) {
    // By choice: about a member of staff, with the lead's name.
    let mut anyone = Visitor::straight(house.port);
    let told = Told { what: "He shouts at learners.", about: "staff", name: "Sunil Guardwell", how: "anonymous" };
    let receipt = people::report(&mut anyone, &told).await;
    assert_eq!(receipt.status, 200, "{}", receipt.body);
    // In free text only, and called a concern about a learner.
    let words = "Sunil Guardwell keeps a learner back after class and frightens her.";
    let told = Told { what: words, about: "learner", name: "", how: "anonymous" };
    assert_eq!(people::report(&mut anyone, &told).await.status, 200);
    // And the lead's own browsing.
    let sunil = people::through_the_gate(house, "sunil", "Sunil Guardwell").await;
    sunil.go_anywhere(people::PREVENT_SEARCH).await;

    let of_hr = people::soon(20, async || {
        let cases = people::cases(house, "hugo").await;
        (cases.len() >= 2).then_some(cases)
    });
    let of_hr = of_hr.await.unwrap_or_else(|| panic!("they go to the Head of HR"));
    let mut everybody = of_hr.clone();
    everybody.extend(people::cases(house, "petra").await);
    everybody.sort();
    everybody.dedup();
    assert_eq!(everybody.len(), 3, "all three arrived with others: HR has {of_hr:?}");

    // No page, search, count or letter brings any of them to him.
    for path in ["today", "cases", "cases?text=Sunil", "cases?text=shouts", "my", "events", "technical", "requests"] {
        sunil.go(&format!("http://haven.test/{path}")).await;
        let page = sunil.source().await;
        for reference in &everybody {
            assert!(!page.contains(reference.as_str()), "{path} shows {reference}");
        }
        for word in ["shouts at learners", "join extremist", "frightens her"] {
            assert!(!page.contains(word), "{path} says '{word}'");
        }
    }
    sunil.go("http://haven.test/today").await;
    sunil.says("Nothing waits for you").await;
    sunil.says("There has been no alert that you may see").await;
    sunil.picture("today-of-the-lead-himself").await;
    let mut himself = Visitor::straight(house.port).signed_in("sunil").await;
    for reference in &everybody {
        // Before and after, because each page tells the minute.
        let before = himself.get("/case/ZZZZ-ZZZZ").await;
        let his = himself.get(&format!("/case/{reference}")).await;
        let after = himself.get("/case/ZZZZ-ZZZZ").await;
        assert_eq!((his.status, before.status), (404, 404));
        assert!([before.body, after.body].contains(&his.body), "the same page as for an absent case: {}", his.body);
    }
    let letters = people::letters(house).await;
    assert!(!letters.contains("Sunil Guardwell"), "no letter to him:\n{letters}");
    assert!(letters.contains("Hugo Humane"), "the Head of HR is told:\n{letters}");
    sunil.close().await;
    let hugo = people::at_work(house, "hugo", "Hugo Humane").await;
    hugo.go(&format!("http://haven.test/case/{}", of_hr[0])).await;
    hugo.says("left out, because the case touches").await;
    hugo.picture("staff-concern").await;
    hugo.close().await;
}
