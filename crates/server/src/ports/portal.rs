//! Brings browsers behind the proxy to Haven's own pages over an inner connection that says by which door they came.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use gateway::{Answer, Contact, Door, Wire};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::apart::There;

/// The first word of an inner connection.
const WORD: &str = "HAVEN-DOOR";
/// Longest first line of an inner connection, in bytes.
const LINE_LIMIT_BYTES: usize = 512;
/// How long the first line may take, in seconds.
const LINE_LIMIT_SECONDS: u64 = 5;
const SECRET_BYTES: usize = 32;

/// What an inner connection is opened with: made at every start and known to this process only, or shared with gateways on
/// machines of their own.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new() -> Self {
        let mut bytes = [0_u8; SECRET_BYTES];
        crate::moment::fill_random(&mut bytes);
        Self(hex::encode(bytes))
    }

    /// A secret that other machines know as well.
    pub(crate) fn shared(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Compares in a time that does not depend on where the two differ.
    fn is(&self, said: &str) -> bool {
        self.0.len() == said.len() && self.0.bytes().zip(said.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
    }
}

/// Where a practice site is served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Practice {
    pub(crate) plain: SocketAddr,
    pub(crate) secure: SocketAddr,
}

/// The name at which a browser is asked for its pass, beside that of the pages.
pub(crate) fn pass_host(host: &str) -> String {
    format!("pass.{host}")
}

/// Where the pages are.
pub(crate) enum Way {
    /// In this process, over loopback.
    Here(SocketAddr),
    /// On another machine.
    There(There),
}

/// The portal as the gateway sees it.
pub(crate) struct Inner {
    pub(crate) host: String,
    pub(crate) way: Way,
    pub(crate) secret: Secret,
    pub(crate) practice: Option<Practice>,
    pub(crate) whom_to_talk_to: String,
    pub(crate) organisation: String,
}

impl gateway::Portal for Inner {
    fn is_portal(&self, host: &str) -> bool {
        host == self.host
    }

    fn gate_address(&self) -> String {
        format!("http://{}/gate", self.host)
    }

    fn prove_address(&self) -> String {
        format!("http://{}/prove", self.host)
    }

    fn pass_address(&self) -> String {
        format!("http://{}/", pass_host(&self.host))
    }

    fn is_pass(&self, host: &str) -> bool {
        host == pass_host(&self.host)
    }

    fn decision_address(&self, reference: &str) -> String {
        format!("http://{}/blocked/{reference}", self.host)
    }

    fn connect(&self, door: &Door, secure: bool) -> Answer<io::Result<Box<dyn Wire>>> {
        let line = first_line(&self.secret, door, secure);
        match &self.way {
            Way::Here(address) => {
                let address = *address;
                Box::pin(async move {
                    let stream = TcpStream::connect(address).await?;
                    stream.set_nodelay(true)?;
                    introduce(Box::new(stream), &line).await
                })
            }
            Way::There(there) => {
                let connecting = there.connect();
                Box::pin(async move { introduce(connecting.await?, &line).await })
            }
        }
    }

    fn named_upstream(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let practice =
            self.practice.filter(|_| host.ends_with(".test") && !self.is_portal(host) && !self.is_pass(host))?;
        match port {
            80 => Some(practice.plain),
            443 => Some(practice.secure),
            _ => None,
        }
    }

    fn contact(&self) -> Contact {
        Contact {
            whom_to_talk_to: self.whom_to_talk_to.clone(),
            organisation: self.organisation.clone(),
            report_address: format!("http://{}/report", self.host),
            practice: self.practice.is_some(),
        }
    }
}

async fn introduce(mut stream: Box<dyn Wire>, line: &str) -> io::Result<Box<dyn Wire>> {
    stream.write_all(line.as_bytes()).await?;
    stream.flush().await?;
    Ok(stream)
}

fn first_line(secret: &Secret, door: &Door, secure: bool) -> String {
    let scheme = if secure { "https" } else { "http" };
    format!("{WORD} {} {} {} {scheme}\r\n", secret.0, hex::encode(&door.listener), door.address)
}

/// Reads the first line of an inner connection: the door, and whether the browser's side is encrypted. None for whoever
/// does not know the secret.
pub(crate) async fn introduced<S: AsyncRead + Unpin>(stream: &mut S, secret: &Secret) -> Option<(Door, bool)> {
    let line = tokio::time::timeout(Duration::from_secs(LINE_LIMIT_SECONDS), read_line(stream)).await.ok()??;
    let mut words = line.split(' ');
    let (word, said) = (words.next()?, words.next()?);
    if word != WORD || !secret.is(said) {
        return None;
    }
    let listener = String::from_utf8(hex::decode(words.next()?).ok()?).ok()?;
    let address = words.next()?.parse().ok()?;
    let secure = match words.next()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    words.next().is_none().then_some((Door { listener, address }, secure))
}

/// A line byte by byte: what follows belongs to the page's own conversation.
async fn read_line<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut line = Vec::new();
    while line.len() < LINE_LIMIT_BYTES {
        match stream.read_u8().await.ok()? {
            b'\n' => return String::from_utf8(line).ok(),
            b'\r' => {}
            byte => line.push(byte),
        }
    }
    None
}

/// Any free port on this machine only.
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn door() -> Door {
        Door { listener: "class room, 4".to_owned(), address: "10.1.2.3".parse().unwrap() }
    }

    #[tokio::test]
    async fn a_connection_with_the_secret_tells_its_door() {
        let secret = Secret::new();
        let text = format!("{}GET / HTTP/1.1\r\n", first_line(&secret, &door(), true));
        let mut stream = text.as_bytes();
        assert_eq!(introduced(&mut stream, &secret).await, Some((door(), true)));
        assert_eq!(stream, b"GET / HTTP/1.1\r\n", "the rest is left for the page");
    }

    #[tokio::test]
    async fn s6_nobody_else_can_say_by_which_door_they_came() {
        let secret = Secret::new();
        let theirs = first_line(&Secret::new(), &door(), false);
        let good = first_line(&secret, &door(), false);
        let long = "x".repeat(LINE_LIMIT_BYTES * 2);
        for line in [
            theirs,
            long,
            "GET / HTTP/1.1\r\n\r\n".to_owned(),
            good.replace("http", "ftp"),
            good.replace("\r\n", " more\r\n"),
            String::new(),
        ] {
            assert_eq!(introduced(&mut line.as_bytes(), &secret).await, None, "{line}");
        }
    }
}
