//! What a program and all that it started cost: processor time and memory, as the system counts them.

use std::collections::HashMap;
use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A process and everything below it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tree(pub(crate) u32);

struct Stat {
    parent: u32,
    /// User and system time of it and of its children that have ended, in clock ticks.
    ticks: u64,
}

fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let cells: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |place: usize| cells.get(place).and_then(|cell| cell.parse::<u64>().ok());
    let ticks = (11..15).map_while(number).sum();
    Some(Stat { parent: u32::try_from(number(1)?).ok()?, ticks })
}

/// Clock ticks of the system in one second.
fn ticks_per_second() -> u64 {
    let out = Command::new("getconf").arg("CLK_TCK").output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().parse().unwrap_or(100)
}

impl Tree {
    fn all(self) -> Vec<(u32, Stat)> {
        let ids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let stats: HashMap<u32, Stat> = ids.filter_map(|id| Some((id, stat(id)?))).collect();
        let below = |mut id: u32| {
            while id > 1 {
                if id == self.0 {
                    return true;
                }
                let Some(stat) = stats.get(&id) else { return false };
                id = stat.parent;
            }
            false
        };
        let mine: Vec<u32> = stats.keys().copied().filter(|id| below(*id)).collect();
        mine.into_iter().filter_map(|id| Some((id, stat(id)?))).collect()
    }

    /// Processor time so far.
    pub(crate) fn cpu(self) -> Duration {
        let ticks: u64 = self.all().iter().map(|(_, stat)| stat.ticks).sum();
        Duration::from_micros(ticks * 1_000_000 / ticks_per_second())
    }

    /// Memory, shared pages divided among those that share them, in KiB.
    pub(crate) fn memory_kib(self) -> u64 {
        let of = |id: u32| {
            let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
            text.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse::<u64>().ok())
        };
        self.all().iter().filter_map(|(id, _)| of(*id)).sum()
    }
}

/// Waits until these programs rest, so that what they put off counts as well. Gives their processor time.
pub(crate) fn when_at_rest(trees: &[Tree]) -> Duration {
    const LOOK: Duration = Duration::from_millis(500);
    let cpu = || trees.iter().map(|tree| tree.cpu()).sum::<Duration>();
    let began = Instant::now();
    let mut last = cpu();
    loop {
        std::thread::sleep(LOOK);
        let now = cpu();
        if now - last <= LOOK / 40 || began.elapsed() > Duration::from_secs(60) {
            return now;
        }
        last = now;
    }
}

/// A program that ends with this value.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn tree(&self) -> Tree {
        Tree(self.0.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        for _ in 0..100 {
            if self.0.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
