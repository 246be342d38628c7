//! Takes the bytes of a body as they come, unpacks them or takes their parts apart, and gives what is a file to the engine.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use filter::body::{Parts, Piece};
use tokio::io::{AsyncRead, AsyncReadExt, BufReader, DuplexStream, ReadBuf};

use crate::malware::{Engine, Scan, Unchecked, Verdict};
use crate::scan;

/// So much may be unpacked before the ratio is looked at.
const RATIO_FROM_BYTES: u64 = 1024 * 1024;
/// Bytes that are read at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Files of one upload that are scanned; an upload with more counts as one that could not be checked.
const FILES_LIMIT: usize = 200;

/// How a body holds its file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Encodings, the innermost first.
    pub(crate) layers: Vec<String>,
    /// The boundary, if it is an upload of parts.
    pub(crate) boundary: Option<String>,
    /// Unpacked bytes for one byte as sent; more is taken for a bomb.
    pub(crate) ratio: usize,
}

/// The verdict on a body, read to its end or as far as the engine takes it.
pub(crate) async fn run(engine: Arc<Engine>, body: DuplexStream, file: File) -> Verdict {
    let raw = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: body, bytes: Arc::clone(&raw) };
    let ratio = u64::try_from(file.ratio.max(1)).unwrap_or(u64::MAX);
    let unpacked: Box<dyn AsyncRead + Send + Unpin> = if file.layers.is_empty() {
        Box::new(counted)
    } else {
        match scan::unpacking(&file.layers, Box::new(BufReader::new(counted))).await {
            Ok(inner) => Box::new(Measured { inner, raw, out: 0, ratio }),
            Err(_) => return engine.counted(Verdict::Unchecked(Unchecked::Unreadable)),
        }
    };
    match file.boundary {
        None => engine.scan(unpacked).await,
        Some(boundary) => {
            let verdict = parts(&engine, unpacked, &boundary).await;
            engine.counted(verdict.unwrap_or_else(Verdict::Unchecked))
        }
    }
}

/// Scans each file of an upload by itself. The first that is not clean is the verdict on all.
async fn parts(engine: &Engine, mut body: impl AsyncRead + Unpin, boundary: &str) -> Result<Verdict, Unchecked> {
    let mut reading = Parts::new(boundary);
    let mut upload = Upload { engine, scan: None, files: 0, whole: true };
    let mut chunk = vec![0_u8; CHUNK_BYTES];
    loop {
        let read = body.read(&mut chunk).await.map_err(|_| Unchecked::Unreadable)?;
        let bytes = chunk.get(..read).unwrap_or_default();
        let pieces = if bytes.is_empty() { reading.finish() } else { reading.give(bytes) };
        for piece in pieces {
            if let Some(verdict) = upload.take(piece).await? {
                return Ok(verdict);
            }
        }
        if bytes.is_empty() {
            // A body that says it has parts and has none hides something.
            return if reading.has_begun() {
                Ok(Verdict::Clean { whole: upload.whole })
            } else {
                Err(Unchecked::Unreadable)
            };
        }
    }
}

struct Upload<'e> {
    engine: &'e Engine,
    scan: Option<Scan>,
    files: usize,
    whole: bool,
}

impl Upload<'_> {
    async fn take(&mut self, piece: Piece) -> Result<Option<Verdict>, Unchecked> {
        match piece {
            Piece::Begin(head) if head.is_file() => {
                self.files += 1;
                if self.files > FILES_LIMIT {
                    return Err(Unchecked::TooLong);
                }
                self.scan = Some(self.engine.begin().await?);
            }
            Piece::Begin(_) => {}
            Piece::Data(data) => {
                let enough = match &mut self.scan {
                    Some(scan) => !scan.give(&data).await?,
                    None => false,
                };
                if enough {
                    return Ok(self.end().await);
                }
            }
            Piece::End => return Ok(self.end().await),
        }
        Ok(None)
    }

    /// The verdict on one file, unless it is clean.
    async fn end(&mut self) -> Option<Verdict> {
        match self.scan.take()?.end().await {
            Verdict::Clean { whole } => {
                self.whole &= whole;
                None
            }
            other => Some(other),
        }
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let read = u64::try_from(buf.filled().len() - before).unwrap_or(u64::MAX);
        self.bytes.fetch_add(read, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

/// Ends with an error where far more comes out than went in.
struct Measured<R> {
    inner: R,
    raw: Arc<AtomicU64>,
    out: u64,
    ratio: u64,
}

impl<R: AsyncRead + Unpin> AsyncRead for Measured<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.out += u64::try_from(buf.filled().len() - before).unwrap_or(u64::MAX);
        if self.out > RATIO_FROM_BYTES && self.out / self.ratio > self.raw.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        Poll::Ready(Ok(()))
    }
}
