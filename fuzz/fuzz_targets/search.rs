//! What somebody searched for, however it is written: it is found or not, is short, has words, and is weighed without harm.
#![no_main]

use std::sync::LazyLock;

use filter::phrases::WordPack;
use filter::search::SEARCH_LIMIT_CHARS;
use filter::{Address, search};
use libfuzzer_sys::fuzz_target;

static WORDS: LazyLock<WordPack> = LazyLock::new(WordPack::shipped);

const PAGES: [&str; 8] = [
    "https://www.google.co.uk/search?q=",
    "https://www.bing.com/search?",
    "https://www.tiktok.com/tag/",
    "https://www.reddit.com/r/",
    "https://open.spotify.com/search/",
    "https://www.baidu.com/s?wd=",
    "https://chatgpt.com/?q=",
    "https://search.test/search?q=",
];

fuzz_target!(|input: (u8, &str)| {
    let (page, typed) = input;
    let page = PAGES[usize::from(page) % PAGES.len()];
    let Ok(address) = Address::parse(&format!("{page}{typed}")) else { return };
    let _ = search::edits(&address, true, true);
    let Some(terms) = search::terms(&address) else { return };
    assert!(!terms.words.is_empty() && terms.raw.chars().count() <= SEARCH_LIMIT_CHARS);
    let scores = WORDS.score_search(&terms);
    assert!(scores.codes.iter().all(|score| !score.is_over() || !score.matches.is_empty()), "found, but by nothing");
});
