//! Devices at which nobody can sign in, registered under a name: whose rules hold there, and which post answers for them (S-6).

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;
use policy::Pack;

use crate::facts::{Device, Person};
use crate::network::Network;

/// What stands before the name in the place of a session: nobody has one there.
pub const SESSION_PREFIX: &str = "device:";
/// Longest name of a registration, in letters: with the prefix it fits where a session is kept.
pub const NAME_LIMIT_LETTERS: usize = 50;

/// One registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// "Games consoles, common room".
    pub name: String,
    pub networks: Vec<Network>,
    /// Group of the policy whose rules hold.
    pub group: String,
    /// Post of the policy that answers for these devices.
    pub responsible: String,
    /// Clause of the policy behind it; empty for none.
    pub clause: String,
    /// Its last day; none for as long as it stands in the settings.
    pub until: Option<Date>,
    /// Why a group that is not for people under an age; empty for none.
    pub reason: String,
}

impl Registered {
    /// Whether it holds on a day.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.until.is_none_or(|last| day <= last)
    }

    /// The bits that its closest range to an address fixes; none if it says nothing of it.
    fn closest(&self, address: IpAddr) -> Option<u8> {
        self.networks.iter().filter(|network| network.contains(address)).map(Network::prefix_bits).max()
    }
}

/// Every registration of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Devices {
    pub all: Vec<Registered>,
}

impl Devices {
    /// The registration that speaks of an address on a day: the one with the closest range. When that one has ended, the device
    /// is unknown again: an end never brings the rules of a wider range.
    #[must_use]
    pub fn at(&self, address: IpAddr, day: Date) -> Option<&Registered> {
        let speaking = self.all.iter().filter_map(|one| Some((one.closest(address)?, one)));
        speaking.max_by_key(|(bits, _)| *bits).map(|(_, one)| one).filter(|one| one.holds_on(day))
    }

    /// The first two registrations that name the very same range: which one held would be chance.
    #[must_use]
    pub fn twice(&self) -> Option<(&str, &str)> {
        let ranges: Vec<(&Registered, Network)> =
            self.all.iter().flat_map(|one| one.networks.iter().map(move |network| (one, *network))).collect();
        ranges.iter().enumerate().find_map(|(place, (one, network))| {
            let before = ranges.iter().take(place).find(|(_, other)| other.is_same(network))?;
            Some((before.0.name.as_str(), one.name.as_str()))
        })
    }

    /// What stands at an address at a moment, as the filter decides by it; none where nothing is registered.
    #[must_use]
    pub fn device(&self, pack: &Pack, address: IpAddr, at: Timestamp) -> Option<Device> {
        self.at(address, pack.calendar.day_of(at)).map(|found| device(pack, found))
    }
}

fn device(pack: &Pack, found: &Registered) -> Device {
    let post = pack.post_title(&found.responsible);
    let group = pack.group(&found.group).map_or(found.group.as_str(), |group| group.title.as_str());
    let by = pack.cite(&found.clause).map(|citation| format!(" ({citation})")).unwrap_or_default();
    let how = format!(
        "Registered as \u{201c}{}\u{201d}, with the rules of: {group}. Nobody has signed in there. {post} answers for it{by}.",
        found.name
    );
    Device {
        name: found.name.clone(),
        responsible: found.responsible.clone(),
        nobody: Person {
            id: String::new(),
            group: found.group.clone(),
            population: String::new(),
            site: String::new(),
            how,
            session: format!("{SESSION_PREFIX}{}", found.name),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn registered(name: &str, networks: &[&str], until: Option<&str>) -> Registered {
        Registered {
            name: name.to_owned(),
            networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
            group: "learner".to_owned(),
            responsible: "head-of-it".to_owned(),
            clause: String::new(),
            until: until.map(|text| text.parse().unwrap()),
            reason: String::new(),
        }
    }

    fn at(devices: &Devices, address: &str, day: &str) -> Option<String> {
        devices.at(address.parse().unwrap(), day.parse().unwrap()).map(|one| one.name.clone())
    }

    #[test]
    fn f13_the_closest_range_speaks_whatever_the_order() {
        let room = registered("room", &["10.20.9.0/24", "fd00:9::/64"], None);
        let console = registered("console", &["10.20.9.7"], Some("2026-12-31"));
        for all in [vec![room.clone(), console.clone()], vec![console, room]] {
            let devices = Devices { all };
            assert_eq!(at(&devices, "10.20.9.8", "2026-11-24").as_deref(), Some("room"));
            assert_eq!(at(&devices, "fd00:9::1", "2026-11-24").as_deref(), Some("room"));
            assert_eq!(at(&devices, "10.20.9.7", "2026-11-24").as_deref(), Some("console"));
            assert_eq!(at(&devices, "10.20.9.7", "2026-12-31").as_deref(), Some("console"), "its last day counts");
            assert_eq!(
                at(&devices, "10.20.9.7", "2027-01-01"),
                None,
                "an end never brings the rules of the wider range"
            );
            assert_eq!(at(&devices, "10.20.10.8", "2026-11-24"), None);
        }
    }

    #[test]
    fn f13_the_same_range_twice_is_found_however_it_is_written() {
        let twice = |one: &[&str], other: &[&str]| {
            let all = vec![registered("one", one, None), registered("other", other, Some("2020-01-01"))];
            Devices { all }.twice().map(|(one, other)| (one.to_owned(), other.to_owned()))
        };
        let both = Some(("one".to_owned(), "other".to_owned()));
        assert_eq!(twice(&["10.20.9.0/24"], &["10.20.9.77/24"]), both);
        assert_eq!(twice(&["10.20.9.7"], &["10.20.9.0/24", "10.20.9.7/32"]), both);
        assert_eq!(twice(&["10.20.9.7"], &["10.20.9.8", "10.20.9.0/24"]), None);
        assert_eq!(twice(&["10.20.9.0/24"], &["fd00::/24"]), None);
    }
}
