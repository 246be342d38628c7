//! Dates, agreements, clocks and clauses that will be otherwise.

use super::{Change, ChangeArea, EVERYBODY, change, listed, pairs, was};
use crate::model::{Agreement, ClockRule, Pack};

pub(super) fn document(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    let day = |day: Option<jiff::civil::Date>| day.map_or("not stated".to_owned(), |day| day.to_string());
    let parts = [
        ("The version is now", was(&old.version, &new.version)),
        ("The title is now", was(&old.title, &new.title)),
        ("The owner is now", was(old.post_title(&old.owner), new.post_title(&new.owner))),
        ("In force from: now", was(&day(old.in_force_from), &day(new.in_force_from))),
        ("In force to: now", was(&day(old.in_force_to), &day(new.in_force_to))),
        (
            "Months between reviews: now",
            was(&old.review_cycle_months.to_string(), &new.review_cycle_months.to_string()),
        ),
    ];
    for (word, part) in parts {
        if let Some(part) = part {
            changes.push(change(ChangeArea::Document, EVERYBODY, format!("{word} {part}."), &new.document.clause));
        }
    }
}

pub(super) fn agreements(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    for pair in pairs(&old.agreements, &new.agreements, |agreement| &agreement.id) {
        let (pack, agreement, what) = match pair {
            (None, Some(after)) => (new, after, format!("A new text to read: {}.", after.title)),
            (Some(before), None) => (old, before, format!("The text \"{}\" is gone.", before.title)),
            (Some(before), Some(after)) if before.digest != after.digest => {
                (new, after, format!("\"{}\" has changed and is acknowledged again.", after.title))
            }
            _ => continue,
        };
        changes.push(change(ChangeArea::Agreements, readers(pack, agreement), what, &agreement.clause));
    }
}

/// The groups that acknowledge a text; everybody for the notice.
fn readers(pack: &Pack, agreement: &Agreement) -> String {
    let groups: Vec<String> = pack
        .groups
        .iter()
        .filter(|group| group.agreement.as_ref() == Some(&agreement.id))
        .map(|group| group.title.clone())
        .collect();
    if groups.is_empty() { EVERYBODY.to_owned() } else { listed(&groups) }
}

pub(super) fn clocks(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    let mut add = |what: String, clause: &str| changes.push(change(ChangeArea::Clocks, EVERYBODY, what, clause));
    for pair in pairs(&old.clocks, &new.clocks, |clock| &clock.id) {
        match pair {
            (None, Some(after)) => add(format!("{}: {}.", after.title, every(after)), &after.clause),
            (Some(before), None) => add(format!("\"{}\" no longer comes round.", before.title), &before.clause),
            (Some(before), Some(after)) => {
                if let Some(part) = was(&every(before), &every(after)) {
                    add(format!("{}: now {part}.", after.title), &after.clause);
                }
            }
            (None, None) => {}
        }
    }
    let parts = [
        ("The working day now begins at", was(&shown(old.calendar.day_from), &shown(new.calendar.day_from))),
        ("The working day now ends at", was(&shown(old.calendar.day_to), &shown(new.calendar.day_to))),
        ("Working days: now", was(&working_days(old), &working_days(new))),
        ("Terms: now", was(&terms(old), &terms(new))),
        ("Closed days: now", was(&closed(old), &closed(new))),
    ];
    for (word, part) in parts {
        if let Some(part) = part {
            add(format!("{word} {part}."), &new.document.clause);
        }
    }
}

fn every(clock: &ClockRule) -> String {
    clock.every.map_or("no interval".to_owned(), |span| format!("every {span}"))
}

fn shown(time: jiff::civil::Time) -> String {
    time.strftime("%H:%M").to_string()
}

fn working_days(pack: &Pack) -> String {
    listed(&pack.calendar.working_days.iter().map(|day| format!("{day:?}")).collect::<Vec<_>>())
}

fn terms(pack: &Pack) -> String {
    listed(
        &pack
            .calendar
            .terms
            .iter()
            .map(|term| format!("{} ({} to {})", term.name, term.from, term.to))
            .collect::<Vec<_>>(),
    )
}

fn closed(pack: &Pack) -> String {
    listed(&pack.calendar.closed.iter().map(|day| format!("{} ({})", day.name, day.on)).collect::<Vec<_>>())
}

pub(super) fn clauses(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    let mut add = |what: String, clause: &str| changes.push(change(ChangeArea::Clauses, EVERYBODY, what, clause));
    for after in new.clauses_in_order() {
        match old.clause(&after.id) {
            None => add(format!("A new clause {}: {}.", after.id, after.title), &after.id),
            Some(before) if before.title != after.title => {
                add(
                    format!("Clause {} is called \"{}\" (was \"{}\").", after.id, after.title, before.title),
                    &after.id,
                );
            }
            Some(before) if before.text != after.text => {
                add(format!("Clause {} ({}) has other words.", after.id, after.title), &after.id);
            }
            Some(_) => {}
        }
    }
    for before in old.clauses_in_order().into_iter().filter(|before| new.clause(&before.id).is_none()) {
        add(format!("Clause {} ({}) is gone.", before.id, before.title), &before.id);
    }
}
