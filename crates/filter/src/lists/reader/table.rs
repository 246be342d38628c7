//! Tables with a column of names or addresses, as spreadsheets and abuse databases hand them out.

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::names::plain;
use super::{Columns, Guard, LINE_LIMIT_BYTES, Line};

/// Titles under which names and addresses stand, best first.
const NAME_TITLES: &[&str] =
    &["url", "domain", "domain_name", "host", "hostname", "fqdn", "website", "site", "address", "name"];
const CATEGORY_TITLES: &[&str] = &["category", "categories", "topic", "list"];
/// Most columns of a table.
const COLUMNS_LIMIT: usize = 64;
/// Lines looked at to find the titles or the column.
const LOOK_LIMIT_LINES: usize = 50;

pub(super) const NO_COLUMN: &str =
    "no column of this table is known as one of names or addresses; say which with 'column' in the settings";

/// Where a table keeps what.
#[derive(Debug)]
pub(super) struct Table {
    delimiter: u8,
    name: usize,
    category: Option<usize>,
    /// The line of titles, which is no entry.
    titles: Option<Vec<String>>,
}

/// Whether the first line that says something is a line of titles with a column of names.
pub(super) fn has_titles(text: &[u8]) -> bool {
    titles(text).is_some_and(|(_, cells)| cells.len() > 1)
}

/// The titles of a table with their delimiter: the first line, which may be a comment.
fn titles(text: &[u8]) -> Option<(u8, Vec<String>)> {
    let lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    for line in lines.take(LOOK_LIMIT_LINES) {
        let is_comment = line.starts_with(b"#");
        let line = line.strip_prefix(b"#").unwrap_or(line).trim_ascii();
        for delimiter in *b",;\t" {
            let cells: Vec<String> = cells(delimiter, line)?.iter().map(|cell| cell.to_ascii_lowercase()).collect();
            let are_words = cells.iter().all(|cell| cell.len() <= 40 && !cell.contains(['.', '/', ':']));
            let alone = cells.len() == 1 && is_comment;
            if are_words && !alone && cells.iter().any(|cell| NAME_TITLES.contains(&cell.as_str())) {
                return Some((delimiter, cells));
            }
        }
        if !is_comment {
            return None;
        }
    }
    None
}

/// The cells of one line; none if a quotation mark stays open.
fn cells(delimiter: u8, line: &[u8]) -> Option<Vec<String>> {
    let mut input = line.get(..LINE_LIMIT_BYTES.min(line.len())).unwrap_or_default().to_vec();
    input.push(b'\n');
    let mut out = vec![0_u8; input.len()];
    let mut ends = [0_usize; COLUMNS_LIMIT];
    let (result, _, _, count) =
        ReaderBuilder::new().delimiter(delimiter).build().read_record(&input, &mut out, &mut ends);
    if result != ReadRecordResult::Record {
        return None;
    }
    let mut from = 0;
    let mut cells = Vec::with_capacity(count);
    for end in ends.iter().take(count) {
        cells.push(String::from_utf8_lossy(out.get(from..*end).unwrap_or_default()).trim().to_owned());
        from = *end;
    }
    Some(cells)
}

impl Table {
    /// Finds the columns by their titles, by the settings, or by what stands in the first lines. None if there is no
    /// column of names.
    pub(super) fn of(text: &[u8], columns: &Columns) -> Option<Self> {
        let found = titles(text);
        let delimiter = found.as_ref().map_or_else(|| commonest(text), |(delimiter, _)| *delimiter);
        let first = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).find(|line| !super::is_comment(line));
        // A column that the settings name by its title makes the first line one of titles.
        let named = || first.and_then(|line| cells(delimiter, line)).map(|cells| lower(&cells));
        let wants_title = |wanted: &Option<String>| wanted.as_ref().is_some_and(|text| text.parse::<usize>().is_err());
        let titles = match found {
            Some((_, titles)) => Some(titles),
            None if wants_title(&columns.name) || wants_title(&columns.category) => named(),
            None => None,
        };
        let place = |wanted: &str| match wanted.parse::<usize>() {
            Ok(number) => number.checked_sub(1),
            Err(_) => titles.as_ref()?.iter().position(|title| *title == wanted.to_ascii_lowercase()),
        };
        let by_title =
            |known: &[&str]| known.iter().find_map(|wanted| titles.as_ref()?.iter().position(|title| title == wanted));
        let name = match &columns.name {
            Some(wanted) => place(wanted)?,
            None => by_title(NAME_TITLES).or_else(|| by_look(delimiter, text))?,
        };
        let category = match &columns.category {
            Some(wanted) => Some(place(wanted)?),
            None => by_title(CATEGORY_TITLES),
        };
        Some(Self { delimiter, name, category, titles })
    }

    pub(super) fn line(&mut self, raw: &[u8], guard: Guard) -> Line {
        let Some(cells) = cells(self.delimiter, raw) else {
            return Line::refused("a quotation mark stays open, or there are too many columns");
        };
        if self.titles.as_ref().is_some_and(|titles| *titles == lower(&cells)) {
            self.titles = None;
            return Line::Nothing;
        }
        let Some(name) = cells.get(self.name).filter(|cell| !cell.is_empty()) else {
            return Line::Refused(format!("nothing stands in column {}", self.name + 1));
        };
        match plain(name.as_bytes(), guard) {
            Ok(mut entry) => {
                let about = self.category.and_then(|place| cells.get(place)).filter(|cell| !cell.is_empty());
                entry.category = about.cloned();
                Line::Entries(vec![entry])
            }
            Err(why) => Line::Refused(why),
        }
    }
}

fn lower(cells: &[String]) -> Vec<String> {
    cells.iter().map(|cell| cell.to_ascii_lowercase()).collect()
}

/// The sign that stands between cells.
fn commonest(text: &[u8]) -> u8 {
    let lines = || text.split(|b| *b == b'\n').take(LOOK_LIMIT_LINES);
    let count = |sign: u8| lines().filter(|line| line.contains(&sign)).count();
    *b",;\t".iter().rev().max_by_key(|sign| count(**sign)).unwrap_or(&b',')
}

/// The column in which most of the first lines have a name with a dot.
fn by_look(delimiter: u8, text: &[u8]) -> Option<usize> {
    let mut counts = [0_usize; COLUMNS_LIMIT];
    let lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !super::is_comment(line));
    for line in lines.take(LOOK_LIMIT_LINES) {
        for (cell, count) in cells(delimiter, line).unwrap_or_default().iter().zip(&mut counts) {
            let is_name = cell.contains('.') && plain(cell.as_bytes(), Guard::Stranger).is_ok();
            *count += usize::from(is_name);
        }
    }
    let (place, most) = counts.iter().enumerate().rev().max_by_key(|(_, count)| **count)?;
    (*most > 0).then_some(place)
}
