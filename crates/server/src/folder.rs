//! The data folder: made for Haven's own account alone, locked while Haven runs, and never mistaken for a practice one.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::say::Failure;

/// The file that marks a folder as practice.
pub(crate) const PRACTICE_MARK: &str = "practice.toml";
const LOCK: &str = "lock";
const OWNER_ONLY_FOLDER: u32 = 0o700;
const OWNER_ONLY_FILE: u32 = 0o600;
/// Rights of a key file that its group or everybody has.
const OTHERS: u32 = 0o077;

/// Held while Haven runs on a folder.
pub(crate) struct Held(#[allow(dead_code, reason = "the lock lasts as long as the file is open")] File);

/// A folder that is there and can be used.
pub(crate) fn check(folder: &Path) -> Result<(), Failure> {
    let bad = |why: &dyn std::fmt::Display| {
        Failure::new(format!(
            "The data folder {} cannot be used ({why}). Check its name and that Haven's account may read and write it.",
            folder.display()
        ))
    };
    let about = fs::metadata(folder).map_err(|error| bad(&error))?;
    if !about.is_dir() {
        return Err(bad(&"it is not a folder"));
    }
    fs::read_dir(folder).map_err(|error| bad(&error))?;
    let probe = folder.join(LOCK);
    OpenOptions::new().create(true).append(true).mode(OWNER_ONLY_FILE).open(probe).map_err(|error| bad(&error))?;
    Ok(())
}

/// Makes a folder that only Haven's account may enter; one that is there already stays as it is.
pub(crate) fn make(folder: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(OWNER_ONLY_FOLDER).create(folder).map_err(|error| {
        Failure::new(format!("The folder {} cannot be made ({error}). Choose another place.", folder.display()))
    })
}

/// One Haven at a time runs on a folder.
pub(crate) fn hold(folder: &Path) -> Result<Held, Failure> {
    check(folder)?;
    let path = folder.join(LOCK);
    let bad = |error: &dyn std::fmt::Display| {
        Failure::new(format!("{} cannot be locked ({error}). Check that Haven's account may write it.", path.display()))
    };
    let file = OpenOptions::new().append(true).open(&path).map_err(|error| bad(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Held(file)),
        Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
            "Another Haven is running on {}. End that one first, or name another folder.",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(bad(&error)),
    }
}

pub(crate) fn is_practice(folder: &Path) -> bool {
    folder.join(PRACTICE_MARK).exists()
}

/// A folder that is to become Haven's own must hold nothing yet.
pub(crate) fn check_empty(folder: &Path) -> Result<(), Failure> {
    let mut entries = fs::read_dir(folder).map_err(|error| {
        Failure::new(format!("The folder {} cannot be read ({error}). Choose another place.", folder.display()))
    })?;
    if entries.next().is_some() {
        return Err(Failure::new(format!(
            "The folder {} holds something else already. Name an empty or a new one.",
            folder.display()
        )));
    }
    Ok(())
}

/// Real work refuses what `haven demo` made.
pub(crate) fn refuse_practice(folder: &Path) -> Result<(), Failure> {
    if is_practice(folder) {
        return Err(Failure::new(format!(
            "{} was made by 'haven demo', and practice data can never be served as real. Make a new folder with 'haven init'.",
            folder.display()
        )));
    }
    Ok(())
}

/// Writes a file that only Haven's account may read, whole or not at all.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    write_with(path, text.as_bytes(), OWNER_ONLY_FILE)
}

/// The same for bytes that are no text.
pub(crate) fn write_secret_bytes(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_with(path, bytes, OWNER_ONLY_FILE)
}

/// Writes a file that others may read, whole or not at all.
pub(crate) fn write_open(path: &Path, text: &str) -> Result<(), Failure> {
    write_with(path, text.as_bytes(), 0o644)
}

fn write_with(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("{} cannot be written ({error}). Free some space or mend its rights.", path.display()))
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    // One that was left behind by a crash may have other rights.
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(&beside).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)?;
    // The name, too, must outlive a power cut.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Reads a secret, and refuses one that others may read.
pub(crate) fn read_secret(path: &Path) -> Result<String, Failure> {
    let bad = |why: &dyn std::fmt::Display| {
        Failure::new(format!(
            "{} cannot be used ({why}). Make it readable by Haven's account alone: chmod 600.",
            path.display()
        ))
    };
    let about = fs::metadata(path).map_err(|error| bad(&error))?;
    if about.permissions().mode() & OTHERS != 0 {
        return Err(bad(&"others may read it"));
    }
    fs::read_to_string(path).map_err(|error| bad(&error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_folder_is_held_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = hold(folder.path()).unwrap();
        assert!(hold(folder.path()).err().unwrap().0.contains("Another Haven is running"));
        drop(first);
        assert!(hold(folder.path()).is_ok());
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_secret(&path, "text").unwrap();
        assert_eq!(read_secret(&path).unwrap(), "text");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read_secret(&path).err().unwrap().0.contains("others may read it"));
    }

    #[test]
    fn practice_data_can_never_be_served_as_real() {
        let folder = tempfile::tempdir().unwrap();
        assert!(refuse_practice(folder.path()).is_ok());
        fs::write(folder.path().join(PRACTICE_MARK), "").unwrap();
        assert!(refuse_practice(folder.path()).err().unwrap().0.contains("can never be served as real"));
    }
}
