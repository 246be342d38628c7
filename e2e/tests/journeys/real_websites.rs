//! Real lists and real certificates on real data: a gambling site is closed by list and line, help opens, and what is not what
//! it says it is stays shut.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::websites::{EXPIRED, SELF_SIGNED, WRONG_NAME};
use e2e::{Base, Browser, House, Visitor, Websites, Width, kept};

use crate::people;

/// A help site that real lists hold as gambling.
const HELP: &str = "gamblersanonymous.org";
const MUSEUM: &str = "museum.test";
/// Names of our own, written as the lists of the University of Toulouse write theirs.
const OWN_CASINO: &str = "big-casino.test";
/// Longest build of all the lists, in minutes.
const BUILD_LIMIT_MINUTES: u64 = 20;

#[tokio::test]
async fn s2_a_list_closes_gambling_and_help_opens_sqlite() {
    own_list(Base::Sqlite).await;
}

#[tokio::test]
async fn s2_a_list_closes_gambling_and_help_opens_postgres() {
    own_list(Base::Postgres).await;
}

async fn own_list(base: Base) {
    let write = |folder: &Path| {
        let lists = folder.join("ut1/gambling");
        std::fs::create_dir_all(&lists).unwrap();
        std::fs::write(lists.join("domains"), format!("{OWN_CASINO}\nother-casino.test\n{HELP}\n")).unwrap();
        folder.join("ut1")
    };
    journey(base, OWN_CASINO, write).await;
}

/// The same with every list of the University of Toulouse, where they were fetched.
#[tokio::test]
async fn long_s2_the_real_list_closes_gambling_and_help_opens() {
    let lists = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/ut1");
    let Ok(text) = std::fs::read_to_string(lists.join("gambling/domains")) else {
        eprintln!("SKIPPED: {} is not there.", lists.display());
        return;
    };
    assert!(text.lines().any(|line| line == HELP), "the real list holds {HELP}");
    let casino = text.lines().find(|line| line.ends_with(".com") && line.matches('.').count() == 1).unwrap();
    journey(Base::Sqlite, casino, |_: &Path| lists.clone()).await;
}

async fn journey(base: Base, casino: &str, lists: impl FnOnce(&Path) -> PathBuf) {
    let websites = Websites::open(&[casino, HELP, MUSEUM]).await;
    let names = [casino, HELP, MUSEUM, EXPIRED, SELF_SIGNED, WRONG_NAME];
    let mut source = None;
    let settings = |folder: &Path| {
        source = Some(lists(folder));
        websites.write_authority(&folder.join(e2e::house::WEBSITES));
        let fixed: BTreeMap<&str, &str> = names.iter().map(|name| (*name, "127.0.0.1")).collect();
        let fixed: Vec<String> = fixed.iter().map(|(name, to)| format!("\"{name}\" = \"{to}\"")).collect();
        format!(
            "[lists]\nfile = \"lists.haven\"\n\n[network]\nprivate_allowed = [\"127.0.0.0/8\"]\n\
             authorities = [\"websites.pem\"]\nfixed_names = {{ {} }}\n",
            fixed.join(", ")
        )
    };
    let Some(mut house) = House::real(base, settings).await else { return };
    let out = house.folder().join("lists.haven").display().to_string();
    let source = source.unwrap().display().to_string();
    let words = ["lists", "build", "--quiet", "--out", &out, &source];
    let built = tokio::time::timeout(Duration::from_secs(60 * BUILD_LIMIT_MINUTES), house.haven(&words, "")).await;
    let (code, said, errors) = built.expect("the lists are built in time");
    assert!(code < 2, "{said}{errors}");
    house.start().await;

    let lena = Browser::at_seat(&house, "lena", Width::Desk).await;
    help_before_the_gate(&lena, &websites).await;
    people::password_at_the_door(&lena, "lena").await;
    lena.go(&format!("http://{MUSEUM}:{}/", websites.plain)).await;
    people::read_and_agree(&lena).await;
    lena.says("You reached it.").await;
    lena.go(&format!("https://{MUSEUM}:{}/", websites.secure)).await;
    lena.says("You reached it.").await;

    closed(&lena, &websites, casino).await;
    for (scheme, port) in [("http", websites.plain), ("https", websites.secure)] {
        lena.go(&format!("{scheme}://{HELP}:{port}/meetings")).await;
        lena.says("You reached it.").await;
        lena.says(&format!("This is {HELP}")).await;
    }
    wrong_certificates(&lena, &websites).await;
    lena.close().await;
    list_and_line(&house, casino).await;
    house.end().await;
}

/// S-2: help opens for somebody whom nobody knows.
async fn help_before_the_gate(lena: &Browser, websites: &Websites) {
    lena.go(&format!("http://{MUSEUM}:{}/", websites.plain)).await;
    lena.says("Before you use the internet here").await;
    lena.go(&format!("http://{HELP}:{}/", websites.plain)).await;
    lena.says("You reached it.").await;
}

async fn closed(lena: &Browser, websites: &Websites, casino: &str) {
    for (scheme, port) in [("http", websites.plain), ("https", websites.secure)] {
        lena.go(&format!("{scheme}://{casino}:{port}/tables")).await;
        lena.says("WAES 7.1").await;
        lena.says("You have not done anything wrong").await;
        lena.says_not("You reached it").await;
    }
    lena.picture("block-page-real-list").await;
    let seen = websites.seen();
    assert!(seen.iter().all(|line| !line.starts_with(casino)), "nobody asked it: {seen:?}");
}

/// Out of date, vouched for by nobody, or somebody else's: a plain page, and nothing was asked of the website.
async fn wrong_certificates(lena: &Browser, websites: &Websites) {
    for name in [EXPIRED, SELF_SIGNED, WRONG_NAME] {
        lena.go(&format!("https://{name}:{}/private", websites.secure)).await;
        lena.says("certificate is not right").await;
        lena.says("so we did not open the site").await;
        lena.says_not("You reached it").await;
    }
    lena.picture("certificate-not-right").await;
    let (greeted, seen) = (websites.greeted(), websites.seen());
    for name in [EXPIRED, SELF_SIGNED, WRONG_NAME] {
        assert!(greeted.iter().any(|one| one == name), "{name} showed its certificate: {greeted:?}");
        assert!(seen.iter().all(|line| !line.starts_with(name)), "{name} was asked for something: {seen:?}");
    }
}

/// Whoever looks after the filter sees by which list and which line it was closed; help is in no record.
async fn list_and_line(house: &House, casino: &str) {
    let mut ines = Visitor::straight(house.port).with_password("ines", e2e::real::PASSWORD).await;
    let page = people::soon(10, async || {
        let page = ines.clone().get("/events").await;
        page.body.contains(casino).then_some(page)
    });
    let page = page.await.expect("the closed site stands in the events");
    let link = page.body.split("/events/").find(|part| part.contains(&format!(">{casino}<"))).unwrap();
    let event = ines.get(&format!("/events/{}", link.split('"').next().unwrap())).await;
    let line = event.between("List and line</dt>", "</div>");
    assert!(line.contains(&format!("ut1/gambling {casino}")), "{line}");
    let rows = kept::rows(house).await;
    let records: Vec<_> = rows.iter().filter(|row| row.table.ends_with("records")).collect();
    assert!(!records.is_empty());
    assert!(records.iter().all(|row| !row.holds(HELP)), "help is in no record (S-3)");
}
