//! `haven`: one program that runs an organisation's e-safety policy; this file reads the command line.

mod ask;
mod checks;
mod cli;
mod commands;
mod demo;
mod folder;
mod heads;
mod house;
mod hub;
mod log;
mod moment;
mod packs;
mod pages;
mod ports;
mod say;
mod sealed;
mod serve;
mod settings;
mod shipped;
mod spool;
mod supply;
mod telling;
mod workers;

use std::process::ExitCode;

/// What all memory comes from: a request takes and gives back some dozens of small pieces, on threads of their own.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
