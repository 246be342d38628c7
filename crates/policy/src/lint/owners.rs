//! Who owns, keeps and approves the policy: one owner, recorded approvals, and nobody approving their own work.

use super::{and, finding};
use crate::model::Pack;
use crate::problem::Problem;

pub(super) fn check(pack: &Pack, problems: &mut Vec<Problem>) {
    several_owners(pack, problems);
    approvals(pack, problems);
    approves_own_work(pack, problems);
}

fn several_owners(pack: &Pack, problems: &mut Vec<Problem>) {
    let document = &pack.document;
    let mut owners = vec![(pack.owner.as_str(), document.clause.as_str())];
    for named in &document.owners_named {
        if !owners.iter().any(|(post, _)| *post == named.post) {
            owners.push((&named.post, &named.clause));
        }
    }
    let Some(other) = document.owners_named.iter().find(|named| named.post != pack.owner) else { return };
    let shown: Vec<String> =
        owners.iter().map(|(post, clause)| format!("{} (clause {clause})", pack.post_title(post))).collect();
    let message = format!("The document names {} different owners: {}.", owners.len(), and(&shown));
    problems.push(finding(other.place.clone(), &other.clause, message, "Name one owner everywhere."));
}

fn approvals(pack: &Pack, problems: &mut Vec<Problem>) {
    let document = &pack.document;
    let missing: Vec<_> = document.approvers.iter().filter(|approver| !approver.recorded).collect();
    let Some(first) = missing.first() else {
        if document.approvers.is_empty() {
            let place = document.place("pack", "approved_on");
            problems.push(finding(
                place,
                &document.clause,
                "The document does not say who approves it.",
                "Name the approving body.",
            ));
        }
        return;
    };
    let total = document.approvers.len();
    let shown: Vec<String> = missing.iter().map(|approver| pack.post_title(&approver.post).to_owned()).collect();
    let message = format!(
        "The document claims {total} approvals and records {}: none is recorded of {}.",
        total - missing.len(),
        and(&shown)
    );
    problems.push(finding(
        first.place.clone(),
        &first.clause,
        message,
        "Record each approval, or claim only those that were given.",
    ));
}

fn approves_own_work(pack: &Pack, problems: &mut Vec<Problem>) {
    for approver in &pack.document.approvers {
        let keeps =
            approver.post == pack.owner || pack.document.owners_named.iter().any(|named| named.post == approver.post);
        if keeps {
            let message = format!("{} both maintains and approves the policy.", pack.post_title(&approver.post));
            problems.push(finding(approver.place.clone(), &approver.clause, message, "Let somebody else approve it."));
        }
    }
}
