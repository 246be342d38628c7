//! Follows the numbered list of changes, so that what is held in memory is never older than a quarter of a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use actions::{ActionError, Haven};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use jiff::civil::Date;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::identity::People;
use super::snapshots::InForce;

/// How often the feed is asked, in milliseconds.
const ASK_EVERY_MS: u64 = 250;
/// Rows that are taken at once.
const ROWS_AT_ONCE: u32 = 1000;
/// How often everything is made anew whether the feed spoke or not, in seconds: rules end and birthdays come by themselves.
const RENEW_EVERY_SECONDS: u64 = 60;
/// How often it is looked for a new list file, in seconds.
const LISTS_EVERY_SECONDS: u64 = 5;
/// How long the database may take to answer before it counts as away, in seconds.
const ANSWER_LIMIT_SECONDS: u64 = 10;

/// The feed of one node.
pub(crate) struct Feed {
    haven: Arc<Haven>,
    people: Arc<People>,
    in_force: Arc<InForce>,
    /// A gateway alone, whose database address may open what it needs and nothing else.
    walled: bool,
    /// Number of the last row that was taken; none before the database has answered for the first time.
    taken: Mutex<Option<i64>>,
    /// The database did not answer when it was last asked.
    away: AtomicBool,
    /// The day, where the organisation is, on which people's groups were last worked out.
    day: std::sync::Mutex<Option<Date>>,
    /// Who checks the filter of this node when that is asked for.
    checks: std::sync::OnceLock<mpsc::Sender<String>>,
}

impl Feed {
    pub(crate) fn new(haven: Arc<Haven>, people: Arc<People>, in_force: Arc<InForce>, walled: bool) -> Self {
        Self {
            haven,
            people,
            in_force,
            walled,
            taken: Mutex::new(None),
            away: AtomicBool::new(false),
            day: std::sync::Mutex::new(None),
            checks: std::sync::OnceLock::new(),
        }
    }

    /// Takes what is new; the first time, everything. Whoever comes while another is at it waits, and then finds nothing left
    /// to do.
    pub(crate) async fn pull(&self) -> Result<(), ActionError> {
        let answer = tokio::time::timeout(Duration::from_secs(ANSWER_LIMIT_SECONDS), self.take()).await;
        let answer = answer.unwrap_or_else(|_| Err(ActionError::Away("it took too long".to_owned())));
        self.away.store(answer.is_err(), Ordering::Relaxed);
        answer
    }

    /// From now on checks that are asked for go there.
    pub(crate) fn tell_checks(&self, checks: mpsc::Sender<String>) {
        let _ = self.checks.set(checks);
    }

    /// Whether the database answered when it was last asked.
    pub(crate) fn answers(&self) -> bool {
        !self.away.load(Ordering::Relaxed)
    }

    async fn take(&self) -> Result<(), ActionError> {
        let mut taken = self.taken.lock().await;
        let Some(before) = *taken else {
            if self.walled {
                store::gateway::check(&self.haven.store).await?;
            }
            let last = store::feed::last(&self.haven.store).await?;
            self.in_force.renew().await?;
            self.people.renew().await?;
            *taken = Some(last);
            return Ok(());
        };
        let rows = store::feed::since(&self.haven.store, before, ROWS_AT_ONCE).await?;
        let Some(last) = rows.last().map(|row| row.seq) else { return Ok(()) };
        for row in rows.iter().filter(|row| row.kind == "identity") {
            self.people.prove(&row.digest, row.at);
        }
        for row in rows.iter().filter(|row| row.kind == actions::checks::FEED) {
            // If many wait, one more tells nothing new.
            let _ = self.checks.get().map(|checks| checks.try_send(row.digest.clone()));
        }
        let is_rules = |kind: &str| matches!(kind, "pack" | "local-rules" | "lists" | actions::lesson::FEED);
        if rows.iter().any(|row| is_rules(&row.kind)) {
            self.in_force.renew().await?;
        }
        self.people.renew().await?;
        // Only now: if something failed, the same rows are taken again.
        *taken = Some(last);
        Ok(())
    }

    /// What a page has changed stands at the gateway of this process before the page answers: whoever has signed out is a
    /// stranger at once, and so is whoever lost their seat (S-6). Gateways on other machines ask by themselves.
    pub(crate) async fn before_the_answer(State(feed): State<Arc<Self>>, request: Request, next: Next) -> Response {
        let changes = !request.method().is_safe();
        let answer = next.run(request).await;
        if changes && let Err(error) = feed.pull().await {
            tracing::warn!(cause = %error, "the feed could not be read after a form; it is read again in a moment");
        }
        answer
    }

    /// Follows until `stop`. Trouble is logged, and what is held stays.
    pub(crate) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut round: u64 = 0;
        let mut trouble = !self.answers();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(ASK_EVERY_MS)) => {}
            }
            round = round.wrapping_add(1);
            let done = tokio::select! {
                () = stop.cancelled() => return,
                done = self.round(round) => done,
            };
            match &done {
                Err(error) if !trouble => {
                    tracing::warn!(cause = %error, "the feed cannot be read; what was last in force stays");
                }
                Ok(()) if trouble => tracing::info!("the feed is read again"),
                _ => {}
            }
            trouble = done.is_err();
        }
    }

    /// Whether midnight has passed since this was last asked: at midnight people have birthdays (F02).
    fn new_day(&self) -> bool {
        let today = self.haven.pack().calendar.day_of(self.haven.now());
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        day.replace(today).is_some_and(|before| before != today)
    }

    async fn round(&self, round: u64) -> Result<(), ActionError> {
        let every = |seconds: u64| round.is_multiple_of(seconds * 1000 / ASK_EVERY_MS);
        if every(LISTS_EVERY_SECONDS) && self.in_force.lists_changed() {
            self.in_force.renew().await?;
        }
        self.pull().await?;
        if every(RENEW_EVERY_SECONDS) || self.new_day() {
            self.in_force.renew().await?;
            self.people.renew().await?;
        }
        Ok(())
    }
}
