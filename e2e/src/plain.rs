//! A visitor without a browser: sends exactly the bytes that a test wants, and reads the answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest wait for one answer, in seconds.
const ANSWER_LIMIT_SECONDS: u64 = 30;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The value of a hidden field of the page.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at = self.body.find(&start).unwrap_or_else(|| panic!("no field {name} in:\n{}", self.body));
        self.body[at + start.len()..].split('"').next().unwrap().to_owned()
    }

    /// The text between two marks of the page.
    pub fn between(&self, before: &str, after: &str) -> String {
        let at = self.body.find(before).unwrap_or_else(|| panic!("no '{before}' in:\n{}", self.body));
        self.body[at + before.len()..].split(after).next().unwrap().to_owned()
    }
}

/// Somebody with cookies, straight at Haven's pages or behind a proxy.
#[derive(Debug, Clone)]
pub struct Visitor {
    port: u16,
    host: String,
    proxied: bool,
    /// An open connection, as a browser keeps: a seat whose last connection closes must prove itself again (S-6).
    _kept_open: Option<Arc<TcpStream>>,
    pub cookies: BTreeMap<String, String>,
}

impl Visitor {
    /// Comes to Haven's pages without a proxy.
    pub fn straight(port: u16) -> Self {
        Self { port, host: format!("127.0.0.1:{port}"), proxied: false, _kept_open: None, cookies: BTreeMap::new() }
    }

    /// Sits at a seat: everything goes through that proxy.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn at_seat(port: u16) -> std::io::Result<Self> {
        let kept_open = Some(Arc::new(TcpStream::connect(("127.0.0.1", port)).await?));
        let host = "haven.test".to_owned();
        Ok(Self { port, host, proxied: true, _kept_open: kept_open, cookies: BTreeMap::new() })
    }

    /// Signs in with one click as somebody of the practice organisation.
    pub async fn signed_in(mut self, who: &str) -> Self {
        let answer = self.post("/practice/sign-in", &[("person", who), ("to", "/")]).await;
        assert_eq!(answer.status, 303, "{who} signs in: {answer:?}");
        self
    }

    /// Signs in with a password, as everybody does on real data.
    pub async fn with_password(mut self, who: &str, password: &str) -> Self {
        let answer = self.post("/sign-in", &[("username", who), ("password", password), ("to", "/")]).await;
        assert_eq!(answer.status, 303, "{who} signs in: {answer:?}");
        self
    }

    /// Signs in at the gate, reads the notice and agrees.
    pub async fn through_the_gate(self, who: &str) -> Self {
        self.signed_in(who).await.agreed().await
    }

    /// Signed in already: reads the notice and agrees.
    pub async fn agreed(self) -> Self {
        let mut visitor = self;
        for step in ["notice", "agreement"] {
            let page = visitor.get("/gate").await;
            if !page.body.contains(&format!("action=\"/gate/{step}\"")) {
                continue;
            }
            let (csrf, digest) = (page.hidden("csrf"), page.hidden("digest"));
            let agreement = if step == "agreement" { page.hidden("agreement") } else { String::new() };
            let fields = [("csrf", csrf.as_str()), ("digest", &digest), ("agreement", &agreement), ("to", "")];
            let answer = visitor.post(&format!("/gate/{step}"), &fields).await;
            assert_eq!(answer.status, 303, "{step}: {}", answer.body);
        }
        let page = visitor.get("/gate").await;
        assert!(page.body.contains("You can use the internet now"), "{}", page.body);
        visitor
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.try_get(path).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// # Errors
    /// When nobody answers.
    pub async fn try_get(&mut self, path: &str) -> std::io::Result<Answer> {
        self.ask("GET", path, "", "").await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.try_post(path, fields).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// # Errors
    /// When nobody answers.
    pub async fn try_post(&mut self, path: &str, fields: &[(&str, &str)]) -> std::io::Result<Answer> {
        let origin = format!("Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://{}\r\n", self.host);
        self.ask("POST", path, &origin, &form(fields)).await
    }

    /// Asks with headers of one's own, each ending in CR LF.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<Answer> {
        let (host, path) = match path.strip_prefix("http://") {
            Some(rest) => {
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                (host.to_owned(), format!("/{path}"))
            }
            None => (self.host.clone(), path.to_owned()),
        };
        let target = if self.proxied { format!("http://{host}{path}") } else { path };
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}");
        if host == self.host && !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = write!(head, "Cookie: {}\r\n", pairs.join("; "));
        }
        if !body.is_empty() || method == "POST" {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        let answer = send(self.port, format!("{head}\r\n{body}").as_bytes()).await?;
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie" && host == self.host) {
            let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }
}

/// Sends bytes to a port of this machine and reads one answer.
///
/// # Errors
/// When nobody answers, or not with HTTP.
pub async fn send(port: u16, bytes: &[u8]) -> std::io::Result<Answer> {
    let limit = Duration::from_secs(ANSWER_LIMIT_SECONDS);
    tokio::time::timeout(limit, exchange(port, bytes)).await.map_err(|_| std::io::ErrorKind::TimedOut)?
}

async fn exchange(port: u16, bytes: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(bytes).await?;
    let mut all = Vec::new();
    let mut part = vec![0_u8; 64 * 1024];
    loop {
        let count = match stream.read(&mut part).await {
            Ok(count) => count,
            // Cut off after an early answer to a request that was not read to its end.
            Err(_) if !all.is_empty() => 0,
            Err(error) => return Err(error),
        };
        all.extend_from_slice(&part[..count]);
        if count == 0 || is_whole(&all) {
            return parse(&all).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn head_of(all: &[u8]) -> Option<(String, &[u8])> {
    let end = all.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((String::from_utf8_lossy(&all[..end]).into_owned(), &all[end + 4..]))
}

fn headers_of(head: &str) -> Vec<(String, String)> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect()
}

/// Whether a body of known length has come whole; one of unknown length ends with its connection.
fn is_whole(all: &[u8]) -> bool {
    let Some((head, body)) = head_of(all) else { return false };
    let headers = headers_of(&head);
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}

fn parse(all: &[u8]) -> Option<Answer> {
    let (head, body) = head_of(all)?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let headers = headers_of(&head);
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked { unchunked(body) } else { body.to_vec() };
    Some(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&rest[..end]).trim(), 16).unwrap_or(0);
        let from = end + 2;
        if size == 0 || rest.len() < from + size {
            break;
        }
        body.extend_from_slice(&rest[from..from + size]);
        rest = rest.get(from + size + 2..).unwrap_or_default();
    }
    body
}

/// Fields as a form sends them.
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    pairs.join("&")
}

fn escape(text: &str) -> String {
    let mut safe = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            let _ = write!(safe, "%{byte:02X}");
        }
    }
    safe
}
