//! Opens what a list maker hands out: one file, a compressed file, or an archive of folders.

use std::io::Read;

use flate2::read::GzDecoder;

use super::Source;

/// Bytes of one edition after unpacking: what is larger is not a list of names.
const UNPACKED_LIMIT_BYTES: u64 = 1024 * 1024 * 1024;
/// Files of one archive.
const FILES_LIMIT: usize = 5_000;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Where an archive says that it is one, and what it says there (POSIX.1-1988).
const TAR_MAGIC_AT: usize = 257;
const TAR_MAGIC: &[u8] = b"ustar";

/// The list files of an edition, each under a path that tells list and category: `ut1/gambling/domains`.
pub(super) fn files(source: &Source, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let plain;
    let bytes = if bytes.starts_with(&GZIP_MAGIC) {
        plain = limited(GzDecoder::new(bytes))?;
        plain.as_slice()
    } else {
        bytes
    };
    if bytes.get(TAR_MAGIC_AT..).is_some_and(|rest| rest.starts_with(TAR_MAGIC)) {
        return archive(source, bytes);
    }
    Ok(vec![(path_of_one(source), bytes.to_vec())])
}

/// One file says by its name what it is about, unless the settings do.
fn path_of_one(source: &Source) -> String {
    match &source.category {
        Some(category) => format!("{}/{category}/domains", source.name),
        None => format!("{}/{}", source.name, source.from.file_name()),
    }
}

fn limited(from: impl Read) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let read = from.take(UNPACKED_LIMIT_BYTES + 1).read_to_end(&mut out);
    read.map_err(|error| format!("it cannot be unpacked: {error}"))?;
    if u64::try_from(out.len()).unwrap_or(u64::MAX) > UNPACKED_LIMIT_BYTES {
        return Err(format!("it is larger than {UNPACKED_LIMIT_BYTES} bytes when unpacked"));
    }
    Ok(out)
}

/// Ordinary files only: links and devices in an archive are left out.
fn archive(source: &Source, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let broken = |error: std::io::Error| format!("the archive cannot be read: {error}");
    let mut files = Vec::new();
    for entry in tar::Archive::new(bytes).entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        if files.len() >= FILES_LIMIT {
            return Err(format!("the archive holds more than {FILES_LIMIT} files"));
        }
        let path = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        files.push((path, limited(entry)?));
    }
    let top = common_folder(&files);
    Ok(files
        .into_iter()
        .map(|(path, text)| {
            let inside = path.strip_prefix(&top).unwrap_or(&path).to_owned();
            (format!("{}/{inside}", source.name), text)
        })
        .collect())
}

/// The folder that all files of an archive lie in, with its stroke; most archives have one.
fn common_folder(files: &[(String, Vec<u8>)]) -> String {
    let first = files.first().and_then(|(path, _)| path.split_once('/')).map(|(folder, _)| format!("{folder}/"));
    // The last folder above the files is not taken away: it says what they are about.
    let inside = |top: &String| files.iter().all(|(path, _)| path.starts_with(top.as_str()));
    let deeper =
        |top: &String| files.iter().any(|(path, _)| path.get(top.len()..).is_some_and(|rest| rest.contains('/')));
    first.filter(|top| inside(top) && deeper(top)).unwrap_or_default()
}
