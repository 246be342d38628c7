//! One form for words, however they are disguised: case, accents, look-alike letters, digits for letters, letters apart.

use unicode_normalization::char::decompose_compatible;

use super::letters::{is_accent, is_indian_sign, is_invisible, is_sign, letter_for, look_alike, same_letter};
use super::spelling::{APART_LEAST_LETTERS, chat_form};
use super::vocabulary::Vocabulary;

/// Words in one form, one blank between them and one at either end.
pub(crate) fn normal_text(text: &str) -> String {
    normal_with(text, &Vocabulary::default())
}

/// The same, with disguises undone that only show when one knows which words are looked for: `kiiill`, `ki11`, `k-y-s`.
pub(super) fn normal_with(text: &str, known: &Vocabulary) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8 + 2);
    out.push(' ');
    read_words(text, known, &mut out);
    out
}

/// Who wants the words of a text, one after the other, each in the one form.
pub(super) trait Listener {
    /// A word by its letters, and by its number if it is known.
    fn word(&mut self, letters: &str, number: Option<u32>);

    /// A known word by its number alone, which is much quicker; false if its letters are wanted.
    fn number(&mut self, number: u32) -> bool;
}

impl Listener for String {
    fn word(&mut self, letters: &str, _number: Option<u32>) {
        self.push_str(letters);
        self.push(' ');
    }

    fn number(&mut self, _number: u32) -> bool {
        false
    }
}

/// Reads a text to a listener.
pub(super) fn read_words(text: &str, known: &Vocabulary, listener: &mut impl Listener) {
    let mut writer = Writer::new(known, listener);
    let mut rest = text;
    loop {
        rest = writer.plain_word(rest);
        let mut chars = rest.chars();
        match chars.next() {
            None => break,
            Some(c) if c.is_ascii() => writer.ascii(c),
            Some(c) => writer.other(c),
        }
        rest = chars.as_str();
    }
    writer.end_word(Gap::Wide);
    writer.flush_apart();
}

/// Letter by letter, without the way round for plain words: what tests compare it with.
#[cfg(test)]
pub(super) fn read_slowly(text: &str, known: &Vocabulary, listener: &mut impl Listener) {
    let mut writer = Writer::new(known, listener);
    for c in text.chars() {
        if c.is_ascii() { writer.ascii(c) } else { writer.other(c) }
    }
    writer.end_word(Gap::Wide);
    writer.flush_apart();
}

/// Not part of a word.
const ENDS: u8 = 0;
/// Part of a word that wants a closer look.
const GOES_ON: u8 = 1;

/// Inside a word, and left out of it.
const APOSTROPHE: u8 = b'\'';

/// What a byte of a text is: the small letter, [`APOSTROPHE`], [`ENDS`] or [`GOES_ON`].
fn kind(byte: u8) -> u8 {
    let small = byte | 0x20;
    match byte {
        _ if small.is_ascii_lowercase() => small,
        APOSTROPHE => APOSTROPHE,
        b'0'..=b'9' | b'@' | b'$' | b'!' | 0x80.. => GOES_ON,
        _ => ENDS,
    }
}

/// What stands between two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    Blank,
    /// Two blanks or a new line: between letters apart it ends the word.
    Wide,
    /// A full stop, hyphen or other sign, with no blank beside it.
    Sign,
}

/// A letter that stands alone, or a digit that may be meant for one.
struct Single {
    shown: char,
    letter: char,
    /// What stood after it.
    gap: Gap,
}

/// Takes letters, gives words.
struct Writer<'k, L> {
    listener: &'k mut L,
    known: &'k Vocabulary,
    word: String,
    /// The word with Latin letters for those that only look so; empty while it has none such.
    twin: String,
    has_latin: bool,
    /// Digits or signs that may be meant for letters.
    has_sign: bool,
    last: char,
    run: usize,
    longest_run: usize,
    apart: Vec<Single>,
}

impl<'k, L: Listener> Writer<'k, L> {
    fn new(known: &'k Vocabulary, listener: &'k mut L) -> Self {
        Self {
            listener,
            known,
            word: String::new(),
            twin: String::new(),
            has_latin: false,
            has_sign: false,
            last: ' ',
            run: 0,
            longest_run: 0,
            apart: Vec::new(),
        }
    }

    /// Writes the word at the beginning of a text at once, if it is made of ordinary letters and nothing is to be undone in
    /// it, as nearly all words are; gives back what follows it and the signs after it.
    fn plain_word<'t>(&mut self, text: &'t str) -> &'t str {
        if !self.word.is_empty() {
            return text;
        }
        let (mut bytes, mut letters, mut last, mut run, mut key) = (0_usize, 0_usize, 0_u8, 0_usize, 0_u64);
        for byte in text.bytes() {
            let letter = kind(byte);
            match letter {
                GOES_ON => return text,
                ENDS => break,
                _ => bytes += 1,
            }
            if letter == APOSTROPHE {
                continue;
            }
            run = if letter == last { run + 1 } else { 1 };
            if run > 2 {
                return text;
            }
            last = letter;
            letters += 1;
            key = (key << 8) | u64::from(letter);
        }
        let Some((word, after)) = text.split_at_checked(bytes).filter(|_| letters > 1) else { return text };
        self.flush_apart();
        let number = self.known.number_of_key(key, letters);
        if !number.is_some_and(|number| self.listener.number(number)) {
            self.plain_letters(word, number);
        }
        // Between words, and with no single letters kept back, these signs change nothing.
        let signs = after.bytes().take_while(|byte| kind(*byte) == ENDS).count();
        after.get(signs..).unwrap_or_default()
    }

    fn plain_letters(&mut self, word: &str, number: Option<u32>) {
        // Empty here, and empty again afterwards.
        let mut small = std::mem::take(&mut self.word);
        small.extend(word.chars().filter(|c| *c != '\''));
        small.make_ascii_lowercase();
        match chat_form(&small) {
            Some(form) => self.write(form),
            None => self.listener.word(&small, number.or_else(|| self.known.number(&small))),
        }
        small.clear();
        self.word = small;
    }

    fn ascii(&mut self, c: char) {
        match c {
            'a'..='z' => self.latin(c),
            'A'..='Z' => self.latin(c.to_ascii_lowercase()),
            '0'..='9' | '@' | '$' | '!' => {
                self.has_sign = true;
                self.push(c);
            }
            '\'' => {}
            ' ' | '\t' => self.end_word(Gap::Blank),
            '\n' | '\r' => self.end_word(Gap::Wide),
            _ => self.end_word(Gap::Sign),
        }
    }

    fn other(&mut self, c: char) {
        if is_invisible(c) || is_accent(c) || c == '\u{2019}' {
            return;
        }
        decompose_compatible(c, |part| {
            if part.is_ascii() {
                self.ascii(part);
            } else if !(is_accent(part) || is_invisible(part)) {
                self.foreign(part);
            }
        });
    }

    /// A letter or sign that is not ASCII, decomposed.
    fn foreign(&mut self, c: char) {
        if is_sign(c) {
            self.has_sign = true;
            return self.push(c);
        }
        if !(c.is_alphanumeric() || is_indian_sign(c)) {
            return self.end_word(if c.is_whitespace() { Gap::Blank } else { Gap::Sign });
        }
        if let Some(like) = look_alike(c) {
            if self.twin.is_empty() {
                self.twin.push_str(&self.word);
            }
            self.twin.push(like);
            return c.to_lowercase().for_each(|lower| self.push_word_letter(lower));
        }
        for lower in c.to_lowercase().filter(|lower| !is_accent(*lower)) {
            match same_letter(lower) {
                Some(same) => {
                    same.chars().for_each(|c| if c.is_ascii_alphabetic() { self.latin(c) } else { self.push(c) })
                }
                None => self.push(lower),
            }
        }
    }

    fn latin(&mut self, c: char) {
        self.has_latin = true;
        self.push(c);
    }

    fn push(&mut self, c: char) {
        if !self.twin.is_empty() {
            self.twin.push(c);
        }
        self.push_word_letter(c);
    }

    fn push_word_letter(&mut self, c: char) {
        self.run = if c == self.last { self.run + 1 } else { 1 };
        self.longest_run = self.longest_run.max(self.run);
        self.last = c;
        self.word.push(c);
    }

    fn end_word(&mut self, gap: Gap) {
        if self.word.is_empty() {
            // More after the last single letter: two blanks are a wide gap, a blank beside a sign is a blank.
            if let Some(single) = self.apart.last_mut() {
                single.gap = match (single.gap, gap) {
                    (Gap::Blank, Gap::Blank) | (Gap::Wide, _) | (_, Gap::Wide) => Gap::Wide,
                    (Gap::Sign, Gap::Sign) => Gap::Sign,
                    _ => Gap::Blank,
                };
            }
            return;
        }
        let mut word = std::mem::take(&mut self.word);
        if self.has_latin && !self.twin.is_empty() {
            std::mem::swap(&mut word, &mut self.twin);
        }
        self.whole_word(&word, gap);
        word.clear();
        self.word = word;
        self.twin.clear();
        (self.has_latin, self.has_sign, self.last, self.run, self.longest_run) = (false, false, ' ', 0, 0);
    }

    fn whole_word(&mut self, raw: &str, gap: Gap) {
        let mut letters = raw.chars();
        if let (Some(shown), None) = (letters.next(), letters.next()) {
            let letter = if shown.is_alphabetic() { Some(shown) } else { letter_for(shown) };
            // `!` after a word is no letter, but inside a row of letters it may be one.
            let may_stand = shown.is_alphabetic() || !self.apart.is_empty() || shown.is_ascii_digit();
            if let Some(letter) = letter.filter(|_| may_stand) {
                self.apart.push(Single { shown, letter, gap });
                return;
            }
        }
        self.flush_apart();
        let stretched = self.longest_run > 2;
        if !(self.has_sign || stretched) {
            return self.write(chat_form(raw).unwrap_or(raw));
        }
        if let Some(form) = chat_form(raw) {
            return self.write(form);
        }
        let folded = if self.has_sign { self.digits_read(raw) } else { raw.to_owned() };
        let folded = if stretched { self.known.unstretched(&folded).unwrap_or(folded) } else { folded };
        for part in folded.split(' ').filter(|part| !part.is_empty()) {
            let form = chat_form(part).unwrap_or(part).to_owned();
            self.write(&form);
        }
    }

    /// `c4s1n0` is `casino`; `2024` stays. Signs beside no letter are no letters. `1` is an i, or an l if only that gives
    /// a known word.
    fn digits_read(&self, word: &str) -> String {
        let word = word.trim_matches(|c| matches!(c, '!' | '@'));
        if !word.chars().any(char::is_alphabetic) {
            return word.chars().map(|c| if is_sign(c) { ' ' } else { c }).collect();
        }
        let folded: String = word.chars().map(|c| letter_for(c).unwrap_or(c)).collect();
        if !word.contains('1') || self.known.has(&folded) {
            return folded;
        }
        let other: String = word.chars().map(|c| if c == '1' { 'l' } else { letter_for(c).unwrap_or(c) }).collect();
        if self.known.has(&other) { other } else { folded }
    }

    fn write(&mut self, words: &str) {
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            self.listener.word(word, self.known.number(word));
        }
    }

    /// Writes the single letters that were kept back: as the word that they give, or one by one.
    fn flush_apart(&mut self) {
        if self.apart.is_empty() {
            return;
        }
        let mut apart = std::mem::take(&mut self.apart);
        let is_row = apart.len() >= APART_LEAST_LETTERS;
        for group in apart.chunk_by(|before, _| before.gap != Gap::Wide) {
            if !self.together(group, is_row) {
                self.one_by_one(group);
            }
        }
        // The room that it took is used again.
        apart.clear();
        self.apart = apart;
    }

    /// Four letters and more are one word, or the words that they give; fewer, and those with digits between, only if
    /// that gives a word which is looked for.
    fn together(&mut self, group: &[Single], is_row: bool) -> bool {
        if group.len() < 3 {
            return false;
        }
        let joined: String = group.iter().map(|single| single.letter).collect();
        let all_letters = group.iter().all(|single| single.shown.is_alphabetic());
        let by_signs = group.iter().rev().skip(1).all(|single| single.gap == Gap::Sign);
        let letters = group.iter().filter(|single| single.shown.is_alphabetic()).count();
        let is_word = self.known.has(&joined);
        if letters * 2 < group.len() {
            return false;
        }
        if group.len() < APART_LEAST_LETTERS {
            let together = is_word && (by_signs || is_row);
            if together {
                self.write(&joined);
            }
            return together;
        }
        if is_word {
            self.write(&joined);
            return true;
        }
        if let Some(words) = self.known.split(&joined) {
            for word in words {
                self.write(chat_form(word).unwrap_or(word));
            }
            return true;
        }
        if all_letters {
            self.write(&joined);
        }
        all_letters
    }

    fn one_by_one(&mut self, group: &[Single]) {
        if let [Single { shown, gap, .. }] = group {
            return match shown {
                sign if is_sign(*sign) => {}
                'u' if *gap != Gap::Sign => self.write("you"),
                letter => self.letters(&[*letter]),
            };
        }
        let shown: Vec<char> = group.iter().map(|single| single.shown).filter(|c| !is_sign(*c)).collect();
        // The U of a U-boat and of the U.S.A. is nobody.
        let before_sign = group.last().is_some_and(|single| single.gap == Gap::Sign);
        match shown.as_slice() {
            _ if before_sign => self.letters(&shown),
            ['u'] => self.write("you"),
            ['u', 'r'] => self.write("you are"),
            ['r', 'u'] => self.write("are you"),
            letters => self.letters(letters),
        }
    }

    fn letters(&mut self, letters: &[char]) {
        for letter in letters {
            self.write(letter.encode_utf8(&mut [0; 4]));
        }
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
        assert_eq!(normal_text("5 of 7! 1, 2, 3, 4"), " 5 of 7 1 2 3 4 ");
        assert_eq!(normal_text("U-boat, the U.S.A. at 7 p.m."), " u boat the u s a at 7 p m ");
        assert_eq!(normal_text(""), " ");
    }

    #[test]
    fn f05_letters_that_unicode_leaves_are_folded() {
        assert_eq!(normal_text("Łódź Øre Đà straße æther ılık"), " lodz ore da strasse aether ilik ");
        assert_eq!(normal_text("ｆｕｌｌ ᴄᴀᴘs 𝓼𝓬𝓻𝓲𝓹𝓽 ⓒⓐⓡ"), " full caps script car ");
        assert_eq!(normal_text("c\u{ad}a\u{200b}s\u{2060}i\u{feff}no"), " casino ");
    }

    #[test]
    fn f05_russian_and_greek_keep_their_letters_and_mixed_words_do_not() {
        assert_eq!(normal_text("Кот и собака"), " кот и собака ");
        assert_eq!(normal_text("καφες και νερο"), " καφες και νερο ");
        assert_eq!(normal_text("с\u{0430}sіno Tнеу"), " casino they ");
    }

    #[test]
    fn f05_arabic_and_persian_spellings_are_one() {
        assert_eq!(normal_text("أُحِبُّ كـــتاب"), normal_text("احب كتاب"));
        assert_eq!(normal_text("کتاب علی"), normal_text("كتاب على"));
        assert_eq!(normal_text("১২ हिन्दी"), normal_text("১২ हिन्दी"));
        assert_ne!(normal_text("हिन्दी"), normal_text("हन्द"), "the vowels of Hindi are letters");
    }

    #[test]
    fn f05_chat_spelling_and_letters_apart_are_read() {
        let mut known = Vocabulary::default();
        known.add("casino kys kill yourself self sui i want to play now");
        let read = |text: &str| normal_with(text, &known);
        assert_eq!(read("u r here, ur car"), " you are here your car ");
        assert_eq!(read("c-a-s-i-n-o c_a_s_1_n_0"), " casino casino ");
        assert_eq!(read("k.y.s, then k y s"), " kys then k y s ");
        assert_eq!(read("k i l l y o u r s e l f"), " kill yourself ");
        assert_eq!(read("i  w a n t  t o  p l a y"), " i want t o play ");
        assert_eq!(read("ki11 se1f k1ll 11am"), " kill self kill iiam ");
        assert_eq!(read("kiiiiill, aaah"), " kill aaah ");
        assert_eq!(read("s-u-i"), " sui ");
    }
}
