//! Bytes as the first that a client says in a tunnel (ClientHello): no bytes break the reading of it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway::greeting::try_bytes(bytes));
