//! A site as policies and people name it: a host with everything below it, or the beginning of a path on it.

use crate::address::{Address, AddressError, host_chain};

/// A site in normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    host: String,
    /// Begins with `/`, never ends with it; none for the whole host.
    path: Option<String>,
}

/// How closely something names an address. A site that a person named goes before an entry of a list; a longer host
/// before a shorter one; then a longer path. A leading `www.` counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Specificity {
    named: bool,
    labels: usize,
    path_bytes: usize,
}

impl Specificity {
    /// Of a list entry: `host` or `host/path`.
    #[must_use]
    pub fn of_entry(entry: &str) -> Self {
        let (host, path) = entry.find('/').map_or((entry, ""), |at| entry.split_at(at));
        Self { named: false, labels: labels(host), path_bytes: path.len() }
    }

    /// Whether a person named the site.
    #[must_use]
    pub fn is_named(self) -> bool {
        self.named
    }
}

impl Site {
    /// Reads `host`, `host/path`, also with `*.` or a scheme before it.
    ///
    /// # Errors
    /// [`AddressError`] if the host is none.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let text = text.strip_prefix("*.").unwrap_or(text);
        let (host, path) = text.find('/').map_or((text, ""), |at| text.split_at(at));
        let address = Address::from_parts("http", host, path)?;
        let path = address.path().trim_end_matches('/');
        Ok(Self { host: address.host().to_owned(), path: (!path.is_empty()).then(|| path.to_owned()) })
    }

    /// How closely this site names the address; none if it does not. Of a tunnel only the host is known.
    #[must_use]
    pub fn matches(&self, address: &Address) -> Option<Specificity> {
        if !self.covers_host(address) {
            return None;
        }
        let path_bytes = match &self.path {
            None => 0,
            Some(_) if address.scheme() == "connect" => return None,
            Some(path) => {
                let rest = address.path().strip_prefix(path.as_str())?;
                if !(rest.is_empty() || rest.starts_with('/')) {
                    return None;
                }
                path.len()
            }
        };
        Some(Specificity { named: true, labels: labels(&self.host), path_bytes })
    }

    /// How closely this site would name an address on its host, if that had the right path; none for another host, or
    /// if the whole host is named. For a tunnel, of which the path is not known yet.
    #[must_use]
    pub fn may_match(&self, address: &Address) -> Option<Specificity> {
        let path_bytes = self.path.as_ref()?.len();
        self.covers_host(address).then(|| Specificity { named: true, labels: labels(&self.host), path_bytes })
    }

    /// Whether the address is on this host or below it, whatever the path.
    #[must_use]
    pub fn covers_host(&self, address: &Address) -> bool {
        host_chain(address.host(), address.ip().is_some()).any(|name| name == self.host)
    }

    /// Whether only a part of the host is named.
    #[must_use]
    pub fn has_path(&self) -> bool {
        self.path.is_some()
    }
}

fn labels(host: &str) -> usize {
    host.strip_prefix("www.").unwrap_or(host).split('.').count()
}
