//! The policies that Haven has had: the one in force, and older ones for the cases that began under them (invariant 5).

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use policy::Pack;
use store::packs::PackVersion;

use crate::unit::in_unit;
use crate::{ActionError, Haven};

/// The pack in force and every pack that was read since the start.
#[derive(Debug)]
pub struct PackShelf {
    in_force: RwLock<Arc<Pack>>,
    read: RwLock<BTreeMap<String, Arc<Pack>>>,
}

impl PackShelf {
    #[must_use]
    pub fn new(pack: Arc<Pack>) -> Self {
        Self { in_force: RwLock::new(pack), read: RwLock::new(BTreeMap::new()) }
    }

    /// The pack in force.
    #[must_use]
    pub fn in_force(&self) -> Arc<Pack> {
        self.in_force.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn known(&self, digest: &str) -> Option<Arc<Pack>> {
        let in_force = self.in_force();
        if in_force.digest == digest {
            return Some(in_force);
        }
        self.read.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(digest).cloned()
    }
}

/// The pack with a digest: the one that a case began under.
pub async fn pack_of(haven: &Haven, digest: &str) -> Result<Arc<Pack>, ActionError> {
    if let Some(pack) = haven.packs.known(digest) {
        return Ok(pack);
    }
    let kept = store::packs::get(&haven.store, digest).await?;
    let kept = kept.ok_or_else(|| ActionError::Broken("a case names a policy version that is not kept".to_owned()))?;
    let files: BTreeMap<String, String> =
        serde_json::from_str(&kept.files).map_err(|error| ActionError::Broken(error.to_string()))?;
    let pack = policy::read::read(&files).pack.map(Arc::new);
    let pack = pack.ok_or_else(|| ActionError::Broken("a kept policy version can no longer be read".to_owned()))?;
    let mut shelf = haven.packs.read.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    shelf.insert(digest.to_owned(), pack.clone());
    Ok(pack)
}

/// Puts a pack that has been read without errors into force, and keeps its text. Says nothing if it is in force already.
pub async fn put_in_force(
    haven: &Haven,
    pack: Arc<Pack>,
    files: &BTreeMap<String, String>,
    by: &str,
) -> Result<(), ActionError> {
    let now = haven.now();
    let before = before(haven).await?;
    let text = serde_json::to_string(files).map_err(|error| ActionError::Broken(error.to_string()))?;
    in_unit!(haven, unit => {
        let already = store::packs::in_force(&mut unit).await?.is_some_and(|known| known.digest == pack.digest);
        if !already {
            let version = PackVersion {
                digest: pack.digest.clone(),
                pack: pack.id.clone(),
                version: pack.version.clone(),
                files: text.clone(),
                kept_at: now,
                kept_by: by.to_owned(),
            };
            store::packs::keep(&mut unit, &version).await?;
            store::packs::put_in_force(&mut unit, &pack.digest, now, by).await?;
            store::feed::add(&mut unit, "pack", &pack.digest, now);
            let detail = serde_json::json!({ "pack": pack.id, "version": pack.version, "digest": pack.digest });
            store::audit::append(&mut unit, crate::audit::entry(now, by, "policy.in-force", &pack.id, &detail));
            crate::local_rules::tell(haven, &mut unit, &pack, before.as_deref(), now).await?;
        }
        Ok(())
    })?;
    *haven.packs.in_force.write().unwrap_or_else(std::sync::PoisonError::into_inner) = pack;
    Ok(())
}

/// The pack that was in force until now, if it can still be read.
async fn before(haven: &Haven) -> Result<Option<Arc<Pack>>, ActionError> {
    let Some(in_force) = store::packs::in_force(&haven.store).await? else { return Ok(None) };
    match pack_of(haven, &in_force.digest).await {
        Ok(pack) => Ok(Some(pack)),
        Err(ActionError::Broken(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes the pack that the database says is in force: another node may have put it there. Gives it with its files.
pub async fn follow(haven: &Haven) -> Result<Option<(Arc<Pack>, String)>, ActionError> {
    let Some(in_force) = store::packs::in_force(&haven.store).await? else { return Ok(None) };
    let Some(kept) = store::packs::get(&haven.store, &in_force.digest).await? else { return Ok(None) };
    let current = haven.packs.in_force();
    if current.digest == in_force.digest {
        return Ok(Some((current, kept.files)));
    }
    let pack = read_kept(&kept.files).ok_or_else(|| {
        ActionError::Broken("the policy that another node put into force cannot be read here".to_owned())
    })?;
    take(haven, Arc::clone(&pack));
    Ok(Some((pack, kept.files)))
}

/// Reads the files of a kept pack; none if this Haven finds an error in them.
#[must_use]
pub fn read_kept(files: &str) -> Option<Arc<Pack>> {
    let files: BTreeMap<String, String> = serde_json::from_str(files).ok()?;
    policy::read(&files).pack.map(Arc::new)
}

/// Decides by a pack that was in force before the database went away.
pub fn take(haven: &Haven, pack: Arc<Pack>) {
    *haven.packs.in_force.write().unwrap_or_else(std::sync::PoisonError::into_inner) = pack;
}
