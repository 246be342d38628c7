//! The commands that need no data folder: packs, decisions, lists, texts.

use std::fs;
use std::path::Path;

use crate::run::{haven, haven_reading, pack};

#[test]
fn an_unknown_word_is_refused_with_2() {
    assert_eq!(haven(&["backup", "x"]).code, 2);
    assert_eq!(haven(&[]).code, 2);
}

#[test]
fn g03_pack_check_reports_findings_and_the_pack_is_still_in_force() {
    let ended = haven(&["pack", "check", &pack("waes")]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("\nfinding: "), "{}", ended.out);
    assert!(ended.out.contains("The pack can come into force."), "{}", ended.out);
    let objects = haven(&["pack", "check", &pack("waes"), "--format", "json"]).objects();
    assert!(objects.iter().any(|one| one["severity"] == "finding" && one["line"].is_u64() && one["mend"] != ""));
}

#[test]
fn g03_pack_check_ends_with_1_on_an_error_and_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(&pack("waes")), folder.path());
    let rules = folder.path().join("filtering.toml");
    let text = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("{text}\n[[no_such_thing]]\nid = \"x\"\n")).unwrap();
    let ended = haven(&["pack", "check", &folder.path().display().to_string()]);
    assert_eq!(ended.code, 1, "{}", ended.out);
    let line = text.lines().count() + 2;
    assert!(ended.out.contains(&format!("error: filtering.toml:{line}")), "{}", ended.out);
    haven(&["pack", "coverage", &folder.path().display().to_string()])
        .refused(&["cannot come into force", "pack check"]);
}

#[test]
fn g03_an_example_that_fails_keeps_the_pack_out_of_force() {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(&pack("waes")), folder.path());
    fs::write(
        folder.path().join("examples/wrong.md"),
        "# Wrong\n\n```example\nlearner http://casino-royal.test/ -> allow\n```\n",
    )
    .unwrap();
    let ended = haven(&["pack", "check", &folder.path().display().to_string()]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("error: examples/wrong.md:4"), "{}", ended.out);
}

#[test]
fn pack_check_of_no_folder_says_what_to_do() {
    haven(&["pack", "check", "nowhere-at-all"]).refused(&["There is no folder nowhere-at-all", "Name the folder"]);
}

#[test]
fn g04_coverage_tells_every_clause_and_says_not_yet() {
    let ended = haven(&["pack", "coverage", &pack("waes"), "--format", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let objects = ended.objects();
    assert!(objects.iter().any(|one| one["state"] == "not yet"));
    assert!(objects.iter().any(|one| one["state"] == "built" || one["state"] == "partly"));
    assert!(objects.iter().any(|one| one["clause"] == "7.1"));
}

#[test]
fn g02_diff_tells_what_changes_for_whom() {
    let same = haven(&["pack", "diff", &pack("waes"), &pack("waes")]);
    assert_eq!((same.code, same.out.as_str()), (0, "Nothing changes.\n"));
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(&pack("waes")), folder.path());
    let file = folder.path().join("clauses/07-outcomes.md");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen(" {7.1}\n", " {7.1}\n\nOne more sentence.\n", 1)).unwrap();
    let changed = haven(&["pack", "diff", &pack("waes"), &folder.path().display().to_string()]);
    assert_eq!(changed.out.lines().count(), 1, "{}", changed.out);
    assert!(changed.out.contains("(clause 7.1)"), "{}", changed.out);
}

#[test]
fn f01_decide_answers_one_line_an_address() {
    let pack = pack("waes");
    let asked = ["decide", "--pack", &pack, "--group", "learner", "--format", "json", "-"];
    let ended = haven_reading("http://casino-royal.test/\nhttps://library.test/x\nhttp://[bad\n", &asked);
    assert_eq!(ended.code, 1, "one line could not be read: {}", ended.out);
    let objects = ended.objects();
    assert_eq!(objects.len(), 3);
    assert_eq!(objects[0]["action"], "block");
    assert_eq!(objects[0]["categories"][0], "gambling");
    assert!(objects[0]["clause"].as_str().unwrap().starts_with(['5', '7']), "{}", objects[0]);
    assert_eq!(objects[1]["action"], "allow");
    assert!(objects[2]["error"].is_string());
    for object in &objects[..2] {
        let tiers = object["tiers"].as_array().unwrap();
        assert!(tiers.iter().any(|tier| tier["tier"] == "default"), "every tier that spoke: {object}");
        assert!(object["also_matched"].is_array() && object.get("told").is_some(), "{object}");
    }
    for key in ["url", "rule", "list", "reason", "pack_digest", "lists_digest"] {
        assert!(objects[0][key].is_string(), "{key}");
    }
}

#[test]
fn f01_decide_shows_the_address_as_it_was_read_and_what_it_found_inside() {
    let pack = pack("waes");
    let translated = "https://translate.google.com/translate?u=HTTP%3A%2F%2FCasino-Royal.test%2F";
    let ask =
        |format| ["decide", "--pack", &pack, "--group", "learner", "--format", format, "http://0x7f.1/", translated];
    let objects = haven(&ask("json")).objects();
    assert_eq!(objects[0]["read_as"], "http://127.0.0.1/");
    assert_eq!(objects[1]["inside"][0], "http://casino-royal.test/");
    assert_eq!(objects[1]["action"], "block", "what is inside closes what is around it");
    let told = haven(&ask("text")).out;
    assert!(told.contains("read as http://127.0.0.1/"), "{told}");
    assert!(told.contains("inside http://casino-royal.test/"), "{told}");
}

#[test]
fn s2_help_site_on_a_gambling_list_opens() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("gambling")).unwrap();
    fs::write(folder.path().join("gambling/domains"), "gamblersanonymous.org\nbets.test\n").unwrap();
    let lists = folder.path().display().to_string();
    let ended = haven(&[
        "decide",
        "--pack",
        &pack("waes"),
        "--lists",
        &lists,
        "--group",
        "learner",
        "--format",
        "json",
        "http://bets.test/",
        "https://www.gamblersanonymous.org/",
    ]);
    let objects = ended.objects();
    assert_eq!(objects[0]["action"], "block");
    assert_eq!((&objects[1]["action"], &objects[1]["clause"]), (&"allow".into(), &"S-2".into()));
}

#[test]
fn decide_for_no_group_names_the_groups() {
    haven(&["decide", "--pack", &pack("waes"), "--group", "nobody", "http://a.test/"])
        .refused(&["no group 'nobody'", "learner"]);
}

#[test]
fn f04_lists_are_built_told_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("own");
    fs::create_dir_all(root.join("gambling")).unwrap();
    fs::write(root.join("gambling/domains"), "# own list\nbets.test\nnot a name\n10000000.test\n").unwrap();
    fs::write(root.join("drugs.hosts"), "0.0.0.0 powder.test\n0.0.0.0 bets.test\n").unwrap();
    let file = folder.path().join("lists.haven").display().to_string();
    let source = root.display().to_string();

    let built = haven(&["lists", "build", "--out", &file, &source]);
    assert_eq!(built.code, 0, "{}{}", built.out, built.err);
    assert!(built.out.contains("own/gambling/domains:3: "), "the refused line is named: {}", built.out);
    assert!(built.out.contains("3 names"), "{}", built.out);
    let quiet = haven(&["lists", "build", "--quiet", "--out", &file, &source]);
    assert!(quiet.out.contains("1 refused") && !quiet.out.contains("domains:3"), "{}", quiet.out);

    let stat = haven(&["lists", "stat", &file, "--format", "json"]).objects();
    assert_eq!(stat[0]["names"], 3);
    let asked =
        haven_reading("www.bets.test\nPOWDER.test.\nnowhere.test\n\nnot a name\n", &["lists", "lookup", &file, "-"]);
    assert_eq!(asked.code, 0);
    assert_eq!(asked.out, "www.bets.test\tdrugs,gambling\nPOWDER.test.\tdrugs\nnowhere.test\t-\nnot a name\t-\n");
    assert_eq!(haven(&["lists", "lookup", &file, "bets.test"]).out, "bets.test\tdrugs,gambling\n");
}

#[test]
fn f04_a_damaged_or_missing_list_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lists.haven");
    let file = path.display().to_string();
    haven(&["lists", "lookup", &file, "a.test"]).refused(&["cannot be read", "haven lists build"]);
    fs::write(folder.path().join("gambling.txt"), "bets.test\n").unwrap();
    let source = folder.path().join("gambling.txt").display().to_string();
    assert_eq!(haven(&["lists", "build", "--out", &file, &source]).code, 0);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    haven(&["lists", "stat", &file]).refused(&["altered or damaged"]);
    let empty = folder.path().join("README").display().to_string();
    fs::write(&empty, "A licence.\n").unwrap();
    assert_eq!(haven(&["lists", "build", "--out", &file, &empty]).code, 2);
}

#[test]
fn f07_scan_gives_scores_matches_and_the_clause() {
    let pack = pack("waes");
    let ended = haven_reading("A page about the weather.\n", &["scan", "--pack", &pack, "--format", "json", "-"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let objects = ended.objects();
    assert_eq!(objects[0]["input"], "-");
    assert_eq!(objects[0]["scores"], serde_json::json!({}));
    let two = haven_reading("sunny\nrainy\n", &["scan", "--pack", &pack, "--lines", "--format", "json", "-"]).objects();
    assert_eq!((two.len(), &two[1]["input"]), (2, &"-:2".into()));
    haven(&["scan", "--pack", &pack, "no-such-file"]).refused(&["no-such-file cannot be read"]);
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
