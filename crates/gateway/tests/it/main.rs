//! The gateway on real sockets: a scripted internet, a portal, clients that believe Haven's authority and clients that do not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tests"
)]

mod accounting;
mod bad_input;
mod browsing;
mod certificates;
mod clamd;
mod client;
mod devices;
mod dns_door;
mod dns_upstream;
mod files;
mod gate;
mod icap_door;
mod inspected;
mod lessons;
mod malware;
mod many;
mod pack;
mod page;
mod passes;
mod secure;
mod sending;
mod sink;
mod tenants;
mod tunnels;
mod website;
mod words;
mod world;
