//! Who may do what to which case, and on which clause. A yes is a [`Permit`], a no is a [`Refusal`]; both say why.

use policy::{About, Citation, Pack, Relation, SafetyRule};

/// Everything a right can be about: what the pack's reader accepts, and nothing else.
pub use policy::read::ACTIONS;

/// Leave to do one thing to one object. Storage asks for it before it hands out case data (invariant 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    person: String,
    action: &'static str,
    object: String,
    citation: Citation,
}

impl Permit {
    #[must_use]
    pub fn person(&self) -> &str {
        &self.person
    }

    #[must_use]
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// The case or other thing it is good for.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object
    }

    #[must_use]
    pub fn citation(&self) -> &Citation {
        &self.citation
    }
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The person is the subject, or otherwise conflicted: for them the case does not exist (invariant 11).
    Conflicted(Citation),
    /// The person is not on the case: it does not exist for them either.
    NotTeam,
    /// The person knows the case but their post has no right to this.
    NoRight { sentence: String },
}

/// What the deciding code must know of the person who asks.
#[derive(Debug, Clone)]
pub struct Asker<'a> {
    pub person: &'a str,
    /// Post ids the person holds today.
    pub posts: &'a [String],
}

/// What the deciding code must know of the case.
#[derive(Debug, Clone)]
pub struct CaseStanding<'a> {
    pub case: &'a str,
    pub about: About,
    /// The person stands on the case's route.
    pub member: bool,
    /// The person is excluded: subject, named, or in conflict.
    pub excluded: bool,
}

/// Leave to do `action` to a case, or why not: conflict beats every right, and a right counts only for somebody on the
/// case. The permit carries the clause of the first right that fits, in the pack's order.
pub fn case(
    pack: &Pack,
    asker: &Asker<'_>,
    action: &'static str,
    standing: &CaseStanding<'_>,
) -> Result<Permit, Refusal> {
    if standing.excluded {
        return Err(Refusal::Conflicted(Citation::safety(SafetyRule::TwoKeys)));
    }
    if !standing.member {
        return Err(Refusal::NotTeam);
    }
    let mut found = pack.rights.iter().filter(|right| {
        right.action == action && asker.posts.contains(&right.post) && relation_fits(right.relation, standing.about)
    });
    match found.find_map(|right| pack.cite(&right.clause)) {
        Some(citation) => {
            Ok(Permit { person: asker.person.to_owned(), action, object: standing.case.to_owned(), citation })
        }
        None => Err(Refusal::NoRight { sentence: "Your post does not have the right to do this.".to_owned() }),
    }
}

fn relation_fits(relation: Relation, about: About) -> bool {
    match relation {
        Relation::CaseTeam => true,
        Relation::LearnerCases => about != About::Staff,
        Relation::StaffCases => about == About::Staff,
        Relation::Organisation => false,
    }
}

/// Leave to do `action` to something that is not a case: filter events, technical alerts, lists, people.
pub fn organisation(pack: &Pack, asker: &Asker<'_>, action: &'static str, object: &str) -> Result<Permit, Refusal> {
    let mut found = pack.rights.iter().filter(|right| {
        right.action == action && right.relation == Relation::Organisation && asker.posts.contains(&right.post)
    });
    match found.find_map(|right| pack.cite(&right.clause)) {
        Some(citation) => Ok(Permit { person: asker.person.to_owned(), action, object: object.to_owned(), citation }),
        None => Err(Refusal::NotTeam),
    }
}

/// S-1: recording that 999 or 101 was called needs no post's right, only that the person is on the case.
pub fn emergency(asker: &Asker<'_>, standing: &CaseStanding<'_>) -> Result<Permit, Refusal> {
    if standing.excluded || !standing.member {
        return Err(Refusal::NotTeam);
    }
    Ok(Permit {
        person: asker.person.to_owned(),
        action: "case.act",
        object: standing.case.to_owned(),
        citation: Citation::safety(SafetyRule::DangerFirst),
    })
}

/// Haven's own clock and gateway work under a safety rule, never under a person's right: they open cases, chase
/// hand-overs and seal what they cannot read.
#[must_use]
pub fn machine(name: &'static str, case: &str) -> Permit {
    Permit {
        person: name.to_owned(),
        action: "case.machine",
        object: case.to_owned(),
        citation: Citation::safety(SafetyRule::TriggerIsNotAccusation),
    }
}
