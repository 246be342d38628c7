//! The words that Haven's own files have, each with a number: what every word of every page is looked up in.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The longest word that is its own key, in bytes.
const SHORT_LIMIT_BYTES: usize = 8;
/// Odd, with its bits spread evenly: 2 to the power of 64 divided by the golden ratio.
pub(super) const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// How the tables of our own words are looked up.
pub(super) type Quick = BuildHasherDefault<Spread>;

/// The words that Haven's own files have: what a disguised word is compared with, and of what phrases are made.
#[derive(Debug, Clone, Default)]
pub(super) struct Vocabulary {
    /// Nearly all words that people write are short: looking them up compares one number and follows no pointer.
    short: HashMap<u64, u32, Quick>,
    long: HashMap<Box<str>, u32, Quick>,
    /// Plain words by how many letters they have: among them a word with a hidden letter looks for itself.
    by_length: Vec<Vec<Box<str>>>,
}

impl Vocabulary {
    pub(super) fn add(&mut self, text: &str) {
        for word in text.split_whitespace().filter(|word| !word.is_empty()) {
            // INVARIANT: the files of this program are far smaller than the words that a number can count.
            let next = u32::try_from(self.len()).unwrap_or(u32::MAX);
            if word.is_ascii() && !self.has(word) {
                self.by_length.resize(self.by_length.len().max(word.len() + 1), Vec::new());
                self.by_length.get_mut(word.len()).into_iter().for_each(|words| words.push(word.into()));
            }
            match packed(word) {
                Some(key) => *self.short.entry(key).or_insert(next),
                None => *self.long.entry(word.into()).or_insert(next),
            };
        }
    }

    /// How many words there are; their numbers begin with 0.
    pub(super) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.number(word).is_some()
    }

    /// All words of so many letters, if they are plain ones.
    pub(super) fn of_length(&self, letters: usize) -> impl Iterator<Item = &str> {
        self.by_length.get(letters).into_iter().flatten().map(AsRef::as_ref)
    }

    /// The number of a word of ASCII letters by its bytes put one after the other, the first highest; none if it is not
    /// known, or too long for a key.
    pub(super) fn number_of_key(&self, key: u64, length: usize) -> Option<u32> {
        if length <= SHORT_LIMIT_BYTES { self.short.get(&key).copied() } else { None }
    }

    pub(super) fn number(&self, word: &str) -> Option<u32> {
        match packed(word) {
            Some(key) => self.short.get(&key),
            None => self.long.get(word),
        }
        .copied()
    }
}

/// A short word as a number. No word has a byte of 0 in it, so no two words have the same.
fn packed(word: &str) -> Option<u64> {
    (word.len() <= SHORT_LIMIT_BYTES).then(|| word.bytes().fold(0, |key, byte| (key << 8) | u64::from(byte)))
}

/// A quick digest for a table that is only ever filled with our own words: strangers' words are looked up in it, and
/// cannot crowd it.
#[derive(Debug, Clone, Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(SHORT_LIMIT_BYTES) {
            self.write_u64(part.iter().fold(0, |key, byte| (key << 8) | u64::from(*byte)));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_u64(&mut self, number: u64) {
        let product = (self.0 ^ number).wrapping_mul(SPREAD);
        // The low bits of a product know little of the high ones of its factors.
        self.0 = product ^ (product >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_a_word_has_one_number_and_is_not_mistaken_for_another() {
        let mut words = Vocabulary::default();
        words.add("a aa eightlet ninelette кот ninelette a");
        assert_eq!(words.len(), 5);
        let numbers: Vec<Option<u32>> =
            ["a", "aa", "eightlet", "ninelette", "кот"].iter().map(|word| words.number(word)).collect();
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!([words.number_of_key(0x6161, 2), words.number_of_key(0x6162, 2)], [Some(1), None]);
        assert_eq!(words.of_length(9).collect::<Vec<_>>(), ["ninelette"]);
        assert_eq!(words.of_length(6).count() + words.of_length(400).count(), 0);
        for other in ["", "aaa", "b", "\u{1}a", "eightlets", "ninelett", "котт", "to"] {
            assert!(!words.has(other), "{other}");
        }
    }
}
