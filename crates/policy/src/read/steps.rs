//! Reads the steps of a procedure, and checks that they can be walked: assess first, no circle, a second post at each legal gate.

use super::log::{Kind, Log};
use super::row::Row;
use crate::model::{ChoiceOption, Gate, Step, StepKind};

const KIND_WORDS: [(&str, StepKind); 5] = [
    ("assess", StepKind::Assess),
    ("act", StepKind::Act),
    ("decide", StepKind::Decide),
    ("refer", StepKind::Refer),
    ("close", StepKind::Close),
];
const GATE_WORDS: [(&str, Gate); 3] = [("open", Gate::Open), ("reason", Gate::Reason), ("legal", Gate::Legal)];

pub(super) fn read(log: &Log, head: &Row<'_>, scope: &str, rows: Vec<Row<'_>>) -> Vec<Step> {
    let mut places = Vec::new();
    let mut steps = Vec::new();
    for row in rows {
        places.push(row.place_of("id"));
        steps.push(step(row, scope));
    }
    check_assess(log, head, &steps, &places);
    check_only_if(log, &steps, &places);
    check_circles(log, &steps, &places);
    steps
}

fn step(mut row: Row<'_>, scope: &str) -> Step {
    let id = row.define(Kind::Step, scope);
    let option_scope = format!("{scope}{id}/");
    let step = Step {
        title: row.text("title"),
        text: row.text("text"),
        kind: row.word("kind", &KIND_WORDS, StepKind::Act),
        owner: row.refer(Kind::Post, "owner"),
        due: row.span("due"),
        after: row.refer_all(Kind::Step, "after", scope),
        only_if: only_if(&mut row, scope),
        gate: row.word_maybe("gate", &GATE_WORDS).unwrap_or(Gate::Open),
        second_post: row.refer_maybe(Kind::Post, "second_post", ""),
        options: row.rows("option").into_iter().map(|option| choice_option(option, &option_scope)).collect(),
        referral: row.refer_maybe(Kind::Referral, "referral", scope),
        clause: row.clause(),
        id,
    };
    check_gate(&row, &step);
    check_kind(&row, &step);
    row.finish();
    step
}

fn choice_option(mut row: Row<'_>, scope: &str) -> ChoiceOption {
    let option = ChoiceOption { id: row.define(Kind::StepOption, scope), title: row.text("title") };
    row.finish();
    option
}

fn only_if(row: &mut Row<'_>, scope: &str) -> Option<(String, String)> {
    let text = row.text_maybe("only_if")?;
    let Some((step, option)) = text.split_once('=') else {
        row.error("only_if", format!("`{text}` is not a condition."), "Write `step=option`, such as `threshold=met`.");
        return None;
    };
    let (step, option) = (step.trim(), option.trim());
    let place = row.place_of("only_if");
    row.log().refer(Kind::StepOption, &format!("{scope}{step}/{option}"), place, row.clause_id());
    Some((step.to_owned(), option.to_owned()))
}

fn check_gate(row: &Row<'_>, step: &Step) {
    match (step.gate, &step.second_post) {
        (Gate::Legal, None) => row.error(
            "gate",
            format!("The legal gate of step `{}` has no second post to let it pass.", step.id),
            "Add `second_post = \"...\"`.",
        ),
        (Gate::Legal, Some(second)) if *second == step.owner => row.error(
            "second_post",
            format!("Step `{}` has the same post as owner and as second post.", step.id),
            "Name another post as `second_post`: one person must not pass a legal gate alone.",
        ),
        (Gate::Open | Gate::Reason, Some(_)) => row.error(
            "second_post",
            format!("Step `{}` has a second post but no legal gate, so it would do nothing.", step.id),
            "Write `gate = \"legal\"` or take `second_post` out.",
        ),
        _ => {}
    }
}

fn check_kind(row: &Row<'_>, step: &Step) {
    let id = &step.id;
    match step.kind {
        StepKind::Refer if step.referral.is_none() => {
            row.error(
                "kind",
                format!("Step `{id}` refers, but does not say which referral."),
                "Add `referral = \"...\"`.",
            );
        }
        StepKind::Decide if step.options.is_empty() => {
            row.error(
                "kind",
                format!("Step `{id}` decides, but has no option to choose."),
                "Add a `[[step.option]]` for each.",
            );
        }
        _ => {}
    }
    if step.kind != StepKind::Refer && step.referral.is_some() {
        row.error(
            "referral",
            format!("Step `{id}` names a referral but is not of kind `refer`."),
            "Write `kind = \"refer\"`, or take `referral` out.",
        );
    }
    if step.kind != StepKind::Decide && !step.options.is_empty() {
        row.error(
            "option",
            format!("Step `{id}` has options but is not of kind `decide`."),
            "Write `kind = \"decide\"`, or take the options out.",
        );
    }
}

/// Safety rule S-5: nothing happens before a named person has judged whether the concern is real.
fn check_assess(log: &Log, head: &Row<'_>, steps: &[Step], places: &[crate::document::Place]) {
    const MEND: &str = "Begin with one step of kind `assess` (Haven safety rule S-5).";
    match steps.first() {
        None => head.error("id", "The procedure has no step.", MEND),
        Some(first) if first.kind != StepKind::Assess => {
            let place = places.first().cloned().unwrap_or_else(|| head.place());
            log.error(place, &first.clause, format!("The first step, `{}`, does not assess.", first.id), MEND);
        }
        Some(_) => {}
    }
    for (step, place) in steps.iter().zip(places).skip(1) {
        if step.kind == StepKind::Assess {
            let message = format!("Step `{}` assesses, but only the first step may.", step.id);
            log.error(place.clone(), &step.clause, message, "Make it `act` or `decide` (Haven safety rule S-5).");
        }
    }
}

fn check_only_if(log: &Log, steps: &[Step], places: &[crate::document::Place]) {
    for (step, place) in steps.iter().zip(places) {
        let Some((on, _)) = &step.only_if else { continue };
        if steps.iter().any(|other| other.id == *on && other.kind != StepKind::Decide) {
            let message =
                format!("Step `{}` depends on a choice in `{on}`, which is not a step of kind `decide`.", step.id);
            log.error(place.clone(), &step.clause, message, "Name a `decide` step in `only_if`.");
        }
    }
}

/// Takes away, again and again, the steps that wait for nothing left; what remains waits for itself.
fn check_circles(log: &Log, steps: &[Step], places: &[crate::document::Place]) {
    let mut left: Vec<(&Step, &crate::document::Place)> = steps.iter().zip(places).collect();
    loop {
        let ids: Vec<&str> = left.iter().map(|(step, _)| step.id.as_str()).collect();
        let before = left.len();
        left.retain(|(step, _)| waits_for(step).any(|id| ids.contains(&id)));
        if left.len() == before {
            break;
        }
    }
    // Steps that only follow a circle remain too; naming the first is enough to find it.
    if let Some((step, place)) = left.first() {
        let circle: Vec<&str> = left.iter().map(|(step, _)| step.id.as_str()).collect();
        log.error(
            (*place).clone(),
            &step.clause,
            format!("These steps wait for one another, so none could ever begin: {}.", circle.join(", ")),
            "Take one of them out of `after` or `only_if`.",
        );
    }
}

fn waits_for(step: &Step) -> impl Iterator<Item = &str> {
    step.after.iter().map(String::as_str).chain(step.only_if.iter().map(|(on, _)| on.as_str()))
}
