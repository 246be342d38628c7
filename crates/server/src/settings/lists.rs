//! Sources of lists, ordinary and sealed: what the shape of their settings alone cannot say.

use super::{Fault, Settings, line_with};
use crate::sealed;
use crate::supply::maker_key;

/// A sealed list is looked at once a day or more often, in hours.
const SEALED_HOURS_MAX: u32 = 24;
/// How much smaller a new edition of a sealed list may be at most, in hundredths.
const SEALED_SHRINK_MAX: u64 = 50;

impl Settings {
    pub(super) fn check_sources(&self, text: &str) -> Result<(), Fault> {
        let fault = |word: &str, message: String| Err(Fault { line: line_with(text, word), message });
        if self.lists.file.is_some() && !self.sources.is_empty() {
            return fault("[[list]]", "file under [lists] and [[list]] go not together. Give one of them.".to_owned());
        }
        for (index, source) in self.sources.iter().enumerate() {
            let quoted = format!("\"{}\"", source.name);
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if source.name.is_empty() || !source.name.chars().all(is_plain) {
                return fault(&quoted, "a list's name is made of small letters, digits and hyphens.".to_owned());
            }
            if self.sources.iter().take(index).any(|other| other.name == source.name) {
                return fault(&quoted, format!("two lists are called '{}'. Give each its own name.", source.name));
            }
            if source.every_hours == 0 {
                return fault("every_hours", "every_hours is a number of hours from 1.".to_owned());
            }
        }
        self.check_sealed(text)?;
        Ok(())
    }

    fn check_sealed(&self, text: &str) -> Result<(), Fault> {
        let fault = |word: &str, message: String| Err(Fault { line: line_with(text, word), message });
        for (index, list) in self.sealed_lists.iter().enumerate() {
            let quoted = format!("\"{}\"", list.name);
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if list.name.is_empty() || !list.name.chars().all(is_plain) || list.name == sealed::KEY {
                return fault(
                    &quoted,
                    "a list's name is made of small letters, digits and hyphens, and is not 'key'.".to_owned(),
                );
            }
            if self.sealed_lists.iter().take(index).any(|other| other.name == list.name) {
                return fault(&quoted, format!("two sealed lists are called '{}'. Give each its own name.", list.name));
            }
            if list.from.starts_with("http://") {
                return fault(
                    &list.from,
                    "a sealed list travels encrypted: its address begins with https://.".to_owned(),
                );
            }
            if list.every_hours == 0 || list.every_hours > SEALED_HOURS_MAX {
                return fault(
                    "every_hours",
                    format!("a sealed list is looked at every 1 to {SEALED_HOURS_MAX} hours."),
                );
            }
            if list.shrink_percent > SEALED_SHRINK_MAX {
                let message = format!("a sealed list may shrink by {SEALED_SHRINK_MAX} per cent at most.");
                return fault("shrink_percent", message);
            }
        }
        Ok(())
    }

    /// A signature needs the key that made it, and a key something to look at.
    pub(super) fn check_signatures(&self, text: &str) -> Result<(), Fault> {
        let lists = self.sources.iter().map(|one| (&one.name, &one.signature, &one.signature_key));
        let sealed = self.sealed_lists.iter().map(|one| (&one.name, &one.signature, &one.signature_key));
        for (name, signature, key) in lists.chain(sealed) {
            let message = match (signature, key) {
                (Some(_), None) => format!("the list '{name}' has a signature. Name its maker's key as signature_key."),
                (None, Some(_)) => {
                    format!("the list '{name}' has a signature_key. Say as signature where the signature is.")
                }
                (Some(_), Some(key)) if maker_key(key).is_none() => {
                    format!("the signature_key of '{name}' is no minisign key. It is one line that begins with RW.")
                }
                _ => continue,
            };
            return Err(Fault { line: line_with(text, &format!("\"{name}\"")), message });
        }
        Ok(())
    }
}
