//! Files that the scripted website offers: clean ones, infected ones, long ones, packed ones.

use std::convert::Infallible;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;

use crate::clamd::eicar;
use crate::website::packed_bytes;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Length of the long file.
pub(crate) const LONG_BYTES: usize = 8 * 1024 * 1024;
/// Length of the longest file.
pub(crate) const GIGABYTES: usize = 2 * 1024 * 1024 * 1024;
const CHUNK: &[u8] = &[b'x'; 64 * 1024];

pub(crate) async fn answer(name: &str) -> Response<Body> {
    let of = |kind: &str| Response::builder().header("content-type", kind);
    let file = "application/octet-stream";
    let response = match name {
        "eicar" => of(file).body(full(eicar())),
        "eicar.txt" => of("text/plain").body(full(eicar())),
        "eicar.png" => of("image/png").body(full(eicar())),
        "saved.png" => of("image/png")
            .header("content-disposition", "attachment; filename=a.png")
            .body(full([b"picture".to_vec(), eicar()].concat())),
        "eicar-br" => of(file).header("content-encoding", "br").body(full(packed_bytes(&eicar(), "br").await)),
        "bomb" => {
            let packed = packed_bytes(&vec![0; 32 * 1024 * 1024], "gzip").await;
            of(file).header("content-encoding", "gzip").body(full(packed))
        }
        "long-eicar" => of(file).header("content-length", LONG_BYTES).body(long(eicar(), LONG_BYTES)),
        "long" => of(file).header("content-length", LONG_BYTES).body(long(Vec::new(), LONG_BYTES)),
        "gigabytes" => of(file).header("content-length", GIGABYTES).body(long(Vec::new(), GIGABYTES)),
        _ => of(file).body(full(vec![b'c'; 5000])),
    };
    response.unwrap()
}

fn full(bytes: Vec<u8>) -> Body {
    Full::new(Bytes::from(bytes)).boxed_unsync()
}

/// Begins with some bytes and is filled up, made while it is sent.
fn long(begin: Vec<u8>, length: usize) -> Body {
    let fill = futures_util::stream::unfold((Some(begin), length), |(begin, left)| async move {
        if left == 0 {
            return None;
        }
        let next = match begin {
            Some(begin) if !begin.is_empty() => Bytes::from(begin),
            _ => Bytes::from_static(&CHUNK[..CHUNK.len().min(left)]),
        };
        let left = left - next.len();
        Some((Ok(Frame::data(next)), (None, left)))
    });
    StreamBody::new(fill).boxed_unsync()
}
