//! The mark of a practice folder: what `haven demo` writes when it makes one, and without which it touches no folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::folder::{self, PRACTICE_MARK};
use crate::moment::fill_random;
use crate::say::Failure;

/// Letters of the practice password that are random.
const PASSWORD_BYTES: usize = 12;

/// What the mark says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    /// Every practice person's password: for the one-click sign-in, which opens their keys with it.
    pub(crate) password: String,
    /// Address of the practice database, if it is not in this folder.
    pub(crate) postgres: Option<String>,
}

impl Mark {
    /// The mark of a folder; none if it has none.
    pub(crate) fn find(data: &Path) -> Result<Option<Self>, Failure> {
        let path = data.join(PRACTICE_MARK);
        if !path.exists() {
            return Ok(None);
        }
        let bad = |why: &dyn std::fmt::Display| {
            Failure::new(format!(
                "{} cannot be read ({why}). Delete the practice folder to begin again.",
                path.display()
            ))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| bad(&error))?;
        toml::from_str(&text).map(Some).map_err(|error: toml::de::Error| bad(&error.message()))
    }
}

/// Goes into a practice folder, or makes one. A folder that holds something else is refused.
pub(crate) fn enter(data: &Path, store: Option<&str>) -> Result<Mark, Failure> {
    let wanted = store.filter(|text| *text != "sqlite").map(str::to_owned);
    if let Some(address) = &wanted
        && !address.starts_with("postgres://")
        && !address.starts_with("postgresql://")
    {
        return Err(Failure::new(format!(
            "'{address}' is no store. Write sqlite, or an address that begins with postgres://."
        )));
    }
    if let Some(mark) = Mark::find(data)? {
        if store.is_some() && mark.postgres != wanted {
            return Err(Failure::new(format!(
                "The practice folder {} was made with another store. Leave out --store, or name another folder with --data.",
                data.display()
            )));
        }
        folder::check(data)?;
        return Ok(mark);
    }
    if data.exists() {
        folder::check_empty(data)?;
    }
    folder::make(data)?;
    let mut bytes = [0_u8; PASSWORD_BYTES];
    fill_random(&mut bytes);
    let mark = Mark { password: format!("practice-{}", hex::encode(bytes)), postgres: wanted };
    let text = toml::to_string(&mark)
        .map_err(|error| Failure::new(format!("The practice mark cannot be written ({error}).")))?;
    let text = format!("# Made by 'haven demo'. Practice data can never be served as real.\n{text}");
    folder::write_secret(&data.join(PRACTICE_MARK), &text)?;
    Ok(mark)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_folder_is_marked_once_and_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("practice");
        let mark = enter(&data, None).unwrap();
        assert_eq!(enter(&data, None).unwrap(), mark);
        assert_eq!(enter(&data, Some("sqlite")).unwrap(), mark);
        assert!(enter(&data, Some("postgres://x/y")).err().unwrap().0.contains("another store"));
        assert!(enter(&data, Some("mysql")).err().unwrap().0.contains("is no store"));
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("haven.db"), "real").unwrap();
        assert!(enter(folder.path(), None).err().unwrap().0.contains("holds something else"));
    }
}
