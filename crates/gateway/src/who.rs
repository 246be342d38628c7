//! Who stands at a door, and what that means for one request: known and decided, open to anybody, or shut.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use filter::decide::{self, Gate};
use filter::{Address, Carriage, Decision, Device, Facts, Snapshot, Who};
use http::{HeaderMap, Method, header};
use jiff::Timestamp;

use crate::config::KnownBy;
use crate::door::{Entered, Held};
use crate::gate::{Shut, is_framed, is_navigation};
use crate::line::Lines;
use crate::pass;
use crate::ports::{Door, IDENTITY_LIMIT_MS, Identified, Vouched};
use crate::server::Keeper;

/// One client connection, from its door to its end.
pub(crate) struct Visit {
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) door: Door,
    /// Whether the address of the door is that of the device itself, and not of another proxy.
    pub(crate) at_device: bool,
    /// By what somebody is known at this listener (S-6).
    pub(crate) known_by: KnownBy,
    /// The pass that came with this request, or with the tunnel that it is in.
    pub(crate) shown: Option<Arc<str>>,
    /// Whom another program that is believed names with this request.
    pub(crate) named: Option<Vouched>,
    /// The pass that was last shown on this connection counts as present for as long as the connection is open.
    pub(crate) held: Arc<Mutex<Option<Held>>>,
    pub(crate) lines: Arc<Lines>,
    pub(crate) _entered: Arc<Entered>,
}

/// What is to happen with a request, by who asks.
pub(crate) enum Standing {
    /// A person who has passed the gate, or a registered device, and the decision about the request.
    Known(Decision),
    /// Nobody known, or not proven; this is open to anybody and nothing is kept about it.
    Open(Decision),
    Shut(Shut),
}

impl Visit {
    /// The same visit, for a request that came with these headers: what it shows of who sends it is taken along.
    pub(crate) fn showing(self: &Arc<Self>, headers: &HeaderMap) -> Arc<Self> {
        if self.known_by != KnownBy::Pass {
            return Arc::clone(self);
        }
        let shown: Option<Arc<str>> = pass::shown(headers).map(Arc::from);
        if let Some(pass) = &shown {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.as_ref().is_none_or(|held| !held.is(pass)) {
                *held = Some(self.keeper.passes.hold(pass));
            }
        }
        Arc::new(Self {
            keeper: Arc::clone(&self.keeper),
            door: self.door.clone(),
            at_device: self.at_device,
            known_by: self.known_by,
            shown,
            named: None,
            held: Arc::clone(&self.held),
            lines: Arc::clone(&self.lines),
            _entered: Arc::clone(&self._entered),
        })
    }

    /// The same visit, for a request that another proxy asks about: where its browser stands, and whom the proxy names, if it
    /// is believed about that.
    pub(crate) fn on_behalf(
        self: &Arc<Self>,
        door: Door,
        at_device: bool,
        known_by: KnownBy,
        named: Option<Vouched>,
    ) -> Arc<Self> {
        Arc::new(Self {
            keeper: Arc::clone(&self.keeper),
            door,
            at_device,
            known_by,
            shown: None,
            named,
            held: Arc::clone(&self.held),
            lines: Arc::clone(&self.lines),
            _entered: Arc::clone(&self._entered),
        })
    }

    /// Whom another program names here: the network, or the proxy that asks.
    fn vouched(&self, now: Timestamp) -> Option<Vouched> {
        match self.known_by {
            KnownBy::Accounting => self.keeper.accounting.at(self.door.address, now),
            KnownBy::Proxy => self.named.clone(),
            KnownBy::Nothing | KnownBy::Address | KnownBy::Pass => None,
        }
    }

    /// Who it is, from memory.
    pub(crate) fn look(&self, now: Timestamp, counts: bool) -> Identified {
        let identity = &self.keeper.ports.identity;
        match (self.known_by, &self.shown) {
            (KnownBy::Address, _) if counts => identity.who(&self.door, now),
            (KnownBy::Address, _) => identity.still(&self.door, now),
            (KnownBy::Pass, Some(pass)) => identity.by_pass(pass, &self.door, now, counts),
            (KnownBy::Accounting | KnownBy::Proxy, _) => match self.vouched(now) {
                Some(named) => identity.by_name(&named, &self.door, now),
                None => Identified::Unknown,
            },
            (KnownBy::Pass, None) | (KnownBy::Nothing, _) => Identified::Unknown,
        }
    }

    /// Who it is, asked afresh.
    pub(crate) async fn ask_again(&self, now: Timestamp) -> Identified {
        let identity = &self.keeper.ports.identity;
        let asked = match (self.known_by, &self.shown) {
            (KnownBy::Address, _) => identity.ask_again(&self.door, now),
            (KnownBy::Pass, Some(pass)) => identity.by_pass_again(pass, &self.door, now),
            (KnownBy::Accounting | KnownBy::Proxy, _) => match self.vouched(now) {
                Some(named) => identity.by_name_again(&named, &self.door, now),
                None => return Identified::Unknown,
            },
            (KnownBy::Pass, None) | (KnownBy::Nothing, _) => return Identified::Unknown,
        };
        tokio::time::timeout(Duration::from_millis(IDENTITY_LIMIT_MS), asked).await.unwrap_or(Identified::Unknown)
    }

    /// Whether nobody can be known here just now, although somebody could at other times.
    pub(crate) fn cannot_ask(&self) -> bool {
        self.known_by != KnownBy::Nothing && !self.keeper.ports.identity.can_ask()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.keeper.ports.moment.now()
    }

    /// The facts of a request, before it is known who asks.
    pub(crate) fn facts(&self, carriage: Carriage, method: &Method, address: Address, headers: &HeaderMap) -> Facts {
        let referrer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
        Facts {
            at: self.now(),
            who: Who::Unknown,
            listener: self.door.listener.clone(),
            device: self.door.address.to_string(),
            carriage,
            method: method.as_str().to_owned(),
            address,
            navigation: carriage != Carriage::Tunnel && is_navigation(method, headers),
            framed: is_framed(headers),
            referrer_host: referrer.and_then(|text| Address::parse(text).ok()).map(|address| address.host().to_owned()),
        }
    }

    /// Decides who asks and what that means. Fills `facts.who`.
    pub(crate) async fn stand(&self, snapshot: &Snapshot, facts: &mut Facts) -> Standing {
        let shut = match self.look(facts.at, true) {
            Identified::Person(person) => return self.known(snapshot, facts, person),
            Identified::Unproven => Shut::Unproven,
            Identified::Unknown => Shut::Unknown,
        };
        if shut == Shut::Unknown
            && let Some(device) = self.device(snapshot, facts.at)
        {
            return self.registered(snapshot, facts, device);
        }
        facts.who = Who::Unknown;
        if let Gate::Open(mut decision) = decide::gate(snapshot, facts) {
            // Whatever was decided: nothing is looked at or kept about somebody who has not been told (S-3, S-4).
            decision.record = false;
            decision.inspect = false;
            self.keeper.counts.opened_at_gate.add();
            return Standing::Open(decision);
        }
        if shut == Shut::Unknown && !self.cannot_ask() {
            match self.ask_again(facts.at).await {
                Identified::Person(person) => return self.known(snapshot, facts, person),
                Identified::Unproven => return self.shut(Shut::Unproven, facts.at),
                Identified::Unknown => {}
            }
        }
        self.shut(shut, facts.at)
    }

    /// What is registered where nobody is known. A person goes before it, also one who has to prove their session first.
    fn device(&self, snapshot: &Snapshot, now: Timestamp) -> Option<Device> {
        let device = snapshot.device_at(self.door.address, now).filter(|_| self.at_device)?;
        matches!(self.look(now, false), Identified::Unknown).then_some(device)
    }

    fn registered(&self, snapshot: &Snapshot, facts: &mut Facts, device: Device) -> Standing {
        self.keeper.counts.for_device.add();
        facts.who = Who::Device(device);
        self.decided(snapshot, facts)
    }

    fn known(&self, snapshot: &Snapshot, facts: &mut Facts, person: filter::Person) -> Standing {
        facts.who = Who::Person(person);
        self.decided(snapshot, facts)
    }

    fn decided(&self, snapshot: &Snapshot, facts: &Facts) -> Standing {
        self.keeper.denied.remove(&self.door);
        let decision = decide::request(snapshot, facts);
        if decision.record && !self.keeper.ports.records.room() {
            return Standing::Known(self.unrecorded(snapshot, facts));
        }
        Standing::Known(decision)
    }

    /// What the pack says for what cannot be recorded (invariant 6).
    pub(crate) fn unrecorded(&self, snapshot: &Snapshot, facts: &Facts) -> Decision {
        self.keeper.counts.unrecorded.add();
        decide::records_down(snapshot, facts)
    }

    fn shut(&self, shut: Shut, now: Timestamp) -> Standing {
        let shut = if self.cannot_ask() { Shut::CannotAsk } else { shut };
        if shut == Shut::Unknown && self.at_device {
            self.keeper.denied.add(&self.door, now);
        }
        self.keeper.counts.gated.add();
        self.keeper.ports.records.count_gate();
        Standing::Shut(shut)
    }

    /// Whether an open tunnel may stay open: the same person is still there, and the answer about it is still yes.
    pub(crate) fn may_stay(&self, facts: &Facts) -> bool {
        let Some(snapshot) = self.keeper.ports.snapshots.current() else { return false };
        let mut facts = facts.clone();
        facts.at = self.now();
        let decision = match &facts.who {
            Who::Person(person) => match self.look(facts.at, false) {
                Identified::Person(still) if still.id == person.id && still.session == person.session => {
                    facts.who = Who::Person(still);
                    decide::request(&snapshot, &facts)
                }
                _ => return false,
            },
            // Whoever signs in there is somebody; a registration that ended is none.
            Who::Device(device) => match self.device(&snapshot, facts.at) {
                Some(still) if still.name == device.name => {
                    facts.who = Who::Device(still);
                    decide::request(&snapshot, &facts)
                }
                _ => return false,
            },
            Who::Unknown => match decide::gate(&snapshot, &facts) {
                Gate::Open(decision) => decision,
                Gate::Shut => return false,
            },
        };
        decision.action != policy::Action::Block
    }
}

/// The sign-in name that another program's name for somebody stands for; none for nobody, or for somebody of elsewhere.
pub(crate) fn own_name(told: &str, realms: &[String]) -> Option<String> {
    let is_own = |realm: &str| realms.iter().any(|own| own.eq_ignore_ascii_case(realm));
    let name = match (told.rsplit_once('@'), told.split_once('\\')) {
        (Some((name, realm)), _) if is_own(realm) => name,
        (None, Some((realm, name))) if is_own(realm) => name,
        // A name with a realm of elsewhere may be that of somebody else who has the same name there.
        (Some(_), _) | (_, Some(_)) => return None,
        (None, None) => told,
    };
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn s6_a_name_of_elsewhere_is_nobody_here() {
        let realms = ["college.example".to_owned(), "COLLEGE".to_owned()];
        for (said, own) in [("lena", "lena"), ("lena@College.Example", "lena"), ("college\\lena", "lena")] {
            assert_eq!(own_name(said, &realms).as_deref(), Some(own), "{said}");
        }
        for said in [
            "",
            "@college.example",
            "lena@elsewhere.example",
            "ELSEWHERE\\lena",
            "lena@college.example@elsewhere.example",
        ] {
            assert_eq!(own_name(said, &realms), None, "{said}");
        }
    }
}
