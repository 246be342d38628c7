//! Asks the person at the keyboard for the answers of a first start; a wrong answer is asked for again, with the reason.

use std::net::SocketAddr;
use std::path::PathBuf;

use policy::Pack;

use super::answers::{Answers, FirstPerson, administering_posts, administers, post_ids, staff};
use crate::say::Failure;
use crate::{ask, folder, packs};

/// Asks for everything. It ends early only when there is nobody left to answer.
pub(super) fn ask() -> Result<Answers, Failure> {
    let organisation = ask::until("What is your organisation called", "", |said| needed(said, "a name"))?;
    let folder = ask::until("Folder for Haven's data", "/var/lib/haven", new_folder)?;
    let (pack_folder, pack) =
        ask::until("Folder of your policy pack (those that come with Haven are in packs/)", "", sound_pack)?;
    let listen = ask::until("Address and port for Haven's pages", "0.0.0.0:8080", socket)?;
    let address = ask::until("Where people reach them", &reached_at(listen), web_address)?;
    let proxy = ask::until("Address and port for the proxy", "0.0.0.0:3128", |said| {
        let proxy = socket(said)?;
        if proxy == listen {
            Err("Haven's pages are there already. Choose another port.".to_owned())
        } else {
            Ok(proxy)
        }
    })?;
    let one_person_per_address = ask::until(
        "Does one person at a time sit behind each address there (yes or no; without it the gate there stays shut)",
        "no",
        yes_or_no,
    )?;
    let mut people = vec![first_person(&pack)?];
    while ask::until("Add somebody who holds cases (yes or no)", "yes", yes_or_no)? {
        let person = person("this case holder", "designated-safeguarding-lead", &pack, &people, |_| Ok(()))?;
        people.push(person);
    }
    Ok(Answers {
        organisation,
        folder,
        pack: pack_folder,
        listen,
        address,
        proxy: Some(proxy),
        one_person_per_address,
        postgres: None,
        shares: None,
        people,
    })
}

/// What can be offered as the address that stands in every letter: none where the port is open on every address.
fn reached_at(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() { String::new() } else { format!("http://{listen}") }
}

fn first_person(pack: &Pack) -> Result<FirstPerson, Failure> {
    let posts = administering_posts(pack);
    person("the first administrator", posts.first().copied().unwrap_or_default(), pack, &[], |held| {
        if administers(pack, held) {
            return Ok(());
        }
        Err(format!(
            "The first administrator must be able to manage people. Give one of these posts: {}.",
            posts.join(", ")
        ))
    })
}

fn person(
    who: &str,
    post: &str,
    pack: &Pack,
    others: &[FirstPerson],
    enough: impl Fn(&[String]) -> Result<(), String>,
) -> Result<FirstPerson, Failure> {
    let name = ask::until(&format!("Name of {who}"), "", |said| needed(said, "a name"))?;
    let username = ask::until("Name to sign in with", "", |said| {
        if said.is_empty() || said.chars().any(char::is_whitespace) {
            return Err("Give a name without spaces.".to_owned());
        }
        if others.iter().any(|other| other.username.eq_ignore_ascii_case(said)) {
            return Err(format!("Somebody is called {said} already. Give another name."));
        }
        Ok(said.to_owned())
    })?;
    let posts = ask::until("Posts, with commas between them", post, |said| {
        let posts: Vec<String> =
            said.split(',').map(str::trim).filter(|post| !post.is_empty()).map(str::to_owned).collect();
        if let Some(unknown) = posts.iter().find(|post| pack.post(post).is_none()) {
            return Err(format!("The policy has no post '{unknown}'. Use one of: {}.", post_ids(pack)));
        }
        enough(&posts)?;
        Ok(posts)
    })?;
    let email = ask::until("Mail address (empty for none)", "", |said| {
        let whole = said.split_once('@').is_some_and(|(who, place)| !who.is_empty() && !place.is_empty());
        if said.is_empty() || (whole && !said.contains(char::is_whitespace)) {
            Ok(said.to_owned())
        } else {
            Err("That is no mail address. Give one such as lead@college.example, or none.".to_owned())
        }
    })?;
    let password = ask::new_password(&username, actions::people::PASSWORD_MIN_CHARS)?;
    Ok(FirstPerson { username, name, population: staff(), posts, password, email })
}

fn needed(said: &str, what: &str) -> Result<String, String> {
    if said.is_empty() { Err(format!("Haven needs {what} here.")) } else { Ok(said.to_owned()) }
}

fn yes_or_no(said: &str) -> Result<bool, String> {
    match said.to_lowercase().as_str() {
        "yes" | "y" => Ok(true),
        "no" | "n" => Ok(false),
        _ => Err("Answer yes or no.".to_owned()),
    }
}

fn socket(said: &str) -> Result<SocketAddr, String> {
    said.parse().map_err(|_| "That is no address with a port. Give one such as 0.0.0.0:8080.".to_owned())
}

fn web_address(said: &str) -> Result<String, String> {
    let host = said.strip_prefix("http://").or_else(|| said.strip_prefix("https://")).unwrap_or_default();
    if host.is_empty() { Err("It begins with http:// or https://.".to_owned()) } else { Ok(said.to_owned()) }
}

fn new_folder(said: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(said);
    if path.exists() {
        folder::check_empty(&path).map_err(|failure| failure.0)?;
    }
    Ok(path)
}

/// A pack is read at once, so that nobody answers ten more questions about one that cannot be used.
fn sound_pack(said: &str) -> Result<(PathBuf, std::sync::Arc<Pack>), String> {
    let path = PathBuf::from(said);
    packs::sound(&path).map(|(pack, _)| (path, pack)).map_err(|failure| failure.0)
}
