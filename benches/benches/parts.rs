//! What the parts of the hot path cost by themselves: one look-up, one decision, one page of words, one link of a chain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a bench")]

#[path = "../src/names.rs"]
#[allow(dead_code, reason = "shared with the whole-process bench")]
mod names;
#[path = "../src/pages.rs"]
#[allow(dead_code, reason = "shared with the whole-process bench")]
mod pages;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use casework::audit::{NewEntry, entry_hash};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use filter::lists::{Builder, Lists};
use filter::phrases::{WordPack, visible_text};
use filter::{Address, Carriage, Facts, Person, Snapshot, Who, decide};
use jiff::Timestamp;
use names::{Model, Seeded};

/// Enough names for an index that does not fit into the processor's caches.
const NAMES: u64 = 1_000_000;

fn lists() -> (Lists, Vec<String>) {
    let (model, mut chance) = (Model::of_syllables(), Seeded::new(1));
    let all: Vec<String> = (0..NAMES).map(|_| model.name(&mut chance)).collect();
    let mut builder = Builder::with_starter();
    builder.add_file("bench/adult/domains", (all.join("\n") + "\n").as_bytes());
    let listed = all.into_iter().step_by(101).collect();
    (Lists::open(builder.finish()).unwrap(), listed)
}

/// One in ten on the lists.
fn questions(listed: &[String]) -> Vec<String> {
    let (model, mut chance) = (Model::of_syllables(), Seeded::new(2));
    let one = |turn: u64| {
        if turn.is_multiple_of(10) { chance.one(listed).clone() } else { format!("www.{}", model.name(&mut chance)) }
    };
    (0..10_000).map(one).collect()
}

fn pack() -> Arc<policy::Pack> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/waes");
    let mut files = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    Arc::new(policy::read(&files).pack.unwrap())
}

fn facts(pack: &policy::Pack, address: Address) -> Facts {
    let group = pack.groups.iter().find(|group| group.population == "learner").unwrap();
    let person = Person {
        id: "0123456789abcdef".to_owned(),
        group: group.id.clone(),
        population: group.population.clone(),
        site: String::new(),
        how: "signed in at 09:00".to_owned(),
        session: "fedcba9876543210".to_owned(),
    };
    Facts {
        at: Timestamp::from_second(1_790_000_000).unwrap(),
        who: Who::Person(person),
        listener: "room".to_owned(),
        device: "127.0.0.1".to_owned(),
        carriage: Carriage::Plain,
        method: "GET".to_owned(),
        address,
        navigation: true,
        framed: false,
        referrer_host: None,
    }
}

fn in_turn<'a, T>(all: &'a [T]) -> impl FnMut() -> &'a T {
    let mut place = 0;
    move || {
        place = (place + 1) % all.len();
        &all[place]
    }
}

fn decisions(criterion: &mut Criterion) {
    let (lists, listed) = lists();
    let asked = questions(&listed);
    let addresses: Vec<Address> =
        asked.iter().map(|name| Address::from_parts("http", name, "/a/page?of=1").unwrap()).collect();
    let mut next = in_turn(&asked);
    criterion.bench_function("normal form of an address", |bench| {
        bench.iter(|| Address::from_parts("http", black_box(next()), "/a/page?of=1"));
    });
    let mut next = in_turn(&addresses);
    criterion.bench_function("look-up among a million names", |bench| bench.iter(|| lists.lookup(black_box(next()))));
    let pack = pack();
    let snapshot =
        Snapshot::new(Arc::clone(&pack), Arc::new(lists), Arc::new(WordPack::shipped()), Vec::new(), Vec::new())
            .unwrap();
    let all: Vec<Facts> = addresses.iter().map(|address| facts(&pack, address.clone())).collect();
    let mut next = in_turn(&all);
    criterion.bench_function("decision on a request", |bench| {
        bench.iter(|| decide::request(&snapshot, black_box(next())));
    });
}

fn words(criterion: &mut Criterion) {
    let page = String::from_utf8(pages::page()).unwrap();
    let pack = WordPack::shipped();
    let mut group = criterion.benchmark_group("50 KiB of HTML");
    group.throughput(Throughput::Bytes(page.len() as u64));
    group.bench_function("visible text", |bench| bench.iter(|| visible_text(black_box(&page)).len()));
    group.bench_function("visible text and words", |bench| bench.iter(|| pack.score(&visible_text(black_box(&page)))));
    group.finish();
}

fn chains(criterion: &mut Criterion) {
    let entry = NewEntry {
        at_us: 1_790_000_000_000_000,
        actor: "0123456789abcdef".to_owned(),
        action: "case.assess".to_owned(),
        object: "fedcba9876543210".to_owned(),
        detail: "{\"step\":\"assess\"}".to_owned(),
        citation: "waes#7.1".to_owned(),
        digests: vec!["00".repeat(32); 4],
    };
    criterion.bench_function("link of the audit chain", |bench| {
        bench.iter(|| entry_hash(black_box(7), &[1; 32], black_box(&entry)));
    });
}

criterion_group!(parts, decisions, words, chains);
criterion_main!(parts);
