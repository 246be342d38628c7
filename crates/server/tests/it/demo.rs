//! The practice organisation, started as somebody who tries Haven starts it.

use std::net::{SocketAddr, TcpListener};

use store::testing::sqlite;

use crate::run::haven;
use crate::running::{Running, ask};

/// Below the ports that systems give to whoever connects, and beside those of the browser journeys: one of them must still be
/// free when the practice organisation starts again.
const PORTS: std::ops::Range<u16> = 12_000..19_000;

/// A portal port with room for everybody's proxies above it.
fn block_of_ports() -> u16 {
    let seed = u16::try_from(std::process::id() % 7_000).unwrap();
    for turn in 0..200_u16 {
        let first = PORTS.start + (seed + turn * 41) % (PORTS.end - PORTS.start);
        let wanted = first..first + 40;
        let held: Vec<TcpListener> = wanted.filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).collect();
        if held.len() == 40 {
            return first;
        }
    }
    panic!("no block of free ports");
}

#[test]
fn the_practice_organisation_has_people_proxies_and_websites() {
    let place = sqlite();
    let data = place.folder().join("practice").display().to_string();
    let port = block_of_ports();
    let portal = SocketAddr::from(([127, 0, 0, 1], port));
    let lena = SocketAddr::from(([127, 0, 0, 1], port + 11));
    let words = ["demo", "--port", &port.to_string(), "--data", &data];
    let mut running = Running::start(&words, portal);
    let said = running.lines(22).join("\n");
    assert!(said.contains("Nothing here is real"), "{said}");
    assert!(said.contains(&format!("http://127.0.0.1:{port}/practice")), "{said}");
    assert!(said.contains(&format!("127.0.0.1:{}  Lena Learner, adult learner", port + 11)), "{said}");
    assert!(said.contains("Bodil Boardroom"), "{said}");

    let html = "Accept: text/html";
    let gate = ask(lena, &format!("GET http://library.test/ HTTP/1.1\r\nHost: library.test\r\n{html}"));
    assert!(gate.starts_with("HTTP/1.1 302"), "{gate}");
    let help = ask(lena, &format!("GET http://help-line.test/ HTTP/1.1\r\nHost: help-line.test\r\n{html}"));
    assert!(help.starts_with("HTTP/1.1 200") && help.contains("The practice help line"), "{help}");
    assert_eq!(running.end(), 0);

    let status = haven(&["keys", "status", "--data", &data]);
    assert_eq!(status.code, 0, "{}{}", status.out, status.err);
    let verified = haven(&["audit", "verify", "--data", &data]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);

    // A second start finds everybody there already and changes nobody.
    let again = Running::start(&words, portal);
    assert_eq!(again.end(), 0);
}
