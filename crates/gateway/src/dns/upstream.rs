//! Asks the organisation's resolvers: over UDP, over TCP where an answer does not fit, the next one where one is dead.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::message::{self, UDP_LIMIT_BYTES};
use crate::ports::Moment;

/// How long one resolver may take, in milliseconds. Askers give up after some five seconds.
const RESOLVER_LIMIT_MS: u64 = 1500;

/// Asks one resolver after the other. None if none gave an answer that can be used; a resolver's "I failed" is given on
/// if no other does better.
pub(super) async fn ask(
    resolvers: &[SocketAddr],
    moment: &dyn Moment,
    name: &Name,
    kind: RecordType,
) -> Option<Message> {
    let mut failed = None;
    for resolver in resolvers {
        // A fresh number and a fresh port for each: what answers must have seen the question.
        let mut id = [0_u8; 2];
        moment.fill_random(&mut id);
        let id = u16::from_be_bytes(id);
        let question = message::outgoing(id, name, kind)?;
        let asked = Asked { resolver: *resolver, id, name, kind, question: &question };
        match timeout(Duration::from_millis(RESOLVER_LIMIT_MS), asked.answer()).await {
            Ok(Some(answer)) if is_failure(&answer) => failed = Some(answer),
            Ok(Some(answer)) => return Some(answer),
            Ok(None) | Err(_) => {}
        }
    }
    failed
}

fn is_failure(answer: &Message) -> bool {
    !matches!(answer.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
}

struct Asked<'a> {
    resolver: SocketAddr,
    id: u16,
    name: &'a Name,
    kind: RecordType,
    question: &'a [u8],
}

impl Asked<'_> {
    async fn answer(&self) -> Option<Message> {
        let answer = self.over_udp().await?;
        if answer.metadata.truncation { self.over_tcp().await } else { Some(answer) }
    }

    async fn over_udp(&self) -> Option<Message> {
        let any: IpAddr =
            if self.resolver.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await.ok()?;
        socket.connect(self.resolver).await.ok()?;
        socket.send(self.question).await.ok()?;
        let mut buffer = vec![0_u8; usize::from(UDP_LIMIT_BYTES) * 4];
        loop {
            // Another's answer is nobody's: the right one may still come.
            let length = socket.recv(&mut buffer).await.ok()?;
            if let Some(answer) = self.read(buffer.get(..length)?) {
                return Some(answer);
            }
        }
    }

    async fn over_tcp(&self) -> Option<Message> {
        let mut stream = TcpStream::connect(self.resolver).await.ok()?;
        let length = u16::try_from(self.question.len()).ok()?;
        stream.write_all(&[length.to_be_bytes().as_slice(), self.question].concat()).await.ok()?;
        let mut buffer = vec![0_u8; usize::from(stream.read_u16().await.ok()?)];
        stream.read_exact(&mut buffer).await.ok()?;
        self.read(&buffer)
    }

    fn read(&self, bytes: &[u8]) -> Option<Message> {
        message::incoming(bytes, self.id, self.name, self.kind)
    }
}
