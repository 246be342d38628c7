//! What will be done otherwise about a concern, and by whom.

use super::{Change, ChangeArea, change, listed, pairs, was};
use crate::model::{About, Consent, Gate, Pack, PostId, Procedure, Referral, Step};

pub(super) fn diff(old: &Pack, new: &Pack, changes: &mut Vec<Change>) {
    for pair in pairs(&old.procedures, &new.procedures, |procedure| &procedure.id) {
        match pair {
            (None, Some(after)) => add(changes, after, format!("A new procedure: {}.", after.title)),
            (Some(before), None) => add(changes, before, format!("The procedure \"{}\" is gone.", before.title)),
            (Some(before), Some(after)) => {
                heads(old, new, before, after, changes);
                steps(old, new, before, after, changes);
                referrals(old, new, before, after, changes);
                cards(before, after, changes);
            }
            (None, None) => {}
        }
    }
}

fn add(changes: &mut Vec<Change>, procedure: &Procedure, what: impl Into<String>) {
    changes.push(change(ChangeArea::Procedures, people(procedure.about), what, &procedure.clause));
}

fn people(about: About) -> &'static str {
    match about {
        About::Learner => "people concerned about a learner",
        About::Staff => "people concerned about staff",
        About::Visitor => "people concerned about a visitor",
        About::Anyone => "people concerned about anyone",
    }
}

fn posts(pack: &Pack, ids: &[PostId]) -> String {
    let titles: Vec<String> = ids.iter().map(|id| pack.post_title(id).to_owned()).collect();
    listed(&titles)
}

fn heads(old: &Pack, new: &Pack, before: &Procedure, after: &Procedure, changes: &mut Vec<Change>) {
    let yes = |is_so| if is_so { "yes" } else { "no" };
    let parts = [
        ("it is now received by", was(&posts(old, &before.route), &posts(new, &after.route))),
        ("also told are now", was(&posts(old, &before.also_told), &posts(new, &after.also_told))),
        (
            "it is now acknowledged within",
            was(&before.acknowledge_within.to_string(), &after.acknowledge_within.to_string()),
        ),
        ("it is now for", was(people(before.about), people(after.about))),
        ("people can now report it themselves:", was(yes(before.reportable), yes(after.reportable))),
        ("it now answers", was(&listed(&before.codes), &listed(&after.codes))),
    ];
    for (word, part) in parts {
        if let Some(part) = part {
            add(changes, after, format!("{}: {word} {part}.", after.title));
        }
    }
    if before.what_happens_next != after.what_happens_next {
        add(changes, after, format!("{}: the reporter is told otherwise what happens next.", after.title));
    }
}

fn steps(old: &Pack, new: &Pack, before: &Procedure, after: &Procedure, changes: &mut Vec<Change>) {
    for pair in pairs(&before.steps, &after.steps, |step| &step.id) {
        match pair {
            (None, Some(step)) => add_step(
                changes,
                after,
                step,
                format!("a new step \"{}\", owned by {}, due in {}", step.title, new.post_title(&step.owner), step.due),
            ),
            (Some(step), None) => add_step(changes, before, step, format!("the step \"{}\" is gone", step.title)),
            (Some(step), Some(now)) => {
                for part in step_parts(old, new, step, now) {
                    add_step(changes, after, now, format!("the step \"{}\": {part}", now.title));
                }
            }
            (None, None) => {}
        }
    }
    let order = |procedure: &Procedure, other: &Procedure| -> Vec<String> {
        procedure.steps.iter().map(|step| step.id.clone()).filter(|id| other.step(id).is_some()).collect()
    };
    if order(before, after) != order(after, before) {
        add(changes, after, format!("{}: the order of the steps is another.", after.title));
    }
}

fn add_step(changes: &mut Vec<Change>, procedure: &Procedure, step: &Step, what: String) {
    let what = format!("{}: {what}.", procedure.title);
    changes.push(change(ChangeArea::Procedures, people(procedure.about), what, &step.clause));
}

fn step_parts(old: &Pack, new: &Pack, before: &Step, after: &Step) -> Vec<String> {
    let second = |pack: &Pack, step: &Step| {
        step.second_post.as_ref().map_or("nobody".to_owned(), |post| pack.post_title(post).to_owned())
    };
    let condition = |step: &Step| {
        step.only_if.as_ref().map_or("always".to_owned(), |(on, option)| format!("only if {on} is {option}"))
    };
    let options = |step: &Step| listed(&step.options.iter().map(|option| option.title.clone()).collect::<Vec<_>>());
    let parts = [
        ("its owner is now", was(old.post_title(&before.owner), new.post_title(&after.owner))),
        ("it is now due in", was(&before.due.to_string(), &after.due.to_string())),
        ("it now waits for", was(&listed(&before.after), &listed(&after.after))),
        ("it is now taken", was(&condition(before), &condition(after))),
        ("its gate is now", was(gate(before.gate), gate(after.gate))),
        ("the second post is now", was(&second(old, before), &second(new, after))),
        ("its options are now", was(&options(before), &options(after))),
    ];
    let mut parts: Vec<String> =
        parts.into_iter().filter_map(|(word, part)| part.map(|part| format!("{word} {part}"))).collect();
    if before.kind != after.kind {
        parts.push("it is of another kind".to_owned());
    }
    if before.text != after.text || before.title != after.title {
        parts.push("its words are other".to_owned());
    }
    parts
}

fn gate(gate: Gate) -> &'static str {
    match gate {
        Gate::Open => "open",
        Gate::Reason => "passed with a reason",
        Gate::Legal => "passed by a second post",
    }
}

fn referrals(old: &Pack, new: &Pack, before: &Procedure, after: &Procedure, changes: &mut Vec<Change>) {
    let agency = |pack: &Pack, referral: &Referral| {
        pack.agency(&referral.agency).map_or(referral.agency.clone(), |agency| agency.title.clone())
    };
    for pair in pairs(&before.referrals, &after.referrals, |referral| &referral.id) {
        match pair {
            (None, Some(now)) => {
                add(changes, after, format!("{}: a new referral to {}.", after.title, agency(new, now)))
            }
            (Some(gone), None) => {
                add(changes, before, format!("{}: the referral to {} is gone.", after.title, agency(old, gone)))
            }
            (Some(was_referral), Some(now)) => {
                let parts = [
                    ("it now goes to", was(&agency(old, was_referral), &agency(new, now))),
                    ("what leaves is now", was(&listed(&was_referral.fields), &listed(&now.fields))),
                    ("the person's agreement is now", was(consent(was_referral.consent), consent(now.consent))),
                    (
                        "a reply is now awaited within",
                        was(&was_referral.reply_by.to_string(), &now.reply_by.to_string()),
                    ),
                ];
                for (word, part) in parts {
                    if let Some(part) = part {
                        add(changes, after, format!("{}: \"{}\": {word} {part}.", after.title, now.title));
                    }
                }
            }
            (None, None) => {}
        }
    }
}

fn consent(consent: Consent) -> &'static str {
    match consent {
        Consent::NotNeeded => "not needed",
        Consent::AgreedOrOverride => "needed, unless a lawful override is recorded",
    }
}

fn cards(before: &Procedure, after: &Procedure, changes: &mut Vec<Change>) {
    for pair in pairs(&before.cards, &after.cards, |card| &card.title) {
        match pair {
            (None, Some(card)) => add(changes, after, format!("{}: a new card \"{}\".", after.title, card.title)),
            (Some(card), None) => add(changes, after, format!("{}: the card \"{}\" is gone.", after.title, card.title)),
            (Some(was_card), Some(card)) if was_card.text != card.text => {
                add(changes, after, format!("{}: the card \"{}\" has other words.", after.title, card.title));
            }
            _ => {}
        }
    }
}
