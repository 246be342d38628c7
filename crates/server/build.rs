//! Builds the binary afresh when a pack gets a file or loses one: the packs are carried inside it.

fn main() {
    println!("cargo::rerun-if-changed=../../packs");
    println!("cargo::rerun-if-changed=build.rs");
}
