//! The practice organisation, started as somebody who tries Haven starts it.

use std::net::{SocketAddr, TcpListener};

use store::testing::sqlite;

use crate::run::haven;
use crate::running::{Running, ask};

/// A portal port with room for everybody's proxies above it.
fn block_of_ports() -> u16 {
    for _ in 0..200 {
        let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let wanted = (0..40_u16).map(|place| first.saturating_add(place));
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
