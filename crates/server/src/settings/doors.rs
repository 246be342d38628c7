//! The doors besides the proxy: where names are asked for, and where other proxies ask.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{Fault, Settings, line_with};

/// Port of DNS, where none is written.
const DNS_PORT: u16 = 53;

/// A place where names are asked for by DNS.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dns {
    pub(crate) name: String,
    pub(crate) listen: SocketAddr,
    /// Resolvers that are asked, each with or without its port.
    pub(crate) upstream: Vec<String>,
    /// Network -> group of the pack.
    #[serde(default)]
    pub(crate) networks: BTreeMap<String, String>,
    /// Addresses of a listener at port 80.
    #[serde(default)]
    pub(crate) block_page: Vec<IpAddr>,
    #[serde(default = "questions_per_second")]
    pub(crate) questions_per_second: u32,
}

pub(super) fn questions_per_second() -> u32 {
    gateway::config::DNS_QUESTIONS_PER_SECOND
}

/// `9.9.9.9`, `9.9.9.9:5353`, `2620:fe::fe` or `[2620:fe::fe]:53`.
fn resolver(text: &str) -> Option<SocketAddr> {
    let whole = text.parse::<SocketAddr>().ok();
    whole.or_else(|| Some(SocketAddr::new(text.parse::<IpAddr>().ok()?, DNS_PORT)))
}

impl Dns {
    /// What the shape alone cannot say: the word by which the line is found, and the sentence.
    fn fault(&self) -> Option<(String, String)> {
        if self.upstream.is_empty() {
            return Some((
                "upstream".to_owned(),
                "a DNS door asks at least one resolver. Name it as upstream.".to_owned(),
            ));
        }
        for text in &self.upstream {
            match resolver(text) {
                None => {
                    let say =
                        format!("'{text}' is not the address of a resolver. Write it as 9.9.9.9 or [2620:fe::fe]:53.");
                    return Some((format!("\"{text}\""), say));
                }
                Some(address) if address == self.listen => {
                    return Some((
                        format!("\"{text}\""),
                        format!("'{text}' is this door itself. Name another resolver."),
                    ));
                }
                Some(_) => {}
            }
        }
        if let Some(network) = self.networks.keys().find(|text| text.parse::<gateway::network::Network>().is_err()) {
            return Some((
                format!("\"{network}\""),
                format!("'{network}' is not a network: write it as 10.20.0.0/16 or fd00:1::/48."),
            ));
        }
        (self.questions_per_second == 0)
            .then(|| ("questions_per_second".to_owned(), "questions_per_second is a number from 1.".to_owned()))
    }

    /// The door as the gateway opens it. The settings were checked when they were read: nothing is left out here.
    pub(crate) fn door(&self, own_names: Vec<String>) -> gateway::DnsDoor {
        let networks = self.networks.iter().filter_map(|(network, group)| Some((network.parse().ok()?, group.clone())));
        gateway::DnsDoor {
            name: self.name.clone(),
            address: self.listen,
            upstream: self.upstream.iter().filter_map(|text| resolver(text)).collect(),
            networks: networks.collect(),
            block_page: self.block_page.clone(),
            own_names,
            questions_per_second: self.questions_per_second,
        }
    }
}

/// A place where other proxies ask about requests and responses.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Icap {
    pub(crate) name: String,
    pub(crate) listen: SocketAddr,
    /// Networks of the proxies that may ask.
    pub(crate) clients: Vec<String>,
    /// Of these, the ones that are believed about who asks.
    #[serde(default)]
    pub(crate) username_from: Vec<String>,
    /// What may stand beside a sign-in name.
    #[serde(default)]
    pub(crate) realms: Vec<String>,
}

impl Icap {
    /// The first text that is no network.
    fn fault(&self) -> Option<(String, String)> {
        if self.clients.is_empty() {
            return Some((
                "clients".to_owned(),
                "an ICAP door answers at least one proxy. Name its address as clients.".to_owned(),
            ));
        }
        let mut all = self.clients.iter().chain(&self.username_from);
        all.find(|text| text.parse::<gateway::network::Network>().is_err()).map(|text| {
            (format!("\"{text}\""), format!("'{text}' is not a network: write it as 10.20.0.2 or 10.20.0.0/16."))
        })
    }

    /// The door as the gateway opens it. The settings were checked when they were read: nothing is left out here.
    pub(crate) fn door(&self) -> gateway::IcapDoor {
        let networks = |texts: &[String]| texts.iter().filter_map(|text| text.parse().ok()).collect();
        gateway::IcapDoor {
            name: self.name.clone(),
            address: self.listen,
            clients: networks(&self.clients),
            username_from: networks(&self.username_from),
            realms: self.realms.clone(),
        }
    }
}

/// What stands before the port in `proxy.college.example:3128`, and the port, if that can be somewhere to go to.
fn place(text: &str, port: u16) -> Option<(String, u16)> {
    let address = filter::Address::from_authority(text).ok();
    let whole = match text.rsplit_once(':') {
        Some((_, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) && address.is_some() => address,
        _ => filter::Address::from_authority(&format!("{text}:{port}")).ok(),
    }?;
    let host = match whole.ip() {
        Some(IpAddr::V6(v6)) => format!("[{v6}]"),
        _ => whole.host().to_owned(),
    };
    Some((host, whole.port()))
}

impl Settings {
    /// What browsers are told so that they set their proxy themselves.
    pub(crate) fn proxy_file(&self) -> web::ProxyFile {
        let portal = filter::Address::parse(&self.portal.address).ok();
        let portal = portal.map(|address| address.host().to_owned());
        let ways = self.listeners.iter().filter_map(|listener| {
            let own = listener.listen.ip();
            let port = listener.listen.port();
            let (host, port) = match &listener.reached_at {
                Some(text) => place(text, port)?,
                None if listener.tls_name.is_some() => (listener.tls_name.clone()?.to_lowercase(), port),
                None if own.is_unspecified() => (portal.clone()?, port),
                None => place(&SocketAddr::new(own, port).to_string(), port)?,
            };
            let over_tls = listener.tls_name.is_some() || listener.tls_certificate.is_some();
            let directive = format!("{} {host}:{port}", if over_tls { "HTTPS" } else { "PROXY" });
            Some(web::ProxyWay { listener: listener.name.clone(), directive })
        });
        let ways = ways.collect();
        let listed = self.portal.direct_names.iter().map(|name| name.trim_end_matches('.').to_lowercase());
        web::ProxyFile { ways, direct: portal.into_iter().chain(["localhost".to_owned()]).chain(listed).collect() }
    }

    pub(super) fn check_doors(&self, text: &str) -> Result<(), Fault> {
        let fault = |word: &str, message: String| Err(Fault { line: line_with(text, word), message });
        for listener in &self.listeners {
            if let Some(reached) =
                listener.reached_at.as_ref().filter(|text| place(text, listener.listen.port()).is_none())
            {
                let message = format!(
                    "'{reached}' is not a name or an address. Write it as proxy.college.example or with :3128."
                );
                return fault(reached, message);
            }
        }
        let is_name = |name: &&String| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        };
        if let Some(name) = self.portal.direct_names.iter().find(|name| name.is_empty() || !is_name(name)) {
            return fault(
                "direct_names",
                format!("'{name}' is not one name. Write each name in full, such as intranet.college.example."),
            );
        }
        for (index, door) in self.dns.iter().enumerate() {
            if let Some((word, message)) = door.fault() {
                return fault(&word, message);
            }
            if self.dns.iter().take(index).any(|other| other.name == door.name) {
                let message = format!("two DNS doors are called '{}'. Give each its own name.", door.name);
                return fault(&format!("\"{}\"", door.name), message);
            }
        }
        for (index, door) in self.icap.iter().enumerate() {
            if let Some((word, message)) = door.fault() {
                return fault(&word, message);
            }
            let before = self.icap.iter().take(index).map(|other| &other.name);
            if before.chain(self.listeners.iter().map(|listener| &listener.name)).any(|name| *name == door.name) {
                let message = format!("two entrances are called '{}'. Give each its own name.", door.name);
                return fault(&format!("\"{}\"", door.name), message);
            }
        }
        Ok(())
    }

    /// The first group that a door names and the policy does not have, with the door's name.
    pub(crate) fn unknown_group(&self, pack: &policy::Pack) -> Option<(String, String)> {
        let is_known = |group: &String| pack.groups.iter().any(|known| known.id == *group);
        self.dns.iter().find_map(|door| {
            let group = door.networks.values().find(|group| !is_known(group))?;
            Some((door.name.clone(), group.clone()))
        })
    }

    /// Names under which people reach Haven's own pages.
    pub(crate) fn own_names(&self) -> Vec<String> {
        let address = filter::Address::parse(&self.portal.address).ok().map(|address| address.host().to_owned());
        address.into_iter().chain([self.portal.host.to_lowercase()]).collect()
    }
}
