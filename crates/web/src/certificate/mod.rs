//! "Why does my browser warn me, and how do I set this computer up?": Haven's certificate, its fingerprint, and where to put it.

mod proxy_file;

use std::fmt::Write as _;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::error::PageError;
use crate::layout::{Chrome, draw};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/certificate", get(certificate))
        .route("/ca.pem", get(ca))
        .route("/proxy.pac", get(proxy_file::proxy_file))
        .route("/wpad.dat", get(proxy_file::proxy_file))
}

#[derive(Template)]
#[template(path = "certificate/certificate.html")]
struct CertificatePage {
    chrome: Chrome,
    /// Whether Haven opens encrypted connections here at all.
    is_there: bool,
    /// SHA-256, as browsers and operating systems show it; empty if the certificate cannot be read.
    fingerprint: String,
    proxy: Option<String>,
    /// Where the file is by which browsers set the proxy themselves; none without a listener here.
    proxy_file: Option<String>,
    /// The kinds of site that the policy leaves unopened, as a person says them: "banking, health".
    never_opened: String,
}

/// Open to anybody, whoever they are (S-3): a computer is set up before anybody signs in.
async fn certificate(State(app): State<App>) -> Response {
    let options = &app.options;
    let pack = app.haven.pack();
    let left = pack.codes.iter().filter(|code| pack.filtering.inspection.except_codes.contains(&code.id));
    let left: Vec<&str> = left.map(|code| code.title.as_str()).collect();
    draw(&CertificatePage {
        chrome: app.chrome("Set up a computer", None),
        is_there: options.ca_pem.is_some(),
        fingerprint: options.ca_pem.as_deref().and_then(fingerprint).unwrap_or_default(),
        proxy: options.proxy_port.map(|port| format!("{}:{port}", options.proxy_host)),
        proxy_file: (!options.proxy_file.ways.is_empty()).then(|| format!("{}/proxy.pac", app.haven.portal_address)),
        never_opened: and(&left),
    })
}

/// "banking, health and government services".
fn and(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The public certificate of Haven's own authority; it is shown to anybody, and holds no secret.
async fn ca(State(app): State<App>) -> Result<Response, PageError> {
    let pem = app.options.ca_pem.clone().ok_or_else(PageError::absent)?;
    let headers =
        [(CONTENT_TYPE, "application/x-x509-ca-cert"), (CONTENT_DISPOSITION, "attachment; filename=\"haven-ca.pem\"")];
    Ok((headers, pem).into_response())
}

/// `AB:CD:...` over the certificate's DER form, as `openssl x509 -fingerprint -sha256` prints it.
fn fingerprint(pem: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(pem).ok()?;
    let body: String = text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body).ok().filter(|der| !der.is_empty())?;
    let mut shown = String::new();
    for byte in Sha256::digest(der) {
        let joiner = if shown.is_empty() { "" } else { ":" };
        write!(shown, "{joiner}{byte:02X}").ok()?;
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shots::{has, has_not, shot};

    #[test]
    fn f07_the_fingerprint_is_that_of_the_certificate_itself() {
        let pem = b"-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
        let abc = "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD";
        assert_eq!(fingerprint(pem).as_deref(), Some(abc));
        assert_eq!(fingerprint(b"-----BEGIN CERTIFICATE-----\n"), None);
    }

    #[test]
    fn kinds_of_site_are_told_as_people_tell_them() {
        assert_eq!(and(&[]), "");
        assert_eq!(and(&["banking"]), "banking");
        assert_eq!(and(&["banking", "health", "law"]), "banking, health and law");
    }

    #[test]
    fn f07_the_page_says_what_the_certificate_does_and_where_it_goes() {
        let page = CertificatePage {
            chrome: Chrome::sample("Set up a computer", None),
            is_there: true,
            fingerprint: "BA:78:16".to_owned(),
            proxy: Some("haven.test:3128".to_owned()),
            proxy_file: Some("https://haven.college.test/proxy.pac".to_owned()),
            never_opened: "banking, health".to_owned(),
        };
        let html = shot("certificate", &page);
        for wanted in [
            "/ca.pem",
            "BA:78:16",
            "haven.test:3128",
            "https://haven.college.test/proxy.pac",
            "Use setup script",
            "Windows",
            "Android",
            "Firefox",
            "sites about banking, health",
        ] {
            has(&html, wanted);
        }
        let page = CertificatePage { never_opened: String::new(), ..page };
        has_not(&shot("certificate-bare", &page), "sites about");
        let page = CertificatePage { is_there: false, ..page };
        has_not(&shot("certificate-none", &page), "/ca.pem");
    }
}
