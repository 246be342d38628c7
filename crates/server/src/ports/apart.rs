//! Between machines: a gateway alone reaches Haven's pages over an encrypted connection that both ends know each other on.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gateway::{Authority, Wire};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::portal::Secret;
use crate::folder;
use crate::moment::Clock;
use crate::say::Failure;

/// The name that the pages show to gateways. No website has it: it is under the ending that is kept for private use.
const NAME: &str = "pages.haven.internal";
/// Connecting and shaking hands, in seconds.
const CONNECT_LIMIT_SECONDS: u64 = 5;
/// Least length of the shared secret, in characters.
const SECRET_MIN_CHARS: usize = 32;

/// Shows a certificate for [`NAME`], made by Haven's own authority and renewed as any other.
struct Shown(Arc<Authority>);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown(..)")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.server_name() != Some(NAME) {
            return None;
        }
        self.0.leaf(NAME, gateway::config::LEAF_CACHE, &Clock::real()).ok()
    }
}

fn cannot(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("The way between gateways and pages cannot be encrypted ({error}). Restore the authority."))
}

/// Takes connections of gateways.
pub(crate) fn acceptor(authority: &Arc<Authority>) -> Result<TlsAcceptor, Failure> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| cannot(&error))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Shown(Arc::clone(authority))));
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The way from a gateway to the pages.
pub(crate) struct There {
    address: SocketAddr,
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl There {
    /// Believes nobody but the authority that both machines have.
    pub(crate) fn new(address: SocketAddr, authority: &Authority) -> Result<Self, Failure> {
        let certificate = CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.map_err(|error| cannot(&error))?).map_err(|error| cannot(&error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| cannot(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let name = ServerName::try_from(NAME).map_err(|error| cannot(&error))?;
        Ok(Self { address, connector: TlsConnector::from(Arc::new(config)), name })
    }

    pub(crate) fn connect(&self) -> impl Future<Output = io::Result<Box<dyn Wire>>> + Send + 'static {
        let (address, connector, name) = (self.address, self.connector.clone(), self.name.clone());
        let connecting = async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(connector.connect(name, stream).await?) as Box<dyn Wire>)
        };
        async move {
            tokio::time::timeout(Duration::from_secs(CONNECT_LIMIT_SECONDS), connecting)
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        }
    }
}

/// The secret that gateways and pages share, from its file.
pub(crate) fn secret(file: &Path) -> Result<Secret, Failure> {
    let text = folder::read_secret(file)?;
    let text = text.trim();
    if text.len() < SECRET_MIN_CHARS || text.contains(|letter: char| !letter.is_ascii_graphic()) {
        return Err(Failure::new(format!(
            "{} holds no good secret. Write at least {SECRET_MIN_CHARS} letters and digits into it, the same on every machine: openssl rand -hex 32.",
            file.display()
        )));
    }
    Ok(Secret::shared(text))
}
