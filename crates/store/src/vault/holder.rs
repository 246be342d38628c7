//! A case-holder's private key at rest: sealed with the person's own password, and for the length of a session with its token.

use zeroize::Zeroizing;

use super::passwords::{LANES, MEMORY_KIB, PASSES, stretch};
use super::sealing::{HolderSecret, decrypt, encrypt};
use super::{SecureRandom, VaultError, bound, derive};

/// Form byte: sealed with a password. Then memory, passes and lanes (4 bytes each), salt, nonce, content.
const FORM_PASSWORD: u8 = 0x03;
/// Form byte: sealed with a session's token. Then nonce, content.
const FORM_SESSION: u8 = 0x04;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;
/// Costs that a kept row may ask for at most: an altered row must not eat the machine.
const MEMORY_LIMIT_KIB: u32 = 1024 * 1024;
const PASSES_LIMIT: u32 = 64;
const LANES_LIMIT: u32 = 16;

/// Seals a holder's private key with their password. Takes as long as Argon2id does: call it where blocking is allowed.
///
/// # Errors
/// `Password` if there is not enough memory.
pub fn seal_private(
    random: &mut dyn SecureRandom,
    password: &str,
    person: &str,
    secret: &HolderSecret,
) -> Result<Vec<u8>, VaultError> {
    let mut salt = [0; SALT_BYTES];
    let mut nonce = [0; NONCE_BYTES];
    random.fill_bytes(&mut salt);
    random.fill_bytes(&mut nonce);
    let mut out = vec![FORM_PASSWORD];
    for cost in [MEMORY_KIB, PASSES, LANES] {
        out.extend_from_slice(&cost.to_be_bytes());
    }
    out.extend_from_slice(&salt);
    let key = password_key(password, &salt, (MEMORY_KIB, PASSES, LANES), person)?;
    let content = encrypt(&key, &nonce, &bound("haven holder key 1", &[&out, person.as_bytes()]), secret.bytes())?;
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&content);
    Ok(out)
}

/// Opens a holder's private key with their password. Takes as long as Argon2id does.
///
/// # Errors
/// `DoesNotOpen` for another password or person; `UnknownForm` if it is nothing of ours.
pub fn open_private(password: &str, person: &str, sealed: &[u8]) -> Result<HolderSecret, VaultError> {
    let unknown = VaultError::UnknownForm;
    let (head, rest) = sealed.split_at_checked(1 + 12 + SALT_BYTES).ok_or(unknown)?;
    let (nonce, content) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(unknown)?;
    let (form, costs) = head.split_first().ok_or(unknown)?;
    if *form != FORM_PASSWORD {
        return Err(unknown);
    }
    let (memory, costs) = costs.split_first_chunk::<4>().ok_or(unknown)?;
    let (passes, costs) = costs.split_first_chunk::<4>().ok_or(unknown)?;
    let (lanes, salt) = costs.split_first_chunk::<4>().ok_or(unknown)?;
    let costs = (u32::from_be_bytes(*memory), u32::from_be_bytes(*passes), u32::from_be_bytes(*lanes));
    if costs.0 > MEMORY_LIMIT_KIB || costs.1 > PASSES_LIMIT || costs.2 > LANES_LIMIT {
        return Err(unknown);
    }
    let key = password_key(password, salt, costs, person)?;
    let plain = decrypt(&key, nonce, &bound("haven holder key 1", &[head, person.as_bytes()]), content)?;
    holder(&plain)
}

fn password_key(
    password: &str,
    salt: &[u8],
    costs: (u32, u32, u32),
    person: &str,
) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let stretched = stretch(password, salt, costs)?;
    // A purpose of its own: the same password's sign-in hash never comes near this key (S-10).
    Ok(derive(stretched.as_ref(), "haven holder key from password 1", &[person.as_bytes()]))
}

/// Seals an opened holder's key for a session; only the browser that has the token can bring it back.
///
/// # Errors
/// As `vault::seal`.
pub fn session_wrap(
    random: &mut dyn SecureRandom,
    token: &str,
    session: &str,
    secret: &HolderSecret,
) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE_BYTES];
    random.fill_bytes(&mut nonce);
    let content = encrypt(&session_key(token, session), &nonce, &session_context(session), secret.bytes())?;
    let mut out = vec![FORM_SESSION];
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&content);
    Ok(out)
}

/// Opens a holder's key that was sealed for a session.
///
/// # Errors
/// `DoesNotOpen` for another token or session; `UnknownForm` if it is nothing of ours.
pub fn session_open(token: &str, session: &str, sealed: &[u8]) -> Result<HolderSecret, VaultError> {
    let (form, rest) = sealed.split_first().ok_or(VaultError::UnknownForm)?;
    if *form != FORM_SESSION {
        return Err(VaultError::UnknownForm);
    }
    let (nonce, content) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::UnknownForm)?;
    holder(&decrypt(&session_key(token, session), nonce, &session_context(session), content)?)
}

fn session_key(token: &str, session: &str) -> Zeroizing<[u8; 32]> {
    derive(token.as_bytes(), "haven session key 1", &[session.as_bytes()])
}

fn session_context(session: &str) -> Vec<u8> {
    bound("haven session 1", &[&[FORM_SESSION], session.as_bytes()])
}

fn holder(plain: &[u8]) -> Result<HolderSecret, VaultError> {
    let bytes = <[u8; 32]>::try_from(plain).map_err(|_| VaultError::UnknownForm)?;
    Ok(HolderSecret::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::super::OsRandom;
    use super::*;

    #[test]
    fn s10_a_private_key_opens_only_with_the_password_it_was_sealed_with() {
        let secret = HolderSecret::generate(&mut OsRandom);
        let sealed = seal_private(&mut OsRandom, "four calm otters", "p1", &secret).unwrap();
        assert_eq!(open_private("four calm otters", "p1", &sealed).unwrap().public(), secret.public());
        assert_eq!(open_private("set by an administrator", "p1", &sealed).unwrap_err(), VaultError::DoesNotOpen);
        assert_eq!(open_private("four calm otters", "p2", &sealed).unwrap_err(), VaultError::DoesNotOpen);
    }

    #[test]
    fn a_row_that_asks_for_too_much_memory_is_refused_at_once() {
        let secret = HolderSecret::generate(&mut OsRandom);
        let mut sealed = seal_private(&mut OsRandom, "four calm otters", "p1", &secret).unwrap();
        sealed[1] = 0xff;
        assert_eq!(open_private("four calm otters", "p1", &sealed).unwrap_err(), VaultError::UnknownForm);
    }

    #[test]
    fn a_session_key_opens_only_with_its_token_and_session() {
        let secret = HolderSecret::generate(&mut OsRandom);
        let sealed = session_wrap(&mut OsRandom, "token", "s1", &secret).unwrap();
        assert_eq!(session_open("token", "s1", &sealed).unwrap().public(), secret.public());
        assert!(session_open("other", "s1", &sealed).is_err());
        assert!(session_open("token", "s2", &sealed).is_err());
    }
}
