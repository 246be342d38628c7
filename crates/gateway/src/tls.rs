//! TLS on both sides: towards the client with Haven's certificates, towards the website with real checking.

use std::io;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::config::Trust;

pub(crate) const H1: &[u8] = b"http/1.1";
pub(crate) const H2: &[u8] = b"h2";

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("an authority that was named cannot be read as PEM: {0}")]
    Unreadable(String),
    #[error("no authority is believed: name some, or switch the public ones on")]
    Nobody,
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The cryptography of both sides: all that is good, and of two equally good suites the one with 128 bits first, as browsers
/// ask for it. The other would cost a twelfth of a new connection for SHA-384, which processors have no instructions for.
pub(crate) fn provider() -> CryptoProvider {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    let is_shorter = |suite: CipherSuite| {
        matches!(
            suite,
            CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        )
    };
    // The newer version before the older one, whatever the suite.
    provider.cipher_suites.sort_by_key(|suite| (suite.tls13().is_none(), !is_shorter(suite.suite())));
    provider
}

/// One certificate, whatever name the client asks for: the leaf was made for the name of the CONNECT.
#[derive(Debug)]
struct OneLeaf(Arc<CertifiedKey>);

impl ResolvesServerCert for OneLeaf {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Towards the client, with one leaf. Sessions are never resumed: each connection is judged by itself.
pub(crate) fn towards_client(
    provider: &Arc<CryptoProvider>,
    leaf: Arc<CertifiedKey>,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(OneLeaf(leaf)));
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    // The order is ours: a program that asks for the dear suite first takes the other one just as well.
    config.ignore_client_order = true;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Towards websites: one set of settings for each choice of protocols, so that each keeps its own sessions.
pub(crate) struct TowardsWebsites {
    public: Pair,
    named: Pair,
}

/// How this machine speaks to websites over TLS with the authorities of `trust`: for whatever else is fetched from them.
///
/// # Errors
/// [`TrustError`] if an authority cannot be read, or nobody would be believed.
pub fn towards_websites(trust: &Trust) -> Result<Arc<ClientConfig>, TrustError> {
    let provider = Arc::new(provider());
    Ok(TowardsWebsites::new(&provider, trust)?.config(false, false))
}

struct Pair {
    h1: Arc<ClientConfig>,
    h2: Arc<ClientConfig>,
}

impl TowardsWebsites {
    pub(crate) fn new(provider: &Arc<CryptoProvider>, trust: &Trust) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        if trust.public_authorities {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if trust.machine_authorities {
            let found = rustls_native_certs::load_native_certs();
            let (added, ignored) = roots.add_parsable_certificates(found.certs);
            tracing::info!(added, ignored, "authorities of this machine");
        }
        for pem in &trust.extra_pem {
            add(&mut roots, pem)?;
        }
        let mut named = roots.clone();
        if let Some(pem) = &trust.practice_pem {
            add(&mut named, pem)?;
        }
        if named.is_empty() {
            return Err(TrustError::Nobody);
        }
        Ok(Self { public: Pair::new(provider, roots)?, named: Pair::new(provider, named)? })
    }

    /// The settings for a website: whether it was named, and whether the client speaks HTTP/2.
    pub(crate) fn config(&self, named: bool, h2: bool) -> Arc<ClientConfig> {
        let pair = if named { &self.named } else { &self.public };
        Arc::clone(if h2 { &pair.h2 } else { &pair.h1 })
    }
}

impl Pair {
    fn new(provider: &Arc<CryptoProvider>, roots: RootCertStore) -> Result<Self, rustls::Error> {
        let mut h1 = ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut h2 = h1.clone();
        h1.alpn_protocols = vec![H1.to_vec()];
        h2.alpn_protocols = vec![H2.to_vec(), H1.to_vec()];
        // A clone shares its sessions with the original; a session belongs to the protocols it was made with.
        h2.resumption = rustls::client::Resumption::in_memory_sessions(256);
        Ok(Self { h1: Arc::new(h1), h2: Arc::new(h2) })
    }
}

fn add(roots: &mut RootCertStore, pem: &str) -> Result<(), TrustError> {
    let unreadable = |error: &dyn std::fmt::Display| TrustError::Unreadable(error.to_string());
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
        found = true;
    }
    if found { Ok(()) } else { Err(TrustError::Unreadable("no certificate in it".to_owned())) }
}

/// The TLS trouble inside an I/O error, if that is what it is.
pub(crate) fn trouble(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>()
}

/// True if the client turned our certificate down: a pinned app, or a computer that does not believe Haven's authority.
pub(crate) fn refused_by_client(error: &io::Error) -> bool {
    use rustls::AlertDescription as Alert;
    matches!(
        trouble(error),
        Some(rustls::Error::AlertReceived(
            Alert::UnknownCA
                | Alert::BadCertificate
                | Alert::CertificateUnknown
                | Alert::UnsupportedCertificate
                | Alert::CertificateExpired
                | Alert::CertificateRevoked
                | Alert::AccessDenied
                | Alert::DecryptError
        ))
    )
}
