//! A file of the pack, or a part of one, that knows on which line each of its bytes stands.

use toml::Spanned;
use toml::de::DeTable;

use super::log::Log;
use crate::document::Place;

/// The bytes at which the lines of a text begin.
pub(super) fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(offset, _)| offset + 1)).collect()
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SourceFile<'a> {
    /// Path inside the pack folder.
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    /// Of the whole file.
    line_starts: &'a [usize],
    /// Byte of the whole file at which `text` begins.
    from: usize,
}

impl<'a> SourceFile<'a> {
    pub(super) fn new(name: &'a str, text: &'a str, line_starts: &'a [usize]) -> Self {
        Self { name, text, line_starts, from: 0 }
    }

    /// The part of the text that begins at byte `from` and is `length` bytes long.
    pub(super) fn part(self, from: usize, length: usize) -> Option<Self> {
        let text = self.text.get(from..)?.get(..length)?;
        Some(Self { text, from: self.from + from, ..self })
    }

    pub(super) fn at(self, line: usize) -> Place {
        Place { file: self.name.to_owned(), line }
    }

    /// The line of the file, from 1, on which a byte of the text stands.
    pub(super) fn line_of(self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= self.from + offset)
    }

    /// The text as TOML; none, with its problems logged, if it is not.
    pub(super) fn toml(self, log: &Log) -> Option<Spanned<DeTable<'a>>> {
        let (table, faults) = DeTable::parse_recoverable(self.text);
        if faults.is_empty() {
            return Some(table);
        }
        log.mark_unreadable(self.name);
        for fault in faults {
            let line = self.line_of(fault.span().map_or(0, |span| span.start));
            let message = format!("This is not TOML: {}.", fault.message().lines().next().unwrap_or("cannot be read"));
            log.error(self.at(line), "", message, "Mend the line; docs/pack-format.md shows the form.");
        }
        None
    }
}
