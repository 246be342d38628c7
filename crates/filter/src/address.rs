//! One normal form for every address, so that the same place is judged the same however it is written.
//!
//! The normal form is for judging and for records. What goes to the other side is the request as it came.

mod embedded;
mod host;
mod percent;

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

pub(crate) use embedded::pairs;
pub use embedded::{Carried, EMBEDDED_LIMIT_ADDRESSES};
pub use host::{HOST_LIMIT_BYTES, LABEL_LIMIT_BYTES, host_chain, normal_host};
pub(crate) use percent::decoded;

/// Longest address that Haven judges, before and after it is brought to its normal form.
pub const ADDRESS_LIMIT_BYTES: usize = 8192;

/// Why an address cannot be judged. A request with such an address is refused by the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    #[error("the address is longer than {ADDRESS_LIMIT_BYTES} bytes")]
    TooLong,
    #[error("the address does not begin with http:// or https://")]
    NoScheme,
    #[error("the address begins with '{0}:', which Haven does not carry")]
    UnknownScheme(String),
    #[error("the address names no host")]
    NoHost,
    #[error("'{0}' is not the name of a host")]
    BadHost(String),
    #[error("'{0}' is not a port from 1 to 65535")]
    BadPort(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
    Ws,
    Wss,
    Connect,
}

impl Scheme {
    fn parse(text: &str) -> Result<Self, AddressError> {
        match text.to_ascii_lowercase().as_str() {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            "ws" => Ok(Self::Ws),
            "wss" => Ok(Self::Wss),
            "connect" => Ok(Self::Connect),
            other => Err(AddressError::UnknownScheme(other.chars().take(20).collect())),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Ws => "ws",
            Self::Wss => "wss",
            Self::Connect => "connect",
        }
    }

    /// The port that is meant when none is written; none for CONNECT, which must write it.
    fn default_port(self) -> Option<u16> {
        match self {
            Self::Http | Self::Ws => Some(80),
            Self::Https | Self::Wss => Some(443),
            Self::Connect => None,
        }
    }
}

/// An address in its normal form: scheme, host, port, path and query. A user name or password in it was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    scheme: Scheme,
    host: String,
    ip: Option<IpAddr>,
    port: u16,
    path: String,
    query: Option<String>,
}

impl Address {
    /// Reads an absolute address the way a browser does: blanks around it, tabs, line ends and back-slashes included.
    ///
    /// # Errors
    /// [`AddressError`] if it is over [`ADDRESS_LIMIT_BYTES`], has no scheme that Haven carries, or no good host or port.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        if url.len() > ADDRESS_LIMIT_BYTES {
            return Err(AddressError::TooLong);
        }
        let url: String =
            url.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
        let (scheme, rest) = url.split_once(':').ok_or(AddressError::NoScheme)?;
        if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
            return Err(AddressError::NoScheme);
        }
        if !rest.starts_with(['/', '\\']) {
            // `example.com:8080` has a colon too, and no scheme.
            return Err(if Scheme::parse(scheme).is_ok() { AddressError::NoHost } else { AddressError::NoScheme });
        }
        let rest = rest.trim_start_matches(['/', '\\']);
        let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
        let (authority, path_and_query) = rest.split_at(end);
        Self::from_parts(scheme, authority, path_and_query)
    }

    /// Puts an address together from what a request line and its Host header say.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn from_parts(scheme: &str, authority: &str, path_and_query: &str) -> Result<Self, AddressError> {
        Self::from_raw_parts(scheme, authority, path_and_query.as_bytes())
    }

    /// Reads the `host:port` of a CONNECT.
    ///
    /// # Errors
    /// As [`Address::parse`]; a missing port is a [`AddressError::BadPort`].
    pub fn from_authority(authority: &str) -> Result<Self, AddressError> {
        Self::from_raw_parts("connect", authority, b"")
    }

    /// As [`Address::from_parts`], for list files whose paths are in an older encoding than UTF-8.
    pub(crate) fn from_raw_parts(scheme: &str, authority: &str, path_and_query: &[u8]) -> Result<Self, AddressError> {
        if authority.len() + path_and_query.len() > ADDRESS_LIMIT_BYTES {
            return Err(AddressError::TooLong);
        }
        let scheme = Scheme::parse(scheme)?;
        let (host, port) = split_authority(authority)?;
        let port = match port {
            Some(port) => port,
            None => scheme.default_port().ok_or_else(|| AddressError::BadPort(String::new()))?,
        };
        let (host, ip) = normal_host(host)?;
        let before_fragment = path_and_query.split(|b| *b == b'#').next().unwrap_or_default();
        let mut parts = before_fragment.splitn(2, |b| *b == b'?');
        let path = percent::normal_path(parts.next().unwrap_or_default());
        let query = parts.next().map(percent::normal_query).filter(|query| !query.is_empty());
        let address = Self { scheme, host, ip, port, path, query };
        // What is no longer than half of it cannot have grown over it with a scheme, brackets and a port.
        let parts_bytes = address.host.len() + address.path.len() + address.query.as_ref().map_or(0, String::len);
        if parts_bytes > ADDRESS_LIMIT_BYTES / 2 && address.to_normal().len() > ADDRESS_LIMIT_BYTES {
            return Err(AddressError::TooLong);
        }
        Ok(address)
    }

    /// `http`, `https`, `ws`, `wss`, or `connect` for a tunnel of which only host and port are known.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.scheme.name()
    }

    /// Lower case, punycode, no trailing dot; IPv4 as four decimal numbers; IPv6 compressed and without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Begins with `/`; dot segments and doubled slashes are gone, percent-encoding is only where it is needed.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Without the question mark; none if it is empty.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The host as a number, if it is one. An IPv4 address inside an IPv6 one is the IPv4 address.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The host and every name above it, longest first: `a.b.c`, `b.c`, `c`. An IP address has no names above it.
    pub fn host_chain(&self) -> impl Iterator<Item = &str> {
        host_chain(&self.host, self.ip.is_some())
    }

    /// Addresses carried inside this one, to a translator, a cache, an archive or a web proxy: at most
    /// [`EMBEDDED_LIMIT_ADDRESSES`], in the order in which they stand.
    #[must_use]
    pub fn embedded(&self) -> Vec<Self> {
        self.carried().addresses
    }

    /// The same, and whether that is all.
    #[must_use]
    pub fn carried(&self) -> Carried {
        embedded::carried(self)
    }

    /// The form kept in records: without user name, without query (which may hold what somebody typed).
    #[must_use]
    pub fn to_record(&self) -> String {
        self.write(false)
    }

    /// The whole normal form, query included. [`Address::parse`] of it gives the same address.
    #[must_use]
    pub fn to_normal(&self) -> String {
        self.write(true)
    }

    fn write(&self, with_query: bool) -> String {
        let mut text = format!("{}://", self.scheme.name());
        if self.host.contains(':') {
            text.push('[');
            text.push_str(&self.host);
            text.push(']');
        } else {
            text.push_str(&self.host);
        }
        if self.scheme.default_port() != Some(self.port) {
            text.push(':');
            text.push_str(&self.port.to_string());
        }
        if self.scheme != Scheme::Connect {
            text.push_str(&self.path);
        }
        if let (true, Some(query)) = (with_query, &self.query) {
            text.push('?');
            text.push_str(query);
        }
        text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_record())
    }
}

/// Host and port of an authority; what stands before the last `@` is a user name and is dropped.
fn split_authority(authority: &str) -> Result<(&str, Option<u16>), AddressError> {
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, after)| after);
    let (host, port) = match host_and_port.rfind(']') {
        Some(end) => {
            let (host, rest) = host_and_port.split_at(end + 1);
            match rest.strip_prefix(':') {
                Some(port) => (host, port),
                None if rest.is_empty() => (host, ""),
                None => return Err(AddressError::BadHost(shortened(host_and_port))),
            }
        }
        None => host_and_port.rsplit_once(':').unwrap_or((host_and_port, "")),
    };
    if host.is_empty() {
        return Err(AddressError::NoHost);
    }
    if port.is_empty() {
        return Ok((host, None));
    }
    let number = port.bytes().all(|b| b.is_ascii_digit()).then(|| port.parse::<u16>().ok()).flatten();
    match number {
        Some(number) if number > 0 => Ok((host, Some(number))),
        _ => Err(AddressError::BadPort(shortened(port))),
    }
}

/// Enough of a bad text to find it by, never all of a hostile one.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
