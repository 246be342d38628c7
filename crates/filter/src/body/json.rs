//! The strings of a JSON text with the names they stand under. It reads whatever comes, also half a text or a broken one.

/// How deep JSON may stand inside a string of JSON, as scripts write it.
pub const JSON_DEPTH_LIMIT: usize = 4;
/// Strings of one text that are read.
pub const STRINGS_LIMIT: usize = 200_000;

/// Every string value of a JSON text, decoded, with the nearest name before it. Names alone are not values.
#[must_use]
pub fn strings(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(text, "", 0, &mut found);
    found
}

fn walk(text: &str, outer: &str, depth: usize, found: &mut Vec<(String, String)>) {
    let mut name = outer.to_owned();
    let mut rest = text;
    while let Some(begin) = rest.find('"') {
        if found.len() >= STRINGS_LIMIT {
            return;
        }
        let (value, after) = string(rest.get(begin + 1..).unwrap_or_default());
        rest = after;
        if after.trim_start().starts_with(':') {
            name = value;
        } else if depth + 1 < JSON_DEPTH_LIMIT && value.starts_with(['{', '[']) && value.contains('"') {
            walk(&value, &name, depth + 1, found);
        } else if !value.trim().is_empty() {
            found.push((name.clone(), value));
        }
    }
}

/// One string after its opening quote, and what follows its closing one.
fn string(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let Some(stop) = rest.find(['"', '\\']) else {
            out.push_str(rest);
            return (out, "");
        };
        let (before, from) = rest.split_at(stop);
        out.push_str(before);
        let mut chars = from.chars();
        if chars.next() == Some('"') {
            return (out, chars.as_str());
        }
        match chars.next() {
            Some('n' | 'r' | 't' | 'b' | 'f') => out.push(' '),
            Some('u') => {
                rest = unicode(chars.as_str(), &mut out);
                continue;
            }
            Some(other) => out.push(other),
            None => return (out, ""),
        }
        rest = chars.as_str();
    }
}

/// One `\u` escape, or a pair of them that stands for one letter; gives back what follows.
fn unicode<'t>(text: &'t str, out: &mut String) -> &'t str {
    let Some((first, after)) = four(text) else {
        out.push(char::REPLACEMENT_CHARACTER);
        return text;
    };
    if (0xd800..0xdc00).contains(&first)
        && let Some((second, end)) = after.strip_prefix("\\u").and_then(four)
        && (0xdc00..0xe000).contains(&second)
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        return end;
    }
    out.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}

fn four(text: &str) -> Option<(u32, &str)> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((u32::from_str_radix(digits, 16).ok()?, text.get(4..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        strings(text).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn f05_escapes_in_json_hide_no_word() {
        assert_eq!(read(r#"{"a":"\u0063as\u0069no \"x\" \/ \\ \n"}"#), [r#"a=casino "x" / \  "#]);
        assert_eq!(read(r#"["\ud83d\ude00","\ud83d","\u12"]"#), ["=\u{1f600}", "=\u{fffd}", "=\u{fffd}12"]);
        assert_eq!(read(r#"{"a":{"b":["one","two"],"c":"three"}}"#), ["b=one", "b=two", "c=three"]);
    }

    #[test]
    fn f05_json_inside_json_is_opened_up_to_a_depth() {
        assert_eq!(read(r#")]}' [["wrb","[\"inner \\\"[1]\\\"\"]"]]"#), ["=wrb", "=inner \"[1]\""]);
        let mut deep = "\"word\"".to_owned();
        for _ in 0..8 {
            deep = format!("[\"{}\"]", deep.replace('\\', "\\\\").replace('"', "\\\""));
        }
        assert_eq!(strings(&deep).len(), 1, "it ends");
    }

    #[test]
    fn f05_half_a_text_is_read_as_far_as_it_goes() {
        assert_eq!(read(r#"{"a":"one","b":"tw"#), ["a=one", "b=tw"]);
        assert_eq!(read(r#""\"#), Vec::<String>::new());
        assert_eq!(read("no json at all"), Vec::<String>::new());
    }
}
