//! F04: lists come from their makers by themselves, a broken edition never comes into force, and earlier lists come back at once.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use store::testing::{places, sqlite};

use crate::office::{Office, office};
use crate::run::{Ended, command, haven};
use crate::running::serve;

/// What a list maker's website hands out, by path, and how often it said that nothing is new.
#[derive(Default)]
struct Shelf {
    files: Vec<(String, Vec<u8>)>,
    unchanged: usize,
}

#[derive(Clone)]
struct Maker {
    address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
}

impl Maker {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let maker = Self { address: listener.local_addr().unwrap(), shelf: Arc::default() };
        let shelf = Arc::clone(&maker.shelf);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let first = lines.next().unwrap().unwrap();
                let path = first.split(' ').nth(1).unwrap().to_owned();
                let mut known = String::new();
                for line in lines.map(Result::unwrap).take_while(|line| !line.is_empty()) {
                    if let Some(tag) = line.to_ascii_lowercase().strip_prefix("if-none-match: ") {
                        tag.clone_into(&mut known);
                    }
                }
                let answer = answer(&mut shelf.lock().unwrap(), &path, &known);
                stream.write_all(&answer).unwrap();
            }
        });
        maker
    }

    fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let mut shelf = self.shelf.lock().unwrap();
        shelf.files.retain(|(known, _)| known != path);
        shelf.files.push((path.to_owned(), bytes.into()));
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn answer(shelf: &mut Shelf, path: &str, known: &str) -> Vec<u8> {
    let found = shelf.files.iter().find(|(name, _)| name == path).map(|(_, bytes)| bytes.clone());
    let Some(bytes) = found else {
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
    };
    let tag = format!("\"{}\"", &digest(&bytes)[..16]);
    if known == tag {
        shelf.unchanged += 1;
        return format!("HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\nConnection: close\r\n\r\n").into_bytes();
    }
    let head =
        format!("HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len());
    [head.into_bytes(), bytes].concat()
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn casinos(count: usize) -> String {
    (0..count).map(|number| format!("casino-{number}.test\n")).collect()
}

/// Adds sources to an office's settings.
fn with_sources(office: &Office, sources: &[String]) {
    let text = fs::read_to_string(&office.config).unwrap();
    fs::write(&office.config, format!("{text}\n{}", sources.join("\n"))).unwrap();
}

fn source(name: &str, from: &str, more: &str) -> String {
    format!("[[list]]\nname = \"{name}\"\nfrom = \"{from}\"\n{more}\n")
}

fn lists(office: &Office, words: &[&str]) -> Ended {
    haven(&[&["lists"], words, &["--config", &office.config]].concat())
}

fn in_force(office: &Office) -> PathBuf {
    office.data.join("lists/in-force")
}

fn codes(office: &Office, name: &str) -> String {
    haven(&["lists", "lookup", &in_force(office).display().to_string(), name]).out.trim().to_owned()
}

#[track_caller]
fn said(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!(ended.code, code, "{}{}", ended.out, ended.err);
    for part in parts {
        assert!(ended.out.contains(part), "'{part}' is not in:\n{}{}", ended.out, ended.err);
    }
}

#[test]
fn f04_damaged_lists_in_force_are_replaced_by_whole_ones() {
    let office = office(store::testing::sqlite());
    let maker = Maker::start();
    maker.put("/casinos.txt", casinos(300));
    with_sources(&office, &[source("casinos", &maker.url("/casinos.txt"), "category = \"gambling\"")]);
    said(&lists(&office, &["update"]), 0, &["Lists 1:", "in force."]);
    for damaged in [true, false] {
        if damaged {
            let mut bytes = fs::read(in_force(&office)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(in_force(&office), bytes).unwrap();
        } else {
            fs::remove_file(in_force(&office)).unwrap();
        }
        said(&lists(&office, &["update"]), 0, &["casinos: nothing new."]);
        assert_eq!(codes(&office, "casino-7.test"), "casino-7.test\tgambling");
    }
}

#[test]
fn f04_a_kind_or_a_group_that_nobody_knows_stops_the_start() {
    let office = office(store::testing::sqlite());
    let text = fs::read_to_string(&office.config).unwrap();
    let start = |more: &str| {
        fs::write(&office.config, format!("{text}\n{more}")).unwrap();
        haven(&["serve", "--config", &office.config])
    };
    let list = source("dice", "dice.txt", "category = \"gamblingg\"");
    start(&list).refused(&["list 'dice'", "kind 'gamblingg'", "close nothing"]);
    let row = "[[timetable]]\nname = \"Exam\"\nkind = \"exam\"\non = \"2026-06-01\"\nfrom = \"09:00\"\nto = \"12:00\"\ngroups = [\"nogroup\"]\nsites = [\"exam.test\"]\n";
    start(row).refused(&["row 'Exam'", "group 'nogroup'"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_a_broken_edition_waits_and_earlier_lists_come_back_at_once() {
    for place in places().await {
        let office = office(place);
        let maker = Maker::start();
        maker.put("/casinos.txt", casinos(300));
        with_sources(&office, &[source("casinos", &maker.url("/casinos.txt"), "category = \"gambling\"")]);
        said(&lists(&office, &["status"]), 1, &["no good edition yet"]);

        said(&lists(&office, &["update"]), 0, &["casinos: 300 came, 0 went.", "Lists 1:", "in force."]);
        assert_eq!(codes(&office, "casino-7.test"), "casino-7.test\tgambling");
        said(&lists(&office, &["status"]), 0, &["good edition of", "300 lines", "in force: lists 1"]);
        said(&lists(&office, &["update"]), 0, &["casinos: nothing new.", "the same as before"]);
        assert_eq!(maker.shelf.lock().unwrap().unchanged, 1, "what has not changed is not fetched again");

        // Half of it is gone: somebody's mistake, or somebody's wish.
        maker.put("/casinos.txt", casinos(100));
        said(&lists(&office, &["update"]), 1, &["waits for a person", "shrank by 66 per cent", "lists accept casinos"]);
        assert_eq!(codes(&office, "casino-200.test"), "casino-200.test\tgambling", "the last good one stays");
        said(&lists(&office, &["status"]), 1, &["WAITS", "shrank by 66 per cent", "- casino-100.test gambling"]);
        lists(&office, &["accept", "casinos", "--reason", " "]).refused(&["Say in a sentence why"]);
        lists(&office, &["accept", "dice", "--reason", "x"]).refused(&["no source 'dice'", "casinos"]);
        let taken = lists(&office, &["accept", "casinos", "--reason", "The maker split the list."]);
        said(&taken, 0, &["Lists 2: "]);
        assert_eq!(codes(&office, "casino-200.test"), "casino-200.test\t-");
        lists(&office, &["accept", "casinos", "--reason", "Again."]).refused(&["No edition of casinos waits"]);

        // What everybody relies on never comes onto a list by the way.
        maker.put("/casinos.txt", casinos(101) + "google.com\nwww.nhs.uk\n");
        said(&lists(&office, &["update"]), 1, &["google.com", "www.nhs.uk", "rely on"]);
        assert_eq!(codes(&office, "www.google.com"), "www.google.com\tsearch-engine");

        // Nobody answers, or something else does: the lists stay, and it shows.
        maker.put("/casinos.txt", "<html>\n<p>Please sign in.</p>\n".repeat(50));
        said(&lists(&office, &["update"]), 1, &["It holds no entry at all"]);
        maker.shelf.lock().unwrap().files.clear();
        said(&lists(&office, &["update"]), 1, &["404", "the last good edition stays in force"]);
        said(&lists(&office, &["status"]), 1, &["FAILED", "404"]);
        assert_eq!(codes(&office, "casino-50.test"), "casino-50.test\tgambling");

        // Back to the first lists in one step, until a person goes on.
        said(&lists(&office, &["diff", "1", "2"]), 1, &["- casino-150.test gambling", "0 came, 200 went."]);
        said(&lists(&office, &["rollback", "--reason", "A lesson needs it."]), 0, &["Lists 1:", "in force again"]);
        assert_eq!(codes(&office, "casino-200.test"), "casino-200.test\tgambling");
        said(&lists(&office, &["status"]), 1, &["Lists 1 were taken back"]);
        lists(&office, &["rollback", "--reason", "Further."]).refused(&["no such earlier lists"]);
        maker.put("/casinos.txt", casinos(100));
        said(&lists(&office, &["update"]), 0, &["Lists 3:"]);
        assert_eq!(codes(&office, "casino-200.test"), "casino-200.test\t-");

        let store = office.store().await;
        let entries = store::audit::entries(&store, 1, 10_000).await.unwrap();
        let story: Vec<&str> =
            entries.iter().map(|entry| entry.new.action.as_str()).filter(|it| it.starts_with("lists.")).collect();
        assert_eq!(
            story,
            [
                "lists.in-force",
                "lists.held",
                "lists.accepted",
                "lists.in-force",
                "lists.held",
                "lists.held",
                "lists.taken-back",
                "lists.in-force"
            ]
        );
        assert!(entries.iter().any(|entry| entry.new.detail.contains("The maker split the list.")));
        store.close().await;
        office.place.remove().await;
    }
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn f04_archives_checksums_and_folders_are_read() {
    let office = office(sqlite());
    let maker = Maker::start();
    let packed = archive(&[
        ("blacklists/gambling/domains", "dice.test\n"),
        ("blacklists/gambling/usage", "black\n"),
        ("blacklists/drogue/domains", "pills.test\n"),
    ]);
    maker.put("/all.tar.gz", packed.clone());
    maker.put("/sums", format!("{}  other.tar.gz\n{}  all.tar.gz\n", "0".repeat(64), digest(&packed)));
    let folder = office.place.folder().join("own/games");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("domains"), "dragon.test\n").unwrap();
    with_sources(
        &office,
        &[
            source("ut", &maker.url("/all.tar.gz"), &format!("checksum = \"{}\"", maker.url("/sums"))),
            source("own", "own", ""),
        ],
    );
    said(&lists(&office, &["update"]), 0, &["ut: 2 came", "own: 1 came", "Lists 1:"]);
    for (name, code) in [("dice.test", "gambling"), ("pills.test", "drugs"), ("dragon.test", "games")] {
        assert_eq!(codes(&office, name), format!("{name}\t{code}"));
    }
    said(&lists(&office, &["update", "own"]), 0, &["own: nothing new."]);
    // Altered on the way: the checksum does not fit.
    let altered = archive(&[("blacklists/gambling/domains", "harmless.test\n")]);
    maker.put("/all.tar.gz", altered);
    said(&lists(&office, &["update", "ut"]), 1, &["its checksum does not fit"]);
    maker.put("/all.tar.gz", &b"\x1f\x8b\x08 and then nothing"[..]);
    maker.put("/sums", digest(b"\x1f\x8b\x08 and then nothing"));
    said(&lists(&office, &["update", "ut"]), 1, &["cannot be unpacked"]);
    assert_eq!(codes(&office, "dice.test"), "dice.test\tgambling");
}

/// A list maker's key in minisign's form, and the signature of an edition by it.
struct Signs(SigningKey);

impl Signs {
    const NUMBER: [u8; 8] = [4; 8];

    fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    fn key(&self) -> String {
        STANDARD.encode([b"Ed".as_slice(), &Self::NUMBER, self.0.verifying_key().as_bytes()].concat())
    }

    fn sign(&self, edition: &[u8]) -> String {
        let (signature, comment) = (self.0.sign(edition).to_bytes(), "timestamp:1795000000\tfile:casinos.txt");
        let both = self.0.sign(&[signature.as_slice(), comment.as_bytes()].concat()).to_bytes();
        let first = STANDARD.encode([b"Ed".as_slice(), &Self::NUMBER, &signature].concat());
        format!("untrusted comment: of a list maker\n{first}\ntrusted comment: {comment}\n{}\n", STANDARD.encode(both))
    }
}

#[test]
fn f04_an_edition_that_its_maker_did_not_sign_is_not_taken() {
    let office = office(sqlite());
    let (maker, signs) = (Maker::start(), Signs::new(1));
    let proof = format!("category = \"gambling\"\nsignature = \"{}\"", maker.url("/casinos.txt.minisig"));
    let own = fs::read_to_string(&office.config).unwrap();
    for (more, why) in [("", "Name its maker's key"), ("signature_key = \"RWnone\"", "is no minisign key")] {
        with_sources(&office, &[source("casinos", &maker.url("/casinos.txt"), &format!("{proof}\n{more}"))]);
        lists(&office, &["update"]).refused(&["casinos", why]);
        fs::write(&office.config, &own).unwrap();
    }
    let proof = format!("{proof}\nsignature_key = \"{}\"", signs.key());
    with_sources(&office, &[source("casinos", &maker.url("/casinos.txt"), &proof)]);

    maker.put("/casinos.txt", casinos(300));
    said(&lists(&office, &["update"]), 1, &["its signature answered 404"]);
    assert!(!in_force(&office).exists(), "what nobody vouches for is not taken, not even the first time");
    maker.put("/casinos.txt.minisig", signs.sign(casinos(300).as_bytes()));
    said(&lists(&office, &["update"]), 0, &["casinos: 300 came", "Lists 1:"]);
    // Somebody between Haven and the maker takes one name out, and even signs it, with a key of their own.
    let altered = casinos(300).replace("casino-7.test\n", "");
    for signature in [signs.sign(casinos(300).as_bytes()), Signs::new(2).sign(altered.as_bytes()), "none".to_owned()] {
        maker.put("/casinos.txt", altered.as_str());
        maker.put("/casinos.txt.minisig", signature);
        said(&lists(&office, &["update"]), 1, &["casinos: ", "its signature "]);
        assert_eq!(codes(&office, "casino-7.test"), "casino-7.test\tgambling", "the last good one stays");
        said(&lists(&office, &["status"]), 1, &["its signature ", "300 lines"]);
    }
    maker.put("/casinos.txt.minisig", signs.sign(altered.as_bytes()));
    said(&lists(&office, &["update"]), 0, &["0 came, 1 went", "Lists 2:"]);
}

#[test]
fn f04_haven_fetches_its_lists_at_the_start_and_nobody_waits_for_them() {
    let office = office(sqlite());
    let maker = Maker::start();
    maker.put("/casinos.txt", casinos(300));
    with_sources(&office, &[source("casinos", &maker.url("/casinos.txt"), "category = \"gambling\"")]);
    let running = serve(&office);
    let began = Instant::now();
    while !in_force(&office).exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "the lists came into force");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(codes(&office, "casino-7.test"), "casino-7.test\tgambling");
    assert_eq!(running.end(), 0);
}

/// Deaths in the middle of an update, spread over the time that one takes.
const DEATHS: u32 = 12;

#[test]
fn f04_a_power_cut_in_the_middle_of_an_update_leaves_the_last_good_lists() {
    let office = office(sqlite());
    let file = office.place.folder().join("casinos.txt");
    fs::write(&file, casinos(8_000)).unwrap();
    with_sources(&office, &[source("casinos", "casinos.txt", "category = \"gambling\"")]);
    let began = Instant::now();
    said(&lists(&office, &["update"]), 0, &["Lists 1:"]);
    let whole = began.elapsed();
    for death in 1..=DEATHS {
        fs::write(&file, casinos(8_000 + 100 * usize::try_from(death).unwrap())).unwrap();
        let mut update = command(&["lists", "update", "--config", &office.config])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * death / DEATHS);
        update.kill().unwrap();
        update.wait().unwrap();
        // As it was left, before anything mends itself: whole lists, old or new.
        assert_eq!(codes(&office, "casino-7.test"), "casino-7.test\tgambling", "death {death}");
        let status = lists(&office, &["status"]);
        assert!(status.code < 2 && status.out.contains("in force: lists"), "{}{}", status.out, status.err);
    }
    let last = lists(&office, &["update"]);
    assert_eq!(last.code, 0, "{}{}", last.out, last.err);
    assert_eq!(codes(&office, "casino-9199.test"), "casino-9199.test\tgambling", "and the next update finishes");
    said(
        &lists(&office, &["find", "www.casino-9199.test"]),
        0,
        &["casinos, edition of", "casinos/gambling/domains, line 9,200: casino-9199.test"],
    );
    said(&lists(&office, &["find", "library-of-nobody.test"]), 1, &["on no list"]);
    said(&lists(&office, &["find", "casino-royal.test"]), 0, &["starter/gambling.txt, line "]);
}
