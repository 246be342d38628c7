//! Letters leave from the outbox, one by one, and are tried again until they have gone. A letter reveals nothing (C13).

use std::future::Future;
use std::pin::Pin;

use jiff::SignedDuration;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::jobs::retry_at;
use crate::{ActionError, Haven};

const LEASE_SECONDS: i64 = 120;
/// Tries before a letter is laid aside; the page of the outbox shows it red.
const TRIES: i64 = 50;

/// Brings one letter to one address.
pub trait Carrier: Send + Sync + 'static {
    fn carry<'a>(
        &'a self,
        to: &'a str,
        subject: &'a str,
        body: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// Practice mode: nothing leaves the machine; the mailbox page shows the letter.
pub struct PracticeCarrier;

impl Carrier for PracticeCarrier {
    fn carry<'a>(
        &'a self,
        _to: &'a str,
        _subject: &'a str,
        _body: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async { Ok(()) })
    }
}

/// Real mail over SMTP (RFC 5321).
pub struct SmtpCarrier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpCarrier {
    /// `from` is an address such as `Haven <haven@college.example>`.
    pub fn new(transport: AsyncSmtpTransport<Tokio1Executor>, from: &str) -> Result<Self, String> {
        let from = from.parse().map_err(|error| format!("the sender\u{2019}s address cannot be read: {error}"))?;
        Ok(Self { transport, from })
    }
}

impl Carrier for SmtpCarrier {
    fn carry<'a>(
        &'a self,
        to: &'a str,
        subject: &'a str,
        body: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let to: Mailbox = to.parse().map_err(|_| "the address cannot be read".to_owned())?;
            let message = Message::builder()
                .from(self.from.clone())
                .to(to)
                .subject(subject)
                .body(body.to_owned())
                .map_err(|error| error.to_string())?;
            self.transport.send(message).await.map(|_| ()).map_err(|error| error.to_string())
        })
    }
}

/// Sends one letter that is due. False when none is.
pub async fn send_once(haven: &Haven, carrier: &dyn Carrier) -> Result<bool, ActionError> {
    let now = haven.now();
    let lease = SignedDuration::from_secs(LEASE_SECONDS);
    let Some(letter) = store::outbox::claim(&haven.store, now, lease).await? else { return Ok(false) };
    let person = store::people::by_id(&haven.store, &letter.to_person).await?;
    let address = person.map(|person| person.email).unwrap_or_default();
    let carried = if address.is_empty() {
        Err("this person has no mail address".to_owned())
    } else {
        carrier.carry(&address, &letter.subject, &letter.body).await
    };
    match carried {
        Ok(()) => store::outbox::sent(&haven.store, &letter.id, haven.now()).await?,
        Err(cause) => {
            tracing::warn!(attempts = letter.attempts, cause = %cause, "a letter could not be sent");
            let again = (letter.attempts < TRIES).then(|| retry_at(now, letter.attempts));
            store::outbox::failed(&haven.store, &letter.id, &cause, again).await?
        }
    };
    Ok(true)
}
