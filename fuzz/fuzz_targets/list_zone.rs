//! A response policy zone from a stranger: no record closes what lies outside its zone, and every line is used or refused.
#![no_main]

use filter::Address;
use filter::lists::{Builder, Columns, Lists, find};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let text = [b"$ORIGIN rpz.test.\n@ SOA a. b. 1 2 3 4 5\n".as_slice(), text].concat();
    let text = text.as_slice();
    let mut builder = Builder::new();
    let report = builder.add_file("zone.rpz", text);
    let lines = text.split(|byte| *byte == b'\n').count();
    assert!(report.refused.iter().all(|refusal| (1..=lines).contains(&refusal.line)));
    let lists = Lists::open(builder.finish()).expect("what the builder writes can be opened");
    for line in text.split(|byte| *byte == b'\n').take(20) {
        let name = String::from_utf8_lossy(line);
        let name = name.split([' ', ',', ';', '\t']).next().unwrap_or_default().trim_matches('.').to_owned();
        if let Ok(address) = Address::parse(&format!("http://{name}/")) {
            let found = find("zone.rpz", text, &Columns::default(), &address);
            assert_eq!(found.is_empty(), lists.lookup(&address).is_empty(), "{address}: {found:?}");
        }
    }
});
