//! Sockets in, decisions out: the doors by which browsers come, who stands there, and what happens to each request.
//!
//! The gateway knows the policy and the filter, and nothing else of Haven: all the rest comes through [`ports`].

mod accounting;
mod block;
mod body;
mod carry;
pub mod certificates;
pub mod config;
mod counts;
mod denied;
pub mod dns;
mod door;
mod examine;
mod exchange;
mod files;
mod gate;
pub mod greeting;
mod headers;
mod held;
pub mod icap;
mod inspect;
mod line;
pub mod malware;
pub mod network;
mod pass;
mod patient;
mod portal;
pub mod ports;
mod proxy;
pub mod radius;
mod record;
mod scan;
mod sent;
mod serve;
mod server;
pub mod sink;
mod tls;
mod tunnel;
mod upstream;
mod warnings;
mod who;

pub use block::BLOCK_PAGE_LIMIT_BYTES;
pub use certificates::{Authority, AuthorityPem, CertificateError};
pub use config::{Config, DnsDoor, IcapDoor, KnownBy, Limits, Listener, ListenerTls, NetworkSignIn, Reach, Trust};
pub use counts::{Counts, Numbers};
pub use denied::{DENIED_LIMIT_DEVICES, Denied, DeniedDevice};
pub use ports::{
    Answer, Contact, Door, Identified, Identity, Moment, Portal, Record, Records, Snapshots, Vouched, Wire,
};
pub use server::{Gateway, Ports, StartError};
pub use sink::Sink;
pub use tls::{TrustError, towards_websites};
