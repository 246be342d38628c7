//! `haven init`: the first start on real data, from the organisation's name to the printed recovery shares.

mod answers;
mod asking;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use actions::people::NewPerson;
use actions::{Haven, Mode};
use clap::Args;
use gateway::{Authority, AuthorityPem};
use store::Location;
use store::vault::{self, RecoverySecret};

use self::answers::Answers;
use super::people::make_keys;
use crate::hub::{self, COMMAND_LINE, Plan};
use crate::moment::{Clock, fill_random};
use crate::say::{Ending, Failure, Out, Outcome};
use crate::serve::{CA_CERTIFICATE, CA_KEY};
use crate::{folder, log, packs};

/// The right that makes somebody an administrator of people.
const ADMINISTERS: &str = "people.manage";
/// Shares of the recovery key unless the answers say otherwise: any two open it.
const SHARES: u8 = 5;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where to write the settings.
    #[arg(long, default_value = "haven.toml")]
    config: PathBuf,
    /// A file with all the answers, for scripts; without it, you are asked.
    #[arg(long)]
    answers: Option<PathBuf>,
}

pub(crate) fn run(init: &Init) -> Outcome {
    if init.config.exists() {
        return Err(Failure::new(format!(
            "{} is there already. Start Haven with 'haven serve', or name another file with --config.",
            init.config.display()
        )));
    }
    let answers = match &init.answers {
        Some(file) => Answers::read(file)?,
        None => asking::ask()?,
    };
    log::runtime()?.block_on(make(&init.config, &answers))
}

async fn make(config: &Path, answers: &Answers) -> Outcome {
    let (pack, files) = packs::sound(&answers.pack)?;
    answers.check(&pack)?;
    if answers.folder.exists() {
        folder::check_empty(&answers.folder)?;
    }
    folder::make(&answers.folder)?;
    authority(answers)?;
    let location = match &answers.postgres {
        Some(address) => {
            folder::write_secret(&answers.folder.join(answers::POSTGRES_FILE), address)?;
            Location::Postgres(address.clone())
        }
        None => Location::Sqlite(answers.folder.clone()),
    };
    let store = hub::open(&location).await?;
    if hub::kept_pack(&store).await?.is_some() {
        return Err(Failure::new("That database is in use by Haven already. Name an empty one."));
    }
    let plan = Plan {
        mode: Mode::Real,
        organisation: answers.organisation.clone(),
        portal_address: answers.address.clone(),
        known_by: std::collections::BTreeMap::new(),
        agency_contacts: Default::default(),
    };
    let haven = hub::hub(store, Arc::clone(&pack), Arc::new(Clock::real()), plan).await?;
    actions::shelf::put_in_force(&haven, pack, &files, COMMAND_LINE).await.map_err(hub::told)?;
    hub::remember_name(&haven).await?;
    // Before the first case holder: every case key is wrapped for the recovery key as well.
    let shares = make_shares(&haven, answers.shares.unwrap_or(SHARES)).await?;
    for person in &answers.people {
        let new = NewPerson {
            name: person.name.clone(),
            username: person.username.clone(),
            population: person.population.clone(),
            email: person.email.clone(),
            posts: person.posts.clone(),
            password: Some(person.password.clone()),
            ..NewPerson::default()
        };
        actions::people::add(&haven, new, COMMAND_LINE).await.map_err(hub::told)?;
        make_keys(&haven, &person.username, &person.password).await?;
    }
    let holders = store::keys::holders(&haven.store).await.map(|holders| holders.len()).unwrap_or_default();
    haven.store.close().await;
    folder::write_open(config, &answers.settings())?;
    tell(config, answers, &shares, holders)
}

fn tell(config: &Path, answers: &Answers, shares: &[String], holders: usize) -> Outcome {
    let mut out = Out::new();
    out.line(format_args!("{} is ready.", answers.organisation))?;
    out.line("")?;
    out.line("Recovery shares. Two of them together are the last way to the cases when nobody can open them any more")?;
    out.line("('haven keys recover'). They are shown this once and kept nowhere: print each on a sheet of its own, give each")?;
    out.line("to another person, and keep one outside the organisation.")?;
    out.line("")?;
    for (place, share) in (1..).zip(shares) {
        out.line(format_args!("  share {place}: {share}"))?;
    }
    out.line("")?;
    if holders < actions::keys::LIVE_HOLDERS_MIN {
        out.line(format_args!(
            "{holders} of the people you named can hold cases. Add more with 'haven user add', so that at least {} can.",
            actions::keys::LIVE_HOLDERS_MIN
        ))?;
    }
    out.line(format_args!(
        "Settings are in {}. Start Haven with: haven serve --config {}",
        config.display(),
        config.display()
    ))?;
    out.end(Ending::Done)
}

fn authority(answers: &Answers) -> Result<(), Failure> {
    let clock = Clock::real();
    let AuthorityPem { certificate, key } =
        Authority::create(&answers.organisation, gateway::Moment::now(&clock), &clock).map_err(|error| {
            Failure::new(format!("The certificate authority could not be made ({error}). Try again."))
        })?;
    folder::write_secret(&answers.folder.join(CA_KEY), &key)?;
    folder::write_open(&answers.folder.join(CA_CERTIFICATE), &certificate)
}

/// Makes the recovery key with the usual number of shares. Only its public half is kept.
pub(crate) async fn make_recovery(haven: &Haven) -> Result<Vec<String>, Failure> {
    make_shares(haven, SHARES).await
}

async fn make_shares(haven: &Haven, count: u8) -> Result<Vec<String>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(format!("The recovery key could not be made ({error}). Try again."))
    };
    let mut random = vault::Entropy(|bytes: &mut [u8]| fill_random(bytes));
    let secret = RecoverySecret::generate(&mut random);
    let shares = vault::shares(&mut random, &secret, count).map_err(|error| failed(&error))?;
    let now = haven.now();
    let mut unit = haven.store.begin().await.map_err(|error| failed(&error))?;
    let entry = casework::audit::NewEntry {
        at_us: now.as_microsecond(),
        actor: COMMAND_LINE.to_owned(),
        action: "keys.recovery".to_owned(),
        object: "recovery".to_owned(),
        detail: serde_json::json!({ "shares": count, "needed": 2 }).to_string(),
        citation: String::new(),
        digests: vec![store::keys::vouched(store::keys::RECOVERY, &secret.public())],
    };
    store::audit::append(&mut unit, entry);
    unit.commit().await.map_err(|error| failed(&error))?;
    store::keys::put_recovery(&haven.store, &secret.public(), now).await.map_err(|error| failed(&error))?;
    Ok(shares)
}
