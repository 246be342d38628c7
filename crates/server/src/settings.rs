//! What an organisation sets in `haven.toml`; docs/settings.md tells every setting, and a test holds the two together.

mod device;
mod malware;
mod timetable;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use actions::KnownBy;
use filter::lists::guard::Bounds;
use serde::{Deserialize, Serialize};

use crate::ports::last_good;
use crate::say::Failure;
use crate::spool;
use crate::supply::Origin;
pub(crate) use device::DeviceRow;
pub(crate) use malware::Malware;
pub(crate) use timetable::TimetableRow;

mod doors;
mod lists;

pub(crate) use doors::{Dns, Icap};

mod tenants;

pub(crate) use tenants::Tenants;

/// Largest settings file, in bytes.
const FILE_LIMIT_BYTES: u64 = 1024 * 1024;

/// Everything that is set. What is left out has the value that docs/settings.md gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) organisation: Organisation,
    pub(crate) data: Data,
    /// Not needed by a gateway alone: it decides by the policy that the database says is in force.
    pub(crate) policy: Option<Policy>,
    #[serde(default)]
    pub(crate) lists: ListFile,
    /// Sources of lists that Haven fetches itself.
    #[serde(default, rename = "list")]
    pub(crate) sources: Vec<ListSource>,
    /// Lists of illegal content.
    #[serde(default, rename = "sealed_list")]
    pub(crate) sealed_lists: Vec<SealedList>,
    pub(crate) portal: Portal,
    #[serde(default, rename = "listener")]
    pub(crate) listeners: Vec<Listener>,
    /// Networks that ask everybody who they are.
    #[serde(default, rename = "radius")]
    pub(crate) networks: Vec<Radius>,
    /// Places where other proxies ask.
    #[serde(default)]
    pub(crate) icap: Vec<Icap>,
    /// Places where names are asked for.
    #[serde(default)]
    pub(crate) dns: Vec<Dns>,
    /// When classes, lunch and exams are.
    #[serde(default)]
    pub(crate) timetable: Vec<TimetableRow>,
    /// Devices at which nobody can sign in.
    #[serde(default, rename = "device")]
    pub(crate) devices: Vec<DeviceRow>,
    #[serde(default)]
    pub(crate) inspection: Inspection,
    pub(crate) mail: Option<Mail>,
    #[serde(default)]
    pub(crate) audit: Audit,
    #[serde(default)]
    pub(crate) network: Network,
    #[serde(default)]
    pub(crate) limits: Limits,
    /// Without it no file is scanned.
    pub(crate) malware: Option<Malware>,
    /// Whose accounts may sign in to the large suites.
    #[serde(default)]
    pub(crate) tenants: Tenants,
    #[serde(default)]
    pub(crate) away: Away,
    #[serde(default)]
    pub(crate) checks: Checks,
    #[serde(default)]
    pub(crate) gateways: Gateways,
    /// Agency of the pack -> how to reach it. A pack never holds an address or a number.
    #[serde(default)]
    pub(crate) agencies: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Organisation {
    pub(crate) name: String,
    /// Whom a block page tells people to talk to.
    #[serde(default)]
    pub(crate) whom_to_talk_to: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    pub(crate) folder: PathBuf,
    /// PostgreSQL address; without it, SQLite in the folder.
    pub(crate) postgres: Option<String>,
    /// A file that holds the PostgreSQL address, so that its password need not stand here.
    pub(crate) postgres_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    pub(crate) pack: PathBuf,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListFile {
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListSource {
    pub(crate) name: String,
    /// A web address, a file or a folder.
    pub(crate) from: String,
    #[serde(default = "every_hours")]
    pub(crate) every_hours: u32,
    pub(crate) category: Option<String>,
    /// In a table: title or number of the column of names or addresses.
    pub(crate) column: Option<String>,
    /// In a table: title or number of the column of categories.
    pub(crate) category_column: Option<String>,
    /// Where the source says its digest.
    pub(crate) checksum: Option<String>,
    /// Where its maker's signature is, with the key that made it.
    pub(crate) signature: Option<String>,
    pub(crate) signature_key: Option<String>,
    #[serde(default = "shrink_percent")]
    pub(crate) shrink_percent: u64,
    #[serde(default = "growth_percent")]
    pub(crate) growth_percent: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedList {
    pub(crate) name: String,
    /// A file, a folder, or an https address.
    pub(crate) from: String,
    /// A file with `user:password` or a token.
    pub(crate) credentials_file: Option<PathBuf>,
    pub(crate) checksum: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) signature_key: Option<String>,
    #[serde(default = "twice_a_day")]
    pub(crate) every_hours: u32,
    /// What a hit is about, as a code of the vocabulary.
    pub(crate) category: String,
    #[serde(default = "shrink_percent")]
    pub(crate) shrink_percent: u64,
}

fn twice_a_day() -> u32 {
    12
}

fn every_hours() -> u32 {
    24
}

fn shrink_percent() -> u64 {
    Bounds::default().shrink_percent
}

fn growth_percent() -> u64 {
    Bounds::default().growth_percent
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Portal {
    pub(crate) listen: SocketAddr,
    /// Name under which browsers behind the proxy reach Haven's own pages.
    #[serde(default = "haven_test")]
    pub(crate) host: String,
    /// Where people reach Haven's pages, as it stands in mails.
    pub(crate) address: String,
    pub(crate) tls_certificate: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    /// Names that browsers reach without the proxy.
    #[serde(default)]
    pub(crate) direct_names: Vec<String>,
    /// Where "Exit this page" leads.
    #[serde(default = "exit_address")]
    pub(crate) exit_address: String,
}

fn haven_test() -> String {
    "haven.test".to_owned()
}

fn exit_address() -> String {
    "https://www.bbc.co.uk/weather".to_owned()
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) listen: SocketAddr,
    /// Name or address by which browsers reach it, with or without a port.
    pub(crate) reached_at: Option<String>,
    #[serde(default)]
    pub(crate) one_person_per_address: bool,
    /// Each browser shows the pass of its sign-in.
    #[serde(default)]
    pub(crate) credentials: bool,
    /// The network says who has which address.
    #[serde(default)]
    pub(crate) radius: bool,
    /// Browsers speak TLS with the proxy itself.
    pub(crate) tls_certificate: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    /// The same, under a certificate that Haven's authority makes for this name.
    pub(crate) tls_name: Option<String>,
    #[serde(default)]
    pub(crate) site: String,
}

impl Listener {
    /// By what somebody is known there; none where nobody is (S-6).
    pub(crate) fn known_by(&self) -> Option<KnownBy> {
        match (self.one_person_per_address, self.credentials, self.radius) {
            (true, _, _) => Some(KnownBy::Address),
            (false, true, _) => Some(KnownBy::Pass),
            (false, false, true) => Some(KnownBy::Network),
            (false, false, false) => None,
        }
    }
}

/// RADIUS accounting: a network that says who has which address.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Radius {
    pub(crate) listen: SocketAddr,
    pub(crate) secret_file: PathBuf,
    pub(crate) clients: Vec<String>,
    #[serde(default)]
    pub(crate) realms: Vec<String>,
    #[serde(default = "silent_minutes")]
    pub(crate) silent_minutes: u32,
}

fn silent_minutes() -> u32 {
    30
}

/// Longest silence of a network about somebody, in minutes: a day.
const SILENT_LIMIT_MINUTES: u32 = 24 * 60;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inspection {
    pub(crate) ca_certificate: Option<PathBuf>,
    pub(crate) ca_key: Option<PathBuf>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) host: String,
    #[serde(default = "mail_port")]
    pub(crate) port: u16,
    #[serde(default)]
    pub(crate) starttls: StartTls,
    pub(crate) user: Option<String>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) from: String,
    /// A further authority that is believed about the mail server's certificate, a PEM file.
    pub(crate) authority: Option<PathBuf>,
}

fn mail_port() -> u16 {
    587
}

/// How mail is carried to the mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StartTls {
    /// Without encryption the mail is not sent.
    #[default]
    Required,
    /// Encrypted from the first byte (port 465).
    Implicit,
    /// Never: for a mail server on this machine only.
    Off,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audit {
    /// A folder outside this machine (a mounted share, a synced folder) that signed heads are written to.
    pub(crate) head_folder: Option<PathBuf>,
    /// Who is sent a signed head by mail.
    pub(crate) head_mail: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    /// Private networks that may be reached through the proxy.
    #[serde(default)]
    pub(crate) private_allowed: Vec<String>,
    /// Believe the authorities that this machine believes.
    #[serde(default)]
    pub(crate) machine_authorities: bool,
    /// Further authorities, PEM files.
    #[serde(default)]
    pub(crate) authorities: Vec<PathBuf>,
    /// Names that are not asked of the resolver, with their address.
    #[serde(default)]
    pub(crate) fixed_names: BTreeMap<String, std::net::IpAddr>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) scan_text_bytes: usize,
    pub(crate) records_waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: gateway::config::CONNECTIONS,
            connections_per_address: gateway::config::CONNECTIONS_PER_ADDRESS,
            scan_text_bytes: gateway::config::SCAN_TEXT_LIMIT_BYTES,
            records_waiting: gateway::sink::WAITING_LIMIT_RECORDS,
        }
    }
}

/// How often the filter checks itself (F16).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Checks {
    pub(crate) every_hours: u32,
}

impl Default for Checks {
    fn default() -> Self {
        Self { every_hours: 24 }
    }
}

/// What a gateway goes on with while the database is away.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Away {
    pub(crate) spool_folder: Option<PathBuf>,
    pub(crate) spool_limit_mb: u64,
    pub(crate) policy_days: u32,
}

impl Default for Away {
    fn default() -> Self {
        Self { spool_folder: None, spool_limit_mb: spool::LIMIT_MB, policy_days: last_good::LIMIT_DAYS }
    }
}

/// Gateways on machines of their own.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gateways {
    /// Where the pages wait for gateways.
    pub(crate) listen: Option<SocketAddr>,
    /// Where a gateway alone finds the pages.
    pub(crate) pages: Option<SocketAddr>,
    /// Listeners of gateways elsewhere at which one person sits behind each address.
    #[serde(default)]
    pub(crate) one_person_listeners: Vec<String>,
    /// Listeners of gateways elsewhere at which each browser shows its pass.
    #[serde(default)]
    pub(crate) credential_listeners: Vec<String>,
    pub(crate) secret_file: Option<PathBuf>,
}

impl Settings {
    /// The first list whose kind neither Haven nor the policy knows, with that kind: such a list closes nothing.
    pub(crate) fn unknown_kind(&self, pack: &policy::Pack) -> Option<(String, String)> {
        let vocabulary = filter::lists::CoreCodes::shipped();
        let is_known = |kind: &str| {
            let own = |code: &policy::Code| code.id == kind || code.aliases.iter().any(|alias| alias == kind);
            vocabulary.knows(kind) || pack.codes.iter().any(own)
        };
        self.sources.iter().find_map(|list| {
            let kind = list.category.as_ref().filter(|kind| !is_known(kind))?;
            Some((list.name.clone(), kind.clone()))
        })
    }

    /// Reads a settings file; relative paths in it are seen from its folder.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |why: &dyn std::fmt::Display| {
            Failure::new(format!(
                "The settings file {} cannot be read ({why}). Make one with 'haven init', or name it with --config.",
                path.display()
            ))
        };
        let about = fs::metadata(path).map_err(|error| unreadable(&error))?;
        if about.len() > FILE_LIMIT_BYTES {
            return Err(unreadable(&format!("it is larger than {FILE_LIMIT_BYTES} bytes")));
        }
        let text = fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        let mut settings = Self::parse(&text).map_err(|fault| {
            Failure::new(format!(
                "{}, line {}: {} docs/settings.md tells every setting.",
                path.display(),
                fault.line,
                fault.message
            ))
        })?;
        if let Some(folder) = path.parent() {
            settings.seen_from(folder);
        }
        Ok(settings)
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let settings: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            Fault { line, message: sentence(error.message()) }
        })?;
        settings.check(text)?;
        Ok(settings)
    }

    /// What the shape alone cannot say.
    fn check(&self, text: &str) -> Result<(), Fault> {
        let fault = |word: &str, message: String| Err(Fault { line: line_with(text, word), message });
        if self.organisation.name.trim().is_empty() {
            return fault("name", "the organisation has no name. Write it.".to_owned());
        }
        if !self.portal.address.starts_with("http://") && !self.portal.address.starts_with("https://") {
            return fault("address", "the portal's address begins with http:// or https://.".to_owned());
        }
        if self.portal.tls_certificate.is_some() != self.portal.tls_key.is_some() {
            return fault("tls_", "tls_certificate and tls_key go together. Give both or none.".to_owned());
        }
        if self.inspection.ca_certificate.is_some() != self.inspection.ca_key.is_some() {
            return fault("ca_", "ca_certificate and ca_key go together. Give both or none.".to_owned());
        }
        if self.data.postgres.is_some() && self.data.postgres_file.is_some() {
            return fault(
                "postgres_file",
                "postgres and postgres_file say the same twice. Give one of them.".to_owned(),
            );
        }
        if (self.gateways.listen.is_some() || self.gateways.pages.is_some()) && self.gateways.secret_file.is_none() {
            return fault("gateways", "gateways and pages share a secret. Name its file as secret_file.".to_owned());
        }
        if self.away.spool_limit_mb < spool::LIMIT_MIN_MB {
            let least = spool::LIMIT_MIN_MB;
            return fault("spool_limit_mb", format!("the spool needs at least {least} MB. Write {least} or more."));
        }
        if !(1..=last_good::LIMIT_MAX_DAYS).contains(&self.away.policy_days) {
            let most = last_good::LIMIT_MAX_DAYS;
            return fault("policy_days", format!("policy_days is a number of days from 1 to {most}."));
        }
        if let Some((setting, sentence)) = self.malware.as_ref().and_then(Malware::fault) {
            return fault(setting, sentence);
        }
        if let Some((word, sentence)) = self.tenants.fault() {
            return fault(&word, sentence);
        }
        self.check_sources(text)?;
        self.check_signatures(text)?;
        self.check_listeners(text)?;
        self.check_networks(text)?;
        self.check_doors(text)?;
        self.check_timetable(text)?;
        self.check_devices(text)?;
        for (index, listener) in self.listeners.iter().enumerate() {
            if self.listeners.iter().take(index).any(|other| other.name == listener.name) {
                return fault(
                    &format!("\"{}\"", listener.name),
                    format!("two listeners are called '{}'. Give each its own name.", listener.name),
                );
            }
        }
        for network in &self.network.private_allowed {
            if let Err(error) = network.parse::<gateway::network::Network>() {
                return fault(&format!("\"{network}\""), format!("'{network}' is {error}."));
            }
        }
        Ok(())
    }

    /// Who is known at a listener, and that what is shown there cannot be overheard (S-6).
    fn check_listeners(&self, text: &str) -> Result<(), Fault> {
        for one in &self.listeners {
            let quoted = format!("\"{}\"", one.name);
            let fault = |message: String| Err(Fault { line: line_with(text, &quoted), message });
            if one.tls_certificate.is_some() != one.tls_key.is_some() {
                return fault(format!(
                    "tls_certificate and tls_key of the listener '{}' go together. Give both or none.",
                    one.name
                ));
            }
            if [one.credentials, one.one_person_per_address, one.radius].iter().filter(|set| **set).count() > 1 {
                return fault(format!(
                    "the listener '{}' has two of one_person_per_address, credentials and radius: people are known there \
                     in one way. Leave the others out.",
                    one.name
                ));
            }
            if one.radius && self.networks.is_empty() {
                return fault(format!(
                    "the listener '{}' has radius, and no network says who is there. Write a part [[radius]].",
                    one.name
                ));
            }
            if one.tls_certificate.is_some() && one.tls_name.is_some() {
                return fault(format!(
                    "the listener '{}' has tls_name and tls_certificate: it shows one certificate. Leave one out.",
                    one.name
                ));
            }
            let encrypted = one.tls_certificate.is_some() || one.tls_name.is_some();
            if one.credentials && !encrypted && !one.listen.ip().is_loopback() {
                return fault(format!(
                    "the listener '{}' asks for credentials, and without TLS others on the network could read them. \
                     Give it tls_name, or tls_certificate and tls_key.",
                    one.name
                ));
            }
        }
        Ok(())
    }

    fn check_networks(&self, text: &str) -> Result<(), Fault> {
        for one in &self.networks {
            let fault = |word: &str, message: String| Err(Fault { line: line_with(text, word), message });
            if one.clients.is_empty() {
                return fault(
                    "[[radius]]",
                    "a [[radius]] without clients hears nobody. Name who may speak.".to_owned(),
                );
            }
            for client in &one.clients {
                if let Err(error) = client.parse::<gateway::network::Network>() {
                    return fault(&format!("\"{client}\""), format!("'{client}' is {error}."));
                }
            }
            if !(1..=SILENT_LIMIT_MINUTES).contains(&one.silent_minutes) {
                let message = format!("silent_minutes is a number of minutes from 1 to {SILENT_LIMIT_MINUTES}.");
                return fault("silent_minutes", message);
            }
        }
        Ok(())
    }

    fn seen_from(&mut self, folder: &Path) {
        let own = [&mut self.data.folder];
        let pack = self.policy.iter_mut().map(|policy| &mut policy.pack);
        let maybe = [
            &mut self.away.spool_folder,
            &mut self.gateways.secret_file,
            &mut self.data.postgres_file,
            &mut self.lists.file,
            &mut self.portal.tls_certificate,
            &mut self.portal.tls_key,
            &mut self.inspection.ca_certificate,
            &mut self.inspection.ca_key,
            &mut self.audit.head_folder,
        ];
        let mail =
            self.mail.iter_mut().flat_map(|mail| [mail.password_file.as_mut(), mail.authority.as_mut()]).flatten();
        let listeners =
            self.listeners.iter_mut().flat_map(|one| [one.tls_certificate.as_mut(), one.tls_key.as_mut()]).flatten();
        for list in &mut self.sealed_lists {
            list.from = Origin::read(&list.from, folder).to_string();
            list.credentials_file = list.credentials_file.take().map(|path| folder.join(path));
            for origin in [&mut list.checksum, &mut list.signature].into_iter().flatten() {
                *origin = Origin::read(origin, folder).to_string();
            }
        }
        let all = own
            .into_iter()
            .chain(pack)
            .chain(maybe.into_iter().flatten())
            .chain(mail)
            .chain(listeners)
            .chain(self.networks.iter_mut().map(|one| &mut one.secret_file))
            .chain(&mut self.network.authorities);
        for path in all {
            *path = folder.join(&*path);
        }
        let origins = self
            .sources
            .iter_mut()
            .flat_map(|source| [Some(&mut source.from), source.checksum.as_mut(), source.signature.as_mut()]);
        for origin in origins.flatten() {
            *origin = Origin::read(origin, folder).to_string();
        }
    }
}

/// A line of the settings file that cannot be used.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    line: usize,
    message: String,
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// The first line that names a word; 1 if none does.
fn line_with(text: &str, word: &str) -> usize {
    text.lines()
        .position(|line| !line.trim_start().starts_with('#') && line.contains(word))
        .map_or(1, |index| index + 1)
}

/// One line that ends with a full stop.
fn sentence(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.ends_with('.') { line } else { format!("{line}.") }
}

#[cfg(test)]
mod tests;
