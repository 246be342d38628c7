//! A browser without a window.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway::Authority;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Headers of a page that a person looks at.
pub(crate) const PAGE: &[(&str, &str)] = &[("accept", "text/html,*/*;q=0.8")];
/// Headers of something that a page needs.
pub(crate) const PART: &[(&str, &str)] = &[("accept", "*/*")];

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body)).unwrap()
}

async fn collect(response: http::Response<hyper::body::Incoming>) -> Reply {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Reply { status: parts.status, headers: parts.headers, body }
}

/// One HTTP/1.1 request over a stream of its own.
pub(crate) async fn over<S>(
    stream: S,
    method: &str,
    uri: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Reply
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request(method, uri, headers, body.into())).await.unwrap();
    collect(response).await
}

/// A plain GET through the proxy.
pub(crate) async fn get(proxy: SocketAddr, url: &str, headers: &[(&str, &str)]) -> Reply {
    let host = url.split('/').nth(2).unwrap();
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("host", host)]).collect();
    over(TcpStream::connect(proxy).await.unwrap(), "GET", url, &headers, "").await
}

/// Bytes sent as they are; what comes back until the end, or until nothing comes for a while.
pub(crate) async fn raw(proxy: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    // The gateway may answer and close before everything is written.
    let _ = stream.write_all(bytes).await;
    rest(&mut stream).await
}

/// What comes until the end, or until nothing comes for two seconds.
pub(crate) async fn rest<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut all = Vec::new();
    let mut some = [0_u8; 4096];
    while let Ok(Ok(read @ 1..)) = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut some)).await {
        all.extend_from_slice(&some[..read]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Opens a tunnel; the status line and headers of the answer come along.
pub(crate) async fn tunnel(proxy: SocketAddr, authority: &str) -> (StatusCode, String, TcpStream) {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let status = head[9..12].parse().unwrap();
    (status, head, stream)
}

pub(crate) fn believes(authority: &Authority, protocols: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// TLS over a stream, with a client that believes one authority.
pub(crate) async fn secure(
    stream: TcpStream,
    host: &str,
    config: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    TlsConnector::from(config).connect(name, stream).await
}

/// A page over HTTPS through the proxy, HTTP/1.1.
pub(crate) async fn get_secure(
    proxy: SocketAddr,
    authority: &Authority,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let (status, head, stream) = tunnel(proxy, &format!("{host}:443")).await;
    assert_eq!(status, 200, "{head}");
    let stream = secure(stream, host, believes(authority, &["http/1.1"])).await.unwrap();
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("host", host)]).collect();
    over(stream, "GET", path, &headers, "").await
}

/// A browser's HTTP/2 connection to one site.
#[derive(Clone)]
pub(crate) struct H2(hyper::client::conn::http2::SendRequest<Full<Bytes>>);

impl H2 {
    pub(crate) async fn get(mut self, url: &str) -> Reply {
        collect(self.0.send_request(request("GET", url, PAGE, Bytes::new())).await.unwrap()).await
    }
}

pub(crate) async fn open_h2(proxy: SocketAddr, authority: &Authority, host: &str) -> H2 {
    let (status, head, stream) = tunnel(proxy, &format!("{host}:443")).await;
    assert_eq!(status, 200, "{head}");
    let stream = secure(stream, host, believes(authority, &["h2", "http/1.1"])).await.unwrap();
    assert_eq!(
        stream.get_ref().1.alpn_protocol(),
        Some(&b"h2"[..]),
        "the website speaks HTTP/2, and so does the gateway"
    );
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    H2(sender)
}

/// Several pages over one HTTP/2 connection, one after the other.
pub(crate) async fn get_h2(proxy: SocketAddr, authority: &Authority, host: &str, urls: &[&str]) -> Vec<Reply> {
    let browser = open_h2(proxy, authority, host).await;
    let mut replies = Vec::new();
    for url in urls {
        replies.push(browser.clone().get(url).await);
    }
    replies
}

/// Something sent through the proxy.
pub(crate) async fn send(
    proxy: SocketAddr,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Reply {
    let host = url.split('/').nth(2).unwrap();
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("host", host)]).collect();
    over(TcpStream::connect(proxy).await.unwrap(), method, url, &headers, body).await
}

/// A download that is thrown away as it comes: how many bytes came, and whether it came to its end.
pub(crate) async fn flow(proxy: SocketAddr, url: &str) -> (StatusCode, usize, bool) {
    let host = url.split('/').nth(2).unwrap();
    let stream = TcpStream::connect(proxy).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let headers = [("accept", "*/*"), ("host", host)];
    let Ok(response) = sender.send_request(request("GET", url, &headers, Bytes::new())).await else {
        return (StatusCode::OK, 0, false);
    };
    let status = response.status();
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (status, bytes, false) };
        bytes += frame.data_ref().map_or(0, Bytes::len);
    }
    (status, bytes, status == StatusCode::OK)
}
