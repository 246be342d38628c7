//! Who has a place in a case, and whom it is hidden from.

use casework::{CaseState, Permit};
use jiff::Timestamp;

use super::covers;
use crate::db::{Row, values, words};
use crate::{Reader, StoreError, Unit, Viewer};

words! {
    /// What somebody is to a case.
    Place {
        Owner = "owner",
        /// The next in order, if the owner stays silent.
        Next = "next",
        Told = "told",
        /// Seconds a legal stop gate.
        Second = "second",
    }
}

/// One person's place in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub person: String,
    /// The post that gives the place.
    pub post: String,
    pub place: Place,
    pub since: Timestamp,
}

/// One person whom a case is hidden from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    pub token: [u8; 32],
    /// A sentence without a name.
    pub why: String,
}

/// What must be known before anybody can be given a permit, and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub id: String,
    pub reference: String,
    pub procedure: String,
    pub about: String,
    pub state: CaseState,
    pub owner_post: String,
    pub owner_person: Option<String>,
    pub pack_digest: String,
    pub revision: i64,
    pub subject_token: Option<[u8; 32]>,
    pub members: Vec<Member>,
    pub excluded: Vec<[u8; 32]>,
}

impl Standing {
    /// For whom the case does not exist: the person it is about, and everybody in conflict (invariant 11).
    #[must_use]
    pub fn hides_from(&self, viewer: &Viewer) -> bool {
        self.subject_token == Some(viewer.token) || self.excluded.contains(&viewer.token)
    }

    #[must_use]
    pub fn has_member(&self, person: &str) -> bool {
        self.members.iter().any(|member| member.person == person)
    }
}

/// How a case stands, by its reference. It needs no permit, because permits are made from it.
///
/// # Errors
/// As the database gives them; so for all reads below.
pub async fn standing_by_reference(
    from: impl Into<Reader<'_>>,
    reference: &str,
) -> Result<Option<Standing>, StoreError> {
    let mut from = from.into();
    match from.first("SELECT id FROM cases WHERE reference = $1", values![reference], |row| row.text("id")).await? {
        Some(id) => standing_inside(&mut from, &id).await,
        None => Ok(None),
    }
}

/// How a case stands, by its id.
pub async fn standing(from: impl Into<Reader<'_>>, id: &str) -> Result<Option<Standing>, StoreError> {
    standing_inside(&mut from.into(), id).await
}

async fn standing_inside(from: &mut Reader<'_>, id: &str) -> Result<Option<Standing>, StoreError> {
    let found = from
        .first(
            "SELECT id, reference, procedure, about, state, owner_post, owner_person, pack_digest, revision, \
             subject_token FROM cases WHERE id = $1",
            values![id],
            |row| {
                Ok(Standing {
                    id: row.text("id")?,
                    reference: row.text("reference")?,
                    procedure: row.text("procedure")?,
                    about: row.text("about")?,
                    state: row.word("state", CaseState::parse)?,
                    owner_post: row.text("owner_post")?,
                    owner_person: row.maybe_text("owner_person")?,
                    pack_digest: row.text("pack_digest")?,
                    revision: row.int("revision")?,
                    subject_token: row.maybe_bytes32("subject_token")?,
                    members: Vec::new(),
                    excluded: Vec::new(),
                })
            },
        )
        .await?;
    let Some(mut standing) = found else { return Ok(None) };
    standing.members = members_inside(from, id).await?;
    standing.excluded = exclusions_inside(from, id).await?.into_iter().map(|one| one.token).collect();
    Ok(Some(standing))
}

async fn members_inside(from: &mut Reader<'_>, case: &str) -> Result<Vec<Member>, StoreError> {
    from.all(
        "SELECT person, post, place, since FROM case_members WHERE case_id = $1 ORDER BY since, person",
        values![case],
        |row: &Row| {
            Ok(Member {
                person: row.text("person")?,
                post: row.text("post")?,
                place: row.word("place", Place::from_word)?,
                since: row.time("since")?,
            })
        },
    )
    .await
}

async fn exclusions_inside(from: &mut Reader<'_>, case: &str) -> Result<Vec<Exclusion>, StoreError> {
    from.all(
        "SELECT token, why FROM case_exclusions WHERE case_id = $1 ORDER BY why, token",
        values![case],
        |row: &Row| Ok(Exclusion { token: row.bytes32("token")?, why: row.text("why")? }),
    )
    .await
}

/// Who has a place in a case.
pub async fn members(from: impl Into<Reader<'_>>, permit: &Permit, case: &str) -> Result<Vec<Member>, StoreError> {
    covers(permit, case)?;
    members_inside(&mut from.into(), case).await
}

/// Ids of the live cases in which a person has a place, without any content: for admitting a holder again.
pub async fn of_member(from: impl Into<Reader<'_>>, person: &str) -> Result<Vec<String>, StoreError> {
    from.into()
        .all(
            "SELECT DISTINCT m.case_id AS id FROM case_members m JOIN cases c ON c.id = m.case_id \
             WHERE m.person = $1 AND c.state <> 'false-alarm' ORDER BY m.case_id",
            values![person],
            |row: &Row| row.text("id"),
        )
        .await
}

/// Whom it is hidden from.
pub async fn exclusions(
    from: impl Into<Reader<'_>>,
    permit: &Permit,
    case: &str,
) -> Result<Vec<Exclusion>, StoreError> {
    covers(permit, case)?;
    exclusions_inside(&mut from.into(), case).await
}

/// Gives a case exactly these members.
///
/// # Errors
/// `Refused` if there is no such case.
pub async fn set_members(unit: &mut Unit, permit: &Permit, case: &str, members: &[Member]) -> Result<(), StoreError> {
    covers(permit, case)?;
    unit.execute("DELETE FROM case_members WHERE case_id = $1", values![case]).await?;
    for member in members {
        add_member(unit, permit, case, member).await?;
    }
    Ok(())
}

/// Gives one person a place, or another place than before; since when they have one stays.
///
/// # Errors
/// `Refused` if there is no such case.
pub async fn add_member(unit: &mut Unit, permit: &Permit, case: &str, member: &Member) -> Result<(), StoreError> {
    covers(permit, case)?;
    unit.execute(
        "INSERT INTO case_members (case_id, person, post, place, since) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (case_id, person) DO UPDATE SET post = excluded.post, place = excluded.place",
        values![case, &member.person, &member.post, member.place, member.since],
    )
    .await
    .map(|_| ())
}

/// Hides a case from a person; the first reason stands. Their place in it, if any, is the caller's to take away.
///
/// # Errors
/// `Refused` if there is no such case.
pub async fn exclude(
    unit: &mut Unit,
    permit: &Permit,
    case: &str,
    token: &[u8; 32],
    why: &str,
) -> Result<(), StoreError> {
    covers(permit, case)?;
    unit.execute(
        "INSERT INTO case_exclusions (case_id, token, why) VALUES ($1, $2, $3) ON CONFLICT (case_id, token) DO NOTHING",
        values![case, token, why],
    )
    .await
    .map(|_| ())
}

/// Lifts an exclusion that stands for this reason, and only for this one.
///
/// # Errors
/// `Conflict` if there is none.
pub async fn lift(
    unit: &mut Unit,
    permit: &Permit,
    case: &str,
    token: &[u8; 32],
    why: &'static str,
) -> Result<(), StoreError> {
    covers(permit, case)?;
    let sql = "DELETE FROM case_exclusions WHERE case_id = $1 AND token = $2 AND why = $3";
    unit.execute_one(sql, values![case, token, why]).await
}
