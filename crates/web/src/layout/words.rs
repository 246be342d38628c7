//! The plain words for what the other rooms name by id.

use policy::Grade;

/// "High": how much it hurries.
pub(crate) fn grade(grade: &Grade) -> &'static str {
    match grade {
        Grade::Low => "Low",
        Grade::Medium => "Medium",
        Grade::High => "High",
    }
}

/// What the filter did, as people say it.
pub(crate) fn action(action: &str) -> &str {
    match action {
        "allow" | "Allow" => "Opened",
        "block" | "Block" => "Not opened",
        "warn" | "Warn" => "Opened after a warning",
        "watch" | "Watch" => "Opened, and a person is told",
        other => other,
    }
}

/// Where a case stands.
pub(crate) fn state(state: &str) -> &str {
    match state {
        "unassessed" => "Not looked at yet",
        "open" => "Open",
        "closed" => "Closed",
        other => other,
    }
}

/// The theme of an alert: `self-harm` -> "self harm".
pub(crate) fn theme(theme: &str) -> String {
    match theme {
        "prevent" => "Prevent".to_owned(),
        other => other.replace('-', " "),
    }
}
