//! Registered devices, at which nobody can sign in: what is told of them, and their alerts, which are about nobody (S-5, S-6).

use policy::Pack;
use serde_json::json;
use store::StoreError;
use store::activity::Record;
use store::technical::TechnicalAlert;

use crate::alert::{Cue, tell_technical};
use crate::audit::entry;
use crate::team::Team;
use crate::{ActionError, Haven};

/// Longest text in which a technical alert names a device, in letters.
const DEVICE_LIMIT_LETTERS: usize = 64;

/// Tells those who look after the filter of an alert at a registered device, once for each device, theme and day. It opens no
/// case: nobody is known whom one could be about.
pub(crate) async fn tell(haven: &Haven, pack: &Pack, record: &Record, cue: &Cue) -> Result<(), ActionError> {
    let now = haven.now();
    let team = Team::read(haven).await?;
    let mut unit = haven.store.begin().await?;
    match store::receipts::keep(&mut unit, &receipt_key(haven, pack, record, cue), "{}", record.at).await {
        Err(StoreError::Duplicate(_)) => {
            drop(unit);
            store::activity::alert_taken(&haven.store, &record.reference, now).await?;
            return Ok(());
        }
        other => other?,
    }
    let alert = TechnicalAlert {
        id: haven.new_id(record.at),
        at: record.at,
        theme: cue.theme.clone(),
        grade: casework::case::grade_word(cue.grade).to_owned(),
        device: named(record),
        host: record.host.clone(),
        event_reference: record.reference.clone(),
        subject_token: None,
        acknowledged_at: None,
        acknowledged_by: None,
    };
    store::technical::insert(&mut unit, &alert).await?;
    tell_technical(haven, pack, &team, &mut unit, record).await?;
    let detail = json!({ "theme": cue.theme, "grade": alert.grade, "registered": record.registered() });
    store::audit::append(&mut unit, entry(record.at, "gateway", "alert.device", &alert.id, &detail));
    unit.commit().await?;
    store::activity::alert_taken(&haven.store, &record.reference, now).await?;
    Ok(())
}

fn receipt_key(haven: &Haven, pack: &Pack, record: &Record, cue: &Cue) -> String {
    let day = pack.calendar.day_of(record.at);
    format!("device:{}", hex::encode(haven.token_of(&format!("{} {} {day}", record.session, cue.theme))))
}

/// The name and the address, or the name alone where both are too long.
fn named(record: &Record) -> String {
    let name = record.registered().unwrap_or_default();
    let both = format!("{name}, {}", record.device);
    if both.chars().count() <= DEVICE_LIMIT_LETTERS { both } else { name.to_owned() }
}
