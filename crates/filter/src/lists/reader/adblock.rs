//! The part of the Adblock language that names whole hosts: `||host^`.

use super::names::host_entry;
use super::{Guard, Line, one, text_of};

/// Options with which a rule still holds for whole pages.
const WHOLE: &[&str] = &["important", "all", "document", "doc"];

pub(super) fn line(raw: &[u8], guard: Guard) -> Line {
    let text = match text_of(raw) {
        Ok(text) => text,
        Err(refused) => return refused,
    };
    if text.starts_with('[') && text.ends_with(']') {
        return Line::Nothing;
    }
    if text.starts_with("@@") {
        return Line::refused("an exception (@@): a block list opens nothing; write it as an exception of your policy");
    }
    if ["##", "#@#", "#?#", "#$#", "#%#"].iter().any(|sign| text.contains(sign)) {
        return Line::refused("it hides parts of pages (##), and closes no site");
    }
    if text.starts_with('/') && text.len() > 1 {
        return Line::refused("a regular expression over whole addresses; Haven uses exact entries only");
    }
    let Some((host, rest)) = text.strip_prefix("||").and_then(|rule| rule.split_once('^')) else {
        return Line::refused("only rules for whole hosts (||host^) are used");
    };
    let rest = rest.strip_prefix('|').unwrap_or(rest);
    let whole = match rest.strip_prefix('$') {
        Some(options) => options.split(',').all(|option| WHOLE.contains(&option)),
        None if rest.is_empty() => true,
        None => return Line::refused("only rules for whole hosts (||host^) are used"),
    };
    if !whole {
        return Line::refused("rules with options ($...) are not used: they hold for parts of pages only");
    }
    one(host_entry(host.strip_prefix("*.").unwrap_or(host), guard))
}
