//! A list file that was damaged or forged: it is refused, or it opens and every question has an answer.
#![no_main]

use filter::Address;
use filter::lists::Lists;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(lists) = Lists::open(bytes.to_vec()) else { return };
    let _ = lists.stat();
    for asked in ["http://casino-royal.test/tables", "https://a.b.c.example.org/x?y=z", "http://127.0.0.1/"] {
        if let Ok(address) = Address::parse(asked) {
            let _ = lists.lookup(&address);
        }
    }
});
