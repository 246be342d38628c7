//! Search engines: the words somebody searched for, and the changes that switch an engine's own safe mode on.

mod engines;
mod posted;
mod safe_names;

use serde::Serialize;

use crate::address::{Address, decoded, pairs};
use crate::decision::Edit;
use crate::phrases::normal_text;
use engines::{ENGINES, Engine, Host};
pub(crate) use posted::posted;
pub use safe_names::{SafeName, safe_name};

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

/// Hosts that obey the `YouTube-Restrict` header.
const YOUTUBE_HOSTS: &[&str] = &[
    "www.youtube.com",
    "m.youtube.com",
    "youtube.com",
    "youtubei.googleapis.com",
    "youtube.googleapis.com",
    "www.youtube-nocookie.com",
];

/// The words of a search, if the address is a result page of an engine, a video or shopping site, or the opening
/// question to a chat program, that Haven knows.
#[must_use]
pub fn terms(address: &Address) -> Option<SearchTerms> {
    let (engine, typed) = ENGINES
        .iter()
        .filter(|engine| engine.host.is(address))
        .find_map(|engine| Some((engine, engine.typed(address)?)))?;
    terms_of(engine.name, &typed)
}

fn terms_of(engine: &str, typed: &str) -> Option<SearchTerms> {
    let raw: String = typed.trim().chars().filter(|c| !c.is_control()).take(SEARCH_LIMIT_CHARS).collect();
    let words: Vec<String> = normal_text(&raw).split_whitespace().map(str::to_owned).collect();
    (!words.is_empty()).then(|| SearchTerms { engine: engine.to_owned(), words, raw })
}

/// Changes to a request that switch safe modes on. An engine whose safe mode has no parameter is asked with the header
/// of RFC 8674.
#[must_use]
pub fn edits(address: &Address, safe_search: bool, youtube_restrict: bool) -> Vec<Edit> {
    let mut edits = Vec::new();
    let engine = |address: &Address| {
        ENGINES.iter().find(|engine| engine.host.is(address) && engine.is_safe_page(address.path()))
    };
    if let Some(engine) = safe_search.then(|| engine(address)).flatten() {
        edits.push(match engine.safe {
            Some((name, value)) => Edit::SetQuery { name: name.to_owned(), value: value.to_owned() },
            None => Edit::SetHeader { name: "Prefer".to_owned(), value: "safe".to_owned() },
        });
    }
    if youtube_restrict && YOUTUBE_HOSTS.contains(&address.host()) {
        edits.push(Edit::SetHeader { name: "YouTube-Restrict".to_owned(), value: YOUTUBE_RESTRICT.to_owned() });
    }
    edits
}

impl Engine {
    fn is_safe_page(&self, path: &str) -> bool {
        path == "/" || self.paths.iter().any(|start| after(path, start).is_some())
    }

    /// What was typed: every value of every name that carries it (an engine takes one of them, and nobody knows which),
    /// or the part of the path that does.
    fn typed(&self, address: &Address) -> Option<String> {
        let in_path = self.in_path.iter().find_map(|start| {
            let segment = after(address.path(), start)?.trim_start_matches('/').split('/').next()?;
            (!segment.is_empty()).then(|| decoded(segment, true).replace('-', " "))
        });
        if in_path.is_some() {
            return in_path;
        }
        let query = address.query().filter(|_| self.is_safe_page(address.path()))?;
        let mut values: Vec<String> = Vec::new();
        for (_, value) in pairs(query).filter(|(key, value)| self.names.contains(key) && !value.is_empty()) {
            let value = decoded(value, true);
            if !values.contains(&value) {
                values.push(value);
            }
        }
        (!values.is_empty()).then(|| values.join(" "))
    }
}

/// What follows the beginning of a path, which ends where a segment ends; `*` stands for one segment.
fn after<'p>(path: &'p str, start: &str) -> Option<&'p str> {
    let mut rest = path;
    for wanted in start.trim_start_matches('/').split('/') {
        let inside = rest.strip_prefix('/')?;
        let (segment, _) = inside.split_once('/').unwrap_or((inside, ""));
        if segment.is_empty() || !(wanted == "*" || wanted == segment) {
            return None;
        }
        rest = inside.get(segment.len()..)?;
    }
    Some(rest)
}

impl Host {
    fn is(&self, address: &Address) -> bool {
        match self {
            Self::Below(name) => {
                let left = address.host().strip_suffix(name);
                left.is_some_and(|left| left.is_empty() || left.ends_with('.'))
            }
            Self::AnyCountry(label) => {
                let host = address.host();
                // The public suffixes are looked up only where it may come to that.
                if !host.split('.').any(|part| part == *label) {
                    return false;
                }
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
            ("https://www.google.com/search?q=red&as_q=fox", "google", "red fox"),
            ("https://news.google.com/search?q=red+fox&gl=GB", "google", "red fox"),
            ("https://www.bing.com/search?q=red&q=fox", "bing", "red fox"),
            ("https://copilot.microsoft.com/?q=red+fox", "copilot", "red fox"),
            ("https://html.duckduckgo.com/html/?q=red+fox", "duckduckgo", "red fox"),
            ("https://uk.images.search.yahoo.com/search/images?p=red+fox", "yahoo", "red fox"),
            ("https://search.yahoo.co.jp/search?p=red+fox", "yahoo", "red fox"),
            ("https://search.brave.com/ask?q=red+fox", "brave", "red fox"),
            ("https://www.startpage.com/sp/search?query=red+fox", "startpage", "red fox"),
            ("https://yandex.ru/search/?text=red+fox", "yandex", "red fox"),
            ("https://yandex.com/video/search?text=red+fox", "yandex", "red fox"),
            ("https://www.baidu.com/s?ie=utf-8&wd=red+fox", "baidu", "red fox"),
            ("https://image.baidu.com/search/index?word=red+fox", "baidu", "red fox"),
            ("https://music.youtube.com/search?q=red+fox", "youtube", "red fox"),
            ("https://www.tiktok.com/search/video?q=red%20fox", "tiktok", "red fox"),
            ("https://www.tiktok.com/tag/redfox", "tiktok", "redfox"),
            ("https://www.pinterest.co.uk/search/pins/?q=red%20fox&rs=typed", "pinterest", "red fox"),
            ("https://www.reddit.com/r/wildlife/search/?q=red+fox", "reddit", "red fox"),
            ("https://old.reddit.com/search?q=red+fox", "reddit", "red fox"),
            ("https://en.wikipedia.org/wiki/Special:Search?search=red+fox", "wikipedia", "red fox"),
            ("https://x.com/search?q=red%20fox&src=typed_query", "x", "red fox"),
            ("https://twitter.com/hashtag/redfox", "x", "redfox"),
            ("https://www.instagram.com/explore/search/keyword/?q=red%20fox", "instagram", "red fox"),
            ("https://www.instagram.com/explore/tags/redfox/", "instagram", "redfox"),
            ("https://www.twitch.tv/search?term=red%20fox", "twitch", "red fox"),
            ("https://open.spotify.com/search/red%20fox/tracks", "spotify", "red fox"),
            ("https://www.facebook.com/search/top/?q=red%20fox", "facebook", "red fox"),
            ("https://www.dailymotion.com/search/red%20fox/videos", "dailymotion", "red fox"),
            ("https://chatgpt.com/?q=red+fox", "chatgpt", "red fox"),
            ("https://www.perplexity.ai/search/new?q=red+fox", "perplexity", "red fox"),
            ("https://claude.ai/new?q=red+fox", "claude", "red fox"),
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
            "https://www.google.com/searching?q=x",
            "https://www.reddit.com/r/wildlife/comments/1?q=x",
            "https://open.spotify.com/search",
            "https://duckduckgo.com/i.js?q=x",
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
        assert_eq!(edit("https://duckduckgo.com/i.js?q=x&p=-1"), query("p", "1"), "pictures are asked for apart");
        assert_eq!(edit("https://api.qwant.com/v3/search/images?q=x"), query("safesearch", "2"));
        assert_eq!(
            edit("https://www.ecosia.org/search?q=x"),
            [Edit::SetHeader { name: "Prefer".to_owned(), value: "safe".to_owned() }]
        );
        assert_eq!(edit("https://news.test/"), []);
        assert_eq!(edits(&Address::parse("https://www.google.de/search?q=x").unwrap(), false, false), []);
    }
}
