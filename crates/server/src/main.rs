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
mod serve;
mod settings;
mod shipped;
mod spool;
mod supply;
mod telling;
mod workers;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
