//! Reads `vocabulary.toml`: areas of risk, and the codes that filter, alerts, cases and courses share (G10).

use super::log::{Kind, Log};
use super::row::Row;
use super::source::SourceFile;
use crate::model::{Area, Code, CodeId};

/// The kinds of detector that a policy can rely on.
pub const DETECTORS: [&str; 4] = ["list", "words", "search", "person"];

#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    pub(super) areas: Vec<Area>,
    pub(super) codes: Vec<Code>,
    /// Codes that the writer marks as too broad, with the reason.
    pub(super) broad: Vec<(CodeId, String)>,
}

pub(super) fn read(log: &Log, file: SourceFile<'_>) -> Option<Vocabulary> {
    let table = file.toml(log)?;
    let mut top = Row::top(log, file, &table);
    let mut vocabulary = Vocabulary::default();
    for mut row in top.rows("area") {
        let id = row.define(Kind::Area, "");
        vocabulary.areas.push(Area { id, title: row.text("title"), clause: row.clause() });
        row.finish();
    }
    for mut row in top.rows("code") {
        let code = code(&mut row);
        if let Some(reason) = row.text_maybe("broad") {
            vocabulary.broad.push((code.id.clone(), reason));
        }
        vocabulary.codes.push(code);
        row.finish();
    }
    top.finish();
    Some(vocabulary)
}

fn code(row: &mut Row<'_>) -> Code {
    Code {
        id: row.define(Kind::Code, ""),
        title: row.text("title"),
        area: row.refer(Kind::Area, "area"),
        aliases: row.texts("aliases"),
        detectors: row.words("detectors", &DETECTORS),
        procedure: row.refer_maybe(Kind::Procedure, "procedure", ""),
        course: row.text_maybe("course"),
        clause: row.clause(),
    }
}
