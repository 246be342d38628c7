//! The people of the organisation and the posts that they hold.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::db::{Row, json, values};
use crate::ids::{fold, pattern};
use crate::unit::offset;
use crate::{Page, ROWS_PER_PAGE, Reader, StoreError, Unit};

/// Somebody with an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    pub id: String,
    pub name: String,
    /// Unique; compared as it is written.
    pub username: String,
    /// A population of the pack: `learner`, `staff`, `visitor`.
    pub population: String,
    pub born: Option<Date>,
    /// Words of the pack, e.g. `at-risk`.
    pub flags: Vec<String>,
    pub site: String,
    pub email: String,
    /// Posts of the pack, sorted.
    pub posts: Vec<String>,
    pub disabled: bool,
    /// As `vault::hash_password` gives it.
    pub password_hash: Option<String>,
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("id", &self.id).field("posts", &self.posts).finish_non_exhaustive()
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.name, p.username, p.population, p.born, p.flags, p.site, p.email, p.disabled, p.password_hash, ",
            "p.created_at FROM people p ",
            $rest
        )
    };
}

fn person(row: &Row) -> Result<Person, StoreError> {
    Ok(Person {
        id: row.text("id")?,
        name: row.text("name")?,
        username: row.text("username")?,
        population: row.text("population")?,
        born: row.maybe_date("born")?,
        flags: row.texts("flags")?,
        site: row.text("site")?,
        email: row.text("email")?,
        posts: Vec::new(),
        disabled: row.flag("disabled")?,
        password_hash: row.maybe_text("password_hash")?,
        created_at: row.time("created_at")?,
    })
}

/// Keeps a new person with their posts.
///
/// # Errors
/// `Duplicate` if the id or the user name is taken.
pub async fn insert(unit: &mut Unit, person: &Person) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO people (id, name, username, population, born, flags, site, email, disabled, password_hash, created_at, search) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        values![
            &person.id,
            &person.name,
            &person.username,
            &person.population,
            person.born,
            json(&person.flags),
            &person.site,
            &person.email,
            person.disabled,
            &person.password_hash,
            person.created_at,
            search(person),
        ],
    )
    .await?;
    set_posts(unit, &person.id, &person.posts).await
}

/// Changes everything but id, posts and password; false if there is no such person.
///
/// # Errors
/// `Duplicate` if the user name is taken.
pub async fn update(unit: &mut Unit, person: &Person) -> Result<bool, StoreError> {
    let changed = unit
        .execute(
            "UPDATE people SET name = $2, username = $3, population = $4, born = $5, flags = $6, site = $7, email = $8, \
             disabled = $9, search = $10 WHERE id = $1",
            values![
                &person.id,
                &person.name,
                &person.username,
                &person.population,
                person.born,
                json(&person.flags),
                &person.site,
                &person.email,
                person.disabled,
                search(person),
            ],
        )
        .await?;
    Ok(changed == 1)
}

fn search(person: &Person) -> String {
    fold(&format!("{} {}", person.name, person.username))
}

/// Gives a person exactly these posts.
///
/// # Errors
/// `Refused` if there is no such person.
pub async fn set_posts(unit: &mut Unit, person: &str, posts: &[String]) -> Result<(), StoreError> {
    unit.execute("DELETE FROM person_posts WHERE person = $1", values![person]).await?;
    for post in posts {
        unit.execute(
            "INSERT INTO person_posts (person, post) VALUES ($1, $2) ON CONFLICT (person, post) DO NOTHING",
            values![person, post],
        )
        .await?;
    }
    Ok(())
}

/// Switches an account off or on; false if there is no such person.
///
/// # Errors
/// As the database gives them.
pub async fn set_disabled(unit: &mut Unit, person: &str, disabled: bool) -> Result<bool, StoreError> {
    let sql = "UPDATE people SET disabled = $2 WHERE id = $1";
    Ok(unit.execute(sql, values![person, disabled]).await? == 1)
}

/// Sets what a password is checked against. It never touches the person's keys (S-10); false if there is no such person.
///
/// # Errors
/// As the database gives them.
pub async fn set_password_hash(unit: &mut Unit, person: &str, hash: Option<&str>) -> Result<bool, StoreError> {
    let sql = "UPDATE people SET password_hash = $2 WHERE id = $1";
    Ok(unit.execute(sql, values![person, hash]).await? == 1)
}

/// One person.
///
/// # Errors
/// As the database gives them; so for all reads below.
pub async fn by_id(from: impl Into<Reader<'_>>, id: &str) -> Result<Option<Person>, StoreError> {
    let mut from = from.into();
    let found = from.all(select!("WHERE p.id = $1"), values![id], person).await?;
    Ok(with_posts(&mut from, found).await?.pop())
}

/// One person by the name they sign in with.
pub async fn by_username(from: impl Into<Reader<'_>>, username: &str) -> Result<Option<Person>, StoreError> {
    let mut from = from.into();
    let found = from.all(select!("WHERE p.username = $1"), values![username], person).await?;
    Ok(with_posts(&mut from, found).await?.pop())
}

/// A page of people by name whose name or user name holds the text.
pub async fn all(from: impl Into<Reader<'_>>, text: &str, page: u32) -> Result<Page<Person>, StoreError> {
    let mut from = from.into();
    let like = pattern(text);
    let total =
        from.number("SELECT count(*) AS n FROM people WHERE search LIKE $1 ESCAPE '\\'", values![&like]).await?;
    let found = from
        .all(
            select!("WHERE p.search LIKE $1 ESCAPE '\\' ORDER BY p.name, p.id LIMIT $2 OFFSET $3"),
            values![&like, ROWS_PER_PAGE, offset(page)],
            person,
        )
        .await?;
    Ok(Page::of(with_posts(&mut from, found).await?, page, total))
}

/// Everybody, by name: for the roster that the gateway gets.
pub async fn everyone(from: impl Into<Reader<'_>>) -> Result<Vec<Person>, StoreError> {
    let mut from = from.into();
    let found = from.all(select!("ORDER BY p.name, p.id"), vec![], person).await?;
    with_posts(&mut from, found).await
}

/// Who holds a post and may sign in, by name.
pub async fn holders_of_post(from: impl Into<Reader<'_>>, post: &str) -> Result<Vec<Person>, StoreError> {
    let mut from = from.into();
    let found = from
        .all(
            select!(
                "JOIN person_posts h ON h.person = p.id WHERE h.post = $1 AND NOT p.disabled ORDER BY p.name, p.id"
            ),
            values![post],
            person,
        )
        .await?;
    with_posts(&mut from, found).await
}

/// Fills in the posts: one question for one person, one for all when there are many.
async fn with_posts(from: &mut Reader<'_>, mut people: Vec<Person>) -> Result<Vec<Person>, StoreError> {
    let rows = match people.as_slice() {
        [] => return Ok(people),
        [one] => {
            let sql = "SELECT person, post FROM person_posts WHERE person = $1 ORDER BY post";
            from.rows(sql, values![&one.id]).await?
        }
        _ => from.rows("SELECT person, post FROM person_posts ORDER BY person, post", vec![]).await?,
    };
    let mut posts = std::collections::HashMap::<String, Vec<String>>::new();
    for row in &rows {
        posts.entry(row.text("person")?).or_default().push(row.text("post")?);
    }
    for person in &mut people {
        person.posts = posts.remove(&person.id).unwrap_or_default();
    }
    Ok(people)
}
