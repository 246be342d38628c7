//! List files: every format, every refused line, the compiled file, and what happens when it is damaged.

use filter::Address;
use filter::lists::{Builder, Format, Hit, Lists, ListsError};
use proptest::prelude::*;

fn compiled(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new();
    for (path, text) in files {
        builder.add_file(path, text.as_bytes());
    }
    builder.finish()
}

fn open(files: &[(&str, &str)]) -> Lists {
    Lists::open(compiled(files)).unwrap()
}

fn entries(hits: &[Hit]) -> Vec<String> {
    hits.iter().map(|hit| format!("{} {}", hit.entry, hit.codes.join(","))).collect()
}

#[test]
fn f04_every_format_is_told_apart_and_read() {
    let cases = [
        ("ut1/gambling/domains", "one.test\ntwo.test\n", Format::Plain),
        ("gambling-hosts", "# title\n127.0.0.1 localhost\n0.0.0.0 one.test\n0.0.0.0 two.test # note\n", Format::Hosts),
        ("adguard_gambling-ags.txt", "! title\n[Adblock Plus]\n||one.test^\n||two.test^\n", Format::Adblock),
        ("gambling.conf", "address=/one.test/0.0.0.0\nserver=/two.test/\n", Format::Dnsmasq),
        ("gambling-wild.txt", "*.one.test\n.two.test\n", Format::Plain),
        ("gambling-windows.txt", "one.test\r\ntwo.test\r\n", Format::Plain),
    ];
    for (path, text, format) in cases {
        let mut builder = Builder::new();
        let report = builder.add_file(path, text.as_bytes());
        assert_eq!((report.format, report.accepted, report.refused.len()), (format, 2, 0), "{path}: {report:?}");
        assert_eq!(report.codes, ["gambling"], "{path}");
        let lists = Lists::open(builder.finish()).unwrap();
        assert_eq!(lists.lookup_host("www.one.test").len(), 1, "{path}");
        assert_eq!(lists.lookup_host("two.test").len(), 1, "{path}");
        assert_eq!(lists.lookup_host("three.test").len(), 0, "{path}");
    }
}

#[test]
fn f04_refused_lines_are_named_with_the_reason() {
    let text = "good.test\nco.uk\ntest\nlocalhost\n127.0.0.1\nbad host.test\nexa_mple..test\n256.1.1.1\ngithub.io\n";
    let report = Builder::new().add_file("mixed/domains", text.as_bytes());
    let refused: Vec<(usize, &str)> =
        report.refused.iter().map(|refusal| (refusal.line, refusal.text.as_str())).collect();
    let expected = [
        (2, "co.uk"),
        (3, "test"),
        (4, "localhost"),
        (5, "127.0.0.1"),
        (6, "bad host.test"),
        (7, "exa_mple..test"),
        (8, "256.1.1.1"),
    ];
    assert_eq!(refused, expected);
    assert!(report.refused[0].why.contains("public suffix"));
    assert_eq!(report.accepted, 2, "a company's suffix may be listed");
    let long = format!("{}.test\n", "a.".repeat(2000));
    assert!(Builder::new().add_file("x.txt", long.as_bytes()).refused[0].why.contains("longer than"));
}

#[test]
fn f04_rules_that_mean_less_than_a_host_are_refused() {
    let text = "||one.test^$third-party\n@@||two.test^\n||three.test^\nfour.test##.ad\n||five.test/path\n";
    let report = Builder::new().add_file("ads.txt", text.as_bytes());
    assert_eq!((report.format, report.accepted, report.refused.len()), (Format::Adblock, 1, 4));
    let report = Builder::new().add_file("ut1/drogue/expressions", b"(poker|casino)\n");
    assert_eq!((report.format, report.accepted, report.refused.len()), (Format::Expressions, 0, 1));
    let report = Builder::new().add_file("ut1/drogue/usage", b"black\n");
    assert_eq!((report.format, report.accepted, report.refused.len()), (Format::NotAList, 0, 0));
}

#[test]
fn f01_suffixes_match_most_specific_first_and_nothing_else_does() {
    let lists = open(&[("games.txt", "example.test\nplay.example.test\n"), ("chat.txt", "example.test\n")]);
    assert_eq!(
        entries(&lists.lookup_host("www.play.example.test")),
        ["play.example.test games", "example.test chat", "example.test games"]
    );
    for host in ["example.test.evil", "notexample.test", "test", "xample.test", "", "."] {
        assert_eq!(lists.lookup_host(host), [], "{host}");
    }
}

#[test]
fn f01_paths_match_whole_segments_on_the_host_and_its_www() {
    let lists =
        open(&[("ut1/drogue/urls", "example.test/pills/\nwww.other.test/shop?id=5\n192.0.2.4/x\nroot.test/\n")]);
    let hit = |url: &str| entries(&lists.lookup(&Address::parse(url).unwrap()));
    for url in [
        "http://example.test/pills",
        "https://www.example.test/pills/a?b",
        "http://example.test/pills?x",
        "http://example.test/a/../%70ills/",
    ] {
        assert_eq!(hit(url), ["example.test/pills drugs"], "{url}");
    }
    for url in ["http://example.test/pillscope", "http://example.test/", "http://a.example.test/pills"] {
        assert_eq!(hit(url), [] as [&str; 0], "{url}");
    }
    assert_eq!(hit("http://other.test/shop?id=5&x=1"), ["other.test/shop?id=5 drugs"]);
    assert_eq!(hit("http://other.test/shop?id=55"), [] as [&str; 0]);
    assert_eq!(hit("http://0300.0.2.4/x/y"), ["192.0.2.4/x drugs"]);
    assert_eq!(hit("http://sub.root.test/any"), ["root.test drugs"]);
    let tunnel = Address::from_authority("example.test:443").unwrap();
    assert_eq!(lists.lookup(&tunnel), [], "the path of a tunnel is not known");
}

#[test]
fn f04_the_same_files_give_the_same_bytes_in_any_order() {
    let (a, b, c) = (("games.txt", "one.test\ntwo.test\n"), ("chat.txt", "two.test\n"), ("x/urls", "one.test/a\n"));
    assert_eq!(compiled(&[a, b, c]), compiled(&[c, b, a]));
}

#[test]
fn f04_counts_and_provenance_are_kept() {
    let stat = open(&[("l/games.txt", "one.test\ntwo.test\n"), ("l/chat.txt", "two.test\nthree.test/a\n")]).stat();
    assert_eq!((stat.names, stat.urls, stat.segments), (2, 1, 1));
    assert_eq!(stat.codes, [("chat".to_owned(), 2), ("games".to_owned(), 2)]);
    assert_eq!(stat.built_from, [("l/chat".to_owned(), 2), ("l/games".to_owned(), 2)]);
}

#[test]
fn f04_a_delta_answers_as_if_built_afresh() {
    let base = compiled(&[("games.txt", "one.test\ntwo.test\ngone.test\n"), ("x/urls", "one.test/a\n")]);
    let new: &[(&str, &str)] =
        &[("games.txt", "one.test\nfour.test\n"), ("chat.txt", "two.test\n"), ("x/urls", "one.test/b\n")];
    let mut builder = Builder::new();
    for (path, text) in new {
        builder.add_file(path, text.as_bytes());
    }
    let bytes = builder.finish_delta(&base).unwrap();
    let (delta, fresh) = (Lists::open(bytes).unwrap(), open(new));
    for host in ["one.test", "two.test", "gone.test", "four.test", "www.two.test", "five.test"] {
        assert_eq!(delta.lookup_host(host), fresh.lookup_host(host), "{host}");
    }
    for url in ["http://one.test/a", "http://one.test/b"] {
        let address = Address::parse(url).unwrap();
        assert_eq!(delta.lookup(&address), fresh.lookup(&address), "{url}");
    }
    let (old, new) = (delta.stat(), fresh.stat());
    assert_eq!((old.names, old.urls, old.codes, old.built_from), (new.names, new.urls, new.codes, new.built_from));
    assert_eq!(old.segments, 2);
}

#[test]
fn f04_a_damaged_file_is_refused_in_plain_words() {
    let good = compiled(&[("games.txt", "one.test\n")]);
    assert_eq!(Lists::open(b"".to_vec()).unwrap_err(), ListsError::NotAListFile);
    assert_eq!(Lists::open(b"one.test\ntwo.test\n".to_vec()).unwrap_err(), ListsError::NotAListFile);
    assert_eq!(Lists::open(good[..good.len() - 1].to_vec()).unwrap_err(), ListsError::WrongLength);
    assert_eq!(Lists::open([good.as_slice(), b"x"].concat()).unwrap_err(), ListsError::WrongLength);
    let mut other = good.clone();
    other[8] = 2;
    assert_eq!(Lists::open(other).unwrap_err(), ListsError::OtherVersion(2));
}

#[test]
fn f04_no_single_flipped_byte_goes_unseen() {
    let good = compiled(&[("games.txt", "one.test\ntwo.test\n"), ("x/urls", "one.test/a\n")]);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        assert!(Lists::open(bad).is_err(), "byte {at}");
    }
}

proptest! {
    #[test]
    fn f04_no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Lists::open(bytes.clone());
        let good = compiled(&[("games.txt", "one.test\n")]);
        let _ = Lists::open([&good[..64], &bytes].concat());
    }

    #[test]
    fn f04_no_line_makes_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), path in "\\PC{0,30}") {
        for path in [path.as_str(), "ut1/x/urls", "x-hosts", "y.txt"] {
            let mut builder = Builder::new();
            builder.add_file(path, &bytes);
            prop_assert!(Lists::open(builder.finish()).is_ok());
        }
    }

    #[test]
    fn f01_the_index_holds_exactly_what_was_put_in(names in proptest::collection::btree_set("[a-c]{1,3}(\\.[a-c]{1,2}){0,2}\\.test", 0..60), asked in "[a-c]{1,3}(\\.[a-c]{1,2}){0,3}\\.test") {
        let text: String = names.iter().map(|name| format!("{name}\n")).collect();
        let lists = open(&[("games.txt", &text)]);
        prop_assert_eq!(lists.stat().names, names.len() as u64);
        let mut expected: Vec<&String> = names.iter().filter(|name| asked == **name || asked.ends_with(&format!(".{name}"))).collect();
        expected.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let found: Vec<String> = lists.lookup_host(&asked).into_iter().map(|hit| hit.entry).collect();
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }
}
