//! A RADIUS packet of any bytes: read or refused, and one that is read can be answered within the length of a packet.
#![no_main]

use libfuzzer_sys::fuzz_target;

/// Known to the fuzzer as well: what comes after the authenticator would otherwise never be reached.
const SECRET: &[u8] = b"secret";

fuzz_target!(|bytes: &[u8]| {
    let _ = gateway::radius::read(bytes, SECRET);
    // The same bytes as the attributes of a packet that was made with the secret.
    let attributes = &bytes[..bytes.len().min(gateway::radius::PACKET_LIMIT_BYTES - 20)];
    if let Ok(request) = gateway::radius::read(&gateway::radius::accounting_request(1, attributes, SECRET), SECRET) {
        assert!(request.response(SECRET).len() <= gateway::radius::PACKET_LIMIT_BYTES);
    }
});
