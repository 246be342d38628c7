//! Signing in and out, the password that opens case keys, and what still stands between a person and the internet.

use jiff::{Timestamp, ToSpan};
use policy::{Agreement, AgreementKind, Pack};
use serde_json::json;
use store::agreements::{Signature, SignatureKind};
use store::people::Person;
use store::sessions::Door;
use store::vault::{self, HolderSecret};

use crate::audit::{EntryWith, entry};
use crate::throttle::{Throttle, Whence};
use crate::unit::in_unit;
use crate::{ActionError, Haven, KnownBy, Mode};

/// A session ends after so long without use, in minutes (S-6).
pub const IDLE_LIMIT_MINUTES: i64 = 15;

/// The secret in the cookie.
#[derive(Clone)]
pub struct Token(pub String);

/// What others may be shown of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonCard {
    pub id: String,
    pub name: String,
    pub username: String,
    pub population: String,
    /// Group of the pack that fits today; empty if none does.
    pub group: String,
    pub site: String,
}

/// What still stands between a person and the internet (F15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The monitoring notice has not been acknowledged (S-4).
    Notice,
    /// This agreement has not been acknowledged in its present version.
    Agreement(String),
    Open,
}

/// A signed-in person for the length of one request.
#[derive(Clone)]
pub struct Session {
    pub id: String,
    pub person: PersonCard,
    pub posts: Vec<String>,
    /// Token for the forms of this session.
    pub csrf: String,
    /// The person's case keys can be opened in this session.
    pub unlocked: bool,
    /// The person holds, or may come to hold, cases.
    pub holder: bool,
    /// Another holder must let them in first, to a post or again after a reset: that post counts for nothing here (S-10).
    pub waits: bool,
    pub practice: bool,
    pub door: Option<Door>,
    pub stage: Stage,
    pub(crate) token: String,
}

impl Session {
    #[must_use]
    pub fn holds(&self, post: &str) -> bool {
        self.posts.iter().any(|held| held == post)
    }

    #[must_use]
    pub fn asker(&self) -> casework::access::Asker<'_> {
        casework::access::Asker { person: &self.person.id, posts: &self.posts }
    }
}

/// A sign-in that went well.
pub struct Entered {
    pub token: Token,
    /// What the browser is to keep, so that nobody elsewhere can shut this person out of it.
    pub device: String,
}

/// Signs in where nothing is known of the browser but its door.
pub async fn sign_in(haven: &Haven, username: &str, password: &str, door: Option<Door>) -> Result<Token, ActionError> {
    let from = Whence { address: door.as_ref().map(|door| door.address), device: None };
    sign_in_from(haven, username, password, door, &from).await.map(|entered| entered.token)
}

/// Signs in. A wrong name and a wrong password are told in the same words, after the same time.
pub async fn sign_in_from(
    haven: &Haven,
    username: &str,
    password: &str,
    door: Option<Door>,
    from: &Whence,
) -> Result<Entered, ActionError> {
    let now = haven.now();
    let throttle = Throttle::new(haven, username, from);
    if throttle.is_full(haven, now).await? {
        return Err(ActionError::refused(
            "There were too many tries from here. Wait 15 minutes, or use a computer on which you have signed in before.",
        ));
    }
    let person = store::people::by_username(&haven.store, username).await?.filter(|person| !person.disabled);
    let right = check_password(person.as_ref(), password).await?;
    let Some(person) = person.filter(|_| right) else {
        throttle.add_failure(haven, now).await?;
        return Err(ActionError::refused("That name or password is not right. Check both and try again."));
    };
    let secret = open_holder_key(haven, &person, password, now).await?;
    let token = begin_session(haven, &person, secret, door, now).await?;
    crate::keys::end_founding(haven, &person).await?;
    Ok(Entered { token, device: crate::throttle::device(haven, username) })
}

/// Makes the case keys of somebody who may come to hold cases, before their first sign-in: a case that came before it
/// could not be sealed to them. Begins no session.
pub async fn make_keys(haven: &Haven, username: &str, password: &str) -> Result<(), ActionError> {
    let person = store::people::by_username(&haven.store, username).await?.filter(|person| !person.disabled);
    let right = check_password(person.as_ref(), password).await?;
    let person = person.filter(|_| right).ok_or_else(|| ActionError::refused("That name or password is not right."))?;
    open_holder_key(haven, &person, password, haven.now()).await.map(|_| ())
}

async fn check_password(person: Option<&Person>, password: &str) -> Result<bool, ActionError> {
    let hash = person.and_then(|person| person.password_hash.clone());
    let password = password.to_owned();
    off_thread(move || match hash {
        Some(hash) => vault::check_password(&hash, &password),
        None => {
            vault::spend_password_time(&password);
            false
        }
    })
    .await
}

/// Runs slow, synchronous work (Argon2id) away from the sockets.
pub(crate) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ActionError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ActionError::Broken(error.to_string()))
}

/// Opens the person's case keys with the password; makes them at the first sign-in of somebody who may hold cases.
/// After a reset there is no key to open: another holder re-admits (S-10).
async fn open_holder_key(
    haven: &Haven,
    person: &Person,
    password: &str,
    now: Timestamp,
) -> Result<Option<HolderSecret>, ActionError> {
    if !is_holder(&haven.pack(), &person.posts) {
        return Ok(None);
    }
    let password = password.to_owned();
    let id = person.id.clone();
    if let Some(key) = store::keys::holder(&haven.store, &person.id).await? {
        return off_thread(move || vault::open_private(&password, &id, &key.sealed_private).ok()).await;
    }
    let secret = HolderSecret::generate(&mut haven.entropy());
    let public = secret.public();
    let moment = haven.moment.clone();
    let (sealed, secret) = off_thread(move || {
        let mut random = vault::Entropy(|bytes: &mut [u8]| moment.fill_random(bytes));
        (vault::seal_private(&mut random, &password, &id, &secret), secret)
    })
    .await?;
    let key = store::keys::HolderKey {
        person: person.id.clone(),
        public,
        sealed_private: sealed?,
        created_at: now,
        revoked_at: None,
    };
    // The entry first: a key that no entry vouches for counts as put in by a stranger.
    let vouched = store::keys::vouched(&person.id, &public);
    in_unit!(haven, unit => {
        let made = entry(now, &person.id, "keys.made", &person.id, &json!({}));
        store::audit::append(&mut unit, made.vouching(vec![vouched.clone()]));
        Ok(())
    })?;
    store::keys::put_holder(&haven.store, &key).await?;
    Ok(Some(secret))
}

async fn begin_session(
    haven: &Haven,
    person: &Person,
    secret: Option<HolderSecret>,
    door: Option<Door>,
    now: Timestamp,
) -> Result<Token, ActionError> {
    let token = vault::new_token(&mut haven.entropy());
    let csrf = vault::new_token(&mut haven.entropy());
    let session = store::sessions::Session {
        id: haven.new_id(now),
        token_hash: vault::token_hash(&token),
        person: person.id.clone(),
        csrf: csrf.to_string(),
        created_at: now,
        seen_at: now,
        ended_at: None,
        door: None,
        pass: None,
    };
    if let Some(secret) = secret {
        let wrapped = vault::session_wrap(&mut haven.entropy(), &token, &session.id, &secret)?;
        store::keys::put_session_key(&haven.store, &session.id, &wrapped, now).await?;
    }
    in_unit!(haven, unit => {
        store::sessions::insert(&mut unit, &session).await?;
        store::audit::append(&mut unit, entry(now, &person.id, "session.begin", &session.id, &json!({})));
        Ok(())
    })?;
    let token = Token(token.to_string());
    bind_if_open(haven, &token, door.as_ref()).await?;
    Ok(token)
}

/// The session behind a cookie, or none when it is over. Counts as use.
pub async fn session(haven: &Haven, token: &str, door: Option<&Door>) -> Result<Option<Session>, ActionError> {
    let now = haven.now();
    let Some(kept) = store::sessions::by_token_hash(&haven.store, &vault::token_hash(token)).await? else {
        return Ok(None);
    };
    if kept.ended_at.is_some() {
        return Ok(None);
    }
    if is_idle(now, kept.seen_at) {
        end(haven, &kept.id, &kept.person, "session.idle").await?;
        return Ok(None);
    }
    let Some(person) = store::people::by_id(&haven.store, &kept.person).await?.filter(|person| !person.disabled) else {
        return Ok(None);
    };
    store::sessions::touch(&haven.store, &kept.id, now).await?;
    let pack = haven.pack();
    let stage = stage(haven, &pack, &person, now).await?;
    let unlocked = store::keys::session_key(&haven.store, &kept.id).await?.is_some();
    let holder = is_holder(&pack, &person.posts);
    // A post in which nobody has let them in yet gives no right to anything (S-10).
    let posts = if holder { crate::keys::posts_that_count(haven, &person).await? } else { person.posts.clone() };
    Ok(Some(Session {
        id: kept.id,
        holder,
        waits: posts.len() < person.posts.len(),
        person: card(&pack, &person, now),
        posts,
        csrf: kept.csrf,
        unlocked,
        practice: haven.mode == Mode::Practice,
        door: door.cloned(),
        stage,
        token: token.to_owned(),
    }))
}

/// Whether a session has been idle too long.
#[must_use]
pub fn is_idle(now: Timestamp, seen_at: Timestamp) -> bool {
    seen_at.checked_add(IDLE_LIMIT_MINUTES.minutes()).is_ok_and(|limit| now > limit)
}

pub(crate) fn card(pack: &Pack, person: &Person, now: Timestamp) -> PersonCard {
    let day = pack.calendar.day_of(now);
    let group = pack.group_on(&person.population, person.born, &person.flags, day);
    PersonCard {
        id: person.id.clone(),
        name: person.name.clone(),
        username: person.username.clone(),
        population: person.population.clone(),
        group: group.map(|group| group.id.clone()).unwrap_or_default(),
        site: person.site.clone(),
    }
}

/// Whether any of these posts stands on a route, as itself or as a deputy.
pub(crate) fn is_holder(pack: &Pack, posts: &[String]) -> bool {
    let case_posts = crate::keys::case_posts(pack);
    posts.iter().any(|held| case_posts.contains(held))
}

/// What still stands between a person and the internet.
pub(crate) async fn stage(haven: &Haven, pack: &Pack, person: &Person, now: Timestamp) -> Result<Stage, ActionError> {
    let signed = store::agreements::of_person(&haven.store, &person.id).await?;
    Ok(stage_of(pack, person, &signed, now))
}

pub(crate) fn stage_of(pack: &Pack, person: &Person, signed: &[Signature], now: Timestamp) -> Stage {
    let has = |agreement: &Agreement| {
        signed.iter().any(|one| one.digest == agreement.digest && one.agreement == agreement.id)
    };
    if pack.agreements.iter().any(|agreement| agreement.kind == AgreementKind::Notice && !has(agreement)) {
        return Stage::Notice;
    }
    let day = pack.calendar.day_of(now);
    let group = pack.group_on(&person.population, person.born, &person.flags, day);
    match group.and_then(|group| group.agreement.as_ref()).and_then(|id| pack.agreement(id)) {
        Some(agreement) if !has(agreement) => Stage::Agreement(agreement.id.clone()),
        _ => Stage::Open,
    }
}

/// The notice was shown and acknowledged (S-4): not consent. `digest` is that of the text which was shown.
pub async fn acknowledge_notice(haven: &Haven, session: &Session, digest: &str) -> Result<(), ActionError> {
    let pack = haven.pack();
    let notice = pack.agreements.iter().find(|agreement| agreement.kind == AgreementKind::Notice);
    let notice = notice.ok_or(ActionError::NotFound)?;
    sign(haven, session, notice, digest, SignatureKind::Notice).await
}

/// The acceptable-use agreement was acknowledged.
pub async fn sign_agreement(
    haven: &Haven,
    session: &Session,
    agreement: &str,
    digest: &str,
) -> Result<(), ActionError> {
    let pack = haven.pack();
    let agreement = pack.agreement(agreement).filter(|agreement| agreement.kind == AgreementKind::AcceptableUse);
    sign(haven, session, agreement.ok_or(ActionError::NotFound)?, digest, SignatureKind::AcceptableUse).await
}

async fn sign(
    haven: &Haven,
    session: &Session,
    agreement: &Agreement,
    digest: &str,
    kind: SignatureKind,
) -> Result<(), ActionError> {
    if agreement.digest != digest {
        // The text changed between showing and signing: show the new one.
        return Err(ActionError::Conflict);
    }
    let now = haven.now();
    let citation = haven.pack().cite(&agreement.clause);
    in_unit!(haven, unit => {
        let signature = Signature {
            person: session.person.id.clone(),
            agreement: agreement.id.clone(),
            version: agreement.version.clone(),
            digest: agreement.digest.clone(),
            kind,
            at: now,
        };
        if store::agreements::sign(&mut unit, &signature).await? {
            let detail = json!({ "agreement": agreement.id, "version": agreement.version, "digest": agreement.digest });
            let mut made = entry(now, &session.person.id, "agreement.sign", &agreement.id, &detail);
            if let Some(citation) = &citation {
                made.citation = citation.to_record();
            }
            store::audit::append(&mut unit, made);
        }
        Ok(())
    })?;
    bind_if_open(haven, &Token(session.token.clone()), session.door.as_ref()).await
}

/// Binds the session to the door it came by, once nothing stands between the person and the internet, and only where the
/// site declares one person per address (S-6). A new binding ends whoever was bound there before; and somebody else who has
/// only begun to pass the gate ends it too, because whoever sat there before sits there no longer.
async fn bind_if_open(haven: &Haven, token: &Token, door: Option<&Door>) -> Result<(), ActionError> {
    let Some(door) = door.filter(|door| haven.known_by(&door.listener) == Some(KnownBy::Address)) else {
        return Ok(());
    };
    let Some(session) = session(haven, &token.0, Some(door)).await? else { return Ok(()) };
    let now = haven.now();
    if session.stage != Stage::Open {
        let bound = store::sessions::by_door(&haven.store, door).await?;
        let Some(other) = bound.filter(|bound| bound.person != session.person.id) else { return Ok(()) };
        return in_unit!(haven, unit => {
            store::sessions::release_door(&mut unit, &other.id).await?;
            store::feed::add(&mut unit, "identity", &other.id, now);
            Ok(())
        });
    }
    in_unit!(haven, unit => {
        store::sessions::bind_door(&mut unit, &session.id, door).await?;
        store::feed::add(&mut unit, "identity", &session.id, now);
        Ok(())
    })
}

/// The browser has shown its cookie again after all its connections had gone: the door, or its pass, is its own again.
pub async fn prove_door(haven: &Haven, session: &Session, door: &Door) -> Result<bool, ActionError> {
    match haven.known_by(&door.listener) {
        Some(KnownBy::Address) if session.stage == Stage::Open => {
            bind_if_open(haven, &Token(session.token.clone()), Some(door)).await?;
            Ok(true)
        }
        Some(KnownBy::Pass) => Ok(crate::pass::give(haven, session, door).await?.is_some()),
        // Nothing to bind: the network says who it is, and the gate is passed.
        Some(KnownBy::Network) => Ok(session.stage == Stage::Open),
        _ => Ok(false),
    }
}

/// Signs out: from this moment nothing carries the person's name.
pub async fn sign_out(haven: &Haven, token: &str) -> Result<(), ActionError> {
    match store::sessions::by_token_hash(&haven.store, &vault::token_hash(token)).await? {
        Some(kept) if kept.ended_at.is_none() => end(haven, &kept.id, &kept.person, "session.end").await,
        _ => Ok(()),
    }
}

pub(crate) async fn end(haven: &Haven, session: &str, person: &str, action: &str) -> Result<(), ActionError> {
    let now = haven.now();
    in_unit!(haven, unit => {
        if store::sessions::end(&mut unit, session, now).await? {
            store::feed::add(&mut unit, "identity", session, now);
            store::audit::append(&mut unit, entry(now, person, action, session, &json!({})));
        }
        Ok(())
    })?;
    store::keys::drop_session_key(&haven.store, session).await?;
    Ok(())
}

/// Opens the person's case keys in a session that has none, with the password.
pub async fn unlock(haven: &Haven, session: &Session, password: &str) -> Result<(), ActionError> {
    let now = haven.now();
    let throttle = Throttle::of_session(&session.id);
    if throttle.is_full(haven, now).await? {
        return Err(ActionError::refused("There were too many tries. Wait 15 minutes."));
    }
    let person = store::people::by_id(&haven.store, &session.person.id).await?.ok_or(ActionError::NotFound)?;
    if !check_password(Some(&person), password).await? {
        throttle.add_failure(haven, now).await?;
        return Err(ActionError::fault("password", "That password is not right."));
    }
    let secret = open_holder_key(haven, &person, password, now).await?.ok_or_else(|| {
        ActionError::refused(
            "Your case keys cannot be opened with this password. Ask another case holder to admit you again.",
        )
    })?;
    let wrapped = vault::session_wrap(&mut haven.entropy(), &session.token, &session.id, &secret)?;
    store::keys::put_session_key(&haven.store, &session.id, &wrapped, now).await?;
    Ok(())
}

/// The person's own secret, as far as this session can open it.
pub(crate) async fn holder_secret(haven: &Haven, session: &Session) -> Result<HolderSecret, ActionError> {
    let wrapped = store::keys::session_key(&haven.store, &session.id).await?.ok_or(ActionError::Locked)?;
    vault::session_open(&session.token, &session.id, &wrapped).map_err(|_| ActionError::Locked)
}

/// One-click sign-in for the practice organisation. `password` comes from the practice folder's own file.
pub async fn practice_sign_in(
    haven: &Haven,
    username: &str,
    password: &str,
    door: Option<Door>,
) -> Result<Token, ActionError> {
    if haven.mode != Mode::Practice {
        return Err(ActionError::NotFound);
    }
    sign_in(haven, username, password, door).await
}
