//! `haven audit`: recomputes the record of what people did, compares it with heads held outside, and exports it.

mod check;
mod export;

use std::path::{Path, PathBuf};

use casework::audit::Head;
use clap::Subcommand;
use ed25519_dalek::VerifyingKey;

use crate::hub::{self, Place};
use crate::say::{Ending, Failure, Out, Outcome};
use crate::{heads, log, serve};

#[derive(Debug, Subcommand)]
pub(crate) enum AuditWord {
    /// Recompute the chain; exit 1 names the first bad entry.
    Verify {
        #[command(flatten)]
        place: Place,
        /// An exported record, instead of the database.
        #[arg(long)]
        export: Option<PathBuf>,
        /// A head that was kept outside: a file, or a folder of them.
        #[arg(long)]
        head: Option<PathBuf>,
        /// The public key that signs heads, in hexadecimal, or a file that holds it; without it, the one kept here.
        #[arg(long)]
        key: Option<String>,
    },
    /// Write the whole record to a file that can be checked elsewhere.
    Export {
        #[command(flatten)]
        place: Place,
        file: PathBuf,
    },
    /// Print a signed head, to be kept outside.
    Head {
        #[command(flatten)]
        place: Place,
    },
}

pub(crate) fn run(word: AuditWord) -> Outcome {
    log::runtime()?.block_on(async {
        match word {
            AuditWord::Verify { place, export, head, key } => verify(&place, export.as_deref(), head, key).await,
            AuditWord::Export { place, file } => export::write(&place.hub().await?, &file).await,
            AuditWord::Head { place } => head(&place).await,
        }
    })
}

async fn head(place: &Place) -> Outcome {
    let haven = place.hub().await?;
    let head = actions::audit::signed_head(&haven).await.map_err(hub::told)?;
    let mut out = Out::new();
    out.line(head.to_text().trim_end())?;
    out.end(Ending::Done)
}

async fn verify(place: &Place, export: Option<&Path>, head: Option<PathBuf>, key: Option<String>) -> Outcome {
    let key = key.map(|text| key_of(&text)).transpose()?;
    let found = match export {
        Some(file) => {
            let outside = head.as_deref().map(heads::read).transpose()?;
            export::check(file, outside.as_ref(), key)?
        }
        None => {
            let (store, heads_folder) = open(place).await?;
            let outside = outside(head, heads_folder)?;
            check::whole(&store, outside.as_ref(), key).await?
        }
    };
    let mut out = Out::new();
    for problem in &found.problems {
        out.line(problem)?;
    }
    for line in &found.said {
        out.line(line)?;
    }
    out.end(if found.problems.is_empty() { Ending::Done } else { Ending::Found })
}

/// The database, and the folder where Haven itself puts heads.
async fn open(place: &Place) -> Result<(store::Store, Option<PathBuf>), Failure> {
    let settings = place.settings()?;
    let folder =
        settings.as_ref().map(serve::heads_folder).or_else(|| place.data.as_ref().map(|data| data.join("heads")));
    Ok((hub::open(&place.location()?).await?, folder))
}

/// The head to compare with: the one that was named, or else the newest that Haven wrote.
fn outside(named: Option<PathBuf>, folder: Option<PathBuf>) -> Result<Option<Head>, Failure> {
    let kept = folder.filter(|folder| folder.join(heads::NEWEST).exists());
    named.or(kept).map(|path| heads::read(&path)).transpose()
}

fn key_of(text: &str) -> Result<VerifyingKey, Failure> {
    let bad = || {
        Failure::new(format!(
            "'{text}' is no public key. Give 64 hexadecimal letters, or the file {} of a heads folder.",
            heads::KEY
        ))
    };
    let written = std::fs::read_to_string(text).unwrap_or_else(|_| text.to_owned());
    let bytes = hex::decode(written.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or_else(bad)?;
    VerifyingKey::from_bytes(&bytes).map_err(|_| bad())
}

/// What was found.
#[derive(Debug, Default)]
struct Found {
    problems: Vec<String>,
    /// What was looked at, in numbers.
    said: Vec<String>,
}
