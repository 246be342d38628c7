//! Lessons: what was checked for each, who is in it, and until when it holds (F10).

use jiff::Timestamp;

use crate::db::{Row, values};
use crate::{Reader, StoreError, Unit};

/// One lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    pub id: String,
    pub title: String,
    /// What learners type to be in it.
    pub code: String,
    /// Learners search freely while somebody watches; otherwise only checked sites open.
    pub free_search: bool,
    /// Why they search freely; empty for checked sites.
    pub why: String,
    /// Who watches then; empty for checked sites.
    pub supervisor: String,
    /// As `Citation::to_record`.
    pub citation: String,
    pub started_at: Timestamp,
    pub started_by: String,
    pub until: Timestamp,
    /// When somebody ended it before its time.
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<String>,
}

impl Lesson {
    #[must_use]
    pub fn runs_at(&self, now: Timestamp) -> bool {
        self.until > now && self.ended_at.is_none_or(|end| end > now)
    }
}

/// A site of a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonSite {
    pub lesson: String,
    /// In normal form.
    pub site: String,
    /// When it was checked, and by whom; none for what was only found unsuitable.
    pub checked: Option<(Timestamp, String)>,
    /// When it was found unsuitable, and by whom.
    pub closed: Option<(Timestamp, String)>,
}

/// Somebody who is or was in a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonPerson {
    pub lesson: String,
    pub person: String,
    pub joined_at: Timestamp,
    pub left_at: Option<Timestamp>,
}

fn lesson(row: &Row) -> Result<Lesson, StoreError> {
    Ok(Lesson {
        id: row.text("id")?,
        title: row.text("title")?,
        code: row.text("code")?,
        free_search: row.flag("free_search")?,
        why: row.text("why")?,
        supervisor: row.text("supervisor")?,
        citation: row.text("citation")?,
        started_at: row.time("started_at")?,
        started_by: row.text("started_by")?,
        until: row.time("until")?,
        ended_at: row.maybe_time("ended_at")?,
        ended_by: row.maybe_text("ended_by")?,
    })
}

fn site(row: &Row) -> Result<LessonSite, StoreError> {
    let both = |at: Option<Timestamp>, by: Option<String>| at.map(|at| (at, by.unwrap_or_default()));
    Ok(LessonSite {
        lesson: row.text("lesson_id")?,
        site: row.text("site")?,
        checked: both(row.maybe_time("checked_at")?, row.maybe_text("checked_by")?),
        closed: both(row.maybe_time("closed_at")?, row.maybe_text("closed_by")?),
    })
}

fn person(row: &Row) -> Result<LessonPerson, StoreError> {
    Ok(LessonPerson {
        lesson: row.text("lesson_id")?,
        person: row.text("person")?,
        joined_at: row.time("joined_at")?,
        left_at: row.maybe_time("left_at")?,
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, title, code, free_search, why, supervisor, citation, started_at, started_by, until, ended_at, ",
            "ended_by FROM lessons ",
            $rest
        )
    };
}

macro_rules! select_sites {
    ($rest:literal) => {
        concat!("SELECT lesson_id, site, checked_at, checked_by, closed_at, closed_by FROM lesson_sites ", $rest)
    };
}

macro_rules! select_people {
    ($rest:literal) => {
        concat!("SELECT lesson_id, person, joined_at, left_at FROM lesson_people ", $rest)
    };
}

/// Keeps a lesson. Announce it in the feed in the same unit; so for every change below.
///
/// # Errors
/// `Refused` if a text is too long.
pub async fn insert(unit: &mut Unit, one: &Lesson) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO lessons (id, title, code, free_search, why, supervisor, citation, started_at, started_by, until) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        values![
            &one.id,
            &one.title,
            &one.code,
            one.free_search,
            &one.why,
            &one.supervisor,
            &one.citation,
            one.started_at,
            &one.started_by,
            one.until,
        ],
    )
    .await
    .map(|_| ())
}

/// Keeps a site of a lesson; what is known of it already is replaced.
///
/// # Errors
/// `Refused` if it is too long or there is no such lesson.
pub async fn put_site(unit: &mut Unit, one: &LessonSite) -> Result<(), StoreError> {
    let split = |both: &Option<(Timestamp, String)>| (both.as_ref().map(|(at, _)| *at), both.clone().map(|(_, by)| by));
    let ((checked_at, checked_by), (closed_at, closed_by)) = (split(&one.checked), split(&one.closed));
    let update = "UPDATE lesson_sites SET checked_at = $3, checked_by = $4, closed_at = $5, closed_by = $6 \
                  WHERE lesson_id = $1 AND site = $2";
    let of_row = values![&one.lesson, &one.site, checked_at, &checked_by, closed_at, &closed_by];
    if unit.execute(update, of_row).await? == 1 {
        return Ok(());
    }
    unit.execute(
        "INSERT INTO lesson_sites (lesson_id, site, checked_at, checked_by, closed_at, closed_by) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        values![&one.lesson, &one.site, checked_at, &checked_by, closed_at, &closed_by],
    )
    .await
    .map(|_| ())
}

/// Somebody is in a lesson from now on; once is enough.
///
/// # Errors
/// As the database gives them.
pub async fn join(unit: &mut Unit, id: &str, who: &str, now: Timestamp) -> Result<(), StoreError> {
    let again = "UPDATE lesson_people SET left_at = NULL WHERE lesson_id = $1 AND person = $2";
    if unit.execute(again, values![id, who]).await? == 1 {
        return Ok(());
    }
    unit.execute("INSERT INTO lesson_people (lesson_id, person, joined_at) VALUES ($1, $2, $3)", values![id, who, now])
        .await
        .map(|_| ())
}

/// Somebody is in it no longer; false if they were not.
///
/// # Errors
/// As the database gives them.
pub async fn leave(unit: &mut Unit, id: &str, who: &str, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE lesson_people SET left_at = $3 WHERE lesson_id = $1 AND person = $2 AND left_at IS NULL";
    Ok(unit.execute(sql, values![id, who, now]).await? == 1)
}

/// Another end; false if it runs no longer.
///
/// # Errors
/// As the database gives them.
pub async fn extend(unit: &mut Unit, id: &str, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE lessons SET until = $2 WHERE id = $1 AND until > $3 AND ended_at IS NULL";
    Ok(unit.execute(sql, values![id, until, now]).await? == 1)
}

/// Ends a lesson before its time; false if it runs no longer.
///
/// # Errors
/// As the database gives them.
pub async fn end(unit: &mut Unit, id: &str, by: &str, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE lessons SET ended_at = $3, ended_by = $2 WHERE id = $1 AND until > $3 AND ended_at IS NULL";
    Ok(unit.execute(sql, values![id, by, now]).await? == 1)
}

/// Forgets who was in lessons that ended before a moment.
///
/// # Errors
/// As the database gives them.
pub async fn forget_people(unit: &mut Unit, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM lesson_people WHERE lesson_id IN (SELECT id FROM lessons WHERE until < $1)";
    unit.execute(sql, values![before]).await
}

/// Whether anybody is known of a lesson that ended before a moment.
///
/// # Errors
/// As the database gives them.
pub async fn any_people(from: impl Into<Reader<'_>>, before: Timestamp) -> Result<bool, StoreError> {
    let sql = select_people!("WHERE lesson_id IN (SELECT id FROM lessons WHERE until < $1) LIMIT 1");
    Ok(from.into().first(sql, values![before], person).await?.is_some())
}

/// The lessons that run at a moment, newest first.
///
/// # Errors
/// As the database gives them.
pub async fn running(from: impl Into<Reader<'_>>, now: Timestamp) -> Result<Vec<Lesson>, StoreError> {
    let sql = select!("WHERE until > $1 AND ended_at IS NULL ORDER BY started_at DESC, id");
    from.into().all(sql, values![now], lesson).await
}

/// The sites of the lessons that run at a moment.
///
/// # Errors
/// As the database gives them.
pub async fn running_sites(from: impl Into<Reader<'_>>, now: Timestamp) -> Result<Vec<LessonSite>, StoreError> {
    let sql = select_sites!(
        "WHERE lesson_id IN (SELECT id FROM lessons WHERE until > $1 AND ended_at IS NULL) ORDER BY lesson_id, site"
    );
    from.into().all(sql, values![now], site).await
}

/// Who is in the lessons that run at a moment.
///
/// # Errors
/// As the database gives them.
pub async fn running_people(from: impl Into<Reader<'_>>, now: Timestamp) -> Result<Vec<LessonPerson>, StoreError> {
    let sql = select_people!(
        "WHERE left_at IS NULL AND lesson_id IN (SELECT id FROM lessons WHERE until > $1 AND ended_at IS NULL) \
         ORDER BY lesson_id, person"
    );
    from.into().all(sql, values![now], person).await
}

/// One lesson, also one that has ended.
///
/// # Errors
/// As the database gives them.
pub async fn get(from: impl Into<Reader<'_>>, id: &str) -> Result<Option<Lesson>, StoreError> {
    from.into().first(select!("WHERE id = $1"), values![id], lesson).await
}

/// Its sites, in the order of their names.
///
/// # Errors
/// As the database gives them.
pub async fn sites(from: impl Into<Reader<'_>>, id: &str) -> Result<Vec<LessonSite>, StoreError> {
    from.into().all(select_sites!("WHERE lesson_id = $1 ORDER BY site"), values![id], site).await
}

/// Everybody who is or was in it, in the order in which they came.
///
/// # Errors
/// As the database gives them.
pub async fn people(from: impl Into<Reader<'_>>, id: &str) -> Result<Vec<LessonPerson>, StoreError> {
    from.into().all(select_people!("WHERE lesson_id = $1 ORDER BY joined_at, person"), values![id], person).await
}

/// Every lesson there ever was, newest first, of one person or of all.
///
/// # Errors
/// As the database gives them.
pub async fn all(from: impl Into<Reader<'_>>, of: Option<&str>) -> Result<Vec<Lesson>, StoreError> {
    let mut reader = from.into();
    match of {
        Some(who) => {
            reader.all(select!("WHERE started_by = $1 ORDER BY started_at DESC, id"), values![who], lesson).await
        }
        None => reader.all(select!("ORDER BY started_at DESC, id"), values![], lesson).await,
    }
}
