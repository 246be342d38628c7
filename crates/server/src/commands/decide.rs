//! `haven decide`: what a policy says to web addresses, asked on the command line by the deciding code itself.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use filter::decide::Inside;
use filter::{Address, Decision, Snapshot};
use jiff::Timestamp;
use policy::Group;
use serde_json::json;

use super::{clause, facts, for_each_line, group, lists, snapshot, word};
use crate::packs;
use crate::say::{Ending, Failure, Format, Out, Outcome};

#[derive(Debug, Args)]
pub(crate) struct Question {
    /// Folder of the policy pack.
    #[arg(long)]
    pack: PathBuf,
    /// List file, or folder of lists; without it, Haven's starter lists.
    #[arg(long)]
    lists: Option<PathBuf>,
    /// Group of the pack that asks.
    #[arg(long)]
    group: String,
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
    group(&pack, &question.group)?;
    let lists = match &question.lists {
        Some(path) => lists::open_or_build(path)?,
        None => filter::lists::Lists::starter(),
    };
    let snapshot = snapshot(pack, Arc::new(lists))?;
    let asker = Asker {
        group: group(&snapshot.pack, &question.group)?.clone(),
        snapshot,
        site: question.site.clone(),
        at: question.at.unwrap_or_else(Timestamp::now),
        format: question.format,
    };
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

struct Asker {
    snapshot: Snapshot,
    group: Group,
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
        let decision = filter::decide::request(&self.snapshot, &facts(&self.group, &self.site, address, self.at));
        match self.format {
            Format::Text => out.line(told(url, &decision, &inside))?,
            Format::Json => out.json(&as_json(url, &decision, &inside))?,
        }
        Ok(true)
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
        "reason": decision.reason,
        "pack_digest": decision.pack_digest,
        "lists_digest": decision.lists_digest,
    })
}
