//! One file for each word of the command line.

pub(crate) mod audit;
pub(crate) mod check_filter;
pub(crate) mod decide;
pub(crate) mod gateway_role;
pub(crate) mod init;
pub(crate) mod keys;
mod lines;
pub(crate) mod lists;
pub(crate) mod pack;
pub(crate) mod people;
pub(crate) mod scan;

use std::sync::Arc;

use filter::lists::Lists;
use filter::phrases::WordPack;
use filter::{Carriage, Facts, Person, Snapshot, Who};
use policy::{Action, Group, Pack};

use crate::say::Failure;

/// Everything to decide by: a pack with lists and the words that Haven ships.
fn snapshot(pack: Arc<Pack>, lists: Arc<Lists>) -> Result<Snapshot, Failure> {
    Snapshot::new(pack, lists, Arc::new(WordPack::shipped()), Vec::new(), Vec::new()).map_err(|error| {
        Failure::new(format!("The policy cannot be used: {error}. Mend it and run 'haven pack check'."))
    })
}

/// A group by its id, or a sentence that names the groups there are.
fn group<'a>(pack: &'a Pack, id: &str) -> Result<&'a Group, Failure> {
    pack.group(id).ok_or_else(|| {
        let known: Vec<&str> = pack.groups.iter().map(|group| group.id.as_str()).collect();
        Failure::new(format!("The policy has no group '{id}'. Use one of: {}.", known.join(", ")))
    })
}

/// The facts of a request that nobody really made.
fn facts(group: &Group, site: &str, address: filter::Address, at: jiff::Timestamp) -> Facts {
    let person = Person {
        id: "command-line".to_owned(),
        group: group.id.clone(),
        population: group.population.clone(),
        site: site.to_owned(),
        how: "named on the command line".to_owned(),
        session: String::new(),
    };
    facts_of(person, address, at)
}

/// The facts of a page that a person would open.
pub(crate) fn facts_of(person: Person, address: filter::Address, at: jiff::Timestamp) -> Facts {
    Facts { who: Who::Person(person), ..facts_of_nobody(address, at) }
}

fn facts_of_nobody(address: filter::Address, at: jiff::Timestamp) -> Facts {
    let carriage = match address.scheme() {
        "connect" => Carriage::Tunnel,
        "https" | "wss" => Carriage::Inspected,
        _ => Carriage::Plain,
    };
    Facts {
        at,
        who: Who::Unknown,
        listener: String::new(),
        device: String::new(),
        carriage,
        method: "GET".to_owned(),
        address,
        navigation: true,
        framed: false,
        referrer_host: None,
    }
}

/// The facts of what a device asks for where nobody has signed in: of `https` only the name is seen.
fn device_facts(
    device: std::net::IpAddr,
    registered: Option<filter::Device>,
    address: filter::Address,
    at: jiff::Timestamp,
) -> Facts {
    let named = match address.scheme() {
        "https" | "wss" => filter::Address::from_authority(&format!("{}:{}", address.host(), address.port())).ok(),
        _ => None,
    };
    let who = registered.map_or(Who::Unknown, Who::Device);
    Facts { who, device: device.to_string(), ..facts_of_nobody(named.unwrap_or(address), at) }
}

pub(crate) fn word(action: Action) -> &'static str {
    action.word()
}

/// The clause as a program wants it: `7.1`, or `S-2` for a safety rule.
fn clause(citation: &policy::Citation) -> String {
    let rule = citation.safety_rule().map(|rule| rule.to_string());
    citation.clause_id().map(str::to_owned).or(rule).unwrap_or_default()
}
