//! Reads the texts of a pack folder and gives back either the pack or every problem in it, each with file, line and a way to mend it.

mod agreements;
mod clauses;
mod clocks;
mod filtering;
mod front;
mod log;
mod markdown;
mod obligations;
mod procedures;
mod references;
mod rights;
mod row;
mod safety;
mod source;
mod steps;
mod vocabulary;

use std::collections::BTreeMap;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

pub(crate) use filtering::ACTION_WORDS;
pub use filtering::THEMES;
pub use procedures::REFERRAL_FIELDS;
pub use rights::ACTIONS;
pub use safety::MONITORING_NOTICE;
pub use vocabulary::DETECTORS;

use self::clauses::Clauses;
use self::front::Front;
use self::log::{Kind, Log};
use self::source::{SourceFile, line_starts};
use self::vocabulary::Vocabulary;
use crate::clock::Calendar;
use crate::document::Place;
use crate::example;
use crate::model::{Agreement, ClockRule, Example, Filtering, Obligation, Pack, Procedure, Right};
use crate::problem::{Problem, Severity};

/// Largest file of a pack.
pub const FILE_LIMIT_BYTES: usize = 1024 * 1024;

/// Most files in a pack.
pub const PACK_LIMIT_FILES: usize = 500;

/// Files without which there is no pack.
const REQUIRED: [&str; 6] =
    ["pack.toml", "vocabulary.toml", "filtering.toml", "rights.toml", "clocks.toml", "obligations.tsv"];

/// Folders that need at least one file.
const REQUIRED_FOLDERS: [(&str, &str); 2] = [("clauses/", ".md"), ("procedures/", ".toml")];

/// The outcome of reading a folder.
#[derive(Debug)]
pub struct Reading {
    /// None if any problem is an error: such a pack never comes into force (invariant 4).
    pub pack: Option<Pack>,
    /// In the order of file and line.
    pub problems: Vec<Problem>,
}

/// Reads a pack. Keys are paths inside its folder, with `/`. Nothing is looked at besides `files`.
#[must_use]
pub fn read(files: &BTreeMap<String, String>) -> Reading {
    let log = Log::default();
    let parts = Parts::read(&log, &within_limits(&log, files));
    references::check(&log);
    let pack = parts.join(&log, digest(files));
    if let Some(pack) = &pack {
        safety::check(&log, pack);
    }
    let problems = log.into_problems();
    let is_sound = !problems.iter().any(|problem| problem.severity == Severity::Error);
    Reading { pack: pack.filter(|_| is_sound), problems }
}

/// SHA-256, in hexadecimal, over each file in the order of its path: path, a zero byte, length, a zero byte, content.
#[must_use]
pub fn digest(files: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (path, text) in files {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(text.len().to_string().as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
    }
    hex::encode(hash.finalize())
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// `2023-09-04` and nothing else.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    (text.len() == "2023-09-04".len()).then(|| Date::strptime("%Y-%m-%d", text).ok()).flatten()
}

/// Lower-case words and numbers joined by hyphens.
fn is_id(text: &str) -> bool {
    text.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

/// As an id, with dots as well: `7.1`, `9.1.a`, `app-3`.
fn is_clause_id(text: &str) -> bool {
    text.split('.').all(is_id)
}

/// The files that may be read, by name; the others are reported.
fn within_limits<'a>(log: &Log, files: &'a BTreeMap<String, String>) -> Vec<(&'a str, &'a str)> {
    let whole = |file: &str| Place { file: file.to_owned(), line: 0 };
    if files.len() > PACK_LIMIT_FILES {
        log.mark_unreadable("pack.toml");
        let message = format!("The pack has {} files; at most {PACK_LIMIT_FILES} are read.", files.len());
        log.error(whole("pack.toml"), "", message, "Take out what does not belong to the policy.");
        return Vec::new();
    }
    let mut sound = Vec::new();
    for (name, text) in files {
        if text.len() > FILE_LIMIT_BYTES {
            let message = format!("The file is larger than {FILE_LIMIT_BYTES} bytes.");
            log.error(whole(name), "", message, "Split it or take out what does not belong.");
        } else if let Some(offset) = text.find('\0') {
            let place = Place { file: name.clone(), line: line_starts(text).partition_point(|start| *start <= offset) };
            log.error(place, "", "The file holds a zero byte, so it is not a text.", "Save it again as plain text.");
        } else {
            sound.push((name.as_str(), text.as_str()));
            continue;
        }
        log.mark_unreadable(name);
    }
    for name in REQUIRED.into_iter().filter(|name| !files.contains_key(*name)) {
        log.mark_unreadable(name);
        log.error(whole(name), "", "The file is missing.", "Write it; docs/pack-format.md shows the form.");
    }
    for (folder, ending) in REQUIRED_FOLDERS {
        if !files.keys().any(|name| in_folder(name, folder, ending)) {
            log.mark_unreadable(folder);
            log.error(whole(folder), "", "The folder has no file.", format!("Write at least one `*{ending}` in it."));
        }
    }
    sound
}

fn in_folder(name: &str, folder: &str, ending: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.ends_with(ending) && !rest.contains('/'))
}

/// What each file gave, before it is joined.
#[derive(Default)]
struct Parts {
    front: Option<Front>,
    clauses: Clauses,
    vocabulary: Option<Vocabulary>,
    filtering: Option<Filtering>,
    procedures: Vec<Procedure>,
    agreements: Vec<Agreement>,
    rights: Option<Vec<Right>>,
    clocks: Option<(Calendar, Vec<ClockRule>)>,
    obligations: Vec<Obligation>,
    examples: Vec<Example>,
}

impl Parts {
    fn read(log: &Log, files: &[(&str, &str)]) -> Self {
        let mut parts = Self::default();
        for (name, text) in files {
            parts.read_one(log, SourceFile::new(name, text, &line_starts(text)));
        }
        parts
    }

    fn read_one(&mut self, log: &Log, file: SourceFile<'_>) {
        match file.name {
            "pack.toml" => self.front = front::read(log, file),
            "vocabulary.toml" => self.vocabulary = vocabulary::read(log, file),
            "filtering.toml" => self.filtering = filtering::read(log, file),
            "rights.toml" => self.rights = rights::read(log, file),
            "clocks.toml" => self.clocks = clocks::read(log, file),
            "obligations.tsv" => self.obligations = obligations::read(log, file),
            "README.md" => {}
            name if in_folder(name, "clauses/", ".md") => clauses::read(log, file, &mut self.clauses),
            name if in_folder(name, "procedures/", ".toml") => self.procedures.extend(procedures::read(log, file)),
            name if in_folder(name, "agreements/", ".md") => self.agreements.extend(agreements::read(log, file)),
            name if in_folder(name, "examples/", ".md") => self.examples.extend(examples(log, file)),
            _ => log.error(
                file.at(0),
                "",
                "A pack has no such file, so it would do nothing.",
                "Mend its name or take it out; docs/pack-format.md lists the files.",
            ),
        }
    }

    /// The pack, if every file could be read. It may still hold errors that `log` knows.
    fn join(self, log: &Log, digest: String) -> Option<Pack> {
        let (front, vocabulary) = (self.front?, self.vocabulary?);
        let (calendar, clocks) = self.clocks?;
        let mut document = front.document;
        document.broad = vocabulary.broad.into_iter().collect();
        document.clause_numbers = self.clauses.numbers;
        document.clause_text_from = self.clauses.text_from;
        for named in log.defined() {
            document.set_place(named.kind.word(), &named.id, named.place);
        }
        for (kind, id, place) in log.places() {
            document.set_place(kind, &id, place);
        }
        Some(Pack {
            id: front.id,
            digest,
            title: front.title,
            organisation: front.organisation,
            reference: front.reference,
            version: front.version,
            owner: front.owner,
            in_force_from: front.in_force_from,
            in_force_to: front.in_force_to,
            review_cycle_months: front.review_cycle_months,
            last_resort: front.last_resort,
            review_triggers: front.review_triggers,
            posts: front.posts,
            populations: front.populations,
            groups: front.groups,
            agencies: front.agencies,
            laws: front.laws,
            linked: front.linked,
            clauses: self.clauses.clauses,
            areas: vocabulary.areas,
            codes: vocabulary.codes,
            filtering: self.filtering?,
            procedures: self.procedures,
            agreements: self.agreements,
            rights: self.rights?,
            calendar,
            clocks,
            obligations: self.obligations,
            examples: self.examples,
            document,
        })
    }
}

fn examples(log: &Log, file: SourceFile<'_>) -> Vec<Example> {
    let (examples, bad) = example::parse(file.name, file.text);
    for fault in bad {
        log.error(
            file.at(fault.line),
            "",
            fault.message,
            "Write it like `learner http://casino-royal.test/ -> block 7.1`.",
        );
    }
    for example in &examples {
        log.refer(Kind::Group, &example.group, file.at(example.line), "");
        if let Some(clause) = &example.clause {
            log.refer(Kind::Clause, clause, file.at(example.line), clause);
        }
    }
    examples
}
