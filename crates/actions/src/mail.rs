//! Letters leave from the outbox, one by one, and are tried again until they have gone. A letter reveals nothing (C13).

use std::future::Future;
use std::pin::Pin;

use jiff::{SignedDuration, Timestamp, ToSpan};
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::{ActionError, Haven, words};

const LEASE_SECONDS: i64 = 120;
/// Longest line that mail carries as it stands, in bytes (RFC 5322, 2.1.1).
const MAIL_LINE_LIMIT_BYTES: usize = 998;
/// Seconds until the second try: most trouble of mail servers is short.
const FIRST_RETRY_SECONDS: i64 = 10;
/// Each wait is so many times as long as the one before it.
const RETRY_FACTOR: i64 = 3;
/// Longest wait between two tries, in minutes.
const RETRY_LIMIT_MINUTES: i64 = 30;
/// Tries before a letter is laid aside: more than five days of them, as RFC 5321 (4.5.4.1) asks.
const TRIES: i64 = 250;
/// A letter that did not leave is shown for so many days.
const SHOWN_DAYS: i64 = 30;

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
                .header(ContentType::TEXT_PLAIN)
                .body(plain(body))
                .map_err(|error| error.to_string())?;
            self.transport.send(message).await.map(|_| ()).map_err(|error| cause(&error))
        })
    }
}

/// The text as it stands, where mail can carry it so: a signed head that is saved from a mailbox must be the head itself.
fn plain(body: &str) -> Body {
    let text = body.replace("\r\n", "\n").replace('\n', "\r\n");
    let as_it_stands = text.is_ascii() && text.lines().all(|line| line.len() <= MAIL_LINE_LIMIT_BYTES);
    if as_it_stands {
        Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text)
    }
}

/// What went wrong, in words of our own: a mail server's often name the person whom the letter is for.
fn cause(error: &lettre::transport::smtp::Error) -> String {
    let words = if error.is_timeout() {
        "the mail server did not answer in time"
    } else if error.is_tls() {
        "the connection to the mail server could not be encrypted"
    } else if error.is_transient() {
        "the mail server asked to try again later"
    } else if error.is_permanent() {
        "the mail server refused it"
    } else if error.is_client() {
        "the mail server does not offer what the settings ask for"
    } else {
        "the mail server could not be reached, or broke off"
    };
    error.status().map_or_else(|| words.to_owned(), |code| format!("{words} ({code})"))
}

/// When a letter is tried again: soon at first, then less and less often.
fn again_at(now: Timestamp, attempts: i64) -> Timestamp {
    let before = u32::try_from(attempts.saturating_sub(1).max(0)).unwrap_or(u32::MAX);
    let longest = RETRY_LIMIT_MINUTES.saturating_mul(60);
    let wait = RETRY_FACTOR.saturating_pow(before).saturating_mul(FIRST_RETRY_SECONDS).min(longest);
    now.checked_add(wait.seconds()).unwrap_or(now)
}

/// Since when mail does not leave, as people read it: the oldest letter that was tried in vain, to this person or to anybody.
/// It tells nobody whom such a letter is for (invariant 11).
pub(crate) async fn trouble(haven: &Haven, to: Option<&str>) -> Result<Option<String>, ActionError> {
    let now = haven.now();
    let since = now.checked_sub(SignedDuration::from_hours(24 * SHOWN_DAYS)).unwrap_or(now);
    let oldest = store::outbox::oldest_in_trouble(&haven.store, to, since).await?;
    Ok(oldest.map(|at| words::moment(&haven.pack().calendar, now, at)))
}

/// At a start, what was tried in vain is due at once: somebody may have mended the settings.
pub async fn begin(haven: &Haven) -> Result<(), ActionError> {
    Ok(store::outbox::wake(&haven.store, haven.now()).await?)
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
            let again = if letter.in_round { store::outbox::next_hour(now) } else { again_at(now, letter.attempts) };
            let again = (letter.attempts < TRIES).then_some(again);
            store::outbox::failed(&haven.store, &letter.id, &cause, again).await?
        }
    };
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c13_a_letter_is_tried_again_soon_and_then_for_five_days() {
        let waits = |attempts| again_at(Timestamp::UNIX_EPOCH, attempts).as_second();
        assert_eq!([1, 2, 3, 4].map(waits), [10, 30, 90, 270]);
        let all: i64 = (1..TRIES).map(waits).sum();
        assert!(all > 5 * 24 * 3600, "{all} seconds");
        assert_eq!(waits(i64::MAX), 1800);
    }

    #[test]
    fn c13_a_head_leaves_as_it_stands() {
        let long = "a".repeat(128);
        let sent = plain(&format!("Keep this.\n\n{long}\n"));
        assert_eq!(sent.encoding(), ContentTransferEncoding::SevenBit);
        assert_eq!(sent.as_ref(), format!("Keep this.\r\n\r\n{long}\r\n").as_bytes());
        assert_ne!(plain("Caf\u{e9}").encoding(), ContentTransferEncoding::SevenBit);
        assert_ne!(plain(&"a".repeat(1000)).encoding(), ContentTransferEncoding::SevenBit);
    }
}
