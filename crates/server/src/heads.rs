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
const MAIL_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Pause after the first head that the mail server did not take; each further one is twice as long, up to an hour.
const MAIL_RETRY: Duration = Duration::from_secs(10);
/// Name of the file that always holds the newest head.
pub(crate) const NEWEST: &str = "newest-head.txt";
/// Name of the file with the public key that signs heads.
pub(crate) const KEY: &str = "head-key.txt";

/// Where heads go.
pub(crate) struct Plan {
    pub(crate) folder: PathBuf,
    pub(crate) mail: Option<(String, Arc<dyn Carrier>)>,
}

/// Writes a head at once and every hour, and mails one at once and every day, or as soon as the mail server takes it.
pub(crate) async fn keep(haven: Arc<Haven>, plan: Plan, stop: CancellationToken) {
    let writing = async {
        loop {
            write(&haven, &plan.folder).await;
            tokio::time::sleep(EVERY).await;
        }
    };
    let mailing = async {
        let mut retry = MAIL_RETRY;
        loop {
            let rest = if send(&haven, &plan).await {
                retry = MAIL_RETRY;
                MAIL_EVERY
            } else {
                let rest = retry;
                retry = (retry * 2).min(EVERY);
                rest
            };
            tokio::time::sleep(rest).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = writing => {}
        () = mailing => {}
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

/// Mails the newest head, if there is somebody to mail it to. False if it must be tried again.
async fn send(haven: &Haven, plan: &Plan) -> bool {
    let Some((to, carrier)) = &plan.mail else { return true };
    let Ok(head) = actions::audit::signed_head(haven).await else { return false };
    let body = format!("Keep this text. It shows later whether Haven's record was changed.\n\n{}", head.to_text());
    let carried = carrier.carry(to, "Haven: where the record stands today", &body).await;
    if let Err(cause) = &carried {
        tracing::warn!(cause = %cause, "the head of the audit record could not be mailed");
    }
    carried.is_ok()
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
    // A head that came by mail has words before it, and the line ends of mail.
    let text = std::fs::read_to_string(&file).map_err(|error| bad(&error))?.replace("\r\n", "\n");
    let begins = text.find("haven audit head\n").ok_or_else(|| bad(&"it holds no head"))?;
    Head::parse(text.get(begins..).unwrap_or_default()).ok_or_else(|| bad(&"it is not whole"))
}
