//! Tells the compiler the names of the built style sheet, script and icon; without them it says in one sentence what to run.
#![allow(clippy::print_stdout, reason = "cargo listens to what a build script prints")]

use std::fs;

fn main() {
    println!("cargo::rerun-if-changed=dist/names.txt");
    println!("cargo::rerun-if-changed=askama.toml");
    match fs::read_to_string("dist/names.txt") {
        Ok(names) => names.lines().for_each(|line| println!("cargo::rustc-env={line}")),
        Err(_) => println!(
            "cargo::error=The pages' styles are not built yet: run `npm ci --ignore-scripts && npm run assets` in the project's folder (./run does it for you)."
        ),
    }
}
