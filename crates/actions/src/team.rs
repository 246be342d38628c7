//! Who holds which post today, and who may therefore come to hold a case.

use casework::conflict::Candidate;
use casework::route::{self, Recipient, Route};
use policy::{Pack, Procedure};
use store::people::Person;

use crate::{ActionError, Haven};

/// Everybody who is not disabled, read once for an action.
pub(crate) struct Team {
    pub(crate) people: Vec<Person>,
}

impl Team {
    pub(crate) async fn read(haven: &Haven) -> Result<Self, ActionError> {
        let people = store::people::everyone(&haven.store).await?;
        Ok(Self { people: people.into_iter().filter(|person| !person.disabled).collect() })
    }

    pub(crate) fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    pub(crate) fn name_of(&self, id: &str) -> String {
        self.person(id).map_or_else(|| "someone who has left".to_owned(), |person| person.name.clone())
    }

    pub(crate) fn holders_of(&self, post: &str) -> Vec<&str> {
        let holds = |person: &&Person| person.posts.iter().any(|held| held == post);
        self.people.iter().filter(holds).map(|person| person.id.as_str()).collect()
    }

    /// "Designated Safeguarding Lead: Sam Example".
    pub(crate) fn post_and_name(&self, pack: &Pack, post: &str, person: &str) -> String {
        let title = pack.post(post).map_or(post, |post| post.title.as_str());
        format!("{title}: {}", self.name_of(person))
    }

    pub(crate) fn route(&self, pack: &Pack, procedure: &Procedure, excluded: &[&str]) -> Route {
        let mut route = route::route(pack, procedure, &|post| self.holders_of(post), excluded);
        // Behind the procedure's own order stand the posts of last resort, so that silence always has somebody next.
        for post in route::last_resort(pack) {
            for person in self.holders_of(post).into_iter().filter(|person| !excluded.contains(person)) {
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
