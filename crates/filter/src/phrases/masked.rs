//! Words with a letter hidden or a sign put inside: `s*icide`, `sui-cide`. Undone only where one word that is looked for fits.

use std::borrow::Cow;

use memchr::memchr3;

use super::vocabulary::Vocabulary;

/// Shortest word of which a letter may be hidden; shorter ones fit too much.
const HIDDEN_LEAST_LETTERS: usize = 5;
/// Shortest word that is put together over a sign.
const JOINED_LEAST_LETTERS: usize = 6;
/// Words with hidden letters that are looked up in one text; each is compared with every word that is known.
const HIDDEN_LIMIT_WORDS: usize = 200;
/// Longest word that is looked at, in bytes.
const WORD_LIMIT_BYTES: usize = 30;

/// The text with such words written out; the same text where there are none.
pub(super) fn unmasked<'t>(text: &'t str, known: &Vocabulary) -> Cow<'t, str> {
    let bytes = text.as_bytes();
    let mut out: Option<String> = None;
    let mut written = 0;
    let mut from = 0;
    let mut hidden = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr3(b'*', b'-', b'_', rest)).map(|at| from + at) {
        from = at + 1;
        let beside =
            |place: Option<usize>| place.and_then(|place| bytes.get(place)).is_some_and(u8::is_ascii_alphabetic);
        let inside = beside(at.checked_sub(1)) && (beside(at.checked_add(1)) || bytes.get(at + 1) == Some(&b'*'));
        if !inside {
            continue;
        }
        let of_word = |byte: &u8| byte.is_ascii_alphabetic() || is_sign(*byte);
        let before = bytes.get(written..at).unwrap_or_default().iter().rev().take_while(|byte| of_word(byte)).count();
        let after = bytes.get(at..).unwrap_or_default().iter().take_while(|byte| of_word(byte)).count();
        let (begin, end) = (at - before, at + after);
        from = end;
        let Some(word) = text.get(begin..end).filter(|word| word.len() <= WORD_LIMIT_BYTES) else { continue };
        // A word of another alphabet beside it: not ours to undo.
        let free = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii);
        if !(free(begin.checked_sub(1).and_then(|place| bytes.get(place))) && free(bytes.get(end))) {
            continue;
        }
        hidden += usize::from(word.contains('*'));
        if hidden > HIDDEN_LIMIT_WORDS && word.contains('*') {
            continue;
        }
        if let Some(meant) = meant(word, known) {
            let out = out.get_or_insert_with(|| String::with_capacity(text.len()));
            out.push_str(text.get(written..begin).unwrap_or_default());
            out.push_str(&meant);
            written = end;
        }
    }
    match out {
        Some(mut out) => {
            out.push_str(text.get(written..).unwrap_or_default());
            Cow::Owned(out)
        }
        None => Cow::Borrowed(text),
    }
}

fn is_sign(byte: u8) -> bool {
    matches!(byte, b'*' | b'-' | b'_')
}

fn meant(word: &str, known: &Vocabulary) -> Option<String> {
    let word = word.trim_matches(['*', '-', '_']).to_ascii_lowercase();
    if word.contains('*') && !word.contains(['-', '_']) {
        return uncovered(&word, known);
    }
    let mut pieces = word.split(['*', '-', '_']);
    let joined: String = word.chars().filter(char::is_ascii_alphabetic).collect();
    // `self-harm` is made of words, and what has more than two pieces is a row of letters or a name; they stay.
    let whole = pieces.clone().all(|piece| known.has(piece));
    let two = pieces.clone().count() == 2 && pieces.all(|piece| piece.len() > 1);
    (joined.len() >= JOINED_LEAST_LETTERS && two && !whole && known.has(&joined)).then_some(joined)
}

/// The one word that fits, each star being one letter.
fn uncovered(word: &str, known: &Vocabulary) -> Option<String> {
    let stars = word.bytes().filter(|byte| *byte == b'*').count();
    if word.len() < HIDDEN_LEAST_LETTERS || stars * 3 > word.len() {
        return None;
    }
    let mut fits = known
        .of_length(word.len())
        .filter(|other| word.bytes().zip(other.bytes()).all(|(hidden, letter)| hidden == b'*' || hidden == letter));
    let found = fits.next()?;
    fits.next().is_none().then(|| found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_a_hidden_letter_or_a_sign_inside_hides_no_word() {
        let mut known = Vocabulary::default();
        known.add("suicide cocaine kill self harm selfharm casino black block how to commit");
        let read = |text: &str| unmasked(text, &known).into_owned();
        assert_eq!(read("how to commit s*icide, or Sui-cide."), "how to commit suicide, or suicide.");
        assert_eq!(read("co_caine su**ide c.asino"), "cocaine suicide c.asino");
        for stays in [
            "self-harm",
            "**casino**",
            "bl*ck",
            "k*ll",
            "2*3*4",
            "www.casi.no",
            "a - b",
            "sui-",
            "casi-noй",
            "the su***** of it",
            "",
        ] {
            assert_eq!(read(stays), stays);
        }
        assert!(matches!(unmasked("well-known", &known), Cow::Borrowed(_)));
    }
}
