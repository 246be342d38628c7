//! What the filter will do otherwise, and for which groups.

use super::{Change, ChangeArea, EVERYBODY, change, listed, pairs, was};
use crate::model::{Action, Grade, Pack, Profile, Rule, When};

pub(super) fn diff(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    rules(old, new, changes);
    exceptions(old, new, changes);
    triggers(old, new, changes);
    profiles(old, new, changes);
    defaults(old, new, changes);
    inspection(old, new, changes);
    help(old, new, changes);
}

fn add(changes: &mut Vec<Change>, who: impl Into<String>, what: impl Into<String>, clause: &str) {
    changes.push(change(ChangeArea::Filtering, who, what, clause));
}

fn rules(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    for pair in pairs(&old.filtering.rules, &new.filtering.rules, |rule| &rule.id) {
        match pair {
            (None, Some(rule)) => {
                add(
                    changes,
                    who(new, &rule.profiles),
                    format!("{} {}{}.", subject(new, rule), verb(rule.action), time(rule.when)),
                    &rule.clause,
                );
            }
            (Some(rule), None) => {
                let what = format!("The rule \"{} {}\" is gone.", subject(old, rule), verb(rule.action));
                add(changes, who(old, &rule.profiles), what, &rule.clause);
            }
            (Some(before), Some(after)) => changed_rule(old, new, before, after, changes),
            (None, None) => {}
        }
    }
}

fn changed_rule(old: &Pack, new: &Pack, before: &Rule, after: &Rule, changes: &mut Vec<Change>) {
    let people = who(new, &after.profiles);
    let says = |pack, rule: &Rule| format!("{} {}{}", subject(pack, rule), verb(rule.action), time(rule.when));
    let (said, says) = (says(old, before), says(new, after));
    if said != says {
        add(changes, people.clone(), format!("{says} (was: {said})."), &after.clause);
    }
    if before.profiles != after.profiles {
        let what = format!("The rule \"{says}\" is for {people} (was for {}).", who(old, &before.profiles));
        add(changes, people.clone(), what, &after.clause);
    }
    if before.reason != after.reason || before.clause != after.clause {
        add(changes, people, format!("The block page gives another reason for \"{says}\"."), &after.clause);
    }
}

/// `Sites about gambling and scams`, `example.org`.
fn subject(pack: &Pack, rule: &Rule) -> String {
    let titles: Vec<String> =
        rule.codes.iter().map(|id| pack.code(id).map_or(id.clone(), |code| code.title.clone())).collect();
    match (titles.as_slice(), rule.sites.as_slice()) {
        ([], sites) => listed(sites),
        (titles, []) => format!("Sites about {}", listed(titles)),
        (titles, sites) => format!("Sites about {}, and {},", listed(titles), listed(sites)),
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Allow => "open",
        Action::Block => "are blocked",
        Action::Warn => "open after a warning",
        Action::Watch => "open and are noted",
    }
}

fn time(when: When) -> &'static str {
    match when {
        When::Always => "",
        When::ClassHours => " during class hours",
        When::OutsideClassHours => " outside class hours",
        When::Lunch => " during lunch",
        When::Exam => " during exams",
    }
}

/// The groups behind some profiles; no profile means all.
fn who(pack: &Pack, profiles: &[String]) -> String {
    if profiles.is_empty() {
        return EVERYBODY.to_owned();
    }
    let titles: Vec<String> = pack
        .filtering
        .profiles
        .iter()
        .filter(|profile| profiles.contains(&profile.id))
        .map(|profile| groups(pack, profile))
        .collect();
    listed(&titles)
}

fn groups(pack: &Pack, profile: &Profile) -> String {
    let titles: Vec<String> =
        profile.groups.iter().map(|id| pack.group(id).map_or(id.clone(), |group| group.title.clone())).collect();
    listed(&titles)
}

fn exceptions(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    for pair in pairs(&old.filtering.exceptions, &new.filtering.exceptions, |exception| &exception.site) {
        match pair {
            (None, Some(after)) => {
                add(
                    changes,
                    who(new, &after.profiles),
                    format!("An exception: {} is set to {}.", after.site, action(after.action)),
                    &after.clause,
                );
            }
            (Some(before), None) => {
                add(
                    changes,
                    who(old, &before.profiles),
                    format!("The exception for {} is gone.", before.site),
                    &before.clause,
                );
            }
            (Some(before), Some(after)) if before.action != after.action || before.profiles != after.profiles => {
                let what = format!(
                    "The exception for {}: {} for {} (was {} for {}).",
                    after.site,
                    action(after.action),
                    who(new, &after.profiles),
                    action(before.action),
                    who(old, &before.profiles)
                );
                add(changes, who(new, &after.profiles), what, &after.clause);
            }
            _ => {}
        }
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Allow => "allow",
        Action::Block => "block",
        Action::Warn => "warn",
        Action::Watch => "watch",
    }
}

fn triggers(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    for pair in pairs(&old.filtering.triggers, &new.filtering.triggers, |trigger| &trigger.id) {
        match pair {
            (None, Some(after)) => {
                add(
                    changes,
                    EVERYBODY,
                    format!("A new alert: {} ({} grade).", after.theme, grade(after.grade)),
                    &after.clause,
                );
            }
            (Some(before), None) => {
                add(changes, EVERYBODY, format!("The alert {} is gone.", before.theme), &before.clause);
            }
            (Some(before), Some(after)) => {
                let parts = [
                    ("the grade is now", was(grade(before.grade), grade(after.grade))),
                    ("the theme is now", was(&before.theme, &after.theme)),
                    ("it is now set off by", was(&listed(&before.codes), &listed(&after.codes))),
                    ("the procedure is now", was(&before.procedure, &after.procedure)),
                    ("the procedure for staff is now", was(&before.staff_procedure, &after.staff_procedure)),
                ];
                for (word, part) in parts.into_iter().filter_map(|(word, part)| Some((word, part?))) {
                    add(changes, EVERYBODY, format!("The alert {}: {word} {part}.", after.theme), &after.clause);
                }
            }
            (None, None) => {}
        }
    }
}

fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Low => "low",
        Grade::Medium => "medium",
        Grade::High => "high",
    }
}

fn profiles(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    for pair in pairs(&old.filtering.profiles, &new.filtering.profiles, |profile| &profile.id) {
        match pair {
            (None, Some(after)) => {
                add(changes, groups(new, after), format!("A new filter profile: {}.", after.title), &after.clause);
            }
            (Some(before), None) => {
                add(
                    changes,
                    groups(old, before),
                    format!("The filter profile {} is gone.", before.title),
                    &before.clause,
                );
            }
            (Some(before), Some(after)) => {
                let parts = [
                    was(&groups(old, before), &groups(new, after)).map(|part| format!("its groups are now {part}")),
                    was(switch(before.safe_search), switch(after.safe_search))
                        .map(|part| format!("safe search is now {part}")),
                    was(switch(before.youtube_restrict), switch(after.youtube_restrict))
                        .map(|part| format!("restricted YouTube is now {part}")),
                ];
                for part in parts.into_iter().flatten() {
                    add(changes, groups(new, after), format!("Filter profile {}: {part}.", after.title), &after.clause);
                }
            }
            (None, None) => {}
        }
    }
}

fn switch(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

fn defaults(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    let (before, after) = (&old.filtering.defaults, &new.filtering.defaults);
    for (word, was_action, is_action, clause) in [
        ("A site on no list", before.unlisted, after.unlisted, &after.unlisted_clause),
        ("An unknown protocol", before.unknown_protocol, after.unknown_protocol, &after.unknown_protocol_clause),
        ("A file while the scanner is down", before.scanner_down, after.scanner_down, &after.scanner_down_clause),
        ("What cannot be recorded", before.records_down, after.records_down, &after.records_down_clause),
    ] {
        if let Some(part) = was(action(was_action), action(is_action)) {
            add(changes, EVERYBODY, format!("{word}: now {part}."), clause);
        }
    }
}

fn inspection(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    let (before, after) = (&old.filtering.inspection, &new.filtering.inspection);
    for (word, was_list, is_list) in [
        ("Kinds of site that are never opened for inspection", &before.except_codes, &after.except_codes),
        ("Sites that are never opened for inspection", &before.except_sites, &after.except_sites),
        ("Groups for whom nothing is opened for inspection", &before.except_groups, &after.except_groups),
    ] {
        if let Some(part) = was(&listed(was_list), &listed(is_list)) {
            add(changes, EVERYBODY, format!("{word}: now {part}."), &after.clause);
        }
    }
}

fn help(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    for pair in pairs(&old.filtering.help, &new.filtering.help, |help| &help.site) {
        match pair {
            (None, Some(after)) => add(changes, EVERYBODY, format!("A new help link: {}.", after.title), &after.clause),
            (Some(before), None) => {
                add(changes, EVERYBODY, format!("The help link {} is gone.", before.title), &before.clause);
            }
            _ => {}
        }
    }
}
