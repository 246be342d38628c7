//! What the gateway counts about itself: kinds and numbers, never a host, a request line or a person.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Running numbers since the start.
        #[derive(Debug, Default)]
        pub struct Counts { $($(#[$doc])* pub(crate) $name: Count),+ }

        /// The numbers at one moment, for the health page.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
        pub struct Numbers { $($(#[$doc])* pub $name: u64),+ }

        impl Counts {
            /// The numbers now.
            #[must_use]
            pub fn numbers(&self) -> Numbers {
                Numbers { $($name: self.$name.get()),+ }
            }
        }
    };
}

/// One number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

counts! {
    /// Requests and tunnels that were decided for a registered device.
    for_device,
    /// Tunnels that were opened for one site and then used for another, by TLS.
    other_names,
    /// Connections that came in at a listener.
    connections,
    /// Connections turned away because too many were open.
    connections_refused,
    /// Requests and tunnels that were decided for a known person.
    decided,
    /// Of these, requests that came unencrypted.
    plain,
    /// Of these, requests read inside an opened tunnel.
    inspected,
    /// Of these, tunnels carried unopened: their requests are not seen.
    unopened,
    /// Block pages and short refusals by a decision.
    blocked,
    /// Requests that could not be recorded, and were answered by the pack's rule for that.
    unrecorded,
    /// Requests that met the gate, or had to prove their session.
    gated,
    /// Help sites and updates opened for people nobody knows.
    opened_at_gate,
    /// Requests for Haven's own pages.
    portal,
    /// Times that a browser was asked for its pass.
    pass_asked,
    /// Browsers that did not come to speak TLS with the proxy itself.
    handshake_failed,
    /// Packets of RADIUS accounting that were taken in.
    accounting_heard,
    /// The same packet once more.
    accounting_again,
    /// Packets from whoever may not speak there.
    accounting_strangers,
    /// Packets that were not made with the shared secret.
    accounting_wrong_secret,
    /// Packets that could not be understood.
    accounting_malformed,
    /// Requests that could not be understood.
    malformed,
    /// Heads over the limit of bytes.
    head_too_large,
    /// Clients that took longer than the limit to send a head or first bytes.
    too_slow,
    /// Connections to private addresses or to Haven itself that were refused.
    private_refused,
    /// Websites that could not be reached or did not answer.
    upstream_failed,
    /// Websites whose certificate was not right.
    upstream_certificate,
    /// Clients that refused our certificate: a pinned app, or a computer without our authority.
    pinned_or_ca_missing,
    /// Tunnels that carried neither TLS nor HTTP.
    unknown_protocol,
    /// Requests inside an inspected connection for another name than it was opened for.
    misdirected,
    /// Answers whose words could not be read.
    scan_failed,
    /// Forms, messages and uploads that were stopped for their words.
    sent_blocked,
    /// Files in which the malware engine found something.
    malware_found,
    /// Files that the malware engine could not check.
    malware_unchecked,
    /// Requests refused because no policy is in force.
    no_snapshot,
    /// Questions for names by DNS.
    dns_questions,
    /// Names that were closed.
    dns_closed,
    /// Of these, names that are an alias of a closed one.
    dns_aliases,
    /// Questions that were led to an engine's safe name.
    dns_safe,
    /// Questions by which devices look for a way past this resolver.
    dns_signals,
    /// Answers from which keys for hiding names (ECH) were taken out.
    dns_ech,
    /// Answers from which addresses of somebody's inside were taken out.
    dns_private,
    /// Questions from networks that may not ask.
    dns_refused,
    /// Questions that could not be understood.
    dns_malformed,
    /// Questions that were dropped because too many came.
    dns_dropped,
    /// Questions to which no resolver gave an answer.
    dns_upstream_failed,
    /// Open tunnels closed because the answer about them changed.
    tunnels_closed,
}
