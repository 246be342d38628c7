//! Reads the house: its files as git knows them, its manifests as cargo knows them, and code without comments and tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The top folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("e2e stands in the house").to_path_buf()
}

fn output_of(mut command: Command) -> String {
    let shown = format!("{command:?}");
    let output = command.current_dir(root()).output().unwrap_or_else(|fault| panic!("{shown}: {fault}"));
    assert!(output.status.success(), "{shown}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What cargo says to these words; it never goes to the network.
pub(crate) fn cargo(words: &[&str]) -> String {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words);
    output_of(command)
}

/// Every file that is tracked, or would be with the next `git add`, as a path below the top folder.
pub(crate) fn files() -> Vec<String> {
    let mut command = Command::new("git");
    command.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = output_of(command);
    let files: BTreeSet<String> =
        listed.split('\0').filter(|path| !path.is_empty() && root().join(path).is_file()).map(str::to_owned).collect();
    assert!(files.contains("Cargo.toml"), "git lists the files of another house");
    files.into_iter().collect()
}

pub(crate) fn rust_files() -> Vec<String> {
    files().into_iter().filter(|path| path.ends_with(".rs")).collect()
}

/// The text of a file; a font or a picture gives whatever of it is text.
pub(crate) fn read(path: &str) -> String {
    let bytes = std::fs::read(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Fails with everything that was found, so that one run shows all that is to be mended.
#[track_caller]
pub(crate) fn refuse(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}\n  {}", found.join("\n  "));
}

/// A line of code that ends up in the program.
pub(crate) struct Line<'t> {
    pub(crate) number: usize,
    pub(crate) text: &'t str,
}

/// The files of `crates/` that are compiled into the program, with their text.
pub(crate) fn product_files() -> Vec<(String, String)> {
    let files: Vec<(String, String)> = rust_files()
        .into_iter()
        .filter(|path| {
            path.starts_with("crates/")
                && !["/tests/", "/benches/", "/examples/"].iter().any(|aside| path.contains(aside))
        })
        .map(|path| (path.clone(), read(&path)))
        .collect();
    let for_tests: BTreeSet<String> = files.iter().flat_map(|(path, text)| modules_for_tests(path, text)).collect();
    files.into_iter().filter(|(path, _)| !for_tests.iter().any(|module| is_below(path, module))).collect()
}

/// Paths, without their ending, of the modules that a file declares for its tests only.
fn modules_for_tests(path: &str, text: &str) -> Vec<String> {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let folder = match stem.rsplit_once('/') {
        Some((folder, "lib" | "main" | "mod")) => folder,
        _ => stem,
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|pair| is_for_tests(pair[0])).filter_map(|pair| {
        let name = pair[1].strip_suffix(';')?.rsplit_once("mod ")?.1;
        Some(format!("{folder}/{name}"))
    });
    declared.collect()
}

/// `testing` is the feature by which a room lends its test helpers to other rooms; no program is built with it.
fn is_for_tests(attribute: &str) -> bool {
    let conditions = ["test)]", "any(test, feature = \"testing\"))]", "feature = \"testing\")]"];
    attribute.strip_prefix("#[cfg(").is_some_and(|rest| conditions.iter().any(|condition| rest.starts_with(condition)))
}

fn is_below(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// The lines of a file without comments and without what stands under `#[cfg(test)]`. It trusts the formatter: an item
/// ends at the closing brace that stands as far in as the item began.
pub(crate) fn product_lines(text: &str) -> Vec<Line<'_>> {
    let mut kept = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let bare = line.trim_start();
        if is_for_tests(bare) {
            skip_item(&mut lines, line.len() - bare.len());
        } else if !bare.starts_with("//") {
            let code = line.split_once(" // ").map_or(line, |(code, _)| code);
            kept.push(Line { number: index + 1, text: code });
        }
    }
    kept
}

fn skip_item<'t>(lines: &mut impl Iterator<Item = (usize, &'t str)>, indent: usize) {
    let closing = format!("{}}}", " ".repeat(indent));
    for (_, line) in lines.by_ref() {
        let attribute = line.trim_start().starts_with("#[");
        if line.trim_end() == closing
            || (!attribute
                && line.len() > indent
                && line.trim_end().ends_with(';')
                && !line[..=indent].trim().is_empty())
        {
            return;
        }
    }
}

#[test]
fn code_is_told_from_comments_and_tests() {
    let text = "//! Doc now()\nfn a() {\n    b(); // now()\n}\n\n#[cfg(test)]\nmod tests;\nfn c() {}\n\n#[cfg(test)]\n#[allow(x)]\nmod inner {\n    fn d() {\n        now();\n    }\n}\n\nfn e() {}\n";
    let kept: Vec<&str> = product_lines(text).iter().map(|line| line.text).filter(|line| !line.is_empty()).collect();
    assert_eq!(kept, ["fn a() {", "    b();", "}", "fn c() {}", "fn e() {}"]);
    assert_eq!(product_lines(text).last().map(|line| line.number), Some(18));
    assert_eq!(modules_for_tests("crates/x/src/lists.rs", text), ["crates/x/src/lists/tests"]);
    assert_eq!(modules_for_tests("crates/x/src/lib.rs", text), ["crates/x/src/tests"]);
    assert!(
        is_below("crates/x/src/tests/walk.rs", "crates/x/src/tests")
            && !is_below("crates/x/src/tests_of.rs", "crates/x/src/tests")
    );
}
