//! The facts of one web request: what was asked for, by whom, from where and when. Everything the filter may judge by, and nothing else.

use jiff::Timestamp;

use crate::address::Address;

/// Who stands behind a request. Never a guess (S-6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// A signed-in person whose notice and agreement are in order.
    Person(Person),
    /// Nobody: a device at which nobody can sign in, and which was registered.
    Device(Device),
    /// Nobody has signed in here, or the gate is not yet passed.
    Unknown,
}

impl Who {
    /// By whose rules is decided: the person's, or for a registered device those of its group, with nobody in it.
    #[must_use]
    pub fn asker(&self) -> Option<&Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Device(device) => Some(&device.nobody),
            Self::Unknown => None,
        }
    }

    #[must_use]
    pub fn is_device(&self) -> bool {
        matches!(self, Self::Device(_))
    }
}

/// A registered device, or several under one name: games consoles, a screen in a hall.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Device {
    /// As it was registered: "Games consoles, common room".
    pub name: String,
    /// Post of the policy that answers for it.
    pub responsible: String,
    /// What stands in a person's place: a group, the sentence that says what is registered, and no id.
    pub nobody: Person,
}

/// A person as the gateway knows them for the length of a browser session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person {
    /// Text id of the person.
    pub id: String,
    /// The group of the pack that fits today.
    pub group: String,
    /// Population of the pack: `learner`, `staff`, `visitor`.
    pub population: String,
    pub site: String,
    /// How they were identified, in words for the alert: "signed in at the gate at 9:02am on this computer".
    pub how: String,
    /// Opaque id of the portal session that vouches for them.
    pub session: String,
}

/// How a request reached the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carriage {
    /// Plain HTTP through the proxy.
    Plain,
    /// The name of a CONNECT, before anything inside is seen.
    Tunnel,
    /// HTTP inside an inspected TLS connection.
    Inspected,
    /// A name that is asked for by DNS; nothing else will be seen.
    Name,
}

impl Carriage {
    /// Whether only the host is known.
    #[must_use]
    pub fn is_host_only(self) -> bool {
        matches!(self, Self::Tunnel | Self::Name)
    }
}

/// One request, or one question about a tunnel.
#[derive(Debug, Clone)]
pub struct Facts {
    pub at: Timestamp,
    pub who: Who,
    /// Name of the listener it came in by.
    pub listener: String,
    /// Address of the device, as text; empty if unknown.
    pub device: String,
    pub carriage: Carriage,
    pub method: String,
    pub address: Address,
    /// True for a page that a person looks at (Sec-Fetch-Dest: document, or Accept with text/html and no fetch metadata).
    pub navigation: bool,
    /// It is shown inside another page (Sec-Fetch-Dest: iframe, frame, object or embed).
    pub framed: bool,
    /// The user agent asked for this from inside a page of that host, if it says so.
    pub referrer_host: Option<String>,
}
