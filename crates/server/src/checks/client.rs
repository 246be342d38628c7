//! A browser as small as can be: one request through the proxy, plain or inside a tunnel, by a greeting that hides a name or not.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::{EchGreaseConfig, EchMode};
use rustls::crypto::aws_lc_rs::{default_provider, hpke};
use rustls::crypto::hpke::Hpke as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::say::Failure;

/// How long one question may take, in seconds.
const LIMIT_SECONDS: u64 = 20;
const ANSWER_LIMIT_BYTES: u64 = 1024 * 1024;
const HEAD_LIMIT_BYTES: usize = 32 * 1024;

/// How a question is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Plain,
    Tls,
    /// TLS with a greeting that hides a name, as browsers send it.
    Hidden,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// In lower case.
    pub(super) head: String,
    pub(super) body: String,
}

/// Believes the organisation's own authority, and no other: as its computers do inside.
pub(super) struct Trust {
    open: TlsConnector,
    hidden: TlsConnector,
}

impl Trust {
    pub(super) fn new(authority_pem: &str) -> Result<Self, Failure> {
        let bad = |why: &dyn std::fmt::Display| {
            Failure::new(format!("The certificate of inspection cannot be used ({why}). Restore it."))
        };
        let certificate = CertificateDer::from_pem_slice(authority_pem.as_bytes()).map_err(|error| bad(&error))?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).map_err(|error| bad(&error))?;
        let provider = Arc::new(default_provider());
        let open = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| bad(&error))?
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let suite = hpke::DH_KEM_X25519_HKDF_SHA256_AES_128;
        let (key, _) = suite.generate_key_pair().map_err(|error| bad(&error))?;
        let hidden = ClientConfig::builder_with_provider(provider)
            .with_ech(EchMode::Grease(EchGreaseConfig::new(suite, key)))
            .map_err(|error| bad(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { open: TlsConnector::from(Arc::new(open)), hidden: TlsConnector::from(Arc::new(hidden)) })
    }
}

/// Asks for one page, as a person's browser does.
pub(super) async fn ask(proxy: SocketAddr, trust: &Trust, way: Way, host: &str, path: &str) -> io::Result<Reply> {
    let asking = async {
        let mut stream = TcpStream::connect(proxy).await?;
        let connector = match way {
            Way::Plain => return talk(stream, &format!("http://{host}{path}"), host).await,
            Way::Tls => &trust.open,
            Way::Hidden => &trust.hidden,
        };
        let connect = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n");
        stream.write_all(connect.as_bytes()).await?;
        let head = head(&mut stream).await?;
        if !head.contains(" 200 ") {
            return Ok(reply(&head, String::new()));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = connector.connect(name, stream).await?;
        talk(stream, path, host).await
    };
    let limit = Duration::from_secs(LIMIT_SECONDS);
    tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Asks a listener for its own page: it needs nobody to be known, and nothing is decided.
pub(super) async fn knock(listener: SocketAddr) -> io::Result<Reply> {
    let asking = async {
        let stream = TcpStream::connect(listener).await?;
        talk(stream, "/", &listener.to_string()).await
    };
    let limit = Duration::from_secs(LIMIT_SECONDS);
    tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, target: &str, host: &str) -> io::Result<Reply> {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html,*/*;q=0.8\r\nSec-Fetch-Mode: navigate\r\n\
         Sec-Fetch-Dest: document\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let head = head(&mut stream).await?;
    let mut body = Vec::new();
    // An answer that breaks off is an answer: what came of it is looked at.
    let _ = stream.take(ANSWER_LIMIT_BYTES).read_to_end(&mut body).await;
    Ok(reply(&head, String::from_utf8_lossy(&body).into_owned()))
}

async fn head<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_LIMIT_BYTES {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).to_lowercase())
}

fn reply(head: &str, body: String) -> Reply {
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
    Reply { status, head: head.to_owned(), body }
}
