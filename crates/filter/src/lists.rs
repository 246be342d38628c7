//! The block lists: read in any of the usual formats, compiled into one exact index, and asked about one address at a time.

pub mod build;
pub mod codes;
mod file;
mod find;
pub mod guard;
pub mod help;
mod index;
pub mod local;
mod reader;
pub mod sealed;
mod starter;

/// The test entry of every sealed list: whoever brings one in adds it, and a check of the filter asks for it. It can never be
/// a real name.
pub const SEALED_CHECK_HOST: &str = "sealed-list-check.invalid";

pub use build::{Builder, FileReport};
pub use codes::{CoreCode, CoreCodes};
pub use file::{ListsError, SEGMENTS_LIMIT};
pub use find::{FOUND_LIMIT_LINES, FoundLine, find, find_in_starter};
pub use help::{HelpKind, HelpList, HelpSite};
pub use index::{Hit, Lists, ListsStat};
pub use local::LocalRule;
pub use reader::{Columns, Format, LINE_LIMIT_BYTES, Refusal};
pub use sealed::{SealedIndex, SealedReport};
