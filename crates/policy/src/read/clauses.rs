//! Reads `clauses/*.md`: the policy as people read it, cut at the headings that carry a lasting id.

use std::collections::BTreeMap;

use super::log::{Kind, Log};
use super::source::SourceFile;
use super::{is_clause_id, markdown};
use crate::model::{Clause, ClauseId};

/// The clauses, the number each carries in its source, and the line on which each text begins.
#[derive(Debug, Default)]
pub(super) struct Clauses {
    pub(super) clauses: BTreeMap<ClauseId, Clause>,
    pub(super) numbers: BTreeMap<ClauseId, String>,
    pub(super) text_from: BTreeMap<ClauseId, usize>,
}

pub(super) fn read(log: &Log, file: SourceFile<'_>, into: &mut Clauses) {
    markdown::refuse_html(log, file);
    for part in markdown::parts(file, |_| true) {
        if part.heading.is_empty() {
            if !part.text.is_empty() {
                log.error(
                    file.at(part.text_from),
                    "",
                    "This text stands before the first heading and belongs to no clause.",
                    "Put a heading with an id above it, such as `# 7.1 IT security {7.1}`.",
                );
            }
            continue;
        }
        let Some((title, id)) = title_and_id(&part.heading) else {
            log.error(
                file.at(part.line),
                "",
                format!("The heading `{}` has no clause id.", part.heading),
                "End it with a lasting id in braces, such as `{7.1}` or `{9.1.a}`.",
            );
            continue;
        };
        log.define(Kind::Clause, id, file.at(part.line), id);
        let (number, title) = split_number(title);
        if let Some(number) = number {
            into.numbers.insert(id.to_owned(), number.to_owned());
        }
        into.text_from.insert(id.to_owned(), part.text_from);
        let clause = Clause { id: id.to_owned(), title: title.to_owned(), text: part.text };
        into.clauses.entry(id.to_owned()).or_insert(clause);
    }
}

/// `7.1 IT security {7.1}` -> (`7.1 IT security`, `7.1`).
fn title_and_id(heading: &str) -> Option<(&str, &str)> {
    let (title, id) = heading.strip_suffix('}')?.rsplit_once('{')?;
    (is_clause_id(id) && !title.trim().is_empty()).then_some((title.trim(), id))
}

/// `7.1 IT security` -> (`7.1`, `IT security`); a heading that is nothing but a number keeps it as its title.
fn split_number(title: &str) -> (Option<&str>, &str) {
    let Some((first, rest)) = title.split_once(' ') else { return (None, title) };
    let number = first.trim_end_matches('.');
    let is_number = number.split('.').all(|piece| !piece.is_empty() && piece.bytes().all(|byte| byte.is_ascii_digit()));
    if is_number { (Some(number), rest.trim()) } else { (None, title) }
}
