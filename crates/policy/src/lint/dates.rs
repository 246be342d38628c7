//! Dates that cannot be, are past, or show that a review was missed or hurried (G02).

use jiff::ToSpan;
use jiff::civil::Date;

use super::finding;
use crate::clock::Calendar;
use crate::document::NextReview;
use crate::model::Pack;
use crate::problem::Problem;

/// Fewest working days between revision and approval in which several bodies can read a policy.
const APPROVAL_MIN_WORKING_DAYS: usize = 5;

/// Bodies from which on approval takes time.
const SEVERAL_APPROVERS: usize = 2;

pub(super) fn check(pack: &Pack, today: Date, problems: &mut Vec<Problem>) {
    next_review(pack, today, problems);
    in_force(pack, today, problems);
    approval(pack, problems);
    versions(pack, problems);
}

fn next_review(pack: &Pack, today: Date, problems: &mut Vec<Problem>) {
    let document = &pack.document;
    let place = document.place("pack", "next_review");
    let Some(next) = document.next_review else {
        problems.push(finding(
            place,
            &document.clause,
            "The document does not say when it is next reviewed.",
            "State the day of the next review.",
        ));
        return;
    };
    let latest = next.latest();
    let earlier_than: Vec<String> =
        [("revised", document.revised_on), ("approved", document.approved_on), ("in force", pack.in_force_from)]
            .into_iter()
            .filter_map(|(word, day)| day.filter(|day| latest < *day).map(|day| format!("{word} ({day})")))
            .collect();
    if !earlier_than.is_empty() {
        let message =
            format!("The next review ({}) falls before the policy was {}.", shown(next), super::and(&earlier_than));
        problems.push(finding(place.clone(), &document.clause, message, "Correct the date of the next review."));
    } else if let Some(limit) = document.approved_on.and_then(|day| plus_months(day, pack.review_cycle_months))
        && limit < latest
    {
        let message = format!(
            "The next review ({}) lies further away than the review cycle of {} months allows.",
            shown(next),
            pack.review_cycle_months
        );
        problems.push(finding(place.clone(), &document.clause, message, format!("Review by {limit}.")));
    }
    if matches!(next, NextReview::Month { .. }) {
        let message = format!("The next review is a bare month ({}), not a day.", shown(next));
        problems.push(finding(
            place.clone(),
            &document.clause,
            message,
            "State the day, so that everybody knows when it is late.",
        ));
    }
    if latest < today {
        let days = days_between(latest, today);
        let message = format!("The review has been overdue for {days} {} (since {latest}).", plural(days, "day"));
        problems.push(finding(place, &document.clause, message, "Review the policy and state the next date."));
    }
}

fn in_force(pack: &Pack, today: Date, problems: &mut Vec<Problem>) {
    let document = &pack.document;
    let Some(from) = pack.in_force_from else {
        let place = document.place("pack", "in_force_from");
        problems.push(finding(
            place,
            &document.clause,
            "The document does not say from when it is in force.",
            "State the day.",
        ));
        return;
    };
    if let Some(approved) = document.approved_on.filter(|approved| from < *approved) {
        let message = format!("The policy is in force from {from}, before its approval on {approved}.");
        problems.push(finding(
            document.place("pack", "in_force_from"),
            &document.clause,
            message,
            "Correct one of the two dates.",
        ));
    }
    let Some(to) = pack.in_force_to else { return };
    let place = document.place("pack", "in_force_to");
    if to < from {
        problems.push(finding(
            place,
            &document.clause,
            format!("The policy ends ({to}) before it begins ({from})."),
            "Correct one of the two dates.",
        ));
    } else if to < today && !document.versions.iter().any(|version| version.on > to) {
        let message = format!("By its own dates the policy ended on {to} and nothing has been in force since.");
        problems.push(finding(
            place,
            &document.clause,
            message,
            "Approve a new version, or extend this one; until then Haven goes on with this one.",
        ));
    }
}

fn approval(pack: &Pack, problems: &mut Vec<Problem>) {
    let document = &pack.document;
    let place = document.place("pack", "approved_on");
    let Some(approved) = document.approved_on else {
        problems.push(finding(
            place,
            &document.clause,
            "The document shows no day of approval.",
            "State when it was approved.",
        ));
        return;
    };
    let Some(revised) = document.revised_on else { return };
    if approved < revised {
        let message = format!("The policy was approved ({approved}) before it was revised ({revised}).");
        problems.push(finding(place, &document.clause, message, "Approve the text as it was revised."));
        return;
    }
    let bodies = document.approvers.len();
    let days = working_days_after(&pack.calendar, revised, approved);
    if bodies >= SEVERAL_APPROVERS && days < APPROVAL_MIN_WORKING_DAYS {
        let message = format!(
            "{bodies} bodies approved the policy {days} working {} after it was revised ({revised} to {approved}).",
            plural(days, "day")
        );
        problems.push(finding(
            place,
            &document.clause,
            message,
            "Show that each of them had time to read it, or record when each approved.",
        ));
    }
}

fn versions(pack: &Pack, problems: &mut Vec<Problem>) {
    let document = &pack.document;
    if !document.versions.is_empty() && !document.versions.iter().any(|version| version.version == pack.version) {
        let message = format!("Version {} is not in the document's own table of versions.", pack.version);
        problems.push(finding(document.place("pack", "version"), &document.clause, message, "Add it to the table."));
    }
    for (before, after) in document.versions.iter().zip(document.versions.iter().skip(1)) {
        let clause = &document.clause;
        if after.on <= before.on {
            let message = format!(
                "Version {} ({}) is not later than version {} ({}).",
                after.version, after.on, before.version, before.on
            );
            problems.push(finding(after.place.clone(), clause, message, "Correct the table of versions."));
        } else if plus_months(before.on, pack.review_cycle_months).is_some_and(|limit| limit < after.on) {
            let message = format!(
                "Between version {} and version {} lie {} months; the review cycle is {} months.",
                before.version,
                after.version,
                months_between(before.on, after.on),
                pack.review_cycle_months
            );
            problems.push(finding(
                after.place.clone(),
                clause,
                message,
                "Record the reviews in between, or say that they were missed.",
            ));
        }
    }
}

fn shown(next: NextReview) -> String {
    match next {
        NextReview::Day(day) => day.to_string(),
        NextReview::Month { first, .. } => first.strftime("%B %Y").to_string(),
    }
}

fn plural(count: impl TryInto<u64>, word: &str) -> String {
    if count.try_into().is_ok_and(|count| count == 1) { word.to_owned() } else { format!("{word}s") }
}

fn plus_months(day: Date, months: u32) -> Option<Date> {
    day.checked_add(i64::from(months).months()).ok()
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

fn months_between(from: Date, to: Date) -> i32 {
    (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month())
        - i32::from(from.month())
        - i32::from(to.day() < from.day())
}

/// Working days after `from`, up to and with `to`. Counts no further than matters here.
fn working_days_after(calendar: &Calendar, from: Date, to: Date) -> usize {
    from.series(1.day())
        .skip(1)
        .take_while(|day| *day <= to)
        .filter(|day| calendar.is_working_day(*day))
        .take(APPROVAL_MIN_WORKING_DAYS)
        .count()
}
