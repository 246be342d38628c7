//! Whatever somebody sends as a form or an upload: the parts are the same however they arrive, and nothing is invented.
#![no_main]

use filter::Address;
use filter::body::{Parts, Piece, sent, written};
use libfuzzer_sys::fuzz_target;

fn read(body: &[u8], step: usize) -> Vec<Vec<u8>> {
    let mut parts = Parts::new("b");
    let mut pieces: Vec<Piece> = body.chunks(step.max(1)).flat_map(|chunk| parts.give(chunk)).collect();
    pieces.extend(parts.finish());
    let mut all: Vec<Vec<u8>> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Begin(_) => all.push(Vec::new()),
            Piece::Data(data) => all.last_mut().expect("data belongs to a part").extend_from_slice(&data),
            Piece::End => assert!(!all.is_empty(), "only what began can end"),
        }
    }
    all
}

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (step, content_type, body) = input;
    let whole = read(body, body.len());
    assert_eq!(read(body, usize::from(step)), whole, "the parts are the same however they arrive");
    assert!(whole.iter().map(Vec::len).sum::<usize>() <= body.len());
    let address = Address::parse("https://chatgpt.com/backend-api/conversation").expect("an address");
    for kind in [content_type, "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"] {
        if let Some(written) = written(Some(kind)) {
            let _ = sent(&address, &written, body);
        }
    }
});
