//! "What would happen, and why?": the filter is asked about one address as somebody of a group would meet it, now or at
//! another time, under today's rules or with one more. Nothing is opened and nothing is recorded.

use casework::access;
use filter::decide::{self, Explanation};
use filter::{Address, Carriage, Device, Facts, Person, Snapshot, Who};
use jiff::Timestamp;
use jiff::civil::DateTime;
use policy::Group;

use crate::local_rules::{NewRule, Standing, checked, standing};
use crate::session::Session;
use crate::{ActionError, Haven, words};

/// Longest address that can be asked about, in bytes.
const URL_LIMIT_BYTES: usize = 4_096;

#[derive(Debug, Clone, Default)]
pub struct Question {
    /// As people write it: with or without `https://`.
    pub url: String,
    /// A group of the policy, or [`NOBODY`].
    pub group: String,
    /// `2026-11-24T10:15` on the organisation's clock; empty for now.
    pub at: String,
    /// Address of a device, such as `10.20.4.17`; empty for anywhere.
    pub place: String,
}

/// In the place of a group: nobody has signed in, so what is registered at the address decides, or the gate.
pub const NOBODY: &str = "nobody";

/// The answer, in the words of the pages.
#[derive(Debug, Clone)]
pub struct Told {
    /// `allow`, `block`, `warn` or `watch`.
    pub action: &'static str,
    pub reason: String,
    /// "WAES 7.1"
    pub citation: String,
    pub rule: String,
    pub list: String,
    /// What the policy calls the kinds of site that it is.
    pub kinds: Vec<String>,
    /// The address in one form, where that is not what was written.
    pub read_as: String,
    /// Addresses inside the address, which were judged too.
    pub inside: Vec<String>,
    /// What somebody searches for there.
    pub search: String,
    /// What a person would be told.
    pub alert: Option<String>,
    pub inspect: bool,
    pub record: bool,
    /// Whatever else had something to say, in the order of the tiers.
    pub others: Vec<Other>,
    pub at_text: String,
    /// What hour it is then and there, with the row of the timetable that says so.
    pub hour: String,
    /// What is registered at the address that was named, in sentences.
    pub registered: String,
    pub host: String,
}

/// A rule that spoke and did not win.
#[derive(Debug, Clone)]
pub struct Other {
    pub rule: String,
    pub action: &'static str,
    pub citation: String,
    pub list: String,
}

/// What would happen for people of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub group: String,
    pub before: &'static str,
    pub after: &'static str,
}

/// The groups that can be asked for, as `(id, title)`.
pub fn groups(haven: &Haven) -> Vec<(String, String)> {
    haven.pack().groups.iter().map(|group| (group.id.clone(), group.title.clone())).collect()
}

/// Asks the filter.
///
/// # Errors
/// A fault at its field for an address, group or time that is none.
pub fn ask(haven: &Haven, session: &Session, snapshot: &Snapshot, question: &Question) -> Result<Told, ActionError> {
    access::organisation(&snapshot.pack, &session.asker(), "filter.read", "filter")?;
    let address = address(&question.url)?;
    let at = moment(haven, &question.at)?;
    let place = place(&question.place)?;
    let asked = without_sealed(snapshot, snapshot.local.clone())?;
    let registered = place.parse().ok().and_then(|place| asked.device_at(place, at));
    let is_nobody = question.group == NOBODY;
    let facts = if is_nobody {
        Facts { device: place, ..of_nobody(registered.clone(), address, at) }
    } else {
        let group = snapshot.pack.group(&question.group);
        let group = group.ok_or_else(|| ActionError::fault("group", "Choose who asks."))?;
        Facts { device: place, ..facts(group, address, at) }
    };
    let hour = facts.who.asker().map(|asker| asked.hour_told(&facts, &asker.group)).unwrap_or_default();
    let found = decide::explain(&asked, &facts);
    let registered = match registered {
        Some(device) if is_nobody => device.nobody.how,
        Some(device) => format!("{} Whoever signs in there goes before it, as asked here.", device.nobody.how),
        None if is_nobody && !facts.device.is_empty() => "Nothing is registered there: it meets the gate.".to_owned(),
        None => String::new(),
    };
    Ok(Told { hour, registered, ..told(haven, question, found, at) })
}

/// What a rule would change, for each group of the policy, on the front page of its site.
///
/// # Errors
/// A fault at its field for what cannot be a rule.
pub fn effects(
    haven: &Haven,
    session: &Session,
    snapshot: &Snapshot,
    new: &NewRule,
) -> Result<Vec<Effect>, ActionError> {
    let pack = &snapshot.pack;
    let permit = access::organisation(pack, &session.asker(), "filter.decide-request", "rules")?;
    let now = haven.now();
    let mut rule = checked(pack, new, now)?;
    "new".clone_into(&mut rule.id);
    rule.citation = permit.citation().to_record();
    let address = address(&rule.host)?;
    let before = without_sealed(snapshot, snapshot.local.clone())?;
    let mut local = snapshot.local.clone();
    if let Standing::Holds(held) = standing(pack, &rule) {
        local.push(held);
    }
    let after = without_sealed(snapshot, local)?;
    let would =
        |under: &Snapshot, group: &Group| decide::request(under, &facts(group, address.clone(), now)).action.word();
    Ok(pack
        .groups
        .iter()
        .map(|group| Effect { group: group.title.clone(), before: would(&before, group), after: would(&after, group) })
        .collect())
}

fn without_sealed(snapshot: &Snapshot, local: Vec<filter::lists::LocalRule>) -> Result<Snapshot, ActionError> {
    snapshot.for_questions(local).map_err(|error| ActionError::Broken(error.to_string()))
}

fn address(url: &str) -> Result<Address, ActionError> {
    let url = url.trim();
    let whole = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
    let parsed = (!url.is_empty() && url.len() <= URL_LIMIT_BYTES).then(|| Address::parse(&whole).ok()).flatten();
    parsed.ok_or_else(|| ActionError::fault("url", "Write an address, such as example.org/page."))
}

/// The address of a device, in its usual form; empty for none.
fn place(text: &str) -> Result<String, ActionError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let read = text.parse::<std::net::IpAddr>().map(|address| address.to_string());
    read.map_err(|_| {
        ActionError::fault("place", "Write the address of a device, such as 10.20.4.17, or leave it empty.")
    })
}

fn moment(haven: &Haven, at: &str) -> Result<Timestamp, ActionError> {
    if at.trim().is_empty() {
        return Ok(haven.now());
    }
    let zone = haven.pack().calendar.zone.clone();
    let read = at.trim().parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone).ok());
    read.map(|zoned| zoned.timestamp())
        .ok_or_else(|| ActionError::fault("at", "Write a day and a time, such as 2026-11-24 10:15."))
}

/// What a registered device, or one that nobody knows, asks for: of `https` only the name is seen.
fn of_nobody(registered: Option<Device>, address: Address, at: Timestamp) -> Facts {
    let named = match address.scheme() {
        "https" => Address::from_authority(&format!("{}:{}", address.host(), address.port())).ok(),
        _ => None,
    };
    Facts {
        at,
        who: registered.map_or(Who::Unknown, Who::Device),
        listener: String::new(),
        device: String::new(),
        carriage: if named.is_some() { Carriage::Tunnel } else { Carriage::Plain },
        method: "GET".to_owned(),
        address: named.unwrap_or(address),
        navigation: true,
        framed: false,
        referrer_host: None,
    }
}

/// A page that somebody of the group looks at; of `https` what is seen where Haven opens the connection.
fn facts(group: &Group, address: Address, at: Timestamp) -> Facts {
    let carriage = if address.scheme() == "https" { Carriage::Inspected } else { Carriage::Plain };
    Facts {
        at,
        who: Who::Person(Person {
            id: "nobody".to_owned(),
            group: group.id.clone(),
            population: group.population.clone(),
            site: String::new(),
            how: String::new(),
            session: String::new(),
        }),
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

fn told(haven: &Haven, question: &Question, found: Explanation, at: Timestamp) -> Told {
    let pack = haven.pack();
    let title = |code: &String| pack.code(code).map_or_else(|| code.clone(), |code| code.title.clone());
    let others = found.tiers.iter().flat_map(|tier| &tier.candidates).filter(|candidate| !candidate.won);
    let others = others.map(|candidate| Other {
        rule: candidate.rule.clone(),
        action: candidate.action.word(),
        citation: candidate.citation.clone(),
        list: candidate.list.clone(),
    });
    let won = found.tiers.iter().flat_map(|tier| &tier.candidates).find(|candidate| candidate.won);
    let written = question.url.trim().trim_end_matches('/');
    let same = found.normal.trim_end_matches('/').ends_with(written);
    Told {
        action: found.action.word(),
        others: others.collect(),
        list: won.map(|candidate| candidate.list.clone()).unwrap_or_default(),
        kinds: found.codes.iter().map(title).collect(),
        host: host_of(&found.normal),
        read_as: if same { String::new() } else { found.normal },
        reason: found.reason,
        citation: found.citation,
        rule: found.rule,
        inside: found.inside,
        search: found.search,
        alert: found.alert.map(|cue| cue.reason),
        inspect: found.inspect,
        record: found.record,
        hour: String::new(),
        registered: String::new(),
        at_text: words::moment(&pack.calendar, haven.now(), at),
    }
}

fn host_of(normal: &str) -> String {
    Address::parse(normal).map(|address| address.host().to_owned()).unwrap_or_default()
}
