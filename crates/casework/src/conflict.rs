//! Who must not see a case: its subject, anyone it names on the route, and whoever stands in for them by the same post.
//!
//! Over-exclusion is chosen over a leak (decision 0014): a text that says "the safeguarding lead" leaves out every holder
//! of a post of that name, and somebody else on the route may admit them later. Ordinary words that are also names or
//! titles ("will", "young", "the principal reason") name somebody only where they are written as a name: otherwise most
//! concerns about learners would be taken for concerns about staff and would never reach the safeguarding posts.
//!
//! Limits: a name with two letters wrong, a nickname, and a single letter without "Mr" or "Mrs" before it are not found.

mod telling;
mod title;
mod words;

use unicode_normalization::UnicodeNormalization;

use self::telling::{Telling, Word, fold, is_of_word, is_unspaced};
use self::words::{ADDRESSES, BEFORE_MONTHS, Kind, MONTHS, PARTICLES, SAID_ALONE, kind};

/// Someone who could receive a case, with the words by which a reporter may name them.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    pub person: &'a str,
    pub name: &'a str,
    pub username: &'a str,
    /// Titles of the posts they hold.
    pub titles: Vec<&'a str>,
}

/// Shortest part of a name that is looked for on its own, in characters.
const NAME_PART_MIN_CHARS: usize = 2;

/// Shortest part of a name that is also found with an s after it ("Holts" for "Holt's"), in characters.
const POSSESSIVE_MIN_CHARS: usize = 4;

/// The people named in a text, by name, part of a name, user name, post title or the initials of a title. In the order
/// of the candidates. Takes a text of any length; nothing in it is an error.
#[must_use]
pub fn named_in<'a>(text: &str, candidates: &[Candidate<'a>]) -> Vec<&'a str> {
    let telling = Telling::read(text);
    let named = candidates.iter().filter(|candidate| is_named(candidate, &telling));
    named.map(|candidate| candidate.person).collect()
}

fn is_named(candidate: &Candidate<'_>, telling: &Telling) -> bool {
    let name = Name::read(candidate.name);
    name.is_in(telling)
        || username_is_in(candidate.username, telling)
        || candidate.titles.iter().any(|title| title::is_named(title, telling))
}

/// The parts of a name by which somebody may be called.
struct Name {
    /// In their order, without "Dr" and single letters.
    parts: Vec<String>,
    /// Parts that may also be written together: `desouza`.
    joined: Vec<String>,
    whole: String,
}

impl Name {
    fn read(name: &str) -> Self {
        let words: Vec<String> = Telling::read(name).words.into_iter().map(|word| word.folded).collect();
        let joined = words.windows(2).filter_map(|pair| match pair {
            [first, second] if PARTICLES.contains(&first.as_str()) => Some(format!("{first}{second}")),
            _ => None,
        });
        Self {
            joined: joined.collect(),
            whole: words.concat(),
            parts: words
                .into_iter()
                .filter(|part| part.chars().count() >= NAME_PART_MIN_CHARS && !ADDRESSES.contains(&part.as_str()))
                .collect(),
        }
    }

    fn is_in(&self, telling: &Telling) -> bool {
        let words = &telling.words;
        let by_part = (0..words.len()).any(|place| self.is_at(place, telling));
        let together = words.windows(2).any(|pair| match pair {
            [first, second] if PARTICLES.contains(&first.folded.as_str()) => {
                self.forms().any(|form| *form == format!("{}{}", first.folded, second.folded))
            }
            [address, letter] => self.is_initial(address, letter) || self.is_misspelt_after(address, letter),
            _ => false,
        });
        let as_one_word = self.parts.len() > 1 && words.iter().any(|word| word.folded == self.whole);
        by_part || together || as_one_word || self.is_unspaced_in(telling)
    }

    fn forms(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().chain(&self.joined)
    }

    fn form_of(&self, word: &Word) -> Option<&String> {
        self.forms().find(|form| is_form(form, &word.folded) || (word.has_capital() && is_misspelt(form, &word.folded)))
    }

    fn is_at(&self, place: usize, telling: &Telling) -> bool {
        let at = |place: Option<usize>| place.and_then(|place| telling.words.get(place));
        let Some(word) = at(Some(place)) else { return false };
        let Some(form) = self.form_of(word) else { return false };
        let (before, after) = (at(place.checked_sub(1)), at(place.checked_add(1)));
        let is_other_part = |word: &Word| self.form_of(word).is_some_and(|other| other != form);
        before.is_some_and(|before| is_address(before, word))
            || [before, after].into_iter().flatten().any(is_other_part)
            || is_written_as_name(word, before, after, telling.is_shouted)
    }

    /// "Mr H": everybody whose name goes on with that letter.
    fn is_initial(&self, address: &Word, letter: &Word) -> bool {
        let is_said_alone = SAID_ALONE.contains(&address.folded.as_str());
        let may_be_other = is_said_alone && (!letter.has_capital() || letter.folded == "i" || !address.has_capital());
        let later = if self.parts.len() > 1 { self.parts.get(1..) } else { self.parts.get(..) };
        ADDRESSES.contains(&address.folded.as_str())
            && letter.is_letter()
            && !may_be_other
            && later.unwrap_or_default().iter().any(|part| part.starts_with(letter.folded.as_str()))
    }

    /// "mr gardwell": after a word of address a letter may be wrong without a capital too.
    fn is_misspelt_after(&self, address: &Word, word: &Word) -> bool {
        let is_addressed =
            ADDRESSES.contains(&address.folded.as_str()) && !SAID_ALONE.contains(&address.folded.as_str());
        is_addressed && self.forms().any(|form| is_misspelt(form, &word.folded))
    }

    fn is_unspaced_in(&self, telling: &Telling) -> bool {
        let is_long = |form: &&String| form.chars().count() >= NAME_PART_MIN_CHARS && is_unspaced(form);
        let forms: Vec<&String> = self.parts.iter().chain(std::iter::once(&self.whole)).filter(is_long).collect();
        if forms.is_empty() {
            return false;
        }
        let together = telling.run_together();
        forms.iter().any(|form| together.contains(form.as_str()))
    }
}

/// The word itself, or with the s of a possessive whose apostrophe was forgotten.
fn is_form(form: &str, word: &str) -> bool {
    word == form || (form.chars().count() >= POSSESSIVE_MIN_CHARS && word.strip_suffix('s') == Some(form))
}

/// Shortest name that is also found with one letter wrong, missing or too many, in characters; only where it is written
/// with a capital, so that "maker" does not name Mr Baker.
const MISSPELT_MIN_CHARS: usize = 5;

/// "Gardwell" for "Guardwell", "Sunill" for "Sunil".
fn is_misspelt(form: &str, word: &str) -> bool {
    let (short, long) = if form.chars().count() <= word.chars().count() { (form, word) } else { (word, form) };
    let (short, long): (Vec<char>, Vec<char>) = (short.chars().collect(), long.chars().collect());
    if short.len() < MISSPELT_MIN_CHARS || long.len() > short.len() + 1 {
        return false;
    }
    let same_before = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    let same_after = short.iter().rev().zip(long.iter().rev()).take_while(|(a, b)| a == b).count();
    same_before + same_after + 1 >= long.len()
}

/// "Mr Will" and "miss white" are names; "Miss, will you" is not.
fn is_address(before: &Word, word: &Word) -> bool {
    let is_said_alone = SAID_ALONE.contains(&before.folded.as_str());
    let is_other_word = matches!(kind(&word.folded), Kind::Opening | Kind::Post) && !word.has_capital();
    ADDRESSES.contains(&before.folded.as_str()) && !(is_said_alone && is_other_word)
}

fn is_written_as_name(word: &Word, before: Option<&Word>, after: Option<&Word>, is_shouted: bool) -> bool {
    if is_month(word, before, after) {
        return false;
    }
    let has_capital = word.has_capital() && !is_shouted;
    match kind(&word.folded) {
        Kind::Name => true,
        Kind::Common => has_capital,
        Kind::Opening => has_capital && !word.opens && !word.is_shouted(),
        Kind::Post => false,
    }
}

/// "Since April" and "3 June" speak of the month.
fn is_month(word: &Word, before: Option<&Word>, after: Option<&Word>) -> bool {
    let is_number = |word: &Word| word.folded.starts_with(|letter: char| letter.is_ascii_digit());
    MONTHS.contains(&word.folded.as_str())
        && (before.is_some_and(|before| is_number(before) || BEFORE_MONTHS.contains(&before.folded.as_str()))
            || after.is_some_and(is_number))
}

/// A user name counts where all of it stands; one that is an ordinary word ("it", "lead") never does by itself.
fn username_is_in(username: &str, telling: &Telling) -> bool {
    let wanted: Vec<String> = Telling::read(username).words.into_iter().map(|word| word.folded).collect();
    match wanted.as_slice() {
        [] => false,
        [only] => {
            only.chars().count() >= NAME_PART_MIN_CHARS
                && kind(only) == Kind::Name
                && telling.words.iter().any(|word| word.folded == *only)
        }
        several => telling
            .words
            .windows(several.len())
            .any(|window| window.iter().zip(several).all(|(word, wanted)| word.folded == *wanted)),
    }
}

/// What stands in a text where a name was taken out.
pub(crate) const WITHHELD: &str = "[name withheld]";

/// More words than this are a description ("the boy with the red bag") and no name, whose words would be everywhere.
const NAME_LIMIT_WORDS: usize = 4;

/// The text without a person's name or the parts of it, for a referral that leaves without the name.
pub(crate) fn withhold(text: &str, name: &str) -> String {
    let (text, name): (String, String) = (text.nfc().collect(), name.trim().nfc().collect());
    if name.is_empty() {
        return text;
    }
    let text = text.replace(name.as_str(), WITHHELD);
    let read = Name::read(&name);
    if read.parts.len() > NAME_LIMIT_WORDS {
        return text;
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(WITHHELD) {
            kept.push_str(WITHHELD);
            rest = after;
            continue;
        }
        let end = rest.find(|letter| !is_name_letter(letter)).unwrap_or(rest.len());
        let end = if end == 0 { rest.chars().next().map_or(rest.len(), char::len_utf8) } else { end };
        let (word, after) = rest.split_at(end);
        kept.push_str(if is_part(&read, word) { WITHHELD } else { word });
        rest = after;
    }
    let twice = format!("{WITHHELD} {WITHHELD}");
    while kept.contains(&twice) {
        kept = kept.replace(&twice, WITHHELD);
    }
    kept
}

fn is_name_letter(letter: char) -> bool {
    is_of_word(letter) || letter == '\u{2019}'
}

fn is_part(name: &Name, word: &str) -> bool {
    let folded = fold(word);
    let has_capital = word.chars().next().is_some_and(char::is_uppercase);
    name.forms().any(|form| is_form(form, &folded)) && (has_capital || kind(&folded) == Kind::Name)
}
