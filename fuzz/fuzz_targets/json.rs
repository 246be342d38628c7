//! Whatever a page's script sends or fetches as JSON: its strings are read, and reading ends.
#![no_main]

use filter::body::{STRINGS_LIMIT, json_text, strings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let found = strings(text);
    assert!(found.len() <= STRINGS_LIMIT);
    let letters: usize = found.iter().map(|(_, value)| value.len()).sum();
    // An escape is never shorter than what it stands for; a bad one becomes a sign of three bytes.
    assert!(letters <= text.len() * 3 + 3, "more came out than went in");
    let _ = json_text(text);
});
