//! The policy packs that are carried inside the program, so that Haven can be tried without anything else.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../packs/"]
struct Packs;

/// Names of the packs on board, in order.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> =
        Packs::iter().filter_map(|path| path.split_once('/').map(|(pack, _)| pack.to_owned())).collect();
    names.sort();
    names.dedup();
    names
}

/// The files of a pack by their path inside its folder; none if there is no such pack on board.
pub(crate) fn pack(name: &str) -> Option<BTreeMap<String, String>> {
    let folder = format!("{name}/");
    let mut files = BTreeMap::new();
    for path in Packs::iter() {
        let Some(inside) = path.strip_prefix(&folder) else { continue };
        let text = Packs::get(&path)?.data.into_owned();
        files.insert(inside.to_owned(), String::from_utf8(text).ok()?);
    }
    (!files.is_empty()).then_some(files)
}
