//! A site as policies and people name it: a host with everything below it, or the beginning of a path on it.

use crate::address::{Address, AddressError, host_chain};

/// A site in normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    host: String,
    /// Every site of a registry is below this host, as below `co.uk`: nobody who names it means them all.
    is_public_suffix: bool,
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
        let host = address.host().to_owned();
        let is_public_suffix = is_open_to_all(&host);
        Ok(Self { host, is_public_suffix, path: (!path.is_empty()).then(|| path.to_owned()) })
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

    /// Whether the address is on this host or below it, whatever the path. Of a public suffix such as `co.uk` only the
    /// host itself is meant; `nhs.uk` and the other suffixes of public bodies are meant as a whole.
    #[must_use]
    pub fn covers_host(&self, address: &Address) -> bool {
        if self.is_public_suffix {
            return address.host() == self.host;
        }
        host_chain(address.host(), address.ip().is_some()).any(|name| name == self.host)
    }

    /// `host` or `host/path`, in normal form.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}{}", self.host, self.path.as_deref().unwrap_or_default())
    }

    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether everybody can have a site below it (`co.uk`), so that naming it names nobody's site.
    #[must_use]
    pub fn is_public_suffix(&self) -> bool {
        self.is_public_suffix
    }

    /// Whether only a part of the host is named.
    #[must_use]
    pub fn has_path(&self) -> bool {
        self.path.is_some()
    }
}

/// Suffixes under which only public bodies have names, so that naming all of them makes sense.
const PUBLIC_BODIES: &[&str] = &[
    "ac.uk",
    "gov.uk",
    "gov.scot",
    "gov.wales",
    "nhs.uk",
    "police.uk",
    "sch.uk",
    "mod.uk",
    "edu",
    "gov",
    "mil",
    "int",
];

/// Whether anybody can have a name below this one. Suffixes of companies (`github.io`) are sites like others.
fn is_open_to_all(host: &str) -> bool {
    let suffix = psl::suffix(host.as_bytes()).filter(psl::Suffix::is_known);
    let is_whole =
        suffix.is_some_and(|suffix| suffix.as_bytes() == host.as_bytes() && suffix.typ() != Some(psl::Type::Private));
    is_whole && !PUBLIC_BODIES.contains(&host)
}

fn labels(host: &str) -> usize {
    host.strip_prefix("www.").unwrap_or(host).split('.').count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn f01_a_public_suffix_does_not_stand_for_every_site_below_it() {
        let covers = |site: &str, url: &str| Site::parse(site).unwrap().covers_host(&Address::parse(url).unwrap());
        assert!(!covers("co.uk", "https://shop.co.uk/"));
        assert!(!covers("com", "https://shop.com/"));
        assert!(covers("shop.co.uk", "https://www.shop.co.uk/"));
        assert!(covers("nhs.uk", "https://www.clinic.nhs.uk/"));
        assert!(covers("github.io", "https://somebody.github.io/"));
    }
}
