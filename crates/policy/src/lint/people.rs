//! Posts without a deputy or without a definition, groups without a profile or agreement, people who fit no group.

use std::collections::BTreeSet;

use super::finding;
use super::words::{Word, words_of};
use crate::model::Pack;
use crate::problem::Problem;

/// How titles of posts begin in running text.
const TITLE_BEGINNINGS: [&str; 3] = ["Head", "Director", "Manager"];

pub(super) fn check(pack: &Pack, problems: &mut Vec<Problem>) {
    deputies(pack, problems);
    undefined_posts(pack, problems);
    groups(pack, problems);
    populations(pack, problems);
}

/// A post that must act and is away leaves a concern waiting.
fn deputies(pack: &Pack, problems: &mut Vec<Problem>) {
    let routes = pack.procedures.iter().flat_map(|procedure| &procedure.route);
    let steps = pack.procedures.iter().flat_map(|procedure| procedure.steps.iter().map(|step| &step.owner));
    let needed: BTreeSet<&String> = routes.chain(steps).collect();
    for post in pack.posts.iter().filter(|post| post.deputies.is_empty() && needed.contains(&post.id)) {
        let message = format!("{} receives or handles concerns and has no deputy.", post.title);
        problems.push(finding(pack.document.place("post", &post.id), &post.clause, message, "Name who stands in."));
    }
}

/// "Head of Catering" in a clause, and no such post in `pack.toml`.
fn undefined_posts(pack: &Pack, problems: &mut Vec<Problem>) {
    let titles: Vec<String> = pack.posts.iter().map(|post| post.title.to_lowercase()).collect();
    let mut told = BTreeSet::new();
    for clause in pack.clauses.values() {
        let words = words_of(pack, clause);
        for (index, word) in words.iter().enumerate() {
            let Some(phrase) = words.get(index..).and_then(title) else { continue };
            let lower = phrase.to_lowercase();
            let is_defined = titles.iter().any(|title| lower.starts_with(title.as_str()) || title.starts_with(&lower));
            if !is_defined && told.insert(lower) {
                let message = format!("The text speaks of the {phrase}, and no such post is defined.");
                let mend = "Define the post in pack.toml, or use the title of one that is.";
                problems.push(finding(word.place.clone(), &clause.id, message, mend));
            }
        }
    }
}

/// `Head of Catering and Estates` from the beginning of `words`.
fn title(words: &[Word<'_>]) -> Option<String> {
    let [first, second, rest @ ..] = words else { return None };
    if !TITLE_BEGINNINGS.contains(&first.text) || first.has_stop || second.text != "of" {
        return None;
    }
    let mut taken = vec![first.text, second.text];
    for word in rest {
        if !word.is_capital() && !matches!(word.text, "and" | "of") {
            break;
        }
        taken.push(word.text);
        if word.has_stop {
            break;
        }
    }
    while taken.last().is_some_and(|last| matches!(*last, "and" | "of")) {
        taken.pop();
    }
    (taken.len() > 2).then(|| taken.join(" "))
}

fn groups(pack: &Pack, problems: &mut Vec<Problem>) {
    for group in &pack.groups {
        let place = pack.document.place("group", &group.id);
        let profiles = pack.filtering.profiles.iter().filter(|profile| profile.groups.contains(&group.id)).count();
        if profiles == 0 {
            let message = format!("No filter profile is for {}, so everything would be refused to them.", group.title);
            problems.push(finding(
                place.clone(),
                &group.clause,
                message,
                "Add the group to a profile in filtering.toml.",
            ));
        } else if profiles > 1 {
            let message =
                format!("{profiles} filter profiles are for {}; the first in the file is theirs.", group.title);
            problems.push(finding(place.clone(), &group.clause, message, "Leave the group in one profile."));
        }
        if group.agreement.is_none() {
            let message = format!("{} are asked for no agreement before they use the internet.", group.title);
            problems.push(finding(
                place,
                &group.clause,
                message,
                "Name an agreement, or say in the policy why there is none.",
            ));
        }
    }
}

/// A population whose groups are all bounded by age or flag leaves the others without a group.
fn populations(pack: &Pack, problems: &mut Vec<Problem>) {
    for population in &pack.populations {
        let has_open_group = pack
            .groups
            .iter()
            .any(|group| group.population == population.id && group.under_age_years.is_none() && group.flag.is_none());
        if !has_open_group {
            let message = format!("{} who fit none of the narrower groups have no group at all.", population.title);
            let place = pack.document.place("population", &population.id);
            problems.push(finding(place, &population.clause, message, "Add a group without age or flag, as the last."));
        }
    }
}
