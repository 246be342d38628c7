//! Reads `agreements/*.md`: the texts that people acknowledge, in sections, each file bound to its digest.

use super::log::{Kind, Log};
use super::markdown;
use super::row::Row;
use super::source::SourceFile;
use crate::model::{Agreement, AgreementKind, AgreementSection};

const KIND_WORDS: [(&str, AgreementKind); 2] =
    [("notice", AgreementKind::Notice), ("acceptable-use", AgreementKind::AcceptableUse)];

const FENCE: &str = "+++";

pub(super) fn read(log: &Log, file: SourceFile<'_>) -> Option<Agreement> {
    let Some((front, body)) = split_front(file) else {
        log.mark_unreadable(file.name);
        log.error(
            file.at(1),
            "",
            "The agreement does not begin with its data between two `+++` lines.",
            "Begin with `+++`, then id, kind, version, title and clause, then `+++`.",
        );
        return None;
    };
    let table = front.toml(log)?;
    let mut head = Row::top(log, front, &table);
    let mut agreement = Agreement {
        id: head.define(Kind::Agreement, ""),
        kind: head.word("kind", &KIND_WORDS, AgreementKind::AcceptableUse),
        version: head.text("version"),
        title: head.text("title"),
        clause: head.clause(),
        sections: Vec::new(),
        digest: super::sha256_hex(file.text.as_bytes()),
    };
    head.finish();
    markdown::refuse_html(log, body);
    agreement.sections = sections(body, &agreement.title);
    if agreement.sections.is_empty() {
        log.error(
            file.at(0),
            &agreement.clause,
            "The agreement has no text.",
            "Write sections headed `## ...` below the second `+++`.",
        );
    }
    Some(agreement)
}

/// Text before the first heading becomes a section under the agreement's own title.
fn sections(body: SourceFile<'_>, title: &str) -> Vec<AgreementSection> {
    markdown::parts(body, |level| level <= 2)
        .into_iter()
        .filter(|part| !(part.heading.is_empty() && part.text.is_empty()))
        .map(|part| AgreementSection {
            title: if part.heading.is_empty() { title.to_owned() } else { part.heading },
            text: part.text,
        })
        .collect()
}

/// The data between the two `+++` lines, and the text below.
fn split_front(file: SourceFile<'_>) -> Option<(SourceFile<'_>, SourceFile<'_>)> {
    let mut lines = file.text.split_inclusive('\n');
    let first = lines.next().filter(|line| line.trim_end() == FENCE)?;
    let (from, mut offset) = (first.len(), first.len());
    for line in lines {
        let next = offset + line.len();
        if line.trim_end() == FENCE {
            return Some((file.part(from, offset - from)?, file.part(next, file.text.len() - next)?));
        }
        offset = next;
    }
    None
}
