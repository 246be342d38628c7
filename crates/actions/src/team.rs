//! Who holds which post today, and who may therefore come to hold a case.

use casework::conflict::Candidate;
use casework::route::{self, Recipient, Route};
use policy::{Pack, Procedure};
use store::admissions::Admission;
use store::people::Person;

use crate::{ActionError, Haven};

/// Everybody who is not disabled, read once for an action.
pub(crate) struct Team {
    pub(crate) people: Vec<Person>,
    admissions: Vec<Admission>,
    /// Posts by which cases come to somebody, in the policy in force.
    guarded: Vec<String>,
}

impl Team {
    pub(crate) async fn read(haven: &Haven) -> Result<Self, ActionError> {
        let people = store::people::everyone(&haven.store).await?;
        Ok(Self {
            people: people.into_iter().filter(|person| !person.disabled).collect(),
            admissions: store::admissions::all(&haven.store).await?,
            guarded: crate::keys::case_posts(&haven.pack()),
        })
    }

    /// The team as it will stand once this person is let in.
    pub(crate) async fn read_as_if_admitted(haven: &Haven, person: &str) -> Result<Self, ActionError> {
        let mut team = Self::read(haven).await?;
        for one in team.admissions.iter_mut().filter(|one| one.person == person) {
            one.admitted_at = Some(one.given_at);
        }
        Ok(team)
    }

    fn is_admitted(&self, person: &str, post: &str) -> bool {
        let admits = |one: &Admission| one.person == person && one.post == post && one.admitted_at.is_some();
        self.admissions.iter().any(admits)
    }

    /// Posts by which cases would come to a person, but in which nobody has let them in yet (S-10).
    pub(crate) fn waits_in<'a>(&self, person: &'a Person) -> Vec<&'a str> {
        let posts = person.posts.iter().filter(|post| self.guarded.contains(post));
        posts.filter(|post| !self.is_admitted(&person.id, post)).map(String::as_str).collect()
    }

    /// The posts of a person that give rights today.
    pub(crate) fn posts_that_count(&self, person: &Person) -> Vec<String> {
        let waits = self.waits_in(person);
        person.posts.iter().filter(|post| !waits.contains(&post.as_str())).cloned().collect()
    }

    /// Whether cases can come to a person: at least one post in which they were let in.
    pub(crate) fn holds_cases(&self, person: &Person) -> bool {
        person.posts.iter().any(|post| self.guarded.contains(post) && self.is_admitted(&person.id, post))
    }

    /// Who put a person into a post or reset their password, and when: the last time, while they wait.
    pub(crate) fn given(&self, person: &str) -> Option<&Admission> {
        let waiting = self.admissions.iter().filter(|one| one.person == person && one.admitted_at.is_none());
        waiting.max_by_key(|one| one.given_at)
    }

    /// Everybody to whom cases can come: who is told of every change (S-10).
    pub(crate) fn case_holders(&self) -> Vec<&str> {
        let holds = |person: &&Person| self.holds_cases(person);
        self.people.iter().filter(holds).map(|person| person.id.as_str()).collect()
    }

    pub(crate) fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    pub(crate) fn name_of(&self, id: &str) -> String {
        self.person(id).map_or_else(|| "someone who has left".to_owned(), |person| person.name.clone())
    }

    /// Who holds a post. Where cases come by it, only who was let in counts.
    pub(crate) fn holders_of(&self, post: &str) -> Vec<&str> {
        self.present(post, &self.guarded)
    }

    /// A post that stands on a route asks for letting-in, also where only an older policy has it on one.
    fn present(&self, post: &str, guarded: &[String]) -> Vec<&str> {
        let guarded = guarded.iter().any(|one| one == post);
        self.named_holders(post).filter(|person| !guarded || self.is_admitted(person, post)).collect()
    }

    fn named_holders(&self, post: &str) -> impl Iterator<Item = &str> {
        let holds = move |person: &&Person| person.posts.iter().any(|held| held == post);
        self.people.iter().filter(holds).map(|person| person.id.as_str())
    }

    /// Whether the first in order is there by name only: they wait to be let in, so the case begins with the next (S-10).
    pub(crate) fn first_waits(&self, procedure: &Procedure, excluded: &[&str]) -> bool {
        let Some(first) = procedure.route.first() else { return false };
        let named: Vec<&str> = self.named_holders(first).filter(|person| !excluded.contains(person)).collect();
        !named.is_empty() && named.iter().all(|person| !self.is_admitted(person, first))
    }

    /// "Designated Safeguarding Lead: Sam Example".
    pub(crate) fn post_and_name(&self, pack: &Pack, post: &str, person: &str) -> String {
        let title = pack.post(post).map_or(post, |post| post.title.as_str());
        format!("{title}: {}", self.name_of(person))
    }

    pub(crate) fn route(&self, pack: &Pack, procedure: &Procedure, excluded: &[&str]) -> Route {
        let guarded = crate::keys::case_posts(pack);
        let mut route = route::route(pack, procedure, &|post| self.present(post, &guarded), excluded);
        // Behind the procedure's own order stand the posts of last resort, so that silence always has somebody next.
        for post in route::last_resort(pack) {
            for person in self.present(post, &guarded).into_iter().filter(|person| !excluded.contains(person)) {
                if !route.holders.iter().any(|holder| holder.person == person) {
                    route.holders.push(Recipient { post: post.to_owned(), person: person.to_owned() });
                }
            }
        }
        route
    }

    /// Staff who could be named in a concern, with the words by which they may be named.
    pub(crate) fn candidates<'a>(&'a self, pack: &'a Pack) -> Vec<Candidate<'a>> {
        let staff = self.people.iter().filter(|person| person.population == "staff" || !person.posts.is_empty());
        staff
            .map(|person| Candidate {
                person: &person.id,
                name: &person.name,
                username: &person.username,
                titles: self.titles_that_point(pack, person),
            })
            .collect()
    }

    /// Only a post that stands on a route points to a person: "my tutor" in a text names nobody, "the principal" does.
    fn titles_that_point<'a>(&self, pack: &'a Pack, person: &Person) -> Vec<&'a str> {
        let posts = person.posts.iter().filter(|post| crate::session::is_holder(pack, std::slice::from_ref(post)));
        posts.filter_map(|post| pack.post(post)).map(|post| post.title.as_str()).collect()
    }

    /// People whose keyed hash is among these.
    pub(crate) fn people_of_tokens<'a>(&'a self, haven: &Haven, tokens: &[[u8; 32]]) -> Vec<&'a str> {
        let matches = |person: &&Person| tokens.contains(&haven.token_of(&person.id));
        self.people.iter().filter(matches).map(|person| person.id.as_str()).collect()
    }
}
