//! Each way in which list makers write their lists: what is used, and each line that is not, with its number and why.

use filter::Address;
use filter::lists::{Builder, Columns, FileReport, Format, Lists};

fn read(path: &str, text: &str) -> (FileReport, Lists) {
    let mut builder = Builder::new();
    let report = builder.add_file(path, text.as_bytes());
    (report, Lists::open(builder.finish()).unwrap())
}

fn refused(report: &FileReport) -> Vec<(usize, &str)> {
    report.refused.iter().map(|refusal| (refusal.line, refusal.why.as_str())).collect()
}

#[track_caller]
fn refuses(report: &FileReport, wanted: &[(usize, &str)]) {
    let found = refused(report);
    assert_eq!(found.len(), wanted.len(), "{found:?}");
    for ((line, why), (at, part)) in found.iter().zip(wanted) {
        assert!(line == at && why.contains(part), "line {line}: {why}; not line {at}: {part}");
    }
}

fn names(lists: &Lists, host: &str) -> Vec<String> {
    lists.lookup_host(host).into_iter().map(|hit| format!("{} {}", hit.entry, hit.codes.join(","))).collect()
}

const ZONE: &str = "\
$TTL 30
@ SOA localhost. root.localhost. 1 43200 3600 86400 300
  NS  localhost.
; Title: dice
dice.test CNAME .
*.dice.test CNAME .
cards.test 300 IN CNAME *.
0.test IN A 0.0.0.0
six.test AAAA ::
drop.test CNAME rpz-drop. ; note
*.wild.test CNAME .
good.test CNAME rpz-passthru.
search.test CNAME safe.search.test.
lost.test A 192.0.2.7
24.0.2.0.192.rpz-ip CNAME .
co.uk CNAME .
text.test TXT \"hello\"
$INCLUDE other.zone
";

#[test]
fn f04_a_response_policy_zone_is_read_and_its_exceptions_and_detours_are_not() {
    let (report, lists) = read("games.rpz", ZONE);
    assert_eq!((report.format, report.accepted), (Format::Rpz, 7), "{:?}", refused(&report));
    refuses(
        &report,
        &[
            (12, "a block list opens nothing"),
            (13, "leads the name to safe.search.test."),
            (14, "leads the name to 192.0.2.7"),
            (15, "rpz-ip"),
            (16, "public suffix"),
            (17, "not TXT"),
            (18, "$INCLUDE"),
        ],
    );
    for host in ["www.dice.test", "cards.test", "0.test", "six.test", "drop.test", "a.wild.test"] {
        assert_eq!(names(&lists, host).len(), 1, "{host}");
    }
    for host in ["good.test", "search.test", "lost.test", "localhost"] {
        assert_eq!(names(&lists, host).len(), 0, "{host}");
    }
}

#[test]
fn f04_names_of_a_zone_end_where_the_zone_begins() {
    let zone = "$ORIGIN rpz.maker.test.\n@ 3600 IN SOA ns. root. (\n 1\n 2 3 4 5 )\ndice.test.rpz.maker.test. CNAME .\n\
                cards.test CNAME .\n$ORIGIN example.rpz.maker.test.\nslots CNAME .\nother.test. CNAME .\n";
    let (report, lists) = read("games.zone", zone);
    assert_eq!((report.format, report.accepted), (Format::Rpz, 3), "{:?}", refused(&report));
    refuses(&report, &[(9, "outside its own zone")]);
    for host in ["dice.test", "cards.test", "slots.example"] {
        assert_eq!(names(&lists, host).len(), 1, "{host}");
    }
    assert_eq!(names(&lists, "x.rpz.maker.test").len(), 0);
    // The first record of a zone may name it instead of $ORIGIN.
    let (report, _) = read("z.txt", "rpz.test. SOA a. b. 1 2 3 4 5\ndice.test.rpz.test. CNAME .\n");
    assert_eq!((report.format, report.accepted), (Format::Rpz, 1));
    let (report, _) = read("z.txt", "dice.test. CNAME .\ncards.test. CNAME .\n");
    refuses(&report, &[(1, "does not say its name"), (2, "does not say its name")]);
}

#[test]
fn f04_a_list_of_wildcards_means_the_names_and_a_star_elsewhere_is_refused() {
    let (report, lists) =
        read("gambling-wild.txt", "# t\n*.one.test\n*.two.test\nads*.three.test\n*.*.four.test\n*.uk\n");
    assert_eq!((report.format, report.accepted), (Format::Wildcard, 2));
    refuses(&report, &[(4, "only in front"), (5, "only in front"), (6, "public suffix")]);
    assert_eq!(names(&lists, "a.one.test"), ["one.test gambling"]);
    assert_eq!(names(&lists, "two.test"), ["two.test gambling"]);
    for (path, text) in [("a.txt", "||ads*.x.test^\n"), ("b", "0.0.0.0 ads*.x.test\n"), ("c", "address=/a*.x.test/\n")]
    {
        refuses(&read(path, text).0, &[(1, "only in front")]);
    }
}

#[test]
fn f04_a_table_is_read_by_its_titles_by_the_settings_or_by_what_stands_in_it() {
    let titled =
        "# id,dateadded,url,threat\n\"1\",\"2026-01-02\",\"http://one.test/a,b\",\"x\"\n\"2\",\"d\",\"\",\"x\"\n\"3\n";
    let (report, lists) = read("malware.csv", titled);
    assert_eq!(
        (report.format, report.accepted, report.codes.as_slice()),
        (Format::Csv, 1, &["malware".to_owned()][..])
    );
    refuses(&report, &[(3, "nothing stands in column 3"), (4, "quotation mark")]);
    assert_eq!(lists.lookup(&Address::parse("http://one.test/a,b").unwrap()).len(), 1);

    let by_line = "Domain;Category\nDice.test;Gambling\npills.test;drogue\nplain.test;\n";
    let (report, lists) = read("mixed.txt", by_line);
    assert_eq!((report.format, report.accepted, report.refused.len()), (Format::Csv, 3, 0), "{report:?}");
    let hits = lists.lookup_host("dice.test");
    assert_eq!((hits[0].list.as_str(), hits[0].codes.as_slice()), ("mixed/Gambling", &["gambling".to_owned()][..]));
    assert_eq!(names(&lists, "pills.test"), ["pills.test drugs"]);
    assert_eq!(names(&lists, "plain.test"), ["plain.test mixed"]);

    let (report, lists) = read("gambling.csv", "1,dice.test\n2,cards.test\n3,co.uk\n");
    assert_eq!((report.format, report.accepted), (Format::Csv, 2));
    refuses(&report, &[(3, "public suffix")]);
    assert_eq!(names(&lists, "cards.test"), ["cards.test gambling"]);

    let mut builder = Builder::new();
    builder.set_columns(&Columns { name: Some("2".to_owned()), category: Some("3".to_owned()) });
    let text = b"a.test\tb.test\tgambling\n";
    assert_eq!(builder.add_file("bought/x/domains", text).accepted, 1);
    let lists = Lists::open(builder.finish()).unwrap();
    assert_eq!(names(&lists, "b.test"), ["b.test gambling"]);
    assert_eq!(names(&lists, "a.test").len(), 0);

    let (report, _) = read("figures.csv", "1,2\n3,4\n");
    refuses(&report, &[(1, "no column"), (2, "no column")]);
}

#[test]
fn f04_a_list_of_addresses_with_commas_is_no_table() {
    let (report, _) = read("ut1/games/urls", "one.test/a,b;c\ntwo.test/x?p=1,2\n");
    assert_eq!((report.format, report.accepted), (Format::Plain, 2));
}

#[test]
fn f04_files_of_e2guardian_are_told_by_their_names() {
    let site = "#Blanket\n#**\n**\n.Include</etc/e2guardian/lists/common/Local>\n.include<x>\nbad.test\n.com\n#time: 9 0 17 0 0\n";
    let (report, _) = read("lists/bannedsitelist", site);
    assert_eq!((report.format, report.accepted, report.note.as_str()), (Format::Plain, 1, ""));
    refuses(&report, &[(3, "closes everything"), (4, "not followed"), (5, "not followed"), (7, "public suffix")]);
    let (report, _) = read("lists/localbannedurllist", "bad.test/page\n");
    assert_eq!((report.format, report.accepted), (Format::Plain, 1));
    for (name, format) in [
        ("exceptionsitelist", Format::Exceptions),
        ("greyurllist", Format::Exceptions),
        ("localexceptionsitelist", Format::Exceptions),
        ("nocheckcertsitelist", Format::Exceptions),
        ("bannedregexpurllist", Format::Expressions),
        ("weightedphraselist", Format::Phrases),
        ("exceptionphraselist", Format::Phrases),
    ] {
        let (report, lists) = read(&format!("lists/{name}"), "good.test\n");
        assert_eq!((report.format, report.accepted, report.refused.len()), (format, 0, 1), "{name}");
        assert!(!report.note.is_empty() && names(&lists, "good.test").is_empty(), "{name}");
    }
    for name in ["bannedextensionlist", "bannedmimetypelist", "bannediplist", "filtergroupslist"] {
        let (report, _) = read(&format!("lists/{name}"), "good.test\n");
        assert_eq!((report.format, report.accepted, report.refused.len()), (Format::NotAList, 0, 0), "{name}");
    }
}

#[test]
fn f04_phrases_with_weights_are_named_and_not_taken_for_websites() {
    let text = "#listcategory: \"x\"\n< lottery tickets ><50>\n<poker>,< chips ><20>\n<library><-30>\n";
    let (report, _) = read("phraselists/gambling/weighted", text);
    assert_eq!((report.format, report.accepted), (Format::Phrases, 0));
    refuses(&report, &[(2, "phrase with a weight"), (3, "phrase with a weight"), (4, "phrase with a weight")]);
    assert!(report.note.contains("docs/word-packs.md"));
    let (report, _) = read("page.html", "<html>\n<p>Please sign in.</p>\n</html>\n");
    assert_eq!((report.format, report.accepted), (Format::Plain, 0), "a page is no list of phrases");
}

#[test]
fn f04_what_leads_elsewhere_closes_nothing() {
    let (report, _) = read("hosts", "0.0.0.0 one.test\n216.239.38.120 www.search.test\n::1 two.test\n");
    assert_eq!((report.format, report.accepted), (Format::Hosts, 2));
    refuses(&report, &[(2, "safe searching is set")]);
    let (report, _) =
        read("x.conf", "address=/one.test/#\nserver=/corp.test/192.0.2.53\nlocal=/two.test/\naddress=/a.test/::\n");
    assert_eq!((report.format, report.accepted), (Format::Dnsmasq, 3));
    refuses(&report, &[(2, "192.0.2.53")]);
    let (report, _) = read("ads.txt", "||one.test^$important\n||two.test^$third-party\n/ban(ner)?/\n@@||x.test^\n");
    assert_eq!((report.format, report.accepted), (Format::Adblock, 1));
    refuses(&report, &[(2, "options"), (3, "regular expression"), (4, "opens nothing")]);
}

#[test]
fn f04_a_usage_file_says_what_its_maker_means_and_is_not_followed() {
    let (report, _) = read("ut1/bank/usage", "# c\nwhite\n");
    assert_eq!((report.format, report.accepted, report.refused.len()), (Format::NotAList, 0, 0));
    assert!(report.note.contains("(white)") && report.note.contains("your policy says"), "{}", report.note);
    let (report, _) = read("ut1/malware/expressions", "(bad|worse)\n");
    assert!(report.note.contains("regular expressions") && report.refused.len() == 1);
}
