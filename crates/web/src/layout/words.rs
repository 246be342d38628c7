//! The plain words for what the other rooms name by id.

use crate::api::CaseState;

/// How much it hurries: `high` -> "High".
pub(crate) fn grade(grade: &str) -> &str {
    match grade {
        "low" => "Low",
        "medium" => "Medium",
        "high" => "High",
        other => other,
    }
}

/// What the filter did, as people say it.
pub(crate) fn action(action: &str) -> &str {
    match action {
        "allow" => "Allowed",
        "block" => "Not opened",
        "warn" => "A warning came first",
        "watch" => "Allowed, and a person is told",
        other => other,
    }
}

/// Where a case stands.
pub(crate) fn state(state: &CaseState) -> &'static str {
    match state {
        CaseState::Unassessed => "Not looked at yet",
        CaseState::Open => "Open",
        CaseState::Closed | CaseState::FalseAlarm => "Closed",
    }
}

/// The theme of an alert or the id of a code: `self-harm` -> "self harm".
pub(crate) fn theme(theme: &str) -> String {
    match theme {
        "prevent" => "Prevent".to_owned(),
        other => other.replace('-', " "),
    }
}

/// The rule of the filter that won: `category:self-harm` -> "Kind of site: self harm".
pub(crate) fn rule(rule: &str) -> String {
    let (tier, id) = rule.split_once(':').unwrap_or((rule, ""));
    let what = match tier {
        "sealed" => return "A sealed list".to_owned(),
        "portal" => return "Haven\u{2019}s own pages are always open".to_owned(),
        "help" => "Help is always open",
        "update" => "Updates of computers",
        "exception" => "An exception that the policy names",
        "lesson" => return "A lesson with checked sites".to_owned(),
        "exam" => "An exam of the timetable",
        "closed" => "A closed hour of the timetable",
        "local" => "Decided by a person here",
        "category" => "Kind of site",
        "content" => "Words that were seen",
        "network" => return "Inside the organisation\u{2019}s own network".to_owned(),
        "default" => "What no other rule names",
        _ => return rule.to_owned(),
    };
    if id.is_empty() { what.to_owned() } else { format!("{what}: {}", id.replace('-', " ")) }
}

/// What is to be decided about a request.
pub(crate) fn question(got_through: &bool) -> &'static str {
    if *got_through { "Should it be closed?" } else { "May it open?" }
}

/// Ends with a full stop, once.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?', '\u{201d}']) { text.to_owned() } else { format!("{text}.") }
}

/// A number as people read it: 4,512,003.
pub(crate) fn number(count: &u64) -> String {
    actions::words::number(*count)
}

/// The first letter large, for a sentence that begins with a word from elsewhere.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_once() {
        assert_eq!(sentence("Ring them"), "Ring them.");
        assert_eq!(sentence("Ring them. "), "Ring them.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn f01_the_rule_that_won_is_told_in_words() {
        assert_eq!(rule("category:self-harm"), "Kind of site: self harm");
        assert_eq!(rule("sealed:anything"), "A sealed list");
        assert_eq!(rule("something-new"), "something-new");
    }

    #[test]
    fn a_sentence_begins_large() {
        assert_eq!(capital("today by 5:30pm"), "Today by 5:30pm");
        assert_eq!(capital(""), "");
    }
}
