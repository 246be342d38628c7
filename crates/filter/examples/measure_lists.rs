//! Compiles list folders and prints counts, size and speed: `cargo run -p filter --example measure_lists -- DIR...`
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a measurement run by hand, not part of the product"
)]

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use filter::lists::{Builder, Lists};

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files(&path, found)? } else { found.push(path) }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = Vec::new();
    for folder in std::env::args().skip(1) {
        files(Path::new(&folder), &mut paths)?;
    }
    let texts: Vec<(String, Vec<u8>)> = paths
        .iter()
        .map(|path| Ok((path.to_string_lossy().into_owned(), fs::read(path)?)))
        .collect::<std::io::Result<_>>()?;
    let start = Instant::now();
    let mut builder = Builder::with_starter();
    let mut why: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for (path, text) in &texts {
        for refusal in builder.add_file(path, text).refused {
            let example = format!("{path}:{} {}", refusal.line, refusal.text);
            why.entry(refusal.why).or_insert((0, example)).0 += 1;
        }
    }
    let read = start.elapsed();
    let bytes = builder.finish();
    println!("read in {read:?}, built in {:?}", start.elapsed());
    let start = Instant::now();
    let lists = Lists::open(bytes)?;
    println!("opened in {:?}", start.elapsed());
    let stat = lists.stat();
    println!(
        "{} names, {} addresses, {} bytes, {:.2} bytes each",
        stat.names,
        stat.urls,
        stat.bytes,
        stat.bytes as f64 / (stat.names + stat.urls) as f64
    );
    for (code, count) in &stat.codes {
        println!("  {code}: {count}");
    }
    let mut kinds: Vec<_> = why.into_iter().collect();
    kinds.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (why, (count, example)) in kinds.iter().take(15) {
        println!("  refused {count}: {why} ({example})");
    }
    let names: Vec<String> = texts
        .iter()
        .flat_map(|(_, text)| text.split(|b| *b == b'\n').take(400))
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let misses: Vec<String> =
        (0..10_000).map(|number| format!("www.site{number}.example{}.com", number % 97)).collect();
    for (what, asked) in [("listed", &names), ("unlisted", &misses)] {
        let start = Instant::now();
        let mut count = 0_u32;
        let mut hits = 0;
        while count < 500_000 {
            for name in asked {
                hits += black_box(lists.lookup_host(name)).len();
                count += 1;
            }
        }
        println!("{what}: {:.0} lookups a second ({hits} hits)", f64::from(count) / start.elapsed().as_secs_f64());
    }
    Ok(())
}
