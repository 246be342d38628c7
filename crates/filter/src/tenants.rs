//! Whose accounts may sign in to the large suites: the headers by which their makers let a network say so.

/// Header names that say who may sign in. A client never sets one itself where this is limited.
pub const RESERVED: [&str; 4] = [
    "restrict-access-to-tenants",
    "restrict-access-context",
    "sec-restrict-tenant-access-policy",
    "x-googapps-allowed-domains",
];

/// Where Microsoft's work accounts sign in.
const MICROSOFT_WORK: [&str; 3] = ["login.microsoftonline.com", "login.microsoft.com", "login.windows.net"];
/// Where Microsoft's personal accounts sign in.
const MICROSOFT_PERSONAL: &str = "login.live.com";
const GOOGLE: &str = "google.com";

/// A suite whose accounts can be limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    Microsoft,
    Google,
}

impl Suite {
    /// The suite that a host belongs to, as far as accounts go.
    #[must_use]
    pub fn of(host: &str) -> Option<Self> {
        if MICROSOFT_WORK.contains(&host) || host == MICROSOFT_PERSONAL {
            return Some(Self::Microsoft);
        }
        let is_google = host.strip_suffix(GOOGLE).is_some_and(|before| before.is_empty() || before.ends_with('.'));
        is_google.then_some(Self::Google)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Microsoft => "Microsoft",
            Self::Google => "Google",
        }
    }
}

/// Whose accounts may sign in. Empty: anybody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenants {
    /// Domains or directory ids of organisations whose Microsoft work accounts may sign in.
    pub microsoft: Vec<String>,
    /// Id of the directory that sets the limit, and in whose log it stands.
    pub microsoft_directory: String,
    /// Id of a policy in that directory that says who may sign in, in the place of a list (tenant restrictions v2).
    pub microsoft_policy: String,
    /// Personal Microsoft accounts may not sign in.
    pub no_microsoft_personal: bool,
    /// Domains whose Google accounts may sign in.
    pub google: Vec<String>,
}

impl Tenants {
    /// Whether a suite's accounts are limited.
    #[must_use]
    pub fn limits(&self, suite: Suite) -> bool {
        match suite {
            Suite::Microsoft => {
                !self.microsoft.is_empty() || !self.microsoft_policy.is_empty() || self.no_microsoft_personal
            }
            Suite::Google => !self.google.is_empty(),
        }
    }

    /// The headers that a request to a host gets; none where nothing is limited, and then the client's own stay as they are.
    #[must_use]
    pub fn headers(&self, host: &str) -> Option<Vec<(&'static str, String)>> {
        let suite = Suite::of(host).filter(|suite| self.limits(*suite))?;
        let by_policy = || format!("{}:{}", self.microsoft_directory, self.microsoft_policy);
        Some(match suite {
            Suite::Google => vec![("x-googapps-allowed-domains", self.google.join(","))],
            Suite::Microsoft if !self.microsoft_policy.is_empty() => {
                vec![("sec-restrict-tenant-access-policy", by_policy())]
            }
            Suite::Microsoft if host == MICROSOFT_PERSONAL && self.no_microsoft_personal => {
                vec![("sec-restrict-tenant-access-policy", "restrict-msa".to_owned())]
            }
            Suite::Microsoft if host != MICROSOFT_PERSONAL && !self.microsoft.is_empty() => vec![
                ("restrict-access-to-tenants", self.microsoft.join(",")),
                ("restrict-access-context", self.microsoft_directory.clone()),
            ],
            Suite::Microsoft => Vec::new(),
        })
    }

    /// Who may sign in to a suite, as people read it; none where anybody may.
    #[must_use]
    pub fn sentence(&self, suite: Suite) -> Option<String> {
        if !self.limits(suite) {
            return None;
        }
        let only = |domains: &[String]| format!("Only accounts of {} can sign in.", domains.join(", "));
        let work = match suite {
            Suite::Google => return Some(only(&self.google)),
            Suite::Microsoft if !self.microsoft_policy.is_empty() => {
                return Some("Who can sign in is said by a policy in your own directory.".to_owned());
            }
            Suite::Microsoft if self.microsoft.is_empty() => {
                "Work accounts of any organisation can sign in.".to_owned()
            }
            Suite::Microsoft => only(&self.microsoft),
        };
        let personal = if self.no_microsoft_personal { "Personal accounts cannot." } else { "Personal accounts can." };
        Some(format!("{work} {personal}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn tenants() -> Tenants {
        Tenants {
            microsoft: vec!["contoso.example".to_owned(), "college.example".to_owned()],
            microsoft_directory: "dir".to_owned(),
            google: vec!["college.example".to_owned()],
            ..Tenants::default()
        }
    }

    #[test]
    fn f06_sign_in_pages_are_known_by_their_whole_names() {
        for (host, suite) in [
            ("login.microsoftonline.com", Some(Suite::Microsoft)),
            ("login.live.com", Some(Suite::Microsoft)),
            ("google.com", Some(Suite::Google)),
            ("accounts.google.com", Some(Suite::Google)),
            ("notgoogle.com", None),
            ("google.com.example", None),
            ("evil-login.microsoftonline.com", None),
            ("microsoft.com", None),
        ] {
            assert_eq!(Suite::of(host), suite, "{host}");
        }
    }

    #[test]
    fn f06_each_host_gets_the_headers_that_its_maker_names() {
        let some = |host: &str, tenants: &Tenants| tenants.headers(host).unwrap();
        assert_eq!(
            some("login.windows.net", &tenants()),
            [
                ("restrict-access-to-tenants", "contoso.example,college.example".to_owned()),
                ("restrict-access-context", "dir".to_owned())
            ]
        );
        assert_eq!(some("login.live.com", &tenants()), [], "personal accounts stay as they are");
        let stricter = Tenants { no_microsoft_personal: true, ..tenants() };
        assert_eq!(
            some("login.live.com", &stricter),
            [("sec-restrict-tenant-access-policy", "restrict-msa".to_owned())]
        );
        let by_policy = Tenants { microsoft: Vec::new(), microsoft_policy: "pol".to_owned(), ..tenants() };
        for host in ["login.live.com", "login.microsoft.com"] {
            assert_eq!(some(host, &by_policy), [("sec-restrict-tenant-access-policy", "dir:pol".to_owned())]);
        }
        assert_eq!(some("mail.google.com", &tenants()), [("x-googapps-allowed-domains", "college.example".to_owned())]);
        assert_eq!(Tenants::default().headers("mail.google.com"), None);
        assert_eq!(tenants().headers("site.test"), None);
        for (_, headers) in [("", some("login.windows.net", &tenants())), ("", some("google.com", &tenants()))] {
            assert!(headers.iter().all(|(name, _)| RESERVED.contains(name)), "what is set is also taken out");
        }
    }

    #[test]
    fn f06_who_may_sign_in_is_said_in_words() {
        let said = |tenants: &Tenants, suite| tenants.sentence(suite).unwrap();
        assert_eq!(said(&tenants(), Suite::Google), "Only accounts of college.example can sign in.");
        assert_eq!(
            said(&tenants(), Suite::Microsoft),
            "Only accounts of contoso.example, college.example can sign in. Personal accounts can."
        );
        let personal = Tenants { no_microsoft_personal: true, ..Tenants::default() };
        assert_eq!(
            said(&personal, Suite::Microsoft),
            "Work accounts of any organisation can sign in. Personal accounts cannot."
        );
        assert_eq!(personal.sentence(Suite::Google), None);
    }
}
