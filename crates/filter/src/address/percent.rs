//! The normal form of a path and a query: one way to write each byte, no dot segments, no doubled slashes.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// The path of an address: begins with `/`, keeps a slash at its end.
pub(super) fn normal_path(raw: &[u8]) -> String {
    let slashes: Vec<u8> = raw.iter().map(|b| if *b == b'\\' { b'/' } else { *b }).collect();
    let encoded = recode(&slashes, plain_in_path, |b| b != b'/' && plain_in_path(b));
    let mut segments: Vec<&str> = Vec::new();
    let mut ends_open = false;
    for segment in encoded.split('/') {
        ends_open = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    let mut path = String::with_capacity(encoded.len() + 1);
    for segment in &segments {
        path.push('/');
        path.push_str(segment);
    }
    if ends_open || path.is_empty() {
        path.push('/');
    }
    path
}

/// The query of an address, without its question mark.
pub(super) fn normal_query(raw: &[u8]) -> String {
    recode(raw, plain_in_query, |b| plain_in_query(b) && !matches!(b, b'&' | b'=' | b'+' | b';'))
}

/// A query value or path as text: `+` as a blank if it is a form's, percent-encoding read, bad UTF-8 replaced.
pub(crate) fn decoded(text: &str, plus_is_blank: bool) -> String {
    let text = if plus_is_blank { text.replace('+', " ") } else { text.to_owned() };
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn plain_in_path(byte: u8) -> bool {
    unreserved(byte) || b"!$&'()*+,;=:@/".contains(&byte)
}

fn plain_in_query(byte: u8) -> bool {
    plain_in_path(byte) || byte == b'?'
}

/// Writes each byte plainly where it may stand so, else as `%XX`. INVARIANT: what `escaped_plain` accepts, `raw_plain`
/// accepts too; so a second pass changes nothing.
fn recode(raw: &[u8], raw_plain: fn(u8) -> bool, escaped_plain: fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let escape = match (byte, tail) {
            (b'%', [high, low, after @ ..]) => hex_value(*high).zip(hex_value(*low)).map(|(h, l)| (h << 4 | l, after)),
            _ => None,
        };
        match escape {
            Some((value, after)) => {
                rest = after;
                push(&mut out, value, escaped_plain(value));
            }
            None => push(&mut out, byte, raw_plain(byte)),
        }
    }
    out
}

fn push(out: &mut String, byte: u8, plain: bool) {
    if plain {
        out.push(char::from(byte));
        return;
    }
    out.push('%');
    for nibble in [byte >> 4, byte & 15] {
        out.push(HEX.get(usize::from(nibble)).copied().map_or('0', char::from));
    }
}

fn hex_value(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
