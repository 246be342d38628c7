//! F03: a sealed list is in force before the first request, cannot vanish unseen, and gives up an address only to two people.

use std::fs;

use sha2::Digest as _;
use store::testing::sqlite;

use crate::office::{Office, office};
use crate::run::{Ended, haven, haven_reading};
use crate::running::serve;

const ENTRIES: &str = "grimwald.test\nhttp://parts-of-it.test/murkpage\n";

fn with_list(office: &Office) {
    fs::write(office.place.folder().join("entries.txt"), ENTRIES).unwrap();
    let text = fs::read_to_string(&office.config).unwrap();
    let list = "[[sealed_list]]\nname = \"licensed\"\nfrom = \"entries.txt\"\ncategory = \"extremism\"\n";
    fs::write(&office.config, format!("{text}\n{list}")).unwrap();
}

fn without_list(office: &Office) {
    let text = fs::read_to_string(&office.config).unwrap();
    fs::write(&office.config, text.split("[[sealed_list]]").next().unwrap()).unwrap();
}

fn lists(office: &Office, words: &[&str], typed: &str) -> Ended {
    haven_reading(typed, &[&["lists"], words, &["--config", &office.config]].concat())
}

fn shares(office: &Office) -> Vec<String> {
    let lines = office.init.out.lines().filter_map(|line| line.trim_start().strip_prefix("share "));
    lines.map(|line| line.split_once(": ").unwrap().1.to_owned()).collect()
}

#[test]
fn f03_a_sealed_list_cannot_vanish_unseen_and_ends_only_by_two_shares() {
    let office = office(sqlite());
    with_list(&office);
    let entries = office.place.folder().join("entries.txt");

    // A list that is named and cannot be read keeps the door shut: a gateway without it would open what it must not.
    fs::remove_file(&entries).unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["sealed list 'licensed'", "does not start without it"]);
    fs::write(&entries, "google.com\n").unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["a whole site on which everybody relies"]);
    fs::write(&entries, ENTRIES).unwrap();
    assert_eq!(serve(&office).end(), 0);

    let kept = office.data.join("sealed/licensed");
    let bytes = fs::read(&kept).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"grimwald"));
    let said = lists(&office, &["status"], "");
    assert!(
        said.code == 0 && said.out.contains("2 entries") && said.out.contains("in force"),
        "{}{}",
        said.out,
        said.err
    );

    // The source may be away: the kept edition is enough.
    fs::remove_file(&entries).unwrap();
    assert_eq!(serve(&office).end(), 0);
    // One altered byte, or no file at all, and no source.
    let mut altered = bytes.clone();
    altered[bytes.len() / 2] ^= 1;
    fs::write(&kept, altered).unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["does not start without it"]);
    without_list(&office);
    fs::remove_file(&kept).unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["was in force here", "gone or damaged"]);
    fs::write(&kept, &bytes).unwrap();
    assert_eq!(serve(&office).end(), 0, "in no setting, and in force");
    let said = lists(&office, &["status"], "");
    assert!(said.code == 1 && said.out.contains("IN NO SETTING"), "{}", said.out);

    let sheets = shares(&office);
    let retire = ["retire", "licensed", "--reason", "The licence ended."];
    lists(&office, &retire, &format!("{}\n", sheets[0])).refused(&["none"]);
    let twice = format!("{}\n{}\n", sheets[0], sheets[0]);
    lists(&office, &retire, &twice).refused(&["same share again"]);
    let stranger = self::office(sqlite());
    let others = shares(&stranger);
    lists(&office, &retire, &format!("{}\n{}\n", others[0], others[1])).refused(&["do not open the recovery key"]);
    assert!(kept.exists());
    let both = format!("{}\n{}\n", sheets[0], sheets[2]);
    let done = lists(&office, &retire, &both);
    assert!(done.code == 0 && done.out.contains("is retired"), "{}{}", done.out, done.err);
    assert!(!kept.exists());
    assert_eq!(serve(&office).end(), 0);
    with_list(&office);
    lists(&office, &retire, &both).refused(&["settings still name"]);
}

#[test]
fn f03_a_sealed_edition_that_is_not_what_its_maker_published_is_not_taken() {
    let office = office(sqlite());
    with_list(&office);
    let (text, sums) = (fs::read_to_string(&office.config).unwrap(), office.place.folder().join("sums"));
    fs::write(&office.config, format!("{text}checksum = \"sums\"\n")).unwrap();
    let digest = |entries: &str| hex::encode(sha2::Sha256::digest(entries));
    fs::write(&sums, format!("{}  entries.txt\n", digest("grimwald.test\n"))).unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["its checksum does not fit", "does not start without it"]);
    fs::write(&sums, format!("{}  entries.txt\n", digest(ENTRIES))).unwrap();
    assert_eq!(serve(&office).end(), 0);
    // Cut short on the way: the edition before stays.
    fs::write(office.place.folder().join("entries.txt"), "grimwald.test\n").unwrap();
    let said = lists(&office, &["update", "licensed"], "");
    assert!(said.code == 1 && said.out.contains("the last good edition stays"), "{}{}", said.out, said.err);
    let said = lists(&office, &["status"], "");
    assert!(said.code == 1 && said.out.contains("2 entries"), "{}{}", said.out, said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn s9_the_address_of_a_hit_opens_with_two_shares_and_is_written_down() {
    let office = office(sqlite());
    let store = office.store().await;
    let recovery = store::keys::recovery(&store).await.unwrap().unwrap();
    let mut random = store::vault::Entropy(|bytes: &mut [u8]| getrandom::getrandom(bytes).unwrap());
    let address = "http://grimwald.test/deep?q=hushwords";
    let sealed = actions::sealed_hit::seal(&mut random, Some(&recovery), "abcdefgh23456789", address);
    assert!(sealed.starts_with("sealed:") && sealed.len() < 2_000);
    let long = format!("http://grimwald.test/{}", "é".repeat(4_000));
    assert!(actions::sealed_hit::seal(&mut random, Some(&recovery), "x", &long).len() < 2_000);
    assert_eq!(actions::sealed_hit::seal(&mut random, None, "x", address), "");
    store::activity::insert_batch(
        &store,
        "gateway",
        jiff::Timestamp::now(),
        &[hit("abcdefgh23456789", &sealed), {
            let mut other = hit("zzzzzzzz23456789", "/news");
            other.rule = "default".to_owned();
            other
        }],
    )
    .await
    .unwrap();
    let sheets = shares(&office);
    let both = format!("{}\n{}\n", sheets[1], sheets[3]);
    let release = |reference: &'static str| ["release", reference, "--reason", "The police asked, CR/1."];
    lists(&office, &release("zzzzzzzz23456789"), &both).refused(&["no hit on a sealed list"]);
    lists(&office, &release("abcdefgh23456789"), &format!("{}\n", sheets[1])).refused(&["none"]);
    let said = lists(&office, &release("abcdefgh23456789"), &both);
    assert!(
        said.code == 0 && said.out.contains(address) && said.out.contains("to nobody else"),
        "{}{}",
        said.out,
        said.err
    );
    let entries = store::audit::entries(&store, 1, 10_000).await.unwrap();
    let entry = entries.iter().find(|entry| entry.new.action == "sealed-list.released").expect("it is written down");
    assert!(entry.new.detail.contains("CR/1") && !entry.new.detail.contains("grimwald"));
    assert_eq!(entry.new.object, "abcdefgh23456789");
    store.close().await;
}

fn hit(reference: &str, path: &str) -> store::activity::Record {
    store::activity::Record {
        reference: reference.to_owned(),
        at: jiff::Timestamp::now(),
        person: "p1".to_owned(),
        population: "learner".to_owned(),
        listener: "room".to_owned(),
        device: "10.0.0.9".to_owned(),
        method: "GET".to_owned(),
        scheme: "http".to_owned(),
        host: store::activity::SEALED_HOST.to_owned(),
        path: path.to_owned(),
        search: String::new(),
        action: "block".to_owned(),
        codes: vec![],
        rule: store::activity::SEALED_RULE.to_owned(),
        citation: String::new(),
        citation_text: "Haven safety rule S-9".to_owned(),
        reason: String::new(),
        list: String::new(),
        navigation: true,
        pack_digest: String::new(),
        lists_digest: String::new(),
        alert: None,
        how: "signed in at the gate".to_owned(),
        session: "s1".to_owned(),
    }
}
