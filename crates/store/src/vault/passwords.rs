//! Passwords: Argon2id for signing in, and for the key that opens a holder's private half.

use argon2::password_hash::{Output, ParamsString, PasswordHash, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::{SecureRandom, VaultError};

/// Memory for one hash, in KiB: 19 MiB (OWASP's password storage advice, with two passes and one lane).
pub(super) const MEMORY_KIB: u32 = 19 * 1024;
pub(super) const PASSES: u32 = 2;
pub(super) const LANES: u32 = 1;
/// Room that is asked for at least, in blocks of one KiB: memory of more than 32 MiB is given back to the machine when it is
/// freed, while smaller pieces stay with the program, one for each thread that ever worked on a password. Only what a hash
/// needs of it is touched.
const ROOM_AT_LEAST_KIB: usize = 33 * 1024;
/// Longest salt that a kept hash may have, in bytes.
const SALT_LIMIT_BYTES: usize = 64;
/// A salt that belongs to nobody, for [`spend_password_time`].
const NOBODYS_SALT: &[u8; 16] = b"haven nobodysalt";

fn hasher(costs: (u32, u32, u32)) -> Result<Argon2<'static>, VaultError> {
    let params = Params::new(costs.0, costs.1, costs.2, Some(32)).map_err(|_| VaultError::Password)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A password stretched to 32 bytes.
pub(super) fn stretch(password: &str, salt: &[u8], costs: (u32, u32, u32)) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let mut out = Zeroizing::new([0; 32]);
    work(&hasher(costs)?, password, salt, out.as_mut())?;
    Ok(out)
}

/// Argon2 in memory that goes back to the machine afterwards.
fn work(hasher: &Argon2<'_>, password: &str, salt: &[u8], out: &mut [u8]) -> Result<(), VaultError> {
    let blocks = hasher.params().block_count();
    let mut memory: Vec<Block> = Vec::new();
    memory.try_reserve_exact(blocks.max(ROOM_AT_LEAST_KIB)).map_err(|_| VaultError::Password)?;
    memory.resize(blocks, Block::default());
    hasher.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory).map_err(|_| VaultError::Password)
}

/// What is kept of a password, in the PHC text form. Takes as long as Argon2id does: call it where blocking is allowed.
///
/// # Errors
/// `Password` if there is not enough memory.
pub fn hash_password(random: &mut dyn SecureRandom, password: &str) -> Result<String, VaultError> {
    let mut salt = [0; 16];
    random.fill_bytes(&mut salt);
    let hasher = hasher((MEMORY_KIB, PASSES, LANES))?;
    let mut out = Zeroizing::new([0; 32]);
    work(&hasher, password, &salt, out.as_mut())?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| VaultError::Password)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(hasher.params()).map_err(|_| VaultError::Password)?,
        salt: Some(salt.as_salt()),
        hash: Some(Output::new(out.as_ref()).map_err(|_| VaultError::Password)?),
    };
    Ok(hash.to_string())
}

/// Whether a password is the one that a hash was made from. Takes as long as Argon2id does.
#[must_use]
pub fn check_password(hash: &str, password: &str) -> bool {
    verify(hash, password).unwrap_or(false)
}

fn verify(hash: &str, password: &str) -> Option<bool> {
    let hash = PasswordHash::new(hash).ok()?;
    let kept = hash.hash?;
    // The costs are read from the hash, so that they can be raised later.
    let params = Params::try_from(&hash).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm).ok()?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let mut salt = [0; SALT_LIMIT_BYTES];
    let salt = hash.salt?.decode_b64(&mut salt).ok()?;
    let mut out = Zeroizing::new(vec![0; kept.len()]);
    work(&Argon2::new(algorithm, version, params), password, salt, &mut out).ok()?;
    // Compared in a time that does not depend on where the two differ.
    Some(Output::new(&out).ok()? == kept)
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

    #[test]
    fn a_hash_that_another_program_made_is_checked_and_ours_by_it() {
        use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
        let params = Params::new(64, 3, 2, Some(24)).unwrap();
        let salt = SaltString::encode_b64(b"an invented salt").unwrap();
        let theirs = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let theirs = theirs.hash_password(b"four calm otters", &salt).unwrap().to_string();
        assert!(check_password(&theirs, "four calm otters") && !check_password(&theirs, "five calm otters"));
        let ours = hash_password(&mut OsRandom, "four calm otters").unwrap();
        let ours = PasswordHash::new(&ours).unwrap();
        assert!(Argon2::default().verify_password(b"four calm otters", &ours).is_ok());
    }
}
