//! The pass that a browser shows with each request where several people share an address: short enough to be typed.
//!
//! It comes from the token of its session and from the door at which it is given, so the same session meets the same pass
//! there each time it asks, and nothing but its digest is ever kept. Its sixty bits are guessed against a living session of
//! fifteen minutes, at the same address, one request for each guess: they are enough, and nobody is locked out for a neighbour.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Letters and digits of a pass: none that looks like another (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Of five bits each.
const LENGTH_LETTERS: usize = 12;
/// As many stand together on the page.
const GROUP_LETTERS: usize = 4;
/// Longest text that is looked at as a pass, in bytes.
const TYPED_LIMIT_BYTES: usize = 64;

/// The pass of a session's token at a door, as it is shown: `k7mq-3xwp-9tfd`.
#[must_use]
pub fn pass(token: &str, listener: &str, address: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).ok()?;
    mac.update(format!("haven pass\0{listener}\0{address}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let bits = digest.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let letter = |place: usize| {
        let five = usize::try_from(bits >> (5 * place) & 31).unwrap_or_default();
        LETTERS.get(five).copied().map(char::from)
    };
    let letters: Vec<char> = (0..LENGTH_LETTERS).filter_map(letter).collect();
    Some(letters.chunks(GROUP_LETTERS).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

/// What is kept of a pass that was typed; none for a text that can be none. Large letters, spaces and hyphens do not matter,
/// nor does O for 0 or I for 1.
#[must_use]
pub fn pass_hash(typed: &str) -> Option<[u8; 32]> {
    if typed.len() > TYPED_LIMIT_BYTES {
        return None;
    }
    let mut plain = String::with_capacity(LENGTH_LETTERS);
    for letter in typed.chars().filter(|letter| !matches!(letter, '-' | ' ')) {
        plain.push(match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other if other.is_ascii() && LETTERS.iter().any(|known| char::from(*known) == other) => other,
            _ => return None,
        });
    }
    (plain.len() == LENGTH_LETTERS).then(|| Sha256::digest(format!("haven pass\0{plain}")).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn s6_a_pass_belongs_to_one_session_at_one_door() {
        let one = pass("token", "lab", "10.0.0.7").unwrap();
        assert_eq!(one, pass("token", "lab", "10.0.0.7").unwrap(), "it can be shown again");
        assert_eq!((one.len(), one.split('-').count()), (14, 3));
        for other in
            [pass("other", "lab", "10.0.0.7"), pass("token", "hall", "10.0.0.7"), pass("token", "lab", "10.0.0.8")]
        {
            assert_ne!(one, other.unwrap());
        }
    }

    #[test]
    fn f13_a_pass_is_understood_however_it_is_typed() {
        let kept = pass_hash("k7mq-01wp-9tfd").unwrap();
        for typed in ["k7mq01wp9tfd", "K7MQ 01WP 9TFD", "K7MQ-OIWP-9TFD", " k7mq-olwp-9tfd "] {
            assert_eq!(pass_hash(typed), Some(kept), "{typed}");
        }
        assert_ne!(pass_hash("k7mq-01wp-9tfe"), Some(kept));
        for none in ["", "k7mq", "k7mq-01wp-9tfd-0", "k7mq-01wp-9tf!", "k7mq-01wp-9tfé", &"0".repeat(100)] {
            assert_eq!(pass_hash(none), None, "{none}");
        }
    }
}
