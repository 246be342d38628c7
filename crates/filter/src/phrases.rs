//! Words and phrases that point to a risk, weighed against words that show good context: news, history, recovery, faith, health.

mod html;
mod letters;
mod masked;
mod normal;
#[cfg(test)]
mod reference;
mod spelling;
mod tree;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::search::SearchTerms;
pub use html::visible_text;
use masked::unmasked;
pub(crate) use normal::normal_text;
use normal::normal_with;
use spelling::{Slips, singular};
use tree::Phrases;
use vocabulary::Vocabulary;

/// A score from which on a code counts as found, unless its word file says otherwise.
pub const SCORE_LIMIT: i32 = 100;
/// The most that good context takes from one code in a text: enough for a long page that quotes in order to help.
pub const GOOD_CONTEXT_LIMIT: i32 = 400;
/// The most that it takes from explicit phrases alone, so that it cannot wash out a plan that is told in several of them.
pub const EXPLICIT_GOOD_CONTEXT_LIMIT: i32 = 150;
/// From this weight on a phrase is explicit: an offer, a threat or an instruction.
pub const EXPLICIT_LEAST_WEIGHT: i32 = 70;
/// Longest text that is scored; what comes after it is not read.
pub const TEXT_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Word files, one for each code; `context.tsv` holds what is good context for all of them.
const FILES: &[(&str, &str)] = &[
    ("bullying", include_str!("../data/words/bullying.tsv")),
    ("county-lines", include_str!("../data/words/county-lines.tsv")),
    ("drugs", include_str!("../data/words/drugs.tsv")),
    ("extremism", include_str!("../data/words/extremism.tsv")),
    ("fraud", include_str!("../data/words/fraud.tsv")),
    ("gambling", include_str!("../data/words/gambling.tsv")),
    ("grooming", include_str!("../data/words/grooming.tsv")),
    ("hate", include_str!("../data/words/hate.tsv")),
    ("pornography", include_str!("../data/words/pornography.tsv")),
    ("self-harm", include_str!("../data/words/self-harm.tsv")),
    ("sexual-exploitation", include_str!("../data/words/sexual-exploitation.tsv")),
    ("weapons", include_str!("../data/words/weapons.tsv")),
    ("", include_str!("../data/words/context.tsv")),
];

/// Ordinary words that lie one letter away from a risky one.
const ORDINARY_WORDS: &str = include_str!("../data/words/ordinary.txt");

/// How much a text says about each code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Scores {
    /// Codes of which at least one phrase was found, highest score first.
    pub codes: Vec<CodeScore>,
}

impl Scores {
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&CodeScore> {
        self.codes.iter().find(|score| score.code == code)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeScore {
    /// Code of the core vocabulary.
    pub code: String,
    pub score: i32,
    /// From here on the code counts as found.
    pub limit: i32,
    /// What was found, good context included (with a weight below zero).
    pub matches: Vec<WordMatch>,
}

impl CodeScore {
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.score >= self.limit
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WordMatch {
    /// As the word file has it; the parts of a combination are joined by ` + `.
    pub phrase: String,
    /// What it adds, however often it stands in the text.
    pub weight: i32,
    /// How often it stands there.
    pub count: u32,
}

/// Haven's words, compiled: one pass over a text finds all of them.
pub struct WordPack {
    phrases: Phrases,
    /// Rows that are looked for in texts.
    rows: Vec<Row>,
    /// By the number of a phrase: the places of the rows that have it.
    rows_of: Vec<Vec<usize>>,
    /// Rows that are looked for in searches.
    searches: Vec<Search>,
    /// Places of the search rows, by the longest of their words.
    by_word: BTreeMap<String, Vec<usize>>,
    /// All words of all rows.
    known: Vocabulary,
    slips: Slips,
    limits: BTreeMap<String, i32>,
}

/// One row for texts.
struct Row {
    /// Empty for good context that holds for every code.
    code: String,
    phrase: String,
    /// Numbers of the phrases that must all be there.
    phrases: Vec<usize>,
    weight: i32,
}

/// Code, words and kind of the rows that were read, so that two spellings of one phrase do not count twice.
type Read = BTreeSet<(String, Vec<String>, &'static str)>;

/// One row for searches: all words present, in any order.
struct Search {
    code: String,
    phrase: String,
    /// In the singular.
    words: Vec<String>,
    weight: i32,
}

impl WordPack {
    /// The words that this version of Haven ships: mild, the least that works.
    #[must_use]
    pub fn shipped() -> Self {
        Self::from_files(FILES)
    }

    fn from_files(files: &[(&str, &str)]) -> Self {
        let mut pack = Self {
            phrases: Phrases::default(),
            rows: Vec::new(),
            rows_of: Vec::new(),
            searches: Vec::new(),
            by_word: BTreeMap::new(),
            known: Vocabulary::default(),
            slips: Slips::new(ORDINARY_WORDS),
            limits: BTreeMap::new(),
        };
        let mut read = Read::new();
        for (code, text) in files {
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                pack.read_row(code, line, &mut read);
            }
        }
        pack
    }

    /// Rows: `term`, `all`, `good` for texts; `search` for searches; `limit`. Cells: kind, words, weight. Of two risky
    /// rows that are the same once their spelling is folded, the first counts.
    fn read_row(&mut self, code: &str, line: &str, read: &mut Read) {
        let mut cells = line.split('\t');
        let (Some(kind), Some(phrase), Some(weight)) = (cells.next(), cells.next(), cells.next()) else { return };
        let Ok(weight) = weight.trim().parse::<i32>() else { return };
        if kind == "limit" {
            self.limits.insert(code.to_owned(), weight);
            return;
        }
        let parts: Vec<String> = phrase.split(" + ").map(normal_text).collect();
        parts.iter().for_each(|part| self.known.add(part));
        let row = |words: &[String], place| (code.to_owned(), words.to_vec(), place);
        if matches!(kind, "search" | "good") {
            let words: Vec<String> = parts.iter().flat_map(|part| part.split_whitespace()).map(singular).collect();
            if weight > 0 {
                words.iter().for_each(|word| self.slips.add(word));
            }
            let mut sorted = words.clone();
            sorted.sort();
            if weight < 0 || read.insert(row(&sorted, "in searches")) {
                let longest = words.iter().max_by_key(|word| word.len()).cloned().unwrap_or_default();
                self.by_word.entry(longest).or_default().push(self.searches.len());
                self.searches.push(Search { code: code.to_owned(), phrase: phrase.to_owned(), words, weight });
            }
        }
        let is_new = weight < 0 || read.insert(row(&parts, "in texts"));
        if matches!(kind, "term" | "all" | "good") && is_new {
            let phrases: Vec<usize> = parts.iter().map(|part| self.phrases.number(part, &self.known)).collect();
            self.rows_of.resize(self.phrases.count(), Vec::new());
            for number in &phrases {
                self.rows_of.get_mut(*number).into_iter().for_each(|rows| rows.push(self.rows.len()));
            }
            self.rows.push(Row { code: code.to_owned(), phrase: phrase.to_owned(), phrases, weight });
        }
    }

    /// Scores a plain text for every code, in one pass. Only its first [`TEXT_LIMIT_BYTES`] are read. Each phrase counts
    /// once, however often it stands there.
    #[must_use]
    pub fn score(&self, text: &str) -> Scores {
        self.score_of(text, Keep::All)
    }

    /// The same, but only the codes that are over their limits: nearly always none, and then nothing is put together.
    #[must_use]
    pub fn found(&self, text: &str) -> Scores {
        self.score_of(text, Keep::Over)
    }

    fn score_of(&self, text: &str, keep: Keep) -> Scores {
        let end = text.floor_char_boundary(TEXT_LIMIT_BYTES.min(text.len()));
        let text = unmasked(text.get(..end).unwrap_or_default(), &self.known);
        let counts = self.phrases.counts(&text, &self.known);
        let begun = counts.found().iter().filter_map(|phrase| self.rows_of.get(*phrase)).flatten();
        let mut places: Vec<usize> = begun.copied().collect();
        places.sort_unstable();
        places.dedup();
        let rows = places.iter().filter_map(|place| self.rows.get(*place));
        let matched = rows.filter_map(|row| {
            let count = row.phrases.iter().map(|phrase| counts.of(*phrase)).min()?;
            (count > 0).then_some((row.code.as_str(), row.phrase.as_str(), row.weight, count))
        });
        self.sum(matched, Sum::All, keep)
    }

    /// A text out of this pack's own phrases that is just over the limit of a code: what a check of the running filter reads
    /// (F16). None if its phrases cannot reach the limit.
    #[must_use]
    pub fn text_over(&self, code: &str) -> Option<String> {
        let mut text = String::new();
        for row in self.rows.iter().filter(|row| row.code == code && row.weight > 0) {
            text.push_str(&row.phrase.replace(" + ", " "));
            text.push_str(". ");
            if self.score(&text).get(code).is_some_and(CodeScore::is_over) {
                return Some(text);
            }
        }
        None
    }

    /// Scores what somebody searched for: an entry counts if all its words are there, in any order, a plural or one slip
    /// in a long word aside.
    #[must_use]
    pub fn score_search(&self, terms: &SearchTerms) -> Scores {
        let typed = normal_with(&unmasked(&terms.raw, &self.known), &self.known);
        let meant: BTreeSet<String> = typed
            .split_whitespace()
            .flat_map(|word| {
                let one = singular(word);
                let is_known = self.known.has(word) || self.known.has(&one);
                let slips = if is_known { Vec::new() } else { self.slips.meant(word) };
                slips.into_iter().map(str::to_owned).chain([one]).collect::<Vec<_>>()
            })
            .collect();
        let mut places: Vec<usize> =
            meant.iter().filter_map(|word| self.by_word.get(word)).flatten().copied().collect();
        places.sort_unstable();
        let rows = places.iter().filter_map(|place| self.searches.get(*place));
        let matched = rows.filter(|search| search.words.iter().all(|word| meant.contains(word)));
        self.sum(matched.map(|row| (row.code.as_str(), row.phrase.as_str(), row.weight, 1)), Sum::Strongest, Keep::All)
    }

    fn sum<'a>(&self, matched: impl Iterator<Item = Match<'a>>, how: Sum, keep: Keep) -> Scores {
        let mut by_code: BTreeMap<&str, Vec<Match<'a>>> = BTreeMap::new();
        for found in matched {
            by_code.entry(found.0).or_default().push(found);
        }
        let shared = by_code.remove("").unwrap_or_default();
        let mut codes = Vec::new();
        for (code, matches) in by_code {
            let weights = || matches.iter().chain(&shared).map(|(_, _, weight, _)| *weight);
            let limit = self.limits.get(code).copied().unwrap_or(SCORE_LIMIT);
            let score = how.score(weights);
            let is_wanted = match keep {
                Keep::All => true,
                Keep::Over => score >= limit,
            };
            // Good context alone shows nothing.
            if is_wanted && matches.iter().any(|(_, _, weight, _)| *weight > 0) {
                let found = |(_, phrase, weight, count): &Match<'_>| WordMatch {
                    phrase: (*phrase).to_owned(),
                    weight: *weight,
                    count: *count,
                };
                let matches = matches.iter().chain(&shared).map(found).collect();
                codes.push(CodeScore { code: code.to_owned(), score, limit, matches });
            }
        }
        codes.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.code.cmp(&b.code)));
        Scores { codes }
    }

    /// The codes that have words.
    #[must_use]
    pub fn codes(&self) -> BTreeSet<&str> {
        let all =
            self.rows.iter().map(|row| row.code.as_str()).chain(self.searches.iter().map(|row| row.code.as_str()));
        all.filter(|code| !code.is_empty()).collect()
    }
}

impl fmt::Debug for WordPack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordPack")
            .field("rows", &self.rows.len())
            .field("searches", &self.searches.len())
            .finish_non_exhaustive()
    }
}

/// Code, phrase, weight and how often it stands in the text.
type Match<'a> = (&'a str, &'a str, i32, u32);

/// Which codes are told.
#[derive(Clone, Copy)]
enum Keep {
    All,
    /// Those at their limits or over.
    Over,
}

/// How matches become a score.
#[derive(Clone, Copy)]
enum Sum {
    /// A text: everything counts.
    All,
    /// A search is short: of the risky entries the strongest counts, of the good ones all.
    Strongest,
}

impl Sum {
    fn score<W: Iterator<Item = i32>>(self, weights: impl Fn() -> W) -> i32 {
        let good = weights().filter(|weight| *weight < 0).fold(0, i32::saturating_add);
        let risky = weights().filter(|weight| *weight > 0);
        match self {
            Self::All => {
                let explicit = weights().filter(|weight| *weight >= EXPLICIT_LEAST_WEIGHT).fold(0, i32::saturating_add);
                let all = risky.fold(0, i32::saturating_add);
                let lowered = all.saturating_add(good.max(-GOOD_CONTEXT_LIMIT));
                lowered.max(explicit.saturating_add(good.max(-EXPLICIT_GOOD_CONTEXT_LIMIT)))
            }
            Self::Strongest => risky.max().unwrap_or(0).saturating_add(good),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn f05_every_shipped_row_is_read() {
        let pack = WordPack::shipped();
        let rows = FILES.iter().flat_map(|(_, text)| text.lines()).filter(|line| !line.starts_with('#')).count();
        let texts_and_searches: usize = FILES
            .iter()
            .flat_map(|(_, text)| text.lines())
            .map(|line| match line.split('\t').next() {
                Some("good") => 2,
                Some("term" | "all" | "search") => 1,
                _ => 0,
            })
            .sum();
        assert!(rows > 100);
        assert_eq!(pack.rows.len() + pack.searches.len(), texts_and_searches, "a row says what another says");
        assert_eq!(pack.codes().len(), 12);
        assert_eq!(pack.slips.both(), [] as [&str; 0]);
        let chat = spelling::CHAT_FORMS.iter().find(|(short, _)| pack.known.has(short));
        assert_eq!(chat, None, "a short form is never looked for as it stands");
        let empty =
            FILES.iter().flat_map(|(_, text)| text.lines()).filter(|line| !line.starts_with('#')).find(|line| {
                let parts = line.split('\t').nth(1).unwrap_or_default().split(" + ");
                !line.starts_with("limit") && parts.map(normal_text).any(|part| part.trim().is_empty())
            });
        assert_eq!(empty, None, "nothing is left of a phrase");
    }

    #[test]
    fn f05_a_combination_needs_all_its_parts_and_counts_once() {
        let pack = WordPack::from_files(&[("x", "all\tred + blue\t70\nterm\tgreen\t20")]);
        assert!(pack.score("red red red").codes.is_empty());
        assert_eq!(pack.score("blue, then red and red and blue").get("x").unwrap().score, 70);
        assert_eq!(pack.score("green green green green green").get("x").unwrap().score, 20, "once is enough");
    }

    #[test]
    fn f05_good_context_lowers_a_score() {
        let pack = WordPack::from_files(&[("x", "term\tred\t120\ngood\tpaint\t-50"), ("", "good\thistory\t-10")]);
        assert!(pack.score("red").get("x").unwrap().is_over());
        assert!(!pack.score("red paint").get("x").unwrap().is_over());
        assert_eq!(pack.score("a history of red paint").get("x").unwrap().score, 60);
    }

    #[test]
    fn f05_good_context_cannot_wash_out_an_explicit_plan() {
        let context: String = (0..9).map(|number| format!("good\tpaint{number}\t-50\n")).collect();
        let pack =
            WordPack::from_files(&[("x", &format!("term\tred\t90\nterm\tblue\t90\nterm\tgreen\t90\n{context}"))]);
        let much = "paint0 paint1 paint2 paint3 paint4 paint5 paint6 paint7 paint8";
        assert!(!pack.score(&format!("red {much}")).get("x").unwrap().is_over(), "one phrase may be quoted");
        assert!(pack.score(&format!("red, blue, green {much}")).get("x").unwrap().is_over());
    }

    #[test]
    fn f05_words_inside_words_do_not_count() {
        let pack = WordPack::from_files(&[("x", "term\tsex\t100")]);
        assert!(pack.score("Essex, Sussex and Middlesex").codes.is_empty());
        assert!(pack.score("Sex education").get("x").unwrap().is_over());
    }

    #[test]
    fn f05_disguised_words_are_found() {
        let pack = WordPack::from_files(&[("x", "term\tcasino bonus\t100")]);
        for text in [
            "CASINO-BONUS",
            "c\u{200b}asino bonus",
            "cásino bónus",
            "c4s1n0 b0nus",
            "c a s i n o bonus",
            "ｃａｓｉｎｏ bonus",
            "c.a.s.i.n.o bonus",
            "\u{0441}asin\u{043e} bonus",
        ] {
            assert!(pack.score(text).get("x").is_some_and(CodeScore::is_over), "{text}");
        }
    }
}
