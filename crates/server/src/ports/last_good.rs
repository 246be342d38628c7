//! The last good policy on this machine's disk, so that a gateway can start and filter while the database is away. It holds
//! the policy and the organisation's own rules for websites, and nothing about any person.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use filter::lists::LocalRule;
use jiff::{SignedDuration, Timestamp};
use policy::{Action, Pack};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::folder;
use crate::say::Failure;

/// Name of the file in the data folder.
pub(crate) const NAME: &str = "last-good-policy";
/// How old it may be unless the settings say otherwise, in days.
pub(crate) const LIMIT_DAYS: u32 = 7;
/// Most that the settings may allow, in days.
pub(crate) const LIMIT_MAX_DAYS: u32 = 90;
/// How often it is written again although nothing changed, in minutes: its age is the time since the database last answered.
const AGAIN_AFTER_MINUTES: i64 = 60;
/// How far a clock may have been behind, in hours; what is dated later than that shows that the clock is wrong.
const CLOCK_HOURS: i64 = 24;
const FILE_LIMIT_BYTES: u64 = 64 * 1024 * 1024;
const HEAD: &str = "haven last good policy 1 ";

/// What stands in the file.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// When the database last said that this is in force, in microseconds since 1970.
    at_us: i64,
    pack_digest: String,
    lists_digest: String,
    files: BTreeMap<String, String>,
    local: Vec<KeptRule>,
}

#[derive(Serialize, Deserialize)]
struct KeptRule {
    id: String,
    site: String,
    action: Action,
    profiles: Vec<String>,
    until_us: Option<i64>,
    clause: String,
}

/// What was read back.
pub(crate) struct Found {
    pub(crate) pack: Arc<Pack>,
    pub(crate) local: Vec<LocalRule>,
    pub(crate) lists_digest: String,
    pub(crate) at: Timestamp,
}

/// Writes the file when something changed, and once an hour.
pub(crate) struct Keeper {
    path: PathBuf,
    last: Option<(Vec<u8>, Timestamp)>,
}

impl Keeper {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { path: folder.join(NAME), last: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps what is in force now. `files` is the pack as the database has it.
    pub(crate) fn keep(&mut self, files: &str, digest: &str, lists: &str, local: &[LocalRule], now: Timestamp) {
        let same = Sha256::new().chain_update(digest).chain_update(lists).chain_update(format!("{local:?}")).finalize();
        let fresh = self.last.as_ref().is_some_and(|(what, at)| {
            what.as_slice() == same.as_slice()
                && now.duration_since(*at) < SignedDuration::from_mins(AGAIN_AFTER_MINUTES)
        });
        if fresh {
            return;
        }
        let Ok(files) = serde_json::from_str(files) else { return };
        let kept = Kept {
            at_us: now.as_microsecond(),
            pack_digest: digest.to_owned(),
            lists_digest: lists.to_owned(),
            files,
            local: local.iter().map(rule).collect(),
        };
        let written = serde_json::to_string(&kept).map_err(|error| Failure::new(error.to_string())).and_then(|body| {
            let sum = hex::encode(Sha256::digest(body.as_bytes()));
            folder::write_secret(&self.path, &format!("{HEAD}{sum}\n{body}"))
        });
        match written {
            Ok(()) => self.last = Some((same.to_vec(), now)),
            Err(failure) => tracing::error!(cause = %failure, "the last good policy could not be kept on the disk"),
        }
    }
}

fn rule(rule: &LocalRule) -> KeptRule {
    KeptRule {
        id: rule.id.clone(),
        site: rule.site.clone(),
        action: rule.action,
        profiles: rule.profiles.clone(),
        until_us: rule.until.map(Timestamp::as_microsecond),
        clause: rule.clause.clone(),
    }
}

/// Reads the file, and refuses one that is damaged or too old.
pub(crate) fn read(path: &Path, now: Timestamp, limit_days: u32) -> Result<Found, Failure> {
    let bad = |why: &str| {
        Failure::new(format!(
            "The last good policy {} is refused: {why}. Until the database answers, nothing is opened.",
            path.display()
        ))
    };
    let about = fs::metadata(path).map_err(|_| bad("there is none"))?;
    if about.len() > FILE_LIMIT_BYTES {
        return Err(bad("it is too large"));
    }
    let text = fs::read(path).map_err(|error| bad(&error.to_string()))?;
    let text = std::str::from_utf8(&text).map_err(|_| bad("it is damaged"))?;
    let (sum, body) =
        text.strip_prefix(HEAD).and_then(|rest| rest.split_once('\n')).ok_or_else(|| bad("it is damaged"))?;
    if sum != hex::encode(Sha256::digest(body.as_bytes())) {
        return Err(bad("it is damaged"));
    }
    let kept: Kept = serde_json::from_str(body).map_err(|_| bad("it is of another Haven"))?;
    let at = Timestamp::from_microsecond(kept.at_us).map_err(|_| bad("it is damaged"))?;
    let age = now.duration_since(at);
    if age > SignedDuration::from_hours(24 * i64::from(limit_days)) {
        return Err(bad(&format!("the database last confirmed it more than {limit_days} days ago")));
    }
    if age < SignedDuration::from_hours(-CLOCK_HOURS) {
        return Err(bad("it is dated in the future, so this machine's clock is wrong"));
    }
    let pack = policy::read(&kept.files).pack.map(Arc::new).ok_or_else(|| bad("this Haven finds errors in it"))?;
    if pack.digest != kept.pack_digest {
        return Err(bad("it is not the policy that it says it is"));
    }
    let until = |us: Option<i64>| us.map(Timestamp::from_microsecond).transpose();
    let local = kept.local.into_iter().map(|rule| {
        Ok(LocalRule {
            until: until(rule.until_us)?,
            id: rule.id,
            site: rule.site,
            action: rule.action,
            profiles: rule.profiles,
            clause: rule.clause,
        })
    });
    let local = local.collect::<Result<_, jiff::Error>>().map_err(|_| bad("it is damaged"))?;
    Ok(Found { pack, local, lists_digest: kept.lists_digest, at })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn kept() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let files = crate::shipped::pack("waes").unwrap();
        let pack = policy::read(&files).pack.unwrap();
        let local = LocalRule {
            id: "r1".to_owned(),
            site: "site.test".to_owned(),
            action: Action::Block,
            profiles: Vec::new(),
            until: Some(now()),
            clause: "7.1".to_owned(),
        };
        let files = serde_json::to_string(&files).unwrap();
        Keeper::new(folder.path()).keep(&files, &pack.digest, "lists", &[local], now());
        let path = folder.path().join(NAME);
        (folder, path)
    }

    fn refused(path: &Path, now: Timestamp, days: u32) -> String {
        read(path, now, days).err().unwrap().0
    }

    #[test]
    fn invariant_4_the_last_good_policy_comes_back_whole() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, path) = kept();
        let found = read(&path, now(), 7).unwrap();
        assert_eq!((found.pack.id.as_str(), found.lists_digest.as_str(), found.at), ("waes", "lists", now()));
        assert_eq!((found.local[0].site.as_str(), found.local[0].until), ("site.test", Some(now())));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn invariant_4_one_that_is_damaged_too_old_or_from_the_future_is_refused() {
        let (folder, path) = kept();
        let whole = fs::read(&path).unwrap();
        for at in [0, 30, 200, whole.len() / 2, whole.len() - 1] {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            fs::write(&path, altered).unwrap();
            assert!(refused(&path, now(), 7).contains("is damaged"), "byte {at}");
        }
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(refused(&path, now(), 7).contains("is damaged"));
        fs::write(&path, &whole).unwrap();
        let later = now() + SignedDuration::from_hours(24 * 7 + 1);
        assert!(refused(&path, later, 7).contains("more than 7 days ago"));
        assert!(read(&path, later, 8).is_ok());
        let earlier = now() - SignedDuration::from_hours(25);
        assert!(refused(&path, earlier, 7).contains("clock is wrong"));
        assert!(refused(&folder.path().join("none"), now(), 7).contains("there is none"));
    }
}
