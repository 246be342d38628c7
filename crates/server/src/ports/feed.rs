//! Follows the numbered list of changes, so that what is held in memory is never older than a quarter of a second.

use std::sync::Arc;
use std::time::Duration;

use actions::{ActionError, Haven};
use tokio::sync::Mutex;
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

/// The feed of one node.
pub(crate) struct Feed {
    haven: Arc<Haven>,
    people: Arc<People>,
    in_force: Arc<InForce>,
    /// Number of the last row that was taken.
    taken: Mutex<i64>,
}

impl Feed {
    /// Begins at the end of the feed, and makes everything once.
    pub(crate) async fn begin(
        haven: Arc<Haven>,
        people: Arc<People>,
        in_force: Arc<InForce>,
    ) -> Result<Self, ActionError> {
        let last = store::feed::last(&haven.store).await?;
        people.renew().await?;
        in_force.renew().await?;
        Ok(Self { haven, people, in_force, taken: Mutex::new(last) })
    }

    /// Takes what is new. Whoever comes while another is at it waits, and then finds nothing left to do.
    pub(crate) async fn pull(&self) -> Result<(), ActionError> {
        let mut taken = self.taken.lock().await;
        let rows = store::feed::since(&self.haven.store, *taken, ROWS_AT_ONCE).await?;
        let Some(last) = rows.last().map(|row| row.seq) else { return Ok(()) };
        for row in rows.iter().filter(|row| row.kind == "identity") {
            self.people.prove(&row.digest, row.at);
        }
        let is_rules = |kind: &str| kind == "pack" || kind == "local-rules" || kind == "lists";
        if rows.iter().any(|row| !is_rules(&row.kind)) {
            self.people.renew().await?;
        }
        if rows.iter().any(|row| is_rules(&row.kind)) {
            self.in_force.renew().await?;
            self.people.renew().await?;
        }
        // Only now: if something failed, the same rows are taken again.
        *taken = last;
        Ok(())
    }

    /// Follows until `stop`. Trouble is logged, and what is held stays.
    pub(crate) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut round: u64 = 0;
        let mut trouble = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(ASK_EVERY_MS)) => {}
            }
            round = round.wrapping_add(1);
            let done = self.round(round).await;
            if let Err(error) = &done
                && !trouble
            {
                tracing::warn!(cause = %error, "the feed cannot be read; what was last in force stays");
            }
            trouble = done.is_err();
        }
    }

    async fn round(&self, round: u64) -> Result<(), ActionError> {
        let every = |seconds: u64| round.is_multiple_of(seconds * 1000 / ASK_EVERY_MS);
        if every(LISTS_EVERY_SECONDS) && self.in_force.lists_changed() {
            self.in_force.renew().await?;
        }
        if every(RENEW_EVERY_SECONDS) {
            self.in_force.renew().await?;
            self.people.renew().await?;
        }
        self.pull().await
    }
}
