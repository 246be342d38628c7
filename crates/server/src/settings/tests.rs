//! Tests of the settings: each is in the manual, and a wrong line is named.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

const MANUAL: &str = include_str!("../../../../docs/settings.md");

/// Written out field by field, so that a new setting does not compile until it stands here, and then in the manual.
fn every_setting() -> Settings {
    let path = || PathBuf::from("file");
    Settings {
        organisation: Organisation { name: "Practice College".into(), whom_to_talk_to: "your tutor".into() },
        data: Data { folder: path(), postgres: Some("postgres://x".into()), postgres_file: Some(path()) },
        policy: Some(Policy { pack: path() }),
        lists: ListFile { file: Some(path()) },
        sources: vec![ListSource {
            name: "casinos".into(),
            from: "https://lists.test/casinos.txt".into(),
            every_hours: every_hours(),
            category: Some("gambling".into()),
            checksum: Some("https://lists.test/sha256.txt".into()),
            shrink_percent: shrink_percent(),
            growth_percent: growth_percent(),
        }],
        portal: Portal {
            listen: "127.0.0.1:1".parse().unwrap(),
            host: haven_test(),
            address: "https://haven.test".into(),
            tls_certificate: Some(path()),
            tls_key: Some(path()),
            exit_address: exit_address(),
        },
        listeners: vec![Listener {
            name: "classroom-4".into(),
            listen: "127.0.0.1:2".parse().unwrap(),
            one_person_per_address: true,
            site: "main".into(),
        }],
        inspection: Inspection { ca_certificate: Some(path()), ca_key: Some(path()) },
        mail: Some(Mail {
            host: "mail.test".into(),
            port: mail_port(),
            starttls: StartTls::Required,
            user: Some("haven".into()),
            password_file: Some(path()),
            from: "haven@mail.test".into(),
            authority: Some(path()),
        }),
        audit: Audit { head_folder: Some(path()), head_mail: Some("board@mail.test".into()) },
        network: Network {
            private_allowed: vec!["10.0.0.0/8".into()],
            machine_authorities: true,
            authorities: vec![path()],
            fixed_names: BTreeMap::from([("a.test".into(), "127.0.0.1".parse().unwrap())]),
        },
        limits: Limits::default(),
        away: Away { spool_folder: Some(path()), ..Away::default() },
        checks: Checks { every_hours: 6 },
        gateways: Gateways {
            listen: Some("127.0.0.1:3".parse().unwrap()),
            pages: Some("127.0.0.1:3".parse().unwrap()),
            one_person_listeners: vec!["room-5".into()],
            secret_file: Some(path()),
        },
        agencies: BTreeMap::from([("agency".into(), "how to reach it".into())]),
    }
}

/// The part of the manual under `## [section]`.
fn part<'m>(manual: &'m str, section: &str) -> &'m str {
    let heading = format!("\n## `[{section}]`\n");
    let heading = if manual.contains(&heading) { heading } else { format!("\n## `[[{section}]]`\n") };
    let below = manual.split_once(&heading).unwrap_or_else(|| panic!("the manual has no part {section}")).1;
    below.split("\n## ").next().unwrap_or(below)
}

#[test]
fn every_setting_is_in_the_manual() {
    let all = toml::Value::try_from(every_setting()).unwrap();
    for (section, value) in all.as_table().unwrap() {
        let text = part(MANUAL, section);
        let table = value.as_table().or_else(|| value.as_array().and_then(|all| all[0].as_table())).unwrap();
        // Agencies are named by the pack, not by Haven.
        for key in table.keys().filter(|_| section != "agencies") {
            assert!(text.contains(&format!("\n- `{key}`")), "docs/settings.md does not tell {section}.{key}");
        }
        let told = text.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next());
        for key in told {
            assert!(
                table.contains_key(key) || section == "agencies",
                "docs/settings.md tells {section}.{key}, which is no setting"
            );
        }
    }
}

#[test]
fn the_example_of_the_manual_is_read() {
    let example = MANUAL.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let settings = Settings::parse(example).unwrap();
    assert!(!settings.listeners.is_empty() && settings.mail.is_some());
}

const LEAST: &str = "[organisation]\nname = \"College\"\n\n[data]\nfolder = \"data\"\n\n[policy]\npack = \"pack\"\n\n[portal]\nlisten = \"127.0.0.1:8080\"\naddress = \"http://127.0.0.1:8080\"\n";

#[test]
fn the_least_that_is_needed_is_enough() {
    let settings = Settings::parse(LEAST).unwrap();
    assert_eq!(settings.portal.host, "haven.test");
    assert!(settings.listeners.is_empty() && settings.mail.is_none());
}

#[test]
fn a_wrong_line_is_named() {
    for (added, line, part) in [
        ("colour = \"red\"\n", 13, "unknown field `colour`"),
        ("[mail]\nhost = \"m\"\n", 13, "missing field `from`"),
        ("tls_key = \"k\"\n", 13, "go together"),
        ("[[listener]]\nname = \"a\"\nlisten = \"nowhere\"\n", 15, "invalid socket address"),
        ("[network]\nprivate_allowed = [\"ten\"]\n", 14, "not a network"),
        ("[mail]\nhost = \"m\"\nfrom = \"f\"\nstarttls = \"maybe\"\n", 16, "unknown variant `maybe`"),
    ] {
        let fault = Settings::parse(&format!("{LEAST}{added}")).unwrap_err();
        assert!(fault.line == line && fault.message.contains(part), "{added}: {fault:?}");
    }
    let source = "[[list]]\nname = \"a\"\nfrom = \"a.txt\"\n";
    for (added, part) in [
        (format!("[lists]\nfile = \"f\"\n{source}"), "go not together"),
        (source.replace("\"a\"", "\"A b\""), "small letters"),
        (format!("{source}{source}"), "two lists are called 'a'"),
        (format!("{source}every_hours = 0\n"), "a number of hours from 1"),
    ] {
        let fault = Settings::parse(&format!("{LEAST}{added}")).unwrap_err();
        assert!(fault.message.contains(part), "{added}: {fault:?}");
    }
    let text = "[[listener]]\nname = \"a\"\nlisten = \"127.0.0.1:1\"\n";
    let fault = Settings::parse(&format!("{LEAST}{text}{text}")).unwrap_err();
    assert!(fault.message.contains("two listeners are called 'a'"), "{fault:?}");
}

#[test]
fn paths_are_seen_from_the_file_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("haven.toml");
    std::fs::write(&file, LEAST).unwrap();
    assert_eq!(Settings::read(&file).unwrap().policy.unwrap().pack, folder.path().join("pack"));
}
