//! Who may do what under `packs/waes`, as a table that a person can read: a change of rights shows as a change of that file.

use std::fmt::Write;
use std::path::Path;

use casework::access::{self, ACTIONS, Asker, CaseStanding, Refusal};
use policy::{About, SafetyRule};

use crate::waes;

fn standing(about: About) -> CaseStanding<'static> {
    CaseStanding { case: "c1", about, member: true, excluded: false }
}

/// The clause that gives this post the right, or a dash.
fn clause(post: &str, action: &'static str, about: Option<About>) -> String {
    let posts = [post.to_owned()];
    let asker = Asker { person: "p1", posts: &posts };
    let permit = match about {
        Some(about) => access::case(waes(), &asker, action, &standing(about)),
        None => access::organisation(waes(), &asker, action, "x1"),
    };
    permit.map_or_else(|_| "-".to_owned(), |permit| permit.citation().clause_id().unwrap().to_owned())
}

fn grid() -> String {
    let mut text = String::from(
        "Who may do what under packs/waes, and on which clause; a dash means no.\n\
         \"Learner case\" and \"staff case\": only somebody on the case's route, and never anybody in conflict.\n",
    );
    let mut without = Vec::new();
    for post in &waes().posts {
        let rows: Vec<[String; 4]> = ACTIONS
            .iter()
            .map(|action| {
                let of = |about| clause(&post.id, action, about);
                [(*action).to_owned(), of(Some(About::Learner)), of(Some(About::Staff)), of(None)]
            })
            .filter(|row| row[1..].iter().any(|clause| clause != "-"))
            .collect();
        if rows.is_empty() {
            without.push(post.title.as_str());
            continue;
        }
        let heading = format!("{} ({})", post.title, post.id);
        writeln!(text, "\n{heading}\n{:<24}{:<16}{:<16}organisation", "", "learner case", "staff case").unwrap();
        for [action, learner, staff, organisation] in rows {
            writeln!(text, "  {action:<22}{learner:<16}{staff:<16}{organisation}").unwrap();
        }
    }
    writeln!(text, "\nNothing at all: {}", without.join(", ")).unwrap();
    text
}

#[test]
fn p06_the_rights_of_the_pack_are_as_reviewed() {
    let made = grid();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/rights-waes.txt");
    let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rights-waes.txt");
    std::fs::write(&new, &made).unwrap();
    let reviewed = std::fs::read_to_string(&kept).unwrap_or_default();
    assert_eq!(made, reviewed, "the rights changed: if that is meant, copy {} to {}", new.display(), kept.display());
}

#[test]
fn p06_every_action_is_somebodys_right_and_every_right_is_an_action() {
    let rights = &waes().rights;
    for action in ACTIONS {
        assert!(rights.iter().any(|right| right.action == action), "nobody may {action}");
        assert!(grid().contains(&format!("  {action} ")), "{action} is not in the table");
    }
    for right in rights {
        assert!(ACTIONS.contains(&right.action.as_str()), "{} is no action", right.action);
    }
}

#[test]
fn p06_no_post_of_the_network_has_a_right_to_a_case() {
    for post in ["head-of-it", "it-support-officer", "head-of-mis-and-exams", "tutor"] {
        for action in ACTIONS {
            for about in [About::Learner, About::Staff, About::Visitor, About::Anyone] {
                assert_eq!(clause(post, action, Some(about)), "-", "{post} {action}");
            }
        }
    }
}

#[test]
fn inv11_conflict_beats_every_right_and_absence_from_the_case_does_too() {
    let posts: Vec<String> = waes().posts.iter().map(|post| post.id.clone()).collect();
    let asker = Asker { person: "p1", posts: &posts };
    for action in ACTIONS {
        for about in [About::Learner, About::Staff, About::Visitor, About::Anyone] {
            let excluded = CaseStanding { excluded: true, ..standing(about) };
            assert!(matches!(access::case(waes(), &asker, action, &excluded), Err(Refusal::Conflicted(_))), "{action}");
            let absent = CaseStanding { member: false, ..standing(about) };
            assert_eq!(access::case(waes(), &asker, action, &absent).unwrap_err(), Refusal::NotTeam, "{action}");
        }
    }
}

#[test]
fn p06_a_post_without_the_right_is_told_so_and_one_without_posts_too() {
    for posts in [vec!["tutor".to_owned()], Vec::new()] {
        let asker = Asker { person: "p1", posts: &posts };
        let refused = access::case(waes(), &asker, "case.read", &standing(About::Learner)).unwrap_err();
        assert!(matches!(refused, Refusal::NoRight { .. }));
        assert_eq!(access::organisation(waes(), &asker, "audit.read", "all").unwrap_err(), Refusal::NotTeam);
    }
}

#[test]
fn p06_a_permit_says_who_what_and_why() {
    let posts = ["safeguarding-lead".to_owned()];
    let asker = Asker { person: "p1", posts: &posts };
    let permit = access::case(waes(), &asker, "case.refer", &standing(About::Visitor)).unwrap();
    assert_eq!((permit.person(), permit.action(), permit.object()), ("p1", "case.refer", "c1"));
    assert_eq!(permit.citation().clause_id(), Some("6.3"), "a visitor's case goes the learners' way");
}

#[test]
fn s1_an_emergency_call_needs_no_right_but_no_conflict() {
    let asker = Asker { person: "p1", posts: &[] };
    let permit = access::emergency(&asker, &standing(About::Staff)).unwrap();
    assert_eq!(permit.citation().safety_rule(), Some(SafetyRule::DangerFirst));
    for (member, excluded) in [(false, false), (true, true), (false, true)] {
        let standing = CaseStanding { member, excluded, ..standing(About::Staff) };
        assert_eq!(access::emergency(&asker, &standing).unwrap_err(), Refusal::NotTeam);
    }
}

#[test]
fn inv3_the_clock_works_under_a_safety_rule_and_never_under_a_persons_right() {
    let permit = access::machine("chase", "c1");
    assert!(!ACTIONS.contains(&permit.action()));
    assert!(permit.citation().safety_rule().is_some());
}
