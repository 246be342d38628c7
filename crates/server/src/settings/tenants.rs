//! The part `[tenants]` of the settings: whose accounts may sign in to the large suites.

use filter::tenants;
use serde::{Deserialize, Serialize};

/// What Google reads as "accounts of no organisation" among its domains.
const CONSUMER_ACCOUNTS: &str = "consumer_accounts";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tenants {
    pub(crate) microsoft: Vec<String>,
    pub(crate) microsoft_directory: Option<String>,
    pub(crate) microsoft_policy: Option<String>,
    pub(crate) microsoft_personal: bool,
    pub(crate) google: Vec<String>,
}

impl Default for Tenants {
    fn default() -> Self {
        Self {
            microsoft: Vec::new(),
            microsoft_directory: None,
            microsoft_policy: None,
            microsoft_personal: true,
            google: Vec::new(),
        }
    }
}

/// `8e6f4b2a-0c1d-4e5f-9a7b-1c2d3e4f5a6b`
fn is_id(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.contains('.') && text.split('.').all(is_label)
}

impl Tenants {
    /// The word that cannot be used, with one sentence.
    pub(super) fn fault(&self) -> Option<(String, String)> {
        let fault = |word: &str, sentence: String| Some((word.to_owned(), sentence));
        if let Some(text) = self.microsoft.iter().find(|text| !is_domain(text) && !is_id(text)) {
            return fault(
                text,
                format!(
                    "'{text}' is no domain and no directory id. Write it as college.example, or as Entra shows it."
                ),
            );
        }
        if let Some(text) = self.google.iter().find(|text| !is_domain(text) && *text != CONSUMER_ACCOUNTS) {
            return fault(text, format!("'{text}' is no domain. Write it as college.example."));
        }
        for (word, id) in
            [("microsoft_directory", &self.microsoft_directory), ("microsoft_policy", &self.microsoft_policy)]
        {
            if id.as_ref().is_some_and(|id| !is_id(id)) {
                return fault(
                    word,
                    format!("{word} is an id as Entra shows it, such as 8e6f4b2a-0c1d-4e5f-9a7b-1c2d3e4f5a6b."),
                );
            }
        }
        if !self.microsoft.is_empty() && self.microsoft_policy.is_some() {
            return fault(
                "microsoft_policy",
                "microsoft and microsoft_policy both say who may sign in. Leave one of them out.".to_owned(),
            );
        }
        let needs = !self.microsoft.is_empty() || self.microsoft_policy.is_some();
        if needs && self.microsoft_directory.is_none() {
            return fault(
                "[tenants]",
                "Microsoft asks which directory sets the limit. Give its id as microsoft_directory.".to_owned(),
            );
        }
        if !self.microsoft_personal && self.microsoft_policy.is_some() {
            return fault(
                "microsoft_personal",
                "with microsoft_policy, your directory's policy says what personal accounts may do. Leave \
                 microsoft_personal out."
                    .to_owned(),
            );
        }
        None
    }

    /// As the gateway uses it. The settings were checked when they were read.
    pub(crate) fn limits(&self) -> tenants::Tenants {
        tenants::Tenants {
            microsoft: self.microsoft.clone(),
            microsoft_directory: self.microsoft_directory.clone().unwrap_or_default(),
            microsoft_policy: self.microsoft_policy.clone().unwrap_or_default(),
            no_microsoft_personal: !self.microsoft_personal,
            google: self.google.clone(),
        }
    }
}
