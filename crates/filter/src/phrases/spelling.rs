//! Spellings that mean the same word: chat short forms, stretched letters, letters apart, plurals, and one slip of the fingers.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use super::vocabulary::{Quick, Vocabulary};

/// Shortest word in which a search may have one slip; shorter words lie too near to others.
pub(super) const SLIP_LEAST_LETTERS: usize = 7;
/// Shortest word in which a search may have two neighbours changed over, the commonest slip of all. Such a word is hardly
/// ever another one.
pub(super) const SWAP_LEAST_LETTERS: usize = 5;
/// Fewest single letters in a row that are read as one word written apart, whatever the word is.
pub(super) const APART_LEAST_LETTERS: usize = 4;
/// Longest run of single letters that is split into words.
const SPLIT_LIMIT_LETTERS: usize = 40;
/// Longest short form of chat.
const CHAT_LIMIT_BYTES: usize = 10;
/// Shortest plural whose end is taken off: `gas` and `bus` are none.
const PLURAL_LEAST_LETTERS: usize = 4;

/// Words that end like a plural and are another word without that end.
const NO_PLURALS: &[&str] = &[
    "news",
    "bullies",
    "signs",
    "thanks",
    "means",
    "goods",
    "customs",
    "arms",
    "glasses",
    "brass",
    "always",
    "lens",
    "series",
    "species",
    "physics",
    "maths",
    "politics",
    "economics",
    "ethics",
    "mathematics",
    "gymnastics",
    "athletics",
    "diabetes",
    "herpes",
    "rabies",
    "measles",
    "mumps",
    "shingles",
    "christmas",
    "jesus",
    "moses",
    "james",
    "wales",
    "paris",
    "texas",
    "angeles",
    "chaos",
    "canvas",
    "atlas",
    "pants",
    "trousers",
    "works",
    "times",
    "hers",
    "ours",
    "yours",
    "theirs",
    "does",
    "goes",
    "lies",
    "dies",
    "ties",
    "pies",
    "isis",
    "ross",
    "marks",
    "spencers",
    "numbers",
    "needs",
    "looks",
    "spirits",
    "stones",
    "wings",
    "heads",
    "tails",
    "straits",
    "lords",
    "commons",
    "minutes",
    "shades",
    "leaves",
    "lives",
    "wolves",
    "oxides",
    "cannes",
    "hayes",
    "holmes",
    "jones",
    "williams",
];

/// Short forms of chat and what they stand for. None of them is a word of Haven's files, which are read as pages are.
pub(super) const CHAT_FORMS: [(&str, &str); 44] = [
    ("u", "you"),
    ("yu", "you"),
    ("yuo", "you"),
    ("ur", "your"),
    ("yr", "your"),
    ("urself", "yourself"),
    ("urselves", "yourself"),
    ("yourselfs", "yourself"),
    ("ppl", "people"),
    ("peeps", "people"),
    ("sum1", "someone"),
    ("some1", "someone"),
    ("sumone", "someone"),
    ("any1", "anyone"),
    ("every1", "everyone"),
    ("evry1", "everyone"),
    ("evryone", "everyone"),
    ("no1", "no one"),
    ("noone", "no one"),
    ("nobdy", "nobody"),
    ("nobodys", "nobody"),
    ("h8", "hate"),
    ("h8s", "hates"),
    ("m8", "mate"),
    ("m8s", "mates"),
    ("w8", "wait"),
    ("gr8", "great"),
    ("str8", "straight"),
    ("2nite", "tonight"),
    ("2night", "tonight"),
    ("tonite", "tonight"),
    ("2nyt", "tonight"),
    ("2moro", "tomorrow"),
    ("2morrow", "tomorrow"),
    ("tmrw", "tomorrow"),
    ("tmr", "tomorrow"),
    ("tomoz", "tomorrow"),
    ("b4", "before"),
    ("dnt", "dont"),
    ("msgs", "messages"),
    ("msg", "message"),
    ("txt", "text"),
    ("pls", "please"),
    ("plz", "please"),
];

/// Looked at for every word that nobody knows.
static BY_WORD: LazyLock<HashMap<&str, &str, Quick>> = LazyLock::new(|| CHAT_FORMS.into_iter().collect());

/// What a short form of chat stands for.
pub(super) fn chat_form(word: &str) -> Option<&'static str> {
    if word.len() > CHAT_LIMIT_BYTES { None } else { BY_WORD.get(word).copied() }
}

impl Vocabulary {
    /// `kiiill` is `kill`, `weeeed` is `weed`: a letter that stands three times or more is written twice or once, if that
    /// gives a known word.
    pub(super) fn unstretched(&self, word: &str) -> Option<String> {
        if self.has(word) {
            return None;
        }
        [3, 2, 1].into_iter().map(|most| squeezed(word, most)).find(|short| short.len() > 2 && self.has(short))
    }

    /// The words of `iwanttodie`, the fewest that give it; none if they do not all stand in Haven's files.
    pub(super) fn split<'t>(&self, letters: &'t str) -> Option<Vec<&'t str>> {
        if self.has(letters) || letters.len() > SPLIT_LIMIT_LETTERS || !letters.is_ascii() {
            return None;
        }
        let known = |word: &str| if word.len() < 2 { matches!(word, "i" | "a" | "u") } else { self.has(word) };
        // The fewest words up to each place, with where the last of them begins.
        let mut best: Vec<Option<(usize, usize)>> = vec![Some((0, 0))];
        for end in 1..=letters.len() {
            let last = (0..end)
                .filter_map(|begin| {
                    let (count, _) = best.get(begin).copied().flatten()?;
                    letters.get(begin..end).filter(|word| known(word)).map(|_| (count + 1, begin))
                })
                .min();
            best.push(last);
        }
        let mut words = Vec::new();
        let mut end = letters.len();
        while end > 0 {
            let (_, begin) = best.get(end).copied().flatten()?;
            words.push(letters.get(begin..end)?);
            end = begin;
        }
        words.reverse();
        // Single letters in between would make a word of anything.
        let single = words.iter().filter(|word| word.len() == 1).count();
        (single * 2 <= words.len()).then_some(words)
    }
}

/// Every run of one letter that is longer than two cut down to `most`.
fn squeezed(word: &str, most: usize) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(letter) = rest.chars().next() {
        let run = rest.chars().take_while(|next| *next == letter).count();
        out.extend(std::iter::repeat_n(letter, if run > 2 { run.min(most) } else { run }));
        rest = rest.trim_start_matches(letter);
    }
    out
}

/// A word without the end of its plural: `parties` and `party`, `knives` and `knife`, but `news` is not `new`.
pub(super) fn singular(word: &str) -> String {
    let letters = word.len();
    if letters < PLURAL_LEAST_LETTERS || !word.is_ascii() || NO_PLURALS.contains(&word) {
        return word.to_owned();
    }
    let cut = |end: &str, with: &str| word.strip_suffix(end).map(|root| format!("{root}{with}"));
    if letters > 4
        && let Some(found) = cut("ies", "y").or_else(|| cut("knives", "knife"))
    {
        return found;
    }
    let hissing = ["sses", "shes", "ches", "xes", "zzes"].iter().any(|end| word.ends_with(end));
    if hissing && letters > 4 {
        return cut("es", "").unwrap_or_default();
    }
    if ["ss", "us", "is", "ous"].iter().any(|end| word.ends_with(end)) {
        return word.to_owned();
    }
    cut("s", "").unwrap_or_else(|| word.to_owned())
}

/// Whether one letter too many, too few, another, or two neighbours changed over make one word of the other. Both are
/// ASCII.
pub(super) fn one_slip_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 || short == long {
        return false;
    }
    let same_head = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let same_tail = |skip_short: usize, skip_long: usize| {
        short.get(same_head + skip_short..).is_some_and(|tail| long.get(same_head + skip_long..) == Some(tail))
    };
    if short.len() < long.len() {
        return same_tail(0, 1);
    }
    let swapped = short.get(same_head).is_some_and(|x| long.get(same_head + 1) == Some(x))
        && long.get(same_head).is_some_and(|x| short.get(same_head + 1) == Some(x));
    same_tail(1, 1) || (swapped && same_tail(2, 2))
}

/// Whether two neighbours behind the first letter, changed over, make one word of the other. Both are ASCII.
fn changed_over(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.as_bytes().first() == b.as_bytes().first() && one_slip_apart(a, b) && {
        let (mut of_a, mut of_b) = (a.bytes().collect::<Vec<_>>(), b.bytes().collect::<Vec<_>>());
        of_a.sort_unstable();
        of_b.sort_unstable();
        of_a == of_b
    }
}

/// Words that a search may have written with one slip, and the ordinary words that lie one letter away from them.
#[derive(Debug, Clone, Default)]
pub(super) struct Slips {
    risky: BTreeSet<String>,
    ordinary: BTreeSet<&'static str>,
}

impl Slips {
    pub(super) fn new(ordinary: &'static str) -> Self {
        let ordinary = ordinary.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect();
        Self { risky: BTreeSet::new(), ordinary }
    }

    pub(super) fn add(&mut self, word: &str) {
        if word.is_ascii() && word.len() >= SWAP_LEAST_LETTERS {
            self.risky.insert(word.to_owned());
        }
    }

    /// The risky words that a word which nobody knows may have been meant for.
    pub(super) fn meant(&self, word: &str) -> Vec<&str> {
        let one = singular(word);
        let ordinary = self.ordinary.contains(word) || self.ordinary.contains(one.as_str());
        if word.len() < SWAP_LEAST_LETTERS || ordinary || !word.is_ascii() {
            return Vec::new();
        }
        let near = |risky: &&str| {
            if risky.len() < SLIP_LEAST_LETTERS {
                return changed_over(word, risky) || changed_over(&one, risky);
            }
            one_slip_apart(word, risky) || one_slip_apart(&one, risky)
        };
        self.risky.iter().map(String::as_str).filter(near).collect()
    }

    /// Risky words that are called ordinary as well, which they cannot be if any slip in them counts.
    #[cfg(test)]
    pub(super) fn both(&self) -> Vec<&str> {
        let any_slip = self.risky.iter().map(String::as_str).filter(|risky| risky.len() >= SLIP_LEAST_LETTERS);
        any_slip.filter(|risky| self.ordinary.contains(risky)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_plurals_are_one_word_and_news_is_not_new() {
        for (one, many) in [("girl", "girls"), ("party", "parties"), ("knife", "knives"), ("box", "boxes")] {
            assert_eq!(singular(many), singular(one));
        }
        for (one, other) in
            [("new", "news"), ("sign", "signs"), ("as", "ass"), ("mean", "means"), ("arm", "arms"), ("bu", "bus")]
        {
            assert_ne!(singular(one), singular(other), "{one}, {other}");
        }
    }

    #[test]
    fn f06_one_slip_is_a_letter_more_less_other_or_changed_over() {
        for written in ["casinos", "casin", "cazino", "csaino", "ccasino"] {
            assert!(one_slip_apart(written, "casino"), "{written}");
        }
        for written in ["casino", "cazinos", "cas", "onisac", "acsnio"] {
            assert!(!one_slip_apart(written, "casino"), "{written}");
        }
    }

    #[test]
    fn f06_an_ordinary_word_is_no_slip() {
        let mut slips = Slips::new("# a comment\nrambling gamboling");
        slips.add("gambling");
        slips.add("bet");
        assert_eq!(slips.meant("gamblng"), ["gambling"]);
        assert_eq!(slips.meant("gamblngs"), ["gambling"]);
        assert_eq!(slips.meant("rambling"), [] as [&str; 0]);
        assert_eq!(slips.meant("bot"), [] as [&str; 0]);
        slips.add("knife");
        assert_eq!(slips.meant("kinfe"), ["knife"]);
        for other in ["knifr", "nkife", "knif", "knives"] {
            assert_eq!(slips.meant(other), [] as [&str; 0], "{other}: in a short word only neighbours may change over");
        }
    }

    #[test]
    fn f05_a_stretched_word_is_the_word_that_is_known() {
        let mut known = Vocabulary::default();
        known.add("kill weed casino xxx i want to die");
        for (long, short) in [("kiiiill", "kill"), ("weeeeed", "weed"), ("casinoooo", "casino")] {
            assert_eq!(known.unstretched(long).as_deref(), Some(short));
        }
        assert_eq!(known.unstretched("xxx"), None);
        assert_eq!(known.unstretched("looool"), None);
        assert_eq!(known.split("iwanttodie"), Some(vec!["i", "want", "to", "die"]));
        assert_eq!(known.split("akill"), Some(vec!["a", "kill"]));
        assert_eq!(known.split("abcdefg"), None);
        assert_eq!(known.split("aiai"), None);
    }
}
