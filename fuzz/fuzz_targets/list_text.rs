//! A block list from a stranger: each line is used or refused by its number, and what was built opens and can be asked.
#![no_main]

use filter::Address;
use filter::lists::{Builder, Lists};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 8] = [
    "ut1/gambling/domains",
    "ut1/gambling/urls",
    "ut1/gambling/expressions",
    "hosts",
    "adblock.txt",
    "list.csv",
    "zone.rpz",
    "dnsmasq.conf",
];

fuzz_target!(|input: (u8, &[u8])| {
    let (name, text) = input;
    let name = NAMES[usize::from(name) % NAMES.len()];
    let mut builder = Builder::new();
    let report = builder.add_file(name, text);
    let lines = text.split(|byte| *byte == b'\n').count();
    assert!(report.refused.iter().all(|refusal| (1..=lines).contains(&refusal.line)));
    let lists = Lists::open(builder.finish()).expect("what the builder writes can be opened");
    for line in text.split(|byte| *byte == b'\n').take(20) {
        if let Ok(address) = Address::parse(&format!("http://{}/", String::from_utf8_lossy(line))) {
            let _ = lists.lookup(&address);
        }
    }
});
