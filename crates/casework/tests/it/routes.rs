//! Routes: the posts in order, their deputies, who stands behind them, and never anybody in conflict.

use std::collections::{BTreeMap, BTreeSet};

use casework::route::{Route, last_resort, route};
use policy::Procedure;
use proptest::prelude::*;

use crate::{procedure, waes};

type Holders = BTreeMap<String, Vec<String>>;

fn holders(pairs: &[(&str, &[&str])]) -> Holders {
    let owned = |people: &[&str]| people.iter().map(|person| (*person).to_owned()).collect();
    pairs.iter().map(|(post, people)| ((*post).to_owned(), owned(people))).collect()
}

fn routed(procedure: &Procedure, holders: &Holders, excluded: &[&str]) -> Route {
    let holders_of = |post: &str| holders.get(post).into_iter().flatten().map(String::as_str).collect();
    route(waes(), procedure, &holders_of, excluded)
}

fn people(route: &Route) -> Vec<&str> {
    route.holders.iter().map(|holder| holder.person.as_str()).collect()
}

fn college() -> Holders {
    holders(&[
        ("safeguarding-lead", &["lead", "lead2"]),
        ("designated-safeguarding-lead", &["dsl"]),
        ("deputy-designated-safeguarding-lead", &["deputy"]),
        ("head-of-hr", &["hr"]),
        ("principal", &["principal"]),
        ("executive-board", &["board"]),
        ("tutor", &["tutor"]),
    ])
}

#[test]
fn c03_a_learner_concern_goes_to_the_safeguarding_posts_in_order() {
    let route = routed(procedure("learner-concern"), &college(), &[]);
    // The Principal stands on the route itself, and the Head of HR is the Principal's deputy.
    assert_eq!(people(&route), ["lead", "lead2", "dsl", "deputy", "principal", "hr"]);
    assert_eq!(route.holders[2].post, "designated-safeguarding-lead");
    assert!(route.left_out.is_empty());
}

#[test]
fn c12_a_staff_concern_never_reaches_a_safeguarding_post() {
    let route = routed(procedure("staff-concern"), &college(), &[]);
    assert_eq!(people(&route), ["hr", "principal", "board"]);
}

#[test]
fn inv11_an_escalation_skips_the_conflicted_and_says_so_once() {
    let route = routed(procedure("staff-concern"), &college(), &["hr"]);
    assert_eq!(people(&route), ["principal", "board"]);
    assert_eq!(route.left_out, ["The Head of HR is left out, because the concern may be about them."]);
}

#[test]
fn inv11_when_every_post_of_the_route_is_in_conflict_the_last_resort_has_it() {
    let all = ["lead", "lead2", "dsl", "deputy"];
    let route = routed(procedure("filter-alert"), &college(), &all);
    assert_eq!(people(&route), ["hr", "principal"]);
    assert_eq!(route.left_out.len(), 3);
}

#[test]
fn inv12_no_more_people_than_needed_stand_behind_a_route() {
    let small =
        holders(&[("safeguarding-lead", &["lead"]), ("head-of-hr", &["hr"]), ("executive-board", &["b1", "b2"])]);
    assert_eq!(people(&routed(procedure("filter-alert"), &small, &[])), ["lead", "hr"]);
    let smaller = holders(&[("safeguarding-lead", &["lead"]), ("executive-board", &["b1", "b2"])]);
    assert_eq!(people(&routed(procedure("filter-alert"), &smaller, &[])), ["lead", "b1", "b2"]);
}

#[test]
fn inv11_with_nobody_left_the_route_is_empty_and_not_the_conflicted() {
    let one = holders(&[("safeguarding-lead", &["lead"]), ("principal", &["lead"])]);
    let route = routed(procedure("learner-concern"), &one, &["lead"]);
    assert!(route.holders.is_empty());
    assert_eq!(route.left_out.len(), 2, "one sentence a post: {:?}", route.left_out);
}

#[test]
fn inv11_who_is_told_as_well_is_told_once_and_never_in_conflict() {
    let mut told = procedure("filter-alert").clone();
    told.also_told = vec!["tutor".into(), "assessor".into(), "safeguarding-lead".into()];
    let mut college = college();
    college.insert("assessor".into(), vec!["tutor".into(), "assessor".into()]);
    let route = routed(&told, &college, &["assessor"]);
    let also: Vec<&str> = route.also_told.iter().map(|told| told.person.as_str()).collect();
    assert_eq!(also, ["tutor"]);
}

#[test]
fn inv12_behind_every_route_stand_the_posts_that_the_pack_names() {
    assert_eq!(last_resort(waes()), ["head-of-hr", "principal", "executive-board"]);
}

proptest! {
    #[test]
    fn inv11_no_route_ever_contains_anybody_in_conflict(
        place in 0..20_usize,
        held in prop::collection::vec((0..24_usize, 0..6_usize), 0..25),
        excluded in prop::collection::btree_set(0..6_usize, 0..6),
        also in prop::collection::vec(0..24_usize, 0..4),
    ) {
        let pack = waes();
        let person = |number: usize| format!("person-{number}");
        let mut holders = Holders::new();
        for (post, number) in held {
            holders.entry(pack.posts[post % pack.posts.len()].id.clone()).or_default().push(person(number));
        }
        let excluded: Vec<String> = excluded.into_iter().map(person).collect();
        let excluded: Vec<&str> = excluded.iter().map(String::as_str).collect();
        let mut procedure = pack.procedures[place % pack.procedures.len()].clone();
        procedure.also_told = also.into_iter().map(|post| pack.posts[post % pack.posts.len()].id.clone()).collect();

        let route = routed(&procedure, &holders, &excluded);
        let everybody: Vec<&str> = route.holders.iter().chain(&route.also_told).map(|one| one.person.as_str()).collect();
        prop_assert!(everybody.iter().all(|person| !excluded.contains(person)));
        prop_assert_eq!(everybody.iter().collect::<BTreeSet<_>>().len(), everybody.len(), "somebody stands there twice");
        for one in route.holders.iter().chain(&route.also_told) {
            prop_assert!(holders[&one.post].contains(&one.person), "{:?} does not hold the post", one);
        }
        let sentences: BTreeSet<_> = route.left_out.iter().collect();
        prop_assert_eq!(sentences.len(), route.left_out.len(), "a sentence twice");
        prop_assert!(route.left_out.iter().all(|sentence| !sentence.contains("person-")), "a name leaked");

        let deputies = |post: &String| pack.post(post).unwrap().deputies.clone();
        let on_route: Vec<String> = procedure.route.iter().flat_map(|post| std::iter::once(post.clone()).chain(deputies(post))).collect();
        for person in on_route.iter().flat_map(|post| holders.get(post).into_iter().flatten()) {
            let is_there = people(&route).contains(&person.as_str());
            prop_assert!(is_there || excluded.contains(&person.as_str()), "{} was forgotten", person);
        }
        let behind = last_resort(pack).into_iter().flat_map(|post| holders.get(post).into_iter().flatten());
        let somebody = behind.into_iter().any(|person| !excluded.contains(&person.as_str()));
        prop_assert!(!somebody || !route.holders.is_empty(), "a case with nobody");
    }
}
