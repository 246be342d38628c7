//! Whether an edition is what its maker published: by the digest that stands beside it, and by the maker's signature.

use md5::Md5;
use minisign_verify::{PublicKey, Signature};
use sha2::{Digest as _, Sha256, Sha512};

/// Compares an edition with a checksum file: a digest alone, or lines of digest and name as `sha256sum` and the like write
/// them. The digest's length tells its kind. MD5 shows what came half, not what somebody altered on purpose.
pub(super) fn checksum(text: &str, name: &str, bytes: &[u8]) -> Result<(), String> {
    let mut named = false;
    for line in text.lines() {
        let (digests, words): (Vec<&str>, Vec<&str>) = line.split_whitespace().partition(|word| is_digest(word));
        let about = |word: &&str| word.trim_matches(['*', '(', ')']).rsplit('/').next() == Some(name);
        if !words.is_empty() && !words.iter().any(about) {
            continue;
        }
        for digest in digests {
            named = true;
            if digest.eq_ignore_ascii_case(&digest_of(bytes, digest.len())) {
                return Ok(());
            }
        }
    }
    Err(if named {
        "its checksum does not fit: it was altered on the way, or is half written".to_owned()
    } else {
        format!("its checksum file says nothing of {name}")
    })
}

fn is_digest(word: &str) -> bool {
    matches!(word.len(), 32 | 64 | 128) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn digest_of(bytes: &[u8], letters: usize) -> String {
    match letters {
        32 => hex::encode(<Md5 as md5::Digest>::digest(bytes)),
        64 => hex::encode(Sha256::digest(bytes)),
        _ => hex::encode(Sha512::digest(bytes)),
    }
}

/// Reads a maker's public key, as minisign writes it in one line.
pub(crate) fn key(text: &str) -> Option<PublicKey> {
    PublicKey::from_base64(text.trim()).ok()
}

/// Looks whether the maker's key signed an edition. `text` is the signature as minisign writes it.
pub(super) fn signature(text: &str, key: &PublicKey, bytes: &[u8]) -> Result<(), String> {
    let signature = Signature::decode(text).map_err(|_| "its signature cannot be read".to_owned())?;
    // Old signatures are of the edition itself, new ones of its digest: both hold.
    key.verify(bytes, &signature, true)
        .map_err(|_| "its signature does not fit: it is not what the maker signed, or another key signed it".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A key, and its signature of the word "test", from minisign's own papers.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const SIGNED: &str = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
        wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";

    #[test]
    fn f04_a_signature_holds_for_what_was_signed_and_for_nothing_else() {
        let key = key(KEY).unwrap();
        assert_eq!(signature(SIGNED, &key, b"test"), Ok(()));
        for (text, bytes, why) in [
            (SIGNED.to_owned(), &b"tesT"[..], "does not fit"),
            (SIGNED.replace("1633700835", "1633700836"), b"test", "does not fit"),
            ("<html>".to_owned(), b"test", "cannot be read"),
        ] {
            assert!(signature(&text, &key, bytes).unwrap_err().contains(why), "{text}");
        }
        let other = super::key("RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaV");
        assert!(other.is_none_or(|other| signature(SIGNED, &other, b"test").is_err()));
        assert!(super::key("no key").is_none());
    }

    #[test]
    fn f04_a_checksum_is_found_by_its_line_and_told_by_its_length() {
        let of = |letters| digest_of(b"list\n", letters);
        for text in [
            of(64),
            of(128).to_uppercase(),
            format!("{}  other.txt\n{} *all.txt\n", "0".repeat(32), of(32)),
            format!("SHA256 (./all.txt) = {}\n", of(64)),
        ] {
            assert_eq!(checksum(&text, "all.txt", b"list\n"), Ok(()), "{text}");
            assert!(checksum(&text, "all.txt", b"lis\n").unwrap_err().contains("does not fit"), "{text}");
        }
        // The right digest in the line of another file, and a page where a checksum should be.
        for text in [format!("{}  overall.txt\n", of(64)), "<html>not here</html>".to_owned(), String::new()] {
            assert!(checksum(&text, "all.txt", b"list\n").unwrap_err().contains("says nothing of all.txt"), "{text}");
        }
    }
}
