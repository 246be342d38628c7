//! Finds the defects of a policy document by rules that hold for any document (G03). The pack is in force all the same.

mod clocks;
mod dates;
mod laws;
mod numbering;
mod owners;
mod people;
mod procedures;
mod vocabulary;
mod wording;
mod words;

use jiff::civil::Date;

use crate::document::Place;
use crate::model::Pack;
use crate::problem::{Problem, Severity};

/// Every finding and note about a pack that could be read, in the order of file and line. `today` is the organisation's day.
#[must_use]
pub fn lint(pack: &Pack, today: Date) -> Vec<Problem> {
    let mut problems = Vec::new();
    dates::check(pack, today, &mut problems);
    owners::check(pack, &mut problems);
    people::check(pack, &mut problems);
    numbering::check(pack, &mut problems);
    laws::check(pack, today, &mut problems);
    wording::check(pack, &mut problems);
    vocabulary::check(pack, &mut problems);
    procedures::check(pack, &mut problems);
    clocks::check(pack, &mut problems);
    by_the_writer(pack, &mut problems);
    problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    problems
}

/// What only a reader can tell: the writer's defects, and the choices made where the source is silent.
fn by_the_writer(pack: &Pack, problems: &mut Vec<Problem>) {
    for defect in &pack.document.defects {
        problems.push(finding(defect.place.clone(), &defect.clause, sentence(&defect.about), sentence(&defect.mend)));
    }
    for choice in &pack.document.choices {
        problems.push(Problem {
            severity: Severity::Note,
            file: choice.place.file.clone(),
            line: choice.place.line,
            clause: choice.clause.clone(),
            message: sentence(&choice.about),
            mend: format!("This pack's choice: {}", sentence(&choice.choice)),
        });
    }
}

fn finding(place: Place, clause: &str, message: impl Into<String>, mend: impl Into<String>) -> Problem {
    Problem {
        severity: Severity::Finding,
        file: place.file,
        line: place.line,
        clause: clause.to_owned(),
        message: message.into(),
        mend: mend.into(),
    }
}

/// With a capital at its beginning and a stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let mut sentence: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    sentence.push_str(letters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// `a`, `a and b`, `a, b and c`.
fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
