//! Who stands at which door or shows which pass, kept in memory; a session that ended is gone at once, and a closed browser
//! must prove itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actions::{ActionError, Haven, PersonCard};
use gateway::{Answer, Door, Identified, Vouched};
use jiff::{SignedDuration, Timestamp};

use super::feed::Feed;

/// How long it is remembered that a door's last connection closed, in hours: far longer than a session may be idle.
const CLOSINGS_HOURS: i64 = 2;
/// Names that are held in memory at the same time.
const NAMES_LIMIT: usize = 20_000;

/// Everybody who has passed the gate, by what they are known by.
pub(crate) struct People {
    haven: Arc<Haven>,
    known: Mutex<Known>,
}

/// By what somebody is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Door(Door),
    /// Digest of a pass.
    Pass([u8; 32]),
}

struct Known {
    known: HashMap<Key, Standing>,
    /// When the last connection of a door, or with a pass, closed. What was proven before counts no longer.
    closed: HashMap<Key, Timestamp>,
    /// People who were asked for by name, and when last: whom the network vouches for.
    named: HashMap<String, Named>,
    /// When a session last showed its cookie at a door, by session. Nothing from before the start counts: no connection is
    /// as old as that.
    proven: HashMap<String, Timestamp>,
    started: Timestamp,
}

struct Named {
    /// None while the gate is not passed, or for nobody.
    person: Option<PersonCard>,
    asked: Timestamp,
}

struct Standing {
    /// Where it is good.
    door: Door,
    person: filter::Person,
    seen: Timestamp,
    /// What the store was last told of `seen`.
    told: Timestamp,
}

impl People {
    pub(crate) fn new(haven: Arc<Haven>) -> Self {
        let started = haven.now();
        let known = Known {
            known: HashMap::new(),
            closed: HashMap::new(),
            named: HashMap::new(),
            proven: HashMap::new(),
            started,
        };
        Self { haven, known: Mutex::new(known) }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session showed its cookie at its door.
    pub(crate) fn prove(&self, session: &str, at: Timestamp) {
        self.lock().proven.insert(session.to_owned(), at);
    }

    /// Asks the store who is bound where, and forgets everybody else.
    pub(crate) async fn renew(&self) -> Result<(), ActionError> {
        let bound = actions::identity::bound(&self.haven).await?;
        self.stand(bound);
        self.renew_named().await
    }

    fn stand(&self, bound: Vec<actions::identity::Bound>) {
        let mut known = self.lock();
        let mut standing = HashMap::with_capacity(bound.len());
        for one in bound {
            let door = Door { listener: one.door.listener, address: one.door.address };
            let key = one.pass.map_or_else(|| Key::Door(door.clone()), Key::Pass);
            let before = known.known.get(&key).filter(|before| before.person.session == one.session);
            let seen = before.map_or(one.seen_at, |before| before.seen.max(one.seen_at));
            let person = filter::Person {
                id: one.person.id,
                group: one.person.group,
                population: one.person.population,
                site: one.person.site,
                how: one.how,
                session: one.session,
            };
            standing.insert(key, Standing { door, person, seen, told: one.seen_at });
        }
        known.known = standing;
        known.tidy(self.haven.now());
    }

    /// Groups change and agreements come: whoever is known by name is asked about again.
    async fn renew_named(&self) -> Result<(), ActionError> {
        let names: Vec<String> = self.lock().named.keys().cloned().collect();
        for name in names {
            let person = actions::identity::by_name(&self.haven, &name).await?;
            if let Some(named) = self.lock().named.get_mut(&name) {
                named.person = person;
            }
        }
        Ok(())
    }

    /// Asks the store about one name.
    async fn ask_name(&self, name: &str, now: Timestamp) -> Result<(), ActionError> {
        let person = actions::identity::by_name(&self.haven, name).await?;
        let mut known = self.lock();
        if known.named.len() < NAMES_LIMIT || known.named.contains_key(name) {
            known.named.insert(name.to_owned(), Named { person, asked: now });
        }
        Ok(())
    }

    fn by_name(&self, vouched: &Vouched, door: &Door, now: Timestamp) -> Identified {
        let mut known = self.lock();
        let Some(named) = known.named.get_mut(&vouched.name) else { return Identified::Unknown };
        named.asked = named.asked.max(now);
        let Some(card) = named.person.clone() else { return Identified::Unknown };
        let at = actions::words::moment(&self.haven.pack().calendar, now, vouched.since);
        let how = format!(
            "The network names {} {at}, at the computer with address {} (entrance \u{201c}{}\u{201d}): {}.",
            card.username, door.address, door.listener, vouched.by
        );
        Identified::Person(filter::Person {
            id: card.id,
            group: card.group,
            population: card.population,
            site: card.site,
            how,
            session: vouched.session.clone(),
        })
    }

    /// Tells the store which sessions were used since it was last told.
    pub(crate) async fn tell_use(&self) -> Result<(), ActionError> {
        let used: Vec<(Key, String, Timestamp)> = {
            let known = self.lock();
            let fresh = known.known.iter().filter(|(_, standing)| standing.seen > standing.told);
            fresh.map(|(key, standing)| (key.clone(), standing.person.session.clone(), standing.seen)).collect()
        };
        for (key, session, seen) in used {
            if actions::session::is_idle(self.haven.now(), seen) {
                continue;
            }
            actions::identity::touch(&self.haven, &session).await?;
            if let Some(standing) =
                self.lock().known.get_mut(&key).filter(|standing| standing.person.session == session)
            {
                standing.told = standing.told.max(seen);
            }
        }
        Ok(())
    }
}

impl Known {
    fn is_proven(&self, key: &Key, session: &str) -> bool {
        let closed = self.closed.get(key).copied().unwrap_or(self.started);
        self.proven.get(session).is_some_and(|at| *at >= closed)
    }

    fn look(&mut self, key: &Key, door: &Door, now: Timestamp, counts: bool) -> Identified {
        // A pass that is shown anywhere else than where it was given is no pass.
        let Some(standing) = self.known.get(key).filter(|standing| standing.door == *door) else {
            return Identified::Unknown;
        };
        if actions::session::is_idle(now, standing.seen) {
            return Identified::Unknown;
        }
        if !self.is_proven(key, &standing.person.session) {
            return Identified::Unproven;
        }
        let Some(standing) = self.known.get_mut(key) else { return Identified::Unknown };
        if counts {
            standing.seen = standing.seen.max(now);
        }
        Identified::Person(standing.person.clone())
    }

    /// Forgets what no session needs any more.
    fn tidy(&mut self, now: Timestamp) {
        let oldest = now.checked_sub(SignedDuration::from_hours(CLOSINGS_HOURS)).unwrap_or(now);
        let known = &self.known;
        self.closed.retain(|key, at| *at >= oldest || known.contains_key(key));
        self.named.retain(|_, named| named.asked >= oldest);
        self.proven
            .retain(|session, at| *at >= oldest || known.values().any(|standing| standing.person.session == *session));
    }
}

/// Identity as the gateway asks for it: from memory, or with a fresh look at the feed.
pub(crate) struct AtTheDoor {
    pub(crate) people: Arc<People>,
    pub(crate) feed: Arc<Feed>,
}

impl AtTheDoor {
    fn look(&self, key: &Key, door: &Door, now: Timestamp, counts: bool) -> Identified {
        match self.people.lock().look(key, door, now, counts) {
            // The cookie may have been shown a moment ago: unknown is asked afresh, unproven would be sent away at once.
            Identified::Unproven if counts => Identified::Unknown,
            other => other,
        }
    }

    fn again(&self, key: Key, door: &Door, now: Timestamp) -> Answer<Identified> {
        let (people, feed, door) = (Arc::clone(&self.people), Arc::clone(&self.feed), door.clone());
        Box::pin(async move {
            if let Err(error) = feed.pull().await {
                tracing::warn!(cause = %error, "the feed could not be read at a refusal");
            }
            people.lock().look(&key, &door, now, true)
        })
    }
}

impl gateway::Identity for AtTheDoor {
    fn who(&self, door: &Door, now: Timestamp) -> Identified {
        self.look(&Key::Door(door.clone()), door, now, true)
    }

    fn still(&self, door: &Door, now: Timestamp) -> Identified {
        self.look(&Key::Door(door.clone()), door, now, false)
    }

    fn ask_again(&self, door: &Door, now: Timestamp) -> Answer<Identified> {
        self.again(Key::Door(door.clone()), door, now)
    }

    fn by_pass(&self, pass: &str, door: &Door, now: Timestamp, counts: bool) -> Identified {
        match actions::pass::digest(pass) {
            Some(digest) => self.look(&Key::Pass(digest), door, now, counts),
            None => Identified::Unknown,
        }
    }

    fn by_pass_again(&self, pass: &str, door: &Door, now: Timestamp) -> Answer<Identified> {
        match actions::pass::digest(pass) {
            Some(digest) => self.again(Key::Pass(digest), door, now),
            None => Box::pin(async { Identified::Unknown }),
        }
    }

    fn by_name(&self, named: &Vouched, door: &Door, now: Timestamp) -> Identified {
        self.people.by_name(named, door, now)
    }

    fn by_name_again(&self, named: &Vouched, door: &Door, now: Timestamp) -> Answer<Identified> {
        let (people, feed, named, door) =
            (Arc::clone(&self.people), Arc::clone(&self.feed), named.clone(), door.clone());
        Box::pin(async move {
            if let Err(error) = feed.pull().await {
                tracing::warn!(cause = %error, "the feed could not be read at a refusal");
            }
            if let Err(error) = people.ask_name(&named.name, now).await {
                tracing::warn!(cause = %error, "a name could not be asked about");
            }
            people.by_name(&named, &door, now)
        })
    }

    fn pass_gone(&self, pass: &str, now: Timestamp) {
        let Some(key) = actions::pass::digest(pass).map(Key::Pass) else { return };
        let mut known = self.people.lock();
        // Anybody can show something that is no pass: it is not remembered.
        if known.known.contains_key(&key) {
            known.closed.insert(key, now);
        }
    }

    fn can_ask(&self) -> bool {
        self.feed.answers()
    }

    fn connections(&self, door: &Door, open: usize, now: Timestamp) {
        if open == 0 {
            self.people.lock().closed.insert(Key::Door(door.clone()), now);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn door() -> Door {
        Door { listener: "room".to_owned(), address: "127.0.0.1".parse().unwrap() }
    }

    fn key() -> Key {
        Key::Door(door())
    }

    fn known(session: &str, seen: Timestamp) -> Known {
        let person = filter::Person {
            id: "p".to_owned(),
            group: "learner".to_owned(),
            population: "learner".to_owned(),
            site: String::new(),
            how: String::new(),
            session: session.to_owned(),
        };
        let standing = Standing { door: door(), person, seen, told: seen };
        Known {
            known: HashMap::from([(key(), standing)]),
            closed: HashMap::new(),
            named: HashMap::new(),
            proven: HashMap::new(),
            started: at(0),
        }
    }

    fn is_person(found: &Identified) -> bool {
        matches!(found, Identified::Person(_))
    }

    #[test]
    fn s6_after_15_idle_minutes_nobody_is_known() {
        let mut known = known("s", at(0));
        known.proven.insert("s".to_owned(), at(0));
        assert!(is_person(&known.look(&key(), &door(), at(899), false)));
        assert!(matches!(known.look(&key(), &door(), at(901), false), Identified::Unknown));
        assert!(is_person(&known.look(&key(), &door(), at(600), true)));
        assert!(is_person(&known.look(&key(), &door(), at(1400), false)), "use moves the idle minutes on");
        assert!(
            matches!(known.look(&key(), &door(), at(1501), false), Identified::Unknown),
            "asking without use does not"
        );
    }

    #[test]
    fn s6_a_browser_that_was_closed_must_show_its_cookie_again() {
        let mut known = known("s", at(10));
        assert!(
            matches!(known.look(&key(), &door(), at(11), true), Identified::Unproven),
            "nothing is proven at the start"
        );
        known.proven.insert("s".to_owned(), at(12));
        assert!(is_person(&known.look(&key(), &door(), at(13), true)));
        known.closed.insert(key(), at(14));
        assert!(matches!(known.look(&key(), &door(), at(15), true), Identified::Unproven));
        known.proven.insert("s".to_owned(), at(16));
        assert!(is_person(&known.look(&key(), &door(), at(17), true)));
    }

    #[test]
    fn s6_a_pass_is_good_only_where_it_was_given() {
        let pass = Key::Pass([7; 32]);
        let mut known = known("s", at(10));
        let standing = known.known.remove(&key()).unwrap();
        known.known.insert(pass.clone(), standing);
        known.proven.insert("s".to_owned(), at(12));
        assert!(is_person(&known.look(&pass, &door(), at(13), true)));
        let elsewhere = Door { listener: "room".to_owned(), address: "127.0.0.2".parse().unwrap() };
        assert!(matches!(known.look(&pass, &elsewhere, at(13), true), Identified::Unknown));
        assert!(matches!(known.look(&key(), &door(), at(13), true), Identified::Unknown), "the door alone is nobody's");
        known.closed.insert(pass.clone(), at(14));
        assert!(matches!(known.look(&pass, &door(), at(15), true), Identified::Unproven));
    }

    #[test]
    fn s6_what_another_session_showed_proves_nothing() {
        let mut known = known("s", at(10));
        known.proven.insert("another".to_owned(), at(12));
        assert!(matches!(known.look(&key(), &door(), at(13), true), Identified::Unproven));
    }
}
