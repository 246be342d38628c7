//! The ICAP door (RFC 3507): another proxy asks about requests and responses, and is told what Haven's own proxy would do.

mod coming;
mod judge;
mod message;
mod parked;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use filter::Snapshot;
use http::Response;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::body::Body;
use crate::config::{IcapDoor, KnownBy};
use crate::network::plain;
use crate::ports::Door;
use crate::server::Keeper;
use crate::who::Visit;
use coming::{Begun, PREVIEW_BYTES};
use judge::{Asking, Verdict};
pub use message::try_bytes;
use message::{Head, HttpRequest, HttpResponse, LAST_CHUNK, Verb};
use parked::Parked;

/// Where requests are asked about.
const REQMOD: &str = "/reqmod";
/// Where responses are asked about.
const RESPMOD: &str = "/respmod";
/// How long a client keeps what it was told about a service, in seconds.
const OPTIONS_SECONDS: u64 = 300;
/// Connections at one door.
const CONNECTIONS_LIMIT: usize = 1000;
/// How often it is looked whether a request has waited for its response for too long: this part of the wait.
const SWEEPS: u32 = 8;
/// Pause after the system could not take a connection, in milliseconds.
const PAUSE_MS: u64 = 50;

/// An open door.
pub(crate) struct Open {
    pub(crate) door: Arc<IcapDoor>,
    listener: TcpListener,
}

impl Open {
    pub(crate) async fn bind(door: &IcapDoor) -> io::Result<Self> {
        Ok(Self { door: Arc::new(door.clone()), listener: TcpListener::bind(door.address).await? })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Answers until the gateway stops.
pub(crate) async fn serve(keeper: Arc<Keeper>, open: Open) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
    let tag = Arc::new(Tag::default());
    let parked = Arc::new(Parked::default());
    keeper.tasks.spawn(sweep(Arc::clone(&keeper), Arc::clone(&parked)));
    loop {
        let place = tokio::select! {
            () = keeper.stop.cancelled() => return,
            place = Arc::clone(&room).acquire_owned() => place,
        };
        let Ok(place) = place else { return };
        let came = tokio::select! {
            () = keeper.stop.cancelled() => return,
            came = open.listener.accept() => came,
        };
        let Ok((stream, from)) = came else {
            tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
            continue;
        };
        let Some(conversation) = admit(&keeper, &open.door, (&tag, &parked), stream, from) else { continue };
        let keeper = Arc::clone(&keeper);
        keeper.clone().tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                _ = conversation.run() => {}
                () = keeper.end.cancelled() => {}
            }
        });
    }
}

/// Records the requests whose responses were not asked about in the time that Haven's own proxy would wait for them.
async fn sweep(keeper: Arc<Keeper>, parked: Arc<Parked>) {
    let limit = keeper.config.limits.upstream_head;
    loop {
        tokio::select! {
            () = keeper.stop.cancelled() => return parked.sweep(Duration::ZERO),
            () = tokio::time::sleep(limit / SWEEPS) => parked.sweep(limit),
        }
    }
}

/// Only proxies that were named may ask: whoever may, may also say from where and for whom.
fn admit(
    keeper: &Arc<Keeper>,
    icap: &Arc<IcapDoor>,
    (tag, parked): (&Arc<Tag>, &Arc<Parked>),
    stream: TcpStream,
    from: SocketAddr,
) -> Option<Conversation> {
    keeper.counts.connections.add();
    let address = plain(from.ip());
    let door = Door { listener: icap.name.clone(), address };
    let is_named = icap.clients.iter().any(|network| network.contains(address));
    // How many may be open was counted before.
    let entered = if is_named { keeper.doors.enter(door.clone(), usize::MAX) } else { None };
    let Some(entered) = entered else {
        keeper.counts.connections_refused.add();
        return None;
    };
    // Small writes should not wait; a failure to set this only makes the connection slower.
    let _ = stream.set_nodelay(true);
    let visit = Visit {
        keeper: Arc::clone(keeper),
        door,
        // The door is the proxy's own: where a browser stands is told with each question.
        at_device: false,
        known_by: KnownBy::Nothing,
        shown: None,
        named: None,
        held: Arc::default(),
        lines: Arc::default(),
        _entered: Arc::new(entered),
    };
    let (read, write) = stream.into_split();
    Some(Conversation {
        visit: Arc::new(visit),
        icap: Arc::clone(icap),
        tag: Arc::clone(tag),
        parked: Arc::clone(parked),
        reader: BufReader::with_capacity(16 * 1024, read),
        writer: write,
    })
}

/// The tag by which a client knows whether what it kept is still right: it changes with the policy, the lists, the rules that
/// people decided, and lessons.
#[derive(Default)]
struct Tag(Mutex<Option<(Arc<Snapshot>, String)>>);

impl Tag {
    fn of(&self, snapshot: Option<Arc<Snapshot>>) -> String {
        let Some(snapshot) = snapshot else { return "no-policy".to_owned() };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tag)) = kept.as_ref().filter(|(of, _)| Arc::ptr_eq(of, &snapshot)) {
            return tag.clone();
        }
        let mut digest = Sha256::new();
        digest.update(&snapshot.pack.digest);
        digest.update([0]);
        digest.update(&snapshot.lists.digest);
        for rule in &snapshot.local {
            digest.update(format!("\0{rule:?}"));
        }
        digest.update(snapshot.closing());
        let tag: String = digest.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        *kept = Some((snapshot, tag.clone()));
        tag
    }
}

/// One connection of a client, with one message after another.
struct Conversation {
    visit: Arc<Visit>,
    icap: Arc<IcapDoor>,
    tag: Arc<Tag>,
    parked: Arc<Parked>,
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

/// What is asked about.
enum Ask {
    Request(HttpRequest),
    Response(HttpRequest, HttpResponse),
}

impl Ask {
    /// How its parts are called where they are encapsulated.
    fn kind(&self) -> &'static str {
        match self {
            Self::Request(_) => "req",
            Self::Response(..) => "res",
        }
    }
}

impl Conversation {
    async fn run(mut self) -> io::Result<()> {
        loop {
            let idle = self.visit.keeper.config.limits.idle;
            let stop = self.visit.keeper.stop.clone();
            let head = tokio::select! {
                head = timeout(idle, message::read_head(&mut self.reader)) => head?,
                () = stop.cancelled() => return Ok(()),
            };
            let head = match head {
                Ok(None) => return Ok(()),
                Ok(Some(bytes)) => Head::parse(&bytes).map_err(io::Error::from),
                Err(error) => Err(error),
            };
            // RFC 3507, 4.1: connections end as those of HTTP/1.1 do.
            let last = head.as_ref().is_ok_and(Head::is_last);
            let answered = match head {
                Ok(head) => self.answer(&head).await,
                Err(error) => Err(error),
            };
            match answered {
                Ok(true) if !last => {}
                Ok(_) => return self.writer.shutdown().await,
                Err(error) => {
                    if error.kind() == io::ErrorKind::InvalidData {
                        self.visit.keeper.counts.malformed.add();
                        self.teller().say("400 Bad Request", "Connection: close\r\n", "null-body=0").await?;
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Answers one message; false if nothing can come after it.
    async fn answer(&mut self, head: &Head) -> io::Result<bool> {
        let request = self.part(head.inside.request_bytes).await?;
        let response = self.part(head.inside.response_bytes).await?;
        let over = match (head.verb, head.service.as_str()) {
            (Some(Verb::Options), REQMOD) => return self.options("REQMOD").await.map(|()| true),
            (Some(Verb::Options), RESPMOD) => return self.options("RESPMOD").await.map(|()| true),
            (Some(Verb::Reqmod), REQMOD) => {
                return self.judge(head, Ask::Request(HttpRequest::parse(&request)?), request).await;
            }
            (Some(Verb::Respmod), RESPMOD) => {
                let ask = Ask::Response(HttpRequest::parse(&request)?, HttpResponse::parse(&response)?);
                return self.judge(head, ask, response).await;
            }
            (None, _) => "501 Method Not Implemented",
            (_, REQMOD | RESPMOD) => "405 Method Not Allowed",
            _ => "404 ICAP Service Not Found",
        };
        self.teller().say(over, "Connection: close\r\n", "null-body=0").await.map(|()| false)
    }

    async fn options(&mut self, method: &str) -> io::Result<()> {
        let headers = format!(
            "Methods: {method}\r\nService: Haven\r\nMax-Connections: {CONNECTIONS_LIMIT}\r\nOptions-TTL: \
             {OPTIONS_SECONDS}\r\nAllow: 204\r\nPreview: {PREVIEW_BYTES}\r\nTransfer-Preview: *\r\n"
        );
        self.teller().say("200 OK", &headers, "null-body=0").await
    }

    /// Judges one request or response, whose head came so, and tells what becomes of it.
    async fn judge(&mut self, head: &Head, ask: Ask, came: Vec<u8>) -> io::Result<bool> {
        let idle = self.visit.keeper.config.limits.idle;
        let begun = match (head.inside.has_body, head.has_preview()) {
            (false, _) => Begun::none(),
            (true, true) => Begun::preview(&mut self.reader, idle).await?,
            (true, false) => Begun::on_its_way(),
        };
        let (kind, more) = (ask.kind(), begun.more);
        let (body, wanted, rest) = begun.open(idle);
        let (go, gone) = oneshot::channel();
        // What comes without a preview is not waiting to be asked for.
        let mut go = if head.has_preview() { Some(go) } else { go.send(()).err().and(None) };
        let mut teller = Teller { visit: &self.visit, tag: &self.tag, writer: &mut self.writer };
        let mut reading = pin!(rest.read(&mut self.reader, gone));
        let mut read = None;
        let asking = Asking { visit: &self.visit, icap: &self.icap, parked: &self.parked, head };
        let mut judging = pin!(async {
            match ask {
                Ask::Request(request) => judge::request(&asking, request, came, body).await,
                Ask::Response(request, response) => judge::response(&asking, request, response, came, body).await,
            }
        });
        let verdict = loop {
            tokio::select! {
                verdict = &mut judging => break verdict,
                () = wanted.notified(), if more && go.is_some() => teller.go_on(&mut go).await?,
                end = &mut reading, if read.is_none() => read = Some(end?),
            }
        };
        // Only the preview, or the whole of a short body, has come: no changes may be said even to who keeps nothing.
        let is_early = head.has_preview() && (go.is_some() || !more);
        match verdict {
            Verdict::On { body, same: true, .. } if head.allows_204() || is_early => {
                drop(body);
                teller.say("204 No Content", "", "null-body=0").await?;
            }
            Verdict::On { head: written, mut body, .. } => {
                if more && go.is_some() {
                    teller.go_on(&mut go).await?;
                }
                let parts = if head.inside.has_body { format!("{kind}-body") } else { "null-body".to_owned() };
                teller.say("200 OK", "", &format!("{kind}-hdr=0, {parts}={}", written.len())).await?;
                teller.write(&written).await?;
                if head.inside.has_body {
                    loop {
                        tokio::select! {
                            frame = body.frame() => match frame {
                                Some(Ok(frame)) => teller.chunk(frame.data_ref()).await?,
                                // It was cut off on its way: without its end the client does not take it for whole.
                                Some(Err(_)) => return Err(io::ErrorKind::ConnectionAborted.into()),
                                None => break,
                            },
                            end = &mut reading, if read.is_none() => {
                                read = Some(end.map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?);
                            }
                        }
                    }
                    teller.write(LAST_CHUNK).await?;
                }
            }
            Verdict::Answer(answer) => teller.instead(answer).await?,
        }
        // Whoever was not asked for the rest does not send it.
        drop(go);
        match read {
            Some(can_go_on) => Ok(can_go_on),
            None => reading.await.map_err(|_| io::ErrorKind::ConnectionAborted.into()),
        }
    }

    async fn part(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let limit = self.visit.keeper.config.limits.head;
        timeout(limit, message::read_part(&mut self.reader, bytes)).await?
    }

    fn teller(&mut self) -> Teller<'_> {
        Teller { visit: &self.visit, tag: &self.tag, writer: &mut self.writer }
    }
}

/// Writes to a client.
struct Teller<'a> {
    visit: &'a Visit,
    tag: &'a Tag,
    writer: &'a mut OwnedWriteHalf,
}

impl Teller<'_> {
    async fn say(&mut self, status: &str, headers: &str, encapsulated: &str) -> io::Result<()> {
        let tag = self.tag.of(self.visit.keeper.ports.snapshots.current());
        let head = format!("ICAP/1.0 {status}\r\nISTag: \"{tag}\"\r\n{headers}Encapsulated: {encapsulated}\r\n\r\n");
        self.write(head.as_bytes()).await
    }

    /// Asks for what comes after the preview.
    async fn go_on(&mut self, go: &mut Option<oneshot::Sender<()>>) -> io::Result<()> {
        if let Some(go) = go.take() {
            self.write(b"ICAP/1.0 100 Continue\r\n\r\n").await?;
            // Whoever reads the rest waits for this, or has ended with an error of its own.
            let _ = go.send(());
        }
        Ok(())
    }

    /// Haven's own answer, in the place of what was asked about.
    async fn instead(&mut self, response: Response<Body>) -> io::Result<()> {
        let (mut parts, body) = response.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        parts.headers.insert(http::header::CONTENT_LENGTH, http::HeaderValue::from(body.len()));
        let written = message::written_response(parts.status, &parts.headers);
        let kind = if body.is_empty() { "null-body" } else { "res-body" };
        self.say("200 OK", "", &format!("res-hdr=0, {kind}={}", written.len())).await?;
        self.write(&written).await?;
        if !body.is_empty() {
            self.chunk(Some(&body)).await?;
            self.write(LAST_CHUNK).await?;
        }
        Ok(())
    }

    async fn chunk(&mut self, data: Option<&Bytes>) -> io::Result<()> {
        match data.filter(|data| !data.is_empty()) {
            Some(data) => self.write(&message::chunk(data)).await,
            None => Ok(()),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let limit = self.visit.keeper.config.limits.idle;
        timeout(limit, self.writer.write_all(bytes)).await?
    }
}
