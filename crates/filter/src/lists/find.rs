//! Where it stands: the lines of a list file by which an address, or a name above it, is on the list.

use serde::Serialize;

use super::index::{bare_host, path_bytes};
use super::reader::{self, Columns, Entry, Format, Guard, Line, Reader};
use crate::address::Address;

/// Lines that are given of one file.
pub const FOUND_LIMIT_LINES: usize = 100;
/// Longest line that is given, in letters.
const TEXT_LIMIT_LETTERS: usize = 200;

/// One line of a list file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundLine {
    /// The path as it was given.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// As it stands there.
    pub text: String,
    /// What it means: `casino.test` with everything below it, or `library.test/games`.
    pub entry: String,
}

/// Haven's own starter lists, searched.
#[must_use]
pub fn find_in_starter(address: &Address) -> Vec<FoundLine> {
    let files = super::starter::FILES.iter();
    files.flat_map(|(path, text)| find_as(path, text.as_bytes(), &Columns::default(), Guard::Own, address)).collect()
}

/// Every line of a file by which the address is on the list, in the order in which they stand.
#[must_use]
pub fn find(path: &str, text: &[u8], columns: &Columns, address: &Address) -> Vec<FoundLine> {
    find_as(path, text, columns, Guard::Stranger, address)
}

fn find_as(path: &str, text: &[u8], columns: &Columns, guard: Guard, address: &Address) -> Vec<FoundLine> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (format, _) = reader::detect(name, text, columns);
    if format.is_unused() {
        return Vec::new();
    }
    let mut reader = Reader::new(format, guard, text, columns);
    let sieve = Sieve::of(format, address);
    let mut found = Vec::new();
    for (number, raw) in text.strip_suffix(b"\n").unwrap_or(text).split(|b| *b == b'\n').enumerate() {
        if found.len() >= FOUND_LIMIT_LINES {
            break;
        }
        if !sieve.may_name(raw) {
            continue;
        }
        let Line::Entries(entries) = reader.line(raw) else { continue };
        if let Some(entry) = entries.iter().find(|entry| names(entry, address)) {
            found.push(FoundLine {
                file: path.to_owned(),
                line: number + 1,
                text: String::from_utf8_lossy(raw).trim().chars().take(TEXT_LIMIT_LETTERS).collect(),
                entry: format!("{}{}", entry.host, entry.path.as_deref().unwrap_or_default()),
            });
        }
    }
    found
}

/// Whether an entry means this address. What the compiled index answers is what this says of single lines.
fn names(entry: &Entry, address: &Address) -> bool {
    let Some(wanted) = &entry.path else {
        return address.host_chain().any(|name| name == entry.host);
    };
    let path: Vec<u8> = path_bytes(address).collect();
    entry.host == bare_host(address.host())
        && path.starts_with(wanted.as_bytes())
        && path.get(wanted.len()).is_none_or(|next| matches!(next, b'/' | b'?' | b'&' | b';'))
}

/// Leaves out lines that cannot name the host, before they are read: a list has millions.
struct Sieve {
    /// The end of the host that every plain line about it holds; none where each line must be read.
    end: Option<Vec<u8>>,
}

impl Sieve {
    fn of(format: Format, address: &Address) -> Self {
        // A zone and a table are read from the first line on: what a line means depends on those before it.
        let in_order = matches!(format, Format::Rpz | Format::Csv);
        let dots: Vec<usize> = address.host().match_indices('.').map(|(at, _)| at).collect();
        let from = dots.len().checked_sub(2).and_then(|place| dots.get(place)).map_or(0, |at| at + 1);
        let end = address.host().get(from..).map(|end| end.as_bytes().to_vec());
        Self { end: end.filter(|_| !in_order && address.ip().is_none()) }
    }

    fn may_name(&self, raw: &[u8]) -> bool {
        let Some(end) = &self.end else { return true };
        // Other letters and percent signs may stand for the same name.
        raw.iter().any(|byte| !byte.is_ascii() || *byte == b'%')
            || raw.windows(end.len()).any(|window| window.eq_ignore_ascii_case(end))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn lines(path: &str, text: &str, url: &str) -> Vec<(usize, String)> {
        let found = find(path, text.as_bytes(), &Columns::default(), &Address::parse(url).unwrap());
        found.into_iter().map(|line| (line.line, line.entry)).collect()
    }

    #[test]
    fn f04_the_line_of_an_entry_is_found_in_every_format() {
        let url = "http://www.casino.test/play";
        for (path, text, line) in [
            ("a/gambling/domains", "other.test\n\ncasino.test\n", 3),
            ("hosts", "# c\n0.0.0.0 x.test www.casino.test\n", 2),
            ("ads.txt", "! t\n||CASINO.test^\n", 2),
            ("d.conf", "address=/x.test/casino.test/0.0.0.0\n", 1),
            ("z.rpz", "$ORIGIN rpz.test.\n@ SOA a. b. 1 2 3 4 5\n*.casino CNAME .\n*.casino.test CNAME .\n", 4),
            ("t.csv", "name,topic\nx.test,a\n\"casino.test\",b\n", 3),
            ("w.txt", "*.x.test\n*.casino.test\n*.y.test\n", 2),
        ] {
            let found = lines(path, text, url);
            assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [line], "{path}");
        }
    }

    #[test]
    fn f04_a_page_is_found_by_its_line_and_a_neighbour_is_not() {
        let text = "casino.test/playground\nwww.casino.test/play/\ncasino.test/play?x=1\nnotcasino.test\n";
        assert_eq!(lines("u/urls", text, "http://casino.test/play/now"), [(2, "casino.test/play".to_owned())]);
        assert_eq!(
            lines("u/urls", text, "http://casino.test/play?x=1"),
            [(2, "casino.test/play".to_owned()), (3, "casino.test/play?x=1".to_owned())]
        );
        assert_eq!(
            lines("u/urls", "b\u{fc}cher.test\n", "http://xn--bcher-kva.test/"),
            [(1, "xn--bcher-kva.test".to_owned())]
        );
        assert_eq!(lines("u/urls", "0300.0.2.7\n", "http://192.0.2.7/"), [(1, "192.0.2.7".to_owned())]);
    }

    #[test]
    fn f04_the_starter_lists_say_their_line_too() {
        let found = find_in_starter(&Address::parse("http://casino-royal.test/").unwrap());
        assert!(found.first().is_some_and(|line| line.file == "starter/gambling.txt" && line.line > 0), "{found:?}");
    }
}
