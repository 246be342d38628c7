//! Bytes in the place of a kept sealed list, and a licensed file that is none: nothing panics, and nothing shows itself.
#![no_main]

use filter::Address;
use filter::lists::SealedIndex;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(index) = SealedIndex::from_bytes(bytes) {
        assert!(SealedIndex::from_bytes(&index.to_bytes()).is_ok());
    }
    let (index, report) = SealedIndex::read([7; 32], Vec::new(), &[("list.txt".to_owned(), bytes.to_vec())]);
    assert!(report.entries <= u64::try_from(bytes.len()).unwrap());
    assert_eq!(format!("{index:?}"), "SealedIndex(..)");
    let again = SealedIndex::from_bytes(&index.to_bytes()).expect("what was kept can be opened");
    for line in bytes.split(|byte| *byte == b'\n').take(20) {
        if let Ok(address) = Address::parse(&format!("http://{}", String::from_utf8_lossy(line))) {
            assert_eq!(index.holds(&address), again.holds(&address));
        }
    }
});
