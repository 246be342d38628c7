//! What is not watched over (M06): risks without a detector, doors at which nobody is known, people who were not told.

use std::collections::BTreeSet;

use policy::Pack;
use store::agreements::Told;

use super::about::About;

/// One gap in one sentence, with the clause that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub what: String,
    pub sentence: String,
    pub clause: String,
}

/// Every gap, in the order of the policy.
#[must_use]
pub fn gaps(pack: &Pack, nodes: &[&About], told: &[Told]) -> Vec<Gap> {
    let mut all = risks(pack, nodes);
    all.extend(doors(pack, nodes));
    all.extend(people(pack, told));
    all
}

/// Risks that the policy names and that nothing looks for.
fn risks(pack: &Pack, nodes: &[&About]) -> Vec<Gap> {
    let of = |pick: fn(&About) -> &Vec<String>| -> BTreeSet<&str> {
        nodes.iter().flat_map(|about| pick(about)).map(String::as_str).collect()
    };
    let (lists, words) = (of(|about| &about.lists.codes), of(|about| &about.words));
    let mut all = Vec::new();
    for code in &pack.codes {
        let known = |held: &BTreeSet<&str>| {
            std::iter::once(&code.id).chain(&code.aliases).any(|name| held.contains(name.as_str()))
        };
        let sentence = match code.detectors.as_slice() {
            [] => "The policy names this risk, and no way to notice it.".to_owned(),
            wanted => {
                let missing: Vec<&str> = wanted
                    .iter()
                    .filter_map(|detector| match detector.as_str() {
                        "list" if !known(&lists) => Some("no list in force names such sites"),
                        "words" | "search" if !known(&words) => Some("there are no words for it"),
                        _ => None,
                    })
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect();
                if missing.is_empty() {
                    continue;
                }
                format!("The policy counts on noticing it, but {}.", missing.join(", and "))
            }
        };
        all.push(Gap { what: code.title.clone(), sentence, clause: code.clause.clone() });
    }
    all
}

/// Doors at which nobody can be known: there only help and Haven's own pages open (S-6).
fn doors(pack: &Pack, nodes: &[&About]) -> Vec<Gap> {
    let clause = pack.filtering.defaults.unlisted_clause.clone();
    let doors = nodes.iter().flat_map(|about| &about.listeners).filter(|listener| listener.known_by.is_empty());
    doors
        .map(|listener| Gap {
            what: format!("Listener {}", listener.name),
            sentence: "Nobody can be known here, so nothing but help opens. Say in the settings how people are known."
                .to_owned(),
            clause: clause.clone(),
        })
        .collect()
}

/// Populations of which people have not acknowledged the monitoring notice, or that no group of the policy covers.
fn people(pack: &Pack, told: &[Told]) -> Vec<Gap> {
    let mut all = Vec::new();
    for population in &pack.populations {
        let gap =
            |sentence: String| Gap { what: population.title.clone(), sentence, clause: population.clause.clone() };
        let groups: Vec<_> = pack.groups.iter().filter(|group| group.population == population.id).collect();
        if groups.is_empty() || groups.iter().all(|group| pack.profile_of(&group.id).is_none()) {
            all.push(gap("No filter profile is for them.".to_owned()));
        }
        let Some(told) = told.iter().find(|told| told.population == population.id) else { continue };
        let open = told.people.saturating_sub(told.told);
        if open > 0 {
            let who =
                if open == told.people { "Nobody".to_owned() } else { format!("{} of {}", told.told, told.people) };
            let have = if open == told.people || told.told == 1 { "has" } else { "have" };
            all.push(gap(format!(
                "{who} {have} acknowledged the monitoring notice. Nothing is watched or recorded about the others, and nothing but help opens for them."
            )));
        }
    }
    all
}
