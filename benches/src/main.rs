//! Measures the whole program beside every rival that is installed, in turns, and prints what each request costs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench that cannot go on stops at once and says where"
)]

mod haven;
mod load;
mod lookups;
mod names;
mod origin;
mod pages;
mod process;
mod rivals;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Parser;

use crate::haven::{Haven, Postgres};
use crate::load::{Run, Until, Way, Work};
use crate::names::Model;
use crate::origin::Origin;
use crate::process::{Running, Tree, when_at_rest};
use crate::rivals::{Rival, Squid};
use crate::table::{Cell, Table};

/// Names under which the website is asked for afresh, so that no certificate is ready for them.
const COLD_HOSTS: usize = 3000;
const HOST: &str = "www.bench.test";
/// On the list of banks, which the policy passes through unopened.
const BANK: &str = "www.bench-bank.test";
const MEMORY_CONNECTIONS: usize = 256;

#[derive(Debug, Parser)]
#[command(about = "Measures Haven beside Squid, squidGuard, e2guardian and Privoxy.")]
struct Words {
    /// The program to measure; left out: the `haven` built beside this one.
    #[arg(long)]
    haven: Option<PathBuf>,
    /// Names on the lists.
    #[arg(long, default_value_t = 5_100_000)]
    names: u64,
    /// A folder of real lists (CATEGORY/domains) to learn from how names are spelt; left out: syllables.
    #[arg(long)]
    like: Option<PathBuf>,
    /// Turns of everybody with everything.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Only rows whose name holds this.
    #[arg(long, default_value = "")]
    rows: String,
    /// Only programs whose name holds one of these (Haven, Squid, e2guardian, Privoxy).
    #[arg(long)]
    only: Vec<String>,
    /// A folder for lists and databases, kept for the next run; left out: one that is gone afterwards.
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// One program under test.
struct System {
    name: &'static str,
    proxy: u16,
    authority_pem: Option<String>,
    /// None: the website itself, without a proxy.
    trees: Vec<Tree>,
    _rival: Option<Running>,
    haven: Option<Haven>,
    /// Answers that must each have left a record.
    recorded: u64,
    cold_from: usize,
}

struct Row {
    name: &'static str,
    way: Way,
    path: &'static str,
    gzip: bool,
    connections: usize,
    host: Host,
    opens_tls: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Host {
    Site,
    Bank,
    Cold,
}

const ROWS: [Row; 8] = [
    row("plain HTTP, 2 KiB, keep-alive, 32 connections", Way::Plain, "/small", 32),
    row("latency, 2 KiB, one connection", Way::Plain, "/small", 1),
    row("50 KiB HTML, identity, 8 connections", Way::Plain, "/page", 8),
    Row { gzip: true, ..row("50 KiB HTML, gzip, 8 connections", Way::Plain, "/page", 8) },
    Row { host: Host::Bank, ..row("CONNECT tunnel, 2 KiB, keep-alive, 32 connections", Way::Tunnel, "/small", 32) },
    Row { opens_tls: true, ..row("TLS inspection, 2 KiB, keep-alive, 32 connections", Way::Tunnel, "/small", 32) },
    Row { opens_tls: true, ..row("TLS inspection, new connection, warm host", Way::NewTunnel, "/small", 8) },
    Row {
        opens_tls: true,
        host: Host::Cold,
        ..row("TLS inspection, new connection, cold host", Way::NewTunnel, "/small", 8)
    },
];

const fn row(name: &'static str, way: Way, path: &'static str, connections: usize) -> Row {
    Row { name, way, path, gzip: false, connections, host: Host::Site, opens_tls: false }
}

fn main() {
    let words = Words::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(&words));
}

async fn measure(words: &Words) {
    // In small letters only: e2guardian reads the paths of its lists so.
    let name = std::process::id().to_string();
    let temporary = tempfile::Builder::new().prefix("haven-bench.").suffix(&name).rand_bytes(0).tempdir().unwrap();
    let folder = words.keep.clone().unwrap_or_else(|| temporary.path().to_path_buf());
    let running = temporary.path().join("running");
    fs::create_dir_all(&running).unwrap();
    // Rivals that change to a user of their own must be able to look in.
    let _ = Command::new("chmod").arg("755").arg(temporary.path()).status();
    let program = words.haven.clone().unwrap_or_else(|| std::env::current_exe().unwrap().with_file_name("haven"));
    let model = words.like.as_deref().map_or_else(Model::of_syllables, |lists| Model::learnt(lists).unwrap());
    let lists = folder.join("lists");
    let compiled = folder.join(format!("lists-{}.haven", words.names));
    if !compiled.exists() {
        println!("Writing and compiling {} names.", words.names);
        names::write(&model, words.names, &lists, &[("bank", "bench-bank.test")]).unwrap();
        let words = ["lists", "build", "--quiet", "--with-starter", "--out"];
        let built = out_of(Command::new(&program).args(words).arg(&compiled).arg(&lists));
        println!("{}", built.lines().last().unwrap_or_default());
    }
    println!(
        "{}",
        out_of(Command::new(&program).args(["lists", "stat"]).arg(&compiled)).lines().nth(1).unwrap_or_default()
    );
    table::machine();

    let origin = Origin::start().await;
    let cold: Vec<String> = (0..COLD_HOSTS).map(|number| format!("h{number}.bench.test")).collect();
    let mut local: Vec<String> = vec![HOST.to_owned(), BANK.to_owned()];
    local.extend(cold.iter().cloned());
    let hosts = running.join("hosts");
    fs::write(&hosts, local.iter().map(|name| format!("127.0.0.1 {name}\n")).collect::<String>()).unwrap();
    let rivals = rivals::Plan { folder: running.clone(), lists: &lists, hosts, authority_pem: &origin.authority_pem };

    let mut table = Table::default();
    if "look-ups".contains(&words.rows) {
        lookups::measure(&program, &compiled, &lists, &model, &rivals, words, &mut table);
    }
    let mut systems = systems(words, &program, &running, &compiled, &local, &origin, &rivals).await;
    for turn in 0..words.rounds {
        for row in ROWS.iter().filter(|row| row.name.contains(&words.rows)) {
            for system in &mut systems {
                if row.opens_tls && system.authority_pem.is_none() {
                    continue;
                }
                let work = work(row, system, &origin, &cold);
                if let Some(cell) = one(row, system, &work, words).await {
                    table.add(row.name, system.name, cell);
                }
            }
        }
        eprintln!("turn {} of {} is over", turn + 1, words.rounds);
    }
    if "memory".contains(&words.rows) {
        for system in systems.iter_mut().filter(|system| !system.trees.is_empty()) {
            let work = work(&ROWS[0], system, &origin, &cold);
            let (run, open) = load::hold(&work, MEMORY_CONNECTIONS).await;
            system.recorded += run.answers;
            let kib: u64 = system.trees.iter().take(1).map(|tree| tree.memory_kib()).sum();
            table.add(
                "memory, 256 connections open",
                system.name,
                Cell { memory_mib: kib as f64 / 1024.0, ..Cell::default() },
            );
            drop(open);
        }
    }
    table.print();
    for system in &systems {
        let Some(haven) = &system.haven else { continue };
        when_at_rest(&system.trees);
        match haven.records() {
            Ok(count) if count == system.recorded => {
                println!("{}: every one of {count} answers has its record, and the chain is whole.", system.name);
            }
            Ok(count) => println!("{}: {count} RECORDS FOR {} ANSWERS.", system.name, system.recorded),
            Err(why) => println!("{}: the records could not be counted: {why}", system.name),
        }
    }
}

fn out_of(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

async fn systems(
    words: &Words,
    program: &Path,
    running: &Path,
    lists: &Path,
    names: &[String],
    origin: &Origin,
    rivals: &rivals::Plan<'_>,
) -> Vec<System> {
    let wanted = |name: &str| words.only.is_empty() || words.only.iter().any(|only| name.contains(only.as_str()));
    let mut all = vec![System {
        name: "no proxy",
        proxy: origin.http_port,
        authority_pem: None,
        trees: Vec::new(),
        _rival: None,
        haven: None,
        recorded: 0,
        cold_from: 0,
    }];
    let plan = |name: &str| haven::Plan {
        program,
        folder: running.join(name),
        lists,
        names,
        authority_pem: &origin.authority_pem,
    };
    let mut havens = Vec::new();
    if wanted("Haven, gateway alone, PostgreSQL") {
        match Postgres::start() {
            Some(postgres) => {
                havens.push(("Haven, gateway alone, PostgreSQL", Haven::alone(plan("alone"), postgres).await));
            }
            None => println!("PostgreSQL: not installed, or it does not start"),
        }
    }
    if wanted("Haven, SQLite") {
        havens.push(("Haven, SQLite", Haven::on_sqlite(plan("sqlite")).await));
    }
    for (name, haven) in havens {
        let (proxy, authority_pem, trees) = (haven.proxy, Some(haven.authority_pem.clone()), haven.trees.clone());
        all.push(System {
            name,
            proxy,
            authority_pem,
            trees,
            _rival: None,
            haven: Some(haven),
            recorded: 0,
            cold_from: 0,
        });
    }
    let mut add = |name: &'static str, rival: Result<Rival, String>| match rival {
        Ok(Rival { running, proxy, authority_pem }) => {
            let trees = vec![running.tree()];
            let _rival = Some(running);
            all.push(System { name, proxy, authority_pem, trees, _rival, haven: None, recorded: 0, cold_from: 0 });
        }
        Err(why) => println!("{name}: {}", why.trim()),
    };
    if wanted("Squid, no filter") {
        add("Squid, no filter", rivals::squid(rivals, Squid::Bare).await);
    }
    if wanted("Squid, squidGuard") {
        add("Squid, squidGuard", rivals::squid(rivals, Squid::Guarded).await);
    }
    if wanted("Squid, opening TLS") {
        add("Squid, opening TLS", rivals::squid(rivals, Squid::Bump).await);
    }
    if wanted("e2guardian") {
        add("e2guardian", rivals::e2guardian(rivals, false).await);
    }
    if wanted("e2guardian, opening TLS") {
        add("e2guardian, opening TLS", rivals::e2guardian(rivals, true).await);
    }
    if wanted("Privoxy, no lists") {
        add("Privoxy, no lists", rivals::privoxy(rivals).await);
    }
    all
}

fn work(row: &Row, system: &mut System, origin: &Origin, cold: &[String]) -> Work {
    let proxied = !system.trees.is_empty();
    let secure = row.way != Way::Plain;
    let port = if secure { origin.tls_port } else { origin.http_port };
    let hosts = match row.host {
        Host::Site => vec![HOST.to_owned()],
        Host::Bank => vec![BANK.to_owned()],
        // Each host is new only once: the next turn takes the next ones.
        Host::Cold => cold[system.cold_from..].to_vec(),
    };
    let mut authorities = vec![origin.authority_pem.clone()];
    authorities.extend(system.authority_pem.clone());
    Work {
        way: row.way,
        to: if proxied { system.proxy } else { port },
        proxied,
        port,
        hosts,
        path: row.path,
        gzip: row.gzip,
        connections: row.connections,
        authorities,
        body_bytes: (row.path == "/small").then_some(pages::SMALL_BYTES),
    }
}

/// One measurement: a short run that is not counted, then the run, then rest until everything that was put off is done.
async fn one(row: &Row, system: &mut System, work: &Work, words: &Words) -> Option<Cell> {
    // Opening TLS is measured with those that open it, and passing it on with those that do not.
    let opener = system.name.ends_with("opening TLS");
    if (row.opens_tls && !opener && system.haven.is_none()) || (!row.opens_tls && opener) {
        return None;
    }
    if row.host != Host::Cold {
        let run = load::run(work, Until::Time(Duration::from_millis(300))).await;
        system.recorded += records_of(row, &run);
    }
    let before = rest(&system.trees).await;
    let until = match row.host {
        Host::Cold => Until::Requests((COLD_HOSTS / words.rounds.max(1)).min(400) as u64),
        _ => Until::Time(Duration::from_secs_f64(words.seconds)),
    };
    let run = load::run(work, until).await;
    let after = rest(&system.trees).await;
    if row.host == Host::Cold {
        system.cold_from += usize::try_from(run.answers + run.faults).unwrap() + row.connections;
    }
    system.recorded += records_of(row, &run);
    if run.faults > 0 {
        eprintln!("{}, {}: {} faults, the first: {}", system.name, row.name, run.faults, run.first_fault);
    }
    if run.answers == 0 {
        return None;
    }
    Some(Cell {
        cpu_us: (after.saturating_sub(before)).as_secs_f64() * 1e6 / run.answers as f64,
        per_second: run.answers as f64 / run.seconds,
        p50_us: run.at(0.5),
        p99_us: run.at(0.99),
        memory_mib: 0.0,
        faults: run.faults,
    })
}

/// A tunnel that is passed on leaves one record, and an opened one a record for each request inside.
fn records_of(row: &Row, run: &Run) -> u64 {
    if row.host == Host::Bank { run.reached } else { run.answers }
}

async fn rest(trees: &[Tree]) -> Duration {
    let trees = trees.to_vec();
    tokio::task::spawn_blocking(move || if trees.is_empty() { Duration::ZERO } else { when_at_rest(&trees) })
        .await
        .unwrap()
}
