//! Mail on real data: it goes to the right post over a real socket, reveals nothing, and outlives a mail server that is away.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use e2e::post_office::{Mood, Taken};
use e2e::real::{PASSWORD, mail_of};
use e2e::{Base, Browser, House, PostOffice, Visitor, Width, kept, real};

use crate::people::{self, Told};

/// Whoever keeps the signed heads.
const KEEPER: &str = "board@elsewhere.test";
const MAIL_PASSWORD: &str = "a password for mail";
/// From the cause to the letter, in seconds.
const LETTER_LIMIT_SECONDS: u64 = 10;
/// The second try comes after ten seconds.
const RETRY_LIMIT_SECONDS: u64 = 25;

#[tokio::test]
async fn c13_mail_sqlite() {
    mail(Base::Sqlite).await;
}

#[tokio::test]
async fn c13_mail_postgres() {
    mail(Base::Postgres).await;
}

async fn mail(base: Base) {
    let mut office = PostOffice::guarded("haven", MAIL_PASSWORD).await;
    let settings = |folder: &Path| settings(&office, folder);
    let Some(mut house) = House::real(base, settings).await else { return };
    house.start().await;
    the_head_leaves(&house, &office).await;
    a_report_is_told(&house, &office).await;
    an_alert_is_told(&house, &office).await;
    nothing_about_the_lead_goes_to_the_lead(&house, &office).await;
    trouble(&mut house, &mut office).await;
    house.end().await;
}

fn settings(office: &PostOffice, folder: &Path) -> String {
    let (password, authority) = (folder.join("mail-password"), folder.join("mail-authority.pem"));
    std::fs::write(&password, format!("{MAIL_PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    office.write_authority(&authority);
    format!(
        "[mail]\nhost = \"localhost\"\nport = {}\nuser = \"haven\"\npassword_file = \"mail-password\"\n\
         authority = \"mail-authority.pem\"\nfrom = \"Haven <haven@college.test>\"\n\n\
         [audit]\nhead_mail = \"{KEEPER}\"\n",
        office.port
    )
}

/// The day's head goes out with the start, and the record still fits it.
async fn the_head_leaves(house: &House, office: &PostOffice) {
    office.until(LETTER_LIMIT_SECONDS, "the head leaves", |office| !office.to(KEEPER).is_empty()).await;
    let head = office.to(KEEPER).remove(0);
    assert!(head.encrypted && head.user.as_deref() == Some("haven"), "{head:?}");
    assert_eq!(head.from, "haven@college.test");
    let file = house.data.join("head-by-mail.txt");
    std::fs::write(&file, &head.text).unwrap();
    let (head, config) = (file.display().to_string(), house.config());
    let (code, out, errors) = house.haven(&["audit", "verify", "--config", &config, "--head", &head], "").await;
    assert_eq!(code, 0, "the head that came by mail fits the record: {out}{errors}");
}

/// A report about a learner tells the safeguarding lead, and nobody else, that something waits.
async fn a_report_is_told(house: &House, office: &PostOffice) {
    let before = office.taken().len();
    let mut anyone = Visitor::straight(house.port);
    let what = "She was in tears in the kitchen and spoke of a march.";
    let told = Told { what, about: "learner", name: "Lena Learner", how: "anonymous" };
    assert_eq!(people::report_danger(&mut anyone, &told).await.status, 200);
    let to_lead = mail_of("sunil");
    office.until(LETTER_LIMIT_SECONDS, "the lead is told", |office| !office.to(&to_lead).is_empty()).await;
    for letter in &office.taken()[before..] {
        assert_eq!(letter.to, [to_lead.as_str()], "one letter, to one person: {letter:?}");
        reveals_nothing(house, letter);
    }
}

/// A search that the pack's trigger names tells the lead, and whoever runs the filter in technical words.
async fn an_alert_is_told(house: &House, office: &PostOffice) {
    let before = office.taken().len();
    let lena = Visitor::at_seat(house.seat("lena")).await.unwrap();
    let mut lena = lena.with_password("lena", PASSWORD).await.agreed().await;
    let _ = lena.get(people::PREVENT_SEARCH).await;
    let wanted = [mail_of("sunil"), mail_of("ines")];
    let came = |office: &PostOffice| {
        let new = &office.taken()[before..];
        wanted.iter().all(|who| new.iter().any(|letter| letter.to.contains(who)))
    };
    office.until(LETTER_LIMIT_SECONDS, "the lead and the Head of IT are told", came).await;
    for letter in &office.taken()[before..] {
        assert!(letter.to.iter().all(|to| wanted.contains(to)), "nobody else is told: {letter:?}");
        reveals_nothing(house, letter);
    }
}

/// No letter names a person, a theme, a site, a kind of case or a reference, in its head or in its body.
fn reveals_nothing(house: &House, letter: &Taken) {
    assert!(letter.encrypted, "it left encrypted: {letter:?}");
    let text = letter.text.to_lowercase();
    for word in [
        "lena",
        "learner",
        "sunil guardwell",
        "prevent",
        "extremis",
        "march",
        "tears",
        "kitchen",
        "search.test",
        "join",
        "alert",
        "concern",
        "safeguard",
        "case",
        "staff",
        "high",
        "seat-",
        "radical",
    ] {
        assert!(!text.contains(word), "a letter says '{word}':\n{}", letter.text);
    }
    let body = letter.text.split_once("\r\n\r\n").expect("it has a body").1;
    assert!(body.contains(&format!("http://127.0.0.1:{}/today", house.port)), "it says where to look: {body}");
}

/// A report about the lead goes to the Head of HR, and no letter of it to the lead, now or when nobody answers.
async fn nothing_about_the_lead_goes_to_the_lead(house: &House, office: &PostOffice) {
    let (lead, hr) = (mail_of("sunil"), mail_of("hugo"));
    let before = office.to(&lead).len();
    let mut anyone = Visitor::straight(house.port);
    let what = "Sunil Guardwell keeps a learner back after class and frightens her.";
    let told = Told { what, about: "learner", name: "", how: "anonymous" };
    assert_eq!(people::report_danger(&mut anyone, &told).await.status, 200);
    office.until(LETTER_LIMIT_SECONDS, "the Head of HR is told", |office| !office.to(&hr).is_empty()).await;
    reveals_nothing(house, &office.to(&hr)[0]);
    assert_eq!(office.to(&lead).len(), before, "no letter about the lead goes to the lead");
    let rows = kept::rows(house).await;
    let id = kept::person_id(&rows, "sunil");
    let waiting = rows.iter().filter(|row| row.table.ends_with("letters") && row.column("to_person") == id).count();
    assert_eq!(waiting, before, "and none waits for him in the outbox");
}

/// Refused, put off, silent or away: each letter stays in the outbox, is tried again, and the page says so in red.
async fn trouble(house: &mut House, office: &mut PostOffice) {
    let lead = mail_of("sunil");
    let begun = office.to(&lead).len();
    let mut reports = 0;
    for mood in [Mood::Refuses, Mood::Later] {
        office.mood(mood);
        let heard = office.heard().len();
        report(house).await;
        reports += 1;
        let asked = |office: &PostOffice| office.heard()[heard..].iter().any(|line| line.starts_with("RCPT"));
        office.until(RETRY_LIMIT_SECONDS, "a letter is tried", asked).await;
    }
    office.shut().await;
    report(house).await;
    reports += 1;
    let stuck = people::soon(RETRY_LIMIT_SECONDS, async || {
        let letters = kept::rows(house).await;
        let tried = letters
            .iter()
            .filter(|row| row.table.ends_with("letters") && row.column("state") == "queued" && failed(row));
        (tried.count() >= reports).then_some(())
    });
    assert!(stuck.await.is_some(), "each letter waits in the outbox: {:#?}", letters(house).await);
    assert_eq!(office.to(&lead).len(), begun, "none has left");
    shown_in_red(house).await;
    nothing_is_told_in_the_log(house).await;

    // Not even a power cut loses one; and when the server is there again, all leave, once.
    house.kill_nine().await;
    office.mood(Mood::Takes);
    office.reopen().await;
    house.start().await;
    let all = |office: &PostOffice| office.to(&lead).len() >= begun + reports;
    office.until(RETRY_LIMIT_SECONDS, "every letter leaves in the end", all).await;
    let calm = people::soon(LETTER_LIMIT_SECONDS, async || {
        let page = signed_in(house, "sunil").await.get("/today").await.body;
        (!page.contains("Mail to you has not left")).then_some(())
    });
    assert!(calm.await.is_some(), "the page is calm again");
    assert_eq!(office.to(&lead).len(), begun + reports, "and none twice");
}

async fn letters(house: &House) -> Vec<kept::Kept> {
    kept::rows(house).await.into_iter().filter(|row| row.table.ends_with("letters")).collect()
}

fn failed(row: &kept::Kept) -> bool {
    !matches!(row.column("last_error").as_str(), "" | "NULL" | "null")
}

async fn report(house: &House) {
    let mut anyone = Visitor::straight(house.port);
    let told = Told { what: "He has not come for a week.", about: "learner", name: "", how: "anonymous" };
    assert_eq!(people::report_danger(&mut anyone, &told).await.status, 200);
}

async fn signed_in(house: &House, who: &str) -> Visitor {
    Visitor::straight(house.port).with_password(who, PASSWORD).await
}

/// Whom a letter is for sees it on the first page, and so does whoever looks after the filter; a learner does not.
async fn shown_in_red(house: &House) {
    let sunil = people::signed_in_by_password(house, "sunil").await;
    sunil.go("http://haven.test/today").await;
    sunil.says("Mail to you has not left since").await;
    sunil.says_not("Mail has not left Haven").await;
    sunil.picture("today-mail-away").await;
    sunil.close().await;
    let ines = Browser::at_seat(house, "ines", Width::Desk).await;
    people::password_at_the_door(&ines, "ines").await;
    ines.go("http://haven.test/today").await;
    ines.says("Mail has not left Haven since").await;
    ines.says_not("Sunil").await;
    let red = "return getComputedStyle(document.querySelector('.hv-late')).color";
    assert_eq!(ines.script(red).await, "rgb(168, 32, 26)", "late is red");
    ines.close().await;
    let hugo = signed_in(house, "hugo").await.get("/today").await;
    assert!(!hugo.body.contains("has not left"), "his letters have left:\n{}", hugo.body);
}

/// A mail server names the person in its refusal; neither the log nor the outbox repeats it.
async fn nothing_is_told_in_the_log(house: &House) {
    let address = mail_of("sunil");
    assert!(house.log().contains("a letter could not be sent"), "the log says that letters do not leave");
    assert!(!house.log().contains(&address), "and not to whom");
    assert!(letters(house).await.iter().all(|row| !row.holds(&address)), "nor does the outbox");
}

/// A mail server that takes the connection and says nothing holds up nobody else.
#[tokio::test]
async fn c13_a_silent_mail_server_holds_up_nobody() {
    let office = PostOffice::plain().await;
    office.mood(Mood::Silent);
    let settings = |_: &Path| {
        format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\nstarttls = \"off\"\nfrom = \"haven@college.test\"\n",
            office.port
        )
    };
    real::tell(Base::Sqlite, settings, async |house: &mut House| {
        report(house).await;
        report(house).await;
        let mut sunil = signed_in(house, "sunil").await;
        assert_eq!(sunil.get("/today").await.status, 200, "pages go on");
        house.stop().await;
        office.mood(Mood::Takes);
        house.start().await;
        let lead = mail_of("sunil");
        // A sender that was ended keeps its lease for two minutes; the other letter leaves at once.
        office.until(LETTER_LIMIT_SECONDS, "the next letter leaves", |office| !office.to(&lead).is_empty()).await;
        assert!(office.taken().iter().all(|letter| !letter.encrypted && letter.user.is_none()), "as it was set");
        assert_eq!(letters(house).await.len(), 2, "none is lost");
    })
    .await;
}
