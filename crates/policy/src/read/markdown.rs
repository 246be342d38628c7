//! Markdown as the pack writes it: headings with their lines, and the refusal of raw HTML.

use pulldown_cmark::{Event, Parser};

use super::log::Log;
use super::source::SourceFile;

/// A heading and the text up to the next one of the same kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The heading without its `#` signs; empty for text that stands before the first heading.
    pub(super) heading: String,
    /// Line of the heading, from 1.
    pub(super) line: usize,
    /// Line of the first line of `text` that is not blank.
    pub(super) text_from: usize,
    /// Without blank lines at its ends.
    pub(super) text: String,
}

/// Cuts a text at the headings that `is_cut` accepts (it gets the number of `#` signs). Lines inside a fence are text.
pub(super) fn parts(file: SourceFile<'_>, is_cut: fn(usize) -> bool) -> Vec<Part> {
    let first_line = file.line_of(0);
    let mut parts = vec![Part { heading: String::new(), line: first_line, text_from: 0, text: String::new() }];
    let mut in_fence = false;
    for (number, line) in (first_line..).zip(file.text.lines()) {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        match heading(line).filter(|(level, _)| !in_fence && is_cut(*level)) {
            Some((_, title)) => parts.push(Part { heading: title, line: number, text_from: 0, text: String::new() }),
            None => {
                let Some(part) = parts.last_mut() else { continue };
                if part.text_from == 0 && !line.trim().is_empty() {
                    part.text_from = number;
                }
                if part.text_from != 0 {
                    part.text.push_str(line);
                    part.text.push('\n');
                }
            }
        }
    }
    for part in &mut parts {
        part.text.truncate(part.text.trim_end().len());
    }
    parts
}

fn heading(line: &str) -> Option<(usize, String)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let title = line.get(level..)?;
    ((1..=6).contains(&level) && title.starts_with(' ')).then(|| (level, title.trim().to_owned()))
}

/// Logs each place where raw HTML stands: what people read must look the same on a page, in print and in a diff.
pub(super) fn refuse_html(log: &Log, file: SourceFile<'_>) {
    for (event, range) in Parser::new(file.text).into_offset_iter() {
        if matches!(event, Event::Html(_) | Event::InlineHtml(_)) {
            log.error(
                file.at(file.line_of(range.start)),
                "",
                "Raw HTML is not allowed here.",
                "Write it as plain Markdown, or take the angle brackets out.",
            );
        }
    }
}
