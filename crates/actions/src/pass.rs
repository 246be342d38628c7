//! The pass of a sign-in: what a browser shows with each request at a listener whose addresses several people share (S-6).

use store::vault;

use crate::session::{Session, Stage};
use crate::{ActionError, Door, Haven, KnownBy};

/// What is typed as the name beside the pass. It says nothing about anybody.
pub const NAME: &str = "haven";

/// The pass of this session at this door, in the words of the page; none where no pass is used, or while the gate is not yet
/// passed. It is the same each time it is asked for; with another door it is another one, and the one before ends.
pub async fn give(haven: &Haven, session: &Session, door: &Door) -> Result<Option<String>, ActionError> {
    if session.stage != Stage::Open || haven.known_by(&door.listener) != Some(KnownBy::Pass) {
        return Ok(None);
    }
    let text = vault::pass(&session.token, &door.listener, &door.address.to_string());
    let Some((text, hash)) = text.and_then(|text| vault::pass_hash(&text).map(|hash| (text, hash))) else {
        return Err(ActionError::Broken("a pass could not be made".to_owned()));
    };
    let now = haven.now();
    let pass = store::sessions::Pass { hash, door: door.clone() };
    crate::unit::in_unit!(haven, unit => {
        store::sessions::give_pass(&mut unit, &session.id, &pass).await?;
        // Its cookie was shown a moment ago: that proves the pass as it proves a door.
        store::feed::add(&mut unit, "identity", &session.id, now);
        Ok(())
    })?;
    Ok(Some(text))
}

/// What is kept of a pass that a browser shows; none for what can be none.
#[must_use]
pub fn digest(shown: &str) -> Option<[u8; 32]> {
    vault::pass_hash(shown)
}
