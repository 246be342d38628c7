//! Passwords: Argon2id for signing in, and for the key that opens a holder's private half.

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::{SecureRandom, VaultError};

/// Memory for one hash, in KiB: 19 MiB (OWASP's password storage advice, with two passes and one lane).
pub(super) const MEMORY_KIB: u32 = 19 * 1024;
pub(super) const PASSES: u32 = 2;
pub(super) const LANES: u32 = 1;
/// A salt that belongs to nobody, for [`spend_password_time`].
const NOBODYS_SALT: &[u8; 16] = b"haven nobodysalt";

fn hasher(costs: (u32, u32, u32)) -> Result<Argon2<'static>, VaultError> {
    let params = Params::new(costs.0, costs.1, costs.2, Some(32)).map_err(|_| VaultError::Password)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A password stretched to 32 bytes.
pub(super) fn stretch(password: &str, salt: &[u8], costs: (u32, u32, u32)) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let mut out = Zeroizing::new([0; 32]);
    hasher(costs)?.hash_password_into(password.as_bytes(), salt, out.as_mut()).map_err(|_| VaultError::Password)?;
    Ok(out)
}

/// What is kept of a password, in the PHC text form. Takes as long as Argon2id does: call it where blocking is allowed.
///
/// # Errors
/// `Password` if there is not enough memory.
pub fn hash_password(random: &mut dyn SecureRandom, password: &str) -> Result<String, VaultError> {
    let mut salt = [0; 16];
    random.fill_bytes(&mut salt);
    let salt = SaltString::encode_b64(&salt).map_err(|_| VaultError::Password)?;
    let hash = hasher((MEMORY_KIB, PASSES, LANES))?
        .hash_password(password.as_bytes(), &salt)
        .map_err(|_| VaultError::Password)?;
    Ok(hash.to_string())
}

/// Whether a password is the one that a hash was made from. Takes as long as Argon2id does.
#[must_use]
pub fn check_password(hash: &str, password: &str) -> bool {
    // The costs are read from the hash, so that they can be raised later.
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Takes the time of [`check_password`] when there is no such user name, so that time does not tell.
pub fn spend_password_time(password: &str) {
    // The result is of no use; only the time is.
    drop(stretch(password, NOBODYS_SALT, (MEMORY_KIB, PASSES, LANES)));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::OsRandom;
    use super::*;

    #[test]
    fn a_password_is_checked_and_its_costs_are_not_below_the_advice() {
        let hash = hash_password(&mut OsRandom, "four calm otters").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(check_password(&hash, "four calm otters"));
        assert!(!check_password(&hash, "four calm otter"));
        assert!(!check_password("no hash at all", "four calm otters"));
    }
}
