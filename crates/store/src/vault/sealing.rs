//! Sealing to the public half of a key: anyone may seal, only the private half opens.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use crypto_box::{PublicKey, SecretKey};
use zeroize::Zeroizing;

use super::{Secret32, SecureRandom, VaultError, bound, report::ReporterSecret};

/// Form byte: a text sealed to a key. Then the sealed box of a fresh content key, a nonce, the content.
const FORM_SEALED: u8 = 0x01;
/// Form byte: a case's private key, sealed to a holder's or the recovery key in the same way.
const FORM_CASE_KEY: u8 = 0x02;
/// Bytes of a sealed box of a content key: ephemeral public key, tag, key.
const BOXED_KEY_BYTES: usize = 32 + 16 + 32;
const NONCE_BYTES: usize = 24;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Secret32);

        impl $name {
            /// A new key pair; this is its private half.
            pub fn generate(random: &mut dyn SecureRandom) -> Self {
                Self(Secret32::generate(random))
            }

            pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(Secret32::new(bytes))
            }

            pub(super) fn bytes(&self) -> &[u8; 32] {
                self.0.bytes()
            }

            /// The public half.
            #[must_use]
            pub fn public(&self) -> [u8; 32] {
                *SecretKey::from(*self.bytes()).public_key().as_bytes()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}
pub(super) use secret;

secret! {
    /// The private half of a case's key.
    CaseSecret
}
secret! {
    /// The private half of a case-holder's key. It opens only with that person's own password (S-10).
    HolderSecret
}
secret! {
    /// The private half of the recovery key. It exists only while shares are made or put together.
    RecoverySecret
}

/// Seals a text to a public key. `context` must be given again to open it: bind case, item and kind into it, so that a
/// sealed text cannot be moved elsewhere.
///
/// # Errors
/// Only if the text is beyond the cipher's limit of 256 GiB.
pub fn seal(
    random: &mut dyn SecureRandom,
    public: &[u8; 32],
    context: &[u8],
    text: &[u8],
) -> Result<Vec<u8>, VaultError> {
    seal_as(FORM_SEALED, random, public, context, text)
}

/// Opens what was sealed to a case.
///
/// # Errors
/// `DoesNotOpen` for another key, another context or an altered byte; `UnknownForm` if it is nothing of ours.
pub fn open(secret: &CaseSecret, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    open_as(FORM_SEALED, secret.bytes(), context, sealed)
}

/// Opens what was sealed to the code of an anonymous report.
///
/// # Errors
/// As [`open`].
pub fn open_as_reporter(
    secret: &ReporterSecret,
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    open_as(FORM_SEALED, secret.bytes(), context, sealed)
}

/// Wraps a case's key for a holder, or for recovery.
///
/// # Errors
/// As [`seal`].
pub fn wrap_case_key(
    random: &mut dyn SecureRandom,
    secret: &CaseSecret,
    case: &str,
    public: &[u8; 32],
) -> Result<Vec<u8>, VaultError> {
    seal_as(FORM_CASE_KEY, random, public, case.as_bytes(), secret.bytes())
}

/// Opens a wrapped case key with a holder's key.
///
/// # Errors
/// As [`open`].
pub fn unwrap_case_key(holder: &HolderSecret, case: &str, wrapped: &[u8]) -> Result<CaseSecret, VaultError> {
    case_key(holder.bytes(), case, wrapped)
}

/// Opens a wrapped case key with the recovery key.
///
/// # Errors
/// As [`open`].
pub fn recover_case_key(recovery: &RecoverySecret, case: &str, wrapped: &[u8]) -> Result<CaseSecret, VaultError> {
    case_key(recovery.bytes(), case, wrapped)
}

/// Opens what was sealed to the recovery key itself: the address of a hit on a sealed list (S-9).
///
/// # Errors
/// As [`open`].
pub fn open_with_recovery(
    secret: &RecoverySecret,
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    open_as(FORM_SEALED, secret.bytes(), context, sealed)
}

fn case_key(secret: &[u8; 32], case: &str, wrapped: &[u8]) -> Result<CaseSecret, VaultError> {
    let plain = open_as(FORM_CASE_KEY, secret, case.as_bytes(), wrapped)?;
    let bytes = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| VaultError::UnknownForm)?;
    Ok(CaseSecret::from_bytes(bytes))
}

fn seal_as(
    form: u8,
    mut random: &mut dyn SecureRandom,
    public: &[u8; 32],
    context: &[u8],
    text: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let content_key = Secret32::generate(random);
    let mut nonce = [0; NONCE_BYTES];
    random.fill_bytes(&mut nonce);
    let boxed = PublicKey::from(*public).seal(&mut random, content_key.bytes()).map_err(|_| VaultError::DoesNotOpen)?;
    let content = encrypt(content_key.bytes(), &nonce, &bound_context(form, public, context), text)?;
    let mut out = Vec::with_capacity(1 + boxed.len() + nonce.len() + content.len());
    out.push(form);
    out.extend_from_slice(&boxed);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&content);
    Ok(out)
}

fn open_as(form: u8, secret: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (found, rest) = sealed.split_first().ok_or(VaultError::UnknownForm)?;
    if *found != form {
        return Err(VaultError::UnknownForm);
    }
    let (boxed, rest) = rest.split_at_checked(BOXED_KEY_BYTES).ok_or(VaultError::UnknownForm)?;
    let (nonce, content) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::UnknownForm)?;
    let secret = SecretKey::from(*secret);
    let content_key = Zeroizing::new(secret.unseal(boxed).map_err(|_| VaultError::DoesNotOpen)?);
    let content_key = content_key.as_slice().try_into().map_err(|_| VaultError::UnknownForm)?;
    decrypt(content_key, nonce, &bound_context(form, secret.public_key().as_bytes(), context), content)
}

fn bound_context(form: u8, public: &[u8; 32], context: &[u8]) -> Vec<u8> {
    bound("haven sealed 1", &[&[form], public, context])
}

/// XChaCha20-Poly1305 with bound context.
pub(super) fn encrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    context: &[u8],
    text: &[u8],
) -> Result<Vec<u8>, VaultError> {
    XChaCha20Poly1305::new(key.into())
        .encrypt(XNonce::from_slice(nonce), Payload { msg: text, aad: context })
        .map_err(|_| VaultError::DoesNotOpen)
}

/// The other way round.
pub(super) fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    context: &[u8],
    content: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    XChaCha20Poly1305::new(key.into())
        .decrypt(XNonce::from_slice(nonce), Payload { msg: content, aad: context })
        .map(Zeroizing::new)
        .map_err(|_| VaultError::DoesNotOpen)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::super::OsRandom;
    use super::*;

    #[test]
    fn a_sealed_text_opens_only_with_its_key_and_context() {
        let (case, other) = (CaseSecret::generate(&mut OsRandom), CaseSecret::generate(&mut OsRandom));
        let sealed = seal(&mut OsRandom, &case.public(), b"case-1 note-1", b"she seemed worried").unwrap();
        assert_eq!(open(&case, b"case-1 note-1", &sealed).unwrap().as_slice(), b"she seemed worried");
        assert_eq!(open(&other, b"case-1 note-1", &sealed).unwrap_err(), VaultError::DoesNotOpen);
        assert_eq!(open(&case, b"case-2 note-1", &sealed).unwrap_err(), VaultError::DoesNotOpen);
    }

    #[test]
    fn every_altered_byte_of_a_sealed_text_is_noticed() {
        let case = CaseSecret::generate(&mut OsRandom);
        let sealed = seal(&mut OsRandom, &case.public(), b"c", b"text").unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(open(&case, b"c", &altered).is_err(), "byte {at}");
            assert!(open(&case, b"c", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn sealing_twice_never_gives_the_same_bytes() {
        let case = CaseSecret::generate(&mut OsRandom);
        let one = seal(&mut OsRandom, &case.public(), b"", b"text").unwrap();
        assert_ne!(one, seal(&mut OsRandom, &case.public(), b"", b"text").unwrap());
    }

    #[test]
    fn a_wrapped_case_key_opens_for_its_holder_and_its_case_only() {
        let case = CaseSecret::generate(&mut OsRandom);
        let (holder, stranger) = (HolderSecret::generate(&mut OsRandom), HolderSecret::generate(&mut OsRandom));
        let wrapped = wrap_case_key(&mut OsRandom, &case, "case-1", &holder.public()).unwrap();
        assert_eq!(unwrap_case_key(&holder, "case-1", &wrapped).unwrap().public(), case.public());
        assert!(unwrap_case_key(&stranger, "case-1", &wrapped).is_err());
        assert!(unwrap_case_key(&holder, "case-2", &wrapped).is_err());
    }

    #[test]
    fn a_wrapped_key_is_not_taken_for_a_sealed_text() {
        let case = CaseSecret::generate(&mut OsRandom);
        let sealed = seal(&mut OsRandom, &case.public(), b"c", b"text").unwrap();
        assert_eq!(open_as(FORM_CASE_KEY, case.bytes(), b"c", &sealed).unwrap_err(), VaultError::UnknownForm);
    }
}
