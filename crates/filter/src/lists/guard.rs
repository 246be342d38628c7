//! Looks at a new edition of a list beside the last good one: what came and what went, and why a person should look first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use fst::Streamer;
use fst::raw::{Fst, OpBuilder};

use super::build::FileReport;
use super::file::{Segment, Slice, Source};
use super::help::HelpList;
use super::index::{Lists, bare_host, sources};
use super::reader::Format;

/// Well-known sites with the codes under which a list may name them: `host<TAB>code,code`.
const WELL_KNOWN: &str = include_str!("../../data/well-known.tsv");
const SHARED_PARTS: &str = include_str!("../../data/shared-parts.tsv");
/// Editions with fewer entries than this may shrink and grow as they like.
const SMALL_EDITION_ENTRIES: u64 = 200;
/// A code that so many entries had is missed when it is gone.
const MISSED_CODE_ENTRIES: u64 = 50;
/// Sites named in one concern; the rest is counted.
const NAMED_LIMIT: usize = 5;
/// Entries shown of each kind of change.
pub const SAMPLE_LIMIT: usize = 100;

/// What an edition may do without a person looking first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How much smaller than the last good edition it may be, in hundredths.
    pub shrink_percent: u64,
    /// How much larger, in hundredths.
    pub growth_percent: u64,
    /// Lines that may be unreadable, in hundredths of all that are not blank or comments.
    pub refused_percent: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { shrink_percent: 30, growth_percent: 100, refused_percent: 20 }
    }
}

/// Why a new edition waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    Empty,
    Shrank {
        before: u64,
        now: u64,
        percent: u64,
    },
    Grew {
        before: u64,
        now: u64,
        percent: u64,
    },
    CodeGone {
        code: String,
        before: u64,
    },
    Unreadable {
        file: String,
        refused: u64,
        percent: u64,
    },
    OtherFormat {
        file: String,
        before: Format,
        now: Format,
    },
    /// Sites that everybody relies on, under a code that is not theirs.
    WellKnown {
        sites: Vec<String>,
        more: usize,
    },
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("It holds no entry at all."),
            Self::Shrank { before, now, percent } => {
                write!(f, "It shrank by {percent} per cent, from {before} entries to {now}.")
            }
            Self::Grew { before, now, percent } => {
                write!(f, "It grew by {percent} per cent, from {before} entries to {now}.")
            }
            Self::CodeGone { code, before } => {
                write!(f, "Nothing is named as {code} any more; {before} entries were.")
            }
            Self::Unreadable { file, refused, percent } => {
                write!(f, "{file}: {refused} lines cannot be used, {percent} per cent of it.")
            }
            Self::OtherFormat { file, before, now } => {
                write!(f, "{file} is written in another way than before ({before:?}, now {now:?}).")
            }
            Self::WellKnown { sites, more } => {
                write!(f, "It newly names sites that people rely on: {}", sites.join(", "))?;
                if *more > 0 { write!(f, " and {more} more.") } else { f.write_str(".") }
            }
        }
    }
}

/// What differs between two editions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    pub added: u64,
    pub removed: u64,
    /// On both, under other codes.
    pub changed: u64,
    /// The first so many of each, as `+ host code,code`, `- host code`, `~ host old -> new`.
    pub sample: Vec<String>,
}

/// Everything that a person needs to judge a new edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    pub difference: Difference,
    pub concerns: Vec<Concern>,
}

/// Compares a new edition with the last good one, if there is one. `formats` are those of the last good edition's files.
#[must_use]
pub fn review(
    old: Option<&Lists>,
    new: &Lists,
    reports: &[FileReport],
    formats: &BTreeMap<String, Format>,
    bounds: Bounds,
) -> Review {
    let empty = Lists::empty();
    let guarded = Guarded::shipped();
    let mut suspects: BTreeSet<String> = BTreeSet::new();
    let difference = difference_with(old.unwrap_or(&empty), new, |entry, codes| {
        if guarded.minds(entry, codes) {
            suspects.insert(entry.to_owned());
        }
    });
    let mut concerns = Vec::new();
    let now = new.stat();
    let total = now.names + now.urls;
    if total == 0 {
        concerns.push(Concern::Empty);
    }
    if let Some(old) = old {
        let before = old.stat();
        concerns.extend(size(before.names + before.urls, total, bounds));
        let kept: BTreeSet<&String> = now.codes.iter().map(|(code, _)| code).collect();
        for (code, entries) in before.codes {
            if total > 0 && entries >= MISSED_CODE_ENTRIES && !kept.contains(&code) {
                concerns.push(Concern::CodeGone { code, before: entries });
            }
        }
    }
    for report in reports {
        concerns.extend(readable(report, formats, bounds));
    }
    if !suspects.is_empty() {
        let more = suspects.len().saturating_sub(NAMED_LIMIT);
        concerns.push(Concern::WellKnown { sites: suspects.into_iter().take(NAMED_LIMIT).collect(), more });
    }
    Review { difference, concerns }
}

fn size(before: u64, now: u64, bounds: Bounds) -> Option<Concern> {
    if before < SMALL_EDITION_ENTRIES || now == 0 {
        return None;
    }
    let percent = before.abs_diff(now).saturating_mul(100) / before;
    if now < before && percent > bounds.shrink_percent {
        return Some(Concern::Shrank { before, now, percent });
    }
    (now > before && percent > bounds.growth_percent).then_some(Concern::Grew { before, now, percent })
}

fn readable(report: &FileReport, formats: &BTreeMap<String, Format>, bounds: Bounds) -> Vec<Concern> {
    let mut concerns = Vec::new();
    let file = report.file.clone();
    if report.format.is_unused() {
        return concerns;
    }
    let refused = u64::try_from(report.refused.len()).unwrap_or(u64::MAX);
    let percent = refused.saturating_mul(100) / (refused + report.accepted).max(1);
    if percent > bounds.refused_percent {
        concerns.push(Concern::Unreadable { file: file.clone(), refused, percent });
    }
    if let Some(before) = formats.get(&report.file).filter(|before| **before != report.format) {
        concerns.push(Concern::OtherFormat { file, before: *before, now: report.format });
    }
    concerns
}

/// What differs between two list files, in the order of their entries.
#[must_use]
pub fn difference(old: &Lists, new: &Lists) -> Difference {
    difference_with(old, new, |_, _| {})
}

/// Calls `gained` with every entry that the new edition names under codes that the old one did not give it.
fn difference_with(old: &Lists, new: &Lists, mut gained: impl FnMut(&str, &[String])) -> Difference {
    let mut difference = Difference::default();
    for index in [hosts as fn(&Segment) -> &Fst<Slice>, urls] {
        let (before, after) = (old.segments(), new.segments());
        let mut builder = OpBuilder::new();
        for segment in before.iter().chain(after) {
            builder.push(index(segment));
        }
        let mut union = builder.union();
        while let Some((key, found)) = union.next() {
            let value_in = |side: &[Segment], from: usize| -> BTreeSet<String> {
                // A newer segment has the last word on a name.
                let newest = found
                    .iter()
                    .filter(|one| (from..from + side.len()).contains(&one.index))
                    .max_by_key(|one| one.index);
                newest
                    .and_then(|one| side.get(one.index - from).map(|segment| codes(&sources(segment, one.value))))
                    .unwrap_or_default()
            };
            let (was, is) = (value_in(before, 0), value_in(after, before.len()));
            if was == is {
                continue;
            }
            let entry = readable_entry(key);
            let fresh: Vec<String> = is.difference(&was).cloned().collect();
            if !fresh.is_empty() {
                gained(&entry, &fresh);
            }
            difference.note(&entry, &was, &is);
        }
    }
    difference
}

impl Difference {
    fn note(&mut self, entry: &str, was: &BTreeSet<String>, is: &BTreeSet<String>) {
        let join = |codes: &BTreeSet<String>| codes.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        let (count, line) = match (was.is_empty(), is.is_empty()) {
            (true, _) => (&mut self.added, format!("+ {entry} {}", join(is))),
            (_, true) => (&mut self.removed, format!("- {entry} {}", join(was))),
            _ => (&mut self.changed, format!("~ {entry} {} -> {}", join(was), join(is))),
        };
        *count += 1;
        if usize::try_from(*count).is_ok_and(|count| count <= SAMPLE_LIMIT) {
            self.sample.push(line);
        }
    }
}

fn hosts(segment: &Segment) -> &Fst<Slice> {
    &segment.hosts
}

fn urls(segment: &Segment) -> &Fst<Slice> {
    &segment.urls
}

fn codes(sources: &[&Source]) -> BTreeSet<String> {
    sources.iter().flat_map(|source| source.codes.iter().cloned()).collect()
}

/// `test.library/games` as people write it: `library.test/games`.
fn readable_entry(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(key);
    let (host, path) = text.find(['/', '?']).map_or((&*text, ""), |at| text.split_at(at));
    let labels: Vec<&str> = host.rsplit('.').collect();
    format!("{}{path}", labels.join("."))
}

/// Whether a whole host is one on which everybody relies, or a help site.
pub(super) fn relied_on(host: &str) -> bool {
    static KNOWN: LazyLock<(Guarded, HelpList)> = LazyLock::new(|| (Guarded::shipped(), HelpList::shipped()));
    let (guarded, help) = &*KNOWN;
    guarded.0.contains_key(bare_host(host)) || help.sites.iter().any(|site| site.host == bare_host(host))
}

/// Whether a path of a host is one through which all its pages or files are reached, as `google.com/url` is: an entry for
/// it, where a list maker cut the question off, would close links and downloads of every kind.
pub(super) fn is_shared_part(host: &str, path: &str) -> bool {
    static PARTS: LazyLock<BTreeSet<(&str, &str)>> = LazyLock::new(|| {
        SHARED_PARTS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')).collect()
    });
    PARTS.contains(&(bare_host(host), path.trim_end_matches(['/', '?'])))
}

/// Codes that say harm of a site. Under any other, a list may name whom it likes.
const HARMFUL: &[&str] = &[
    "adult-mixed",
    "bullying",
    "child-abuse",
    "controlling-behaviour",
    "county-lines",
    "cryptojacking",
    "cults",
    "dangerous-material",
    "discrimination",
    "drugs",
    "eating-disorders",
    "extremism",
    "fraud",
    "gambling",
    "gore",
    "grooming",
    "hacking",
    "hate",
    "intimate-image-abuse",
    "malware",
    "phishing",
    "piracy",
    "pornography",
    "self-harm",
    "sexual-exploitation",
    "stalkerware",
    "violence",
    "violence-against-women",
    "weapons",
];

/// Names that would close a site which everybody relies on, each with the codes under which it may be named. Help sites are
/// not among them: they open whatever a list says (S-2), and real lists name some of them.
struct Guarded(BTreeMap<String, BTreeSet<String>>);

impl Guarded {
    fn shipped() -> Self {
        let mut guarded = Self(BTreeMap::new());
        for line in WELL_KNOWN.lines().filter(|line| !line.starts_with('#')) {
            let (host, codes) = line.split_once('\t').unwrap_or((line, ""));
            guarded.add(host, codes.split(','));
        }
        guarded
    }

    /// The site and every name above it: an entry closes all below it.
    fn add<'a>(&mut self, host: &str, codes: impl Iterator<Item = &'a str>) {
        let natural: BTreeSet<String> = codes.map(str::to_owned).collect();
        let mut name = bare_host(host);
        loop {
            let known = self.0.entry(name.to_owned()).or_insert_with(|| natural.clone());
            // Two sites below one name: only what is natural for both.
            known.retain(|code| natural.contains(code));
            match name.split_once('.') {
                Some((_, above)) if above.contains('.') => name = above,
                _ => return,
            }
        }
    }

    /// Whether an entry would close such a site for a harm that is not its own. A path closes a part of it only.
    fn minds(&self, entry: &str, codes: &[String]) -> bool {
        let Some(natural) = self.0.get(bare_host(entry)) else { return false };
        codes.iter().any(|code| HARMFUL.contains(&code.as_str()) && !natural.contains(code))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::Builder;
    use super::*;

    fn edition(files: &[(&str, &str)]) -> (Lists, Vec<FileReport>) {
        let mut builder = Builder::new();
        let reports = files.iter().map(|(path, text)| builder.add_file(path, text.as_bytes())).collect();
        (Lists::open(builder.finish()).unwrap(), reports)
    }

    fn many(word: &str, count: usize) -> String {
        (0..count).map(|number| format!("{word}-{number}.test\n")).collect()
    }

    fn concerns(before: &str, now: &str) -> Vec<Concern> {
        let (old, _) = edition(&[("x/gambling/domains", before)]);
        let (new, reports) = edition(&[("x/gambling/domains", now)]);
        review(Some(&old), &new, &reports, &BTreeMap::new(), Bounds::default()).concerns
    }

    #[test]
    fn f04_an_edition_that_shrinks_or_grows_too_much_waits() {
        let usual = many("casino", 1000);
        assert_eq!(concerns(&usual, &many("casino", 900)), []);
        assert_eq!(concerns(&usual, &many("casino", 600)), [Concern::Shrank { before: 1000, now: 600, percent: 40 }]);
        assert_eq!(concerns(&usual, &many("casino", 2500)), [Concern::Grew { before: 1000, now: 2500, percent: 150 }]);
        assert_eq!(concerns(&usual, ""), [Concern::Empty]);
        assert_eq!(concerns(&many("casino", 20), &many("casino", 2)), [], "a small list may change as it likes");
    }

    #[test]
    fn f04_a_part_of_a_site_through_which_everybody_goes_is_refused_by_line() {
        let text = "google.com/url\nwww.google.com/url/\nhttps://drive.google.com/uc\ndrive.google.com/uc?id=bad\n\
                    google.com/url?q=http://bad.test/\nbad.test/url\n";
        let (lists, reports) = edition(&[("x/phishing/urls", text)]);
        let refused: Vec<usize> = reports[0].refused.iter().map(|line| line.line).collect();
        assert_eq!(refused, [1, 2, 3], "{:?}", reports[0].refused);
        let hits = |url: &str| lists.lookup(&crate::Address::parse(url).unwrap()).len();
        assert_eq!(hits("https://www.google.com/url?q=https://www.nhs.uk/"), 0);
        assert_eq!(hits("https://drive.google.com/uc?id=1"), 0);
        assert_eq!(hits("https://drive.google.com/uc?id=bad"), 1, "a whole address is what it names");
        assert_eq!(hits("https://bad.test/url?q=1"), 1);
        // A path of one of its own users is a part that may be named.
        assert!(!is_shared_part("drive.google.com", "/file/d/abc") && is_shared_part("www.youtube.com", "/watch"));
        for line in SHARED_PARTS.lines().filter(|line| !line.starts_with('#')) {
            let (host, path) = line.split_once('\t').unwrap();
            assert!(is_shared_part(host, path) && bare_host(host) == host && path.len() > 1, "{line}");
        }
    }

    #[test]
    fn f04_an_edition_that_names_what_people_rely_on_waits() {
        let (before, after) = (many("casino", 300), many("casino", 299));
        for site in ["google.com", "www.nhs.uk", "microsoft.com", "nspcc.org.uk", "www.wikipedia.org"] {
            let found = concerns(&before, &format!("{after}{site}\n"));
            assert!(matches!(found.as_slice(), [Concern::WellKnown { sites, more: 0 }] if sites.len() == 1), "{site}");
        }
        for harmless in [
            "gamblersanonymous.org",
            "google.com/casino",
            "notgoogle.com",
            "nhs.uk.casino.test",
            "casino.microsoft.com.test",
        ] {
            assert_eq!(concerns(&before, &format!("{after}{harmless}\n")), [], "{harmless}");
        }
        let social = many("chat", 300);
        let (old, _) = edition(&[("x/social_networks/domains", &social)]);
        let (new, reports) = edition(&[("x/social_networks/domains", &format!("{social}facebook.com\n"))]);
        let found = review(Some(&old), &new, &reports, &BTreeMap::new(), Bounds::default());
        assert_eq!(found.concerns, [], "that is what it is");
        assert_eq!((found.difference.added, found.difference.removed), (1, 0));
    }

    #[test]
    fn f04_an_edition_that_loses_a_code_or_its_form_waits() {
        let (games, casinos) = (many("dice", 300), many("casino", 60));
        let (old, before) = edition(&[("x/games/domains", &games), ("x/gambling/domains", &casinos)]);
        let formats: BTreeMap<String, Format> = before.iter().map(|one| (one.file.clone(), one.format)).collect();
        let (new, reports) = edition(&[("x/games/domains", &games)]);
        let found = review(Some(&old), &new, &reports, &formats, Bounds::default());
        assert_eq!(found.concerns, [Concern::CodeGone { code: "gambling".to_owned(), before: 60 }]);
        let as_hosts: String = games.lines().map(|line| format!("0.0.0.0 {line}\n")).collect();
        let (new, reports) = edition(&[("x/games/domains", &as_hosts), ("x/gambling/domains", &casinos)]);
        let found = review(Some(&old), &new, &reports, &formats, Bounds::default());
        assert!(matches!(found.concerns.as_slice(), [Concern::OtherFormat { .. }]), "{:?}", found.concerns);
        let html = "<html> <body> not a list\n".repeat(300);
        let (new, reports) = edition(&[("x/games/domains", &html)]);
        let found = review(Some(&old), &new, &reports, &formats, Bounds::default());
        assert!(found.concerns.contains(&Concern::Empty), "{:?}", found.concerns);
        assert!(found.concerns.iter().any(|one| matches!(one, Concern::Unreadable { percent: 100, .. })));
    }

    #[test]
    fn f04_a_difference_says_what_came_went_and_changed() {
        let (old, _) = edition(&[("x/games/domains", "a.test\nb.test\nc.test/dice\n")]);
        let (new, _) =
            edition(&[("x/games/domains", "a.test\nc.test/dice\n"), ("x/gambling/domains", "a.test\nd.test\n")]);
        let found = difference(&old, &new);
        assert_eq!((found.added, found.removed, found.changed), (1, 1, 1));
        assert_eq!(found.sample, ["~ a.test games -> gambling,games", "- b.test games", "+ d.test gambling"]);
        assert_eq!(difference(&new, &new), Difference::default());
    }

    #[test]
    fn f04_every_well_known_site_is_in_normal_form_under_known_codes() {
        let known = super::super::CoreCodes::shipped();
        for line in WELL_KNOWN.lines().filter(|line| !line.starts_with('#')) {
            let (host, codes) = line.split_once('\t').unwrap_or((line, ""));
            assert_eq!(crate::address::normal_host(host).unwrap().0, host);
            for code in codes.split(',').filter(|code| !code.is_empty()) {
                assert!(known.title(code).is_some(), "{line}");
            }
        }
        assert!(HARMFUL.iter().all(|code| known.title(code).is_some()));
    }
}
