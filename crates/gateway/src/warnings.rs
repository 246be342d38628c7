//! Sites that open only after a warning: who has been warned about what, and went on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{Span, Timestamp};

use crate::ports::Moment;
use crate::record;

/// How long a person who went on is not warned again about the same site, in hours.
const WARNED_FOR_HOURS: i64 = 1;
/// Warnings that are remembered; over that, those that have run out are forgotten, then all.
const REMEMBERED_LIMIT: usize = 20_000;
/// Name in the query by which a browser shows that its person read the warning.
pub(crate) const GO_ON: &str = "haven-go-on";

/// Session and host.
type Place = (String, String);

#[derive(Default)]
pub(crate) struct Warnings(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    offered: HashMap<String, (Place, Timestamp)>,
    passed: HashMap<Place, Timestamp>,
}

impl Warnings {
    /// Whether the person of a session has gone on to a host within the hour.
    pub(crate) fn has_passed(&self, session: &str, host: &str, now: Timestamp) -> bool {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.passed.get(&(session.to_owned(), host.to_owned())).is_some_and(|until| now < *until)
    }

    /// A token for the link on the warning page: good for this session and host alone.
    pub(crate) fn offer(&self, session: &str, host: &str, now: Timestamp, moment: &dyn Moment) -> String {
        let token = record::reference(moment);
        let until = later(now);
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.offered.len() >= REMEMBERED_LIMIT {
            remembered.offered.retain(|_, (_, until)| now < *until);
            if remembered.offered.len() >= REMEMBERED_LIMIT {
                remembered.offered.clear();
            }
        }
        remembered.offered.insert(token.clone(), ((session.to_owned(), host.to_owned()), until));
        token
    }

    /// Takes a token back; true if it was offered to this session for this host.
    pub(crate) fn take(&self, token: &str, session: &str, host: &str, now: Timestamp) -> bool {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // In other hands it does nothing, and stays good for the person to whom it was offered.
        let fits = |(place, until): &(Place, Timestamp)| place.0 == session && place.1 == host && now < *until;
        if !remembered.offered.get(token).is_some_and(fits) {
            return false;
        }
        let Some((place, _)) = remembered.offered.remove(token) else { return false };
        if remembered.passed.len() >= REMEMBERED_LIMIT {
            remembered.passed.retain(|_, until| now < *until);
        }
        remembered.passed.insert(place, later(now));
        true
    }
}

fn later(now: Timestamp) -> Timestamp {
    now.checked_add(Span::new().hours(WARNED_FOR_HOURS)).unwrap_or(now)
}

/// The token in a path with query, and the same without it.
pub(crate) fn split_token(path_and_query: &str) -> Option<(String, String)> {
    let (path, query) = path_and_query.split_once('?')?;
    let prefix = format!("{GO_ON}=");
    let token = query.split('&').find_map(|pair| pair.strip_prefix(prefix.as_str()))?.to_owned();
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with(prefix.as_str())).collect();
    let clean = if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) };
    Some((token, clean))
}

/// The path with a token added.
pub(crate) fn with_token(path_and_query: &str, token: &str) -> String {
    let joiner = if path_and_query.contains('?') { '&' } else { '?' };
    format!("{}{joiner}{GO_ON}={token}", on_this_site(path_and_query))
}

/// The path as a link that stays on its site: a browser takes `//x` for another one.
pub(crate) fn on_this_site(path_and_query: &str) -> String {
    let leaves = path_and_query.strip_prefix('/').is_some_and(|rest| rest.starts_with(['/', '\\']));
    if leaves { format!("/.{path_and_query}") } else { path_and_query.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Still;

    impl Moment for Still {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn fill_random(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn f05_a_warning_is_passed_by_whom_it_was_shown_to_and_nobody_else_can_spend_it() {
        let (warnings, now) = (Warnings::default(), Timestamp::UNIX_EPOCH);
        let token = warnings.offer("hers", "forum.test", now, &Still);
        assert!(!warnings.take(&token, "his", "forum.test", now));
        assert!(!warnings.take(&token, "hers", "other.test", now));
        assert!(warnings.take(&token, "hers", "forum.test", now), "it is still good for her");
        assert!(!warnings.take(&token, "hers", "forum.test", now), "once");
        assert!(warnings.has_passed("hers", "forum.test", now) && !warnings.has_passed("his", "forum.test", now));
    }

    #[test]
    fn a_token_is_added_and_taken_out_again() {
        assert_eq!(split_token(&with_token("/a?b=1", "t")), Some(("t".into(), "/a?b=1".into())));
        assert_eq!(split_token(&with_token("/a", "t")), Some(("t".into(), "/a".into())));
        assert_eq!(split_token("/a?b=1"), None);
    }

    #[test]
    fn f05_a_link_never_leads_to_another_site() {
        assert_eq!(on_this_site("/a//b"), "/a//b");
        assert_eq!(on_this_site("//evil.test/"), "/.//evil.test/");
        assert_eq!(on_this_site("/\\evil.test/"), "/./\\evil.test/");
    }
}
