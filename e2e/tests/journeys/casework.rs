//! Point 4 of the story: the lead takes the case through its steps, and the chronology writes itself.

use e2e::{Browser, House, Visitor, kept, on_both};

use crate::people;

on_both!(c04_casework, c04_casework_sqlite, c04_casework_postgres);
on_both!(s5_a_false_alarm, s5_a_false_alarm_sqlite, s5_a_false_alarm_postgres);

async fn c04_casework(house: &mut House) {
    let lena = people::through_the_gate(house, "lena", "Lena Learner").await;
    lena.go(people::PREVENT_SEARCH).await;
    let reference = people::first_case(house, "sunil").await;
    lena.close().await;
    let case = format!("http://haven.test/case/{reference}");
    let mut sunil = people::at_work(house, "sunil", "Sunil Guardwell").await;

    // 999 can be written down before anybody has the case.
    an_emergency_call(&sunil, &case, "999", "They send somebody.").await;
    sunil.go(&case).await;
    sunil.press("I have this case").await;
    sunil.says("Written down: you have this case").await;

    // 999 can be written down before anything was decided.
    an_emergency_call(&sunil, &case, "101", "Log 4711. They ask us to go on.").await;

    // A decision without reasons comes back with what is missing.
    sunil.go(&format!("{case}/assess?choice=concern")).await;
    sunil.press("Write this down").await;
    sunil.says("There is something to mend").await;
    sunil.picture("assess-faults").await;
    sunil.fill("Why?", "Three searches in one lesson, and she asked about it in class.").await;
    sunil.fill("Is the person at risk from others, or easy to put under pressure?", "New in town, few friends.").await;
    sunil.fill("Does a disability or a learning need change what this means?", "Nothing known.").await;
    sunil.fill("How is the person now?", "Calm, at work on her course.").await;
    sunil.press("Write this down").await;
    sunil.says("Written down: this is a concern").await;
    sunil.also_on_a_phone("case-open").await;

    // And while a legal stop waits, and when the case is closed.
    an_emergency_call(&sunil, &case, "999", "While a step waited for the second post.").await;
    legal_stop(house, &sunil, &case).await;
    referral(&mut sunil, &case).await;

    // An ordinary gate needs a reason.
    sunil.go(&format!("{case}/step/speak")).await;
    sunil.press("Leave this step out").await;
    sunil.press("Leave it out").await;
    sunil.says("There is something to mend").await;
    sunil.fill("Why is it left out?", "The police asked us to wait with it.").await;
    sunil.press("Leave it out").await;
    sunil.says("this step is left out, with your reason").await;

    // "Not referred, because" is a full answer.
    sunil.go(&format!("{case}/step/threshold")).await;
    sunil.choose("What do you decide?", "Not referred, because ...").await;
    sunil.fill("Why?", "It was for an essay, and her tutor set it.").await;
    sunil.also_on_a_phone("step").await;
    sunil.press("This step is done").await;
    sunil.says("Not needed").await;

    sunil.go(&format!("{case}/step/support")).await;
    sunil.fill("What did you do?", "Her personal tutor meets her on Thursday.").await;
    sunil.press("This step is done").await;
    sunil.go(&format!("{case}/step/register")).await;
    sunil.choose("What do you decide?", "No entry").await;
    sunil.fill("Why?", "Nothing points to a lasting risk.").await;
    sunil.press("This step is done").await;
    close(&mut sunil, &case).await;
    an_emergency_call(&sunil, &case, "101", "A late call about the same evening.").await;
    sunil.go(&case).await;
    sunil.says("A late call about the same evening.").await;
    sunil.close().await;
}

/// S-1: in any state of a case.
async fn an_emergency_call(sunil: &Browser, case: &str, service: &str, said: &str) {
    sunil.go(case).await;
    sunil.press("Write down a 999 or 101 call").await;
    sunil.choose("Whom did you call?", service).await;
    sunil.fill("What did they say? (you can leave this empty)", said).await;
    sunil.press("Write this down").await;
    sunil.says("A call is recorded").await;
    sunil.says(said).await;
}

/// The police step: the lead writes an answer down, and only another person can agree to exactly that.
async fn legal_stop(house: &House, sunil: &Browser, case: &str) {
    sunil.says("Needs an answer").await;
    sunil.go(&format!("{case}/step/police")).await;
    sunil.choose("What do you decide?", "The police are not told, because ...").await;
    sunil.fill("Why?", "No law was broken, and nobody is in danger.").await;
    sunil.press("Write this down").await;
    sunil.says("A second person must agree to exactly this").await;
    sunil.says("Needs a second person").await;
    sunil.go(&format!("{case}/step/police")).await;
    sunil.says("Somebody else must answer").await;
    sunil.says("You can still call 999 or 101 at any moment").await;
    let mut dana = people::at_work(house, "dana", "Dana Safehands").await;
    dana.go(&format!("{case}/step/police")).await;
    dana.says("No law was broken, and nobody is in danger.").await;
    dana.choose("Do you agree to exactly this?", "Yes. It is settled as it is written").await;
    dana.fill("Why?", "I read the hour around it and agree.").await;
    dana.also_on_a_phone("second-post").await;
    dana.press("Write this down").await;
    dana.says("your answer as second person").await;
    dana.close().await;
}

/// The question to the council: exactly what leaves, and no name in it.
async fn referral(sunil: &mut Browser, case: &str) {
    sunil.go(&format!("{case}/referral/contact")).await;
    sunil.says("What leaves").await;
    sunil.says("What stays here").await;
    sunil.says("No agreement is needed for this referral").await;
    let leaves =
        sunil.source().await.split("id=\"leaves\"").nth(1).unwrap().split("id=\"stays\"").next().unwrap().to_owned();
    assert!(!leaves.contains("Lena"), "no name leaves:\n{leaves}");
    sunil.also_on_a_phone("referral").await;
    sunil.fill("Why do you refer?", "We would like advice on a search in a lesson.").await;
    sunil.press("Record that this leaves").await;
    sunil.says("The referral is written down").await;
    sunil.says("Reply expected").await;
}

async fn close(sunil: &mut Browser, case: &str) {
    sunil.go(&format!("{case}/close")).await;
    sunil.says("Must something change, so that this does not happen again?").await;
    sunil.choose("How does it end?", "Education and support inside the service").await;
    sunil.fill("Why?", "It was schoolwork, and support is in place.").await;
    sunil.choose("Must something change, so that this does not happen again?", "Yes").await;
    sunil.choose("If yes, what?", "Training").await;
    sunil.fill("What should change?", "Tell tutors to warn us of such lessons.").await;
    sunil.also_on_a_phone("close").await;
    sunil.press("Close the case").await;
    sunil.says("The case is closed").await;
    // The chronology built itself, in order.
    let text = e2e::browser::one_line(&sunil.text().await);
    let story = text.split("What happened, in order").nth(1).unwrap();
    let mut rest = story;
    for words in [
        "The case was opened",
        "They send somebody",
        "Accepted the hand-over",
        "Log 4711",
        "Three searches in one lesson",
        "While a step waited",
        "No law was broken",
        "I read the hour around it",
        "Referral sent",
        "The police asked us to wait",
        "It was for an essay",
        "Thursday",
        "Nothing points to a lasting risk",
        "The case was closed",
    ] {
        let after = rest.split_once(words).map(|(_, after)| after);
        rest = after.unwrap_or_else(|| panic!("'{words}' is not where it happened in the chronology:\n{story}"));
    }
    sunil.also_on_a_phone("case-closed").await;
}

async fn s5_a_false_alarm(house: &mut House) {
    let yoshi = people::through_the_gate(house, "yoshi", "Yoshi Younger").await;
    yoshi.go(people::HATE_SEARCH).await;
    let reference = people::first_case(house, "sunil").await;
    yoshi.close().await;
    let token = subject_token(house, &reference).await;
    let mut sunil = people::at_work(house, "sunil", "Sunil Guardwell").await;
    sunil.go(&format!("http://haven.test/case/{reference}/alert")).await;
    sunil.says("Yoshi Younger").await;
    sunil.press("False alarm").await;
    sunil.fill("Why?", "The lesson was about what hate groups do.").await;
    sunil.fill("Is the person at risk from others, or easy to put under pressure?", "Nothing known.").await;
    sunil.fill("Does a disability or a learning need change what this means?", "Nothing known.").await;
    sunil.fill("How is the person now?", "Well.").await;
    sunil.also_on_a_phone("assess").await;
    sunil.press("Write this down").await;
    sunil.says("a false alarm").await;
    sunil.picture("false-alarm").await;
    // Nothing stays in his history: no page shows it, and no row joins him to it.
    sunil.go("http://haven.test/cases").await;
    sunil.says_not("Yoshi").await;
    sunil.go("http://haven.test/today").await;
    sunil.says("Nothing waits for you").await;
    sunil.close().await;
    let rows = kept::rows(house).await;
    let id = kept::person_id(&rows, "yoshi");
    let case = rows.iter().find(|row| row.table.ends_with("cases") && row.holds(&reference)).expect("the case is kept");
    let case = case.column("id");
    let joined: Vec<_> = rows.iter().filter(|row| row.holds(&case) && row.holds(&id)).collect();
    assert!(joined.is_empty(), "{joined:#?}");
    // The token by which Haven finds what is about him stands nowhere any more.
    let left: Vec<_> = rows.iter().filter(|row| row.row.to_ascii_lowercase().contains(&token)).collect();
    assert!(left.is_empty(), "his token is left: {left:#?}");
    // And the same again is a new question, not the second time of an old one.
    let seat = Visitor::at_seat(house.seat("yoshi")).await.unwrap();
    let mut yoshi = seat.through_the_gate("yoshi").await;
    let _ = yoshi.get(people::HATE_SEARCH).await;
    let again = people::soon(10, async || {
        let cases = people::cases(house, "sunil").await;
        cases.into_iter().find(|case| *case != reference)
    });
    let again = again.await.expect("a new case is open");
    let mut lead = Visitor::straight(house.port).signed_in("sunil").await;
    let page = lead.get(&format!("/case/{again}/alert")).await;
    assert!(page.status == 200 && !page.body.contains("Seen 2 times"), "{}", page.body);
    assert_eq!(subject_token(house, &again).await, token, "it is the same token, so the search above could find it");
    // What was forgotten was forgotten by rule: the record is whole.
    house.stop().await;
    let data = house.data.display().to_string();
    let (code, out, errors) = house.haven(&["audit", "verify", "--data", &data], "").await;
    assert_eq!(code, 0, "{out}{errors}");
    house.start().await;
}

/// The token under which a case is kept, in hexadecimal as the rows show it.
async fn subject_token(house: &House, reference: &str) -> String {
    let rows = kept::rows(house).await;
    let case = rows.iter().find(|row| row.table.ends_with("cases") && row.holds(reference)).expect("the case is kept");
    let token = case.column("subject_token").to_ascii_lowercase();
    let token: String = token.chars().filter(char::is_ascii_hexdigit).collect();
    assert!(token.len() >= 64, "the case has a token: {}", case.row);
    token[token.len() - 64..].to_owned()
}
