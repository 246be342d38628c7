//! Reads `agreements/*.md`: the texts that people acknowledge, in sections, each file bound to its digest.

use super::log::{Kind, Log};
use super::markdown;
use super::row::{Row, SourceFile};
use crate::model::{Agreement, AgreementKind, AgreementSection};

const KIND_WORDS: [(&str, AgreementKind); 2] =
    [("notice", AgreementKind::Notice), ("acceptable-use", AgreementKind::AcceptableUse)];

const FENCE: &str = "+++";

pub(super) fn read(log: &Log, file: SourceFile<'_>) -> Option<Agreement> {
    let Some((front, body, body_lines_before)) = split_front(file.text) else {
        log.mark_unreadable();
        log.error(
            file.at(1),
            "",
            "The agreement does not begin with its data between two `+++` lines.",
            "Begin with `+++`, then id, kind, version, title and clause, then `+++`.",
        );
        return None;
    };
    let table = file.toml_from(log, front, 1)?;
    let mut head = Row::part(log, file, &table, 1);
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
    markdown::refuse_html(log, file, body, body_lines_before);
    agreement.sections = sections(body, body_lines_before, &agreement.title);
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
fn sections(body: &str, lines_before: usize, title: &str) -> Vec<AgreementSection> {
    markdown::parts(body, lines_before, |level| level <= 2)
        .into_iter()
        .filter(|part| !(part.heading.is_empty() && part.text.is_empty()))
        .map(|part| AgreementSection {
            title: if part.heading.is_empty() { title.to_owned() } else { part.heading },
            text: part.text,
        })
        .collect()
}

/// The data, the text, and how many lines stand before the text.
fn split_front(text: &str) -> Option<(&str, &str, usize)> {
    let after_first = text.strip_prefix(FENCE)?.trim_start_matches('\r').strip_prefix('\n')?;
    let mut offset = 0;
    for (index, line) in after_first.split_inclusive('\n').enumerate() {
        if line.trim_end() == FENCE {
            return Some((after_first.get(..offset)?, after_first.get(offset + line.len()..)?, index + 2));
        }
        offset += line.len();
    }
    None
}
