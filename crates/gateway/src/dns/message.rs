//! DNS messages: a question is read with care, an answer is built within its size, and what leads round the filter is taken out.

use std::collections::HashSet;
use std::net::IpAddr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::rdata::svcb::{IpHint, Mandatory, SVCB, SvcParamKey, SvcParamValue};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, HTTPS};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// Longest question that is read, in bytes. Real ones are far shorter.
pub(crate) const QUESTION_LIMIT_BYTES: usize = 4096;
/// Size of a message without EDNS (RFC 1035), in bytes.
const PLAIN_LIMIT_BYTES: u16 = 512;
/// Largest message over UDP, in bytes: one that is not cut into pieces on its way.
pub(crate) const UDP_LIMIT_BYTES: u16 = 1232;
/// Longest time for which an answer may be kept, in seconds: a new rule holds soon.
pub(crate) const TTL_LIMIT_SECONDS: u32 = 300;
/// How long Haven's own answers may be kept, in seconds.
const OWN_TTL_SECONDS: u32 = 60;
/// Most aliases that follow one another.
const ALIASES_LIMIT: usize = 16;
/// Option number of Extended DNS Errors (RFC 8914).
const EXTENDED_ERROR: u16 = 15;

/// Why an answer is what it is, in the words of RFC 8914.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// By the organisation's own policy.
    Blocked,
    /// Nobody may ask here.
    Prohibited,
    /// No policy is in force.
    NotReady,
    /// No upstream answered.
    NoneReached,
}

impl Why {
    fn number(self) -> u16 {
        match self {
            Self::NotReady => 14,
            Self::Blocked => 15,
            Self::Prohibited => 18,
            Self::NoneReached => 22,
        }
    }
}

/// One question, understood.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    id: u16,
    recursion_desired: bool,
    pub(crate) query: Query,
    /// Largest answer that the asker takes over UDP, in bytes; none without EDNS.
    edns_bytes: Option<u16>,
    /// Lower case, without the last dot; empty for the root. None for what is no host name.
    pub(crate) host: Option<String>,
}

/// What was read.
pub(crate) enum Read {
    Question(Box<Question>),
    /// It is told off with this answer.
    Answer(Vec<u8>),
    /// No answer: it is no question, and answering answers would never end.
    Nothing,
}

/// Reads one question.
pub(crate) fn read(bytes: &[u8]) -> Read {
    let (Some(&[id_high, id_low]), Some(flags)) = (bytes.first_chunk::<2>(), bytes.get(2)) else {
        return Read::Nothing;
    };
    let is_answer = flags & 0x80 != 0;
    if is_answer || bytes.len() < 12 || bytes.len() > QUESTION_LIMIT_BYTES {
        return Read::Nothing;
    }
    let id = u16::from_be_bytes([id_high, id_low]);
    if (flags >> 3) & 0x0f != 0 {
        return told_off(id, ResponseCode::NotImp, None);
    }
    let Ok(message) = Message::from_vec(bytes) else { return told_off(id, ResponseCode::FormErr, None) };
    let [query] = message.queries.as_slice() else { return told_off(id, ResponseCode::FormErr, None) };
    let question = Question {
        id,
        recursion_desired: message.metadata.recursion_desired,
        query: query.clone(),
        edns_bytes: message.edns.as_ref().map(|edns| edns.max_payload().max(PLAIN_LIMIT_BYTES)),
        host: host_of(query.name()),
    };
    if message.edns.as_ref().is_some_and(|edns| edns.version() != 0) {
        return told_off(id, ResponseCode::BADVERS, Some(&question));
    }
    let unanswered = matches!(query.query_type(), RecordType::AXFR | RecordType::IXFR | RecordType::ANY);
    if query.query_class() != DNSClass::IN || unanswered {
        return told_off(id, ResponseCode::NotImp, Some(&question));
    }
    Read::Question(Box::new(question))
}

fn told_off(id: u16, code: ResponseCode, question: Option<&Question>) -> Read {
    let bytes = match question {
        Some(question) => question.answer(code, Vec::new(), None).to_vec(),
        None => Message::error_msg(id, OpCode::Query, code).to_vec(),
    };
    bytes.map_or(Read::Nothing, Read::Answer)
}

/// A name as hosts are written; none if it has other letters than hosts have.
pub(crate) fn host_of(name: &Name) -> Option<String> {
    let mut host = String::new();
    for label in name.iter() {
        if !label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return None;
        }
        if !host.is_empty() {
            host.push('.');
        }
        host.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
    }
    Some(host)
}

impl Question {
    /// An answer to this question.
    pub(crate) fn answer(&self, code: ResponseCode, answers: Vec<Record>, why: Option<(Why, &str)>) -> Message {
        let mut message = Message::response(self.id, OpCode::Query);
        message.metadata.recursion_desired = self.recursion_desired;
        message.metadata.recursion_available = true;
        message.metadata.response_code = code;
        message.add_query(self.query.clone());
        message.answers = answers;
        if self.edns_bytes.is_some() {
            let mut edns = Edns::new();
            edns.set_max_payload(UDP_LIMIT_BYTES);
            edns.set_rcode_high(u8::try_from(u16::from(code) >> 4).unwrap_or(0));
            if let Some((why, text)) = why {
                let mut told = why.number().to_be_bytes().to_vec();
                told.extend_from_slice(text.as_bytes());
                edns.options_mut().insert(EdnsOption::Unknown(EXTENDED_ERROR, told));
            }
            message.set_edns(edns);
        }
        message
    }

    /// The answer as it is sent. Over UDP one that is too large says that it is whole over TCP.
    pub(crate) fn encode(&self, message: &Message, udp: bool) -> Option<Vec<u8>> {
        let bytes = message.to_vec().ok()?;
        let limit = if udp {
            usize::from(self.edns_bytes.unwrap_or(PLAIN_LIMIT_BYTES).min(UDP_LIMIT_BYTES))
        } else {
            usize::from(u16::MAX)
        };
        if bytes.len() <= limit { Some(bytes) } else { message.truncate().to_vec().ok() }
    }

    /// Haven's own records: addresses of the kind that was asked for.
    pub(crate) fn addresses(&self, owner: &Name, addresses: &[IpAddr]) -> Vec<Record> {
        let data = addresses.iter().filter_map(|address| match (address, self.query.query_type()) {
            (IpAddr::V4(v4), RecordType::A) => Some(RData::A(A(*v4))),
            (IpAddr::V6(v6), RecordType::AAAA) => Some(RData::AAAA(AAAA(*v6))),
            _ => None,
        });
        data.map(|data| Record::from_rdata(owner.clone(), OWN_TTL_SECONDS, data)).collect()
    }

    /// The record that leads to another name.
    pub(crate) fn alias(&self, to: &Name) -> Record {
        Record::from_rdata(self.query.name().clone(), OWN_TTL_SECONDS, RData::CNAME(CNAME(to.clone())))
    }
}

/// The question that goes upstream: recursion wanted, no signatures, in one piece.
pub(crate) fn outgoing(id: u16, name: &Name, kind: RecordType) -> Option<Vec<u8>> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name.clone(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_LIMIT_BYTES);
    message.set_edns(edns);
    message.to_vec().ok()
}

/// An upstream's answer to that question; none if it is an answer to something else, or cannot be read.
pub(crate) fn incoming(bytes: &[u8], id: u16, name: &Name, kind: RecordType) -> Option<Message> {
    let message = Message::from_vec(bytes).ok()?;
    let [query] = message.queries.as_slice() else { return None };
    let answers = message.metadata.message_type == MessageType::Response
        && message.metadata.id == id
        && query.name() == name
        && query.query_type() == kind
        && query.query_class() == DNSClass::IN;
    answers.then_some(message)
}

/// What came from upstream, with only what belongs to the question, and without what leads round the filter.
pub(crate) struct Cleaned {
    pub(crate) code: ResponseCode,
    pub(crate) answers: Vec<Record>,
    /// The zone's own record, by which "there is none" may be kept for a while.
    pub(crate) authority: Option<Record>,
    /// Names that the one that was asked for is an alias of, or serves itself under.
    pub(crate) aliases: Vec<Name>,
    /// Whether keys for hiding names (ECH) were taken out.
    pub(crate) had_ech: bool,
    /// Whether addresses of somebody's inside were taken out.
    pub(crate) had_private: bool,
}

/// Takes out of an answer: records about other names, keys for hiding names, and addresses that `reachable` refuses.
pub(crate) fn clean(message: Message, name: &Name, reachable: impl Fn(IpAddr) -> bool) -> Cleaned {
    let code = message.metadata.response_code;
    let chain = chain(&message, name);
    let owners: HashSet<Name> = chain.iter().map(Name::to_lowercase).collect();
    let mut cleaned = Cleaned {
        code,
        answers: Vec::new(),
        authority: message.authorities.into_iter().find(|record| matches!(record.data, RData::SOA(_))),
        aliases: chain.into_iter().skip(1).collect(),
        had_ech: false,
        had_private: false,
    };
    for mut record in message.answers {
        let is_own = record.dns_class == DNSClass::IN && owners.contains(&record.name.to_lowercase());
        if !is_own || record.record_type().is_dnssec() {
            continue;
        }
        record.ttl = record.ttl.min(TTL_LIMIT_SECONDS);
        let keep = match &mut record.data {
            RData::A(A(v4)) => reachable(IpAddr::V4(*v4)),
            RData::AAAA(AAAA(v6)) => reachable(IpAddr::V6(*v6)),
            RData::SVCB(service) | RData::HTTPS(HTTPS(service)) => {
                cleaned.serve(service, &reachable);
                true
            }
            _ => true,
        };
        if keep {
            cleaned.answers.push(record);
        } else {
            cleaned.had_private = true;
        }
    }
    if let Some(authority) = &mut cleaned.authority {
        authority.ttl = authority.ttl.min(TTL_LIMIT_SECONDS);
    }
    cleaned
}

impl Cleaned {
    fn serve(&mut self, service: &mut SVCB, reachable: &impl Fn(IpAddr) -> bool) {
        if !service.target_name.is_root() {
            self.aliases.push(service.target_name.clone());
        }
        let is_inside = |value: &SvcParamValue| match value {
            SvcParamValue::Ipv4Hint(IpHint(hints)) => hints.iter().any(|hint| !reachable(IpAddr::V4(hint.0))),
            SvcParamValue::Ipv6Hint(IpHint(hints)) => hints.iter().any(|hint| !reachable(IpAddr::V6(hint.0))),
            _ => false,
        };
        let mut gone = Vec::new();
        service.svc_params.retain(|(key, value)| {
            let is_ech = *key == SvcParamKey::EchConfigList;
            let inside = is_inside(value);
            self.had_ech |= is_ech;
            self.had_private |= inside;
            if is_ech || inside {
                gone.push(*key);
            }
            !(is_ech || inside)
        });
        // What is no longer there cannot be needed.
        for (_, value) in &mut service.svc_params {
            if let SvcParamValue::Mandatory(Mandatory(keys)) = value {
                keys.retain(|key| !gone.contains(key));
            }
        }
        service
            .svc_params
            .retain(|(_, value)| !matches!(value, SvcParamValue::Mandatory(Mandatory(keys)) if keys.is_empty()));
    }
}

/// The name and what it is an alias of, in their order.
fn chain(message: &Message, name: &Name) -> Vec<Name> {
    let mut chain = vec![name.clone()];
    while chain.len() <= ALIASES_LIMIT {
        let Some(last) = chain.last() else { break };
        let next = message.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(CNAME(to)) if record.name == *last => Some(to.clone()),
            _ => None,
        });
        match next {
            Some(next) if !chain.contains(&next) => chain.push(next),
            _ => break,
        }
    }
    chain
}

/// Everything that hostile bytes can reach, for the fuzzer: as a question, and as an answer from upstream.
pub fn try_bytes(bytes: &[u8]) {
    if let Read::Question(question) = read(bytes) {
        let message = question.answer(ResponseCode::NXDomain, Vec::new(), Some((Why::Blocked, "clause")));
        let sent = question.encode(&message, true);
        assert!(
            sent.is_some_and(|sent| sent.len() <= usize::from(UDP_LIMIT_BYTES)),
            "an answer over UDP has its limit"
        );
    }
    let Ok(message) = Message::from_vec(bytes) else { return };
    let Some(name) = message.queries.first().map(|query| query.name().clone()) else { return };
    let cleaned = clean(message, &name, crate::network::is_public);
    let mut again = Message::response(1, OpCode::Query);
    again.answers = cleaned.answers;
    if let Ok(bytes) = again.to_vec()
        && let Ok(read) = Message::from_vec(&bytes)
    {
        let twice = clean(read, &name, crate::network::is_public);
        assert!(!twice.had_ech && !twice.had_private, "what was taken out stays out");
    }
}
