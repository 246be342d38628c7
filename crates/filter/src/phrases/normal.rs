//! One form for words, however they are disguised: case, accents, look-alike letters, digits for letters, letters apart.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Fewest single letters in a row that are read as one word written apart.
const APART_LEAST_LETTERS: usize = 4;

/// Words in one form, one blank between them and one at either end, so that whole words can be looked for.
pub(crate) fn normal_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(' ');
    let mut word = String::new();
    let mut apart = String::new();
    let visible = text.nfkd().filter(|c| !is_combining_mark(*c) && !is_invisible(*c));
    for c in visible.flat_map(char::to_lowercase).chain(std::iter::once(' ')) {
        if c.is_alphanumeric() || matches!(c, '@' | '$' | '!') {
            word.push(look_alike(c));
        } else if !matches!(c, '\'' | '\u{2019}') && !word.is_empty() {
            push_word(&mut out, &mut apart, &word);
            word.clear();
        }
    }
    flush_apart(&mut out, &mut apart);
    out
}

/// Whether two words are the same, but for an s at the end.
pub(super) fn same_word(a: &str, b: &str) -> bool {
    a == b || a.strip_suffix('s') == Some(b) || b.strip_suffix('s') == Some(a)
}

/// Writes a word, or keeps a single letter back until it is known whether more follow.
fn push_word(out: &mut String, apart: &mut String, raw: &str) {
    let folded = fold_digits(raw);
    let mut letters = folded.chars();
    if let (Some(letter), None) = (letters.next(), letters.next())
        && letter.is_alphabetic()
    {
        apart.push(letter);
        return;
    }
    flush_apart(out, apart);
    for part in folded.split(' ').filter(|part| !part.is_empty()) {
        out.push_str(part);
        out.push(' ');
    }
}

fn flush_apart(out: &mut String, apart: &mut String) {
    let together = apart.chars().count() >= APART_LEAST_LETTERS;
    for letter in apart.chars() {
        out.push(letter);
        if !together {
            out.push(' ');
        }
    }
    if together {
        out.push(' ');
    }
    apart.clear();
}

/// `c4s1n0` is `casino`; `2024` stays. Signs beside no letter are no letters.
fn fold_digits(word: &str) -> String {
    let word = word.trim_matches(|c| matches!(c, '!' | '@'));
    let has_letter = word.chars().any(char::is_alphabetic);
    if !has_letter {
        return word.chars().map(|c| if matches!(c, '@' | '$' | '!') { ' ' } else { c }).collect();
    }
    word.chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// Cyrillic and Greek letters that look like Latin ones. A word of another script is changed too, the same way in
/// every text and every word file.
fn look_alike(c: char) -> char {
    match c {
        'а' | 'α' => 'a',
        'е' => 'e',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'с' => 'c',
        'х' => 'x',
        'у' => 'y',
        'і' | 'ι' => 'i',
        'ѕ' => 's',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ν' => 'v',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_ordinary_text_stays_readable() {
        assert_eq!(normal_text("It's 2024: I said \"Stop!\" & paid $50."), " its 2024 i said stop paid 50 ");
        assert_eq!(normal_text("Café naïve"), " cafe naive ");
        assert_eq!(normal_text("a b c"), " a b c ");
        assert_eq!(normal_text(""), " ");
    }
}
