//! `haven check-filter`: asks every running gateway to check itself, waits, and prints what each found.

use std::time::Duration;

use actions::Haven;
use actions::checks::{Outcome as Found, Report};
use clap::Args;
use serde_json::json;

use crate::hub::{self, COMMAND_LINE, Place};
use crate::log;
use crate::say::{Ending, Failure, Format, Out, Outcome};

/// How often it is looked for answers, in milliseconds.
const LOOK_EVERY_MS: u64 = 250;

#[derive(Debug, Args)]
pub(crate) struct Checking {
    #[command(flatten)]
    place: Place,
    /// How long to wait for the gateways, in seconds.
    #[arg(long, default_value_t = 120)]
    wait_seconds: u64,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(checking: &Checking) -> Outcome {
    log::runtime()?.block_on(async {
        let haven = checking.place.hub().await?;
        let done = check(&haven, checking).await;
        haven.store.close().await;
        done
    })
}

async fn check(haven: &Haven, checking: &Checking) -> Outcome {
    let awaited = actions::checks::awaited(haven).await.map_err(hub::told)?;
    if awaited.is_empty() {
        return Err(Failure::new(
            "No gateway is running here, so nothing was checked. Start Haven with a listener, wait a moment, and try again.",
        ));
    }
    let request = actions::checks::ask(haven, COMMAND_LINE).await.map_err(hub::told)?;
    let answers = wait(haven, &request, &awaited, checking.wait_seconds).await?;
    let mut out = Out::new();
    for report in &answers {
        print(&mut out, report, checking.format)?;
    }
    let silent: Vec<&str> =
        awaited.iter().filter(|node| answers.iter().all(|report| report.node != **node)).map(String::as_str).collect();
    if !silent.is_empty() {
        out.flush()?;
        return Err(Failure::new(format!(
            "No answer came from {} in {} seconds. Look whether it runs, and try again.",
            silent.join(", "),
            checking.wait_seconds
        )));
    }
    let failed: usize = answers.iter().map(|report| report.failed).sum();
    let passed: usize = answers.iter().map(|report| report.passed).sum();
    if checking.format == Format::Text {
        out.line(format_args!("{passed} passed, {failed} failed. The result is filed with its date."))?;
    }
    out.end(if failed == 0 { Ending::Done } else { Ending::Found })
}

async fn wait(haven: &Haven, request: &str, awaited: &[String], seconds: u64) -> Result<Vec<Report>, Failure> {
    let mut looks = seconds.saturating_mul(1000) / LOOK_EVERY_MS;
    loop {
        let found = actions::checks::of_request(haven, request).await.map_err(hub::told)?;
        let all = awaited.iter().all(|node| found.iter().any(|report| report.node == *node));
        if all || looks == 0 {
            return Ok(found);
        }
        looks -= 1;
        tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
    }
}

fn print(out: &mut Out, report: &Report, format: Format) -> Result<(), Failure> {
    for line in &report.lines {
        match format {
            Format::Text => {
                let word = match line.outcome {
                    Found::Passed => "passed   ",
                    Found::Failed => "FAILED   ",
                    Found::NotAsked => "not asked",
                };
                let because = if line.clause.is_empty() { String::new() } else { format!(" ({})", line.clause) };
                out.line(format_args!("{word}  {}: {}. {}{because}", line.whom, line.what, line.sentence))?;
            }
            Format::Json => out.json(&json!({
                "node": report.node,
                "profile": line.profile,
                "kind": line.kind,
                "what": line.what,
                "outcome": line.outcome,
                "sentence": line.sentence,
                "clause": line.clause,
            }))?,
        }
    }
    Ok(())
}
