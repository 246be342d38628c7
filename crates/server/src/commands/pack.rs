//! `haven pack`: what is wrong with a policy pack, what answers its clauses, and what a new version changes.

use std::path::Path;

use policy::{Problem, Severity};
use serde_json::json;

use crate::packs;
use crate::say::{self, Ending, Failure, Format, Out, Outcome};

/// Prints every problem; exit 1 if one of them is an error.
pub(crate) fn check(folder: &Path, format: Format) -> Outcome {
    let found = packs::look(folder)?;
    let mut out = Out::new();
    for problem in &found.problems {
        match format {
            Format::Text => out.line(problem)?,
            Format::Json => out.json(&as_json(problem))?,
        }
    }
    if format == Format::Text {
        out.line(summary(folder, &found.problems, found.pack.is_some()))?;
    }
    out.end(if found.pack.is_some() { Ending::Done } else { Ending::Found })
}

fn summary(folder: &Path, problems: &[Problem], sound: bool) -> String {
    let count = |severity| {
        let number = problems.iter().filter(|problem| problem.severity == severity).count();
        u64::try_from(number).unwrap_or(u64::MAX)
    };
    let counts = [
        say::count(count(Severity::Error), "error", "errors"),
        say::count(count(Severity::Finding), "finding", "findings"),
        say::count(count(Severity::Note), "note", "notes"),
    ];
    let verdict = if sound { "The pack can come into force" } else { "The pack cannot come into force" };
    format!("{}: {}. {verdict}.", folder.display(), counts.join(", "))
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({
        "severity": problem.severity.to_string(),
        "file": problem.file,
        "line": problem.line,
        "clause": problem.clause,
        "message": problem.message,
        "mend": problem.mend,
    })
}

/// Prints for every clause which controls exist, and "not yet" where there is none.
pub(crate) fn coverage(folder: &Path, format: Format) -> Outcome {
    let (pack, _) = packs::sound(folder)?;
    let mut out = Out::new();
    for clause in policy::coverage(&pack) {
        if format == Format::Text {
            out.line(format_args!("{} {}: {}", clause.clause, clause.title, clause.summary()))?;
        } else if clause.rows.is_empty() {
            out.json(&json!({ "clause": clause.clause, "title": clause.title, "control": null, "state": null }))?;
        }
        for row in &clause.rows {
            cover(&mut out, &clause.clause, row, format)?;
        }
    }
    out.end(Ending::Done)
}

fn cover(out: &mut Out, clause: &str, row: &policy::CoveredDuty, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return out.json(&json!({
            "clause": clause,
            "duty": row.id,
            "text": row.duty,
            "control": row.control,
            "control_name": row.control_name,
            "state": row.state.word(),
            "evidence": row.evidence,
            "shown_by": row.shown_by,
        }));
    }
    let shown = if row.shown_by.is_empty() { String::new() } else { format!(" Shown by: {}.", row.shown_by) };
    out.line(format_args!("  {} {} {}: {}.{shown}", row.id, row.control, row.control_name, row.state.word()))
}

/// Prints what changes, and for whom, from one version to another.
pub(crate) fn diff(old: &Path, new: &Path, format: Format) -> Outcome {
    let (old, _) = packs::sound(old)?;
    let (new, _) = packs::sound(new)?;
    let mut out = Out::new();
    let changes = policy::diff(&old, &new);
    for change in &changes {
        if format == Format::Json {
            out.json(
                &json!({ "area": change.area.word(), "who": change.who, "what": change.what, "clause": change.clause }),
            )?;
        } else {
            out.line(format_args!(
                "{}, for {} (clause {}): {}",
                change.area.word(),
                change.who,
                change.clause,
                change.what
            ))?;
        }
    }
    if changes.is_empty() && format == Format::Text {
        out.line("Nothing changes.")?;
    }
    out.end(Ending::Done)
}
