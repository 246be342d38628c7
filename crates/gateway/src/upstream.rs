//! The way to a website: its name becomes addresses, addresses that are somebody's inside are refused, and TLS is checked for real.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::StatusCode;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{Config, Limits, Reach};
use crate::network::{is_public, plain};
use crate::ports::Portal;
use crate::tls::{self, TowardsWebsites, TrustError};

/// Most addresses of one name that are tried.
const ADDRESSES_LIMIT: usize = 4;

/// Why a website was not reached. Each has an answer in plain words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("private address")]
    Private,
    #[error("name not found")]
    NotFound,
    #[error("connection refused")]
    Refused,
    #[error("not reachable")]
    Unreachable,
    #[error("took too long")]
    TimedOut,
    #[error("certificate not right")]
    Certificate,
    #[error("no secure conversation")]
    Tls,
    #[error("answer broken off or not understood")]
    Broken,
}

impl UpstreamError {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Private => StatusCode::FORBIDDEN,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Private => "This address cannot be opened from here",
            Self::NotFound => "We could not find this site",
            Self::Refused | Self::Unreachable => "This site is not answering",
            Self::TimedOut => "This site took too long",
            Self::Certificate => "This site's certificate is not right",
            Self::Tls => "We could not make a safe connection",
            Self::Broken => "This site's answer broke off",
        }
    }

    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Private => "It leads to a computer inside a private network, and not to a website.",
            Self::NotFound => "Check the spelling of the address. The site may also have moved or closed.",
            Self::Refused | Self::Unreachable => "The site may be closed or busy. Try again in a few minutes.",
            Self::TimedOut => "The site did not answer in time. Try again in a few minutes.",
            Self::Certificate => {
                "A certificate shows that a site is who it says it is. This one does not, so we did not open the site."
            }
            Self::Tls => "The site and Haven could not agree on a safe way to talk, so we did not open it.",
            Self::Broken => "The site stopped in the middle of its answer, or we could not understand it. Try again.",
        }
    }
}

impl From<io::Error> for UpstreamError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Unreachable,
        }
    }
}

/// Where a name leads, after every rule about addresses.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    host: String,
    addresses: Vec<SocketAddr>,
    /// Haven itself answers for this name; its certificates may come from the practice authority.
    named: bool,
}

/// Everything that is needed to reach websites.
pub(crate) struct Upstream {
    reach: Reach,
    limits: Limits,
    tls: TowardsWebsites,
    portal: Arc<dyn Portal>,
}

impl Upstream {
    pub(crate) fn new(
        config: &Config,
        listener_ports: &[u16],
        provider: &Arc<CryptoProvider>,
        portal: Arc<dyn Portal>,
    ) -> Result<Self, TrustError> {
        let mut reach = config.reach.clone();
        reach.own_ports.extend_from_slice(listener_ports);
        Ok(Self { reach, limits: config.limits.clone(), tls: TowardsWebsites::new(provider, &config.trust)?, portal })
    }

    /// Resolves a name and applies the rules to what came out, so that no name can lead inside (DNS rebinding).
    pub(crate) async fn locate(&self, host: &str, port: u16) -> Result<Target, UpstreamError> {
        if let Some(address) = self.portal.named_upstream(host, port) {
            return Ok(Target { host: host.to_owned(), addresses: vec![address], named: true });
        }
        let found = self.resolve(host, port).await?;
        let addresses: Vec<SocketAddr> =
            found.into_iter().filter(|address| self.may_reach(*address)).take(ADDRESSES_LIMIT).collect();
        if addresses.is_empty() {
            return Err(UpstreamError::Private);
        }
        Ok(Target { host: host.to_owned(), addresses, named: false })
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, UpstreamError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        if let Some(address) = self.reach.fixed_names.get(host) {
            return Ok(vec![SocketAddr::new(*address, port)]);
        }
        // Names without a dot, and `localhost` in any place, are inside names.
        if !host.contains('.') || host == "localhost" || host.ends_with(".localhost") {
            return Err(UpstreamError::Private);
        }
        let found = timeout(self.limits.connect, tokio::net::lookup_host((host, port))).await;
        let found: Vec<SocketAddr> =
            found.map_err(|_| UpstreamError::TimedOut)?.map_err(|_| UpstreamError::NotFound)?.collect();
        if found.is_empty() { Err(UpstreamError::NotFound) } else { Ok(found) }
    }

    fn is_allowed_inside(&self, address: IpAddr) -> bool {
        self.reach.private_networks.iter().any(|network| network.contains(plain(address)) || network.contains(address))
    }

    fn may_reach(&self, address: SocketAddr) -> bool {
        address.port() != 0
            && (is_public(address.ip())
                || (self.is_allowed_inside(address.ip())
                    && !(address.ip().is_loopback() && self.is_own_port(address.port()))))
    }

    fn is_own_port(&self, port: u16) -> bool {
        self.reach.own_ports.contains(&port)
    }

    /// Opens a connection to the first address that takes one.
    pub(crate) async fn dial(&self, target: &Target) -> Result<TcpStream, UpstreamError> {
        let mut last = UpstreamError::Unreachable;
        for address in &target.addresses {
            match timeout(self.limits.connect, TcpStream::connect(address)).await {
                Ok(Ok(stream)) if !target.named && self.is_this_machine(&stream) => return Err(UpstreamError::Private),
                Ok(Ok(stream)) => {
                    // Small writes should not wait; a failure to set this only makes the connection slower.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error.into(),
                Err(_) => last = UpstreamError::TimedOut,
            }
        }
        Err(last)
    }

    /// A connection that starts where it ends has come back to this machine by its public address. Its own ports are
    /// never reached so, and others only where the network was allowed.
    fn is_this_machine(&self, stream: &TcpStream) -> bool {
        let (Ok(from), Ok(to)) = (stream.local_addr(), stream.peer_addr()) else { return true };
        from.ip() == to.ip() && (self.is_own_port(to.port()) || !self.is_allowed_inside(to.ip()))
    }

    /// TLS with the website, its certificate checked against the name that was asked for.
    pub(crate) async fn secure(
        &self,
        target: &Target,
        stream: TcpStream,
        h2: bool,
    ) -> Result<TlsStream<TcpStream>, UpstreamError> {
        let name = ServerName::try_from(target.host.clone()).map_err(|_| UpstreamError::Certificate)?;
        let connector = TlsConnector::from(self.tls.config(target.named, h2));
        match timeout(self.limits.handshake, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(match tls::trouble(&error) {
                Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
                    UpstreamError::Certificate
                }
                _ => UpstreamError::Tls,
            }),
            Err(_) => Err(UpstreamError::TimedOut),
        }
    }
}
