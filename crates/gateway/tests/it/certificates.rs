//! Certificates: Haven's own, and websites' that are not right.

use std::sync::Arc;

use gateway::{Authority, AuthorityPem, CertificateError, Moment as _};
use rcgen::{CertificateParams, KeyPair};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::world::{Outside, make_authority};

/// For each asked name a certificate with a fault of its own.
#[derive(Debug)]
pub(crate) struct Wrong {
    other_name: Arc<CertifiedKey>,
    self_signed: Arc<CertifiedKey>,
    expired: Arc<CertifiedKey>,
}

impl Wrong {
    pub(crate) fn new(practice: &Authority, moment: &Outside) -> Self {
        let other_name = practice.leaf("somebody-else.test", 100, moment).unwrap();
        Self {
            other_name,
            self_signed: by_itself("self-signed.test", 2020, 2040),
            expired: by_itself("expired.test", 2020, 2021),
        }
    }
}

fn by_itself(name: &str, from: i32, to: i32) -> Arc<CertifiedKey> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(to, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let signing = rustls::crypto::aws_lc_rs::default_provider().key_provider.load_private_key(private).unwrap();
    Arc::new(CertifiedKey::new(vec![certificate.der().clone()], signing))
}

impl ResolvesServerCert for Wrong {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match hello.server_name() {
            Some("self-signed.test") => Some(self.self_signed.clone()),
            Some("expired.test") => Some(self.expired.clone()),
            _ => Some(self.other_name.clone()),
        }
    }
}

#[test]
fn f13_each_name_gets_a_short_lived_certificate_with_a_key_of_its_own() {
    let moment = Outside::default();
    let authority = make_authority("Meadow Learning", &moment);
    let a = authority.leaf("a.test", 10, &moment).unwrap();
    let b = authority.leaf("b.test", 10, &moment).unwrap();
    let again = authority.leaf("a.test", 10, &moment).unwrap();
    assert_eq!(a.cert, again.cert, "a certificate that is good is used again");
    assert_ne!(a.key.public_key(), b.key.public_key(), "no two names share a key");
    assert_eq!(a.cert.len(), 2, "the authority's certificate goes along");
}

#[test]
fn f13_the_store_of_certificates_is_bounded() {
    let moment = Outside::default();
    let authority = make_authority("Meadow Learning", &moment);
    let first = authority.leaf("n0.test", 3, &moment).unwrap();
    for number in 1..6 {
        authority.leaf(&format!("n{number}.test"), 3, &moment).unwrap();
    }
    assert_ne!(
        first.cert,
        authority.leaf("n0.test", 3, &moment).unwrap().cert,
        "the oldest was forgotten and made anew"
    );
}

#[test]
fn f13_an_authority_is_read_back_from_its_texts_and_only_with_its_own_key() {
    let moment = Outside::default();
    let one = Authority::create("One", moment.now(), &moment).unwrap();
    let two = Authority::create("Two", moment.now(), &moment).unwrap();
    assert_eq!(Authority::load(&one).unwrap().certificate_pem(), one.certificate);
    assert!(!format!("{one:?}").contains("PRIVATE"), "a key is never shown");
    let mixed = AuthorityPem { certificate: one.certificate, key: two.key };
    assert!(matches!(Authority::load(&mixed), Err(CertificateError::KeyMismatch)));
    let nonsense = AuthorityPem { certificate: "no".to_owned(), key: "no".to_owned() };
    assert!(matches!(Authority::load(&nonsense), Err(CertificateError::Unreadable(_))));
}
