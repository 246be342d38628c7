//! The text that a reader of a page sees, taken out of its HTML.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2_iter};

/// Longest `&name;` that is read as a sign.
const ENTITY_LIMIT_BYTES: usize = 10;

/// The visible text of an HTML page; anything that is not HTML is given back as it is. A blank stands where a tag was,
/// except for tags inside words (`<b>`, `<span>`), which are used to hide words. What has signs of HTML but does not begin
/// with a tag may be either, and is given both ways: browsers show it as its sender says.
#[must_use]
pub fn visible_text(text: &str) -> Cow<'_, str> {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if start.starts_with('<') {
        return Cow::Owned(read(start, String::with_capacity(text.len() / 2)));
    }
    if !has_signs_of_html(start) {
        return Cow::Borrowed(text);
    }
    let mut both = String::with_capacity(text.len() * 2);
    both.push_str(text);
    both.push('\n');
    Cow::Owned(read(start, both))
}

/// Whether a tag, a comment or a sign such as `&#74;` stands in a text.
fn has_signs_of_html(text: &str) -> bool {
    let bytes = text.as_bytes();
    let next = |at: usize| bytes.get(at.saturating_add(1)).copied().unwrap_or_default();
    memchr2_iter(b'<', b'&', bytes).any(|at| match bytes.get(at) {
        Some(b'<') => next(at).is_ascii_alphabetic() || matches!(next(at), b'!' | b'/'),
        _ => next(at) == b'#' || next(at).is_ascii_alphabetic(),
    })
}

/// Appends what a reader sees of HTML.
fn read(start: &str, mut out: String) -> String {
    let mut rest = start;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        let (before, tag) = rest.split_at(at);
        push_decoded(&mut out, before);
        rest = after_tag(&mut out, tag);
    }
    push_decoded(&mut out, rest);
    out
}

/// Skips the tag, comment or script at the start of `text` (which begins with `<`).
fn after_tag<'a>(out: &mut String, text: &'a str) -> &'a str {
    let skip_past = |end: &str| text.find(end).and_then(|at| text.get(at + end.len()..)).unwrap_or_default();
    if text.starts_with("<!--") {
        return skip_past("-->");
    }
    let body = text.get(1..).unwrap_or_default();
    let name_text = body.strip_prefix('/').unwrap_or(body);
    let name_end = name_text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name_text.len());
    let name = name_text.get(..name_end).unwrap_or_default();
    if name.is_empty() && !body.starts_with(['!', '?', '/']) {
        // A less-than sign in text.
        out.push('<');
        return body;
    }
    let is_one_of = |names: &[&str]| names.iter().any(|other| name.eq_ignore_ascii_case(other));
    if !is_one_of(&["b", "i", "em", "strong", "span", "u", "wbr", "font", "mark", "small"]) {
        out.push(' ');
    }
    let closing = match body.starts_with('/') {
        false if is_one_of(&["script"]) => Some("</script"),
        false if is_one_of(&["style"]) => Some("</style"),
        _ => None,
    };
    if body.starts_with(['i', 'I']) && is_one_of(&["iframe"]) {
        // A page inside the page may stand in an attribute (`srcdoc`), its signs doubly written.
        let head = memchr(b'>', text.as_bytes()).and_then(|at| text.get(..at)).unwrap_or_default();
        let mut once = String::with_capacity(head.len());
        push_decoded(&mut once, head);
        push_decoded(out, &once.replace('<', " <"));
        out.push(' ');
    }
    let after_head = memchr(b'>', text.as_bytes()).and_then(|at| text.get(at + 1..)).unwrap_or_default();
    match closing {
        Some(closing) => from_tag(after_head, closing),
        None => after_head,
    }
}

/// What is left from a tag on, in capitals or not; nothing if it is not there.
fn from_tag<'a>(text: &'a str, tag: &str) -> &'a str {
    let begins = |at: &usize| text.get(*at..*at + tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
    let at = memchr_iter(b'<', text.as_bytes()).find(begins);
    at.and_then(|at| text.get(at..)).unwrap_or_default()
}

/// Appends text with its `&...;` signs read.
fn push_decoded(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        let body = entity.get(1..).unwrap_or_default();
        let is_hex = body.starts_with("#x") || body.starts_with("#X");
        let is_part = |(place, b): (usize, u8)| match (place, body.starts_with('#')) {
            (0, true) => true,
            (1, true) if is_hex => true,
            (_, true) if is_hex => b.is_ascii_hexdigit(),
            (_, true) => b.is_ascii_digit(),
            (_, false) => b.is_ascii_alphanumeric(),
        };
        let end = body.bytes().take(ENTITY_LIMIT_BYTES).enumerate().take_while(|part| is_part(*part)).count();
        let (name, after) = body.split_at(end);
        // Browsers read a number also where its semicolon is left out.
        let closed = after.strip_prefix(';').or_else(|| name.starts_with('#').then_some(after));
        match closed.and_then(|after| Some((decode(name)?, after))) {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = body;
            }
        }
    }
    out.push_str(rest);
}

fn decode(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" | "rsquo" | "lsquo" => Some('\''),
        "nbsp" | "ensp" | "emsp" | "thinsp" => Some(' '),
        "shy" => Some('\u{00ad}'),
        "zwj" => Some('\u{200d}'),
        "zwnj" => Some('\u{200c}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let value = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_scripts_tags_and_comments_are_not_text() {
        let html = "<!doctype html><title>Good day</title><script>var a = '<p>no</p>';</script><!-- no --><p>1 < 2 &amp; \
                    f<b>un</b>&#33;</p><style>p{}</style>end";
        let words: Vec<String> = visible_text(html).split_whitespace().map(str::to_owned).collect();
        assert_eq!(words, ["Good", "day", "1", "<", "2", "&", "fun!", "end"]);
    }

    #[test]
    fn f05_broken_html_loses_text_but_never_stops() {
        for text in ["<", "<p", "<script>", "<!--", "<>", "&", "&#;", "&#xffffffff;", "<p>&unknown; &amp"] {
            let _ = visible_text(text);
        }
        assert_eq!(visible_text("plain < text"), "plain < text");
        assert_eq!(visible_text("bread & butter, 3 < 4"), "bread & butter, 3 < 4");
        assert_eq!(
            visible_text("<p>f&#117n &amp fun&zwj;ny &#12345678901234567890;").trim(),
            "fun &amp fun\u{200d}ny &#12345678901234567890;"
        );
    }

    #[test]
    fn f05_a_page_is_read_also_where_it_does_not_begin_with_a_tag() {
        for page in
            ["hi <p>&#74;&#111;&#107;&#101;</p>", "&#74;oke", "J<!-- x -->oke", "hi <b>J</b>oke", "\u{feff}hi<br>Joke"]
        {
            let seen = visible_text(page);
            assert!(seen.split_whitespace().any(|word| word == "Joke"), "{page}: {seen}");
        }
        // As plain text nothing of it is left out.
        assert!(visible_text("see <a joke").contains("joke"));
    }

    #[test]
    fn f05_a_page_inside_a_page_is_read() {
        for page in [
            "<p>x</p><iframe srcdoc=\"&lt;p&gt;Joke&lt;/p&gt;\"></iframe>",
            "<iframe srcdoc='<p>Joke</p>'></iframe>",
            "<IFRAME SRCDOC=\"&lt;p&gt;&amp;#74;oke&lt;/p&gt;\">",
        ] {
            let seen = visible_text(page).replace(['<', '>'], " ");
            assert!(seen.split_whitespace().any(|word| word == "Joke"), "{page}: {seen}");
        }
    }
}
