//! Haven's own certificate authority, and the short-lived certificates that open one name each.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::ports::Moment;

/// Life of the authority, in days: about five years.
pub const AUTHORITY_LIFE_DAYS: i64 = 5 * 365;
/// Life of a name's certificate from its issue, in days; with the day before it, never over seven.
pub const LEAF_LIFE_DAYS: i64 = 6;
/// Certificates begin this many days before they are made, for clocks that are behind.
const BEGINS_BEFORE_DAYS: i64 = 1;
/// A certificate is handed out for this long after its making, in hours; it is good for a day longer at least.
const LEAF_USE_HOURS: i64 = (LEAF_LIFE_DAYS - 2) * 24;
const SERIAL_BYTES: usize = 16;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("the authority's certificate or key cannot be read: {0}")]
    Unreadable(String),
    #[error("the authority's key does not belong to its certificate")]
    KeyMismatch,
    #[error("the certificate could not be made: {0}")]
    Making(#[from] rcgen::Error),
    #[error("the certificate could not be used: {0}")]
    Using(#[from] rustls::Error),
    #[error("the time is outside what certificates can say")]
    Time,
}

/// The two texts of an authority. Whoever keeps the key keeps it readable by its owner alone (0600).
pub struct AuthorityPem {
    pub certificate: String,
    pub key: String,
}

impl std::fmt::Debug for AuthorityPem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorityPem").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Haven's own authority: signs certificates that computers of the organisation believe.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    provider: Arc<CryptoProvider>,
    leaves: Mutex<Leaves>,
}

#[derive(Default)]
struct Leaves {
    by_name: HashMap<String, (Arc<CertifiedKey>, Timestamp)>,
    in_order: VecDeque<String>,
}

impl Authority {
    /// Makes a new authority in the name of an organisation.
    ///
    /// # Errors
    /// If the key or the certificate cannot be made.
    pub fn create(organisation: &str, now: Timestamp, moment: &dyn Moment) -> Result<AuthorityPem, CertificateError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, format!("Haven certificate authority, {organisation}"));
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(serial(moment));
        set_life(&mut params, now, AUTHORITY_LIFE_DAYS)?;
        let certificate = params.self_signed(&key)?;
        Ok(AuthorityPem { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// Reads an authority that [`Authority::create`] made.
    ///
    /// # Errors
    /// If the texts are not PEM, or do not belong together.
    pub fn load(pem: &AuthorityPem) -> Result<Self, CertificateError> {
        let unreadable = |error: &dyn std::fmt::Display| CertificateError::Unreadable(error.to_string());
        let certificate =
            CertificateDer::from_pem_slice(pem.certificate.as_bytes()).map_err(|error| unreadable(&error))?;
        let key = KeyPair::from_pem(&pem.key).map_err(|error| unreadable(&error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = provider.key_provider.load_private_key(private)?;
        CertifiedKey::new(vec![certificate.clone()], signing)
            .keys_match()
            .map_err(|_| CertificateError::KeyMismatch)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|error| unreadable(&error))?;
        Ok(Self { issuer, certificate, certificate_pem: pem.certificate.clone(), provider, leaves: Mutex::default() })
    }

    /// The authority's certificate, PEM: what computers must believe.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Until when computers may believe the authority; none if its certificate cannot be read again.
    #[must_use]
    pub fn valid_until(&self) -> Option<Timestamp> {
        let (_, read) = x509_parser::parse_x509_certificate(&self.certificate).ok()?;
        Timestamp::from_second(read.validity().not_after.timestamp()).ok()
    }

    /// A certificate for exactly one name or address, with a key of its own. Kept while it is good; at most `keep` are kept.
    ///
    /// # Errors
    /// If the name cannot stand in a certificate or the certificate cannot be made.
    pub fn leaf(&self, name: &str, keep: usize, moment: &dyn Moment) -> Result<Arc<CertifiedKey>, CertificateError> {
        let now = moment.machine_time();
        if let Some((leaf, until)) = self.leaves.lock().unwrap_or_else(PoisonError::into_inner).by_name.get(name)
            && now < *until
        {
            return Ok(Arc::clone(leaf));
        }
        let leaf = Arc::new(self.make_leaf(name, now, moment)?);
        let until = now.checked_add(Span::new().hours(LEAF_USE_HOURS)).map_err(|_| CertificateError::Time)?;
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if leaves.by_name.insert(name.to_owned(), (Arc::clone(&leaf), until)).is_none() {
            leaves.in_order.push_back(name.to_owned());
        }
        while leaves.by_name.len() > keep.max(1) {
            let Some(oldest) = leaves.in_order.pop_front() else { break };
            leaves.by_name.remove(&oldest);
        }
        Ok(leaf)
    }

    fn make_leaf(&self, name: &str, now: Timestamp, moment: &dyn Moment) -> Result<CertifiedKey, CertificateError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.try_into()?),
        }];
        // The name stands only in the subject alternative name: a common name over 64 characters would be unlawful.
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Haven, opened for safety");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(serial(moment));
        set_life(&mut params, now, LEAF_LIFE_DAYS)?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = self.provider.key_provider.load_private_key(private)?;
        Ok(CertifiedKey::new(vec![certificate.der().clone(), self.certificate.clone()], signing))
    }
}

/// A random number; its first bit is off, because serial numbers are positive.
fn serial(moment: &dyn Moment) -> SerialNumber {
    let mut bytes = [0_u8; SERIAL_BYTES];
    moment.fill_random(&mut bytes);
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x01;
    SerialNumber::from_slice(&bytes)
}

/// From yesterday's first midnight to the midnight that many days ahead (UTC): whole days are all that is needed.
fn set_life(params: &mut CertificateParams, now: Timestamp, days: i64) -> Result<(), CertificateError> {
    let day = |days: i64| {
        let date = now.to_zoned(TimeZone::UTC).date().checked_add(Span::new().days(days)).ok()?;
        Some((i32::from(date.year()), u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?))
    };
    let (year, month, of_month) = day(-BEGINS_BEFORE_DAYS).ok_or(CertificateError::Time)?;
    params.not_before = rcgen::date_time_ymd(year, month, of_month);
    let (year, month, of_month) = day(days).ok_or(CertificateError::Time)?;
    params.not_after = rcgen::date_time_ymd(year, month, of_month);
    Ok(())
}
