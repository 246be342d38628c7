//! A concern that somebody tells: three required answers, how they wish to be known, and a reference to keep.

use policy::About;

/// Longest answer that is kept, in bytes. A longer one is refused at its field, never cut off.
pub const ANSWER_LIMIT_BYTES: usize = 20_000;
/// Longest name or contact, in bytes.
pub const NAME_LIMIT_BYTES: usize = 300;

/// How the reporter wishes to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Named,
    /// Known to those who hold the case, to nobody else.
    Confidential,
    /// Known to nobody; a code leads back to the replies.
    Anonymous,
}

/// Whether the person the concern is about is safe now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SafeNow {
    Yes,
    No,
    Unknown,
}

/// What came from the form.
#[derive(Debug, Clone, Default)]
pub struct RawConcern {
    pub what: String,
    pub about_kind: String,
    pub about_name: String,
    pub safe_now: String,
    pub contact: String,
}

/// A concern whose three answers are there.
#[derive(Debug, Clone)]
pub struct Concern {
    pub what: String,
    pub about: About,
    pub about_name: String,
    pub safe_now: SafeNow,
    pub contact: String,
}

/// A fault at a field, in words for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub field: &'static str,
    pub message: &'static str,
}

/// Reads the form, or names every fault at its field: at most one a field, in the order of the form. Limits count the
/// bytes as they were sent.
pub fn parse(raw: &RawConcern) -> Result<Concern, Vec<Fault>> {
    const TOO_LONG: &str = "This is too long for one report. Please shorten it; you can add more afterwards.";
    let mut faults = Vec::new();
    if raw.what.trim().is_empty() {
        faults.push(Fault { field: "what", message: "Tell us what happened. One sentence is enough." });
    } else {
        faults.extend(check_text("what", &raw.what, ANSWER_LIMIT_BYTES, TOO_LONG));
    }
    let about = parse_about(&raw.about_kind);
    if about.is_none() {
        let message = "Choose who it is about. \u{201c}I do not know\u{201d} is fine.";
        faults.push(Fault { field: "about_kind", message });
    }
    faults.extend(check_text("about_name", &raw.about_name, NAME_LIMIT_BYTES, "This name is too long."));
    let safe_now = parse_safe(&raw.safe_now);
    if safe_now.is_none() {
        let message = "Choose whether they are safe now. \u{201c}I do not know\u{201d} is fine.";
        faults.push(Fault { field: "safe_now", message });
    }
    faults.extend(check_text("contact", &raw.contact, NAME_LIMIT_BYTES, "This is too long."));
    match (about, safe_now) {
        (Some(about), Some(safe_now)) if faults.is_empty() => Ok(Concern {
            what: raw.what.trim().to_owned(),
            about,
            about_name: raw.about_name.trim().to_owned(),
            safe_now,
            contact: raw.contact.trim().to_owned(),
        }),
        _ => Err(faults),
    }
}

fn check_text(field: &'static str, text: &str, limit_bytes: usize, too_long: &'static str) -> Option<Fault> {
    if text.len() > limit_bytes {
        Some(Fault { field, message: too_long })
    } else if text.contains('\0') {
        // PostgreSQL cannot keep this sign, and nobody types it.
        Some(Fault { field, message: "This has a sign in it that cannot be kept. Please type it again." })
    } else {
        None
    }
}

fn parse_about(text: &str) -> Option<About> {
    match text {
        "learner" => Some(About::Learner),
        "staff" => Some(About::Staff),
        "visitor" => Some(About::Visitor),
        "unknown" => Some(About::Anyone),
        _ => None,
    }
}

fn parse_safe(text: &str) -> Option<SafeNow> {
    match text {
        "yes" => Some(SafeNow::Yes),
        "no" => Some(SafeNow::No),
        "unknown" => Some(SafeNow::Unknown),
        _ => None,
    }
}

/// Letters of references: without 0 and O, 1 and I, and Z, which are easily taken for one another in handwriting.
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";

/// A reference such as `7KQ4-M2XD`, from random bytes; never a running number, so that no gap tells anything.
#[must_use]
pub fn reference(random: &[u8; 8]) -> String {
    let mut text = String::with_capacity(9);
    for (place, byte) in random.iter().enumerate() {
        if place == 4 {
            text.push('-');
        }
        let index = usize::from(*byte) % ALPHABET.len();
        text.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'2')));
    }
    text
}
