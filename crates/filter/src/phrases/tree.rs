//! Phrases as a tree of words: from each word of a text one walks on for as long as a phrase goes on so.

use super::normal::{Listener, read_words};
use super::vocabulary::{SPREAD, Vocabulary};

/// Stands for a word of a text that no phrase has.
const NOBODYS: u32 = u32::MAX;
/// Letters and the blank after them that a word has at the least, on average. Only to guess how much room is needed.
const WORD_BYTES: usize = 5;

/// 16 KiB of bits: they fit beside the text into a processor's nearest cache, and a few thousand phrases set one in twenty.
const PAIRS_BITS_LOG2: u32 = 17;
const PAIRS_WORDS: usize = 1 << (PAIRS_BITS_LOG2 - 6);

/// What some phrases begin with, a word longer than what the node before them stands for.
#[derive(Debug, Default)]
struct Node {
    /// The phrase that ends here.
    phrase: Option<usize>,
    /// The words by which longer ones go on, in the order of their numbers, and the nodes to which they lead.
    next: Vec<(u32, usize)>,
}

/// The phrases to look for in texts, each once. Only whole words are found.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    nodes: Vec<Node>,
    /// By the number of a word: the node of what begins with it.
    first: Vec<Option<usize>>,
    /// By the number of a word: whether it is a phrase by itself.
    alone: Vec<bool>,
    pairs: Pairs,
    count: usize,
}

/// With which two words phrases begin, in a few bits: most words of a text are left aside by one look. It may say yes of two
/// that no phrase begins with, never no of two that one does.
#[derive(Debug)]
struct Pairs(Vec<u64>);

impl Default for Pairs {
    fn default() -> Self {
        Self(vec![0; PAIRS_WORDS])
    }
}

impl Pairs {
    /// Place in the list and bit there.
    fn place(first: u32, second: u32) -> (usize, u64) {
        let both = (u64::from(first) << 32) | u64::from(second);
        let spread = both.wrapping_mul(SPREAD) ^ (both.wrapping_mul(SPREAD) >> 29);
        let bits = spread.wrapping_mul(SPREAD) >> (64 - PAIRS_BITS_LOG2);
        (usize::try_from(bits >> 6).unwrap_or(0), 1 << (bits & 63))
    }

    fn add(&mut self, first: u32, second: u32) {
        let (place, bit) = Self::place(first, second);
        self.0.get_mut(place).into_iter().for_each(|bits| *bits |= bit);
    }

    fn may_have(&self, first: u32, second: u32) -> bool {
        let (place, bit) = Self::place(first, second);
        self.0.get(place).is_some_and(|bits| bits & bit != 0)
    }
}

impl Phrases {
    /// The number of a phrase in its normal form, which is kept if it is new. Its words must be known; a phrase without
    /// words is never found.
    pub(super) fn number(&mut self, phrase: &str, known: &Vocabulary) -> usize {
        let words: Vec<u32> = phrase.split_whitespace().map(|word| known.number(word).unwrap_or(NOBODYS)).collect();
        let mut at = words.first().and_then(|word| self.begin(*word));
        for word in words.iter().skip(1) {
            at = at.and_then(|node| self.go_on(node, *word));
        }
        match words.as_slice() {
            [word] => {
                if let Some(alone) = usize::try_from(*word).ok().and_then(|place| self.alone.get_mut(place)) {
                    *alone = true;
                }
            }
            [first, second, ..] => self.pairs.add(*first, *second),
            [] => {}
        }
        let next = self.count;
        let known = at.and_then(|node| self.nodes.get_mut(node)).map(|node| *node.phrase.get_or_insert(next));
        let number = known.unwrap_or(next);
        if number == next {
            self.count += 1;
        }
        number
    }

    /// How many phrases there are; their numbers begin with 0.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn begin(&mut self, word: u32) -> Option<usize> {
        let place = usize::try_from(word).ok().filter(|_| word != NOBODYS)?;
        if self.first.len() <= place {
            self.first.resize(place + 1, None);
            self.alone.resize(place + 1, false);
        }
        let new = self.nodes.len();
        let node = *self.first.get_mut(place)?.get_or_insert(new);
        if node == new {
            self.nodes.push(Node::default());
        }
        Some(node)
    }

    fn go_on(&mut self, node: usize, word: u32) -> Option<usize> {
        let new = self.nodes.len();
        let next = &mut self.nodes.get_mut(node)?.next;
        match next.binary_search_by_key(&word, |(word, _)| *word) {
            Ok(place) => next.get(place).map(|(_, node)| *node),
            Err(place) => {
                next.insert(place, (word, new));
                self.nodes.push(Node::default());
                Some(new)
            }
        }
    }

    /// How often each phrase stands in a text: its words are read once, and looked up once each.
    pub(super) fn counts(&self, text: &str, known: &Vocabulary) -> Counts {
        let mut words = Numbers(Vec::with_capacity(text.len() / WORD_BYTES));
        read_words(text, known, &mut words);
        let Numbers(words) = words;
        let mut counts = Counts { of: vec![0; self.count], found: Vec::new() };
        let mut rest = words.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            let Some(alone) = usize::try_from(*first).ok().and_then(|place| self.alone.get(place)) else { continue };
            let goes_on = after.first().is_some_and(|second| self.pairs.may_have(*first, *second));
            if *alone || goes_on {
                self.walk(*first, after, &mut counts);
            }
        }
        counts
    }

    /// Counts every phrase that begins with a word and goes on as the text does.
    fn walk(&self, first: u32, after: &[u32], counts: &mut Counts) {
        let mut at = usize::try_from(first).ok().and_then(|place| self.first.get(place).copied().flatten());
        let mut after = after.iter();
        while let Some(node) = at.and_then(|node| self.nodes.get(node)) {
            if let Some(phrase) = node.phrase {
                counts.add(phrase);
            }
            at = after.next().and_then(|word| {
                let place = node.next.binary_search_by_key(word, |(word, _)| *word).ok()?;
                node.next.get(place).map(|(_, node)| *node)
            });
        }
    }
}

/// The words of a text by their numbers.
struct Numbers(Vec<u32>);

impl Listener for Numbers {
    fn word(&mut self, _letters: &str, number: Option<u32>) {
        self.0.push(number.unwrap_or(NOBODYS));
    }

    fn number(&mut self, number: u32) -> bool {
        self.0.push(number);
        true
    }
}

/// How often phrases stand in a text.
#[derive(Debug)]
pub(super) struct Counts {
    of: Vec<u32>,
    /// Those that stand there at all, in the order in which they were first found.
    found: Vec<usize>,
}

impl Counts {
    fn add(&mut self, phrase: usize) {
        if let Some(count) = self.of.get_mut(phrase) {
            if *count == 0 {
                self.found.push(phrase);
            }
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn of(&self, phrase: usize) -> u32 {
        self.of.get(phrase).copied().unwrap_or(0)
    }

    pub(super) fn found(&self) -> &[usize] {
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use super::super::normal::normal_text;
    use super::*;

    fn tree(phrases: &[&str]) -> (Phrases, Vocabulary) {
        let (mut tree, mut known) = (Phrases::default(), Vocabulary::default());
        for phrase in phrases {
            known.add(&normal_text(phrase));
            tree.number(&normal_text(phrase), &known);
        }
        (tree, known)
    }

    #[test]
    fn f05_phrases_that_begin_alike_lie_in_one_another_or_overlap_are_all_found() {
        let (tree, known) = tree(&["red", "red boat", "red boat race", "boat race", "race day", "race"]);
        let counts = tree.counts("A red boat, race day. Red! Boats race-day.", &known);
        let all: Vec<u32> = (0..tree.count()).map(|phrase| counts.of(phrase)).collect();
        assert_eq!(all, [2, 1, 1, 1, 2, 2]);
        let mut found = counts.found().to_vec();
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn f05_a_phrase_has_one_number_and_one_without_words_is_never_found() {
        let (mut tree, known) = tree(&["red boat", "", "boat"]);
        assert_eq!(tree.number(" red boat ", &known), 0);
        assert_eq!(tree.count(), 3);
        let counts = tree.counts("Boat, red, and a red b-oat. Ur gr8!", &known);
        assert_eq!([counts.of(0), counts.of(1), counts.of(2)], [0, 0, 1]);
    }
}
