//! Entries for the audit record, and the signed head that leaves the organisation.

use casework::access;
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

/// What happened to a sealed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedChange {
    InForce,
    /// A new edition was not taken; the one before stays.
    Held,
    /// The settings name it no more, and it stays in force.
    Unnamed,
}

/// Writes down that a sealed list changed (F03): how many entries it has, and never which. What was once in force is
/// remembered, so that its file cannot vanish unseen.
pub async fn sealed_list_changed(
    haven: &Haven,
    by: &str,
    change: SealedChange,
    name: &str,
    detail: &Value,
) -> Result<(), ActionError> {
    let action = match change {
        SealedChange::InForce => "sealed-list.in-force",
        SealedChange::Held => "sealed-list.held",
        SealedChange::Unnamed => "sealed-list.not-in-settings",
    };
    let now = haven.now();
    let because = policy::Citation::safety(policy::SafetyRule::SealedLists);
    in_unit!(haven, unit => {
        if change == SealedChange::InForce {
            store::settings::put(&mut unit, &format!("{SEALED_SETTING}{name}"), "in force").await?;
        }
        store::audit::append(&mut unit, entry(now, by, action, name, detail).because(&because));
        Ok(())
    })
}

/// Settings under these names remember the sealed lists that were ever in force.
const SEALED_SETTING: &str = "sealed-list.";

/// The sealed lists that were ever in force here and were not retired by two share-holders.
pub async fn sealed_lists_known(haven: &Haven) -> Result<Vec<String>, ActionError> {
    let all = store::settings::all(&haven.store).await?;
    let known = all.into_iter().filter(|(_, state)| state == "in force");
    Ok(known.filter_map(|(key, _)| Some(key.strip_prefix(SEALED_SETTING)?.to_owned())).collect())
}

/// Writes down that two share-holders retired a sealed list, as when its licence ends.
pub(crate) async fn sealed_list_retired(
    haven: &Haven,
    by: &str,
    name: &str,
    detail: &Value,
) -> Result<(), ActionError> {
    let now = haven.now();
    let because = policy::Citation::safety(policy::SafetyRule::SealedLists);
    in_unit!(haven, unit => {
        store::settings::put(&mut unit, &format!("{SEALED_SETTING}{name}"), "retired").await?;
        store::audit::append(&mut unit, entry(now, by, "sealed-list.retired", name, detail).because(&because));
        Ok(())
    })
}

/// What happened to the block lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListsChange {
    InForce,
    Held,
    Accepted,
    TakenBack,
    /// A person asked to look at every source now.
    Asked,
}

impl ListsChange {
    fn action(self) -> &'static str {
        match self {
            Self::InForce => "lists.in-force",
            Self::Held => "lists.held",
            Self::Accepted => "lists.accepted",
            Self::TakenBack => "lists.taken-back",
            Self::Asked => "lists.asked",
        }
    }
}

/// Whether this person may take, take back and renew block lists.
pub fn may_change_lists(haven: &Haven, session: &crate::Session) -> Result<access::Permit, ActionError> {
    Ok(access::organisation(&haven.pack(), &session.asker(), "filter.lists", "lists")?)
}

/// Writes down what a person did to the block lists on a page, with the clause that lets them.
pub async fn lists_changed_by(
    haven: &Haven,
    session: &crate::Session,
    change: ListsChange,
    object: &str,
    detail: &Value,
) -> Result<(), ActionError> {
    let permit = may_change_lists(haven, session)?;
    let now = haven.now();
    in_unit!(haven, unit => {
        store::feed::add(&mut unit, "lists", object, now);
        let made = entry(now, &session.person.id, change.action(), object, detail);
        store::audit::append(&mut unit, made.because(permit.citation()));
        Ok(())
    })
}

/// Writes down that the block lists changed (F04), and tells every gateway. `object` is a source or the number of lists.
pub async fn lists_changed(
    haven: &Haven,
    by: &str,
    change: ListsChange,
    object: &str,
    detail: &Value,
) -> Result<(), ActionError> {
    let now = haven.now();
    in_unit!(haven, unit => {
        store::feed::add(&mut unit, "lists", object, now);
        store::audit::append(&mut unit, entry(now, by, change.action(), object, detail));
        Ok(())
    })
}
