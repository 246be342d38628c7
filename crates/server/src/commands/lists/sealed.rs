//! `haven lists release` and `haven lists retire`: what two people with recovery shares may do about sealed lists, and nobody else.

use actions::Haven;
use clap::Args;
use serde_json::json;
use zeroize::Zeroizing;

use crate::commands::keys::share;
use crate::hub::{self, COMMAND_LINE, Place};
use crate::say::{self, Ending, Failure, Format, Out, Outcome};
use crate::sealed::{self, Looked, Sealed};
use crate::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct Releasing {
    #[command(flatten)]
    place: Place,
    /// The reference of the event; it stands with the event, and in the case.
    reference: String,
    /// For whom and why; it stays in the record.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Retiring {
    #[command(flatten)]
    place: Place,
    /// The sealed list.
    name: String,
    /// Why; it stays in the record.
    #[arg(long)]
    reason: String,
}

pub(super) async fn release(releasing: &Releasing) -> Outcome {
    let haven = releasing.place.hub().await?;
    actions::keys::check_reason(&releasing.reason).map_err(hub::told)?;
    let (first, second) = two_shares()?;
    let reference = releasing.reference.trim();
    let released = actions::sealed_hit::release(&haven, reference, &[&first, &second], &releasing.reason, COMMAND_LINE)
        .await
        .map_err(hub::told)?;
    say::line(format_args!("{} at {}", released.reference, released.at));
    say::line(format_args!("{} ({})", released.address, released.device));
    say::line(released.how);
    say::line(
        "Hand this to the police and to nobody else. Do not open the address. That it was released is in the record.",
    );
    Ok(Ending::Done)
}

pub(super) async fn retire(retiring: &Retiring) -> Outcome {
    let settings = retiring.place.settings()?.ok_or_else(no_settings)?;
    if settings.sealed_lists.iter().any(|list| list.name == retiring.name) {
        return Err(Failure::new(format!(
            "The settings still name the sealed list '{}'. Take it out of them first.",
            retiring.name
        )));
    }
    let haven = retiring.place.hub().await?;
    actions::keys::check_reason(&retiring.reason).map_err(hub::told)?;
    let (first, second) = two_shares()?;
    actions::sealed_hit::retire(&haven, &retiring.name, &[&first, &second], &retiring.reason, COMMAND_LINE)
        .await
        .map_err(hub::told)?;
    serve::sealed(&settings, &haven, true).await?.remove(&retiring.name)?;
    say::line(format_args!("The sealed list {} is retired. It ends when Haven is started again.", retiring.name));
    Ok(Ending::Done)
}

fn no_settings() -> Failure {
    Failure::new("Name the settings file with --config: sealed lists stand in it.")
}

fn two_shares() -> Result<(Zeroizing<String>, Zeroizing<String>), Failure> {
    let first = share("first", &[])?;
    let second = share("second", &[store::vault::share_number(&first).unwrap_or_default()])?;
    Ok((first, second))
}

/// Looks at every sealed list of the settings now.
pub(super) async fn update(settings: &Settings, haven: &Haven, only: Option<&str>) -> Outcome {
    let sealed = serve::sealed(settings, haven, true).await?;
    let mut ending = Ending::Done;
    for source in sealed.sources.iter().filter(|source| only.is_none_or(|name| name == source.source.name)) {
        let looked = sealed.look(source, haven.now()).await?;
        say::line(format_args!("{}: {}", source.source.name, looked.sentence()));
        sealed::note(haven, true, source, &looked).await;
        if matches!(looked, Looked::Held(_) | Looked::Failed(_)) {
            ending = Ending::Found;
        }
    }
    Ok(ending)
}

/// How the sealed lists stand: numbers, never an entry.
pub(super) fn status(sealed: &Sealed, out: &mut Out, format: Format) -> Outcome {
    let mut ending = Ending::Done;
    for list in sealed.shown() {
        let good = list.in_force && list.in_settings && list.state == web::ListState::Good;
        if !good {
            ending = Ending::Found;
        }
        if format == Format::Json {
            out.json(&json!({
                "sealed": list.name, "entries": list.entries, "in_force": list.in_force,
                "in_settings": list.in_settings, "good": good, "sentence": list.sentence,
            }))?;
            continue;
        }
        out.line(format_args!("{}, a sealed list: {}", list.name, say::count(list.entries, "entry", "entries")))?;
        let state = match (list.in_force, list.in_settings) {
            (false, _) => "NOT IN FORCE",
            (true, false) => "IN NO SETTING, and in force with its last edition",
            (true, true) => "in force",
        };
        out.line(format_args!("  {state}: {}", list.sentence))?;
    }
    Ok(ending)
}
