//! ICAP messages (RFC 3507): heads, what is encapsulated in them, and bodies in chunks; read with a limit on everything.

use std::io;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Largest head of an ICAP message, and of an HTTP message inside it, in bytes.
pub(crate) const HEAD_LIMIT_BYTES: usize = 64 * 1024;
/// Header lines of one head.
const LINES_LIMIT: usize = 256;
/// Largest chunk, in bytes. Real clients send some tens of KiB.
const CHUNK_LIMIT_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of a chunk that are given on at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Longest line before a chunk, in bytes.
const CHUNK_LINE_LIMIT_BYTES: usize = 256;

/// Why a message is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the head is not ICAP")]
    Head,
    #[error("the head is too long")]
    TooLong,
    #[error("what is encapsulated does not fit together")]
    Encapsulated,
    #[error("the HTTP head inside cannot be read")]
    Inside,
    #[error("the chunks are broken")]
    Chunk,
}

impl From<Malformed> for io::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(io::ErrorKind::InvalidData, malformed)
    }
}

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Options,
    Reqmod,
    Respmod,
}

/// The head of an ICAP request.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// None for a method that Haven does not know.
    pub(crate) verb: Option<Verb>,
    /// Path of the service: `/reqmod`.
    pub(crate) service: String,
    pub(crate) headers: HeaderMap,
    pub(crate) inside: Inside,
}

/// Lengths of what is encapsulated, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Inside {
    pub(crate) request_bytes: usize,
    pub(crate) response_bytes: usize,
    pub(crate) has_body: bool,
}

impl Head {
    /// Whether nothing comes after this message.
    pub(crate) fn is_last(&self) -> bool {
        let values = self.headers.get_all(http::header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case("close"))
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let (first, headers) = lines(bytes, Malformed::Head)?;
        let mut words = first.split(' ');
        let (Some(method), Some(address), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Malformed::Head);
        };
        if !version.starts_with("ICAP/1.") {
            return Err(Malformed::Head);
        }
        let verb = match method {
            "OPTIONS" => Some(Verb::Options),
            "REQMOD" => Some(Verb::Reqmod),
            "RESPMOD" => Some(Verb::Respmod),
            _ => None,
        };
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let service = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
        let service = service.split('?').next().unwrap_or("/").to_owned();
        let inside = match headers.get("encapsulated") {
            Some(value) => Inside::parse(value.to_str().map_err(|_| Malformed::Encapsulated)?)?,
            None if verb == Some(Verb::Options) || verb.is_none() => Inside::default(),
            None => return Err(Malformed::Encapsulated),
        };
        Ok(Self { verb, service, headers, inside })
    }

    /// Whether the client takes "no changes" for a message that it has sent whole.
    pub(crate) fn allows_204(&self) -> bool {
        let allowed = self.headers.get_all("allow").iter().filter_map(|value| value.to_str().ok());
        allowed.flat_map(|value| value.split(',')).any(|code| code.trim() == "204")
    }

    /// Whether only the beginning of the body is sent until Haven asks for the rest.
    pub(crate) fn has_preview(&self) -> bool {
        self.inside.has_body && self.headers.contains_key("preview")
    }
}

impl Inside {
    /// `req-hdr=0, res-hdr=137, res-body=296`: parts in this order, each beginning where the one before ends.
    pub(crate) fn parse(value: &str) -> Result<Self, Malformed> {
        let mut parts: Vec<(&str, usize)> = Vec::new();
        for part in value.split(',') {
            let (name, begin) = part.trim().split_once('=').ok_or(Malformed::Encapsulated)?;
            let begin = begin.trim().parse::<usize>().map_err(|_| Malformed::Encapsulated)?;
            let is_first = parts.is_empty();
            let after = parts.last().map_or(0, |(_, before)| *before);
            if (is_first && begin != 0) || begin < after || begin > HEAD_LIMIT_BYTES * 2 {
                return Err(Malformed::Encapsulated);
            }
            parts.push((name.trim(), begin));
        }
        let has_body = |name: &str| matches!(name, "req-body" | "res-body" | "opt-body");
        let (request_bytes, response_bytes, last) = match parts.as_slice() {
            [(last, _)] => (0, 0, *last),
            [("req-hdr", _), (last, end)] => (*end, 0, *last),
            [("res-hdr", _), (last, end)] => (0, *end, *last),
            [("req-hdr", _), ("res-hdr", begin), (last, end)] => (*begin, end.saturating_sub(*begin), *last),
            _ => return Err(Malformed::Encapsulated),
        };
        if !has_body(last) && last != "null-body" {
            return Err(Malformed::Encapsulated);
        }
        Ok(Self { request_bytes, response_bytes, has_body: has_body(last) })
    }
}

/// The head of an HTTP request inside.
#[derive(Debug, Clone)]
pub(crate) struct HttpRequest {
    pub(crate) method: Method,
    /// As it stands there: whole, a path, or host and port of a CONNECT.
    pub(crate) target: String,
    pub(crate) version: String,
    pub(crate) headers: HeaderMap,
}

impl HttpRequest {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let (first, headers) = lines(bytes, Malformed::Inside)?;
        let mut words = first.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Malformed::Inside);
        };
        if !version.starts_with("HTTP/") || target.is_empty() {
            return Err(Malformed::Inside);
        }
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| Malformed::Inside)?;
        Ok(Self { method, target: target.to_owned(), version: version.to_owned(), headers })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        write(&format!("{} {} {}", self.method, self.target, self.version), &self.headers)
    }
}

/// The head of an HTTP response inside.
#[derive(Debug, Clone)]
pub(crate) struct HttpResponse {
    pub(crate) status: StatusCode,
    /// The whole first line, as it stands there.
    first: String,
    pub(crate) headers: HeaderMap,
}

impl HttpResponse {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let (first, headers) = lines(bytes, Malformed::Inside)?;
        let status = first.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1)).ok_or(Malformed::Inside)?;
        let status = StatusCode::from_bytes(status.as_bytes()).map_err(|_| Malformed::Inside)?;
        Ok(Self { status, first, headers })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        write(&self.first, &self.headers)
    }
}

/// An HTTP response made by Haven, as it is encapsulated.
pub(crate) fn written_response(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    write(&format!("HTTP/1.1 {} {}", status.as_u16(), status.canonical_reason().unwrap_or("Answer")), headers)
}

fn write(first: &str, headers: &HeaderMap) -> Vec<u8> {
    let mut bytes = first.as_bytes().to_vec();
    bytes.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// The first line and the headers of a head that ends with an empty line.
fn lines(bytes: &[u8], wrong: Malformed) -> Result<(String, HeaderMap), Malformed> {
    let mut all = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = all.next().and_then(|line| std::str::from_utf8(line).ok()).ok_or(wrong)?;
    if first.is_empty() || first.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(wrong);
    }
    let mut headers = HeaderMap::new();
    for line in all {
        if line.is_empty() {
            break;
        }
        if headers.len() >= LINES_LIMIT {
            return Err(Malformed::TooLong);
        }
        let at = line.iter().position(|byte| *byte == b':').ok_or(wrong)?;
        let (name, value) = (line.get(..at).unwrap_or_default(), line.get(at.saturating_add(1)..).unwrap_or_default());
        let name = HeaderName::from_bytes(name).map_err(|_| wrong)?;
        let value = HeaderValue::from_bytes(value.trim_ascii()).map_err(|_| wrong)?;
        headers.append(name, value);
    }
    Ok((first.to_owned(), headers))
}

/// The head of the next message, up to and with its empty line; none when the client has nothing more to say.
pub(crate) async fn read_head<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        let room = HEAD_LIMIT_BYTES.saturating_sub(before).saturating_add(1);
        let taken = reader.take(u64::try_from(room).unwrap_or(0)).read_until(b'\n', &mut head).await?;
        if taken == 0 {
            return if head.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        if head.len() > HEAD_LIMIT_BYTES {
            return Err(Malformed::TooLong.into());
        }
        let line = head.get(before..).unwrap_or_default();
        if matches!(line, b"\r\n" | b"\n") {
            // Empty lines before a head are left over from the message before.
            if before == 0 {
                head.clear();
                continue;
            }
            return Ok(Some(head));
        }
    }
}

/// So many bytes of an encapsulated head.
pub(crate) async fn read_part<R: AsyncBufRead + Unpin>(reader: &mut R, bytes: usize) -> io::Result<Vec<u8>> {
    if bytes > HEAD_LIMIT_BYTES {
        return Err(Malformed::TooLong.into());
    }
    let mut part = vec![0_u8; bytes];
    reader.read_exact(&mut part).await?;
    Ok(part)
}

/// The next of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Data(Bytes),
    /// The end of what was sent: of the preview, or of the whole body.
    End {
        /// The preview was the whole body.
        whole: bool,
    },
}

/// A body in chunks, read piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    /// Bytes of the chunk at hand that have not been read.
    left: usize,
}

impl Chunks {
    pub(crate) async fn next<R: AsyncBufRead + Unpin>(&mut self, reader: &mut R) -> io::Result<Piece> {
        if self.left == 0 {
            let line = chunk_line(reader).await?;
            let (size, whole) = chunk_size(&line)?;
            if size == 0 {
                // Trailers are read and forgotten.
                for _ in 0..LINES_LIMIT {
                    if chunk_line(reader).await?.is_empty() {
                        return Ok(Piece::End { whole });
                    }
                }
                return Err(Malformed::Chunk.into());
            }
            self.left = size;
        }
        let mut piece = vec![0_u8; self.left.min(PIECE_BYTES)];
        reader.read_exact(&mut piece).await?;
        self.left -= piece.len();
        if self.left == 0 && !chunk_line(reader).await?.is_empty() {
            return Err(Malformed::Chunk.into());
        }
        Ok(Piece::Data(Bytes::from(piece)))
    }
}

async fn chunk_line<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let limit = u64::try_from(CHUNK_LINE_LIMIT_BYTES).unwrap_or(0);
    reader.take(limit).read_until(b'\n', &mut line).await?;
    if line.pop() != Some(b'\n') {
        return Err(if line.len() + 1 >= CHUNK_LINE_LIMIT_BYTES {
            Malformed::Chunk.into()
        } else {
            io::ErrorKind::UnexpectedEof.into()
        });
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

/// `400`, or `0; ieof` where the preview was everything.
fn chunk_size(line: &[u8]) -> Result<(usize, bool), Malformed> {
    let text = std::str::from_utf8(line).map_err(|_| Malformed::Chunk)?;
    let (size, rest) = text.split_once(';').unwrap_or((text, ""));
    let size = size.trim();
    if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Malformed::Chunk);
    }
    let size = usize::from_str_radix(size, 16).map_err(|_| Malformed::Chunk)?;
    if size > CHUNK_LIMIT_BYTES {
        return Err(Malformed::Chunk);
    }
    Ok((size, rest.split(';').any(|word| word.trim().eq_ignore_ascii_case("ieof"))))
}

/// A piece of a body as it is sent.
pub(crate) fn chunk(data: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// The end of a body.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Everything that hostile bytes can reach, for the fuzzer: a conversation from its first byte to its last.
pub fn try_bytes(bytes: &[u8]) {
    let _ = HttpRequest::parse(bytes).map(|head| HttpRequest::parse(&head.write()));
    let _ = HttpResponse::parse(bytes).map(|head| HttpResponse::parse(&head.write()));
    let mut conversation = Box::pin(converse(bytes));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    // Bytes that are all there make nobody wait.
    assert!(conversation.as_mut().poll(&mut context).is_ready(), "nothing is waited for");
}

async fn converse(mut bytes: &[u8]) -> io::Result<()> {
    while let Some(head) = read_head(&mut bytes).await? {
        let head = Head::parse(&head)?;
        let request = read_part(&mut bytes, head.inside.request_bytes).await?;
        let response = read_part(&mut bytes, head.inside.response_bytes).await?;
        let _ = (HttpRequest::parse(&request), HttpResponse::parse(&response));
        let mut chunks = Chunks::default();
        if !head.inside.has_body {
            continue;
        }
        while let Piece::Data(data) = chunks.next(&mut bytes).await? {
            assert!(data.len() <= PIECE_BYTES, "a piece has its limit");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn f13_what_is_encapsulated_must_fit_together() {
        let fits = |text| Inside::parse(text).unwrap();
        assert_eq!(fits("req-hdr=0, null-body=170"), Inside { request_bytes: 170, response_bytes: 0, has_body: false });
        assert_eq!(
            fits("req-hdr=0, res-hdr=137, res-body=296"),
            Inside { request_bytes: 137, response_bytes: 159, has_body: true }
        );
        assert_eq!(fits("res-hdr=0, res-body=10"), Inside { request_bytes: 0, response_bytes: 10, has_body: true });
        for wrong in [
            "",
            "req-hdr",
            "req-hdr=5, null-body=9",
            "req-hdr=0, req-body=-1",
            "res-hdr=0, req-hdr=9, res-body=10",
            "req-hdr=0, res-hdr=90, res-body=20",
            "req-hdr=0",
            "req-hdr=0, null-body=99999999999",
            "req-hdr=0, what-body=4",
        ] {
            assert_eq!(Inside::parse(wrong), Err(Malformed::Encapsulated), "{wrong}");
        }
    }

    #[test]
    fn only_real_heads_are_read() {
        let head = Head::parse(
            b"REQMOD icap://h:1344/reqmod?x=1 ICAP/1.0\r\nAllow: 204, 206\r\nEncapsulated: null-body=0\r\n\r\n",
        );
        let head = head.unwrap();
        assert_eq!((head.verb, head.service.as_str(), head.allows_204()), (Some(Verb::Reqmod), "/reqmod", true));
        for wrong in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"REQMOD ICAP/1.0\r\n\r\n",
            b"\xff\r\n\r\n",
            b"REQMOD a b ICAP/1.0\r\n\r\n",
        ] {
            assert!(Head::parse(wrong).is_err());
        }
        assert_eq!(Head::parse(b"REQMOD icap://h/ ICAP/1.0\r\n\r\n").unwrap_err(), Malformed::Encapsulated);
        assert!(HttpRequest::parse(b"GET http://a.test/ HTTP/1.1\r\nno colon\r\n\r\n").is_err());
        assert!(HttpResponse::parse(b"HTTP/1.1 banana\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_have_sizes_and_nothing_else() {
        assert_eq!(chunk_size(b"1f").unwrap(), (31, false));
        assert_eq!(chunk_size(b"0; ieof").unwrap(), (0, true));
        for wrong in [&b""[..], b"+5", b"-1", b"0x10", b"ffffffffffffffffff", b"7fffffff", b"5 5"] {
            assert!(chunk_size(wrong).is_err(), "{wrong:?}");
        }
    }
}
