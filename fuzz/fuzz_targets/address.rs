//! Whatever somebody types as an address: it is read or refused, has one normal form, and hides no endless nest of others.
#![no_main]

use filter::Address;
use libfuzzer_sys::fuzz_target;

/// More addresses inside an address than anybody needs would be a way to make deciding slow.
const EMBEDDED_LIMIT: usize = 64;

fuzz_target!(|text: &str| {
    let Ok(address) = Address::parse(text) else { return };
    assert_eq!(address.host(), address.host().to_lowercase(), "a host in two spellings would be two sites");
    assert!(!address.host().ends_with('.'), "{text:?}");
    let normal = address.to_normal();
    let again = Address::parse(&normal).expect("a normal form can be read");
    assert_eq!(again.to_normal(), normal, "a normal form is its own");
    assert_eq!(again.host(), address.host());
    assert!(address.embedded().len() <= EMBEDDED_LIMIT);
    let _ = filter::search::terms(&address);
    let _ = filter::search::edits(&address, true, true);
    let _ = Address::from_authority(text);
});
