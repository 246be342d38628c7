//! The website behind every proxy: answers at once from memory, in the clear and over TLS with an ECDSA certificate.

use std::sync::Arc;

use async_compression::tokio::write::GzipEncoder;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::pages;

pub(crate) struct Origin {
    pub(crate) http_port: u16,
    pub(crate) tls_port: u16,
    /// The authority that signed its certificate, PEM.
    pub(crate) authority_pem: String,
}

struct Answers {
    small: Vec<u8>,
    page: Vec<u8>,
    page_gzip: Vec<u8>,
}

fn answer(kind: &str, encoding: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{encoding}Content-Length: {}\r\n\r\n", body.len())
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

impl Origin {
    pub(crate) async fn start() -> Self {
        let page = pages::page();
        let mut packer = GzipEncoder::new(Vec::new());
        packer.write_all(&page).await.unwrap();
        packer.shutdown().await.unwrap();
        let answers = Arc::new(Answers {
            small: answer("image/png", "", &pages::small()),
            page: answer("text/html; charset=utf-8", "", &page),
            page_gzip: answer("text/html; charset=utf-8", "Content-Encoding: gzip\r\n", &packer.into_inner()),
        });
        let (acceptor, authority_pem) = tls();
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let secure = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (http_port, tls_port) = (plain.local_addr().unwrap().port(), secure.local_addr().unwrap().port());
        let same = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = plain.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(stream, Arc::clone(&same)));
            }
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = secure.accept().await {
                let _ = stream.set_nodelay(true);
                let (acceptor, answers) = (acceptor.clone(), Arc::clone(&answers));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, answers).await;
                    }
                });
            }
        });
        Self { http_port, tls_port, authority_pem }
    }
}

/// Answers each request of a connection; bodies are not sent to it.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answers: Arc<Answers>) {
    let mut waiting: Vec<u8> = Vec::with_capacity(4096);
    loop {
        while let Some(end) = waiting.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = waiting.drain(..end + 4).collect();
            let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let wants_page = text.split(' ').nth(1).is_some_and(|path| path.ends_with("/page"));
            let bytes = match (wants_page, text.contains("gzip")) {
                (false, _) => &answers.small,
                (true, false) => &answers.page,
                (true, true) => &answers.page_gzip,
            };
            if stream.write_all(bytes).await.is_err() {
                return;
            }
        }
        if !stream.read_buf(&mut waiting).await.is_ok_and(|read| read > 0) {
            return;
        }
    }
}

fn tls() -> (TlsAcceptor, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "The authority of the benches");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let pem = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let leaf_key = KeyPair::generate().unwrap();
    let names = vec!["*.bench.test".to_owned(), "*.bench-bank.test".to_owned()];
    let leaf = CertificateParams::new(names).unwrap().signed_by(&leaf_key, &issuer).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    // No resumption: each new connection costs what the first one costs.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    (TlsAcceptor::from(Arc::new(config)), pem)
}
