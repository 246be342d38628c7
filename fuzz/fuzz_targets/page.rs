//! A page that a website sends: its visible text is never longer than the page, and its words are weighed without harm.
#![no_main]

use std::sync::LazyLock;

use filter::phrases::{WordPack, visible_text};
use libfuzzer_sys::fuzz_target;

static WORDS: LazyLock<WordPack> = LazyLock::new(WordPack::shipped);

fuzz_target!(|page: &str| {
    let text = visible_text(page);
    let scores = WORDS.score(&text);
    assert!(scores.codes.iter().all(|score| !score.is_over() || !score.matches.is_empty()), "found, but by nothing");
});
