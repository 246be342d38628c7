//! `haven lists update`, `status`, `accept`, `rollback` and `diff`: the supply of block lists in the hands of a person.

use std::path::{Path, PathBuf};

use actions::Haven;
use actions::audit::ListsChange;
use clap::Args;
use filter::lists::guard;
use serde_json::json;

use super::open;
use crate::hub::{self, COMMAND_LINE, Place};
use crate::say::{self, Ending, Failure, Format, Out, Outcome};
use crate::serve;
use crate::settings::Settings;
use crate::supply::{Build, Source, State, Supply, Update};

/// Changes shown under a source that waits.
const SAMPLE_SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct Updating {
    #[command(flatten)]
    place: Place,
    /// Only this source.
    name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Showing {
    #[command(flatten)]
    place: Place,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Accepting {
    #[command(flatten)]
    place: Place,
    /// The source whose new edition waits.
    name: String,
    /// Why it is good; it stays in the record.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct TakingBack {
    #[command(flatten)]
    place: Place,
    /// The number of the lists that are to be in force again; without it, those before the present ones.
    #[arg(long)]
    to: Option<u64>,
    /// Why; it stays in the record.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Comparing {
    #[command(flatten)]
    place: Place,
    /// A list file, or the number of lists that are or were in force.
    old: String,
    new: String,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn none() -> Failure {
    Failure::new("The settings name no sources of lists. Write them as [[list]]; docs/settings.md tells how.")
}

fn settings(place: &Place) -> Result<Settings, Failure> {
    place.settings()?.ok_or_else(none)
}

fn supply_of(settings: &Settings) -> Result<Supply, Failure> {
    serve::supply(settings)?.ok_or_else(none)
}

/// The supply that the settings name.
pub(super) fn of(place: &Place) -> Result<Supply, Failure> {
    supply(place)
}

fn supply(place: &Place) -> Result<Supply, Failure> {
    supply_of(&settings(place)?)
}

fn find<'a>(supply: &'a Supply, name: &str) -> Result<&'a Source, Failure> {
    supply.sources.iter().find(|source| source.name == name).ok_or_else(|| {
        let known: Vec<&str> = supply.sources.iter().map(|source| source.name.as_str()).collect();
        Failure::new(format!("There is no source '{name}'. The settings name: {}.", known.join(", ")))
    })
}

pub(super) async fn update(updating: &Updating) -> Outcome {
    let settings = settings(&updating.place)?;
    let haven = updating.place.hub().await?;
    let is_sealed = |name: &str| settings.sealed_lists.iter().any(|list| list.name == name);
    let mut ending = Ending::Done;
    if updating.name.as_deref().is_none_or(is_sealed) {
        ending = super::sealed::update(&settings, &haven, updating.name.as_deref()).await?;
        if updating.name.is_some() || (settings.sources.is_empty() && !settings.sealed_lists.is_empty()) {
            return Ok(ending);
        }
    }
    let supply = supply_of(&settings)?;
    let sources: Vec<&Source> = match &updating.name {
        Some(name) => vec![find(&supply, name)?],
        None => supply.sources.iter().collect(),
    };
    let _held = supply.shelf.lock()?;
    supply.shelf.go_on();
    for source in sources {
        let outcome = supply.update(source, haven.now()).await?;
        say::line(format_args!("{}: {}", source.name, outcome.sentence()));
        if let Update::Held(concerns) = &outcome {
            for concern in concerns {
                say::line(format_args!("  {concern}"));
            }
            say::line(format_args!(
                "  Look at it with 'haven lists status', and take it with 'haven lists accept {} --reason ...'.",
                source.name
            ));
            note(&haven, ListsChange::Held, &source.name, &json!({ "concerns": concerns })).await?;
        }
        if matches!(outcome, Update::Held(_) | Update::Failed(_)) {
            ending = Ending::Found;
        }
    }
    put_in_force(&supply, &haven, "updated by hand").await?;
    Ok(ending)
}

pub(super) async fn accept(accepting: &Accepting) -> Outcome {
    let supply = supply(&accepting.place)?;
    let haven = accepting.place.hub().await?;
    let reason = reason(&accepting.reason)?;
    let source = find(&supply, &accepting.name)?;
    let _held = supply.shelf.lock()?;
    supply.accept(source, haven.now())?;
    note(&haven, ListsChange::Accepted, &source.name, &json!({ "why": reason })).await?;
    put_in_force(&supply, &haven, "accepted by a person").await?;
    Ok(Ending::Done)
}

pub(super) async fn take_back(taking: &TakingBack) -> Outcome {
    let supply = supply(&taking.place)?;
    let haven = taking.place.hub().await?;
    let reason = reason(&taking.reason)?;
    let _held = supply.shelf.lock()?;
    let build = supply.shelf.take_back(taking.to)?;
    let detail = json!({ "why": reason, "digest": build.digest });
    note(&haven, ListsChange::TakenBack, &build.number.to_string(), &detail).await?;
    say::line(format_args!("{} in force again. New lists wait until you run 'haven lists update'.", told(&build)));
    Ok(Ending::Done)
}

fn reason(text: &str) -> Result<&str, Failure> {
    match text.trim() {
        "" => Err(Failure::new("Say in a sentence why, with --reason. It stays in the record.")),
        text => Ok(text),
    }
}

async fn put_in_force(supply: &Supply, haven: &Haven, why: &str) -> Result<(), Failure> {
    match supply.put_in_force(why, haven.now())? {
        None => say::line("The lists in force are the same as before."),
        Some(build) => {
            let detail = json!({ "digest": build.digest, "names": build.names, "urls": build.urls, "why": why });
            note(haven, ListsChange::InForce, &build.number.to_string(), &detail).await?;
            say::line(format_args!("{} in force.", told(&build)));
        }
    }
    Ok(())
}

async fn note(haven: &Haven, change: ListsChange, object: &str, detail: &serde_json::Value) -> Result<(), Failure> {
    actions::audit::lists_changed(haven, COMMAND_LINE, change, object, detail).await.map_err(hub::told)
}

fn told(build: &Build) -> String {
    format!(
        "Lists {}: {} and {}, made {}, are",
        build.number,
        say::count(build.names, "name", "names"),
        say::count(build.urls, "address", "addresses"),
        build.at.strftime("%-d %B %Y, %H:%M UTC"),
    )
}

pub(super) async fn status(showing: &Showing) -> Outcome {
    let settings = settings(&showing.place)?;
    let mut out = Out::new();
    let mut ending = Ending::Done;
    // Whoever looks needs the database only for sealed lists: their key is there.
    if !settings.sealed_lists.is_empty() || settings.data.folder.join(crate::sealed::FOLDER).exists() {
        let haven = showing.place.hub().await?;
        let sealed = serve::sealed(&settings, &haven, true).await?;
        ending = super::sealed::status(&sealed, &mut out, showing.format)?;
        if settings.sources.is_empty() {
            return out.end(ending);
        }
    }
    let supply = supply_of(&settings)?;
    for source in &supply.sources {
        let (status, edition) = (supply.shelf.status(&source.name), supply.shelf.edition(&source.name));
        let state = status.as_ref().map(|status| status.state);
        if state != Some(State::Good) {
            ending = Ending::Found;
        }
        if showing.format == Format::Json {
            out.json(&json!({
                "source": source.name, "from": source.from.to_string(), "state": state, "status": status,
                "edition": edition,
            }))?;
            continue;
        }
        out.line(format_args!("{} from {}", source.name, source.from))?;
        match &edition {
            Some(edition) => out.line(format_args!(
                "  good edition of {}: {}, {} not used",
                edition.fetched_at.strftime("%-d %B %Y, %H:%M UTC"),
                say::count(edition.entries, "line", "lines"),
                say::number(edition.refused),
            ))?,
            None => out.line("  no good edition yet")?,
        }
        let Some(status) = status else {
            out.line("  not looked at yet")?;
            continue;
        };
        out.line(format_args!(
            "  {}, {}: {}",
            word(status.state),
            status.checked_at.strftime("%-d %B %Y, %H:%M UTC"),
            status.sentence
        ))?;
        for line in status.concerns.iter().chain(status.sample.iter().take(SAMPLE_SHOWN)) {
            out.line(format_args!("    {line}"))?;
        }
        if status.sample.len() > SAMPLE_SHOWN {
            out.line("    ... (the page Block lists and --format json show more)")?;
        }
    }
    let in_force = supply.shelf.in_force_digest();
    for build in supply.shelf.builds() {
        let is = in_force.as_ref() == Some(&build.digest);
        if showing.format == Format::Json {
            out.json(&json!({ "build": build, "in_force": is }))?;
        } else {
            let mark = if is { "in force" } else { "before" };
            out.line(format_args!(
                "{mark}: lists {}, {} names, {} addresses, {} bytes, {} ({})",
                build.number,
                say::number(build.names),
                say::number(build.urls),
                say::number(build.bytes),
                build.at.strftime("%-d %B %Y, %H:%M UTC"),
                build.why
            ))?;
        }
    }
    if let Some(number) = supply.shelf.taken_back() {
        ending = Ending::Found;
        if showing.format == Format::Text {
            out.line(format_args!(
                "Lists {number} were taken back by a person. New ones wait for 'haven lists update'."
            ))?;
        }
    }
    out.end(ending)
}

fn word(state: State) -> &'static str {
    match state {
        State::Good => "good",
        State::Held => "WAITS",
        State::Failed => "FAILED",
    }
}

pub(super) fn diff(comparing: &Comparing) -> Outcome {
    let (old, new) = (named(&comparing.place, &comparing.old)?, named(&comparing.place, &comparing.new)?);
    let found = guard::difference(&open(&old)?, &open(&new)?);
    let mut out = Out::new();
    if comparing.format == Format::Json {
        out.json(&json!({
            "added": found.added, "removed": found.removed, "changed": found.changed, "sample": found.sample,
        }))?;
    } else {
        for line in &found.sample {
            out.line(line)?;
        }
        out.line(crate::supply::changes(&found))?;
        if found.added.max(found.removed).max(found.changed) > guard::SAMPLE_LIMIT.try_into().unwrap_or(u64::MAX) {
            out.line(format_args!("The first {} of each kind are shown.", guard::SAMPLE_LIMIT))?;
        }
    }
    out.end(if found == guard::Difference::default() { Ending::Done } else { Ending::Found })
}

/// A file, or the file of lists with this number.
fn named(place: &Place, text: &str) -> Result<PathBuf, Failure> {
    match text.parse::<u64>() {
        Ok(number) if !Path::new(text).exists() => Ok(supply(place)?.shelf.build_file(number)),
        _ => Ok(PathBuf::from(text)),
    }
}
