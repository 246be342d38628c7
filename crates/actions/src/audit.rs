//! Entries for the audit record, and the signed head that leaves the organisation.

use casework::audit::{Head, NewEntry};
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use serde_json::Value;

use crate::unit::in_unit;
use crate::{ActionError, Haven};

/// An entry without a citation or sealed texts.
pub(crate) fn entry(at: Timestamp, actor: &str, action: &str, object: &str, detail: &Value) -> NewEntry {
    NewEntry {
        at_us: at.as_microsecond(),
        actor: actor.to_owned(),
        action: action.to_owned(),
        object: object.to_owned(),
        detail: detail.to_string(),
        citation: String::new(),
        digests: Vec::new(),
    }
}

/// What an entry may carry besides.
pub(crate) trait EntryWith {
    fn because(self, citation: &policy::Citation) -> Self;
    fn vouching(self, digests: Vec<String>) -> Self;
}

impl EntryWith for NewEntry {
    fn because(mut self, citation: &policy::Citation) -> Self {
        self.citation = citation.to_record();
        self
    }

    fn vouching(mut self, digests: Vec<String>) -> Self {
        self.digests = digests;
        self
    }
}

/// Writes an entry that vouches for the newest activity of every gateway, if there is any since the last such entry.
pub async fn anchor_activity(haven: &Haven) -> Result<bool, ActionError> {
    Ok(store::activity::anchor(&haven.store, haven.now()).await?)
}

/// The signed head of the record as it stands: a few lines of text to keep outside. It vouches for activity up to now.
pub async fn signed_head(haven: &Haven) -> Result<Head, ActionError> {
    if let Err(error) = anchor_activity(haven).await {
        // A head that vouches for less is better than none.
        tracing::warn!(cause = %error, "the newest activity could not be anchored in the record");
    }
    let head = store::audit::head(&haven.store).await?;
    let key = SigningKey::from_bytes(haven.audit_key.bytes());
    Ok(Head::sign(&haven.organisation, head.seq, head.hash, haven.now().as_microsecond(), &key))
}

/// The public half of the key that signs heads, in hexadecimal: to be kept outside with the first head.
#[must_use]
pub fn public_key_hex(haven: &Haven) -> String {
    hex::encode(SigningKey::from_bytes(haven.audit_key.bytes()).verifying_key().to_bytes())
}

/// What happened to the block lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListsChange {
    InForce,
    Held,
    Accepted,
    TakenBack,
}

/// Writes down that the block lists changed (F04), and tells every gateway. `object` is a source or the number of lists.
pub async fn lists_changed(
    haven: &Haven,
    by: &str,
    change: ListsChange,
    object: &str,
    detail: &Value,
) -> Result<(), ActionError> {
    let action = match change {
        ListsChange::InForce => "lists.in-force",
        ListsChange::Held => "lists.held",
        ListsChange::Accepted => "lists.accepted",
        ListsChange::TakenBack => "lists.taken-back",
    };
    let now = haven.now();
    in_unit!(haven, unit => {
        store::feed::add(&mut unit, "lists", object, now);
        store::audit::append(&mut unit, entry(now, by, action, object, detail));
        Ok(())
    })
}
