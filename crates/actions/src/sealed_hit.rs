//! The address of a hit on a sealed list (S-9): sealed the moment it is seen, and released by two share-holders together.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::json;
use store::vault::{self, RecoverySecret, SecureRandom};

use crate::audit::{EntryWith, entry, sealed_list_retired};
use crate::keys::{check_reason, refused_shares};
use crate::unit::in_unit;
use crate::{ActionError, Haven};

/// Stands before the sealed bytes where an ordinary record has its path.
const MARK: &str = "sealed:";
/// Longest address that is kept of a hit, in bytes: with its seal it fits where a path stands.
const ADDRESS_LIMIT_BYTES: usize = 1_200;

/// What stands in the record in the place of the path. The address opens with two recovery shares and with nothing else;
/// without a recovery key it is not kept.
pub fn seal(random: &mut dyn SecureRandom, recovery: Option<&[u8; 32]>, reference: &str, address: &str) -> String {
    let Some(public) = recovery else { return String::new() };
    let end = (0..=ADDRESS_LIMIT_BYTES.min(address.len())).rev().find(|end| address.is_char_boundary(*end));
    let address = address.get(..end.unwrap_or_default()).unwrap_or_default();
    match vault::seal(random, public, context(reference).as_bytes(), address.as_bytes()) {
        Ok(sealed) => format!("{MARK}{}", URL_SAFE_NO_PAD.encode(sealed)),
        Err(_) => String::new(),
    }
}

fn context(reference: &str) -> String {
    format!("sealed hit {reference}")
}

/// A hit as it is handed to the police.
#[derive(Debug, Clone)]
pub struct Released {
    pub reference: String,
    pub at: Timestamp,
    pub address: String,
    /// How the person was identified; their name stands in the case.
    pub how: String,
    pub device: String,
}

/// Opens the address of one hit with two recovery shares, which two people keep. The entry stands before it is shown.
pub async fn release(
    haven: &Haven,
    reference: &str,
    shares: &[&str],
    reason: &str,
    by: &str,
) -> Result<Released, ActionError> {
    let reason = check_reason(reason)?;
    let record = store::activity::by_reference(&haven.store, reference).await?;
    let record = record.filter(store::activity::Record::is_sealed).ok_or_else(|| {
        ActionError::refused(
            "There is no hit on a sealed list under this reference. It stands with the event, or in the case.",
        )
    })?;
    let sealed =
        record.path.strip_prefix(MARK).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or_else(|| {
            ActionError::refused("The address of this hit was not kept: there was no recovery key where it was seen.")
        })?;
    let secret = two_holders(haven, shares).await?;
    let opened = vault::open_with_recovery(&secret, context(&record.reference).as_bytes(), &sealed)?;
    drop(secret);
    let now = haven.now();
    let because = policy::Citation::safety(policy::SafetyRule::SealedLists);
    in_unit!(haven, unit => {
        let detail = json!({ "shares": numbers(shares), "why": reason });
        store::audit::append(&mut unit, entry(now, by, "sealed-list.released", reference, &detail).because(&because));
        Ok(())
    })?;
    Ok(Released {
        reference: record.reference,
        at: record.at,
        address: String::from_utf8_lossy(&opened).into_owned(),
        how: record.how,
        device: record.device,
    })
}

/// Takes a sealed list out of force by two recovery shares, as when its licence ends. The caller removes its file.
pub async fn retire(haven: &Haven, name: &str, shares: &[&str], reason: &str, by: &str) -> Result<(), ActionError> {
    let reason = check_reason(reason)?;
    if !crate::audit::sealed_lists_known(haven).await?.iter().any(|known| known == name) {
        return Err(ActionError::refused("No sealed list of this name is in force here."));
    }
    two_holders(haven, shares).await?;
    let detail = json!({ "shares": numbers(shares), "why": reason });
    sealed_list_retired(haven, by, name, &detail).await
}

fn numbers(shares: &[&str]) -> Vec<u8> {
    shares.iter().filter_map(|share| vault::share_number(share).ok()).collect()
}

/// Two different shares put together give the recovery key, and nothing else does.
async fn two_holders(haven: &Haven, shares: &[&str]) -> Result<RecoverySecret, ActionError> {
    let public = store::keys::recovery(&haven.store).await?;
    let public =
        public.ok_or_else(|| ActionError::refused("There is no recovery key here, so there are no shares."))?;
    vault::recover(shares, &public).map_err(|error| refused_shares(&error))
}
