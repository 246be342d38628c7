//! What a person does to the lists on the page: take an edition that waits, go back to earlier lists, look at all sources now.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actions::audit::{ListsChange, lists_changed_by, may_change_lists};
use actions::{ActionError, Haven, Session};
use serde_json::json;

use super::Supply;
use crate::say::Failure;

/// Longest reason, in bytes.
const REASON_LIMIT_BYTES: usize = 1_000;

impl Supply {
    /// Does what somebody who may ordered, and writes it down. What takes long is left to the clock, which is woken.
    pub(crate) async fn obey(
        self: Arc<Self>,
        haven: Arc<Haven>,
        session: Session,
        order: web::ListsOrder,
    ) -> Result<(), ActionError> {
        may_change_lists(&haven, &session)?;
        let reason = order.reason().map(str::trim).unwrap_or("-").to_owned();
        if reason.is_empty() || reason.len() > REASON_LIMIT_BYTES {
            return Err(ActionError::fault("reason", "Say in a sentence why. It stays in the record."));
        }
        let (supply, now) = (Arc::clone(&self), haven.now());
        let done = tokio::task::spawn_blocking(move || supply.carry_out(&order, now)).await;
        let done = done.map_err(|error| ActionError::Broken(error.to_string()))?;
        let (change, object) = done.map_err(|failure| ActionError::fault("", &failure.0))?;
        lists_changed_by(&haven, &session, change, &object, &json!({ "why": reason })).await?;
        self.wake.notify_one();
        Ok(())
    }

    fn carry_out(&self, order: &web::ListsOrder, now: jiff::Timestamp) -> Result<(ListsChange, String), Failure> {
        let _held = self.shelf.lock()?;
        match order {
            web::ListsOrder::Accept { source, .. } => {
                let known = self.sources.iter().find(|known| known.name == *source);
                let known = known.ok_or_else(|| Failure::new("There is no such source of lists."))?;
                self.accept(known, now)?;
                Ok((ListsChange::Accepted, source.clone()))
            }
            web::ListsOrder::TakeBack { number, .. } => {
                let build = self.shelf.take_back(Some(*number))?;
                Ok((ListsChange::TakenBack, build.number.to_string()))
            }
            web::ListsOrder::Update => {
                self.shelf.go_on();
                self.asked.store(true, Ordering::Relaxed);
                Ok((ListsChange::Asked, "all".to_owned()))
            }
        }
    }
}
