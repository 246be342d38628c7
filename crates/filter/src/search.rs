//! Search engines: the words somebody searched for, and the changes that switch an engine's own safe mode on.

use serde::Serialize;

use crate::address::{Address, decoded, pairs};
use crate::decision::Edit;
use crate::phrases::normal_text;

/// Longest search that is kept and judged.
pub const SEARCH_LIMIT_CHARS: usize = 500;
/// What YouTube is asked for where a profile restricts it.
pub const YOUTUBE_RESTRICT: &str = "Moderate";

/// What somebody searched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SearchTerms {
    /// Name of the engine: `google`.
    pub engine: String,
    /// In one form (case, accents, disguises), in the order in which they stand.
    pub words: Vec<String>,
    /// As it was typed.
    pub raw: String,
}

/// How one engine is recognised.
struct Engine {
    name: &'static str,
    host: Host,
    /// Paths of its result pages; a path ends where the next segment begins. Never its as-you-type suggestions: half a
    /// word is nobody's search.
    paths: &'static [&'static str],
    /// Query names that carry the search, first found wins.
    names: &'static [&'static str],
    /// Query change for its safe mode.
    safe: Option<(&'static str, &'static str)>,
}

enum Host {
    /// This host and everything below it.
    Below(&'static str),
    /// This label before any public suffix, with or without one label before it: `google.co.uk`, `www.google.de`.
    AnyCountry(&'static str),
}

const ENGINES: &[Engine] = &[
    Engine {
        name: "google",
        host: Host::AnyCountry("google"),
        paths: &["/search", "/webhp", "/images", "/imghp", "/scholar"],
        names: &["q", "as_q"],
        safe: Some(("safe", "active")),
    },
    Engine {
        name: "bing",
        host: Host::Below("bing.com"),
        paths: &["/search", "/images", "/videos", "/news", "/shop"],
        names: &["q"],
        safe: Some(("adlt", "strict")),
    },
    Engine {
        name: "duckduckgo",
        host: Host::Below("duckduckgo.com"),
        paths: &["/html", "/lite"],
        names: &["q"],
        safe: Some(("kp", "1")),
    },
    Engine {
        name: "yahoo",
        host: Host::Below("search.yahoo.com"),
        paths: &["/search", "/mobile"],
        names: &["p"],
        safe: Some(("vm", "r")),
    },
    Engine {
        name: "ecosia",
        host: Host::Below("ecosia.org"),
        paths: &["/search", "/images", "/videos", "/news"],
        names: &["q"],
        safe: None,
    },
    Engine {
        name: "brave",
        host: Host::Below("search.brave.com"),
        paths: &["/search", "/images", "/videos", "/news"],
        names: &["q"],
        safe: Some(("safesearch", "strict")),
    },
    Engine {
        name: "youtube",
        host: Host::Below("youtube.com"),
        paths: &["/results"],
        names: &["search_query", "q"],
        safe: None,
    },
    Engine {
        name: "startpage",
        host: Host::Below("startpage.com"),
        paths: &["/do", "/sp", "/rvd"],
        names: &["query", "q"],
        safe: Some(("qadf", "heavy")),
    },
    Engine {
        name: "qwant",
        host: Host::Below("qwant.com"),
        paths: &[],
        names: &["q"],
        safe: Some(("safesearch", "2")),
    },
    Engine {
        name: "yandex",
        host: Host::AnyCountry("yandex"),
        paths: &["/search", "/images"],
        names: &["text"],
        safe: None,
    },
    Engine { name: "mojeek", host: Host::Below("mojeek.com"), paths: &["/search"], names: &["q"], safe: None },
    Engine { name: "kiddle", host: Host::Below("kiddle.co"), paths: &["/s.php"], names: &["q"], safe: None },
    Engine { name: "aol", host: Host::Below("search.aol.com"), paths: &["/aol"], names: &["q"], safe: None },
    Engine {
        name: "wikipedia",
        host: Host::Below("wikipedia.org"),
        paths: &["/w/index.php", "/wiki/Special:Search"],
        names: &["search"],
        safe: None,
    },
    Engine {
        name: "amazon",
        host: Host::AnyCountry("amazon"),
        paths: &["/s"],
        names: &["k", "field-keywords"],
        safe: None,
    },
    Engine { name: "ebay", host: Host::AnyCountry("ebay"), paths: &["/sch"], names: &["_nkw"], safe: None },
    Engine { name: "reddit", host: Host::Below("reddit.com"), paths: &["/search"], names: &["q"], safe: None },
    Engine { name: "x", host: Host::Below("x.com"), paths: &["/search"], names: &["q"], safe: None },
    Engine { name: "tiktok", host: Host::Below("tiktok.com"), paths: &["/search"], names: &["q"], safe: None },
    Engine {
        name: "practice search",
        host: Host::Below("search.test"),
        paths: &["/search"],
        names: &["q"],
        safe: Some(("safe", "active")),
    },
];

/// Hosts that obey the `YouTube-Restrict` header.
const YOUTUBE_HOSTS: &[&str] = &[
    "www.youtube.com",
    "m.youtube.com",
    "youtube.com",
    "youtubei.googleapis.com",
    "youtube.googleapis.com",
    "www.youtube-nocookie.com",
];

/// The words of a search, if the address is a result page of an engine that Haven knows.
#[must_use]
pub fn terms(address: &Address) -> Option<SearchTerms> {
    let engine = engine(address)?;
    let query = address.query()?;
    let value =
        engine.names.iter().find_map(|name| pairs(query).find(|(key, value)| key == name && !value.is_empty()))?.1;
    let raw: String =
        decoded(value, true).trim().chars().filter(|c| !c.is_control()).take(SEARCH_LIMIT_CHARS).collect();
    let words: Vec<String> = normal_text(&raw).split_whitespace().map(str::to_owned).collect();
    (!words.is_empty()).then(|| SearchTerms { engine: engine.name.to_owned(), words, raw })
}

/// Changes to a request that switch safe modes on.
#[must_use]
pub fn edits(address: &Address, safe_search: bool, youtube_restrict: bool) -> Vec<Edit> {
    let mut edits = Vec::new();
    let safe = safe_search.then(|| engine(address)).flatten().and_then(|engine| engine.safe);
    if let Some((name, value)) = safe {
        edits.push(Edit::SetQuery { name: name.to_owned(), value: value.to_owned() });
    }
    if youtube_restrict && YOUTUBE_HOSTS.contains(&address.host()) {
        edits.push(Edit::SetHeader { name: "YouTube-Restrict".to_owned(), value: YOUTUBE_RESTRICT.to_owned() });
    }
    edits
}

fn engine(address: &Address) -> Option<&'static Engine> {
    ENGINES.iter().find(|engine| engine.host.is(address) && engine.has_page(address.path()))
}

impl Engine {
    fn has_page(&self, path: &str) -> bool {
        let begins =
            |start: &str| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        path == "/" || self.paths.iter().any(|start| begins(start))
    }
}

impl Host {
    fn is(&self, address: &Address) -> bool {
        match self {
            Self::Below(name) => address.host_chain().any(|host| host == *name),
            Self::AnyCountry(label) => {
                let host = address.host();
                let Some(suffix) = psl::suffix(host.as_bytes()).filter(psl::Suffix::is_known) else { return false };
                let own = host.len().checked_sub(suffix.as_bytes().len() + 1).and_then(|end| host.get(..end));
                own.is_some_and(|own| own == *label || own.rsplit_once('.').is_some_and(|(_, last)| last == *label))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn search(url: &str) -> Option<(String, String)> {
        terms(&Address::parse(url).unwrap()).map(|terms| (terms.engine, terms.words.join(" ")))
    }

    #[test]
    fn f06_searches_are_read_from_the_big_engines() {
        let cases = [
            ("https://www.google.co.uk/search?hl=en&q=Fish+%26+Chips", "google", "fish chips"),
            ("https://google.com.au/search?q=x1", "google", "xi"),
            ("https://www.bing.com/images/search?q=red%20fox", "bing", "red fox"),
            ("https://duckduckgo.com/?q=red+fox&ia=web", "duckduckgo", "red fox"),
            ("https://uk.search.yahoo.com/search?p=red+fox", "yahoo", "red fox"),
            ("https://www.ecosia.org/search?q=red+fox", "ecosia", "red fox"),
            ("https://search.brave.com/search?q=red+fox", "brave", "red fox"),
            ("https://m.youtube.com/results?search_query=red+fox", "youtube", "red fox"),
            ("https://www.startpage.com/do/search?query=red+fox", "startpage", "red fox"),
            ("https://www.qwant.com/?q=red+fox&t=web", "qwant", "red fox"),
            ("https://en.wikipedia.org/w/index.php?search=red+fox", "wikipedia", "red fox"),
            ("https://www.amazon.co.uk/s?k=red+fox", "amazon", "red fox"),
            ("https://www.ebay.co.uk/sch/i.html?_nkw=red+fox", "ebay", "red fox"),
            ("http://search.test/?q=RED+f%C3%B3x", "practice search", "red fox"),
        ];
        for (url, engine, words) in cases {
            assert_eq!(search(url), Some((engine.to_owned(), words.to_owned())), "{url}");
        }
    }

    #[test]
    fn f06_suggestions_and_strangers_are_no_searches() {
        for url in [
            "https://www.google.com/complete/search?q=half+a+wo",
            "https://duckduckgo.com/ac/?q=half",
            "https://google.evil.test/search?q=x",
            "https://www.google.co.uk/maps?q=x",
            "https://news.test/?q=x",
            "https://www.google.com/search?q=",
        ] {
            assert_eq!(search(url), None, "{url}");
        }
    }

    #[test]
    fn f06_safe_modes_are_switched_on_where_the_profile_says_so() {
        let edit = |url: &str| edits(&Address::parse(url).unwrap(), true, true);
        let query = |name: &str, value: &str| vec![Edit::SetQuery { name: name.to_owned(), value: value.to_owned() }];
        assert_eq!(edit("https://www.google.de/search?q=x"), query("safe", "active"));
        assert_eq!(edit("https://www.bing.com/search?q=x"), query("adlt", "strict"));
        assert_eq!(edit("https://duckduckgo.com/?q=x"), query("kp", "1"));
        assert_eq!(
            edit("https://www.youtube.com/watch?v=1"),
            [Edit::SetHeader { name: "YouTube-Restrict".to_owned(), value: "Moderate".to_owned() }]
        );
        assert_eq!(edit("https://news.test/"), []);
        assert_eq!(edits(&Address::parse("https://www.google.de/search?q=x").unwrap(), false, false), []);
    }
}
