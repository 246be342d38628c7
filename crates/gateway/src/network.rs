//! Which addresses are the open internet, and which are somebody's inside: a proxy must never be a way into a private network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use filter::network::{Network, NetworkError};

/// The address as it really is: an IPv4 address that is carried inside an IPv6 one comes out of it.
#[must_use]
pub fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    carried_v4(v6).map_or(address, IpAddr::V4)
}

/// Mapped (`::ffff:0:0/96`), compatible (`::/96`), NAT64 (`64:ff9b::/96`) and 6to4 (`2002::/16`) addresses lead to an IPv4 one.
fn carried_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let last = || {
        let [g1, g2] = g.to_be_bytes();
        let [h1, h2] = h.to_be_bytes();
        Ipv4Addr::new(g1, g2, h1, h2)
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(last()),
        (0, 0, 0, 0, 0, 0) if g != 0 => Some(last()),
        (0x2002, ..) => {
            let [b1, b2] = b.to_be_bytes();
            let [c1, c2] = c.to_be_bytes();
            Some(Ipv4Addr::new(b1, b2, c1, c2))
        }
        _ => None,
    }
}

/// Whether an address is on the open internet. Everything that is not is refused unless it was named.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let shared_carrier = a == 100 && (64..128).contains(&b);
    let protocol_assignments = a == 192 && b == 0 && c == 0;
    let benchmarking = a == 198 && (b == 18 || b == 19);
    let this_network = a == 0;
    let reserved = a >= 240;
    !(v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
        || shared_carrier
        || protocol_assignments
        || benchmarking
        || this_network
        || reserved)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    let global_unicast = (0x2000..0x4000).contains(&a);
    let documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    let teredo = a == 0x2001 && b == 0;
    global_unicast && !documentation && !teredo
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn inside_addresses_are_not_public_in_any_spelling() {
        let inside = [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
        ];
        for text in inside {
            assert!(!is_public(text.parse().unwrap()), "{text} must not be public");
        }
        for text in ["1.1.1.1", "93.184.215.14", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
        {
            assert!(is_public(text.parse().unwrap()), "{text} must be public");
        }
    }

    #[test]
    fn a_network_holds_its_own_addresses_and_no_others() {
        let network: Network = "10.20.0.0/16".parse().unwrap();
        assert!(network.contains("10.20.255.1".parse().unwrap()));
        assert!(!network.contains("10.21.0.1".parse().unwrap()));
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains("8.8.8.8".parse().unwrap()));
        let one: Network = "fd00::5".parse().unwrap();
        assert!(one.contains("fd00::5".parse().unwrap()) && !one.contains("fd00::6".parse().unwrap()));
        assert_eq!("10.0.0.0/33".parse::<Network>(), Err(NetworkError));
        assert_eq!("ten".parse::<Network>(), Err(NetworkError));
    }
}
