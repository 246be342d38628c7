//! Haven's core vocabulary: the names under which the many block lists of the world know one and the same risk.

use std::collections::{BTreeMap, BTreeSet};

const CODES: &str = include_str!("../../data/codes.tsv");

/// One code of the core vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreCode {
    pub code: String,
    /// Reads well after "This site is about ...".
    pub title: String,
    pub aliases: Vec<String>,
}

/// The whole core vocabulary, read from `data/codes.tsv`.
#[derive(Debug, Clone)]
pub struct CoreCodes {
    pub codes: Vec<CoreCode>,
    by_name: BTreeMap<String, BTreeSet<String>>,
}

impl CoreCodes {
    /// The vocabulary that this version of Haven ships.
    #[must_use]
    pub fn shipped() -> Self {
        let mut codes = Vec::new();
        let mut by_name: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in CODES.lines().filter(|line| !line.starts_with('#')).skip(1) {
            let mut cells = line.split('\t');
            let (Some(code), Some(title)) = (cells.next(), cells.next()) else { continue };
            let aliases: Vec<String> =
                cells.next().unwrap_or_default().split(',').filter(|alias| !alias.is_empty()).map(plain_name).collect();
            for name in aliases.iter().chain(std::iter::once(&code.to_owned())) {
                by_name.entry(name.clone()).or_default().insert(code.to_owned());
            }
            codes.push(CoreCode { code: code.to_owned(), title: title.to_owned(), aliases });
        }
        Self { codes, by_name }
    }

    /// Whether the vocabulary knows a category, by its own name or another.
    #[must_use]
    pub fn knows(&self, category: &str) -> bool {
        self.by_name.contains_key(&plain_name(category))
    }

    /// The codes that a list's category stands for; its own name if the vocabulary does not know it.
    #[must_use]
    pub fn for_category(&self, category: &str) -> Vec<String> {
        let name = plain_name(category);
        if let Some(codes) = self.by_name.get(&name) {
            return codes.iter().cloned().collect();
        }
        vec![name]
    }

    /// As [`CoreCodes::for_category`], for a file that stands alone: one word of its name is enough (`adguard_drugs-ags`).
    #[must_use]
    pub fn for_file(&self, stem: &str) -> Vec<String> {
        let name = plain_name(stem);
        if self.by_name.contains_key(&name) {
            return self.for_category(stem);
        }
        let word = name.split('-').find_map(|word| self.by_name.get(word));
        word.map_or_else(|| vec![name.clone()], |codes| codes.iter().cloned().collect())
    }

    #[must_use]
    pub fn title(&self, code: &str) -> Option<&str> {
        self.codes.iter().find(|core| core.code == code).map(|core| core.title.as_str())
    }
}

/// Lower case, words joined by hyphens.
fn plain_name(text: &str) -> String {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn f04_french_and_file_names_find_their_code() {
        let codes = CoreCodes::shipped();
        assert_eq!(codes.for_category("drogue"), ["drugs"]);
        assert_eq!(codes.for_category("agressif"), ["hate", "violence"]);
        assert_eq!(codes.for_category("social_networks"), ["social-media"]);
        assert_eq!(codes.for_file("gambling-hosts"), ["gambling"]);
        assert_eq!(codes.for_file("adguard_drugs-ags"), ["drugs"]);
        assert_eq!(codes.for_file("dnsmasq-version_torrent-dnsmasq"), ["piracy"]);
        assert_eq!(codes.for_category("liste_blanche"), ["liste-blanche"], "an unknown category keeps its name");
    }

    #[test]
    fn every_code_has_a_title_and_stands_once() {
        let codes = CoreCodes::shipped();
        let mut names: Vec<&str> = codes.codes.iter().map(|core| core.code.as_str()).collect();
        assert!(names.len() > 60);
        assert!(codes.codes.iter().all(|core| !core.title.is_empty()));
        names.dedup();
        assert_eq!(names.len(), codes.codes.len());
    }
}
