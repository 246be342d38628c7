//! The vault: sealing and opening what only case-holders may read. No storage, no clock; chance is handed in.
//!
//! Nothing here is of our own making but the way known boxes are put together: X25519 sealed boxes (libsodium's
//! `crypto_box_seal`), XChaCha20-Poly1305, Argon2id (RFC 9106), HKDF-SHA-256 (RFC 5869), HMAC-SHA-256 and Shamir's shares.
//! Every sealed form begins with one byte that says which form it is, so that a better one can come later.

mod folder;
mod holder;
mod pass;
mod passwords;
mod report;
mod sealing;
mod shares;

use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use rand::RngCore;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use crypto_box::aead::rand_core::CryptoRngCore as SecureRandom;
pub use folder::FolderKey;
pub use holder::{open_private, seal_private, session_open, session_wrap};
pub use pass::{pass, pass_hash};
pub use passwords::{check_password, hash_password, spend_password_time};
pub use report::{ReporterSecret, code_hash, report_code};
pub use sealing::{CaseSecret, HolderSecret, RecoverySecret};
pub use sealing::{open, open_as_reporter, open_with_recovery, recover_case_key, seal, unwrap_case_key, wrap_case_key};
pub use shares::{SHARES_AT_LEAST, SHARES_TO_RECOVER, recover, share_number, shares};

/// Why something could not be sealed or opened. It says nothing about what is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Another key, another context, or an altered byte: the boxes do not say which.
    #[error("it does not open with this key")]
    DoesNotOpen,
    /// Not one of our forms, or one of a later Haven.
    #[error("it is not in a form that this Haven knows")]
    UnknownForm,
    /// A recovery share or report code with a typing mistake.
    #[error("there is a mistake in it: compare each letter")]
    Mistyped,
    /// Fewer than four shares, or not two different ones.
    #[error("not enough shares")]
    TooFewShares,
    /// The password could not be hashed: not enough memory.
    #[error("the password could not be worked on")]
    Password,
}

/// Turns a function that fills bytes with chance into a generator.
pub struct Entropy<F: FnMut(&mut [u8])>(pub F);

impl<F: FnMut(&mut [u8])> RngCore for Entropy<F> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        (self.0)(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand::Error> {
        (self.0)(bytes);
        Ok(())
    }
}

/// The caller promises that the bytes are of cryptographic quality: `Moment::fill_random` is.
impl<F: FnMut(&mut [u8])> rand::CryptoRng for Entropy<F> {}

/// The machine's own chance, for tests of this and other crates.
#[cfg(any(test, feature = "testing"))]
pub use rand::rngs::OsRng as OsRandom;

/// A secret of 32 bytes. Overwritten when dropped; shows nothing of itself.
#[derive(Clone)]
pub struct Secret32(Zeroizing<[u8; 32]>);

impl Secret32 {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn generate(random: &mut dyn SecureRandom) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill_bytes(bytes.as_mut());
        Self(bytes)
    }

    /// The bytes themselves: for the signing key of the audit head, and for keeping.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret32(..)")
    }
}

/// A key for one purpose from a secret. The purpose and every part of the context are bound in with their lengths.
fn derive(secret: &[u8], purpose: &str, context: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let info = bound(purpose, context);
    // 32 bytes are far below HKDF's limit of 255 blocks, so expanding cannot fail; an all-zero key is never given out.
    if Hkdf::<Sha256>::new(None, secret).expand(&info, key.as_mut()).is_err() {
        key = Zeroizing::new(Sha256::new().chain_update(&info).chain_update(secret).finalize().into());
    }
    key
}

/// A purpose and its context in one unambiguous text of bytes.
fn bound(purpose: &str, context: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in std::iter::once(&purpose.as_bytes()).chain(context) {
        out.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// The keyed digest that stands for a person where their name may not: it groups, hides and forgets.
#[must_use]
pub fn person_token(index_key: &Secret32, person: &str) -> [u8; 32] {
    keyed(index_key, "haven person token 1", person)
}

fn keyed(key: &Secret32, purpose: &str, text: &str) -> [u8; 32] {
    let derived = derive(key.bytes(), purpose, &[]);
    match Hmac::<Sha256>::new_from_slice(derived.as_ref()) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().into()
        }
        // HMAC takes keys of any length, so this arm is never reached; it must still not be a fixed value.
        Err(_) => *derive(derived.as_ref(), text, &[]),
    }
}

/// Hexadecimal SHA-256: what audit entries hold of sealed texts.
#[must_use]
pub fn digest_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A session's token, for the cookie: 256 bits.
pub fn new_token(random: &mut dyn SecureRandom) -> Zeroizing<String> {
    use base64::Engine as _;
    let secret = Secret32::generate(random);
    Zeroizing::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret.bytes()))
}

/// What is kept of a session's token.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn person_tokens_depend_on_key_and_person() {
        let (one, other) = (Secret32::generate(&mut OsRandom), Secret32::generate(&mut OsRandom));
        assert_eq!(person_token(&one, "p1"), person_token(&one, "p1"));
        assert_ne!(person_token(&one, "p1"), person_token(&one, "p2"));
        assert_ne!(person_token(&one, "p1"), person_token(&other, "p1"));
    }

    #[test]
    fn secrets_show_nothing_of_themselves() {
        let secret = Secret32::new([0x5a; 32]);
        let case = CaseSecret::generate(&mut OsRandom);
        assert_eq!(format!("{secret:?} {case:?}"), "Secret32(..) CaseSecret(..)");
    }

    #[test]
    fn contexts_cannot_be_shifted_into_one_another() {
        assert_ne!(bound("a", &[b"bc", b"d"]), bound("a", &[b"b", b"cd"]));
    }

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, other) = (new_token(&mut OsRandom), new_token(&mut OsRandom));
        assert!(one.len() == 43 && one != other && token_hash(&one) != token_hash(&other));
    }
}
