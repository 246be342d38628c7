//! A small resolver with scripted names, over UDP and TCP, that remembers what it was asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::svcb::{Alpn, EchConfigList, IpHint, Mandatory, SVCB, SvcParamKey, SvcParamValue};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, HTTPS, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

pub(crate) const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 215, 14);

#[derive(Clone)]
pub(crate) struct Resolver {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Resolver {
    pub(crate) async fn start() -> Self {
        // A port that is free for both: others start at the same time.
        let (udp, address, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = udp.local_addr().unwrap();
            if let Ok(tcp) = TcpListener::bind(address).await {
                break (udp, address, tcp);
            }
        };
        let resolver = Self { address, asked: Arc::default() };
        let (by_udp, by_tcp) = (resolver.clone(), resolver.clone());
        tokio::spawn(async move {
            let mut buffer = [0_u8; 4096];
            loop {
                let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
                let mut answer = by_udp.answer(&buffer[..length], "udp");
                // Somebody guesses: another number, and then another name.
                let mut wrong = answer.clone();
                wrong.metadata.id ^= 1;
                wrong.answers = vec![record("guessed.test.", a(Ipv4Addr::new(6, 6, 6, 6)))];
                udp.send_to(&wrong.to_vec().unwrap(), from).await.unwrap();
                if answer.to_vec().unwrap().len() > 1232 {
                    answer = answer.truncate();
                }
                udp.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let resolver = by_tcp.clone();
                tokio::spawn(async move {
                    while let Ok(length) = stream.read_u16().await {
                        let mut question = vec![0_u8; usize::from(length)];
                        stream.read_exact(&mut question).await.unwrap();
                        let answer = resolver.answer(&question, "tcp").to_vec().unwrap();
                        stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
                        stream.write_all(&answer).await.unwrap();
                    }
                });
            }
        });
        resolver
    }

    /// `udp A www.site.test`, in the order in which it was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, question: &[u8], way: &str) -> Message {
        let mut message = Message::from_vec(question).unwrap();
        let query = message.queries[0].clone();
        let name = query.name().to_ascii().to_lowercase();
        self.asked.lock().unwrap().push(format!("{way} {} {}", query.query_type(), name.trim_end_matches('.')));
        message.metadata.message_type = MessageType::Response;
        message.metadata.authentic_data = true;
        match script(&name, query.query_type()) {
            Some(records) => message.answers = records,
            None => message.metadata.response_code = ResponseCode::NXDomain,
        }
        // What nobody asked for, and would be believed by a careless reader.
        message.additionals.push(record("casino-royal.test.", a(PUBLIC)));
        message
    }
}

fn a(address: Ipv4Addr) -> RData {
    RData::A(A(address))
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn record(owner: &str, data: RData) -> Record {
    Record::from_rdata(name(owner), 86_400, data)
}

fn https(owner: &str, target: &str, hint: Ipv4Addr) -> Record {
    let params = vec![
        (SvcParamKey::Mandatory, SvcParamValue::Mandatory(Mandatory(vec![SvcParamKey::EchConfigList]))),
        (SvcParamKey::Alpn, SvcParamValue::Alpn(Alpn(vec!["h2".to_owned()]))),
        (SvcParamKey::Ipv4Hint, SvcParamValue::Ipv4Hint(IpHint(vec![A(hint)]))),
        (SvcParamKey::EchConfigList, SvcParamValue::EchConfigList(EchConfigList(vec![0, 4, 1, 2, 3, 4]))),
    ];
    record(owner, RData::HTTPS(HTTPS(SVCB::new(1, name(target), params))))
}

fn script(asked: &str, kind: RecordType) -> Option<Vec<Record>> {
    let one = |data| Some(vec![record(asked, data)]);
    match (asked, kind) {
        ("cloaked.test.", RecordType::A) => Some(vec![
            record("cloaked.test.", RData::CNAME(CNAME(name("edge.carrier.test.")))),
            record("edge.carrier.test.", RData::CNAME(CNAME(name("cdn.casino-royal.test.")))),
            record("cdn.casino-royal.test.", a(PUBLIC)),
        ]),
        ("advice.test.", RecordType::A) => Some(vec![
            record("advice.test.", RData::CNAME(CNAME(name("casino-royal.test.")))),
            record("casino-royal.test.", a(PUBLIC)),
        ]),
        ("stuffed.test.", RecordType::A) => {
            Some(vec![record("stuffed.test.", a(PUBLIC)), record("other.test.", a(PUBLIC))])
        }
        ("inside.test.", RecordType::A) => one(a(Ipv4Addr::new(192, 168, 1, 1))),
        ("inside.test.", RecordType::AAAA) => one(RData::AAAA(AAAA("::ffff:10.0.0.1".parse().unwrap()))),
        ("half-inside.test.", RecordType::A) => {
            Some(vec![record(asked, a(Ipv4Addr::new(127, 0, 0, 1))), record(asked, a(PUBLIC))])
        }
        ("intranet.test." | "haven.college.test.", RecordType::A) => one(a(Ipv4Addr::new(10, 20, 0, 5))),
        ("site.test.", RecordType::HTTPS) => Some(vec![https(asked, ".", PUBLIC)]),
        ("hinted.test.", RecordType::HTTPS) => Some(vec![https(asked, ".", Ipv4Addr::new(192, 168, 1, 1))]),
        ("served.test.", RecordType::HTTPS) => Some(vec![https(asked, "casino-royal.test.", PUBLIC)]),
        ("long.test.", RecordType::TXT) => {
            let texts = (0..40).map(|number| RData::TXT(TXT::new(vec![format!("{number:03}{}", "x".repeat(97))])));
            Some(texts.map(|data| record(asked, data)).collect())
        }
        ("nothing.test.", _) => None,
        (_, RecordType::A) => one(a(PUBLIC)),
        _ => Some(Vec::new()),
    }
}
