//! Websites of a journey's own, plain and encrypted, some of them with a certificate that is not right.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::certificates::{self, Authority};

/// Longest head of a request, in bytes.
const HEAD_LIMIT_BYTES: usize = 64 * 1024;
/// Names whose certificates are wrong: another name's, out of date, vouched for by nobody.
pub const WRONG_NAME: &str = "wrong-name.test";
pub const EXPIRED: &str = "expired.test";
pub const SELF_SIGNED: &str = "self-signed.test";

/// Websites on two ports of this machine.
pub struct Websites {
    pub plain: u16,
    pub secure: u16,
    authority: Authority,
    seen: Arc<Mutex<Vec<String>>>,
    greeted: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct Names {
    by_name: HashMap<String, Arc<CertifiedKey>>,
    greeted: Arc<Mutex<Vec<String>>>,
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?;
        self.greeted.lock().unwrap().push(name.to_owned());
        self.by_name.get(name).cloned()
    }
}

impl Websites {
    /// Serves these names well, and the three whose certificates are wrong.
    pub async fn open(good: &[&str]) -> Self {
        let authority = Authority::new("Websites of a journey");
        let mut by_name: HashMap<String, _> =
            good.iter().map(|name| ((*name).to_owned(), authority.good(&[name]))).collect();
        by_name.insert(WRONG_NAME.to_owned(), authority.good(&["somebody-else.test"]));
        by_name.insert(EXPIRED.to_owned(), authority.expired(&[EXPIRED]));
        by_name.insert(SELF_SIGNED.to_owned(), certificates::self_signed(&[SELF_SIGNED]));
        let greeted = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let tls = certificates::acceptor(Arc::new(Names { by_name, greeted: Arc::clone(&greeted) }));
        let plain = listen(Arc::clone(&seen), None).await;
        let secure = listen(Arc::clone(&seen), Some(tls)).await;
        Self { plain, secure, authority, seen, greeted }
    }

    /// Writes the certificate of their authority.
    pub fn write_authority(&self, file: &Path) {
        self.authority.write(file);
    }

    /// `host path` of each request that came, in order.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The names for which an encrypted conversation was begun.
    pub fn greeted(&self) -> Vec<String> {
        self.greeted.lock().unwrap().clone()
    }
}

async fn listen(seen: Arc<Mutex<Vec<String>>>, tls: Option<TlsAcceptor>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (seen, tls) = (Arc::clone(&seen), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => answer(stream, &seen).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            answer(stream, &seen).await;
                        }
                    }
                }
            });
        }
    });
    port
}

/// One request, one friendly page.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, seen: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut part = [0_u8; 4096];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut part).await {
            Ok(count @ 1..) if head.len() < HEAD_LIMIT_BYTES => head.extend_from_slice(&part[..count]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let host = head.lines().find_map(|line| line.strip_prefix("host: ").or_else(|| line.strip_prefix("Host: ")));
    let host = host.unwrap_or_default().split(':').next().unwrap_or_default();
    seen.lock().unwrap().push(format!("{host} {path}"));
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>{host}</title></head>\
         <body><main><h1>This is {host}</h1><p>You reached it.</p></main></body></html>"
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    );
    // A visitor who has gone is no trouble.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}
