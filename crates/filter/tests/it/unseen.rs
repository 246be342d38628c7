//! How often the words are wrong on texts that were written before the words met them: the figures that do not flatter.

#![allow(clippy::print_stdout, reason = "the rates are what these tests are read for")]

use std::time::{Duration, Instant};

use filter::phrases::{Scores, visible_text};

use crate::overblock::{WORDS, folder, is_found, lines, over, samples, score_search};

/// Wrong when these texts were last measured; `docs/word-packs.md` gives the figures of before they were tuned to.
const BENIGN_TEXTS_OVER: usize = 0;
const BENIGN_SEARCHES_OVER: usize = 0;
const HARMFUL_TEXTS_MISSED: usize = 0;
const HARMFUL_SEARCHES_MISSED: usize = 1;

/// Fewest lines of each file, so that nobody makes the rates better by taking lines away.
const LEAST_BENIGN_TEXTS: usize = 52;
const LEAST_BENIGN_SEARCHES: usize = 60;
const LEAST_HARMFUL_TEXTS: usize = 52;
const LEAST_HARMFUL_SEARCHES: usize = 40;

/// A line as it stands in a file, with `\u00ad` read as the sign that is meant.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\u");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at(4);
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        out.push_str(rest);
    }
    out
}

/// Label and text of each line.
fn labelled(file_name: &str) -> Vec<(String, String)> {
    let split = |line: String| {
        let (label, text) = line.split_once('\t').unwrap_or_else(|| panic!("`{line}` has no label"));
        (label.to_owned(), unescaped(text))
    };
    lines(&format!("unseen/{file_name}")).into_iter().map(split).collect()
}

fn stopped<'t>(texts: impl Iterator<Item = &'t str>, score: impl Fn(&str) -> Scores) -> Vec<String> {
    let wrong = texts.map(|text| (text, over(&score(text)))).filter(|(_, over)| !over.is_empty());
    wrong.map(|(text, over)| format!("{text}: {}", over.join(", "))).collect()
}

fn missed(texts: &[(String, String)], score: impl Fn(&str) -> Scores) -> Vec<String> {
    let missed = texts.iter().filter(|(theme, text)| !is_found(&score(text), theme));
    missed.map(|(theme, text)| format!("{theme}: {text}")).collect()
}

fn tell(what: &str, wrong: &[String], all: usize) {
    println!("{what}: {} of {all}", wrong.len());
    for line in wrong {
        println!("  {line}");
    }
}

#[test]
fn f05_unseen_harmless_texts_and_searches_are_rarely_stopped() {
    let texts = labelled("benign-texts.tsv");
    let searches = lines("unseen/benign-searches.txt");
    assert!(texts.len() >= LEAST_BENIGN_TEXTS && searches.len() >= LEAST_BENIGN_SEARCHES);
    let wrong_texts = stopped(texts.iter().map(|(_, text)| text.as_str()), |text| WORDS.score(text));
    let wrong_searches = stopped(searches.iter().map(String::as_str), score_search);
    tell("unseen harmless texts stopped", &wrong_texts, texts.len());
    tell("unseen harmless searches stopped", &wrong_searches, searches.len());
    assert_eq!((wrong_texts.len(), wrong_searches.len()), (BENIGN_TEXTS_OVER, BENIGN_SEARCHES_OVER));
}

#[test]
fn m02_unseen_harmful_texts_and_searches_are_missed_as_often_as_was_measured() {
    let texts = labelled("harmful-texts.tsv");
    let searches = labelled("harmful-searches.tsv");
    assert!(texts.len() >= LEAST_HARMFUL_TEXTS && searches.len() >= LEAST_HARMFUL_SEARCHES);
    let missed_texts = missed(&texts, |text| WORDS.score(text));
    let missed_searches = missed(&searches, score_search);
    tell("unseen harmful texts missed", &missed_texts, texts.len());
    tell("unseen harmful searches missed", &missed_searches, searches.len());
    assert_eq!((missed_texts.len(), missed_searches.len()), (HARMFUL_TEXTS_MISSED, HARMFUL_SEARCHES_MISSED));
}

/// Measures one pass over a page of 50 KiB made of the harmless texts, in HTML. Run it with `--run-ignored all
/// --no-capture`; a time is no test that another machine could fail.
#[test]
#[ignore = "measures; it has nothing to fail on"]
#[allow(clippy::disallowed_methods, reason = "a time is what it is for")]
fn f05_how_long_a_page_of_50_kib_takes() {
    const PAGE_BYTES: usize = 50 * 1024;
    const ROUNDS: usize = 200;
    assert!(folder().exists());
    let mut page = String::from("<!doctype html><title>Notes</title>");
    for sample in samples("benign", "kind").iter().cycle() {
        if page.len() >= PAGE_BYTES {
            break;
        }
        page.push_str("<p class=\"line\">");
        page.push_str(&sample.text.replace('&', "&amp;"));
        page.push_str("</p>\n");
    }
    page.truncate(page.floor_char_boundary(PAGE_BYTES));
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            std::hint::black_box(WORDS.score(&visible_text(std::hint::black_box(&page))));
            begun.elapsed()
        })
        .collect();
    times.sort();
    println!("{} bytes: median {:?}, fastest {:?}", page.len(), times[ROUNDS / 2], times[0]);
}
