//! The names under which engines offer their safe mode, for whoever asks by DNS.

use std::net::Ipv4Addr;

/// Where a question for an engine's name is sent instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SafeName {
    /// Another name, as an alias (CNAME).
    Alias(&'static str),
    /// An engine that has an address for this, and no name.
    Address(Ipv4Addr),
}

/// Where YouTube is asked for in restricted mode: the same as [`super::YOUTUBE_RESTRICT`].
const YOUTUBE: &str = "restrictmoderate.youtube.com";
/// Yandex's family search.
const YANDEX: Ipv4Addr = Ipv4Addr::new(213, 180, 193, 56);

/// Names as their engines publish them for networks that want the safe mode.
const ALIASES: &[(&str, &str)] = &[
    ("bing.com", "strict.bing.com"),
    ("www.bing.com", "strict.bing.com"),
    ("edgeservices.bing.com", "strict.bing.com"),
    ("duckduckgo.com", "safe.duckduckgo.com"),
    ("www.duckduckgo.com", "safe.duckduckgo.com"),
    ("start.duckduckgo.com", "safe.duckduckgo.com"),
    ("html.duckduckgo.com", "safe.duckduckgo.com"),
    ("lite.duckduckgo.com", "safe.duckduckgo.com"),
    ("search.brave.com", "forcesafe.search.brave.com"),
    ("www.ecosia.org", "strict-safe-search.ecosia.org"),
    ("pixabay.com", "safesearch.pixabay.com"),
    ("api.qwant.com", "safeapi.qwant.com"),
    ("startpage.com", "safe.startpage.com"),
    ("www.startpage.com", "safe.startpage.com"),
];

/// The safe name of an engine's host, if it has one.
#[must_use]
pub fn safe_name(host: &str, safe_search: bool, youtube_restrict: bool) -> Option<SafeName> {
    if youtube_restrict && super::YOUTUBE_HOSTS.contains(&host) {
        return Some(SafeName::Alias(YOUTUBE));
    }
    if !safe_search {
        return None;
    }
    if of_country(host, "google") {
        return Some(SafeName::Alias("forcesafesearch.google.com"));
    }
    if of_country(host, "yandex") || matches!(host, "ya.ru" | "www.ya.ru") {
        return Some(SafeName::Address(YANDEX));
    }
    ALIASES.iter().find(|(name, _)| *name == host).map(|(_, safe)| SafeName::Alias(safe))
}

/// `google.com`, `www.google.de`, `www.google.co.uk`, `google.com.tr`; not `maps.google.com`.
fn of_country(host: &str, engine: &str) -> bool {
    let bare = host.strip_prefix("www.").unwrap_or(host);
    let Some(rest) = bare.strip_prefix(engine).and_then(|rest| rest.strip_prefix('.')) else { return false };
    let is_country = |label: &str| label.len() == 2 && label.bytes().all(|byte| byte.is_ascii_lowercase());
    match rest.split_once('.') {
        None => rest == "com" || rest == "cat" || is_country(rest),
        Some((kind, country)) => matches!(kind, "co" | "com") && is_country(country),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f06_engines_are_asked_for_under_their_safe_names() {
        let safe = |host| safe_name(host, true, true);
        for host in ["www.google.com", "google.com", "www.google.co.uk", "www.google.de", "www.google.com.tr"] {
            assert_eq!(safe(host), Some(SafeName::Alias("forcesafesearch.google.com")), "{host}");
        }
        assert_eq!(safe("www.bing.com"), Some(SafeName::Alias("strict.bing.com")));
        assert_eq!(safe("duckduckgo.com"), Some(SafeName::Alias("safe.duckduckgo.com")));
        assert_eq!(safe("m.youtube.com"), Some(SafeName::Alias("restrictmoderate.youtube.com")));
        assert_eq!(safe("yandex.com.tr"), Some(SafeName::Address(YANDEX)));
        for other in
            ["maps.google.com", "google.example.com", "www.google.evil.com", "notgoogle.com", "google", "bing.test"]
        {
            assert_eq!(safe(other), None, "{other}");
        }
    }

    #[test]
    fn f06_only_what_the_profile_asks_for_is_switched() {
        assert_eq!(safe_name("www.google.com", false, true), None);
        assert_eq!(safe_name("www.youtube.com", true, false), None);
    }

    #[test]
    fn f06_a_safe_name_is_not_switched_again() {
        for (_, safe) in ALIASES {
            assert_eq!(safe_name(safe, true, true), None, "{safe}");
        }
        assert_eq!(safe_name(YOUTUBE, true, true), None);
        assert_eq!(safe_name("forcesafesearch.google.com", true, true), None);
    }
}
