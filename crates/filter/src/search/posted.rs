//! Searches and questions that are sent as a form or as JSON, and so stand in no address.

use super::engines::ENGINES;
use super::engines::Host::{self, AnyCountry, Below};
use super::{SearchTerms, terms_of};
use crate::address::Address;

/// Where one service takes what was typed, when it is sent.
struct Posted {
    name: &'static str,
    host: Host,
    /// Beginnings of its paths; empty for any.
    paths: &'static [&'static str],
    /// Names under which it stands; the last of them is the newest.
    names: &'static [&'static str],
}

const fn posted_to(
    name: &'static str,
    host: Host,
    paths: &'static [&'static str],
    names: &'static [&'static str],
) -> Posted {
    Posted { name, host, paths, names }
}

/// Names that chat programs use, by their own papers or as seen from outside: `messages[].content` (OpenAI and all that
/// follow it), `prompt`, `parts` (ChatGPT, Gemini), `query_str` (Perplexity).
const CHAT: &[&str] = &["content", "prompt", "parts", "text", "query", "query_str", "input", "message", "q"];

const POSTED: &[Posted] = &[
    posted_to("youtube", Below("youtube.com"), &["/youtubei/v1/search"], &["query"]),
    posted_to("youtube", Below("youtubei.googleapis.com"), &["/youtubei/v1/search"], &["query"]),
    posted_to("startpage", Below("startpage.com"), &["/sp/search", "/do/"], &["query", "q"]),
    posted_to("spotify", Below("spotify.com"), &["/pathfinder/"], &["searchTerm"]),
    posted_to("facebook", Below("facebook.com"), &["/api/graphql", "/graphql"], &["text", "query"]),
    posted_to("reddit", Below("reddit.com"), &["/svc/shreddit/graphql", "/graphql"], &["query"]),
    posted_to("chatgpt", Below("chatgpt.com"), &["/backend-api/", "/backend-anon/"], CHAT),
    posted_to("chatgpt", Below("chat.openai.com"), &["/backend-api/", "/backend-anon/"], CHAT),
    posted_to("openai", Below("api.openai.com"), &["/v1/"], CHAT),
    posted_to("claude", Below("claude.ai"), &["/api/"], CHAT),
    posted_to("claude", Below("api.anthropic.com"), &["/v1/"], CHAT),
    posted_to("gemini", Below("generativelanguage.googleapis.com"), &[], CHAT),
    posted_to("copilot", Below("copilot.microsoft.com"), &[], CHAT),
    posted_to("perplexity", Below("perplexity.ai"), &["/rest/", "/api/"], CHAT),
    posted_to("grok", Below("grok.com"), &["/rest/"], CHAT),
    posted_to("mistral", AnyCountry("mistral"), &[], CHAT),
    posted_to("deepseek", Below("deepseek.com"), &["/api/"], CHAT),
    posted_to("duckduckgo", Below("duckduckgo.com"), &["/duckchat/"], CHAT),
    posted_to("duckduckgo", Below("duck.ai"), &["/duckchat/"], CHAT),
    posted_to("you", Below("you.com"), &["/api/"], CHAT),
    posted_to("phind", Below("phind.com"), &["/api/"], CHAT),
    posted_to("poe", Below("poe.com"), &["/api/"], CHAT),
    posted_to("character", Below("character.ai"), &[], CHAT),
    posted_to("practice search", Below("search.test"), &["/ask"], CHAT),
];

/// The words of a search, or of a question to a chat program, among the values that are sent to an address. An engine that
/// takes its search in the address takes it as a form too, under the same names.
pub(crate) fn posted(address: &Address, values: &[(String, String)]) -> Option<SearchTerms> {
    let newest = |names: &[&str]| values.iter().rev().find(|(name, _)| names.contains(&name.as_str()));
    for known in POSTED.iter().filter(|known| known.host.is(address)) {
        let here = known.paths.is_empty() || known.paths.iter().any(|path| address.path().starts_with(path));
        if here && let Some(terms) = newest(known.names).and_then(|(_, typed)| terms_of(known.name, typed)) {
            return Some(terms);
        }
    }
    let engines = ENGINES.iter().filter(|engine| engine.host.is(address) && engine.is_safe_page(address.path()));
    engines.filter_map(|engine| terms_of(engine.name, &newest(engine.names)?.1)).next()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::body::{Written, sent};

    fn search(url: &str, written: &Written, body: &str) -> Option<(String, String)> {
        let found = sent(&Address::parse(url).unwrap(), written, body.as_bytes()).search;
        found.map(|terms| (terms.engine, terms.words.join(" ")))
    }

    #[test]
    fn f06_searches_that_are_sent_are_read() {
        let cases = [
            ("https://html.duckduckgo.com/html/", Written::Form, "q=red+fox&b=", "duckduckgo"),
            ("https://lite.duckduckgo.com/lite/", Written::Form, "q=red%20fox", "duckduckgo"),
            ("https://www.startpage.com/sp/search", Written::Form, "query=red+fox&cat=web", "startpage"),
            ("https://www.google.com/search", Written::Form, "q=red+fox", "google"),
            (
                "https://www.youtube.com/youtubei/v1/search?prettyPrint=false",
                Written::Json,
                r#"{"context":{"client":{"clientName":"WEB"}},"query":"red fox"}"#,
                "youtube",
            ),
            (
                "https://chatgpt.com/backend-api/conversation",
                Written::Json,
                r#"{"action":"next","messages":[{"author":{"role":"user"},"content":{"content_type":"text","parts":["red fox"]}}],"model":"auto"}"#,
                "chatgpt",
            ),
            (
                "https://api.openai.com/v1/chat/completions",
                Written::Json,
                r#"{"model":"x","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"red fox"}]}"#,
                "openai",
            ),
            (
                "https://claude.ai/api/organizations/1/chat_conversations/2/completion",
                Written::Json,
                r#"{"prompt":"red fox","timezone":"Europe/London"}"#,
                "claude",
            ),
            ("http://search.test/search", Written::Form, "q=red+fox", "practice search"),
        ];
        for (url, written, body, engine) in cases {
            assert_eq!(search(url, &written, body), Some((engine.to_owned(), "red fox".to_owned())), "{url}");
        }
    }

    #[test]
    fn f06_forms_of_other_sites_are_no_searches() {
        assert_eq!(search("https://news.test/search", &Written::Form, "q=red+fox"), None);
        assert_eq!(search("https://www.google.com/maps/save", &Written::Form, "q=red+fox"), None);
        assert_eq!(search("https://www.google.com/search", &Written::Form, "password=red+fox"), None);
    }
}
