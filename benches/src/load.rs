//! Browsers: connections that ask one thing after the other through a proxy, and time each answer.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest wait for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// Wrong answers after which a run is given up.
const FAULTS_LIMIT: u64 = 50;

/// How the website is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Plain HTTP: the whole address in the request line.
    Plain,
    /// CONNECT once, TLS inside, many requests.
    Tunnel,
    /// CONNECT and TLS afresh for each request.
    NewTunnel,
}

/// What is asked, and by how many.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) way: Way,
    /// The proxy, or the website itself for the run without a proxy.
    pub(crate) to: u16,
    pub(crate) proxied: bool,
    pub(crate) port: u16,
    /// Hosts asked in turn.
    pub(crate) hosts: Vec<String>,
    pub(crate) path: &'static str,
    pub(crate) gzip: bool,
    pub(crate) connections: usize,
    pub(crate) authorities: Vec<String>,
    /// Bytes that the answer must have; none if a proxy may pack or unpack it.
    pub(crate) body_bytes: Option<usize>,
}

/// When a run is over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Time(Duration),
    Requests(u64),
}

/// What came of a run.
#[derive(Debug, Default, Clone)]
pub(crate) struct Run {
    pub(crate) answers: u64,
    pub(crate) faults: u64,
    /// Connections opened, up to the website.
    pub(crate) reached: u64,
    pub(crate) first_fault: String,
    pub(crate) seconds: f64,
    /// Microseconds that each answer took, sorted.
    pub(crate) took: Vec<u32>,
}

impl Run {
    pub(crate) fn at(&self, share: f64) -> f64 {
        let place = (self.took.len() as f64 * share) as usize;
        self.took.get(place.min(self.took.len().saturating_sub(1))).copied().map_or(0.0, f64::from)
    }
}

struct Shared {
    work: Work,
    connector: TlsConnector,
    until: Until,
    began: Instant,
    begun: AtomicU64,
    faults: AtomicU64,
}

impl Shared {
    /// Takes the next turn, if there is one.
    fn turn(&self) -> Option<u64> {
        let turn = self.begun.fetch_add(1, Ordering::Relaxed);
        let over = match self.until {
            Until::Time(limit) => self.began.elapsed() >= limit,
            Until::Requests(count) => turn >= count,
        };
        (!over && self.faults.load(Ordering::Relaxed) < FAULTS_LIMIT).then_some(turn)
    }

    fn host(&self, turn: u64) -> &str {
        let place = usize::try_from(turn).unwrap() % self.work.hosts.len();
        &self.work.hosts[place]
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Runs all connections to the end.
pub(crate) async fn run(work: &Work, until: Until) -> Run {
    let shared = Arc::new(Shared {
        connector: connector(&work.authorities),
        work: work.clone(),
        until,
        began: Instant::now(),
        begun: AtomicU64::new(0),
        faults: AtomicU64::new(0),
    });
    let browsers: Vec<_> = (0..work.connections).map(|_| tokio::spawn(browse(Arc::clone(&shared)))).collect();
    let mut all = Run::default();
    for browser in browsers {
        let one = browser.await.unwrap();
        all.answers += one.answers;
        all.faults += one.faults;
        all.reached += one.reached;
        all.took.extend(one.took);
        if all.first_fault.is_empty() {
            all.first_fault = one.first_fault;
        }
    }
    all.seconds = shared.began.elapsed().as_secs_f64();
    all.took.sort_unstable();
    all
}

/// Opens connections, asks once over each, and keeps them open for as long as the result lives.
pub(crate) async fn hold(work: &Work, count: usize) -> (Run, Vec<Box<dyn std::any::Any + Send>>) {
    let shared = Shared {
        connector: connector(&work.authorities),
        work: work.clone(),
        until: Until::Requests(u64::MAX),
        began: Instant::now(),
        begun: AtomicU64::new(0),
        faults: AtomicU64::new(0),
    };
    let (mut run, mut open) = (Run::default(), Vec::<Box<dyn std::any::Any + Send>>::new());
    for turn in 0..count as u64 {
        let asked = async {
            let mut stream = reach(&shared, turn).await?;
            ask(&shared.work, shared.host(turn), stream.as_mut(), &mut Vec::new()).await?;
            io::Result::Ok(stream)
        };
        match asked.await {
            Ok(stream) => {
                run.answers += 1;
                open.push(Box::new(stream));
            }
            Err(error) => {
                run.faults += 1;
                run.first_fault = error.to_string();
            }
        }
    }
    (run, open)
}

async fn browse(shared: Arc<Shared>) -> Run {
    let mut run = Run::default();
    let mut kept: Option<Box<dyn Stream>> = None;
    let mut buffer = Vec::with_capacity(64 * 1024);
    while let Some(turn) = shared.turn() {
        let began = Instant::now();
        let asked = async {
            let mut stream = match kept.take() {
                Some(stream) => stream,
                None => {
                    let stream = reach(&shared, turn).await?;
                    run.reached += 1;
                    stream
                }
            };
            let goes_on = ask(&shared.work, shared.host(turn), stream.as_mut(), &mut buffer).await?;
            io::Result::Ok((stream, goes_on))
        };
        match tokio::time::timeout(ANSWER_LIMIT, asked).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok((mut stream, goes_on)) => {
                run.answers += 1;
                run.took.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
                if shared.work.way == Way::NewTunnel {
                    let _ = stream.shutdown().await;
                } else if goes_on {
                    kept = Some(stream);
                }
            }
            Err(error) => {
                run.faults += 1;
                shared.faults.fetch_add(1, Ordering::Relaxed);
                if run.first_fault.is_empty() {
                    run.first_fault = error.to_string();
                }
            }
        }
    }
    run
}

fn connector(authorities: &[String]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for pem in authorities {
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.unwrap()).unwrap();
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    TlsConnector::from(Arc::new(config))
}

async fn reach(shared: &Shared, turn: u64) -> io::Result<Box<dyn Stream>> {
    let work = &shared.work;
    let mut stream = TcpStream::connect(("127.0.0.1", work.to)).await?;
    stream.set_nodelay(true)?;
    if work.way == Way::Plain {
        return Ok(Box::new(stream));
    }
    let host = shared.host(turn).to_owned();
    if work.proxied {
        let head = format!("CONNECT {host}:{0} HTTP/1.1\r\nHost: {host}:{0}\r\n\r\n", work.port);
        stream.write_all(head.as_bytes()).await?;
        let mut buffer = Vec::new();
        while !buffer.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err(io::Error::other("the proxy hung up at CONNECT"));
            }
        }
        if buffer.get(9..12) != Some(b"200") {
            return Err(io::Error::other(String::from_utf8_lossy(&buffer[..buffer.len().min(60)]).into_owned()));
        }
    }
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    Ok(Box::new(shared.connector.connect(name, stream).await?))
}

/// One request and its whole answer. False if the other side wants to close.
async fn ask(work: &Work, host: &str, stream: &mut dyn Stream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    let target = match work.way {
        Way::Plain if work.proxied => format!("http://{host}:{}{}", work.port, work.path),
        _ => work.path.to_owned(),
    };
    let gzip = if work.gzip { "Accept-Encoding: gzip\r\n" } else { "" };
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}:{}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\nAccept: */*\r\n\
         {gzip}Connection: keep-alive\r\n\r\n",
        work.port
    );
    stream.write_all(head.as_bytes()).await?;
    buffer.clear();
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::Error::other("hung up before the answer"));
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
    if head.get(9..12) != Some("200") {
        return Err(io::Error::other(head.lines().next().unwrap_or_default().to_owned()));
    }
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let length = value("content-length:").and_then(|text| text.parse::<usize>().ok());
    let chunked = value("transfer-encoding:") == Some("chunked");
    let body = if let Some(length) = length {
        while buffer.len() < end + length {
            if stream.read_buf(buffer).await? == 0 {
                return Err(io::Error::other("broke off"));
            }
        }
        length
    } else if chunked {
        while !buffer.ends_with(b"\r\n0\r\n\r\n") {
            if stream.read_buf(buffer).await? == 0 {
                return Err(io::Error::other("broke off"));
            }
        }
        buffer.len() - end
    } else {
        while stream.read_buf(buffer).await? > 0 {}
        buffer.len() - end
    };
    if work.body_bytes.is_some_and(|expected| length.is_some() && expected != body) {
        return Err(io::Error::other(format!("{body} bytes came")));
    }
    let closes = value("connection:") == Some("close") || (length.is_none() && !chunked);
    Ok(!closes)
}
