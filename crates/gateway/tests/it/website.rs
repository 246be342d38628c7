//! Scripted websites, one handler behind plain and TLS sockets, and the portal's stand-in.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gateway::Authority;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::server::ResolvesServerCertUsingSni;
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::world::Outside;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Mild words that the shipped word pack weighs as gambling.
pub(crate) const GAMBLING_WORDS: &str = include_str!("gambling.txt");

pub(crate) struct Website {
    pub(crate) plain: SocketAddr,
    pub(crate) tls: SocketAddr,
    /// Speaks TLS, and no HTTP/2.
    tls_old: SocketAddr,
    /// Speaks TLS with certificates that are not right.
    pub(crate) tls_wrong: SocketAddr,
    /// `METHOD host path` of each request, with its version.
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
    /// TLS handshakes begun.
    pub(crate) greeted: Arc<Mutex<Vec<String>>>,
    /// Whether each finished handshake went on with an earlier one.
    pub(crate) resumed: Arc<Mutex<Vec<bool>>>,
}

const GOOD: [&str; 12] = [
    "site.test",
    "casino-royal.test",
    "bank.test",
    "dating.test",
    "advice.test",
    "h1.test",
    "extremist-forum.test",
    "gamblersanonymous.org",
    "search.test",
    "login.microsoftonline.com",
    "login.live.com",
    "accounts.google.com",
];

impl Website {
    pub(crate) async fn start(practice: &Authority, moment: &Outside) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let greeted = Arc::new(Mutex::new(Vec::new()));
        let resumed = Arc::new(Mutex::new(Vec::new()));
        let eyes = Eyes { seen: seen.clone(), greeted: greeted.clone(), resumed: resumed.clone() };
        let mut good = ResolvesServerCertUsingSni::new();
        for name in GOOD {
            let leaf = practice.leaf(name, 100, moment).unwrap();
            good.add(name, CertifiedKey::clone(&leaf)).unwrap();
        }
        let good = Arc::new(good);
        let plain = listen(&eyes, None).await;
        let tls = listen(&eyes, Some(acceptor(good.clone()))).await;
        let tls_old = listen(&eyes, Some(acceptor_for(good, &[b"http/1.1"]))).await;
        let tls_wrong =
            listen(&eyes, Some(acceptor(Arc::new(crate::certificates::Wrong::new(practice, moment))))).await;
        Self { plain, tls, tls_old, tls_wrong, seen, greeted, resumed }
    }

    pub(crate) fn names(&self) -> HashMap<(String, u16), SocketAddr> {
        let mut names = HashMap::new();
        for name in GOOD {
            names.insert((name.to_owned(), 80), self.plain);
            names.insert((name.to_owned(), 443), self.tls);
        }
        names.insert(("h1.test".to_owned(), 443), self.tls_old);
        for name in ["wrong-name.test", "self-signed.test", "expired.test"] {
            names.insert((name.to_owned(), 443), self.tls_wrong);
        }
        names
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) fn acceptor(certificates: Arc<dyn rustls::server::ResolvesServerCert>) -> TlsAcceptor {
    acceptor_for(certificates, &[b"h2", b"http/1.1"])
}

fn acceptor_for(certificates: Arc<dyn rustls::server::ResolvesServerCert>, protocols: &[&[u8]]) -> TlsAcceptor {
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// What a website takes note of.
#[derive(Clone)]
struct Eyes {
    seen: Arc<Mutex<Vec<String>>>,
    greeted: Arc<Mutex<Vec<String>>>,
    resumed: Arc<Mutex<Vec<bool>>>,
}

async fn listen(eyes: &Eyes, tls: Option<TlsAcceptor>) -> SocketAddr {
    let eyes = eyes.clone();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let (eyes, tls) = (eyes.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => speak(stream, false, eyes.seen).await,
                    Some(tls) => {
                        eyes.greeted.lock().unwrap().push("greeting".to_owned());
                        let Ok(stream) = tls.accept(stream).await else { return };
                        let resumed = stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
                        eyes.resumed.lock().unwrap().push(resumed);
                        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        speak(stream, h2, eyes.seen).await;
                    }
                }
            });
        }
    });
    address
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, h2: bool, seen: Arc<Mutex<Vec<String>>>) {
    let service = service_fn(move |request| answer(request, seen.clone()));
    if h2 {
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
    }
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

async fn answer(mut request: Request<Incoming>, seen: Arc<Mutex<Vec<String>>>) -> Result<Response<Body>, Infallible> {
    let host = request.uri().authority().map(ToString::to_string);
    let host = host
        .or_else(|| request.headers().get("host").map(|value| value.to_str().unwrap().to_owned()))
        .unwrap_or_default();
    let line =
        format!("{} {host} {} {:?}", request.method(), request.uri().path_and_query().unwrap(), request.version());
    seen.lock().unwrap().push(line);
    let html = Response::builder().header("content-type", "text/html; charset=utf-8");
    let path = request.uri().path().to_owned();
    if let Some(name) = path.strip_prefix("/file/") {
        return Ok(crate::files::answer(name).await);
    }
    let response = match path.as_str() {
        "/words" => html.body(full(page(GAMBLING_WORDS))),
        "/words-gzip" => {
            html.header("content-encoding", "gzip").body(full(packed(&page(GAMBLING_WORDS), "gzip").await))
        }
        "/words-br" => html.header("content-encoding", "br").body(full(packed(&page(GAMBLING_WORDS), "br").await)),
        "/words-zstd" => {
            html.header("content-encoding", "zstd").body(full(packed(&page(GAMBLING_WORDS), "zstd").await))
        }
        "/words-deflate" => {
            html.header("content-encoding", "deflate").body(full(packed(&page(GAMBLING_WORDS), "deflate").await))
        }
        "/words-utf16" => {
            let text: Vec<u8> = page(GAMBLING_WORDS).encode_utf16().flat_map(u16::to_le_bytes).collect();
            Response::builder().header("content-type", "text/html; charset=utf-16le").body(full(text))
        }
        "/json" => {
            let words = GAMBLING_WORDS.replace('"', " ").replace('\n', "\\n").replace('c', "\\u0063");
            let json = format!("{{\"items\":[{{\"text\":\"{words}\"}}]}}");
            Response::builder().header("content-type", "application/json; charset=utf-8").body(full(json))
        }
        "/json-endless" => {
            let first = futures_util::stream::once(async { Ok(Frame::data(Bytes::from_static(b"[\"first\""))) });
            let endless = futures_util::StreamExt::chain(first, futures_util::stream::pending());
            Response::builder().header("content-type", "application/json").body(StreamBody::new(endless).boxed_unsync())
        }
        "/gzip" => html.header("content-encoding", "gzip").body(full(packed(&page("a quiet page"), "gzip").await)),
        "/bomb" => html.header("content-encoding", "gzip").body(full(packed(&" ".repeat(4_000_000), "gzip").await)),
        "/broken-gzip" => html.header("content-encoding", "gzip").body(full("this is not gzip at all")),
        "/unknown-encoding" => html.header("content-encoding", "rot13").body(full("uryyb")),
        "/long" => html.body(full(page(&"a quiet line. ".repeat(400_000)))),
        "/old-ways" => html
            .header("alt-svc", "h3=\":443\"")
            .header("strict-transport-security", "max-age=60")
            .body(full(page("hello"))),
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(5)).await;
            html.body(full("late"))
        }
        "/trickle" => {
            let first = futures_util::stream::once(async { Ok(Frame::data(Bytes::from_static(b"<p>first"))) });
            html.body(
                StreamBody::new(futures_util::StreamExt::chain(first, futures_util::stream::pending())).boxed_unsync(),
            )
        }
        "/upload" => {
            let body = request.into_body().collect().await.map(|body| body.to_bytes().len()).unwrap_or_default();
            html.body(full(format!("got {body}")))
        }
        "/headers" => {
            let lines: Vec<String> = request
                .headers()
                .iter()
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?")))
                .collect();
            Response::builder().header("content-type", "application/x-lines").body(full(lines.join("\n")))
        }
        "/socket" => {
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let mut stream = TokioIo::new(upgrade.await.unwrap());
                let mut bytes = [0_u8; 64];
                while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                    stream.write_all(&bytes[..read]).await.unwrap();
                }
            });
            Response::builder()
                .status(StatusCode::SWITCHING_PROTOCOLS)
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .body(full(""))
        }
        _ => html.body(full(page("hello from the website"))),
    };
    Ok(response.unwrap())
}

fn page(text: &str) -> String {
    format!("<!doctype html><html lang=en><title>A page</title><body><p>{text}</p></body></html>")
}

async fn packed(text: &str, encoding: &str) -> Vec<u8> {
    packed_bytes(text.as_bytes(), encoding).await
}

pub(crate) async fn packed_bytes(bytes: &[u8], encoding: &str) -> Vec<u8> {
    use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
    macro_rules! pack {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(bytes).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }};
    }
    match encoding {
        "gzip" => pack!(GzipEncoder),
        "br" => pack!(BrotliEncoder),
        "zstd" => pack!(ZstdEncoder),
        _ => pack!(ZlibEncoder),
    }
}

/// Stands for Haven's own pages: says by which door it was asked, and for what.
pub(crate) async fn start_portal(kind: &'static str) -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let service = service_fn(move |request: Request<Incoming>| async move {
                let host =
                    request.headers().get("host").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
                let text = format!("portal {kind} {host} {}", request.uri());
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(text))))
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
