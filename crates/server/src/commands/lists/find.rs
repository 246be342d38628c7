//! `haven lists find`: from a name to the list, the edition, the file and the line by which it is listed.

use std::path::PathBuf;

use clap::Args;
use filter::Address;
use filter::lists::{self, Columns};
use serde_json::json;

use super::{address_of, read, sources, supply};
use crate::hub::Place;
use crate::say::{self, Ending, Failure, Format, Out, Outcome};
use crate::supply::{DIGEST_SHOWN_LETTERS, FoundIn};

#[derive(Debug, Args)]
pub(crate) struct Finding {
    #[command(flatten)]
    place: Place,
    /// Names or addresses.
    #[arg(required = true)]
    names: Vec<String>,
    /// Look into these folders and files instead of the kept editions of the settings' sources.
    #[arg(long = "in")]
    folders: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(finding: &Finding) -> Outcome {
    let mut out = Out::new();
    let mut ending = Ending::Done;
    for name in &finding.names {
        let address = address_of(name).map_err(|error| {
            Failure::new(format!("'{name}' is no address: {error}. Write a name or a whole address."))
        })?;
        let found = if finding.folders.is_empty() {
            supply::of(&finding.place)?.find(&address)?
        } else {
            in_folders(&finding.folders, &address)?
        };
        if found.is_empty() {
            ending = Ending::Found;
            if finding.format == Format::Text {
                out.line(format_args!("{name}: on no list"))?;
            }
        }
        for one in &found {
            tell(&mut out, name, one, finding.format)?;
        }
    }
    out.end(ending)
}

fn in_folders(folders: &[PathBuf], address: &Address) -> Result<Vec<FoundIn>, Failure> {
    let mut found = Vec::new();
    for folder in folders {
        for source in sources(folder)? {
            let lines = lists::find(&source.shown, &read(&source.path)?, &Columns::default(), address).into_iter();
            found.extend(lines.map(|line| FoundIn { list: folder.display().to_string(), edition: None, line }));
        }
    }
    Ok(found)
}

fn tell(out: &mut Out, name: &str, one: &FoundIn, format: Format) -> Result<(), Failure> {
    let line = &one.line;
    if format == Format::Json {
        let (at, digest) = one.edition.as_ref().map(|(at, digest)| (at.to_string(), digest.clone())).unzip();
        return out.json(&json!({
            "name": name, "list": one.list, "file": line.file, "line": line.line, "text": line.text,
            "entry": line.entry, "edition": digest, "fetched_at": at,
        }));
    }
    let edition = match &one.edition {
        Some((at, digest)) => format!(
            ", edition of {} ({})",
            at.strftime("%-d %B %Y, %H:%M UTC"),
            digest.get(..DIGEST_SHOWN_LETTERS).unwrap_or(digest)
        ),
        None => String::new(),
    };
    out.line(format_args!("{name}: {}{edition}", one.list))?;
    out.line(format_args!("  {}, line {}: {}", line.file, say::number(line_number(line.line)), line.text))
}

fn line_number(line: usize) -> u64 {
    u64::try_from(line).unwrap_or(u64::MAX)
}
