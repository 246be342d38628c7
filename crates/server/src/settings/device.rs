//! Devices at which nobody can sign in: their registration, with group, owner and end.

use filter::device::{Devices, NAME_LIMIT_LETTERS, Registered};
use filter::network::Network;
use jiff::civil::Date;
use policy::Pack;
use serde::{Deserialize, Serialize};

use super::{Fault, Settings, line_with};

/// The widest ranges that can be registered, in leading bits: a registration speaks of devices, not of a whole organisation.
const WIDEST_V4_BITS: u8 = 16;
const WIDEST_V6_BITS: u8 = 48;
/// Longest reason, in letters.
const REASON_LIMIT_LETTERS: usize = 300;

/// One registration, as it stands in the settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceRow {
    pub(crate) name: String,
    /// Single addresses and ranges.
    pub(crate) addresses: Vec<String>,
    pub(crate) group: String,
    /// Post of the policy that answers for it.
    pub(crate) responsible: String,
    pub(crate) clause: Option<String>,
    /// Its last day.
    pub(crate) until: Option<String>,
    /// Why a group that is not for people under an age.
    pub(crate) reason: Option<String>,
}

impl DeviceRow {
    /// The registration as the filter wants it, or the word by which its line is found, and the sentence.
    fn registered(&self) -> Result<Registered, (String, String)> {
        let name = &self.name;
        let fault = |word: &str, sentence: String| Err((format!("\"{word}\""), sentence));
        if name.trim().is_empty() || name.chars().count() > NAME_LIMIT_LETTERS || name.chars().any(char::is_control) {
            return fault(name, format!("a registered device has a name of up to {NAME_LIMIT_LETTERS} letters."));
        }
        if self.addresses.is_empty() {
            return fault(name, format!("the device '{name}' has no address. Name its addresses or ranges."));
        }
        let mut networks = Vec::new();
        for text in &self.addresses {
            let network = match text.parse::<Network>() {
                Ok(network) => network,
                Err(error) => return fault(text, format!("'{text}' is {error}.")),
            };
            let widest = if network.is_v4() { WIDEST_V4_BITS } else { WIDEST_V6_BITS };
            if network.prefix_bits() < widest {
                return fault(
                    text,
                    format!(
                        "'{text}' is too wide a range: it would let in whoever has not signed in. /{widest} is the widest."
                    ),
                );
            }
            networks.push(network);
        }
        let until = match self.until.as_deref().map(|text| (text, text.parse::<Date>())) {
            None => None,
            Some((_, Ok(day))) => Some(day),
            Some((text, Err(_))) => return fault(text, format!("'{text}' is no date. Write it as 2027-07-31.")),
        };
        let reason = self.reason.as_deref().unwrap_or_default().trim().to_owned();
        if reason.chars().count() > REASON_LIMIT_LETTERS {
            return fault(name, format!("the reason of the device '{name}' has up to {REASON_LIMIT_LETTERS} letters."));
        }
        Ok(Registered {
            name: name.clone(),
            networks,
            group: self.group.clone(),
            responsible: self.responsible.clone(),
            clause: self.clause.clone().unwrap_or_default(),
            until,
            reason,
        })
    }

    /// What the policy has not, or does not let pass without a word.
    fn fault_by(&self, pack: &Pack) -> Option<String> {
        let (name, id) = (&self.name, &self.group);
        let Some(group) = pack.group(id) else {
            return Some(format!("The device '{name}' names the group '{id}', which the policy does not have."));
        };
        if pack.post(&self.responsible).is_none() {
            let post = &self.responsible;
            return Some(format!("The device '{name}' names the post '{post}', which the policy does not have."));
        }
        if let Some(clause) = self.clause.as_ref().filter(|clause| pack.clause(clause).is_none()) {
            return Some(format!("The device '{name}' names the clause '{clause}', which the policy does not have."));
        }
        // Anybody may sit there.
        let youngest = pack.groups.iter().find(|other| other.under_age_years.is_some())?;
        let is_open = group.under_age_years.is_none() && group.flag.is_none();
        let is_unsaid = self.reason.as_deref().unwrap_or_default().trim().is_empty();
        (is_open && is_unsaid).then(|| {
            format!(
                "The device '{name}' has the rules of '{id}', and anybody may sit there. Give it '{}', or say why as reason.",
                youngest.id
            )
        })
    }
}

impl Settings {
    pub(super) fn check_devices(&self, text: &str) -> Result<(), Fault> {
        let quoted = |name: &str| line_with(text, &format!("\"{name}\""));
        for (place, row) in self.devices.iter().enumerate() {
            if let Err((word, message)) = row.registered() {
                return Err(Fault { line: line_with(text, &word), message });
            }
            if self.devices.iter().take(place).any(|other| other.name == row.name) {
                let message = format!("two devices are called '{}'. Give each its own name.", row.name);
                return Err(Fault { line: quoted(&row.name), message });
            }
        }
        if let Some((one, other)) = self.devices().twice() {
            let message = format!(
                "the devices '{one}' and '{other}' have the very same address or range. Leave it out of one of them."
            );
            return Err(Fault { line: quoted(other), message });
        }
        Ok(())
    }

    /// The registrations as the filter wants them. The settings were checked when they were read: none is left out here.
    pub(crate) fn devices(&self) -> Devices {
        Devices { all: self.devices.iter().filter_map(|row| row.registered().ok()).collect() }
    }

    /// The first registration that does not fit the policy, in a sentence.
    pub(crate) fn device_fault(&self, pack: &Pack) -> Option<String> {
        self.devices.iter().find_map(|row| row.fault_by(pack))
    }
}
