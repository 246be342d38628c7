//! The answers that a first start needs, asked for at the keyboard or read from a file.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use policy::Pack;
use serde::Deserialize;

use super::ADMINISTERS;
use crate::ask;
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
    listen: SocketAddr,
    /// Where people reach them.
    pub(super) address: String,
    /// Where the first proxy listens; none for pages only.
    proxy: Option<SocketAddr>,
    #[serde(default)]
    one_person_per_address: bool,
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

fn staff() -> String {
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

    /// Asks at the keyboard.
    pub(super) fn ask() -> Result<Self, Failure> {
        let unreadable =
            |what: &str| Failure::new(format!("That is no {what}. Try again, for example with 0.0.0.0:8080."));
        let organisation = ask::answer("What is your organisation called", "")?;
        let folder = ask::answer("Folder for Haven's data", "/var/lib/haven")?;
        let pack = ask::answer("Folder of your policy pack", "pack")?;
        let listen = ask::answer("Address and port for Haven's pages", "0.0.0.0:8080")?;
        let address = ask::answer("Where people reach them", &format!("http://{listen}"))?;
        let proxy = ask::answer("Address and port for the proxy", "0.0.0.0:3128")?;
        let one = ask::answer(
            "Does one person at a time sit behind each address there (yes or no; without it the gate there stays shut)",
            "yes",
        )?;
        let mut people = vec![person("the first administrator", "head-of-it")?];
        while ask::answer("Add somebody who holds cases (yes or no)", "yes")? == "yes" {
            people.push(person("this case holder", "designated-safeguarding-lead")?);
        }
        Ok(Self {
            organisation,
            folder: PathBuf::from(folder),
            pack: PathBuf::from(pack),
            listen: listen.parse().map_err(|_| unreadable("address and port"))?,
            address,
            proxy: Some(proxy.parse().map_err(|_| unreadable("address and port"))?),
            one_person_per_address: one == "yes",
            postgres: None,
            shares: None,
            people,
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
                let known: Vec<&str> = pack.posts.iter().map(|post| post.id.as_str()).collect();
                return bad(format!(
                    "The policy has no post '{post}' for {}. Use one of: {}.",
                    person.username,
                    known.join(", ")
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
        let administers =
            |post: &String| pack.rights.iter().any(|right| right.post == *post && right.action == ADMINISTERS);
        if !self.people.iter().any(|person| person.posts.iter().any(administers)) {
            let posts: Vec<&str> = pack
                .rights
                .iter()
                .filter(|right| right.action == ADMINISTERS)
                .map(|right| right.post.as_str())
                .collect();
            return bad(format!(
                "Nobody here may manage people. Give somebody one of these posts: {}.",
                posts.join(", ")
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

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn person(who: &str, post: &str) -> Result<FirstPerson, Failure> {
    let name = ask::answer(&format!("Name of {who}"), "")?;
    let username = ask::answer("Name to sign in with", "")?;
    let posts = ask::answer("Posts, with commas between them", post)?;
    let email = ask::answer("Mail address", "")?;
    let password = ask::password(&username)?;
    let posts = posts.split(',').map(str::trim).filter(|post| !post.is_empty()).map(str::to_owned).collect();
    Ok(FirstPerson { username, name, population: staff(), posts, password, email })
}
