//! What happens to one web request, and why: the address in one normal form, the lists, the words, and the decision.
//!
//! Pure: no socket, no clock, no randomness. The list index reads a file that its caller has mapped into memory.

pub mod address;
pub mod body;
pub mod decide;
pub mod decision;
pub mod device;
pub mod facts;
pub mod lesson;
pub mod lists;
pub mod malware;
pub mod network;
pub mod phrases;
pub mod search;
pub mod site;
pub mod snapshot;
pub mod tenants;
pub mod timetable;

pub use address::{Address, AddressError};
pub use decision::{AlertCue, Decision, Edit, ScanPlan};
pub use facts::{Carriage, Device, Facts, Person, Who};
pub use snapshot::Snapshot;
