//! The organisation's own rules for single websites, as they stand under the policy in force: never milder than what was
//! decided, also when a new policy no longer has the clause or the people that a rule was made for.

mod making;

pub(crate) use making::checked;
pub use making::{CLOSE_LIMIT_DAYS, Made, NewRule, RuleQuery, RuleRow, RuleState, make, rules, take_back};

use casework::access;
use filter::lists::LocalRule;
use jiff::Timestamp;
use policy::{Action, Pack};

use crate::session::Session;
use crate::{ActionError, Haven};

/// What a kept rule is under a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// As it was decided.
    Holds(LocalRule),
    /// It opened something, and what it rested on is gone: it opens nothing any more.
    Ended(&'static str),
    /// It closed something, and what it rested on is gone: it closes it for everybody until somebody decides anew.
    Tightened(LocalRule, &'static str),
}

const NO_CLAUSE: &str = "the policy no longer has the clause that it was decided by";
const NO_PEOPLE: &str = "the policy no longer names the people that it was decided for";

/// A kept rule under a policy. It never becomes milder: what opened a website ends, what closed one goes on.
#[must_use]
pub fn standing(pack: &Pack, rule: &store::local_rules::LocalRule) -> Standing {
    let clause = rule.citation.split_once(':').and_then(|(_, rest)| rest.split('@').next()).unwrap_or_default();
    let of_population = |group: &String| pack.group(group).is_some_and(|group| group.population == rule.population);
    let profiles: Vec<String> = pack
        .filtering
        .profiles
        .iter()
        .filter(|profile| !rule.population.is_empty() && profile.groups.iter().any(of_population))
        .map(|profile| profile.id.clone())
        .collect();
    let why = if pack.clause(clause).is_none() {
        Some(NO_CLAUSE)
    } else if profiles.is_empty() && !rule.population.is_empty() {
        Some(NO_PEOPLE)
    } else {
        None
    };
    let made = |profiles: Vec<String>, clause: &str| LocalRule {
        id: rule.id.clone(),
        site: rule.host.clone(),
        action: if rule.allow { Action::Allow } else { Action::Block },
        profiles,
        until: rule.until,
        clause: clause.to_owned(),
    };
    match why {
        None => Standing::Holds(made(profiles, clause)),
        Some(why) if rule.allow => Standing::Ended(why),
        // The clause for what is on no list speaks for it: it is in every policy.
        Some(why) => Standing::Tightened(made(Vec::new(), &pack.filtering.defaults.unlisted_clause), why),
    }
}

/// A rule that no longer stands as it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    pub host: String,
    /// It opened the website; now it does nothing. Otherwise it closed it, and now closes it for everybody.
    pub opened: bool,
    pub why: &'static str,
}

/// The rules that no longer stand as they were decided: a finding for those who decide about websites.
pub async fn unsettled(haven: &Haven, session: &Session) -> Result<Vec<Unsettled>, ActionError> {
    let pack = haven.pack();
    access::organisation(&pack, &session.asker(), "filter.decide-request", "requests")?;
    let kept = store::local_rules::in_force(&haven.store, haven.now()).await?;
    Ok(kept.iter().filter_map(|rule| finding(&pack, rule)).collect())
}

fn finding(pack: &Pack, rule: &store::local_rules::LocalRule) -> Option<Unsettled> {
    match standing(pack, rule) {
        Standing::Holds(_) => None,
        Standing::Ended(why) | Standing::Tightened(_, why) => {
            Some(Unsettled { host: rule.host.clone(), opened: rule.allow, why })
        }
    }
}

/// When a policy comes into force: an entry for each rule that no longer stands as it did, and a letter to those who decide.
pub(crate) async fn tell(
    haven: &Haven,
    unit: &mut store::Unit,
    pack: &Pack,
    before: Option<&Pack>,
    now: Timestamp,
) -> Result<(), ActionError> {
    let kept = store::local_rules::in_force(&mut *unit, now).await?;
    let news = kept
        .iter()
        .filter(|rule| finding(pack, rule).is_some() && before.is_none_or(|before| finding(before, rule).is_none()));
    let mut any = false;
    for rule in news {
        let action = if rule.allow { "local-rule.ended" } else { "local-rule.tightened" };
        let detail = serde_json::json!({ "host": rule.host, "policy": pack.digest });
        store::audit::append(unit, crate::audit::entry(now, "clock", action, &rule.id, &detail));
        any = true;
    }
    if !any {
        return Ok(());
    }
    let team = crate::team::Team::read(haven).await?;
    let rights = pack.rights.iter().filter(|right| right.action == "filter.decide-request");
    let mut people: Vec<&str> = rights.flat_map(|right| team.holders_of(&right.post)).collect();
    people.sort_unstable();
    people.dedup();
    for person in people {
        let letter = crate::opening::letter(haven, person, casework::notice::Occasion::Waiting, now);
        store::outbox::post(unit, &letter).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeMap;

    use super::*;

    fn pack() -> Pack {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/waes");
        let mut files = BTreeMap::new();
        for file in walk(&folder) {
            let name = file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            files.insert(name, std::fs::read_to_string(&file).unwrap());
        }
        policy::read(&files).pack.unwrap()
    }

    fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
    }

    fn rule(allow: bool, population: &str, citation: String) -> store::local_rules::LocalRule {
        store::local_rules::LocalRule {
            id: "r1".to_owned(),
            host: "site.test".to_owned(),
            allow,
            population: population.to_owned(),
            reason: "Used in class".to_owned(),
            citation,
            made_at: Timestamp::UNIX_EPOCH,
            made_by: "p1".to_owned(),
            until: None,
            request: None,
            withdrawn_at: None,
        }
    }

    #[test]
    fn f12_a_rule_whose_clause_is_gone_never_becomes_milder() {
        let pack = pack();
        let clause = pack.filtering.defaults.unlisted_clause.clone();
        let good = pack.cite(&clause).unwrap().to_record();
        let gone = good.replace(&format!(":{clause}@"), ":99.9@");
        assert_ne!(good, gone);
        assert!(matches!(standing(&pack, &rule(true, "learner", good.clone())), Standing::Holds(_)));
        assert_eq!(standing(&pack, &rule(true, "learner", gone.clone())), Standing::Ended(NO_CLAUSE));
        assert_eq!(standing(&pack, &rule(true, "pupil", good.clone())), Standing::Ended(NO_PEOPLE));
        for (population, citation) in [("learner", gone), ("pupil", good)] {
            let Standing::Tightened(held, _) = standing(&pack, &rule(false, population, citation)) else {
                panic!("what was closed stays closed")
            };
            assert_eq!((held.action, held.profiles.len(), held.clause.as_str()), (Action::Block, 0, clause.as_str()));
        }
    }
}
