//! `haven decide`: what a policy says to web addresses, asked on the command line by the deciding code itself.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
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
        let decision = filter::decide::request(&self.snapshot, &facts(&self.group, &self.site, address, self.at));
        match self.format {
            Format::Text => out.line(told(url, &decision))?,
            Format::Json => out.json(&as_json(url, &decision))?,
        }
        Ok(true)
    }
}

fn told(url: &str, decision: &Decision) -> String {
    let list = if decision.list.is_empty() { String::new() } else { format!("\t{}", decision.list) };
    format!("{}\t{url}\t{}\t{}\t{}{list}", word(decision.action), decision.citation, decision.rule, decision.reason)
}

fn as_json(url: &str, decision: &Decision) -> serde_json::Value {
    json!({
        "url": url,
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
