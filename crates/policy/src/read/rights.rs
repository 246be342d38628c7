//! Reads `rights.toml`: which post may do what, in which relation. What no row grants is refused.

use super::log::{Kind, Log};
use super::row::Row;
use super::source::SourceFile;
use crate::model::{Relation, Right};

/// Everything that a right can grant.
pub const ACTIONS: [&str; 18] = [
    "case.read",
    "case.act",
    "case.assess",
    "case.decide",
    "case.refer",
    "case.close",
    "case.second",
    "case.readmit",
    "filter.read",
    "filter.checks",
    "filter.acknowledge",
    "filter.decide-request",
    "filter.lists",
    "activity.read",
    "lesson.start",
    "people.manage",
    "policy.approve",
    "audit.read",
];

const RELATION_WORDS: [(&str, Relation); 4] = [
    ("case-team", Relation::CaseTeam),
    ("learner-cases", Relation::LearnerCases),
    ("staff-cases", Relation::StaffCases),
    ("organisation", Relation::Organisation),
];

pub(super) fn read(log: &Log, file: SourceFile<'_>) -> Option<Vec<Right>> {
    let table = file.toml(log)?;
    let mut top = Row::top(log, file, &table);
    let rights = top.rows("right").into_iter().flat_map(rights_of).collect();
    top.finish();
    Some(rights)
}

/// One right for each action of the row.
fn rights_of(mut row: Row<'_>) -> Vec<Right> {
    let post = row.refer(Kind::Post, "post");
    let actions = row.words("actions", &ACTIONS);
    let relation = row.word("relation", &RELATION_WORDS, Relation::CaseTeam);
    let clause = row.clause();
    if !row.has("actions") {
        row.error("actions", "The right grants nothing.", "List what the post may do in `actions`.");
    }
    row.finish();
    actions.into_iter().map(|action| Right { post: post.clone(), action, relation, clause: clause.clone() }).collect()
}
