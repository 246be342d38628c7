//! Bytes as a conversation by ICAP, and as HTTP heads inside it: no bytes break the door or make it wait.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway::icap::try_bytes(bytes));
