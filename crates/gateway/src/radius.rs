//! RADIUS accounting on the wire (RFC 2866, with the IPv6 attributes of RFC 3162 and RFC 6911): what a network says about who
//! uses which address, and the answer that it was heard.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use md5::{Digest, Md5};

/// Longest packet, in bytes (RFC 2865, 3).
pub const PACKET_LIMIT_BYTES: usize = 4096;
const HEAD_BYTES: usize = 20;
const AUTHENTICATOR_BYTES: usize = 16;
/// Most addresses that are taken from one packet.
const ADDRESSES_LIMIT: usize = 16;
const ACCOUNTING_REQUEST: u8 = 4;
const ACCOUNTING_RESPONSE: u8 = 5;

const USER_NAME: u8 = 1;
const NAS_IP_ADDRESS: u8 = 4;
const FRAMED_IP_ADDRESS: u8 = 8;
const NAS_IDENTIFIER: u8 = 32;
const PROXY_STATE: u8 = 33;
const STATUS_TYPE: u8 = 40;
const SESSION_ID: u8 = 44;
const EVENT_TIMESTAMP: u8 = 55;
const NAS_IPV6_ADDRESS: u8 = 95;
const FRAMED_IPV6_ADDRESS: u8 = 168;

/// Why a packet is not listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RadiusError {
    #[error("not a RADIUS packet")]
    Malformed,
    #[error("not an Accounting-Request")]
    NotAccounting,
    #[error("it was not made with the shared secret")]
    Secret,
}

/// What a network says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Start,
    Interim,
    Stop,
    /// The network's device has started anew, or ends: nothing that it said before holds.
    Reset,
    /// Something that says nothing about who uses which address.
    Other,
}

/// An Accounting-Request that was made with the shared secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub identifier: u8,
    pub authenticator: [u8; AUTHENTICATOR_BYTES],
    pub status: Status,
    /// Empty if it names nobody.
    pub user: String,
    /// Of the connection, as the device counts its own.
    pub session: String,
    /// The device, by what it says of itself; empty if it says nothing.
    pub device: String,
    /// The addresses of the user's computer.
    pub addresses: Vec<IpAddr>,
    /// When it happened, in seconds since 1970; none if it does not say.
    pub happened_at: Option<u32>,
    proxy_states: Vec<u8>,
}

/// Reads a packet and checks that it was made with the shared secret.
///
/// # Errors
/// [`RadiusError`]; nothing is answered then.
pub fn read(bytes: &[u8], secret: &[u8]) -> Result<Request, RadiusError> {
    let head = bytes.first_chunk::<HEAD_BYTES>().ok_or(RadiusError::Malformed)?;
    let [code, identifier, high, low, authenticator @ ..] = *head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if !(HEAD_BYTES..=PACKET_LIMIT_BYTES).contains(&length) {
        return Err(RadiusError::Malformed);
    }
    // What stands behind the length is padding (RFC 2865, 3).
    let attributes = bytes.get(HEAD_BYTES..length).ok_or(RadiusError::Malformed)?;
    if code != ACCOUNTING_REQUEST {
        return Err(RadiusError::NotAccounting);
    }
    let made = Md5::new()
        .chain_update([code, identifier, high, low])
        .chain_update([0; AUTHENTICATOR_BYTES])
        .chain_update(attributes)
        .chain_update(secret)
        .finalize();
    if !same(&made, &authenticator) {
        return Err(RadiusError::Secret);
    }
    let mut request = Request {
        identifier,
        authenticator,
        status: Status::Other,
        user: String::new(),
        session: String::new(),
        device: String::new(),
        addresses: Vec::new(),
        happened_at: None,
        proxy_states: Vec::new(),
    };
    request.take(attributes)?;
    Ok(request)
}

/// An Accounting-Request with these attributes, as a network's device makes it: for tests and trials.
#[must_use]
pub fn accounting_request(identifier: u8, attributes: &[u8], secret: &[u8]) -> Vec<u8> {
    let length = u16::try_from(HEAD_BYTES + attributes.len()).unwrap_or(u16::MAX).to_be_bytes();
    let head = [ACCOUNTING_REQUEST, identifier, length[0], length[1]];
    let made = Md5::new()
        .chain_update(head)
        .chain_update([0; AUTHENTICATOR_BYTES])
        .chain_update(attributes)
        .chain_update(secret)
        .finalize();
    [&head[..], &made, attributes].concat()
}

/// Compares in a time that does not depend on where the two differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

impl Request {
    fn take(&mut self, mut attributes: &[u8]) -> Result<(), RadiusError> {
        let mut named = String::new();
        while let [kind, length, ..] = *attributes {
            let (one, rest) = attributes.split_at_checked(usize::from(length)).ok_or(RadiusError::Malformed)?;
            let value = one.get(2..).ok_or(RadiusError::Malformed)?;
            attributes = rest;
            match kind {
                USER_NAME => self.user = text(value)?,
                SESSION_ID => self.session = text(value)?,
                NAS_IDENTIFIER => named = text(value)?,
                NAS_IP_ADDRESS | NAS_IPV6_ADDRESS => self.device = address(value)?.to_string(),
                FRAMED_IP_ADDRESS | FRAMED_IPV6_ADDRESS => {
                    let address = address(value)?;
                    // All ones and all but the last: "let the user choose", "choose one" (RFC 2865, 5.8).
                    let real = !address.is_unspecified()
                        && !matches!(address, IpAddr::V4(v4) if u32::from(v4) >= u32::MAX - 1);
                    if real && self.addresses.len() < ADDRESSES_LIMIT {
                        self.addresses.push(crate::network::plain(address));
                    }
                }
                STATUS_TYPE => self.status = status(number(value)?),
                EVENT_TIMESTAMP => self.happened_at = Some(number(value)?),
                PROXY_STATE => self.proxy_states.extend_from_slice(one),
                _ => {}
            }
        }
        if !named.is_empty() {
            self.device = named;
        }
        if attributes.is_empty() { Ok(()) } else { Err(RadiusError::Malformed) }
    }

    /// The Accounting-Response: that this very request was heard. What a proxy on the way added goes back with it.
    #[must_use]
    pub fn response(&self, secret: &[u8]) -> Vec<u8> {
        let length = u16::try_from(HEAD_BYTES + self.proxy_states.len()).unwrap_or(u16::MAX).to_be_bytes();
        let head = [ACCOUNTING_RESPONSE, self.identifier, length[0], length[1]];
        let authenticator = Md5::new()
            .chain_update(head)
            .chain_update(self.authenticator)
            .chain_update(&self.proxy_states)
            .chain_update(secret)
            .finalize();
        [&head[..], &authenticator, &self.proxy_states].concat()
    }
}

fn status(number: u32) -> Status {
    match number {
        1 => Status::Start,
        2 => Status::Stop,
        3 => Status::Interim,
        7 | 8 => Status::Reset,
        _ => Status::Other,
    }
}

fn text(value: &[u8]) -> Result<String, RadiusError> {
    let text = std::str::from_utf8(value).map_err(|_| RadiusError::Malformed)?;
    if text.contains('\0') { Err(RadiusError::Malformed) } else { Ok(text.to_owned()) }
}

fn number(value: &[u8]) -> Result<u32, RadiusError> {
    value.try_into().map(u32::from_be_bytes).map_err(|_| RadiusError::Malformed)
}

fn address(value: &[u8]) -> Result<IpAddr, RadiusError> {
    if let Ok(four) = <[u8; 4]>::try_from(value) {
        return Ok(IpAddr::V4(Ipv4Addr::from(four)));
    }
    <[u8; 16]>::try_from(value).map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes))).map_err(|_| RadiusError::Malformed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    /// A packet as a network makes it.
    fn packet(code: u8, attributes: &[(u8, &[u8])], secret: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.push(*kind);
            body.push(u8::try_from(value.len() + 2).unwrap());
            body.extend_from_slice(value);
        }
        let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
        let head = [code, 7, length[0], length[1]];
        let digest =
            Md5::new().chain_update(head).chain_update([0; 16]).chain_update(&body).chain_update(secret).finalize();
        [&head[..], &digest, &body].concat()
    }

    #[test]
    fn f13_a_packet_is_read_and_answered_as_the_standard_says() {
        let v6: Ipv6Addr = "2001:db8::7".parse().unwrap();
        let attributes: [(u8, &[u8]); 7] = [
            (USER_NAME, b"amina"),
            (STATUS_TYPE, &[0, 0, 0, 1]),
            (SESSION_ID, b"S-1"),
            (FRAMED_IP_ADDRESS, &[10, 0, 0, 7]),
            (FRAMED_IPV6_ADDRESS, &v6.octets()),
            (NAS_IDENTIFIER, b"ap-4"),
            (PROXY_STATE, b"xyz"),
        ];
        let request = read(&packet(4, &attributes, b"secret"), b"secret").unwrap();
        assert_eq!((request.status, request.user.as_str(), request.session.as_str()), (Status::Start, "amina", "S-1"));
        assert_eq!(request.addresses, ["10.0.0.7".parse::<IpAddr>().unwrap(), IpAddr::V6(v6)]);
        assert_eq!(request.device, "ap-4");
        let response = request.response(b"secret");
        assert_eq!(&response[..4], &[5, 7, 0, 25]);
        assert_eq!(&response[20..], b"\x21\x05xyz", "what the proxy added goes back");
        let mut check = response.clone();
        check[4..20].copy_from_slice(&request.authenticator);
        check.extend_from_slice(b"secret");
        assert_eq!(&response[4..20], Md5::digest(&check).as_slice());
    }

    #[test]
    fn f13_another_secret_a_changed_byte_or_nonsense_is_not_listened_to() {
        let good = packet(4, &[(USER_NAME, b"amina"), (STATUS_TYPE, &[0, 0, 0, 1])], b"secret");
        assert_eq!(read(&good, b"other"), Err(RadiusError::Secret));
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            assert!(read(&bad, b"secret").is_err(), "byte {place}");
        }
        for cut in 0..good.len() {
            assert!(read(&good[..cut], b"secret").is_err(), "cut to {cut}");
        }
        let padded = [&good[..], b"padding"].concat();
        assert!(read(&padded, b"secret").is_ok());
        assert_eq!(read(&packet(1, &[], b"secret"), b"secret"), Err(RadiusError::NotAccounting));
        for (kind, value) in
            [(STATUS_TYPE, &b"abc"[..]), (FRAMED_IP_ADDRESS, b"abc"), (USER_NAME, b"\xff"), (USER_NAME, b"a\0b")]
        {
            assert_eq!(read(&packet(4, &[(kind, value)], b"secret"), b"secret"), Err(RadiusError::Malformed));
        }
    }

    #[test]
    fn an_address_that_only_asks_for_one_is_none() {
        let attributes: [(u8, &[u8]); 3] =
            [(FRAMED_IP_ADDRESS, &[255; 4]), (FRAMED_IP_ADDRESS, &[255, 255, 255, 254]), (FRAMED_IP_ADDRESS, &[0; 4])];
        assert!(read(&packet(4, &attributes, b"s"), b"s").unwrap().addresses.is_empty());
    }
}
