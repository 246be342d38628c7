//! Signed heads of the audit record leave on a schedule, so that a record cut short or written anew shows against them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actions::Haven;
use actions::mail::Carrier;
use casework::audit::Head;
use tokio_util::sync::CancellationToken;

use crate::folder;
use crate::say::Failure;

const EVERY: Duration = Duration::from_secs(60 * 60);
/// Hours between two heads by mail.
const MAIL_EVERY_HOURS: u32 = 24;
/// Name of the file that always holds the newest head.
pub(crate) const NEWEST: &str = "newest-head.txt";
/// Name of the file with the public key that signs heads.
pub(crate) const KEY: &str = "head-key.txt";

/// Where heads go.
pub(crate) struct Plan {
    pub(crate) folder: PathBuf,
    pub(crate) mail: Option<(String, Arc<dyn Carrier>)>,
}

/// Writes a head at once, then every hour, and once more at the stop.
pub(crate) async fn keep(haven: Arc<Haven>, plan: Plan, stop: CancellationToken) {
    let mut round: u32 = 0;
    loop {
        write(&haven, &plan.folder).await;
        if round.is_multiple_of(MAIL_EVERY_HOURS) {
            send(&haven, &plan).await;
        }
        round = round.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Writes the newest head, and one under its own name.
pub(crate) async fn write(haven: &Haven, place: &Path) {
    let head = match actions::audit::signed_head(haven).await {
        Ok(head) => head,
        Err(error) => {
            tracing::error!(cause = %error, "the head of the audit record could not be signed");
            return;
        }
    };
    let written = folder::make(place).and_then(|()| {
        let key = place.join(KEY);
        if !key.exists() {
            folder::write_open(&key, &format!("{}\n", actions::audit::public_key_hex(haven)))?;
        }
        folder::write_open(&place.join(format!("head-{:012}.txt", head.seq)), &head.to_text())?;
        folder::write_open(&place.join(NEWEST), &head.to_text())
    });
    if let Err(failure) = written {
        tracing::error!(cause = %failure, "the head of the audit record did not leave");
    }
}

async fn send(haven: &Haven, plan: &Plan) {
    let Some((to, carrier)) = &plan.mail else { return };
    let Ok(head) = actions::audit::signed_head(haven).await else { return };
    let body = format!("Keep this text. It shows later whether Haven's record was changed.\n\n{}", head.to_text());
    if let Err(cause) = carrier.carry(to, "Haven: where the record stands today", &body).await {
        tracing::warn!(cause = %cause, "the head of the audit record could not be mailed");
    }
}

/// Reads a head that was kept outside: the file itself, or the newest in a folder of them.
pub(crate) fn read(path: &Path) -> Result<Head, Failure> {
    let file = if path.is_dir() { path.join(NEWEST) } else { path.to_path_buf() };
    let bad = |why: &dyn std::fmt::Display| {
        Failure::new(format!(
            "The head {} cannot be read ({why}). Name a file that 'haven audit head' printed.",
            file.display()
        ))
    };
    let text = std::fs::read_to_string(&file).map_err(|error| bad(&error))?;
    // A head that came by mail has words before it.
    let begins = text.find("haven audit head\n").ok_or_else(|| bad(&"it holds no head"))?;
    Head::parse(text.get(begins..).unwrap_or_default()).ok_or_else(|| bad(&"it is not whole"))
}
