//! The engines, shops, video sites and chat programs that are asked by address: where each of them takes what was typed.

/// How one engine is recognised.
pub(super) struct Engine {
    pub(super) name: &'static str,
    pub(super) host: Host,
    /// Paths of its result pages; a path ends where a segment ends, and `*` is any segment. The front page always counts.
    /// Never its as-you-type suggestions: half a word is nobody's search.
    pub(super) paths: &'static [&'static str],
    /// Query names that carry the search.
    pub(super) names: &'static [&'static str],
    /// Paths whose next segment is the search.
    pub(super) in_path: &'static [&'static str],
    /// Query change for its safe mode.
    pub(super) safe: Option<(&'static str, &'static str)>,
}

pub(super) enum Host {
    /// This host and everything below it.
    Below(&'static str),
    /// This label before any public suffix, with or without one label before it: `google.co.uk`, `www.google.de`.
    AnyCountry(&'static str),
}

use Host::{AnyCountry, Below};

type Names = &'static [&'static str];

const fn engine(name: &'static str, host: Host, paths: Names, names: Names) -> Engine {
    Engine { name, host, paths, names, in_path: &[], safe: None }
}

impl Engine {
    const fn safe(self, name: &'static str, value: &'static str) -> Self {
        Self { safe: Some((name, value)), ..self }
    }

    const fn in_path(self, in_path: Names) -> Self {
        Self { in_path, ..self }
    }
}

pub(super) const ENGINES: &[Engine] = &[
    // Search engines.
    engine(
        "google",
        AnyCountry("google"),
        &["/search", "/webhp", "/images", "/imghp", "/scholar", "/books", "/m", "/cse", "/custom"],
        &["q", "as_q", "as_epq", "as_oq"],
    )
    .safe("safe", "active"),
    engine(
        "bing",
        Below("bing.com"),
        &["/search", "/images", "/videos", "/news", "/shop", "/chat", "/copilotsearch"],
        &["q"],
    )
    .safe("adlt", "strict"),
    engine("duckduckgo", Below("duckduckgo.com"), &["/html", "/lite"], &["q"]).safe("kp", "1"),
    // What its page fetches by itself: nothing that somebody typed, but pictures all the same.
    engine("duckduckgo", Below("duckduckgo.com"), &["/i.js", "/v.js", "/d.js", "/news.js"], &[]).safe("p", "1"),
    engine("yahoo", Below("search.yahoo.com"), &["/search", "/mobile"], &["p"]).safe("vm", "r"),
    engine("yahoo", Below("search.yahoo.co.jp"), &["/search", "/image", "/video"], &["p"]).safe("vm", "r"),
    engine("ecosia", Below("ecosia.org"), &["/search", "/images", "/videos", "/news"], &["q"]),
    engine("brave", Below("search.brave.com"), &["/search", "/images", "/videos", "/news", "/ask", "/goggles"], &["q"])
        .safe("safesearch", "strict"),
    engine("startpage", Below("startpage.com"), &["/do", "/sp", "/rvd"], &["query", "q"]).safe("qadf", "heavy"),
    engine("qwant", Below("api.qwant.com"), &["/v3/search"], &[]).safe("safesearch", "2"),
    engine("qwant", Below("qwant.com"), &[], &["q"]).safe("safesearch", "2"),
    engine("yandex", AnyCountry("yandex"), &["/search", "/images", "/video"], &["text"]),
    engine("baidu", Below("baidu.com"), &["/s", "/search"], &["wd", "word"]),
    engine("naver", Below("search.naver.com"), &["/search.naver"], &["query"]),
    engine("mojeek", Below("mojeek.com"), &["/search"], &["q"]).safe("safe", "1"),
    engine("kagi", Below("kagi.com"), &["/search", "/images", "/videos"], &["q"]),
    engine("you", Below("you.com"), &["/search"], &["q"]),
    engine("swisscows", Below("swisscows.com"), &["/*/web", "/*/images", "/*/video"], &["query"]),
    engine("ask", Below("ask.com"), &["/web"], &["q"]),
    engine("dogpile", Below("dogpile.com"), &["/serp"], &["q"]),
    engine("presearch", Below("presearch.com"), &["/search", "/images", "/videos"], &["q"]),
    engine("kiddle", Below("kiddle.co"), &["/s.php"], &["q"]),
    engine("aol", Below("search.aol.com"), &["/aol"], &["q"]),
    // Videos, pictures, music.
    engine("youtube", Below("youtube.com"), &["/results", "/search"], &["search_query", "q"]),
    engine("tiktok", Below("tiktok.com"), &["/search"], &["q"]).in_path(&["/tag", "/discover"]),
    engine("vimeo", Below("vimeo.com"), &["/search"], &["q"]),
    engine("dailymotion", Below("dailymotion.com"), &[], &[]).in_path(&["/search"]),
    engine("twitch", Below("twitch.tv"), &["/search"], &["term"]),
    engine("spotify", Below("open.spotify.com"), &[], &[]).in_path(&["/search"]),
    engine("soundcloud", Below("soundcloud.com"), &["/search"], &["q"]),
    engine("pinterest", AnyCountry("pinterest"), &["/search"], &["q"]),
    engine("flickr", Below("flickr.com"), &["/search"], &["text"]).safe("safe_search", "1"),
    engine("giphy", Below("giphy.com"), &[], &[]).in_path(&["/search"]),
    engine("imgur", Below("imgur.com"), &["/search"], &["q"]),
    // Networks.
    engine("reddit", Below("reddit.com"), &["/search", "/r/*/search"], &["q"]),
    engine("x", Below("x.com"), &["/search"], &["q"]).in_path(&["/hashtag"]),
    engine("x", Below("twitter.com"), &["/search"], &["q"]).in_path(&["/hashtag"]),
    engine("instagram", Below("instagram.com"), &["/explore/search"], &["q"]).in_path(&["/explore/tags"]),
    engine("facebook", Below("facebook.com"), &["/search"], &["q"]).in_path(&["/hashtag"]),
    engine("tumblr", Below("tumblr.com"), &["/search"], &["q"]).in_path(&["/search", "/tagged"]),
    engine("quora", Below("quora.com"), &["/search"], &["q"]),
    // Knowledge and shops.
    engine("wikipedia", Below("wikipedia.org"), &["/w/index.php", "/wiki"], &["search"]),
    engine("archive", Below("archive.org"), &["/search"], &["query"]),
    engine("amazon", AnyCountry("amazon"), &["/s", "/gp/search"], &["k", "field-keywords"]),
    engine("ebay", AnyCountry("ebay"), &["/sch"], &["_nkw"]),
    engine("etsy", Below("etsy.com"), &["/search", "/*/search"], &["q"]),
    // Chat programs that take the first question in the address.
    engine("chatgpt", Below("chatgpt.com"), &[], &["q", "prompt"]),
    engine("chatgpt", Below("chat.openai.com"), &[], &["q", "prompt"]),
    engine("copilot", Below("copilot.microsoft.com"), &["/chats"], &["q"]),
    engine("perplexity", Below("perplexity.ai"), &["/search"], &["q"]),
    engine("claude", Below("claude.ai"), &["/new"], &["q"]),
    engine("grok", Below("grok.com"), &[], &["q"]),
    engine("mistral", Below("chat.mistral.ai"), &["/chat"], &["q"]),
    engine("duckduckgo", Below("duck.ai"), &["/chat"], &["q"]),
    engine("phind", Below("phind.com"), &["/search"], &["q"]),
    engine("practice search", Below("search.test"), &["/search"], &["q"]).safe("safe", "active"),
];
