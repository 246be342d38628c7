//! `haven keys`: who holds keys to cases and whether enough people do, and the last way back with two recovery shares.

use actions::keys::LIVE_HOLDERS_MIN;
use clap::{Args, Subcommand};
use serde_json::json;
use store::vault;
use zeroize::Zeroizing;

use crate::hub::{self, COMMAND_LINE, Place};
use crate::say::{self, Ending, Failure, Format, Out, Outcome};
use crate::{ask, log};

#[derive(Debug, Subcommand)]
pub(crate) enum KeysWord {
    /// Who holds keys. Exit 1 if fewer than three people do, a case opens for nobody, or there is no recovery key.
    Status {
        #[command(flatten)]
        place: Place,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Let a person in by two recovery shares, to the cases that nobody else can open. The shares are asked for.
    Recover(Recovering),
}

#[derive(Debug, Args)]
pub(crate) struct Recovering {
    #[command(flatten)]
    place: Place,
    /// The user name of the person who is to hold the cases.
    username: String,
    /// Why the shares are used; it stays in the record.
    #[arg(long)]
    reason: String,
}

pub(crate) fn run(word: KeysWord) -> Outcome {
    log::runtime()?.block_on(async {
        match word {
            KeysWord::Status { place, format } => status(&place, format).await,
            KeysWord::Recover(recovering) => recover(&recovering).await,
        }
    })
}

async fn recover(recovering: &Recovering) -> Outcome {
    let haven = recovering.place.hub().await?;
    actions::keys::check_reason(&recovering.reason).map_err(hub::told)?;
    let survey = actions::keys::survey(&haven, &recovering.username).await.map_err(hub::told)?;
    say::line(format_args!(
        "Only shares can let {} in: {} for nobody, and {} by somebody who may let nobody in.",
        survey.name,
        say::count(survey.stuck.dark, "case opens", "cases open"),
        say::count(survey.stuck.alone, "is held", "are held"),
    ));
    let first = share("first", &[])?;
    let second = share("second", &[vault::share_number(&first).unwrap_or_default()])?;
    let done =
        actions::keys::recover(&haven, &recovering.username, &[&first, &second], &recovering.reason, COMMAND_LINE)
            .await
            .map_err(hub::told)?;
    say::line(format_args!("{} is let in. Opened: {}.", done.name, cases(done.opened)));
    if done.stay_shut > 0 {
        say::line(format_args!(
            "{} shut: whom a case leaves out, or is about, never gets it. Run this again for somebody else.",
            say::count(done.stay_shut, "case stays", "cases stay")
        ));
    }
    say::line("Every case holder, and whoever manages people, is told. Put the sheets back; they stay good.");
    if done.lets_in {
        say::line(format_args!(
            "Next: {} signs in and lets others in on the page Keys, until at least {LIVE_HOLDERS_MIN} can open cases.",
            done.name
        ));
    } else {
        say::line("This person may not let others in by your policy. Run this again for somebody who may.");
    }
    Ok(Ending::Done)
}

fn cases(count: u64) -> String {
    say::count(count, "case", "cases")
}

/// Asks for a share until it is typed as it stands on its sheet, which is not one of `used`.
pub(crate) fn share(which: &str, used: &[u8]) -> Result<Zeroizing<String>, Failure> {
    let question = format!("The {which} share, from its sheet: ");
    loop {
        let typed = Zeroizing::new(ask::secret(&question)?);
        let sentence = match vault::share_number(&typed) {
            Ok(number) if used.contains(&number) => "That is the same share again. Take another sheet.",
            Ok(_) => return Ok(typed),
            Err(_) => "There is a typing mistake in this share. Compare each letter with the sheet.",
        };
        if !ask::on_terminal() {
            return Err(Failure::new(sentence));
        }
        say::line(sentence);
    }
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
    let stuck = actions::keys::stuck_cases(&haven).await.map_err(hub::told)?;
    let shut = stuck.dark + stuck.alone;
    match format {
        Format::Json => {
            out.json(&json!({ "live": live, "enough": enough, "recovery": recovery, "open_to_nobody": stuck.dark, "nobody_lets_in": stuck.alone }))?
        }
        Format::Text => {
            let say_enough =
                if enough { "That is enough." } else { "That is too few: let at least three case holders sign in." };
            out.line(format_args!("{live} of {} case holders have live keys. {say_enough}", holders.len()))?;
            let say_recovery = if recovery { "There is a recovery key." } else { "There is no recovery key." };
            out.line(say_recovery)?;
            if shut > 0 {
                out.line(format_args!(
                    "{} for nobody, and {} by somebody who may let nobody in. Two recovery shares help: haven keys recover.",
                    say::count(stuck.dark, "case opens", "cases open"),
                    say::count(stuck.alone, "is held", "are held"),
                ))?;
            }
        }
    }
    out.end(if enough && recovery && shut == 0 { Ending::Done } else { Ending::Found })
}
