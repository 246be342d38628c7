//! Procedures that send the same concern to different people, leave nobody to take it, or cannot be finished.

use std::collections::BTreeSet;

use super::{and, finding};
use crate::model::{About, Pack, Procedure, Relation, Step, StepKind};
use crate::problem::Problem;

/// Fewest different posts who could take a concern about one of the staff: the subject may be one, and another away.
const STAFF_ROUTE_MIN_POSTS: usize = 3;

pub(super) fn check(pack: &Pack, problems: &mut Vec<Problem>) {
    for (about, people) in [(About::Learner, "learners"), (About::Staff, "staff"), (About::Visitor, "visitors")] {
        different_recipients(pack, about, people, problems);
    }
    for (about, people) in [(About::Learner, "learners"), (About::Staff, "staff")] {
        not_reportable(pack, about, people, problems);
    }
    for procedure in &pack.procedures {
        only_the_subject(pack, procedure, problems);
        no_close(pack, procedure, problems);
        for step in &procedure.steps {
            no_right(pack, procedure, step, problems);
        }
    }
    if pack.examples.is_empty() {
        let place = crate::document::Place { file: "examples/".to_owned(), line: 0 };
        problems.push(finding(
            place,
            "",
            "The pack has no worked example, so nobody can see whether it does what is meant.",
            "Write one in examples/.",
        ));
    }
}

fn different_recipients(pack: &Pack, about: About, people: &str, problems: &mut Vec<Problem>) {
    let of_kind: Vec<&Procedure> = pack.procedures.iter().filter(|procedure| procedure.about == about).collect();
    let Some(first) = of_kind.first() else { return };
    let Some(other) = of_kind.iter().find(|procedure| procedure.route.first() != first.route.first()) else { return };
    let shown: Vec<String> = of_kind
        .iter()
        .map(|procedure| {
            let recipient = procedure.route.first().map_or("", |post| pack.post_title(post));
            format!("{recipient} ({}, clause {})", procedure.title, procedure.clause)
        })
        .collect();
    let message = format!("Concerns about {people} go first to different people: {}.", and(&shown));
    let mend = "Agree on one accountable recipient for each kind of person, or say in the policy which route goes before the other.";
    problems.push(finding(pack.document.place("procedure", &other.id), &other.clause, message, mend));
}

fn not_reportable(pack: &Pack, about: About, people: &str, problems: &mut Vec<Problem>) {
    let fits =
        |procedure: &&Procedure| procedure.reportable && (procedure.about == about || procedure.about == About::Anyone);
    if !pack.procedures.iter().any(|procedure| fits(&procedure)) {
        let place = crate::document::Place { file: "procedures/".to_owned(), line: 0 };
        let message = format!("No procedure lets anybody report a concern about {people}.");
        problems.push(finding(place, "", message, "Write one with `reportable = true`."));
    }
}

/// Anybody on the route may be the one whom the concern is about.
fn only_the_subject(pack: &Pack, procedure: &Procedure, problems: &mut Vec<Problem>) {
    if !matches!(procedure.about, About::Staff | About::Anyone) {
        return;
    }
    let deputies = procedure.route.iter().filter_map(|post| pack.post(post)).flat_map(|post| &post.deputies);
    let could_take: BTreeSet<&String> = procedure.route.iter().chain(deputies).collect();
    if could_take.len() < STAFF_ROUTE_MIN_POSTS {
        let shown: Vec<String> = could_take.iter().map(|post| pack.post_title(post).to_owned()).collect();
        let message = format!("A concern about one of {} leaves at most one person to take it.", and(&shown));
        let mend = "Add a post to the route that none of them answers to, such as a member of the board.";
        problems.push(finding(pack.document.place("procedure", &procedure.id), &procedure.clause, message, mend));
    }
}

fn no_close(pack: &Pack, procedure: &Procedure, problems: &mut Vec<Problem>) {
    if !procedure.steps.iter().any(|step| step.kind == StepKind::Close) {
        let message =
            format!("\"{}\" has no step that closes a case, so nobody asks what must change.", procedure.title);
        problems.push(finding(
            pack.document.place("procedure", &procedure.id),
            &procedure.clause,
            message,
            "Add a step of kind `close`.",
        ));
    }
}

/// A step whose owner has no right to take it can never be done.
fn no_right(pack: &Pack, procedure: &Procedure, step: &Step, problems: &mut Vec<Problem>) {
    let action = match step.kind {
        StepKind::Assess => "case.assess",
        StepKind::Act => "case.act",
        StepKind::Decide => "case.decide",
        StepKind::Refer => "case.refer",
        StepKind::Close => "case.close",
    };
    let needed =
        std::iter::once((&step.owner, action)).chain(step.second_post.iter().map(|post| (post, "case.second")));
    for (post, action) in needed {
        if !has_right(pack, procedure.about, post, action) {
            let message = format!(
                "{} is to take the step \"{}\" and has no right `{action}`.",
                pack.post_title(post),
                step.title
            );
            let place = pack.document.place("step", &format!("{}/{}", procedure.id, step.id));
            problems.push(finding(place, &step.clause, message, "Grant it in rights.toml, or name another post."));
        }
    }
}

fn has_right(pack: &Pack, about: About, post: &str, action: &str) -> bool {
    pack.rights.iter().filter(|right| right.post == post && right.action == action).any(|right| match right.relation {
        Relation::CaseTeam => true,
        Relation::LearnerCases => about != About::Staff,
        Relation::StaffCases => matches!(about, About::Staff | About::Anyone),
        Relation::Organisation => false,
    })
}
