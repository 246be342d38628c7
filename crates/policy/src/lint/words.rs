//! The words of a clause's text, each with its line, so that phrases are found across line ends.

use crate::document::Place;
use crate::model::{Clause, Pack};

/// A word without the punctuation around it.
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// In small letters; `&` is read as `and`.
    pub(super) lower: String,
    /// Punctuation follows, so that a name ends here.
    pub(super) has_stop: bool,
    pub(super) place: Place,
}

impl Word<'_> {
    pub(super) fn is_capital(&self) -> bool {
        self.text.starts_with(char::is_uppercase)
    }
}

pub(super) fn words_of<'a>(pack: &Pack, clause: &'a Clause) -> Vec<Word<'a>> {
    let place = pack.document.place("clause", &clause.id);
    let from = pack.document.clause_text_from.get(&clause.id).copied().unwrap_or(place.line);
    let mut words = Vec::new();
    for (line, text) in (from..).zip(clause.text.lines()) {
        for raw in text.split_whitespace() {
            let text = if raw == "&" { raw } else { raw.trim_matches(|letter: char| !letter.is_alphanumeric()) };
            if !text.is_empty() {
                words.push(Word {
                    text,
                    lower: lower(text),
                    has_stop: raw.ends_with(|letter: char| letter != '&' && !letter.is_alphanumeric()),
                    place: Place { file: place.file.clone(), line },
                });
            }
        }
    }
    words
}

/// The words of a title in the form in which they are compared.
pub(super) fn lower_words(title: &str) -> Vec<String> {
    let parts = title.split(|letter: char| letter.is_whitespace() || matches!(letter, '(' | ')' | ','));
    parts
        .map(|word| word.trim_matches(|letter: char| letter != '&' && !letter.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(lower)
        .collect()
}

fn lower(word: &str) -> String {
    if word == "&" { "and".to_owned() } else { word.to_lowercase() }
}

/// Where a phrase begins in `words`, each time.
pub(super) fn find(words: &[Word<'_>], phrase: &[String]) -> Vec<usize> {
    if phrase.is_empty() {
        return Vec::new();
    }
    let fits = |window: &[Word<'_>]| window.iter().zip(phrase).all(|(word, wanted)| word.lower == *wanted);
    words.windows(phrase.len()).enumerate().filter(|(_, window)| fits(window)).map(|(index, _)| index).collect()
}
