//! The pass over a text beside a slow and simple one, which must always find the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::normal::{normal_with, read_slowly};
use super::*;

static PACK: LazyLock<WordPack> = LazyLock::new(WordPack::shipped);

/// The words of each phrase, by the number of its row and its place in it.
static PARTS: LazyLock<Vec<Vec<Vec<String>>>> = LazyLock::new(|| {
    let words = |part: &str| normal_text(part).split_whitespace().map(str::to_owned).collect();
    PACK.rows.iter().map(|row| row.phrase.split(" + ").map(words).collect()).collect()
});

/// Letter by letter into one form; then each phrase is looked for at each word.
fn slowly(text: &str) -> Scores {
    let mut normal = String::new();
    read_slowly(&unmasked(text, &PACK.known), &PACK.known, &mut normal);
    let words: Vec<&str> = normal.split_whitespace().collect();
    let begins = |words: &[&str], part: &[String]| {
        !part.is_empty() && words.len() >= part.len() && words.iter().zip(part).all(|(word, wanted)| *word == wanted)
    };
    let times = |part: &Vec<String>| (0..words.len()).filter(|at| begins(&words[*at..], part)).count();
    let matched = PACK.rows.iter().zip(PARTS.iter()).filter_map(|(row, parts)| {
        let count = u32::try_from(parts.iter().map(times).min()?).unwrap();
        (count > 0).then_some((row.code.as_str(), row.phrase.as_str(), row.weight, count))
    });
    PACK.sum(matched, Sum::All, Keep::All)
}

fn compare(text: &str) {
    let scores = PACK.score(text);
    assert_eq!(scores, slowly(text), "{text}");
    let over: Vec<CodeScore> = scores.codes.into_iter().filter(CodeScore::is_over).collect();
    assert_eq!(PACK.found(text).codes, over, "{text}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn f05_the_quick_pass_finds_what_the_slow_one_finds_in_every_text() {
    let all = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/texts"));
    assert!(all.len() > 300);
    for file in all {
        let text = std::fs::read_to_string(file).unwrap();
        compare(&text);
        compare(&visible_text(&format!("<p>{text}")));
    }
}

/// Pieces of which texts are made that try to get past: words of the files, disguises, signs.
fn piece() -> impl Strategy<Value = String> {
    let word = || any::<prop::sample::Index>().prop_map(|at| PACK.rows[at.index(PACK.rows.len())].phrase.clone());
    let apart = |text: String, with: &str| text.chars().map(|c| format!("{c}{with}")).collect::<String>();
    prop_oneof![
        4 => word(),
        1 => word().prop_map(|text| text.to_uppercase()),
        1 => (word(), prop::sample::select(vec![" ", ".", "-", "'", "  ", "\n", "\u{200b}", "!"]))
            .prop_map(move |(text, with)| apart(text, with)),
        1 => word().prop_map(|text| text.replace('i', "1").replace('a', "@").replace('o', "\u{43e}").replace('e', "eee")),
        1 => prop::sample::select(CHAT.to_vec()).prop_map(str::to_owned),
        1 => "[ -~]{0,6}",
        1 => "\\PC{0,4}",
    ]
}

const CHAT: [&str; 12] = ["u", "ur", "r u", "gr8", "no1", "don't", "it's", "''", "a", "I", "b4 u", "u'r"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn f05_the_quick_pass_finds_what_the_slow_one_finds_in_any_text(
        pieces in prop::collection::vec((piece(), prop::sample::select(vec!["", " ", " ", ", ", "\n"])), 0..12)
    ) {
        compare(&pieces.into_iter().map(|(piece, after)| piece + after).collect::<String>());
    }

    #[test]
    fn f05_words_are_read_at_once_as_they_are_letter_by_letter(text in "([a-c'\\. \\-A-C1!u]|\\PC){0,40}") {
        let mut slow = String::from(" ");
        read_slowly(&text, &PACK.known, &mut slow);
        prop_assert_eq!(normal_with(&text, &PACK.known), slow);
    }
}
