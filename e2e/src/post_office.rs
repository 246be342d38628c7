//! A mail server of a journey's own: takes letters over a real socket (RFC 5321), or refuses, dawdles, or is not there.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::certificates::{self, Authority};

/// Longest line, in bytes (RFC 5321 says 1000).
const LINE_LIMIT_BYTES: usize = 4096;

/// How it behaves just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes every letter.
    Takes,
    /// Takes no letter, for good.
    Refuses,
    /// Asks to come again later.
    Later,
    /// Takes the connection and says nothing.
    Silent,
}

/// A letter that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    /// Heads and body as they came.
    pub text: String,
    pub encrypted: bool,
    /// Who signed in.
    pub user: Option<String>,
}

/// What it asks of those who bring letters.
#[derive(Clone)]
struct Rules {
    /// Name and password; none is asked for without it.
    sign_in: Option<(String, String)>,
    tls: Option<TlsAcceptor>,
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    /// Every line that was said to it, passwords too.
    heard: Arc<Mutex<Vec<String>>>,
}

pub struct PostOffice {
    pub port: u16,
    rules: Rules,
    authority: Option<Authority>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl PostOffice {
    /// A plain one, as on the same machine.
    pub async fn plain() -> Self {
        Self::new(None, None).await
    }

    /// One that speaks STARTTLS and takes letters from those who signed in only.
    pub async fn guarded(user: &str, password: &str) -> Self {
        Self::new(Some(Authority::new("Mail of a journey")), Some((user.to_owned(), password.to_owned()))).await
    }

    async fn new(authority: Option<Authority>, sign_in: Option<(String, String)>) -> Self {
        let tls = authority
            .as_ref()
            .map(|authority| certificates::acceptor(Arc::new(Always(authority.good(&["localhost"])))));
        let rules = Rules {
            sign_in,
            tls,
            mood: Arc::new(Mutex::new(Mood::Takes)),
            taken: Arc::new(Mutex::new(Vec::new())),
            heard: Arc::new(Mutex::new(Vec::new())),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let listening = Some(tokio::spawn(serve(listener, rules.clone())));
        Self { port, rules, authority, listening }
    }

    /// Writes the certificate of its authority.
    pub fn write_authority(&self, file: &Path) {
        self.authority.as_ref().expect("it speaks STARTTLS").write(file);
    }

    pub fn mood(&self, mood: Mood) {
        *self.rules.mood.lock().unwrap() = mood;
    }

    /// Nobody listens any more.
    pub async fn shut(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _ = listening.await;
        }
    }

    /// Listens again, where it did before.
    pub async fn reopen(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.listening = Some(tokio::spawn(serve(listener, self.rules.clone())));
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.rules.taken.lock().unwrap().clone()
    }

    /// The letters to one address.
    pub fn to(&self, address: &str) -> Vec<Taken> {
        let mut all = self.taken();
        all.retain(|letter| letter.to.iter().any(|to| to == address));
        all
    }

    /// Every line that was said to it.
    pub fn heard(&self) -> Vec<String> {
        self.rules.heard.lock().unwrap().clone()
    }

    /// Waits until something is true of the letters.
    pub async fn until(&self, seconds: u64, what: &str, enough: impl Fn(&Self) -> bool) {
        let began = std::time::Instant::now();
        while !enough(self) {
            assert!(
                began.elapsed() < Duration::from_secs(seconds),
                "after {seconds} s: {what}; it has {:?} and heard {:?}",
                self.taken(),
                self.heard()
            );
            crate::house::pause().await;
        }
    }
}

async fn serve(listener: TcpListener, rules: Rules) {
    while let Ok((stream, _)) = listener.accept().await {
        let rules = rules.clone();
        tokio::spawn(async move {
            // Whoever hangs up in the middle is no trouble.
            let _ = converse(stream, rules).await;
        });
    }
}

async fn converse(stream: tokio::net::TcpStream, rules: Rules) -> std::io::Result<()> {
    if *rules.mood.lock().unwrap() == Mood::Silent {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        return Ok(());
    }
    let mut stream = BufReader::new(stream);
    say(&mut stream, "220 journey.test").await?;
    let Some(tls) = listen_to(&mut stream, &rules, false).await? else { return Ok(()) };
    // STARTTLS: what was said before does not count.
    let mut stream = BufReader::new(tls.accept(stream.into_inner()).await?);
    listen_to(&mut stream, &rules, true).await.map(|_| ())
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, words: &str) -> std::io::Result<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    let count = stream.read_until(b'\n', &mut line).await?;
    assert!(count <= LINE_LIMIT_BYTES, "a line is too long");
    Ok((count > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

/// One conversation; with an acceptor as its answer, it goes on encrypted.
async fn listen_to<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    rules: &Rules,
    encrypted: bool,
) -> std::io::Result<Option<TlsAcceptor>> {
    let mut letter = Taken { from: String::new(), to: Vec::new(), text: String::new(), encrypted, user: None };
    while let Some(said) = line(stream).await? {
        rules.heard.lock().unwrap().push(said.clone());
        let word = said.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let mood = *rules.mood.lock().unwrap();
        match word.as_str() {
            "EHLO" | "HELO" => {
                let mut offers = vec!["250-journey.test"];
                if rules.tls.is_some() && !encrypted {
                    offers.push("250-STARTTLS");
                }
                if rules.sign_in.is_some() && (encrypted || rules.tls.is_none()) {
                    offers.push("250-AUTH PLAIN LOGIN");
                }
                offers.push("250 8BITMIME");
                say(stream, &offers.join("\r\n")).await?;
            }
            "STARTTLS" if rules.tls.is_some() && !encrypted => {
                say(stream, "220 go on").await?;
                return Ok(rules.tls.clone());
            }
            "AUTH" => {
                letter.user = signed_in(&said, rules);
                say(stream, if letter.user.is_some() { "235 welcome" } else { "535 not you" }).await?;
            }
            "MAIL" if rules.sign_in.is_some() && letter.user.is_none() => say(stream, "530 sign in first").await?,
            "MAIL" => {
                letter.from = address(&said);
                letter.to.clear();
                say(stream, "250 ok").await?;
            }
            "RCPT" => match mood {
                Mood::Refuses => say(stream, &format!("550 there is no {}", address(&said))).await?,
                Mood::Later => say(stream, &format!("451 come again later, {}", address(&said))).await?,
                Mood::Takes | Mood::Silent => {
                    letter.to.push(address(&said));
                    say(stream, "250 ok").await?;
                }
            },
            "DATA" => {
                say(stream, "354 go on").await?;
                letter.text.clear();
                while let Some(text) = line(stream).await?.filter(|text| text != ".") {
                    letter.text.push_str(text.strip_prefix('.').unwrap_or(&text));
                    letter.text.push_str("\r\n");
                }
                rules.taken.lock().unwrap().push(letter.clone());
                say(stream, "250 taken").await?;
            }
            "QUIT" => {
                say(stream, "221 good bye").await?;
                return Ok(None);
            }
            "RSET" | "NOOP" => say(stream, "250 ok").await?,
            _ => say(stream, "502 not here").await?,
        }
    }
    Ok(None)
}

/// `AUTH PLAIN <base64 of NUL name NUL password>` (RFC 4616).
fn signed_in(said: &str, rules: &Rules) -> Option<String> {
    let (user, password) = rules.sign_in.as_ref()?;
    let told = STANDARD.decode(said.strip_prefix("AUTH PLAIN ")?).ok()?;
    (told == format!("\0{user}\0{password}").as_bytes()).then(|| user.clone())
}

fn address(said: &str) -> String {
    said.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address).to_owned()
}
