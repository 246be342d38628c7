//! What somebody sends to a website: forms, JSON and uploads, turned into the words that are in them. Nothing is kept (S-4).

mod json;
mod multipart;

pub use json::{JSON_DEPTH_LIMIT, STRINGS_LIMIT, strings};
pub use multipart::{PART_HEAD_LIMIT_BYTES, PARTS_LIMIT, PartHead, Parts, Piece};

use crate::address::{Address, decoded, pairs};
use crate::search::{self, SearchTerms};

/// Longest text that is taken out of one body, in bytes.
pub const SENT_LIMIT_BYTES: usize = 2 * 1024 * 1024;
/// Fields of one form that are read.
pub const FIELDS_LIMIT: usize = 10_000;

/// How a body is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// `application/x-www-form-urlencoded`.
    Form,
    Json,
    /// `multipart/form-data` and its relatives.
    Parts {
        boundary: String,
    },
    Text,
}

/// How a body with this content type is written, if it has words that can be read.
#[must_use]
pub fn written(content_type: Option<&str>) -> Option<Written> {
    let content_type = content_type?;
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/x-www-form-urlencoded" {
        Some(Written::Form)
    } else if is_json(&kind) {
        Some(Written::Json)
    } else if kind.starts_with("multipart/") {
        multipart::boundary(content_type).map(|boundary| Written::Parts { boundary })
    } else {
        (kind == "text/plain").then_some(Written::Text)
    }
}

/// Whether a kind is JSON: `application/json`, `application/ld+json`, lines of JSON.
#[must_use]
pub fn is_json(kind: &str) -> bool {
    let named = ["application/json", "text/json", "text/x-json", "application/x-ndjson", "application/jsonl"];
    named.contains(&kind) || kind.ends_with("+json")
}

/// The words of a body that somebody sends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// Everything that was written in it, one value a line.
    pub text: String,
    /// What was searched for, or asked of a chat program, if that is what was sent.
    pub search: Option<SearchTerms>,
}

/// Takes the words out of a body, or of its beginning. Passwords are left out, and so are addresses.
#[must_use]
pub fn sent(address: &Address, written: &Written, bytes: &[u8]) -> Sent {
    let mut values: Vec<(String, String)> = Vec::new();
    match written {
        Written::Form => form(&String::from_utf8_lossy(bytes), &mut values),
        Written::Json => values = strings(&String::from_utf8_lossy(bytes)),
        Written::Parts { boundary } => parts(boundary, bytes, &mut values),
        Written::Text => values.extend(text_values(&String::from_utf8_lossy(bytes))),
    }
    values.retain(|(name, value)| !is_secret(name) && !is_address(value));
    let search = search::posted(address, &values);
    let mut text = String::new();
    for (_, value) in &values {
        if text.len() + value.len() > SENT_LIMIT_BYTES {
            break;
        }
        text.push_str(value);
        text.push('\n');
    }
    Sent { text, search }
}

/// The strings of a JSON answer, one a line: what a page's script will show.
#[must_use]
pub fn json_text(json: &str) -> String {
    let mut text = String::with_capacity(json.len() / 2);
    for (_, value) in strings(json).iter().filter(|(_, value)| !is_address(value)) {
        text.push_str(value);
        text.push('\n');
    }
    text
}

fn form(text: &str, values: &mut Vec<(String, String)>) {
    for (name, value) in pairs(text).take(FIELDS_LIMIT) {
        nested(decoded(name, true), decoded(value, true), values);
    }
}

/// A field that holds JSON gives its strings.
fn nested(name: String, value: String, values: &mut Vec<(String, String)>) {
    if value.starts_with(['{', '[']) && value.contains('"') {
        values.extend(strings(&value));
    } else {
        values.push((name, value));
    }
}

fn text_values(text: &str) -> Vec<(String, String)> {
    let mut values = Vec::new();
    // Scripts send JSON as plain text, so that a browser need not ask first.
    nested(String::new(), text.trim_start().to_owned(), &mut values);
    values
}

fn parts(boundary: &str, bytes: &[u8], values: &mut Vec<(String, String)>) {
    let mut reading = Parts::new(boundary);
    let mut pieces = reading.give(bytes);
    pieces.extend(reading.finish());
    let mut current: Option<(PartHead, Vec<u8>)> = None;
    for piece in pieces {
        match piece {
            Piece::Begin(head) => current = head.is_text().then(|| (head, Vec::new())),
            Piece::Data(data) => {
                if let Some((_, text)) = &mut current {
                    text.extend_from_slice(&data);
                }
            }
            Piece::End => {
                if let Some((head, text)) = current.take() {
                    nested(head.name, String::from_utf8_lossy(&text).into_owned(), values);
                }
            }
        }
    }
}

/// A password is nobody's word for anything.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwd", "passwort", "pwd", "passphrase"].iter().any(|secret| name.contains(secret))
}

/// An address without blanks has its own rules; its words are not somebody's words.
fn is_address(value: &str) -> bool {
    (value.starts_with("https://") || value.starts_with("http://") || value.starts_with("data:"))
        && !value.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(kind: &str, body: &str) -> String {
        let address = Address::parse("https://site.test/send").unwrap();
        sent(&address, &written(Some(kind)).unwrap(), body.as_bytes()).text
    }

    #[test]
    fn f05_forms_json_and_uploads_give_their_words() {
        assert_eq!(read("application/x-www-form-urlencoded", "a=red+fox&b=%C3%A9t%C3%A9"), "red fox\nété\n");
        assert_eq!(
            read("application/x-www-form-urlencoded; charset=utf-8", "f.req=%5B%5B%22red%20fox%22%5D%5D"),
            "red fox\n"
        );
        assert_eq!(read("application/json", r#"{"text":"red fox","n":[1,"\u0062lue"]}"#), "red fox\nblue\n");
        assert_eq!(read("text/plain;charset=UTF-8", r#"{"text":"red fox"}"#), "red fox\n");
        let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nred fox\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nblue\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"g\"; filename=\"a.bin\"\r\nContent-Type: image/png\r\n\r\ngreen\r\n--x--\r\n";
        assert_eq!(read("multipart/form-data; boundary=x", body), "red fox\nblue\n");
    }

    #[test]
    fn s4_passwords_and_addresses_are_not_read() {
        assert_eq!(read("application/x-www-form-urlencoded", "user=ann&Password=red+fox&new_pwd=x"), "ann\n");
        assert_eq!(
            read("application/json", r#"{"at":"https://site.test/red-fox","say":"https://x.test look"}"#),
            "https://x.test look\n"
        );
    }

    #[test]
    fn f05_what_has_no_words_is_not_read() {
        for kind in ["application/octet-stream", "image/png", "multipart/form-data", "application/grpc"] {
            assert_eq!(written(Some(kind)), None, "{kind}");
        }
        assert_eq!(written(None), None);
        assert_eq!(written(Some("application/vnd.api+json")), Some(Written::Json));
    }
}
