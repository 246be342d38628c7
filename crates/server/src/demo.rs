//! `haven demo`: a practice organisation with invented people and websites, where nothing is real and nothing leaves the machine.

pub(crate) mod mark;
mod people;
mod sites;
mod web_server;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actions::mail::PracticeCarrier;
use actions::{Haven, KnownBy, Mode};
use clap::Args;
use gateway::{Authority, AuthorityPem};
use store::Location;

use self::mark::Mark;
use crate::house::{self, Apart, Away, House, Portal, Practising};
use crate::hub::{self, Plan};
use crate::moment::Clock;
use crate::ports::last_good;
use crate::ports::portal::Practice;
use crate::say::{Failure, Outcome};
use crate::serve::{CA_CERTIFICATE, CA_KEY, read_authority};
use crate::{folder, heads, log, packs, say, shipped, spool, workers};

/// The pack that the practice organisation follows.
const PACK: &str = "waes";
const ORGANISATION: &str = "Practice College";
const HOST: &str = "haven.test";
const PORT: u16 = 8080;
/// The first person's proxy stands so many ports above the portal.
const PROXIES_FROM: u16 = 11;
const SITES_CERTIFICATE: &str = "practice-sites.pem";
const SITES_KEY: &str = "practice-sites.key";
const SHARES: &str = "recovery-shares.txt";
/// Name of the setting that marks a database as practice.
const MARK_SETTING: &str = "practice.mark";

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Port of Haven's pages; people's proxies follow from this plus 11.
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Folder for the practice data; without it, one of Haven's own.
    #[arg(long)]
    data: Option<PathBuf>,
    /// `sqlite`, or the address of an empty PostgreSQL database.
    #[arg(long)]
    store: Option<String>,
}

pub(crate) fn run(demo: &Demo) -> Outcome {
    let last = usize::from(demo.port) + usize::from(PROXIES_FROM) + people::ALL.len();
    if demo.port == 0 || last > usize::from(u16::MAX) {
        return Err(Failure::new("That port leaves no room for people's proxies. Choose one between 1 and 65000."));
    }
    let data = demo
        .data
        .clone()
        .or_else(own_folder)
        .ok_or_else(|| Failure::new("There is no home folder for the practice data. Name a folder with --data."))?;
    let mark = mark::enter(&data, demo.store.as_deref())?;
    let held = folder::hold(&data)?;
    log::start();
    let ended = log::runtime()?.block_on(practise(demo.port, &data, &mark));
    drop(held);
    ended
}

fn own_folder() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_DATA_HOME").filter(|text| !text.is_empty()).map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share"));
    base.or_else(home).map(|base| base.join("haven-practice"))
}

async fn practise(port: u16, data: &Path, mark: &Mark) -> Outcome {
    let clock = Arc::new(Clock::practice());
    let haven = Arc::new(open(port, data, mark, &clock).await?);
    workers::set_clock(&haven, &clock).await.map_err(hub::told)?;
    people::settle(&haven, &mark.password).await?;
    recovery(&haven, data).await?;

    let real = Clock::real();
    let authority = kept_authority(data, CA_CERTIFICATE, CA_KEY, ORGANISATION, &real)?;
    let sites = Arc::new(kept_authority(data, SITES_CERTIFICATE, SITES_KEY, "Practice websites", &real)?);
    let stop = tokio_util::sync::CancellationToken::new();
    let served = web_server::start(Arc::clone(&sites), stop.clone()).await?;
    let house = House {
        gateway: gateway_config(port, sites.certificate_pem(), served),
        haven: Arc::clone(&haven),
        clock,
        only: None,
        authority: Arc::new(authority),
        lists: None,
        timetable: Arc::default(),
        devices: Arc::default(),
        supply: None,
        sealed: None,
        portal: Portal {
            listen: local(port),
            host: HOST.to_owned(),
            tls: None,
            exit_address: "http://library.test/".to_owned(),
            whom_to_talk_to: "Your tutor, or the safeguarding team (practice room 1, ground floor)".to_owned(),
            proxy_host: Ipv4Addr::LOCALHOST.to_string(),
            proxy_file: web::ProxyFile::default(),
        },
        carrier: Some(Arc::new(PracticeCarrier)),
        heads: heads::Plan { folder: data.join("heads"), mail: None },
        records_waiting: gateway::sink::WAITING_LIMIT_RECORDS,
        practice: Some(Practising {
            sites: served,
            password: mark.password.clone(),
            seats: seats(port),
            person: people::as_filtered,
        }),
        data: data.to_path_buf(),
        away: Away { spool: data.join("spool"), limit_mb: spool::LIMIT_MB, policy_days: last_good::LIMIT_DAYS },
        apart: Apart::default(),
        // In practice somebody asks for it, and sees what comes of it.
        check_every_hours: 0,
    };
    let ended = house::run(house, |_, _| welcome(port, data)).await;
    stop.cancel();
    ended
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Opens the database, and refuses one that real people may rest on.
async fn open(port: u16, data: &Path, mark: &Mark, clock: &Arc<Clock>) -> Result<Haven, Failure> {
    let files = shipped::pack(PACK).ok_or_else(|| {
        Failure::new(format!(
            "The practice pack is not on board; there are: {}. Build Haven again.",
            shipped::names().join(", ")
        ))
    })?;
    let found = packs::judge(files);
    let first = found.errors().next().map(ToString::to_string).unwrap_or_default();
    let pack = found
        .pack
        .ok_or_else(|| Failure::new(format!("The practice pack cannot come into force: {first} Build Haven again.")))?;
    let location = match &mark.postgres {
        Some(address) => Location::Postgres(address.clone()),
        None => Location::Sqlite(data.to_path_buf()),
    };
    let store = hub::open(&location).await?;
    mark_database(&store).await?;
    let plan = Plan {
        mode: Mode::Practice,
        organisation: ORGANISATION.to_owned(),
        portal_address: format!("http://127.0.0.1:{port}"),
        known_by: people::ALL.iter().map(|one| (one.listener(), KnownBy::Address)).collect(),
        agency_contacts: contacts(&pack),
    };
    let haven = hub::hub(store, Arc::clone(&pack), Arc::clone(clock), plan).await?;
    actions::shelf::put_in_force(&haven, pack, &found.files, "practice").await.map_err(hub::told)?;
    hub::remember_name(&haven).await?;
    Ok(haven)
}

/// Made-up ways to reach each agency of the pack.
fn contacts(pack: &policy::Pack) -> BTreeMap<String, String> {
    pack.agencies.iter().map(|agency| (agency.id.clone(), format!("{}@practice.test", agency.id))).collect()
}

async fn mark_database(store: &store::Store) -> Result<(), Failure> {
    let failed = |error: store::StoreError| {
        Failure::new(format!("The practice database cannot be used ({error}). Name another with --store."))
    };
    if is_marked(store).await.map_err(failed)? {
        return Ok(());
    }
    if store::packs::in_force(store).await.map_err(failed)?.is_some() {
        return Err(Failure::new(
            "That database was not made by 'haven demo' and may be real. Name an empty one with --store.",
        ));
    }
    let mut unit = store.begin().await.map_err(failed)?;
    store::settings::put(&mut unit, MARK_SETTING, "yes").await.map_err(failed)?;
    unit.commit().await.map_err(failed)?;
    Ok(())
}

/// Whether a database was made by `haven demo`.
pub(crate) async fn is_marked(store: &store::Store) -> Result<bool, store::StoreError> {
    Ok(store::settings::get(store, MARK_SETTING).await?.is_some())
}

/// A recovery key whose shares lie in the practice folder, where they would never lie in earnest.
async fn recovery(haven: &Haven, data: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(format!("The practice recovery key could not be made ({error}). Try again."))
    };
    if store::keys::recovery(&haven.store).await.map_err(|error| failed(&error))?.is_some() {
        return Ok(());
    }
    let shares = crate::commands::init::make_recovery(haven).await?;
    let text = format!("Practice only: any two of these open every practice case.\n\n{}\n", shares.join("\n"));
    folder::write_secret(&data.join(SHARES), &text)
}

/// An authority that is kept in the practice folder, made the first time.
fn kept_authority(data: &Path, certificate: &str, key: &str, name: &str, clock: &Clock) -> Result<Authority, Failure> {
    let (certificate, key) = (data.join(certificate), data.join(key));
    if !certificate.exists() || !key.exists() {
        let AuthorityPem { certificate: public, key: private } =
            Authority::create(name, gateway::Moment::now(clock), clock).map_err(|error| {
                Failure::new(format!("The practice authority could not be made ({error}). Try again."))
            })?;
        folder::write_secret(&key, &private)?;
        folder::write_open(&certificate, &public)?;
    }
    read_authority(&certificate, &key)
}

fn gateway_config(port: u16, sites_pem: &str, served: Practice) -> gateway::Config {
    let mut config = gateway::Config::default();
    for (place, persona) in (0_u16..).zip(people::ALL) {
        config.listeners.push(gateway::Listener {
            name: persona.listener(),
            address: local(port.saturating_add(PROXIES_FROM).saturating_add(place)),
            known_by: gateway::KnownBy::Address,
            tls: None,
        });
    }
    config.trust.practice_pem = Some(sites_pem.to_owned());
    config.reach.own_ports = vec![served.plain.port(), served.secure.port()];
    config
}

/// Where everybody sits.
fn seats(port: u16) -> Vec<web::Seat> {
    let all = (0_u16..).zip(people::ALL);
    all.map(|(place, persona)| web::Seat {
        username: persona.username.to_owned(),
        port: Some(port.saturating_add(PROXIES_FROM).saturating_add(place)),
        blurb: persona.blurb.to_owned(),
    })
    .collect()
}

fn welcome(port: u16, data: &Path) {
    say::line("This is a practice organisation. Nothing here is real, and nothing leaves this machine.");
    say::line("");
    say::line(format_args!("  Haven's pages            http://127.0.0.1:{port}"));
    say::line(format_args!("  Sign in as anybody       http://127.0.0.1:{port}/practice"));
    say::line(format_args!("  Mail that was sent       http://127.0.0.1:{port}/practice/mailbox"));
    say::line(format_args!("  Certificate for HTTPS    http://127.0.0.1:{port}/ca.pem"));
    say::line("");
    say::line("Each person browses through a proxy of their own. Point a browser at one of these:");
    for (place, persona) in (0_u16..).zip(people::ALL) {
        let proxy = port.saturating_add(PROXIES_FROM).saturating_add(place);
        say::line(format_args!("  127.0.0.1:{proxy}  {}, {}", persona.name, persona.what));
    }
    say::line("");
    say::line("Then open http://library.test, https://bank.test, http://casino-royal.test or http://search.test.");
    say::line(format_args!("The practice data is in {}. Delete that folder to begin again.", data.display()));
    say::line("End with Ctrl+C.");
}
