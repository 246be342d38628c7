//! The practice organisation's people: invented, and named so that nobody can take them for anybody real.

use actions::Haven;
use actions::people::NewPerson;
use jiff::ToSpan;
use jiff::civil::Date;

use crate::hub;
use crate::say::Failure;

const BY: &str = "practice";
const SITE: &str = "practice-site";

/// One invented person.
pub(crate) struct Persona {
    pub(crate) username: &'static str,
    pub(crate) name: &'static str,
    /// What they are, for the list of proxies.
    pub(crate) what: &'static str,
    /// One sentence about them.
    pub(crate) blurb: &'static str,
    population: &'static str,
    posts: &'static [&'static str],
    /// Years old on the day the practice folder was made; none where the policy does not ask.
    age_years: Option<i64>,
}

impl Persona {
    /// Name of the listener that this person browses by.
    pub(crate) fn listener(&self) -> String {
        format!("practice-{}", self.username)
    }
}

/// Everybody, in the order of their proxies.
pub(crate) const ALL: &[Persona] = &[
    learner("lena", "Lena Learner", "adult learner", 34, "Learns English on two evenings a week."),
    learner("yoshi", "Yoshi Younger", "learner under 18", 16, "Came from school in summer to learn to cook."),
    Persona {
        username: "vita",
        name: "Vita Visitor",
        what: "visitor",
        blurb: "Is here for one day and uses the guest network.",
        population: "visitor",
        posts: &[],
        age_years: None,
    },
    staff("tess", "Tess Tutor", "tutor", &["tutor"], "Teaches in classroom 4 and notices things."),
    staff("theo", "Theo Teachwell", "tutor", &["tutor", "personal-tutor"], "Looks after learners one by one."),
    staff(
        "dana",
        "Dana Safehands",
        "Designated Safeguarding Lead",
        &["designated-safeguarding-lead"],
        "Stands in where the Safeguarding Lead is away, and takes the hard cases.",
    ),
    staff(
        "dov",
        "Dov Standby",
        "Deputy Designated Safeguarding Lead",
        &["deputy-designated-safeguarding-lead"],
        "Is next in order when nobody else answers.",
    ),
    staff(
        "sunil",
        "Sunil Guardwell",
        "Safeguarding Lead",
        &["safeguarding-lead"],
        "Is told first of an alert or a concern.",
    ),
    staff("ines", "Ines Network", "Head of IT", &["head-of-it"], "Keeps the filter well, and cannot open a case."),
    staff("hugo", "Hugo Humane", "Head of HR", &["head-of-hr"], "Receives concerns about staff."),
    staff("petra", "Petra Principal", "Principal", &["principal"], "Receives what no one else may see."),
    staff(
        "bodil",
        "Bodil Boardroom",
        "board member",
        &["executive-board"],
        "Reads one page a quarter, and is the last in order.",
    ),
];

const fn learner(
    username: &'static str,
    name: &'static str,
    what: &'static str,
    age_years: i64,
    blurb: &'static str,
) -> Persona {
    Persona { username, name, what, blurb, population: "learner", posts: &[], age_years: Some(age_years) }
}

const fn staff(
    username: &'static str,
    name: &'static str,
    what: &'static str,
    posts: &'static [&'static str],
    blurb: &'static str,
) -> Persona {
    Persona { username, name, what, blurb, population: "staff", posts, age_years: None }
}

/// A persona as the filter sees them today, for trying a request without making one.
pub(crate) fn as_filtered(haven: &Haven, username: &str) -> Option<filter::Person> {
    let persona = ALL.iter().find(|persona| persona.username == username)?;
    let pack = haven.pack();
    let today = pack.calendar.day_of(haven.now());
    let group = pack.group_on(persona.population, born(persona, today), &[], today)?;
    Some(filter::Person {
        id: username.to_owned(),
        group: group.id.clone(),
        population: persona.population.to_owned(),
        site: SITE.to_owned(),
        how: "tried, not made".to_owned(),
        session: String::new(),
    })
}

fn born(persona: &Persona, today: Date) -> Option<Date> {
    persona.age_years.and_then(|years| today.checked_sub(years.years().days(40)).ok())
}

/// Adds whoever is missing, with the practice password, and lets case holders make their keys.
pub(crate) async fn settle(haven: &Haven, password: &str) -> Result<(), Failure> {
    let today = haven.pack().calendar.day_of(haven.now());
    for persona in ALL {
        let kept = store::people::by_username(&haven.store, persona.username).await;
        let kept =
            kept.map_err(|error| Failure::new(format!("The practice people cannot be read ({error}). Try again.")))?;
        let id = match kept {
            Some(person) => person.id,
            None => add(haven, persona, password, today).await?,
        };
        make_keys(haven, persona, &id, password).await?;
    }
    Ok(())
}

async fn add(haven: &Haven, persona: &Persona, password: &str, today: Date) -> Result<String, Failure> {
    let new = NewPerson {
        name: persona.name.to_owned(),
        username: persona.username.to_owned(),
        population: persona.population.to_owned(),
        born: born(persona, today),
        flags: Vec::new(),
        site: SITE.to_owned(),
        email: format!("{}@practice.test", persona.username),
        posts: persona.posts.iter().map(|post| (*post).to_owned()).collect(),
        password: Some(password.to_owned()),
    };
    actions::people::add(haven, new, BY).await.map_err(hub::told)
}

/// A case that came before somebody's keys were made could not be opened by them.
async fn make_keys(haven: &Haven, persona: &Persona, id: &str, password: &str) -> Result<(), Failure> {
    if persona.posts.is_empty() || has_keys(haven, id).await? {
        return Ok(());
    }
    match actions::session::make_keys(haven, persona.username, password).await {
        Ok(()) => Ok(()),
        // Somebody tried out a password reset: that person makes new keys when they sign in with the new one.
        Err(actions::ActionError::Refused { .. }) => Ok(()),
        Err(error) => Err(hub::told(error)),
    }
}

async fn has_keys(haven: &Haven, id: &str) -> Result<bool, Failure> {
    let key = store::keys::holder(&haven.store, id).await;
    key.map(|key| key.is_some())
        .map_err(|error| Failure::new(format!("The practice keys cannot be read ({error}). Try again.")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_persona_stands_on_the_pack() {
        let pack = policy::read(&crate::shipped::pack(super::super::PACK).unwrap()).pack.unwrap();
        for persona in ALL {
            assert!(pack.populations.iter().any(|population| population.id == persona.population), "{}", persona.name);
            for post in persona.posts {
                assert!(pack.post(post).is_some(), "{} holds {post}", persona.name);
            }
        }
        let holds = |post: &str| ALL.iter().any(|persona| persona.posts.contains(&post));
        for procedure in &pack.procedures {
            assert!(procedure.route.iter().any(|post| holds(post)), "nobody receives {}", procedure.id);
        }
        let mut names: Vec<&str> = ALL.iter().map(|persona| persona.username).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
