//! Whether a text names a post: by its title, a part of it, or its initials.

use super::is_misspelt;
use super::telling::{Telling, Word};
use super::words::{Kind, LINKS, SHORT_FORMS, THINGS, kind};

/// Fewest letters that count as initials: "DSL" names a post, "SL" may be anything.
const INITIALS_MIN_CHARS: usize = 3;

/// Fewest letters of a word that is a field of work by itself: "safeguarding".
const FIELD_WORD_MIN_CHARS: usize = 11;

/// Fewest letters of such a word when its end is left off: "safeguard".
const FIELD_WORD_CUT_MIN_CHARS: usize = 9;

/// By its whole; by its last two words ("safeguarding lead" for "designated safeguarding lead"); turned round ("HR head"
/// for "head of HR"); or by the initials of three words and more ("DSL").
pub(super) fn is_named(title: &str, telling: &Telling) -> bool {
    let title = Telling::read(title);
    let whole = stems(&title.words);
    if whole.len() == 1 {
        return title.words.first().is_some_and(|word| one_word_is_named(word, &telling.words))
            || initials_are_named(&title, telling);
    }
    let said = stems(&telling.words);
    field_word_is_said(&whole, &said)
        || contains(&shortened(&said), &shortened(&whole))
        || last_two(&whole).is_some_and(|pair| contains(&said, pair))
        || turned_round_is_named(&whole, telling)
        || initials_are_named(&title, telling)
}

/// Few people know a post's title: "the safeguarding officer", "the man who leads safeguarding" and "someone in the
/// safeguarding team" all mean whoever has that field in their title. Only a long word is a field; "head" is none.
fn field_word_is_said(whole: &[&str], said: &[&str]) -> bool {
    let is_said = |word: &str| {
        said.iter().any(|said| is_field(word, said))
            || said
                .windows(2)
                .any(|pair| matches!(pair, [first, second] if is_field(word, &format!("{first}{second}"))))
    };
    whole.iter().any(|word| word.len() >= FIELD_WORD_MIN_CHARS && is_said(word))
}

/// A long word as people write it: with a letter wrong or two exchanged ("safegaurding"), cut short ("safeguard"), or, with
/// the caller's help, in two ("safe guarding").
fn is_field(field: &str, said: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    said == field
        || is_misspelt(field, said)
        || (said.len() >= FIELD_WORD_CUT_MIN_CHARS && field.starts_with(said))
        || (said.len() == field.len()
            && said.starts_with(field.get(..2).unwrap_or(field))
            && sorted(said) == sorted(field))
}

/// A title of one word is also an ordinary word: "the principal reason" names nobody, and "it" is not the IT department.
fn one_word_is_named(title: &Word, words: &[Word]) -> bool {
    let wanted = stem(&title.folded);
    let is_short_form = title.is_shouted() && kind(&title.folded) == Kind::Opening;
    words.iter().enumerate().any(|(place, word)| {
        let next = place.checked_add(1).and_then(|next| words.get(next)).map(|next| stem(&next.folded));
        let before = place.checked_sub(1).and_then(|before| words.get(before)).map(|before| before.folded.as_str());
        let is_thing = next.is_some_and(|next| THINGS.contains(&next));
        // Many people write "the principle" and mean the principal.
        let misspelt = wanted == "principal"
            && stem(&word.folded) == "principle"
            && before.is_some_and(|before| matches!(before, "the" | "our" | "my" | "your" | "vice"))
            && next.is_none_or(|next| !matches!(next, "of" | "that" | "behind"));
        let same = stem(&word.folded) == wanted && (!is_short_form || word.is_shouted());
        (same || misspelt) && !is_thing
    })
}

/// The last two words, where they say something: not the "of HR" of "Head of HR".
fn last_two<'a>(whole: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let pair = whole.get(whole.len().checked_sub(2)?..)?;
    let says_something = whole.len() > 2 && !pair.iter().any(|word| LINKS.contains(word));
    says_something.then_some(pair)
}

/// "The HR head", "the HR manager" for "Head of HR". A department that reads like an ordinary word must stand in capitals.
fn turned_round_is_named(whole: &[&str], telling: &Telling) -> bool {
    let ["head" | "director" | "manager", "of", department @ ..] = whole else { return false };
    let said = stems(&telling.words);
    let size = department.len();
    said.windows(size.saturating_add(1)).zip(&telling.words).any(|(window, first)| {
        let Some((last, beginning)) = window.split_last() else { return false };
        beginning == department
            && matches!(*last, "head" | "director" | "manager" | "lead" | "boss")
            && (size > 1 || kind(&first.folded) != Kind::Opening || first.is_shouted())
    })
}

/// "DSL" names the deputy ("DDSL") too. Capitals count, with or without full stops; small letters only after "the", "our" or
/// "my": "the dsl".
fn initials_are_named(title: &Telling, telling: &Telling) -> bool {
    let telling_words = title.words.iter().filter(|word| !LINKS.contains(&word.folded.as_str()));
    let letters: String =
        telling_words.filter_map(|word| word.folded.chars().next()).flat_map(char::to_uppercase).collect();
    let last = title.words.last().filter(|word| word.is_shouted()).map(|word| word.written.as_str());
    let seen = initials(telling);
    seen.iter().any(|seen| letters.ends_with(seen.as_str()) || last == Some(seen.as_str()))
}

/// Every run of capitals in a text: `DSL`, `DSLs`, `D.S.L.`
fn initials(telling: &Telling) -> Vec<String> {
    let mut found = Vec::new();
    let mut letters = String::new();
    let mut is_pointed_at = false;
    for word in &telling.words {
        if is_pointed_at {
            found.push(word.folded.to_uppercase());
        }
        is_pointed_at = matches!(word.folded.as_str(), "the" | "our" | "my");
        if word.written.len() == 1 && word.has_capital() {
            letters.push_str(&word.written);
            continue;
        }
        found.push(std::mem::take(&mut letters));
        // In a text that is all capitals, "HAS" is a word.
        if telling.is_shouted && kind(&word.folded) != Kind::Name {
            continue;
        }
        let bare = word.written.strip_suffix('s').unwrap_or(&word.written);
        if bare.chars().all(|letter| letter.is_ascii_uppercase()) {
            found.push(bare.to_owned());
        }
    }
    found.push(letters);
    found.retain(|seen| seen.len() >= INITIALS_MIN_CHARS);
    found
}

fn stems(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| stem(&word.folded)).collect()
}

/// Without the s of the plural: "leads" and "the leads office" mean the lead.
fn stem(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() >= INITIALS_MIN_CHARS && !stem.ends_with('s') => stem,
        _ => word,
    }
}

/// With "human resources" as "hr", so that both ways to write a post meet.
fn shortened<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut short = Vec::with_capacity(words.len());
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        match SHORT_FORMS.iter().find(|(long, _)| rest.starts_with(long)) {
            Some((long, form)) => {
                short.push(*form);
                rest = rest.get(long.len()..).unwrap_or_default();
            }
            None => {
                short.push(first);
                rest = after;
            }
        }
    }
    short
}

fn contains(said: &[&str], wanted: &[&str]) -> bool {
    !wanted.is_empty() && said.windows(wanted.len()).any(|window| window == wanted)
}
