//! A decision says what happens to a request and why, so that a person can be told, and so that it can be worked out again later.

use policy::{Action, Citation, Grade};
use serde::Serialize;

/// What happens. It cannot be built without its citation (invariant 1).
#[derive(Debug, Clone)]
pub struct Decision {
    pub action: Action,
    pub citation: Citation,
    /// One plain sentence for people.
    pub reason: String,
    /// Codes of the vocabulary that the address or text matched, most telling first.
    pub codes: Vec<String>,
    /// The rule that won, as `tier:id` (`help`, `sealed`, `exception:...`, `local:...`, `category:...`, `content:...`, `sent:...`, `file:...`, `default`).
    pub rule: String,
    /// The list entry that matched, as `list-name entry`; empty if none did.
    pub list: String,
    /// Every other rule that also matched, in the order of the tiers.
    pub also_matched: Vec<String>,
    /// Changes to the request before it goes on.
    pub edits: Vec<Edit>,
    /// Something a person must look at, whatever the action was.
    pub alert: Option<AlertCue>,
    /// Whether this may be recorded: false for Haven's own pages and help sites (S-3).
    pub record: bool,
    /// Whether a tunnel may be opened by TLS inspection; false means pass it through unopened.
    pub inspect: bool,
    pub pack_digest: String,
    pub lists_digest: String,
}

/// A change to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Replace or add a query parameter.
    SetQuery {
        name: String,
        value: String,
    },
    SetHeader {
        name: String,
        value: String,
    },
}

/// What the pack's trigger saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertCue {
    pub trigger: String,
    pub theme: String,
    pub grade: Grade,
    pub procedure: String,
    pub clause: String,
    pub reason: String,
    /// What was seen: the search words or the phrases found, joined by `, `; the host; or the signature and the host. Of what
    /// somebody sent only Haven's own phrases, never the words themselves (S-4).
    pub seen: String,
    /// `search`, `site`, `text`, `sent` or `file`.
    pub kind: String,
}

/// What is planned for a response once its head has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanPlan {
    /// Pass it on unread.
    Pass,
    /// Read decoded text up to the limit and judge it.
    Words,
    /// The same, of JSON that a page's script asked for.
    Json,
}
