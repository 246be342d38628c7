//! Who was put into which post, by whom, and who let them in: a post by which cases come counts only after that (S-10).

use jiff::Timestamp;

use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// One post of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    pub person: String,
    pub post: String,
    /// Person id, or the name of what did it. Never the one who lets them in.
    pub given_by: String,
    pub given_at: Timestamp,
    /// None while they wait.
    pub admitted_by: Option<String>,
    pub admitted_at: Option<Timestamp>,
}

fn admission(row: &Row) -> Result<Admission, StoreError> {
    Ok(Admission {
        person: row.text("person")?,
        post: row.text("post")?,
        given_by: row.text("given_by")?,
        given_at: row.time("given_at")?,
        admitted_by: row.maybe_text("admitted_by")?,
        admitted_at: row.maybe_time("admitted_at")?,
    })
}

/// All of them, by person and post.
///
/// # Errors
/// As the database gives them; so below.
pub async fn all(from: impl Into<Reader<'_>>) -> Result<Vec<Admission>, StoreError> {
    let sql = "SELECT person, post, given_by, given_at, admitted_by, admitted_at FROM admissions ORDER BY person, post";
    from.into().all(sql, vec![], admission).await
}

/// One person's, by post.
pub async fn of_person(from: impl Into<Reader<'_>>, person: &str) -> Result<Vec<Admission>, StoreError> {
    let sql = "SELECT person, post, given_by, given_at, admitted_by, admitted_at FROM admissions WHERE person = $1 \
               ORDER BY post";
    from.into().all(sql, values![person], admission).await
}

/// Puts somebody into a post: they wait from now on. Who is in it already stays as they are.
///
/// # Errors
/// `Refused` if there is no such person.
pub async fn give(unit: &mut Unit, person: &str, post: &str, by: &str, at: Timestamp) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO admissions (person, post, given_by, given_at, admitted_by, admitted_at) \
         VALUES ($1, $2, $3, $4, NULL, NULL) ON CONFLICT (person, post) DO NOTHING",
        values![person, post, by, at],
    )
    .await
    .map(|_| ())
}

/// Lets a person in to every post in which they wait.
pub async fn admit(unit: &mut Unit, person: &str, by: &str, at: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE admissions SET admitted_by = $2, admitted_at = $3 WHERE person = $1 AND admitted_at IS NULL";
    unit.execute(sql, values![person, by, at]).await
}

/// Makes a person wait in all their posts again, as a reset password must.
pub async fn suspend(unit: &mut Unit, person: &str, by: &str, at: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE admissions SET given_by = $2, given_at = $3, admitted_by = NULL, admitted_at = NULL \
               WHERE person = $1";
    unit.execute(sql, values![person, by, at]).await
}

/// Takes a post away from a person.
pub async fn take_away(unit: &mut Unit, person: &str, post: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM admissions WHERE person = $1 AND post = $2";
    Ok(unit.execute(sql, values![person, post]).await? == 1)
}
