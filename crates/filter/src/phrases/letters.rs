//! Letters as they are meant: what Unicode's own folding leaves, letters borrowed from another script, and signs nobody sees.

use unicode_normalization::char::is_combining_mark;

/// Whether a sign leaves no trace on the page, so that it can be put inside a word to hide it.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{0640}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e01ef}')
}

/// Accents, harakat and points, which people leave out as they like. The vowel signs of the Indian scripts are letters.
pub(super) fn is_accent(c: char) -> bool {
    is_combining_mark(c) && !is_indian_sign(c)
}

/// Vowel signs and viramas of Devanagari, Bengali, Gurmukhi and their neighbours: inside words, and not left out.
pub(super) fn is_indian_sign(c: char) -> bool {
    matches!(c, '\u{0900}'..='\u{0dff}') && is_combining_mark(c)
}

/// One letter, or two, for a letter that is the same wherever it stands: `ł` is `l`, a Persian kaf is an Arabic one.
/// The letter must be decomposed and in lower case.
pub(super) fn same_letter(c: char) -> Option<&'static str> {
    Some(match c {
        'ł' | 'ʟ' | 'ƚ' | 'ɫ' => "l",
        'ø' | 'ᴏ' => "o",
        'đ' | 'ð' | 'ᴅ' | 'ɗ' => "d",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ı' | 'ɪ' | 'ɩ' => "i",
        'ħ' | 'ʜ' => "h",
        'ŧ' | 'ᴛ' => "t",
        'ŋ' | 'ɴ' => "n",
        'ĸ' | 'ᴋ' | 'ƙ' => "k",
        'ᴀ' | 'ɑ' => "a",
        'ʙ' | 'ɓ' | 'ƀ' => "b",
        'ᴄ' => "c",
        'ᴇ' | 'ə' | 'ǝ' | 'ɛ' => "e",
        'ꜰ' | 'ƒ' => "f",
        'ɢ' | 'ɡ' | 'ɠ' => "g",
        'ᴊ' | 'ȷ' => "j",
        'ᴍ' => "m",
        'ᴘ' => "p",
        'ʀ' => "r",
        'ꜱ' => "s",
        'ᴜ' => "u",
        'ᴠ' | 'ʋ' => "v",
        'ᴡ' => "w",
        'ʏ' | 'ƴ' => "y",
        'ᴢ' | 'ƶ' => "z",
        'ٱ' => "ا",
        'ى' | 'ی' | 'ے' => "ي",
        'ک' | 'ڪ' => "ك",
        'ہ' | 'ھ' | 'ە' | 'ة' | 'ۃ' => "ه",
        '٠' | '۰' => "0",
        '١' | '۱' => "1",
        '٢' | '۲' => "2",
        '٣' | '۳' => "3",
        '٤' | '۴' => "4",
        '٥' | '۵' => "5",
        '٦' | '۶' => "6",
        '٧' | '۷' => "7",
        '٨' | '۸' => "8",
        '٩' | '۹' => "9",
        _ => return None,
    })
}

/// The Latin letter that a Cyrillic, Greek or Armenian one looks like. Only for a word that has Latin letters too: a word
/// that is all Russian or Greek keeps its own. The letter is decomposed but keeps its case, because `Н` looks like an H.
pub(super) fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'А' | 'α' | 'Α' => 'a',
        'в' | 'В' | 'β' | 'Β' | 'ь' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' | 'δ' => 'd',
        'е' | 'Е' | 'ε' | 'Ε' | 'є' | 'Є' => 'e',
        'Ԍ' | 'ԍ' => 'g',
        'н' | 'Н' | 'Η' | 'һ' | 'Һ' | 'հ' => 'h',
        'і' | 'І' | 'ι' | 'Ι' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'ӏ' | 'Ӏ' => 'l',
        'м' | 'М' | 'Μ' => 'm',
        'п' | 'П' | 'η' | 'Ν' | 'ո' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'σ' | 'օ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ԛ' => 'q',
        'г' | 'Г' | 'я' | 'Я' => 'r',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'μ' | 'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' | 'ш' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'γ' | 'Υ' => 'y',
        'Ζ' => 'z',
        _ => return None,
    })
}

/// The letter that a digit or sign stands for inside a word.
pub(super) fn letter_for(c: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '¢' => 'c',
        _ => return None,
    })
}

/// Signs that are letters inside a word and nothing beside it.
pub(super) fn is_sign(c: char) -> bool {
    matches!(c, '@' | '$' | '!' | '€' | '¢')
}
