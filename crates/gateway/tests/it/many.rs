//! Very many, very slow and very long: what would use up a gateway that keeps too much of it.

use std::time::Duration;

use gateway::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{PAGE, get, rest};
use crate::world::{Plan, World};

/// Connections that lie idle; fewer where the system lets a process open fewer files, but never under [`IDLE_LEAST`].
const IDLE_MOST: usize = 10_000;
const IDLE_LEAST: usize = 5_000;
/// For both ends of a connection, because both are in this process.
const IDLE_LIMIT_KIB: usize = 24;
const SLOW_CONNECTIONS: usize = 500;
const DOWNLOAD_BYTES: usize = 2 * 1024 * 1024 * 1024;
const PIECE_BYTES: usize = 64 * 1024;
const DOWNLOAD_LIMIT_KIB: usize = 64 * 1024;

/// Memory of this process, in KiB.
fn memory_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    of("VmRSS:")
}

fn open_files_limit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX)
}

#[tokio::test(flavor = "multi_thread")]
async fn long_f15_thousands_of_idle_connections_are_held_and_another_one_is_answered() {
    // Both ends of each connection are in this process.
    let count = (open_files_limit().saturating_sub(400) / 2).min(IDLE_MOST);
    assert!(count >= IDLE_LEAST, "this test needs more open files: ulimit -n 20400");
    let wanted = count + 100;
    let idle = Duration::from_secs(600);
    let limits = Limits { connections: wanted, connections_per_address: wanted, idle, ..Plan::default().limits };
    let world = World::with(Plan { limits, ..Plan::default() }).await;
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200);
    let before = memory_kib();
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        open.push(TcpStream::connect(world.address).await.unwrap());
    }
    assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200);
    let after = memory_kib();
    assert!(
        after.saturating_sub(before) < count * IDLE_LIMIT_KIB,
        "{before} KiB before, {after} KiB with {count} connections"
    );
    // They are still there, the first and the last.
    for stream in [open.remove(0), open.pop().unwrap()] {
        assert_eq!(
            crate::client::over(stream, "GET", "http://site.test/", &[("host", "site.test")], "").await.status,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_f15_hundreds_of_slow_heads_keep_nobody_waiting() {
    let world = World::new().await;
    let mut slow = Vec::new();
    for _ in 0..SLOW_CONNECTIONS {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(b"GET http://site.test/ HTTP/1.1\r\nhos").await.unwrap();
        slow.push(stream);
    }
    for _ in 0..4 {
        for stream in &mut slow {
            let _ = stream.write_all(b"t").await;
        }
        assert_eq!(get(world.address, "http://site.test/", PAGE).await.status, 200);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    for stream in &mut slow {
        assert_eq!(rest(stream).await, "", "each is closed, and none answered");
    }
    assert_eq!(world.numbers().too_slow, u64::try_from(SLOW_CONNECTIONS).unwrap());
}

/// A website that sends one long file to everybody, whatever they ask for.
async fn long_file() -> std::net::SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            tokio::spawn(async move {
                let mut asked = [0_u8; 4096];
                let _ = stream.read(&mut asked).await;
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: {DOWNLOAD_BYTES}\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).await.unwrap();
                let piece = vec![7_u8; PIECE_BYTES];
                for _ in 0..DOWNLOAD_BYTES / PIECE_BYTES {
                    stream.write_all(&piece).await.unwrap();
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn long_f15_two_gigabytes_go_through_in_flat_memory() {
    let world = World::new().await;
    let address = long_file().await;
    world.house.named.lock().unwrap().insert(("site.test".to_owned(), 80), address);
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let asked = b"GET http://site.test/long HTTP/1.1\r\nhost: site.test\r\nconnection: close\r\n\r\n";
    stream.write_all(asked).await.unwrap();
    let mut some = vec![0_u8; PIECE_BYTES];
    let first = stream.read(&mut some).await.unwrap();
    assert!(some.starts_with(b"HTTP/1.1 200"));
    let before = memory_kib();
    let mut came = first;
    let mut most = before;
    loop {
        let read = stream.read(&mut some).await.unwrap();
        if read == 0 {
            break;
        }
        let piece = came / (64 * 1024 * 1024);
        came += read;
        if came / (64 * 1024 * 1024) != piece {
            most = most.max(memory_kib());
        }
    }
    assert!(came > DOWNLOAD_BYTES, "{came} bytes came, with the head");
    assert!(most - before < DOWNLOAD_LIMIT_KIB, "{before} KiB at the beginning, {most} KiB on the way");
}
