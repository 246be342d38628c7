//! `haven`: one program that runs an organisation's e-safety policy; this file reads the command line.

mod cli;
mod commands;
mod moment;
mod packs;
mod say;
mod settings;
mod shipped;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
