//! How often the shipped words are wrong: invented harmless texts that they stop, and invented harmful ones that they miss.

#![allow(clippy::print_stdout, reason = "the rates are what these tests are read for")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use filter::Address;
use filter::phrases::{Scores, WordPack};

/// Fewest harmless and harmful texts and searches, so that nobody makes the rates better by taking texts away.
const LEAST_BENIGN_TEXTS: usize = 174;
const LEAST_BENIGN_SEARCHES: usize = 363;
const LEAST_HARMFUL_TEXTS: usize = 209;
const LEAST_HARMFUL_SEARCHES: usize = 190;

/// Harmless texts and searches that were over a limit when this was last measured.
const BENIGN_TEXTS_OVER: usize = 0;
const BENIGN_SEARCHES_OVER: usize = 0;

/// Kinds of texts of which none may ever be over a limit, however the numbers change.
const HELP_AND_HEALTH: [&str; 6] = ["gambling-help", "health", "help", "lgbtq", "recovery", "safeguarding"];

/// Texts and searches of each theme that were missed when this was last measured. `docs/word-packs.md` says why.
const MISSED: [(&str, usize, usize); 12] = [
    ("bullying", 1, 1),
    ("county-lines", 1, 1),
    ("drugs", 2, 1),
    ("extremism", 2, 0),
    ("fraud", 1, 0),
    ("gambling", 1, 0),
    ("grooming", 3, 0),
    ("hate", 2, 0),
    ("pornography", 1, 1),
    ("self-harm", 1, 1),
    ("sexual-exploitation", 2, 0),
    ("weapons", 2, 1),
];

pub(crate) static WORDS: LazyLock<WordPack> = LazyLock::new(WordPack::shipped);

/// A text with what its first line says of it.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) text: String,
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/texts")
}

/// The texts of one folder, in the order of their names. Their first line is `# KEY: LABEL`.
pub(crate) fn samples(folder_name: &str, key: &str) -> Vec<Sample> {
    let mut samples: Vec<Sample> = std::fs::read_dir(folder().join(folder_name))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let whole = std::fs::read_to_string(&path).unwrap();
            let (head, text) = whole.split_once('\n').unwrap();
            let label = head.strip_prefix(&format!("# {key}: ")).unwrap_or_else(|| panic!("{name} begins `{head}`"));
            Sample { name, label: label.to_owned(), text: text.to_owned() }
        })
        .collect();
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    samples
}

/// The lines of a file that are no comments.
pub(crate) fn lines(file_name: &str) -> Vec<String> {
    let whole = std::fs::read_to_string(folder().join(file_name)).unwrap();
    whole.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
}

/// Scores of a search as an engine's page is asked for it.
pub(crate) fn score_search(words: &str) -> Scores {
    let query: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let address = Address::parse(&format!("http://search.test/search?q={query}")).unwrap();
    let terms = filter::search::terms(&address).unwrap_or_else(|| panic!("`{words}` is no search"));
    WORDS.score_search(&terms)
}

/// The codes over their limits, each with its score and the phrases that counted.
pub(crate) fn over(scores: &Scores) -> Vec<String> {
    let over = scores.codes.iter().filter(|score| score.is_over());
    over.map(|score| {
        let risky = score.matches.iter().filter(|found| found.weight > 0);
        let phrases: Vec<&str> = risky.map(|found| found.phrase.as_str()).collect();
        format!("{} {} ({})", score.code, score.score, phrases.join(", "))
    })
    .collect()
}

pub(crate) fn is_found(scores: &Scores, theme: &str) -> bool {
    scores.get(theme).is_some_and(filter::phrases::CodeScore::is_over)
}

#[test]
fn f05_no_page_of_help_or_health_is_over_a_limit() {
    let wrong: Vec<String> = samples("benign", "kind")
        .iter()
        .filter(|sample| HELP_AND_HEALTH.contains(&sample.label.as_str()))
        .flat_map(|sample| over(&WORDS.score(&sample.text)).into_iter().map(|what| format!("{}: {what}", sample.name)))
        .collect();
    assert_eq!(wrong, [] as [&str; 0]);
}

#[test]
fn f05_harmless_texts_are_stopped_no_more_often_than_was_measured() {
    let samples = samples("benign", "kind");
    assert!(samples.len() >= LEAST_BENIGN_TEXTS, "{} harmless texts", samples.len());
    let mut rates: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for sample in &samples {
        let over = over(&WORDS.score(&sample.text));
        let rate = rates.entry(&sample.label).or_default();
        rate.0 += usize::from(!over.is_empty());
        rate.1 += 1;
        wrong.extend(over.into_iter().map(|what| format!("{}: {what}", sample.name)));
    }
    for (kind, (stopped, all)) in &rates {
        println!("stopped {stopped} of {all} {kind}");
    }
    let stopped: usize = rates.values().map(|(stopped, _)| stopped).sum();
    assert_eq!(stopped, BENIGN_TEXTS_OVER, "{wrong:#?}");
}

/// Real pages are long, and every word more is a chance to be wrong.
#[test]
fn f05_harmless_texts_of_one_kind_make_a_long_page_that_is_not_stopped() {
    let samples = samples("benign", "kind");
    let kinds: BTreeSet<&str> = samples.iter().map(|sample| sample.label.as_str()).collect();
    for kind in kinds {
        let page: String =
            samples.iter().filter(|sample| sample.label == kind).map(|sample| sample.text.as_str()).collect();
        assert_eq!(over(&WORDS.score(&page)), [] as [&str; 0], "{kind}");
    }
}

#[test]
fn f06_harmless_searches_raise_no_more_alerts_than_was_measured() {
    let searches = lines("benign-searches.txt");
    assert!(searches.len() >= LEAST_BENIGN_SEARCHES, "{} harmless searches", searches.len());
    let wrong: Vec<String> = searches
        .iter()
        .filter_map(|words| {
            let over = over(&score_search(words));
            (!over.is_empty()).then(|| format!("{words}: {}", over.join(", ")))
        })
        .collect();
    println!("stopped {} of {} harmless searches", wrong.len(), searches.len());
    assert_eq!(wrong.len(), BENIGN_SEARCHES_OVER, "{wrong:#?}");
}

#[test]
fn m02_harmful_texts_are_missed_no_more_often_than_was_measured() {
    let samples = samples("harmful", "theme");
    assert!(samples.len() >= LEAST_HARMFUL_TEXTS, "{} harmful texts", samples.len());
    let tried = samples.iter().map(|sample| {
        (sample.label.as_str(), sample.name.as_str(), is_found(&WORDS.score(&sample.text), &sample.label))
    });
    let allowed = MISSED.map(|(theme, texts, _)| (theme, texts));
    check_missed("texts", tried, &allowed);
}

#[test]
fn m02_harmful_searches_are_missed_no_more_often_than_was_measured() {
    let lines = lines("harmful-searches.txt");
    assert!(lines.len() >= LEAST_HARMFUL_SEARCHES, "{} harmful searches", lines.len());
    let tried = lines.iter().map(|line| {
        let (theme, words) = line.split_once('\t').unwrap_or_else(|| panic!("`{line}` names no theme"));
        (theme, words, is_found(&score_search(words), theme))
    });
    let allowed = MISSED.map(|(theme, _, searches)| (theme, searches));
    check_missed("searches", tried, &allowed);
}

/// Prints the rate of each theme and fails if one is worse than what is allowed.
fn check_missed<'t>(what: &str, tried: impl Iterator<Item = (&'t str, &'t str, bool)>, allowed: &[(&str, usize)]) {
    let mut rates: BTreeMap<&str, (Vec<&str>, usize)> = BTreeMap::new();
    for (theme, name, found) in tried {
        let rate = rates.entry(theme).or_default();
        rate.1 += 1;
        if !found {
            rate.0.push(name);
        }
    }
    for (theme, (missed, all)) in &rates {
        println!("missed {} of {all} {what} of {theme}", missed.len());
    }
    let themes: BTreeSet<&str> = rates.keys().copied().collect();
    assert_eq!(themes, allowed.iter().map(|(theme, _)| *theme).collect::<BTreeSet<_>>());
    for (theme, limit) in allowed {
        let missed = &rates[theme].0;
        assert!(missed.len() <= *limit, "{theme}, {what}: {missed:#?}");
    }
}
