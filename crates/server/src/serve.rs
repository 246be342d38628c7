//! `haven serve`: an organisation's own Haven, started from its settings file or refused in one clear sentence.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use actions::mail::{Carrier, SmtpCarrier};
use actions::{Haven, KnownBy, Mode};
use clap::Args;
use filter::lists::Columns;
use filter::lists::guard::Bounds;
use gateway::{Authority, AuthorityPem, ListenerTls, NetworkSignIn};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use minisign_verify::PublicKey;

use crate::house::{Apart, Away, Doors, House, Only, Portal};
use crate::hub::{self, COMMAND_LINE, Plan};
use crate::moment::Clock;
use crate::ports::apart;
use crate::say::{Failure, Outcome};
use crate::sealed::{self, Sealed, SealedSource};
use crate::settings::{Icap, ListSource, Listener, Mail, Malware, Radius, SealedList, Settings, StartTls};
use crate::supply::{Fetcher, Origin, Source, Supply, maker_key};
use crate::{folder, heads, house, log, packs, pages, say};

/// Where `haven init` puts the authority in the data folder.
pub(crate) const CA_CERTIFICATE: &str = "ca.pem";
pub(crate) const CA_KEY: &str = "ca.key";

#[derive(Debug, Args)]
pub(crate) struct Serving {
    /// Settings file; docs/settings.md tells every setting.
    #[arg(long, default_value = "haven.toml")]
    config: PathBuf,
    /// Run one part alone.
    #[arg(long, value_enum)]
    only: Option<Only>,
}

pub(crate) fn run(serving: &Serving) -> Outcome {
    let settings = Settings::read(&serving.config)?;
    folder::check(&settings.data.folder)?;
    folder::refuse_practice(&settings.data.folder)?;
    let held = folder::hold(&settings.data.folder)?;
    log::start();
    let ended = log::runtime()?.block_on(async {
        match serving.only {
            Some(Only::Gateway) => serve_gateway(settings).await,
            only => serve(settings, only).await,
        }
    });
    drop(held);
    ended
}

async fn serve(settings: Settings, only: Option<Only>) -> Outcome {
    let policy = settings.policy.as_ref().ok_or_else(|| {
        Failure::new("The settings name no policy pack. Write pack under [policy]; only a gateway alone needs none.")
    })?;
    let (pack, files) = packs::sound(&policy.pack)?;
    if let Some((door, group)) = settings.unknown_group(&pack) {
        return Err(Failure::new(format!(
            "The door '{door}' names the group '{group}', which the policy does not have. Mend networks in the settings."
        )));
    }
    if let Some(sentence) = settings.device_fault(&pack) {
        return Err(Failure::new(format!("{sentence} Mend [[device]] in the settings.")));
    }
    if let Some((list, kind)) = settings.unknown_kind(&pack) {
        return Err(Failure::new(format!(
            "The list '{list}' is of the kind '{kind}', which neither Haven nor the policy knows: it would close nothing. \
             Mend category in the settings."
        )));
    }
    if let Some((row, group)) = settings.unknown_timetable_group(&pack) {
        return Err(Failure::new(format!(
            "The row '{row}' of the timetable names the group '{group}', which the policy does not have. Mend groups in \
             the settings."
        )));
    }
    let authority = authority(&settings)?;
    let gateway = gateway_config(&settings)?;
    let tls = match (&settings.portal.tls_certificate, &settings.portal.tls_key) {
        (Some(certificate), Some(key)) => Some(pages::tls(certificate, key)?),
        _ => None,
    };
    let carrier = settings.mail.as_ref().map(carrier).transpose()?;
    let store = hub::open(&hub::location(&settings)?).await?;
    let clock = Arc::new(Clock::real());
    let haven = hub::hub(store, Arc::clone(&pack), Arc::clone(&clock), plan(&settings)).await?;
    actions::shelf::put_in_force(&haven, pack, &files, COMMAND_LINE).await.map_err(hub::told)?;
    hub::remember_name(&haven).await?;
    let mail = settings.audit.head_mail.clone().zip(carrier.clone());
    let heads = heads::Plan { folder: heads_folder(&settings), mail };
    let sealed = Arc::new(sealed(&settings, &haven, true).await?);
    let house = House {
        sealed: Some(sealed),
        haven: Arc::new(haven),
        clock,
        only,
        gateway,
        authority: Arc::new(authority),
        lists: list_file(&settings)?,
        timetable: Arc::new(settings.timetable()),
        devices: Arc::new(settings.devices()),
        supply: supply(&settings)?.map(Arc::new),
        portal: portal(&settings, tls),
        carrier,
        heads,
        records_waiting: settings.limits.records_waiting,
        practice: None,
        data: settings.data.folder.clone(),
        away: away(&settings),
        check_every_hours: settings.checks.every_hours,
        apart: apart(&settings)?,
    };
    let says = format!("Haven serves {} at {}", settings.organisation.name, settings.portal.address);
    house::run(house, |listeners, others| tell(&says, listeners, others)).await
}

/// The sources of lists that the settings name, if there are any.
pub(crate) fn supply(settings: &Settings) -> Result<Option<Supply>, Failure> {
    if settings.sources.is_empty() {
        return Ok(None);
    }
    let fetcher = fetcher(settings)?;
    let here = Path::new("");
    let source = |one: &ListSource| Source {
        name: one.name.clone(),
        from: Origin::read(&one.from, here),
        every_hours: one.every_hours,
        category: one.category.clone(),
        columns: Columns { name: one.column.clone(), category: one.category_column.clone() },
        checksum: one.checksum.as_deref().map(|text| Origin::read(text, here)),
        signature: signed(one.signature.as_deref(), one.signature_key.as_deref()),
        bounds: Bounds { shrink_percent: one.shrink_percent, growth_percent: one.growth_percent, ..Bounds::default() },
    };
    let sources = settings.sources.iter().map(source).collect();
    Ok(Some(Supply::new(&settings.data.folder, sources, fetcher)))
}

/// Where a signature is, and whose it must be. The settings were looked through: a key that is there can be read.
fn signed(signature: Option<&str>, key: Option<&str>) -> Option<(Origin, PublicKey)> {
    Some((Origin::read(signature?, Path::new("")), maker_key(key?)?))
}

/// Fetches lists with the authorities that the settings name.
fn fetcher(settings: &Settings) -> Result<Fetcher, Failure> {
    let trust = gateway_config(settings)?.trust;
    let tls = gateway::towards_websites(&trust)
        .map_err(|error| Failure::new(format!("The authorities of [network] cannot be used ({error}). Mend them.")))?;
    Fetcher::new(tls)
        .map_err(|why| Failure::new(format!("Haven cannot fetch lists on this machine ({why}). Look into its set-up.")))
}

/// The lists of illegal content, with those that the settings name no more.
pub(crate) async fn sealed(settings: &Settings, haven: &Haven, has_pages: bool) -> Result<Sealed, Failure> {
    let here = Path::new("");
    let source = |one: &SealedList| SealedSource {
        source: Source {
            name: one.name.clone(),
            from: Origin::read(&one.from, here),
            every_hours: one.every_hours,
            category: None,
            columns: Columns::default(),
            checksum: one.checksum.as_deref().map(|text| Origin::read(text, here)),
            signature: signed(one.signature.as_deref(), one.signature_key.as_deref()),
            bounds: Bounds { shrink_percent: one.shrink_percent, ..Bounds::default() },
        },
        credentials: one.credentials_file.clone(),
        code: one.category.clone(),
    };
    let sources: Vec<SealedSource> = settings.sealed_lists.iter().map(source).collect();
    let fetcher = if sources.is_empty() { None } else { Some(fetcher(settings)?) };
    let key = sealed::key(haven, &settings.data.folder, has_pages).await?;
    Ok(Sealed::new(&settings.data.folder, sources, key, fetcher))
}

/// The list file by which the gateway decides.
fn list_file(settings: &Settings) -> Result<Option<PathBuf>, Failure> {
    if settings.sources.is_empty() {
        return Ok(settings.lists.file.clone());
    }
    Supply::mend(&settings.data.folder)?;
    Ok(Some(Supply::in_force(&settings.data.folder)))
}

/// A gateway on a machine of its own: no pages, no cases, no keys.
async fn serve_gateway(settings: Settings) -> Outcome {
    let authority = Arc::new(authority(&settings)?);
    let gateway = gateway_config(&settings)?;
    if !gateway.has_doors() {
        return Err(Failure::new(
            "A gateway alone needs a listener. Write one as [[listener]], or a door as [[dns]] or [[icap]].",
        ));
    }
    if !settings.networks.is_empty() {
        return Err(Failure::new(
            "A gateway alone does not hear RADIUS yet: it may not look up who has a name. Take [[radius]] out here, and run Haven with its pages where the network speaks.",
        ));
    }
    if settings.icap.iter().any(|door| !door.username_from.is_empty()) {
        return Err(Failure::new(
            "A gateway alone does not know who has a name yet. Take username_from out of [[icap]] here, and let the proxy ask Haven with its pages.",
        ));
    }
    let apart = apart(&settings)?;
    if apart.pages.is_none() {
        return Err(Failure::new(
            "A gateway alone must know where Haven's pages wait for it. Set pages and secret_file under [gateways].",
        ));
    }
    let clock = Arc::new(Clock::real());
    let haven = hub::gateway_hub(&settings, Arc::clone(&clock), plan(&settings))?;
    let sealed = Arc::new(sealed(&settings, &haven, false).await?);
    let house = House {
        sealed: Some(sealed),
        haven: Arc::new(haven),
        clock,
        only: Some(Only::Gateway),
        gateway,
        authority,
        lists: list_file(&settings)?,
        timetable: Arc::new(settings.timetable()),
        devices: Arc::new(settings.devices()),
        supply: supply(&settings)?.map(Arc::new),
        portal: portal(&settings, None),
        carrier: None,
        heads: heads::Plan { folder: heads_folder(&settings), mail: None },
        records_waiting: settings.limits.records_waiting,
        practice: None,
        data: settings.data.folder.clone(),
        away: away(&settings),
        check_every_hours: settings.checks.every_hours,
        apart,
    };
    let says = format!("Haven's gateway alone, for {}", settings.organisation.name);
    house::run(house, |listeners, others| tell(&says, listeners, others)).await
}

fn tell(says: &str, listeners: &Doors, others: &[(&str, Vec<(String, std::net::SocketAddr)>)]) {
    say::line(says);
    for (name, address) in listeners {
        say::line(format_args!("  listener {name}: {address}"));
    }
    for (kind, doors) in others {
        for (name, address) in doors {
            say::line(format_args!("  {kind} {name}: {address}"));
        }
    }
}

fn plan(settings: &Settings) -> Plan {
    let here = settings.listeners.iter().filter_map(|one| Some((one.name.clone(), one.known_by()?)));
    let elsewhere = &settings.gateways;
    let by_address = elsewhere.one_person_listeners.iter().map(|name| (name.clone(), KnownBy::Address));
    let by_pass = elsewhere.credential_listeners.iter().map(|name| (name.clone(), KnownBy::Pass));
    Plan {
        mode: Mode::Real,
        organisation: settings.organisation.name.clone(),
        portal_address: settings.portal.address.trim_end_matches('/').to_owned(),
        known_by: by_address.chain(by_pass).chain(here).collect(),
        agency_contacts: settings.agencies.clone(),
    }
}

fn away(settings: &Settings) -> Away {
    Away {
        spool: settings.away.spool_folder.clone().unwrap_or_else(|| settings.data.folder.join("spool")),
        limit_mb: settings.away.spool_limit_mb,
        policy_days: settings.away.policy_days,
    }
}

fn apart(settings: &Settings) -> Result<Apart, Failure> {
    let secret = settings.gateways.secret_file.as_deref().map(apart::secret).transpose()?;
    Ok(Apart { listen: settings.gateways.listen.zip(secret.clone()), pages: settings.gateways.pages.zip(secret) })
}

/// Where signed heads are written.
pub(crate) fn heads_folder(settings: &Settings) -> PathBuf {
    settings.audit.head_folder.clone().unwrap_or_else(|| settings.data.folder.join("heads"))
}

fn portal(settings: &Settings, tls: Option<tokio_rustls::TlsAcceptor>) -> Portal {
    let whom = settings.organisation.whom_to_talk_to.trim();
    let reached_at = settings.listeners.first().map(|listener| listener.listen.ip().to_string());
    Portal {
        listen: settings.portal.listen,
        host: settings.portal.host.to_lowercase(),
        tls,
        exit_address: settings.portal.exit_address.clone(),
        whom_to_talk_to: if whom.is_empty() { "your tutor or a member of staff".to_owned() } else { whom.to_owned() },
        proxy_host: reached_at.unwrap_or_default(),
        proxy_file: settings.proxy_file(),
    }
}

/// Reads the authority that `haven init` made, or the one that the settings name.
fn authority(settings: &Settings) -> Result<Authority, Failure> {
    let folder = &settings.data.folder;
    let certificate = settings.inspection.ca_certificate.clone().unwrap_or_else(|| folder.join(CA_CERTIFICATE));
    let key = settings.inspection.ca_key.clone().unwrap_or_else(|| folder.join(CA_KEY));
    read_authority(&certificate, &key)
}

pub(crate) fn read_authority(certificate: &Path, key: &Path) -> Result<Authority, Failure> {
    let text = std::fs::read_to_string(certificate).map_err(|error| {
        Failure::new(format!(
            "The authority's certificate {} cannot be read ({error}). 'haven init' makes one in a new data folder.",
            certificate.display()
        ))
    })?;
    let pem = AuthorityPem { certificate: text, key: folder::read_secret(key)? };
    Authority::load(&pem)
        .map_err(|error| Failure::new(format!("{}: {error}. Restore both files.", certificate.display())))
}

/// Shortest secret that a network may share, in characters.
const RADIUS_SECRET_CHARACTERS: usize = 16;

fn network(one: &Radius) -> Result<NetworkSignIn, Failure> {
    let secret = folder::read_secret(&one.secret_file)?;
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.chars().count() < RADIUS_SECRET_CHARACTERS {
        return Err(Failure::new(format!(
            "{} holds a secret that can be guessed. Write at least {RADIUS_SECRET_CHARACTERS} characters into it, and into the network's devices.",
            one.secret_file.display()
        )));
    }
    Ok(NetworkSignIn {
        address: one.listen,
        secret: Arc::from(secret.as_bytes()),
        // The settings were checked when they were read: nothing is left out here.
        clients: one.clients.iter().filter_map(|text| text.parse().ok()).collect(),
        realms: one.realms.clone(),
        silence: jiff::SignedDuration::from_mins(i64::from(one.silent_minutes)),
    })
}

fn listener(one: &Listener) -> Result<gateway::Listener, Failure> {
    let tls = match (&one.tls_certificate, &one.tls_key) {
        (Some(certificate), Some(key)) => Some(ListenerTls::Own(Arc::clone(pages::tls(certificate, key)?.config()))),
        _ => one.tls_name.as_ref().map(|name| ListenerTls::Name(name.to_lowercase())),
    };
    let known_by = match one.known_by() {
        None => gateway::KnownBy::Nothing,
        Some(KnownBy::Address) => gateway::KnownBy::Address,
        Some(KnownBy::Pass) => gateway::KnownBy::Pass,
        Some(KnownBy::Network) => gateway::KnownBy::Accounting,
    };
    Ok(gateway::Listener { name: one.name.clone(), address: one.listen, known_by, tls })
}

fn gateway_config(settings: &Settings) -> Result<gateway::Config, Failure> {
    let listeners = settings.listeners.iter().map(listener).collect::<Result<_, _>>()?;
    let accounting = settings.networks.iter().map(network).collect::<Result<_, _>>()?;
    let dns = settings.dns.iter().map(|door| door.door(settings.own_names())).collect();
    let icap = settings.icap.iter().map(Icap::door).collect();
    let mut config = gateway::Config { listeners, accounting, dns, icap, ..gateway::Config::default() };
    // The settings were checked when they were read: nothing is left out here.
    config.reach.private_networks =
        settings.network.private_allowed.iter().filter_map(|text| text.parse().ok()).collect();
    config.reach.fixed_names =
        settings.network.fixed_names.iter().map(|(name, to)| (name.to_lowercase(), *to)).collect();
    config.trust.machine_authorities = settings.network.machine_authorities;
    for path in &settings.network.authorities {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("{} cannot be read ({error}). Name a PEM file.", path.display())))?;
        config.trust.extra_pem.push(text);
    }
    config.limits.connections = settings.limits.connections.max(1);
    config.limits.connections_per_address = settings.limits.connections_per_address.max(1);
    config.limits.scan_text_bytes = settings.limits.scan_text_bytes;
    config.tenants = settings.tenants.limits();
    config.malware = settings.malware.as_ref().and_then(Malware::plan);
    Ok(config)
}

/// The way to the organisation's mail server. Nothing is sent yet.
fn carrier(mail: &Mail) -> Result<Arc<dyn Carrier>, Failure> {
    let bad = |why: &dyn std::fmt::Display| {
        Failure::new(format!("The mail settings cannot be used ({why}). Mend the part [mail]."))
    };
    let encrypted = || {
        let mut parameters = TlsParameters::builder(mail.host.clone());
        if let Some(file) = &mail.authority {
            let pem = std::fs::read(file).map_err(|error| bad(&format!("{}: {error}", file.display())))?;
            let authority =
                Certificate::from_pem(&pem).map_err(|error| bad(&format!("{}: {error}", file.display())))?;
            parameters = parameters.add_root_certificate(authority);
        }
        parameters.build().map_err(|error| bad(&error))
    };
    let tls = match mail.starttls {
        StartTls::Required => Tls::Required(encrypted()?),
        StartTls::Implicit => Tls::Wrapper(encrypted()?),
        StartTls::Off => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host).port(mail.port).tls(tls);
    if let Some(user) = &mail.user {
        let password = match &mail.password_file {
            Some(file) => folder::read_secret(file)?.trim_end_matches(['\r', '\n']).to_owned(),
            None => String::new(),
        };
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    Ok(Arc::new(SmtpCarrier::new(builder.build(), &mail.from).map_err(|error| bad(&error))?))
}
