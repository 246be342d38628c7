//! Where a concern goes: the posts of its procedure in order, their deputies after them, and never a person in conflict.

use policy::{Pack, Procedure};

/// A person who may come to hold a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub post: String,
    pub person: String,
}

/// The order in which a case is offered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// First owns; silence passes it to the next (invariant 12).
    pub holders: Vec<Recipient>,
    /// Told as well, without owning.
    pub also_told: Vec<Recipient>,
    /// A post of the route had to be left out: the reason for the page, without names.
    pub left_out: Vec<String>,
}

/// Posts that stand behind every route, in the pack's own order, so that a case never has nobody: the last of them is told
/// if all else fails.
#[must_use]
pub fn last_resort(pack: &Pack) -> Vec<&str> {
    pack.last_resort.iter().map(String::as_str).collect()
}

/// Fewest people on a route: one to hold the case, and one to whom silence passes it.
const HOLDERS_MIN_PEOPLE: usize = 2;

/// Works out the route. `holders_of` answers who holds a post today (not disabled); `excluded` are people in conflict.
/// Nobody stands on it twice, and nobody excluded at all. Its holders are empty only if nobody is left.
pub fn route<'a>(
    pack: &Pack,
    procedure: &Procedure,
    holders_of: &dyn Fn(&str) -> Vec<&'a str>,
    excluded: &[&str],
) -> Route {
    let mut route = Route::default();
    for post in &procedure.route {
        add_post(pack, post, holders_of, excluded, &mut route);
    }
    // One post after the other, so that no more people come to hold it than are needed.
    for post in last_resort(pack) {
        if route.holders.len() < HOLDERS_MIN_PEOPLE {
            add_post(pack, post, holders_of, excluded, &mut route);
        }
    }
    for post in &procedure.also_told {
        for person in holders_of(post).into_iter().filter(|person| !excluded.contains(person)) {
            let knows = |recipient: &Recipient| recipient.person == person;
            if !route.holders.iter().chain(&route.also_told).any(knows) {
                route.also_told.push(Recipient { post: post.clone(), person: person.to_owned() });
            }
        }
    }
    route
}

fn add_post<'a>(
    pack: &Pack,
    post: &str,
    holders_of: &dyn Fn(&str) -> Vec<&'a str>,
    excluded: &[&str],
    route: &mut Route,
) {
    let deputies = pack.post(post).map(|post| post.deputies.clone()).unwrap_or_default();
    for post in std::iter::once(post.to_owned()).chain(deputies) {
        for person in holders_of(&post) {
            if excluded.contains(&person) {
                let title = pack.post(&post).map_or(post.as_str(), |post| post.title.as_str());
                let sentence = format!("The {title} is left out, because the concern may be about them.");
                if !route.left_out.contains(&sentence) {
                    route.left_out.push(sentence);
                }
            } else if !route.holders.iter().any(|holder| holder.person == person) {
                route.holders.push(Recipient { post: post.clone(), person: person.to_owned() });
            }
        }
    }
}
