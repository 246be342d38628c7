//! F03: a list of illegal content closes its addresses, and no page, command, log or byte on the disk shows or opens one of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use e2e::plain::Answer;
use e2e::real::{PASSWORD, pack};
use e2e::{Base, House, Visitor, kept, plain, real};
use tokio::net::UdpSocket;

use crate::pages;
use crate::people;

/// Parts of the entries, all invented, that must stand nowhere.
const HIDDEN: [&str; 4] = ["grimwald", "murkpage", "hushwords", "192.0.2.77"];
const LICENSED: &str = "grimwald.test\nhttp://parts-of-it.test/murkpage?x=hushwords\n192.0.2.77\n";
/// An ordinary website that everything may show: a walk that does not find it would not find a leak either.
const OPEN_WORD: &str = "plainbeacon";
const PAGE: &str = "Accept: text/html\r\nSec-Fetch-Dest: document\r\n";
/// Pages that a house on real data does not have, and a referral, which only comes of an assessment.
const NOT_OPENED: [&str; 4] = ["/case/{reference}/referral/{step}", "/practice", "/practice/mailbox", "/practice/try"];
/// Most pages that one person opens on the walk.
const LINKS_LIMIT: usize = 400;
/// Commands that start a house, or read only a file that is named, or a policy, or change one person.
const ELSEWHERE: [&str; 15] = [
    "demo",
    "serve",
    "init",
    "pack check",
    "pack diff",
    "scan",
    "lists build",
    "lists diff",
    "lists stat",
    "lists lookup",
    "keys recover",
    "user add",
    "user posts",
    "user disable",
    "roster import",
];
const WORKERS: [&str; 6] = ["ines", "sunil", "dana", "hugo", "petra", "tess"];

#[tokio::test]
async fn f03_no_route_shows_or_switches_off_a_sealed_entry_sqlite() {
    real::tell(Base::Sqlite, settings, every_route).await;
}

#[tokio::test]
async fn f03_no_route_shows_or_switches_off_a_sealed_entry_postgres() {
    real::tell(Base::Postgres, settings, every_route).await;
}

fn settings(folder: &Path) -> String {
    // The licensed file is its licensee's to guard; it lies outside everything that Haven keeps.
    std::fs::create_dir_all(folder.join("licensed")).unwrap();
    std::fs::write(folder.join("licensed/entries.txt"), LICENSED).unwrap();
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // No resolver stands behind it: only what Haven closes itself is answered.
    format!(
        "[[dns]]\nname = \"names\"\nlisten = \"127.0.0.1:{port}\"\nupstream = [\"127.0.0.1:9\"]\n\n\
         [[sealed_list]]\nname = \"licensed\"\nfrom = \"licensed/entries.txt\"\ncategory = \"extremism\"\n"
    )
}

#[track_caller]
fn shows_nothing(what: &str, text: &str) {
    let folded = text.to_lowercase();
    for word in HIDDEN {
        assert!(!folded.contains(word), "{what} shows '{word}':\n{text}");
    }
}

#[track_caller]
fn answer_shows_nothing(what: &str, answer: &Answer) {
    shows_nothing(what, &answer.body);
    shows_nothing(what, &format!("{:?}", answer.headers));
}

async fn every_route(house: &mut House) {
    before_anybody_is_known(house).await;
    let mut lena =
        Visitor::at_seat(house.seat("lena")).await.unwrap().with_password("lena", PASSWORD).await.agreed().await;
    let reference = closed(house, &mut lena).await;
    lena.ask("GET", &format!("http://{OPEN_WORD}.test/{OPEN_WORD}-page"), PAGE, "").await.unwrap();
    by_name(house).await;
    nobody_can_ask_for_it(&mut lena, &reference).await;
    the_hit_is_there(house, &reference).await;
    the_check_finds_it_in_force(house).await;
    pages_of_everybody(house, &mut lena, &reference).await;
    commands(house, &reference).await;
    nothing_switches_it_off(house, &mut lena).await;
    kept_bytes(house).await;
    no_rule_opens_it(house).await;
}

/// Nobody has signed in at this seat yet: what is sealed meets the gate as everything does, and leaves nothing behind.
async fn before_anybody_is_known(house: &House) {
    let mut yoshi = Visitor::at_seat(house.seat("yoshi")).await.unwrap();
    for address in ["http://grimwald.test/", "http://parts-of-it.test/murkpage?x=hushwords", "http://192.0.2.77/"] {
        let met = yoshi.ask("GET", address, PAGE, "").await.unwrap();
        let other = yoshi.ask("GET", "http://library.test/", PAGE, "").await.unwrap();
        assert!(met.status == other.status && !met.body.contains("S-9"), "{address}: {} {}", met.status, met.body);
    }
}

/// Every way to the addresses is shut, and no answer repeats one. Gives the reference of the first hit.
async fn closed(house: &House, lena: &mut Visitor) -> String {
    let mut reference = String::new();
    for address in [
        "http://grimwald.test/deep?q=hushwords",
        "http://www.GRIMWALD.test:8080/",
        "http://parts-of-it.test/murkpage?x=hushwords&y",
        "http://0300.0.2.77/x",
        "http://translate.google.com/translate?u=http://grimwald.test/",
        "http://samaritans.org/?url=http://grimwald.test/",
    ] {
        let page = lena.ask("GET", address, PAGE, "").await.unwrap();
        assert_eq!(page.status, 403, "{address}: {}", page.body);
        assert!(page.body.contains("list of illegal content") && page.body.contains("S-9"), "{address}: {}", page.body);
        answer_shows_nothing(address, &page);
        if reference.is_empty() {
            reference = page.between("/blocked/", "#");
        }
        let part = lena.ask("GET", address, "Sec-Fetch-Dest: image\r\n", "").await.unwrap();
        assert_eq!(part.status, 403);
        answer_shows_nothing(address, &part);
        let posted = lena.ask("POST", address, "Content-Type: text/plain\r\n", "hello").await.unwrap();
        assert_eq!(posted.status, 403);
        answer_shows_nothing(address, &posted);
    }
    // A name that nobody serves: closed, and not looked for.
    let tunnel =
        plain::send(house.seat("lena"), b"CONNECT grimwald.test:443 HTTP/1.1\r\nHost: grimwald.test\r\n\r\n").await;
    if let Ok(answer) = tunnel {
        answer_shows_nothing("a tunnel", &answer);
    }
    reference
}

/// Asked for by name, with room for a reason (EDNS): it does not exist, and the reason does not name it.
async fn by_name(house: &House) {
    let text = std::fs::read_to_string(house.config()).unwrap();
    let (_, door) = text.split_once("[[dns]]").unwrap();
    let door = door.split_once("listen = \"").unwrap().1.split('"').next().unwrap().to_owned();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for (host, closed) in [("grimwald.test", true), ("deep.grimwald.test", true), ("library.test", false)] {
        let mut question = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        for label in host.split('.') {
            question.push(u8::try_from(label.len()).unwrap());
            question.extend_from_slice(label.as_bytes());
        }
        question.extend_from_slice(&[0, 0, 1, 0, 1]);
        let asked = question.len();
        question.extend_from_slice(&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        let mut answer = vec![0_u8; 1232];
        let told = people::soon(20, async || {
            socket.send_to(&question, &door).await.unwrap();
            let came = tokio::time::timeout(Duration::from_secs(10), socket.recv(&mut answer)).await;
            came.ok()?.ok()
        });
        let length = told.await.expect("the door answers");
        let no_such_name = answer[3] & 15 == 3;
        assert_eq!(no_such_name, closed, "{host}");
        let told = String::from_utf8_lossy(&answer[asked..length]).into_owned();
        assert_eq!(told.contains("S-9"), closed, "{host}: {told}");
        shows_nothing("an answer by DNS", &told);
    }
}

async fn nobody_can_ask_for_it(lena: &mut Visitor, reference: &str) {
    let page = lena.get(&format!("/blocked/{reference}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    answer_shows_nothing("the page about the block", &page);
    let csrf = page.hidden("csrf");
    let asked =
        lena.post(&format!("/blocked/{reference}/ask"), &[("csrf", &csrf), ("why", "For a lesson, please.")]).await;
    assert!(asked.body.contains("Nobody can open this page"), "{}", asked.body);
    answer_shows_nothing("a request for the site", &asked);
    let accident = lena.post(&format!("/blocked/{reference}/accident"), &[("csrf", &csrf), ("note", "")]).await;
    assert!(accident.status < 400, "{}", accident.body);
    answer_shows_nothing("the accident", &accident);
}

/// Person, time and that it was sealed (S-9), and a case by the policy's trigger.
async fn the_hit_is_there(house: &House, reference: &str) {
    let found = people::soon(20, async || {
        let rows = kept::rows(house).await;
        let hit = rows.iter().find(|row| row.column("reference") == reference && row.column("rule") == "sealed");
        hit.map(|row| (row.column("person"), row.column("host"), row.column("path")))
    });
    let (person, host, path) = found.await.expect("the hit is recorded");
    let rows = kept::rows(house).await;
    assert_eq!(person, kept::person_id(&rows, "lena"));
    assert_eq!(host, "a sealed address");
    assert!(path.starts_with("sealed:") && path.len() > 150, "{path}");
}

/// The dated check asks the running gateway for the test entry, and not for an entry.
async fn the_check_finds_it_in_force(house: &House) {
    let (_, out, errors) = house.haven(&["check-filter", "--config", &house.config()], "").await;
    let line = out.lines().find(|line| line.contains("Illegal material"));
    assert!(line.is_some_and(|line| line.starts_with("passed")), "{out}{errors}");
    shows_nothing("a check of the filter", &format!("{out}{errors}"));
}

/// Everybody's every page, and wherever those lead, with the references of the hit and of its case.
async fn pages_of_everybody(house: &House, lena: &mut Visitor, event: &str) {
    let mut sunil = Visitor::straight(house.port).with_password("sunil", PASSWORD).await;
    let case = people::soon(20, async || {
        let page = sunil.get("/today").await.body;
        page.split("href=\"/case/").find_map(|part| part.split_once("/alert\"").map(|(case, _)| case.to_owned()))
    });
    let case = case.await.expect("the hit brought a case");
    let alert = sunil.get(&format!("/case/{case}/alert")).await;
    assert!(alert.body.contains("an address on a sealed list"), "{}", alert.body);
    let mut ines = Visitor::straight(house.port).with_password("ines", PASSWORD).await;
    let events = ines.get("/events").await;
    assert!(events.body.contains("a sealed address"), "{}", events.body);
    let lists = ines.get("/lists").await;
    assert!(lists.body.contains("licensed") && lists.body.contains("3 entries"), "{}", lists.body);
    for word in HIDDEN {
        let found = ines.get(&format!("/events?text={word}")).await.body.replace(&format!("value=\"{word}\""), "");
        assert!(!found.contains("a sealed address"), "a search for '{word}' finds the hit");
    }

    let routes: Vec<String> = pages::routes().into_iter().collect();
    let address = |route: &str| {
        let filled = if route.starts_with("/case/") { &case } else { event };
        route
            .replace("{reference}", filled)
            .replace("{clause}", "7.1")
            .replace("{step}", "1")
            .replace("{id}", "1")
            .replace("{file}", "x")
    };
    people::soon(20, async || {
        let found = ines.get(&format!("/events?text={OPEN_WORD}")).await.body;
        found.contains(&format!("{OPEN_WORD}.test")).then_some(())
    })
    .await
    .expect("an ordinary website is found");
    let (mut shown, mut opened) = (BTreeSet::new(), BTreeSet::new());
    let mut everybody = vec![("nobody", Visitor::straight(house.port)), ("lena", lena.clone())];
    for who in WORKERS {
        everybody.push((who, Visitor::straight(house.port).with_password(who, PASSWORD).await));
    }
    for (who, visitor) in &mut everybody {
        let mut waiting: Vec<String> = routes.iter().map(|route| address(route)).collect();
        waiting.push("/no-such-page".to_owned());
        let mut known: BTreeSet<String> = waiting.iter().cloned().collect();
        while let Some(path) = waiting.pop() {
            let answer = visitor.get(&path).await;
            answer_shows_nothing(&format!("{path} as {who}"), &answer);
            if answer.body.contains(OPEN_WORD) {
                shown.insert(path.split('?').next().unwrap().to_owned());
            }
            if answer.status == 200 {
                opened.extend(routes.iter().filter(|route| is_of(route, &path)).cloned());
            }
            for link in links(&answer.body) {
                if known.len() < LINKS_LIMIT && known.insert(link.clone()) {
                    waiting.push(link);
                }
            }
        }
    }
    assert!(shown.contains("/events"), "the walk reads what pages show: {shown:?}");
    let shut: Vec<&String> = routes.iter().filter(|route| !opened.contains(*route)).collect();
    assert_eq!(shut, NOT_OPENED, "pages that the walk did not reach");
    no_answer_tells_it_apart(&mut ines).await;
}

/// Where a page leads, within Haven.
fn links(page: &str) -> impl Iterator<Item = String> {
    let targets = page.split("href=\"/").skip(1).filter_map(|part| part.split(['"', '#']).next());
    targets
        .filter(|target| !target.starts_with("assets/") && !target.starts_with("exit"))
        .map(|target| format!("/{}", target.replace("&amp;", "&")))
}

/// Whether an address is one of a route, as the rooms declare it.
fn is_of(route: &str, path: &str) -> bool {
    let (route, path) = (route.split('/'), path.split('?').next().unwrap_or_default().split('/'));
    route.clone().count() == path.clone().count()
        && route.zip(path).all(|(route, part)| route == part || (route.starts_with('{') && !part.is_empty()))
}

/// Whoever may ask what would happen, or looks for a website, gets the same answer as for one that is on no list.
async fn no_answer_tells_it_apart(ines: &mut Visitor) {
    for asked in [
        "/what-if?group=learner&url=http://NAME/",
        "/lists?name=NAME",
        "/rules/new?allow=yes&site=NAME",
        "/rules?text=NAME",
        "/events?site=NAME",
        "/requests?text=NAME",
    ] {
        let mut answers = Vec::new();
        for name in ["grimwald.test", "grimwaal.test"] {
            let answer = ines.get(&asked.replace("NAME", name)).await;
            assert_eq!(answer.status, 200, "{asked}: {}", answer.body);
            answers.push(answer.body.replace(name, "NAME"));
        }
        assert_eq!(answers[0], answers[1], "{asked} tells an entry apart");
    }
}

/// Every command that reads anything of a running house.
async fn commands(house: &House, reference: &str) {
    let config = house.config();
    let export = house.folder().join("audit.jsonl").display().to_string();
    let head = house.folder().join("head.json").display().to_string();
    let (waes, folder) = (pack("waes").display().to_string(), house.folder().join("licensed").display().to_string());
    let all: [&[&str]; 19] = [
        &["lists", "status", "--config", &config],
        &["lists", "status", "--format", "json", "--config", &config],
        &["lists", "update", "--config", &config],
        &["lists", "update", "licensed", "--config", &config],
        &["lists", "accept", "licensed", "--reason", "Please.", "--config", &config],
        &["lists", "rollback", "--reason", "Please.", "--config", &config],
        &["lists", "find", "grim*", "--config", &config],
        &["lists", "retire", "licensed", "--reason", "Please.", "--config", &config],
        &["lists", "release", reference, "--reason", "Please.", "--config", &config],
        &["lists", "find", "--in", &folder, "library.test"],
        &["keys", "status", "--config", &config],
        &["audit", "verify", "--config", &config],
        &["audit", "head", &head, "--config", &config],
        &["user", "reset", "yoshi", "--config", &config],
        &["gateway", "role", "--config", &config],
        &["check-filter", "--config", &config],
        &["pack", "coverage", &waes],
        &["audit", "export", &export, "--config", &config],
        &["decide", "--pack", &waes, "--group", "learner", "http://library.test/"],
    ];
    every_command_is_looked_at(house, &all).await;
    for words in all {
        let (_, out, errors) = house.haven(words, "").await;
        let said = format!("{out}{errors}").replace("grim*", "");
        shows_nothing(&words.join(" "), &said.replace(&folder, ""));
    }
    shows_nothing("the exported record", &std::fs::read_to_string(&export).unwrap());
    shows_nothing("the log", &house.log());
}

/// A command that somebody adds must be asked above, or stand among those that read nothing of a house.
async fn every_command_is_looked_at(house: &House, asked: &[&[&str]]) {
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    let mut found = 0;
    while let Some(path) = waiting.pop() {
        let words: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let (_, help, _) = house.haven(&words, "").await;
        let Some((_, below)) = help.split_once("Commands:\n") else {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let known =
                asked.iter().any(|words| words.starts_with(&path)) || ELSEWHERE.contains(&path.join(" ").as_str());
            assert!(known, "haven {} shows what? Ask it, or say why not.", path.join(" "));
            found += 1;
            continue;
        };
        for line in below.lines().take_while(|line| !line.trim().is_empty()) {
            let word = line.split_whitespace().next().unwrap_or_default();
            if line.starts_with("  ") && !line.starts_with("   ") && word != "help" {
                waiting.push(path.iter().cloned().chain([word.to_owned()]).collect());
            }
        }
    }
    assert!(found > 20, "the help is written in another way: {found} commands");
}

/// An empty file, a broken one, a rule of one's own, no setting at all: it stays shut.
async fn nothing_switches_it_off(house: &mut House, lena: &mut Visitor) {
    let config = house.config();
    let file = house.folder().join("licensed/entries.txt");
    for (broken, why) in [("", "no entry at all"), ("grimwald test\nmurkpage words\n", "no entry at all")] {
        std::fs::write(&file, broken).unwrap();
        let (code, out, errors) = house.haven(&["lists", "update", "licensed", "--config", &config], "").await;
        assert!(code == 1 && out.contains(why), "{code} {out}{errors}");
        shows_nothing("an update", &format!("{out}{errors}"));
    }
    std::fs::remove_file(&file).unwrap();
    let (code, out, _) = house.haven(&["lists", "update", "licensed", "--config", &config], "").await;
    assert!(code == 1 && out.contains("the last good edition stays"), "{out}");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.split_once("[[sealed_list]]").unwrap().0).unwrap();
    house.stop().await;
    house.start().await;
    let mut again =
        Visitor::at_seat(house.seat("lena")).await.unwrap().with_password("lena", PASSWORD).await.agreed().await;
    std::mem::swap(lena, &mut again);
    let page = lena.ask("GET", "http://grimwald.test/", PAGE, "").await.unwrap();
    assert_eq!(page.status, 403, "{}", page.body);
    let mut ines = Visitor::straight(house.port).with_password("ines", PASSWORD).await;
    let lists = ines.get("/lists").await;
    assert!(lists.body.contains("In no setting"), "{}", lists.body);
    let (code, out, errors) = house.haven(&["lists", "status", "--config", &config], "").await;
    assert!(code == 1 && out.contains("IN NO SETTING"), "{out}{errors}");
    let rows = kept::rows(house).await;
    assert!(rows.iter().any(|row| row.holds("sealed-list.not-in-settings")), "it stands in the record");
}

/// A rule of the organisation's own, made by who may make them, opens an ordinary website and never a sealed one. It comes last:
/// what somebody writes down themselves stands in the record.
async fn no_rule_opens_it(house: &House) {
    let mut ines = Visitor::straight(house.port).with_password("ines", PASSWORD).await;
    for site in ["grimwald.test", "parts-of-it.test/murkpage"] {
        let page = ines.get("/rules/new").await;
        let csrf = page.hidden("csrf");
        let fields = [
            ("csrf", csrf.as_str()),
            ("site", site),
            ("allow", "yes"),
            ("population", "learner"),
            ("reason", "For a lesson on the web."),
            ("until_days", "3"),
            ("go", "make"),
        ];
        let made = ines.post("/rules", &fields).await;
        assert!(made.status == 303 && made.header("location").contains("done=made"), "{made:?}");
    }
    let mut lena =
        Visitor::at_seat(house.seat("lena")).await.unwrap().with_password("lena", PASSWORD).await.agreed().await;
    // The rules came to the gateway with this one, that closes what was open.
    let page = ines.get("/rules/new").await;
    let csrf = page.hidden("csrf");
    let close = format!("{OPEN_WORD}.test");
    let fields = [
        ("csrf", csrf.as_str()),
        ("site", &close),
        ("allow", "no"),
        ("reason", "To see that rules arrive."),
        ("go", "make"),
    ];
    assert_eq!(ines.post("/rules", &fields).await.status, 303);
    let arrived = people::soon(20, async || {
        let page = lena.ask("GET", &format!("http://{close}/"), PAGE, "").await.unwrap();
        (page.status == 403).then_some(())
    });
    arrived.await.expect("a rule of one's own reaches the gateway");
    for address in ["http://grimwald.test/", "http://parts-of-it.test/murkpage?x=hushwords"] {
        let page = lena.ask("GET", address, PAGE, "").await.unwrap();
        assert!(page.status == 403 && page.body.contains("S-9"), "{address}: {} {}", page.status, page.body);
    }
}

/// Every row of every table, and every byte of every file that Haven keeps or writes.
async fn kept_bytes(house: &mut House) {
    house.stop().await;
    let rows = kept::rows(house).await;
    assert!(rows.iter().any(|row| row.holds(OPEN_WORD)), "the walk reads every row");
    assert!(house.database.is_some() || !kept::files_that_hold(house, OPEN_WORD).is_empty(), "and every file");
    for row in rows {
        for word in HIDDEN {
            assert!(!row.holds(word), "{} holds '{word}': {}", row.table, row.row);
        }
    }
    for word in HIDDEN {
        let files = kept::files_that_hold(house, word);
        assert!(files.is_empty(), "'{word}' stands in {files:?}");
    }
    house.start().await;
}
