//! Takes a multipart body apart as it comes, in pieces of any length; also one whose lines end in a bare line feed.

/// Longest head of a part that is read; what is longer is taken for data.
pub const PART_HEAD_LIMIT_BYTES: usize = 16 * 1024;
/// Parts of one body that are told apart; the rest is data of the last one.
pub const PARTS_LIMIT: usize = 1000;
/// Longest boundary, by RFC 2046.
const BOUNDARY_LIMIT_BYTES: usize = 70;

/// The boundary that a content type names.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let boundary = parameter(content_type, "boundary")?;
    (!boundary.is_empty() && boundary.len() <= BOUNDARY_LIMIT_BYTES).then_some(boundary)
}

/// What stands before the data of one part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartHead {
    /// Name of the form's field.
    pub name: String,
    /// A file's own name, if it is one.
    pub file: Option<String>,
    /// Its content type, in lower case; empty if none is given.
    pub kind: String,
}

impl PartHead {
    fn read(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head);
        let mut found = Self::default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.trim().eq_ignore_ascii_case("content-disposition") {
                found.name = parameter(value, "name").unwrap_or_default();
                found.file = parameter(value, "filename").or_else(|| parameter(value, "filename*"));
            } else if name.trim().eq_ignore_ascii_case("content-type") {
                found.kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            }
        }
        found
    }

    /// Whether its data are words: a field, or a file of text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        let by_kind = self.kind.starts_with("text/") || super::is_json(&self.kind);
        by_kind || (self.kind.is_empty() && self.file.is_none())
    }

    /// Whether it is a file for the malware engine: it has a file's name, or is something else than words.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.file.is_some() || !self.is_text()
    }
}

/// One thing that was met in a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Begin(PartHead),
    Data(Vec<u8>),
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first boundary.
    Before,
    /// Behind a boundary: `--` for the end, or the end of its line.
    Behind,
    Head,
    Data,
    After,
}

/// A multipart body that is being read. It keeps at most a head and a boundary.
#[derive(Debug, Clone)]
pub struct Parts {
    /// `\n--boundary`.
    mark: Vec<u8>,
    kept: Vec<u8>,
    place: Place,
    /// Whether the first byte kept is the end of the head, which a boundary may follow at once.
    after_head: bool,
    begun: usize,
}

/// Where the next boundary is.
enum Next {
    At(usize),
    /// Perhaps here: more bytes must tell.
    Perhaps(usize),
    None,
}

impl Parts {
    #[must_use]
    pub fn new(boundary: &str) -> Self {
        let mark = format!("\n--{boundary}").into_bytes();
        // The first boundary needs no line before it.
        Self { mark, kept: vec![b'\n'], place: Place::Before, after_head: false, begun: 0 }
    }

    /// Whether any part was met so far.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun > 0
    }

    /// Takes the next bytes, and gives what they complete.
    pub fn give(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.kept.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        while self.step(&mut pieces) {}
        pieces
    }

    /// The body is at its end: what was kept back is data.
    pub fn finish(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if self.place == Place::Head && !self.kept.is_empty() {
            let head = PartHead::read(&self.kept);
            self.kept.clear();
            pieces.push(Piece::Begin(head));
            self.place = Place::Data;
        }
        if self.place == Place::Data {
            self.push(self.kept.len(), &mut pieces);
            pieces.push(Piece::End);
        }
        self.kept.clear();
        self.place = Place::After;
        pieces
    }

    /// One step further; false if more bytes are needed.
    fn step(&mut self, pieces: &mut Vec<Piece>) -> bool {
        match self.place {
            Place::Before => match self.next() {
                Next::At(at) => self.go(at + self.mark.len(), Place::Behind),
                Next::Perhaps(_) => false,
                Next::None => {
                    self.kept.drain(..self.kept.len().saturating_sub(self.mark.len()));
                    false
                }
            },
            Place::Behind if self.kept.starts_with(b"--") => self.go(2, Place::After),
            Place::Behind => match self.kept.iter().take(PART_HEAD_LIMIT_BYTES).position(|byte| *byte == b'\n') {
                Some(at) => self.go(at + 1, Place::Head),
                None if self.kept.len() >= PART_HEAD_LIMIT_BYTES => self.go(0, Place::Head),
                None => false,
            },
            Place::Head => self.head(pieces),
            Place::Data => self.data(pieces),
            Place::After => {
                self.kept.clear();
                false
            }
        }
    }

    fn head(&mut self, pieces: &mut Vec<Piece>) -> bool {
        let (head, data) = match head_end(&self.kept) {
            Some(found) => found,
            // Too long to be a head: nothing is known of this part, and all of it is data.
            None if self.kept.len() > PART_HEAD_LIMIT_BYTES => (0, 0),
            None => return false,
        };
        self.begun += 1;
        pieces.push(Piece::Begin(PartHead::read(self.kept.get(..head).unwrap_or_default())));
        self.after_head = data > 0;
        self.go(data.saturating_sub(1), Place::Data)
    }

    fn data(&mut self, pieces: &mut Vec<Piece>) -> bool {
        let before_line = |kept: &[u8], at: usize| match at.checked_sub(1).and_then(|before| kept.get(before)) {
            Some(b'\r') => at - 1,
            _ => at,
        };
        match if self.begun < PARTS_LIMIT { self.next() } else { Next::None } {
            Next::At(at) => {
                let end = before_line(&self.kept, at);
                self.push(end, pieces);
                pieces.push(Piece::End);
                self.go(at - end + self.mark.len(), Place::Behind)
            }
            Next::Perhaps(at) => {
                let end = before_line(&self.kept, at);
                self.push(end, pieces);
                false
            }
            Next::None => {
                // As much as may be the beginning of a boundary, with the line's end before it.
                let end = self.kept.len().saturating_sub(self.mark.len() + 1);
                self.push(end, pieces);
                false
            }
        }
    }

    /// The next boundary: one that another sign follows than a blank, a line's end or `--` is a longer one, and data.
    fn next(&self) -> Next {
        let mut from = 0;
        while let Some(at) = find(self.kept.get(from..).unwrap_or_default(), &self.mark).map(|at| from + at) {
            match self.kept.get(at + self.mark.len()..).unwrap_or_default() {
                [] | [b'-'] => return Next::Perhaps(at),
                [b'-', b'-', ..] | [b' ' | b'\t' | b'\r' | b'\n', ..] => return Next::At(at),
                _ => from = at + 1,
            }
        }
        Next::None
    }

    /// Gives what stands before a place as data.
    fn push(&mut self, end: usize, pieces: &mut Vec<Piece>) {
        if end == 0 {
            return;
        }
        let rest = self.kept.split_off(end.min(self.kept.len()));
        let mut data = std::mem::replace(&mut self.kept, rest);
        if std::mem::take(&mut self.after_head) {
            data.remove(0);
        }
        if !data.is_empty() {
            pieces.push(Piece::Data(data));
        }
    }

    fn go(&mut self, past: usize, place: Place) -> bool {
        self.kept.drain(..past.min(self.kept.len()));
        self.place = place;
        true
    }
}

/// Where a head ends and where the data begin.
fn head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    // No head at all.
    if bytes.starts_with(b"\r\n") {
        return Some((0, 2));
    }
    if bytes.starts_with(b"\n") {
        return Some((0, 1));
    }
    let crlf = find(bytes, b"\n\r\n").map(|at| (at, at + 3));
    let lf = find(bytes, b"\n\n").map(|at| (at, at + 2));
    [crlf, lf].into_iter().flatten().min().filter(|(head, _)| *head <= PART_HEAD_LIMIT_BYTES)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

/// A parameter of a header: `name="red fox"` or `name=red`.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once(';') {
        let (name, text) = after.split_once('=')?;
        let text = text.trim_start();
        let (found, behind) = match text.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = text.find(';').unwrap_or(text.len());
                let (found, behind) = text.split_at(end);
                (found.trim().to_owned(), behind)
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(found);
        }
        rest = behind;
    }
    None
}

fn unquoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            other => out.push(other),
        }
    }
    (out, chars.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const BODY: &[u8] = b"preamble\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--b-not\r\ntwo\r\n\
        --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a;b\\\".exe\"\r\nContent-Type: Application/X-Thing; x=y\r\n\r\n\0\r\n\x01\
        \r\n--b\r\n\r\nbare\r\n--b--\r\nepilogue";

    /// Head and data of each part, whatever the pieces it came in.
    fn read(body: &[u8], step: usize) -> Vec<(PartHead, Vec<u8>)> {
        let mut parts = Parts::new("b");
        let mut pieces: Vec<Piece> = body.chunks(step).flat_map(|chunk| parts.give(chunk)).collect();
        pieces.extend(parts.finish());
        let mut all: Vec<(PartHead, Vec<u8>)> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Begin(head) => all.push((head, Vec::new())),
                Piece::Data(data) => all.last_mut().into_iter().for_each(|(_, text)| text.extend_from_slice(&data)),
                Piece::End => {}
            }
        }
        all
    }

    #[test]
    fn f08_the_parts_are_the_same_however_they_arrive() {
        let whole = read(BODY, BODY.len());
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[0].1, b"one\r\n--b-not\r\ntwo".to_vec(), "a longer boundary is data");
        assert_eq!((whole[0].0.name.as_str(), whole[0].0.is_text()), ("a", true));
        assert_eq!(whole[1].0.file.as_deref(), Some("a;b\".exe"));
        assert_eq!(whole[1].0.kind, "application/x-thing");
        assert!(whole[1].0.is_file() && !whole[1].0.is_text());
        assert_eq!(whole[1].1, b"\0\r\n\x01".to_vec());
        assert_eq!(whole[2].1, b"bare".to_vec());
        for step in [1, 2, 3, 7, 20, 64] {
            assert_eq!(read(BODY, step), whole, "in pieces of {step}");
        }
    }

    #[test]
    fn f08_bare_line_feeds_and_a_missing_end_hide_no_file() {
        let lines: Vec<u8> = BODY.iter().copied().filter(|byte| *byte != b'\r').collect();
        assert_eq!(read(&lines, 5).len(), 3);
        let cut = &BODY[..BODY.len() - 19];
        assert_eq!(read(cut, 4).len(), 3, "what comes last counts although it is cut off");
        assert!(read(b"--b\r\nContent-Type: a/b\r\n\r\n\r\n--b--", 1)[0].1.is_empty());
        let long = [b"--b\r\nX: ".to_vec(), vec![b'x'; PART_HEAD_LIMIT_BYTES + 10]].concat();
        assert_eq!(read(&long, 999).len(), 1);
    }
}
