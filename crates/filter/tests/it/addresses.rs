//! One normal form for every address.

use filter::Address;
use filter::address::{ADDRESS_LIMIT_BYTES, AddressError};
use proptest::prelude::*;

fn normal(url: &str) -> String {
    Address::parse(url).unwrap().to_normal()
}

#[test]
fn f01_many_spellings_have_one_form() {
    let cases = [
        ("HTTP://Example.TEST:80", "http://example.test/"),
        ("https://example.test.:443/a/../b//c/./%7Euser?Q=%41", "https://example.test/b/c/~user?Q=A"),
        ("  http://example.test/\n", "http://example.test/"),
        ("http://bücher.test/ä", "http://xn--bcher-kva.test/%C3%A4"),
        ("http://example。test/", "http://example.test/"),
        ("http://%65xample.test/%2e%2E/x", "http://example.test/x"),
        ("http:\\\\example.test\\a\\b", "http://example.test/a/b"),
        ("http://name:word@example.test:8080/?", "http://example.test:8080/"),
        ("http://a@b@example.test/", "http://example.test/"),
        ("http://example.test/a%2fb#part", "http://example.test/a%2Fb"),
        ("http://0300.0250.1/", "http://192.168.0.1/"),
        ("http://0xC0A80001/", "http://192.168.0.1/"),
        ("http://3232235521/", "http://192.168.0.1/"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://[::ffff:192.0.2.1]/", "http://192.0.2.1/"),
        ("http://[2001:DB8:0:0::1]:81/", "http://[2001:db8::1]:81/"),
        ("http://[::FFFF:c000:201]/", "http://192.0.2.1/"),
        ("http://127.0.0.1./", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://017700000001/", "http://127.0.0.1/"),
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
        ("http://%31%32%37.0.0.1/", "http://127.0.0.1/"),
        ("http://EXAMPLE.test.:80/", "http://example.test/"),
        ("http://ex\u{ad}ample.test/", "http://example.test/"),
        ("http://example.test:/", "http://example.test/"),
        ("http://good.test%2F@example.test/", "http://example.test/"),
        ("http://good.test\\@example.test/", "http://good.test/@example.test/"),
        ("http://example.test/%252e%252e/a", "http://example.test/%252e%252e/a"),
        ("wss://example.test/chat", "wss://example.test/chat"),
    ];
    for (written, form) in cases {
        assert_eq!(normal(written), form, "{written}");
    }
}

#[test]
fn f01_what_is_no_address_is_refused_with_a_reason() {
    for url in ["", "example.test", "example.test:80", "/path", "http:", "http://", "http:///", "http://:80/"] {
        assert!(matches!(Address::parse(url), Err(AddressError::NoScheme | AddressError::NoHost)), "{url}");
    }
    assert!(matches!(Address::parse("ftp://example.test/"), Err(AddressError::UnknownScheme(_))));
    for url in [
        "http://exa mple.test/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://a..b/",
        "http://[::1/",
        "http://[::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[v1.x]/",
        "http://4294967296/",
        "http://08.1.1.1/",
        "http://example.test../",
        "http://a%00b/",
    ] {
        assert!(matches!(Address::parse(url), Err(AddressError::BadHost(_))), "{url}");
    }
    for url in ["http://example.test:0/", "http://example.test:99999/", "http://example.test:+80/"] {
        assert!(matches!(Address::parse(url), Err(AddressError::BadPort(_))), "{url}");
    }
    let long = format!("http://example.test/{}", "a".repeat(ADDRESS_LIMIT_BYTES));
    assert_eq!(Address::parse(&long), Err(AddressError::TooLong));
    let grows = format!("http://example.test/{}x", " ".repeat(ADDRESS_LIMIT_BYTES / 2));
    assert_eq!(Address::parse(&grows), Err(AddressError::TooLong), "its normal form is too long");
}

#[test]
fn a_tunnel_has_a_host_and_a_port() {
    let address = Address::from_authority("Example.test:443").unwrap();
    assert_eq!((address.scheme(), address.host(), address.port()), ("connect", "example.test", 443));
    assert!(Address::from_authority("example.test").is_err());
    assert_eq!(Address::from_authority("[::1]:8443").unwrap().host(), "::1");
}

#[test]
fn a_record_has_neither_user_name_nor_query() {
    let address = Address::parse("https://me:secret@example.test/a?q=private").unwrap();
    assert_eq!(address.to_record(), "https://example.test/a");
}

#[test]
fn names_above_a_host_come_longest_first() {
    let chain = |url: &str| Address::parse(url).unwrap().host_chain().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(chain("http://a.b.test/"), ["a.b.test", "b.test", "test"]);
    assert_eq!(chain("http://192.0.2.1/"), ["192.0.2.1"]);
}

#[test]
fn f09_addresses_inside_addresses_are_found_also_twice_wrapped() {
    let inside = |url: &str| Address::parse(url).unwrap().embedded().iter().map(Address::to_normal).collect::<Vec<_>>();
    assert_eq!(inside("https://a.test/?url=https%253A%252F%252Fb.test%252Fx"), ["https://b.test/x"]);
    assert_eq!(
        inside("https://a.test/go/http://b.test/?u=http://c.test/"),
        ["http://b.test/?u=http://c.test/", "http://c.test/"]
    );
    assert_eq!(inside("https://www.google.com/amp/s/b.test/page"), ["http://b.test/page"]);
    let carried = [
        ("https://translate.google.co.uk/translate?sl=auto&u=b.test/page", "http://b.test/page"),
        ("https://www-b--c-test.translate.goog/page?x=1&_x_tr_sl=de", "https://www.b-c.test/page?x=1&_x_tr_sl=de"),
        ("https://www.translatetheweb.com/?from=&to=en&a=https%3A%2F%2Fb.test%2F", "https://b.test/"),
        ("https://fanyi.baidu.com/transpage?query=https%3A%2F%2Fb.test%2F", "https://b.test/"),
        ("https://webcache.googleusercontent.com/search?q=cache:AbC:b.test/page", "http://b.test/page"),
        ("https://web.archive.org/web/2020id_/http://b.test/page", "http://b.test/page"),
        ("https://web.archive.org/web/2020/b.test/page", "http://b.test/page"),
        ("https://archive.ph/newest/https://b.test/", "https://b.test/"),
        ("https://www.google.com/imgres?imgurl=https%3A%2F%2Fb.test%2Fa.png", "https://b.test/a.png"),
        ("https://images.weserv.nl/?url=b.test/a.png", "http://b.test/a.png"),
        ("https://i0.wp.com/b.test/a.png?w=100", "http://b.test/a.png"),
        ("https://a.test/browse.php?u=aHR0cDovL2IudGVzdC9wYWdl&b=4", "http://b.test/page"),
        ("https://a.test/p/aHR0cHM6Ly9iLnRlc3Qv", "https://b.test/"),
        ("https://camo.a.test/0a1b/68747470733a2f2f622e746573742f612e706e67", "https://b.test/a.png"),
        ("https://a.test/index.php?q=uggc%3A%2F%2Fo.grfg%2Fcntr", "http://b.test/page"),
        ("https://a.test/nph-proxy.cgi/000100A/http/www.example.com/page", "http://www.example.com/page"),
        ("https://a.test/proxy/http%253A%252F%252Fb.test%252F", "http://b.test/"),
        ("http://[64:ff9b::192.0.2.1]/", "http://192.0.2.1/"),
        ("http://[2002:c000:0201::1]/", "http://192.0.2.1/"),
        ("http://[::192.0.2.1]/", "http://192.0.2.1/"),
    ];
    for (url, inner) in carried {
        assert_eq!(inside(url), [inner], "{url}");
    }
    for url in [
        "http://[::1]/",
        "https://a.test/docs/http/server.html",
        "https://a.test/aHR0cDovbad!",
        "https://a.test/?file=notes.txt",
    ] {
        assert_eq!(inside(url), [] as [&str; 0], "{url}");
    }
    assert_eq!(inside("https://a.test/?q=what+is+http"), [] as [&str; 0]);
    assert_eq!(inside("https://a.test/index.php?page=home.php"), [] as [&str; 0]);
}

#[test]
fn f09_an_address_that_carries_more_than_is_read_says_so() {
    let carried = |url: &str| Address::parse(url).unwrap().carried();
    let decoys = |count: usize| (0..count).map(|number| format!("a=d{number}.test&")).collect::<String>();
    let translated =
        |count: usize| format!("https://translate.google.com/translate?{}u=https://last.test/", decoys(count));
    let few = carried(&translated(20));
    assert!(!few.has_more && few.addresses.last().unwrap().host() == "last.test", "{few:?}");
    let many = carried(&translated(filter::address::EMBEDDED_LIMIT_ADDRESSES));
    assert!(many.has_more && many.addresses.len() == filter::address::EMBEDDED_LIMIT_ADDRESSES);
    let nested = |count: usize| {
        let outer: String = (0..count).map(|number| format!("http://a{number}.test/?u=")).collect();
        format!("{outer}http://last.test/")
    };
    let four = carried(&nested(5));
    assert!(!four.has_more && four.addresses.last().unwrap().host() == "last.test", "{four:?}");
    assert!(carried(&nested(12)).has_more);
}

proptest! {
    #[test]
    fn f01_no_text_makes_reading_an_address_panic(text in "\\PC{0,200}") {
        for url in [text.clone(), format!("http://{text}"), format!("http://a.test/{text}"), format!("http://a.test/?u={text}")] {
            if let Ok(address) = Address::parse(&url) {
                let _ = (address.embedded(), filter::search::terms(&address), address.host_chain().count());
            }
        }
        let _ = Address::from_authority(&text);
    }

    #[test]
    fn f01_the_normal_form_of_a_normal_form_is_itself(host in "[a-zA-Z0-9.%-]{1,30}", rest in "\\PC{0,60}") {
        for url in [format!("http://{host}/{rest}"), format!("https://a.test:8443/{rest}"), format!("http://a.test/?{rest}")] {
            if let Ok(address) = Address::parse(&url) {
                let again = Address::parse(&address.to_normal()).unwrap();
                prop_assert_eq!(&again, &address, "{}", url);
            }
        }
    }
}
