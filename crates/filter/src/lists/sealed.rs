//! Lists of illegal content (F03, S-9): held as keyed digests, so that they answer "is it on it?" and never "what is on it?".

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

use super::SEALED_CHECK_HOST;
use super::guard::relied_on;
use super::index::{bare_host, chain, path_bytes};
use super::reader::{self, Columns, Entry, Guard, Line, Reader};
use crate::address::Address;

/// Form of the bytes of [`SealedIndex::to_bytes`].
const FORM: &[u8; 8] = b"HVSEAL01";
/// Bytes of one digest: no two addresses of this world share one.
const DIGEST_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
/// Most entries of one list.
pub const SEALED_ENTRIES_LIMIT: usize = 5_000_000;

type Digest = [u8; DIGEST_BYTES];

/// What became of the lines of a new edition. It names no entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealedReport {
    pub entries: u64,
    /// Numbers of the lines that cannot be used, with the number of their file from 1; never what stands in them.
    pub refused: Vec<(usize, usize)>,
    /// Entries that would close a whole site on which everybody relies, or a help site.
    pub relied_on: u64,
}

/// Why kept bytes are no sealed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("these are not the bytes of a sealed list")]
pub struct NotSealed;

/// One sealed list. There is no way to ask it for its entries, and it shows nothing of itself.
#[derive(Clone)]
pub struct SealedIndex {
    key: [u8; KEY_BYTES],
    keyed: Hmac<Sha256>,
    /// Whole hosts and `host/path` entries, in order.
    entries: Vec<Digest>,
    /// Hosts of which a part is named, in order.
    in_part: Vec<Digest>,
    /// Codes of the vocabulary by which a hit brings its case: `child-abuse`, `extremism`.
    codes: Vec<String>,
}

impl fmt::Debug for SealedIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedIndex(..)")
    }
}

impl SealedIndex {
    /// Reads an edition in any format that lists have. `key` is chosen anew for each list and is as secret as the entries.
    #[must_use]
    pub fn read(key: [u8; KEY_BYTES], codes: Vec<String>, files: &[(String, Vec<u8>)]) -> (Self, SealedReport) {
        let mut index = Self::empty(key, codes);
        let mut report = SealedReport::default();
        for (number, (path, text)) in files.iter().enumerate() {
            let name = path.rsplit('/').next().unwrap_or(path);
            let columns = Columns::default();
            let (format, _) = reader::detect(name, text, &columns);
            let mut reader = Reader::new(format, Guard::Stranger, text, &columns);
            for (line, raw) in text.strip_suffix(b"\n").unwrap_or(text).split(|b| *b == b'\n').enumerate() {
                match reader.line(raw) {
                    Line::Nothing => {}
                    Line::Refused(_) => report.refused.push((number + 1, line + 1)),
                    Line::Entries(entries) => {
                        for entry in entries {
                            report.relied_on += u64::from(entry.path.is_none() && relied_on(&entry.host));
                            index.add(&entry);
                        }
                    }
                }
            }
        }
        for digests in [&mut index.entries, &mut index.in_part] {
            digests.sort_unstable();
            digests.dedup();
            digests.truncate(SEALED_ENTRIES_LIMIT);
        }
        report.entries = u64::try_from(index.entries.len()).unwrap_or(u64::MAX);
        index.add_check();
        (index, report)
    }

    /// Adds the entry that checks of the filter ask for. Nobody's list needs to hold it, and it is not counted.
    fn add_check(&mut self) {
        let check = self.check();
        if let Err(place) = self.entries.binary_search(&check) {
            self.entries.insert(place, check);
        }
    }

    fn check(&self) -> Digest {
        self.digest("host", SEALED_CHECK_HOST, b"")
    }

    fn empty(key: [u8; KEY_BYTES], codes: Vec<String>) -> Self {
        // HMAC takes keys of any length, so the second arm is never reached.
        let keyed = Hmac::<Sha256>::new_from_slice(&key)
            .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
        Self { key, keyed, entries: Vec::new(), in_part: Vec::new(), codes }
    }

    fn add(&mut self, entry: &Entry) {
        match &entry.path {
            None => self.entries.push(self.digest("host", &entry.host, b"")),
            Some(path) => {
                self.entries.push(self.digest("part", &entry.host, path.as_bytes()));
                self.in_part.push(self.digest("in", &entry.host, b""));
            }
        }
    }

    fn digest(&self, kind: &str, host: &str, path: &[u8]) -> Digest {
        let mut mac = self.keyed.clone();
        // Neither a kind nor a host can hold a NUL.
        for part in [kind.as_bytes(), b"\0", host.as_bytes(), b"\0", path] {
            mac.update(part);
        }
        let whole = mac.finalize().into_bytes();
        let mut digest = [0; DIGEST_BYTES];
        for (to, from) in digest.iter_mut().zip(whole) {
            *to = from;
        }
        digest
    }

    /// Whether an address, its host or a name above it is on the list. Of a tunnel only the host counts.
    #[must_use]
    pub fn holds(&self, address: &Address) -> bool {
        chain(address).any(|name| self.has(&self.digest("host", name, b"")))
            || (address.scheme() != "connect" && self.holds_part(address))
    }

    /// Whether a part of this host is on the list, so that its tunnels must be opened.
    #[must_use]
    pub fn holds_part_of(&self, address: &Address) -> bool {
        !self.in_part.is_empty()
            && self.in_part.binary_search(&self.digest("in", bare_host(address.host()), b"")).is_ok()
    }

    fn holds_part(&self, address: &Address) -> bool {
        if !self.holds_part_of(address) {
            return false;
        }
        let host = bare_host(address.host());
        let path: Vec<u8> = path_bytes(address).collect();
        (1..=path.len())
            .filter(|end| path.get(*end).is_none_or(|next| matches!(next, b'/' | b'?' | b'&' | b';')))
            .any(|end| self.has(&self.digest("part", host, path.get(..end).unwrap_or_default())))
    }

    fn has(&self, digest: &Digest) -> bool {
        self.entries.binary_search(digest).is_ok()
    }

    /// How many entries it has, without the one for checks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len().saturating_sub(usize::from(self.has(&self.check())))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it holds the entry that checks of the filter ask for.
    #[must_use]
    pub(crate) fn holds_check(&self) -> bool {
        self.has(&self.check())
    }

    /// Codes of the vocabulary that a hit stands for.
    #[must_use]
    pub fn codes(&self) -> &[String] {
        &self.codes
    }

    /// Everything, to be encrypted and kept. Whoever has these bytes can try addresses one by one: they are never written
    /// as they are.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let codes = self.codes.join(",");
        let mut out = FORM.to_vec();
        out.extend_from_slice(&self.key);
        for length in [codes.len(), self.entries.len(), self.in_part.len()] {
            out.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
        }
        out.extend_from_slice(codes.as_bytes());
        for digest in self.entries.iter().chain(&self.in_part) {
            out.extend_from_slice(digest);
        }
        out
    }

    /// Takes up what [`SealedIndex::to_bytes`] gave.
    ///
    /// # Errors
    /// [`NotSealed`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotSealed> {
        let rest = bytes.strip_prefix(FORM).ok_or(NotSealed)?;
        let (key, rest) = rest.split_first_chunk::<KEY_BYTES>().ok_or(NotSealed)?;
        let (codes_length, rest) = length(rest)?;
        let (entries, rest) = length(rest)?;
        let (parts, rest) = length(rest)?;
        let (codes, rest) = rest.split_at_checked(codes_length).ok_or(NotSealed)?;
        let codes = std::str::from_utf8(codes).map_err(|_| NotSealed)?;
        let codes = codes.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect();
        let (digests, odd) = rest.as_chunks::<DIGEST_BYTES>();
        if !odd.is_empty() || entries.checked_add(parts) != Some(digests.len()) {
            return Err(NotSealed);
        }
        let mut index = Self::empty(*key, codes);
        let (all, in_part) = digests.split_at_checked(entries).ok_or(NotSealed)?;
        if !all.is_sorted() || !in_part.is_sorted() {
            return Err(NotSealed);
        }
        index.entries = all.to_vec();
        index.in_part = in_part.to_vec();
        Ok(index)
    }
}

fn length(bytes: &[u8]) -> Result<(usize, &[u8]), NotSealed> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or(NotSealed)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| NotSealed)?;
    if length <= rest.len() { Ok((length, rest)) } else { Err(NotSealed) }
}

/// Why a new edition does not replace the one in force; none if it may. Nothing here says what is on either.
#[must_use]
pub fn concerns(before: Option<u64>, report: &SealedReport, shrink_percent: u64) -> Vec<String> {
    let mut concerns = Vec::new();
    let lines = report.entries.saturating_add(u64::try_from(report.refused.len()).unwrap_or(u64::MAX));
    let refused = lines.saturating_sub(report.entries);
    if report.entries == 0 {
        concerns.push("It holds no entry at all.".to_owned());
    } else if refused.saturating_mul(REFUSED_ONE_IN) > lines {
        concerns.push(format!("{refused} of its lines cannot be used: {}.", numbers(&report.refused)));
    }
    if report.relied_on > 0 {
        concerns
            .push(format!("{} of its entries would close a whole site on which everybody relies.", report.relied_on));
    }
    if let Some(before) = before.filter(|before| report.entries > 0 && *before > report.entries) {
        let percent = (before - report.entries).saturating_mul(100) / before;
        if before >= SMALL_ENTRIES && percent > shrink_percent {
            concerns.push(format!("It shrank by {percent} per cent, from {before} entries to {}.", report.entries));
        }
    }
    concerns
}

/// More unusable lines than one in so many hold an edition back.
const REFUSED_ONE_IN: u64 = 20;
/// A list with fewer entries may shrink as it likes.
const SMALL_ENTRIES: u64 = 20;
/// Line numbers that are named.
const NUMBERS_LIMIT: usize = 10;

fn numbers(refused: &[(usize, usize)]) -> String {
    let named: Vec<String> =
        refused.iter().take(NUMBERS_LIMIT).map(|(file, line)| format!("file {file} line {line}")).collect();
    let more = refused.len().saturating_sub(NUMBERS_LIMIT);
    if more > 0 { format!("{} and {more} more", named.join(", ")) } else { named.join(", ") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn index(text: &str) -> (SealedIndex, SealedReport) {
        SealedIndex::read([7; 32], vec!["extremism".to_owned()], &[("x.txt".to_owned(), text.as_bytes().to_vec())])
    }

    fn holds(index: &SealedIndex, url: &str) -> bool {
        index.holds(&Address::parse(url).unwrap())
    }

    #[test]
    fn f16_each_sealed_list_answers_the_check_and_does_not_count_it() {
        let (index, report) = index(TEXT);
        assert_eq!((report.entries, index.len()), (4, 4));
        assert!(index.holds_check() && holds(&index, &format!("http://{SEALED_CHECK_HOST}/")));
        let again = SealedIndex::from_bytes(&index.to_bytes()).unwrap();
        assert!(again.holds_check() && again.len() == 4);
        let (none, report) = super::tests::index("");
        assert!(report.entries == 0 && none.is_empty() && none.holds_check());
    }

    const TEXT: &str = "grim-entry.test\nhttps://www.parts.test/grim/page?id=5\n192.0.2.9\nhttp://root.test/\n";

    #[test]
    fn f03_whole_sites_and_single_pages_are_found_and_nothing_beside_them() {
        let (index, report) = index(TEXT);
        assert_eq!((report.entries, report.refused.len(), index.len()), (4, 0, 4));
        for url in [
            "http://grim-entry.test/",
            "https://a.b.grim-entry.test:8443/x",
            "http://parts.test/grim/page?id=5",
            "https://www.parts.test/%67rim/page?id=5&x=1",
            "http://0300.0.2.9/x",
            "https://root.test/any",
        ] {
            assert!(holds(&index, url), "{url}");
        }
        for url in
            ["http://entry.test/", "http://parts.test/grim/page", "http://parts.test/grim/page?id=55", "http://x.test/"]
        {
            assert!(!holds(&index, url), "{url}");
        }
        assert!(index.holds_part_of(&Address::from_authority("www.parts.test:443").unwrap()));
        assert!(!index.holds(&Address::from_authority("parts.test:443").unwrap()));
        assert!(index.holds(&Address::from_authority("grim-entry.test:443").unwrap()));
    }

    #[test]
    fn f03_neither_kept_bytes_nor_what_it_says_of_itself_show_an_entry() {
        let (index, _) = index(TEXT);
        assert_eq!(format!("{index:?}"), "SealedIndex(..)");
        let bytes = index.to_bytes();
        for word in ["grim", "entry", "parts"] {
            assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
        }
        let again = SealedIndex::from_bytes(&bytes).unwrap();
        assert!(holds(&again, "http://grim-entry.test/") && again.codes() == ["extremism"]);
        for cut in [0, 7, 40, bytes.len() - 1] {
            assert!(SealedIndex::from_bytes(&bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn f03_a_broken_edition_is_told_without_its_entries() {
        let (_, report) = index("grim-entry.test\n*.*.grim.test\ngrim words\nco.uk\n");
        assert_eq!(report.refused, [(1, 2), (1, 3), (1, 4)]);
        let told = concerns(None, &report, 30).join(" ");
        assert!(told.contains("file 1 line 2") && !told.contains("grim"), "{told}");
        assert!(concerns(Some(5), &index("").1, 30)[0].contains("no entry"));
        let many: String = (0..60).map(|number| format!("n{number}.test\n")).collect();
        let (_, report) = index(&many);
        assert_eq!(concerns(Some(80), &report, 30), [] as [String; 0]);
        assert!(concerns(Some(100), &report, 30)[0].contains("40 per cent"));
        let (_, report) = index("google.com\nwww.nhs.uk\nsamaritans.org\ngoogle.com/one\n");
        assert_eq!(report.relied_on, 3);
        assert!(!concerns(None, &report, 30)[0].contains("google"));
    }
}
