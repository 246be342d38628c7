//! `haven scan`: the phrase scores of a text, and what the policy would do with a page that says it.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use filter::{Address, Decision, Facts, Snapshot};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{clause, facts, group, snapshot, word};
use crate::packs;
use crate::say::{Ending, Failure, Format, Out, Outcome};

/// Largest text that is read.
const TEXT_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// The page that the text is imagined on: on no list, so that only its words speak.
const PAGE: &str = "https://scanned-text.test/";

#[derive(Debug, Args)]
pub(crate) struct Question {
    /// Folder of the policy pack.
    #[arg(long)]
    pack: PathBuf,
    /// Group of the pack that reads the text; without it, the first of the pack.
    #[arg(long)]
    group: Option<String>,
    /// Judge each line as a text of its own.
    #[arg(long)]
    lines: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Text or HTML files; `-` reads standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// One line of output for each text.
pub(crate) fn run(question: &Question) -> Outcome {
    let (pack, _) = packs::sound(&question.pack)?;
    let first = pack.groups.first().map(|group| group.id.clone()).unwrap_or_default();
    let group = group(&pack, question.group.as_deref().unwrap_or(&first))?.clone();
    let page = Address::parse(PAGE).map_err(|error| Failure::new(format!("{PAGE} cannot be read ({error}).")))?;
    let snapshot = snapshot(Arc::clone(&pack), Arc::new(filter::lists::Lists::empty()))?;
    let facts = facts(&group, "", page, Timestamp::now());
    let request = filter::decide::request(&snapshot, &facts);
    let judge = Judge { snapshot, facts, request, format: question.format };
    let mut out = Out::new();
    for file in &question.files {
        let name = if file.as_os_str() == "-" { "-".to_owned() } else { file.display().to_string() };
        let text = read(file, &name)?;
        if question.lines {
            for (number, line) in text.lines().enumerate() {
                judge.judge(&format!("{name}:{}", number + 1), line, &mut out)?;
            }
        } else {
            judge.judge(&name, &text, &mut out)?;
        }
    }
    out.end(Ending::Done)
}

fn read(file: &PathBuf, name: &str) -> Result<String, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::new(format!("{name} cannot be read ({error}). Name a text file."));
    let mut bytes = Vec::new();
    if name == "-" {
        std::io::stdin().lock().take(TEXT_LIMIT_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(TEXT_LIMIT_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > TEXT_LIMIT_BYTES {
        return Err(Failure::new(format!("{name} is larger than {TEXT_LIMIT_BYTES} bytes. Split it.")));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct Judge {
    snapshot: Snapshot,
    facts: Facts,
    request: Decision,
    format: Format,
}

impl Judge {
    fn judge(&self, name: &str, text: &str, out: &mut Out) -> Result<(), Failure> {
        let scores = self.snapshot.words.score(&filter::phrases::visible_text(text));
        let decision = filter::decide::text(&self.snapshot, &self.facts, &self.request, text);
        if self.format == Format::Text {
            let told: Vec<String> =
                scores.codes.iter().map(|code| format!("{} {} of {}", code.code, code.score, code.limit)).collect();
            let told = if told.is_empty() { "no phrase".to_owned() } else { told.join(", ") };
            return out.line(format_args!("{}\t{name}\t{}\t{told}", word(decision.action), decision.citation));
        }
        let mut by_code = Map::new();
        let mut matches = Vec::new();
        for code in &scores.codes {
            by_code.insert(code.code.clone(), Value::from(code.score));
            for found in &code.matches {
                matches.push(
                    json!({ "phrase": found.phrase, "code": code.code, "weight": found.weight, "count": found.count }),
                );
            }
        }
        out.json(&json!({
            "input": name,
            "scores": by_code,
            "action": word(decision.action),
            "clause": clause(&decision.citation),
            "matches": matches,
        }))
    }
}
