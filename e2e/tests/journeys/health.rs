//! What the Head of IT looks at every day: how the filter stands, and what stands behind each number.

use e2e::{House, Visitor, on_both};

use crate::people;

on_both!(f16_the_running_filter_is_checked, f16_check_sqlite, f16_check_postgres);
on_both!(m06_filter_health, m06_filter_health_sqlite, m06_filter_health_postgres);

/// The page, once it says something; nodes tell what they counted every quarter of a minute.
async fn says(house: &House, wanted: &str) -> String {
    let page = people::soon(60, async || {
        let page = Visitor::straight(house.port).signed_in("ines").await.get("/filter").await;
        assert_eq!(page.status, 200);
        page.body.contains(wanted).then_some(page.body)
    });
    page.await.unwrap_or_else(|| panic!("the page never says {wanted:?}"))
}

/// The number before these words.
fn number(page: &str, what: &str) -> u64 {
    let before = page.split(what).next().unwrap();
    let digits: String = before.rsplit("hv-rows__what\">").next().unwrap().chars().take_while(|c| *c != '<').collect();
    digits.replace(',', "").parse().unwrap_or_else(|_| panic!("{digits} before {what}"))
}

async fn m06_filter_health(house: &mut House) {
    let lena = people::through_the_gate(house, "lena", "Lena Learner").await;
    lena.go("http://casino-royal.test/").await;
    lena.says("WAES 7.1").await;
    lena.close().await;
    let page = says(house, "day=").await;
    assert!(page.contains("site=casino-royal.test"), "{page}");
    assert!(page.contains("Only Haven\u{2019}s own starter lists") && page.contains("Certificate of inspection"));
    assert!(page.contains("people acknowledged") || page.contains("acknowledged the monitoring notice"));
    // Nodes tell every quarter of a minute what they counted.
    let counted = people::soon(60, async || {
        Some(number(&says(house, "tunnels decided").await, "requests and tunnels decided")).filter(|count| *count > 0)
    });
    let counted = counted.await.expect("what was decided is counted");

    // The number opens the events behind it, and no others.
    let link = page.split("href=\"").find(|part| part.contains("site=casino-royal.test")).unwrap();
    let link = link.split('"').next().unwrap().replace("&amp;", "&");
    let mut ines = Visitor::straight(house.port).signed_in("ines").await;
    let events = ines.get(&link).await;
    assert!(events.status == 200 && events.body.contains("casino-royal.test</a>"), "{}", events.body);
    assert!(!events.body.contains("library.test</a>"));
    let bad = ines.get("/events?day=tomorrow").await;
    assert!(bad.status == 422 && bad.body.contains("Write the day like this"), "{}", bad.body);

    // A restart takes nothing from what was counted, and is said.
    house.stop().await;
    house.start().await;
    let page = says(house, "was started today").await;
    assert!(number(&page, "requests and tunnels decided") >= counted, "{page}");

    // Nobody without the right sees it.
    let lead = Visitor::straight(house.port).signed_in("sunil").await.get("/filter").await;
    assert_eq!(lead.status, 404, "{}", lead.body);
}

async fn f16_the_running_filter_is_checked(house: &mut House) {
    // The gateway has told that it is there.
    says(house, "Certificate of inspection").await;
    let data = house.data.display().to_string();
    let (code, out, errors) = house.haven(&["check-filter", "--data", &data], "").await;
    // Practice has no sealed list and no engine for downloads: a check that cannot fail would prove nothing.
    assert_eq!(code, 1, "{out}{errors}");
    let said = |wanted: &str| assert!(out.contains(wanted), "{wanted:?} is not said: {out}");
    for profile in ["Adult learners", "Learners under 18", "Staff", "Visitors"] {
        said(&format!("passed     {profile}: An ordinary page. "));
        said(&format!("passed     {profile}: A site of the lists: pornography. It was not opened."));
        said(&format!("passed     {profile}: Looking names up past the filter (DNS over HTTPS). It was not opened."));
        said(&format!(
            "passed     {profile}: A page with words that the policy stops. A page was stopped for its words."
        ));
        said(&format!("passed     {profile}: A hidden name (encrypted greeting). "));
        said(&format!("passed     {profile}: A way round the proxy (QUIC). "));
        said(&format!("passed     {profile}: Safe search. Safe search was asked for."));
        said(&format!("FAILED     {profile}: Illegal material: the test entry of the sealed list. No sealed list"));
    }
    said("passed     Nobody known: The access gate. ");
    said("passed     Everybody: Listener ");
    said("passed     Learners under 18: YouTube, restricted. YouTube was asked to restrict itself.");
    assert!(!out.contains("Adult learners: YouTube"), "the policy does not ask for it: {out}");

    // For programs: one object a line.
    let (code, json, errors) = house.haven(&["check-filter", "--data", &data, "--format", "json"], "").await;
    assert_eq!(code, 1, "{errors}");
    for line in json.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        assert!(["passed", "failed", "not-asked"].contains(&line["outcome"].as_str().unwrap()), "{line}");
    }

    // It is filed, stands on the pages of those who look after the filter and who answer for it, and is red.
    let mut ines = Visitor::straight(house.port).signed_in("ines").await;
    let page = ines.get("/filter/checks").await;
    assert!(page.status == 200 && page.body.contains("No sealed list of illegal sites is in force"), "{}", page.body);
    assert_eq!(page.body.matches("href=\"/filter/checks/").count(), 2, "both checks are filed: {}", page.body);
    let link = page.body.split("href=\"").find(|part| part.starts_with("/filter/checks/")).unwrap();
    assert_eq!(ines.get(link.split('"').next().unwrap()).await.status, 200);
    assert_eq!(ines.get("/filter/checks/no-such-check").await.status, 404);
    let today = ines.get("/today").await.body;
    assert!(today.contains("Something is wrong with the filter") && today.contains("Check of the filter"), "{today}");
    // Nobody took part in it, so nothing of it stands in the activity record.
    let events = ines.get("/events?all=yes").await.body;
    assert!(!events.contains("filter-check") && !events.contains("dns.google"), "{events}");
    let learner = Visitor::straight(house.port).signed_in("lena").await.get("/filter/checks").await;
    assert_eq!(learner.status, 404, "{}", learner.body);

    // The record vouches for what was found, and stays whole.
    let entry = people::soon(30, async || {
        let outside = tempfile::tempdir().unwrap();
        let file = outside.path().join("record.jsonl").display().to_string();
        let (code, told, errors) = house.haven(&["audit", "export", &file, "--data", &data], "").await;
        assert_eq!(code, 0, "{told}{errors}");
        std::fs::read_to_string(&file).unwrap().contains("filter.check-failed").then_some(())
    });
    entry.await.expect("an entry says that a check failed");
    let (code, told, errors) = house.haven(&["audit", "verify", "--data", &data], "").await;
    assert!(code == 0 && told.contains("The record is whole."), "{told}{errors}");

    // Without a gateway nothing is checked, and that is no success.
    house.stop().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let nowhere = elsewhere.path().display().to_string();
    let (code, out, errors) = house.haven(&["check-filter", "--data", &nowhere], "").await;
    assert_eq!(code, 2, "{out}{errors}");
    house.start().await;
}
