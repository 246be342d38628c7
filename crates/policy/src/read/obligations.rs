//! Reads `obligations.tsv`: what each clause asks for, which of Haven's controls answers it, and what would show it.

use super::log::{Kind, Log};
use super::source::SourceFile;
use crate::coverage;
use crate::model::Obligation;

const COLUMNS: [&str; 5] = ["id", "clause", "duty", "control", "evidence"];

pub(super) fn read(log: &Log, file: SourceFile<'_>) -> Vec<Obligation> {
    let mut lines = (1..).zip(file.text.lines());
    let header = lines.next().map_or("", |(_, line)| line);
    if !header.split('\t').map(str::trim).eq(COLUMNS) {
        log.error(
            file.at(1),
            "",
            "The first line does not name the five columns.",
            format!("Write `{}`, with a tab between each.", COLUMNS.join("`, `")),
        );
        return Vec::new();
    }
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .filter_map(|(number, line)| row(log, file, number, line))
        .collect()
}

fn row(log: &Log, file: SourceFile<'_>, line: usize, text: &str) -> Option<Obligation> {
    let cells: Vec<&str> = text.split('\t').map(str::trim).collect();
    let [id, clause, duty, control, evidence] = cells.as_slice() else {
        let message = format!("The row has {} columns, not five.", cells.len());
        log.error(file.at(line), "", message, "Put one tab between the columns and none inside them.");
        return None;
    };
    for (name, cell) in COLUMNS.iter().zip(&cells) {
        if cell.is_empty() {
            log.error(file.at(line), clause, format!("The row has no {name}."), "Fill the column.");
        }
    }
    if !control.is_empty() && !coverage::controls().iter().any(|known| known.id == *control) {
        let message = format!("`{control}` is not one of Haven's controls.");
        log.error(file.at(line), clause, message, "Use an id such as `F01`; `haven pack coverage` lists them.");
    }
    log.define(Kind::Obligation, id, file.at(line), clause);
    log.refer(Kind::Clause, clause, file.at(line), clause);
    Some(Obligation {
        id: (*id).to_owned(),
        clause: (*clause).to_owned(),
        duty: (*duty).to_owned(),
        control: (*control).to_owned(),
        evidence: (*evidence).to_owned(),
        line,
    })
}
