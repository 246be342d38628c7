//! What a node tells of itself: kinds, numbers and dates, never a website that somebody asked for, and never a person.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{ActionError, Haven};

/// How a node stands. What an older node does not tell is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// Of the program.
    pub version: String,
    pub pages: bool,
    pub listeners: Vec<ListenerAbout>,
    /// Until when computers may believe the authority by which connections are opened.
    pub authority_until: Option<Timestamp>,
    pub engines: Vec<EngineAbout>,
    /// Suites whose accounts are limited.
    pub accounts: Vec<AccountsAbout>,
    /// Digest of the policy that the gateway decides by.
    pub policy: String,
    pub lists: ListsAbout,
    /// Names of the risks for which there are words.
    pub words: Vec<String>,
    /// Entries that wait on the disk: alerts, and batches of records.
    pub spool_alerts: u64,
    pub spool_batches: u64,
    /// Records that wait in memory.
    pub waiting_records: u64,
    pub disks: Vec<DiskAbout>,
    /// What is registered where nobody can sign in.
    pub devices: Vec<DeviceAbout>,
    /// Devices that met the gate, and at which nobody has signed in since.
    pub denied: Vec<DeniedAbout>,
}

/// Most registrations, and most devices at the gate, that a node tells of.
pub const DEVICES_LIMIT: usize = 100;

/// A registered device, by the ids of the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceAbout {
    pub name: String,
    pub addresses: Vec<String>,
    pub group: String,
    pub responsible: String,
    pub clause: String,
    /// Its last day.
    pub until: Option<Date>,
    pub reason: String,
}

impl DeviceAbout {
    pub(super) fn has_ended(&self, today: Date) -> bool {
        self.until.is_some_and(|last| last < today)
    }
}

/// A device at the gate: where it stands and how often, never what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedAbout {
    pub address: String,
    pub listener: String,
    pub times: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListenerAbout {
    pub name: String,
    pub address: String,
    /// How people are known there; empty where nobody can be.
    pub known_by: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountsAbout {
    /// "Microsoft", as `filter::tenants::Suite::name`.
    pub suite: String,
    /// Who may sign in, in sentences.
    pub says: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineAbout {
    pub name: String,
    pub works: bool,
    /// One sentence.
    pub says: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListsAbout {
    pub name: String,
    pub digest: String,
    pub names: u64,
    pub urls: u64,
    /// When the file was put in its place; none for the starter lists.
    pub since: Option<Timestamp>,
    /// Names of the kinds that the lists hold.
    pub codes: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskAbout {
    /// "the data", "records that wait".
    pub what: String,
    pub free_bytes: u64,
    pub whole_bytes: u64,
    /// What Haven itself keeps there, where that is known.
    pub used_bytes: Option<u64>,
}

/// Takes the place of what this node said before, and of its numbers of the hours since its run began.
///
/// # Errors
/// As the database gives them.
pub async fn tell(
    haven: &Haven,
    node: &str,
    started_at: Timestamp,
    about: &About,
    hours: &BTreeMap<Timestamp, BTreeMap<String, u64>>,
) -> Result<(), ActionError> {
    let text = serde_json::to_string(about).map_err(|error| ActionError::Broken(error.to_string()))?;
    let kept = store::nodes::Node { node: node.to_owned(), started_at, at: haven.now(), about: text };
    store::nodes::tell(&haven.store, &kept).await?;
    for (hour, numbers) in hours {
        let kept = store::nodes::Hour { node: node.to_owned(), run: started_at, hour: *hour, numbers: numbers.clone() };
        store::nodes::count(&haven.store, &kept).await?;
    }
    Ok(())
}
