//! One table of a TOML file, read key by key, so that every fault in it is reported with its own line and none is passed over.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::log::{Kind, Log};
use super::source::SourceFile;
use super::{is_clause_id, is_id, parse_date};
use crate::clock::{SPAN_LIMIT, Span};
use crate::document::Place;

/// A table and the keys of it that were asked for; [`Row::finish`] reports the others.
pub(super) struct Row<'a> {
    log: &'a Log,
    file: SourceFile<'a>,
    /// What the table is, for messages: `post`, `rule`.
    what: &'static str,
    line: usize,
    clause: String,
    table: &'a DeTable<'a>,
    asked: BTreeSet<&'static str>,
}

impl<'a> Row<'a> {
    /// Everything in a file.
    pub(super) fn top(log: &'a Log, file: SourceFile<'a>, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self::new(log, file, "file", file.line_of(0), table.get_ref())
    }

    fn new(log: &'a Log, file: SourceFile<'a>, what: &'static str, line: usize, table: &'a DeTable<'a>) -> Self {
        let clause = table.get("clause").and_then(|value| value.get_ref().as_str()).unwrap_or("").to_owned();
        Self { log, file, what, line, clause, table, asked: BTreeSet::new() }
    }

    pub(super) fn log(&self) -> &'a Log {
        self.log
    }

    /// Where the table begins.
    pub(super) fn place(&self) -> Place {
        self.file.at(self.line)
    }

    /// The line of a key's value, or of the table if it has no such key.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.table.get(key).map_or_else(|| self.place(), |value| self.file.at(self.line_of(value)))
    }

    pub(super) fn clause_id(&self) -> &str {
        &self.clause
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn error(&self, key: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.log.error(self.place_of(key), &self.clause, message, mend);
    }

    fn line_of<T>(&self, value: &Spanned<T>) -> usize {
        self.file.line_of(value.span().start)
    }

    fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.insert(key);
        self.table.get(key)
    }

    /// Logs a key that must be there and is not.
    fn require(&self, key: &str) {
        if self.has(key) {
            return;
        }
        self.log.error(
            self.place(),
            &self.clause,
            format!("The {} has no `{key}`.", self.what),
            format!("Add a line `{key} = ...`."),
        );
    }

    fn wrong(&self, key: &str, expected: &str) {
        self.error(key, format!("`{key}` of the {} is not {expected}.", self.what), format!("Write {expected}."));
    }

    /// A text that may be left out.
    pub(super) fn text_maybe(&mut self, key: &'static str) -> Option<String> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => {
                self.wrong(key, "a text in quotes");
                None
            }
        }
    }

    pub(super) fn text(&mut self, key: &'static str) -> String {
        self.require(key);
        self.text_maybe(key).unwrap_or_default()
    }

    /// The id that this row defines; `scope` is the procedure, with `/`, for its parts.
    pub(super) fn define(&mut self, kind: Kind, scope: &str) -> String {
        let id = self.text("id");
        if !id.is_empty() {
            if !is_id(&id) {
                self.bad_id("id", &id);
            }
            self.log.define(kind, &format!("{scope}{id}"), self.place(), &self.clause);
        }
        id
    }

    fn bad_id(&self, key: &str, id: &str) {
        self.error(
            key,
            format!("`{id}` is not an id."),
            "Write lower-case words and numbers joined by hyphens, such as `head-of-it`.",
        );
    }

    pub(super) fn refer_maybe(&mut self, kind: Kind, key: &'static str, scope: &str) -> Option<String> {
        let id = self.text_maybe(key)?;
        self.log.refer(kind, &format!("{scope}{id}"), self.place_of(key), &self.clause);
        Some(id)
    }

    /// The id of something that is defined elsewhere in the pack.
    pub(super) fn refer(&mut self, kind: Kind, key: &'static str) -> String {
        self.require(key);
        self.refer_maybe(kind, key, "").unwrap_or_default()
    }

    /// The clause that the row rests on.
    pub(super) fn clause(&mut self) -> String {
        self.clause_at("clause")
    }

    pub(super) fn clause_at(&mut self, key: &'static str) -> String {
        let clause = self.refer(Kind::Clause, key);
        if !clause.is_empty() && !is_clause_id(&clause) {
            self.error(
                key,
                format!("`{clause}` is not a clause id."),
                "Write it as in clauses/, such as `7.1` or `9.1.a`.",
            );
        }
        clause
    }

    /// A list of texts; empty if it is left out.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        self.texts_with_lines(key).into_iter().map(|(text, _)| text).collect()
    }

    pub(super) fn texts_with_lines(&mut self, key: &'static str) -> Vec<(String, Place)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(key, "a list of texts in quotes");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str() {
                Some(text) if !text.trim().is_empty() => {
                    texts.push((text.trim().to_owned(), self.file.at(self.line_of(item))));
                }
                _ => self.wrong(key, "a list of texts in quotes"),
            }
        }
        texts
    }

    /// A list of ids that are defined elsewhere; empty if it is left out. The same id twice is an error.
    pub(super) fn refer_all(&mut self, kind: Kind, key: &'static str, scope: &str) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for (id, place) in self.texts_with_lines(key) {
            self.log.refer(kind, &format!("{scope}{id}"), place.clone(), &self.clause);
            if ids.contains(&id) {
                let message = format!("`{key}` of the {} names `{id}` twice.", self.what);
                self.log.error(place, &self.clause, message, "Take one of them out.");
            } else {
                ids.push(id);
            }
        }
        ids
    }

    /// A list whose words come from a closed list.
    pub(super) fn words(&mut self, key: &'static str, known: &[&str]) -> Vec<String> {
        let mut words = Vec::new();
        for (word, place) in self.texts_with_lines(key) {
            if known.contains(&word.as_str()) {
                words.push(word);
            } else {
                let message = format!("`{word}` is not known in `{key}`.");
                self.log.error(place, &self.clause, message, format!("Use one of: {}.", known.join(", ")));
            }
        }
        words
    }

    /// A word from a closed list; none, and an error, if it is another. None without an error if it is left out.
    pub(super) fn word_maybe<T: Copy>(&mut self, key: &'static str, known: &[(&str, T)]) -> Option<T> {
        let word = self.text_maybe(key)?;
        let found = known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.error(
                key,
                format!("`{word}` is not known as `{key}` of a {}.", self.what),
                format!("Use one of: {}.", names.join(", ")),
            );
        }
        found
    }

    /// As `word_maybe`, but the key must be there. `fallback` only fills the place until the error keeps the pack out.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, known: &[(&str, T)], fallback: T) -> T {
        self.require(key);
        self.word_maybe(key, known).unwrap_or(fallback)
    }

    pub(super) fn flag_or(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.get(key) else { return default };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong(key, "true or false");
            default
        })
    }

    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        self.require(key);
        self.flag_or(key, false)
    }

    pub(super) fn number_maybe(&mut self, key: &'static str) -> Option<u32> {
        let value = self.get(key)?;
        let number = value.get_ref().as_integer().and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        if number.is_none() {
            self.wrong(key, "a whole number without quotes");
        }
        number
    }

    pub(super) fn number(&mut self, key: &'static str) -> u32 {
        self.require(key);
        self.number_maybe(key).unwrap_or_default()
    }

    pub(super) fn span_maybe(&mut self, key: &'static str) -> Option<Span> {
        let text = self.text_maybe(key)?;
        let span = Span::parse(&text);
        if span.is_none() {
            self.error(
                key,
                format!("`{text}` is not a length of time."),
                format!("Write a number up to {SPAN_LIMIT} and a unit, such as `2 working hours`, `1 working day` or `12 months`."),
            );
        }
        span
    }

    pub(super) fn span(&mut self, key: &'static str) -> Span {
        self.require(key);
        self.span_maybe(key).unwrap_or(Span::Minutes(1))
    }

    pub(super) fn date_maybe(&mut self, key: &'static str) -> Option<Date> {
        let value = self.get(key)?;
        let date = value.get_ref().as_str().and_then(|text| parse_date(text.trim()));
        if date.is_none() {
            self.wrong(key, "a day in quotes, such as \"2023-09-04\"");
        }
        date
    }

    pub(super) fn date(&mut self, key: &'static str) -> Date {
        self.require(key);
        self.date_maybe(key).unwrap_or(Date::ZERO)
    }

    pub(super) fn time(&mut self, key: &'static str) -> Time {
        let text = self.text(key);
        let time = Time::strptime("%H:%M", &text).ok().filter(|_| text.len() == 5);
        if time.is_none() && !text.is_empty() {
            self.wrong(key, "a time of day in quotes, such as \"08:30\"");
        }
        time.unwrap_or(Time::midnight())
    }

    /// The tables `[[key]]`; none if there is none.
    pub(super) fn rows(&mut self, key: &'static str) -> Vec<Row<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(key, "a list of tables headed `[[...]]`");
            return Vec::new();
        };
        let mut rows = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_table() {
                Some(table) => {
                    rows.push(Row::new(self.log, self.file, key, self.line_of(item), table));
                }
                None => self.wrong(key, "a list of tables headed `[[...]]`"),
            }
        }
        rows
    }

    /// The table `[key]`; none, with an error, if there is none.
    pub(super) fn only(&mut self, key: &'static str) -> Option<Row<'a>> {
        let Some(value) = self.get(key) else {
            self.require(key);
            return None;
        };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(key, "one table headed `[...]`");
            return None;
        };
        Some(Row::new(self.log, self.file, key, self.line_of(value), table))
    }

    /// Reports every key that nobody asked for: a misspelt key must not silently do nothing.
    pub(super) fn finish(self) {
        for (key, _) in self.table.iter() {
            if !self.asked.contains(key.get_ref().as_ref()) {
                self.log.error(
                    self.file.at(self.line_of(key)),
                    &self.clause,
                    format!("`{}` is not a key of a {}.", key.get_ref(), self.what),
                    "Mend the spelling or take the line out; docs/pack-format.md lists the keys.",
                );
            }
        }
    }
}
