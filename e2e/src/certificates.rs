//! Certificates of a journey's own: an authority, good leaves, and leaves with one fault each.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// Good from and to these years.
const GOOD_YEARS: (i32, i32) = (2020, 2090);
const PAST_YEARS: (i32, i32) = (2020, 2021);

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params(&[], GOOD_YEARS);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes its certificate for others to believe.
    pub fn write(&self, file: &Path) {
        std::fs::write(file, &self.pem).unwrap();
    }

    pub fn good(&self, names: &[&str]) -> Arc<CertifiedKey> {
        self.leaf(names, GOOD_YEARS)
    }

    pub fn expired(&self, names: &[&str]) -> Arc<CertifiedKey> {
        self.leaf(names, PAST_YEARS)
    }

    fn leaf(&self, names: &[&str], years: (i32, i32)) -> Arc<CertifiedKey> {
        let key = KeyPair::generate().unwrap();
        certified(&params(names, years).signed_by(&key, &self.issuer).unwrap(), &key)
    }
}

/// A certificate that nobody vouches for.
pub fn self_signed(names: &[&str]) -> Arc<CertifiedKey> {
    let key = KeyPair::generate().unwrap();
    certified(&params(names, GOOD_YEARS).self_signed(&key).unwrap(), &key)
}

fn params(names: &[&str], (from, to): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(to, 1, 1);
    params
}

fn certified(certificate: &rcgen::Certificate, key: &KeyPair) -> Arc<CertifiedKey> {
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let signing = default_provider().key_provider.load_private_key(private).unwrap();
    Arc::new(CertifiedKey::new(vec![certificate.der().clone()], signing))
}

/// Takes connections with whatever certificate the name asks for.
pub fn acceptor(certificates: Arc<dyn ResolvesServerCert>) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    TlsAcceptor::from(Arc::new(config))
}
