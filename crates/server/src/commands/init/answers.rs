//! The answers that a first start needs, as a file gives them, and the settings that they make.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use policy::Pack;
use serde::Deserialize;

use super::ADMINISTERS;
use crate::say::Failure;

/// The file in the data folder that holds the database's address.
pub(super) const POSTGRES_FILE: &str = "postgres-address";

/// Everything that `haven init` wants to know.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answers {
    pub(super) organisation: String,
    /// Data folder, empty or not there yet.
    pub(super) folder: PathBuf,
    pub(super) pack: PathBuf,
    /// Where Haven's pages are served.
    pub(super) listen: SocketAddr,
    /// Where people reach them.
    pub(super) address: String,
    /// Where the first proxy listens; none for pages only.
    pub(super) proxy: Option<SocketAddr>,
    #[serde(default)]
    pub(super) one_person_per_address: bool,
    pub(super) postgres: Option<String>,
    pub(super) shares: Option<u8>,
    #[serde(rename = "person")]
    pub(super) people: Vec<FirstPerson>,
}

/// Somebody who can sign in from the first day.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstPerson {
    pub(super) username: String,
    pub(super) name: String,
    #[serde(default = "staff")]
    pub(super) population: String,
    pub(super) posts: Vec<String>,
    pub(super) password: String,
    #[serde(default)]
    pub(super) email: String,
}

pub(super) fn staff() -> String {
    "staff".to_owned()
}

impl Answers {
    /// Reads a file of answers. Paths in it are seen from where the command runs.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let bad = |why: &dyn std::fmt::Display| {
            Failure::new(format!(
                "The answers in {} cannot be used ({why}). Mend the file and try again.",
                file.display()
            ))
        };
        let text = fs::read_to_string(file).map_err(|error| bad(&error))?;
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let line =
                error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
            bad(&format!("line {line}: {}", error.message()))
        })
    }

    /// What can be said before anything is made.
    pub(super) fn check(&self, pack: &Pack) -> Result<(), Failure> {
        let bad = |sentence: String| Err(Failure::new(sentence));
        if self.organisation.trim().is_empty() {
            return bad("The organisation has no name. Give it one.".to_owned());
        }
        for person in &self.people {
            if let Some(post) = person.posts.iter().find(|post| pack.post(post).is_none()) {
                return bad(format!(
                    "The policy has no post '{post}' for {}. Use one of: {}.",
                    person.username,
                    post_ids(pack)
                ));
            }
            if !pack.populations.iter().any(|population| population.id == person.population) {
                return bad(format!(
                    "The policy has no kind of person '{}' for {}.",
                    person.population, person.username
                ));
            }
            if person.password.chars().count() < actions::people::PASSWORD_MIN_CHARS {
                return bad(format!(
                    "The password of {} is too short. Use at least {} characters; three random words are good.",
                    person.username,
                    actions::people::PASSWORD_MIN_CHARS
                ));
            }
        }
        if !self.people.iter().any(|person| administers(pack, &person.posts)) {
            return bad(format!(
                "Nobody here may manage people. Give somebody one of these posts: {}.",
                administering_posts(pack).join(", ")
            ));
        }
        Ok(())
    }

    /// The settings file that these answers make.
    pub(super) fn settings(&self) -> String {
        let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
        let path = |value: &Path| text(&absolute(value).display().to_string());
        let mut all = format!(
            "# Written by 'haven init'; docs/settings.md tells every setting.\n\n[organisation]\nname = {}\n\n[data]\nfolder = {}\n",
            text(&self.organisation),
            path(&self.folder),
        );
        if self.postgres.is_some() {
            all.push_str(&format!("postgres_file = {}\n", path(&self.folder.join(POSTGRES_FILE))));
        }
        all.push_str(&format!(
            "\n[policy]\npack = {}\n\n[portal]\nlisten = {}\naddress = {}\n",
            path(&self.pack),
            text(&self.listen.to_string()),
            text(&self.address),
        ));
        if let Some(proxy) = self.proxy {
            all.push_str(&format!(
                "\n[[listener]]\nname = \"first\"\nlisten = {}\none_person_per_address = {}\n",
                text(&proxy.to_string()),
                self.one_person_per_address,
            ));
        }
        all
    }
}

/// Whether one of these posts may manage people.
pub(super) fn administers(pack: &Pack, posts: &[String]) -> bool {
    administering_posts(pack).iter().any(|post| posts.iter().any(|held| held == post))
}

/// The posts that may manage people.
pub(super) fn administering_posts(pack: &Pack) -> Vec<&str> {
    pack.rights.iter().filter(|right| right.action == ADMINISTERS).map(|right| right.post.as_str()).collect()
}

/// Every post of the policy, with commas between them.
pub(super) fn post_ids(pack: &Pack) -> String {
    pack.posts.iter().map(|post| post.id.as_str()).collect::<Vec<_>>().join(", ")
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
