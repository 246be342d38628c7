//! Rules that people of the organisation decided: a site opened or closed on request, with a reason and often a last day.

use jiff::Timestamp;
use policy::Action;

/// One decided request (F12). Between two rules for equally specific sites the stricter one wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalRule {
    pub id: String,
    /// A host with everything below it, or a `host/path` prefix.
    pub site: String,
    pub action: Action,
    /// Profiles of the pack; empty for every profile.
    pub profiles: Vec<String>,
    /// From this moment on the rule says nothing; none for no end.
    pub until: Option<Timestamp>,
    /// The clause by which it was decided.
    pub clause: String,
}

/// Puts rules in the order in which a snapshot keeps them: by site, then by id.
pub fn sort(rules: &mut [LocalRule]) {
    rules.sort_by(|a, b| (&a.site, &a.id).cmp(&(&b.site, &b.id)));
}
