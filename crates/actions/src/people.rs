//! Adding people, taking them out, and resetting a password, which never opens a case (S-10).

use jiff::civil::Date;
use serde_json::json;
use store::people::Person;
use store::vault;

use crate::audit::entry;
use crate::session::off_thread;
use crate::team::Team;
use crate::unit::in_unit;
use crate::{ActionError, Haven};

/// Shortest password, in characters (NCSC: length before rules).
pub const PASSWORD_MIN_CHARS: usize = 12;
/// Longest password, in bytes.
pub const PASSWORD_LIMIT_BYTES: usize = 1_000;

/// Somebody to add.
#[derive(Debug, Clone, Default)]
pub struct NewPerson {
    pub name: String,
    pub username: String,
    pub population: String,
    pub born: Option<Date>,
    pub flags: Vec<String>,
    pub site: String,
    pub email: String,
    pub posts: Vec<String>,
    pub password: Option<String>,
}

/// Adds a person. `by` is a person id, or `command line`.
pub async fn add(haven: &Haven, new: NewPerson, by: &str) -> Result<String, ActionError> {
    let now = haven.now();
    let pack = haven.pack();
    check(&pack, &new)?;
    let password_hash = match &new.password {
        Some(password) => Some(hash(haven, password).await?),
        None => None,
    };
    let person = Person {
        id: haven.new_id(now),
        name: new.name.trim().to_owned(),
        username: new.username.trim().to_owned(),
        population: new.population,
        born: new.born,
        flags: new.flags,
        site: new.site,
        email: new.email,
        posts: new.posts,
        disabled: false,
        password_hash,
        created_at: now,
    };
    let team = Team::read(haven).await?;
    in_unit!(haven, unit => {
        match store::people::insert(&mut unit, &person).await {
            Err(store::StoreError::Duplicate(_)) => {
                return Err(ActionError::fault("username", "Somebody already has this user name."));
            }
            other => other?,
        }
        store::feed::add(&mut unit, "roster", &person.id, now);
        let detail = json!({ "population": person.population, "posts": person.posts });
        store::audit::append(&mut unit, entry(now, by, "people.add", &person.id, &detail));
        crate::keys::give_posts(haven, &mut unit, &team, &person.id, &person.posts, by, now).await
    })?;
    Ok(person.id)
}

/// Gives a person exactly these posts. A new post by which cases come counts only once another holder has let them in
/// (S-10); the cases of a post that they leave go on to the next in order.
pub async fn set_posts(haven: &Haven, username: &str, posts: &[String], by: &str) -> Result<(), ActionError> {
    let now = haven.now();
    let person = store::people::by_username(&haven.store, username).await?.ok_or(ActionError::NotFound)?;
    check_posts(&haven.pack(), posts)?;
    let case_posts = crate::keys::case_posts(&haven.pack());
    let team = Team::read(haven).await?;
    let keeps = |post: &&String| posts.contains(post) && !team.waits_in(&person).contains(&post.as_str());
    let stays_holder = person.posts.iter().filter(keeps).any(|post| case_posts.contains(post));
    if !stays_holder {
        crate::keys::check_not_last(haven, &person).await?;
    }
    let added: Vec<String> = posts.iter().filter(|post| !person.posts.contains(post)).cloned().collect();
    let left: Vec<String> = person.posts.iter().filter(|post| !posts.contains(post)).cloned().collect();
    in_unit!(haven, unit => {
        store::people::set_posts(&mut unit, &person.id, posts).await?;
        for post in &left {
            store::admissions::take_away(&mut unit, &person.id, post).await?;
        }
        store::feed::add(&mut unit, "roster", &person.id, now);
        let detail = json!({ "added": added, "left": left });
        store::audit::append(&mut unit, entry(now, by, "people.posts", &person.id, &detail));
        if left.iter().any(|post| case_posts.contains(post)) {
            crate::keys::tell_holders(haven, &mut unit, &team, by, now).await?;
        }
        crate::keys::give_posts(haven, &mut unit, &team, &person.id, &added, by, now).await
    })?;
    crate::handing::leave_cases(haven, &person.id).await?;
    if !posts.iter().any(|post| case_posts.contains(post)) {
        store::keys::revoke_holder(&haven.store, &person.id, now).await?;
    }
    Ok(())
}

fn check(pack: &policy::Pack, new: &NewPerson) -> Result<(), ActionError> {
    if new.name.trim().is_empty() {
        return Err(ActionError::fault("name", "Give the person a name."));
    }
    if new.username.trim().is_empty() || new.username.chars().any(char::is_whitespace) {
        return Err(ActionError::fault("username", "Give a user name without spaces."));
    }
    if !pack.populations.iter().any(|population| population.id == new.population) {
        return Err(ActionError::fault("population", "The policy does not have this kind of person."));
    }
    check_posts(pack, &new.posts)
}

fn check_posts(pack: &policy::Pack, posts: &[String]) -> Result<(), ActionError> {
    match posts.iter().find(|post| pack.post(post).is_none()) {
        Some(post) => Err(ActionError::fault("posts", &format!("The policy does not have this post: {post}"))),
        None => Ok(()),
    }
}

async fn hash(haven: &Haven, password: &str) -> Result<String, ActionError> {
    if password.chars().count() < PASSWORD_MIN_CHARS || password.len() > PASSWORD_LIMIT_BYTES {
        return Err(ActionError::fault(
            "password",
            "Choose a password of at least 12 characters. Three random words are good.",
        ));
    }
    let moment = haven.moment.clone();
    let password = password.to_owned();
    let hashed = off_thread(move || {
        let mut random = vault::Entropy(|bytes: &mut [u8]| moment.fill_random(bytes));
        vault::hash_password(&mut random, &password)
    })
    .await?;
    Ok(hashed?)
}

/// Ends a person's access: sessions, keys and doors, at once. Their open cases go on to the next in order.
pub async fn disable(haven: &Haven, username: &str, by: &str) -> Result<(), ActionError> {
    let now = haven.now();
    let person = store::people::by_username(&haven.store, username).await?.ok_or(ActionError::NotFound)?;
    crate::keys::check_not_last(haven, &person).await?;
    let team = Team::read(haven).await?;
    in_unit!(haven, unit => {
        store::people::set_disabled(&mut unit, &person.id, true).await?;
        store::sessions::end_all_of(&mut unit, &person.id, now).await?;
        store::feed::add(&mut unit, "identity", &person.id, now);
        store::audit::append(&mut unit, entry(now, by, "people.disable", &person.id, &json!({})));
        if team.case_holders().contains(&person.id.as_str()) {
            crate::keys::tell_holders(haven, &mut unit, &team, by, now).await?;
        }
        Ok(())
    })?;
    crate::handing::leave_cases(haven, &person.id).await?;
    store::keys::revoke_holder(&haven.store, &person.id, now).await?;
    Ok(())
}

/// Sets a new password. Whoever resets it gains nothing: the old keys are revoked, and only another holder can admit the
/// person to their cases again.
pub async fn reset_password(haven: &Haven, username: &str, password: &str, by: &str) -> Result<(), ActionError> {
    let now = haven.now();
    let person = store::people::by_username(&haven.store, username).await?.ok_or(ActionError::NotFound)?;
    let hashed = hash(haven, password).await?;
    let team = Team::read(haven).await?;
    in_unit!(haven, unit => {
        store::people::set_password_hash(&mut unit, &person.id, Some(&hashed)).await?;
        if !crate::keys::is_founding(&mut unit).await? {
            store::admissions::suspend(&mut unit, &person.id, by, now).await?;
            if team.case_holders().contains(&person.id.as_str()) {
                crate::keys::tell_holders(haven, &mut unit, &team, by, now).await?;
            }
        }
        store::sessions::end_all_of(&mut unit, &person.id, now).await?;
        store::feed::add(&mut unit, "identity", &person.id, now);
        store::audit::append(&mut unit, entry(now, by, "people.reset", &person.id, &json!({})));
        Ok(())
    })?;
    store::keys::revoke_holder(&haven.store, &person.id, now).await?;
    Ok(())
}
