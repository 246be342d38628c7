//! Other filters that are installed on this machine, each with a configuration of its own on the same lists.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::haven::{free_port, until_open};
use crate::names;
use crate::process::Running;

/// Longest wait until a rival has read its lists.
const START_LIMIT: Duration = Duration::from_secs(300);

/// What rivals are given.
pub(crate) struct Plan<'p> {
    pub(crate) folder: PathBuf,
    /// `CATEGORY/domains`.
    pub(crate) lists: &'p Path,
    /// A hosts file with the names that lead to this machine.
    pub(crate) hosts: PathBuf,
    pub(crate) authority_pem: &'p str,
}

pub(crate) struct Rival {
    pub(crate) running: Running,
    pub(crate) proxy: u16,
    /// Its own authority, PEM, where it opens TLS.
    pub(crate) authority_pem: Option<String>,
}

/// Where a program is, also where only an administrator looks.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
}

/// Starts a program that sees our names in its hosts file, which needs the rights of an administrator.
fn start(plan: &Plan<'_>, program: &Path, words: &[String], log: &str) -> Running {
    let log = fs::File::create(plan.folder.join(log)).unwrap();
    let mut script = format!("mount --bind '{}' /etc/hosts && exec '{}'", plan.hosts.display(), program.display());
    for word in words {
        let _ = write!(script, " '{word}'");
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    Running(command.spawn().unwrap())
}

async fn opened(mut running: Running, proxy: u16, authority_pem: Option<String>, log: &Path) -> Result<Rival, String> {
    let began = Instant::now();
    while began.elapsed() < START_LIMIT {
        if until_open(proxy, Duration::from_millis(200)).await {
            tokio::time::sleep(Duration::from_secs(2)).await;
            return Ok(Rival { running, proxy, authority_pem });
        }
        if let Ok(Some(ended)) = running.0.try_wait() {
            let said = fs::read_to_string(log).unwrap_or_default();
            return Err(format!("does not start ({ended}): {}", said.lines().last().unwrap_or_default()));
        }
    }
    Err("does not open its port".to_owned())
}

/// A key and a certificate that signs others, made by openssl.
fn authority(folder: &Path) -> Result<String, String> {
    let words = "openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 30 -subj '/CN=The authority of a rival' \
                 -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign \
                 -keyout ca.key -out ca.pem && cat ca.pem ca.key > both.pem && openssl genrsa -out cert.key 2048";
    let out = Command::new("sh").args(["-c", words]).current_dir(folder).output().map_err(|error| error.to_string())?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned());
    }
    fs::read_to_string(folder.join("ca.pem")).map_err(|error| error.to_string())
}

/// Files below a folder belong to the user that a rival changes to.
fn give_to(folder: &Path, user: &str) {
    let _ = Command::new("chown").args(["-R", user]).arg(folder).status();
}

/// How Squid is set up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Squid {
    /// Forwards only.
    Bare,
    /// Asks squidGuard about each request.
    Guarded,
    /// Opens TLS.
    Bump,
}

pub(crate) async fn squid(plan: &Plan<'_>, how: Squid) -> Result<Rival, String> {
    let program = find("squid").ok_or("not installed")?;
    let name = match how {
        Squid::Bare => "squid",
        Squid::Guarded => "squid-guard",
        Squid::Bump => "squid-bump",
    };
    let folder = plan.folder.join(name);
    fs::create_dir_all(&folder).unwrap();
    let proxy = free_port();
    let mut pem = None;
    let mut text = format!(
        "acl everybody src all\nhttp_access allow everybody\ncache deny all\ncache_mem 8 MB\nhosts_file {0}\n\
         pid_filename {1}/squid.pid\ncache_log {1}/cache.log\naccess_log stdio:{1}/access.log\ncoredump_dir {1}\n\
         shutdown_lifetime 1 second\nvisible_hostname bench.test\npinger_enable off\nmax_filedescriptors 4096\n",
        plan.hosts.display(),
        folder.display()
    );
    match how {
        Squid::Bare => {}
        Squid::Guarded => {
            let guard = guard(plan)?;
            let _ =
                writeln!(text, "url_rewrite_program {} -c {}", find("squidGuard").unwrap().display(), guard.display());
            text.push_str("url_rewrite_children 8 startup=8 idle=1 concurrency=0\n");
        }
        Squid::Bump => {
            let made =
                find("../lib/squid/security_file_certgen").ok_or("this squid cannot open TLS (squid-openssl can)")?;
            pem = Some(authority(&folder)?);
            fs::write(folder.join("websites.pem"), plan.authority_pem).unwrap();
            let store = folder.join("certificates");
            let words = ["-c", "-s", store.to_str().unwrap(), "-M", "4MB"];
            let made_store = Command::new(&made).args(words).output().map_err(|error| error.to_string())?;
            if !made_store.status.success() {
                return Err(String::from_utf8_lossy(&made_store.stderr).into_owned());
            }
            let _ = write!(
                text,
                "sslcrtd_program {} -s {} -M 4MB\nsslcrtd_children 4 startup=4\nacl first at_step SslBump1\n\
                 ssl_bump peek first\nssl_bump bump all\ntls_outgoing_options cafile={}/websites.pem\n",
                made.display(),
                store.display(),
                folder.display()
            );
        }
    }
    let port = match how {
        Squid::Bump => format!(
            "http_port 127.0.0.1:{proxy} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB tls-cert={}/both.pem\n",
            folder.display()
        ),
        _ => format!("http_port 127.0.0.1:{proxy}\n"),
    };
    let config = folder.join("squid.conf");
    fs::write(&config, format!("{port}{text}")).unwrap();
    give_to(&folder, "proxy");
    let words = ["-N".to_owned(), "-f".to_owned(), config.display().to_string()];
    let log = format!("{name}.log");
    let running = start(plan, &program, &words, &log);
    opened(running, proxy, pem, &plan.folder.join(log)).await
}

/// squidGuard's settings and its database of the same lists.
pub(crate) fn guard(plan: &Plan<'_>) -> Result<PathBuf, String> {
    let program = find("squidGuard").ok_or("not installed")?;
    let folder = plan.folder.join("squidguard");
    let config = folder.join("squidguard.conf");
    let done = folder.join("made");
    if done.exists() {
        return Ok(config);
    }
    fs::create_dir_all(folder.join("db")).unwrap();
    let mut text = format!("dbhome {0}/db\nlogdir {0}\n", folder.display());
    let mut pass = String::new();
    for category in names::categories() {
        fs::create_dir_all(folder.join("db").join(category)).unwrap();
        fs::copy(plan.lists.join(category).join("domains"), folder.join("db").join(category).join("domains"))
            .map_err(|error| error.to_string())?;
        let _ = writeln!(text, "dest {category} {{ domainlist {category}/domains }}");
        let _ = write!(pass, "!{category} ");
    }
    let _ = writeln!(text, "acl {{ default {{ pass {pass}all\n redirect http://127.0.0.1/blocked }} }}");
    fs::write(&config, text).unwrap();
    let out = Command::new(program).arg("-c").arg(&config).args(["-C", "all"]).output();
    let out = out.map_err(|error| error.to_string())?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned());
    }
    give_to(&folder, "proxy");
    fs::write(done, "").unwrap();
    Ok(config)
}

/// e2guardian with Debian's settings and phrase lists; `opens` also opens TLS.
pub(crate) async fn e2guardian(plan: &Plan<'_>, opens: bool) -> Result<Rival, String> {
    let program = find("e2guardian").ok_or("not installed")?;
    let name = if opens { "e2guardian-tls" } else { "e2guardian" };
    let folder = plan.folder.join(name);
    let home = folder.join("settings");
    fs::create_dir_all(&folder).unwrap();
    let copied = Command::new("cp").args(["-r", "/etc/e2guardian"]).arg(&home).status();
    if !copied.is_ok_and(|ended| ended.success()) {
        return Err("its settings in /etc/e2guardian cannot be copied".to_owned());
    }
    let inside = format!("s#/etc/e2guardian#{}#g", home.display());
    let sed = Command::new("find").arg(&home).args(["-type", "f", "-exec", "sed", "-i", &inside, "{}", "+"]).status();
    sed.map_err(|error| error.to_string())?;
    let proxy = free_port();
    let main = home.join("e2guardian.conf");
    let mut pem = None;
    let mut changes: Vec<(&str, String)> = vec![
        ("filterip", "127.0.0.1".to_owned()),
        ("filterports", proxy.to_string()),
        ("httpworkers", "300".to_owned()),
        ("pidfilename", format!("'{}/pid'", folder.display())),
        ("loglocation", format!("'{}/access.log'", folder.display())),
    ];
    if opens {
        pem = Some(authority(&folder)?);
        fs::create_dir_all(folder.join("made")).unwrap();
        changes.extend([
            ("enablessl", "on".to_owned()),
            ("cacertificatepath", format!("'{}/ca.pem'", folder.display())),
            ("caprivatekeypath", format!("'{}/ca.key'", folder.display())),
            ("certprivatekeypath", format!("'{}/cert.key'", folder.display())),
            ("generatedcertpath", format!("'{}/made/'", folder.display())),
        ]);
        change(&home.join("e2guardianf1.conf"), &[("sslmitm", "on".to_owned()), ("mitmcheckcert", "off".to_owned())])?;
    }
    change(&main, &changes)?;
    let mut banned = String::new();
    for category in names::categories() {
        let _ = writeln!(banned, ".Include<{}>", plan.lists.join(category).join("domains").display());
    }
    fs::write(home.join("lists/bannedsitelist"), banned).unwrap();
    give_to(&folder, "e2guardian");
    let words = ["-N".to_owned(), "-c".to_owned(), main.display().to_string()];
    let log = format!("{name}.log");
    let running = start(plan, &program, &words, &log);
    opened(running, proxy, pem, &plan.folder.join(log)).await
}

/// Sets `name = value` in a settings file, wherever it stood, or at its end.
fn change(file: &Path, changes: &[(&str, String)]) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let is_one =
        |line: &str| changes.iter().any(|(name, _)| line.split('=').next().is_some_and(|of| of.trim() == *name));
    let mut kept: String = text.lines().filter(|line| !is_one(line)).map(|line| format!("{line}\n")).collect();
    for (name, value) in changes {
        let _ = writeln!(kept, "{name} = {value}");
    }
    fs::write(file, kept).map_err(|error| error.to_string())
}

/// Privoxy as Debian sets it up. It reads lists line by line for each request, so it is given none.
pub(crate) async fn privoxy(plan: &Plan<'_>) -> Result<Rival, String> {
    let program = find("privoxy").ok_or("not installed")?;
    let folder = plan.folder.join("privoxy");
    fs::create_dir_all(&folder).unwrap();
    let proxy = free_port();
    let config = folder.join("config");
    let text = format!(
        "confdir /etc/privoxy\nlogdir {}\nlogfile access.log\ndebug 1\nactionsfile match-all.action\nactionsfile default.action\n\
         filterfile default.filter\nlisten-address 127.0.0.1:{proxy}\nkeep-alive-timeout 300\n\
         default-server-timeout 60\nconnection-sharing 1\nmax-client-connections 512\n",
        folder.display()
    );
    fs::write(&config, text).unwrap();
    let running = start(plan, &program, &["--no-daemon".to_owned(), config.display().to_string()], "privoxy.log");
    opened(running, proxy, None, &plan.folder.join("privoxy.log")).await
}
