//! A computer that several people share: each signs in, shows a pass in the browser's own box, and is never taken for another.

use std::fmt::Write as _;
use std::net::TcpListener;

use e2e::{Base, Browser, Hand, House, Websites, Width, kept};

use crate::people;

const LIBRARY: &str = "museum.test";
/// A help site, open to everybody.
const HELP: &str = "gamblersanonymous.org";

#[tokio::test]
async fn f13_a_shared_computer_sqlite() {
    journey(Base::Sqlite).await;
}

#[tokio::test]
async fn f13_a_shared_computer_postgres() {
    journey(Base::Postgres).await;
}

async fn journey(base: Base) {
    let websites = Websites::open(&[LIBRARY, HELP]).await;
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let settings = |folder: &std::path::Path| {
        websites.write_authority(&folder.join(e2e::house::WEBSITES));
        let mut text = format!(
            "[[listener]]\nname = \"hall\"\nlisten = \"127.0.0.1:{port}\"\ncredentials = true\ntls_name = \"localhost\"\n\n"
        );
        let _ = write!(
            text,
            "[network]\nprivate_allowed = [\"127.0.0.0/8\"]\nauthorities = [\"websites.pem\"]\n\
             fixed_names = {{ \"{LIBRARY}\" = \"127.0.0.1\", \"{HELP}\" = \"127.0.0.1\" }}\n"
        );
        text
    };
    let Some(mut house) = House::real(base, settings).await else { return };
    house.start().await;
    // What the browser shows to the proxy is encrypted up to the proxy itself.
    let proxy = format!("https://localhost:{port}");
    let site = format!("http://{LIBRARY}:{}/", websites.plain);
    let secure_site = format!("https://{LIBRARY}:{}/", websites.secure);
    let hand = Hand::default();
    let hall = Browser::behind(&house, &proxy, Some(&hand), Width::Desk).await;

    // Nobody is asked for anything before the gate, and help is open.
    hall.go(&site).await;
    hall.says("Before you use the internet here").await;
    hall.go(&format!("http://{HELP}:{}/", websites.plain)).await;
    hall.says("You reached it.").await;

    // She signs in, reads and agrees; the page shows her pass, and the browser asks for it once.
    let pass = pass_of(&hall, &site, "lena", true).await;
    hand.types("haven", "not-t-he-pass");
    hall.go_anywhere(&show_address(&site)).await;
    hall.says("This pass is not right").await;
    hand.types("haven", &pass);
    hall.go(&show_address(&site)).await;
    hall.says("You reached it.").await;
    hall.go(&secure_site).await;
    hall.says("You reached it.").await;

    // At the very same address somebody else in another browser is nobody yet, and then himself.
    let other_hand = Hand::default();
    let other = Browser::behind(&house, &proxy, Some(&other_hand), Width::Desk).await;
    other.go(&site).await;
    other.says("Before you use the internet here").await;
    let his = pass_of(&other, &site, "yoshi", true).await;
    assert_ne!(his, pass);
    other_hand.types("haven", &his);
    other.go(&show_address(&site)).await;
    other.says("You reached it.").await;
    other.go(&format!("http://{LIBRARY}:{}/yoshi", websites.plain)).await;
    other.says("You reached it.").await;
    hall.go(&format!("http://{LIBRARY}:{}/lena", websites.plain)).await;
    hall.says("You reached it.").await;

    // She signs out. Whoever sits down in the very same browser meets the gate: on plain and on encrypted websites.
    hall.go("http://haven.test/my").await;
    hall.press("Sign out").await;
    for address in [&site, &secure_site] {
        hall.go(address).await;
        hall.says("Before you use the internet here").await;
    }
    hall.go(&format!("http://{HELP}:{}/", websites.plain)).await;
    hall.says("You reached it.").await;
    other.go(&secure_site).await;
    other.says("You reached it.").await;
    other.close().await;

    // The next person in her browser is asked again, because what it remembers is good no longer.
    let next = pass_of(&hall, &site, "yoshi", false).await;
    assert!(next != pass && next != his);
    hand.types("haven", &next);
    hall.go(&show_address(&site)).await;
    hall.says("You reached it.").await;
    hall.go(&format!("http://{LIBRARY}:{}/next", websites.plain)).await;
    hall.says("You reached it.").await;
    hall.close().await;
    names_are_right(&house).await;
    house.end().await;
}

/// Signs in at the gate on the way to a website, and reads the pass from the page.
async fn pass_of(browser: &Browser, site: &str, who: &str, first_time: bool) -> String {
    browser.go(site).await;
    browser.fill("Your sign-in name", who).await;
    browser.fill("Password", e2e::real::PASSWORD).await;
    browser.press("Sign in").await;
    if first_time {
        people::read_and_agree(browser).await;
    }
    browser.says("Your pass for this browser").await;
    browser.look().await;
    browser.picture("pass").await;
    let codes = "return [...document.querySelectorAll('dd code')].map(code => code.innerText)";
    let codes = browser.script(codes).await;
    assert_eq!(codes[0], "haven");
    let link = browser.script("return document.querySelector('main a.govuk-button').href").await;
    assert_eq!(link.as_str().unwrap(), show_address(site));
    codes[1].as_str().unwrap().to_owned()
}

/// Where the button "Show my pass" leads.
fn show_address(site: &str) -> String {
    let to: String = site.bytes().fold(String::new(), |mut to, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            to.push(char::from(byte));
        } else {
            let _ = write!(to, "%{byte:02X}");
        }
        to
    });
    format!("http://pass.haven.test/?to={to}")
}

/// Each page carries the name of whoever opened it, says how they were known, and no pass is kept anywhere.
async fn names_are_right(house: &House) {
    let rows = people::soon(10, async || {
        let rows = kept::rows(house).await;
        rows.iter().any(|row| row.table.ends_with("records") && row.holds("/next")).then_some(rows)
    });
    let rows = rows.await.expect("the last page is recorded");
    let (lena, yoshi) = (kept::person_id(&rows, "lena"), kept::person_id(&rows, "yoshi"));
    for (path, person, other) in [("/lena", &lena, &yoshi), ("/yoshi", &yoshi, &lena), ("/next", &yoshi, &lena)] {
        let found: Vec<_> = rows.iter().filter(|row| row.table.ends_with("records") && row.holds(path)).collect();
        assert!(
            !found.is_empty() && found.iter().all(|row| row.holds(person) && !row.holds(other)),
            "{path}: {found:#?}"
        );
        assert!(found.iter().all(|row| row.holds("showed the pass of that sign-in")), "{path}: {found:#?}");
    }
}
