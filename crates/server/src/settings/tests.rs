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
            column: Some(String::new()),
            category_column: Some(String::new()),
            checksum: Some("https://lists.test/sha256.txt".into()),
            signature: Some("https://lists.test/casinos.txt.minisig".into()),
            signature_key: Some("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".into()),
            shrink_percent: shrink_percent(),
            growth_percent: growth_percent(),
        }],
        sealed_lists: vec![SealedList {
            name: "licensed".into(),
            from: "/licensed/list.csv".into(),
            credentials_file: Some(path()),
            checksum: Some("/licensed/list.sha256".into()),
            signature: Some("/licensed/list.minisig".into()),
            signature_key: Some("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".into()),
            every_hours: twice_a_day(),
            category: "extremism".into(),
            shrink_percent: shrink_percent(),
        }],
        portal: Portal {
            listen: "127.0.0.1:1".parse().unwrap(),
            host: haven_test(),
            address: "https://haven.test".into(),
            tls_certificate: Some(path()),
            tls_key: Some(path()),
            direct_names: vec!["intranet".into()],
            exit_address: exit_address(),
        },
        listeners: vec![Listener {
            name: "classroom-4".into(),
            listen: "127.0.0.1:2".parse().unwrap(),
            reached_at: Some("proxy.college.test".into()),
            one_person_per_address: false,
            credentials: true,
            radius: false,
            tls_certificate: Some(path()),
            tls_key: Some(path()),
            tls_name: Some("proxy.college.example".into()),
            site: "main".into(),
        }],
        networks: vec![Radius {
            listen: "127.0.0.1:4".parse().unwrap(),
            secret_file: path(),
            clients: vec!["10.0.0.2".into()],
            realms: vec!["college.example".into()],
            silent_minutes: silent_minutes(),
        }],
        icap: vec![Icap {
            name: "squid".into(),
            listen: "127.0.0.1:1344".parse().unwrap(),
            clients: vec!["10.20.0.2".into()],
            username_from: vec!["10.20.0.2/32".into()],
            realms: vec!["college.example".into()],
        }],
        dns: vec![Dns {
            name: "guest-wifi".into(),
            listen: "127.0.0.1:53".parse().unwrap(),
            upstream: vec!["9.9.9.9".into()],
            networks: BTreeMap::from([("10.20.8.0/22".into(), "learner".into())]),
            block_page: vec!["10.20.0.2".parse().unwrap()],
            questions_per_second: doors::questions_per_second(),
        }],
        timetable: vec![TimetableRow {
            name: "Mornings".into(),
            kind: timetable::RowKind::Class,
            days: vec!["monday".into()],
            on: Some("2026-11-24".into()),
            from: "09:00".into(),
            to: "12:30".into(),
            networks: vec!["10.20.4.0/24".into()],
            groups: vec!["learner".into()],
            sites: vec!["exam.example".into()],
        }],
        devices: vec![DeviceRow {
            name: "Games consoles, common room".into(),
            addresses: vec!["10.20.9.0/28".into()],
            group: "learner".into(),
            responsible: "head-of-it".into(),
            clause: Some("2".into()),
            until: Some("2027-07-31".into()),
            reason: Some("Only adults have the key of the room.".into()),
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
        malware: Some(toml::from_str("clamd = \"/run/clamav/clamd.ctl\"").unwrap()),
        tenants: Tenants {
            microsoft: vec!["contoso.example".into()],
            microsoft_directory: Some("8e6f4b2a-0c1d-4e5f-9a7b-1c2d3e4f5a6b".into()),
            microsoft_policy: Some("8e6f4b2a-0c1d-4e5f-9a7b-1c2d3e4f5a6b".into()),
            microsoft_personal: false,
            google: vec!["college.example".into()],
        },
        away: Away { spool_folder: Some(path()), ..Away::default() },
        checks: Checks { every_hours: 6 },
        gateways: Gateways {
            listen: Some("127.0.0.1:3".parse().unwrap()),
            pages: Some("127.0.0.1:3".parse().unwrap()),
            one_person_listeners: vec!["room-5".into()],
            credential_listeners: vec!["hall-2".into()],
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
        ("[malware]\nclamd = \"clamd.ctl\"\n", 14, "its socket"),
        ("[malware]\nclamd = \"/c\"\nscan_mb = 0\n", 15, "from 1 to 4000"),
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
    let listener = "[[listener]]\nname = \"hall\"\nlisten = \"0.0.0.0:3128\"\n";
    let bad = format!("{LEAST}{listener}reached_at = \"proxy college\"\n");
    assert!(Settings::parse(&bad).unwrap_err().message.contains("not a name or an address"));
    let direct = LEAST.replace("[portal]\n", "[portal]\ndirect_names = [\"*.com\"]\n");
    assert!(Settings::parse(&direct).unwrap_err().message.contains("one name"));
    let door = "[[dns]]\nname = \"a\"\nlisten = \"127.0.0.1:53\"\nupstream = [\"9.9.9.9\"]\n";
    assert!(Settings::parse(&format!("{LEAST}{door}")).is_ok());
    for (added, part) in [
        (door.replace("[\"9.9.9.9\"]", "[]"), "at least one resolver"),
        (door.replace("9.9.9.9", "nine"), "not the address of a resolver"),
        (door.replace("9.9.9.9", "127.0.0.1"), "this door itself"),
        (format!("{door}networks = {{ \"ten\" = \"learner\" }}\n"), "not a network"),
        (format!("{door}questions_per_second = 0\n"), "a number from 1"),
        (format!("{door}{door}"), "two DNS doors"),
    ] {
        let fault = Settings::parse(&format!("{LEAST}{added}")).unwrap_err();
        assert!(fault.message.contains(part), "{added}: {fault:?}");
    }
    let id = "8e6f4b2a-0c1d-4e5f-9a7b-1c2d3e4f5a6b";
    let whole = format!("microsoft = [\"contoso.example\", \"{id}\"]\nmicrosoft_directory = \"{id}\"\n");
    assert!(Settings::parse(&format!("{LEAST}[tenants]\ngoogle = [\"consumer_accounts\"]\n{whole}")).is_ok());
    for (added, part) in [
        ("microsoft = [\"contoso\"]\n".to_owned(), "'contoso' is no domain and no directory id"),
        ("google = [\"college.example, other.example\"]\n".to_owned(), "is no domain"),
        ("microsoft = [\"contoso.example\"]\n".to_owned(), "which directory sets the limit"),
        ("microsoft_directory = \"contoso.example\"\n".to_owned(), "an id as Entra shows it"),
        (format!("{whole}microsoft_policy = \"{id}\"\n"), "both say who may sign in"),
        (
            format!("microsoft_directory = \"{id}\"\nmicrosoft_policy = \"{id}\"\nmicrosoft_personal = false\n"),
            "says what personal accounts may do",
        ),
    ] {
        let fault = Settings::parse(&format!("{LEAST}[tenants]\n{added}")).unwrap_err();
        assert!(fault.message.contains(part), "{added}: {fault:?}");
    }
    let icap = "[[icap]]\nname = \"a\"\nlisten = \"127.0.0.1:1344\"\nclients = [\"10.20.0.2\"]\n";
    assert!(Settings::parse(&format!("{LEAST}{icap}")).is_ok());
    for (added, part) in [
        (icap.replace("[\"10.20.0.2\"]", "[]"), "at least one proxy"),
        (icap.replace("10.20.0.2", "squid"), "not a network"),
        (format!("{icap}username_from = [\"all\"]\n"), "not a network"),
        (format!("{icap}{icap}"), "two entrances"),
        (format!("{icap}[[listener]]\nname = \"a\"\nlisten = \"127.0.0.1:1\"\n"), "two entrances"),
    ] {
        let fault = Settings::parse(&format!("{LEAST}{added}")).unwrap_err();
        assert!(fault.message.contains(part), "{added}: {fault:?}");
    }
    let text = "[[listener]]\nname = \"a\"\nlisten = \"127.0.0.1:1\"\n";
    let fault = Settings::parse(&format!("{LEAST}{text}{text}")).unwrap_err();
    assert!(fault.message.contains("two listeners are called 'a'"), "{fault:?}");
}

#[test]
fn f09_the_proxy_file_names_what_browsers_can_reach() {
    let file = |listen: &str, added: &str| {
        let listener = format!("[[listener]]\nname = \"hall\"\nlisten = \"{listen}\"\n{added}");
        let text = LEAST.replace("http://127.0.0.1:8080", "https://Haven.college.test");
        Settings::parse(&format!("{text}{listener}")).unwrap().proxy_file()
    };
    let way = |listen: &str, added: &str| file(listen, added).ways[0].directive.clone();
    assert_eq!(way("10.20.4.1:3128", ""), "PROXY 10.20.4.1:3128");
    assert_eq!(way("0.0.0.0:3128", ""), "PROXY haven.college.test:3128", "everywhere is no place to go to");
    assert_eq!(way("[fd00::1]:3128", ""), "PROXY [fd00::1]:3128");
    assert_eq!(way("0.0.0.0:3128", "reached_at = \"Proxy.college.test\"\n"), "PROXY proxy.college.test:3128");
    assert_eq!(way("0.0.0.0:3128", "reached_at = \"proxy.college.test:8000\"\n"), "PROXY proxy.college.test:8000");
    let encrypted = way("0.0.0.0:3128", "credentials = true\ntls_name = \"Proxy.college.test\"\n");
    assert_eq!(encrypted, "HTTPS proxy.college.test:3128", "a proxy that speaks TLS is said to");
    assert_eq!(file("0.0.0.0:3128", "").direct, ["haven.college.test", "localhost"]);
}

#[test]
fn paths_are_seen_from_the_file_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("haven.toml");
    std::fs::write(&file, LEAST).unwrap();
    assert_eq!(Settings::read(&file).unwrap().policy.unwrap().pack, folder.path().join("pack"));
}

#[test]
fn f08_the_engine_is_set_by_socket_or_address() {
    let plan =
        |lines: &str| Settings::parse(&format!("{LEAST}[malware]\n{lines}")).unwrap().malware.unwrap().plan().unwrap();
    let by_socket = plan("clamd = \"/run/clamav/clamd.ctl\"\n");
    assert_eq!(by_socket.place, gateway::malware::Place::Socket("/run/clamav/clamd.ctl".into()));
    assert_eq!(by_socket.scan_bytes, gateway::malware::SCAN_LIMIT_BYTES);
    assert!(by_socket.downloads && by_socket.uploads && !by_socket.unscanned.is_empty());
    let by_address =
        plan("clamd = \"127.0.0.1:3310\"\nlonger_files = \"unchecked\"\nuploads = false\nunscanned = [\"Image/*\"]\n");
    assert_eq!(by_address.place, gateway::malware::Place::Tcp("127.0.0.1:3310".to_owned()));
    assert_eq!(by_address.longer, gateway::malware::Longer::Unchecked);
    assert!(!by_address.uploads && by_address.unscanned == ["image/*"]);
}

#[test]
fn f10_a_wrong_row_of_the_timetable_is_named_in_one_sentence() {
    let row = |more: &str| format!("{LEAST}\n[[timetable]]\nname = \"Row 1\"\n{more}\n");
    let class = "kind = \"class\"\nfrom = \"09:00\"\nto = \"12:30\"\n";
    let good = Settings::parse(&row(&format!("{class}days = [\"monday\", \"Friday\"]"))).unwrap();
    assert_eq!(good.timetable().rows.len(), 1);
    for (more, part) in [
        (format!("{class}days = [\"mondays\"]"), "'mondays' is no day"),
        (format!("{class}on = \"24 November\""), "'24 November' is no date"),
        (format!("{class}on = \"2026-11-24\"\ndays = [\"monday\"]"), "has days and on"),
        ("kind = \"class\"\nfrom = \"9am\"\nto = \"12:30\"".to_owned(), "'9am' is no time"),
        ("kind = \"class\"\nfrom = \"12:30\"\nto = \"12:30\"".to_owned(), "ends before it begins"),
        (format!("{class}networks = [\"room 4\"]"), "'room 4' is not a network"),
        (format!("{class}sites = [\"a.example\"]"), "only exams and closed hours have some"),
        (class.replace("class", "exam"), "for everybody everywhere"),
        (class.replace("class", "closed"), "for everybody everywhere"),
        (
            format!("{}groups = [\"learner\"]\nsites = [\"co.uk\"]", class.replace("class", "exam")),
            "'co.uk' is no site",
        ),
        (class.replace("class", "play"), "unknown variant"),
        (format!("{class}\n[[timetable]]\nname = \"Row 1\"\n{class}"), "two rows of the timetable"),
    ] {
        let fault = Settings::parse(&row(&more)).unwrap_err();
        assert!(fault.message.contains(part), "{more}: {}", fault.message);
        assert!(fault.line > 13, "{more}: line {}", fault.line);
    }
}

#[test]
fn f13_a_wrong_registration_of_a_device_is_named_in_one_sentence() {
    let row = |name: &str, more: &str| {
        format!("\n[[device]]\nname = \"{name}\"\ngroup = \"learner\"\nresponsible = \"head-of-it\"\n{more}\n")
    };
    let one = |more: &str| format!("{LEAST}{}", row("Consoles", more));
    let good = Settings::parse(&one("addresses = [\"10.20.9.7\", \"fd00:9::/64\"]\nuntil = \"2027-07-31\"")).unwrap();
    assert_eq!(good.devices().all.len(), 1);
    let here = "addresses = [\"10.20.9.0/24\"]";
    for (text, part) in [
        (one("addresses = []"), "has no address"),
        (one("addresses = [\"the common room\"]"), "'the common room' is not a network"),
        (one("addresses = [\"10.0.0.0/8\"]"), "too wide a range"),
        (one("addresses = [\"fd00::/32\"]"), "/48 is the widest"),
        (one(&format!("{here}\nuntil = \"next summer\"")), "'next summer' is no date"),
        (one(&format!("{here}\nowner = \"me\"")), "unknown field `owner`"),
        (format!("{LEAST}{}", row("", here)), "a name of up to 50 letters"),
        (format!("{LEAST}{}", row(&"x".repeat(51), here)), "a name of up to 50 letters"),
        (
            format!("{}{}", one(here), row("Consoles", "addresses = [\"10.20.9.9\"]")),
            "two devices are called 'Consoles'",
        ),
        (
            format!("{}{}", one(here), row("Screens", "addresses = [\"10.20.9.99/24\"]")),
            "'Consoles' and 'Screens' have the very same",
        ),
    ] {
        let fault = Settings::parse(&text).unwrap_err();
        assert!(fault.message.contains(part), "{text}: {}", fault.message);
        assert!(fault.line > 13, "{text}: line {}", fault.line);
    }
    let nested = format!("{}{}", one(here), row("One console", "addresses = [\"10.20.9.9\"]"));
    assert_eq!(Settings::parse(&nested).unwrap().devices().all.len(), 2, "a range in a range is no fault");
}
