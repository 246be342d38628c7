//! One entry of a spool file: a mark, its length, a checksum, and what is kept, sealed. A cut or altered entry shows.

use sha2::{Digest as _, Sha256};

/// What every spool file begins with; then the file's own random name, by which its entries are sealed.
pub(super) const HEAD: &[u8; 16] = b"haven spool  1\r\n";
pub(super) const NAME_BYTES: usize = 16;
/// What every entry begins with: by it, the next whole entry is found behind an altered one.
const MARK: &[u8; 4] = b"\xffHv\x01";
const LENGTH_BYTES: usize = 4;
const SUM_BYTES: usize = 8;
/// Bytes of an entry before what it holds.
pub(super) const FRAME_HEAD_BYTES: usize = MARK.len() + LENGTH_BYTES + SUM_BYTES;
/// Longest entry, in bytes: a full batch of long addresses stays far below.
pub(super) const FRAME_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// The bytes of an entry; none if it is too long.
pub(super) fn write(body: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= FRAME_LIMIT_BYTES)?;
    let mut out = Vec::with_capacity(FRAME_HEAD_BYTES + body.len());
    out.extend_from_slice(MARK);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&sum(length, body));
    out.extend_from_slice(body);
    Some(out)
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A whole entry: what it holds, and how long it is altogether.
    Whole(&'a [u8], usize),
    /// Nothing, or what a power cut leaves of an entry.
    Cut,
    /// Something that is no entry, or an altered one.
    Altered,
}

pub(super) fn read(bytes: &[u8]) -> Found<'_> {
    let known = bytes.len().min(MARK.len());
    if bytes.get(..known) != MARK.get(..known) {
        return Found::Altered;
    }
    let Some((head, rest)) = bytes.split_at_checked(FRAME_HEAD_BYTES) else { return Found::Cut };
    let length = head.get(MARK.len()..).and_then(|rest| rest.first_chunk::<LENGTH_BYTES>());
    let length = length.map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let Some(body_bytes) = usize::try_from(length).ok().filter(|bytes| *bytes <= FRAME_LIMIT_BYTES) else {
        return Found::Altered;
    };
    let Some(body) = rest.get(..body_bytes) else { return Found::Cut };
    if head.get(MARK.len() + LENGTH_BYTES..) != Some(&sum(length, body)) {
        return Found::Altered;
    }
    Found::Whole(body, FRAME_HEAD_BYTES + body_bytes)
}

/// Where the next whole entry begins, searched from `from` on.
pub(super) fn next_whole(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        at += rest.windows(MARK.len()).position(|four| four == MARK)?;
        if matches!(bytes.get(at..).map(read), Some(Found::Whole(..))) {
            return Some(at);
        }
        at += 1;
    }
}

fn sum(length: u32, body: &[u8]) -> [u8; SUM_BYTES] {
    let digest = Sha256::new().chain_update(length.to_le_bytes()).chain_update(body).finalize();
    digest.first_chunk::<SUM_BYTES>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let bytes = [write(b"one").unwrap(), write(b"").unwrap()].concat();
        assert_eq!(read(&bytes), Found::Whole(b"one", FRAME_HEAD_BYTES + 3));
        assert_eq!(read(&bytes[FRAME_HEAD_BYTES + 3..]), Found::Whole(b"", FRAME_HEAD_BYTES));
    }

    #[test]
    fn every_cut_and_every_altered_byte_shows() {
        let bytes = write(b"what waits").unwrap();
        for at in 0..bytes.len() {
            assert_eq!(read(&bytes[..at]), Found::Cut, "cut at {at}");
            for flip in [1_u8, 0x80] {
                let mut altered = bytes.clone();
                altered[at] ^= flip;
                assert!(!matches!(read(&altered), Found::Whole(..)), "byte {at}");
            }
        }
    }

    #[test]
    fn the_next_whole_entry_is_found_behind_an_altered_one() {
        let (first, second) = (write(b"first").unwrap(), write(b"second").unwrap());
        let mut bytes = [first.clone(), second].concat();
        bytes[5] ^= 1;
        assert_eq!(next_whole(&bytes, 1), Some(first.len()));
        assert_eq!(next_whole(&bytes, first.len() + 1), None);
    }
}
