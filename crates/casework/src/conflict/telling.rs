//! A reporter's text taken apart into words that can be compared with names, however accents, apostrophes and capitals
//! were typed.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One word of a text.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// Lower case, without accents, apostrophes and the possessive s.
    pub(super) folded: String,
    /// Without accents and the possessive s, in the capitals in which it was written.
    pub(super) written: String,
    /// First of a sentence or a line.
    pub(super) opens: bool,
}

impl Word {
    pub(super) fn has_capital(&self) -> bool {
        self.written.chars().next().is_some_and(char::is_uppercase)
    }

    /// Two capitals and more, and nothing but capitals.
    pub(super) fn is_shouted(&self) -> bool {
        self.written.chars().count() > 1 && self.written.chars().all(char::is_uppercase)
    }

    pub(super) fn is_letter(&self) -> bool {
        self.folded.chars().count() == 1 && self.folded.chars().all(char::is_alphabetic)
    }
}

/// A text in words.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    pub(super) words: Vec<Word>,
    /// All of it is in capitals, so that a capital says nothing.
    pub(super) is_shouted: bool,
}

impl Telling {
    pub(super) fn read(text: &str) -> Self {
        let plain = plain(text);
        let mut words = Vec::new();
        let mut opens = true;
        let mut written = String::new();
        for letter in plain.chars().chain(std::iter::once(' ')) {
            if is_of_word(letter) {
                written.push(letter);
                continue;
            }
            if let Some(word) = word(&written, opens) {
                words.push(word);
                opens = false;
            }
            written.clear();
            opens = opens || matches!(letter, '.' | '!' | '?' | '\n' | ':' | '"' | '\u{201c}' | '\u{2022}' | '*');
        }
        let is_shouted = !plain.chars().any(char::is_lowercase);
        Self { words, is_shouted }
    }

    /// All words run together, for scripts that put no space between them.
    pub(super) fn run_together(&self) -> String {
        self.words.iter().map(|word| word.folded.as_str()).collect()
    }
}

/// Whether a letter belongs to a word.
pub(super) fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '\''
}

/// Lower case, without accents, apostrophes and the possessive s.
pub(super) fn fold(word: &str) -> String {
    self::word(&plain(word), false).map(|word| word.folded).unwrap_or_default()
}

fn word(raw: &str, opens: bool) -> Option<Word> {
    let raw = raw.trim_matches('\'');
    let bare = raw.strip_suffix("'s").or_else(|| raw.strip_suffix("'S")).unwrap_or(raw);
    let written: String = bare.chars().filter(|letter| *letter != '\'').collect();
    let folded: String = written.to_lowercase().chars().filter(|letter| !is_combining_mark(*letter)).collect();
    (!folded.is_empty()).then_some(Word { folded, written, opens })
}

/// One way to write each apostrophe, no invisible characters, and letters without their accents.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let typed = text.chars().filter(|letter| !is_invisible(*letter)).map(|letter| match letter {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{b4}' | '`' | '\u{ff07}' => '\'',
        other => other,
    });
    for letter in typed.nfkd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'Æ' => plain.push_str("Ae"),
            'œ' => plain.push_str("oe"),
            'Œ' => plain.push_str("Oe"),
            'þ' => plain.push_str("th"),
            'Þ' => plain.push_str("Th"),
            'ø' => plain.push('o'),
            'Ø' => plain.push('O'),
            'ł' => plain.push('l'),
            'Ł' => plain.push('L'),
            'đ' | 'ð' => plain.push('d'),
            'Đ' | 'Ð' => plain.push('D'),
            'ı' => plain.push('i'),
            other => plain.push(other),
        }
    }
    plain
}

/// Soft hyphens, zero-width signs and signs of direction, which come along when text is copied from a page.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}' | '\u{feff}'
    )
}

/// Whether a word is written in a script without spaces: Thai, Lao, Burmese, Khmer, Chinese, Japanese, Korean.
pub(super) fn is_unspaced(word: &str) -> bool {
    word.chars().any(|letter| {
        matches!(u32::from(letter), 0x0e00..=0x0eff | 0x1000..=0x11ff | 0x1780..=0x17ff | 0x2e80..=0xd7ff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
    })
}
