//! `haven user` and `haven roster`: adding people, ending their access, and resetting a password, which opens no case.

use std::path::PathBuf;

use actions::Haven;
use actions::people::NewPerson;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde::Deserialize;

use crate::hub::{self, COMMAND_LINE, Place};
use crate::say::{Ending, Failure, Out, Outcome};
use crate::{ask, log, say};

/// Most rows of one roster file.
const ROSTER_LIMIT_ROWS: usize = 100_000;

#[derive(Debug, Subcommand)]
pub(crate) enum UserWord {
    /// Add a person; the password is asked for, or read from standard input.
    Add(Adding),
    /// Give a person exactly these posts, or none; the cases of a post that they leave go to the next in order.
    Posts(Posting),
    /// End a person's access at once; their open cases go to the next in order.
    Disable(Named),
    /// Set a new password; it never opens a case.
    Reset(Named),
}

#[derive(Debug, Args)]
pub(crate) struct Adding {
    #[command(flatten)]
    place: Place,
    /// The name by which the person signs in.
    username: String,
    #[arg(long)]
    name: String,
    /// A population of the policy, such as learner or staff.
    #[arg(long)]
    population: String,
    /// A post of the policy; may be given several times.
    #[arg(long = "post")]
    posts: Vec<String>,
    /// Date of birth, such as 2008-03-31.
    #[arg(long)]
    born: Option<Date>,
    /// A word of the policy, such as support-plan; may be given several times.
    #[arg(long = "flag")]
    flags: Vec<String>,
    #[arg(long, default_value = "")]
    site: String,
    #[arg(long, default_value = "")]
    email: String,
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    #[command(flatten)]
    place: Place,
    username: String,
}

#[derive(Debug, Args)]
pub(crate) struct Posting {
    #[command(flatten)]
    place: Place,
    username: String,
    /// A post of the policy; may be given several times.
    #[arg(long = "post")]
    posts: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RosterWord {
    /// Add everybody in a CSV file: username, name, population, born, email, site, posts, flags, password.
    Import {
        #[command(flatten)]
        place: Place,
        file: PathBuf,
    },
}

pub(crate) fn user(word: UserWord) -> Outcome {
    log::runtime()?.block_on(async {
        match word {
            UserWord::Add(adding) => add(adding).await,
            UserWord::Posts(posting) => posts(&posting).await,
            UserWord::Disable(named) => disable(&named).await,
            UserWord::Reset(named) => reset(&named).await,
        }
    })
}

async fn add(adding: Adding) -> Outcome {
    let haven = adding.place.hub().await?;
    let password = ask::password(&adding.username)?;
    let new = NewPerson {
        name: adding.name,
        username: adding.username.clone(),
        population: adding.population,
        born: adding.born,
        flags: adding.flags,
        site: adding.site,
        email: adding.email,
        posts: adding.posts,
        password: Some(password.clone()),
    };
    actions::people::add(&haven, new, COMMAND_LINE).await.map_err(hub::told)?;
    make_keys(&haven, &adding.username, &password).await?;
    say::line(format_args!("{} can sign in now.", adding.username));
    if waits(&haven, &adding.username).await? {
        say::line(WAITS);
    }
    Ok(Ending::Done)
}

/// Whoever may come to hold a case needs keys before the first case comes.
pub(crate) async fn make_keys(haven: &Haven, username: &str, password: &str) -> Result<(), Failure> {
    actions::session::make_keys(haven, username, password).await.map_err(hub::told)
}

/// What is said of somebody who was put into a post by which cases come.
const WAITS: &str = "No case reaches them until another case holder has let them in on the page Keys.";

async fn posts(posting: &Posting) -> Outcome {
    let haven = posting.place.hub().await?;
    let name = &posting.username;
    actions::people::set_posts(&haven, name, &posting.posts, COMMAND_LINE).await.map_err(hub::told)?;
    let held = if posting.posts.is_empty() { "no post".to_owned() } else { posting.posts.join(", ") };
    say::line(format_args!("{name} holds {held} now."));
    if waits(&haven, name).await? {
        say::line(WAITS);
    }
    Ok(Ending::Done)
}

async fn waits(haven: &Haven, username: &str) -> Result<bool, Failure> {
    let kept = store::people::by_username(&haven.store, username.trim()).await;
    let kept = kept.map_err(|error| Failure::new(format!("The people cannot be read ({error}). Try again.")))?;
    match kept {
        Some(person) => actions::keys::waits(haven, &person.id).await.map_err(hub::told),
        None => Ok(false),
    }
}

async fn disable(named: &Named) -> Outcome {
    let haven = named.place.hub().await?;
    actions::people::disable(&haven, &named.username, COMMAND_LINE).await.map_err(hub::told)?;
    say::line(format_args!("{} is signed out everywhere and cannot sign in.", named.username));
    Ok(Ending::Done)
}

async fn reset(named: &Named) -> Outcome {
    let haven = named.place.hub().await?;
    let password = ask::password(&named.username)?;
    actions::people::reset_password(&haven, &named.username, &password, COMMAND_LINE).await.map_err(hub::told)?;
    say::line(format_args!(
        "{} has a new password. It opens no case: another case holder must admit them again on the page Keys.",
        named.username
    ));
    Ok(Ending::Done)
}

/// One row of a roster file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    username: String,
    name: String,
    population: String,
    #[serde(default)]
    born: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    site: String,
    /// Joined by `;`, as are flags.
    #[serde(default)]
    posts: String,
    #[serde(default)]
    flags: String,
    #[serde(default)]
    password: String,
}

impl Row {
    fn person(self) -> Result<NewPerson, String> {
        let born = match self.born.trim() {
            "" => None,
            text => Some(text.parse::<Date>().map_err(|_| format!("'{text}' is no date like 2008-03-31."))?),
        };
        Ok(NewPerson {
            name: self.name,
            username: self.username,
            population: self.population,
            born,
            flags: words(&self.flags),
            site: self.site,
            email: self.email,
            posts: words(&self.posts),
            password: Some(self.password).filter(|password| !password.is_empty()),
        })
    }
}

fn words(joined: &str) -> Vec<String> {
    joined.split(';').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

pub(crate) fn roster(word: RosterWord) -> Outcome {
    let RosterWord::Import { place, file } = word;
    log::runtime()?.block_on(import(&place, &file))
}

async fn import(place: &Place, file: &PathBuf) -> Outcome {
    let bad = |why: &dyn std::fmt::Display| {
        Failure::new(format!(
            "The roster {} cannot be read ({why}). Save it as CSV with the columns username, name, population.",
            file.display()
        ))
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file).map_err(|error| bad(&error))?;
    reader.headers().map_err(|error| bad(&error))?;
    let haven = place.hub().await?;
    let mut out = Out::new();
    let (mut added, mut there, mut faults, mut waiting) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut line = 1_u64;
    for row in reader.deserialize::<Row>().take(ROSTER_LIMIT_ROWS) {
        line += 1;
        match take(&haven, row).await {
            Ok(Taken::Added) => added += 1,
            Ok(Taken::Waits) => (added, waiting) = (added + 1, waiting + 1),
            Ok(Taken::There) => there += 1,
            Err(why) => {
                faults += 1;
                out.line(format_args!("{}:{line}: {why}", file.display()))?;
            }
        }
    }
    out.line(format_args!(
        "{}, {there} there already, {}.",
        say::count(added, "person added", "people added"),
        say::count(faults, "line not used", "lines not used")
    ))?;
    if waiting > 0 {
        let who = say::count(waiting, "of them waits", "of them wait");
        out.line(format_args!("{who} to be let in as a case holder. {WAITS}"))?;
    }
    out.end(if faults == 0 { Ending::Done } else { Ending::Found })
}

/// What became of a row.
enum Taken {
    Added,
    /// Added to a post by which cases come, and nobody has let them in yet.
    Waits,
    /// Somebody has that user name already.
    There,
}

/// Adds one row.
async fn take(haven: &Haven, row: Result<Row, csv::Error>) -> Result<Taken, String> {
    let person = row.map_err(|error| error.to_string())?.person()?;
    let kept =
        store::people::by_username(&haven.store, person.username.trim()).await.map_err(|error| error.to_string())?;
    if kept.is_some() {
        return Ok(Taken::There);
    }
    let (username, password) = (person.username.clone(), person.password.clone());
    let id = actions::people::add(haven, person, COMMAND_LINE).await.map_err(|error| hub::told(error).0)?;
    if let Some(password) = password {
        make_keys(haven, username.trim(), &password).await.map_err(|failure| failure.0)?;
    }
    let waits = actions::keys::waits(haven, &id).await.map_err(|error| hub::told(error).0)?;
    Ok(if waits { Taken::Waits } else { Taken::Added })
}
