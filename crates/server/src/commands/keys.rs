//! `haven keys status`: who holds keys to cases, and whether enough people do.

use actions::keys::LIVE_HOLDERS_MIN;
use clap::Subcommand;
use serde_json::json;

use crate::hub::{self, Place};
use crate::log;
use crate::say::{Ending, Failure, Format, Out, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum KeysWord {
    /// Who holds keys. Exit 1 if fewer than three people do, or there is no recovery key.
    Status {
        #[command(flatten)]
        place: Place,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

pub(crate) fn run(word: KeysWord) -> Outcome {
    let KeysWord::Status { place, format } = word;
    log::runtime()?.block_on(status(&place, format))
}

async fn status(place: &Place, format: Format) -> Outcome {
    let haven = place.hub().await?;
    let store = &haven.store;
    let failed =
        |error: store::StoreError| Failure::new(format!("The keys cannot be read ({error}). Check the data folder."));
    let holders = store::keys::holders(store).await.map_err(failed)?;
    let people = store::people::everyone(store).await.map_err(failed)?;
    let can_open = actions::keys::live_holders(&haven).await.map_err(hub::told)?;
    let recovery = store::keys::recovery(store).await.map_err(failed)?.is_some();
    let mut out = Out::new();
    let mut live = 0_usize;
    for holder in &holders {
        let person = people.iter().find(|person| person.id == holder.person);
        let name = person.map_or("somebody who is gone", |person| person.username.as_str());
        let is_live = can_open.contains(&holder.person);
        live += usize::from(is_live);
        match format {
            Format::Json => {
                out.json(&json!({ "username": name, "live": is_live, "since": holder.created_at.to_string() }))?
            }
            Format::Text => {
                let state = if is_live { "has keys" } else { "opens no case: another holder must let them in" };
                out.line(format_args!("{name}: {state}, since {}", holder.created_at.strftime("%-d %B %Y")))?;
            }
        }
    }
    let enough = live >= LIVE_HOLDERS_MIN;
    match format {
        Format::Json => out.json(&json!({ "live": live, "enough": enough, "recovery": recovery }))?,
        Format::Text => {
            let say_enough =
                if enough { "That is enough." } else { "That is too few: let at least three case holders sign in." };
            out.line(format_args!("{live} of {} case holders have live keys. {say_enough}", holders.len()))?;
            let say_recovery = if recovery { "There is a recovery key." } else { "There is no recovery key." };
            out.line(say_recovery)?;
        }
    }
    out.end(if enough && recovery { Ending::Done } else { Ending::Found })
}
