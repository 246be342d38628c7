//! Posts, groups and rights that will be otherwise.

use std::collections::BTreeMap;

use super::{Change, ChangeArea, change, listed, pairs, was};
use crate::model::{Group, Pack, Post, Relation};

pub(super) fn diff(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    for pair in pairs(&old.posts, &new.posts, |post| &post.id) {
        posts(old, new, pair, changes);
    }
    for pair in pairs(&old.groups, &new.groups, |group| &group.id) {
        groups(old, new, pair, changes);
    }
    let order = |pack: &Pack, other: &Pack| -> Vec<String> {
        pack.groups.iter().map(|group| group.id.clone()).filter(|id| other.group(id).is_some()).collect()
    };
    if order(old, new) != order(new, old) {
        let what = "The order of the groups is another, so that people may fall in another group.";
        changes.push(change(ChangeArea::People, super::EVERYBODY, what, &new.document.clause));
    }
}

fn add(changes: &mut Vec<Change>, who: &str, what: impl Into<String>, clause: &str) {
    changes.push(change(ChangeArea::People, who, what, clause));
}

fn posts(old: &Pack, new: &Pack, pair: (Option<&Post>, Option<&Post>), changes: &mut Vec<Change>) {
    let deputies = |pack: &Pack, post: &Post| {
        listed(&post.deputies.iter().map(|id| pack.post_title(id).to_owned()).collect::<Vec<_>>())
    };
    match pair {
        (None, Some(post)) => add(changes, &post.title, "A new post.", &post.clause),
        (Some(post), None) => add(changes, &post.title, "The post is gone.", &post.clause),
        (Some(before), Some(after)) => {
            if let Some(part) = was(&before.title, &after.title) {
                add(changes, &after.title, format!("The post is now called {part}."), &after.clause);
            }
            if let Some(part) = was(&deputies(old, before), &deputies(new, after)) {
                add(changes, &after.title, format!("Deputies: now {part}."), &after.clause);
            }
        }
        (None, None) => {}
    }
}

fn groups(old: &Pack, new: &Pack, pair: (Option<&Group>, Option<&Group>), changes: &mut Vec<Change>) {
    let agreement = |pack: &Pack, group: &Group| match &group.agreement {
        None => "none".to_owned(),
        Some(id) => pack.agreement(id).map_or(id.clone(), |agreement| agreement.title.clone()),
    };
    match pair {
        (None, Some(group)) => add(changes, &group.title, "A new group.", &group.clause),
        (Some(group), None) => add(changes, &group.title, "The group is gone.", &group.clause),
        (Some(before), Some(after)) => {
            let parts = [
                was(&who(before), &who(after)).map(|part| format!("Who is in the group: now {part}.")),
                was(&agreement(old, before), &agreement(new, after))
                    .map(|part| format!("The agreement before using the internet: now {part}.")),
            ];
            for part in parts.into_iter().flatten() {
                add(changes, &after.title, part, &after.clause);
            }
        }
        (None, None) => {}
    }
}

fn who(group: &Group) -> String {
    let age = group.under_age_years.map_or(String::new(), |age| format!(" under {age}"));
    let flag = group.flag.as_ref().map_or(String::new(), |flag| format!(" with {flag}"));
    format!("{}{age}{flag}", group.population)
}

/// One change for each post and relation that gains or loses something.
pub(super) fn rights(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    let (before, after) = (by_post(old), by_post(new));
    let all: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in all {
        let (post, relation) = *key;
        let none = BTreeMap::new();
        let (had, has) = (before.get(key).unwrap_or(&none), after.get(key).unwrap_or(&none));
        let pack = if after.contains_key(key) { new } else { old };
        for (word, these, those) in [("may now", has, had), ("may no longer", had, has)] {
            let actions: Vec<String> =
                these.keys().filter(|action| !those.contains_key(*action)).map(|action| (*action).to_owned()).collect();
            let Some(clause) = these.iter().find(|(action, _)| !those.contains_key(*action)).map(|(_, clause)| *clause)
            else {
                continue;
            };
            let title = pack.post_title(post);
            let what = format!("{title} {word}: {} ({relation}).", listed(&actions));
            changes.push(change(ChangeArea::Rights, title, what, clause));
        }
    }
}

type ByPost<'a> = BTreeMap<(&'a str, &'static str), BTreeMap<&'a str, &'a str>>;

/// (post, relation) -> action -> clause.
fn by_post(pack: &Pack) -> ByPost<'_> {
    let mut rights = ByPost::new();
    for right in &pack.rights {
        let relation = match right.relation {
            Relation::CaseTeam => "cases they are on",
            Relation::LearnerCases => "learner cases",
            Relation::StaffCases => "staff cases",
            Relation::Organisation => "the organisation",
        };
        rights.entry((&right.post, relation)).or_default().insert(&right.action, &right.clause);
    }
    rights
}
