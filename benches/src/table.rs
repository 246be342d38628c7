//! Figures of many turns, and the table of their medians with Haven as the measure of the ratios.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cell {
    /// Of the whole process tree, for one answer.
    pub(crate) cpu_us: f64,
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) memory_mib: f64,
    pub(crate) faults: u64,
}

#[derive(Default)]
pub(crate) struct Table {
    /// Rows and programs in the order in which they came first.
    rows: Vec<String>,
    systems: Vec<String>,
    cells: BTreeMap<(String, String), Vec<Cell>>,
}

impl Table {
    pub(crate) fn add(&mut self, row: &str, system: &str, cell: Cell) {
        if !self.rows.iter().any(|known| known == row) {
            self.rows.push(row.to_owned());
        }
        if !self.systems.iter().any(|known| known == system) {
            self.systems.push(system.to_owned());
        }
        self.cells.entry((row.to_owned(), system.to_owned())).or_default().push(cell);
    }

    pub(crate) fn print(&self) {
        for row in &self.rows {
            println!("\n{row}");
            println!(
                "| program | CPU us a request | (least, most) | ratio | requests/s | p50 us | p99 us | MiB | faults |"
            );
            println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
            let mine: Vec<(&String, &Vec<Cell>)> = self
                .systems
                .iter()
                .filter_map(|system| Some((system, self.cells.get(&(row.clone(), system.clone()))?)))
                .collect();
            // Haven's first figure is the measure: what others need of it, or remember.
            let haven = mine.iter().find(|(system, _)| system.starts_with("Haven"));
            let measure = haven.map(|(_, cells)| figure(cells)).filter(|figure| *figure > 0.0);
            for (system, cells) in mine {
                let ratio = match measure {
                    Some(measure) if figure(cells) > 0.0 => format!("{:.2}", figure(cells) / measure),
                    _ => String::new(),
                };
                let all: Vec<f64> = cells.iter().map(|cell| cell.cpu_us).collect();
                let (least, most) = all.iter().fold((f64::MAX, 0.0_f64), |(l, m), v| (l.min(*v), m.max(*v)));
                println!(
                    "| {system} | {} | {} | {ratio} | {} | {} | {} | {} | {} |",
                    number(median(cells, |cell| cell.cpu_us)),
                    if most > 0.0 { format!("{least:.0}-{most:.0}") } else { String::new() },
                    number(median(cells, |cell| cell.per_second)),
                    number(median(cells, |cell| cell.p50_us)),
                    number(median(cells, |cell| cell.p99_us)),
                    number(median(cells, |cell| cell.memory_mib)),
                    cells.iter().map(|cell| cell.faults).sum::<u64>(),
                );
            }
        }
        println!();
    }
}

/// What the ratio of a row is about.
fn figure(cells: &[Cell]) -> f64 {
    let cpu = median(cells, |cell| cell.cpu_us);
    if cpu > 0.0 { cpu } else { median(cells, |cell| cell.memory_mib) }
}

fn median(cells: &[Cell], of: impl Fn(&Cell) -> f64) -> f64 {
    let mut all: Vec<f64> = cells.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn number(value: f64) -> String {
    if value == 0.0 {
        String::new()
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// Says on what machine this ran, and how busy it was with other things.
pub(crate) fn machine() {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let kernel = Command::new("uname").arg("-r").output().map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
    println!(
        "{cores} cores,{}; Linux {}; load before the start {}",
        model.trim_start_matches([' ', '\t', ':']).split('@').next().map(|name| format!(" {name}")).unwrap_or_default(),
        kernel.unwrap_or_default().trim(),
        load.split(' ').take(3).collect::<Vec<_>>().join(" "),
    );
}
