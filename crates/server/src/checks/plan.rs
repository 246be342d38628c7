//! What is to be asked for somebody of a profile, and what the policy's own text says must come of it.

use std::collections::{BTreeMap, BTreeSet};

use filter::lists::{Lists, SEALED_CHECK_HOST};
use filter::{Person, Snapshot};
use jiff::Timestamp;
use policy::{Action, Code, Pack, When};

/// Names of each kind of site from which one is taken.
const NAMES: usize = 12;
const DNS: &str = "encrypted-dns";
const AROUND: &str = "proxy-avoidance";
const ADULT: &str = "pornography";

/// Somebody of a profile, who is no person.
pub(super) struct Subject {
    pub(super) profile: String,
    pub(super) title: String,
    pub(super) person: Person,
}

/// One thing to check.
pub(super) enum Kind {
    /// An ordinary page opens: without this, a gateway that refuses everything would pass all the others.
    Open,
    Illegal {
        host: String,
    },
    Category {
        code: String,
        title: String,
        host: String,
        secure: bool,
    },
    Language {
        code: String,
    },
    Malware,
    Doh,
    Ech,
    Quic,
    SafeSearch,
    YouTube,
    /// The policy counts on something that is not there.
    Missing {
        word: &'static str,
        what: String,
        sentence: String,
        clause: String,
    },
    NotAsked {
        word: &'static str,
        what: &'static str,
        sentence: String,
    },
}

impl Kind {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Illegal { .. } => "illegal",
            Self::Category { code, .. } if code == ADULT => "adult",
            Self::Category { code, .. } if code == AROUND => "vpn",
            Self::Category { .. } => "kind",
            Self::Language { .. } => "language",
            Self::Malware => "malware",
            Self::Doh => "doh",
            Self::Ech => "ech",
            Self::Quic => "quic",
            Self::SafeSearch | Self::YouTube => "safe-search",
            Self::Missing { word, .. } | Self::NotAsked { word, .. } => word,
        }
    }

    pub(super) fn what(&self) -> String {
        match self {
            Self::Open => "An ordinary page".to_owned(),
            Self::Illegal { .. } => "Illegal material: the test entry of the sealed list".to_owned(),
            Self::Category { title, .. } => format!("A site of the lists: {title}"),
            Self::Language { .. } => "A page with words that the policy stops".to_owned(),
            Self::Malware => "A harmless test file for virus scanners".to_owned(),
            Self::Doh => "Looking names up past the filter (DNS over HTTPS)".to_owned(),
            Self::Ech => "A hidden name (encrypted greeting)".to_owned(),
            Self::Quic => "A way round the proxy (QUIC)".to_owned(),
            Self::SafeSearch => "Safe search".to_owned(),
            Self::YouTube => "YouTube, restricted".to_owned(),
            Self::Missing { what, .. } => what.clone(),
            Self::NotAsked { what, .. } => (*what).to_owned(),
        }
    }
}

/// Some names of each kind of site that the lists hold. Reads all of them.
pub(super) fn names(lists: &Lists) -> BTreeMap<String, Vec<String>> {
    lists.some_names(NAMES)
}

/// Somebody of each profile.
pub(super) fn subjects(snapshot: &Snapshot) -> Vec<Subject> {
    let pack = &snapshot.pack;
    let of = |profile: &policy::Profile| {
        let group = profile.groups.iter().find_map(|id| pack.group(id))?;
        Some(Subject {
            profile: profile.id.clone(),
            title: profile.title.clone(),
            person: Person {
                id: "filter check".to_owned(),
                group: group.id.clone(),
                population: group.population.clone(),
                site: String::new(),
                how: "a check of the filter".to_owned(),
                session: format!("filter check {}", profile.id),
            },
        })
    };
    pack.filtering.profiles.iter().filter_map(of).collect()
}

/// Everything that is asked for this subject.
pub(super) fn plan(
    snapshot: &Snapshot,
    names: &BTreeMap<String, Vec<String>>,
    subject: &Subject,
    now: Timestamp,
) -> Vec<Kind> {
    let pack = &snapshot.pack;
    let text = Text::of(pack, &subject.person.group, now);
    let mut all = vec![illegal(snapshot)];
    let open = pack.filtering.defaults.unlisted != Action::Block;
    if open {
        all.extend([Kind::Open, language(snapshot, &text), Kind::Malware, Kind::Ech, Kind::Quic]);
    } else {
        let sentence = || "Only sites that the policy names open here.".to_owned();
        all.push(Kind::NotAsked {
            word: "language",
            what: "A page with words that the policy stops",
            sentence: sentence(),
        });
        all.push(Kind::Ech);
    }
    for code in &pack.codes {
        all.extend(category(snapshot, names, code, &text));
    }
    let profiles = || pack.filtering.profiles.iter().filter(|profile| text.profiles.contains(&profile.id));
    if profiles().any(|profile| profile.safe_search) {
        all.push(Kind::SafeSearch);
    } else {
        let sentence = "The policy does not ask for it here.".to_owned();
        all.push(Kind::NotAsked { word: "safe-search", what: "Safe search", sentence });
    }
    if profiles().any(|profile| profile.youtube_restrict) {
        all.push(Kind::YouTube);
    }
    all
}

fn illegal(snapshot: &Snapshot) -> Kind {
    let what = "Illegal material: the test entry of the sealed list".to_owned();
    let missing = |sentence: &str| Kind::Missing {
        word: "illegal",
        what: what.clone(),
        sentence: sentence.to_owned(),
        clause: "S-9".to_owned(),
    };
    match snapshot.sealed_names(SEALED_CHECK_HOST) {
        None => missing("No sealed list of illegal sites is in force. Bring one in."),
        Some(false) => missing("The sealed list in force does not hold its test entry. Bring it in again."),
        Some(true) => Kind::Illegal { host: SEALED_CHECK_HOST.to_owned() },
    }
}

/// What the text of the policy says for one group at one time.
struct Text<'p> {
    pack: &'p Pack,
    profiles: BTreeSet<String>,
    class_time: bool,
}

impl<'p> Text<'p> {
    fn of(pack: &'p Pack, group: &str, now: Timestamp) -> Self {
        let of_group = |profile: &&policy::Profile| profile.groups.iter().any(|id| id == group);
        let profiles = pack.filtering.profiles.iter().filter(of_group).map(|profile| profile.id.clone()).collect();
        Self { pack, profiles, class_time: pack.calendar.is_class_time(now) }
    }

    /// Whether every rule that names the kind of site keeps it from opening at once; none if they are not of one mind.
    fn stops(&self, code: &str) -> Option<bool> {
        let rules = self.pack.filtering.rules.iter().filter(|rule| {
            let holds = match rule.when {
                When::Always => true,
                When::ClassHours => self.class_time,
                When::OutsideClassHours => !self.class_time,
                // Lunch and exams are a matter of the place; the check sits in none.
                When::Lunch | When::Exam => false,
            };
            let mine = rule.profiles.is_empty() || rule.profiles.iter().any(|profile| self.profiles.contains(profile));
            holds && mine && rule.codes.iter().any(|named| named == code)
        });
        let mut said: Vec<bool> = rules.map(|rule| matches!(rule.action, Action::Block | Action::Warn)).collect();
        said.sort_unstable();
        said.dedup();
        match said.as_slice() {
            [] => Some(false),
            [one] => Some(*one),
            _ => None,
        }
    }

    fn clause(&self, code: &str) -> String {
        let rule = self.pack.filtering.rules.iter().find(|rule| rule.codes.iter().any(|named| named == code));
        rule.map(|rule| rule.clause.clone()).unwrap_or_default()
    }
}

/// The names under which lists and words know a code.
fn known_as(code: &Code) -> impl Iterator<Item = &str> {
    std::iter::once(code.id.as_str()).chain(code.aliases.iter().map(String::as_str))
}

fn language(snapshot: &Snapshot, text: &Text<'_>) -> Kind {
    let stopped = snapshot.pack.codes.iter().filter(|code| text.stops(&code.id) == Some(true));
    let with_words = stopped.flat_map(known_as).find(|name| snapshot.words.text_over(name).is_some());
    match with_words {
        Some(code) => Kind::Language { code: code.to_owned() },
        None => Kind::NotAsked {
            word: "language",
            what: "A page with words that the policy stops",
            sentence: "The policy stops no words here.".to_owned(),
        },
    }
}

fn category(snapshot: &Snapshot, names: &BTreeMap<String, Vec<String>>, code: &Code, text: &Text<'_>) -> Option<Kind> {
    let word =
        [ADULT, AROUND, DNS].into_iter().find(|word| known_as(code).any(|name| name == *word)).unwrap_or_default();
    match (text.stops(&code.id), word) {
        (Some(true), DNS) => return Some(Kind::Doh),
        (Some(true), _) => {}
        (_, "") => return None,
        (_, word) => {
            let (word, what) = match word {
                ADULT => ("adult", "Sites for adults"),
                DNS => ("doh", "Looking names up past the filter (DNS over HTTPS)"),
                _ => ("vpn", "Ways round the filter"),
            };
            return Some(Kind::NotAsked { word, what, sentence: "The policy does not close them here.".to_owned() });
        }
    }
    let all = known_as(code).filter_map(|name| names.get(name)).flatten();
    match all.into_iter().find(|host| is_only(snapshot, host, code)) {
        Some(host) => {
            let code_word = if word.is_empty() { code.id.clone() } else { word.to_owned() };
            Some(Kind::Category {
                code: code_word,
                title: code.title.clone(),
                host: host.clone(),
                secure: !word.is_empty(),
            })
        }
        // That nothing looks for a kind of site is a gap of the health page; for these two the check must fail.
        None if word.is_empty() => None,
        None => Some(Kind::Missing {
            word: if word == ADULT { "adult" } else { "vpn" },
            what: format!("A site of the lists: {}", code.title),
            sentence: "No list in force names such a site.".to_owned(),
            clause: text.clause(&code.id),
        }),
    }
}

/// Whether a site is on the lists as this kind alone, and nothing opens it by name.
fn is_only(snapshot: &Snapshot, host: &str, code: &Code) -> bool {
    let hits = snapshot.lists.lookup_host(host);
    let one_kind = hits.iter().flat_map(|hit| &hit.codes).all(|named| known_as(code).any(|name| name == named));
    let under = |site: &str| {
        let site = site.split('/').next().unwrap_or(site);
        host == site || host.ends_with(&format!(".{site}"))
    };
    let pack = &snapshot.pack.filtering;
    let by_name = pack.exceptions.iter().any(|one| under(&one.site))
        || pack.help.iter().any(|link| under(&link.site))
        || pack.rules.iter().flat_map(|rule| &rule.sites).any(|site| under(site))
        || snapshot.local.iter().any(|rule| under(&rule.site))
        || snapshot.help.sites.iter().any(|site| under(&site.host));
    one_kind && !by_name
}
