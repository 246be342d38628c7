//! What Haven refuses to start with, each in one clear sentence and with 2.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use store::testing::{places, run_sql, sqlite};

use crate::office::{PASSWORD, office};
use crate::run::{haven, haven_reading};

#[test]
fn a_bad_line_of_the_settings_is_named() {
    let office = office(sqlite());
    let text = fs::read_to_string(&office.config).unwrap();
    fs::write(&office.config, format!("{text}\n[mail]\nhost = \"mail.test\"\nfrom = \"a@mail.test\"\nprot = 25\n"))
        .unwrap();
    let line = text.lines().count() + 5;
    haven(&["serve", "--config", &office.config])
        .refused(&[&format!("line {line}: unknown field `prot`"), "docs/settings.md"]);
    haven(&["serve", "--config", "no-such.toml"]).refused(&["no-such.toml cannot be read", "haven init"]);
}

#[test]
fn a_pack_with_errors_never_comes_into_force() {
    let office = office(sqlite());
    let text = fs::read_to_string(&office.config).unwrap();
    let broken = office.place.folder().join("pack");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("pack.toml"), "[pack]\n").unwrap();
    fs::write(&office.config, text.replace(&crate::run::pack("waes"), &broken.display().to_string())).unwrap();
    let changed = fs::read_to_string(&office.config).unwrap();
    assert_ne!(changed, text);
    haven(&["serve", "--config", &office.config]).refused(&["cannot come into force: error: ", "haven pack check"]);
}

#[test]
fn a_port_in_use_is_named() {
    let office = office(sqlite());
    let portal = TcpListener::bind(office.portal).unwrap();
    haven(&["serve", "--config", &office.config])
        .refused(&[&format!("The portal cannot open port {}", office.portal.port()), "another program"]);
    drop(portal);
    let _proxy = TcpListener::bind(office.proxy).unwrap();
    haven(&["serve", "--config", &office.config])
        .refused(&[&format!("The listener 'first' cannot open port {}", office.proxy.port())]);
}

#[test]
fn a_data_folder_that_cannot_be_read_is_named() {
    let office = office(sqlite());
    let moved = office.place.folder().join("moved");
    fs::rename(&office.data, &moved).unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["data folder", "cannot be used"]);
    fs::write(&office.data, "a file").unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["it is not a folder"]);
    fs::remove_file(&office.data).unwrap();
    fs::rename(&moved, &office.data).unwrap();
    fs::write(office.data.join("haven.db"), "this is no database, however long one reads in it").unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["cannot be used", "Check"]);
}

#[test]
fn a_data_folder_without_rights_is_named() {
    let office = office(sqlite());
    fs::set_permissions(&office.data, fs::Permissions::from_mode(0o000)).unwrap();
    let readable = fs::read_dir(&office.data).is_ok();
    let ended = haven(&["audit", "head", "--config", &office.config]);
    fs::set_permissions(&office.data, fs::Permissions::from_mode(0o700)).unwrap();
    // Whoever may read everything, as in a container, is not stopped by rights.
    if !readable {
        ended.refused(&["cannot be used", "Permission denied"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_refused() {
    for place in places().await {
        eprintln!("on {}", place.name);
        let office = office(place);
        let store = office.store().await;
        run_sql(&store, "INSERT INTO versions (version, known) VALUES (9999, 9999)").await.unwrap();
        store.close().await;
        haven(&["serve", "--config", &office.config])
            .refused(&["newer Haven (version 9999", "Install the newer Haven again"]);
        office.place.remove().await;
    }
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let office = office(sqlite());
    fs::set_permissions(office.data.join("ca.key"), fs::Permissions::from_mode(0o644)).unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["ca.key cannot be used (others may read it)", "chmod 600"]);
}

#[test]
fn practice_and_real_data_are_never_mixed() {
    let office = office(sqlite());
    let data = office.data.display().to_string();
    haven(&["demo", "--data", &data]).refused(&["holds something else already"]);
    fs::write(office.data.join("practice.toml"), "password = \"x\"\n").unwrap();
    haven(&["serve", "--config", &office.config]).refused(&["practice data can never be served as real"]);
}

#[test]
fn init_makes_an_office_once_and_prints_five_shares() {
    let office = office(sqlite());
    let shares = office.init.out.lines().filter(|line| line.trim_start().starts_with("share ")).count();
    assert_eq!(shares, 5, "{}", office.init.out);
    let mode = fs::metadata(&office.data).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else may enter the data folder");
    let answers = office.place.folder().join("answers.toml").display().to_string();
    haven(&["init", "--config", &office.config, "--answers", &answers]).refused(&["is there already"]);
    let other = office.place.folder().join("other.toml").display().to_string();
    haven(&["init", "--config", &other, "--answers", &answers]).refused(&["holds something else already"]);
}

#[test]
fn init_needs_somebody_who_may_manage_people() {
    let office = office(sqlite());
    let root = office.place.folder();
    let text = fs::read_to_string(root.join("answers.toml")).unwrap();
    let file = root.join("without.toml");
    fs::write(&file, text.replace("head-of-it", "tutor").replace("/data\"", "/data-2\"")).unwrap();
    let config = root.join("haven-2.toml").display().to_string();
    haven(&["init", "--config", &config, "--answers", &file.display().to_string()])
        .refused(&["Nobody here may manage people", "head-of-it"]);
    assert!(!root.join("data-2").exists(), "nothing was made");
}

#[test]
fn s10_a_reset_password_leaves_no_key_and_status_says_so() {
    let office = office(sqlite());
    let status = haven(&["keys", "status", "--config", &office.config]);
    assert_eq!(status.code, 0, "{}{}", status.out, status.err);
    let ended = haven_reading("another plain password\n", &["user", "reset", "dana", "--config", &office.config]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let status = haven(&["keys", "status", "--config", &office.config]);
    assert_eq!(status.code, 1, "{}", status.out);
    assert!(status.out.contains("dana: opens no case"), "{}", status.out);
}

#[test]
fn people_are_added_one_by_one_or_by_a_roster() {
    let office = office(sqlite());
    let add = |username: &str, population: &str| {
        let words = [
            "user",
            "add",
            username,
            "--name",
            "Invented Person",
            "--population",
            population,
            "--config",
            &office.config,
        ];
        haven_reading(&format!("{PASSWORD}\n"), &words)
    };
    assert_eq!(add("lena", "learner").code, 0);
    add("lena", "learner").refused(&["already has this user name"]);
    add("yoshi", "wizard").refused(&["does not have this kind of person"]);
    let file = office.place.folder().join("roster.csv");
    fs::write(&file, "username,name,population,born\nlena,Invented Person,learner,\nvita,Vita Visitor,visitor,\nbad,Bad Date,learner,31/03/2008\n").unwrap();
    let ended = haven(&["roster", "import", "--config", &office.config, &file.display().to_string()]);
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("roster.csv:4: '31/03/2008' is no date"), "{}", ended.out);
    assert!(ended.out.contains("1 person added, 1 there already, 1 line not used."), "{}", ended.out);
    assert_eq!(haven(&["user", "disable", "vita", "--config", &office.config]).code, 0);
    haven(&["user", "disable", "nobody", "--config", &office.config]).refused(&["no such person"]);
}
