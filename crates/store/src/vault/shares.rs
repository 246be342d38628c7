//! The recovery key in shares on paper: any two of at least four bring it back, one alone tells nothing.

use blahaj::{Share, Sharks};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::sealing::RecoverySecret;
use super::{SecureRandom, VaultError};

/// Shares that bring the key back.
pub const SHARES_TO_RECOVER: u8 = 2;
/// Shares that are made at least; one is held outside the organisation.
pub const SHARES_AT_LEAST: u8 = 4;
/// The first word of a share's text, with the version of the form.
const PREFIX: &str = "haven1";
/// Bytes at the end of a share that show a typing mistake.
const CHECK_BYTES: usize = 4;
/// Letters between two hyphens.
const GROUP_LETTERS: usize = 6;

/// Splits the recovery key. Each share is a line of letters and digits, in groups, to be printed and handed out.
///
/// # Errors
/// `TooFewShares` for fewer than [`SHARES_AT_LEAST`].
pub fn shares(
    mut random: &mut dyn SecureRandom,
    secret: &RecoverySecret,
    count: u8,
) -> Result<Vec<String>, VaultError> {
    if count < SHARES_AT_LEAST {
        return Err(VaultError::TooFewShares);
    }
    let dealer = Sharks(SHARES_TO_RECOVER).dealer_rng(secret.bytes(), &mut random);
    Ok(dealer.take(usize::from(count)).map(|share| text(Vec::from(&share))).collect())
}

fn text(mut bytes: Vec<u8>) -> String {
    let check = check(&bytes);
    bytes.extend_from_slice(&check);
    let letters: Vec<char> = hex::encode(&bytes).chars().collect();
    bytes.zeroize();
    let groups: Vec<String> = letters.chunks(GROUP_LETTERS).map(|group| group.iter().collect()).collect();
    format!("{PREFIX}-{}", groups.join("-"))
}

/// Brings the recovery key back from any two shares and compares it with its public half.
///
/// # Errors
/// `Mistyped` if a share was copied wrongly; `TooFewShares` if there are not two different ones; `DoesNotOpen` if they
/// are of another key.
pub fn recover(shares: &[&str], public: &[u8; 32]) -> Result<RecoverySecret, VaultError> {
    let read = shares.iter().map(|share| read(share)).collect::<Result<Vec<Share>, _>>()?;
    let secret = Sharks(SHARES_TO_RECOVER).recover(&read).map_err(|_| VaultError::TooFewShares)?;
    let secret = Zeroizing::new(secret);
    let bytes = <[u8; 32]>::try_from(secret.as_slice()).map_err(|_| VaultError::DoesNotOpen)?;
    let secret = RecoverySecret::from_bytes(bytes);
    if secret.public() == *public { Ok(secret) } else { Err(VaultError::DoesNotOpen) }
}

/// The number of a share's sheet, from 1: the record keeps which sheets were used.
///
/// # Errors
/// `Mistyped` if the share was copied wrongly.
pub fn share_number(share: &str) -> Result<u8, VaultError> {
    let share = Zeroizing::new(Vec::from(&read(share)?));
    share.first().copied().ok_or(VaultError::Mistyped)
}

fn read(share: &str) -> Result<Share, VaultError> {
    let plain: String = share.trim().to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let letters = plain.strip_prefix(PREFIX).ok_or(VaultError::Mistyped)?;
    let bytes = Zeroizing::new(hex::decode(letters).map_err(|_| VaultError::Mistyped)?);
    let at = bytes.len().checked_sub(CHECK_BYTES).ok_or(VaultError::Mistyped)?;
    let (share, found) = bytes.split_at(at);
    if found != check(share) || share.len() != 33 {
        return Err(VaultError::Mistyped);
    }
    Share::try_from(share).map_err(|_| VaultError::Mistyped)
}

fn check(share: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::new().chain_update(b"haven share 1").chain_update(share).finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::super::OsRandom;
    use super::*;

    #[test]
    fn any_two_of_four_shares_bring_the_key_back() {
        let secret = RecoverySecret::generate(&mut OsRandom);
        let made = shares(&mut OsRandom, &secret, 4).unwrap();
        for one in 0..4 {
            for other in 0..4 {
                let result = recover(&[&made[one], &made[other]], &secret.public());
                assert_eq!(result.is_ok(), one != other, "{one} and {other}");
            }
        }
    }

    #[test]
    fn a_share_says_which_sheet_it_is() {
        let made = shares(&mut OsRandom, &RecoverySecret::generate(&mut OsRandom), 4).unwrap();
        let numbers: Vec<u8> = made.iter().map(|share| share_number(share).unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
    }

    #[test]
    fn one_share_is_not_enough_and_two_of_another_key_are_refused() {
        let secret = RecoverySecret::generate(&mut OsRandom);
        let other = RecoverySecret::generate(&mut OsRandom);
        let made = shares(&mut OsRandom, &secret, 4).unwrap();
        assert_eq!(recover(&[&made[0]], &secret.public()).unwrap_err(), VaultError::TooFewShares);
        assert_eq!(recover(&[&made[0], &made[1]], &other.public()).unwrap_err(), VaultError::DoesNotOpen);
        assert_eq!(shares(&mut OsRandom, &secret, 3).unwrap_err(), VaultError::TooFewShares);
    }

    #[test]
    fn a_mistyped_share_is_named_as_such() {
        let secret = RecoverySecret::generate(&mut OsRandom);
        let made = shares(&mut OsRandom, &secret, 4).unwrap();
        let last = if made[0].ends_with('0') { '1' } else { '0' };
        let wrong = format!("{}{last}", &made[0][..made[0].len() - 1]);
        assert_eq!(recover(&[&wrong, &made[1]], &secret.public()).unwrap_err(), VaultError::Mistyped);
        assert_eq!(share_number(&wrong).unwrap_err(), VaultError::Mistyped);
        let spaced = made[0].to_uppercase().replace('-', " ");
        assert!(recover(&[&spaced, &made[1]], &secret.public()).is_ok());
    }
}
