//! Reads what a body says: decoded under a cap, and turned into text in its own character set.

use std::collections::VecDeque;
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::time::{Instant, timeout_at};

use crate::body::{Body, Rejoined};
use crate::config::Limits;

/// How far into a page its own word about its character set is looked for.
const CHARSET_LIMIT_BYTES: usize = 1024;
/// Encodings one inside the other.
const LAYERS_LIMIT: usize = 2;

/// Bytes that another proxy sends at least before it may stop until something goes back. Squid before 6.10 does so at 64 KiB
/// (its bug 5352).
pub(crate) const STALLS_AFTER_BYTES: usize = 48 * 1024;
/// How long such a proxy may say nothing before it counts as stopped, in seconds.
const STALL_SECONDS: u64 = 1;

/// Why the words could not be read. What then happens is the pack's rule (invariant 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScanError {
    #[error("encoding unknown")]
    Unknown,
    #[error("encoding broken")]
    Broken,
    #[error("unpacks to far more than it is")]
    Bomb,
    #[error("took too long")]
    TimedOut,
    #[error("broke off")]
    BrokeOff,
}

/// What was read, and the body to pass on, whole.
pub(crate) struct Scanned<T> {
    pub(crate) found: Result<T, ScanError>,
    pub(crate) body: Rejoined,
}

/// How long is waited, and what is made of a body that has not ended by then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) limit: Duration,
    /// What came so far is enough; if not, it could not be read.
    pub(crate) enough: bool,
    /// Whoever sends it stops after a while until something goes back: then what came is enough.
    pub(crate) stalls: bool,
}

impl Wait {
    /// Until when the next piece is waited for, once so much has come.
    fn until(self, end: Instant, read_bytes: usize) -> Instant {
        if self.is_stalling(read_bytes) { end.min(Instant::now() + Duration::from_secs(STALL_SECONDS)) } else { end }
    }

    fn is_stalling(self, read_bytes: usize) -> bool {
        self.stalls && read_bytes >= STALLS_AFTER_BYTES
    }
}

/// Reads the beginning of a body and what it says. The body that comes back is the same, byte for byte.
pub(crate) async fn read(body: Body, headers: &HeaderMap, limits: &Limits, wait: Wait) -> Scanned<String> {
    let Scanned { found, body } = read_bytes(body, headers, limits, wait).await;
    Scanned { found: found.map(|bytes| to_text(&bytes, headers)), body }
}

/// The same, as bytes.
pub(crate) async fn read_bytes(mut body: Body, headers: &HeaderMap, limits: &Limits, wait: Wait) -> Scanned<Vec<u8>> {
    let end = Instant::now() + wait.limit;
    let mut read: VecDeque<Frame<Bytes>> = VecDeque::new();
    let mut raw: Vec<u8> = Vec::new();
    let mut trouble = None;
    while raw.len() < limits.scan_raw_bytes && !body.is_end_stream() {
        match timeout_at(wait.until(end, raw.len()), body.frame()).await {
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    raw.extend_from_slice(data);
                }
                read.push_back(frame);
            }
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                trouble = Some(ScanError::BrokeOff);
                break;
            }
            Err(_) if wait.enough || wait.is_stalling(raw.len()) => break,
            Err(_) => {
                trouble = Some(ScanError::TimedOut);
                break;
            }
        }
    }
    let whole = body.is_end_stream();
    let found = match trouble {
        Some(trouble) => Err(trouble),
        None => decode(raw, whole, headers, limits).await,
    };
    Scanned { found, body: Rejoined { read, rest: (!whole).then_some(body) } }
}

/// The encodings of a body, the innermost first.
pub(crate) fn layers(headers: &HeaderMap) -> Result<Vec<String>, ScanError> {
    let mut layers: Vec<String> = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let value = value.to_str().map_err(|_| ScanError::Unknown)?;
        layers.extend(
            value
                .split(',')
                .map(|layer| layer.trim().to_ascii_lowercase())
                .filter(|layer| !layer.is_empty() && layer != "identity"),
        );
    }
    if layers.len() > LAYERS_LIMIT { Err(ScanError::Unknown) } else { Ok(layers) }
}

async fn decode(raw: Vec<u8>, whole: bool, headers: &HeaderMap, limits: &Limits) -> Result<Vec<u8>, ScanError> {
    let raw_length = raw.len();
    let mut bytes = raw;
    // The last encoding named was put on last, and comes off first.
    for layer in layers(headers)?.iter().rev() {
        bytes = unpack(layer, &bytes, whole, limits).await?;
        if bytes.len() / limits.scan_ratio.max(1) > raw_length {
            return Err(ScanError::Bomb);
        }
    }
    bytes.truncate(limits.scan_text_bytes);
    Ok(bytes)
}

async fn unpack(layer: &str, packed: &[u8], whole: bool, limits: &Limits) -> Result<Vec<u8>, ScanError> {
    let cap = limits.scan_text_bytes;
    match layer {
        "gzip" | "x-gzip" => {
            let mut decoder = GzipDecoder::new(packed);
            decoder.multiple_members(true);
            take(decoder, cap, whole).await
        }
        // The name means zlib, but some servers send the bare stream.
        "deflate" if packed.first().is_some_and(is_zlib) => take(ZlibDecoder::new(packed), cap, whole).await,
        "deflate" => take(DeflateDecoder::new(packed), cap, whole).await,
        "br" => take(BrotliDecoder::new(packed), cap, whole).await,
        "zstd" => take(ZstdDecoder::new(packed), cap, whole).await,
        _ => Err(ScanError::Unknown),
    }
}

fn is_zlib(first: &u8) -> bool {
    first & 0x0f == 8
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// Unpacks a body while it comes.
pub(crate) async fn unpacking(
    layers: &[String],
    packed: Box<dyn AsyncBufRead + Send + Unpin>,
) -> Result<Reader, ScanError> {
    let mut inner: Box<dyn AsyncBufRead + Send + Unpin> = packed;
    for layer in layers.iter().rev() {
        let unpacked: Reader = match layer.as_str() {
            "gzip" | "x-gzip" => {
                let mut decoder = GzipDecoder::new(inner);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
            "deflate" => {
                let first = inner.fill_buf().await.map_err(|_| ScanError::BrokeOff)?.first().is_some_and(is_zlib);
                if first { Box::new(ZlibDecoder::new(inner)) } else { Box::new(DeflateDecoder::new(inner)) }
            }
            "br" => Box::new(BrotliDecoder::new(inner)),
            "zstd" => Box::new(ZstdDecoder::new(inner)),
            _ => return Err(ScanError::Unknown),
        };
        inner = Box::new(BufReader::new(unpacked));
    }
    Ok(Box::new(inner))
}

/// Reads up to the cap and no further, so that a bomb never goes off here.
async fn take(decoder: impl AsyncRead + Unpin, cap: usize, whole: bool) -> Result<Vec<u8>, ScanError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(cap).unwrap_or(u64::MAX);
    match decoder.take(limit).read_to_end(&mut bytes).await {
        Ok(_) => Ok(bytes),
        // Only the beginning of the body was held back: that its end is missing is no fault.
        Err(_) if !whole => Ok(bytes),
        Err(_) => Err(ScanError::Broken),
    }
}

fn to_text(bytes: &[u8], headers: &HeaderMap) -> String {
    let declared = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| charset_after(value, "charset="));
    let encoding = Encoding::for_bom(bytes)
        .map(|(encoding, _)| encoding)
        .or_else(|| declared.and_then(|label| Encoding::for_label(label.as_bytes())))
        .or_else(|| named_in_page(bytes))
        .unwrap_or_else(|| if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 });
    encoding.decode(bytes).0.into_owned()
}

fn named_in_page(bytes: &[u8]) -> Option<&'static Encoding> {
    let beginning: Vec<u8> = bytes.iter().take(CHARSET_LIMIT_BYTES).copied().collect();
    let beginning = String::from_utf8_lossy(&beginning).to_ascii_lowercase();
    charset_after(&beginning, "charset=").and_then(|label| Encoding::for_label(label.as_bytes()))
}

fn charset_after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let lower = text.to_ascii_lowercase();
    let begin = lower.find(mark)?.checked_add(mark.len())?;
    let rest = text.get(begin..)?.trim_start_matches(['"', '\'', ' ']);
    let end = rest
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | ':' | '.')))
        .unwrap_or(rest.len());
    rest.get(..end).filter(|label| !label.is_empty())
}
