//! Who stands at a door, and what that means for one request: known and decided, open to anybody, or shut.

use std::sync::Arc;
use std::time::Duration;

use filter::decide::{self, Gate};
use filter::{Address, Carriage, Decision, Facts, Snapshot, Who};
use http::{HeaderMap, Method, header};
use jiff::Timestamp;

use crate::door::Entered;
use crate::gate::{Shut, is_navigation};
use crate::line::Lines;
use crate::ports::{Door, IDENTITY_LIMIT_MS, Identified};
use crate::server::Keeper;

/// One client connection, from its door to its end.
pub(crate) struct Visit {
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) door: Door,
    /// Whether this listener's site declares one person per address (S-6).
    pub(crate) one_person: bool,
    pub(crate) lines: Lines,
    pub(crate) _entered: Entered,
}

/// What is to happen with a request, by who asks.
pub(crate) enum Standing {
    /// A person who has passed the gate, and the decision about their request.
    Known(Decision),
    /// Nobody known, or not proven; this is open to anybody and nothing is kept about it.
    Open(Decision),
    Shut(Shut),
}

impl Visit {
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
            referrer_host: referrer.and_then(|text| Address::parse(text).ok()).map(|address| address.host().to_owned()),
        }
    }

    /// Decides who asks and what that means. Fills `facts.who`.
    pub(crate) async fn stand(&self, snapshot: &Snapshot, facts: &mut Facts) -> Standing {
        let first =
            if self.one_person { self.keeper.ports.identity.who(&self.door, facts.at) } else { Identified::Unknown };
        let shut = match first {
            Identified::Person(person) => return self.known(snapshot, facts, person),
            Identified::Unproven => Shut::Unproven,
            Identified::Unknown => Shut::Unknown,
        };
        facts.who = Who::Unknown;
        if let Gate::Open(mut decision) = decide::gate(snapshot, facts) {
            // Whatever was decided: nothing is looked at or kept about somebody who has not been told (S-3, S-4).
            decision.record = false;
            decision.inspect = false;
            self.keeper.counts.opened_at_gate.add();
            return Standing::Open(decision);
        }
        if shut == Shut::Unknown && self.one_person && self.keeper.ports.identity.can_ask() {
            match self.ask_again(facts.at).await {
                Identified::Person(person) => return self.known(snapshot, facts, person),
                Identified::Unproven => return self.shut(Shut::Unproven),
                Identified::Unknown => {}
            }
        }
        self.shut(shut)
    }

    async fn ask_again(&self, now: Timestamp) -> Identified {
        let asked = self.keeper.ports.identity.ask_again(&self.door, now);
        tokio::time::timeout(Duration::from_millis(IDENTITY_LIMIT_MS), asked).await.unwrap_or(Identified::Unknown)
    }

    fn known(&self, snapshot: &Snapshot, facts: &mut Facts, person: filter::Person) -> Standing {
        facts.who = Who::Person(person);
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

    fn shut(&self, shut: Shut) -> Standing {
        let shut = if self.one_person && !self.keeper.ports.identity.can_ask() { Shut::CannotAsk } else { shut };
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
            Who::Person(person) => match self.keeper.ports.identity.still(&self.door, facts.at) {
                Identified::Person(still) if still.id == person.id && still.session == person.session => {
                    facts.who = Who::Person(still);
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
