//! `haven decide`: what a policy says to web addresses, asked on the command line by the deciding code itself.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use filter::decide::Inside;
use filter::{Address, Decision, Device, Facts, Snapshot};
use jiff::Timestamp;
use policy::Group;
use serde_json::json;

use super::lines::for_each_line;
use super::{clause, device_facts, facts, group, lists, snapshot, word};
use crate::packs;
use crate::say::{Ending, Failure, Format, Out, Outcome};
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct Question {
    /// Folder of the policy pack.
    #[arg(long)]
    pack: PathBuf,
    /// List file, or folder of lists; without it, Haven's starter lists.
    #[arg(long)]
    lists: Option<PathBuf>,
    /// Group of the pack that asks.
    #[arg(long, required_unless_present = "device", conflicts_with = "device")]
    group: Option<String>,
    /// In its place, the address of a device where nobody has signed in: what the settings register there decides, or the gate.
    #[arg(long)]
    device: Option<IpAddr>,
    /// The settings file that registers devices; with `--device`.
    #[arg(long, default_value = "haven.toml")]
    config: PathBuf,
    /// Site where the person is.
    #[arg(long, default_value = "")]
    site: String,
    /// The moment that is asked about, e.g. 2026-11-24T10:15:00Z; without it, now.
    #[arg(long)]
    at: Option<Timestamp>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Addresses; `-` reads them from standard input, one a line.
    #[arg(required = true)]
    urls: Vec<String>,
}

/// One line for each address, in order. Exit 1 if one of them could not be read.
pub(crate) fn run(question: &Question) -> Outcome {
    let (pack, _) = packs::sound(&question.pack)?;
    let lists = match &question.lists {
        Some(path) => lists::open_or_build(path)?,
        None => filter::lists::Lists::starter(),
    };
    let at = question.at.unwrap_or_else(Timestamp::now);
    let mut snapshot = snapshot(Arc::clone(&pack), Arc::new(lists))?;
    let who = match (&question.group, question.device) {
        (Some(id), _) => By::Group(group(&pack, id)?.clone()),
        (None, Some(address)) => {
            let settings = Settings::read(&question.config)?;
            if let Some(sentence) = settings.device_fault(&pack) {
                return Err(Failure::new(format!("{sentence} Mend [[device]] in the settings.")));
            }
            snapshot = snapshot.with_devices(Arc::new(settings.devices()));
            By::Device(address, snapshot.device_at(address, at))
        }
        (None, None) => return Err(Failure::new("Say who asks: give --group, or --device with its address.")),
    };
    let asker = Asker { who, snapshot, site: question.site.clone(), at, format: question.format };
    let mut out = Out::new();
    let mut all_read = true;
    for url in &question.urls {
        if url == "-" {
            for_each_line(|line| asker.ask(line, &mut out).map(|read| all_read &= read))?;
        } else {
            all_read &= asker.ask(url, &mut out)?;
        }
    }
    out.end(if all_read { Ending::Done } else { Ending::Found })
}

/// By whose rules is asked.
enum By {
    Group(Group),
    /// A device where nobody has signed in, and what is registered there.
    Device(IpAddr, Option<Device>),
}

struct Asker {
    snapshot: Snapshot,
    who: By,
    site: String,
    at: Timestamp,
    format: Format,
}

impl Asker {
    /// Prints the answer; false if the address could not be read.
    fn ask(&self, url: &str, out: &mut Out) -> Result<bool, Failure> {
        let parsed = if url.contains("://") { Address::parse(url) } else { Address::parse(&format!("http://{url}")) };
        let address = match parsed {
            Ok(address) => address,
            Err(error) => {
                match self.format {
                    Format::Text => out.line(format_args!("unreadable\t{url}\t{error}"))?,
                    Format::Json => out.json(&json!({ "url": url, "error": error.to_string() }))?,
                }
                return Ok(false);
            }
        };
        let inside = Inside::of(&address);
        let facts = self.facts(address);
        let decision = filter::decide::request(&self.snapshot, &facts);
        match (self.format, &self.who) {
            (Format::Text, By::Group(_)) => out.line(told(url, &decision, &inside))?,
            (Format::Text, By::Device(..)) => {
                let who = self.registered().map_or("unknown device".to_owned(), |name| format!("as {name}"));
                out.line(format_args!("{}\t{who}", told(url, &decision, &inside)))?;
            }
            (Format::Json, who) => {
                let mut line = as_json(url, &decision, &inside);
                if let Some(fields) = line.as_object_mut() {
                    let tiers = filter::decide::explain(&self.snapshot, &facts).tiers;
                    let spoke: Vec<_> = tiers.iter().filter(|tier| !tier.candidates.is_empty()).collect();
                    fields.insert("tiers".to_owned(), json!(spoke));
                    if matches!(who, By::Device(..)) {
                        fields.insert("device".to_owned(), json!(self.registered()));
                    }
                }
                out.json(&line)?;
            }
        }
        Ok(true)
    }
}

impl Asker {
    /// The name under which the device is registered.
    fn registered(&self) -> Option<&str> {
        match &self.who {
            By::Device(_, Some(device)) => Some(&device.name),
            By::Device(_, None) | By::Group(_) => None,
        }
    }

    fn facts(&self, address: Address) -> Facts {
        match &self.who {
            By::Group(group) => facts(group, &self.site, address, self.at),
            By::Device(device, registered) => device_facts(*device, registered.clone(), address, self.at),
        }
    }
}

/// The answer in columns. What the address was read as stands at the end, where it is not what was written.
fn told(url: &str, decision: &Decision, inside: &Inside) -> String {
    let list = if decision.list.is_empty() { String::new() } else { format!("\t{}", decision.list) };
    let read = if inside.normal.trim_end_matches('/').ends_with(url.trim_end_matches('/')) {
        String::new()
    } else {
        format!("\tread as {}", inside.normal)
    };
    let found = if inside.inside.is_empty() { String::new() } else { format!("\tinside {}", inside.inside.join(" ")) };
    let (action, clause) = (word(decision.action), &decision.citation);
    format!("{action}\t{url}\t{clause}\t{}\t{}{list}{read}{found}", decision.rule, decision.reason)
}

fn as_json(url: &str, decision: &Decision, inside: &Inside) -> serde_json::Value {
    json!({
        "url": url,
        "read_as": inside.normal,
        "inside": inside.inside,
        "search": inside.search,
        "action": word(decision.action),
        "categories": decision.codes,
        "clause": clause(&decision.citation),
        "rule": decision.rule,
        "list": decision.list,
        "also_matched": decision.also_matched,
        "told": decision.alert.as_ref().map(|cue| json!({ "theme": cue.theme, "grade": cue.grade })),
        "reason": decision.reason,
        "pack_digest": decision.pack_digest,
        "lists_digest": decision.lists_digest,
    })
}
