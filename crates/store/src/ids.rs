//! Ids that sort by time, random references for people, and text folded for searching.

use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::vault::SecureRandom;

/// Letters and digits that nobody mistakes for one another when reading aloud (Crockford's base 32).
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a reference: 10 of 32, so 50 bits; it is never enough by itself to see a case.
const REFERENCE_LENGTH: usize = 10;
/// Random characters of an id, after its time: 80 bits.
const ID_RANDOM_LENGTH: usize = 16;

/// A new id: 10 characters of time in milliseconds, then 16 random ones.
pub fn new_id(now: Timestamp, random: &mut dyn SecureRandom) -> String {
    let ms = u64::try_from(now.as_millisecond()).unwrap_or_default();
    let time = (0..10u32).rev().map(|place| letter((ms >> (5 * place)) & 31));
    let mut id: String = time.collect();
    id.push_str(&letters(ID_RANDOM_LENGTH, random));
    id
}

/// A reference to be read out or written down: random, so that gaps and order tell nothing.
pub fn reference(random: &mut dyn SecureRandom) -> String {
    letters(REFERENCE_LENGTH, random)
}

/// Random letters of [`ALPHABET`].
pub(crate) fn letters(count: usize, random: &mut dyn SecureRandom) -> String {
    let mut bytes = vec![0u8; count];
    random.fill_bytes(&mut bytes);
    bytes.iter().map(|byte| letter(u64::from(*byte) & 31)).collect()
}

fn letter(five_bits: u64) -> char {
    usize::try_from(five_bits).ok().and_then(|at| ALPHABET.get(at)).map_or('0', |byte| char::from(*byte))
}

/// Text folded to plain lower case without accents: `LIKE` and `lower()` differ between the databases.
#[must_use]
pub fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// A folded text as a `LIKE` pattern that finds it anywhere; `\` is the escape character.
pub(crate) fn pattern(text: &str) -> String {
    let mut out = String::from("%");
    for c in fold(text.trim()).chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('%');
    out
}

/// At most so many characters of a text that somebody else chose the length of.
pub(crate) fn clip(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::vault::OsRandom;

    #[test]
    fn ids_sort_by_time() {
        let early = new_id("2026-01-05T09:00:00Z".parse().unwrap(), &mut OsRandom);
        let late = new_id("2026-01-05T09:00:01Z".parse().unwrap(), &mut OsRandom);
        assert!(early < late && early.len() == 26);
    }

    #[test]
    fn folding_finds_accents_and_capitals() {
        assert_eq!(fold("Zoë ÉCLAIR"), "zoe eclair");
    }

    #[test]
    fn a_pattern_finds_a_percent_sign_only_as_itself() {
        assert_eq!(pattern(" 50%_ "), "%50\\%\\_%");
    }
}
