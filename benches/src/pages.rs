//! What the websites of the benches answer: a small picture, and a page of ordinary words.

use crate::names::Seeded;

/// Size of the small answer.
pub(crate) const SMALL_BYTES: usize = 2048;
/// Size of the page of words.
pub(crate) const PAGE_BYTES: usize = 50 * 1024;

const WORDS: [&str; 120] = [
    "the",
    "and",
    "of",
    "to",
    "in",
    "that",
    "course",
    "learner",
    "tutor",
    "college",
    "library",
    "morning",
    "evening",
    "week",
    "year",
    "people",
    "place",
    "time",
    "work",
    "paper",
    "book",
    "page",
    "answer",
    "question",
    "help",
    "guide",
    "open",
    "close",
    "begin",
    "end",
    "learn",
    "teach",
    "write",
    "read",
    "speak",
    "listen",
    "think",
    "know",
    "find",
    "make",
    "bring",
    "carry",
    "keep",
    "leave",
    "city",
    "town",
    "river",
    "garden",
    "kitchen",
    "market",
    "station",
    "street",
    "window",
    "table",
    "chair",
    "water",
    "bread",
    "cheese",
    "apple",
    "summer",
    "winter",
    "autumn",
    "spring",
    "music",
    "theatre",
    "museum",
    "history",
    "science",
    "nature",
    "health",
    "sport",
    "travel",
    "weather",
    "report",
    "council",
    "service",
    "community",
    "family",
    "friend",
    "neighbour",
    "parent",
    "child",
    "school",
    "group",
    "project",
    "plan",
    "result",
    "reason",
    "change",
    "growth",
    "energy",
    "machine",
    "computer",
    "network",
    "letter",
    "number",
    "picture",
    "colour",
    "green",
    "blue",
    "large",
    "small",
    "early",
    "late",
    "first",
    "last",
    "often",
    "never",
    "always",
    "between",
    "because",
    "before",
    "after",
    "while",
    "under",
    "over",
    "about",
    "through",
    "without",
    "within",
];

pub(crate) fn small() -> Vec<u8> {
    let mut chance = Seeded::new(3);
    (0..SMALL_BYTES).map(|_| u8::try_from(chance.below(256)).unwrap()).collect()
}

/// A page as websites make them: a head with script and style, links, lists, and paragraphs of words.
pub(crate) fn page() -> Vec<u8> {
    let mut chance = Seeded::new(4);
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>A week at the college</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\"><style>body { margin: 0 } .card { padding: 1em }</style>\n\
         <script>window.settings = { page: 1, items: [1, 2, 3] };</script></head><body>\n",
    );
    while html.len() < PAGE_BYTES - 1024 {
        html.push_str("<section class=\"card card--wide\" id=\"part-1\"><h2>");
        words(&mut html, &mut chance, 5);
        html.push_str("</h2>\n<p class=\"lead\">");
        words(&mut html, &mut chance, 60);
        html.push_str(" <a class=\"link\" href=\"https://www.bench.test/part/1?from=page\">");
        words(&mut html, &mut chance, 3);
        html.push_str("</a> &amp; <b>");
        words(&mut html, &mut chance, 2);
        html.push_str("</b>.</p>\n<script>track('part', 1);</script></section>\n");
    }
    while html.len() < PAGE_BYTES - 16 {
        html.push_str("more ");
    }
    html.push_str("</body></html>");
    html.into_bytes()
}

fn words(html: &mut String, chance: &mut Seeded, count: usize) {
    for place in 0..count {
        if place > 0 {
            html.push(' ');
        }
        html.push_str(chance.one::<&str>(&WORDS));
    }
}
