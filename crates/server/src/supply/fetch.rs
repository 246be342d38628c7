//! Fetches an edition from its maker, and nothing if it is the one that is kept.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use sha2::{Digest as _, Sha256};

use super::{Edition, Source, proof};

/// Largest edition as it is fetched, in bytes.
const FETCH_LIMIT_BYTES: usize = 512 * 1024 * 1024;
/// Longest file of checksums, or signature, in bytes.
const BESIDE_LIMIT_BYTES: usize = 1024 * 1024;
/// How long a whole fetch may take, in seconds.
const FETCH_LIMIT_SECONDS: u64 = 600;
const CONNECT_LIMIT_SECONDS: u64 = 20;
const REDIRECTS_LIMIT: usize = 5;
/// Folders inside a folder that are looked into.
const DEPTH_LIMIT: usize = 16;

/// Where something comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Web(String),
    /// A file, or a folder of lists.
    Disk(PathBuf),
}

impl Origin {
    /// Reads a setting; a relative path is seen from the settings' folder.
    pub(crate) fn read(text: &str, folder: &Path) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Self::Web(text.to_owned());
        }
        Self::Disk(folder.join(text))
    }

    /// The last part of a path, without what a web address may carry behind it.
    pub(super) fn file_name(&self) -> String {
        let text = self.to_string();
        let path = text.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("list").to_owned()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(address) => f.write_str(address),
            Self::Disk(path) => write!(f, "{}", path.display()),
        }
    }
}

/// An edition as it came.
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) sha256: String,
}

/// Fetches over the web with the authorities that the settings name.
pub(crate) struct Fetcher(reqwest::Client);

impl Fetcher {
    pub(crate) fn new(tls: Arc<rustls::ClientConfig>) -> Result<Self, String> {
        reqwest::Client::builder()
            .use_preconfigured_tls((*tls).clone())
            .connect_timeout(Duration::from_secs(CONNECT_LIMIT_SECONDS))
            .timeout(Duration::from_secs(FETCH_LIMIT_SECONDS))
            .redirect(reqwest::redirect::Policy::limited(REDIRECTS_LIMIT))
            .user_agent(concat!("haven/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// The source's edition, or none if it is the one that is kept.
    pub(super) async fn fetch(&self, source: &Source, kept: Option<&Edition>) -> Result<Option<Fetched>, String> {
        // The settings may have changed where it comes from: then what was kept says nothing.
        let kept = kept.filter(|kept| kept.from == source.from.to_string());
        let fetched = match &source.from {
            Origin::Web(address) => match self.over_the_web(address, kept).await? {
                Some(fetched) => fetched,
                None => return Ok(None),
            },
            Origin::Disk(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || from_disk(&path)).await;
                read.map_err(|error| error.to_string())??
            }
        };
        self.prove(source, &fetched.bytes).await?;
        Ok(Some(fetched).filter(|fetched| kept.is_none_or(|kept| kept.sha256 != fetched.sha256)))
    }

    /// The whole of a licensed list, with the credentials that its maker gave: `user:password`, or a token.
    pub(crate) async fn fetch_whole(&self, from: &Origin, credentials: Option<&str>) -> Result<Vec<u8>, String> {
        let address = match from {
            Origin::Disk(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || from_disk(&path)).await;
                return Ok(read.map_err(|error| error.to_string())??.bytes);
            }
            Origin::Web(address) => address,
        };
        let request = self.0.get(address);
        let request = match credentials.map(|text| text.split_once(':').ok_or(text)) {
            Some(Ok((user, password))) => request.basic_auth(user, Some(password)),
            Some(Err(token)) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await.map_err(|error| cause(&error))?;
        if !answer.status().is_success() {
            return Err(format!("the source answered {}", answer.status()));
        }
        body(answer, FETCH_LIMIT_BYTES).await
    }

    async fn over_the_web(&self, address: &str, kept: Option<&Edition>) -> Result<Option<Fetched>, String> {
        let mut request = self.0.get(address);
        if let Some(etag) = kept.and_then(|kept| kept.etag.as_ref()) {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(since) = kept.and_then(|kept| kept.last_modified.as_ref()) {
            request = request.header(IF_MODIFIED_SINCE, since);
        }
        let answer = request.send().await.map_err(|error| cause(&error))?;
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        if !answer.status().is_success() {
            return Err(format!("the source answered {}", answer.status()));
        }
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, last_modified) = (header(ETAG), header(LAST_MODIFIED));
        let bytes = body(answer, FETCH_LIMIT_BYTES).await?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Ok(Some(Fetched { bytes, etag, last_modified, sha256 }))
    }

    /// Compares an edition with what its maker says of it, where the settings say that there is something to compare.
    pub(crate) async fn prove(&self, source: &Source, bytes: &[u8]) -> Result<(), String> {
        if let Some(checksum) = &source.checksum {
            let text = self.beside(checksum, "checksum").await?;
            proof::checksum(&text, &source.from.file_name(), bytes)?;
        }
        if let Some((signature, key)) = &source.signature {
            let text = self.beside(signature, "signature").await?;
            proof::signature(&text, key, bytes)?;
        }
        Ok(())
    }

    /// A small file that its maker puts beside a list.
    async fn beside(&self, from: &Origin, what: &str) -> Result<String, String> {
        let bytes = match from {
            Origin::Web(address) => {
                let answer = self.0.get(address).send().await.map_err(|error| cause(&error))?;
                if !answer.status().is_success() {
                    return Err(format!("its {what} answered {}", answer.status()));
                }
                body(answer, BESIDE_LIMIT_BYTES).await?
            }
            Origin::Disk(path) => fs::read(path).map_err(|error| format!("its {what} cannot be read: {error}"))?,
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The innermost cause: the outer ones repeat the address.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the source took too long to answer".to_owned();
    }
    let mut inner: &dyn std::error::Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    format!("the source cannot be reached: {inner}")
}

async fn body(mut answer: reqwest::Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| cause(&error))? {
        if bytes.len() + chunk.len() > limit {
            return Err(format!("it is larger than {limit} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn from_disk(path: &Path) -> Result<Fetched, String> {
    let unreadable = |path: &Path, error: &std::io::Error| format!("{} cannot be read: {error}", path.display());
    let about = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let bytes = if about.is_dir() {
        // A folder is kept as an archive of itself, so that the last good edition stands whatever happens there.
        let mut archive = tar::Builder::new(Vec::new());
        append(&mut archive, path, path, DEPTH_LIMIT)?;
        archive.into_inner().map_err(|error| unreadable(path, &error))?
    } else {
        if usize::try_from(about.len()).unwrap_or(usize::MAX) > FETCH_LIMIT_BYTES {
            return Err(format!("it is larger than {FETCH_LIMIT_BYTES} bytes"));
        }
        fs::read(path).map_err(|error| unreadable(path, &error))?
    };
    let sha256 = hex::encode(Sha256::digest(&bytes));
    Ok(Fetched { bytes, etag: None, last_modified: None, sha256 })
}

/// Files in the order of their names, without owner and time: the same files give the same archive.
fn append(archive: &mut tar::Builder<Vec<u8>>, root: &Path, folder: &Path, depth: usize) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", folder.display());
    let mut entries = fs::read_dir(folder).and_then(|found| found.collect::<Result<Vec<_>, _>>()).map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let about = entry.metadata().map_err(failed)?;
        if about.is_dir() && depth > 0 {
            append(archive, root, &path, depth - 1)?;
        } else if about.is_file() {
            let text = fs::read(&path).map_err(failed)?;
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let mut header = tar::Header::new_ustar();
            header.set_size(u64::try_from(text.len()).unwrap_or(u64::MAX));
            header.set_mode(0o644);
            header.set_cksum();
            archive.append_data(&mut header, inside, text.as_slice()).map_err(failed)?;
        }
    }
    Ok(())
}
