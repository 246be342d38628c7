//! Makes the line of the activity record for one decision about one known person or one registered device, and nobody else.

use std::sync::Arc;

use filter::{Address, Decision, Facts};
use policy::Action;

use crate::ports::{Door, Moment, Record, Records};

const REFERENCE_LENGTH: usize = 16;
/// Letters and digits that are not mistaken for one another when read aloud.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// A random reference of 80 bits that says nothing by itself.
pub(crate) fn reference(moment: &dyn Moment) -> String {
    let mut bytes = [0_u8; REFERENCE_LENGTH];
    moment.fill_random(&mut bytes);
    bytes.iter().map(|byte| ALPHABET.get(usize::from(byte & 31)).map_or('a', |letter| char::from(*letter))).collect()
}

/// The record of a decision; none if nobody is known and nothing registered (S-4), or it must not be kept (S-3). Of a registered
/// device the website is kept, and neither the page nor what was searched for: whoever stood there was not told.
pub(crate) fn make(reference: &str, door: &Door, facts: &Facts, decision: &Decision) -> Option<Record> {
    let person = facts.who.asker()?;
    if !decision.record {
        return None;
    }
    let address: &Address = &facts.address;
    let is_sealed = decision.rule == filter::decide::SEALED_RULE;
    // Of a sealed address the whole is kept, and sealed where it is written; else what somebody typed stays out.
    let query = address.query().filter(|_| is_sealed).map(|query| format!("?{query}")).unwrap_or_default();
    Some(Record {
        reference: reference.to_owned(),
        at: facts.at,
        person: person.clone(),
        door: door.clone(),
        method: facts.method.clone(),
        scheme: address.scheme().to_owned(),
        host: address.host().to_owned(),
        path: if facts.carriage == filter::Carriage::Tunnel || (facts.who.is_device() && !is_sealed) {
            String::new()
        } else {
            format!("{}{query}", address.path())
        },
        search: if facts.who.is_device() {
            String::new()
        } else {
            filter::search::terms(address).map(|terms| terms.raw).unwrap_or_default()
        },
        action: decision.action,
        codes: decision.codes.clone(),
        rule: decision.rule.clone(),
        citation: decision.citation.to_record(),
        citation_text: decision.citation.to_string(),
        reason: decision.reason.clone(),
        list: decision.list.clone(),
        navigation: facts.navigation,
        pack_digest: decision.pack_digest.clone(),
        lists_digest: decision.lists_digest.clone(),
        alert: decision.alert.clone(),
    })
}

/// A record on its way to the sink. It is put at the latest when the request ends, however it ends.
pub(crate) struct Pending {
    record: Option<Record>,
    records: Arc<dyn Records>,
    lost: bool,
}

impl Pending {
    /// Takes a record. One with an alert is put at once: it must stand before anything else is waited for.
    pub(crate) fn new(record: Option<Record>, records: Arc<dyn Records>) -> Self {
        let mut pending = Self { record, records, lost: false };
        if pending.record.as_ref().is_some_and(|record| record.alert.is_some()) {
            pending.put();
        }
        pending
    }

    /// Takes a record that may be replaced or forgotten before it is put, whatever it holds.
    pub(crate) fn held(record: Option<Record>, records: Arc<dyn Records>) -> Self {
        Self { record, records, lost: false }
    }

    /// Whether a record found no place.
    pub(crate) fn was_lost(&self) -> bool {
        self.lost
    }

    /// Nothing needs to be put after all.
    pub(crate) fn forget(&mut self) {
        self.record = None;
    }

    /// Puts what still waits, now that it is known whether a person looked at it.
    pub(crate) fn put_as(&mut self, navigation: bool) {
        if let Some(record) = &mut self.record {
            record.navigation = navigation;
        }
        self.put();
    }

    /// Haven itself did not go there, whatever the policy says of the site: it lies inside the organisation's network.
    pub(crate) fn put_refused(&mut self, why: &str) {
        if let Some(record) = self.record.as_mut().filter(|record| record.rule != filter::decide::SEALED_RULE) {
            record.action = Action::Block;
            record.rule = "network:private".to_owned();
            why.clone_into(&mut record.reason);
        }
        self.put();
    }

    /// Puts what still waits.
    pub(crate) fn put(&mut self) {
        if let Some(record) = self.record.take() {
            self.lost |= !self.records.put(record);
        }
    }

    /// The last word replaces what still waits.
    pub(crate) fn replace(&mut self, record: Option<Record>) {
        if record.is_some() {
            self.record = record;
        }
        self.put();
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.put();
    }
}
