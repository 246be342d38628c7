//! A key that belongs to one folder on one machine: it seals what lies there for a while, such as the records that wait.

use zeroize::Zeroizing;

use super::sealing::{decrypt, encrypt};
use super::{Secret32, SecureRandom, VaultError, bound};

/// Form byte: sealed with a folder's key. Then nonce, content.
const FORM_FOLDER: u8 = 0x05;
const NONCE_BYTES: usize = 24;

/// The key of a folder. Whoever has it opens everything that was sealed with it.
#[derive(Debug, Clone)]
pub struct FolderKey(Secret32);

impl FolderKey {
    pub fn generate(random: &mut dyn SecureRandom) -> Self {
        Self(Secret32::generate(random))
    }

    /// The key of a folder that is kept in the key store.
    #[must_use]
    pub fn of(secret: Secret32) -> Self {
        Self(secret)
    }

    /// The key as it is written into its file.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.bytes()))
    }

    /// Reads what [`FolderKey::to_text`] wrote; none for anything else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), bytes.as_mut()).ok()?;
        Some(Self(Secret32::new(*bytes)))
    }

    /// Seals bytes. `context` must be given again to open them: bind the place into it, so that nothing can be moved.
    ///
    /// # Errors
    /// Only if they are beyond the cipher's limit of 256 GiB.
    pub fn seal(&self, random: &mut dyn SecureRandom, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill_bytes(&mut nonce);
        let content = encrypt(self.0.bytes(), &nonce, &bound("haven folder 1", &[context]), plain)?;
        let mut out = Vec::with_capacity(1 + NONCE_BYTES + content.len());
        out.push(FORM_FOLDER);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&content);
        Ok(out)
    }

    /// Opens what this key sealed.
    ///
    /// # Errors
    /// `DoesNotOpen` for another key, another context or an altered byte; `UnknownForm` if it is nothing of ours.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (form, rest) = sealed.split_first().ok_or(VaultError::UnknownForm)?;
        if *form != FORM_FOLDER {
            return Err(VaultError::UnknownForm);
        }
        let (nonce, content) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::UnknownForm)?;
        decrypt(self.0.bytes(), nonce, &bound("haven folder 1", &[context]), content)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::super::OsRandom;
    use super::*;

    #[test]
    fn a_folders_key_opens_only_what_it_sealed_in_that_place() {
        let key = FolderKey::generate(&mut OsRandom);
        let sealed = key.seal(&mut OsRandom, b"place 1", b"what waits").unwrap();
        let kept = FolderKey::from_text(&key.to_text()).unwrap();
        assert_eq!(kept.open(b"place 1", &sealed).unwrap().as_slice(), b"what waits");
        assert!(kept.open(b"place 2", &sealed).is_err());
        assert!(FolderKey::generate(&mut OsRandom).open(b"place 1", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(key.open(b"place 1", &altered).is_err(), "byte {at}");
        }
        assert!(FolderKey::from_text("no key").is_none() && !format!("{key:?}").contains("5a"));
    }
}
