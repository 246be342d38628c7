//! How often a wrong password may be tried: by person and place, and more slowly by person; never by place alone, because a
//! whole classroom stands behind one address (decision 0023).

use std::net::IpAddr;

use jiff::{Timestamp, ToSpan};
use store::vault;

use crate::{ActionError, Haven};

/// Wrong passwords for one person from one place, within the window, before that place must wait.
const HERE_FAILURES: u64 = 10;
/// Wrong passwords for one person from all places together where they were never signed in.
const PERSON_FAILURES: u64 = 100;
const WINDOW_MINUTES: i64 = 15;

/// Where a sign-in comes from, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Whence {
    pub address: Option<IpAddr>,
    /// What the browser kept of an earlier sign-in; whatever it says is checked.
    pub device: Option<String>,
}

/// The buckets in which the failures of one try are counted.
pub(crate) struct Throttle {
    here: String,
    /// None at a device where the person was signed in before: nobody elsewhere can shut them out of it.
    person: Option<String>,
}

impl Throttle {
    pub(crate) fn new(haven: &Haven, username: &str, from: &Whence) -> Self {
        let name = store::ids::fold(username);
        let known = from.device.as_deref().filter(|device| is_known(haven, &name, device));
        match known {
            Some(device) => Self { here: bucket("device", device), person: None },
            None => {
                let address = from.address.map(|address| address.to_string()).unwrap_or_default();
                Self { here: bucket("here", &format!("{name} {address}")), person: Some(bucket("person", &name)) }
            }
        }
    }

    /// For opening one's cases in a session: that browser has signed in already.
    pub(crate) fn of_session(session: &str) -> Self {
        Self { here: bucket("session", session), person: None }
    }

    pub(crate) async fn is_full(&self, haven: &Haven, now: Timestamp) -> Result<bool, ActionError> {
        let since = now.checked_sub(WINDOW_MINUTES.minutes()).unwrap_or(now);
        if store::limits::failures(&haven.store, &self.here, since).await? >= HERE_FAILURES {
            return Ok(true);
        }
        match &self.person {
            Some(person) => Ok(store::limits::failures(&haven.store, person, since).await? >= PERSON_FAILURES),
            None => Ok(false),
        }
    }

    pub(crate) async fn add_failure(&self, haven: &Haven, now: Timestamp) -> Result<(), ActionError> {
        let mut unit = haven.store.begin().await?;
        store::limits::failed(&mut unit, &self.here, now).await?;
        if let Some(person) = &self.person {
            store::limits::failed(&mut unit, person, now).await?;
        }
        unit.commit().await?;
        Ok(())
    }
}

/// Digests keep what was typed as a name out of the table, and every bucket the same length.
fn bucket(word: &str, text: &str) -> String {
    format!("{word}:{}", vault::digest_hex(text.as_bytes()))
}

/// What a browser keeps after a sign-in: chance, and a keyed digest that only this Haven could make for this person.
pub(crate) fn device(haven: &Haven, username: &str) -> String {
    let mut chance = [0_u8; 16];
    haven.moment.fill_random(&mut chance);
    let chance = hex::encode(chance);
    let proof = proof(haven, &store::ids::fold(username), &chance);
    format!("{chance}.{proof}")
}

fn is_known(haven: &Haven, name: &str, device: &str) -> bool {
    device.split_once('.').is_some_and(|(chance, given)| given == proof(haven, name, chance))
}

fn proof(haven: &Haven, name: &str, chance: &str) -> String {
    hex::encode(store::vault::person_token(&haven.index_key, &format!("device {chance} {name}")))
}
