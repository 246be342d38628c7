//! The first thing that a client says: whether it is TLS or HTTP, and for which site TLS is asked.

use rustls::server::{Accepted, Acceptor};

/// Beginnings of HTTP/1 requests.
const METHODS: [&[u8]; 8] = [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"TRACE "];
/// The extension by which a name is hidden (ECH). Browsers send it always, mostly with nothing inside.
const HIDDEN_NAME: usize = 0xfe0d;
/// Bytes of version and random in a greeting.
const VERSION_AND_RANDOM_BYTES: usize = 34;

/// What the first bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    Tls,
    Http,
    Other,
}

/// What the bytes are; none while it is not clear. TLS is clear when the whole greeting is there.
pub(crate) fn speech(first: &[u8]) -> Option<Speech> {
    match first {
        [] => None,
        [0x16, ..] => match greeting(first) {
            Ok(Some(_)) => Some(Speech::Tls),
            Ok(None) => None,
            Err(()) => Some(Speech::Other),
        },
        _ if METHODS.iter().any(|method| first.starts_with(method)) => Some(Speech::Http),
        _ if METHODS.iter().any(|method| method.starts_with(first)) => None,
        _ => Some(Speech::Other),
    }
}

fn greeting(mut first: &[u8]) -> Result<Option<Accepted>, ()> {
    let mut acceptor = Acceptor::default();
    while !first.is_empty() {
        acceptor.read_tls(&mut first).map_err(|_| ())?;
        if let Some(accepted) = acceptor.accept().map_err(|_| ())? {
            return Ok(Some(accepted));
        }
    }
    Ok(None)
}

/// What a greeting asks for, beside the site that its tunnel was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// For that site, or for none by name.
    Same,
    Another,
    /// For another, and a third may be hidden behind it (ECH).
    AnotherAndHidden,
}

impl Asks {
    /// Why such a tunnel is not opened; none if it is.
    pub(crate) fn fault(self) -> Option<&'static str> {
        match self {
            Self::Same => None,
            Self::Another => Some("The tunnel was opened for one site and then used for another."),
            Self::AnotherAndHidden => {
                Some("The tunnel was opened for one site, and the app hid which one it then asked for (ECH).")
            }
        }
    }
}

/// For which site TLS is asked, in a tunnel for `host`.
pub(crate) fn asks(first: &[u8], host: &str) -> Asks {
    let same = match greeting(first) {
        Ok(Some(accepted)) => accepted
            .client_hello()
            .server_name()
            .is_none_or(|name| name.trim_end_matches('.').eq_ignore_ascii_case(host)),
        _ => false,
    };
    match (same, hides_a_name(first).unwrap_or(false)) {
        (true, _) => Asks::Same,
        (false, true) => Asks::AnotherAndHidden,
        (false, false) => Asks::Another,
    }
}

/// Whether the greeting has a part by which a name is hidden. None if it cannot be read, or comes in several records.
fn hides_a_name(first: &[u8]) -> Option<bool> {
    let mut record = Bytes(first);
    record.take(3)?;
    let mut handshake = record.part(2)?;
    handshake.take(1)?;
    let mut greeting = handshake.part(3)?;
    greeting.take(VERSION_AND_RANDOM_BYTES)?;
    greeting.part(1)?;
    greeting.part(2)?;
    greeting.part(1)?;
    let mut extensions = greeting.part(2)?;
    while !extensions.0.is_empty() {
        let kind = extensions.number(2)?;
        extensions.part(2)?;
        if kind == HIDDEN_NAME {
            return Some(true);
        }
    }
    Some(false)
}

/// Bytes that are read from their beginning.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, count: usize) -> Option<usize> {
        Some(self.take(count)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// A part with its length before it.
    fn part(&mut self, count: usize) -> Option<Self> {
        let length = self.number(count)?;
        self.take(length).map(Self)
    }
}

/// Everything that hostile bytes can reach, for the fuzzer.
pub fn try_bytes(bytes: &[u8]) {
    if speech(bytes) == Some(Speech::Tls) {
        let _ = asks(bytes, "site.test").fault();
    }
    let _ = hides_a_name(bytes);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use rustls::client::{EchGreaseConfig, EchMode};
    use rustls::crypto::aws_lc_rs;
    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    use super::*;

    fn said(host: &str, hides: bool) -> Vec<u8> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let suite = aws_lc_rs::hpke::ALL_SUPPORTED_SUITES[0];
        let builder = if hides {
            let (key, _) = suite.generate_key_pair().unwrap();
            builder.with_ech(EchMode::Grease(EchGreaseConfig::new(suite, key))).unwrap()
        } else {
            builder.with_safe_default_protocol_versions().unwrap()
        };
        let config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        let mut client = ClientConnection::new(Arc::new(config), host.to_owned().try_into().unwrap()).unwrap();
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        bytes
    }

    #[test]
    fn f09_a_greeting_says_which_site_it_asks_for_and_whether_it_may_hide_another() {
        for hides in [false, true] {
            assert_eq!(hides_a_name(&said("site.test", hides)), Some(hides));
            assert_eq!(asks(&said("site.test", hides), "site.test"), Asks::Same, "browsers send an empty one always");
        }
        assert_eq!(asks(&said("front.test", false), "site.test"), Asks::Another);
        assert_eq!(asks(&said("front.test", true), "site.test"), Asks::AnotherAndHidden);
    }

    #[test]
    fn f09_a_greeting_that_is_cut_short_is_no_greeting() {
        let whole = said("site.test", true);
        assert_eq!(speech(&whole), Some(Speech::Tls));
        for end in 0..whole.len() {
            assert_eq!(speech(&whole[..end]), None, "{end}");
            assert_ne!(hides_a_name(&whole[..end]), Some(true), "{end}");
        }
    }
}
