//! Mail that is to go out, and the mailbox page that shows what went. A letter says only that something waits.

use jiff::{SignedDuration, Timestamp};

use crate::db::{Row, values, words};
use crate::ids::clip;
use crate::jobs::{CLAIM_TRIES, ERROR_LENGTH_LIMIT};
use crate::unit::offset;
use crate::{Page, ROWS_PER_PAGE, Reader, Store, StoreError, Unit};

words! {
    /// How far a letter is.
    LetterState {
        Queued = "queued",
        Sent = "sent",
        /// Given up; somebody must look.
        Dead = "dead",
    }
}

/// Letters of a round leave at minutes that divide by this: then the mail server's own record of the minute joins nobody
/// to an anonymous report (S-3).
const ROUND_MINUTES: i64 = 5;

/// The whole hour at or before a moment.
#[must_use]
pub fn whole_hour(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second.saturating_sub(second.rem_euclid(3_600))).unwrap_or(at)
}

/// The whole hour after a moment: until then a letter that keeps whole hours is not tried again.
#[must_use]
pub fn next_hour(at: Timestamp) -> Timestamp {
    whole_hour(at).saturating_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX)
}

/// One letter to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub id: String,
    pub to_person: String,
    pub subject: String,
    pub body: String,
    pub state: LetterState,
    pub attempts: i64,
    pub created_at: Timestamp,
    /// When it is tried next; while a sender has it, when its lease ends.
    pub next_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub last_error: Option<String>,
    /// Keeps whole hours only (S-3).
    pub coarse: bool,
    /// Leaves with the next round of letters.
    pub in_round: bool,
}

impl Letter {
    /// A letter to be sent at once.
    #[must_use]
    pub fn new(id: String, to_person: String, subject: String, body: String, now: Timestamp) -> Self {
        Self {
            id,
            to_person,
            subject,
            body,
            state: LetterState::Queued,
            attempts: 0,
            created_at: now,
            next_at: now,
            sent_at: None,
            last_error: None,
            coarse: false,
            in_round: false,
        }
    }

    /// The same letter, keeping whole hours only. It leaves with the next round, or at once if somebody is in danger (S-1).
    #[must_use]
    pub fn by_the_hour(self, in_danger: bool) -> Self {
        let at = whole_hour(self.created_at);
        Self { created_at: at, next_at: at, coarse: true, in_round: !in_danger, ..self }
    }
}

fn letter(row: &Row) -> Result<Letter, StoreError> {
    Ok(Letter {
        id: row.text("id")?,
        to_person: row.text("to_person")?,
        subject: row.text("subject")?,
        body: row.text("body")?,
        state: row.word("state", LetterState::from_word)?,
        attempts: row.int("attempts")?,
        created_at: row.time("created_at")?,
        next_at: row.time("next_at")?,
        sent_at: row.maybe_time("sent_at")?,
        last_error: row.maybe_text("last_error")?,
        coarse: row.flag("coarse")?,
        in_round: row.flag("in_round")?,
    })
}

/// Puts a letter into the outbox in the unit that makes it needed.
///
/// # Errors
/// `Refused` if it is too long.
pub async fn post(unit: &mut Unit, letter: &Letter) -> Result<(), StoreError> {
    unit.execute(
        "INSERT INTO letters (id, to_person, subject, body, state, attempts, created_at, next_at, sent_at, last_error, \
         coarse, in_round) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        values![
            &letter.id,
            &letter.to_person,
            &letter.subject,
            &letter.body,
            letter.state,
            letter.attempts,
            letter.created_at,
            letter.next_at,
            letter.sent_at,
            &letter.last_error,
            letter.coarse,
            letter.in_round,
        ],
    )
    .await
    .map(|_| ())
}

/// Takes the next letter that is due, for the length of a lease.
///
/// # Errors
/// `Away` or `Busy`.
pub async fn claim(store: &Store, now: Timestamp, lease: SignedDuration) -> Result<Option<Letter>, StoreError> {
    let round = now.as_second().div_euclid(60).rem_euclid(ROUND_MINUTES) == 0;
    for _ in 0..CLAIM_TRIES {
        let next = store
            .haven()
            .row(
                "SELECT id, attempts, in_round FROM letters WHERE state = 'queued' AND next_at <= $1 AND in_round <= $2 \
                 ORDER BY next_at, id LIMIT 1",
                values![now, round],
            )
            .await?;
        let Some(next) = next else { return Ok(None) };
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let until = if next.flag("in_round")? { next_hour(until) } else { until };
        let mut tx = store.haven().begin().await?;
        let taken = tx
            .row(
                "UPDATE letters SET next_at = $3, attempts = attempts + 1 WHERE id = $1 AND attempts = $2 \
                 AND state = 'queued' RETURNING id, to_person, subject, body, state, attempts, created_at, next_at, \
                 sent_at, last_error, coarse, in_round",
                values![next.text("id")?, next.int("attempts")?, until],
            )
            .await?;
        tx.commit().await?;
        if let Some(row) = taken {
            return letter(&row).map(Some);
        }
    }
    Ok(None)
}

/// Marks a letter as sent; false if it was already.
///
/// # Errors
/// `Away` or `Busy`.
pub async fn sent(store: &Store, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE letters SET state = 'sent', sent_at = CASE WHEN coarse THEN $3 ELSE $2 END, \
               next_at = CASE WHEN coarse THEN $3 ELSE next_at END WHERE id = $1 AND state = 'queued'";
    Ok(store.haven().execute(sql, values![id, now, whole_hour(now)]).await? == 1)
}

/// Puts a letter back to be tried again, or gives it up if there is no next time.
///
/// # Errors
/// `Away` or `Busy`.
pub async fn failed(store: &Store, id: &str, error: &str, again_at: Option<Timestamp>) -> Result<bool, StoreError> {
    let state = if again_at.is_some() { LetterState::Queued } else { LetterState::Dead };
    let changed = store
        .haven()
        .execute(
            "UPDATE letters SET state = $2, next_at = COALESCE($3, next_at), last_error = $4 \
             WHERE id = $1 AND state = 'queued'",
            values![id, state, again_at, clip(error, ERROR_LENGTH_LIMIT)],
        )
        .await?;
    Ok(changed == 1)
}

/// A page of all letters, newest first: the mailbox of practice mode.
///
/// # Errors
/// As the database gives them; so below.
pub async fn mailbox(from: impl Into<Reader<'_>>, page: u32) -> Result<Page<Letter>, StoreError> {
    let mut from = from.into();
    let total = from.number("SELECT count(*) AS n FROM letters", vec![]).await?;
    let items = from
        .all(
            "SELECT id, to_person, subject, body, state, attempts, created_at, next_at, sent_at, last_error, coarse, in_round FROM letters \
             ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2",
            values![ROWS_PER_PAGE, offset(page)],
            letter,
        )
        .await?;
    Ok(Page::of(items, page, total))
}

/// Makes every letter due that was tried in vain.
///
/// # Errors
/// `Away` or `Busy`.
pub async fn wake(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE letters SET next_at = CASE WHEN coarse THEN $2 ELSE $1 END \
               WHERE state = 'queued' AND last_error IS NOT NULL AND next_at > $1";
    store.haven().execute(sql, values![now, whole_hour(now)]).await.map(|_| ())
}

/// When the oldest letter was written that was tried in vain and has not left; of those to one person, or of all. Letters
/// older than `since` are not counted.
pub async fn oldest_in_trouble(
    from: impl Into<Reader<'_>>,
    to_person: Option<&str>,
    since: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    from.into()
        .first(
            "SELECT created_at FROM letters WHERE state <> 'sent' AND last_error IS NOT NULL AND created_at >= $1 \
             AND ($2 = '' OR to_person = $2) ORDER BY created_at LIMIT 1",
            values![since, to_person.unwrap_or_default()],
            |row| row.time("created_at"),
        )
        .await
}

/// The letters to one person, oldest first.
pub async fn of_person(from: impl Into<Reader<'_>>, person: &str) -> Result<Vec<Letter>, StoreError> {
    from.into()
        .all(
            "SELECT id, to_person, subject, body, state, attempts, created_at, next_at, sent_at, last_error, coarse, in_round FROM letters \
             WHERE to_person = $1 ORDER BY created_at, id",
            values![person],
            letter,
        )
        .await
}
