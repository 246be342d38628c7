//! Names looked up by whole programs that read them from standard input, their start included.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Words;
use crate::names::{Model, questions};
use crate::process::Tree;
use crate::rivals;
use crate::table::{Cell, Table};

const HAVEN_NAMES: u64 = 2_000_000;
/// squidGuard is slower: fewer names take as long.
const GUARD_NAMES: u64 = 50_000;

pub(crate) fn measure(
    program: &Path,
    compiled: &Path,
    lists: &Path,
    model: &Model,
    plan: &rivals::Plan<'_>,
    words: &Words,
    table: &mut Table,
) {
    let wanted = |name: &str| words.only.is_empty() || words.only.iter().any(|only| name.contains(only.as_str()));
    let all = questions(model, HAVEN_NAMES, lists).unwrap();
    let names = plan.folder.join("names");
    std::fs::write(&names, all.join("\n") + "\n").unwrap();
    let urls = plan.folder.join("urls");
    let mut file = std::io::BufWriter::new(File::create(&urls).unwrap());
    for name in all.iter().take(usize::try_from(GUARD_NAMES).unwrap()) {
        writeln!(file, "http://{name}/ 127.0.0.1/- - GET").unwrap();
    }
    file.flush().unwrap();
    drop(file);
    let guard = if wanted("Squid, squidGuard") { rivals::guard(plan) } else { Err("not asked for".to_owned()) };
    for _ in 0..words.rounds {
        let mut haven = Command::new(program);
        haven.args(["lists", "lookup"]).arg(compiled).arg("-");
        table.add("look-ups, 10 % on the lists", "Haven, lists lookup F -", timed(&mut haven, &names, HAVEN_NAMES));
        match &guard {
            Ok(config) => {
                let mut command = Command::new(rivals::find("squidGuard").unwrap());
                command.arg("-c").arg(config);
                table.add("look-ups, 10 % on the lists", "squidGuard", timed(&mut command, &urls, GUARD_NAMES));
            }
            Err(why) => println!("squidGuard: {}", why.trim()),
        }
    }
}

fn timed(command: &mut Command, input: &Path, count: u64) -> Cell {
    let began = Instant::now();
    let before = Tree(std::process::id()).cpu();
    let ended = command.stdin(File::open(input).unwrap()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(ended.success(), "{command:?}");
    // This process waits meanwhile: what its tree used is what the child used.
    let cpu = Tree(std::process::id()).cpu() - before;
    let seconds = began.elapsed().as_secs_f64();
    Cell { cpu_us: cpu.as_secs_f64() * 1e6 / count as f64, per_second: count as f64 / seconds, ..Cell::default() }
}
