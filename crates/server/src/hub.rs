//! Opens what is kept and puts the hub of actions together, or says in one sentence why it cannot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actions::{ActionError, Haven, KnownBy, Mode, PackShelf};
use policy::Pack;
use store::vault::Secret32;
use store::{Location, Store, StoreError};

use crate::folder;
use crate::moment::{Clock, fill_random};
use crate::say::Failure;
use crate::settings::Settings;

/// Name of the organisation among the kept settings, for commands that have no settings file.
const ORGANISATION: &str = "organisation.name";
/// Who did it, in the audit record, when it was done by a command.
pub(crate) const COMMAND_LINE: &str = "command line";

/// What the hub is put together from.
pub(crate) struct Plan {
    pub(crate) mode: Mode,
    pub(crate) organisation: String,
    pub(crate) portal_address: String,
    pub(crate) known_by: BTreeMap<String, KnownBy>,
    pub(crate) agency_contacts: BTreeMap<String, String>,
}

/// Opens the database; a folder is checked first.
pub(crate) async fn open(location: &Location) -> Result<Store, Failure> {
    if let Location::Sqlite(folder) = location {
        folder::check(folder)?;
    }
    Store::open(location).await.map_err(|error| {
        let place = match location {
            Location::Sqlite(folder) => format!("The data in {}", folder.display()),
            Location::Postgres(_) => "The PostgreSQL database".to_owned(),
        };
        Failure::new(match error {
            StoreError::Newer { found, known } => format!(
                "{place} was used by a newer Haven (version {found} of the data; this one knows {known}). Install the newer Haven again."
            ),
            StoreError::Away(why) => format!("{place} does not answer ({why}). Start the database server, then Haven again."),
            other => format!("{place} cannot be used ({other}). Check the name, the rights and that it is Haven's."),
        })
    })
}

/// Puts the hub together with a pack that is to be, or is, in force.
pub(crate) async fn hub(store: Store, pack: Arc<Pack>, clock: Arc<Clock>, plan: Plan) -> Result<Haven, Failure> {
    let broken =
        |error: StoreError| Failure::new(format!("Haven's own keys cannot be read ({error}). Restore the key store."));
    let index_key = store::keys::index_key(&store, fresh()).await.map_err(broken)?;
    let audit_key = store::keys::audit_key(&store, fresh()).await.map_err(broken)?;
    Ok(Haven {
        store,
        moment: clock,
        packs: PackShelf::new(pack),
        mode: plan.mode,
        organisation: plan.organisation,
        portal_address: plan.portal_address,
        known_by: plan.known_by,
        agency_contacts: plan.agency_contacts,
        index_key,
        audit_key,
    })
}

/// The hub of a gateway alone: no policy before the database or the disk says which, and no keys at all.
pub(crate) fn gateway_hub(settings: &Settings, clock: Arc<Clock>, plan: Plan) -> Result<Haven, Failure> {
    let Location::Postgres(address) = location(settings)? else {
        return Err(Failure::new(
            "A gateway alone shares a PostgreSQL database with the pages, and SQLite serves one machine only. Set postgres_file under [data], or leave --only out.",
        ));
    };
    let store = Store::open_as_gateway(&address).map_err(|error| {
        Failure::new(format!("The address of the PostgreSQL database cannot be used ({error}). Mend it under [data]."))
    })?;
    Ok(Haven {
        store,
        moment: clock,
        packs: PackShelf::new(Arc::new(Pack::nothing())),
        mode: plan.mode,
        organisation: plan.organisation,
        portal_address: plan.portal_address,
        known_by: plan.known_by,
        agency_contacts: plan.agency_contacts,
        // Never used: there is no way from here to a case, nor to a head.
        index_key: fresh(),
        audit_key: fresh(),
    })
}

fn fresh() -> Secret32 {
    let mut bytes = [0_u8; 32];
    fill_random(&mut bytes);
    Secret32::new(bytes)
}

/// The pack in force in a store; none before the first.
pub(crate) async fn kept_pack(store: &Store) -> Result<Option<Arc<Pack>>, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Failure::new(format!("The policy in force cannot be read ({why}). Restore the database."))
    };
    let Some(in_force) = store::packs::in_force(store).await.map_err(|error| unreadable(&error))? else {
        return Ok(None);
    };
    let kept = store::packs::get(store, &in_force.digest).await.map_err(|error| unreadable(&error))?;
    let kept = kept.ok_or_else(|| unreadable(&"it is not on the shelf"))?;
    let files: BTreeMap<String, String> = serde_json::from_str(&kept.files).map_err(|error| unreadable(&error))?;
    let pack = policy::read(&files).pack.ok_or_else(|| unreadable(&"it has errors in this version of Haven"))?;
    Ok(Some(Arc::new(pack)))
}

/// Remembers the organisation's name for commands without a settings file.
pub(crate) async fn remember_name(haven: &Haven) -> Result<(), Failure> {
    let kept = async {
        if store::settings::get(&haven.store, ORGANISATION).await?.as_deref() == Some(haven.organisation.as_str()) {
            return Ok(());
        }
        let mut unit = haven.store.begin().await?;
        store::settings::put(&mut unit, ORGANISATION, &haven.organisation).await?;
        unit.commit().await.map(|_| ())
    };
    kept.await
        .map_err(|error: StoreError| Failure::new(format!("The database cannot be written ({error}). Try again.")))
}

/// Where a command finds the data: a settings file, or a data folder.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    /// Settings file.
    #[arg(long, default_value = "haven.toml")]
    pub(crate) config: PathBuf,
    /// Data folder with SQLite, instead of a settings file.
    #[arg(long, conflicts_with = "config")]
    pub(crate) data: Option<PathBuf>,
}

impl Place {
    /// The settings, if they are what was named.
    pub(crate) fn settings(&self) -> Result<Option<Settings>, Failure> {
        match &self.data {
            Some(_) => Ok(None),
            None => Settings::read(&self.config).map(Some),
        }
    }

    pub(crate) fn location(&self) -> Result<Location, Failure> {
        match &self.data {
            Some(folder) => location_of(folder),
            None => location(&Settings::read(&self.config)?),
        }
    }

    /// Opens the hub for a command. There must be a policy in force already.
    pub(crate) async fn hub(&self) -> Result<Haven, Failure> {
        let settings = self.settings()?;
        let store = open(&self.location()?).await?;
        let pack = kept_pack(&store).await?.ok_or_else(|| {
            Failure::new("No policy is in force here yet. Start Haven once with 'haven serve', or make the folder with 'haven init'.")
        })?;
        let kept = store::settings::get(&store, ORGANISATION).await.ok().flatten();
        let practice = self.folder(settings.as_ref()).is_some_and(|folder| folder::is_practice(&folder));
        let plan = Plan {
            mode: if practice { Mode::Practice } else { Mode::Real },
            organisation: settings.as_ref().map(|all| all.organisation.name.clone()).or(kept).unwrap_or_default(),
            portal_address: settings.as_ref().map(|all| all.portal.address.clone()).unwrap_or_default(),
            known_by: BTreeMap::new(),
            agency_contacts: BTreeMap::new(),
        };
        hub(store, pack, Arc::new(Clock::real()), plan).await
    }

    pub(crate) fn folder(&self, settings: Option<&Settings>) -> Option<PathBuf> {
        self.data.clone().or_else(|| settings.map(|all| all.data.folder.clone()))
    }
}

/// Where the settings say that the data is.
pub(crate) fn location(settings: &Settings) -> Result<Location, Failure> {
    if let Some(file) = &settings.data.postgres_file {
        return Ok(Location::Postgres(folder::read_secret(file)?.trim().to_owned()));
    }
    Ok(match &settings.data.postgres {
        Some(address) => Location::Postgres(address.clone()),
        None => Location::Sqlite(settings.data.folder.clone()),
    })
}

/// Where a data folder keeps its data: a practice folder may say that it is in PostgreSQL.
fn location_of(folder: &Path) -> Result<Location, Failure> {
    match crate::demo::mark::Mark::find(folder)?.and_then(|mark| mark.postgres) {
        Some(address) => Ok(Location::Postgres(address)),
        None => Ok(Location::Sqlite(folder.to_path_buf())),
    }
}

/// An action's trouble as a sentence for the command line.
pub(crate) fn told(error: ActionError) -> Failure {
    Failure::new(match error {
        ActionError::NotFound => "There is no such person. Check the user name.".to_owned(),
        ActionError::Refused { sentence, .. } => sentence,
        ActionError::Fault(faults) => faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join(" "),
        ActionError::Conflict => "Somebody else changed it at the same moment. Try again.".to_owned(),
        ActionError::Away(why) => format!("The database does not answer ({why}). Try again when it does."),
        other => format!("Haven could not do it ({other}). Look into the log, and try again."),
    })
}
