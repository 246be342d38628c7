//! The website that a check asks for: on this machine alone, under any name, and it remembers what reached it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway::Authority;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::moment::Clock;
use crate::pages;
use crate::ports::portal::LOOPBACK;
use crate::say::Failure;

/// How long a request may take to arrive, in seconds.
const LIMIT_SECONDS: u64 = 10;
const HEAD_LIMIT_BYTES: usize = 32 * 1024;
/// Certificates kept ready.
const LEAVES: usize = 200;
/// Bytes of a greeting that are looked at for what it hides.
const GREETING_BYTES: usize = 4096;
/// The extension by which a greeting hides the name that it is for (RFC 9849).
const HIDDEN_NAME: [u8; 2] = [0xfe, 0x0d];
/// The harmless text by which every engine shows that it looks: in two halves, so that no engine takes Haven for it.
const TEST_FILE: [&str; 2] = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// A request that reached the website.
#[derive(Debug, Clone, Default)]
pub(super) struct Reached {
    pub(super) host: String,
    /// Path and query.
    pub(super) path: String,
    /// In lower case.
    pub(super) head: String,
    /// It came by a greeting that hides a name.
    pub(super) hidden: bool,
}

#[derive(Default)]
struct Shared {
    reached: Mutex<Vec<Reached>>,
    words: Mutex<String>,
}

/// The website, served until it is dropped.
pub(super) struct Site {
    pub(super) plain: SocketAddr,
    pub(super) secure: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Any name gets a certificate: nothing of this leaves the machine.
struct Names(Arc<Authority>);

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.leaf(hello.server_name()?, LEAVES, &Clock::real()).ok()
    }
}

impl Site {
    pub(super) async fn start(authority: Arc<Authority>) -> Result<Self, Failure> {
        let plain = pages::bind("The website of a check", LOOPBACK).await?;
        let secure = pages::bind("The website of a check", LOOPBACK).await?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::new(format!("A check cannot speak TLS ({error}). Build Haven again.")))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Names(authority)));
        let site = Self {
            plain: plain.local_addr()?,
            secure: secure.local_addr()?,
            shared: Arc::default(),
            stop: CancellationToken::new(),
        };
        tokio::spawn(serve(plain, None, Arc::clone(&site.shared), site.stop.clone()));
        let tls = TlsAcceptor::from(Arc::new(tls));
        tokio::spawn(serve(secure, Some(tls), Arc::clone(&site.shared), site.stop.clone()));
        Ok(site)
    }

    /// The text that `/words` holds from now on.
    pub(super) fn say(&self, words: &str) {
        words.clone_into(&mut self.shared.words.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What reached it since the last time.
    pub(super) fn reached(&self) -> Vec<Reached> {
        std::mem::take(&mut *self.shared.reached.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let came = tokio::select! {
            () = stop.cancelled() => return,
            came = listener.accept() => came,
        };
        let Ok((stream, _)) = came else { continue };
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let answering = async {
                match tls {
                    None => answer(stream, &shared, false).await,
                    Some(tls) => {
                        let hidden = hides_a_name(&stream).await;
                        let stream = tls.accept(stream).await?;
                        answer(stream, &shared, hidden).await
                    }
                }
            };
            // A visitor who goes away in the middle is no trouble.
            let _ = tokio::time::timeout(Duration::from_secs(LIMIT_SECONDS), answering).await;
        });
    }
}

async fn hides_a_name(stream: &TcpStream) -> bool {
    let mut greeting = [0_u8; GREETING_BYTES];
    let Ok(read) = stream.peek(&mut greeting).await else { return false };
    let seen = greeting.get(..read).unwrap_or_default();
    seen.windows(HIDDEN_NAME.len()).any(|pair| pair == HIDDEN_NAME)
}

async fn answer<S>(mut stream: S, shared: &Shared, hidden: bool) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < HEAD_LIMIT_BYTES {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
    let lower = head.to_lowercase();
    let host = lower.lines().find_map(|line| line.strip_prefix("host:")).unwrap_or_default().trim().to_owned();
    let (kind, body) = match path.as_str() {
        "/words" => {
            let words = shared.words.lock().unwrap_or_else(PoisonError::into_inner).clone();
            ("text/html; charset=utf-8", format!("<!doctype html><title>Words</title><p>{words}</p>"))
        }
        "/test-file" => ("application/octet-stream", TEST_FILE.concat()),
        _ => ("text/html; charset=utf-8", "<!doctype html><title>Check</title><p>An ordinary page.</p>".to_owned()),
    };
    let reached = Reached { host, path, head: lower, hidden };
    shared.reached.lock().unwrap_or_else(PoisonError::into_inner).push(reached);
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nAlt-Svc: h3=\":443\"; ma=86400\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}
