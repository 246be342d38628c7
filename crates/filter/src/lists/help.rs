//! S-2: help is always reachable. The dated list of help sites, and of the update hosts that keep computers safe.

use std::collections::HashMap;

use jiff::civil::Date;
use serde::Serialize;

use super::index::chain;
use crate::address::Address;

const HELP: &str = include_str!("../../data/help.tsv");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HelpKind {
    /// Beats the gate and every rule that is not sealed; never recorded, never inspected.
    Help,
    /// Operating system, endpoint protection and certificate revocation: passes the gate unopened.
    Update,
}

/// One row of `data/help.tsv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HelpSite {
    /// With everything below it.
    pub host: String,
    pub title: String,
    pub kind: HelpKind,
    /// Codes of the core vocabulary that it helps with; empty for any.
    pub codes: Vec<String>,
    /// When somebody last looked whether it is still what it says.
    pub dated: Option<Date>,
}

/// The help list. No pack and no list can take a site off it; only a sealed list goes before it.
#[derive(Debug, Clone, Default)]
pub struct HelpList {
    pub sites: Vec<HelpSite>,
    by_host: HashMap<String, usize>,
}

impl HelpList {
    /// The list that this version of Haven ships.
    #[must_use]
    pub fn shipped() -> Self {
        Self::new(HELP.lines().filter(|line| !line.starts_with('#')).skip(1).filter_map(read_row).collect())
    }

    #[must_use]
    pub fn new(sites: Vec<HelpSite>) -> Self {
        let by_host = sites.iter().enumerate().map(|(place, site)| (site.host.clone(), place)).collect();
        Self { sites, by_host }
    }

    /// The help site that an address belongs to.
    #[must_use]
    pub fn find(&self, address: &Address) -> Option<&HelpSite> {
        chain(address).find_map(|name| self.by_host.get(name)).and_then(|place| self.sites.get(*place))
    }
}

fn read_row(line: &str) -> Option<HelpSite> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [host, title, kind, codes, dated] = cells.as_slice() else { return None };
    let kind = match *kind {
        "help" => HelpKind::Help,
        "update" => HelpKind::Update,
        _ => return None,
    };
    let codes = codes.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect();
    let dated = dated.parse().ok();
    Some(HelpSite { host: (*host).to_owned(), title: (*title).to_owned(), kind, codes, dated })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::address::normal_host;

    #[test]
    fn s2_every_row_of_the_help_list_is_read_dated_and_in_normal_form() {
        let rows = HELP.lines().filter(|line| !line.starts_with('#')).count() - 1;
        let list = HelpList::shipped();
        assert_eq!(list.sites.len(), rows);
        for site in &list.sites {
            assert!(site.dated.is_some(), "{}", site.host);
            assert_eq!(normal_host(&site.host).unwrap().0, site.host);
        }
    }

    #[test]
    fn s2_names_below_a_help_site_are_help_and_names_beside_it_are_not() {
        let list = HelpList::shipped();
        let find = |url: &str| list.find(&Address::parse(url).unwrap()).map(|site| site.host.clone());
        assert_eq!(find("https://www.gamblersanonymous.org/x").as_deref(), Some("gamblersanonymous.org"));
        assert_eq!(find("https://notgamblersanonymous.org/"), None);
        assert_eq!(find("https://nhs.uk.casino-royal.test/"), None);
    }
}
