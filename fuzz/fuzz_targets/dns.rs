//! Bytes as a question by DNS, and as an answer from a resolver: no bytes break the door, and what was taken out stays out.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway::dns::try_bytes(bytes));
