//! Whatever the malware engine answers: only its own word for clean is clean, and a name is fit for a page.
#![no_main]

use filter::malware::{Reply, SIGNATURE_LIMIT_CHARS, begins_like_a_program, is_scanned, reply, version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match reply(bytes) {
        Reply::Clean => assert!(String::from_utf8_lossy(bytes).contains("stream: OK")),
        Reply::Found(name) => {
            assert!(!name.is_empty() && name.len() <= SIGNATURE_LIMIT_CHARS);
            assert!(name.chars().all(|c| c.is_ascii_graphic()));
        }
        Reply::TooLong | Reply::Trouble => {}
    }
    let _ = version(bytes);
    let _ = begins_like_a_program(bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = is_scanned(Some(&text), Some(&text), &[text.to_string()]);
});
