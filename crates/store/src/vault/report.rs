//! The code of an anonymous report: whoever holds it can read the replies, and nothing kept says who that is (S-3).

use zeroize::Zeroizing;

use super::sealing::secret;
use super::{Secret32, SecureRandom, VaultError, derive};
use crate::ids::{ALPHABET, letters};
use crypto_box::SecretKey;

/// Letters of a code: 24 of 32, so 120 bits. Nobody guesses one, and no slow hash is needed.
const CODE_LETTERS: usize = 24;
const GROUP_LETTERS: usize = 4;

secret! {
    /// The private half of a report's key; made from the code, never kept.
    ReporterSecret
}

impl ReporterSecret {
    /// The key of a code, as the reporter types it: spaces, hyphens and capitals do not matter.
    ///
    /// # Errors
    /// `Mistyped` if it cannot be a code.
    pub fn from_code(code: &str) -> Result<Self, VaultError> {
        Ok(Self::from_bytes(*derive(plain(code)?.as_bytes(), "haven report key 1", &[])))
    }
}

/// A new code, in groups of four letters. Shown once.
pub fn report_code(random: &mut dyn SecureRandom) -> Zeroizing<String> {
    let letters = Zeroizing::new(letters(CODE_LETTERS, random));
    let mut code = Zeroizing::new(String::with_capacity(CODE_LETTERS * 2));
    for (at, letter) in letters.chars().enumerate() {
        if at > 0 && at % GROUP_LETTERS == 0 {
            code.push('-');
        }
        code.push(letter);
    }
    code
}

/// What is kept of a code, to find its thread.
///
/// # Errors
/// `Mistyped` if it cannot be a code.
pub fn code_hash(code: &str) -> Result<[u8; 32], VaultError> {
    Ok(*derive(plain(code)?.as_bytes(), "haven report lookup 1", &[]))
}

/// The letters alone, with look-alikes read as what they were meant to be.
fn plain(code: &str) -> Result<Zeroizing<String>, VaultError> {
    let mut out = Zeroizing::new(String::with_capacity(CODE_LETTERS));
    for c in code.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        if !ALPHABET.iter().any(|letter| char::from(*letter) == c) || out.len() == CODE_LETTERS {
            return Err(VaultError::Mistyped);
        }
        out.push(c);
    }
    if out.len() == CODE_LETTERS { Ok(out) } else { Err(VaultError::Mistyped) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::{OsRandom, open_as_reporter, seal};
    use super::*;

    #[test]
    fn s3_a_reply_opens_with_the_code_and_with_nothing_else() {
        let (code, other) = (report_code(&mut OsRandom), report_code(&mut OsRandom));
        let key = ReporterSecret::from_code(&code).unwrap();
        let sealed = seal(&mut OsRandom, &key.public(), b"m1", b"we have read it").unwrap();
        let typed = code.to_uppercase().replace('-', " ").replace('0', "O");
        let again = ReporterSecret::from_code(&typed).unwrap();
        assert_eq!(open_as_reporter(&again, b"m1", &sealed).unwrap().as_slice(), b"we have read it");
        assert!(open_as_reporter(&ReporterSecret::from_code(&other).unwrap(), b"m1", &sealed).is_err());
    }

    #[test]
    fn the_kept_digest_of_a_code_is_not_its_key() {
        let code = report_code(&mut OsRandom);
        let key = ReporterSecret::from_code(&code).unwrap();
        let kept = code_hash(&code).unwrap();
        assert!(kept != *key.bytes() && kept != key.public() && kept == code_hash(&code.replace('-', "")).unwrap());
    }

    #[test]
    fn a_code_with_a_letter_missing_is_mistyped() {
        let code = report_code(&mut OsRandom);
        let mut short = code.to_string();
        short.pop();
        assert_eq!(code_hash(&short).unwrap_err(), VaultError::Mistyped);
        assert_eq!(code_hash(&format!("{}u", &*short)).unwrap_err(), VaultError::Mistyped);
    }
}
